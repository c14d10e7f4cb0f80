/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CAUSE_H
#define HS_CAUSE_H
/*
 * Why a modelled decision differs from the recorded one, or cannot be made, as far as the trace tells. A model
 * may name the cause itself (hs_decision.cause); else the first of these that applies is taken, in the order
 * policy, model gap (the inputs are exact), lost events, weaker rung, missing input.
 */
#include "replay/decision.h"
#include "replay/losses.h"
#include "replay/policy.h"
#include "traces/header.h"

struct hs_cause_facts {
	const struct hs_decision *modelled;
	const char *model;			/* "collapse": whose keys of the policy count */
	const struct hs_policy *policy;
	const struct hs_losses *losses;
	uint32_t sources;			/* that the model and those it stands on want, a bit each */
	enum hs_source own;			/* source of the decision's event */
	const struct hs_header *header;
};

enum hs_cause hs_cause_find(const struct hs_cause_facts *facts);

/* "lost events", …; static. "" for NONE. */
const char *hs_cause_name(enum hs_cause cause);
/* What it means and what to do about it, as a sentence; static. */
const char *hs_cause_text(enum hs_cause cause);

#endif
