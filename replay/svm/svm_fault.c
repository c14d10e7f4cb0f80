// SPDX-License-Identifier: GPL-2.0-only
/* Faults: kfd_svm.c svm_range_restore_pages() for GPUs, kfd_migrate.c svm_migrate_to_ram() for CPUs. */
#include "replay/svm/svm_state.h"

#include <errno.h>

struct fault {
	uint32_t gpu;
	uint64_t page;
	bool write;
	uint64_t ts;
	struct svm_range *range;
	bool migrated;
};

static uint64_t granule_start(const struct svm_range *range, uint64_t page)
{
	return svm_max(svm_align_down(page, 1ull << range->granularity), range->start);
}

static uint64_t granule_last(const struct svm_range *range, uint64_t page)
{
	return svm_min(svm_align_up(page + 1, 1ull << range->granularity) - 1, range->last);
}

/* amdgpu_ih_ts_after_or_equal(): time stamps have 48 bits and wrap. */
static bool is_before_checkpoint(uint64_t ts, uint64_t checkpoint)
{
	return (int64_t)((checkpoint << 16) - (ts << 16)) >= 0;
}

/*
 * Heap or stack: data that the CPU uses all the time (6.12 include/linux/mm.h, vma_is_initial_heap; 6.1 kfd_svm.c,
 * svm_range_get_range_boundaries). An empty heap is in the mapping around it, too.
 */
static bool is_heap_or_stack(const struct hs_svm *svm, const struct hs_svm_span *vma)
{
	uint64_t end = vma->last + 1;
	bool has_heap = svm->heap_end != 0;
	bool has_stack = svm->stack_page != HS_SVM_NO_PAGE;

	if (svm->rules.node_unit)
		return (has_heap && vma->start < svm->heap_end && end > svm->heap_start) ||
		       (has_stack && vma->start <= svm->stack_page && end >= svm->stack_page);
	return (has_heap && vma->start <= svm->heap_end && end >= svm->heap_start) ||
	       (has_stack && vma->start <= svm->stack_page && end >= svm->stack_page);
}

/*
 * kfd_svm.c svm_range_get_range_boundaries(): the VMA, the aligned block of the default granularity, and the
 * gap between the neighbours.
 */
static struct hs_svm_span find_boundaries(const struct hs_svm *svm, uint64_t page, const struct hs_svm_span *vma)
{
	uint64_t size = 1ull << svm->default_granularity;
	uint64_t end = svm_min(vma->last + 1, svm_align_up(page + 1, size));
	struct hs_range_node *behind = hs_range_tree_overlap(&svm->tree, page + 1, HS_SVM_NO_PAGE);
	struct hs_range_node *before = behind ? hs_range_node_prev(behind) : hs_range_tree_last(&svm->tree);
	uint64_t start = svm_max(vma->start, svm_align_down(page, size));

	if (behind)
		end = svm_min(end, behind->start);
	if (before)
		start = svm_max(start, before->end);
	return (struct hs_svm_span){ .start = start, .last = end - 1 };
}

/* kfd_svm.c svm_range_create_unregistered_range(): a GPU touched memory that nobody registered. */
static struct svm_range *create_range(struct hs_svm *svm, uint64_t page)
{
	struct hs_svm_span vma = hs_svm_runs_find(&svm->vmas, page), part;
	const struct svm_buffer *buffer;
	struct svm_range *range;

	if (!vma.value)
		return NULL;
	part = find_boundaries(svm, page, &vma);
	buffer = svm_find_buffer(svm, part.start, part.last);
	if (!buffer)
		buffer = svm_find_userptr(svm, part.start, part.last);
	if (buffer && page >= buffer->start && page <= buffer->last)
		return NULL;
	if (buffer)
		part.start = part.last = page;
	range = svm_range_new(svm, part.start, part.last, true);
	if (!range)
		return NULL;
	if (is_heap_or_stack(svm, &vma))
		range->preferred_loc = 0;
	svm_range_add(svm, range);
	return range;
}

/* kfd_svm.c svm_range_skip_recover(): the range is about to go, or not yet there. */
static bool must_wait_for_deferred(const struct svm_range *range)
{
	if (hs_list_is_empty(&range->deferred) && hs_list_is_empty(&range->child))
		return false;
	return range->op == SVM_OP_UNMAP_RANGE || range->op == SVM_OP_ADD_RANGE ||
	       range->op == SVM_OP_ADD_RANGE_AND_MAP;
}

/* Time stamps up to the checkpoint are of memory that is gone; the first one behind it ends the check. */
static bool drop_by_checkpoint(struct hs_svm *svm, const struct fault *fault)
{
	uint64_t *checkpoint = &svm->gpus[fault->gpu].checkpoint_ts;

	if (!*checkpoint)
		return false;
	if (is_before_checkpoint(fault->ts, *checkpoint))
		return true;
	*checkpoint = 0;
	return false;
}

static void remove_filter(struct hs_svm *svm, uint64_t page)
{
	SVM_EMIT(svm, FAULT_FILTER_REMOVE, .start = page);
}

/* The checks on the range and the VMA, in the kernel's order. 0: done with, 1: go on, or an errno. */
static int admit_fault(struct hs_svm *svm, const struct fault *fault, int64_t *location)
{
	const struct svm_range *range = fault->range;
	uint64_t vma = hs_svm_runs_get(&svm->vmas, fault->page);
	uint64_t wanted = HS_SVM_VMA_READ | (fault->write ? HS_SVM_VMA_WRITE : 0);

	if (must_wait_for_deferred(range)) {
		remove_filter(svm, fault->page);
		return 0;
	}
	if (svm->now < range->validated + svm->retry_window) {
		svm_hazard(svm, HS_SVM_HAZARD_WINDOW_DROP, range->start, range->last);
		return 0;
	}
	if (!vma)
		return 0;
	if ((vma & wanted) != wanted)
		return -EPERM;
	*location = svm_best_restore(svm, range, fault->gpu);
	return *location < 0 ? -EACCES : 1;
}

/* A migration to VRAM that fails falls back to system memory. */
static int migrate_for_fault(struct hs_svm *svm, struct fault *fault, uint32_t location,
			     const struct hs_svm_span *granule)
{
	struct svm_range *range = fault->range;
	bool may_stay = svm->rules.partial_migration;	/* data already at the location is no reason to fall back */
	int rc;

	if (location) {
		rc = svm_ask_to_vram(svm, range, location, granule->start, granule->last, HS_SVM_TRIGGER_GPU_FAULT);
		if (!rc || !range->actual_loc || (may_stay && range->actual_loc == location))
			return 0;
	}
	return svm_ask_to_ram(svm, range, granule->start, granule->last, HS_SVM_TRIGGER_GPU_FAULT);
}

bool svm_needs_migration(const struct hs_svm *svm, const struct svm_range *range, uint32_t location)
{
	return svm->rules.partial_migration ? range->actual_loc || location : range->actual_loc != location;
}

struct hs_svm_span svm_granule_of(const struct hs_svm *svm, const struct svm_range *range, uint64_t page)
{
	if (!svm->rules.partial_migration)
		return (struct hs_svm_span){ .start = range->start, .last = range->last };
	return (struct hs_svm_span){ .start = granule_start(range, page), .last = granule_last(range, page) };
}

static int serve_fault(struct hs_svm *svm, struct fault *fault, uint32_t location)
{
	struct hs_svm_span granule = svm_granule_of(svm, fault->range, fault->page);
	struct svm_map_request request = { .range = fault->range, .gpu = fault->gpu };
	int rc = 0;

	SVM_EMIT(svm, FAULT_START, .gpu = fault->gpu, .start = fault->page, .write = fault->write);
	if (svm_needs_migration(svm, fault->range, location)) {
		rc = migrate_for_fault(svm, fault, location, &granule);
		fault->migrated = !rc;
	}
	if (rc && !svm->rules.fault_end_always)
		return rc;
	if (!svm->rules.partial_migration)	/* an unmap may have cut the range meanwhile */
		granule = svm_granule_of(svm, fault->range, fault->page);
	request.start = granule.start;
	request.last = granule.last;
	if (!rc)
		rc = svm_validate_and_map(svm, &request);
	SVM_EMIT(svm, FAULT_END, .gpu = fault->gpu, .start = fault->page, .migrated = fault->migrated);
	return rc;
}

/* Behind the checks of process and device. */
static int restore_pages(struct hs_svm *svm, struct fault *fault)
{
	int64_t location = 0;
	int rc;

	if (drop_by_checkpoint(svm, fault))
		return -EAGAIN;
	fault->range = svm_range_from_addr(svm, fault->page, NULL);
	if (!fault->range)
		fault->range = create_range(svm, fault->page);
	if (!fault->range)
		return -EFAULT;
	rc = admit_fault(svm, fault, &location);
	return rc == 1 ? serve_fault(svm, fault, (uint32_t)location) : rc;
}

int hs_svm_gpu_fault(struct hs_svm *svm, uint32_t gpu, uint64_t page, bool write, uint64_t ts)
{
	struct fault fault = { .gpu = gpu, .page = page, .write = write, .ts = ts };
	int rc;

	if (!svm->gpus[gpu].setup.is_supported)
		return -EFAULT;
	if (svm->drain_pagefaults)
		return 0;
	if (!svm->xnack)
		return -EFAULT;
	svm_enter(svm);
	rc = restore_pages(svm, &fault);
	if (rc != -EAGAIN || svm->rules.count_retried_faults)
		svm->gpus[gpu].faults++;
	if (rc == -EAGAIN) {
		remove_filter(svm, page);
		rc = 0;
	}
	svm_leave(svm);
	return rc;
}

/* 6.1: the range is cut to the granule first, and the pieces wait for the deferred work. */
static int touch_by_split(struct hs_svm *svm, struct svm_range *parent, struct svm_range *range, uint64_t page)
{
	int rc;

	svm_range_split_by_granularity(svm, parent, range, page);
	rc = svm_migrate_to_ram(svm, range, range->start, range->last, HS_SVM_TRIGGER_CPU_FAULT);
	svm_add_deferred(svm, parent, svm->xnack && parent == range ? SVM_OP_UPDATE_RANGE_NOTIFIER_AND_MAP :
			 SVM_OP_UPDATE_RANGE_NOTIFIER);
	svm_schedule_deferred(svm);
	return rc;
}

bool hs_svm_cpu_fault(struct hs_svm *svm, uint64_t page)
{
	return hs_svm_cpu_fault_by(svm, page, HS_SVM_BY_PROCESS);
}

/* Does the page raise no fault of the driver? Then it is there afterwards. */
static bool is_reached(struct hs_svm *svm, uint64_t page)
{
	const struct svm_bo *bo = svm_page_bo(hs_svm_runs_get(&svm->pages, page));

	if (!bo)
		svm_pages_populate(svm, page, page);
	return !bo || svm->gpus[bo->gpu].setup.is_coherent;
}

bool hs_svm_cpu_fault_by(struct hs_svm *svm, uint64_t page, enum hs_svm_toucher toucher)
{
	struct svm_range *range, *parent = NULL;
	int rc = 0;

	if (is_reached(svm, page) || toucher == HS_SVM_BY_WALK)
		return true;
	if (toucher == HS_SVM_BY_ORPHAN)
		return false;
	range = svm_range_from_addr(svm, page, &parent);
	if (!range)
		return false;
	if (!range->actual_loc) {
		svm_hazard(svm, HS_SVM_HAZARD_ORPHAN_VRAM, page, page);
		return true;
	}
	svm_enter(svm);
	if (svm->rules.cpu_fault_splits)
		rc = touch_by_split(svm, parent, range, page);
	else
		rc = svm_migrate_to_ram(svm, range, granule_start(range, page), granule_last(range, page),
					HS_SVM_TRIGGER_CPU_FAULT);
	svm_leave(svm);
	return !rc;
}
