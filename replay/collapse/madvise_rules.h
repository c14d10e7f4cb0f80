/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MADVISE_RULES_H
#define HS_MADVISE_RULES_H
/* madvise(MADV_COLLAPSE): madvise_collapse and madvise_collapse_errno in mm/khugepaged.c (6.1 and later). */
#include "replay/collapse/range_scan.h"

enum hs_madvise_next { HS_MADVISE_RANGE_DONE, HS_MADVISE_GO_ON, HS_MADVISE_STOP };

/* What a range's result means for the call. */
enum hs_madvise_next hs_madvise_after(const struct hs_collapse_rules *rules, enum hs_collapse_result result);

/* What the call returns after a last failure: a negative errno. */
int hs_madvise_errno(const struct hs_collapse_rules *rules, enum hs_collapse_result last_fail);

struct hs_madvise_outcome {
	int ret;			/* of the call: 0 or a negative errno */
	unsigned int nr_scanned, nr_done;	/* ranges */
	enum hs_collapse_result last_fail;
};

/*
 * The call for [start, end), which lies in one mapping at first; each range is scanned, and collapsed where
 * it can be, through ops. Ranges of files and shared memory go to ops->scan_file.
 */
void hs_madvise_collapse(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			 uint32_t mm, uint64_t start, uint64_t end, const struct hs_collapse_world_ops *ops,
			 void *world, struct hs_madvise_outcome *outcome);

#endif
