/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MM_TWIN_H
#define MM_TWIN_H
/* The address_space model, fed with what the real child did, and compared with what /proc says. */
#include "lib/error.h"
#include "replay/model.h"
#include "tests/property/mm_child.h"

struct mm_twin;

/* Starts from a view taken with flags. header and policy are borrowed until destroy. */
int mm_twin_create(const struct mm_view *view, struct mm_nature nature, const struct hs_header *header,
		   const struct hs_policy *policy, struct mm_twin **out, struct hs_error *err);
void mm_twin_destroy(struct mm_twin *twin);

/*
 * Gives the model the operation as the events a recorder would have written. If the model predicts
 * results, the prediction is compared with the real one: 1 and a sentence when they differ, else 0.
 */
int mm_twin_apply(struct mm_twin *twin, const struct mm_op *op, const struct mm_outcome *outcome,
		  struct hs_error *difference);

/* 0 when the model agrees with the view and its own invariants hold; 1 and the first difference. */
int mm_twin_compare(struct mm_twin *twin, const struct mm_view *view, struct hs_error *difference);
/* The same for the process that was forked as number nr (from 0), as far as its memory is not its own business. */
int mm_twin_compare_fork(const struct mm_twin *twin, size_t nr, const struct mm_view *view,
			 struct hs_error *difference);

/* Predictions compared so far, by basis. */
void mm_twin_count(const struct mm_twin *twin, uint64_t counts[HS_NR_BASES]);

#endif
