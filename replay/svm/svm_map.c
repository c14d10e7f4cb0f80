// SPDX-License-Identifier: GPL-2.0-only
/* kfd_svm.c svm_range_validate_and_map() and svm_range_unmap_from_gpus(): page tables of the GPUs. */
#include "replay/svm/svm_state.h"

#include <errno.h>
#include <stdlib.h>

/* Which GPUs get a mapping. */
static uint64_t own_gpus(struct hs_svm *svm, const struct svm_range *range)
{
	uint64_t gpus = range->aip;
	int at = svm_gpu_by_id(svm, range->actual_loc);

	if (!svm->xnack)
		gpus |= range->access;
	else if (at >= 0)
		gpus |= range->access & 1ull << at;
	if (gpus || (!svm->xnack && svm->rules.null_owner_safe))
		return gpus;
	if (range->mapped_to_gpu ||
	    (svm->rules.always_mapped_first && range->flags & HS_SVM_FLAG_ALWAYS_MAPPED))
		gpus = range->access;
	if (!gpus && range->mapped_to_gpu && !svm->rules.null_owner_safe)
		svm_hazard(svm, HS_SVM_HAZARD_NULL_OWNER, range->start, range->last);
	return gpus;
}

/* Page directories are locked in GPU order; *tried: those up to the one that refused. */
static int lock_directories(struct hs_svm *svm, uint64_t gpus, uint64_t *tried)
{
	*tried = 0;
	SVM_FOR_EACH_GPU(gpu, svm, gpus) {
		int rc = svm->rules.reserve_checked ? svm_pass(svm, HS_SVM_AT_LOCK_PD, 1, NULL) : 0;

		*tried |= 1ull << gpu;
		if (rc)
			return rc;
	}
	return 0;
}

/* kfd_svm.c svm_range_reserve_bos() */
static int reserve_tables(struct hs_svm *svm, uint64_t gpus)
{
	uint64_t tried;
	int rc = lock_directories(svm, gpus, &tried);

	SVM_EMIT(svm, VALIDATE, .gpus = tried);
	SVM_FOR_EACH_GPU(gpu, svm, gpus)
		if (!rc)
			rc = svm_pass(svm, HS_SVM_AT_VM_VALIDATE, 1, NULL);
	if (rc)
		SVM_EMIT(svm, LOCK_FAIL, .rc = rc);
	return rc;
}

static void release_tables(struct hs_svm *svm)
{
	SVM_EMIT(svm, VALIDATE_END);
	svm_pass(svm, HS_SVM_AT_VALIDATE_END, 1, NULL);
}

/* Who may use device pages in place during the walk: the owner all GPUs share, or 0. */
static uint64_t common_owner(const struct hs_svm *svm, uint64_t gpus)
{
	uint64_t owner = 0;

	SVM_FOR_EACH_GPU(gpu, svm, gpus) {
		if (owner && owner != svm_page_owner(svm, gpu))
			return 0;
		owner = svm_page_owner(svm, gpu);
	}
	return owner;
}

struct span_list {
	HS_VEC(struct hs_svm_span) spans;
};

/* Runs of pages in VRAM; false if some are another owner's, which the walk would fault for ever. */
static bool find_vram(struct hs_svm *svm, uint64_t start, uint64_t last, uint64_t owner, struct span_list *list)
{
	hs_svm_for_each_span(span, &svm->pages, start, last) {
		const struct svm_bo *bo = svm_page_bo(span.value);
		size_t count = list->spans.count;

		if (!bo)
			continue;
		if (svm_page_owner(svm, bo->gpu) != owner)
			return false;
		if (count && list->spans.items[count - 1].last + 1 == span.start)
			list->spans.items[count - 1].last = span.last;
		else if (!hs_vec_push(&list->spans, span))
			svm->nomem = true;
	}
	return true;
}

/*
 * mm/hmm.c hmm_range_fault() wants to write: pages of a fork are copied, to the end of their 2 MiB at a time, and
 * each copy invalidates the range that is being walked. *sequence: what the walk stands on.
 */
static int break_sharing(struct hs_svm *svm, const struct svm_range *range, uint64_t start, uint64_t last,
			 uint64_t *sequence)
{
	hs_svm_for_each_span(span, &svm->shared, start, last) {
		if (!span.value)
			continue;
		span.last = svm_min(span.last, span.start | (SVM_HUGE_PAGES - 1));
		hs_svm_share(svm, span.start, span.last, false);
		hs_svm_invalidate(svm, HS_SVM_EVENT_CLEAR, span.start, span.last);
		if (svm->rules.walk_gives_up)
			return -EAGAIN;
		*sequence = range->sequence;
	}
	return 0;
}

static int walk_pages(struct hs_svm *svm, uint64_t start, uint64_t last, const struct hs_svm_span *vma,
		      uint64_t owner, struct span_list *list)
{
	int rc = svm_pass(svm, HS_SVM_AT_WALK_RESULT, 1, NULL);

	if (!rc && (!(vma->value & HS_SVM_VMA_READ) || vma->value & (HS_SVM_VMA_IO | HS_SVM_VMA_PFNMAP)))
		rc = -EFAULT;
	if (!rc)
		svm_pages_populate(svm, start, last);
	if (!rc && !find_vram(svm, start, last, owner, list)) {
		svm_hazard(svm, HS_SVM_HAZARD_OWNER_LIVELOCK, start, last);
		rc = -EBUSY;
	}
	return rc;
}

/* amdgpu_hmm.c amdgpu_hmm_range_get_pages(): absent pages appear, VRAM pages of the owner stay. */
static int get_pages(struct hs_svm *svm, const struct svm_range *range, const struct hs_svm_span *vma,
		     uint64_t owner, uint64_t *sequence)
{
	struct span_list list = { .spans = { 0 } };
	uint64_t start = vma->start, last = vma->last;
	int rc = vma->value & HS_SVM_VMA_WRITE ? break_sharing(svm, range, start, last, sequence) : 0;

	if (!rc)
		rc = walk_pages(svm, start, last, vma, owner, &list);

	SVM_EMIT(svm, GET_PAGES, .start = start, .last = last, .readonly = !(vma->value & HS_SVM_VMA_WRITE),
		 .rc = rc, .spans = rc ? NULL : list.spans.items, .nr_spans = rc ? 0 : list.spans.count);
	hs_vec_deinit(&list.spans);
	if (!rc)
		svm_pass(svm, HS_SVM_AT_WALK_DONE, 1, NULL);
	return rc;
}

/* kfd_svm.c svm_range_map_to_gpu(): one page-table update per run of pages of one kind. */
static int map_to_gpu(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
		      bool writable, bool flush)
{
	struct svm_dma *dma = svm_dma_get(svm, range, gpu);

	if (!dma)
		return -ENOMEM;
	hs_svm_for_each_span(span, &dma->vram, start, last) {
		int rc = svm_pass(svm, HS_SVM_AT_MAP, 1, NULL);

		SVM_EMIT(svm, MAP, .gpu = gpu, .start = span.start, .last = span.last, .vram = span.value,
			 .write = writable && !(range->flags & HS_SVM_FLAG_GPU_RO),
			 .exec = range->flags & HS_SVM_FLAG_GPU_EXEC, .flush = flush, .rc = rc);
		if (rc)
			return rc;
	}
	return 0;
}

/* kfd_svm.c svm_range_map_to_gpus(): a GPU that cannot reach the range's buffer is left out silently. */
static int map_to_gpus(struct hs_svm *svm, struct svm_range *range, uint64_t gpus, uint64_t start, uint64_t last,
		       bool writable, bool flush)
{
	SVM_FOR_EACH_GPU(gpu, svm, gpus) {
		const struct svm_bo *bo = range->holds_bo ? range->bo : NULL;
		int rc;

		if (bo && svm->gpus[gpu].setup.device != svm->gpus[bo->gpu].setup.device &&
		    !svm_same_hive(svm, gpu, bo->gpu)) {
			svm_hazard(svm, HS_SVM_HAZARD_STUCK_FAULT, start, last);
			continue;
		}
		rc = map_to_gpu(svm, range, gpu, start, last, writable, flush);
		if (rc)
			return rc;
		SVM_EMIT(svm, FLUSH_TLB, .gpu = gpu);
	}
	return 0;
}

/* Behind the walk, under the range's lock: write page tables unless something changed meanwhile. */
static int write_piece(struct hs_svm *svm, const struct svm_map_request *request, uint64_t gpus,
		       const struct hs_svm_span *piece, bool stale)
{
	struct svm_range *range = request->range;

	if (stale || !hs_list_is_empty(&range->children))
		return -EAGAIN;
	return map_to_gpus(svm, range, gpus, svm_max(piece->start, range->start), svm_min(piece->last, range->last),
			   piece->value & HS_SVM_VMA_WRITE, request->flush_tlb);
}

static int map_piece(struct hs_svm *svm, const struct svm_map_request *request, uint64_t gpus,
		     const struct hs_svm_span *piece, uint64_t sequence)
{
	struct svm_range *range = request->range;
	int rc = svm_dma_map(svm, range, gpus, piece->start, piece->last);
	bool stale = range->sequence != sequence;

	if (rc && svm->rules.mapped_on_failure)
		return rc;
	if (stale)
		SVM_EMIT(svm, PAGES_STALE);
	if (rc)
		return rc;
	rc = write_piece(svm, request, gpus, piece, stale);
	if (piece->last == request->last && (!rc || svm->rules.mapped_on_failure))
		range->mapped_to_gpu = range->validated_once = true;
	return rc;
}

/*
 * The kernel means to unmap, but compares bytes of what it maps with pages of the range: as good as nowhere do
 * the two meet.
 */
static int skip_unreadable(struct hs_svm *svm, const struct svm_map_request *request, const struct hs_svm_span *piece)
{
	struct svm_range *range = request->range;
	uint64_t from = svm_max(request->start << 12, range->start);
	uint64_t to = svm_min((request->last + 1) << 12, range->last);

	if (to >= from)
		return svm_unmap_from_gpus(svm, range, from, to, HS_SVM_TRIGGER_UNMAP);
	if (range->mapped_to_gpu)
		svm_hazard(svm, HS_SVM_HAZARD_NOREAD_SKIP, piece->start, piece->last);
	return 0;
}

/* A piece of one VMA, or a gap between two. */
static int validate_piece(struct hs_svm *svm, const struct svm_map_request *request, uint64_t gpus,
			  const struct hs_svm_span *piece)
{
	uint64_t sequence = request->range->sequence;
	int rc;

	if (!piece->value)
		return -EFAULT;
	if (!(piece->value & HS_SVM_VMA_READ) && svm->rules.skip_unreadable)
		return skip_unreadable(svm, request, piece);
	rc = get_pages(svm, request->range, piece, common_owner(svm, gpus), &sequence);
	return rc ? rc : map_piece(svm, request, gpus, piece, sequence);
}

static int validate_pieces(struct hs_svm *svm, const struct svm_map_request *request, uint64_t gpus)
{
	hs_svm_for_each_span(piece, &svm->vmas, request->start, request->last) {
		int rc = validate_piece(svm, request, gpus, &piece);

		if (rc)
			return rc;
	}
	return 0;
}

int svm_validate_and_map(struct hs_svm *svm, const struct svm_map_request *request)
{
	struct svm_range *range = request->range;
	uint64_t gpus = request->gpu < SVM_ALL_GPUS ? 1ull << request->gpu : own_gpus(svm, range);
	int rc;

	if (!gpus)
		return 0;
	rc = reserve_tables(svm, gpus);
	if (rc) {
		release_tables(svm);
		if (svm->rules.reserve_checked)
			return rc;
	}
	rc = validate_pieces(svm, request, gpus);
	release_tables(svm);
	if (!rc)
		range->validated = svm->now;
	return rc;
}

/* Clears [start, last] on every GPU that may use the range now; others keep what they have. */
int svm_unmap_from_gpus(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger)
{
	if (!range->mapped_to_gpu)
		return 0;
	if (range->start == start && range->last == last)
		range->mapped_to_gpu = false;
	SVM_FOR_EACH_GPU(gpu, svm, range->access | range->aip) {
		int rc;

		SVM_EMIT(svm, UNMAP_EVENT, .gpu = gpu, .start = start, .last = last, .trigger = trigger);
		rc = svm_pass(svm, HS_SVM_AT_UNMAP, 1, NULL);
		SVM_EMIT(svm, UNMAP, .gpu = gpu, .start = start, .last = last, .rc = rc);
		if (rc)
			return rc;
		SVM_EMIT(svm, FLUSH_TLB, .gpu = gpu);
	}
	return 0;
}
