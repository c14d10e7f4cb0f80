// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/translate_hotplug.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash_map.h"

enum { GROUP_ID_NONE = -1, GROUP_ID_UNKNOWN = -2 };

/* What a write to sysfs returns for the system call to be repeated: ERESTARTNOINTR of include/linux/errno.h. */
enum { RESTART = -513 };

struct hs_hotplug_translator {
	struct hs_sink *sink;
	const struct hs_kernel_names *names;
	struct hs_hash_map groups;	/* address -> id */
	struct hs_hash_map first_writes;	/* tid -> time of the first of several writes that met a busy lock */
	struct hs_hash_map retries;	/* tid -> how many */
};

struct context {
	struct hs_hotplug_translator *translator;
	struct hs_sink *sink;
	const struct hs_kernel_names *names;
	const struct hs_record_hotplug *record;
	uint32_t task;
};

struct hs_hotplug_translator *hs_hotplug_translator_create(struct hs_sink *sink, const struct hs_kernel_names *names)
{
	struct hs_hotplug_translator *translator = calloc(1, sizeof(*translator));

	if (!translator)
		return NULL;
	translator->sink = sink;
	translator->names = names;
	return translator;
}

void hs_hotplug_translator_destroy(struct hs_hotplug_translator *translator)
{
	if (!translator)
		return;
	hs_hash_map_deinit(&translator->groups);
	hs_hash_map_deinit(&translator->first_writes);
	hs_hash_map_deinit(&translator->retries);
	free(translator);
}

int hs_hotplug_translator_add_group(struct hs_hotplug_translator *translator, uint64_t address, int32_t id)
{
	return hs_hash_map_put(&translator->groups, address, (uint32_t)id);
}

int32_t hs_hotplug_translator_group(const struct hs_hotplug_translator *translator, uint64_t address)
{
	const uint64_t *id = address ? hs_hash_map_get(&translator->groups, address) : NULL;

	if (!address)
		return GROUP_ID_NONE;
	return id ? (int32_t)*id : GROUP_ID_UNKNOWN;
}

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

static int32_t group_of(const struct context *context, uint64_t address)
{
	return hs_hotplug_translator_group(context->translator, address);
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

static struct hs_bytes caller_of(const struct context *context)
{
	static const char *const callers[HS_NR_CALLERS] = {
		[HS_CALLER_OTHER] = "driver", [HS_CALLER_WRITE] = "write", [HS_CALLER_ADD] = "add",
		[HS_CALLER_OFFLINE_AND_REMOVE] = "offline_and_remove",
	};
	uint64_t caller = context->record->field[HS_BLOCK_CALLER];
	const char *text = caller < HS_NR_CALLERS ? callers[caller] : "";

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
	row->group = group_of(context, field[HS_BLOCK_GROUP]);
	row->altmap_pages = field[HS_BLOCK_ALTMAP_PAGES];
	row->nr_hwpoison = field[HS_BLOCK_NR_HWPOISON];
	row->caller = caller_of(context);
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
	row->group = group_of(context, field[HS_ZONE_GROUP]);
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

/* Other actions leave the altmap's fields as they were on the stack. */
static bool has_altmap(const char *action)
{
	return strcmp(action, "MEM_PREPARE_ONLINE") == 0 || strcmp(action, "MEM_FINISH_OFFLINE") == 0;
}

static void add_notify(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_notify *row = row_of(context, HS_KIND_hotplug_notify);
	bool is_node = context->record->head.small == 1;
	const char *action = is_node ? hs_kernel_names_node_action(field[HS_NOTIFY_ACTION])
				     : hs_kernel_names_memory_action(context->names, field[HS_NOTIFY_ACTION]);

	row->chain = is_node;
	row->action = text_of(context, action, strlen(action));
	row->start_pfn = field[HS_NOTIFY_START];
	row->nr_pages = field[HS_NOTIFY_NR_PAGES];
	row->node = row->node_normal = HS_NODE_UNSAID;
	row->value = (uint32_t)context->record->ret;
	if (has_altmap(action)) {
		row->altmap_nr_pages = field[HS_NOTIFY_ALTMAP_PAGES];
		row->altmap_start_pfn = row->altmap_nr_pages ? field[HS_NOTIFY_ALTMAP_START] : 0;
	} else {
		row->node = (int32_t)field[HS_NOTIFY_NODE];
		row->node_normal = (int32_t)field[HS_NOTIFY_NODE_NORMAL];
	}
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
	row->counted = (uint8_t)context->record->field[HS_POISON_COUNTED];
}

static void add_group(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_group *row = row_of(context, HS_KIND_hotplug_group);

	row->op = (uint8_t)context->record->head.small;
	row->node = (int32_t)field[HS_GROUP_NODE];
	row->pages = field[HS_GROUP_PAGES];
	row->group = (int32_t)field[HS_GROUP_ID];
	row->ret = context->record->ret;
	if (field[HS_GROUP_POINTER])
		hs_hotplug_translator_add_group(context->translator, field[HS_GROUP_POINTER], (int32_t)row->ret);
}

static void add_blocks(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_blocks *row = row_of(context, HS_KIND_hotplug_blocks);

	row->op = (uint8_t)context->record->head.small;
	row->start = field[HS_BLOCKS_START];
	row->size = field[HS_BLOCKS_SIZE];
	row->node = (int32_t)field[HS_BLOCKS_NODE];
	row->group = group_of(context, field[HS_BLOCKS_GROUP]);
	row->altmap_pages = field[HS_BLOCKS_ALTMAP_PAGES];
	row->ret = context->record->ret;
}

static void add_refused_page(const struct context *context)
{
	const uint64_t *field = context->record->field;
	struct hs_hotplug_refused_page *row = row_of(context, HS_KIND_hotplug_refused_page);
	char flags[256];

	hs_kernel_names_page_flags(context->names, field[HS_REFUSED_FLAGS], flags, sizeof(flags));
	row->pfn = field[HS_REFUSED_PFN];
	row->reason = name_of(context);
	row->flags = text_of(context, flags, sizeof(flags));
	row->refcount = (int64_t)field[HS_REFUSED_REFCOUNT];
}

/* Files that the kernel's rules are about; others of the same devices (uevent, power/control) are not ours. */
static bool is_file_of_blocks(const char *file)
{
	static const char *const files[] = {
		"state", "online", "auto_online_blocks", "probe", "soft_offline_page", "hard_offline_page",
		"online_policy", "auto_movable_ratio", "auto_movable_numa_aware", "memmap_on_memory", "valid_zones",
		"removable", "phys_index", "phys_device", "block_size_bytes", "crash_hotplug",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i], file) == 0)
			return true;
	return false;
}

/* Below /sys/devices/system/memory; a parameter by its own path. */
static struct hs_bytes path_of(const struct context *context, const struct hs_record_access *write)
{
	char path[128];

	if (strcmp(write->folder, "memory") == 0)
		snprintf(path, sizeof(path), "%.32s", write->file);
	else if (strcmp(write->folder, "memory_hotplug") == 0)
		snprintf(path, sizeof(path), "/sys/module/memory_hotplug/parameters/%.32s", write->file);
	else
		snprintf(path, sizeof(path), "%.16s/%.32s", write->folder, write->file);
	return text_of(context, path, sizeof(path));
}

/* A write that met a busy lock is made again, by the same task, without its doing. */
static void note_retry(struct hs_hotplug_translator *translator, const struct hs_record_access *write)
{
	const uint64_t *retries = hs_hash_map_get(&translator->retries, write->head.tid);

	if (!retries)
		hs_hash_map_put(&translator->first_writes, write->head.tid, write->entry_time);
	hs_hash_map_put(&translator->retries, write->head.tid, retries ? *retries + 1 : 1);
}

static struct hs_bytes written_text(const struct context *context, const struct hs_record_access *access)
{
	return text_of(context, access->text, access->length < sizeof(access->text) ? access->length : sizeof(access->text));
}

static unsigned int add_write(const struct context *context)
{
	const struct hs_record_access *write = (const void *)context->record;
	struct hs_hotplug_translator *translator = context->translator;
	uint64_t first = write->entry_time, retries = 0;
	struct hs_hotplug_request *row;

	if (write->ret == RESTART) {
		note_retry(translator, write);
		return 0;
	}
	hs_hash_map_remove(&translator->retries, write->head.tid, &retries);
	hs_hash_map_remove(&translator->first_writes, write->head.tid, &first);
	row = row_of(context, HS_KIND_hotplug_request);
	row->file = path_of(context, write);
	row->text = written_text(context, write);
	row->is_capable = (uint8_t)write->is_capable;
	row->retries = (uint32_t)retries;
	row->duration = first ? write->head.time - first : 0;
	row->ret = write->ret;
	return 1;
}

static unsigned int add_read(const struct context *context)
{
	const struct hs_record_access *read = (const void *)context->record;
	struct hs_hotplug_read *row = row_of(context, HS_KIND_hotplug_read);

	row->file = path_of(context, read);
	row->text = written_text(context, read);
	row->ret = read->ret;
	return 1;
}

static unsigned int add_access(const struct context *context)
{
	const struct hs_record_access *access = (const void *)context->record;

	if (!is_file_of_blocks(access->file))
		return 0;
	return access->head.type == HS_RECORD_WRITE ? add_write(context) : add_read(context);
}

unsigned int hs_hotplug_translate(struct hs_hotplug_translator *translator, const struct hs_record *record,
				  uint32_t task)
{
	static void (*const add[HS_NR_RECORDS])(const struct context *context) = {
		[HS_RECORD_BLOCK_OPERATION] = add_operation, [HS_RECORD_BLOCK_RESULT] = add_result,
		[HS_RECORD_ZONE] = add_zone,		     [HS_RECORD_ISOLATE] = add_isolate,
		[HS_RECORD_TEST_ISOLATED] = add_test_isolated, [HS_RECORD_MEMORY_NOTIFY] = add_notify,
		[HS_RECORD_ADD_MEMORY] = add_memory,	     [HS_RECORD_REMOVE_MEMORY] = remove_memory,
		[HS_RECORD_POISON] = add_poison,	     [HS_RECORD_GROUP] = add_group,
		[HS_RECORD_BLOCKS] = add_blocks,	     [HS_RECORD_REFUSED_PAGE] = add_refused_page,
	};
	struct context context = { translator, translator->sink, translator->names, (const void *)record, task };

	if (record->type == HS_RECORD_WRITE || record->type == HS_RECORD_READ)
		return add_access(&context);
	add[record->type](&context);
	return 1;
}
