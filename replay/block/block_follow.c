// SPDX-License-Identifier: GPL-2.0-only
/* Facts of a trace, in validate: what happened, whoever decided it. Outcomes of decisions are block_adopt.c's. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_effect.h"
#include "replay/block/block_group.h"
#include "replay/block/block_model.h"
#include "replay/block/block_poison.h"
#include "replay/block/block_sysfs.h"

bool hs_block_number(const struct hs_bytes *name, const char *prefix, uint64_t *number)
{
	size_t skip = strlen(prefix);

	return name->length > skip && !memcmp(name->data, prefix, skip) &&
	       !hs_block_parse_number((const char *)name->data + skip, name->length - skip, number) &&
	       *number <= UINT32_MAX;
}

int hs_block_status_find(const struct hs_bytes *text)
{
	for (int i = 0; i < 3; i++) {
		const char *name = hs_block_status_name((enum hs_block_status)i);

		if (strlen(name) == text->length && !memcmp(name, text->data, text->length))
			return i;
	}
	return -1;
}

int hs_block_zone_of_text(const struct hs_bytes *text)
{
	return hs_zone_find(text->data, text->length);
}

const char *hs_block_resource_name(const struct hs_bytes *name)
{
	static const char *const known[] = {
		"System RAM", "System RAM (virtio_mem)", "System RAM (kmem)", "System RAM (hv_balloon)",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == name->length && !memcmp(known[i], name->data, name->length))
			return known[i];
	return name->length > 12 && !memcmp(name->data, "System RAM (", 12) ? "System RAM (other)" : "System RAM";
}

static struct hs_block *known_block(struct hs_model *model, uint64_t id, uint64_t time, const char *what)
{
	struct hs_block *block = hs_block_find(&model->hotplug, id);

	if (!block)
		hs_block_problem(model, time, "%s of block %llu, which was never added", what, (unsigned long long)id);
	return block;
}

static void add_block(struct hs_model *model, uint64_t id, int32_t nid, uint64_t altmap, struct hs_block_group *group,
		      uint64_t time)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t pages = hs_block_pages(hotplug);
	struct hs_block *block = hs_block_find(hotplug, id);

	if (block) {
		if (nid >= 0)
			block->nid = nid;
		return;
	}
	if (hs_block_create(hotplug, id, false, nid, altmap < pages ? altmap : 0, group, &block))
		return;
	block->changed_time = block->added_time = time;
	block->status_before = HS_BLOCK_OFFLINE;
	hs_page_ranges_set(&hotplug->ram, id * pages, (id + 1) * pages, "System RAM");
}

static void remove_block(struct hs_model *model, uint64_t id, uint64_t time)
{
	struct hs_hotplug *hotplug = &model->hotplug;
	uint64_t pages = hs_block_pages(hotplug);
	struct hs_block *block = hs_block_find(hotplug, id);

	if (!block)
		return;
	if (block->status != HS_BLOCK_OFFLINE) {
		hs_block_problem(model, time, "block %llu is removed while it is %s", (unsigned long long)id,
				 hs_block_status_name(block->status));
		if (block->zone)
			hs_block_effect_offline(hotplug, block);
	}
	hs_block_remove(hotplug, block);
	hs_page_ranges_clear(&hotplug->ram, id * pages, (id + 1) * pages);
	hs_page_ranges_clear(&hotplug->early, id * pages, (id + 1) * pages);
}

static void change_status(struct hs_model *model, struct hs_block *block, enum hs_block_status status, uint64_t time)
{
	block->status_before = block->status;
	block->changed_time = time;
	hs_block_set_status(&model->hotplug, block, status);
	block->is_device_offline = status == HS_BLOCK_OFFLINE;
}

/* What is heard of from outside: the kernel tells of it before the call that makes or removes the block has ended. */
static void hear_of_block(struct hs_model *model, uint64_t id, int32_t nid, bool is_there, uint64_t time)
{
	model->hears_devices |= is_there != (hs_block_find(&model->hotplug, id) != NULL);
	if (is_there)
		add_block(model, id, nid, 0, NULL, time);
	else
		remove_block(model, id, time);
}

/* A uevent is news only where nothing closer to the kernel was recorded. */
static void follow_uevent(struct hs_model *model, const struct hs_hotplug_uevent *row)
{
	uint64_t id, time = row->row.time;
	const char *action = row->action.data;
	size_t length = row->action.length;
	struct hs_block *block;

	if (model->sees_devices || !hs_block_number(&row->device, "memory", &id))
		return;
	if (length == 3 && !memcmp(action, "add", 3)) {
		hear_of_block(model, id, HS_NO_NODE, true, time);
		return;
	}
	if (length == 6 && !memcmp(action, "remove", 6)) {
		hear_of_block(model, id, HS_NO_NODE, false, time);
		return;
	}
	block = known_block(model, id, time, "an uevent");
	if (!block || model->is_deep)
		return;
	/* Of an online the zone is not known yet: the poll that follows says it. */
	if (length == 7 && !memcmp(action, "offline", 7) && block->status == HS_BLOCK_ONLINE) {
		if (block->zone)
			hs_block_effect_offline(&model->hotplug, block);
		change_status(model, block, HS_BLOCK_OFFLINE, time);
	}
}

/* Polled: its own zone decision was adopted before; here only what that cannot say. */
static void follow_block(struct hs_model *model, const struct hs_hotplug_block *row)
{
	bool is_absent = row->state.length == 6 && !memcmp(row->state.data, "absent", 6);
	int status = hs_block_status_find(&row->state);
	struct hs_block *block;

	if (status < 0 && !is_absent)
		hs_block_problem(model, row->row.time, "block %u has an unknown state", row->block);
	if (model->sees_devices || (status < 0 && !is_absent))
		return;
	hear_of_block(model, row->block, row->node, !is_absent, row->row.time);
	if (is_absent)
		return;
	block = hs_block_find(&model->hotplug, row->block);
	if (model->is_deep || !block || (enum hs_block_status)status == block->status)
		return;
	if (status == HS_BLOCK_OFFLINE && block->zone)
		hs_block_effect_offline(&model->hotplug, block);
	if (status != HS_BLOCK_GOING_OFFLINE)
		change_status(model, block, (enum hs_block_status)status, row->row.time);
}

static void sync_block(struct hs_model *model, struct hs_block *block, const struct hs_hotplug_operation *row)
{
	int status = hs_block_status_find(&row->state);

	if (status >= 0 && (enum hs_block_status)status != block->status) {
		hs_block_problem(model, row->row.time, "block %u is %.*s when an operation begins, %s by the events before",
				 row->block, (int)row->state.length, (const char *)row->state.data,
				 hs_block_status_name(block->status));
		if (status == HS_BLOCK_OFFLINE && block->zone)
			hs_block_effect_offline(&model->hotplug, block);
		change_status(model, block, (enum hs_block_status)status, row->row.time);
	}
	block->online_type = row->online_type < HS_NR_ONLINE_TYPES ? (enum hs_online_type)row->online_type : HS_OFFLINE;
	if (row->node >= 0)
		block->nid = row->node;
	if (row->altmap_pages < hs_block_pages(&model->hotplug))
		block->altmap = row->altmap_pages;
	if (!model->hotplug.variant.has_block_poison)
		return;		/* the kernel does not count by block */
	block->nr_hwpoison = row->nr_hwpoison;
	if (model->hotplug.nr_poisoned < row->nr_hwpoison)
		model->hotplug.nr_poisoned = row->nr_hwpoison;
}

static void follow_operation(struct hs_model *model, const struct hs_hotplug_operation *row)
{
	struct hs_block *block = hs_block_find(&model->hotplug, row->block);

	model->step_time = row->row.time;
	if (model->pending.is_active)
		hs_block_problem(model, row->row.time, "block %u begins an operation inside one of block %llu", row->block,
				 (unsigned long long)model->pending.id);
	/* Blocks that go online while they are added: the uevent comes after. */
	if (!block) {
		add_block(model, row->block, row->node, row->altmap_pages, NULL, row->row.time);
		block = hs_block_find(&model->hotplug, row->block);
		if (!block)
			return;
	}
	sync_block(model, block, row);
	model->pending = (struct hs_pending){
		.is_active = true, .id = row->block, .time = row->row.time, .task = row->row.task, .op = row->op,
		.type = block->online_type, .zone = -1,
	};
}

/* What the chains and isolation answer becomes an input of the operation under way. */
static void follow_notify(struct hs_model *model, const struct hs_hotplug_notify *row)
{
	enum hs_block_action action = hs_block_action_find(row->action.data, row->action.length);
	struct hs_pending *pending = &model->pending;

	if (action == HS_NR_BLOCK_ACTIONS) {
		hs_block_problem(model, row->row.time, "unknown action of a notifier chain");
		return;
	}
	if (!pending->is_active)
		return;
	pending->nr_notified++;
	pending->world.veto[action] = hs_notify_to_errno(row->value);
	if (action == HS_MEM_CANCEL_OFFLINE && !pending->world.veto[HS_MEM_GOING_OFFLINE])
		pending->world.has_signal = true;
}

static void follow_isolate(struct hs_model *model, const struct hs_hotplug_isolate *row)
{
	const struct hs_block *block = hs_block_find(&model->hotplug, model->pending.id);

	if (model->pending.is_active && model->pending.op == 1 && block &&
	    row->start_pfn == hs_block_start(&model->hotplug, block) + block->altmap &&
	    row->end_pfn == hs_block_start(&model->hotplug, block) + hs_block_pages(&model->hotplug))
		model->pending.world.isolate_error = (int)row->ret;
}

static void follow_zone(struct hs_model *model, const struct hs_hotplug_zone *row)
{
	if (model->pending.is_active)
		model->pending.zone = hs_zone_find(row->zone.data, row->zone.length);
}

static void follow_test(struct hs_model *model, const struct hs_hotplug_test_isolated *row)
{
	const struct hs_block *block = hs_block_find(&model->hotplug, model->pending.id);

	if (model->pending.is_active && model->pending.op == 1 && block && row->fin_pfn >= row->end_pfn &&
	    row->start_pfn == hs_block_start(&model->hotplug, block) + block->altmap)
		model->pending.is_emptied = true;
}

static void follow_result(struct hs_model *model, const struct hs_hotplug_result *row)
{
	model->last = (struct hs_last_result){
		.is_known = true, .id = row->block, .time = row->row.time, .task = row->row.task, .op = row->op,
		.ret = row->ret,
	};
	model->pending.is_active = false;
	model->step_time = row->row.time;
}

static void follow_blocks(struct hs_model *model, const struct hs_hotplug_blocks *row)
{
	uint64_t bytes = hs_block_bytes(&model->hotplug);
	struct hs_block_group *group = hs_block_group_find(&model->hotplug, row->group);
	/* The first of these may come behind what was heard of it. */
	bool is_late = !model->sees_devices && model->hears_devices;

	model->sees_devices = true;
	if (row->ret)
		return;
	if (!hs_block_is_aligned(&model->hotplug, row->start, row->size) || row->size / bytes > HS_MAX_BLOCKS_AT_ONCE) {
		hs_block_problem(model, row->row.time, "blocks are made or removed for a range that is not aligned or too "
				 "large: %llu bytes at %llx", (unsigned long long)row->size, (unsigned long long)row->start);
		return;
	}
	if (row->op == 0 && model->created_task == row->row.task && model->created_end == row->start) {
		model->created_end += row->size;	/* one call per block where they host their memmap */
	} else if (row->op == 0) {
		model->created_task = row->row.task;
		model->created_start = row->start;
		model->created_end = row->start + row->size;
	}
	for (uint64_t id = row->start / bytes; id < (row->start + row->size) / bytes; id++) {
		bool is_there = hs_block_find(&model->hotplug, id) != NULL;

		if (is_there != (row->op == 1) && !is_late)
			hs_block_problem(model, row->row.time, is_there ? "block %llu is added and was there already" :
					 "block %llu is removed and was never added", (unsigned long long)id);
		/* What is heard of from outside lacks the group and the memmap. */
		if (row->op || (is_there && is_late))
			remove_block(model, id, row->row.time);
		if (!row->op)
			add_block(model, id, group ? group->nid : row->node, row->altmap_pages, group, row->row.time);
	}
}

/* Did the number of poisoned pages change? A page that was poisoned already is not counted again. */
static bool is_counted(const struct hs_hotplug_poison *row)
{
	bool was_poisoned = row->type.length >= 7 && !memcmp(row->type.data, "already", 7);

	return row->counted ? row->counted == 1 : !row->ret && !was_poisoned;
}

static void follow_poison(struct hs_model *model, const struct hs_hotplug_poison *row)
{
	model->last_poison = (struct hs_last_poison){ true, row->row.time, row->row.task, row->ret };
	if (!is_counted(row))
		return;
	if (row->op == 2) {
		hs_block_unpoison_page(&model->hotplug, row->pfn);
		hs_hash_map_remove(&model->poisoned, row->pfn, NULL);
		return;
	}
	hs_block_poison_page(&model->hotplug, row->pfn);
	if (hs_hash_map_put(&model->poisoned, row->pfn, 1))
		hs_block_problem(model, row->row.time, "out of memory: a poisoned page is forgotten");
}

void hs_block_follow(struct hs_model *model, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_hotplug_uevent: return follow_uevent(model, event->hotplug_uevent);
	case HS_KIND_hotplug_block: return follow_block(model, event->hotplug_block);
	case HS_KIND_hotplug_operation: return follow_operation(model, event->hotplug_operation);
	case HS_KIND_hotplug_zone: return follow_zone(model, event->hotplug_zone);
	case HS_KIND_hotplug_test_isolated: return follow_test(model, event->hotplug_test_isolated);
	case HS_KIND_hotplug_notify: return follow_notify(model, event->hotplug_notify);
	case HS_KIND_hotplug_isolate: return follow_isolate(model, event->hotplug_isolate);
	case HS_KIND_hotplug_result: return follow_result(model, event->hotplug_result);
	case HS_KIND_hotplug_blocks: return follow_blocks(model, event->hotplug_blocks);
	case HS_KIND_hotplug_request: return hs_block_take_request(model, event->hotplug_request);
	case HS_KIND_hotplug_poison: return follow_poison(model, event->hotplug_poison);
	default: return;
	}
}
