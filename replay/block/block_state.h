/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_STATE_H
#define HS_BLOCK_STATE_H
/*
 * The state of memory hotplug: blocks, zones, nodes, groups, what is online and early, settings. Rules
 * (block_zone.h, block_online.h, …) read it and say what happens; the functions here change it. All
 * sizes and addresses are in pages unless a name says bytes. One operation at a time, as under
 * device_hotplug_lock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/hash_map.h"
#include "lib/range_tree.h"
#include "lib/vec.h"
#include "replay/block/block_notify.h"
#include "replay/block/block_variant.h"
#include "replay/block/page_ranges.h"

enum { HS_NO_NODE = -1, HS_NO_GROUP = -1, HS_MAX_NODES = 1024, HS_MAX_GROUPS = 0x7fffffff };

/* include/linux/mmzone.h, x86-64. */
enum hs_zone_index {
	HS_ZONE_DMA, HS_ZONE_DMA32, HS_ZONE_NORMAL, HS_ZONE_MOVABLE, HS_ZONE_DEVICE, HS_NR_ZONES
};
/* "DMA" …; -1 for no such name. */
const char *hs_zone_name(enum hs_zone_index index);
int hs_zone_find(const char *name, size_t length);

/* include/linux/memory_hotplug.h: MMOP_*. */
enum hs_online_type { HS_OFFLINE, HS_ONLINE, HS_ONLINE_KERNEL, HS_ONLINE_MOVABLE, HS_NR_ONLINE_TYPES };
enum hs_online_policy { HS_CONTIG_ZONES, HS_AUTO_MOVABLE, HS_NR_ONLINE_POLICIES };
enum hs_memmap_mode { HS_MEMMAP_OFF, HS_MEMMAP_ON, HS_MEMMAP_FORCE };
enum hs_block_status { HS_BLOCK_ONLINE, HS_BLOCK_GOING_OFFLINE, HS_BLOCK_OFFLINE };

/* A zone is empty iff spanned == 0 and populated iff present != 0. */
struct hs_zone {
	enum hs_zone_index index;
	int32_t nid;
	uint64_t start, spanned;
	uint64_t present, present_early;	/* all, and of those there since boot */
	uint64_t managed, cma;
};

/* N_MEMORY and N_NORMAL_MEMORY follow from present; the span is the hull of the non-empty zones. */
struct hs_node {
	int32_t nid;
	bool is_possible, is_online, has_cpu;
	bool has_memory, has_normal_memory;
	uint64_t start, spanned, present;
	struct hs_zone zones[HS_NR_ZONES];
};

struct hs_block {
	struct hs_range_node node;	/* [id, id + 1) */
	enum hs_block_status status;
	enum hs_online_type online_type;	/* may be stale, see hs_block_write_state */
	int32_t nid;			/* HS_NO_NODE until it is known */
	struct hs_zone *zone;		/* NULL: offline, or several zones or nodes */
	uint64_t altmap;		/* pages at its head that hold its own memmap */
	struct hs_block_group *group;	/* NULL: none */
	uint64_t nr_hwpoison;		/* also where the kernel only has the pages' flags */
	bool is_device_offline;		/* the driver core's own view, moves after the uevent */
	struct hs_block *older, *newer;			/* order of registration */
	struct hs_block *group_prev, *group_next;	/* members of the group, newest first */

	/* For those who follow a trace: when the status last changed (ns), and from what. */
	uint64_t changed_time, added_time;
	enum hs_block_status status_before;
};

struct hs_block_group {
	int32_t mgid, nid;
	bool is_dynamic;
	uint64_t pages;			/* max_pages of a static, unit_pages of a dynamic group */
	uint64_t present_kernel, present_movable;	/* altmap pages included */
	struct hs_block *first;
	uint64_t nr_blocks;
};

struct hs_block_geometry {
	uint64_t page_bytes, struct_page_bytes, pmd_bytes;
	uint64_t section_pages, pageblock_pages, subsection_pages;
	uint64_t sections_per_block;
};

struct hs_block_settings {
	enum hs_online_type auto_online;
	enum hs_online_policy online_policy;
	uint32_t auto_movable_ratio;		/* percent */
	bool auto_movable_numa_aware;
	bool movable_node;			/* booted with it */
	enum hs_memmap_mode memmap_mode;
	bool enable_soft_offline;
	bool has_hotremove;			/* CONFIG_MEMORY_HOTREMOVE */
};

struct hs_hotplug {
	struct hs_block_variant variant;
	struct hs_block_geometry geometry;
	struct hs_block_settings settings;
	struct hs_node *nodes[HS_MAX_NODES];	/* by nid; NULL: not possible */
	int32_t nr_nodes;			/* highest nid + 1 */

	struct hs_range_tree blocks;		/* struct hs_block by id, in order */
	struct hs_hash_map by_id;		/* id → the same struct hs_block */
	struct hs_block *oldest, *newest;
	uint64_t nr_offline;			/* blocks that are */
	HS_VEC(struct hs_block_group *) groups;	/* by mgid; NULL: free */
	HS_VEC(struct hs_block_group *) dynamic_groups;	/* ascending mgid: the kernel's mark */
	size_t first_free_group;		/* no free mgid below it */

	struct hs_page_ranges online;		/* tag: struct hs_zone */
	struct hs_page_ranges early;		/* whole sections there since boot; tag: &early */
	struct hs_page_ranges ram;		/* System RAM resources; tag: name, interned by the owner */
	struct hs_page_ranges offline_marked;	/* pages a driver took logically offline inside online blocks */
	bool knows_ram;				/* ram is complete: holes can be told */
	uint64_t lowest_pfn, end_pfn;		/* what may be hotplugged */
	uint64_t nr_poisoned;			/* HardwareCorrupted, in pages */

	struct hs_notifier_chain memory_chain, node_chain;

	bool keeps_touched;			/* notes which blocks came, went or changed their status: */
	HS_VEC(uint64_t) touched;		/* their ids, also more than once; emptied by the one who looks */

	uint64_t advised_bytes;			/* block size advice, 0 none */
	bool is_advice_frozen;
};

/* x86-64 with 4 KiB pages and 128 MiB sections; policy contig-zones, ratio 301, NUMA aware. */
void hs_hotplug_init(struct hs_hotplug *hotplug, const struct hs_block_variant *variant);
void hs_hotplug_deinit(struct hs_hotplug *hotplug);

/* 0, or -EINVAL when bytes is no power of two or below a section (the kernel panics at boot). */
int hs_hotplug_set_block_bytes(struct hs_hotplug *hotplug, uint64_t bytes);

/* Makes a node possible; returns it, or NULL: out of memory or nid out of range. */
struct hs_node *hs_node_add(struct hs_hotplug *hotplug, int32_t nid);
/* NULL: not possible. */
struct hs_node *hs_node_find(const struct hs_hotplug *hotplug, int32_t nid);
/* Span: the hull of the non-empty zones, 0 if there is none (update_pgdat_span). */
void hs_node_update_span(struct hs_node *node);
/* Present pages: the zones' sum; then the states. */
void hs_node_update_counts(struct hs_node *node);
/* N_MEMORY and N_NORMAL_MEMORY from the present pages. */
void hs_node_update_states(struct hs_node *node);

static inline uint64_t hs_zone_end(const struct hs_zone *zone)
{
	return zone->start + zone->spanned;
}
/* Spans count, holes and all, never present pages (zone_intersects). */
bool hs_zone_intersects(const struct hs_zone *zone, uint64_t pfn, uint64_t nr);

static inline uint64_t hs_block_pages(const struct hs_hotplug *hotplug)
{
	return hotplug->geometry.section_pages * hotplug->geometry.sections_per_block;
}
static inline uint64_t hs_block_bytes(const struct hs_hotplug *hotplug)
{
	return hs_block_pages(hotplug) * hotplug->geometry.page_bytes;
}
static inline uint64_t hs_block_id(const struct hs_block *block)
{
	return block->node.start;
}
static inline uint64_t hs_block_start(const struct hs_hotplug *hotplug, const struct hs_block *block)
{
	return block->node.start * hs_block_pages(hotplug);
}
static inline uint64_t hs_section_to_block(const struct hs_hotplug *hotplug, uint64_t section)
{
	return section / hotplug->geometry.sections_per_block;
}
static inline uint64_t hs_pfn_to_block(const struct hs_hotplug *hotplug, uint64_t pfn)
{
	return hs_section_to_block(hotplug, pfn / hotplug->geometry.section_pages);
}
static inline uint64_t hs_phys_to_block(const struct hs_hotplug *hotplug, uint64_t bytes)
{
	return hs_pfn_to_block(hotplug, bytes / hotplug->geometry.page_bytes);
}

/* Bytes: both multiples of the block size. */
static inline bool hs_block_is_aligned(const struct hs_hotplug *hotplug, uint64_t start, uint64_t size)
{
	return !((start | size) & (hs_block_bytes(hotplug) - 1));
}

/* NULL: none. O(1). */
struct hs_block *hs_block_find(const struct hs_hotplug *hotplug, uint64_t id);
/* First block with this id or a higher one; the next in id order. NULL: none. */
struct hs_block *hs_block_at_or_above(const struct hs_hotplug *hotplug, uint64_t id);
struct hs_block *hs_block_next(const struct hs_block *block);

/*
 * A device appears: state offline unless is_online, no zone. Group may be NULL. 0, -EEXIST or -ENOMEM.
 * add_memory_block in drivers/base/memory.c.
 */
int hs_block_create(struct hs_hotplug *hotplug, uint64_t id, bool is_online, int32_t nid, uint64_t altmap,
		    struct hs_block_group *group, struct hs_block **out);
/* All changes of a block's status go through here. */
void hs_block_set_status(struct hs_hotplug *hotplug, struct hs_block *block, enum hs_block_status status);
/* The device disappears, with its poison count. remove_memory_block. */
void hs_block_remove(struct hs_hotplug *hotplug, struct hs_block *block);

/*
 * walk_memory_blocks: blocks that overlap [start, start + size) bytes, ascending; stops at the first
 * non-zero answer and returns it. Size 0 visits none.
 */
typedef int hs_block_visit(struct hs_block *block, void *context);
int hs_block_walk(const struct hs_hotplug *hotplug, uint64_t start_bytes, uint64_t size_bytes, hs_block_visit *visit,
		  void *context);
/* for_each_memory_block: in the order of registration. */
int hs_block_for_each(const struct hs_hotplug *hotplug, hs_block_visit *visit, void *context);

/* Is the section of pfn there since boot? */
bool hs_block_is_early(const struct hs_hotplug *hotplug, uint64_t pfn);

/* present += pages (may be negative) of a range at pfn: zone, node, group, early. adjust_present_page_count. */
void hs_block_adjust_present(struct hs_hotplug *hotplug, struct hs_zone *zone, struct hs_block_group *group,
			     uint64_t pfn, int64_t pages);

#endif
