// SPDX-License-Identifier: GPL-2.0-only
/* Addresses by hand: 2 MiB are 512 pages; what the tracepoints leave out is in collectors/collapse_group.h. */
#include "tests/unit/sink_file.h"

#include "collectors/collapse_group.h"

enum { MAX = 8, DAEMON = 40, CALLER = 50 };
static const uint64_t huge = 2 << 20, base = 64ull << 20, late = 10000000000;

struct world {
	struct sink_file file;
	struct hs_kernel_names *names;
	struct hs_collapse_groups *groups;
};

static int setup(void **state)
{
	struct world *world = test_calloc(1, sizeof(*world));
	struct hs_error err = { 0 };

	sink_file_init(&world->file);
	assert_int_equal(hs_kernel_names_create(&world->names, &err), 0);
	assert_int_equal(hs_collapse_groups_create(world->file.sink, world->names, &world->groups, &err), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	hs_collapse_groups_destroy(world->groups);
	hs_kernel_names_destroy(world->names);
	sink_file_remove(&world->file);
	test_free(world);
	return 0;
}

static unsigned int add(struct world *world, const void *record)
{
	return hs_collapse_groups_add(world->groups, record, 1, 1, 0);
}

static void finish(struct world *world)
{
	hs_collapse_groups_settle(world->groups, late);
	sink_file_finish(&world->file);
}

static struct hs_record_collapse scan_of(uint32_t tid, uint64_t time, uint64_t page)
{
	return (struct hs_record_collapse){
		.head = { .type = HS_RECORD_SCAN, .tid = tid, .time = time },
		.origin = { .folio_index = page, .has_folio = page != 0, .is_daemon = tid == DAEMON },
	};
}

/* isolated page 0: no isolation happened. */
static struct hs_record_attempt attempt_of(uint32_t tid, uint64_t time, uint64_t isolated_page)
{
	return (struct hs_record_attempt){
		.head = { .type = HS_RECORD_ATTEMPT, .tid = tid, .time = time },
		.isolate = { .time = isolated_page ? time - 5 : 0, .folio_index = isolated_page,
			     .has_folio = isolated_page != 0 },
	};
}

static void expect_scan(const struct hs_collapse_scan *scan, uint64_t address, enum hs_address_basis basis)
{
	assert_int_equal(scan->address, address);
	assert_int_equal(scan->address_basis, basis);
}

/* First and last page of a range tell the same range. */
static void test_page_index(void **state)
{
	struct world *world = *state;
	uint64_t first = base / 4096;
	struct hs_record_collapse scans[] = {
		scan_of(DAEMON, 10, first), scan_of(DAEMON, 20, first + 511), scan_of(DAEMON, 30, first + 512),
		scan_of(DAEMON, 40, 0), scan_of(DAEMON, 50, 1ull << 50), scan_of(DAEMON, 60, 511),
	};
	struct hs_collapse_scan rows[MAX];

	for (int i = 0; i < 6; i++)
		assert_int_equal(add(world, &scans[i]), 1);
	finish(world);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_scan, rows, MAX), 6);
	expect_scan(&rows[0], base, HS_ADDRESS_PAGE_INDEX);
	expect_scan(&rows[1], base, HS_ADDRESS_PAGE_INDEX);
	expect_scan(&rows[2], base + huge, HS_ADDRESS_PAGE_INDEX);
	for (int i = 3; i < 6; i++)
		expect_scan(&rows[i], 0, HS_ADDRESS_UNKNOWN);
}

/* The isolation's folio counts more than the scan's; the scan ends the group for the attempt before. */
static void test_group_shares_its_place(void **state)
{
	struct world *world = *state;
	struct hs_record_attempt isolated = attempt_of(DAEMON, 10, base / 4096 + 3), bare = attempt_of(DAEMON, 30, 0);
	struct hs_record_collapse first = scan_of(DAEMON, 20, 7 * 512), second = scan_of(DAEMON, 40, base / 4096 + 512);
	struct hs_collapse_isolate isolates[MAX];
	struct hs_collapse_huge_page attempts[MAX];
	struct hs_collapse_scan scans[MAX];

	assert_int_equal(add(world, &isolated), 2);
	assert_int_equal(add(world, &first), 1);
	assert_int_equal(add(world, &bare), 1);
	assert_int_equal(add(world, &second), 1);
	finish(world);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_isolate, isolates, MAX), 1);
	assert_int_equal(((struct hs_row *)(void *)&isolates[0])->time, 5);
	assert_int_equal(isolates[0].address, base);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_scan, scans, MAX), 2);
	expect_scan(&scans[0], base, HS_ADDRESS_PAGE_INDEX);
	expect_scan(&scans[1], base + huge, HS_ADDRESS_PAGE_INDEX);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_huge_page, attempts, MAX), 2);
	assert_int_equal(attempts[0].address, base);
	assert_int_equal(attempts[1].address, base + huge);
	assert_int_equal(attempts[1].address_basis, HS_ADDRESS_PAGE_INDEX);
}

static struct hs_record_collapse asked(uint64_t time, uint64_t page, uint64_t start, uint64_t length)
{
	struct hs_record_collapse scan = scan_of(CALLER, time, page);

	scan.origin.arg_start = start;
	scan.origin.arg_len = length;
	return scan;
}

/* The argument's partial ranges do not count: mm/madvise.c, mm/khugepaged.c madvise_collapse. */
static void test_argument_of_madvise(void **state)
{
	struct world *world = *state;
	struct hs_record_collapse scans[] = {
		asked(10, 9 * 512, base - 4096, huge + 8192),		/* one whole range: no choice */
		asked(20, 0, base, 3 * huge),				/* no page: the first */
		asked(30, 0, base, 3 * huge),				/* the next */
		asked(40, base / 4096 + 1024, base, 3 * huge),		/* the page lies among them */
		asked(50, 9 * 512, base, 3 * huge),			/* foreign page, all have had their turn */
	};
	struct hs_collapse_scan rows[MAX];

	for (int i = 0; i < 5; i++)
		add(world, &scans[i]);
	finish(world);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_scan, rows, MAX), 5);
	expect_scan(&rows[0], base, HS_ADDRESS_SYSCALL);
	expect_scan(&rows[1], base, HS_ADDRESS_IN_ORDER);
	expect_scan(&rows[2], base + huge, HS_ADDRESS_IN_ORDER);
	expect_scan(&rows[3], base + 2 * huge, HS_ADDRESS_PAGE_INDEX);
	expect_scan(&rows[4], 0, HS_ADDRESS_UNKNOWN);
}

static void test_page_table_names_the_range(void **state)
{
	struct world *world = *state;
	static struct hs_record_ptes ptes;
	struct hs_record_attempt attempt = attempt_of(DAEMON, 20, 7 * 512);
	struct hs_record_collapse scan = scan_of(DAEMON, 30, 8 * 512);
	struct hs_collapse_isolate isolates[MAX];
	struct hs_collapse_scan scans[MAX];

	ptes = (struct hs_record_ptes){
		.head = { .type = HS_RECORD_PTES, .tid = DAEMON, .time = 10 }, .address = base, .level = HS_PMD_IS_NONE,
	};
	assert_int_equal(add(world, &ptes), 1);
	add(world, &attempt);
	add(world, &scan);
	finish(world);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_isolate, isolates, MAX), 1);
	assert_int_equal(isolates[0].address, base);
	assert_int_equal(isolates[0].address_basis, HS_ADDRESS_ARGUMENT);
	sink_file_read(&world->file, HS_KIND_collapse_scan, scans, MAX);
	expect_scan(&scans[0], base, HS_ADDRESS_ARGUMENT);
}

/* A group whose scan was lost is written without an address, and holds nobody up for ever. */
static void test_lost_end(void **state)
{
	struct world *world = *state;
	struct hs_record_attempt attempt = attempt_of(DAEMON, 10, 0);
	struct hs_collapse_huge_page attempts[MAX];

	add(world, &attempt);
	hs_collapse_groups_settle(world->groups, 900000000);
	assert_int_equal(hs_sink_flush(world->file.sink, NULL), 0);
	assert_int_equal(hs_sink_total(world->file.sink), 0);
	finish(world);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_collapse_huge_page, attempts, MAX), 1);
	assert_int_equal(attempts[0].address, 0);
	assert_int_equal(attempts[0].address_basis, HS_ADDRESS_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_page_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_shares_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_argument_of_madvise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_page_table_names_the_range, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_end, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
