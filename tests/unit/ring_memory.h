/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEST_RING_MEMORY_H
#define HS_TEST_RING_MEMORY_H
/* Rings as the kernel would share them, and the producer's side in the tests' hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/event.h"
#include "collectors/rings.h"

enum { RING_BYTES = HS_RING_MIN_BYTES, RING_UNITS = RING_BYTES / HS_RING_UNIT,
       ELEMENT_BYTES = HS_RING_DATA_AT + RING_BYTES + HS_RING_MAX_RECORD, NR_CPUS = 3 };

struct ring_memory {
	unsigned char *bytes;
	struct hs_rings *rings;
};

static inline struct hs_ring *ring_of(const struct ring_memory *memory, unsigned int cpu)
{
	return (void *)(memory->bytes + (size_t)cpu * ELEMENT_BYTES);
}

static inline void ring_memory_init(struct ring_memory *memory)
{
	struct hs_error err = { 0 };

	memory->bytes = calloc(NR_CPUS, ELEMENT_BYTES);
	assert_non_null(memory->bytes);
	assert_int_equal(hs_rings_create(memory->bytes, NR_CPUS, ELEMENT_BYTES, RING_BYTES, &memory->rings, &err), 0);
}

static inline void ring_memory_deinit(struct ring_memory *memory)
{
	hs_rings_destroy(memory->rings);
	free(memory->bytes);
}

/* Room for a record, or NULL when the ring is full; its time is set, as bpf/ring.bpf.h does it. */
static inline struct hs_record *ring_reserve(struct ring_memory *memory, unsigned int cpu, uint32_t units,
					     uint64_t time)
{
	struct hs_ring *ring = ring_of(memory, cpu);
	uint32_t at = (uint32_t)ring->head;
	struct hs_record *record;

	if (at + units - ring->tail > RING_UNITS)
		return NULL;
	ring->head = ((ring->head >> 32) + 1) << 32 | (uint32_t)(at + units);
	record = (void *)((unsigned char *)ring + HS_RING_DATA_AT + (size_t)(at % RING_UNITS) * HS_RING_UNIT);
	record->time = time;
	return record;
}

/* A record is complete when its type is there. Its whole body is filled, so that its extent is felt. */
static inline void ring_commit(struct hs_record *record, uint32_t units, uint32_t tid)
{
	memset(record + 1, 0xa5, (size_t)units * HS_RING_UNIT - sizeof(*record));
	record->mm = tid;
	record->tid = tid;
	record->units = units > 0xff ? 0 : (hs_u8)units;
	record->small = units > 0xff ? (hs_u16)units : 0;
	record->type = HS_RECORD_FAULT_USER;
}

static inline void ring_put(struct ring_memory *memory, unsigned int cpu, uint32_t units, uint64_t time, uint32_t tid)
{
	struct hs_record *record = ring_reserve(memory, cpu, units, time);

	assert_non_null(record);
	ring_commit(record, units, tid);
}

#endif
