/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TARGETS_H
#define HS_TARGETS_H
/* Lists of processes. */
#include <sys/types.h>

#include "lib/vec.h"

typedef HS_VEC(pid_t) hs_pid_list;

/* Appends every process of the host. 0 or -errno. */
int hs_targets_all(hs_pid_list *pids);
/* Appends the processes of a cgroup and those below it. 0 or -errno. */
int hs_targets_of_cgroup(const char *directory, hs_pid_list *pids);

#endif
