// SPDX-License-Identifier: GPL-2.0-only
/* kfd_svm.c svm_range_add(): which ranges a set of attributes makes, replaces and updates. */
#include "replay/svm/svm_state.h"

#include <errno.h>

/*
 * Must a cut-off head or tail be mapped again, because the cut runs through a huge page? `cut` is the first
 * page behind the cut, bounds are those before it. Kernel v1 tests the last page of the head instead of the
 * cut itself, and is one page short in the upper bound.
 */
static bool needs_remap(const struct hs_svm *svm, uint64_t start, uint64_t last, uint64_t cut, uint64_t tested)
{
	uint64_t low = svm_align_up(start, SVM_HUGE_PAGES);
	uint64_t high = svm_align_down(svm->rules.remap_split == HS_SVM_REMAP_V2 ? last + 1 : last, SVM_HUGE_PAGES);

	return svm->rules.remap_split != HS_SVM_REMAP_NONE && high > low && cut > low && cut < high &&
	       tested % SVM_HUGE_PAGES != 0;
}

static int cut_piece(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		     struct svm_add_lists *lists)
{
	uint64_t old_start = range->start, old_last = range->last;
	bool cuts_head = start > old_start;
	uint64_t cut = cuts_head ? start : last + 1;
	uint64_t tested = cuts_head && svm->rules.remap_split == HS_SVM_REMAP_V1 ? cut - 1 : cut;
	struct svm_range *piece = svm_range_split(svm, range, start, last);

	if (!piece)
		return -ENOMEM;
	hs_list_push_front(&lists->insert, &piece->list);
	if (needs_remap(svm, old_start, old_last, cut, tested))
		hs_list_push_front(&lists->remap, &piece->update);
	return 0;
}

/* The range sticks out: a clone is cut to size, the original goes away once all has worked. */
static int replace_range(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
			 struct svm_add_lists *lists)
{
	struct svm_range *clone = svm_range_clone(svm, range);
	int rc = 0;

	if (!clone)
		return -ENOMEM;
	hs_list_push_front(&lists->remove, &range->update);
	hs_list_push_front(&lists->insert, &clone->list);
	hs_list_push_front(&lists->update, &clone->update);
	if (clone->start < start)
		rc = cut_piece(svm, clone, start, clone->last, lists);
	if (!rc && clone->last > last)
		rc = cut_piece(svm, clone, clone->start, last, lists);
	return rc;
}

/* kfd_svm.c svm_range_split_new(): a gap is filled by ranges that end at multiples of the longest length. */
static int fill_gap(struct hs_svm *svm, uint64_t start, uint64_t last, struct hs_link *created,
		    struct svm_add_lists *lists)
{
	uint64_t most = svm->max_range_pages;

	while (start <= last) {
		uint64_t end = most ? svm_min(last, svm_align_down(start + most, most) - 1) : last;
		struct svm_range *range = svm_range_new(svm, start, end, true);

		if (!range)
			return -ENOMEM;
		hs_list_push_front(created, &range->list);
		hs_list_push_front(&lists->update, &range->update);
		start = end + 1;
	}
	return 0;
}

static void drop_list(struct hs_svm *svm, struct hs_link *list, bool unreserve)
{
	hs_list_for_each_safe(range, list, struct svm_range, list) {
		hs_link_remove(&range->list);
		hs_link_remove(&range->update);
		svm_range_free(svm, range, unreserve);
	}
}

static void drop_updates(struct hs_link *list)
{
	hs_list_for_each_safe(range, list, struct svm_range, update)
		hs_link_remove(&range->update);
}

static void undo(struct hs_svm *svm, struct hs_link *created, struct svm_add_lists *lists)
{
	drop_list(svm, &lists->insert, false);
	drop_list(svm, created, true);
	drop_updates(&lists->update);
	drop_updates(&lists->remove);
}

static bool is_done(const struct hs_svm *svm, const struct svm_range *range, const struct hs_svm_attr *attrs,
		    uint32_t nr_attrs)
{
	return svm_is_same_attrs(svm, range, attrs, nr_attrs) &&
	       (range->mapped_to_gpu || !svm->rules.same_needs_mapped);
}

static int visit_range(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		       struct svm_add_lists *lists)
{
	if (range->start < start || range->last > last)
		return replace_range(svm, range, start, last, lists);
	hs_list_push_front(&lists->update, &range->update);
	return 0;
}

/* All lists grow at their front, so later work runs from the highest address down. */
int svm_add_ranges(struct hs_svm *svm, uint64_t start, uint64_t last, const struct hs_svm_attr *attrs,
		   uint32_t nr_attrs, struct svm_add_lists *lists)
{
	struct hs_range_node *node = hs_range_tree_overlap(&svm->tree, start, last + 1);
	struct hs_link created;
	int rc = 0;

	hs_link_init(&created);
	hs_link_init(&lists->insert);
	hs_link_init(&lists->update);
	hs_link_init(&lists->remove);
	hs_link_init(&lists->remap);
	while (node && !rc) {
		struct svm_range *range = svm_range_of(node);
		uint64_t node_start = node->start, next = svm_min(node->end - 1, last) + 1;

		if (!is_done(svm, range, attrs, nr_attrs))
			rc = visit_range(svm, range, start, last, lists);
		if (!rc && node_start > start)
			rc = fill_gap(svm, start, node_start - 1, &created, lists);
		node = hs_range_node_next_overlap(node, start, last + 1);
		start = next;
	}
	if (!rc && start <= last)
		rc = fill_gap(svm, start, last, &created, lists);
	if (rc)
		undo(svm, &created, lists);
	else
		hs_list_prepend(&lists->insert, &created);
	return rc;
}
