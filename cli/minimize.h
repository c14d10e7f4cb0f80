/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MINIMIZE_H
#define HS_MINIMIZE_H
/*
 * The smallest trace that shows a disagreement: events are left out, halves first, as long as a replay of the
 * rest still ends in the same decision with the same two results and the same cause.
 */
#include "cli/replay_run.h"

struct hs_minimize {
	const struct hs_arguments *arguments;
	const char *path;			/* of the trace, read anew */
	const char *output;
	bool overwrite;
	const char *const *models;
	const struct hs_policy *policy;
	const struct hs_decision *recorded, *modelled;	/* what is to be seen */
	uint64_t nr_before, nr_after;		/* events up to the decision, and kept */
};

/* Writes the trace. An exit status, with the sentence already printed. */
int hs_minimize(struct hs_minimize *minimize);

#endif
