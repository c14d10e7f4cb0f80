/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_POLICY_LIST_H
#define HS_POLICY_LIST_H
/*
 * The policies that compare, report and the like put beside each other. Each -P and each -s makes one:
 *
 *   -P FILE.ini                      named after the file
 *   -s KEY=VALUE[,KEY=VALUE…]        named after itself
 *   -s NAME:KEY=VALUE[,KEY=VALUE…]   named NAME
 *
 * The commands declare the options "policy" (-P) and "set" (-s), and may declare "scenario" (cli/scenario_file.h),
 * which goes to all policies that do not name another.
 */
#include <stddef.h>

#include "cli/command.h"
#include "lib/vec.h"
#include "replay/policy.h"

struct hs_policy_list {
	HS_VEC(struct hs_policy) policies;
};

enum { HS_POLICY_AS_RECORDED = 1 };	/* flags of hs_policy_list_parse */

/*
 * -P first, then -s, each in the order given. With fewer than two of them, or with HS_POLICY_AS_RECORDED, a
 * policy "recorded", in which nothing is set, stands before them: the first policy is what the others are
 * compared with. HS_EXIT_OK, or an exit status with the sentence already printed. Also on error, the list
 * must be given to hs_policy_list_deinit.
 */
int hs_policy_list_parse(const struct hs_arguments *arguments, const char *command, unsigned int flags,
			 struct hs_policy_list *list);
void hs_policy_list_deinit(struct hs_policy_list *list);

#endif
