// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/translate_hotplug.h"

#include <string.h>

enum { GROUP_ID_NONE = -1, GROUP_ID_UNKNOWN = -2 };

struct context {
	struct hs_sink *sink;
	const struct hs_kernel_names *names;
	const struct hs_record_hotplug *record;
	uint32_t task;
};

static void *row_of(const struct context *context, enum hs_kind kind)
{
	return hs_sink_row(context->sink, kind, context->record->head.time, context->task, 0);
}

static struct hs_bytes text_of(const struct context *context, const char *text, size_t room)
{
	return hs_sink_text(context->sink, text, strnlen(text, room));
}

static struct hs_bytes name_of(const struct context *context)
{
	return text_of(context, context->record->name, sizeof(context->record->name));
}

static uint64_t duration_of(const struct hs_record_hotplug *record)
{
	return record->entry_time ? record->head.time - record->entry_time : 0;
}

/* Ids of groups are indices of a table of the kernel's that a group does not know. */
static int32_t group_of(uint64_t group)
{
	return group == HS_GROUP_NONE ? GROUP_ID_NONE : GROUP_ID_UNKNOWN;
}

/* As the state file says it: drivers/base/memory.c state_show. */
static struct hs_bytes state_of(const struct context *context)
{
	const char *action = hs_kernel_names_memory_action(context->names, context->record->field[HS_BLOCK_STATE]);
	const char *text = strcmp(action, "MEM_ONLINE") == 0	      ? "online" :
			   strcmp(action, "MEM_OFFLINE") == 0	      ? "offline" :
			   strcmp(action, "MEM_GOING_OFFLINE") == 0 ? "going-offline" : "";

	return text_of(context, text, strlen(text));
}

static void add_operation(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_operation *row = row_of(context, HS_KIND_hotplug_operation);

	row->block = (uint32_t)field[HS_BLOCK_ID];
	row->op = (uint8_t)context->record->head.small;
	row->online_type = (uint8_t)field[HS_BLOCK_ONLINE_TYPE];
	row->state = state_of(context);
	row->zone = name_of(context);
	row->node = (int32_t)field[HS_BLOCK_NODE];
	row->group = group_of(field[HS_BLOCK_GROUP]);
	row->altmap_pages = field[HS_BLOCK_ALTMAP_PAGES];
}

static void add_result(const struct context *context)
{
	struct hs_hotplug_result *row = row_of(context, HS_KIND_hotplug_result);

	row->block = (uint32_t)context->record->field[HS_BLOCK_ID];
	row->op = (uint8_t)context->record->head.small;
	row->ret = context->record->ret;
	row->state = state_of(context);
	row->zone = name_of(context);
	row->duration = duration_of(context->record);
}

static void add_zone(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_zone *row = row_of(context, HS_KIND_hotplug_zone);

	row->online_type = (uint8_t)field[HS_ZONE_ONLINE_TYPE];
	row->node = (int32_t)field[HS_ZONE_NODE];
	row->group = group_of(field[HS_ZONE_GROUP]);
	row->start_pfn = field[HS_ZONE_START];
	row->nr_pages = field[HS_ZONE_NR_PAGES];
	row->zone = name_of(context);
}

static void add_isolate(const struct context *context)
{
	struct hs_hotplug_isolate *row = row_of(context, HS_KIND_hotplug_isolate);

	row->start_pfn = context->record->field[HS_ISOLATE_START];
	row->end_pfn = context->record->field[HS_ISOLATE_END];
	row->ret = context->record->ret;
}

static void add_test_isolated(const struct context *context)
{
	struct hs_hotplug_test_isolated *row = row_of(context, HS_KIND_hotplug_test_isolated);

	row->start_pfn = context->record->field[HS_ISOLATE_START];
	row->end_pfn = context->record->field[HS_ISOLATE_END];
	row->fin_pfn = context->record->field[HS_ISOLATE_FIN];
}

static void add_notify(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_notify *row = row_of(context, HS_KIND_hotplug_notify);
	const char *action = hs_kernel_names_memory_action(context->names, field[HS_NOTIFY_ACTION]);

	row->action = text_of(context, action, strlen(action));
	row->start_pfn = field[HS_NOTIFY_START];
	row->nr_pages = field[HS_NOTIFY_NR_PAGES];
	row->node = (int32_t)field[HS_NOTIFY_NODE];
	row->node_normal = (int32_t)field[HS_NOTIFY_NODE_NORMAL];
	row->value = (uint32_t)context->record->ret;
}

static void add_memory(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_add *row = row_of(context, HS_KIND_hotplug_add);

	row->duration = duration_of(context->record);
	row->start = field[HS_MEMORY_START];
	row->size = field[HS_MEMORY_SIZE];
	row->node = (int32_t)field[HS_MEMORY_NODE];
	row->flags = (uint32_t)field[HS_MEMORY_FLAGS];
	row->resource = name_of(context);
	row->ret = context->record->ret;
}

static void remove_memory(const struct context *context)
{
	struct hs_hotplug_remove *row = row_of(context, HS_KIND_hotplug_remove);

	row->op = (uint8_t)context->record->head.small;
	row->duration = duration_of(context->record);
	row->start = context->record->field[HS_MEMORY_START];
	row->size = context->record->field[HS_MEMORY_SIZE];
	row->ret = context->record->ret;
}

static void add_poison(const struct context *context)
{
	struct hs_hotplug_poison *row = row_of(context, HS_KIND_hotplug_poison);

	row->op = (uint8_t)context->record->head.small;
	row->pfn = context->record->field[HS_POISON_PFN];
	row->flags = (uint32_t)context->record->field[HS_POISON_FLAGS];
	row->ret = context->record->ret;
}

unsigned int hs_translate_hotplug(struct hs_sink *sink, const struct hs_kernel_names *names,
				  const struct hs_record_hotplug *record, uint32_t task)
{
	static void (*const add[HS_NR_RECORDS])(const struct context *context) = {
		[HS_RECORD_BLOCK_OPERATION] = add_operation, [HS_RECORD_BLOCK_RESULT] = add_result,
		[HS_RECORD_ZONE] = add_zone,		     [HS_RECORD_ISOLATE] = add_isolate,
		[HS_RECORD_TEST_ISOLATED] = add_test_isolated, [HS_RECORD_MEMORY_NOTIFY] = add_notify,
		[HS_RECORD_ADD_MEMORY] = add_memory,	     [HS_RECORD_REMOVE_MEMORY] = remove_memory,
		[HS_RECORD_POISON] = add_poison,
	};
	struct context context = { sink, names, record, task };

	add[record->head.type](&context);
	return 1;
}
