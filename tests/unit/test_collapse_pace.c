// SPDX-License-Identifier: GPL-2.0-only
/* How fast the recorded daemon was, from events made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/collapse/collapse_pace.h"

static const uint64_t ms = 1000000;

static void observe(struct hs_collapse_pace *pace, unsigned int kind, const struct hs_row *row)
{
	const struct hs_event event = { .kind = kind, .row = row };

	hs_collapse_pace_observe(pace, &event);
}

static void begin(struct hs_collapse_pace *pace)
{
	static const char name[] = "transparent_hugepage/khugepaged/scan_sleep_millisecs";
	const struct hs_snap_tunable setting = { .name = { name, sizeof(name) - 1 }, .value = { "100", 3 } };

	memset(pace, 0, sizeof(*pace));
	observe(pace, HS_KIND_snap_tunable, &setting.row);
}

static void scan(struct hs_collapse_pace *pace, uint64_t at_ms, const char *status)
{
	const struct hs_collapse_scan done = { .row = { .time = at_ms * ms }, .is_khugepaged = 1,
					       .status = { status, (uint32_t)strlen(status) } };

	observe(pace, HS_KIND_collapse_scan, &done.row);
}

static void attempt(struct hs_collapse_pace *pace, uint64_t at_ms)
{
	const struct hs_collapse_huge_page attempt = { .row = { .time = at_ms * ms } };

	observe(pace, HS_KIND_collapse_huge_page, &attempt.row);
	scan(pace, at_ms, "SCAN_SUCCEED");
}

static void pass(struct hs_collapse_pace *pace, uint64_t at_ms)
{
	const struct hs_collapse_pass began = { .row = { .time = at_ms * ms } };

	observe(pace, HS_KIND_collapse_pass, &began.row);
}

/* Where passes are not told, a long gap between two scans is a pause. */
static void test_by_gaps(void **state)
{
	struct hs_collapse_pace pace;

	(void)state;
	begin(&pace);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 0), 0);
	scan(&pace, 1000, "SCAN_PMD_NONE");
	scan(&pace, 1002, "SCAN_PMD_NONE");
	scan(&pace, 1004, "SCAN_PMD_NONE");
	attempt(&pace, 1014);
	scan(&pace, 1134, "SCAN_PMD_NONE");		/* slept 100, and 20 more */
	scan(&pace, 3000, "SCAN_PMD_NONE");		/* had nothing to do */
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 0), 2 * ms);
	assert_int_equal(hs_collapse_pace_attempt_ns(&pace, 0), 10 * ms);
	assert_int_equal(hs_collapse_pace_pause_ns(&pace, 0), 20 * ms);
	hs_collapse_pace_deinit(&pace);
}

/* One scan that waited long does not make all of them long. */
static void test_waits(void **state)
{
	struct hs_collapse_pace pace;

	(void)state;
	begin(&pace);
	for (unsigned int i = 0; i < 10; i++)
		scan(&pace, 1000 + 2 * i, "SCAN_PMD_NONE");
	scan(&pace, 1090, "SCAN_PMD_NONE");
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 0), 2 * ms);
	hs_collapse_pace_deinit(&pace);
}

/* A fast pass and one that waits for the processor: a scan takes as long as it took at that time. */
static void test_by_passes(void **state)
{
	struct hs_collapse_pace pace;

	(void)state;
	begin(&pace);
	pass(&pace, 1000);
	scan(&pace, 1002, "SCAN_PMD_NONE");
	scan(&pace, 1004, "SCAN_PMD_NONE");
	pass(&pace, 1112);
	scan(&pace, 1262, "SCAN_PMD_NONE");		/* longer than a sleep, and yet no pause */
	scan(&pace, 1412, "SCAN_PMD_NONE");
	pass(&pace, 1511);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 1001 * ms), 2 * ms);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 1111 * ms), 2 * ms);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 1112 * ms), 150 * ms);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 0), 2 * ms);
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 9000 * ms), 76 * ms);	/* a pass without scans: the mean */
	assert_int_equal(hs_collapse_pace_pause_ns(&pace, 1001 * ms), 8 * ms);
	assert_true(hs_collapse_pace_pause_ns(&pace, 1200 * ms) == -1 * (int64_t)ms);	/* a tick early */
	hs_collapse_pace_deinit(&pace);
}

/* The sleep behind a failed allocation says nothing of the pace. */
static void test_sleep_within_a_pass(void **state)
{
	struct hs_collapse_pace pace;

	(void)state;
	begin(&pace);
	pass(&pace, 1000);
	scan(&pace, 1002, "SCAN_ALLOC_HUGE_PAGE_FAIL");
	scan(&pace, 61004, "SCAN_PMD_NONE");
	scan(&pace, 61008, "SCAN_PMD_NONE");
	assert_int_equal(hs_collapse_pace_scan_ns(&pace, 1001 * ms), 3 * ms);
	hs_collapse_pace_deinit(&pace);
}

/* Ranges of files are attempted, too: told by an event of their own, by the allocation, or by the result alone. */
static void test_files(void **state)
{
	enum { DAEMON = 3, PROGRAM = 4 };
	const unsigned int tells[] = { HS_KIND_collapse_file, HS_KIND_collapse_alloc, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(tells) / sizeof(*tells); i++) {
		struct hs_collapse_scan_file first = { .row = { .time = 1000 * ms, .task = DAEMON }, .is_khugepaged = 1,
						       .status = { "SCAN_FAIL", 9 } }, done = first, next = first;
		const struct hs_row attempt = { .time = 1005 * ms, .task = DAEMON };
		const struct hs_row other = { .time = 1011 * ms, .task = PROGRAM };
		struct hs_collapse_pace pace;

		begin(&pace);
		observe(&pace, HS_KIND_collapse_scan_file, &first.row);
		if (tells[i])
			observe(&pace, tells[i], &attempt);
		done.row.time = 1010 * ms;
		done.status = (struct hs_bytes){ "SCAN_SUCCEED", 12 };
		observe(&pace, HS_KIND_collapse_scan_file, &done.row);
		/* Somebody else's, in between. */
		observe(&pace, HS_KIND_collapse_huge_page, &other);
		next.row.time = 1012 * ms;
		observe(&pace, HS_KIND_collapse_scan_file, &next.row);
		assert_int_equal(hs_collapse_pace_attempt_ns(&pace, 0), 10 * ms);
		assert_int_equal(hs_collapse_pace_scan_ns(&pace, 0), 2 * ms);
		hs_collapse_pace_deinit(&pace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_gaps), cmocka_unit_test(test_waits), cmocka_unit_test(test_by_passes),
		cmocka_unit_test(test_sleep_within_a_pass), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
