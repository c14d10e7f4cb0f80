// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source hotplug where functions can be probed: each block's going online and offline with its result, the zone
 * chosen, isolation, the notifier chain, memory added and removed, poisoned pages. drivers/base/memory.c,
 * mm/memory_hotplug.c, mm/page_isolation.c, mm/memory-failure.c. About the host as a whole: no filter by task.
 */
#include "bpf/compat.bpf.h"
#include "bpf/ring.bpf.h"

/* Functions of a task that have been entered and not left. */
enum step { STEP_BLOCK, STEP_ADD, STEP_REMOVE, STEP_OFFLINE_AND_REMOVE, NR_STEPS };

struct hotplug_state {
	u64 entered[NR_STEPS];	/* time, 0: not entered */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct hotplug_state);
} hotplug_states SEC(".maps");

static __always_inline struct hotplug_state *state_of(u64 flags)
{
	return bpf_task_storage_get(&hotplug_states, bpf_get_current_task_btf(), 0, flags);
}

static __always_inline void enter(enum step step)
{
	struct hotplug_state *state = state_of(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (state)
		state->entered[step] = bpf_ktime_get_boot_ns();
}

static __always_inline u64 leave(enum step step)
{
	struct hotplug_state *state = state_of(0);
	u64 entered = state ? state->entered[step] : 0;

	if (state)
		state->entered[step] = 0;
	return entered;
}

static __always_inline struct hs_record_hotplug *reserve(void)
{
	struct hs_record_hotplug *record = RESERVE(HS_RING_HOTPLUG, hs_record_hotplug);

	if (!record)
		return 0;
	record->head.mm = 0;
	record->entry_time = 0;
	record->ret = 0;
	__builtin_memset(record->field, 0, sizeof(record->field));
	record->name[0] = 0;
	return record;
}

static __always_inline void commit(struct hs_record_hotplug *record, u32 type, u16 small)
{
	COMMIT(record, type, small, (u32)bpf_get_current_pid_tgid());
}

static __always_inline int emit_block(struct device *device, u32 type, u16 op, u64 entry_time, s64 ret)
{
	struct memory_block *block = container_of_block(device);
	struct zone *zone = BPF_CORE_READ(block, zone);
	struct hs_record_hotplug *record = reserve();

	if (!record)
		return 0;
	record->entry_time = entry_time;
	record->ret = ret;
	record->field[HS_BLOCK_ID] = BPF_CORE_READ(block, dev.id);
	record->field[HS_BLOCK_ONLINE_TYPE] = online_type_of_block(block);
	record->field[HS_BLOCK_STATE] = state_of_block(block);
	record->field[HS_BLOCK_NODE] = (u64)(s64)BPF_CORE_READ(block, nid);
	record->field[HS_BLOCK_GROUP] = BPF_CORE_READ(block, group) ? HS_GROUP_SOME : HS_GROUP_NONE;
	record->field[HS_BLOCK_ALTMAP_PAGES] = altmap_pages_of_block(block);
	if (zone)
		bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(zone, name));
	commit(record, type, op);
	return 0;
}

SEC("?fentry/memory_subsys_online")
int BPF_PROG(block_online_entered, struct device *device)
{
	enter(STEP_BLOCK);
	return emit_block(device, HS_RECORD_BLOCK_OPERATION, 0, 0, 0);
}

SEC("?fexit/memory_subsys_online")
int BPF_PROG(block_online_left, struct device *device, int ret)
{
	return emit_block(device, HS_RECORD_BLOCK_RESULT, 0, leave(STEP_BLOCK), ret);
}

SEC("?fentry/memory_subsys_offline")
int BPF_PROG(block_offline_entered, struct device *device)
{
	enter(STEP_BLOCK);
	return emit_block(device, HS_RECORD_BLOCK_OPERATION, 1, 0, 0);
}

SEC("?fexit/memory_subsys_offline")
int BPF_PROG(block_offline_left, struct device *device, int ret)
{
	return emit_block(device, HS_RECORD_BLOCK_RESULT, 1, leave(STEP_BLOCK), ret);
}

/* Reading valid_zones asks, too: only inside an online is it a decision. */
SEC("?fexit/zone_for_pfn_range")
int BPF_PROG(zone_chosen, u64 online_type, int node, struct memory_group *group, unsigned long start,
	     unsigned long nr_pages, struct zone *zone)
{
	struct hotplug_state *state = state_of(0);
	struct hs_record_hotplug *record;

	if (!state || !state->entered[STEP_BLOCK])
		return 0;
	record = reserve();
	if (!record)
		return 0;
	record->field[HS_ZONE_ONLINE_TYPE] = (u32)online_type;
	record->field[HS_ZONE_NODE] = (u64)(s64)node;
	record->field[HS_ZONE_GROUP] = group ? HS_GROUP_SOME : HS_GROUP_NONE;
	record->field[HS_ZONE_START] = start;
	record->field[HS_ZONE_NR_PAGES] = nr_pages;
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(zone, name));
	commit(record, HS_RECORD_ZONE, 0);
	return 0;
}

/* The number of arguments changed: the result is asked for, not counted off. */
SEC("?fexit/start_isolate_page_range")
int range_isolated(u64 *ctx)
{
	struct hotplug_state *state = state_of(0);
	struct hs_record_hotplug *record;
	u64 ret = 0;

	if (!state || !state->entered[STEP_BLOCK])
		return 0;
	record = reserve();
	if (!record)
		return 0;
	bpf_get_func_ret(ctx, &ret);
	record->ret = (int)ret;
	record->field[HS_ISOLATE_START] = ctx[0];
	record->field[HS_ISOLATE_END] = ctx[1];
	commit(record, HS_RECORD_ISOLATE, 0);
	return 0;
}

SEC("?tp_btf/test_pages_isolated")
int BPF_PROG(isolation_tested, unsigned long start, unsigned long end, unsigned long fin)
{
	struct hs_record_hotplug *record = reserve();

	if (!record)
		return 0;
	record->field[HS_ISOLATE_START] = start;
	record->field[HS_ISOLATE_END] = end;
	record->field[HS_ISOLATE_FIN] = fin;
	commit(record, HS_RECORD_TEST_ISOLATED, 0);
	return 0;
}

/* On 6.12 the calls with PREPARE_ONLINE and FINISH_OFFLINE are inlined into their caller and not seen here. */
SEC("?fexit/memory_notify")
int BPF_PROG(chain_run, u64 action, void *argument, int ret)
{
	const struct memory_notify___ranges *ranges = argument;
	const struct memory_notify___nodes *nodes = argument;
	struct hs_record_hotplug *record = reserve();

	if (!record)
		return 0;
	record->ret = ret;
	record->field[HS_NOTIFY_ACTION] = (u32)action;
	record->field[HS_NOTIFY_START] = BPF_CORE_READ(ranges, start_pfn);
	record->field[HS_NOTIFY_NR_PAGES] = BPF_CORE_READ(ranges, nr_pages);
	record->field[HS_NOTIFY_NODE] = record->field[HS_NOTIFY_NODE_NORMAL] = (u64)(s64)HS_NODE_UNSAID;
	if (bpf_core_field_exists(nodes->status_change_nid)) {
		record->field[HS_NOTIFY_NODE] = (u64)(s64)BPF_CORE_READ(nodes, status_change_nid);
		record->field[HS_NOTIFY_NODE_NORMAL] = (u64)(s64)BPF_CORE_READ(nodes, status_change_nid_normal);
	}
	commit(record, HS_RECORD_MEMORY_NOTIFY, 0);
	return 0;
}

SEC("?fentry/add_memory_resource")
int BPF_PROG(add_entered)
{
	enter(STEP_ADD);
	return 0;
}

SEC("?fexit/add_memory_resource")
int BPF_PROG(add_left, int node, struct resource *resource, u64 flags, int ret)
{
	u64 entered = leave(STEP_ADD);
	struct hs_record_hotplug *record = reserve();
	u64 start = BPF_CORE_READ(resource, start);

	if (!record)
		return 0;
	record->entry_time = entered;
	record->ret = ret;
	record->field[HS_MEMORY_START] = start;
	record->field[HS_MEMORY_SIZE] = BPF_CORE_READ(resource, end) - start + 1;
	record->field[HS_MEMORY_NODE] = (u64)(s64)node;
	record->field[HS_MEMORY_FLAGS] = (u32)flags;
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(resource, name));
	commit(record, HS_RECORD_ADD_MEMORY, 0);
	return 0;
}

static __always_inline int emit_removal(u16 op, u64 start, u64 size, u64 entered, int ret)
{
	struct hs_record_hotplug *record = reserve();

	if (!record)
		return 0;
	record->entry_time = entered;
	record->ret = ret;
	record->field[HS_MEMORY_START] = start;
	record->field[HS_MEMORY_SIZE] = size;
	commit(record, HS_RECORD_REMOVE_MEMORY, op);
	return 0;
}

SEC("?fentry/try_remove_memory")
int BPF_PROG(remove_entered)
{
	enter(STEP_REMOVE);
	return 0;
}

SEC("?fexit/try_remove_memory")
int BPF_PROG(remove_left, u64 start, u64 size, int ret)
{
	return emit_removal(0, start, size, leave(STEP_REMOVE), ret);
}

SEC("?fentry/offline_and_remove_memory")
int BPF_PROG(offline_remove_entered)
{
	enter(STEP_OFFLINE_AND_REMOVE);
	return 0;
}

SEC("?fexit/offline_and_remove_memory")
int BPF_PROG(offline_remove_left, u64 start, u64 size, int ret)
{
	return emit_removal(1, start, size, leave(STEP_OFFLINE_AND_REMOVE), ret);
}

static __always_inline int emit_poison(u16 op, u64 pfn, u64 flags, int ret)
{
	struct hs_record_hotplug *record = reserve();

	if (!record)
		return 0;
	record->ret = ret;
	record->field[HS_POISON_PFN] = pfn;
	record->field[HS_POISON_FLAGS] = (u32)flags;
	commit(record, HS_RECORD_POISON, op);
	return 0;
}

SEC("?fexit/soft_offline_page")
int BPF_PROG(page_soft_offlined, unsigned long pfn, u64 flags, int ret)
{
	return emit_poison(0, pfn, flags, ret);
}

SEC("?fexit/memory_failure")
int BPF_PROG(page_failed, unsigned long pfn, u64 flags, int ret)
{
	return emit_poison(1, pfn, flags, ret);
}
