/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SCENARIO_FILE_H
#define HS_SCENARIO_FILE_H
/*
 * Scenario files of the svm model (docs/models/svm.md): read, taken apart, and kept in a policy. Settings of the
 * section [svm] are keys of the policy, where the user has not set them otherwise; the model reads the rest
 * (replay/svm/svm_scenario_file.c).
 */
#include "cli/command.h"
#include "replay/policy.h"

/* 0, or a negative errno with "file:line: what". */
int hs_scenario_load(struct hs_policy *policy, const char *name, struct hs_error *err);

/*
 * The file that the policy's svm.scenario names, else the option --scenario of commands that have it; without
 * either nothing is done. A name that is no file is a bundled one. HS_EXIT_OK, or another status with the
 * sentence ("file:line: what") already printed.
 */
int hs_scenario_apply(struct hs_policy *policy, const struct hs_arguments *arguments);

#define HS_SCENARIO_OPTION \
	{ 0, "scenario", "FILE", false, "declare GPUs and what they touch, for the svm model; or a bundled one's name" }

#endif
