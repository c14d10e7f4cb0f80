// SPDX-License-Identifier: GPL-2.0-only
/* Buffers in VRAM: made for a whole range, shared by its pieces, alive until the last page is gone. */
#include "replay/svm/svm_state.h"

#include <errno.h>
#include <stdlib.h>

/* kfd_svm.c svm_range_bo_release() */
static void release(struct hs_svm *svm, struct svm_bo *bo)
{
	hs_list_for_each_safe(range, &bo->ranges, struct svm_range, bo_ranges) {
		hs_link_remove(&range->bo_ranges);
		range->bo = NULL;
		if (svm->rules.partial_migration && range->actual_loc)
			SVM_EMIT(svm, WARN, .where = "svm_range_bo_release");
	}
	hs_list_for_each_safe(stray, &bo->strays, struct svm_range, bo_ranges) {
		hs_link_remove(&stray->bo_ranges);
		stray->bo = NULL;
	}
	SVM_EMIT(svm, BO_FREE, .device = svm->gpus[bo->gpu].setup.device, .pages = bo->pages);
	hs_link_remove(&bo->work);
	hs_link_remove(&bo->all);
	free(bo);
}

static void put(struct hs_svm *svm, struct svm_bo *bo)
{
	if (--bo->refs == 0)
		release(svm, bo);
}

void svm_bo_get(struct svm_bo *bo, uint64_t refs)
{
	bo->refs += refs;
}

/* kfd_migrate.c svm_migrate_page_free(): the last one leaves the release to a worker. */
void svm_bo_put_pages(struct hs_svm *svm, struct svm_bo *bo, uint64_t pages)
{
	bo->refs -= pages;
	if (bo->refs)
		return;
	hs_link_remove(&bo->work);
	hs_list_push_back(&svm->releasing, &bo->work);
}

void svm_bo_release_pending(struct hs_svm *svm)
{
	hs_list_for_each_safe(bo, &svm->releasing, struct svm_bo, work) {
		hs_link_remove(&bo->work);
		release(svm, bo);
	}
}

void svm_bo_forget_all(struct hs_svm *svm)
{
	hs_list_for_each_safe(bo, &svm->buffers_alive, struct svm_bo, all)
		release(svm, bo);
}

/* kfd_svm.c svm_range_vram_node_free() */
void svm_bo_drop(struct hs_svm *svm, struct svm_range *range)
{
	if (!range->holds_bo)
		return;
	range->holds_bo = false;
	put(svm, range->bo);
}

/* A clone or piece takes a reference even if the original had given its own back: that one is never dropped. */
void svm_bo_share(struct svm_range *range, const struct svm_range *from)
{
	range->bo = from->bo;
	svm_bo_get(from->bo, 1);
	hs_list_push_front(&from->bo->ranges, &range->bo_ranges);
}

static void leave_buffer(struct svm_range *range)
{
	hs_link_remove(&range->bo_ranges);
	hs_list_push_back(&range->bo->strays, &range->bo_ranges);
}

/* kfd_svm.c svm_range_evict_svm_bo_worker() */
static void run_eviction(struct hs_svm *svm, struct svm_bo *bo)
{
	int rc = 0;

	hs_link_remove(&bo->work);
	while (!hs_list_is_empty(&bo->ranges) && !rc) {
		struct svm_range *range = hs_list_first(&bo->ranges, struct svm_range, bo_ranges);
		int retries = 3;

		leave_buffer(range);
		do {
			rc = svm_ask_to_ram(svm, range, range->start, range->last, HS_SVM_TRIGGER_EVICTION);
		} while (!rc && range->actual_loc && --retries);
		if (!range->actual_loc) {
			hs_link_remove(&range->bo_ranges);
			range->bo = NULL;
		}
	}
	if (!rc && bo->refs != 1)
		SVM_EMIT(svm, WARN, .where = "svm_range_evict_svm_bo_worker");
	put(svm, bo);
}

/*
 * The kernel spins until the worker is done with the buffer. Here the worker runs at once; a range that
 * it cannot free is taken away from the buffer, where the kernel would wait for ever.
 */
static void wait_for_eviction(struct hs_svm *svm, struct svm_range *range)
{
	svm_hazard(svm, HS_SVM_HAZARD_BUFFER_WAIT, range->start, range->last);
	if (!hs_list_is_empty(&range->bo->work))
		run_eviction(svm, range->bo);
	hs_link_remove(&range->bo_ranges);
	range->bo = NULL;
}

/* kfd_svm.c svm_range_validate_svm_bo(): is there a buffer to go on with? */
static bool reuse_buffer(struct hs_svm *svm, struct svm_range *range, uint32_t gpu)
{
	struct svm_bo *bo = range->bo;

	if (!bo)
		return false;
	if (range->holds_bo)
		return true;
	if (!bo->refs) {
		release(svm, bo);
		return false;
	}
	if (bo->gpu != gpu) {
		leave_buffer(range);
		return false;
	}
	if (bo->evicting) {
		wait_for_eviction(svm, range);
		return false;
	}
	svm_bo_get(bo, 1);
	range->holds_bo = true;
	return true;
}

static struct svm_bo *make_buffer(struct hs_svm *svm, struct svm_range *range, uint32_t gpu)
{
	struct svm_bo *bo = calloc(1, sizeof(*bo));

	if (!bo) {
		svm->nomem = true;
		return NULL;
	}
	bo->gpu = gpu;
	bo->pages = svm_range_pages(range);
	bo->refs = 1;
	hs_link_init(&bo->ranges);
	hs_link_init(&bo->strays);
	hs_link_init(&bo->work);
	hs_list_push_back(&svm->buffers_alive, &bo->all);
	return bo;
}

static uint64_t device_of(const struct hs_svm *svm, const struct svm_bo *bo)
{
	return svm->gpus[bo->gpu].setup.device;
}

/* What is free on an adapter, if buffers that were evicted are reused whatever remained in them. */
static uint64_t free_vram(const struct hs_svm *svm, uint32_t gpu)
{
	const struct hs_svm_gpu_setup *setup = &svm->gpus[gpu].setup;
	uint64_t used = svm->device_used[setup->device];

	hs_list_for_each(bo, &svm->buffers_alive, struct svm_bo, all)
		used += device_of(svm, bo) == setup->device && !bo->evicting ? bo->pages : 0;
	return used < setup->vram_pages ? setup->vram_pages - used : 0;
}

/* The one that was made first, as the memory manager's list has them. */
static struct svm_bo *oldest_buffer(const struct hs_svm *svm, const struct svm_range *range, uint32_t gpu)
{
	hs_list_for_each(bo, &svm->buffers_alive, struct svm_bo, all)
		if (device_of(svm, bo) == svm->gpus[gpu].setup.device && !bo->evicting && bo->refs && bo != range->bo)
			return bo;
	return NULL;
}

/* ttm_bo_mem_space() for VRAM, and the eviction worker that its fence starts. */
static int make_room(struct hs_svm *svm, const struct svm_range *range, uint32_t gpu)
{
	struct svm_bo *victim;

	while (free_vram(svm, gpu) < svm_range_pages(range)) {
		victim = oldest_buffer(svm, range, gpu);
		if (!victim)
			return -ENOMEM;
		svm_bo_get(victim, 1);
		victim->evicting = true;
		run_eviction(svm, victim);
	}
	return 0;
}

/* kfd_svm.c svm_range_vram_node_new(): a buffer for the whole range, whatever part of it moves. */
int svm_bo_new(struct hs_svm *svm, struct svm_range *range, uint32_t gpu)
{
	struct svm_bo *bo;
	int rc;

	if (reuse_buffer(svm, range, gpu))
		return 0;
	rc = svm_pass(svm, HS_SVM_AT_BO_NEW, 1, NULL);
	if (!rc && svm->makes_room)
		rc = make_room(svm, range, gpu);
	SVM_EMIT(svm, BO_NEW, .device = svm->gpus[gpu].setup.device, .pages = svm_range_pages(range), .rc = rc);
	if (rc)
		return rc;
	bo = make_buffer(svm, range, gpu);
	if (!bo)
		return -ENOMEM;
	hs_link_remove(&range->bo_ranges);
	range->bo = bo;
	range->holds_bo = true;
	hs_list_push_front(&bo->ranges, &range->bo_ranges);
	return 0;
}

/* kfd_svm.c svm_range_schedule_evict_svm_bo() */
int hs_svm_evict_buffer(struct hs_svm *svm, uint64_t page)
{
	struct svm_range *range = svm_range_from_addr(svm, page, NULL);
	struct svm_bo *bo = range ? range->bo : NULL;

	if (!bo)
		return -EPERM;
	if (!hs_list_is_empty(&bo->work))
		return 0;
	svm_bo_get(bo, 1);
	bo->evicting = true;
	hs_list_push_back(&svm->evicting, &bo->work);
	return 0;
}

void hs_svm_run_evictions(struct hs_svm *svm)
{
	struct svm_bo *bo;

	svm_enter(svm);
	while ((bo = hs_list_first(&svm->evicting, struct svm_bo, work)))
		run_eviction(svm, bo);
	svm_leave(svm);
}
