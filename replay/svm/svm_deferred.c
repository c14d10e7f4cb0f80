// SPDX-License-Identifier: GPL-2.0-only
/* What an unmap may not do itself: kfd_svm.c svm_range_deferred_list_work(), and the restore worker. */
#include "replay/svm/svm_state.h"

#include <errno.h>

/* kfd_svm.c svm_range_add_list_work() */
void svm_add_deferred(struct hs_svm *svm, struct svm_range *range, enum svm_op op)
{
	if (hs_list_is_empty(&range->deferred)) {
		hs_list_push_back(&svm->deferred, &range->deferred);
		range->op = op;
	} else if (range->op != SVM_OP_UNMAP_RANGE) {
		range->op = op;
	}
}

void svm_schedule_deferred(struct hs_svm *svm)
{
	SVM_EMIT(svm, SCHEDULE_DEFERRED, .queued = !svm->deferred_pending);
	svm->deferred_pending = true;
}

/* kfd_svm.c svm_range_drain_retry_fault(): waits until the faults in the rings have been seen. */
void svm_drain_faults(struct hs_svm *svm)
{
	if (!svm->rules.checkpoint_faults && !svm->drain_pagefaults)
		return;
	SVM_FOR_EACH_GPU(gpu, svm, svm->supported) {
		const struct hs_svm_gpu_setup *setup = &svm->gpus[gpu].setup;

		SVM_EMIT(svm, DRAIN_FAULTS, .device = setup->device);
		if (svm->rules.checkpoint_faults && setup->has_retry_cam)
			SVM_EMIT(svm, DRAIN_FAULTS, .device = setup->device);
	}
	if (!svm->rules.checkpoint_faults)
		svm->drain_pagefaults = 0;
}

/* kfd_svm.c svm_range_handle_list_op(): the ops that promise a mapping do not map. */
static void handle_op(struct hs_svm *svm, struct svm_range *range)
{
	switch (range->op) {
	case SVM_OP_NULL:
		break;
	case SVM_OP_UNMAP_RANGE:
		svm_range_unlink(svm, range);
		svm_range_free(svm, range, true);
		break;
	case SVM_OP_UPDATE_RANGE_NOTIFIER:
	case SVM_OP_UPDATE_RANGE_NOTIFIER_AND_MAP:
		svm_range_update_node(svm, range);
		break;
	case SVM_OP_ADD_RANGE:
	case SVM_OP_ADD_RANGE_AND_MAP:
		svm_range_add(svm, range);
		break;
	}
}

static void run_deferred(struct hs_svm *svm)
{
	struct svm_range *range;

	svm->deferred_pending = false;
	while ((range = hs_list_first(&svm->deferred, struct svm_range, deferred))) {
		if (!svm->rules.checkpoint_faults)
			svm_drain_faults(svm);
		hs_link_remove(&range->deferred);
		hs_list_for_each_safe(child, &range->children, struct svm_range, child) {
			hs_link_remove(&child->child);
			handle_op(svm, child);
		}
		handle_op(svm, range);
	}
}

void hs_svm_run_deferred(struct hs_svm *svm)
{
	if (!svm->deferred_pending)
		return;
	svm_enter(svm);
	run_deferred(svm);
	svm_leave(svm);
}

/* kfd_svm.c svm_range_list_lock_and_flush_work() */
void svm_flush_deferred(struct hs_svm *svm)
{
	if (!svm->deferred_pending)
		return;
	SVM_EMIT(svm, RUN_DEFERRED);
	run_deferred(svm);
}

static struct svm_range *next_invalid(const struct hs_svm *svm, uint64_t order)
{
	struct hs_range_node *node = hs_range_tree_at_or_above(&svm->restore, order);

	return node ? hs_container_of(node, struct svm_range, restore) : NULL;
}

/*
 * Maps every invalid range, in the order of the list. 0: all done; 1: one was invalidated meanwhile; else
 * the errno of a mapping.
 */
static int restore_ranges(struct hs_svm *svm)
{
	struct svm_range *range;

	for (uint64_t order = 0; (range = next_invalid(svm, order)); order = range->order + 1) {
		uint32_t invalid = range->invalid;
		struct svm_map_request request = { .range = range, .start = range->start, .last = range->last,
						   .gpu = SVM_ALL_GPUS };
		int rc = svm_validate_and_map(svm, &request);

		if (rc)
			return rc;
		if (range->invalid != invalid)
			return 1;
		svm_range_set_invalid(svm, range, 0);
	}
	return 0;
}

static void restore_all(struct hs_svm *svm)
{
	uint32_t evicted;
	int rc;

	svm_flush_deferred(svm);
	evicted = svm->evicted_ranges;
	rc = restore_ranges(svm);
	if (!rc && svm->evicted_ranges == evicted) {
		svm->evicted_ranges = 0;
		svm->queues_stopped = false;
		SVM_EMIT(svm, RESTORE_QUEUES);
		return;
	}
	if (rc == -ENODEV && svm->rules.enodev_stops)
		return;
	svm_schedule_restore(svm);
	SVM_EMIT(svm, RESTORE_RESCHEDULED);
}

/* kfd_svm.c svm_range_restore_work() */
void hs_svm_run_restore(struct hs_svm *svm)
{
	if (!svm->restore_pending)
		return;
	svm->restore_pending = false;
	svm_enter(svm);
	restore_all(svm);
	svm_leave(svm);
}

/* kfd_svm.c svm_range_list_fini() */
void hs_svm_fini(struct hs_svm *svm)
{
	svm_enter(svm);
	svm->restore_pending = false;
	svm_flush_deferred(svm);
	if (svm->rules.checkpoint_faults)
		svm->drain_pagefaults = 1;
	else
		svm->drain_pagefaults++;
	svm_drain_faults(svm);
	hs_list_for_each_safe(range, &svm->list, struct svm_range, list) {
		svm_range_unlink(svm, range);
		svm_range_free(svm, range, true);
	}
	svm_leave(svm);
}
