/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SNAPSHOT_PROCESS_H
#define HS_SNAPSHOT_PROCESS_H
/* The state of one process: its counters, mappings and page occupancy, from procfs. */
#include <sys/types.h>

#include "collectors/capture.h"

/*
 * Adds snap.mm, snap.vma and snap.pages rows. 0; -ENOENT, -ESRCH: the process is gone (rows may have been
 * added: drop the capture); -EACCES, -EPERM; -ENOMEM. A process without an address space adds nothing.
 */
int hs_snapshot_process(struct hs_capture *capture, pid_t pid);

#endif
