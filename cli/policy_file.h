/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_POLICY_FILE_H
#define HS_POLICY_FILE_H
/*
 * Policies as users write them: INI files with a section per model, and KEY=VALUE. Values set here hold
 * over what the trace recorded.
 *
 *   [collapse]
 *   max_ptes_none = 64
 *   variant = 6.12
 */
#include "lib/error.h"
#include "replay/policy.h"

/* Sets what the file says. -errno of open; -EINVAL, -ENOENT, … with "file:line: what". */
int hs_policy_load(struct hs_policy *policy, const char *path, struct hs_error *err);

/* "collapse.max_ptes_none=64", "max_ptes_none=64". */
int hs_policy_set_text(struct hs_policy *policy, const char *setting, struct hs_error *err);

#endif
