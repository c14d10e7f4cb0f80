/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COLLAPSE_BENCH_H
#define COLLAPSE_BENCH_H
/*
 * A small machine for the collapse rules: one address space with a few mappings and ranges of 512 pages,
 * drawn as text, e.g. "P448 N64", and accidents that happen while locks are dropped.
 *
 *   P ordinary: present, writable, young, anonymous   N empty   Z zero page   S swapped out
 *   R read-only and young   O neither young nor referenced   F as O, but its folio is referenced
 *   c pinned   d in the swap cache   u off the LRU   l locked   h shared with another process
 *   z lazily freed, clean   y lazily freed, dirty   w userfaultfd write-protected   m userfaultfd marker
 *   q swap entry with the userfaultfd bit   e swap entry that cannot be read   k swap entry, page locked
 *   p poisoned   o page of a folio of order 4   n not anonymous   H, s first and further pages of a folio of 2 MiB
 */
#include <stdlib.h>
#include <string.h>

#include "replay/collapse/khugepaged.h"

enum { BENCH_NR = 512, BENCH_RANGES = 32, BENCH_VMAS = 1100, BENCH_MMS = 4 };
#define BENCH_RANGE_BYTES ((uint64_t)BENCH_NR << HS_COLLAPSE_PAGE_SHIFT)
/* Where bench_set_range() puts range number i, in a mapping that begins there. */
#define BENCH_BASE (64 * BENCH_RANGE_BYTES)

struct bench_range {
	enum hs_pmd_state pmd;
	struct hs_pte_map ptes;
	uint8_t folio_order[BENCH_NR];
};

struct bench_mm {
	unsigned int state;			/* enum hs_thp_mm_state */
	struct hs_thp_vma vmas[BENCH_VMAS];
	unsigned int nr_vmas;
	struct bench_range ranges[BENCH_RANGES];	/* from BENCH_BASE on */
};

struct bench {
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct bench_mm mms[BENCH_MMS];		/* ids 1 … */
	struct hs_pte_nodes nodes;
	bool has_nodes;
	/* Accidents. */
	unsigned int alloc_fails;		/* so many allocations fail */
	unsigned int alloc_fails_order;		/* this order always fails; 0: none */
	bool charge_fails, lock_fails, write_lock_fails;
	void (*unlocked)(struct bench *bench);	/* while no lock is held in an attempt */
	void (*write_locked)(struct bench *bench);	/* the same, just before the write lock is had */
	void (*detached)(struct bench *bench);
	void (*at_range)(struct bench *bench);	/* before each range of a visit */
	enum hs_collapse_result file_result;
	/* What happened. */
	unsigned int nr_attempts, nr_allocations, nr_isolates, nr_successes, nr_detached, nr_swapped_in;
	unsigned int nr_collapsed_pages, nr_zeroed, nr_file_scans, nr_cached_maps, nr_swapins;
	unsigned int nr_scans, nr_freed_slots, nr_skipped, nr_late_scans;	/* late: behind an attempt */
	unsigned int nr_alloc_sleeps, nr_freed_pages;	/* sleeps: of the pass */
	unsigned int scans[BENCH_MMS][BENCH_RANGES];	/* of each range */
	enum hs_collapse_result attempt_results[600];
	struct hs_candidate candidates[600];	/* of the attempts */
};

static inline unsigned int bench_mm_state(void *world, uint32_t mm)
{
	return ((struct bench *)world)->mms[mm - 1].state;
}

static inline bool bench_find_vma(void *world, uint32_t mm, uint64_t address, struct hs_thp_vma *found)
{
	struct bench_mm *space = &((struct bench *)world)->mms[mm - 1];

	for (unsigned int i = 0; i < space->nr_vmas; i++) {
		if (space->vmas[i].end > address) {
			*found = space->vmas[i];
			return true;
		}
	}
	return false;
}

static inline struct bench_range *bench_range(struct bench *bench, uint32_t mm, uint64_t address)
{
	uint64_t i = (address - BENCH_BASE) / BENCH_RANGE_BYTES;

	return address >= BENCH_BASE && i < BENCH_RANGES ? &bench->mms[mm - 1].ranges[i] : NULL;
}

static inline void bench_read_range(void *world, uint32_t mm, uint64_t address, struct hs_thp_range *range)
{
	struct bench *bench = world;
	struct bench_range *found = bench_range(bench, mm, address);

	*range = (struct hs_thp_range){ .pmd = found ? found->pmd : HS_PMD_NONE };
	if (range->pmd != HS_PMD_TABLE)
		return;
	range->ptes = &found->ptes;
	range->folio_order = found->folio_order;
	range->nodes = bench->has_nodes ? &bench->nodes : NULL;
}

static inline bool bench_allocate(void *world, unsigned int order, bool may_wait)
{
	struct bench *bench = world;

	(void)may_wait;
	bench->nr_allocations++;
	if (bench->alloc_fails_order && order == bench->alloc_fails_order)
		return false;
	if (!bench->alloc_fails)
		return true;
	bench->alloc_fails--;
	return false;
}

static inline bool bench_charge(void *world, uint32_t mm)
{
	(void)mm;
	return !((struct bench *)world)->charge_fails;
}

static inline bool bench_lock(void *world, uint32_t mm, enum hs_thp_lock lock)
{
	struct bench *bench = world;

	(void)mm;
	if (lock == HS_THP_WRITE_LOCK && bench->write_locked)
		bench->write_locked(bench);
	return !(lock == HS_THP_READ_LOCK && bench->lock_fails) &&
	       !(lock == HS_THP_TRY_WRITE_LOCK && bench->write_lock_fails);
}

static inline void bench_swapped_in(void *world, uint32_t mm, uint64_t address, unsigned int from, unsigned int to)
{
	struct bench *bench = world;
	struct bench_range *range = bench_range(bench, mm, address);
	unsigned int nr = hs_bitmap512_count_in(&range->ptes.plane[HS_PTE_SWAP], from, to);

	bench->nr_swapped_in += nr;
	hs_bitmap512_clear_in(&range->ptes.plane[HS_PTE_SWAP], from, to);
}

static inline void bench_collapsed(void *world, const struct hs_thp_collapsed *done)
{
	struct bench *bench = world;
	struct bench_range *range = bench_range(bench, done->mm, done->address & ~(BENCH_RANGE_BYTES - 1));
	unsigned int from = (unsigned int)(done->address / 4096) % BENCH_NR, to = from + (1u << done->order);

	bench->nr_collapsed_pages += 1u << done->order;
	bench->nr_zeroed += done->zeroed;
	if (done->order == 9) {
		range->pmd = HS_PMD_HUGE;
		return;
	}
	for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++)
		hs_bitmap512_clear_in(&range->ptes.plane[plane], from, to);
	hs_bitmap512_set_in(&range->ptes.plane[HS_PTE_YOUNG], from, to);
	memset(range->folio_order + from, (int)done->order, to - from);
}

static inline void bench_at(void *world, enum hs_thp_point point)
{
	struct bench *bench = world;

	if (point == HS_THP_AT_UNLOCKED && bench->unlocked)
		bench->unlocked(bench);
	if (point == HS_THP_AT_DETACHED && bench->detached)
		bench->detached(bench);
	if (point == HS_THP_AT_RANGE && bench->at_range)
		bench->at_range(bench);
}

static inline void bench_scanned(void *world, uint32_t mm, uint64_t address, const struct hs_scan_outcome *outcome)
{
	struct bench *bench = world;
	const struct bench_range *range = bench_range(bench, mm, address);

	(void)outcome;
	bench->nr_scans++;
	bench->nr_late_scans += bench->nr_attempts != 0;
	if (range)
		bench->scans[mm - 1][range - bench->mms[mm - 1].ranges]++;
}

static inline void bench_slot_freed(void *world, uint32_t mm)
{
	(void)mm;
	((struct bench *)world)->nr_freed_slots++;
}

static inline void bench_attempted(void *world, const struct hs_attempt_request *request,
			    const struct hs_attempt_outcome *outcome)
{
	struct bench *bench = world;

	bench->candidates[bench->nr_attempts] = (struct hs_candidate){ request->from, request->order };
	bench->attempt_results[bench->nr_attempts++] = outcome->result;
	bench->nr_isolates += outcome->has_isolate;
	bench->nr_detached += outcome->is_detached;
	bench->nr_swapins += outcome->has_swapin;
	bench->nr_successes += outcome->result == HS_SCAN_SUCCEED;
}

static inline enum hs_collapse_result bench_scan_file(void *world, uint32_t mm, uint64_t address,
						      bool is_khugepaged)
{
	struct bench *bench = world;

	(void)mm;
	(void)address;
	(void)is_khugepaged;
	bench->nr_file_scans++;
	return bench->file_result;
}

static inline enum hs_collapse_result bench_map_cached(void *world, uint32_t mm, uint64_t address)
{
	(void)mm;
	(void)address;
	((struct bench *)world)->nr_cached_maps++;
	return HS_SCAN_SUCCEED;
}

static inline void bench_record(void *world, const struct hs_khugepaged_record *record)
{
	struct bench *bench = world;

	bench->nr_skipped += record->event == HS_KHUGEPAGED_VMA;
	bench->nr_freed_pages += record->event == HS_KHUGEPAGED_FREE_PAGE;
	if (record->event == HS_KHUGEPAGED_PASS_END)
		bench->nr_alloc_sleeps = 0;
	bench->nr_alloc_sleeps += record->event == HS_KHUGEPAGED_SLEEP && strcmp(record->reason, "alloc") == 0;
}

static const struct hs_khugepaged_ops bench_ops = {
	.base = { .mm_state = bench_mm_state, .find_vma = bench_find_vma, .read_range = bench_read_range,
		  .allocate = bench_allocate, .charge = bench_charge, .lock = bench_lock,
		  .swapped_in = bench_swapped_in, .collapsed = bench_collapsed, .at = bench_at,
		  .scanned = bench_scanned, .attempted = bench_attempted, .scan_file = bench_scan_file,
		  .map_cached = bench_map_cached },
	.slot_freed = bench_slot_freed, .record = bench_record,
};

static inline uint32_t bench_planes(char letter)
{
#define BIT(name) (1u << HS_PTE_##name)
	const uint32_t shared = BIT(SHARED_PAGE) | BIT(SHARED_LIKELY) | BIT(SHARED_MAYBE);

	switch (letter) {
	case 'N': return BIT(NONE);
	case 'Z': return BIT(ZERO) | BIT(YOUNG) | BIT(READ_ONLY) | BIT(NO_PAGE);
	case 'S': return BIT(SWAP);
	case 'R': return BIT(YOUNG) | BIT(READ_ONLY);
	case 'O': return 0;
	case 'F': return BIT(FOLIO_YOUNG);
	case 'c': return BIT(YOUNG) | BIT(EXTRA_REF);
	case 'd': return BIT(YOUNG) | BIT(SWAP_CACHE);
	case 'u': return BIT(YOUNG) | BIT(OFF_LRU);
	case 'l': return BIT(YOUNG) | BIT(LOCKED);
	case 'h': return BIT(YOUNG) | shared;
	case 'z': return BIT(YOUNG) | BIT(LAZYFREE);
	case 'y': return BIT(YOUNG) | BIT(LAZYFREE) | BIT(DIRTY);
	case 'w': return BIT(YOUNG) | BIT(UFFD_WP);
	case 'm': return BIT(SWAP) | BIT(UFFD_MARKER) | BIT(SWAP_ERROR);
	case 'q': return BIT(SWAP) | BIT(UFFD_WP);
	case 'e': return BIT(SWAP) | BIT(SWAP_ERROR);
	case 'k': return BIT(SWAP) | BIT(SWAP_LOCKED);
	case 'p': return BIT(YOUNG) | BIT(POISONED);
	case 'n': return BIT(YOUNG) | BIT(NOT_ANON);
	case 'H': return BIT(YOUNG) | BIT(LARGE) | BIT(COMPOUND);
	case 's': return BIT(YOUNG) | BIT(LARGE) | BIT(COMPOUND) | BIT(SAME_FOLIO);
	default: return BIT(YOUNG);
	}
#undef BIT
}

static inline uint8_t bench_folio_order(char letter)
{
	return letter == 'o' ? 4 : letter == 'H' || letter == 's' ? 9 : 0;
}

/* Draws range number `number` of an mm: "P448 N64"; what is not drawn is empty. */
static inline void bench_set_range(struct bench *bench, uint32_t mm, unsigned int number, const char *text)
{
	struct bench_range *range = &bench->mms[mm - 1].ranges[number];
	unsigned int at = 0;

	memset(range, 0, sizeof(*range));
	while (at < BENCH_NR) {
		char letter = *text ? *text++ : 'N', *end = (char *)text;
		unsigned long count = *text ? strtoul(text, &end, 10) : BENCH_NR - at;
		uint32_t planes = bench_planes(letter);

		for (; count-- && at < BENCH_NR; at++) {
			for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++)
				if (planes & 1u << plane)
					hs_bitmap512_set(&range->ptes.plane[plane], at);
			range->folio_order[at] = bench_folio_order(letter);
		}
		text = end + strspn(end, " ");
	}
}

static inline void bench_set_pmd(struct bench *bench, uint32_t mm, unsigned int number, enum hs_pmd_state pmd)
{
	bench->mms[mm - 1].ranges[number].pmd = pmd;
}

static inline void bench_add_vma(struct bench *bench, uint32_t mm, uint64_t start, uint64_t end, uint32_t flags)
{
	struct bench_mm *space = &bench->mms[mm - 1];

	space->vmas[space->nr_vmas++] = (struct hs_thp_vma){ .start = start, .end = end, .flags = flags };
}

enum { BENCH_ANON = HS_THP_VMA_ANON_VMA | HS_THP_VMA_WRITE };

/* An mm 1 with one anonymous mapping of so many ranges without page tables. */
static inline void bench_init(struct bench *bench, enum hs_variant variant, unsigned int nr_ranges)
{
	memset(bench, 0, sizeof(*bench));
	hs_collapse_rules_init(&bench->rules, variant);
	hs_collapse_tunables_init(&bench->tunables, BENCH_NR);
	for (unsigned int mm = 0; mm < BENCH_MMS; mm++)
		for (unsigned int i = 0; i < BENCH_RANGES; i++)
			bench->mms[mm].ranges[i].pmd = HS_PMD_NONE;
	if (nr_ranges)
		bench_add_vma(bench, 1, BENCH_BASE, BENCH_BASE + nr_ranges * BENCH_RANGE_BYTES, BENCH_ANON);
}

static inline void bench_scan(struct bench *bench, bool is_khugepaged, struct hs_range_scan_outcome *outcome)
{
	hs_range_scan(&bench->rules, &bench->tunables, is_khugepaged, 1, &bench->mms[0].vmas[0], BENCH_BASE,
		      &bench_ops.base, bench, outcome);
}

#endif
