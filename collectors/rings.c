// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/rings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

struct entry {
	uint64_t time;
	uint32_t position;		/* in units */
};

/* One CPU. Positions: released <= entries <= scanned <= head, modulo 2^32. */
struct reader {
	struct hs_ring *ring;
	unsigned char *data;
	uint32_t released, scanned;
	uint32_t last_count;		/* high half of head at the last scan */
	uint64_t reserved;
	uint64_t safe;			/* read up to its head as of this time */
	HS_VEC(struct entry) entries;	/* scanned, not handed out, by time */
	size_t next;			/* first of entries */
};

struct hs_rings {
	struct reader *readers;
	unsigned int nr_cpus;
	uint32_t mask;			/* units - 1 */
	uint64_t watermark;
	uint64_t consumed;
	double fill;
	/* The reader whose turn it is, until its next record is later than limit, the others' earliest. */
	struct reader *current;
	uint64_t limit;
};

int hs_rings_create(void *memory, unsigned int nr_cpus, size_t element_bytes, uint64_t ring_bytes,
		    struct hs_rings **out, struct hs_error *err)
{
	struct hs_rings *rings = calloc(1, sizeof(*rings));

	if (rings)
		rings->readers = calloc(nr_cpus, sizeof(*rings->readers));
	if (!rings || !rings->readers) {
		free(rings);
		return hs_error_nomem(err);
	}
	rings->nr_cpus = nr_cpus;
	rings->mask = (uint32_t)(ring_bytes / HS_RING_UNIT - 1);
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		struct reader *reader = &rings->readers[cpu];

		reader->ring = (void *)((char *)memory + cpu * element_bytes);
		reader->data = (unsigned char *)memory + cpu * element_bytes + HS_RING_DATA_AT;
		reader->released = reader->scanned = reader->ring->tail;
	}
	*out = rings;
	return 0;
}

void hs_rings_destroy(struct hs_rings *rings)
{
	if (!rings)
		return;
	for (unsigned int cpu = 0; cpu < rings->nr_cpus; cpu++)
		hs_vec_deinit(&rings->readers[cpu].entries);
	free(rings->readers);
	free(rings);
}

static struct hs_record *record_at(const struct hs_rings *rings, const struct reader *reader, uint32_t position)
{
	return (void *)(reader->data + (size_t)(position & rings->mask) * HS_RING_UNIT);
}

/* Records come almost in order: an interrupt's record may lie behind the one that it interrupted. */
static void sort_last(struct reader *reader)
{
	struct entry *items = reader->entries.items;
	struct entry added = items[reader->entries.count - 1];
	size_t at = reader->entries.count - 1;

	for (; at > reader->next && items[at - 1].time > added.time; at--)
		items[at] = items[at - 1];
	items[at] = added;
}

/* 0 or -ENOMEM; sets safe when everything up to head was complete. */
static int scan_cpu(const struct hs_rings *rings, struct reader *reader, uint64_t now_ns)
{
	uint64_t head = __atomic_load_n(&reader->ring->head, __ATOMIC_ACQUIRE);
	uint32_t count = (uint32_t)(head >> 32), end = (uint32_t)head;

	reader->reserved += (uint32_t)(count - reader->last_count);
	reader->last_count = count;
	while (reader->scanned != end) {
		const struct hs_record *record = record_at(rings, reader, reader->scanned);
		uint64_t first = __atomic_load_n((const uint64_t *)(const void *)record, __ATOMIC_ACQUIRE);
		uint32_t units = (uint32_t)(first >> 8) & 0xff ?: (uint32_t)(first >> 16) & 0xffff;

		if (first == 0)
			return 0;
		if (!hs_vec_push(&reader->entries, (struct entry){ record->time, reader->scanned }))
			return -ENOMEM;
		sort_last(reader);
		reader->scanned += units;
	}
	reader->safe = now_ns;
	return 0;
}

int hs_rings_scan(struct hs_rings *rings, uint64_t now_ns)
{
	uint64_t watermark = now_ns;

	rings->fill = 0;
	rings->current = NULL;
	for (unsigned int cpu = 0; cpu < rings->nr_cpus; cpu++) {
		struct reader *reader = &rings->readers[cpu];
		int error = scan_cpu(rings, reader, now_ns);
		double fill = (double)(uint32_t)(reader->scanned - reader->released) / ((double)rings->mask + 1);

		if (error)
			return error;
		watermark = reader->safe < watermark ? reader->safe : watermark;
		rings->fill = fill > rings->fill ? fill : rings->fill;
	}
	rings->watermark = rings->fill > 0.5 ? now_ns : watermark;
	return 0;
}

void hs_rings_finish(struct hs_rings *rings)
{
	rings->watermark = UINT64_MAX;
}

uint64_t hs_rings_watermark(const struct hs_rings *rings)
{
	return rings->watermark;
}

static uint64_t next_time(const struct reader *reader)
{
	return reader->next < reader->entries.count ? reader->entries.items[reader->next].time : UINT64_MAX;
}

static void choose_reader(struct hs_rings *rings)
{
	rings->current = &rings->readers[0];
	rings->limit = UINT64_MAX;
	for (unsigned int i = 1; i < rings->nr_cpus; i++) {
		struct reader *reader = &rings->readers[i];
		uint64_t time = next_time(reader), best = next_time(rings->current);

		if (time < best)
			rings->current = reader;
		rings->limit = time < best ? (best < rings->limit ? best : rings->limit)
					   : (time < rings->limit ? time : rings->limit);
	}
}

const struct hs_record *hs_rings_next(struct hs_rings *rings, unsigned int *cpu)
{
	struct reader *reader;

	if (!rings->current || next_time(rings->current) > rings->limit)
		choose_reader(rings);
	reader = rings->current;
	if (reader->next == reader->entries.count || next_time(reader) > rings->watermark)
		return NULL;
	if (cpu)
		*cpu = (unsigned int)(reader - rings->readers);
	rings->consumed++;
	return record_at(rings, reader, reader->entries.items[reader->next++].position);
}

static void clear_units(const struct hs_rings *rings, const struct reader *reader, uint32_t from, uint32_t to)
{
	while (from != to) {
		uint32_t units = to - from, to_end = rings->mask + 1 - (from & rings->mask);

		units = units < to_end ? units : to_end;
		memset(record_at(rings, reader, from), 0, (size_t)units * HS_RING_UNIT);
		from += units;
	}
}

/*
 * Zeroes and frees what lies before the first record that was not handed out. The slack behind the data is
 * overwritten whole by whoever reaches into it, so only starts of records need zeros; they never lie there.
 */
static void release_cpu(const struct hs_rings *rings, struct reader *reader)
{
	uint32_t keep = reader->scanned;

	for (size_t i = reader->next; i < reader->entries.count; i++)
		if (reader->entries.items[i].position - reader->released < keep - reader->released)
			keep = reader->entries.items[i].position;
	if (keep == reader->released)
		return;
	reader->entries.count -= reader->next;
	memmove(reader->entries.items, reader->entries.items + reader->next,
		reader->entries.count * sizeof(*reader->entries.items));
	reader->next = 0;
	clear_units(rings, reader, reader->released, keep);
	__atomic_store_n(&reader->ring->tail, keep, __ATOMIC_RELEASE);
	reader->released = keep;
}

void hs_rings_release(struct hs_rings *rings)
{
	for (unsigned int cpu = 0; cpu < rings->nr_cpus; cpu++)
		release_cpu(rings, &rings->readers[cpu]);
}

double hs_rings_fill(const struct hs_rings *rings)
{
	return rings->fill;
}

uint64_t hs_rings_reserved(const struct hs_rings *rings)
{
	uint64_t reserved = 0;

	for (unsigned int cpu = 0; cpu < rings->nr_cpus; cpu++)
		reserved += rings->readers[cpu].reserved;
	return reserved;
}

uint64_t hs_rings_consumed(const struct hs_rings *rings)
{
	return rings->consumed;
}

uint64_t hs_rings_lost(const struct hs_rings *rings, unsigned int cpu, unsigned int source, enum hs_ring_loss cause)
{
	return __atomic_load_n(&rings->readers[cpu].ring->lost[source][cause], __ATOMIC_RELAXED);
}

unsigned int hs_rings_nr_cpus(const struct hs_rings *rings)
{
	return rings->nr_cpus;
}
