// SPDX-License-Identifier: GPL-2.0-only
/* The model's answer to a request: the rules on the state as it is, which stays as it is. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_group.h"
#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"
#include "replay/block/block_zone.h"

static void say(struct hs_decision *decision, const char *result, const char *reason)
{
	decision->result = result;
	decision->reason = reason;
}

/* The outcome of the operation under the request's world; false: no such block. */
static bool run_rules(const struct hs_model *model, const struct hs_block_request *request,
		      struct hs_block_outcome *outcome)
{
	const struct hs_block *known = hs_block_find(&model->hotplug, request->id);
	struct hs_block block;

	if (!known)
		return false;
	block = *known;
	block.online_type = request->type;
	if (request->op)
		hs_block_decide_offline(&model->hotplug, &block, &request->world, outcome);
	else
		hs_block_decide_online(&model->hotplug, &block, &request->world, outcome);
	return true;
}

static void decide_operation(const struct hs_model *model, const struct hs_block_request *request,
			     struct hs_decision *decision)
{
	struct hs_block_outcome outcome;

	if (!run_rules(model, request, &outcome)) {
		say(decision, HS_RESULT_UNKNOWN, "block was never seen");
		return;
	}
	say(decision, hs_block_result_name(outcome.result), hs_block_check_text(outcome.check));
	hs_block_set_costs(&model->hotplug, hs_block_find(&model->hotplug, request->id), &outcome, decision);
	if (outcome.zone && !outcome.result)
		decision->cost[outcome.zone->index == HS_ZONE_MOVABLE ? 4 : 5] +=
			request->op ? -decision->cost[1] : decision->cost[1];
}

void hs_block_set_costs(const struct hs_hotplug *hotplug, const struct hs_block *block,
			const struct hs_block_outcome *outcome, struct hs_decision *decision)
{
	const struct hs_node *node = hs_node_find(hotplug, block->nid);

	decision->cost[0] = outcome->nr_notified;
	decision->cost[1] = hs_block_pages(hotplug);
	decision->cost[2] = block->altmap;
	decision->cost[3] = node ? (uint64_t)node->nid : 0;
	if (node)
		hs_block_sums(hotplug, node, &decision->cost[4], &decision->cost[5]);
}

static void decide_zone(const struct hs_model *model, const struct hs_block_request *request,
			struct hs_decision *decision)
{
	struct hs_zone_request zone = {
		.type = request->type, .node = hs_node_find(&model->hotplug, request->nid),
		.group = hs_block_group_find(&model->hotplug, request->mgid), .pfn = request->pfn, .nr = request->nr,
	};
	struct hs_zone_choice choice;

	if (!zone.node) {
		say(decision, HS_RESULT_UNKNOWN, "node was never seen");
		return;
	}
	hs_zone_choose(&model->hotplug, &zone, &choice);
	say(decision, hs_zone_name(choice.zone->index), hs_zone_why_name(choice.why));
	decision->cost[0] = request->nr;
	decision->cost[1] = choice.nr_tests;
	if (choice.nr_tests) {
		decision->cost[2] = choice.tests[choice.nr_tests - 1].movable;
		decision->cost[3] = choice.tests[choice.nr_tests - 1].limit;
	}
}

static bool is_outer(enum hs_block_action action)
{
	return action == HS_MEM_PREPARE_ONLINE || action == HS_MEM_FINISH_OFFLINE;
}

/*
 * The index-th run that a recorder sees, NULL: no such. Where compilers put the calls with the outer actions into
 * memory_block_online and memory_block_offline (6.12), no probe of memory_notify meets them.
 */
static const struct hs_notice *seen_notice(const struct hs_model *model, const struct hs_block_outcome *outcome,
					   unsigned int index)
{
	for (unsigned int i = 0; i < outcome->nr_notified; i++) {
		const struct hs_notice *notice = &outcome->notified[i].notice;

		if (is_outer(notice->action) && !model->sees_outer_actions)
			continue;
		if (!index--)
			return notice;
	}
	return NULL;
}

/* The node of the nodes' chain; of the memory chain the transition, where the kernel says it. */
static bool has_same_nodes(const struct hs_model *model, const struct hs_notice *notice,
			   const struct hs_block_request *request)
{
	if (hs_block_action_is_node(notice->action))
		return request->nid < 0 || notice->nid == request->nid;
	if (is_outer(notice->action) || !model->hotplug.variant.has_status_change_nid || request->nid == HS_NODE_UNSAID)
		return true;
	return notice->nid == request->nid && notice->nid_normal == request->nid_normal;
}

/* The next run of a chain in the operation under way, given what the runs before answered. */
static void decide_notify(const struct hs_model *model, const struct hs_block_request *request,
			  struct hs_decision *decision)
{
	const struct hs_notice *notice;
	struct hs_block_outcome outcome;
	bool is_node;

	if (!run_rules(model, request, &outcome)) {
		say(decision, HS_RESULT_UNKNOWN, "block was never seen");
		return;
	}
	notice = seen_notice(model, &outcome, request->index);
	if (!notice) {
		say(decision, "none", hs_block_check_text(outcome.check));
		return;
	}
	is_node = hs_block_action_is_node(notice->action);
	say(decision, hs_block_action_name(notice->action), "order of notifications");
	if (!has_same_nodes(model, notice, request))
		say(decision, "other node", hs_block_action_name(notice->action));
	if (!is_node && (notice->start_pfn != request->pfn || notice->nr_pages != request->nr ||
			 notice->altmap_nr != request->altmap_nr ||
			 (notice->altmap_nr && notice->altmap_start != request->altmap_pfn)))
		say(decision, "other range", hs_block_action_name(notice->action));
}

/* What a word asks for: 1 online, 0 offline, -EINVAL. */
static int wanted_state(const struct hs_model *model, const struct hs_block_request *request)
{
	bool value;
	int type;

	if (request->file == HS_FILE_ONLINE)
		return hs_block_parse_bool(&model->hotplug.variant, request->text, request->length, &value) ?
			-EINVAL : value;
	type = hs_block_parse_online_type(request->text, request->length);
	return type < 0 ? -EINVAL : type != HS_OFFLINE;
}

static void decide_write_to_block(const struct hs_model *model, const struct hs_block_request *request,
				  struct hs_decision *decision)
{
	int wanted = wanted_state(model, request);
	bool is_online = request->status == HS_BLOCK_ONLINE;

	if (wanted < 0)
		say(decision, "-EINVAL", hs_block_check_text(HS_CHECK_PARSE));
	else if (is_online == (wanted == 1))
		say(decision, request->file == HS_FILE_STATE ? "-EINVAL" : "0", hs_block_check_text(HS_CHECK_ALREADY));
	else if (request->is_underivable)
		say(decision, hs_block_result_name(request->ret), "outcome inside the kernel, as recorded");
	else
		say(decision, hs_block_result_name(request->inner_result), "result of the operation inside");
}

/* Files of the whole subsystem: what is refused by its text; the rest comes from inside the kernel. */
static int parse_write(const struct hs_model *model, const struct hs_block_request *request,
		       enum hs_block_check *check)
{
	const struct hs_block_variant *variant = &model->hotplug.variant;
	enum hs_online_policy policy;
	uint64_t number;
	uint32_t ratio;
	bool value;
	int ret = 0;

	*check = HS_CHECK_PARSE;
	switch (request->file) {
	case HS_FILE_AUTO_ONLINE:
		ret = hs_block_parse_online_type(request->text, request->length);
		return ret < 0 ? ret : 0;
	case HS_FILE_POLICY: return hs_block_parse_policy(request->text, request->length, &policy);
	case HS_FILE_RATIO: return hs_block_parse_ratio(request->text, request->length, &ratio);
	case HS_FILE_NUMA_AWARE: return hs_block_parse_bool(variant, request->text, request->length, &value);
	case HS_FILE_PROBE:
		ret = hs_block_parse_number(request->text, request->length, &number);
		if (!ret && !hs_block_is_aligned(&model->hotplug, number, 0)) {
			*check = HS_CHECK_ALIGNMENT;
			return -EINVAL;
		}
		return ret;
	default:
		if (request->lacks_capability) {
			*check = HS_CHECK_PERMISSION;
			return -EPERM;
		}
		return hs_block_parse_number(request->text, request->length, &number) ? -EINVAL : 0;
	}
}

static void decide_write(const struct hs_model *model, const struct hs_block_request *request,
			 struct hs_decision *decision)
{
	enum hs_block_check check;
	int ret;

	if (request->file == HS_FILE_STATE || request->file == HS_FILE_ONLINE) {
		decide_write_to_block(model, request, decision);
		return;
	}
	ret = parse_write(model, request, &check);
	if (ret)
		say(decision, hs_block_result_name(ret), hs_block_check_text(check));
	else if (request->is_underivable)
		say(decision, hs_block_result_name(request->ret), "outcome inside the kernel, as recorded");
	else if (request->inner_result && (request->file != HS_FILE_HARD_OFFLINE || request->inner_result != -EOPNOTSUPP))
		say(decision, hs_block_result_name(request->inner_result), "result of the operation inside");
	else
		say(decision, "0", hs_block_check_text(HS_CHECK_NONE));
}

/* Errors of the architecture and of allocation are the record's: the checks say only what is refused before. */
static void decide_add(const struct hs_model *model, const struct hs_block_request *request,
		       struct hs_decision *decision)
{
	struct hs_memory_outcome outcome;

	hs_block_decide_add(&model->hotplug, &request->add, &outcome);
	say(decision, hs_block_result_name(outcome.result), hs_block_check_text(outcome.check));
	if (!outcome.result && request->ret == -ENOMEM)
		say(decision, "-ENOMEM", "outcome inside the kernel, as recorded");
	decision->cost[0] = request->add.size;
	decision->cost[1] = outcome.altmap;
}

static void decide_remove(const struct hs_model *model, const struct hs_block_request *request,
			  struct hs_decision *decision)
{
	struct hs_memory_outcome outcome = { 0 };

	decision->cost[0] = request->add.size;
	if (request->op == 1 && (!request->add.size ||
				 !hs_block_is_aligned(&model->hotplug, request->add.start, request->add.size))) {
		say(decision, "-EINVAL", hs_block_check_text(HS_CHECK_ALIGNMENT));
		return;
	}
	if (request->inner_result) {
		say(decision, hs_block_result_name(request->inner_result), "a block could not be taken offline");
		return;
	}
	hs_block_decide_remove(&model->hotplug, request->add.start, request->add.size, &outcome);
	say(decision, hs_block_result_name(outcome.result), hs_block_check_text(outcome.check));
}

/* Registration depends on the arguments, unregistering on the members; an id that is free is no contradiction. */
static void decide_group(const struct hs_model *model, const struct hs_block_request *request,
			 struct hs_decision *decision)
{
	const struct hs_block_group *group = hs_block_group_find(&model->hotplug, request->group.mgid);
	uint64_t pages = request->group.pages;
	bool is_dynamic = request->group.op == 1;
	int ret = 0;

	if (request->group.op == 2)
		ret = !group ? -EINVAL : group->nr_blocks ? -EBUSY : 0;
	else if (!pages || (is_dynamic && ((pages & (pages - 1)) || pages < hs_block_pages(&model->hotplug))) ||
		 !hs_node_find(&model->hotplug, request->group.nid))
		ret = -EINVAL;
	say(decision, hs_block_result_name(ret), hs_block_check_text(ret ? HS_CHECK_GROUP : HS_CHECK_NONE));
}

static void decide_valid_zones(const struct hs_model *model, const struct hs_block_request *request,
			       struct hs_decision *decision)
{
	const struct hs_block *known = hs_block_find(&model->hotplug, request->id);
	struct hs_block block;

	if (!known) {
		say(decision, HS_RESULT_UNKNOWN, "block was never seen");
		return;
	}
	block = *known;
	if (block.nid == HS_NO_NODE)
		block.nid = request->nid;
	if (block.status == HS_BLOCK_OFFLINE && !hs_node_find(&model->hotplug, block.nid))
		say(decision, HS_RESULT_UNKNOWN, "node was never seen");
	else
		say(decision, hs_block_valid_zones(&model->hotplug, &block), "valid_zones");
}

void hs_block_decide(const struct hs_model *model, const struct hs_request *common, struct hs_decision *decision)
{
	const struct hs_block_request *request = (const struct hs_block_request *)common;

	switch (common->point) {
	case HS_POINT_BLOCK_ONLINE:
	case HS_POINT_BLOCK_OFFLINE: return decide_operation(model, request, decision);
	case HS_POINT_BLOCK_ZONE: return decide_zone(model, request, decision);
	case HS_POINT_BLOCK_VALID_ZONES: return decide_valid_zones(model, request, decision);
	case HS_POINT_BLOCK_NOTIFY: return decide_notify(model, request, decision);
	case HS_POINT_BLOCK_REQUEST: return decide_write(model, request, decision);
	case HS_POINT_BLOCK_ADD: return decide_add(model, request, decision);
	case HS_POINT_BLOCK_REMOVE: return decide_remove(model, request, decision);
	case HS_POINT_BLOCK_GROUP: return decide_group(model, request, decision);
	case HS_POINT_BLOCK_POISON: return hs_block_decide_poison(model, request, decision);
	case HS_POINT_BLOCK_SHOW: return hs_block_decide_show(model, request, decision);
	default: say(decision, HS_RESULT_UNKNOWN, "no decision of this model");
	}
}
