// SPDX-License-Identifier: GPL-2.0-only
/* Recorded outcomes are made true in the state, so that the next decision starts from where the kernel was. */
#include "replay/svm/svm_state.h"

#include <errno.h>

void hs_svm_follow_range(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	while (start <= last) {
		struct hs_range_node *node = hs_range_tree_overlap(&svm->tree, start, last + 1);
		uint64_t end = node ? node->start : last + 1;

		if (end > start) {
			struct svm_range *range = svm_range_new(svm, start, end - 1, true);

			if (!range)
				return;
			svm_range_add(svm, range);
		}
		start = node ? node->end : last + 1;
	}
}

int hs_svm_follow_migration(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t location)
{
	int gpu = location ? svm_gpu_by_id(svm, location) : 0;

	if (gpu < 0)
		return -ENODEV;
	svm_enter(svm);
	svm_flush_deferred(svm);
	hs_range_for_each_overlap(node, &svm->tree, start, last + 1) {
		struct svm_range *range = svm_range_of(node);
		uint64_t from = svm_max(start, range->start), to = svm_min(last, range->last);

		if (location)
			svm_migrate_to_vram(svm, range, (uint32_t)gpu, from, to, HS_SVM_TRIGGER_GPU_FAULT);
		else
			svm_migrate_to_ram(svm, range, from, to, HS_SVM_TRIGGER_GPU_FAULT);
	}
	svm_leave(svm);
	return 0;
}

void hs_svm_follow_mapping(struct hs_svm *svm, uint32_t gpu, uint64_t page)
{
	struct svm_range *range = svm_range_from_addr(svm, page, NULL);
	struct hs_svm_span granule;
	struct svm_map_request request;

	if (!range)
		return;
	granule = svm_granule_of(svm, range, page);
	request = (struct svm_map_request){ .range = range, .start = granule.start, .last = granule.last, .gpu = gpu };
	svm_enter(svm);
	svm_validate_and_map(svm, &request);
	svm_leave(svm);
}
