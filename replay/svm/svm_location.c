// SPDX-License-Identifier: GPL-2.0-only
/* Where the pages of a range should be: pure rules, first match wins. */
#include "replay/svm/svm_state.h"

static bool stays_in_system(const struct hs_svm *svm, uint32_t gpu)
{
	const struct hs_svm_gpu_setup *setup = &svm->gpus[gpu].setup;

	if (svm->rules.apu == HS_SVM_APU_ANY)
		return setup->is_apu;
	return svm->rules.apu == HS_SVM_APU_PREFER_GTT && setup->is_apu && setup->prefers_gtt;
}

/* Data of GPU `id` can be used by `gpu` where it is. */
static bool is_reachable(const struct hs_svm *svm, uint32_t gpu, uint32_t id)
{
	int owner = svm_gpu_by_id(svm, id);

	return owner >= 0 && svm_nodes_linked(svm, gpu, (uint32_t)owner);
}

/* kfd_svm.c svm_range_best_restore_location(): a location, or -1: the faulting GPU may not use the range. */
int64_t svm_best_restore(const struct hs_svm *svm, const struct svm_range *range, uint32_t gpu)
{
	uint32_t id = svm->gpus[gpu].setup.id;

	if (stays_in_system(svm, gpu))
		return 0;
	if (range->preferred_loc == id || range->preferred_loc == 0)
		return range->preferred_loc;
	if (range->preferred_loc != HS_SVM_UNDEFINED && is_reachable(svm, gpu, range->preferred_loc))
		return range->preferred_loc;
	if (range->access >> gpu & 1)
		return id;
	if (!(range->aip >> gpu & 1))
		return -1;
	if (!range->actual_loc)
		return 0;
	return is_reachable(svm, gpu, range->actual_loc) ? range->actual_loc : 0;
}

/* kfd_svm.c svm_range_best_prefetch_location(): HS_SVM_UNDEFINED asks for nothing. */
uint32_t svm_best_prefetch(const struct hs_svm *svm, const struct svm_range *range)
{
	uint64_t users = svm->xnack ? range->aip : range->access | range->aip;
	int target;

	if (!range->prefetch_loc || range->prefetch_loc == HS_SVM_UNDEFINED)
		return range->prefetch_loc;
	target = svm_gpu_by_id(svm, range->prefetch_loc);
	if (target < 0 || stays_in_system(svm, (uint32_t)target))
		return 0;
	SVM_FOR_EACH_GPU(gpu, svm, users) {
		if (svm->gpus[gpu].setup.device == svm->gpus[target].setup.device)
			continue;
		if (!svm_same_hive(svm, gpu, (uint32_t)target))
			return 0;
	}
	return range->prefetch_loc;
}

int64_t hs_svm_best_restore_at(const struct hs_svm *svm, uint32_t gpu, uint64_t page)
{
	const struct svm_range *range = svm_range_from_addr(svm, page, NULL);

	return range ? svm_best_restore(svm, range, gpu) : -2;
}

int64_t hs_svm_best_prefetch_at(const struct hs_svm *svm, uint64_t page)
{
	const struct svm_range *range = svm_range_from_addr(svm, page, NULL);

	return range ? (int64_t)svm_best_prefetch(svm, range) : -2;
}
