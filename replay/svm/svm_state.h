/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_STATE_H
#define SVM_STATE_H
/* Inside of the SVM model: the state and what its files see of each other. Kernel names where there are any. */
#include "lib/list.h"
#include "lib/range_tree.h"
#include "lib/vec.h"
#include "replay/svm/svm.h"

/* enum svm_work_list_ops, kfd_svm.h */
enum svm_op {
	SVM_OP_NULL,
	SVM_OP_UNMAP_RANGE,
	SVM_OP_UPDATE_RANGE_NOTIFIER,
	SVM_OP_UPDATE_RANGE_NOTIFIER_AND_MAP,
	SVM_OP_ADD_RANGE,
	SVM_OP_ADD_RANGE_AND_MAP,
};
const char *svm_op_name(enum svm_op op);

enum { SVM_ALL_GPUS = HS_SVM_MAX_GPUS };	/* for a mapping: the range's own GPUs */
enum { SVM_GRANULARITY_MAX = 0x3f, SVM_HUGE_PAGES = 512 };

/* What a page map holds: nothing, a page of system memory, or a page of a buffer in VRAM (its address). */
#define SVM_PAGE_NONE ((uint64_t)0)
#define SVM_PAGE_RAM ((uint64_t)1)

/* A buffer in VRAM (struct svm_range_bo): alive until nobody refers to it. */
struct svm_bo {
	uint32_t gpu;			/* index of the node */
	uint64_t pages;
	uint64_t refs;			/* ranges that hold it, pages that live in it, a pending eviction */
	struct hs_link ranges;		/* newest first; also ranges that gave their reference back */
	struct hs_link strays;		/* ranges out of that list that still point here */
	struct hs_link all;		/* in buffers_alive of the state */
	struct hs_link work;		/* in evicting or releasing of the state */
	bool evicting;
};

/* Per-GPU page array (dma_addr): exists from the first mapping on; one bit per page that was in VRAM. */
struct svm_dma {
	bool exists;
	struct hs_svm_runs vram;
};

struct svm_range {
	struct hs_range_node node;	/* bounds in the tree and of the notifier, [start, last + 1) */
	struct hs_range_node restore;	/* keyed by order, while the range is listed and invalid */
	bool in_tree, in_restore;

	uint64_t start, last;
	uint64_t order;			/* place in the list: rises with each insertion */
	uint32_t preferred_loc, prefetch_loc, actual_loc;
	uint32_t flags;
	uint32_t invalid;		/* invalidations since the last restore */
	uint32_t queue_refcount;
	uint8_t granularity;		/* log2 of pages */
	bool mapped_to_gpu, validated_once;
	bool holds_bo;			/* has a reference on bo (ttm_res) */
	enum svm_op op;			/* of the deferred work, never reset */
	uint64_t access, aip;		/* bit per GPU, disjoint */
	uint64_t vram_pages;		/* a counter that can wrap below zero */
	uint64_t validated;		/* end of the last successful mapping, ns */
	uint64_t sequence;		/* rises with each invalidation (mmu_interval_set_seq) */
	struct svm_bo *bo;
	struct svm_dma *dma;		/* nr_gpus of them, or NULL: none exists */

	struct hs_link list;		/* of all ranges; of those to insert */
	struct hs_link update;		/* of those to update, to remove or to map again */
	struct hs_link deferred;
	struct hs_link child;		/* in children of the parent */
	struct hs_link children;
	struct hs_link bo_ranges;
};

struct svm_ring {
	bool pending;
	uint64_t ts;
};

struct svm_gpu {
	struct hs_svm_gpu_setup setup;
	struct svm_ring rings[2];
	uint64_t checkpoint_ts;		/* faults up to here are stale; 0: none */
	uint64_t faults, page_in, page_out;
};

struct svm_buffer {
	uint32_t gpu;
	bool is_userptr;
	uint64_t start, last;
};

struct hs_svm {
	struct hs_svm_rules rules;
	struct hs_svm_host host;
	struct svm_gpu gpus[HS_SVM_MAX_GPUS];
	uint32_t nr_gpus;
	uint64_t supported;		/* bit per GPU */
	uint64_t max_range_pages, system_limit_pages, retry_window;
	uint64_t heap_start, heap_end, stack_page;
	uint8_t default_granularity;
	bool xnack, makes_room;
	bool nomem;
	unsigned int depth;		/* operations inside each other */
	uint64_t now;

	struct hs_range_tree tree;	/* by node */
	struct hs_range_tree restore;	/* invalid ranges by order */
	struct hs_link list;		/* all ranges, in order */
	struct hs_link deferred;
	struct hs_link buffers_alive;	/* by age */
	struct hs_link evicting;	/* buffers whose eviction is pending */
	struct hs_link releasing;	/* buffers without a reference */
	uint64_t next_order;
	uint32_t evicted_ranges;
	uint32_t drain_pagefaults;
	bool deferred_pending, restore_pending;
	bool queues_stopped;		/* by an eviction; a restore ends it */
	uint64_t reserved_pages;

	struct hs_svm_runs vmas, pages, pins;
	struct hs_svm_runs shared;		/* pages of a fork that a write would copy */
	HS_VEC(struct svm_buffer) buffers;
	uint64_t device_used[HS_SVM_MAX_GPUS];
	uint64_t hazards[HS_SVM_NR_HAZARDS];
};

static inline uint64_t svm_range_pages(const struct svm_range *range)
{
	return range->last - range->start + 1;
}

static inline struct svm_range *svm_range_of(struct hs_range_node *node)
{
	return hs_container_of(node, struct svm_range, node);
}

static inline uint64_t svm_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t svm_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Size a power of two. */
static inline uint64_t svm_align_down(uint64_t page, uint64_t size)
{
	return page & ~(size - 1);
}

static inline uint64_t svm_align_up(uint64_t page, uint64_t size)
{
	return svm_align_down(page + size - 1, size);
}

#define SVM_FOR_EACH_GPU(gpu, svm, gpus) \
	for (uint32_t gpu = 0; gpu < (svm)->nr_gpus; gpu++) \
		if ((gpus) >> gpu & 1)

/* svm_state.c */
void svm_emit(struct hs_svm *svm, const struct hs_svm_effect *effect);
#define SVM_EMIT(svm, effect_kind, ...) \
	svm_emit(svm, &(struct hs_svm_effect){ .kind = HS_SVM_EFFECT_##effect_kind, ##__VA_ARGS__ })
void svm_hazard(struct hs_svm *svm, enum hs_svm_hazard hazard, uint64_t start, uint64_t last);
/* `count` passages: 0, or the errno of the first that fails and in *passed (or NULL) how many went before. */
int svm_pass(struct hs_svm *svm, enum hs_svm_passage passage, uint64_t count, uint64_t *passed);
int svm_gpu_by_id(const struct hs_svm *svm, uint32_t id);	/* index or -1 */
bool svm_same_hive(const struct hs_svm *svm, uint32_t a, uint32_t b);
bool svm_nodes_linked(const struct hs_svm *svm, uint32_t a, uint32_t b);
uint64_t svm_page_owner(const struct hs_svm *svm, uint32_t gpu);
void svm_enter(struct hs_svm *svm);
void svm_leave(struct hs_svm *svm);

/* svm_range.c */
struct svm_range *svm_range_new(struct hs_svm *svm, uint64_t start, uint64_t last, bool reserve);
void svm_range_free(struct hs_svm *svm, struct svm_range *range, bool unreserve);
void svm_range_add(struct hs_svm *svm, struct svm_range *range);	/* to list and tree */
void svm_range_unlink(struct hs_svm *svm, struct svm_range *range);
void svm_range_update_node(struct hs_svm *svm, struct svm_range *range);
void svm_range_set_invalid(struct hs_svm *svm, struct svm_range *range, uint32_t invalid);
/* The range or child that holds a page, or NULL; *parent (may be NULL): the range it belongs to. */
struct svm_range *svm_range_from_addr(const struct hs_svm *svm, uint64_t page, struct svm_range **parent);
int svm_reserve_system(struct hs_svm *svm, uint64_t pages);
void svm_unreserve_system(struct hs_svm *svm, uint64_t pages);

/* svm_dma.c */
struct svm_dma *svm_dma_get(struct hs_svm *svm, struct svm_range *range, uint32_t gpu);
void svm_dma_free(struct hs_svm *svm, struct svm_range *range);
int svm_dma_map(struct hs_svm *svm, struct svm_range *range, uint64_t gpus, uint64_t start, uint64_t last);
void svm_dma_clone(struct hs_svm *svm, struct svm_range *clone, const struct svm_range *range);
void svm_dma_split(struct hs_svm *svm, struct svm_range *piece, struct svm_range *range);

/* svm_split.c */
struct svm_range *svm_range_clone(struct hs_svm *svm, struct svm_range *range);
/* The range keeps [start, last], the rest becomes a new one; one side must stay. NULL: no memory. */
struct svm_range *svm_range_split(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last);
void svm_range_add_child(struct svm_range *parent, struct svm_range *child, enum svm_op op);
void svm_range_split_by_granularity(struct hs_svm *svm, struct svm_range *parent, struct svm_range *range,
				    uint64_t page);
void svm_range_unmap_split(struct hs_svm *svm, struct svm_range *parent, struct svm_range *range, uint64_t start,
			   uint64_t last);

/* svm_bo.c */
int svm_bo_new(struct hs_svm *svm, struct svm_range *range, uint32_t gpu);
void svm_bo_drop(struct hs_svm *svm, struct svm_range *range);		/* svm_range_vram_node_free */
void svm_bo_share(struct svm_range *range, const struct svm_range *from);
void svm_bo_get(struct svm_bo *bo, uint64_t refs);
void svm_bo_put_pages(struct hs_svm *svm, struct svm_bo *bo, uint64_t pages);
void svm_bo_release_pending(struct hs_svm *svm);
void svm_bo_forget_all(struct hs_svm *svm);	/* at the end of the state */

/* svm_pages.c */
struct svm_bo *svm_page_bo(uint64_t value);	/* NULL: not in VRAM */
/* Pages go to `value`; VRAM that they held is given back. */
void svm_pages_place(struct hs_svm *svm, uint64_t start, uint64_t last, uint64_t value);
/* Absent pages of a VMA appear. */
void svm_pages_populate(struct hs_svm *svm, uint64_t start, uint64_t last);

/* svm_attr.c: rules on attributes, without effects */
int svm_check_attrs(const struct hs_svm *svm, const struct hs_svm_attr *attrs, uint32_t nr_attrs);
bool svm_is_same_attrs(const struct hs_svm *svm, const struct svm_range *range, const struct hs_svm_attr *attrs,
		       uint32_t nr_attrs);
/* True: the mapping must be updated. */
bool svm_apply_attrs(struct hs_svm *svm, struct svm_range *range, const struct hs_svm_attr *attrs,
		     uint32_t nr_attrs);
int svm_get_attrs(struct hs_svm *svm, uint64_t start, uint64_t last, struct hs_svm_attr *attrs,
		  uint32_t nr_attrs);

/* svm_ioctl.c: behind the checks of the arguments; pages */
int svm_set_attr(struct hs_svm *svm, uint64_t start, uint64_t pages, const struct hs_svm_attr *attrs,
		 uint32_t nr_attrs);
int svm_get_attr(struct hs_svm *svm, uint64_t start, uint64_t pages, struct hs_svm_attr *attrs, uint32_t nr_attrs);

/* svm_check.c: 0, an errno, or SVM_NOTHING: the range is empty or wraps, nothing is to be done */
enum { SVM_NOTHING = 1 };
int svm_check_range(struct hs_svm *svm, uint64_t start, uint64_t pages);
const struct svm_buffer *svm_find_buffer(const struct hs_svm *svm, uint64_t start, uint64_t last);
const struct svm_buffer *svm_find_userptr(const struct hs_svm *svm, uint64_t start, uint64_t last);

/* svm_location.c: where data should be, without effects */
int64_t svm_best_restore(const struct hs_svm *svm, const struct svm_range *range, uint32_t gpu);
uint32_t svm_best_prefetch(const struct hs_svm *svm, const struct svm_range *range);

/* svm_add.c */
struct svm_add_lists {
	struct hs_link insert, update, remove, remap;
};
int svm_add_ranges(struct hs_svm *svm, uint64_t start, uint64_t last, const struct hs_svm_attr *attrs,
		   uint32_t nr_attrs, struct svm_add_lists *lists);

/* svm_map.c */
struct svm_map_request {
	struct svm_range *range;
	uint64_t start, last;
	uint32_t gpu;		/* index, or SVM_ALL_GPUS */
	bool flush_tlb;
};
int svm_validate_and_map(struct hs_svm *svm, const struct svm_map_request *request);
int svm_unmap_from_gpus(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger);

/* svm_migrate.c */
int svm_migrate_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger);
int svm_migrate_to_ram(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		       enum hs_svm_trigger trigger);
/* The same, as asked by the range code, which is what traces and cases show. */
int svm_ask_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t location, uint64_t start, uint64_t last,
		    enum hs_svm_trigger trigger);
int svm_ask_to_ram(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		   enum hs_svm_trigger trigger);

/* svm_move.c: one VMA piece; pages counted as migrated (6.1 to system memory: not migrated), or errno */
int64_t svm_move_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			 enum hs_svm_trigger trigger);
int64_t svm_move_to_ram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger);

/* svm_notifier.c */
void svm_schedule_restore(struct hs_svm *svm);

/* svm_fault.c */
/* The pages that a fault at page moves and maps. */
struct hs_svm_span svm_granule_of(const struct hs_svm *svm, const struct svm_range *range, uint64_t page);
bool svm_needs_migration(const struct hs_svm *svm, const struct svm_range *range, uint32_t location);

/* svm_deferred.c */
void svm_add_deferred(struct hs_svm *svm, struct svm_range *range, enum svm_op op);
void svm_schedule_deferred(struct hs_svm *svm);
void svm_flush_deferred(struct hs_svm *svm);
void svm_drain_faults(struct hs_svm *svm);

#endif
