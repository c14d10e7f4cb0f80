// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/memory_tables.h"

#include <errno.h>
#include <string.h>

/* x86-64; arch/x86/include/asm/sparsemem.h. */
enum { SECTION_PAGES = 32768 };

/* Ids are given out from 0 on, the lowest that is free: behind so many free ones there are none. */
enum { MAX_FREE_GROUPS = 64 };

static bool read_entry(const struct hs_memory_tables *tables, enum hs_table table, struct hs_table_entry *entry)
{
	return tables->probes && hs_probes_read_table(tables->probes, table, entry) == 0;
}

void hs_memory_tables_fill_block(const struct hs_memory_tables *tables, struct hs_snap_block *row,
				 char zone[HS_HOTPLUG_NAME_BYTES])
{
	struct hs_table_entry entry = { .key = row->block, .extent = row->nr_pages / SECTION_PAGES };

	if (!read_entry(tables, HS_TABLE_BLOCKS, &entry))
		return;
	row->is_deep = 1;
	row->online_type = (uint8_t)entry.field[HS_TABLE_BLOCK_ONLINE_TYPE];
	row->node = (int32_t)entry.field[HS_TABLE_BLOCK_NODE];
	row->group = hs_hotplug_translator_group(tables->groups, entry.field[HS_TABLE_BLOCK_GROUP]);
	row->altmap_pages = entry.field[HS_TABLE_BLOCK_ALTMAP_PAGES];
	row->nr_hwpoison = entry.field[HS_TABLE_BLOCK_NR_HWPOISON];
	row->nr_early = (uint32_t)entry.field[HS_TABLE_BLOCK_NR_EARLY] + 1;
	memcpy(zone, entry.name, HS_HOTPLUG_NAME_BYTES);
	row->zone = (struct hs_bytes){ zone, (uint32_t)strnlen(zone, HS_HOTPLUG_NAME_BYTES) };
}

void hs_memory_tables_fill_zone(const struct hs_memory_tables *tables, struct hs_snap_zone *row, unsigned int index)
{
	struct hs_table_entry entry = { .key = (uint64_t)row->node, .extent = index };

	if (!read_entry(tables, HS_TABLE_ZONES, &entry) || row->zone.length != strlen(entry.name) ||
	    memcmp(row->zone.data, entry.name, row->zone.length))
		return;
	row->is_deep = 1;
	row->start_pfn = entry.field[HS_TABLE_ZONE_START];
	row->spanned = entry.field[HS_TABLE_ZONE_SPANNED];
	row->present = entry.field[HS_TABLE_ZONE_PRESENT];
	row->managed = entry.field[HS_TABLE_ZONE_MANAGED];
	row->cma = entry.field[HS_TABLE_ZONE_CMA];
	row->present_early = entry.field[HS_TABLE_ZONE_PRESENT_EARLY];
}

static int add_group(const struct hs_memory_tables *tables, const struct hs_table_entry *entry,
		     struct hs_capture *capture)
{
	struct hs_snap_group row = {
		.group = (int32_t)entry->key, .is_dynamic = entry->field[HS_TABLE_GROUP_IS_DYNAMIC] != 0,
		.node = (int32_t)entry->field[HS_TABLE_GROUP_NODE], .pages = entry->field[HS_TABLE_GROUP_PAGES],
		.present_kernel = entry->field[HS_TABLE_GROUP_KERNEL],
		.present_movable = entry->field[HS_TABLE_GROUP_MOVABLE],
	};

	if (hs_hotplug_translator_add_group(tables->groups, entry->field[HS_TABLE_GROUP_POINTER], row.group))
		return -ENOMEM;
	return hs_capture_add(capture, HS_KIND_snap_group, &row);
}

int hs_memory_tables_capture_groups(const struct hs_memory_tables *tables, struct hs_capture *capture)
{
	int nr_free = 0, error = 0;

	for (uint64_t id = 0; !error && nr_free < MAX_FREE_GROUPS; id++) {
		struct hs_table_entry entry = { .key = id };

		if (read_entry(tables, HS_TABLE_GROUPS, &entry)) {
			error = add_group(tables, &entry, capture);
			nr_free = 0;
		} else {
			nr_free++;
		}
	}
	return error;
}
