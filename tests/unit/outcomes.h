/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEST_OUTCOMES_H
#define HS_TEST_OUTCOMES_H
/* Seeded streams of outcomes for the tests of analysis/ and plots/. No model vouches for them: they are drawn. */
#include "lib/rng.h"
#include "replay/engine.h"

struct outcome_source {
	struct hs_rng rng;
	uint64_t time;
	struct hs_decision recorded, modelled;
};

static const char *const outcome_results[] = {
	"SCAN_SUCCEED", "SCAN_EXCEED_NONE_PTE", "SCAN_PAGE_LRU", "SCAN_PMD_MAPPED", "SCAN_LACK_REFERENCED_PAGE",
};
enum { NR_OUTCOME_RESULTS = sizeof(outcome_results) / sizeof(*outcome_results) };

static inline const char *draw_result(struct hs_rng *rng)
{
	/* The first ones are more frequent. */
	return outcome_results[hs_rng_below(rng, 1 + hs_rng_below(rng, NR_OUTCOME_RESULTS))];
}

/* The next outcome of `policy`; recorded too in validate. Lives until the next call. */
static inline struct hs_outcome draw_outcome(struct outcome_source *source, uint32_t policy, enum hs_mode mode)
{
	struct hs_rng *rng = &source->rng;
	struct hs_outcome outcome = { .policy = policy, .modelled = &source->modelled };
	struct hs_decision *decision = &source->modelled;

	source->time += hs_rng_below(rng, 2000000);
	*decision = (struct hs_decision){
		.time = source->time, .mm = 1 + (uint32_t)hs_rng_below(rng, 7),
		.point = hs_rng_below(rng, 4) ? HS_POINT_COLLAPSE_SCAN : HS_POINT_COLLAPSE_ISOLATE,
		.subject = hs_rng_below(rng, 64) << 21, .result = draw_result(rng), .reason = "a drawn check",
		.basis = (enum hs_basis)hs_rng_below(rng, 1 + hs_rng_below(rng, HS_NR_BASES)),
		.cost = { hs_rng_below(rng, 512), hs_rng_below(rng, 2) },
	};
	decision->subject_end = decision->subject + (1 << 21);
	if (mode == HS_MODE_WHATIF)
		return outcome;
	source->recorded = *decision;
	if (hs_rng_below(rng, 20) == 0)
		source->recorded.result = draw_result(rng);
	outcome.recorded = &source->recorded;
	outcome.verdict = hs_rng_below(rng, 50) == 0 ? HS_VERDICT_UNKNOWN :
			  source->recorded.result == decision->result ? HS_VERDICT_AGREE : HS_VERDICT_DISAGREE;
	return outcome;
}

#endif
