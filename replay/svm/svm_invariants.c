// SPDX-License-Identifier: GPL-2.0-only
/* What always holds between two operations. */
#include "replay/svm/svm_state.h"

static const char *check_attributes(const struct hs_svm *svm, const struct svm_range *range)
{
	if (range->start > range->last)
		return "a range ends before it starts";
	if (range->access & range->aip)
		return "a GPU has both access and access in place";
	if ((range->access | range->aip) & ~svm->supported)
		return "a GPU without SVM has access";
	if (range->granularity > SVM_GRANULARITY_MAX)
		return "granularity above 0x3f";
	return NULL;
}

static const char *check_buffer(const struct svm_range *range)
{
	if (range->actual_loc && !range->holds_bo)
		return "a range in VRAM holds no buffer";
	if (range->holds_bo && (!range->bo || !range->bo->refs))
		return "a range holds a buffer that is gone";
	if (range->bo && hs_list_is_empty(&range->bo_ranges))
		return "a range knows a buffer that does not know it";
	return NULL;
}

/* Before the deferred work, the node is the disjoint union of range and children. */
static const char *check_node(const struct svm_range *range, uint64_t *reserved)
{
	uint64_t pages = svm_range_pages(range);

	hs_list_for_each(child, &range->children, struct svm_range, child) {
		if (child->start < range->node.start || child->last >= range->node.end)
			return "a child lies outside the node of its parent";
		if (child->start <= range->last && child->last >= range->start)
			return "a child overlaps its parent";
		if (check_buffer(child))
			return check_buffer(child);
		pages += svm_range_pages(child);
	}
	*reserved += pages;
	if (range->start < range->node.start || range->last >= range->node.end)
		return "a range lies outside its node";
	if (pages != range->node.end - range->node.start)
		return "range and children do not add up to the node";
	if (hs_list_is_empty(&range->deferred) && pages != svm_range_pages(range))
		return "a range has children and no deferred work";
	return NULL;
}

static const char *check_range(const struct hs_svm *svm, const struct svm_range *range, uint64_t *reserved)
{
	const char *broken = check_attributes(svm, range);

	if (!range->in_tree)
		return "a listed range is not in the tree";
	if (range->in_restore != (range->invalid != 0))
		return "an invalid range is not in the restore tree";
	if (!svm->evicted_ranges && range->invalid)
		return "a range is invalid though nothing was evicted";
	if (!broken)
		broken = check_buffer(range);
	return broken ? broken : check_node(range, reserved);
}

static const char *check_ranges(const struct hs_svm *svm)
{
	uint64_t reserved = 0, behind = 0;
	size_t listed = 0;

	hs_list_for_each(range, &svm->list, struct svm_range, list) {
		const char *broken = check_range(svm, range, &reserved);

		if (broken)
			return broken;
		listed++;
	}
	if (listed != svm->tree.count)
		return "list and tree hold different ranges";
	hs_range_for_each(node, &svm->tree) {
		if (node->start < behind)
			return "two ranges overlap";
		behind = node->end;
	}
	if (svm->reserved_pages != (svm->xnack ? 0 : reserved))
		return "reserved system memory is not the size of all ranges";
	return NULL;
}

/* Pages that live in a buffer, and ranges that hold it, each have a reference. */
static const char *check_references(const struct hs_svm *svm)
{
	hs_list_for_each(bo, &svm->buffers_alive, struct svm_bo, all) {
		uint64_t holders = 0;

		hs_list_for_each(range, &bo->ranges, struct svm_range, bo_ranges)
			holders += range->bo == bo && range->holds_bo;
		hs_list_for_each(stray, &bo->strays, struct svm_range, bo_ranges)
			holders += stray->bo == bo && stray->holds_bo;
		if (holders > bo->refs)
			return "a buffer has fewer references than ranges that hold it";
	}
	hs_svm_for_each_span(span, &svm->pages, 0, HS_SVM_NO_PAGE - 1)
		if (svm_page_bo(span.value) && svm_page_bo(span.value)->refs < span.last - span.start + 1)
			return "a buffer has fewer references than pages in it";
	return NULL;
}

const char *hs_svm_check(const struct hs_svm *svm)
{
	const char *broken;

	if (!hs_range_tree_is_valid(&svm->tree) || !hs_range_tree_is_valid(&svm->restore))
		return "a tree is out of order";
	if (svm->deferred_pending == hs_list_is_empty(&svm->deferred))
		return "deferred work and its list disagree";
	if ((svm->evicted_ranges != 0) != svm->queues_stopped)
		return "queues are stopped without an eviction, or the other way round";
	broken = check_ranges(svm);
	return broken ? broken : check_references(svm);
}
