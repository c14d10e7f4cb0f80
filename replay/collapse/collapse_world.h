/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_WORLD_H
#define HS_COLLAPSE_WORLD_H
/*
 * What the daemon and a collapse ask of their surroundings: address spaces, allocator, clock. The rules
 * and the order of steps are on this side; a golden case, a recorded request or the replayed address
 * space are on the other. Operations marked optional may be NULL.
 */
#include "replay/collapse/collapse_result.h"
#include "replay/collapse/collapse_request.h"
#include "replay/collapse/pte_walk.h"

/* Points at which other parts of a kernel may strike while the daemon works. */
enum hs_thp_point {
	HS_THP_AT_LOCK,		/* a visit has chosen its slot; no lock is held */
	HS_THP_AT_VMA,		/* about to look at the next mapping */
	HS_THP_AT_RANGE,	/* about to look at the next range */
	HS_THP_AT_UNLOCKED,	/* a collapse is wanted; the read lock is released */
	HS_THP_AT_DETACHED,	/* the page table is detached, pages are not yet isolated */
	HS_THP_AT_END,		/* a visit has released the lock */
	HS_THP_AT_STEP,		/* a pass begins another iteration */
	HS_THP_AT_ALLOC,	/* a huge page is about to be requested */
	HS_NR_THP_POINTS
};

enum hs_thp_lock { HS_THP_UNLOCK, HS_THP_READ_LOCK, HS_THP_WRITE_LOCK, HS_THP_TRY_WRITE_LOCK };

/* Parts of a collapse that can refuse it. */
enum hs_thp_step {
	HS_THP_STEP_NONE, HS_THP_STEP_EXIT, HS_THP_STEP_VMA, HS_THP_STEP_RANGE, HS_THP_STEP_MODE, HS_THP_STEP_KIND,
	HS_THP_STEP_PMD, HS_THP_STEP_ALLOC, HS_THP_STEP_CHARGE, HS_THP_STEP_SWAPIN, HS_THP_STEP_ISOLATE,
	HS_THP_STEP_COPY, HS_NR_THP_STEPS
};
/* "exit", "vma", …; static. */
const char *hs_thp_step_name(enum hs_thp_step step);

/* A collapse that was made true. */
struct hs_thp_collapsed {
	uint32_t mm;
	uint64_t address;	/* of the candidate */
	unsigned int order;
	unsigned int copied, zeroed;	/* pages; together 1 << order */
	unsigned int zero;	/* of zeroed: entries that mapped the zero page */
};

struct hs_scan_outcome;
struct hs_attempt_request;
struct hs_attempt_outcome;
struct hs_range_scan_outcome;

struct hs_collapse_world_ops {
	/* enum hs_thp_mm_state */
	unsigned int (*mm_state)(void *world, uint32_t mm);
	/* The lowest mapping that ends above address. False: none. */
	bool (*find_vma)(void *world, uint32_t mm, uint64_t address, struct hs_thp_vma *vma);
	/* The range at address as it is now; pointers in *range stay valid until the next call. */
	void (*read_range)(void *world, uint32_t mm, uint64_t address, struct hs_thp_range *range);
	/* A huge page. may_wait: reclaim and compaction are allowed. */
	bool (*allocate)(void *world, unsigned int order, bool may_wait);
	bool (*charge)(void *world, uint32_t mm);
	/* mmap_lock; a read lock can fail where the rules try, and a write lock that is tried. */
	bool (*lock)(void *world, uint32_t mm, enum hs_thp_lock lock);
	/* Optional: swap entries [from, to) of the range were read back. */
	void (*swapped_in)(void *world, uint32_t mm, uint64_t address, unsigned int from, unsigned int to);
	void (*collapsed)(void *world, const struct hs_thp_collapsed *collapsed);
	/* Optional. */
	void (*at)(void *world, enum hs_thp_point point);
	/* Optional: what a scan and each attempt decided, as they happen. */
	void (*scanned)(void *world, uint32_t mm, uint64_t address, const struct hs_scan_outcome *outcome);
	void (*attempted)(void *world, const struct hs_attempt_request *request,
			  const struct hs_attempt_outcome *outcome);
	/* Optional: a range is done with, attempts included. */
	void (*range_done)(void *world, uint32_t mm, uint64_t address, bool is_khugepaged,
			   const struct hs_range_scan_outcome *outcome);
	/*
	 * Optional: the scan of a range of a file or of shared memory, with the lock released. NULL: such
	 * ranges give SCAN_FAIL.
	 */
	enum hs_collapse_result (*scan_file)(void *world, uint32_t mm, uint64_t address, bool is_khugepaged);
	/*
	 * Optional: the page table over a cached huge page goes (collapse_pte_mapped_thp). SUCCEED without it.
	 */
	enum hs_collapse_result (*map_cached)(void *world, uint32_t mm, uint64_t address);
};

#endif
