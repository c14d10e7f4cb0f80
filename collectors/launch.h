/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LAUNCH_H
#define HS_LAUNCH_H
/*
 * Starts the recorded command in two steps, so that nothing of it is missed: the process exists (and can be
 * filtered by) before the probes are attached, and it stands still behind its exec, before its first
 * instruction, until its new address space has been looked at.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

struct hs_launch {
	pid_t pid;
	int go, failure;		/* pipes: to the child; errno of a failed exec from it */
	bool is_traced;			/* stands still behind its exec */
};

/* Forks a process that waits. argv is borrowed until hs_launch_exec. */
int hs_launch_start(char *const *argv, struct hs_launch *launch, struct hs_error *err);

/*
 * Lets it exec. 0: it stands still in its new address space if is_traced, else (ptrace was refused) it runs.
 * -ENOENT, -EACCES, …: the exec failed, nothing runs any more.
 */
int hs_launch_exec(struct hs_launch *launch, struct hs_error *err);

/* Lets it run. */
void hs_launch_run(struct hs_launch *launch);

/* Kills and reaps a process that waits or runs; closes the pipes. */
void hs_launch_abort(struct hs_launch *launch);

#endif
