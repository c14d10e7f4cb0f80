/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SNAPSHOT_HOST_H
#define HS_SNAPSHOT_HOST_H
/* The state of the host: zones and counters from procfs. Tunables and memory blocks: their own files. */
#include "collectors/capture.h"
#include "collectors/memory_tables.h"
#include "traces/header.h"

/* Adds snap.zone and snap.vmstat rows. 0 or -ENOMEM; what cannot be read is left out. */
int hs_snapshot_host(struct hs_capture *capture, const struct hs_memory_tables *tables);

/* Fills in what is known about kernel, machine and clock. 0 or -ENOMEM. */
int hs_describe_host(struct hs_header *header);

#endif
