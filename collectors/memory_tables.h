/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MEMORY_TABLES_H
#define HS_MEMORY_TABLES_H
/* What the kernel's own tables add to snapshots of blocks, zones and groups, where programs may look into them. */
#include "collectors/capture.h"
#include "collectors/probes.h"
#include "collectors/translate_hotplug.h"

/* Borrowed. Either may be NULL: then nothing is added. */
struct hs_memory_tables {
	const struct hs_probes *probes;
	struct hs_hotplug_translator *groups;	/* learns the groups' addresses */
};

/*
 * Fills the columns of a snap.block row that no file shows, by its block and its size; *zone is what the row's zone
 * points to afterwards. Untouched without access.
 */
void hs_memory_tables_fill_block(const struct hs_memory_tables *tables, struct hs_snap_block *row,
				 char zone[HS_HOTPLUG_NAME_BYTES]);
/* The same for the index-th zone of the row's node. */
void hs_memory_tables_fill_zone(const struct hs_memory_tables *tables, struct hs_snap_zone *row, unsigned int index);
/* Adds a snap.group row per group. 0 or -ENOMEM. */
int hs_memory_tables_capture_groups(const struct hs_memory_tables *tables, struct hs_capture *capture);

#endif
