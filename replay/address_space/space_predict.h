/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_PREDICT_H
#define HS_SPACE_PREDICT_H
/*
 * What a call on an address space returns, from its arguments and the mappings before it: the checks in the
 * kernel's order, the first that fails decides. Of limits, RLIMIT_* are known where the recording has
 * them, max_map_count is a key of the policy; commit charge and rights are not known, and taken not to strike:
 * success is an assumption.
 */
#include "replay/address_space/space_state.h"

struct hs_prediction {
	int error;		/* 0 or a positive errno */
	bool is_unknown;	/* nothing can be said */
	bool is_assumed;	/* an input is not recorded */
	const char *reason;	/* the check that decided */
};

struct hs_prediction hs_predict_mmap(const struct hs_mm *mm, const struct hs_mm_mmap *call);
/* Does the call pass all checks but that of RLIMIT_AS and RLIMIT_DATA? */
bool hs_mmap_meets_limit(const struct hs_mm *mm, const struct hs_mm_mmap *call);
struct hs_prediction hs_predict_munmap(const struct hs_mm *mm, const struct hs_mm_munmap *call);
struct hs_prediction hs_predict_mprotect(const struct hs_mm *mm, const struct hs_mm_mprotect *call);
struct hs_prediction hs_predict_madvise(const struct hs_mm *mm, const struct hs_mm_madvise *call);
struct hs_prediction hs_predict_mlock(const struct hs_mm *mm, const struct hs_mm_mlock *call);
struct hs_prediction hs_predict_mremap(const struct hs_mm *mm, const struct hs_mm_mremap *call);

/*
 * The call failed although it passes all checks: for want of memory or commit charge, or a driver refused, when what
 * it was to lie over had been taken away. Of mremap only of one mapping; of several it is not known how far it came.
 */
bool hs_mmap_failed_late(const struct hs_mm *mm, const struct hs_mm_mmap *call);
bool hs_mremap_failed_late(const struct hs_mm *mm, const struct hs_mm_mremap *call);

/* What a call that failed had unmapped before: its destination, the end of the source that it was to shrink by. */
struct hs_mremap_loss {
	bool target, tail;
};
struct hs_mremap_loss hs_mremap_lost(const struct hs_mm *mm, const struct hs_mm_mremap *call);

#endif
