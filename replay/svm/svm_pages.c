// SPDX-License-Identifier: GPL-2.0-only
/* The surroundings: VMAs, where each page is, pins, buffers of others, fault rings. */
#include "replay/svm/svm_state.h"

#include <errno.h>

static void set_runs(struct hs_svm *svm, struct hs_svm_runs *runs, uint64_t start, uint64_t last, uint64_t value)
{
	if (hs_svm_runs_set(runs, start, last, value))
		svm->nomem = true;
}

struct svm_bo *svm_page_bo(uint64_t value)
{
	return value > SVM_PAGE_RAM ? (struct svm_bo *)(uintptr_t)value : NULL;
}

static void put_old_pages(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	hs_svm_for_each_span(span, &svm->pages, start, last) {
		struct svm_bo *bo = svm_page_bo(span.value);

		if (bo)
			svm_bo_put_pages(svm, bo, span.last - span.start + 1);
	}
}

void svm_pages_place(struct hs_svm *svm, uint64_t start, uint64_t last, uint64_t value)
{
	struct svm_bo *bo = svm_page_bo(value);

	put_old_pages(svm, start, last);
	if (bo)
		svm_bo_get(bo, last - start + 1);
	set_runs(svm, &svm->pages, start, last, value);
}

void svm_pages_populate(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	hs_svm_for_each_span(span, &svm->pages, start, last) {
		if (span.value != SVM_PAGE_NONE)
			continue;
		hs_svm_for_each_span(vma, &svm->vmas, span.start, span.last)
			if (vma.value)
				set_runs(svm, &svm->pages, vma.start, vma.last, SVM_PAGE_RAM);
	}
}

/* Flags of a VMA; never 0, which means that there is none. */
enum { VMA_PRESENT = 1 << 16 };

void hs_svm_set_time(struct hs_svm *svm, uint64_t time)
{
	svm->now = time;
}

void hs_svm_add_vma(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t flags)
{
	set_runs(svm, &svm->vmas, start, last, flags | VMA_PRESENT);
}

void hs_svm_remove_vma(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	set_runs(svm, &svm->vmas, start, last, 0);
}

void hs_svm_protect_vma(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t flags)
{
	hs_svm_for_each_span(vma, &svm->vmas, start, last)
		if (vma.value)
			set_runs(svm, &svm->vmas, vma.start, vma.last, flags | VMA_PRESENT);
}

void hs_svm_touch(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	svm_pages_populate(svm, start, last);
}

/* Device pages that go away stay in the counter of their range. */
static void report_leak(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	hs_range_for_each_overlap(node, &svm->tree, start, last + 1) {
		const struct svm_range *range = svm_range_of(node);

		if (range->actual_loc && range->start <= last && range->last >= start)
			svm_hazard(svm, HS_SVM_HAZARD_VRAM_LEAK, svm_max(start, range->start),
				   svm_min(last, range->last));
	}
}

void hs_svm_zap(struct hs_svm *svm, uint64_t start, uint64_t last)
{
	svm_enter(svm);
	if (svm->rules.partial_migration)
		hs_svm_for_each_span(span, &svm->pages, start, last)
			if (svm_page_bo(span.value))
				report_leak(svm, span.start, span.last);
	svm_pages_place(svm, start, last, SVM_PAGE_NONE);
	set_runs(svm, &svm->pins, start, last, HS_SVM_UNPINNED);
	set_runs(svm, &svm->shared, start, last, 0);
	svm_leave(svm);
}

void hs_svm_share(struct hs_svm *svm, uint64_t start, uint64_t last, bool is_shared)
{
	if (!is_shared) {
		set_runs(svm, &svm->shared, start, last, 0);
		return;
	}
	hs_svm_for_each_span(span, &svm->pages, start, last)
		if (span.value == SVM_PAGE_RAM)
			set_runs(svm, &svm->shared, span.start, span.last, 1);
}

void hs_svm_pin(struct hs_svm *svm, uint64_t start, uint64_t last, enum hs_svm_pin pin)
{
	set_runs(svm, &svm->pins, start, last, pin);
}

void hs_svm_add_buffer(struct hs_svm *svm, uint32_t gpu, uint64_t start, uint64_t last, bool is_userptr)
{
	struct svm_buffer buffer = { .gpu = gpu, .is_userptr = is_userptr, .start = start, .last = last };

	if (!hs_vec_push(&svm->buffers, buffer))
		svm->nomem = true;
}

void hs_svm_set_device_used(struct hs_svm *svm, uint32_t device, uint64_t pages)
{
	svm->device_used[device] = pages;
}

void hs_svm_set_ring(struct hs_svm *svm, uint32_t gpu, enum hs_svm_ring ring, bool pending, uint64_t ts)
{
	svm->gpus[gpu].rings[ring] = (struct svm_ring){ .pending = pending, .ts = ts };
}

int hs_svm_set_queue_ref(struct hs_svm *svm, uint64_t page, uint32_t count)
{
	struct svm_range *range = svm_range_from_addr(svm, page, NULL);

	if (!range)
		return -ENOENT;
	range->queue_refcount = count;
	return 0;
}
