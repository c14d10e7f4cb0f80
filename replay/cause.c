// SPDX-License-Identifier: GPL-2.0-only
#include "replay/cause.h"

#include <string.h>

#include "traces/schema.h"

const char *hs_cause_name(enum hs_cause cause)
{
	static const char *const names[HS_NR_CAUSES] = {
		"", "policy", "lost events", "missing input", "race", "weaker rung", "model gap",
	};

	return names[cause];
}

const char *hs_cause_text(enum hs_cause cause)
{
	static const char *const texts[HS_NR_CAUSES] = {
		[HS_CAUSE_NONE] = "The two agree.",
		[HS_CAUSE_POLICY] = "The policy sets something else than what was in force when this was recorded; a "
				    "difference is what it was asked for.",
		[HS_CAUSE_LOST_EVENTS] = "Events were lost before it, so that the state it was decided from may be old. "
					 "Record with a larger ring (-m) or fewer sources.",
		[HS_CAUSE_MISSING_INPUT] = "An input was not recorded and a declared default stood in for it.",
		[HS_CAUSE_RACE] = "The state changed between the moment it was read and the decision: the kernel's own "
				  "counts are not those of the state that was recorded.",
		[HS_CAUSE_WEAKER_RUNG] = "The source was recorded on a rung that does not show all inputs; a better one "
					 "('hindsight doctor') would.",
		[HS_CAUSE_MODEL_GAP] = "All inputs are exact: the model decides otherwise than this kernel. That is a bug "
				       "of the model, or a kernel whose rules differ from its variant's.",
	};

	return texts[cause];
}

/* Has somebody set a key of the model, so that another answer is the point? */
static bool sets_own_keys(const struct hs_cause_facts *facts)
{
	const size_t length = strlen(facts->model);

	hs_vec_for_each(value, &facts->policy->values)
		if (value->origin == HS_POLICY_USER && strncmp(value->key->key, facts->model, length) == 0 &&
		    value->key->key[length] == '.')
			return true;
	return false;
}

static bool has_lost_before(const struct hs_cause_facts *facts)
{
	hs_vec_for_each(span, &facts->losses->spans)
		if ((span->sources & facts->sources) && span->row.first_time <= facts->modelled->time)
			return true;
	return false;
}

/* mmap and its kin have no better rung than tracepoints. */
static bool is_weaker_rung(const struct hs_cause_facts *facts)
{
	const char *rung = hs_header_rung(facts->header, hs_source_name(facts->own));

	return rung && strcmp(rung, "fentry") != 0 && facts->own != HS_SOURCE_MM;
}

enum hs_cause hs_cause_find(const struct hs_cause_facts *facts)
{
	const struct hs_decision *modelled = facts->modelled;

	if (sets_own_keys(facts))
		return HS_CAUSE_POLICY;
	if (modelled->cause != HS_CAUSE_NONE)
		return modelled->cause;
	if (hs_losses_cover(facts->losses, modelled->time, facts->sources))
		return HS_CAUSE_LOST_EVENTS;
	if (modelled->basis == HS_BASIS_EXACT && strcmp(modelled->result, HS_RESULT_UNKNOWN) != 0)
		return HS_CAUSE_MODEL_GAP;
	if (has_lost_before(facts))
		return HS_CAUSE_LOST_EVENTS;
	return is_weaker_rung(facts) ? HS_CAUSE_WEAKER_RUNG : HS_CAUSE_MISSING_INPUT;
}
