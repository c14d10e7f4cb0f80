/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_STUDY_H
#define HS_STUDY_H
/*
 * What compare and report count: for each input (a trace that is replayed, or the decision files that belong
 * together) a tally over the same policies.
 */
#include "analysis/compare.h"
#include "analysis/table.h"
#include "analysis/tally.h"
#include "cli/command.h"
#include "cli/policy_list.h"
#include "cli/task_table.h"
#include "lib/vec.h"

struct hs_study {
	HS_VEC(char *) names;			/* of the policies */
	HS_VEC(struct hs_tally *) tallies;	/* one per input */
	HS_VEC(struct hs_policy) in_force;	/* of traces: the policies with the first trace's tunables taken in */
	HS_VEC(struct hs_task_table) tasks;	/* one per input: who its address spaces belong to */
	enum hs_mode mode;
};

/* Name of the process that an address space belongs to; NULL: unknown. context: a struct hs_task_table. */
const char *hs_study_process_name(void *context, uint32_t mm);

void hs_study_deinit(struct hs_study *study);

/*
 * Replays a trace under all policies and adds its tally. The policies' names are taken at the first call. The
 * command declares the option "model" (-m), a list of models.
 * HS_EXIT_OK, HS_EXIT_INCOMPLETE (the tally was added), or another exit status, the sentence already printed.
 */
int hs_study_add_trace(struct hs_study *study, const struct hs_arguments *arguments, const char *path,
		       enum hs_mode mode, const struct hs_policy_list *policies);

/* Reads decision files into one tally; their policies stand one behind the other. As above. */
int hs_study_add_decisions(struct hs_study *study, const char *const *paths, size_t nr_paths);

/*
 * Compares each policy b but the first one with that one, over all inputs. A comparison lives as long as the call
 * it is given to. 0 or -ENOMEM.
 */
typedef void hs_study_compared(void *context, uint32_t b, const struct hs_comparison *comparison);
int hs_study_compare(const struct hs_study *study, hs_study_compared *compared, void *context);

/*
 * Judges --fail-on on each input. Adds the table of each to *tables (they must have room for one per input;
 * *nr grows). HS_EXIT_OK, HS_EXIT_GATE, or HS_EXIT_USAGE with the sentence already printed.
 */
int hs_study_judge(const struct hs_study *study, const char *command, const char *fail_on, struct hs_table **tables,
		   size_t *nr);

#endif
