// SPDX-License-Identifier: GPL-2.0-only
/* Files and shared memory under a policy: what the daemon and MADV_COLLAPSE make of their page cache. */
#include "replay/collapse/cache_memory.h"
#include "tests/unit/whatif_run.h"

enum { SHARED = 0x21, PRIVATE_FILE = 0x02, SHARED_FILE = 0x01, RX = 5, RW = 3, RO = 1 };
enum { READ_FAULT = 4, WRITE_FAULT = 6, OTHER = 3 };
enum { REMOVE = 9, HUGEPAGE = 14, COLLAPSE = 25 };

static void map_as(struct run *run, uint32_t mm, uint64_t bytes, uint32_t prot, uint32_t flags)
{
	struct hs_mm_mmap row = { .ret = (int64_t)base, .len = bytes, .prot = prot, .flags = flags,
				  .fd = flags & 0x20 ? -1 : 3 };

	feed_of(run, mm, HS_KIND_mm_mmap, SECOND, &row);
}

static void fault(struct run *run, uint32_t mm, unsigned int from, unsigned int to, uint32_t code)
{
	for (unsigned int i = from; i < to; i++) {
		struct hs_fault_user row = { .address = base + i * 4096ull, .error_code = code };

		feed_of(run, mm, HS_KIND_fault_user, SECOND, &row);
	}
}

/* A process of its own that inherits what is mapped shared. */
static void fork_other(struct run *run)
{
	struct hs_mm_fork row = { .row = { .time = 0 }, .child_mm = OTHER };

	feed(run, HS_KIND_mm_fork, SECOND, &row);
}

/* mode: of shmem_enabled. The pages are there before MADV_HUGEPAGE, so that no fault gets a huge one. */
static void begin_shmem(struct run *run, const char *mode, const char *max_ptes_none, unsigned int pages)
{
	const char *const settings[][2] = { { "collapse.shmem_enabled", mode },
					    { "collapse.max_ptes_none", max_ptes_none },
					    { "collapse.enabled", "madvise" },
					    { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };

	begin(run, settings);
	map_as(run, MM, MB2, RW, SHARED);
	fault(run, MM, 0, pages, WRITE_FAULT);
}

static void run_shmem(struct run *run, const char *mode, const char *max_ptes_none, unsigned int pages)
{
	begin_shmem(run, mode, max_ptes_none, pages);
	advise(run, SECOND, base, MB2, HUGEPAGE);
}

/* 6.1 judges MADV_HUGEPAGE by the flags from before it, where the mapping's own count: the second call registers. */
static void test_advice_registers(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
	static const char *const settings[][2] = { { "collapse.shmem_enabled", "advise" },
						   { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		begin_on(&run, variants[i], settings);
		map_as(&run, MM, MB2, RW, SHARED);
		fault(&run, MM, 0, 512, WRITE_FAULT);
		advise(&run, SECOND, base, MB2, HUGEPAGE);
		advise(&run, 9 * SECOND, base, MB2, 0);
		assert_int_equal(run.nr_decisions != 0, i > 0);
		advise(&run, 10 * SECOND, base, MB2, HUGEPAGE);
		advise(&run, 19 * SECOND, base, MB2, 0);
		assert_int_not_equal(run.nr_decisions, 0);
		end(&run);
	}
}

/* shmem_enabled is for the kernel's own mount, but for "force": what is mapped of /dev/shm has its mount's huge=. */
static void test_tmpfs_has_its_own_huge(void **state)
{
	static const struct {
		const char *mode;
		struct hs_bytes name;
		bool is_huge;
	} cases[] = {
		{ "always", TEXT("/memfd:heap (deleted)"), true }, { "always", TEXT("/dev/shm/heap"), false },
		{ "advise", TEXT("/dev/shm/heap"), false }, { "within_size", TEXT("/dev/shm/heap"), false },
		{ "force", TEXT("/dev/shm/heap"), true }, { "deny", TEXT("/dev/shm/heap"), false },
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const settings[][2] = { { "collapse.shmem_enabled", cases[i].mode }, { NULL, NULL } };
		struct hs_snap_begin start = { .reason = TEXT("start") };
		struct hs_snap_mm mm = { .total_vm = 512 };
		struct hs_snap_vma vma = { .start = base, .end = base + MB2, .prot = RW, .inode = 1,
					   .vm_flags = HS_VMA_RD | HS_VMA_WR | HS_VMA_SH | HS_VMA_HG,
					   .name = cases[i].name };
		struct hs_snap_end stop = { .reason = TEXT("start") };

		begin(&run, settings);
		feed(&run, HS_KIND_snap_begin, SECOND, &start);
		feed(&run, HS_KIND_snap_mm, SECOND, &mm);
		feed(&run, HS_KIND_snap_vma, SECOND, &vma);
		feed(&run, HS_KIND_snap_end, SECOND, &stop);
		fault(&run, MM, 0, 1, WRITE_FAULT);
		finish(&run, 2 * SECOND);
		assert_true((number(&run, "cache_huge_pages_at_end") > 0) == cases[i].is_huge);
		end(&run);
	}
}

static void test_shmem_is_collapsed(void **state)
{
	struct run run;

	(void)state;
	run_shmem(&run, "advise", "511", 512);
	finish(&run, 1500000000);
	assert_int_equal(run.nr_decisions, 1);
	assert_string_equal(run.last.result, "SCAN_SUCCEED");
	assert_int_equal(run.last.basis, HS_BASIS_ASSUMED);
	assert_int_equal(run.last.cost[2], 512);
	assert_int_equal(number(&run, "cache_huge_pages"), 1);
	assert_int_equal(number(&run, "huge_pages"), 1);
	assert_int_equal(number(&run, "bloat_bytes"), 0);
	end(&run);
}

/* The second look finds the cache huge: mapped by one entry, which counts as collapsed but is none. */
static void test_shmem_is_collapsed_once(void **state)
{
	struct run run;

	(void)state;
	run_shmem(&run, "advise", "511", 512);
	finish(&run, 5 * SECOND);
	assert_true(run.nr_decisions > 1);
	assert_string_equal(run.last.result, "SCAN_PTE_MAPPED_HUGEPAGE");
	assert_int_equal(run.nr_success, 1);
	assert_int_equal(number(&run, "cache_huge_pages"), 1);
	end(&run);
}

static void test_shmem_is_not_asked_for(void **state)
{
	static const char *const modes[] = { "never", "deny" };
	struct run run;

	(void)state;
	for (int i = 0; i < 2; i++) {
		run_shmem(&run, modes[i], "511", 512);
		finish(&run, 5 * SECOND);
		assert_int_equal(run.nr_decisions, 0);
		end(&run);
	}
}

/* Case 112. Holes of shared memory are zero-filled. */
static void shmem_limit(unsigned int pages, bool is_collapsed)
{
	struct run run;

	run_shmem(&run, "advise", "64", pages);
	finish(&run, 1500000000);
	assert_string_equal(run.last.result, is_collapsed ? "SCAN_SUCCEED" : "SCAN_EXCEED_NONE_PTE");
	assert_int_equal(number(&run, "cache_huge_pages"), is_collapsed);
	assert_int_equal(number(&run, "bloat_bytes"), is_collapsed ? (512 - pages) * 4096 : 0);
	end(&run);
}

static void test_shmem_limits(void **state)
{
	(void)state;
	shmem_limit(448, true);
	shmem_limit(447, false);
}

/* What another process has faulted in is cached too, once the daemon has seen it there. */
static void test_shmem_is_shared(void **state)
{
	struct run run;

	(void)state;
	run_shmem(&run, "advise", "64", 447);
	fork_other(&run);
	fault(&run, OTHER, 447, 448, WRITE_FAULT);
	finish(&run, 10 * SECOND);
	assert_int_equal(run.nr_success, 1);
	assert_int_equal(number(&run, "cache_huge_pages"), 1);
	assert_int_equal(number(&run, "bloat_bytes"), 64 * 4096);
	end(&run);
}

/* A fault into an empty object where shmem_enabled allows it; the daemon finds the page there. */
static void test_shmem_fault(void **state)
{
	static const char *const settings[][2] = { { "collapse.shmem_enabled", "always" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	(void)state;
	begin(&run, settings);
	map_as(&run, MM, MB2, RW, SHARED);
	fault(&run, MM, 0, 16, WRITE_FAULT);
	finish(&run, 5 * SECOND);
	assert_int_equal(number(&run, "cache_fault_huge_pages"), 1);
	assert_int_equal(number(&run, "cache_huge_pages"), 0);
	assert_string_equal(run.last.result, "SCAN_PTE_MAPPED_HUGEPAGE");
	assert_int_equal(run.nr_success, 0);
	end(&run);
}

/* MADV_REMOVE of one page: the huge page is gone, the other pages stay, and are collapsed again. */
static void test_removed_page(void **state)
{
	struct run run;

	(void)state;
	run_shmem(&run, "advise", "511", 512);
	advise(&run, 3 * SECOND, base + 7 * 4096, 4096, REMOVE);
	finish(&run, 6 * SECOND);
	assert_int_equal(number(&run, "cache_huge_pages"), 2);
	assert_int_equal(number(&run, "bloat_bytes"), 4096);
	assert_int_equal(number(&run, "cache_huge_pages_at_end"), 1);
	/* From the first second to the sixth, less the time until it was found again. */
	assert_true(number(&run, "cache_huge_page_seconds") > 3.9 && number(&run, "cache_huge_page_seconds") < 5);
	end(&run);
}

/* Case 80: three ranges, one a visit: three passes of the smallest budget. */
static void test_one_range_a_visit(void **state)
{
	static const char *const settings[][2] = { { "collapse.shmem_enabled", "advise" },
						   { "collapse.pages_to_scan", "1" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	(void)state;
	begin(&run, settings);
	map_as(&run, MM, 3ull * MB2, RW, SHARED);
	fault(&run, MM, 0, 3 * 512, WRITE_FAULT);
	advise(&run, SECOND, base, 3ull * MB2, HUGEPAGE);
	finish(&run, 2500000000);
	assert_int_equal(run.nr_decisions, 2);
	end(&run);
}

/* Without a page there is nothing to collapse: the range counts as truncated (collapse_file). */
static void madvise_of(unsigned int pages, const char *result)
{
	static const char *const settings[][2] = { { "collapse.enabled", "never" }, { NULL, NULL } };
	struct run run;

	begin(&run, settings);
	map_as(&run, MM, MB2, RW, SHARED);
	fault(&run, MM, 0, pages, WRITE_FAULT);
	advise(&run, 2 * SECOND, base, MB2, COLLAPSE);
	finish(&run, 3 * SECOND);
	assert_int_equal(run.nr_decisions, 1);
	assert_string_equal(run.last.result, result);
	assert_string_equal(run.last.reason, "MADV_COLLAPSE");
	assert_int_equal(number(&run, "bloat_bytes"), pages ? (512 - pages) * 4096 : 0);
	end(&run);
}

static void test_madvise(void **state)
{
	(void)state;
	madvise_of(0, "SCAN_TRUNCATED");
	madvise_of(1, "SCAN_SUCCEED");
}

/* A file of 512 pages of which 500 were mapped, as the daemon of a kernel sees it. */
static void file(const char *variant, uint32_t prot, uint32_t flags, bool is_collapsed)
{
	static const char *const settings[][2] = { { "collapse.enabled", "always" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct run run;

	begin_on(&run, variant, settings);
	map_as(&run, MM, MB2, prot, flags);
	fault(&run, MM, 0, 500, READ_FAULT);
	finish(&run, 12 * SECOND);
	assert_int_equal(number(&run, "cache_huge_pages"), is_collapsed);
	assert_int_equal(number(&run, "cache_bytes_read"), is_collapsed ? 12 * 4096 : 0);
	assert_int_equal(number(&run, "bloat_bytes"), 0);
	if (!is_collapsed)
		assert_int_equal(run.nr_decisions, 0);
	end(&run);
}

/* Row 9 of the list of eligible mappings: 6.1 asks for an executable one; none may be open for writing. */
static void test_files(void **state)
{
	(void)state;
	file("6.1", RX, PRIVATE_FILE, true);
	file("6.1", RO, PRIVATE_FILE, false);
	file("6.12", RX, PRIVATE_FILE, true);
	file("6.12", RO, PRIVATE_FILE, true);
	file("6.18", RX, PRIVATE_FILE, true);
	file("6.12", RW, SHARED_FILE, false);
	file("v2010", RX, PRIVATE_FILE, false);
}

static void bits(struct hs_bytes *bytes, struct hs_bitmap512 *map, unsigned int from, unsigned int to)
{
	*map = (struct hs_bitmap512){ { 0 } };
	hs_bitmap512_set_in(map, from, to);
	*bytes = (struct hs_bytes){ (const char *)map, sizeof(*map) };
}

/* What a recorded scan read of the cache: pages that nobody maps here, some of them pinned or swapped out. */
static void recorded(unsigned int pinned, unsigned int swapped, const char *result)
{
	struct hs_collapse_cache cache = { .address = base, .is_khugepaged = 1, .is_shmem = 1, .is_whole = 1,
					   .huge = UINT16_MAX };
	struct hs_bitmap512 maps[3];
	struct run run;

	begin_shmem(&run, "advise", "64", 1);
	bits(&cache.present, &maps[0], 0, 512 - swapped);
	bits(&cache.pinned, &maps[1], 100, 100 + pinned);
	bits(&cache.swap, &maps[2], 512 - swapped, 512);
	feed(&run, HS_KIND_collapse_cache, SECOND, &cache);
	advise(&run, SECOND, base, MB2, HUGEPAGE);
	finish(&run, 1500000000);
	assert_string_equal(run.last.result, result);
	end(&run);
}

static void test_recorded_caches(void **state)
{
	(void)state;
	recorded(0, 0, "SCAN_SUCCEED");
	recorded(1, 0, "SCAN_PAGE_COUNT");
	recorded(0, 64, "SCAN_SUCCEED");
	recorded(0, 65, "SCAN_EXCEED_SWAP_PTE");
}

/* Where memory is short the daemon backs off, and the cache stays as it is. */
static void test_no_memory(void **state)
{
	struct hs_collapse_huge_page failed = { .status = TEXT("SCAN_ALLOC_HUGE_PAGE_FAIL"), .order = 9 };
	struct run run;

	(void)state;
	begin_shmem(&run, "advise", "511", 512);
	feed(&run, HS_KIND_collapse_huge_page, SECOND, &failed);
	advise(&run, SECOND, base, MB2, HUGEPAGE);
	finish(&run, 1500000000);
	assert_string_equal(run.last.result, "SCAN_ALLOC_HUGE_PAGE_FAIL");
	assert_int_equal(number(&run, "cache_huge_pages"), 0);
	assert_true(number(&run, "alloc_failures") > 0);
	end(&run);
}

/* Behind the end of an object there is nothing: that much is sure. */
static void test_basis(void **state)
{
	static const char *const settings[][2] = { { "collapse.shmem_enabled", "advise" },
						   { "collapse.max_ptes_none", "0" }, { "collapse.enabled", "madvise" },
						   { "collapse.scan_sleep_millisecs", "1000" }, { NULL, NULL } };
	struct hs_mm_mremap grown = { .addr = base, .old_len = MB2, .new_len = 2ull * MB2, .ret = (int64_t)base };
	struct run run;

	(void)state;
	begin(&run, settings);
	map_as(&run, MM, MB2, RW, SHARED);
	feed(&run, HS_KIND_mm_mremap, SECOND, &grown);
	fault(&run, MM, 0, 512, WRITE_FAULT);
	advise(&run, SECOND, base, 2ull * MB2, HUGEPAGE);
	finish(&run, 1500000000);
	assert_int_equal(run.nr_decisions, 2);
	assert_string_equal(run.last.result, "SCAN_EXCEED_NONE_PTE");
	assert_int_equal(run.last.basis, HS_BASIS_BOUNDED);
	end(&run);
}

/* The memory alone: objects and ranges apart, holes, words by time. */
static void test_memory(void **state)
{
	struct hs_cache_memory memory = { .ranges = { 0 } };
	struct hs_collapse_cache word = { .address = base, .index = 512, .is_whole = 1, .huge = UINT16_MAX };
	struct hs_cached_range *range;
	struct hs_bitmap512 map;
	bool is_new;

	(void)state;
	range = hs_cache_memory_get(&memory, 7, 1023, &is_new);
	assert_true(range && is_new);
	hs_cached_range_make_huge(range, 0);
	assert_int_equal(hs_cache_memory_count_huge(&memory), 1);
	assert_int_equal(hs_cache_memory_huge_ns(&memory, SECOND), SECOND);
	assert_true(hs_cache_memory_get(&memory, 7, 1024, &is_new) && is_new);
	assert_true(hs_cache_memory_get(&memory, 8, 512, &is_new) && is_new);
	assert_true(hs_cache_memory_get(&memory, 7, 512, &is_new)->is_huge && !is_new);
	hs_cache_memory_punch(&memory, SECOND, 7, 1000, 30);
	assert_int_equal(hs_cache_memory_count_huge(&memory), 0);
	assert_int_equal(hs_cache_memory_huge_ns(&memory, 9 * SECOND), SECOND);
	range = hs_cache_memory_get(&memory, 7, 512, &is_new);
	assert_true(!range->is_huge && hs_bitmap512_count(&range->seen) == 488);
	word.row.mm = MM;
	for (unsigned int i = 1; i <= 3; i++) {
		word.row.time = i * SECOND;
		bits(&word.present, &map, 0, i);
		assert_int_equal(hs_cache_memory_note(&memory, &word), 0);
	}
	assert_null(hs_cache_memory_word(&memory, SECOND, MM, base, 0));
	assert_null(hs_cache_memory_word(&memory, SECOND, OTHER, base, 512));
	assert_int_equal(hs_bitmap512_count(&hs_cache_memory_word(&memory, 0, MM, base, 512)->present), 1);
	assert_int_equal(hs_bitmap512_count(&hs_cache_memory_word(&memory, 2 * SECOND, MM, base, 512)->present), 2);
	assert_int_equal(hs_bitmap512_count(&hs_cache_memory_word(&memory, 9 * SECOND, MM, base, 512)->present), 3);
	hs_cache_memory_deinit(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_advice_registers), cmocka_unit_test(test_tmpfs_has_its_own_huge),
		cmocka_unit_test(test_shmem_is_collapsed), cmocka_unit_test(test_shmem_is_collapsed_once),
		cmocka_unit_test(test_shmem_is_not_asked_for), cmocka_unit_test(test_shmem_limits),
		cmocka_unit_test(test_shmem_is_shared), cmocka_unit_test(test_shmem_fault),
		cmocka_unit_test(test_removed_page), cmocka_unit_test(test_one_range_a_visit),
		cmocka_unit_test(test_madvise), cmocka_unit_test(test_files),
		cmocka_unit_test(test_recorded_caches), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_basis), cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
