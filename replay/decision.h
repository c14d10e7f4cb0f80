/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_DECISION_H
#define HS_DECISION_H
/* One type for recorded and modelled decisions. */
#include <stdbool.h>
#include <stdint.h>

enum hs_basis { HS_BASIS_EXACT, HS_BASIS_BOUNDED, HS_BASIS_ASSUMED, HS_NR_BASES };
enum hs_verdict { HS_VERDICT_NONE, HS_VERDICT_AGREE, HS_VERDICT_DISAGREE, HS_VERDICT_UNKNOWN, HS_NR_VERDICTS };
/* See replay/cause.h. */
enum hs_cause {
	HS_CAUSE_NONE, HS_CAUSE_POLICY, HS_CAUSE_LOST_EVENTS, HS_CAUSE_MISSING_INPUT, HS_CAUSE_RACE,
	HS_CAUSE_WEAKER_RUNG, HS_CAUSE_MODEL_GAP, HS_NR_CAUSES
};
enum hs_origin { HS_ORIGIN_RECORDED, HS_ORIGIN_MODELLED };

enum { HS_NR_COSTS = 8 };

/* The list of decision points: replay/points.def: POINT(id, "model.point", kernel function, cost names…). */
enum hs_point {
#define POINT(id, name, ...) HS_POINT_##id,
#include "replay/points.def"
#undef POINT
	HS_NR_POINTS
};

struct hs_point_info {
	const char *name;			/* "collapse.scan" */
	const char *source;			/* kernel function that it re-implements, with its file */
	const char *cost_names[HS_NR_COSTS];	/* with unit suffix, NULL behind the last */
};
extern const struct hs_point_info hs_points[HS_NR_POINTS];

/* As a modelled result: an input was not seen, so that nothing can be said; the verdict is unknown. */
#define HS_RESULT_UNKNOWN "UNKNOWN"

struct hs_decision {
	uint64_t time;		/* ns, trace clock */
	uint32_t task;		/* 0: a daemon of the kernel or unknown */
	uint32_t mm;		/* 0: none */
	enum hs_point point;
	uint64_t subject;	/* start address, block id, … */
	uint64_t subject_end;	/* exclusive end address, or 0 */
	const char *result;	/* static: the kernel's name, e.g. "SCAN_EXCEED_NONE_PTE" */
	const char *reason;	/* static: the check that decided, e.g. "none_or_zero > max_ptes_none" */
	enum hs_basis basis;
	/*
	 * Of a modelled decision: why it may differ from the recorded one, where the model itself knows. Of an
	 * outcome that is no agreement: why it does.
	 */
	enum hs_cause cause;
	uint64_t cost[HS_NR_COSTS];
};

/* A state beside the costs ("at_…"): belongs to its decision alone, and is never added up. */
bool hs_cost_is_state(const char *name);

/* What a system call returned, as a result: "EINVAL", …; "OK" for all that is no negative errno. */
const char *hs_result_of_call(int64_t ret);

const char *hs_basis_name(enum hs_basis basis);
const char *hs_verdict_name(enum hs_verdict verdict);

#endif
