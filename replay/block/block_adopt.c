// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of decisions become true: in validate the recorded ones. */
#include <string.h>

#include "replay/block/block_effect.h"
#include "replay/block/block_group.h"
#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"

static bool is_done(const struct hs_decision *decision)
{
	return decision->result[0] == '0';
}

static void note_change(struct hs_model *model, struct hs_block *block, enum hs_block_status from, uint64_t time)
{
	if (block->status != from) {
		block->status_before = from;
		block->changed_time = time;
	}
	hs_block_tick(model, time);
}

/* Into the recorded zone where the record names it, else where the model put it. */
static struct hs_zone *adopted_zone(struct hs_model *model, const struct hs_block *block, int zone,
				    const struct hs_block_outcome *outcome)
{
	struct hs_node *node = hs_node_find(&model->hotplug, block->nid);

	return zone >= 0 && node ? &node->zones[zone] : outcome->zone;
}

static void adopt_online(struct hs_model *model, const struct hs_block_request *request,
			 const struct hs_decision *decision)
{
	struct hs_block *block = hs_block_find(&model->hotplug, request->id);
	struct hs_block_world world = request->world;
	struct hs_block_outcome outcome;
	enum hs_block_status from;

	if (!block)
		return;
	from = block->status;
	block->online_type = request->type;
	if (is_done(decision) && from == HS_BLOCK_ONLINE)
		return;
	if (is_done(decision))
		memset(&world, 0, sizeof(world));
	hs_block_decide_online(&model->hotplug, block, &world, &outcome);
	if (is_done(decision)) {
		outcome.zone = adopted_zone(model, block, request->zone, &outcome);
		outcome.result = outcome.zone ? 0 : -1;
		outcome.check = HS_CHECK_NONE;
	}
	hs_block_apply_online(&model->hotplug, block, &outcome);
	hs_block_metrics_outcome(&model->metrics, &model->hotplug, false, &outcome);
	note_change(model, block, from, request->common.time);
}

static void adopt_offline(struct hs_model *model, const struct hs_block_request *request,
			  const struct hs_decision *decision)
{
	struct hs_block *block = hs_block_find(&model->hotplug, request->id);
	struct hs_block_outcome outcome;
	enum hs_block_status from;

	if (!block)
		return;
	from = block->status;
	hs_block_decide_offline(&model->hotplug, block, &request->world, &outcome);
	if (is_done(decision) && from != HS_BLOCK_OFFLINE) {
		if (block->zone)
			hs_block_effect_offline(&model->hotplug, block);
		hs_block_set_status(&model->hotplug, block, HS_BLOCK_OFFLINE);
		block->is_device_offline = true;
		outcome.result = 0;
	}
	hs_block_metrics_outcome(&model->metrics, &model->hotplug, true, &outcome);
	note_change(model, block, from, request->common.time);
}

/* A polled block was seen online: its zone is all that is known of how it came there. */
static void adopt_polled_zone(struct hs_model *model, const struct hs_block_request *request)
{
	struct hs_block *block = hs_block_find(&model->hotplug, request->id);
	struct hs_node *node = hs_node_find(&model->hotplug, request->nid);
	struct hs_block_outcome outcome = { .check = HS_CHECK_NONE };

	if (!block || !node || block->status != HS_BLOCK_OFFLINE)
		return;
	block->nid = request->nid;
	outcome.zone = &node->zones[request->zone];
	hs_block_apply_online(&model->hotplug, block, &outcome);
	hs_block_metrics_outcome(&model->metrics, &model->hotplug, false, &outcome);
	note_change(model, block, HS_BLOCK_OFFLINE, request->common.time);
}

/* The word stays with a block that was online already. Settings are facts, block_follow.c. */
static void adopt_write(struct hs_model *model, const struct hs_block_request *request,
			const struct hs_decision *decision)
{
	struct hs_block *block = hs_block_find(&model->hotplug, request->id);
	int type;

	if (request->file != HS_FILE_STATE || !block)
		return;
	type = hs_block_parse_online_type(request->text, request->length);
	if (type > HS_OFFLINE && !is_done(decision) && request->status == HS_BLOCK_ONLINE)
		block->online_type = (enum hs_online_type)type;
}

static int set_node(struct hs_block *block, void *context)
{
	const struct hs_add_request *add = context;

	if (block->nid == HS_NO_NODE)
		block->nid = add->nid;
	return 0;
}

static void adopt_add(struct hs_model *model, const struct hs_block_request *request,
		      const struct hs_decision *decision)
{
	struct hs_add_request add = request->add;
	struct hs_block_group *group;
	struct hs_node *node;

	model->created_start = model->created_end = 0;
	if (!is_done(decision))
		return;
	if (add.flags & HS_MHP_NID_IS_MGID) {
		group = hs_block_group_find(&model->hotplug, add.nid);
		add.nid = group ? group->nid : HS_NO_NODE;
	}
	node = hs_node_find(&model->hotplug, add.nid);
	if (node)
		node->is_online = true;
	hs_block_walk(&model->hotplug, add.start, add.size, set_node, &add);
	hs_block_tick(model, request->common.time);
}

/* The group gets the id the kernel gave it; one that the model holds there was a contradiction. */
static void adopt_group(struct hs_model *model, const struct hs_block_request *request,
			const struct hs_decision *decision)
{
	int mgid;

	if (!is_done(decision))
		return;
	if (request->group.op == 2) {
		hs_block_group_unregister(&model->hotplug, request->group.mgid);
		return;
	}
	mgid = hs_block_group_register(&model->hotplug, request->group.op == 1, request->group.nid, request->group.pages);
	if (mgid != request->ret)
		hs_block_problem(model, request->common.time, "a memory group got the id %lld, the lowest free one is %d",
				 (long long)request->ret, mgid);
}

void hs_block_adopt(struct hs_model *model, const struct hs_request *common, const struct hs_decision *decision)
{
	const struct hs_block_request *request = (const struct hs_block_request *)common;

	switch (common->point) {
	case HS_POINT_BLOCK_ONLINE: return adopt_online(model, request, decision);
	case HS_POINT_BLOCK_OFFLINE: return adopt_offline(model, request, decision);
	case HS_POINT_BLOCK_ZONE:
		if (request->op == 2)
			adopt_polled_zone(model, request);
		return;
	case HS_POINT_BLOCK_REQUEST: return adopt_write(model, request, decision);
	case HS_POINT_BLOCK_ADD: return adopt_add(model, request, decision);
	case HS_POINT_BLOCK_GROUP: return adopt_group(model, request, decision);
	default: return;
	}
}
