// SPDX-License-Identifier: GPL-2.0-only
#include "replay/notifier/kvm_mirror.h"

enum { PAGE_SHIFT = 12, PAGE_MASK = (1 << PAGE_SHIFT) - 1 };

static struct hs_kvm_mirror *kvm_of(struct hs_mmu_listener *listener)
{
	return hs_container_of(listener, struct hs_kvm_mirror, listener);
}

static bool meets(const struct hs_memslot *slot, const struct hs_mmu_range *section)
{
	return section->start < slot->end && slot->start < section->end;
}

static bool meets_any(const struct hs_kvm_mirror *kvm, const struct hs_mmu_range *section)
{
	for (size_t i = 0; i < kvm->nr_slots; i++)
		if (meets(&kvm->slots[i], section))
			return true;
	return false;
}

/* kvm_mmu_invalidate_range_add, and the same for addresses in kvm_mmu_invalidate_begin of 6.1. */
static void widen(struct hs_kvm_mirror *kvm, uint64_t start, uint64_t end)
{
	kvm->range_start = start < kvm->range_start ? start : kvm->range_start;
	kvm->range_end = end > kvm->range_end ? end : kvm->range_end;
}

static void widen_by_slot(struct hs_kvm_mirror *kvm, const struct hs_memslot *slot,
			  const struct hs_mmu_range *section)
{
	uint64_t start = section->start > slot->start ? section->start : slot->start;
	uint64_t end = section->end < slot->end ? section->end : slot->end;

	widen(kvm, slot->gfn + ((start - slot->start) >> PAGE_SHIFT),
	      slot->gfn + ((end - slot->start + PAGE_MASK) >> PAGE_SHIFT));
}

/* __kvm_handle_hva_range with kvm_mmu_invalidate_begin at the first slot that is met. */
static void begin(struct hs_kvm_mirror *kvm, const struct hs_mmu_range *section)
{
	if (!kvm->in_progress++) {
		kvm->range_start = UINT64_MAX;
		kvm->range_end = 0;
	}
	if (kvm->rule == HS_KVM_BY_HVA)
		widen(kvm, section->start, section->end);
	for (size_t i = 0; i < kvm->nr_slots; i++)
		if (kvm->rule == HS_KVM_BY_GFN && meets(&kvm->slots[i], section))
			widen_by_slot(kvm, &kvm->slots[i], section);
}

/* kvm_mmu_notifier_invalidate_range_start: never refuses. */
static int start(struct hs_mmu_listener *listener, const struct hs_mmu_range *section)
{
	struct hs_kvm_mirror *kvm = kvm_of(listener);

	kvm->mn_active++;
	if (kvm->rule == HS_KVM_BY_COUNT || meets_any(kvm, section))
		begin(kvm, section);
	if (kvm->zap)
		kvm->zap(kvm->context, section->start, section->end);
	return 0;
}

/* kvm_mmu_invalidate_end: the sequence number first, so that no fault can miss both. */
static void end(struct hs_mmu_listener *listener, const struct hs_mmu_range *section)
{
	struct hs_kvm_mirror *kvm = kvm_of(listener);

	if (kvm->rule == HS_KVM_BY_COUNT || meets_any(kvm, section)) {
		kvm->invalidate_seq++;
		kvm->in_progress--;
	}
	kvm->mn_active--;
}

/* kvm_flush_shadow_all. */
static void release(struct hs_mmu_listener *listener)
{
	struct hs_kvm_mirror *kvm = kvm_of(listener);

	if (kvm->zap)
		kvm->zap(kvm->context, 0, UINT64_MAX);
}

static const struct hs_mmu_listener_ops ops = { .start = start, .end = end, .release = release };

void hs_kvm_mirror_init(struct hs_kvm_mirror *kvm, enum hs_kvm_rule rule, const struct hs_memslot *slots,
			size_t nr_slots)
{
	*kvm = (struct hs_kvm_mirror){ .listener.ops = &ops, .rule = rule, .slots = slots, .nr_slots = nr_slots };
}

const struct hs_memslot *hs_kvm_slot_of(const struct hs_kvm_mirror *kvm, uint64_t address)
{
	for (size_t i = 0; i < kvm->nr_slots; i++)
		if (kvm->slots[i].start <= address && address < kvm->slots[i].end)
			return &kvm->slots[i];
	return NULL;
}

uint64_t hs_kvm_fault_begin(const struct hs_kvm_mirror *kvm)
{
	return kvm->invalidate_seq;
}

static bool is_in_range(const struct hs_kvm_mirror *kvm, uint64_t address)
{
	const struct hs_memslot *slot = hs_kvm_slot_of(kvm, address);
	uint64_t at = address;

	if (kvm->rule == HS_KVM_BY_COUNT)
		return true;
	if (kvm->rule == HS_KVM_BY_GFN)
		at = slot ? slot->gfn + ((address - slot->start) >> PAGE_SHIFT) : UINT64_MAX;
	return kvm->range_start <= at && at < kvm->range_end;
}

/* mmu_notifier_retry, mmu_invalidate_retry_hva, mmu_invalidate_retry_gfn. */
const char *hs_kvm_must_retry(const struct hs_kvm_mirror *kvm, uint64_t address, uint64_t seq)
{
	if (kvm->in_progress && is_in_range(kvm, address))
		return kvm->rule == HS_KVM_BY_COUNT ? "a section is open" :
						      "the union of the open sections holds the page";
	if (kvm->invalidate_seq != seq)
		return "a section of the virtual machine has ended since";
	return NULL;
}

bool hs_kvm_may_change_slots(const struct hs_kvm_mirror *kvm)
{
	return !kvm->mn_active;
}
