/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TALLY_H
#define HS_TALLY_H
/*
 * What a stream of outcomes (replay/engine.h, or a decision file) adds up to, in memory that does not grow
 * with the stream's length but with the number of policies, result codes, address spaces and subjects.
 *
 * Everything countable is in cells: outcomes that share policy, point, results, basis and verdict. Tables,
 * metrics and plots are sums over cells.
 *
 * Time is cut into at most HS_TALLY_BUCKETS buckets of equal width from start_time on; the width begins at
 * HS_TALLY_FIRST_WIDTH_NS and doubles (neighbours are added up) whenever time outgrows them, so that from
 * the first doubling on at least half of the buckets are in use. What is older than start_time counts in
 * the first bucket.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/names.h"
#include "analysis/places.h"
#include "analysis/quantile.h"
#include "lib/error.h"
#include "replay/engine.h"

enum { HS_TALLY_BUCKETS = 256, HS_TALLY_MAX_POLICIES = 4096, HS_TALLY_FIRST_WIDTH_NS = 1 << 20 };

struct hs_bucket {
	uint64_t count;			/* outcomes */
	uint64_t cost[HS_NR_COSTS];	/* of the modelled decisions; of the recorded ones where they stand alone */
};

struct hs_cell {
	uint32_t policy;
	enum hs_point point;
	enum hs_basis basis;		/* the modelled decision's, else the recorded one's */
	enum hs_verdict verdict;
	const char *recorded, *modelled;	/* results; NULL: that side has none. Live as long as the tally */
	uint64_t count;
	uint64_t recorded_cost[HS_NR_COSTS], modelled_cost[HS_NR_COSTS];
	struct hs_bucket *buckets;	/* HS_TALLY_BUCKETS of them */
};

/* Outcomes that are no agreement, by why. */
struct hs_cause_cell {
	uint32_t policy;
	enum hs_point point;
	enum hs_verdict verdict;	/* disagree or unknown */
	enum hs_cause cause;
	uint64_t count;
	uint64_t number;		/* of the first one among its policy's outcomes, from 0 */
	uint64_t first_time, first_subject;
};

/* A class of disagreement: same policy, point, results, basis, cause and reason. Texts live as long as the tally. */
struct hs_divergence {
	uint32_t policy;
	uint64_t count;
	uint64_t number;		/* of the first one among its policy's outcomes, from 0 */
	uint64_t chunk;			/* where it was read, see hs_tally_set_chunk */
	struct hs_decision recorded, modelled;	/* the first one */
};

/* Decisions about one address space. The modelled decision counts, the recorded one where it stands alone. */
struct hs_mm_cell {
	uint32_t policy;
	uint32_t mm;
	enum hs_point point;
	const char *result;
	uint64_t count, disagree;
	uint64_t cost[HS_NR_COSTS];
};

/* The last word of each policy about one subject (a range of an address space, a memory block, …). */
struct hs_subject {
	enum hs_point point;
	uint32_t mm;
	uint64_t subject;
};

/* A number that a model gives at the end of a run. */
struct hs_summary {
	uint32_t policy;
	const char *name;		/* "collapse.huge_pages"; lives as long as the tally */
	double value;
};

/* The same of one address space. */
struct hs_mm_summary {
	uint32_t policy, mm;
	const char *name;
	double value;
};

/* A model's number at a time of its run. */
struct hs_sample {
	uint32_t policy;
	const char *name;
	uint64_t time;			/* ns */
	double value;
};

/* A row of a series that a model shows over time (hs_model_ops.history). */
struct hs_tally_history {
	uint32_t policy;
	const char *series;		/* "block.nodes"; lives as long as the tally, as does label */
	const char *label;
	uint64_t time;
	double values[HS_HISTORY_VALUES];
};

/* Read only outside tally.c. */
struct hs_tally {
	size_t nr_policies;
	HS_VEC(char *) policies;	/* names */
	struct hs_names results, texts;
	HS_VEC(struct hs_cell) cells;	/* in the order of their first outcomes */
	HS_VEC(struct hs_divergence) divergences;
	HS_VEC(struct hs_cause_cell) causes;
	HS_VEC(struct hs_mm_cell) mm_cells;
	HS_VEC(struct hs_subject) subjects;
	int16_t *last;			/* per subject and policy: number of the last result, -1: none */
	size_t last_capacity;
	HS_VEC(struct hs_summary) summaries;
	HS_VEC(struct hs_mm_summary) mm_summaries;
	HS_VEC(struct hs_sample) samples;	/* by time */
	struct hs_places places;	/* of what policies move */
	HS_VEC(struct hs_tally_history) history;
	struct hs_quantiles *costs;	/* see hs_tally_costs */
	struct hs_hash_map cell_index, mm_index, subject_index;
	struct hs_hash_map results_at;	/* of each point, any policy's; see hs_tally_has_result */
	uint64_t *nr_outcomes;		/* per policy */
	uint64_t start_time, last_time;
	uint64_t bucket_ns;
	uint64_t chunk;
	int status;			/* the first failure of an add */
};

struct hs_tally_setup {
	const char *const *policies;	/* names, copied */
	size_t nr_policies;		/* 1 to HS_TALLY_MAX_POLICIES */
	uint64_t start_time;		/* ns */
};

/* 0, -ENOMEM, -E2BIG (too many policies). */
int hs_tally_create(const struct hs_tally_setup *setup, struct hs_tally **out, struct hs_error *err);
void hs_tally_destroy(struct hs_tally *tally);

/* Chunk of the trace that the next outcomes come from, for divergences. */
void hs_tally_set_chunk(struct hs_tally *tally, uint64_t chunk);

/*
 * Counts an outcome; nothing of it is borrowed. Returns the new class when the outcome is a disagreement of
 * a kind not seen before (valid until the next add), else NULL. Failures: see hs_tally_status.
 */
const struct hs_divergence *hs_tally_add(struct hs_tally *tally, const struct hs_outcome *outcome);

/* Adds a model's number under "model.name". */
void hs_tally_add_summary(struct hs_tally *tally, uint32_t policy, const char *model, const char *name, double value);

void hs_tally_add_mm_summary(struct hs_tally *tally, uint32_t policy, const char *model, uint32_t mm,
			     const char *name, double value);
void hs_tally_add_sample(struct hs_tally *tally, uint32_t policy, const char *model, uint64_t time, const char *name,
			 double value);

/* Adds a row under "model.series". */
void hs_tally_add_history(struct hs_tally *tally, uint32_t policy, const char *model,
			  const struct hs_history_row *row);

/* 0, or the first failure: -ENOMEM, -E2BIG (more than 511 result codes), with a sentence. */
int hs_tally_status(const struct hs_tally *tally, struct hs_error *err);

/* Buckets in use: index of the last one plus one; 0 without outcomes. */
size_t hs_tally_nr_buckets(const struct hs_tally *tally);

/* Distribution of one cost over the modelled decisions of a point (recorded ones where they stand alone). */
struct hs_quantiles *hs_tally_costs(const struct hs_tally *tally, uint32_t policy, enum hs_point point,
				    unsigned int cost);

/* Has any policy an outcome at the point; one whose own result (modelled, else recorded) is results.list[number]? */
bool hs_tally_has_point(const struct hs_tally *tally, enum hs_point point);
bool hs_tally_has_result(const struct hs_tally *tally, enum hs_point point, size_t number);

/* Last result of a policy about a subject, or NULL. */
const char *hs_tally_last(const struct hs_tally *tally, size_t subject, uint32_t policy);

/* Which outcomes to sum over: a policy, and a point, basis and verdict or -1 for all. */
struct hs_selection {
	uint32_t policy;
	int point, basis, verdict;
};
bool hs_selection_has(const struct hs_selection *selection, const struct hs_cell *cell);
uint64_t hs_tally_count(const struct hs_tally *tally, const struct hs_selection *selection);

#endif
