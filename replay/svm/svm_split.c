// SPDX-License-Identifier: GPL-2.0-only
/* Cloning and cutting ranges. What a piece does not inherit is as important as what it does. */
#include "replay/svm/svm_state.h"

static void report_lost_invalid(struct hs_svm *svm, const struct svm_range *range)
{
	if (range->invalid)
		svm_hazard(svm, HS_SVM_HAZARD_LOST_INVALID, range->start, range->last);
}

static void inherit(struct svm_range *to, const struct svm_range *from)
{
	to->flags = from->flags;
	to->preferred_loc = from->preferred_loc;
	to->prefetch_loc = from->prefetch_loc;
	to->actual_loc = from->actual_loc;
	to->granularity = from->granularity;
	to->mapped_to_gpu = from->mapped_to_gpu;
	to->access = from->access;
	to->aip = from->aip;
	to->queue_refcount = from->queue_refcount;
}

/* kfd_svm.c svm_range_clone(): neither pending invalidations nor the time stamp go along. */
struct svm_range *svm_range_clone(struct hs_svm *svm, struct svm_range *range)
{
	struct svm_range *clone = svm_range_new(svm, range->start, range->last, false);

	if (!clone)
		return NULL;
	report_lost_invalid(svm, range);
	if (svm->rules.clone_keeps_dma)
		svm_dma_clone(svm, clone, range);
	if (range->bo) {
		clone->holds_bo = range->holds_bo;
		svm_bo_share(clone, range);
	}
	inherit(clone, range);
	clone->vram_pages = range->vram_pages;
	return clone;
}

/* kfd_svm.c svm_range_split() and svm_range_split_adjust() */
struct svm_range *svm_range_split(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last)
{
	bool keeps_head = range->start == start;
	struct svm_range *piece = keeps_head ? svm_range_new(svm, last + 1, range->last, false) :
					       svm_range_new(svm, range->start, start - 1, false);

	if (!piece)
		return NULL;
	report_lost_invalid(svm, range);
	svm_dma_split(svm, piece, range);
	if (range->actual_loc && range->holds_bo) {
		piece->holds_bo = true;
		svm_bo_share(piece, range);
	}
	range->start = start;
	range->last = last;
	inherit(piece, range);
	return piece;
}

/* kfd_svm.c svm_range_add_child() */
void svm_range_add_child(struct svm_range *parent, struct svm_range *child, enum svm_op op)
{
	child->op = op;
	hs_list_push_back(&parent->children, &child->child);
}

/* kfd_svm.c svm_range_split_by_granularity(): trims the range to the granule of page; 6.1 only. */
void svm_range_split_by_granularity(struct hs_svm *svm, struct svm_range *parent, struct svm_range *range,
				    uint64_t page)
{
	uint64_t size = 1ull << range->granularity;
	uint64_t start = svm_align_down(page, size), last = svm_align_up(page + 1, size) - 1;
	struct svm_range *piece;

	if (start > range->start) {
		piece = svm_range_split(svm, range, start, range->last);
		if (!piece)
			return;
		svm_range_add_child(parent, piece, SVM_OP_ADD_RANGE);
	}
	if (last < range->last) {
		piece = svm_range_split(svm, range, range->start, last);
		if (!piece)
			return;
		svm_range_add_child(parent, piece, SVM_OP_ADD_RANGE);
	}
	if (svm->xnack && range->op == SVM_OP_ADD_RANGE)
		range->op = SVM_OP_ADD_RANGE_AND_MAP;
}

/*
 * kfd_svm.c svm_range_unmap_split(): [start, last] is no longer mapped by the CPU. The range keeps what lies
 * in front, or else behind; the rest goes to the parent's children. A range unmapped as a whole keeps its
 * bounds: a child is marked, the parent is handled by its caller.
 */
void svm_range_unmap_split(struct hs_svm *svm, struct svm_range *parent, struct svm_range *range, uint64_t start,
			   uint64_t last)
{
	struct svm_range *head = range, *tail = range;

	if (range->op == SVM_OP_UNMAP_RANGE || start > range->last || last < range->start)
		return;
	if (start > range->start)
		tail = svm_range_split(svm, range, range->start, start - 1);
	if (tail && last < tail->last)
		head = svm_range_split(svm, tail, last + 1, tail->last);
	if (!head || !tail)
		return;
	if (head != range)
		svm_range_add_child(parent, head, SVM_OP_UNMAP_RANGE);
	if (tail != range)
		svm_range_add_child(parent, tail, head != range ? SVM_OP_ADD_RANGE : SVM_OP_UNMAP_RANGE);
	if (head == range && tail == range && parent != range)
		range->op = SVM_OP_UNMAP_RANGE;
}
