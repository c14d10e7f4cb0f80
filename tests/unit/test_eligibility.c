// SPDX-License-Identifier: GPL-2.0-only
/* Which mappings may have huge pages: each test by itself, for the daemon, MADV_COLLAPSE and faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/collapse_bench.h"

#define ALL(refusal) { HS_THP_##refusal, HS_THP_##refusal, HS_THP_##refusal, HS_THP_##refusal }
#define EACH(a, b, c, d) { HS_THP_##a, HS_THP_##b, HS_THP_##c, HS_THP_##d }

struct mapping {
	const char *what;
	uint32_t flags;			/* other than of written anonymous memory */
	unsigned int mm_state;
	enum hs_thp_mode mode;
	uint64_t pages;			/* 0: one range */
	unsigned int offset;		/* of the file, beyond where the range would be aligned */
	int daemon[4], madvise[4], fault[4];	/* 6.1, 6.12, 6.18, 7.2 */
};

enum { FILES = HS_THP_VMA_OPS | HS_THP_VMA_FILE };

static const struct mapping mappings[] = {
	{ "plain", .daemon = ALL(ALLOWED), .madvise = ALL(ALLOWED), .fault = ALL(ALLOWED) },
	{ "never", .mode = HS_THP_NEVER, .daemon = ALL(REFUSED_MODE), .madvise = ALL(ALLOWED),
	  .fault = ALL(REFUSED_MODE) },
	{ "not asked for", .mode = HS_THP_MADVISE, .daemon = ALL(REFUSED_MODE), .madvise = ALL(ALLOWED),
	  .fault = ALL(REFUSED_MODE) },
	{ "asked for", HS_THP_VMA_HUGEPAGE, .mode = HS_THP_MADVISE, .daemon = ALL(ALLOWED), .madvise = ALL(ALLOWED),
	  .fault = ALL(ALLOWED) },
	{ "vdso", HS_THP_VMA_NO_MM, .daemon = ALL(REFUSED_NO_MM), .madvise = ALL(REFUSED_NO_MM),
	  .fault = ALL(REFUSED_NO_MM) },
	{ "MADV_NOHUGEPAGE", HS_THP_VMA_NOHUGEPAGE, .daemon = ALL(REFUSED_DISABLED), .madvise = ALL(REFUSED_DISABLED),
	  .fault = ALL(REFUSED_DISABLED) },
	{ "prctl", .mm_state = HS_THP_MM_DISABLED, .daemon = ALL(REFUSED_DISABLED), .madvise = ALL(REFUSED_DISABLED),
	  .fault = ALL(REFUSED_DISABLED) },
	{ "prctl, not advised", .mm_state = HS_THP_MM_EXCEPT_ADVISED, .daemon = ALL(REFUSED_DISABLED),
	  .madvise = EACH(REFUSED_DISABLED, REFUSED_DISABLED, ALLOWED, ALLOWED), .fault = ALL(REFUSED_DISABLED) },
	{ "prctl, advised", HS_THP_VMA_HUGEPAGE, .mm_state = HS_THP_MM_EXCEPT_ADVISED,
	  .daemon = EACH(REFUSED_DISABLED, REFUSED_DISABLED, ALLOWED, ALLOWED),
	  .madvise = EACH(REFUSED_DISABLED, REFUSED_DISABLED, ALLOWED, ALLOWED),
	  .fault = EACH(REFUSED_DISABLED, REFUSED_DISABLED, ALLOWED, ALLOWED) },
	{ "DAX", HS_THP_VMA_DAX | HS_THP_VMA_SPECIAL, .daemon = ALL(REFUSED_DAX), .madvise = ALL(REFUSED_DAX),
	  .fault = ALL(ALLOWED) },
	{ "special", HS_THP_VMA_SPECIAL, .daemon = ALL(REFUSED_SPECIAL), .madvise = ALL(REFUSED_SPECIAL),
	  .fault = EACH(REFUSED_SPECIAL, ALLOWED, ALLOWED, ALLOWED) },
	{ "small", .pages = 511, .daemon = ALL(REFUSED_NO_RANGE), .madvise = ALL(REFUSED_NO_RANGE),
	  .fault = ALL(ALLOWED) },
	{ "small stack of exec", HS_THP_VMA_TEMP_STACK, .pages = 511, .daemon = ALL(REFUSED_NO_RANGE),
	  .madvise = ALL(REFUSED_NO_RANGE), .fault = ALL(REFUSED_TEMP_STACK) },
	{ "stack of exec", HS_THP_VMA_TEMP_STACK | HS_THP_VMA_ANON_VMA, .daemon = ALL(REFUSED_TEMP_STACK),
	  .madvise = ALL(REFUSED_TEMP_STACK), .fault = ALL(REFUSED_TEMP_STACK) },
	{ "not written", HS_THP_VMA_ANON_VMA, .daemon = ALL(REFUSED_NO_ANON_VMA), .madvise = ALL(REFUSED_NO_ANON_VMA),
	  .fault = ALL(ALLOWED) },
	{ "shmem", FILES | HS_THP_VMA_SHMEM, .daemon = ALL(REFUSED_SHMEM), .madvise = ALL(ALLOWED),
	  .fault = ALL(REFUSED_FILE) },
	{ "shmem with huge pages", FILES | HS_THP_VMA_SHMEM | HS_THP_VMA_SHMEM_OK, .mode = HS_THP_NEVER,
	  .daemon = ALL(ALLOWED), .madvise = ALL(ALLOWED), .fault = ALL(REFUSED_MODE) },
	{ "shmem at an odd offset", FILES | HS_THP_VMA_SHMEM | HS_THP_VMA_SHMEM_OK, .offset = 1,
	  .daemon = ALL(REFUSED_NO_RANGE), .madvise = ALL(REFUSED_NO_RANGE), .fault = ALL(REFUSED_FILE) },
	{ "file", FILES | HS_THP_VMA_FILE_OK, .daemon = EACH(REFUSED_FILE, ALLOWED, ALLOWED, ALLOWED),
	  .madvise = EACH(REFUSED_FILE, ALLOWED, ALLOWED, ALLOWED), .fault = ALL(REFUSED_FILE) },
	{ "program", FILES | HS_THP_VMA_FILE_OK | HS_THP_VMA_FILE_EXEC, .daemon = ALL(ALLOWED),
	  .madvise = ALL(ALLOWED), .fault = ALL(REFUSED_FILE) },
	{ "program, never", FILES | HS_THP_VMA_FILE_OK | HS_THP_VMA_FILE_EXEC, .mode = HS_THP_NEVER,
	  .daemon = ALL(REFUSED_MODE), .madvise = ALL(ALLOWED), .fault = ALL(REFUSED_MODE) },
	{ "program that is written to", FILES | HS_THP_VMA_FILE_EXEC, .daemon = ALL(REFUSED_FILE),
	  .madvise = ALL(REFUSED_FILE), .fault = ALL(REFUSED_FILE) },
	{ "file with huge_fault", FILES | HS_THP_VMA_HUGE_FAULT, .daemon = ALL(REFUSED_FILE),
	  .madvise = ALL(REFUSED_FILE), .fault = EACH(REFUSED_FILE, ALLOWED, ALLOWED, ALLOWED) },
};

static void check(const struct mapping *one, enum hs_variant variant)
{
	const struct hs_thp_vma vma = {
		.start = BENCH_BASE, .end = BENCH_BASE + (one->pages ? one->pages : BENCH_NR) * 4096,
		.pgoff = (BENCH_BASE >> 12) + one->offset, .flags = BENCH_ANON ^ one->flags,
	};
	const unsigned int kernel = (unsigned int)variant - HS_VARIANT_6_1;
	const int expected[] = {
		[HS_THP_FOR_DAEMON] = one->daemon[kernel], [HS_THP_FOR_MADVISE] = one->madvise[kernel],
		[HS_THP_FOR_FAULT] = one->fault[kernel],
	};
	struct hs_collapse_tunables tunables;
	struct hs_collapse_rules rules;

	hs_collapse_rules_init(&rules, variant);
	hs_collapse_tunables_init(&tunables, BENCH_NR);
	tunables.enabled = one->mode;
	for (unsigned int purpose = 0; purpose < 3; purpose++) {
		print_message("%s, %s, purpose %u\n", one->what, hs_variant_name(variant), purpose);
		assert_string_equal(hs_thp_refusal_name(hs_thp_vma_allowed(&rules, &tunables, &vma, one->mm_state,
									   (enum hs_thp_purpose)purpose)),
				    hs_thp_refusal_name((enum hs_thp_refusal)expected[purpose]));
	}
}

static void test_mappings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mappings) / sizeof(*mappings); i++)
		for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++)
			check(&mappings[i], (enum hs_variant)variant);
}

static bool is_on(int variant, const struct hs_collapse_tunables *tunables)
{
	struct hs_collapse_rules rules;

	hs_collapse_rules_init(&rules, (enum hs_variant)variant);
	return hs_thp_is_on(&rules, tunables);
}

/* hugepage_pmd_enabled has no word about shared memory in 6.12; shmem_hpage_pmd_enabled came later. */
static void test_shmem_switch(void **state)
{
	static const struct {
		enum hs_thp_shmem mode;
		bool is_on;
	} modes[] = {
		{ HS_THP_SHMEM_NEVER, false }, { HS_THP_SHMEM_DENY, false }, { HS_THP_SHMEM_ADVISE, true },
		{ HS_THP_SHMEM_WITHIN_SIZE, true }, { HS_THP_SHMEM_ALWAYS, true }, { HS_THP_SHMEM_FORCE, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
			struct hs_collapse_tunables tunables;

			hs_collapse_tunables_init(&tunables, BENCH_NR);
			tunables.enabled = HS_THP_NEVER;
			tunables.shmem_enabled = modes[i].mode;
			print_message("mode %zu, %s\n", i, hs_variant_name((enum hs_variant)variant));
			assert_int_equal(is_on(variant, &tunables), modes[i].is_on && variant >= HS_VARIANT_6_18);
		}
	}
}

/* Is any huge page possible at all? Files count from 6.12 on, other sizes from 7.2 on. */
static void test_switch(void **state)
{
	static const struct {
		enum hs_thp_mode daemon, global;
		enum hs_thp_size_mode pmd_size, small_size;
		bool is_on[HS_NR_VARIANTS];
	} switches[] = {
		{ HS_THP_ALWAYS, HS_THP_NEVER, HS_THP_SIZE_INHERIT, HS_THP_SIZE_NEVER, { 1, 0, 0, 0, 0 } },
		{ HS_THP_MADVISE, HS_THP_NEVER, HS_THP_SIZE_INHERIT, HS_THP_SIZE_NEVER, { 1, 0, 0, 0, 0 } },
		{ HS_THP_NEVER, HS_THP_MADVISE, HS_THP_SIZE_INHERIT, HS_THP_SIZE_NEVER, { 0, 1, 1, 1, 1 } },
		{ HS_THP_NEVER, HS_THP_ALWAYS, HS_THP_SIZE_NEVER, HS_THP_SIZE_NEVER, { 0, 1, 1, 1, 1 } },
		{ HS_THP_NEVER, HS_THP_NEVER, HS_THP_SIZE_ALWAYS, HS_THP_SIZE_NEVER, { 0, 0, 1, 1, 1 } },
		{ HS_THP_NEVER, HS_THP_NEVER, HS_THP_SIZE_MADVISE, HS_THP_SIZE_NEVER, { 0, 0, 1, 1, 1 } },
		{ HS_THP_NEVER, HS_THP_NEVER, HS_THP_SIZE_NEVER, HS_THP_SIZE_ALWAYS, { 0, 0, 0, 0, 1 } },
		{ HS_THP_NEVER, HS_THP_NEVER, HS_THP_SIZE_NEVER, HS_THP_SIZE_INHERIT, { 0, 0, 0, 0, 0 } },
		{ HS_THP_NEVER, HS_THP_NEVER, HS_THP_SIZE_NEVER, HS_THP_SIZE_NEVER, { 0, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		for (int variant = 0; variant < HS_NR_VARIANTS; variant++) {
			struct hs_collapse_tunables tunables;

			hs_collapse_tunables_init(&tunables, BENCH_NR);
			tunables.khugepaged_enabled = switches[i].daemon;
			tunables.enabled = switches[i].global;
			tunables.anon_order9 = switches[i].pmd_size;
			tunables.anon_order4 = switches[i].small_size;
			print_message("switch %zu, %s\n", i, hs_variant_name((enum hs_variant)variant));
			assert_int_equal(is_on(variant, &tunables), switches[i].is_on[variant]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mappings), cmocka_unit_test(test_switch),
					    cmocka_unit_test(test_shmem_switch) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
