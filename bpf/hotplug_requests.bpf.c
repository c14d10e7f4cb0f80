// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source hotplug where functions can be probed: who asks. Reads and writes of the files of memory blocks and of
 * memory_hotplug's parameters, the making and removing of block devices. drivers/base/memory.c, drivers/base/core.c,
 * kernel/params.c.
 */
#include "bpf/hotplug_state.bpf.h"

/* The parameter nid of create_memory_block_devices (third), which by 6.18 was there: asked of the function's type. */
const volatile bool create_has_node;

static __always_inline bool begins_with(const char *text, const char *prefix, int length)
{
	for (int i = 0; i < length; i++)
		if (text[i] != prefix[i])
			return false;
	return true;
}

enum { CAP_SYS_ADMIN = 21 };

/* A read or write of a file whose folder begins with "memory"; NULL: of another, or lost. */
static __always_inline struct hs_record_access *reserve_access(struct kobject *object, struct attribute *attribute)
{
	const char *folder = BPF_CORE_READ(object, name), *file = BPF_CORE_READ(attribute, name);
	struct hs_record_access *record;
	char start[8] = "";

	bpf_probe_read_kernel_str(start, sizeof(start), folder);
	if (!begins_with(start, "memory", 6))
		return 0;
	record = RESERVE(HS_RING_HOTPLUG, hs_record_access);
	if (!record)
		return 0;
	record->head.mm = 0;
	record->entry_time = 0;
	record->is_capable = 0;
	__builtin_memset(record->text, 0, sizeof(record->text));
	bpf_probe_read_kernel_str(record->folder, sizeof(record->folder), folder);
	bpf_probe_read_kernel_str(record->file, sizeof(record->file), file);
	return record;
}

static __always_inline int emit_write(struct kobject *object, struct attribute *attribute, const char *text,
				      u64 count, s64 ret)
{
	u64 entered = hotplug_leave(STEP_WRITE);
	struct hs_record_access *record = reserve_access(object, attribute);

	if (!record)
		return 0;
	record->entry_time = entered;
	record->ret = ret;
	record->length = (u32)count;
	record->is_capable = capabilities_of(bpf_get_current_task_btf()) >> CAP_SYS_ADMIN & 1;
	bpf_probe_read_kernel_str(record->text, sizeof(record->text), text);
	COMMIT(record, HS_RECORD_WRITE, 0, (u32)bpf_get_current_pid_tgid());
	return 0;
}

/* The recorder's own looking is not news: it has rows of its own. */
static __always_inline int emit_read(struct kobject *object, struct attribute *attribute, const char *text, s64 ret)
{
	struct hs_record_access *record;

	if (bpf_get_current_pid_tgid() >> 32 == own_tgid)
		return 0;
	record = reserve_access(object, attribute);
	if (!record)
		return 0;
	record->ret = ret;
	record->length = ret > 0 ? (u32)ret : 0;
	if (ret > 0)
		bpf_probe_read_kernel_str(record->text, sizeof(record->text), text);
	COMMIT(record, HS_RECORD_READ, 0, (u32)bpf_get_current_pid_tgid());
	return 0;
}

/* Files of devices: memoryN/state, memoryN/online, and those of the subsystem, whose own device is "memory". */
SEC("?fentry/dev_attr_store")
int BPF_PROG(device_write_entered)
{
	hotplug_enter(STEP_WRITE);
	return 0;
}

SEC("?fexit/dev_attr_store")
int BPF_PROG(device_written, struct kobject *object, struct attribute *attribute, const char *text,
	     unsigned long count, long ret)
{
	return emit_write(object, attribute, text, count, ret);
}

SEC("?fentry/module_attr_store")
int BPF_PROG(parameter_write_entered)
{
	hotplug_enter(STEP_WRITE);
	return 0;
}

SEC("?fexit/module_attr_store")
int BPF_PROG(parameter_written, struct kobject *object, struct attribute *attribute, const char *text,
	     unsigned long count, long ret)
{
	return emit_write(object, attribute, text, count, ret);
}

/* What hosts the memmap is a number of pages (6.1) or a struct vmem_altmap. */
static __always_inline u64 altmap_pages_of_argument(u64 argument)
{
	const struct memory_block___pages *pages = 0;
	const struct vmem_altmap___free *altmap = (const void *)argument;

	if (bpf_core_field_exists(pages->nr_vmemmap_pages))
		return argument;
	return argument && bpf_core_field_exists(altmap->free) ? BPF_CORE_READ(altmap, free) : 0;
}

static __always_inline int emit_blocks(u16 op, u64 start, u64 size, s64 node, u64 altmap_pages, u64 group, int ret)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->ret = ret;
	record->field[HS_BLOCKS_START] = start;
	record->field[HS_BLOCKS_SIZE] = size;
	record->field[HS_BLOCKS_NODE] = (u64)node;
	record->field[HS_BLOCKS_GROUP] = group;
	record->field[HS_BLOCKS_ALTMAP_PAGES] = altmap_pages;
	hotplug_commit(record, HS_RECORD_BLOCKS, op);
	return 0;
}

SEC("?fexit/create_memory_block_devices")
int blocks_created(u64 *ctx)
{
	u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	if (create_has_node)
		return emit_blocks(0, ctx[0], ctx[1], (int)ctx[2], altmap_pages_of_argument(ctx[3]), ctx[4], (int)ret);
	return emit_blocks(0, ctx[0], ctx[1], -1, altmap_pages_of_argument(ctx[2]), ctx[3], (int)ret);
}

SEC("?fexit/remove_memory_block_devices")
int BPF_PROG(blocks_removed, unsigned long start, unsigned long size)
{
	return emit_blocks(1, start, size, -1, 0, 0, 0);
}

SEC("?fexit/dev_attr_show")
int BPF_PROG(device_read, struct kobject *object, struct attribute *attribute, char *text, long ret)
{
	return emit_read(object, attribute, text, ret);
}

SEC("?fexit/module_attr_show")
int BPF_PROG(parameter_read, struct kobject *object, struct attribute *attribute, char *text, long ret)
{
	return emit_read(object, attribute, text, ret);
}
