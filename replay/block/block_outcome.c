// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_outcome.h"

#include <stdio.h>

#include "replay/block/block_effect.h"

const char *hs_block_check_text(enum hs_block_check check)
{
	static const char *const texts[HS_NR_BLOCK_CHECKS] = {
#define CHECK(id, text) text,
		HS_BLOCK_CHECKS(CHECK)
#undef CHECK
	};

	return texts[check];
}

const struct hs_block_world *hs_block_world_of(const struct hs_block_worlds *worlds, const struct hs_block *block)
{
	static const struct hs_block_world nothing_in_the_way;

	for (size_t i = 0; worlds && i < worlds->count; i++)
		if (worlds->items[i].id == hs_block_id(block))
			return &worlds->items[i].world;
	return &nothing_in_the_way;
}

const char *hs_block_sequence(const struct hs_block_outcome *outcome, char buffer[HS_SEQUENCE_TEXT])
{
	static const char *const names[HS_NR_BLOCK_ACTIONS] = {
		"On", "Gf", "Of", "Gn", "Cn", "Cf", "P", "F",
		"Nadd", "Nadded", "Ncancel", "Nrem", "Nremoved", "Ncancel",
	};
	size_t length = 0;

	buffer[0] = 0;
	for (unsigned int i = 0; i < outcome->nr_notified && length < HS_SEQUENCE_TEXT; i++)
		length += (size_t)snprintf(buffer + length, HS_SEQUENCE_TEXT - length, "%s%s%s", i ? " " : "",
					   names[outcome->notified[i].notice.action],
					   hs_notify_to_errno(outcome->notified[i].value) ? "!" : "");
	return buffer;
}

struct hs_notice hs_block_notice(const struct hs_hotplug *hotplug, const struct hs_block *block,
				 enum hs_block_action action)
{
	uint64_t start = hs_block_start(hotplug, block);
	struct hs_notice notice = {
		.action = action, .start_pfn = start + block->altmap,
		.nr_pages = hs_block_pages(hotplug) - block->altmap, .nid = HS_NO_NODE, .nid_normal = HS_NO_NODE,
	};

	if (hs_block_action_is_node(action)) {
		notice.nid = block->nid;
	} else if (action == HS_MEM_PREPARE_ONLINE || action == HS_MEM_FINISH_OFFLINE) {
		notice.altmap_start = start;
		notice.altmap_nr = block->altmap;
	}
	return notice;
}

int hs_block_notify(const struct hs_hotplug *hotplug, const struct hs_block_world *world,
		    const struct hs_notice *notice, struct hs_block_outcome *outcome)
{
	const struct hs_notifier_chain *chain = hs_block_action_is_node(notice->action) ?
		&hotplug->node_chain : &hotplug->memory_chain;
	struct hs_notified *notified = &outcome->notified[outcome->nr_notified++];

	notified->notice = *notice;
	notified->value = hs_notify_run(chain, notice, &notified->nr_called);
	if (world->veto[notice->action])
		notified->value = hs_notify_from_errno(world->veto[notice->action]);
	return hs_notify_to_errno(notified->value);
}

int hs_block_apply_online(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_outcome *outcome)
{
	if (outcome->check == HS_CHECK_ALREADY || outcome->check == HS_CHECK_IN_STATE) {
		if (outcome->check == HS_CHECK_IN_STATE)
			block->is_device_offline = false;
		return 0;
	}
	if (!outcome->result) {
		int ret = hs_block_effect_online(hotplug, block, outcome->zone);

		if (ret)
			return ret;
		hs_block_set_status(hotplug, block, HS_BLOCK_ONLINE);
		block->is_device_offline = false;
	} else if (outcome->has_entered_zone) {
		hs_block_effect_cancelled_online(hotplug, block, outcome->zone);
	}
	block->online_type = HS_OFFLINE;
	return 0;
}

int hs_block_apply_offline(struct hs_hotplug *hotplug, struct hs_block *block,
			   const struct hs_block_outcome *outcome)
{
	int ret;

	if (outcome->check == HS_CHECK_IN_STATE)
		block->is_device_offline = true;
	if (outcome->check != HS_CHECK_NONE) {
		if (block->status == HS_BLOCK_GOING_OFFLINE)
			hs_block_set_status(hotplug, block, HS_BLOCK_ONLINE);
		return 0;
	}
	ret = hs_block_effect_offline(hotplug, block);
	if (ret)
		return ret;
	hs_block_set_status(hotplug, block, HS_BLOCK_OFFLINE);
	block->is_device_offline = true;
	return 0;
}
