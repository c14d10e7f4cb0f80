/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_FILE_RULES_H
#define HS_FILE_RULES_H
/*
 * A range of a file or of shared memory in the page cache: its scan (hpage_collapse_scan_file) and what its collapse
 * makes of it (collapse_file).
 */
#include "replay/collapse/scan_rules.h"

/* The cache's entries of one range. An entry is present, swap, or neither (a hole). */
struct hs_cache_map {
	struct hs_bitmap512 present, swap;
	struct hs_bitmap512 large;	/* first entry of a folio of more than one page */
	struct hs_bitmap512 off_lru, pinned;
	struct hs_bitmap512 locked;	/* of no interest to the scan */
	bool has_huge;			/* a folio of the PMD's order */
	bool huge_is_at_start;		/* that begins at the range's start */
	unsigned int huge_at;		/* entry at which it is met */
};

struct hs_file_request {
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_tunables *tunables;
	const struct hs_cache_map *cache;
	const struct hs_pte_nodes *nodes;	/* of its pages; NULL: not known, or node_reclaim_mode is off */
	bool is_khugepaged;
};

struct hs_file_outcome {
	enum hs_collapse_result result;	/* SUCCEED: a collapse is attempted */
	unsigned int present, swap;	/* pages counted */
	unsigned int index;		/* deciding entry; nr if the walk completed */
};

void hs_file_scan_decide(const struct hs_file_request *request, struct hs_file_outcome *outcome);

/* A scan that ended with SUCCEED, and a huge page that is there and charged. */
struct hs_file_collapse_request {
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_tunables *tunables;
	const struct hs_cache_map *cache;
	bool is_shmem;
	bool is_missing_armed;	/* a mapping of the object has userfaultfd wait for missing pages */
};

struct hs_file_collapse_outcome {
	enum hs_collapse_result result;
	unsigned int copied, swapped_in;	/* pages; those that were swapped in are copied too */
	unsigned int filled;			/* holes: zero-filled in shared memory, read in files */
};

/*
 * Pages are taken as clean, up to date and unlocked, and reading them as possible: the recording does not say
 * (their codes are FAIL, PAGE_LOCK, PAGE_HAS_PRIVATE, COPY_MC and more).
 */
void hs_file_collapse_decide(const struct hs_file_collapse_request *request,
			     struct hs_file_collapse_outcome *outcome);

/* What the cache's owner finds when the collapse copies: dirty pages of a file. */
enum hs_collapse_result hs_file_dirty_result(const struct hs_collapse_rules *rules);

#endif
