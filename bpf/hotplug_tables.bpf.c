// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel knows about blocks, zones and groups and no file shows, for snapshots: run by the recorder, one
 * entry a call. And groups that come and go meanwhile. drivers/base/memory.c, include/linux/mmzone.h.
 */
#include "bpf/hotplug_state.bpf.h"

/* 0 where the kernel's data symbols are not listed: then nothing is found. */
extern const void memory_blocks __ksym __weak;
extern const void memory_groups __ksym __weak;
extern const void node_data __ksym __weak;
extern const void mem_section __ksym __weak;

enum { SECTION_IS_EARLY = 1 << 3, MAX_SECTIONS_PER_BLOCK = 512, KERNEL_PAGE_BYTES = 4096 };

/* By way of the stack: helpers do not write to such a program's argument. */
static __always_inline void read_name(struct hs_table_entry *entry, const struct zone *zone)
{
	char name[HS_HOTPLUG_NAME_BYTES] = "";

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(zone, name));
	__builtin_memcpy(entry->name, name, sizeof(name));
}

/* mem_section is a table of pointers to pages of them (SPARSEMEM_EXTREME). */
static __always_inline bool section_is_early(u64 number)
{
	u64 bytes = bpf_core_type_size(struct mem_section), roots = 0, root = 0, map = 0;
	u64 per_root = KERNEL_PAGE_BYTES / (bytes ? bytes : 1);

	if (!per_root || !&mem_section)
		return false;
	bpf_probe_read_kernel(&roots, sizeof(roots), &mem_section);
	bpf_probe_read_kernel(&root, sizeof(root), (void *)(roots + number / per_root * sizeof(root)));
	if (!root)
		return false;
	bpf_probe_read_kernel(&map, sizeof(map), (void *)(root + number % per_root * bytes));
	return map & SECTION_IS_EARLY;
}

/* key: block id; extent: sections per block. */
SEC("?syscall")
int read_block(struct hs_table_entry *entry)
{
	const struct memory_block *block = &memory_blocks ? xarray_entry(&memory_blocks, entry->key) : 0;
	u64 first = entry->key * entry->extent, nr_early = 0;
	const struct zone *zone;

	if (!block)
		return 0;
	entry->is_found = 1;
	entry->field[HS_TABLE_BLOCK_ONLINE_TYPE] = online_type_of_block(block);
	entry->field[HS_TABLE_BLOCK_NODE] = (u64)(s64)BPF_CORE_READ(block, nid);
	entry->field[HS_TABLE_BLOCK_GROUP] = (u64)BPF_CORE_READ(block, group);
	entry->field[HS_TABLE_BLOCK_ALTMAP_PAGES] = altmap_pages_of_block(block);
	entry->field[HS_TABLE_BLOCK_NR_HWPOISON] = poisoned_pages_of_block(block);
	for (u64 i = 0; i < MAX_SECTIONS_PER_BLOCK && i < entry->extent; i++)
		nr_early += section_is_early(first + i);
	entry->field[HS_TABLE_BLOCK_NR_EARLY] = nr_early;
	zone = BPF_CORE_READ(block, zone);
	if (zone)
		read_name(entry, zone);
	return 0;
}

/* key: node; extent: index of the zone. */
SEC("?syscall")
int read_zone(struct hs_table_entry *entry)
{
	const struct zone *zone;
	u64 node = 0;

	if (!&node_data)
		return 0;
	bpf_probe_read_kernel(&node, sizeof(node), (const void *)((u64)&node_data + entry->key * sizeof(node)));
	if (!node)
		return 0;
	zone = (const void *)(node + bpf_core_field_offset(struct pglist_data, node_zones) +
			      entry->extent * bpf_core_type_size(struct zone));
	entry->is_found = 1;
	entry->field[HS_TABLE_ZONE_START] = BPF_CORE_READ(zone, zone_start_pfn);
	entry->field[HS_TABLE_ZONE_SPANNED] = BPF_CORE_READ(zone, spanned_pages);
	entry->field[HS_TABLE_ZONE_PRESENT] = BPF_CORE_READ(zone, present_pages);
	entry->field[HS_TABLE_ZONE_MANAGED] = BPF_CORE_READ(zone, managed_pages.counter);
	if (bpf_core_field_exists(zone->cma_pages))
		entry->field[HS_TABLE_ZONE_CMA] = BPF_CORE_READ(zone, cma_pages);
	if (bpf_core_field_exists(zone->present_early_pages))
		entry->field[HS_TABLE_ZONE_PRESENT_EARLY] = BPF_CORE_READ(zone, present_early_pages);
	read_name(entry, zone);
	return 0;
}

/* key: id of the group. */
SEC("?syscall")
int read_group(struct hs_table_entry *entry)
{
	const struct memory_group *group = &memory_groups ? xarray_entry(&memory_groups, entry->key) : 0;

	if (!group)
		return 0;
	entry->is_found = 1;
	entry->field[HS_TABLE_GROUP_POINTER] = (u64)group;
	entry->field[HS_TABLE_GROUP_NODE] = (u64)(s64)BPF_CORE_READ(group, nid);
	entry->field[HS_TABLE_GROUP_IS_DYNAMIC] = BPF_CORE_READ(group, is_dynamic);
	entry->field[HS_TABLE_GROUP_PAGES] = BPF_CORE_READ(group, s.max_pages);
	entry->field[HS_TABLE_GROUP_KERNEL] = BPF_CORE_READ(group, present_kernel_pages);
	entry->field[HS_TABLE_GROUP_MOVABLE] = BPF_CORE_READ(group, present_movable_pages);
	return 0;
}

static __always_inline int emit_group(u16 op, s64 node, u64 pages, s64 id, int ret)
{
	struct hs_record_hotplug *record = hotplug_reserve();

	if (!record)
		return 0;
	record->ret = ret;
	record->field[HS_GROUP_NODE] = (u64)node;
	record->field[HS_GROUP_PAGES] = pages;
	record->field[HS_GROUP_ID] = (u64)id;
	if (op != HS_GROUP_UNREGISTER && ret >= 0 && &memory_groups)
		record->field[HS_GROUP_POINTER] = (u64)xarray_entry(&memory_groups, (u64)ret);
	hotplug_commit(record, HS_RECORD_GROUP, op);
	return 0;
}

SEC("?fexit/memory_group_register_static")
int BPF_PROG(static_group_registered, int node, unsigned long pages, int ret)
{
	return emit_group(HS_GROUP_STATIC, node, pages, -1, ret);
}

SEC("?fexit/memory_group_register_dynamic")
int BPF_PROG(dynamic_group_registered, int node, unsigned long pages, int ret)
{
	return emit_group(HS_GROUP_DYNAMIC, node, pages, -1, ret);
}

SEC("?fexit/memory_group_unregister")
int BPF_PROG(group_unregistered, int id, int ret)
{
	return emit_group(HS_GROUP_UNREGISTER, -1, 0, id, ret);
}
