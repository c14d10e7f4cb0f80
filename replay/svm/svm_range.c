// SPDX-License-Identifier: GPL-2.0-only
/* One range: made, listed, found, freed. */
#include "replay/svm/svm_state.h"

#include <errno.h>
#include <stdlib.h>

/* amdgpu_amdkfd_reserve_mem_limit() for memory of the system; only asked while GPU faults are off. */
int svm_reserve_system(struct hs_svm *svm, uint64_t pages)
{
	int rc = pages > svm->system_limit_pages || svm->reserved_pages > svm->system_limit_pages - pages ?
		 -ENOMEM : 0;

	if (!rc)
		svm->reserved_pages += pages;
	SVM_EMIT(svm, SYS_RESERVE, .pages = pages, .rc = rc);
	return rc;
}

void svm_unreserve_system(struct hs_svm *svm, uint64_t pages)
{
	svm->reserved_pages -= pages;
	SVM_EMIT(svm, SYS_UNRESERVE, .pages = pages);
}

static void set_defaults(const struct hs_svm *svm, struct svm_range *range)
{
	range->preferred_loc = range->prefetch_loc = HS_SVM_UNDEFINED;
	range->granularity = svm->default_granularity;
	range->flags = HS_SVM_FLAG_HOST_ACCESS | HS_SVM_FLAG_COHERENT;
	range->access = svm->xnack ? svm->supported : 0;
}

/* kfd_svm.c svm_range_new(). NULL: the limit is reached, or out of memory (remembered). */
struct svm_range *svm_range_new(struct hs_svm *svm, uint64_t start, uint64_t last, bool reserve)
{
	struct svm_range *range;

	if (reserve && !svm->xnack && svm_reserve_system(svm, last - start + 1))
		return NULL;
	range = calloc(1, sizeof(*range));
	if (!range) {
		svm->nomem = true;
		return NULL;
	}
	range->start = start;
	range->last = last;
	hs_link_init(&range->list);
	hs_link_init(&range->update);
	hs_link_init(&range->deferred);
	hs_link_init(&range->child);
	hs_link_init(&range->children);
	hs_link_init(&range->bo_ranges);
	set_defaults(svm, range);
	return range;
}

/* kfd_svm.c svm_range_free(). The range is in no list any more. */
void svm_range_free(struct hs_svm *svm, struct svm_range *range, bool unreserve)
{
	svm_bo_drop(svm, range);
	hs_link_remove(&range->bo_ranges);
	if (unreserve && !svm->xnack)
		svm_unreserve_system(svm, svm_range_pages(range));
	svm_dma_free(svm, range);
	free(range);
}

static void insert_node(struct hs_svm *svm, struct svm_range *range)
{
	range->node.start = range->start;
	range->node.end = range->last + 1;
	hs_range_tree_insert(&svm->tree, &range->node);
	range->in_tree = true;
}

static void update_restore(struct hs_svm *svm, struct svm_range *range)
{
	bool wanted = range->in_tree && range->invalid;

	if (wanted && !range->in_restore) {
		range->restore.start = range->order;
		range->restore.end = range->order + 1;
		hs_range_tree_insert(&svm->restore, &range->restore);
	} else if (!wanted && range->in_restore) {
		hs_range_tree_erase(&svm->restore, &range->restore);
	}
	range->in_restore = wanted;
}

/* kfd_svm.c svm_range_add_to_svms() and its notifier. */
void svm_range_add(struct hs_svm *svm, struct svm_range *range)
{
	hs_link_remove(&range->list);
	hs_list_push_back(&svm->list, &range->list);
	range->order = svm->next_order++;
	insert_node(svm, range);
	update_restore(svm, range);
}

/* kfd_svm.c svm_range_unlink() and its notifier; also for a child that was never listed. */
void svm_range_unlink(struct hs_svm *svm, struct svm_range *range)
{
	hs_link_remove(&range->bo_ranges);
	hs_link_remove(&range->list);
	hs_link_remove(&range->deferred);
	if (range->in_tree)
		hs_range_tree_erase(&svm->tree, &range->node);
	range->in_tree = false;
	update_restore(svm, range);
}

/* kfd_svm.c svm_range_update_notifier_and_interval_tree() */
void svm_range_update_node(struct hs_svm *svm, struct svm_range *range)
{
	if (range->node.start == range->start && range->node.end == range->last + 1)
		return;
	if (range->in_tree)
		hs_range_tree_erase(&svm->tree, &range->node);
	insert_node(svm, range);
}

void svm_range_set_invalid(struct hs_svm *svm, struct svm_range *range, uint32_t invalid)
{
	range->invalid = invalid;
	update_restore(svm, range);
}

static bool range_holds(const struct svm_range *range, uint64_t page)
{
	return page >= range->start && page <= range->last;
}

struct svm_range *svm_range_from_addr(const struct hs_svm *svm, uint64_t page, struct svm_range **parent)
{
	struct hs_range_node *node = hs_range_tree_overlap(&svm->tree, page, page + 1);
	struct svm_range *range;

	if (!node)
		return NULL;
	range = svm_range_of(node);
	if (parent)
		*parent = range;
	if (range_holds(range, page))
		return range;
	hs_list_for_each(child, &range->children, struct svm_range, child)
		if (range_holds(child, page))
			return child;
	return NULL;
}
