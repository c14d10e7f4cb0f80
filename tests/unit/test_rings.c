// SPDX-License-Identifier: GPL-2.0-only
/* The layout and its promises are those of bpf/event.h; the producer here is single-threaded. */
#include "tests/unit/ring_memory.h"

#include "lib/rng.h"

enum { SMALLEST = 3, FAULT = 5, LARGE = sizeof(struct hs_record_ptes) / HS_RING_UNIT };

static int setup(void **state)
{
	struct ring_memory *memory = test_calloc(1, sizeof(*memory));

	ring_memory_init(memory);
	*state = memory;
	return 0;
}

static int teardown(void **state)
{
	ring_memory_deinit(*state);
	test_free(*state);
	return 0;
}

/* The next record is this thread's, at that time, from that CPU. */
static void expect(struct ring_memory *memory, uint32_t tid, uint64_t time, unsigned int cpu)
{
	unsigned int from = UINT32_MAX;
	const struct hs_record *record = hs_rings_next(memory->rings, &from);

	assert_non_null(record);
	assert_int_equal(record->tid, tid);
	assert_int_equal(record->time, time);
	assert_int_equal(from, cpu);
}

static void expect_no_more(struct ring_memory *memory)
{
	assert_null(hs_rings_next(memory->rings, NULL));
}

static void scan(struct ring_memory *memory, uint64_t now)
{
	assert_int_equal(hs_rings_scan(memory->rings, now), 0);
}

static void test_order_across_cpus(void **state)
{
	struct ring_memory *memory = *state;

	ring_put(memory, 0, FAULT, 10, 1);
	ring_put(memory, 0, FAULT, 40, 2);
	ring_put(memory, 0, FAULT, 50, 3);
	ring_put(memory, 1, FAULT, 20, 4);
	ring_put(memory, 1, FAULT, 60, 5);
	ring_put(memory, 2, FAULT, 30, 6);
	scan(memory, 100);
	expect(memory, 1, 10, 0);
	expect(memory, 4, 20, 1);
	expect(memory, 6, 30, 2);
	expect(memory, 2, 40, 0);
	expect(memory, 3, 50, 0);
	expect(memory, 5, 60, 1);
	expect_no_more(memory);
	assert_int_equal(hs_rings_reserved(memory->rings), 6);
	assert_int_equal(hs_rings_consumed(memory->rings), 6);
}

/* An interrupt between reservation and clock: its record lies behind and is earlier. */
static void test_nesting(void **state)
{
	struct ring_memory *memory = *state;
	struct hs_record *outer = ring_reserve(memory, 0, FAULT, 30), *middle;

	middle = ring_reserve(memory, 0, SMALLEST, 20);
	ring_put(memory, 0, FAULT, 10, 3);
	ring_commit(middle, SMALLEST, 2);
	ring_commit(outer, FAULT, 1);
	ring_put(memory, 1, FAULT, 25, 4);
	scan(memory, 100);
	expect(memory, 3, 10, 0);
	expect(memory, 2, 20, 0);
	expect(memory, 4, 25, 1);
	expect(memory, 1, 30, 0);
	expect_no_more(memory);
}

static void test_later_than_the_watermark(void **state)
{
	struct ring_memory *memory = *state;

	ring_put(memory, 0, FAULT, 10, 1);
	ring_put(memory, 0, FAULT, 120, 2);
	scan(memory, 100);
	assert_int_equal(hs_rings_watermark(memory->rings), 100);
	expect(memory, 1, 10, 0);
	expect_no_more(memory);
	hs_rings_release(memory->rings);
	assert_int_equal(ring_of(memory, 0)->tail, FAULT);
	scan(memory, 200);
	expect(memory, 2, 120, 0);
	expect_no_more(memory);
}

static void test_incomplete_record_holds_the_others(void **state)
{
	struct ring_memory *memory = *state;
	struct hs_record *slow;

	scan(memory, 50);
	slow = ring_reserve(memory, 0, FAULT, 60);
	ring_put(memory, 0, FAULT, 70, 2);
	ring_put(memory, 1, FAULT, 55, 3);
	ring_put(memory, 1, FAULT, 45, 4);	/* earlier than the last look: somebody's clock was late */
	scan(memory, 100);
	assert_int_equal(hs_rings_watermark(memory->rings), 50);
	expect(memory, 4, 45, 1);
	expect_no_more(memory);
	hs_rings_release(memory->rings);
	assert_int_equal(ring_of(memory, 0)->tail, 0);
	ring_commit(slow, FAULT, 1);
	scan(memory, 200);
	expect(memory, 3, 55, 1);
	expect(memory, 1, 60, 0);
	expect(memory, 2, 70, 0);
	expect_no_more(memory);
}

/* Half full, order is given up before events are. */
static void test_full_ring_does_not_wait(void **state)
{
	struct ring_memory *memory = *state;
	struct hs_record *slow = ring_reserve(memory, 0, FAULT, 5);
	unsigned int nr = RING_UNITS / 2 / SMALLEST + 1;

	for (unsigned int i = 0; i < nr; i++)
		ring_put(memory, 1, SMALLEST, 10 + i, 7);
	scan(memory, 1000000);
	assert_true(hs_rings_fill(memory->rings) > 0.5);
	for (unsigned int i = 0; i < nr; i++)
		expect(memory, 7, 10 + i, 1);
	expect_no_more(memory);
	hs_rings_release(memory->rings);
	ring_commit(slow, FAULT, 1);
	scan(memory, 2000000);
	expect(memory, 1, 5, 0);
}

static void test_finish_hands_out_all(void **state)
{
	struct ring_memory *memory = *state;

	scan(memory, 10);
	ring_reserve(memory, 0, FAULT, 20);
	ring_put(memory, 1, FAULT, 30, 1);
	scan(memory, 40);
	hs_rings_finish(memory->rings);
	expect(memory, 1, 30, 1);
	expect_no_more(memory);
	/* The one that was never completed shows as a difference. */
	assert_int_equal(hs_rings_reserved(memory->rings), 2);
	assert_int_equal(hs_rings_consumed(memory->rings), 1);
}

/* The reader begins where an earlier one has stopped; positions wrap at 2^32, which is no border. */
static void start_at(struct ring_memory *memory, uint32_t position)
{
	struct hs_error err = { 0 };

	hs_rings_destroy(memory->rings);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		ring_of(memory, cpu)->head = position;
		ring_of(memory, cpu)->tail = position;
	}
	assert_int_equal(hs_rings_create(memory->bytes, NR_CPUS, ELEMENT_BYTES, RING_BYTES, &memory->rings, &err), 0);
}

/* A record of more than 255 units that begins in the last unit of the data and reaches into the slack. */
static void test_large_record_in_the_slack(void **state)
{
	struct ring_memory *memory = *state;
	const struct hs_record *record;

	start_at(memory, RING_UNITS - 1);
	ring_put(memory, 1, LARGE, 100000, 2);
	ring_put(memory, 1, FAULT, 100001, 3);
	scan(memory, 200000);
	record = hs_rings_next(memory->rings, NULL);
	assert_non_null(record);
	assert_int_equal(record->tid, 2);
	assert_int_equal(((const unsigned char *)record)[LARGE * HS_RING_UNIT - 1], 0xa5);
	expect(memory, 3, 100001, 1);
	expect_no_more(memory);
	hs_rings_release(memory->rings);
	assert_int_equal(ring_of(memory, 1)->tail, RING_UNITS - 1 + LARGE + FAULT);
}

/* Where a record will start there must be zeros, or its reservation would look complete. */
static void assert_free_is_zero(struct ring_memory *memory, unsigned int cpu)
{
	struct hs_ring *ring = ring_of(memory, cpu);
	const uint64_t *data = (const void *)((const unsigned char *)ring + HS_RING_DATA_AT);

	for (uint32_t at = (uint32_t)ring->head; at != ring->tail + RING_UNITS; at++)
		assert_int_equal(data[at % RING_UNITS], 0);
}

static void test_release_keeps_what_waits(void **state)
{
	struct ring_memory *memory = *state;

	ring_put(memory, 0, FAULT, 120, 1);	/* waits, though first in the ring */
	ring_put(memory, 0, FAULT, 10, 2);
	scan(memory, 100);
	expect(memory, 2, 10, 0);
	hs_rings_release(memory->rings);
	assert_int_equal(ring_of(memory, 0)->tail, 0);
	ring_put(memory, 0, FAULT, 110, 3);
	scan(memory, 200);
	expect(memory, 3, 110, 0);
	expect(memory, 1, 120, 0);
	expect_no_more(memory);
	hs_rings_release(memory->rings);
	assert_int_equal(ring_of(memory, 0)->tail, 3 * FAULT);
	assert_free_is_zero(memory, 0);
}

static void test_losses(void **state)
{
	struct ring_memory *memory = *state;

	ring_of(memory, 2)->lost[HS_RING_MM][HS_LOSS_CONTENDED] = 23;
	assert_int_equal(hs_rings_nr_cpus(memory->rings), NR_CPUS);
	assert_int_equal(hs_rings_lost(memory->rings, 2, HS_RING_MM, HS_LOSS_CONTENDED), 23);
	assert_int_equal(hs_rings_lost(memory->rings, 2, HS_RING_MM, HS_LOSS_RING_FULL), 0);
	assert_int_equal(hs_rings_lost(memory->rings, 1, HS_RING_MM, HS_LOSS_CONTENDED), 0);
}

struct producer {
	struct hs_rng rng;
	uint64_t time;
	uint32_t put, got, refused;
	uint64_t last_time;
};

static void produce(struct ring_memory *memory, struct producer *producer)
{
	static const uint32_t sizes[] = { SMALLEST, FAULT, 11, 27, LARGE };
	uint32_t units = sizes[hs_rng_below(&producer->rng, 5)];
	unsigned int cpu = (unsigned int)hs_rng_below(&producer->rng, NR_CPUS);
	struct hs_record *record = ring_reserve(memory, cpu, units, ++producer->time);

	if (record)
		ring_commit(record, units, ++producer->put);
	else
		producer->refused++;
}

/* Times and numbers rise together: one CPU after the other would show. */
static void consume(struct ring_memory *memory, struct producer *producer)
{
	const struct hs_record *record;

	scan(memory, producer->time);
	while ((record = hs_rings_next(memory->rings, NULL))) {
		assert_int_equal(record->tid, producer->got + 1);
		assert_true(record->time > producer->last_time);
		producer->got++;
		producer->last_time = record->time;
	}
	hs_rings_release(memory->rings);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		assert_free_is_zero(memory, cpu);
}

static void test_random_wrapping(void **state)
{
	struct ring_memory *memory = *state;
	const uint64_t seed = 4711;
	struct producer producer = { .rng = { seed } };

	print_message("seed %llu\n", (unsigned long long)seed);
	start_at(memory, UINT32_MAX - 5 * RING_UNITS + 7);
	for (int pass = 0; pass < 400; pass++) {
		for (uint64_t i = hs_rng_below(&producer.rng, 300); i; i--)
			produce(memory, &producer);
		consume(memory, &producer);
	}
	assert_int_equal(producer.got, producer.put);
	assert_true(producer.refused > 0);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		assert_in_range(ring_of(memory, cpu)->tail, RING_UNITS, UINT32_MAX / 2);
	assert_int_equal(hs_rings_reserved(memory->rings), producer.put);
	assert_int_equal(hs_rings_consumed(memory->rings), producer.put);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_order_across_cpus), TEST(test_nesting), TEST(test_later_than_the_watermark),
		TEST(test_incomplete_record_holds_the_others), TEST(test_full_ring_does_not_wait),
		TEST(test_finish_hands_out_all), TEST(test_large_record_in_the_slack), TEST(test_release_keeps_what_waits),
		TEST(test_losses), TEST(test_random_wrapping),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
