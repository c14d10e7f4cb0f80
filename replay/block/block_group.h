/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_GROUP_H
#define HS_BLOCK_GROUP_H
/* Memory groups: blocks of one device that a policy treats together. memory_group_* in drivers/base/memory.c. */
#include "replay/block/block_state.h"

/*
 * A new group: its id (the lowest that is free), or -EINVAL (no pages; dynamic: no power of two or below a
 * block; node not possible), -ENOMEM, -EBUSY (no id left).
 */
int hs_block_group_register(struct hs_hotplug *hotplug, bool is_dynamic, int32_t nid, uint64_t pages);
/* 0, -EINVAL (negative or unknown id), -EBUSY (blocks belong to it). */
int hs_block_group_unregister(struct hs_hotplug *hotplug, int64_t mgid);
/* Id that the next registration gets. */
int32_t hs_block_group_next(const struct hs_hotplug *hotplug);
/* NULL: unknown. */
struct hs_block_group *hs_block_group_find(const struct hs_hotplug *hotplug, int64_t mgid);

/*
 * walk_dynamic_memory_groups: dynamic groups of a node (HS_NO_NODE: all) but excluded (may be NULL), ids
 * ascending; stops at the first non-zero answer and returns it.
 */
typedef int hs_block_group_visit(const struct hs_block_group *group, void *context);
int hs_block_group_walk_dynamic(const struct hs_hotplug *hotplug, int32_t nid, const struct hs_block_group *excluded,
				hs_block_group_visit *visit, void *context);

#endif
