/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_WHATIF_H
#define HS_COLLAPSE_WHATIF_H
/*
 * The daemon and the faults of a policy, running free on trace time over the recorded address spaces.
 * Assumed throughout: pages are unlocked and on the LRU, and otherwise (accessed, shared, pinned) as the recording
 * saw them, or young and the program's own where it never did; an allocation fails while the recorded kernel's
 * last one had failed; a pass takes as long as the recorded daemon took, or what the prices say.
 */
#include "replay/collapse/cache_memory.h"
#include "replay/collapse/collapse_cost.h"
#include "replay/collapse/collapse_pace.h"
#include "replay/collapse/collapse_state.h"
#include "replay/collapse/khugepaged.h"
#include "replay/collapse/page_memory.h"
#include "replay/collapse/thp_overlay.h"
#include "replay/collapse/whatif_mms.h"

struct hs_collapse_whatif {
	struct hs_model *model;			/* whose part this is */
	struct hs_khugepaged daemon;
	struct hs_thp_overlay overlay;
	struct hs_collapse_prices prices;
	const struct hs_sink *sink;		/* during advance; NULL otherwise */
	HS_VEC(struct hs_decision) pending;	/* taken while an event was observed; told by the next advance */
	uint64_t wake_at;			/* ns: when the daemon goes on; UINT64_MAX: not by the clock */
	uint64_t busy_ns;			/* that the daemon has worked without the clock going on */
	bool is_in_snapshot;			/* what appears is not faulted in but was there */
	bool is_memory_short;			/* the recorded kernel's last allocation of a huge page failed */
	uint64_t fault_huge, fault_fallbacks, recollapses, backoff_ns, underused_splits;
	struct hs_whatif_mms mms;
	struct hs_hash_map populated;		/* mm and slot → when its first page came */
	struct hs_hash_map vanished;		/* mm and slot: its huge page is gone, and the next may be huge again */
	HS_VEC(uint64_t) waits;			/* ns from then to the collapse */
	struct hs_pte_map ptes;			/* of the range read last */
	struct hs_page_memory memory;		/* what the recording said of pages */
	struct hs_cache_memory cache;		/* of files and shared memory */
	uint64_t cache_huge;			/* ranges of them that were collapsed */
	uint64_t cache_faults;			/* huge pages that shared memory got at faults */
	uint64_t cache_pages_read;		/* holes in files that a collapse had to read */
	struct hs_collapse_pace pace;
	bool is_foreseen;			/* memory and pace know the whole trace */
	bool are_prices_given;			/* by the policy: the recorded pace is of no interest */
};

int hs_collapse_whatif_create(struct hs_model *model, struct hs_error *err);
void hs_collapse_whatif_destroy(struct hs_collapse_whatif *whatif);
void hs_collapse_whatif_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink);
void hs_collapse_whatif_observe(struct hs_model *model, const struct hs_event *event);
/* What an madvise call decides on the mappings as they are before it. */
void hs_collapse_whatif_before_madvise(struct hs_collapse_whatif *whatif, const struct hs_mm_madvise *madvise);
hs_kind_set hs_collapse_whatif_foreseen(void);
void hs_collapse_whatif_foresee(struct hs_collapse_whatif *whatif, const struct hs_event *event);
/* Settings have changed: starts, stops or wakes the daemon. */
void hs_collapse_whatif_settings(struct hs_model *model, const struct hs_collapse_tunables *before);

/* whatif_summary.c */
void hs_collapse_whatif_summarize(const struct hs_collapse_whatif *whatif, hs_add_number *add, void *context);
void hs_collapse_whatif_summarize_mms(const struct hs_collapse_whatif *whatif, hs_add_mm_number *add, void *context);
void hs_collapse_whatif_sample(const struct hs_collapse_whatif *whatif, hs_add_number *add, void *context);
void hs_collapse_whatif_sample_mms(const struct hs_collapse_whatif *whatif, hs_add_mm_number *add, void *context);

/* collapse_watch.c: what happens to the recorded address spaces. */
extern const struct hs_address_space_watcher hs_collapse_whatif_watcher;
/* MADV_HUGEPAGE or a snapshot: registers the mm if a mapping in [start, end) allows it. */
void hs_collapse_whatif_register(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t start,
				 uint64_t end);
/* One key for an mm and a slot. */
uint64_t hs_collapse_whatif_key(uint32_t mm, uint64_t address);
/* Sets when advance has work next. */
void hs_collapse_whatif_set_due(struct hs_collapse_whatif *whatif);
/* A huge page is asked for: false while the recorded kernel found none. */
bool hs_collapse_whatif_allocate(struct hs_collapse_whatif *whatif);
/* An attempt has kept whoever made it busy. */
void hs_collapse_whatif_attempt_took(struct hs_collapse_whatif *whatif, unsigned int copied, unsigned int zeroed);

/* A range that was scanned, and perhaps collapsed: counts and tells the decision. */
struct hs_whatif_range {
	uint32_t mm;
	uint64_t address;
	bool is_khugepaged;
	enum hs_basis basis;
};
void hs_collapse_whatif_tell_range(struct hs_collapse_whatif *whatif, const struct hs_whatif_range *range,
				   const struct hs_range_scan_outcome *outcome);

/* whatif_cache.c: files and shared memory. A mapping as the rules see it; scan_file and map_cached of the world. */
struct hs_thp_vma hs_whatif_vma_of(const struct hs_collapse_whatif *whatif, const struct hs_vma *vma);
enum hs_collapse_result hs_whatif_scan_file(void *world, uint32_t mm, uint64_t address, bool is_khugepaged);
enum hs_collapse_result hs_whatif_map_cached(void *world, uint32_t mm, uint64_t address);
/* read_range there; false: nothing of a file, or not aligned as in it. */
bool hs_whatif_read_cached(struct hs_collapse_whatif *whatif, uint32_t mm, uint64_t address,
			   struct hs_thp_range *range);
/* The first page of a slot of shared memory; true: it became a huge page. */
bool hs_whatif_cache_fault(struct hs_collapse_whatif *whatif, uint32_t mm, uint64_t address);
/* MADV_REMOVE */
void hs_whatif_cache_remove(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t start, uint64_t end);

/* From falling asleep for ns, or from the call that wakes it (0), until the daemon runs: ns. */
uint64_t hs_collapse_whatif_sleep_ns(const struct hs_collapse_whatif *whatif, uint64_t ns);
/* Wakes a waiting daemon. */
void hs_collapse_whatif_wake(struct hs_collapse_whatif *whatif);

#endif
