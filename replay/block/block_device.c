// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_device.h"

#include <errno.h>
#include <string.h>

#include "replay/block/block_sysfs.h"

void hs_uevents_add(struct hs_uevents *uevents, int action, bool is_node, uint64_t id)
{
	struct hs_uevent uevent = { .is_node = is_node, .id = id };

	if (!uevents)
		return;
	uevent.action = action;
	if (!hs_vec_push(&uevents->list, uevent))
		uevents->is_short = true;
}

static int already(struct hs_block_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->check = HS_CHECK_ALREADY;
	outcome->result = 1;
	return 1;
}

int hs_block_device_online(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_world *world,
			   struct hs_uevents *uevents, struct hs_block_outcome *outcome)
{
	if (!block->is_device_offline)
		return already(outcome);
	hs_block_decide_online(hotplug, block, world, outcome);
	if (hs_block_apply_online(hotplug, block, outcome))
		return -ENOMEM;
	if (outcome->has_uevent)
		hs_uevents_add(uevents, HS_UEVENT_ONLINE, false, hs_block_id(block));
	return outcome->result;
}

int hs_block_device_offline(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_world *world,
			    struct hs_uevents *uevents, struct hs_block_outcome *outcome)
{
	if (block->is_device_offline)
		return already(outcome);
	hs_block_decide_offline(hotplug, block, world, outcome);
	if (hs_block_apply_offline(hotplug, block, outcome))
		return -ENOMEM;
	if (outcome->has_uevent)
		hs_uevents_add(uevents, HS_UEVENT_OFFLINE, false, hs_block_id(block));
	return outcome->result;
}

static int refuse_text(struct hs_block_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->check = HS_CHECK_PARSE;
	outcome->result = -EINVAL;
	return -EINVAL;
}

int hs_block_write_state(struct hs_hotplug *hotplug, struct hs_block *block, const char *text, size_t length,
			 const struct hs_block_world *world, struct hs_uevents *uevents,
			 struct hs_block_outcome *outcome)
{
	int type = hs_block_parse_online_type(text, length), ret;

	if (type < 0)
		return refuse_text(outcome);
	if (type == HS_OFFLINE) {
		ret = hs_block_device_offline(hotplug, block, world, uevents, outcome);
	} else {
		block->online_type = (enum hs_online_type)type;
		ret = hs_block_device_online(hotplug, block, world, uevents, outcome);
	}
	return ret > 0 ? -EINVAL : ret;
}

int hs_block_write_online(struct hs_hotplug *hotplug, struct hs_block *block, const char *text, size_t length,
			  const struct hs_block_world *world, struct hs_uevents *uevents,
			  struct hs_block_outcome *outcome)
{
	bool is_online;
	int ret;

	if (hs_block_parse_bool(&hotplug->variant, text, length, &is_online))
		return refuse_text(outcome);
	if (is_online)
		ret = hs_block_device_online(hotplug, block, world, uevents, outcome);
	else
		ret = hs_block_device_offline(hotplug, block, world, uevents, outcome);
	return ret < 0 ? ret : 0;
}
