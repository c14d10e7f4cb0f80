// SPDX-License-Identifier: GPL-2.0-only
/* kfd_svm.c svm_range_cpu_invalidate_pagetables(): the CPU's page tables change below some ranges. */
#include "replay/svm/svm_state.h"

void svm_schedule_restore(struct hs_svm *svm)
{
	SVM_EMIT(svm, SCHEDULE_RESTORE, .queued = !svm->restore_pending);
	svm->restore_pending = true;
}

static bool meets(const struct svm_range *range, uint64_t start, uint64_t last)
{
	return range->start <= last && range->last >= start;
}

/* Children that are mapped and met count an invalidation; true if any is mapped at all. */
static bool invalidate_children(struct svm_range *range, uint64_t start, uint64_t last)
{
	bool mapped = false;

	hs_list_for_each(child, &range->children, struct svm_range, child) {
		mapped |= child->mapped_to_gpu;
		if (child->mapped_to_gpu && meets(child, start, last))
			child->invalid++;
	}
	return mapped;
}

/* Without recoverable faults: stop the queues, let the restore worker map again. */
static void stop_queues(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last)
{
	bool child_mapped = invalidate_children(range, start, last);

	if (!range->mapped_to_gpu && !child_mapped)
		return;
	if (meets(range, start, last))
		svm_range_set_invalid(svm, range, range->invalid + 1);
	if (++svm->evicted_ranges != 1)
		return;
	SVM_EMIT(svm, EVICT_QUEUES);
	svm->queues_stopped = true;
	svm_schedule_restore(svm);
}

static void unmap_clipped(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
			  enum hs_svm_trigger trigger)
{
	start = svm_max(start, range->start);
	last = svm_min(last, range->last);
	if (start <= last)
		svm_unmap_from_gpus(svm, range, start, last, trigger);
}

/* kfd_svm.c svm_range_evict() */
static void evict(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		  enum hs_svm_event event)
{
	enum hs_svm_trigger trigger = event == HS_SVM_EVENT_MIGRATE ? HS_SVM_TRIGGER_NOTIFY_MIGRATE :
				      HS_SVM_TRIGGER_NOTIFY;

	if (!svm->xnack || range->flags & HS_SVM_FLAG_ALWAYS_MAPPED) {
		stop_queues(svm, range, start, last);
		return;
	}
	hs_list_for_each(child, &range->children, struct svm_range, child)
		unmap_clipped(svm, child, start, last, trigger);
	unmap_clipped(svm, range, start, last, trigger);
}

/* Faults that are in the rings now are about memory that is going away. */
static void set_checkpoints(struct hs_svm *svm)
{
	SVM_FOR_EACH_GPU(gpu, svm, svm->supported) {
		struct svm_gpu *at = &svm->gpus[gpu];

		if (!at->setup.has_retry_cam && at->rings[HS_SVM_RING_IH1].pending)
			at->checkpoint_ts = at->rings[HS_SVM_RING_IH1].ts;
		else if (at->rings[HS_SVM_RING_SOFT].pending)
			at->checkpoint_ts = at->rings[HS_SVM_RING_SOFT].ts;
	}
}

/*
 * kfd_svm.c svm_range_unmap_from_cpu(). Pieces cut off meanwhile join the children that are being visited,
 * so what a child loses is cleared a second time.
 */
static void unmap_from_cpu(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last)
{
	bool is_whole;

	if (svm->rules.queue_refcount && range->queue_refcount) {
		svm_hazard(svm, HS_SVM_HAZARD_QUEUE_VITAL, start, last);
		SVM_EMIT(svm, EVICT_QUEUES);
	}
	if (svm->rules.checkpoint_faults)
		set_checkpoints(svm);
	else
		svm->drain_pagefaults++;
	is_whole = start <= range->start && last >= range->last;
	hs_list_for_each(child, &range->children, struct svm_range, child) {
		unmap_clipped(svm, child, start, last, HS_SVM_TRIGGER_UNMAP);
		svm_range_unmap_split(svm, range, child, start, last);
	}
	unmap_clipped(svm, range, start, last, HS_SVM_TRIGGER_UNMAP);
	svm_range_unmap_split(svm, range, range, start, last);
	svm_add_deferred(svm, range, is_whole ? SVM_OP_UNMAP_RANGE : SVM_OP_UPDATE_RANGE_NOTIFIER);
	svm_schedule_deferred(svm);
}

void hs_svm_invalidate(struct hs_svm *svm, enum hs_svm_event event, uint64_t start, uint64_t last)
{
	SVM_EMIT(svm, NOTIFY, .event = event, .start = start, .last = last);
	if (event == HS_SVM_EVENT_RELEASE)
		return;
	svm_enter(svm);
	hs_range_for_each_overlap(node, &svm->tree, start, last + 1) {
		struct svm_range *range = svm_range_of(node);
		uint64_t from = svm_max(start, node->start), to = svm_min(last, node->end - 1);

		range->sequence++;
		if (event == HS_SVM_EVENT_UNMAP)
			unmap_from_cpu(svm, range, from, to);
		else
			evict(svm, range, from, to, event);
	}
	svm_leave(svm);
}

void hs_svm_munmap(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	if (!hs_svm_runs_meets(&svm->vmas, start, last))
		return;
	svm_enter(svm);
	hs_svm_remove_vma(svm, start, last);
	hs_svm_invalidate(svm, HS_SVM_EVENT_UNMAP, start, last);
	hs_svm_zap(svm, start, last);
	svm_leave(svm);
}
