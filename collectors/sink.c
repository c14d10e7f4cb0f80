// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/sink.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/arena.h"
#include "traces/schema.h"

enum { BATCH_BYTES = 64 << 10, MAX_ROW_BYTES = 512 };

struct batch {
	unsigned char *rows;		/* BATCH_BYTES, allocated at first use */
	size_t row_bytes, nr, capacity;
	uint64_t last_time;
	uint64_t total;
};

struct hs_sink {
	struct hs_writer *writer;
	struct hs_error error;		/* code 0: all well so far */
	uint64_t late;
	struct hs_arena texts;
	struct batch batches[HS_NR_KINDS];
	_Alignas(16) unsigned char scratch[MAX_ROW_BYTES];	/* where rows go after an error */
};

int hs_sink_create(struct hs_writer *writer, struct hs_sink **out, struct hs_error *err)
{
	struct hs_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return hs_error_nomem(err);
	sink->writer = writer;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		sink->batches[kind].row_bytes = hs_kind_info(kind)->row_bytes;
		sink->batches[kind].capacity = BATCH_BYTES / sink->batches[kind].row_bytes;
	}
	*out = sink;
	return 0;
}

void hs_sink_set_writer(struct hs_sink *sink, struct hs_writer *writer)
{
	sink->writer = writer;
}

void hs_sink_destroy(struct hs_sink *sink)
{
	if (!sink)
		return;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		free(sink->batches[kind].rows);
	hs_arena_deinit(&sink->texts);
	free(sink);
}

static void flush_batch(struct hs_sink *sink, unsigned int kind)
{
	struct batch *batch = &sink->batches[kind];

	if (batch->nr && !sink->error.code)
		hs_writer_add(sink->writer, kind, batch->rows, batch->nr, &sink->error);
	if (!sink->error.code)
		batch->total += batch->nr;
	batch->nr = 0;
}

static void *new_row(struct hs_sink *sink, unsigned int kind)
{
	struct batch *batch = &sink->batches[kind];

	if (batch->nr == batch->capacity)
		flush_batch(sink, kind);
	if (!batch->rows)
		batch->rows = malloc(BATCH_BYTES);
	if (!batch->rows)
		hs_error_nomem(&sink->error);
	return sink->error.code ? sink->scratch : batch->rows + batch->nr++ * batch->row_bytes;
}

void *hs_sink_row(struct hs_sink *sink, enum hs_kind kind, uint64_t time, uint32_t task, uint32_t mm)
{
	struct batch *batch = &sink->batches[kind];
	struct hs_row *row = new_row(sink, kind);

	memset(row, 0, batch->row_bytes);
	if (time < batch->last_time) {
		time = batch->last_time;
		sink->late++;
	}
	batch->last_time = time;
	*row = (struct hs_row){ .time = time, .task = task, .mm = mm };
	return row;
}

struct hs_bytes hs_sink_text(struct hs_sink *sink, const void *text, size_t length)
{
	void *copy = hs_arena_copy(&sink->texts, text, length);

	if (!copy) {
		hs_error_nomem(&sink->error);
		return (struct hs_bytes){ NULL, 0 };
	}
	return (struct hs_bytes){ copy, (uint32_t)length };
}

int hs_sink_flush(struct hs_sink *sink, struct hs_error *err)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		flush_batch(sink, kind);
	hs_arena_clear(&sink->texts);
	if (sink->error.code && err)
		*err = sink->error;
	return sink->error.code;
}

uint64_t hs_sink_total(const struct hs_sink *sink)
{
	uint64_t total = 0;

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		total += sink->batches[kind].total;
	return total;
}

uint64_t hs_sink_late(const struct hs_sink *sink)
{
	return sink->late;
}
