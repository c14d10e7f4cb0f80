// SPDX-License-Identifier: GPL-2.0-only
/* Which events stand for a decision of the recorded kernel, and what it decided on. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"

const char *hs_block_result_name(int64_t result)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ 1, "-EPERM" }, { 2, "-ENOENT" }, { 4, "-EINTR" }, { 5, "-EIO" }, { 6, "-ENXIO" }, { 7, "-E2BIG" },
		{ 11, "-EAGAIN" }, { 12, "-ENOMEM" }, { 13, "-EACCES" }, { 16, "-EBUSY" }, { 17, "-EEXIST" },
		{ 19, "-ENODEV" }, { 22, "-EINVAL" }, { 28, "-ENOSPC" }, { 34, "-ERANGE" }, { 95, "-EOPNOTSUPP" },
		{ 133, "-EHWPOISON" },
	};

	if (result >= 0)
		return "0";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (result == -names[i].error)
			return names[i].name;
	return "-errno";
}

static enum hs_basis weaken(const struct hs_model *model, enum hs_basis basis)
{
	return model->has_lost && basis == HS_BASIS_EXACT ? HS_BASIS_BOUNDED : basis;
}

/* A zone follows from spans, and under auto-movable from early and group counters, too. */
static enum hs_basis zone_basis(const struct hs_model *model, enum hs_online_type type)
{
	bool has_counters = model->knows_early && (model->knows_groups || !model->hotplug.groups.count);

	if (type == HS_ONLINE_MOVABLE)
		return weaken(model, HS_BASIS_EXACT);
	if (!model->is_deep || !model->hotplug.nr_nodes)
		return HS_BASIS_BOUNDED;
	if (type != HS_ONLINE_KERNEL && model->hotplug.settings.online_policy == HS_AUTO_MOVABLE && !has_counters)
		return HS_BASIS_BOUNDED;
	return weaken(model, HS_BASIS_EXACT);
}

static void begin(struct hs_block_request *request, enum hs_point point, const struct hs_row *row, uint64_t subject,
		  uint64_t subject_end)
{
	memset(request, 0, sizeof(*request));
	request->common = (struct hs_request){
		.point = point, .time = row->time, .task = row->task, .mm = row->mm, .subject = subject,
		.subject_end = subject_end,
	};
	request->zone = -1;
	request->mgid = HS_NO_GROUP;
}

static int answer(struct hs_decision *recorded, const char *result, enum hs_basis basis)
{
	recorded->result = result;
	recorded->reason = "recorded";
	recorded->basis = basis;
	return 1;
}

static int ask_zone(const struct hs_model *model, const struct hs_hotplug_zone *row, struct hs_block_request *request,
		    struct hs_decision *recorded)
{
	int zone = hs_zone_find(row->zone.data, row->zone.length);

	if (zone < 0)
		return 0;
	begin(request, HS_POINT_BLOCK_ZONE, &row->row, hs_pfn_to_block(&model->hotplug, row->start_pfn), 0);
	request->type = row->online_type < HS_NR_ONLINE_TYPES ? (enum hs_online_type)row->online_type : HS_ONLINE;
	request->nid = row->node;
	request->mgid = row->group;
	request->pfn = row->start_pfn;
	request->nr = row->nr_pages;
	request->zone = zone;
	/* Groups are asked by the auto-movable policy alone. */
	return answer(recorded, hs_zone_name((enum hs_zone_index)zone),
		      row->group < HS_NO_GROUP && model->hotplug.settings.online_policy == HS_AUTO_MOVABLE ?
		      HS_BASIS_BOUNDED : zone_basis(model, request->type));
}

static int ask_notify(struct hs_model *model, const struct hs_hotplug_notify *row,
		      struct hs_block_request *request, struct hs_decision *recorded)
{
	enum hs_block_action action = hs_block_action_find(row->action.data, row->action.length);
	const struct hs_pending *pending = &model->pending;
	bool has_altmap = action == HS_MEM_PREPARE_ONLINE || action == HS_MEM_FINISH_OFFLINE;
	enum hs_basis basis = weaken(model, HS_BASIS_EXACT);

	if (!pending->is_active || action == HS_NR_BLOCK_ACTIONS)
		return 0;
	model->sees_outer_actions |= has_altmap;
	begin(request, HS_POINT_BLOCK_NOTIFY, &row->row, row->start_pfn, row->start_pfn + row->nr_pages);
	request->id = pending->id;
	request->op = pending->op;
	request->type = pending->type;
	request->world = pending->world;
	request->index = pending->nr_notified;
	request->pfn = row->start_pfn;
	request->nr = row->nr_pages;
	request->nid = row->node;
	request->nid_normal = row->node_normal;
	/* Where other actions leave these fields they are not set by the kernel. */
	request->altmap_pfn = has_altmap && row->altmap_nr_pages ? row->altmap_start_pfn : 0;
	request->altmap_nr = has_altmap ? row->altmap_nr_pages : 0;
	if (action == HS_MEM_CANCEL_OFFLINE && !pending->world.veto[HS_MEM_GOING_OFFLINE] &&
	    !pending->world.veto[HS_NODE_REMOVING_LAST_MEMORY] && !pending->is_emptied) {
		request->world.has_signal = true;	/* some page could not be moved: nothing tells before */
		basis = HS_BASIS_ASSUMED;
	}
	return answer(recorded, hs_block_action_name(action), basis);
}

/*
 * Why did an operation fail that nothing vetoed? Offline behind MEM_GOING_OFFLINE: the errno itself has to
 * say; online: only a memmap that could not be had is left.
 */
static void explain_error(const struct hs_model *model, struct hs_block_request *request)
{
	struct hs_block_world *world = &request->world;
	bool has_begun = model->pending.nr_notified > 0;

	if (request->ret >= 0)
		return;
	if (request->op == 0) {
		request->is_underivable = request->ret == -ENOMEM && !world->veto[HS_MEM_GOING_ONLINE] &&
			!world->veto[HS_MEM_PREPARE_ONLINE] && !world->veto[HS_NODE_ADDING_FIRST_MEMORY];
		world->memmap_error = request->is_underivable ? -ENOMEM : 0;
		return;
	}
	if (world->isolate_error || world->veto[HS_MEM_GOING_OFFLINE] || world->veto[HS_NODE_REMOVING_LAST_MEMORY])
		return;
	world->has_signal = has_begun && request->ret == -EINTR;
	world->has_busy_offline_page = has_begun && request->ret == -EBUSY;
	world->dissolve_error = has_begun && request->ret == -ENOMEM ? -ENOMEM : 0;
	request->is_underivable = world->has_signal || world->has_busy_offline_page || world->dissolve_error;
	if (!has_begun && request->ret == -EBUSY && !model->is_deep) {
		world->isolate_error = -EBUSY;
		request->is_underivable = true;
	}
}

static int ask_result(const struct hs_model *model, const struct hs_hotplug_result *row,
		      struct hs_block_request *request, struct hs_decision *recorded)
{
	const struct hs_pending *pending = &model->pending;

	begin(request, row->op ? HS_POINT_BLOCK_OFFLINE : HS_POINT_BLOCK_ONLINE, &row->row, row->block, 0);
	request->id = row->block;
	request->op = row->op;
	request->ret = row->ret;
	request->zone = hs_zone_find(row->zone.data, row->zone.length);
	if (pending->is_active && pending->id == row->block && pending->op == row->op) {
		request->world = pending->world;
		request->world.has_signal = false;
		request->type = pending->type;
		if (request->zone < 0 && !row->op)
			request->zone = pending->zone;
	}
	explain_error(model, request);
	return answer(recorded, hs_block_result_name(row->ret),
		      request->is_underivable ? HS_BASIS_ASSUMED : weaken(model, HS_BASIS_EXACT));
}

/*
 * Polled text of a block in the state it is known to be in. It was read at some time behind the block's own last
 * change; where operations are seen, one that ran in between may or may not have been part of the answer.
 */
static int ask_valid_zones(const struct hs_model *model, const struct hs_hotplug_block *row,
			   struct hs_block_request *request, struct hs_decision *recorded)
{
	const struct hs_block *block = hs_block_find(&model->hotplug, row->block);

	if (!row->valid_zones.length || !block || model->pending.is_active || block->changed_time < model->step_time)
		return 0;
	begin(request, HS_POINT_BLOCK_VALID_ZONES, &row->row, row->block, 0);
	request->id = row->block;
	request->nid = row->node;
	return answer(recorded, hs_block_zone_list_find(row->valid_zones.data, row->valid_zones.length),
		      zone_basis(model, HS_ONLINE));
}

/* Polled: a block that was offline is seen online; its zone is a decision, if a bounded one. */
static int ask_polled(const struct hs_model *model, const struct hs_hotplug_block *row,
		      struct hs_block_request *request, struct hs_decision *recorded)
{
	const struct hs_block *block = hs_block_find(&model->hotplug, row->block);
	int zone = hs_block_zone_of_text(&row->valid_zones), status = hs_block_status_find(&row->state);

	if (block && status >= 0 && block->status == (enum hs_block_status)status && status != HS_BLOCK_GOING_OFFLINE)
		return ask_valid_zones(model, row, request, recorded);
	if (model->is_deep || !block || status != HS_BLOCK_ONLINE || block->status != HS_BLOCK_OFFLINE || zone < 0)
		return 0;
	begin(request, HS_POINT_BLOCK_ZONE, &row->row, row->block, 0);
	request->id = row->block;
	request->type = block->online_type;
	request->nid = row->node >= 0 ? row->node : block->nid;
	request->mgid = block->group ? block->group->mgid : HS_NO_GROUP;
	request->pfn = hs_block_start(&model->hotplug, block);
	request->nr = hs_block_pages(&model->hotplug);
	request->zone = zone;
	request->op = 2;	/* adopt places the block */
	return answer(recorded, hs_zone_name((enum hs_zone_index)zone),
		      request->type == HS_OFFLINE ? HS_BASIS_ASSUMED : HS_BASIS_BOUNDED);
}

/* State of a block when a write began: an operation inside it has changed it since. */
static enum hs_block_status status_at(const struct hs_block *block, uint64_t time)
{
	return block->changed_time >= time && block->changed_time ? block->status_before : block->status;
}

static int ask_write(const struct hs_model *model, const struct hs_hotplug_request *row,
		     struct hs_block_request *request, struct hs_decision *recorded)
{
	uint64_t start = row->row.time > row->duration ? row->row.time - row->duration : 0, id = 0;
	enum hs_block_file file = hs_block_file_of(&row->file, &id);
	const struct hs_block *block = hs_block_find(&model->hotplug, id);
	bool is_of_block = file == HS_FILE_STATE || file == HS_FILE_ONLINE;
	bool has_inner = model->last.is_known && model->last.id == id && model->last.time >= start &&
			 model->last.task == row->row.task;
	bool is_of_page = file == HS_FILE_SOFT_OFFLINE || file == HS_FILE_HARD_OFFLINE;
	bool has_looked = model->last_poison.is_known && model->last_poison.time >= start &&
			  model->last_poison.task == row->row.task;
	enum hs_basis basis = HS_BASIS_EXACT;

	if (file == HS_FILE_OTHER || file >= HS_FILE_MEMMAP || (is_of_block && !block))
		return 0;
	begin(request, HS_POINT_BLOCK_REQUEST, &row->row, is_of_block ? id : 0, 0);
	request->id = id;
	request->file = file;
	request->ret = row->ret;
	request->lacks_capability = row->is_capable == 0;
	request->length = row->text.length < sizeof(request->text) ? row->text.length : (uint32_t)sizeof(request->text);
	memcpy(request->text, row->text.data, request->length);
	if (is_of_block) {
		request->status = status_at(block, start);
		/* What happened inside is another decision; here it is an input. */
		request->inner_result = has_inner && model->last.ret < 0 ? (int)model->last.ret : 0;
		request->is_underivable = !has_inner && !model->is_deep;
	} else if (is_of_page) {
		request->inner_result = has_looked ? (int)model->last_poison.ret : 0;
		request->is_underivable = !has_looked && row->ret < 0 && !model->is_deep;
	} else if (file == HS_FILE_PROBE) {
		request->is_underivable = true;
	}
	if (request->is_underivable)
		basis = HS_BASIS_ASSUMED;
	return answer(recorded, hs_block_result_name(row->ret), weaken(model, basis));
}

/* The event of an add is its end: by then its own blocks may have been seen. */
static bool has_made(const struct hs_model *model, const struct hs_hotplug_add *row)
{
	uint64_t bytes = hs_block_bytes(&model->hotplug), start = row->row.time - row->duration;

	if (!row->duration || row->duration > row->row.time || row->size / bytes > HS_MAX_BLOCKS_AT_ONCE ||
	    !hs_block_is_aligned(&model->hotplug, row->start, row->size))
		return false;
	for (uint64_t id = row->start / bytes; id < (row->start + row->size) / bytes; id++) {
		const struct hs_block *block = hs_block_find(&model->hotplug, id);

		if (block && block->added_time < start)
			return false;
	}
	return true;
}

static int ask_add(const struct hs_model *model, const struct hs_hotplug_add *row, struct hs_block_request *request,
		   struct hs_decision *recorded)
{
	begin(request, HS_POINT_BLOCK_ADD, &row->row, row->start, row->start + row->size);
	request->add = (struct hs_add_request){
		.start = row->start, .size = row->size, .nid = row->node, .flags = row->flags,
		.name = hs_block_resource_name(&row->resource),
		.is_registered = (model->created_task == row->row.task && model->created_start == row->start &&
				  model->created_end == row->start + row->size && row->size) || has_made(model, row),
		.has_unseen_group = row->flags & HS_MHP_NID_IS_MGID && !model->knows_groups,
	};
	request->ret = row->ret;
	return answer(recorded, hs_block_result_name(row->ret), weaken(model,
		      model->hotplug.knows_ram && !request->add.has_unseen_group ? HS_BASIS_EXACT : HS_BASIS_BOUNDED));
}

static int ask_remove(const struct hs_model *model, const struct hs_hotplug_remove *row,
		      struct hs_block_request *request, struct hs_decision *recorded)
{
	bool has_failed_inside = row->op == 1 && model->last.is_known && model->last.op == 1 && model->last.ret < 0 &&
				 model->last.task == row->row.task && model->last.time + row->duration >= row->row.time;

	begin(request, HS_POINT_BLOCK_REMOVE, &row->row, row->start, row->start + row->size);
	request->add.start = row->start;
	request->add.size = row->size;
	request->op = row->op;
	request->ret = row->ret;
	/* By now the blocks are gone; that they were offline was said by their own results. */
	request->inner_result = has_failed_inside ? (int)model->last.ret : 0;
	return answer(recorded, hs_block_result_name(row->ret), weaken(model, HS_BASIS_EXACT));
}

static int ask_group(const struct hs_model *model, const struct hs_hotplug_group *row,
		     struct hs_block_request *request, struct hs_decision *recorded)
{
	begin(request, HS_POINT_BLOCK_GROUP, &row->row, row->op == 2 ? (uint64_t)row->group : row->pages, 0);
	request->group.op = row->op;
	request->group.nid = row->node;
	request->group.mgid = row->group;
	request->group.pages = row->pages;
	request->ret = row->ret;
	return answer(recorded, hs_block_result_name(row->ret),
		      weaken(model, model->knows_groups ? HS_BASIS_EXACT : HS_BASIS_BOUNDED));
}

/* What a page's own condition makes of it nobody can say; what refuses it before is known. */
static int ask_poison(const struct hs_model *model, const struct hs_hotplug_poison *row,
		      struct hs_block_request *request, struct hs_decision *recorded)
{
	begin(request, HS_POINT_BLOCK_POISON, &row->row, row->pfn, 0);
	request->op = row->op;
	request->pfn = row->pfn;
	request->ret = row->ret;
	request->is_underivable = hs_block_refuses_page(model, request) == HS_CHECK_NONE;
	return answer(recorded, hs_block_result_name(row->ret),
		      request->is_underivable ? HS_BASIS_ASSUMED : weaken(model, HS_BASIS_EXACT));
}

/* Zone lists: exact where the spans are, and with them the early pages. While a block changes both are right. */
static enum hs_basis read_basis(const struct hs_model *model, enum hs_block_file file, const struct hs_block *block)
{
	if (model->pending.is_active &&
	    (file == HS_FILE_VALID_ZONES || (block && model->pending.id == hs_block_id(block))))
		return HS_BASIS_BOUNDED;
	return file == HS_FILE_VALID_ZONES && block->status != HS_BLOCK_ONLINE ? zone_basis(model, HS_ONLINE)
										: weaken(model, HS_BASIS_EXACT);
}

static int ask_read(const struct hs_model *model, const struct hs_hotplug_read *row, struct hs_block_request *request,
		    struct hs_decision *recorded)
{
	uint64_t id = 0;
	enum hs_block_file file = hs_block_file_of(&row->file, &id);
	bool is_of_block = hs_block_file_is_of_block(file);
	const struct hs_block *block = hs_block_find(&model->hotplug, id);

	if (file == HS_FILE_OTHER || row->ret < 0 || (is_of_block && !block))
		return 0;
	begin(request, file == HS_FILE_VALID_ZONES ? HS_POINT_BLOCK_VALID_ZONES : HS_POINT_BLOCK_SHOW, &row->row,
	      is_of_block ? id : 0, 0);
	request->id = id;
	request->file = file;
	request->nid = HS_NO_NODE;
	request->length = row->text.length < sizeof(request->text) ? row->text.length : (uint32_t)sizeof(request->text);
	memcpy(request->text, row->text.data, request->length);
	return answer(recorded, file == HS_FILE_VALID_ZONES ? hs_block_zone_list_find(row->text.data, row->text.length) :
		      hs_block_shown_name(file, request->text, request->length), read_basis(model, file, block));
}

int hs_block_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		 struct hs_decision *recorded)
{
	struct hs_block_request *request = (struct hs_block_request *)storage->bytes;

	if (!model->has_state || model->mode == HS_MODE_WHATIF)
		return 0;
	switch (event->kind) {
	case HS_KIND_hotplug_zone: return ask_zone(model, event->hotplug_zone, request, recorded);
	case HS_KIND_hotplug_notify: return ask_notify(model, event->hotplug_notify, request, recorded);
	case HS_KIND_hotplug_result: return ask_result(model, event->hotplug_result, request, recorded);
	case HS_KIND_hotplug_block: return ask_polled(model, event->hotplug_block, request, recorded);
	case HS_KIND_hotplug_request: return ask_write(model, event->hotplug_request, request, recorded);
	case HS_KIND_hotplug_add: return ask_add(model, event->hotplug_add, request, recorded);
	case HS_KIND_hotplug_remove: return ask_remove(model, event->hotplug_remove, request, recorded);
	case HS_KIND_hotplug_group: return ask_group(model, event->hotplug_group, request, recorded);
	case HS_KIND_hotplug_poison: return ask_poison(model, event->hotplug_poison, request, recorded);
	case HS_KIND_hotplug_read: return ask_read(model, event->hotplug_read, request, recorded);
	default: return 0;
	}
}
