// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host's events on the processes of the scenario. Where invalidation sections of an address space are
 * recorded, they alone invalidate; else system calls, faults and collapses do, as far as these tell.
 */
#include "replay/svm/svm_instance.h"

#include <string.h>
#include <sys/mman.h>

enum { FAULT_PROTECTION = 1, FAULT_WRITE = 2 };	/* error code of an x86 page fault */

static uint64_t page_of(uint64_t address)
{
	return address / HS_PAGE_BYTES;
}

/* [start, start + length) rounded up to pages; false: nothing, or not a user's address. */
static bool pages_of(uint64_t start, uint64_t length, uint64_t *first, uint64_t *last)
{
	*first = page_of(start);
	if (!length || start + length < start || page_of(start + length - 1) > SVM_LAST_USER_PAGE)
		return false;
	*last = page_of(start + length - 1);
	return true;
}

/* Where sections are recorded, the unmap was one of them. */
static void unmap(struct svm_slot *slot, uint64_t first, uint64_t last)
{
	if (!slot->sees_sections)
		svm_process_unmap(slot->process, first, last);
}

static void invalidate(struct svm_slot *slot, enum hs_svm_event event, uint64_t first, uint64_t last,
		       unsigned int doubts)
{
	if (!slot->sees_sections)
		svm_process_invalidate(slot->process, event, first, last, doubts);
}

static void see_mmap(struct svm_slot *slot, const struct hs_mm_mmap *event)
{
	uint64_t first, last;

	if (event->ret < 0 && event->ret > -4096)
		return;
	if (!pages_of((uint64_t)event->ret, event->len, &first, &last))
		return;
	if (event->flags & MAP_FIXED)
		unmap(slot, first, last);
	svm_process_sync(slot->process, first, last);
}

static void see_munmap(struct svm_slot *slot, const struct hs_mm_munmap *event)
{
	uint64_t first, last;

	if (event->ret || !pages_of(event->addr, event->len, &first, &last))
		return;
	unmap(slot, first, last);
	svm_process_sync(slot->process, first, last);
}

/* A move invalidates the old place twice: page tables are moved, then the mapping goes. */
static void see_mremap(struct svm_slot *slot, const struct hs_mm_mremap *event)
{
	uint64_t first, last, new_first, new_last;

	if ((event->ret < 0 && event->ret > -4096) ||
	    !pages_of((uint64_t)event->ret, event->new_len, &new_first, &new_last))
		return;
	if ((uint64_t)event->ret != event->addr) {
		if (pages_of(event->addr, event->old_len, &first, &last)) {
			invalidate(slot, HS_SVM_EVENT_UNMAP, first, last, 0);
			unmap(slot, first, last);
			svm_process_sync(slot->process, first, last);
		}
	} else if (event->new_len < event->old_len &&
		   pages_of(event->addr + event->new_len, event->old_len - event->new_len, &first, &last)) {
		unmap(slot, first, last);
	}
	svm_process_sync(slot->process, new_first, new_last);
}

static void see_brk(struct svm_slot *slot, const struct hs_mm_brk *event)
{
	uint64_t brk = page_of((uint64_t)event->ret + HS_PAGE_BYTES - 1);

	if (!brk || brk > SVM_LAST_USER_PAGE)
		return;
	if (slot->brk > brk)
		unmap(slot, brk, slot->brk - 1);
	svm_process_sync(slot->process, slot->brk && slot->brk < brk ? slot->brk - 1 : brk - 1,
			 svm_max(slot->brk, brk));
	slot->brk = brk;
}

static void see_mprotect(struct svm_slot *slot, const struct hs_mm_mprotect *event)
{
	uint64_t first, last;

	if (event->ret || !pages_of(event->addr, event->len, &first, &last))
		return;
	svm_process_sync(slot->process, first, last);
	invalidate(slot, HS_SVM_EVENT_PROTECTION_VMA, first, last, 0);
}

static void see_madvise(struct svm_slot *slot, const struct hs_mm_madvise *event)
{
	enum { ADVICE_DONTNEED_LOCKED = 24 };
	bool drops = event->advice == MADV_DONTNEED || event->advice == ADVICE_DONTNEED_LOCKED ||
		     event->advice == MADV_REMOVE;
	uint64_t first, last;

	if (event->ret || (!drops && event->advice != MADV_FREE) ||
	    !pages_of(event->addr, event->len, &first, &last))
		return;
	invalidate(slot, HS_SVM_EVENT_CLEAR, first, last, 0);
	if (drops)
		svm_process_zap(slot->process, first, last);
}

/* fork write-protects private memory of the parent, one mapping after the other. */
static void see_fork(struct svm_slot *slot, const struct hs_mm_fork *event)
{
	if (event->child_mm == event->row.mm || !event->child_mm)
		return;
	hs_svm_for_each_span(vma, &slot->process->svm->vmas, 0, SVM_LAST_USER_PAGE) {
		if (!(vma.value & HS_SVM_VMA_WRITE) || vma.value & HS_SVM_VMA_FILE)
			continue;
		invalidate(slot, HS_SVM_EVENT_PROTECTION_PAGE, vma.start, vma.last, 0);
		hs_svm_share(slot->process->svm, vma.start, vma.last, true);
	}
}

/* A write to a page that is there but may not be written copies it, in most cases: CLEAR of the old one. */
static void see_copy(struct svm_slot *slot, uint64_t page, uint16_t error_code)
{
	if ((error_code & (FAULT_PROTECTION | FAULT_WRITE)) == (FAULT_PROTECTION | FAULT_WRITE))
		invalidate(slot, HS_SVM_EVENT_CLEAR, page, page, SVM_DOUBT_BOUNDED);
	if (error_code & FAULT_WRITE)
		hs_svm_share(slot->process->svm, page, page, false);
}

/* A fault of a thread that stands for a GPU; false: of none. */
static bool touch_by_device(const struct hs_model *model, struct svm_slot *slot, uint32_t task,
			    enum svm_device_rule rule, uint64_t page, bool write)
{
	uint32_t flags = svm_devices_of(model, task);

	for (uint32_t i = 0; flags && i < model->scenario.nr_devices; i++) {
		const struct svm_device *device = &model->scenario.devices[i];
		struct svm_touch touch = { .page = page + device->offset, .gpu = device->gpu, .write = write };

		touch.last = touch.page;
		if (!(flags >> i & 1) || device->rule != rule || !svm_device_may_touch(slot->process, touch.page))
			continue;
		svm_device_run(slot->process, &touch);
		return true;
	}
	return false;
}

static void see_touch(const struct hs_model *model, struct svm_slot *slot, const struct hs_row *row,
		      uint64_t address, uint16_t error_code)
{
	uint64_t page = page_of(address);
	bool write = error_code & FAULT_WRITE;

	if (page > SVM_LAST_USER_PAGE || touch_by_device(model, slot, row->task, SVM_DEVICE_THREADS, page, write))
		return;
	see_copy(slot, page, error_code);
	svm_process_cpu_touch(slot->process, page, write);
}

/* A collapse replaces the page table of its 2 MiB: one CLEAR. */
static void see_collapse(struct svm_slot *slot, const struct hs_collapse_huge_page *event)
{
	static const char succeed[] = "SCAN_SUCCEED";
	uint64_t first = svm_align_down(page_of(event->address), SVM_HUGE_PAGES);

	if (!event->address_basis || first > SVM_LAST_USER_PAGE || event->status.length != sizeof(succeed) - 1 ||
	    memcmp(event->status.data, succeed, sizeof(succeed) - 1) != 0)
		return;
	invalidate(slot, HS_SVM_EVENT_CLEAR, first, first + SVM_HUGE_PAGES - 1, 0);
}

/* What KVM of the same process was told reaches every subscriber of its address space. */
static void see_kvm_unmap(const struct hs_model *model, struct svm_slot *slot,
			  const struct hs_notifier_kvm_unmap *event)
{
	uint64_t first, last;

	if (strcmp(hs_policy_text(model->policy, "svm.kvm_unmap"), "clear") == 0 &&
	    pages_of(event->start, event->end - event->start, &first, &last))
		invalidate(slot, HS_SVM_EVENT_CLEAR, first, last, SVM_DOUBT_BOUNDED);
}

/* The section of an unmap comes before the system call's own event, which is recorded at its end. */
static void see_section(struct svm_slot *slot, const struct hs_notifier_start *event)
{
	uint64_t first, last;

	slot->sees_sections = true;
	if (event->ret || event->event >= HS_SVM_NR_EVENTS ||
	    !pages_of(event->start, event->end - event->start, &first, &last))
		return;
	if (event->event == HS_SVM_EVENT_UNMAP)
		svm_process_unmap(slot->process, first, last);
	else
		svm_process_invalidate(slot->process, (enum hs_svm_event)event->event, first, last, 0);
}

void svm_apply_event(struct hs_model *model, struct svm_slot *slot, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_meta_mm:
		return svm_process_sync(slot->process, 1, SVM_LAST_USER_PAGE);
	case HS_KIND_mm_mmap:
		return see_mmap(slot, event->mm_mmap);
	case HS_KIND_mm_munmap:
		return see_munmap(slot, event->mm_munmap);
	case HS_KIND_mm_mremap:
		return see_mremap(slot, event->mm_mremap);
	case HS_KIND_mm_brk:
		return see_brk(slot, event->mm_brk);
	case HS_KIND_mm_mprotect:
		return see_mprotect(slot, event->mm_mprotect);
	case HS_KIND_mm_madvise:
		return see_madvise(slot, event->mm_madvise);
	case HS_KIND_mm_fork:
		return see_fork(slot, event->mm_fork);
	case HS_KIND_fault_user:
		return see_touch(model, slot, event->row, event->fault_user->address, event->fault_user->error_code);
	case HS_KIND_fault_kernel:
		return see_touch(model, slot, event->row, event->fault_kernel->address,
				 event->fault_kernel->error_code);
	case HS_KIND_collapse_huge_page:
		return see_collapse(slot, event->collapse_huge_page);
	case HS_KIND_notifier_kvm_unmap:
		return see_kvm_unmap(model, slot, event->notifier_kvm_unmap);
	case HS_KIND_notifier_start:
		return see_section(slot, event->notifier_start);
	default:
		return;
	}
}

/* A fault of another process that stands for a GPU, on each process of the scenario. */
void svm_apply_foreign_fault(struct hs_model *model, const struct hs_event *event)
{
	bool is_user = event->kind == HS_KIND_fault_user;
	uint64_t page = page_of(is_user ? event->fault_user->address : event->fault_kernel->address);
	uint16_t error_code = is_user ? event->fault_user->error_code : event->fault_kernel->error_code;

	hs_vec_for_each(slot, &model->list) {
		if (slot->process->mm == event->row->mm)
			continue;
		svm_process_run_due(slot->process, event->row->time);
		touch_by_device(model, slot, event->row->task, SVM_DEVICE_PROCESS, page, error_code & FAULT_WRITE);
	}
}
