// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_group.h"

#include <errno.h>
#include <string.h>

/* Puts a dynamic group in its place by id; room was reserved. */
static void mark_dynamic(struct hs_hotplug *hotplug, struct hs_block_group *group)
{
	size_t at = hotplug->dynamic_groups.count++;

	while (at && hotplug->dynamic_groups.items[at - 1]->mgid > group->mgid) {
		hotplug->dynamic_groups.items[at] = hotplug->dynamic_groups.items[at - 1];
		at--;
	}
	hotplug->dynamic_groups.items[at] = group;
}

static void unmark_dynamic(struct hs_hotplug *hotplug, const struct hs_block_group *group)
{
	size_t at = 0, count = hotplug->dynamic_groups.count;

	while (hotplug->dynamic_groups.items[at] != group)
		at++;
	memmove(&hotplug->dynamic_groups.items[at], &hotplug->dynamic_groups.items[at + 1],
		(count - at - 1) * sizeof(hotplug->dynamic_groups.items[0]));
	hotplug->dynamic_groups.count--;
}

int32_t hs_block_group_next(const struct hs_hotplug *hotplug)
{
	size_t mgid = hotplug->first_free_group;

	while (mgid < hotplug->groups.count && hotplug->groups.items[mgid])
		mgid++;
	return mgid > HS_MAX_GROUPS ? -1 : (int32_t)mgid;
}

/* memory_group_register */
static int register_group(struct hs_hotplug *hotplug, bool is_dynamic, int32_t nid, uint64_t pages)
{
	struct hs_block_group *group;
	int32_t mgid = hs_block_group_next(hotplug);

	if (!hs_node_find(hotplug, nid))
		return -EINVAL;
	if (mgid < 0)
		return -EBUSY;
	group = calloc(1, sizeof(*group));
	if (!group || !hs_vec_reserve(&hotplug->groups, 1) || !hs_vec_reserve(&hotplug->dynamic_groups, 1)) {
		free(group);
		return -ENOMEM;
	}
	group->mgid = mgid;
	group->nid = nid;
	group->is_dynamic = is_dynamic;
	group->pages = pages;
	if ((size_t)mgid == hotplug->groups.count)
		hotplug->groups.count++;
	hotplug->groups.items[mgid] = group;
	hotplug->first_free_group = (size_t)mgid + 1;
	if (is_dynamic)
		mark_dynamic(hotplug, group);
	return group->mgid;
}

int hs_block_group_register(struct hs_hotplug *hotplug, bool is_dynamic, int32_t nid, uint64_t pages)
{
	if (!pages)
		return -EINVAL;
	if (is_dynamic && ((pages & (pages - 1)) || pages < hs_block_pages(hotplug)))
		return -EINVAL;
	return register_group(hotplug, is_dynamic, nid, pages);
}

int hs_block_group_unregister(struct hs_hotplug *hotplug, int64_t mgid)
{
	struct hs_block_group *group = hs_block_group_find(hotplug, mgid);

	if (!group)
		return -EINVAL;
	if (group->nr_blocks)
		return -EBUSY;
	if (group->is_dynamic)
		unmark_dynamic(hotplug, group);
	hotplug->groups.items[mgid] = NULL;
	if ((size_t)mgid < hotplug->first_free_group)
		hotplug->first_free_group = (size_t)mgid;
	free(group);
	return 0;
}

struct hs_block_group *hs_block_group_find(const struct hs_hotplug *hotplug, int64_t mgid)
{
	return mgid >= 0 && (uint64_t)mgid < hotplug->groups.count ? hotplug->groups.items[mgid] : NULL;
}

int hs_block_group_walk_dynamic(const struct hs_hotplug *hotplug, int32_t nid, const struct hs_block_group *excluded,
				hs_block_group_visit *visit, void *context)
{
	int answer = 0;

	hs_vec_for_each(item, &hotplug->dynamic_groups) {
		if (*item == excluded || (nid != HS_NO_NODE && (*item)->nid != nid))
			continue;
		answer = visit(*item, context);
		if (answer)
			break;
	}
	return answer;
}
