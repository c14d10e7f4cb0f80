// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source hotplug where functions can be probed: each block's going online and offline with its result, the zone
 * chosen, isolation, the notifier chain, memory added and removed, poisoned pages. drivers/base/memory.c,
 * mm/memory_hotplug.c, mm/page_isolation.c, mm/memory-failure.c. About the host as a whole: no filter by task.
 */
#include "bpf/hotplug_state.bpf.h"

/* The kernel's own lists of callbacks; 0 where its data symbols are not listed. */
extern const void memory_chain __ksym __weak;
extern const void node_chain __ksym __weak;
extern const void num_poisoned_pages __ksym __weak;

/* Where the kernel keeps the address of its memory map, vmemmap_base; 0: not known. Another object has the symbol. */
const volatile hs_u64 vmemmap_base_at;

/* Who wants the block's state changed: the innermost that is known to be under way. */
static __always_inline u32 caller_of(const struct hotplug_state *state)
{
	if (hotplug_is_in(state, STEP_ADD))
		return HS_CALLER_ADD;
	if (hotplug_is_in(state, STEP_OFFLINE_AND_REMOVE))
		return HS_CALLER_OFFLINE_AND_REMOVE;
	return hotplug_is_in(state, STEP_WRITE) ? HS_CALLER_WRITE : HS_CALLER_OTHER;
}

static __always_inline int emit_block(struct device *device, u32 type, u16 op, u64 entry_time, s64 ret)
{
	struct memory_block *block = container_of_block(device);
	struct zone *zone = BPF_CORE_READ(block, zone);
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->entry_time = entry_time;
	record->ret = ret;
	record->field[HS_BLOCK_ID] = BPF_CORE_READ(block, dev.id);
	record->field[HS_BLOCK_ONLINE_TYPE] = online_type_of_block(block);
	record->field[HS_BLOCK_STATE] = state_of_block(block);
	record->field[HS_BLOCK_NODE] = (u64)(s64)BPF_CORE_READ(block, nid);
	record->field[HS_BLOCK_GROUP] = (u64)BPF_CORE_READ(block, group);
	record->field[HS_BLOCK_ALTMAP_PAGES] = altmap_pages_of_block(block);
	record->field[HS_BLOCK_NR_HWPOISON] = poisoned_pages_of_block(block);
	record->field[HS_BLOCK_CALLER] = caller_of(hotplug_state_of(0));
	if (zone)
		bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(zone, name));
	hotplug_commit(record, type, op);
	return 0;
}

SEC("?fentry/memory_subsys_online")
int BPF_PROG(block_online_entered, struct device *device)
{
	hotplug_enter(STEP_BLOCK);
	return emit_block(device, HS_RECORD_BLOCK_OPERATION, 0, 0, 0);
}

SEC("?fexit/memory_subsys_online")
int BPF_PROG(block_online_left, struct device *device, int ret)
{
	return emit_block(device, HS_RECORD_BLOCK_RESULT, 0, hotplug_leave(STEP_BLOCK), ret);
}

SEC("?fentry/memory_subsys_offline")
int BPF_PROG(block_offline_entered, struct device *device)
{
	hotplug_enter(STEP_BLOCK);
	return emit_block(device, HS_RECORD_BLOCK_OPERATION, 1, 0, 0);
}

SEC("?fexit/memory_subsys_offline")
int BPF_PROG(block_offline_left, struct device *device, int ret)
{
	return emit_block(device, HS_RECORD_BLOCK_RESULT, 1, hotplug_leave(STEP_BLOCK), ret);
}

/* Reading valid_zones asks, too: only inside an online is it a decision. */
SEC("?fexit/zone_for_pfn_range")
int BPF_PROG(zone_chosen, u64 online_type, int node, struct memory_group *group, unsigned long start,
	     unsigned long nr_pages, struct zone *zone)
{
	struct hotplug_state *state = hotplug_state_of(0);
	struct hs_record_hotplug *record;

	if (!state || !state->entered[STEP_BLOCK])
		return 0;
	record = hotplug_reserve();
	if (!record)
		return 0;
	record->field[HS_ZONE_ONLINE_TYPE] = (u32)online_type;
	record->field[HS_ZONE_NODE] = (u64)(s64)node;
	record->field[HS_ZONE_GROUP] = (u64)group;
	record->field[HS_ZONE_START] = start;
	record->field[HS_ZONE_NR_PAGES] = nr_pages;
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(zone, name));
	hotplug_commit(record, HS_RECORD_ZONE, 0);
	return 0;
}

/* The number of arguments changed: the result is asked for, not counted off. */
SEC("?fexit/start_isolate_page_range")
int range_isolated(u64 *ctx)
{
	struct hotplug_state *state = hotplug_state_of(0);
	struct hs_record_hotplug *record;
	u64 ret = 0;

	if (!state || !state->entered[STEP_BLOCK])
		return 0;
	record = hotplug_reserve();
	if (!record)
		return 0;
	bpf_get_func_ret(ctx, &ret);
	record->ret = (int)ret;
	record->field[HS_ISOLATE_START] = ctx[0];
	record->field[HS_ISOLATE_END] = ctx[1];
	hotplug_commit(record, HS_RECORD_ISOLATE, 0);
	return 0;
}

SEC("?tp_btf/test_pages_isolated")
int BPF_PROG(isolation_tested, unsigned long start, unsigned long end, unsigned long fin)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->field[HS_ISOLATE_START] = start;
	record->field[HS_ISOLATE_END] = end;
	record->field[HS_ISOLATE_FIN] = fin;
	hotplug_commit(record, HS_RECORD_TEST_ISOLATED, 0);
	return 0;
}

static __always_inline void emit_memory_run(u64 action, const void *argument, int ret)
{
	const struct memory_notify___ranges *ranges = argument;
	const struct memory_notify___nodes *nodes = argument;
	const struct memory_notify___altmap *altmap = argument;
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return;
	record->ret = ret;
	record->field[HS_NOTIFY_ACTION] = (u32)action;
	record->field[HS_NOTIFY_START] = BPF_CORE_READ(ranges, start_pfn);
	record->field[HS_NOTIFY_NR_PAGES] = BPF_CORE_READ(ranges, nr_pages);
	record->field[HS_NOTIFY_NODE] = record->field[HS_NOTIFY_NODE_NORMAL] = (u64)(s64)HS_NODE_UNSAID;
	if (bpf_core_field_exists(nodes->status_change_nid)) {
		record->field[HS_NOTIFY_NODE] = (u64)(s64)BPF_CORE_READ(nodes, status_change_nid);
		record->field[HS_NOTIFY_NODE_NORMAL] = (u64)(s64)BPF_CORE_READ(nodes, status_change_nid_normal);
	}
	/* Set for the outer actions alone; user space knows which these are. */
	if (bpf_core_field_exists(altmap->altmap_nr_pages)) {
		record->field[HS_NOTIFY_ALTMAP_START] = BPF_CORE_READ(altmap, altmap_start_pfn);
		record->field[HS_NOTIFY_ALTMAP_PAGES] = BPF_CORE_READ(altmap, altmap_nr_pages);
	}
	hotplug_commit(record, HS_RECORD_MEMORY_NOTIFY, 0);
}

static __always_inline void emit_node_run(u64 action, const struct node_notify___nid *argument, int ret)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return;
	record->ret = ret;
	record->field[HS_NOTIFY_ACTION] = (u32)action;
	record->field[HS_NOTIFY_NODE] = (u64)(s64)(bpf_core_field_exists(argument->nid) ? BPF_CORE_READ(argument, nid)
											: HS_NODE_UNSAID);
	record->field[HS_NOTIFY_NODE_NORMAL] = (u64)(s64)HS_NODE_UNSAID;
	hotplug_commit(record, HS_RECORD_MEMORY_NOTIFY, 1);
}

/*
 * Every run of the two chains, whoever starts it: on 6.12 the calls of memory_notify with MEM_PREPARE_ONLINE and
 * MEM_FINISH_OFFLINE are inlined into drivers/base/memory.c and never enter that function.
 */
SEC("?fexit/blocking_notifier_call_chain")
int BPF_PROG(any_chain_run, void *chain, unsigned long action, void *argument, int ret)
{
	struct hotplug_state *state;

	if (&node_chain && chain == &node_chain)
		emit_node_run(action, argument, ret);
	if (!&memory_chain || chain != &memory_chain)
		return 0;
	state = hotplug_state_of(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state)
		state->has_seen_chain = true;
	emit_memory_run(action, argument, ret);
	return 0;
}

/* Where the chain's address is not known. */
SEC("?fexit/memory_notify")
int BPF_PROG(chain_run, u64 action, void *argument, int ret)
{
	struct hotplug_state *state = hotplug_state_of(0);
	bool has_seen = state && state->has_seen_chain;

	if (state)
		state->has_seen_chain = false;
	if (!has_seen)
		emit_memory_run(action, argument, ret);
	return 0;
}

static __always_inline int emit_add(int node, u64 start, u64 size, u64 flags, const char *name, u64 entered, int ret)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->entry_time = entered;
	record->ret = ret;
	record->field[HS_MEMORY_START] = start;
	record->field[HS_MEMORY_SIZE] = size;
	record->field[HS_MEMORY_NODE] = (u64)(s64)node;
	record->field[HS_MEMORY_FLAGS] = (u32)flags;
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), name);
	hotplug_commit(record, HS_RECORD_ADD_MEMORY, 0);
	return 0;
}

/* What is added is read on the way in: merge_system_ram_resource may free the resource. */
SEC("?fentry/add_memory_resource")
int BPF_PROG(add_entered, int node, struct resource *resource)
{
	struct hotplug_state *state = hotplug_enter(STEP_ADD);

	if (!state)
		return 0;
	state->add_start = BPF_CORE_READ(resource, start);
	state->add_size = BPF_CORE_READ(resource, end) - state->add_start + 1;
	state->add_name = BPF_CORE_READ(resource, name);
	return 0;
}

SEC("?fexit/add_memory_resource")
int BPF_PROG(add_left, int node, struct resource *resource, u64 flags, int ret)
{
	u64 entered = hotplug_leave(STEP_ADD);
	struct hotplug_state *state = hotplug_state_of(0);

	if (!state || !entered)
		return 0;
	state->has_reported_add = true;
	return emit_add(node, state->add_start, state->add_size, flags, state->add_name, entered, ret);
}

/* The outer functions refuse some ranges before the resource is there: only then they say something. */
static __always_inline int begin_outer_add(void)
{
	struct hotplug_state *state = hotplug_state_of(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (state)
		state->has_reported_add = false;
	return 0;
}

static __always_inline int end_outer_add(int node, u64 start, u64 size, u64 flags, const char *name, int ret)
{
	struct hotplug_state *state = hotplug_state_of(0);

	if (!state || state->has_reported_add)
		return 0;
	state->has_reported_add = true;
	return emit_add(node, start, size, flags, name, 0, ret);
}

static const char plain_name[] = "System RAM";

SEC("?fentry/__add_memory")
int BPF_PROG(outer_add_entered)
{
	return begin_outer_add();
}

SEC("?fexit/__add_memory")
int BPF_PROG(outer_add_left, int node, u64 start, u64 size, u64 flags, int ret)
{
	return end_outer_add(node, start, size, flags, plain_name, ret);
}

SEC("?fentry/add_memory")
int BPF_PROG(locked_add_entered)
{
	return begin_outer_add();
}

SEC("?fexit/add_memory")
int BPF_PROG(locked_add_left, int node, u64 start, u64 size, u64 flags, int ret)
{
	return end_outer_add(node, start, size, flags, plain_name, ret);
}

SEC("?fentry/add_memory_driver_managed")
int BPF_PROG(driver_add_entered)
{
	return begin_outer_add();
}

SEC("?fexit/add_memory_driver_managed")
int BPF_PROG(driver_add_left, int node, u64 start, u64 size, const char *name, u64 flags, int ret)
{
	return end_outer_add(node, start, size, flags, name, ret);
}

static __always_inline int emit_removal(u16 op, u64 start, u64 size, u64 entered, int ret)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->entry_time = entered;
	record->ret = ret;
	record->field[HS_MEMORY_START] = start;
	record->field[HS_MEMORY_SIZE] = size;
	hotplug_commit(record, HS_RECORD_REMOVE_MEMORY, op);
	return 0;
}

SEC("?fentry/try_remove_memory")
int BPF_PROG(remove_entered)
{
	hotplug_enter(STEP_REMOVE);
	return 0;
}

SEC("?fexit/try_remove_memory")
int BPF_PROG(remove_left, u64 start, u64 size, int ret)
{
	return emit_removal(0, start, size, hotplug_leave(STEP_REMOVE), ret);
}

SEC("?fentry/offline_and_remove_memory")
int BPF_PROG(offline_remove_entered)
{
	hotplug_enter(STEP_OFFLINE_AND_REMOVE);
	return 0;
}

SEC("?fexit/offline_and_remove_memory")
int BPF_PROG(offline_remove_left, u64 start, u64 size, int ret)
{
	return emit_removal(1, start, size, hotplug_leave(STEP_OFFLINE_AND_REMOVE), ret);
}

static __always_inline s64 poisoned_pages(void)
{
	s64 count = 0;

	if (&num_poisoned_pages)
		bpf_probe_read_kernel(&count, sizeof(count), &num_poisoned_pages);
	return count;
}

static __always_inline int enter_poison(void)
{
	struct hotplug_state *state = hotplug_enter(STEP_POISON);

	if (state)
		state->nr_poisoned = poisoned_pages();
	return 0;
}

/* A page that was poisoned already is not counted again, and the result does not always tell. */
static __always_inline int leave_poison(u16 op, u64 pfn, u64 flags, int ret)
{
	struct hotplug_state *state = hotplug_state_of(0);
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->ret = ret;
	record->field[HS_POISON_PFN] = pfn;
	record->field[HS_POISON_FLAGS] = (u32)flags;
	if (&num_poisoned_pages && hotplug_is_in(state, STEP_POISON))
		record->field[HS_POISON_COUNTED] = poisoned_pages() != state->nr_poisoned ? HS_POISON_IS_COUNTED
											  : HS_POISON_IS_NOT_COUNTED;
	hotplug_commit(record, HS_RECORD_POISON, op);
	hotplug_leave(STEP_POISON);
	return 0;
}

SEC("?fentry/soft_offline_page")
int BPF_PROG(page_soft_offline_entered)
{
	return enter_poison();
}

SEC("?fexit/soft_offline_page")
int BPF_PROG(page_soft_offlined, unsigned long pfn, u64 flags, int ret)
{
	return leave_poison(0, pfn, flags, ret);
}

SEC("?fentry/memory_failure")
int BPF_PROG(page_failure_entered)
{
	return enter_poison();
}

SEC("?fexit/memory_failure")
int BPF_PROG(page_failed, unsigned long pfn, u64 flags, int ret)
{
	return leave_poison(1, pfn, flags, ret);
}

SEC("?fentry/unpoison_memory")
int BPF_PROG(page_unpoison_entered)
{
	return enter_poison();
}

SEC("?fexit/unpoison_memory")
int BPF_PROG(page_unpoisoned, unsigned long pfn, int ret)
{
	return leave_poison(2, pfn, 0, ret);
}

/* The page that keeps a range from going offline: isolation and migration both describe it, with the reason. */
SEC("?fentry/dump_page")
int BPF_PROG(page_refused, const struct page *page, const char *reason)
{
	struct hotplug_state *state = hotplug_state_of(0);
	struct hs_record_hotplug *record;
	u64 base = 0;

	if (!hotplug_is_in(state, STEP_BLOCK) || !vmemmap_base_at)
		return 0;
	record = hotplug_reserve();
	if (!record)
		return 0;
	bpf_probe_read_kernel(&base, sizeof(base), (const void *)vmemmap_base_at);
	/* By way of memory: no arithmetic is allowed on a pointer whose type is known. */
	*(volatile u64 *)&record->field[HS_REFUSED_PFN] = (u64)page;
	record->field[HS_REFUSED_PFN] =
		(*(volatile u64 *)&record->field[HS_REFUSED_PFN] - base) / bpf_core_type_size(struct page);
	record->field[HS_REFUSED_FLAGS] = flags_of_page(page);
	record->field[HS_REFUSED_REFCOUNT] = (u64)(s64)BPF_CORE_READ(page, _refcount.counter);
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), reason);
	hotplug_commit(record, HS_RECORD_REFUSED_PAGE, 0);
	return 0;
}
