// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recorded requests under another policy. What users and drivers asked for keeps its time; what the
 * recorded kernel did by itself (auto-online) is dropped and done anew by the policy's setting. A recorded
 * block may be a part of one of the model's, or several of them: a block is brought online when all of its
 * sections have been asked for, and offline when none is wanted any more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/block/block_group.h"
#include "replay/block/block_poison.h"
#include "replay/block/block_whatif.h"

int hs_whatif_create(struct hs_model *model, struct hs_error *err)
{
	model->whatif = calloc(1, sizeof(*model->whatif));
	return model->whatif ? 0 : hs_error_nomem(err);
}

void hs_whatif_destroy(struct hs_whatif *whatif)
{
	if (!whatif)
		return;
	hs_vec_deinit(&whatif->wishes);
	hs_hash_map_deinit(&whatif->wanted);
	hs_hash_map_deinit(&whatif->groups);
	hs_hash_map_deinit(&whatif->instead);
	hs_hash_map_deinit(&whatif->gone);
	hs_hash_map_deinit(&whatif->reserved);
	hs_hash_map_deinit(&whatif->taken);
	hs_hash_map_deinit(&whatif->refused);
	free(whatif);
}

/* --- events to wishes ------------------------------------------------------------------------------- */

static void push_wish(struct hs_model *model, const struct hs_wish *wish)
{
	if (!hs_vec_push(&model->whatif->wishes, *wish))
		hs_block_problem(model, wish->time, "out of memory: a request is not replayed");
}

static struct hs_wish wish_for_block(const struct hs_model *model, enum hs_wish_kind kind, const struct hs_row *row,
				     uint64_t recorded_id)
{
	return (struct hs_wish){
		.kind = kind, .time = row->time, .task = row->task, .zone = -1,
		.start = recorded_id * model->recorded_block_pages, .end = (recorded_id + 1) * model->recorded_block_pages,
	};
}

bool hs_whatif_is(const struct hs_model *model, const char *key, const char *word)
{
	return !strcmp(hs_policy_text(model->policy, key), word);
}

/* Every device gets a group of the policy's kind. */
static bool makes_groups(const struct hs_model *model)
{
	return hs_whatif_is(model, "block.groups", "static") || hs_whatif_is(model, "block.groups", "dynamic");
}

/* Pages of a group of that kind, for a device of so many; a dynamic one's unit is at least a block. */
static uint64_t group_pages(const struct hs_model *model, bool is_dynamic, uint64_t pages)
{
	uint64_t own = hs_policy_number(model->policy, "block.group_bytes") / model->hotplug.geometry.page_bytes;
	uint64_t block = hs_block_pages(&model->hotplug);

	pages = own ? own : pages;
	return is_dynamic && pages < block ? block : pages;
}

/* A device that had no group. */
static void give_group(struct hs_model *model, struct hs_wish *wish)
{
	bool is_dynamic = hs_whatif_is(model, "block.groups", "dynamic");
	int mgid = hs_block_group_register(&model->hotplug, is_dynamic, wish->add.nid,
					   group_pages(model, is_dynamic, is_dynamic ? 0 : wish->end - wish->start));

	if (mgid < 0) {
		hs_block_problem(model, wish->time, "no memory group for a device: is block.group_bytes a power of two?");
		return;
	}
	wish->add.flags |= HS_MHP_NID_IS_MGID;
	wish->add.nid = mgid;
}

static void note_add(struct hs_model *model, const struct hs_hotplug_add *row)
{
	uint64_t page = model->hotplug.geometry.page_bytes, *group;
	struct hs_wish wish = {
		.kind = WISH_ADD, .time = row->row.time, .task = row->row.task, .start = row->start / page,
		.end = (row->start + row->size) / page, .zone = -1,
		.add = { .start = row->start, .size = row->size, .nid = row->node, .flags = row->flags,
			 .name = hs_block_resource_name(&row->resource) },
	};

	if (row->ret)
		return;
	if (row->size / hs_block_bytes(&model->hotplug) > HS_MAX_BLOCKS_AT_ONCE) {
		hs_block_problem(model, wish.time, "an add of %llu bytes cannot be", (unsigned long long)row->size);
		return;
	}
	if (hs_whatif_is(model, "block.memmap_request", "always"))
		wish.add.flags |= HS_MHP_MEMMAP_ON_MEMORY;
	if (!(row->flags & HS_MHP_NID_IS_MGID) && makes_groups(model))
		give_group(model, &wish);
	if (row->flags & HS_MHP_NID_IS_MGID) {
		const struct hs_block_group *known = NULL;

		group = hs_hash_map_get(&model->whatif->groups, (uint64_t)(uint32_t)row->node);
		known = hs_block_group_find(&model->hotplug, group ? (int64_t)*group - 1 : row->node);
		wish.add.nid = known ? known->mgid : 0;
		if (!known || hs_whatif_is(model, "block.groups", "none")) {
			wish.add.flags &= ~(uint32_t)HS_MHP_NID_IS_MGID;
			wish.add.nid = known ? known->nid : 0;
		}
	}
	push_wish(model, &wish);
}

/* Groups are registered either way; "none" only keeps blocks out of them. */
static void note_group(struct hs_model *model, const struct hs_hotplug_group *row)
{
	uint64_t recorded = (uint64_t)(uint32_t)(row->op == 2 ? row->group : (int32_t)row->ret), mgid, pages = row->pages;
	bool is_dynamic = makes_groups(model) ? hs_whatif_is(model, "block.groups", "dynamic") : row->op == 1;
	int own;

	if (row->ret < 0)
		return;
	if (row->op == 2) {
		if (hs_hash_map_remove(&model->whatif->groups, recorded, &mgid))
			hs_block_group_unregister(&model->hotplug, (int64_t)mgid - 1);
		return;
	}
	/* A static group's size is no unit; virtio-mem takes the larger of its unit and a block. */
	pages = group_pages(model, is_dynamic, is_dynamic && row->op == 0 ? 0 : pages);
	own = hs_block_group_register(&model->hotplug, is_dynamic, row->node, pages);
	if (own < 0 || hs_hash_map_put(&model->whatif->groups, recorded, (uint64_t)own + 1))
		hs_block_problem(model, row->row.time, "memory group %lld cannot be registered", (long long)row->ret);
}

/* Where nothing inside the kernel was seen, uevents are the requests; without a type and with success only. */
static void note_uevent(struct hs_model *model, const struct hs_hotplug_uevent *row)
{
	static const struct {
		const char *action;
		enum hs_wish_kind kind;
	} actions[] = {
		{ "add", WISH_ADD }, { "remove", WISH_REMOVE }, { "online", WISH_ONLINE }, { "offline", WISH_OFFLINE },
	};
	uint64_t id, page = model->hotplug.geometry.page_bytes;

	if (model->is_deep || !hs_block_number(&row->device, "memory", &id))
		return;
	for (int i = 0; i < 4; i++) {
		struct hs_wish wish = wish_for_block(model, actions[i].kind, &row->row, id);

		if (strlen(actions[i].action) != row->action.length ||
		    memcmp(actions[i].action, row->action.data, row->action.length))
			continue;
		wish.add = (struct hs_add_request){
			.start = wish.start * page, .size = (wish.end - wish.start) * page, .name = "System RAM",
		};
		if (wish.kind == WISH_ONLINE && model->recorded_auto_online != HS_OFFLINE)
			model->whatif->nr_dropped++;
		else
			push_wish(model, &wish);
	}
}

static void note_operation(struct hs_model *model, const struct hs_hotplug_operation *row)
{
	model->pending = (struct hs_pending){
		.is_active = true, .id = row->block, .op = row->op, .zone = hs_zone_find(row->zone.data, row->zone.length),
		.type = row->online_type < HS_NR_ONLINE_TYPES ? (enum hs_online_type)row->online_type : HS_OFFLINE,
	};
}

static void note_notify(struct hs_model *model, const struct hs_hotplug_notify *row)
{
	enum hs_block_action action = hs_block_action_find(row->action.data, row->action.length);

	if (action != HS_NR_BLOCK_ACTIONS && model->pending.is_active)
		model->pending.world.veto[action] = hs_notify_to_errno(row->value);
}

/*
 * Blocks that an add has just made are brought online before the add itself ends: by the recorded kernel, of
 * its own accord. All other results were asked for.
 */
static void note_result(struct hs_model *model, const struct hs_hotplug_result *row)
{
	struct hs_wish wish = wish_for_block(model, row->op ? WISH_OFFLINE : WISH_ONLINE, &row->row, row->block);
	struct hs_pending *pending = &model->pending;
	bool is_known = hs_block_at_or_above(&model->hotplug, hs_pfn_to_block(&model->hotplug, wish.start)) &&
			hs_block_find(&model->hotplug, hs_pfn_to_block(&model->hotplug, wish.start));

	if (pending->is_active && pending->id == row->block) {
		wish.type = pending->type;
		wish.world = pending->world;
		wish.zone = pending->zone;
	}
	pending->is_active = false;
	wish.ret = row->ret;
	if (is_known || (row->op && hs_hash_map_get(&model->whatif->gone, hs_pfn_to_block(&model->hotplug, wish.start))))
		push_wish(model, &wish);
	else
		model->whatif->nr_dropped++;
}

static void note_removal(struct hs_model *model, const struct hs_hotplug_blocks *row)
{
	uint64_t page = model->hotplug.geometry.page_bytes;
	struct hs_wish wish = {
		.kind = WISH_REMOVE, .time = row->row.time, .task = row->row.task, .start = row->start / page,
		.end = (row->start + row->size) / page, .zone = -1,
	};

	if (row->op != 1)
		return;
	if (row->size / hs_block_bytes(&model->hotplug) > HS_MAX_BLOCKS_AT_ONCE || wish.end < wish.start)
		hs_block_problem(model, wish.time, "a removal of %llu bytes cannot be", (unsigned long long)row->size);
	else
		push_wish(model, &wish);
}

void hs_whatif_observe(struct hs_model *model, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_hotplug_uevent: return note_uevent(model, event->hotplug_uevent);
	case HS_KIND_hotplug_operation: return note_operation(model, event->hotplug_operation);
	case HS_KIND_hotplug_notify: return note_notify(model, event->hotplug_notify);
	case HS_KIND_hotplug_result: return note_result(model, event->hotplug_result);
	case HS_KIND_hotplug_group: return note_group(model, event->hotplug_group);
	case HS_KIND_hotplug_blocks: return note_removal(model, event->hotplug_blocks);
	case HS_KIND_hotplug_add: return note_add(model, event->hotplug_add);
	case HS_KIND_hotplug_request: return hs_block_take_request(model, event->hotplug_request);
	case HS_KIND_hotplug_poison:
		if (!event->hotplug_poison->ret && event->hotplug_poison->op != 2)
			hs_block_poison_page(&model->hotplug, event->hotplug_poison->pfn);
		return;
	default:
		return;
	}
}

/* --- wishes to decisions ---------------------------------------------------------------------------- */

void hs_whatif_emit(const struct hs_sink *sink, const struct hs_wish *wish, enum hs_point point, uint64_t subject,
		    const char *result, const char *reason, enum hs_basis basis)
{
	struct hs_decision decision = {
		.time = wish->time, .task = wish->task, .point = point, .subject = subject, .result = result,
		.reason = reason, .basis = basis,
	};

	sink->decided(sink->context, &decision);
}

void hs_whatif_emit_outcome(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			    bool is_offline, const struct hs_block *block, const struct hs_block_outcome *outcome,
			    enum hs_basis basis)
{
	struct hs_decision decision = {
		.time = wish->time, .task = wish->task, .subject = hs_block_id(block), .basis = basis,
		.point = is_offline ? HS_POINT_BLOCK_OFFLINE : HS_POINT_BLOCK_ONLINE,
		.result = hs_block_result_name(outcome->result), .reason = hs_block_check_text(outcome->check),
	};

	hs_block_metrics_outcome(&model->metrics, &model->hotplug, is_offline, outcome);
	hs_block_set_costs(&model->hotplug, block, outcome, &decision);
	sink->decided(sink->context, &decision);
	if (!is_offline && !outcome->result)
		hs_whatif_emit(sink, wish, HS_POINT_BLOCK_ZONE, hs_block_id(block), hs_zone_name(block->zone->index),
		     hs_zone_why_name(outcome->choice.why), basis);
}

int hs_whatif_online_one(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			 struct hs_block *block, enum hs_online_type type, const struct hs_block_world *world,
			 enum hs_basis basis)
{
	struct hs_block_metrics *metrics = &model->metrics;
	struct hs_block_outcome outcome;
	uint64_t added = block->changed_time;
	int ret;

	block->online_type = type;
	ret = hs_block_device_online(&model->hotplug, block, world, NULL, &outcome);
	if (ret > 0)
		return ret;
	hs_whatif_emit_outcome(model, sink, wish, false, block, &outcome, basis);
	if (ret)
		return ret;
	if (added && wish->time >= added)
		hs_block_metrics_wait(metrics, wish->time - added);
	block->changed_time = 0;
	return 0;
}

/* Blocks [first, last] of the model that lie in the trimmed range; drivers that trim are known by name. */
static bool fit_range(struct hs_model *model, struct hs_add_request *add)
{
	uint64_t bytes = hs_block_bytes(&model->hotplug), start = add->start, end = add->start + add->size;

	if (hs_block_is_aligned(&model->hotplug, add->start, add->size))
		return true;
	if (!strcmp(add->name, "System RAM (kmem)") || !strcmp(add->name, "System RAM (virtio_mem)")) {
		start = (start + bytes - 1) / bytes * bytes;
		end = end / bytes * bytes;
	} else {
		end = start;
	}
	model->metrics.lost_bytes += add->size - (end > start ? end - start : 0);
	add->start = start;
	add->size = end > start ? end - start : 0;
	return add->size != 0;
}

static void fulfil_add(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish)
{
	enum hs_online_type auto_online = model->hotplug.settings.auto_online;
	static const struct hs_block_world free_world;
	struct hs_add_request add = wish->add;
	struct hs_memory_outcome outcome;
	uint64_t last;

	if (!fit_range(model, &add)) {
		model->metrics.nr_rejected_adds++;
		hs_whatif_emit(sink, wish, HS_POINT_BLOCK_ADD, wish->add.start, "-EINVAL", hs_block_check_text(HS_CHECK_ALIGNMENT),
		     HS_BASIS_EXACT);
		return;
	}
	model->hotplug.settings.auto_online = HS_OFFLINE;	/* done below, one decision each */
	hs_block_add_memory(&model->hotplug, &add, NULL, &outcome);
	model->hotplug.settings.auto_online = auto_online;
	hs_whatif_emit(sink, wish, HS_POINT_BLOCK_ADD, add.start, hs_block_result_name(outcome.result),
	     hs_block_check_text(outcome.check), HS_BASIS_EXACT);
	if (outcome.result) {
		model->metrics.nr_rejected_adds++;
		return;
	}
	last = hs_phys_to_block(&model->hotplug, add.start + add.size - 1);
	for (struct hs_block *block = hs_block_at_or_above(&model->hotplug, hs_phys_to_block(&model->hotplug, add.start));
	     block && hs_block_id(block) <= last; block = hs_block_next(block))
		block->changed_time = wish->time;
	for (struct hs_block *block = hs_block_at_or_above(&model->hotplug, hs_phys_to_block(&model->hotplug, add.start));
	     auto_online != HS_OFFLINE && block && hs_block_id(block) <= last; block = hs_block_next(block))
		if (hs_whatif_online_one(model, sink, wish, block, auto_online, &free_world, HS_BASIS_EXACT))
			break;
}

/* Sections of the block inside the wish's range. */
static uint64_t sections_in(const struct hs_hotplug *hotplug, const struct hs_block *block,
			    const struct hs_wish *wish)
{
	uint64_t start = hs_block_start(hotplug, block), end = start + hs_block_pages(hotplug);

	start = wish->start > start ? wish->start : start;
	end = wish->end < end ? wish->end : end;
	return start < end ? (end - start) / hotplug->geometry.section_pages : 0;
}

/* One more, or one less, part of a block is wanted: how many sections are now. */
static uint64_t count_wanted(struct hs_model *model, const struct hs_block *block, const struct hs_wish *wish,
			     bool is_more)
{
	uint64_t most = model->hotplug.geometry.sections_per_block, id = hs_block_id(block);
	uint64_t part = sections_in(&model->hotplug, block, wish);
	uint64_t *known = hs_hash_map_get(&model->whatif->wanted, id);
	uint64_t now = known ? *known : block->status == HS_BLOCK_ONLINE ? most : 0;

	now = is_more ? now + part : now > part ? now - part : 0;
	now = now > most ? most : now;
	if (hs_hash_map_put(&model->whatif->wanted, id, now))
		hs_block_problem(model, wish->time, "out of memory: a request is not replayed");
	return now;
}

static void fulfil_state(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t most = hotplug->geometry.sections_per_block;
	const uint64_t id = hs_pfn_to_block(hotplug, wish->start);
	struct hs_block *block = hs_block_at_or_above(hotplug, id);

	/* In blocks of another size nothing tells which parts of it are still wanted. */
	if (wish->kind == WISH_OFFLINE && hs_block_pages(hotplug) == model->recorded_block_pages)
		hs_whatif_offline_gone(model, sink, wish, id);
	for (; block && hs_block_start(hotplug, block) < wish->end; block = hs_block_next(block)) {
		if (wish->kind == WISH_ONLINE) {
			if (count_wanted(model, block, wish, true) < most)
				continue;
			if (hs_whatif_online_one(model, sink, wish, block, wish->type, &wish->world, HS_BASIS_EXACT) > 0)
				model->whatif->nr_dropped++;
			continue;
		}
		if (wish->ret < 0 || !count_wanted(model, block, wish, false))
			hs_whatif_offline(model, sink, wish, block);
	}
}

void hs_whatif_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink)
{
	(void)now;
	if (!model->whatif || !model->whatif->wishes.count)
		return;
	hs_vec_for_each(wish, &model->whatif->wishes) {
		if (wish->kind == WISH_ADD)
			fulfil_add(model, sink, wish);
		else if (wish->kind == WISH_REMOVE)
			hs_whatif_remove(model, sink, wish);
		else
			fulfil_state(model, sink, wish);
		hs_block_tick(model, wish->time);
	}
	hs_vec_clear(&model->whatif->wishes);
}

void hs_whatif_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
			 void *context)
{
	add(context, "dropped_requests", (double)model->whatif->nr_dropped);
	add(context, "failed_removals", (double)model->whatif->nr_failed_removals);
	add(context, "assumed_offlines", (double)model->whatif->nr_assumed);
}
