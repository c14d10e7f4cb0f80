/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KVM_MIRROR_H
#define HS_KVM_MIRROR_H
/*
 * What one virtual machine keeps of the invalidations of its host address space, and the rule by which a guest's
 * page fault must be tried again: virt/kvm/kvm_main.c, arch/x86/kvm/mmu/mmu.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/notifier/mmu_notifier.h"

enum hs_kvm_rule {
	HS_KVM_BY_COUNT,	/* 2.6.27: any open section stops every fault */
	HS_KVM_BY_HVA,		/* 5.12 to 6.7: faults inside the union of the open sections, as host addresses */
	HS_KVM_BY_GFN,		/* since 6.8: the same as guest page numbers */
};

/* Host addresses [start, end) are the guest's pages from gfn on. */
struct hs_memslot {
	uint64_t start, end, gfn;
};

struct hs_kvm_mirror {
	struct hs_mmu_listener listener;	/* to be registered */
	enum hs_kvm_rule rule;
	const struct hs_memslot *slots;		/* borrowed, disjoint, in order of their gfn */
	size_t nr_slots;
	uint64_t mn_active;			/* open sections, of any range */
	uint64_t invalidate_seq;		/* ended sections that met a slot */
	uint64_t in_progress;			/* open ones that met a slot */
	uint64_t range_start, range_end;	/* union while in_progress; bytes or pages, as the rule says */
	/* Entries of [start, end) are dropped here; or NULL. */
	void (*zap)(void *context, uint64_t start, uint64_t end);
	void *context;
};

void hs_kvm_mirror_init(struct hs_kvm_mirror *kvm, enum hs_kvm_rule rule, const struct hs_memslot *slots,
			size_t nr_slots);

const struct hs_memslot *hs_kvm_slot_of(const struct hs_kvm_mirror *kvm, uint64_t address);

/* At the start of a fault, before the page is looked up: what hs_kvm_must_retry compares with. */
uint64_t hs_kvm_fault_begin(const struct hs_kvm_mirror *kvm);
/* Just before the entry is made. NULL: map; else the reason to try again (static). address lies in a slot. */
const char *hs_kvm_must_retry(const struct hs_kvm_mirror *kvm, uint64_t address, uint64_t seq);
/* May slots be changed (kvm_swap_active_memslots), or would the change wait? */
bool hs_kvm_may_change_slots(const struct hs_kvm_mirror *kvm);

#endif
