// SPDX-License-Identifier: GPL-2.0-only
/* The collapse model running free: its daemon, its faults, what programs undo. */
#include "replay/variant.h"
#include "tests/unit/whatif_run.h"

/* A mapping of small pages is found by the daemon, after its first sleep at the latest. */
static void test_daemon_collapses(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, 4ull * MB2);
	touch(&run, SECOND, base, 64);
	advise(&run, 2 * SECOND, base, 4ull * MB2, 14);
	finish(&run, 10 * SECOND);
	assert_int_equal(run.nr_success, 1);
	assert_int_equal(number(&run, "huge_pages"), 1);
	assert_int_equal(number(&run, "pages_copied"), 64);
	assert_int_equal(number(&run, "bloat_bytes"), 448 * 4096);
	assert_int_equal(number(&run, "bloat_bytes_at_end"), 448 * 4096);
	assert_int_equal(number(&run, "huge_pages_at_end"), 1);
	assert_int_equal(number(&run, "fault_huge_pages"), 0);
	assert_true(number(&run, "time_to_collapse_p50_ns") >= 1e9);
	assert_true(number(&run, "full_scans") >= 5);
	end(&run);
}

/* A visit takes its time: the second range is gone before the attempt at the first one is over. */
static void test_visits_take_time(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "1000" },
						   { "collapse.cost_attempt_ns", "500000000" }, { NULL, NULL } };
	struct hs_mm_munmap gone = { .addr = base + 2ull * MB2, .len = MB2 };
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, 3ull * MB2);
	touch(&run, SECOND, base, 8);
	touch(&run, SECOND, base + 2ull * MB2, 8);
	advise(&run, 2 * SECOND, base, 3ull * MB2, 14);
	feed(&run, HS_KIND_mm_munmap, 2 * SECOND + SECOND / 4, &gone);
	finish(&run, 10 * SECOND);
	assert_int_equal(number(&run, "huge_pages"), 1);
	end(&run);
}

static const char *const variants[] = { "v2010", "6.1", "6.12", "6.18", "7.2" };
enum { NR_VARIANTS = sizeof(variants) / sizeof(*variants), FIRST_MODERN = 1 };

/* Case 92: "always" serves the first fault with a huge page; there is nothing left for the daemon. */
static void test_fault_makes_huge(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, 2ull * MB2);
		touch(&run, SECOND, base, 64);
		finish(&run, 30 * SECOND);
		assert_int_equal(number(&run, "fault_huge_pages"), 1);
		assert_int_equal(number(&run, "fault_fallbacks"), 0);
		assert_int_equal(number(&run, "huge_pages"), 0);
		/* Registered: the daemon has been there. */
		assert_true(number(&run, "full_scans") > 0);
		/* All 512 pages are there. */
		assert_int_equal(number(&run, "bloat_bytes_at_end"), 448 * 4096);
		end(&run);
	}
}

/* Lets the clock run and takes the numbers; unlike the snapshot at the end, it shows the daemon no mapping. */
static void look(struct run *run, uint64_t time)
{
	advise(run, time, base, MB2, 0);
	run->nr_numbers = 0;
	hs_model_find("collapse")->summarize(hs_engine_model(run->engine, "collapse", 0), add_number, run);
}

/* Case 93: the mapping begins inside the range. */
static void test_fault_at_the_edge(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base + 4096, 2ull * MB2 - 4096);
		touch(&run, SECOND, base + 4096, 1);
		look(&run, 30 * SECOND);
		assert_int_equal(number(&run, "fault_huge_pages"), 0);
		assert_int_equal(number(&run, "fault_fallbacks"), 0);
		assert_int_equal(number(&run, "full_scans"), 0);
		end(&run);
	}
}

/* A mapping too small for a range registers nobody at its fault; the neighbour that it grows by does. */
static void test_grown(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, MB2 / 2);
		touch(&run, SECOND, base, 64);
		look(&run, 3 * SECOND);
		assert_int_equal(number(&run, "full_scans"), 0);
		map(&run, 3 * SECOND, base + MB2 / 2, MB2 / 2);
		look(&run, 9 * SECOND);
		assert_int_equal(number(&run, "huge_pages"), 1);
		assert_int_equal(number(&run, "pages_copied"), 64);
		end(&run);
	}
}

/* Case 74, and no price for anything: passes follow each other, but trace time goes on. */
static void test_no_sleep(void **state)
{
	static const char *const settings[][2] = {
		{ "collapse.enabled", "madvise" }, { "collapse.scan_sleep_millisecs", "0" },
		{ "collapse.cost_pte_ns", "0" }, { "collapse.cost_attempt_ns", "0" },
		{ "collapse.cost_copy_page_ns", "0" }, { "collapse.cost_zero_page_ns", "0" }, { NULL, NULL },
	};
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, MB2);
	touch(&run, SECOND, base, 64);
	advise(&run, SECOND, base, MB2, 14);
	look(&run, SECOND + 2000000);
	assert_int_equal(number(&run, "huge_pages"), 1);
	assert_true(number(&run, "passes") > 500 && number(&run, "passes") < 5000);
	end(&run);
}

/* Case 58: no memory for a huge page: the mm is registered, and the small page is there for the daemon. */
static void test_fault_falls_back(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" }, { NULL, NULL } };
	struct hs_collapse_huge_page failed = { .status = TEXT("SCAN_ALLOC_HUGE_PAGE_FAIL"), .order = 9 };
	struct hs_collapse_huge_page given = { .status = TEXT("SCAN_SUCCEED"), .order = 9 };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		feed(&run, HS_KIND_collapse_huge_page, SECOND / 2, &failed);
		map(&run, SECOND, base, MB2);
		touch(&run, SECOND, base, 1);
		feed(&run, HS_KIND_collapse_huge_page, SECOND + 1, &given);
		finish(&run, 200 * SECOND);
		assert_int_equal(number(&run, "fault_huge_pages"), 0);
		assert_int_equal(number(&run, "fault_fallbacks"), 1);
		assert_int_equal(number(&run, "huge_pages"), 1);
		assert_int_equal(number(&run, "pages_copied"), 1);
		end(&run);
	}
}

/* Case 96: with a page in the table, no fault gets a huge one. */
static void test_fault_beside_a_page(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "madvise" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, MB2);
		touch(&run, SECOND, base, 1);
		advise(&run, SECOND, base, MB2, 14);
		touch(&run, SECOND, base + 7 * 4096, 1);
		finish(&run, SECOND + 1);
		assert_int_equal(number(&run, "fault_huge_pages"), 0);
		end(&run);
	}
}

static void test_never(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "never" }, { NULL, NULL } };
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, 2ull * MB2);
	touch(&run, SECOND, base, 512);
	finish(&run, 60 * SECOND);
	assert_int_equal(run.nr_decisions, 0);
	assert_int_equal(number(&run, "huge_pages_at_end"), 0);
	end(&run);
}

/* Lower limit, fewer collapses; a purged part splits, and is filled again where the limit allows. */
static void rebloat(const char *variant, const char *limit, unsigned int collapses, unsigned int splits)
{
	const char *const settings[][2] = { { "collapse.enabled", "madvise" }, { "collapse.max_ptes_none", limit },
					    { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	begin_on(&run, variant, settings);
	map(&run, SECOND, base, 2ull * MB2);
	touch(&run, SECOND, base, 512);
	advise(&run, 2 * SECOND, base, 2ull * MB2, 14);
	advise(&run, 8 * SECOND, base + 100 * 4096, 20 * 4096, 4);
	finish(&run, 20 * SECOND);
	assert_int_equal(number(&run, "huge_pages"), collapses);
	assert_int_equal(number(&run, "splits"), splits);
	assert_int_equal(number(&run, "recollapses"), collapses - 1);
	assert_int_equal(number(&run, "bloat_bytes"), (collapses - 1) * 20 * 4096);
	end(&run);
}

static void test_rebloat(void **state)
{
	(void)state;
	for (int i = FIRST_MODERN; i < NR_VARIANTS; i++) {
		rebloat(variants[i], "511", 2, 1);
		rebloat(variants[i], "19", 1, 1);
		rebloat(variants[i], "20", 2, 1);
	}
}

static void test_madvise_collapse(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "never" }, { NULL, NULL } };
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, 2ull * MB2);
	touch(&run, SECOND, base, 10);
	advise(&run, 2 * SECOND, base, MB2, 25);
	finish(&run, 3 * SECOND);
	assert_int_equal(run.nr_success, 1);
	assert_int_equal(number(&run, "bloat_bytes"), 502 * 4096);
	end(&run);
}

static void unmap(struct run *run, uint64_t time, uint64_t address, uint64_t bytes)
{
	struct hs_mm_munmap row = { .addr = address, .len = bytes };

	feed(run, HS_KIND_mm_munmap, time, &row);
}

/* Case 98: a range that was given back wholly is huge again with the next fault. */
static void test_dropped_whole(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, 2ull * MB2);
		touch(&run, SECOND, base, 8);
		advise(&run, 2 * SECOND, base, MB2, 4);
		touch(&run, 3 * SECOND, base, 8);
		finish(&run, 4 * SECOND);
		assert_int_equal(number(&run, "fault_huge_pages"), 2);
		assert_int_equal(number(&run, "splits"), 0);
		assert_int_equal(number(&run, "huge_pages_at_end"), 1);
		/* Two seconds, less the one in between. */
		assert_true(number(&run, "huge_page_seconds") == 2);
		end(&run);
	}
}

/* Case 99: the upper half goes: the huge page is split, and no aligned range is left to collapse. */
static void test_half_unmapped(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" },
						   { "collapse.scan_sleep_millisecs", "100" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, MB2);
		touch(&run, SECOND, base, 512);
		unmap(&run, 2 * SECOND, base + MB2 / 2, MB2 / 2);
		run.nr_decisions = 0;
		finish(&run, 10 * SECOND);
		assert_int_equal(number(&run, "fault_huge_pages"), 1);
		assert_int_equal(number(&run, "splits"), 1);
		assert_int_equal(number(&run, "huge_pages_at_end"), 0);
		assert_int_equal(number(&run, "huge_pages"), 0);
		assert_int_equal(run.nr_decisions, 0);
		end(&run);
	}
}

/* Case 100: pages that may only be read, through mprotect. */
static void test_read_only(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct hs_mm_mprotect call = { .addr = base, .len = MB2, .prot = 1 };
	struct run run;

	(void)state;
	for (int i = FIRST_MODERN; i < NR_VARIANTS; i++) {
		const bool is_collapsed = i >= HS_VARIANT_6_18;

		begin_on(&run, variants[i], settings);
		map(&run, SECOND, base, MB2);
		touch(&run, SECOND, base, 512);
		feed(&run, HS_KIND_mm_mprotect, SECOND, &call);
		advise(&run, SECOND, base, MB2, 14);
		finish(&run, 2 * SECOND - 1);
		assert_int_equal(run.nr_decisions, 1);
		assert_string_equal(run.last.result, is_collapsed ? "SCAN_SUCCEED" : "SCAN_PAGE_RO");
		assert_int_equal(number(&run, "huge_pages_at_end"), is_collapsed);
		end(&run);
	}
}

/* Cases 63, 64: MADV_HUGEPAGE of half a range in 10 MiB: who walks the address space afterwards. */
static void advise_part(int variant, bool has_pages, bool is_registered)
{
	static const char *const settings[][2] = { { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "100" }, { NULL, NULL } };
	struct run run;

	begin_on(&run, variants[variant], settings);
	map(&run, SECOND, base, 5ull * MB2);
	if (has_pages)
		touch(&run, SECOND, base + 4096, 1);
	advise(&run, 2 * SECOND, base, MB2 / 2, 14);
	finish(&run, 10 * SECOND);
	assert_int_equal(number(&run, "full_scans") > 0, is_registered);
	assert_int_equal(run.nr_decisions, 0);
	end(&run);
}

static void test_advised_part(void **state)
{
	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		advise_part(i, true, i == HS_VARIANT_6_1 || i == HS_VARIANT_6_18);
		advise_part(i, false, false);
	}
}

/* Case 66: after exec nobody scans the program before it faults; prctl(PR_SET_THP_DISABLE) outlives exec. */
static void exec_program(const char *variant, bool is_disabled)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" },
						   { "collapse.scan_sleep_millisecs", "100" }, { NULL, NULL } };
	struct hs_mm_prctl disable = { .arg2 = 1 };
	struct hs_mm_exec exec = { .old_mm = MM };
	struct hs_mm_exit_mmap gone = { .row = { .time = 0 } };
	struct hs_mm_mmap mapping = { .ret = (int64_t)base, .len = MB2, .prot = 3, .flags = 0x22, .fd = -1 };
	struct hs_fault_user fault = { .address = base, .error_code = 6 };
	struct run run;

	begin_on(&run, variant, settings);
	map(&run, SECOND, base, MB2);
	touch(&run, SECOND, base, 1);
	if (is_disabled)
		feed(&run, HS_KIND_mm_prctl, 2 * SECOND, &disable);
	feed_of(&run, MM + 1, HS_KIND_mm_exec, 2 * SECOND, &exec);
	feed(&run, HS_KIND_mm_exit_mmap, 2 * SECOND, &gone);
	feed_of(&run, MM + 1, HS_KIND_mm_mmap, 3 * SECOND, &mapping);
	run.nr_decisions = 0;
	feed_of(&run, MM + 1, HS_KIND_mm_mmap, 6 * SECOND, &mapping);
	assert_int_equal(run.nr_decisions, 0);
	feed_of(&run, MM + 1, HS_KIND_fault_user, 7 * SECOND, &fault);
	finish(&run, 10 * SECOND);
	assert_int_equal(number(&run, "fault_huge_pages"), is_disabled ? 1 : 2);
	assert_int_equal(run.nr_decisions != 0, !is_disabled);
	end(&run);
}

static void test_exec(void **state)
{
	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++)
		exec_program(variants[i], false);
	for (int i = FIRST_MODERN; i < NR_VARIANTS; i++)
		exec_program(variants[i], true);
}

/* Case 101: where memory is short, pages that were never touched are given back. */
static void underused(int variant, const char *limit, bool is_split)
{
	const char *const settings[][2] = { { "collapse.enabled", "always" }, { "collapse.max_ptes_none", limit },
					    { NULL, NULL } };
	struct hs_collapse_huge_page failed = { .status = TEXT("SCAN_ALLOC_HUGE_PAGE_FAIL"), .order = 9 };
	struct run run;

	begin_on(&run, variants[variant], settings);
	map(&run, SECOND, base, MB2);
	touch(&run, SECOND, base, 100);
	feed(&run, HS_KIND_collapse_huge_page, 2 * SECOND, &failed);
	finish(&run, 3 * SECOND);
	assert_int_equal(number(&run, "underused_splits"), is_split);
	assert_int_equal(number(&run, "splits"), is_split);
	assert_int_equal(number(&run, "bloat_bytes_at_end"), is_split ? 0 : 412 * 4096);
	end(&run);
}

static void test_underused(void **state)
{
	(void)state;
	for (int i = 0; i < NR_VARIANTS; i++) {
		underused(i, "411", i >= HS_VARIANT_6_12);
		underused(i, "412", false);
		underused(i, "511", false);
	}
}

struct of_mm {
	const char *name;
	double value[4];	/* by mm */
};

static void add_of_mm(void *context, uint32_t mm, const char *name, double value)
{
	struct of_mm *wanted = context;

	assert_true(mm < 4);
	if (strcmp(name, wanted->name) == 0)
		wanted->value[mm] = value;
}

static double of_mm(const struct run *run, const char *name, uint32_t mm)
{
	struct of_mm wanted = { .name = name };

	hs_model_find("collapse")->summarize_mms(hs_engine_model(run->engine, "collapse", 0), add_of_mm, &wanted);
	return wanted.value[mm];
}

/* The sums of the address spaces, ended ones too, and how things stand at the end. */
static void test_mms(void **state)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" }, { NULL, NULL } };
	struct hs_mm_mmap mapping = { .ret = (int64_t)base, .len = MB2, .prot = 3, .flags = 0x22, .fd = -1 };
	struct hs_fault_user fault = { .address = base, .error_code = 6 };
	struct hs_mm_exec exec = { .old_mm = 0 };
	struct hs_mm_exit_mmap gone = { .row = { .time = 0 } };
	struct of_mm standing = { .name = "bloat_bytes" };
	struct run run;

	(void)state;
	begin(&run, settings);
	map(&run, SECOND, base, MB2);
	touch(&run, SECOND, base, 12);
	feed_of(&run, 2, HS_KIND_mm_exec, SECOND, &exec);
	feed_of(&run, 2, HS_KIND_mm_mmap, SECOND, &mapping);
	feed_of(&run, 2, HS_KIND_fault_user, 2 * SECOND, &fault);
	feed_of(&run, 2, HS_KIND_mm_exit_mmap, 5 * SECOND, &gone);
	finish(&run, 6 * SECOND);
	assert_true(of_mm(&run, "huge_page_seconds", MM) == 5 && of_mm(&run, "huge_page_seconds", 2) == 3);
	assert_true(of_mm(&run, "huge_pages_made", MM) == 1 && of_mm(&run, "huge_pages_made", 2) == 1);
	assert_true(of_mm(&run, "bloat_bytes_at_end", MM) == 500 * 4096 && of_mm(&run, "bloat_bytes_at_end", 2) == 0);
	assert_true(number(&run, "huge_page_seconds") == 8);
	run.nr_numbers = 0;
	hs_model_find("collapse")->sample(hs_engine_model(run.engine, "collapse", 0), add_number, &run);
	assert_true(number(&run, "huge_pages") == 1 && number(&run, "bloat_bytes") == 500 * 4096);
	hs_model_find("collapse")->sample_mms(hs_engine_model(run.engine, "collapse", 0), add_of_mm, &standing);
	assert_true(standing.value[MM] == 500 * 4096 && standing.value[2] == 0);
	end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_daemon_collapses), cmocka_unit_test(test_visits_take_time),
		cmocka_unit_test(test_fault_makes_huge), cmocka_unit_test(test_fault_at_the_edge),
		cmocka_unit_test(test_grown), cmocka_unit_test(test_no_sleep),
		cmocka_unit_test(test_fault_falls_back), cmocka_unit_test(test_fault_beside_a_page),
		cmocka_unit_test(test_read_only), cmocka_unit_test(test_advised_part),
		cmocka_unit_test(test_never), cmocka_unit_test(test_rebloat), cmocka_unit_test(test_madvise_collapse),
		cmocka_unit_test(test_dropped_whole), cmocka_unit_test(test_half_unmapped), cmocka_unit_test(test_exec),
		cmocka_unit_test(test_underused), cmocka_unit_test(test_mms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
