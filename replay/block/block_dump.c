// SPDX-License-Identifier: GPL-2.0-only
/* The whole state as JSON: blocks by id, nodes by number, groups by id. */
#include <errno.h>

#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"

static void dump_settings(const struct hs_hotplug *hotplug, FILE *out)
{
	const struct hs_block_settings *settings = &hotplug->settings;

	fprintf(out, "{\"variant\": \"%s\", \"block_bytes\": %llu, \"auto_online_blocks\": \"%s\", "
		"\"online_policy\": \"%s\", "
		"\"auto_movable_ratio\": %u, \"auto_movable_numa_aware\": %d, \"memmap_on_memory\": \"%s\", "
		"\"poisoned_pages\": %llu", hotplug->variant.name, (unsigned long long)hs_block_bytes(hotplug),
		hs_block_online_type_name(settings->auto_online), hs_block_policy_name(settings->online_policy),
		settings->auto_movable_ratio, settings->auto_movable_numa_aware,
		hs_block_memmap_mode_name(settings->memmap_mode), (unsigned long long)hotplug->nr_poisoned);
}

static void dump_nodes(const struct hs_hotplug *hotplug, FILE *out)
{
	const char *separator = "";

	fprintf(out, ", \"zones\": [");
	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++) {
		for (int i = 0; hotplug->nodes[nid] && i < HS_NR_ZONES; i++) {
			const struct hs_zone *zone = &hotplug->nodes[nid]->zones[i];

			if (!zone->spanned && !zone->present)
				continue;
			fprintf(out, "%s{\"node\": %d, \"zone\": \"%s\", \"start\": %llu, \"spanned\": %llu, \"present\": %llu, "
				"\"early\": %llu, \"managed\": %llu, \"cma\": %llu}", separator, nid, hs_zone_name(zone->index),
				(unsigned long long)zone->start, (unsigned long long)zone->spanned,
				(unsigned long long)zone->present, (unsigned long long)zone->present_early,
				(unsigned long long)zone->managed, (unsigned long long)zone->cma);
			separator = ", ";
		}
	}
	fputc(']', out);
}

static void dump_groups(const struct hs_hotplug *hotplug, FILE *out)
{
	const char *separator = "";

	fprintf(out, ", \"groups\": [");
	hs_vec_for_each(slot, &hotplug->groups) {
		const struct hs_block_group *group = *slot;

		if (!group)
			continue;
		fprintf(out, "%s{\"group\": %d, \"node\": %d, \"kind\": \"%s\", \"pages\": %llu, \"kernel\": %llu, "
			"\"movable\": %llu, \"blocks\": %llu}", separator, group->mgid, group->nid,
			group->is_dynamic ? "dynamic" : "static", (unsigned long long)group->pages,
			(unsigned long long)group->present_kernel, (unsigned long long)group->present_movable,
			(unsigned long long)group->nr_blocks);
		separator = ", ";
	}
	fputc(']', out);
}

static void dump_blocks(const struct hs_hotplug *hotplug, FILE *out)
{
	const char *separator = "";

	fprintf(out, ", \"blocks\": [");
	for (const struct hs_block *block = hs_block_at_or_above(hotplug, 0); block; block = hs_block_next(block)) {
		fprintf(out, "%s\n{\"block\": %llu, \"state\": \"%s\", \"valid_zones\": \"%s\", \"node\": %d, \"group\": %d, "
			"\"altmap\": %llu, \"online_type\": \"%s\", \"hwpoison\": %llu}", separator,
			(unsigned long long)hs_block_id(block), hs_block_status_name(block->status),
			hs_block_valid_zones(hotplug, block), block->nid, block->group ? block->group->mgid : HS_NO_GROUP,
			(unsigned long long)block->altmap, hs_block_online_type_name(block->online_type),
			(unsigned long long)block->nr_hwpoison);
		separator = ",";
	}
	fprintf(out, "]}\n");
}

int hs_block_dump(const struct hs_model *model, FILE *out)
{
	dump_settings(&model->hotplug, out);
	dump_nodes(&model->hotplug, out);
	dump_groups(&model->hotplug, out);
	dump_blocks(&model->hotplug, out);
	return ferror(out) ? -EIO : 0;
}
