// SPDX-License-Identifier: GPL-2.0-only
/* The collapse model on recorded events, made by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/address_space/address_space.h"
#include "replay/collapse/collapse_request.h"
#include "replay/engine.h"

enum { DAEMON = 1, PROGRAM = 2, MM = 1, MAX_OUTCOMES = 32, MB2 = 1 << 21 };
#define TEXT(text) { text, sizeof(text) - 1 }
#define BYTES(text) (struct hs_bytes)TEXT(text)

struct told {
	enum hs_point point;
	enum hs_verdict verdict;
	enum hs_basis basis;
	const char *recorded, *modelled;
	uint64_t subject;
	uint64_t cost[HS_NR_COSTS];
};

struct replay {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_engine *engine;
	struct told told[MAX_OUTCOMES];
	unsigned int nr;
	uint64_t now;
};

static void tell(void *context, const struct hs_outcome *outcome)
{
	struct replay *replay = context;
	struct told *told = &replay->told[replay->nr++];

	assert_true(replay->nr <= MAX_OUTCOMES);
	*told = (struct told){ outcome->modelled->point, outcome->verdict, outcome->modelled->basis,
			       outcome->recorded ? outcome->recorded->result : "", outcome->modelled->result,
			       outcome->modelled->subject, { 0 } };
	memcpy(told->cost, outcome->modelled->cost, sizeof(told->cost));
}

static void feed(struct replay *replay, unsigned int kind, void *row)
{
	const struct hs_run run = { .kind = kind, .nr = 1, .rows = row };
	struct hs_error err;

	((struct hs_row *)row)->time = replay->now += 1000;
	if (hs_engine_run(replay->engine, &run, &err))
		fail_msg("%s", err.text);
}

static void begin_range(struct replay *replay)
{
	struct hs_snap_begin start = { .row = { 0 }, .reason = TEXT("start") };
	struct hs_snap_mm mm = { .row = { .mm = MM } };
	struct hs_snap_vma vma = { .row = { .mm = MM }, .start = 64ull * MB2, .end = 80ull * MB2, .prot = 3,
				   .vm_flags = HS_VMA_RD | HS_VMA_WR };
	struct hs_snap_end end = { .row = { 0 }, .reason = TEXT("start") };

	feed(replay, HS_KIND_snap_begin, &start);
	feed(replay, HS_KIND_snap_mm, &mm);
	feed(replay, HS_KIND_snap_vma, &vma);
	feed(replay, HS_KIND_snap_end, &end);
}

static void begin(struct replay *replay, const char *variant, const char *max_none)
{
	static const char *const models[] = { "collapse", NULL };
	struct hs_engine_setup setup = { .mode = HS_MODE_VALIDATE, .header = &replay->header, .models = models,
					 .policies = &replay->policy, .nr_policies = 1, .outcome = tell,
					 .context = replay, .check_each = true };
	struct hs_meta_task daemon = { .row = { .task = DAEMON }, .comm = TEXT("khugepaged") };
	struct hs_snap_tunable tunable = { .name = TEXT("transparent_hugepage/khugepaged/max_ptes_none") };
	struct hs_error err;

	memset(replay, 0, sizeof(*replay));
	hs_header_set(&replay->header.variant, variant);
	assert_int_equal(hs_policy_init(&replay->policy, "recorded"), 0);
	if (hs_engine_create(&setup, &replay->engine, &err))
		fail_msg("%s", err.text);
	tunable.value = (struct hs_bytes){ max_none, (uint32_t)strlen(max_none) };
	feed(replay, HS_KIND_snap_tunable, &tunable);
	feed(replay, HS_KIND_meta_task, &daemon);
	begin_range(replay);
}

static void end(struct replay *replay)
{
	hs_engine_destroy(replay->engine);
	hs_policy_deinit(&replay->policy);
	hs_header_deinit(&replay->header);
}

static void isolate(struct replay *replay, uint32_t task, uint64_t address, unsigned int none,
		    unsigned int referenced, struct hs_bytes status)
{
	struct hs_collapse_isolate row = { .row = { .task = task, .mm = MM }, .address = address, .address_basis = 2,
					   .none_or_zero = none, .referenced = referenced, .writable = 255,
					   .status = status, .order = 9 };

	feed(replay, HS_KIND_collapse_isolate, &row);
}

static void attempt(struct replay *replay, uint32_t task, uint64_t address, struct hs_bytes status)
{
	struct hs_collapse_huge_page row = { .row = { .task = task, .mm = MM }, .address = address,
					     .address_basis = 2, .isolated = 1, .status = status, .order = 9 };

	feed(replay, HS_KIND_collapse_huge_page, &row);
}

static struct told *scan(struct replay *replay, uint32_t task, uint64_t address, unsigned int none,
			 unsigned int referenced, struct hs_bytes status)
{
	struct hs_collapse_scan row = { .row = { .task = task, .mm = MM }, .address = address,
					.address_basis = address ? 2 : 0, .is_khugepaged = task == DAEMON,
					.none_or_zero = none, .referenced = referenced, .writable = 255,
					.has_page = 1, .status = status };

	feed(replay, HS_KIND_collapse_scan, &row);
	return &replay->told[replay->nr - 1];
}

static void expect(const struct told *told, enum hs_verdict verdict, const char *modelled, enum hs_basis basis)
{
	assert_string_equal(told->modelled, modelled);
	assert_int_equal(told->verdict, verdict);
	assert_int_equal(told->basis, basis);
}

static void test_collapse(void **state)
{
	struct replay replay;
	struct told *told;

	(void)state;
	begin(&replay, "6.18", "511");
	isolate(&replay, DAEMON, 64ull * MB2, 448, 64, BYTES("succeeded"));
	attempt(&replay, DAEMON, 64ull * MB2, BYTES("succeeded"));
	told = scan(&replay, DAEMON, 64ull * MB2, 448, 64, BYTES("succeeded"));
	assert_int_equal(replay.nr, 3);
	for (unsigned int i = 0; i < 3; i++)
		expect(&replay.told[i], HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	assert_int_equal(told->cost[0], 512);
	assert_int_equal(told->cost[1], 1);
	assert_int_equal(told->cost[2], 64);
	assert_int_equal(told->cost[3], 448);
	assert_int_equal(told->cost[5], 1);
	end(&replay);
}

/* The same recording under a lower limit: refused, and sure. */
static void test_other_limit(void **state)
{
	struct replay replay;
	struct hs_error err;

	(void)state;
	begin(&replay, "6.18", "511");
	hs_engine_destroy(replay.engine);
	assert_int_equal(hs_policy_set(&replay.policy, "collapse.max_ptes_none", "64", HS_POLICY_USER, &err), 0);
	{
		static const char *const models[] = { "collapse", NULL };
		struct hs_engine_setup setup = { .mode = HS_MODE_VALIDATE, .header = &replay.header, .models = models,
						 .policies = &replay.policy, .nr_policies = 1, .outcome = tell,
						 .context = &replay };

		assert_int_equal(hs_engine_create(&setup, &replay.engine, &err), 0);
	}
	isolate(&replay, DAEMON, 64ull * MB2, 448, 64, BYTES("succeeded"));
	attempt(&replay, DAEMON, 64ull * MB2, BYTES("succeeded"));
	expect(scan(&replay, DAEMON, 64ull * MB2, 448, 64, BYTES("succeeded")), HS_VERDICT_DISAGREE,
	       "SCAN_EXCEED_NONE_PTE", HS_BASIS_EXACT);
	end(&replay);
}

static void test_refusals(void **state)
{
	struct replay replay;

	(void)state;
	begin(&replay, "6.18", "64");
	expect(scan(&replay, DAEMON, 64ull * MB2, 65, 30, BYTES("exceed_none_pte")), HS_VERDICT_AGREE,
	       "SCAN_EXCEED_NONE_PTE", HS_BASIS_EXACT);
	expect(scan(&replay, DAEMON, 65ull * MB2, 3, 0, BYTES("lack_referenced_page")), HS_VERDICT_AGREE,
	       "SCAN_LACK_REFERENCED_PAGE", HS_BASIS_EXACT);
	expect(scan(&replay, DAEMON, 66ull * MB2, 0, 0, BYTES("page_pmd_mapped")), HS_VERDICT_AGREE,
	       "SCAN_PMD_MAPPED", HS_BASIS_BOUNDED);
	/* A contradiction is not explained away: 70 empty entries cannot pass a limit of 64. */
	expect(scan(&replay, DAEMON, 67ull * MB2, 70, 100, BYTES("succeeded")), HS_VERDICT_DISAGREE,
	       "SCAN_EXCEED_NONE_PTE", HS_BASIS_EXACT);
	expect(scan(&replay, DAEMON, 68ull * MB2, 0, 0, BYTES("of_tomorrow")), HS_VERDICT_UNKNOWN, "UNKNOWN",
	       HS_BASIS_ASSUMED);
	end(&replay);
}

/* Case 120: the isolate step counts what is copied and zeroed; the contradiction is counted. */
static void test_raced(void **state)
{
	struct replay replay;
	struct hs_model *model;
	struct told *told;
	FILE *null = fopen("/dev/null", "w");

	(void)state;
	begin(&replay, "6.18", "511");
	isolate(&replay, DAEMON, 64ull * MB2, 440, 72, BYTES("succeeded"));
	attempt(&replay, DAEMON, 64ull * MB2, BYTES("succeeded"));
	told = scan(&replay, DAEMON, 64ull * MB2, 448, 64, BYTES("succeeded"));
	assert_int_equal(told->cost[3], 440);
	model = hs_engine_model(replay.engine, "collapse", 0);
	assert_int_equal(hs_model_find("collapse")->problems(model, null), 1);
	fclose(null);
	end(&replay);
}

/* Case 121: events of one range belong to one task. */
static void test_interleaved(void **state)
{
	struct replay replay;
	struct told *told;

	(void)state;
	begin(&replay, "6.18", "511");
	isolate(&replay, DAEMON, 64ull * MB2, 100, 64, BYTES("succeeded"));
	isolate(&replay, PROGRAM, 70ull * MB2, 500, 0, BYTES("succeeded"));
	attempt(&replay, PROGRAM, 70ull * MB2, BYTES("succeeded"));
	attempt(&replay, DAEMON, 64ull * MB2, BYTES("succeeded"));
	told = scan(&replay, DAEMON, 64ull * MB2, 100, 64, BYTES("succeeded"));
	expect(told, HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	assert_int_equal(told->cost[3], 100);
	told = scan(&replay, PROGRAM, 70ull * MB2, 500, 0, BYTES("succeeded"));
	expect(told, HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	assert_int_equal(told->cost[3], 500);
	end(&replay);
}

/* Case 122: an isolate whose end was lost makes the range unknown, and only this one; it is counted. */
static void test_lost_end(void **state)
{
	struct replay replay;

	(void)state;
	begin(&replay, "6.18", "511");
	assert_int_equal(hs_model_find("collapse")->problems(hs_engine_model(replay.engine, "collapse", 0), NULL), 0);
	isolate(&replay, DAEMON, 64ull * MB2, 100, 64, BYTES("succeeded"));
	expect(scan(&replay, DAEMON, 64ull * MB2, 100, 64, BYTES("succeeded")), HS_VERDICT_UNKNOWN, "UNKNOWN",
	       HS_BASIS_ASSUMED);
	assert_int_equal(hs_model_find("collapse")->problems(hs_engine_model(replay.engine, "collapse", 0), NULL), 1);
	expect(scan(&replay, DAEMON, 68ull * MB2, 100, 0, BYTES("lack_referenced_page")), HS_VERDICT_AGREE,
	       "SCAN_LACK_REFERENCED_PAGE", HS_BASIS_EXACT);
	/* The cursor is known again. */
	assert_int_equal(scan(&replay, DAEMON, 0, 0, 0, BYTES("pmd_none"))->subject, 69ull * MB2);
	assert_int_equal(hs_model_find("collapse")->problems(hs_engine_model(replay.engine, "collapse", 0), NULL), 1);
	end(&replay);
}

/* Case 123: an address that was not recorded lies behind the one before. */
static void test_inferred_address(void **state)
{
	struct replay replay;

	(void)state;
	begin(&replay, "6.18", "511");
	scan(&replay, DAEMON, 70ull * MB2, 100, 0, BYTES("lack_referenced_page"));
	assert_int_equal(scan(&replay, DAEMON, 0, 0, 0, BYTES("pmd_none"))->subject, 71ull * MB2);
	scan(&replay, DAEMON, 72ull * MB2, 100, 0, BYTES("lack_referenced_page"));
	scan(&replay, DAEMON, 79ull * MB2, 100, 0, BYTES("lack_referenced_page"));
	assert_int_equal(scan(&replay, DAEMON, 0, 0, 0, BYTES("pmd_none"))->subject, 0);
	end(&replay);
}

/* A recorded page table decides what counters cannot. */
static void test_page_table(void **state)
{
	struct hs_bitmap512 none = { { 0 } }, young, writable;
	struct hs_collapse_ptes ptes = { .row = { .task = DAEMON, .mm = MM }, .address = 64ull * MB2,
					 .is_khugepaged = 1, .has_anon_vma = 1 };
	struct replay replay;

	(void)state;
	hs_bitmap512_set_in(&none, 300, 412);
	memset(&young, 0xff, sizeof(young));
	hs_bitmap512_clear_in(&young, 300, 412);
	writable = young;
	ptes.none = (struct hs_bytes){ &none, sizeof(none) };
	ptes.young = (struct hs_bytes){ &young, sizeof(young) };
	ptes.writable = (struct hs_bytes){ &writable, sizeof(writable) };
	begin(&replay, "6.18", "64");
	feed(&replay, HS_KIND_collapse_ptes, &ptes);
	expect(scan(&replay, DAEMON, 64ull * MB2, 65, 300, BYTES("exceed_none_pte")), HS_VERDICT_AGREE,
	       "SCAN_EXCEED_NONE_PTE", HS_BASIS_EXACT);
	/* The page table is of one scan only. */
	expect(scan(&replay, DAEMON, 65ull * MB2, 3, 300, BYTES("not_suitable_page_count")), HS_VERDICT_AGREE,
	       "SCAN_PAGE_COUNT", HS_BASIS_BOUNDED);
	/* A huge page in place of the table was seen, or is known by the code alone. */
	expect(scan(&replay, DAEMON, 66ull * MB2, 0, 0, BYTES("page_pmd_mapped")), HS_VERDICT_AGREE,
	       "SCAN_PMD_MAPPED", HS_BASIS_BOUNDED);
	ptes = (struct hs_collapse_ptes){ .row = { .task = DAEMON, .mm = MM }, .address = 66ull * MB2,
					  .is_khugepaged = 1, .pmd = 5 /* huge */ };
	feed(&replay, HS_KIND_collapse_ptes, &ptes);
	expect(scan(&replay, DAEMON, 66ull * MB2, 0, 0, BYTES("page_pmd_mapped")), HS_VERDICT_AGREE,
	       "SCAN_PMD_MAPPED", HS_BASIS_EXACT);
	end(&replay);
}

/* A fault puts a huge page there between the look at the PMD and the scan's own: one of the two is what it saw. */
static void test_pmd_changes(void **state)
{
	struct hs_collapse_ptes ptes = { .row = { .task = DAEMON, .mm = MM }, .address = 64ull * MB2,
					 .is_khugepaged = 1, .pmd = HS_PMD_NONE };
	struct hs_collapse_scan row = { .row = { .task = DAEMON, .mm = MM }, .address = 64ull * MB2,
					.address_basis = 1, .is_khugepaged = 1, .status = BYTES("page_pmd_mapped") };
	static const struct {
		uint8_t after;
		enum hs_verdict verdict;
		const char *modelled;
		enum hs_basis basis;
	} cases[] = {
		{ HS_PMD_HUGE + 1, HS_VERDICT_AGREE, "SCAN_PMD_MAPPED", HS_BASIS_BOUNDED },
		{ HS_PMD_NONE + 1, HS_VERDICT_DISAGREE, "SCAN_PMD_NONE", HS_BASIS_EXACT },
		{ HS_PMD_TABLE + 1, HS_VERDICT_DISAGREE, "SCAN_PMD_NONE", HS_BASIS_BOUNDED },
		{ 0, HS_VERDICT_DISAGREE, "SCAN_PMD_NONE", HS_BASIS_EXACT },
	};
	struct replay replay;

	(void)state;
	begin(&replay, "6.12", "511");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		feed(&replay, HS_KIND_collapse_ptes, &ptes);
		row.pmd_after = cases[i].after;
		feed(&replay, HS_KIND_collapse_scan, &row);
		expect(&replay.told[replay.nr - 1], cases[i].verdict, cases[i].modelled, cases[i].basis);
	}
	end(&replay);
}

/* What happens to the range while a task has no lock on it. */
struct change {
	unsigned int kind;
	union {
		struct hs_row head;
		struct hs_mm_mmap mmap;
		struct hs_mm_munmap munmap;
		struct hs_mm_madvise madvise;
		struct hs_mm_prctl prctl;
		struct hs_mm_exit_mmap exit;
		struct hs_collapse_scan scan;
	} row;
};

/* A scan that passed, the change, then the attempt that met it. */
static struct told *revalidated(const char *variant, uint64_t address, struct change change, struct hs_bytes status)
{
	struct hs_collapse_ptes ptes = { .row = { .task = PROGRAM, .mm = MM }, .address = address, .has_anon_vma = 1 };
	static struct replay replay;

	begin(&replay, variant, "511");
	feed(&replay, HS_KIND_collapse_ptes, &ptes);
	if (change.kind) {
		change.row.head.mm = MM;
		feed(&replay, change.kind, &change.row);
	}
	attempt(&replay, PROGRAM, address, status);
	end(&replay);
	return &replay.told[replay.nr - 1];
}

/* Cases 50 to 54, as recorded kernels met them: the address space says what the attempt found (guests agree). */
static void test_revalidation(void **state)
{
	enum { MADV_NOHUGEPAGE = 15, PRIVATE = 0x32, SHARED = 0x31 };
	const uint64_t first = 64ull * MB2, last = 79ull * MB2;
	const struct change none = { 0 };
	const struct change unmapped = { HS_KIND_mm_munmap, { .munmap = { .addr = first, .len = MB2 } } };
	const struct change half = { HS_KIND_mm_munmap, { .munmap = { .addr = first + MB2 / 2, .len = MB2 / 2 } } };
	const struct change top = { HS_KIND_mm_munmap, { .munmap = { .addr = last, .len = MB2 } } };
	const struct change advised = { HS_KIND_mm_madvise, { .madvise = { .addr = first, .len = MB2,
									   .advice = MADV_NOHUGEPAGE } } };
	const struct change disabled = { HS_KIND_mm_prctl, { .prctl = { .arg2 = 1 } } };
	const struct change ended = { HS_KIND_mm_exit_mmap, { .exit = { .row = { 0 } } } };
	const struct change fresh = { HS_KIND_mm_mmap, { .mmap = { .addr = first, .ret = (int64_t)first, .len = MB2,
								   .prot = 3, .flags = PRIVATE, .fd = -1 } } };
	const struct change shared = { HS_KIND_mm_mmap, { .mmap = { .addr = first, .ret = (int64_t)first, .len = MB2,
								    .prot = 3, .flags = SHARED, .fd = -1 } } };
	const struct change huge = { HS_KIND_collapse_scan, { .scan = { .row = { .task = DAEMON }, .address = first,
									.address_basis = 1, .writable = 255,
									.referenced = 512, .has_page = 1,
									.status = BYTES("SCAN_SUCCEED") } } };
	const struct {
		const char *variant;
		struct change change;
		uint64_t address;
		struct hs_bytes status;
		const char *modelled;
	} cases[] = {
		{ "6.12", unmapped, first, BYTES("not_suitable_address_range"), "SCAN_ADDRESS_RANGE" },
		{ "6.12", half, first, BYTES("not_suitable_address_range"), "SCAN_ADDRESS_RANGE" },
		{ "6.12", top, last, BYTES("vma_null"), "SCAN_VMA_NULL" },
		{ "6.1", advised, first, BYTES("vma_check_failed"), "SCAN_VMA_CHECK" },
		{ "6.1", disabled, first, BYTES("vma_check_failed"), "SCAN_VMA_CHECK" },
		{ "6.12", disabled, first, BYTES("no_process_for_page"), "SCAN_ANY_PROCESS" },
		{ "6.1", ended, first, BYTES("no_process_for_page"), "SCAN_ANY_PROCESS" },
		{ "6.12", fresh, first, BYTES("vma_check_failed"), "SCAN_VMA_CHECK" },
		{ "6.12", shared, first, BYTES("page_not_anon"), "SCAN_PAGE_ANON" },
		{ "6.12", huge, first, BYTES("page_pmd_mapped"), "SCAN_PMD_MAPPED" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect(revalidated(cases[i].variant, cases[i].address, cases[i].change, cases[i].status),
		       HS_VERDICT_AGREE, cases[i].modelled, HS_BASIS_EXACT);
	/* Nothing that was recorded by then explains it: a change under way. Repeating the code proves nothing. */
	expect(revalidated("6.12", first, none, BYTES("vma_check_failed")), HS_VERDICT_AGREE, "SCAN_VMA_CHECK",
	       HS_BASIS_BOUNDED);
	expect(revalidated("6.12", first, unmapped, BYTES("vma_null")), HS_VERDICT_AGREE, "SCAN_VMA_NULL",
	       HS_BASIS_BOUNDED);
}

/* What madvise(MADV_COLLAPSE) answers, by what its ranges came to (cases 84 to 91 on recorded events). */
static void test_madvise_call(void **state)
{
	enum { MADV_NOHUGEPAGE = 15, MADV_COLLAPSE = 25 };
	const uint64_t first = 64ull * MB2, end_of_mapping = 80ull * MB2;
	const struct {
		const char *variant;
		uint64_t addr, len;
		const char *ranges[2];	/* results of its scans */
		int ret;
		enum hs_basis basis;
		bool is_forbidden;
	} cases[] = {
		{ "6.12", first, 2 * MB2, { "SCAN_SUCCEED", "SCAN_PMD_MAPPED" }, 0, HS_BASIS_EXACT, false },
		{ "6.12", first, 2 * MB2, { "SCAN_PAGE_COUNT", "SCAN_SUCCEED" }, -EAGAIN, HS_BASIS_EXACT, false },
		{ "6.12", first, MB2, { "SCAN_EXCEED_NONE_PTE" }, -EBUSY, HS_BASIS_EXACT, false },
		{ "6.1", first, MB2, { "SCAN_EXCEED_NONE_PTE" }, -EINVAL, HS_BASIS_EXACT, false },
		{ "6.1", first, MB2, { "SCAN_ALLOC_HUGE_PAGE_FAIL" }, -ENOMEM, HS_BASIS_EXACT, false },
		{ "6.1", first, MB2, { "SCAN_CGROUP_CHARGE_FAIL" }, -EBUSY, HS_BASIS_EXACT, false },
		{ "6.18", first, 2 * MB2, { "SCAN_PMD_NULL", "SCAN_PMD_NULL" }, -EINVAL, HS_BASIS_EXACT, false },
		{ "6.12", first + 4096, 4096, { NULL }, -EINVAL, HS_BASIS_EXACT, false },
		{ "7.2", first + 4096, 4096, { NULL }, 0, HS_BASIS_EXACT, false },
		{ "6.12", end_of_mapping - MB2, 2 * MB2, { "SCAN_SUCCEED" }, -ENOMEM, HS_BASIS_EXACT, false },
		{ "6.12", end_of_mapping, MB2, { NULL }, -ENOMEM, HS_BASIS_EXACT, false },
		{ "6.12", first, MB2, { NULL }, -EINVAL, HS_BASIS_EXACT, true },
		{ "6.12", first + 1, MB2, { NULL }, -EINVAL, HS_BASIS_EXACT, false },
		{ "6.12", first, 0, { NULL }, 0, HS_BASIS_EXACT, false },
		{ "6.12", first, UINT64_MAX, { NULL }, -EINVAL, HS_BASIS_EXACT, false },
		/* A huge page of shared memory: who maps it tells nobody. */
		{ "6.12", first, MB2, { "SCAN_PTE_MAPPED_HUGEPAGE" }, 0, HS_BASIS_ASSUMED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_mm_madvise forbid = { .row = { .mm = MM }, .addr = first, .len = MB2, .advice = MADV_NOHUGEPAGE };
		struct hs_mm_madvise call = { .row = { .task = PROGRAM, .mm = MM }, .addr = cases[i].addr,
					      .len = cases[i].len, .ret = cases[i].ret, .advice = MADV_COLLAPSE };
		struct hs_mm_process_madvise other = { .row = { .task = PROGRAM, .mm = MM }, .advice = MADV_COLLAPSE };
		struct hs_fault_user write = { .row = { .mm = MM }, .address = first, .error_code = 6 };
		const char *modelled = cases[i].ret ? strerrorname_np(-cases[i].ret) : "OK";
		struct replay replay;

		begin(&replay, cases[i].variant, "511");
		feed(&replay, HS_KIND_fault_user, &write);
		if (cases[i].is_forbidden)
			feed(&replay, HS_KIND_mm_madvise, &forbid);
		for (int at = 0; at < 2 && cases[i].ranges[at]; at++)
			scan(&replay, PROGRAM, first + (uint64_t)at * MB2, 0, 512,
			     (struct hs_bytes){ cases[i].ranges[at], (uint32_t)strlen(cases[i].ranges[at]) });
		feed(&replay, HS_KIND_mm_madvise, &call);
		expect(&replay.told[replay.nr - 1], HS_VERDICT_AGREE, modelled, cases[i].basis);
		/* The next call begins from nothing; so it does where another process was advised meanwhile. */
		scan(&replay, PROGRAM, first, 0, 512, BYTES("SCAN_PAGE_COUNT"));
		feed(&replay, HS_KIND_mm_process_madvise, &other);
		call.addr = first + 3 * MB2;
		call.len = 0;
		call.ret = 0;
		feed(&replay, HS_KIND_mm_madvise, &call);
		expect(&replay.told[replay.nr - 1], HS_VERDICT_AGREE, "OK", HS_BASIS_EXACT);
		end(&replay);
	}
}

/* A call part of which was not recorded: not asked about, or not known. */
static void test_madvise_call_in_part(void **state)
{
	struct hs_mm_madvise call = { .row = { .task = PROGRAM, .mm = MM }, .addr = 64ull * MB2, .len = MB2,
				      .ret = -EAGAIN, .duration = 1 << 30, .advice = 25 };
	struct hs_meta_lost lost = { .row = { 0 }, .source = TEXT("collapse"), .count = 1 };
	struct replay replay;

	(void)state;
	begin(&replay, "6.12", "511");
	replay.now = 1 << 20;
	feed(&replay, HS_KIND_mm_madvise, &call);
	assert_int_equal(replay.nr, 0);
	feed(&replay, HS_KIND_meta_lost, &lost);
	call.duration = 1500;
	feed(&replay, HS_KIND_mm_madvise, &call);
	assert_int_equal(replay.told[replay.nr - 1].verdict, HS_VERDICT_UNKNOWN);
	end(&replay);
}

/* A program that is called khugepaged, as the kernel's self-test is, and asks by madvise: no references needed. */
static void test_namesake(void **state)
{
	struct hs_meta_task namesake = { .row = { .task = PROGRAM }, .comm = TEXT("khugepaged") };
	struct hs_collapse_isolate row = { .row = { .task = PROGRAM, .mm = MM }, .address = 64ull * MB2,
					   .address_basis = 2, .writable = 255, .status = BYTES("succeeded"), .order = 9,
					   .origin = HS_COLLAPSE_BY_MADVISE };
	struct replay replay;

	(void)state;
	begin(&replay, "6.18", "511");
	feed(&replay, HS_KIND_meta_task, &namesake);
	feed(&replay, HS_KIND_collapse_isolate, &row);
	expect(&replay.told[replay.nr - 1], HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	attempt(&replay, PROGRAM, 64ull * MB2, BYTES("succeeded"));
	expect(&replay.told[replay.nr - 1], HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	expect(scan(&replay, PROGRAM, 64ull * MB2, 0, 0, BYTES("succeeded")), HS_VERDICT_AGREE, "SCAN_SUCCEED",
	       HS_BASIS_EXACT);
	/* Where the isolate step does not say so, scans of the same task do. */
	isolate(&replay, PROGRAM, 65ull * MB2, 0, 0, BYTES("succeeded"));
	expect(&replay.told[replay.nr - 1], HS_VERDICT_AGREE, "SCAN_SUCCEED", HS_BASIS_EXACT);
	end(&replay);
}

/* A limit is written while a range is scanned: which one the kernel saw is not known. Behind it, it is. */
static void test_setting_changes(void **state)
{
	struct hs_meta_tunable change = { .name = TEXT("transparent_hugepage/khugepaged/max_ptes_none"),
					  .value = TEXT("64") };
	struct hs_run run = { .kind = HS_KIND_meta_tunable, .nr = 1, .rows = &change };
	struct replay replay;

	(void)state;
	begin(&replay, "6.18", "511");
	/* Known beforehand, as where a file is read twice: the write ends behind the event of the scan. */
	change.since = replay.now + 500;
	change.row.time = replay.now + 2000;
	hs_engine_foresee(replay.engine, &run);
	expect(scan(&replay, DAEMON, 64ull * MB2, 65, 30, BYTES("exceed_none_pte")), HS_VERDICT_DISAGREE,
	       "SCAN_SUCCEED", HS_BASIS_ASSUMED);
	feed(&replay, HS_KIND_meta_tunable, &change);
	replay.now++;
	expect(scan(&replay, DAEMON, 65ull * MB2, 65, 30, BYTES("exceed_none_pte")), HS_VERDICT_AGREE,
	       "SCAN_EXCEED_NONE_PTE", HS_BASIS_EXACT);
	end(&replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collapse), cmocka_unit_test(test_other_limit), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_raced), cmocka_unit_test(test_interleaved), cmocka_unit_test(test_lost_end),
		cmocka_unit_test(test_inferred_address), cmocka_unit_test(test_page_table),
		cmocka_unit_test(test_pmd_changes), cmocka_unit_test(test_revalidation),
		cmocka_unit_test(test_madvise_call), cmocka_unit_test(test_madvise_call_in_part), cmocka_unit_test(test_namesake),
		cmocka_unit_test(test_setting_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
