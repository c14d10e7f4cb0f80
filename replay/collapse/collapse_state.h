/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_STATE_H
#define HS_COLLAPSE_STATE_H
/* The collapse model's instance. Inside this folder only. */
#include "replay/collapse/collapse_space.h"
#include "replay/collapse/range_group.h"
#include "replay/collapse/setting_changes.h"
#include "replay/model.h"

struct hs_collapse_whatif;

/* Contradictory input, by kind. */
enum hs_collapse_problem {
	HS_COLLAPSE_UNKNOWN_RESULT,	/* a result that is in no table */
	HS_COLLAPSE_BROKEN_GROUP,	/* an isolate without its end */
	HS_COLLAPSE_RACED,		/* counts of scan, isolate or page table that contradict each other */
	HS_NR_COLLAPSE_PROBLEMS
};

/* Sums over the recorded decisions, for summarize. */
struct hs_collapse_sums {
	uint64_t scans, attempts, huge_pages, pages_copied, pages_zeroed, pages_swapped_in, alloc_failures;
	uint64_t notifier_ranges, lock_ns, ptes_scanned, full_scans;
};

struct hs_model {
	/* whatif; asked for at every event: first, to share a cache line. */
	uint64_t now;				/* ns, trace clock */
	uint64_t due;				/* ns: advance has nothing to do before */
	enum hs_mode mode;
	const struct hs_policy *policy;
	struct hs_address_space *space;
	struct hs_collapse_rules rules, recorded_rules;
	struct hs_collapse_tunables tunables, recorded_tunables;
	bool are_rules_guessed;
	bool node_reclaim;			/* recorded: /proc/sys/vm/zone_reclaim_mode is not 0 */
	uint8_t too_far[HS_MAX_NODES];		/* recorded: bit b of element a: nodes a and b */
	struct hs_hash_map daemons;		/* task id → 1: khugepaged, 0: seen to be another by that name */
	struct hs_setting_changes changes;
	struct hs_range_groups groups;
	uint64_t began, lost_at;		/* ns: the recording; the last loss of events. 0: not known, none */
	uint32_t last_mm;			/* of the daemon's last scan with a known address */
	uint64_t last_address;
	uint64_t problems[HS_NR_COLLAPSE_PROBLEMS];
	struct hs_collapse_sums sums;		/* recorded (validate) or own (whatif) */
	struct hs_collapse_whatif *whatif;		/* NULL in validate */
};

/* What decide() looks at. */
struct hs_collapse_request {
	struct hs_request common;
	struct hs_counter_request counter;	/* the scan's or the isolate step's */
	bool has_counter;			/* collapse: an isolate step was reached */
	bool is_broken;				/* events are missing: nothing can be said */
	bool are_limits_assumed;		/* no setting was recorded or given */
	bool is_setting_open;			/* a setting changed meanwhile: which value was seen is not known */
	bool is_file;
	bool has_ptes, has_pages;		/* the page table at the scan; properties of its pages */
	bool has_notifiers;			/* a secondary MMU may know of further references */
	bool node_reclaim;			/* node_reclaim_mode is on: pages too far apart stop a scan */
	const struct hs_pte_nodes *nodes;	/* of the page table's pages; NULL: one node. The group's or the model's */
	const struct hs_cache_map *cache;	/* of a file's range; NULL: not recorded. The group's */
	enum hs_collapse_result allocated, swapped;	/* as in struct hs_range_group */
	enum hs_collapse_result revalidated, recorded_revalidated;	/* hs_revalidate_known, under either settings */
	bool has_pmd;				/* pmd: what is in its place */
	enum hs_pmd_state pmd, pmd_after;	/* at the scan's entry, and when it was over */
	unsigned int nr_attempts, swap_pages, present_pages;
	struct hs_attempt_fold fold;
	uint64_t cost[HS_NR_COSTS];
	struct hs_pte_map ptes;
};
_Static_assert(sizeof(struct hs_collapse_request) <= HS_REQUEST_BYTES, "a request must fit its storage");

/* collapse_validate.c */
int hs_collapse_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		    struct hs_decision *recorded);
void hs_collapse_decide(const struct hs_model *model, const struct hs_request *request,
			struct hs_decision *decision);
/* collapse_describe.c */
void hs_collapse_describe(const struct hs_model *model, const struct hs_request *request, hs_add_input *add,
			  void *context);
void hs_collapse_observe_group(struct hs_model *model, const struct hs_event *event);

#endif
