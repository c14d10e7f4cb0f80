/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RANGE_GROUP_H
#define HS_RANGE_GROUP_H
/*
 * The recorded events of one range, gathered per task until its scan event closes them:
 *   [ptes] ([swapin] [isolate] huge_page)* scan
 * An isolate without its huge_page means that events were lost: the group is broken.
 */
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "replay/collapse/counter_rules.h"
#include "replay/collapse/file_rules.h"
#include "traces/kinds.h"

/* An attempt inside a group, as recorded and as the model sees it under its policy. */
struct hs_group_isolate {
	enum hs_collapse_result recorded;
	uint64_t time;
	unsigned int none, referenced, order;
	uint8_t writable;
	bool is_khugepaged;
};

/* What attempts come to: mthp_collapse's bookkeeping; with one attempt, that attempt. */
struct hs_attempt_fold {
	bool has_success, has_alloc_failure, is_unknown;
	enum hs_collapse_result last;	/* FAIL before the first */
	enum hs_basis basis;		/* the weakest */
	const char *reason;		/* of the last one */
};

/* What the ranges of a task's madvise(MADV_COLLAPSE) under way came to; all 0: nothing yet. */
struct hs_madvise_tally {
	unsigned int nr_scanned, nr_files;	/* nr_files: of files and shared memory */
	unsigned int nr_done, nr_open;		/* huge; nr_open of them by a step that no event tells of */
	uint64_t layout;			/* of the address space when the first was done with */
	bool has_failed;
	enum hs_collapse_result last_fail;
};

struct hs_range_group {
	uint32_t task;
	uint64_t began;			/* ns: its first event; 0: none yet */
	bool is_broken;
	bool has_ptes, has_swapin, has_isolate;	/* has_isolate: its huge_page is still to come */
	/* What the attempt under way was given: SUCCEED where it was given all; HS_NR_COLLAPSE_RESULTS: not recorded. */
	enum hs_collapse_result allocated, swapped;
	uint8_t ptes_moment, ptes_has_pages;
	uint8_t origin;			/* enum hs_collapse_origin, of ptes at the scan's entry */
	bool has_pmd;			/* pmd: as read at the scan's entry */
	uint8_t pmd;			/* enum hs_pmd_state */
	uint64_t address;		/* of ptes, 0: unknown */
	uint32_t vma_flags;		/* of ptes: enum hs_thp_vma_flag */
	bool has_notifiers;		/* of ptes: a secondary MMU may know of further references */
	bool has_detached;		/* detached and its pages: as the isolate step is about to see them */
	bool has_nodes;			/* nodes: of ptes, or of the whole cache */
	unsigned int swapped_in;
	struct hs_group_isolate isolate;
	unsigned int nr_attempts, nr_isolates, nr_allocated;
	unsigned int copied, zeroed;	/* pages of attempts that succeeded */
	uint64_t lock_ns;		/* from isolate to the end of the attempt: a lower bound */
	struct hs_attempt_fold fold;	/* modelled */
	struct hs_pte_map ptes, detached;
	struct hs_pte_nodes nodes;	/* of ptes or of cache; too_far is set by the model */
	bool has_cache;			/* cache: of a file's range, whole */
	struct hs_cache_map cache;
	struct hs_madvise_tally tally;	/* outlives the range */
};

struct hs_range_groups {
	struct hs_hash_map by_task;		/* task → index in all */
	HS_VEC(struct hs_range_group *) all;
};

void hs_range_groups_deinit(struct hs_range_groups *groups);

/* The task's group; made where there is none. NULL: out of memory. */
struct hs_range_group *hs_range_groups_get(struct hs_range_groups *groups, uint32_t task);
/* The same, or NULL. */
struct hs_range_group *hs_range_groups_find(const struct hs_range_groups *groups, uint32_t task);
void hs_range_group_clear(struct hs_range_group *group);

void hs_range_group_add_ptes(struct hs_range_group *group, const struct hs_collapse_ptes *event, uint32_t vma_flags);
/* The event's bitmaps as planes; of pages, where it has them. */
void hs_range_group_take_ptes(struct hs_pte_map *ptes, const struct hs_collapse_ptes *event);
/* The event's bitmaps; they say something where is_whole is 1. */
void hs_cache_map_take(struct hs_cache_map *cache, const struct hs_collapse_cache *event);
void hs_range_group_add_cache(struct hs_range_group *group, const struct hs_collapse_cache *event);
/* result: HS_NR_COLLAPSE_RESULTS where the trace does not say. */
void hs_range_group_add_swapin(struct hs_range_group *group, const struct hs_collapse_swapin *event,
			       enum hs_collapse_result result);
/* False: the one before it has no end. */
bool hs_range_group_add_isolate(struct hs_range_group *group, const struct hs_group_isolate *isolate);
/* The end of an attempt with what the model makes of it. */
void hs_range_group_add_attempt(struct hs_range_group *group, const struct hs_collapse_huge_page *event,
				enum hs_collapse_result recorded, const struct hs_counter_answer *modelled);

/* The result of a group's attempts together. */
enum hs_collapse_result hs_attempt_fold_result(const struct hs_attempt_fold *fold);

#endif
