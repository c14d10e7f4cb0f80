// SPDX-License-Identifier: GPL-2.0-only
/* The page arrays of a range, one per GPU: what the last mapping found, and what a split counts. */
#include "replay/svm/svm_state.h"

#include <errno.h>
#include <stdlib.h>

struct svm_dma *svm_dma_get(struct hs_svm *svm, struct svm_range *range, uint32_t gpu)
{
	if (!range->dma)
		range->dma = calloc(svm->nr_gpus, sizeof(*range->dma));
	if (!range->dma) {
		svm->nomem = true;
		return NULL;
	}
	range->dma[gpu].exists = true;
	return &range->dma[gpu];
}

void svm_dma_free(struct hs_svm *svm, struct svm_range *range)
{
	for (uint32_t gpu = 0; range->dma && gpu < svm->nr_gpus; gpu++)
		hs_svm_runs_deinit(&range->dma[gpu].vram);
	free(range->dma);
	range->dma = NULL;
}

static void set_bits(struct hs_svm *svm, struct svm_dma *dma, uint64_t start, uint64_t last, bool vram)
{
	if (start <= last && hs_svm_runs_set(&dma->vram, start, last, vram))
		svm->nomem = true;
}

/* kfd_svm.c svm_range_dma_map_dev(). The error value of a failed DMA mapping looks like a VRAM address. */
static int map_one(struct hs_svm *svm, struct svm_dma *dma, uint64_t start, uint64_t last)
{
	hs_svm_for_each_span(span, &svm->pages, start, last) {
		bool vram = svm_page_bo(span.value);
		uint64_t passed;
		int rc;

		if (vram) {
			set_bits(svm, dma, span.start, span.last, true);
			continue;
		}
		rc = svm_pass(svm, HS_SVM_AT_DMA_MAP, span.last - span.start + 1, &passed);
		set_bits(svm, dma, span.start, span.start + passed - 1, false);
		if (rc) {
			set_bits(svm, dma, span.start + passed, span.start + passed, true);
			return rc;
		}
	}
	return 0;
}

/* kfd_svm.c svm_range_dma_map(): the range may have been cut since the walk. */
int svm_dma_map(struct hs_svm *svm, struct svm_range *range, uint64_t gpus, uint64_t start, uint64_t last)
{
	start = svm_max(start, range->start);
	last = svm_min(last, range->last);
	SVM_FOR_EACH_GPU(gpu, svm, gpus) {
		struct svm_dma *dma = svm_dma_get(svm, range, gpu);
		int rc = dma ? map_one(svm, dma, start, last) : -ENOMEM;

		if (rc)
			return rc;
	}
	return 0;
}

static void copy_bits(struct hs_svm *svm, struct svm_range *to, const struct svm_range *from, uint32_t gpu)
{
	struct svm_dma *dma = svm_dma_get(svm, to, gpu);

	if (dma && hs_svm_runs_copy(&dma->vram, &from->dma[gpu].vram, to->start, to->last))
		svm->nomem = true;
}

/* kfd_svm.c svm_range_copy_dma_addrs() */
void svm_dma_clone(struct hs_svm *svm, struct svm_range *clone, const struct svm_range *range)
{
	for (uint32_t gpu = 0; range->dma && gpu < svm->nr_gpus; gpu++)
		if (range->dma[gpu].exists)
			copy_bits(svm, clone, range, gpu);
}

/*
 * kfd_svm.c svm_range_split_pages(): cuts the arrays and, for a range that is in VRAM, shares out its
 * counter: the last GPU that has an array decides. Bounds of the range are still the old ones.
 */
void svm_dma_split(struct hs_svm *svm, struct svm_range *piece, struct svm_range *range)
{
	bool has_array = false;

	for (uint32_t gpu = 0; range->dma && gpu < svm->nr_gpus; gpu++) {
		if (!range->dma[gpu].exists)
			continue;
		has_array = true;
		copy_bits(svm, piece, range, gpu);
		set_bits(svm, &range->dma[gpu], piece->start, piece->last, false);
		if (range->actual_loc && piece->dma)
			piece->vram_pages = hs_svm_runs_count(&piece->dma[gpu].vram, piece->start, piece->last);
	}
	if (!range->actual_loc || !svm->rules.partial_migration)
		return;
	if (!has_array && svm->rules.split_full_vram && range->vram_pages == svm_range_pages(range))
		piece->vram_pages = svm_range_pages(piece);
	else if (!has_array)
		svm_hazard(svm, HS_SVM_HAZARD_VRAM_MISATTRIBUTION, range->start, range->last);
	range->vram_pages -= piece->vram_pages;
}
