/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MADVISE_VALIDATE_H
#define HS_MADVISE_VALIDATE_H
/* Recorded calls of madvise(MADV_COLLAPSE): what they answer, by the recorded results of their ranges. */
#include "replay/collapse/collapse_state.h"

/* A range of a call under way is done with. layout: hs_mm_layout_generation. */
void hs_madvise_tally_add(struct hs_madvise_tally *tally, const struct hs_collapse_rules *rules,
			  enum hs_collapse_result result, bool is_file, uint64_t layout);

/* As hs_model_ops.ask, for mm.madvise; 0: another advice, or it began before the recording. */
int hs_madvise_ask(struct hs_model *model, const struct hs_mm_madvise *call, union hs_request_storage *storage,
		   struct hs_decision *recorded);
void hs_madvise_decide(const struct hs_model *model, const struct hs_request *request, struct hs_decision *decision);
/* What the call's ranges came to, of a request that hs_madvise_ask made. */
const struct hs_madvise_tally *hs_madvise_tally_of(const struct hs_request *request);
/* A call of the task is over, whatever the advice, or a process_madvise. */
void hs_madvise_observe(struct hs_model *model, uint32_t task);

#endif
