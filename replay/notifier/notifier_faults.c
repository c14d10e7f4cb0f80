// SPDX-License-Identifier: GPL-2.0-only
/* Faults of secondary MMUs: arch/x86/kvm/mmu/mmu.c (kvm_tdp_page_fault), Documentation/mm/hmm.rst. */
#include <stdlib.h>
#include <string.h>

#include "replay/decision.h"
#include "replay/notifier/notifier_state.h"

#define USER_END (1ull << 47)

static uint64_t page_of(uint64_t address)
{
	return address >> HS_PAGE_SHIFT;
}

void hs_notifier_add(struct hs_notifier *notifier, struct hs_step step)
{
	if (!hs_timeline_add(&notifier->timeline, step))
		notifier->nr_left_out++;
}

/* --- slots --------------------------------------------------------------------------------------- */

static bool add_slot(struct hs_notifier *notifier, uint64_t start, uint64_t end)
{
	uint64_t gfn = 0;

	if (start >= end || (start | end) % HS_PAGE_BYTES)
		return false;
	hs_vec_for_each(slot, &notifier->slots) {
		if (start < slot->end && slot->start < end)
			return false;
		gfn = slot->gfn + ((slot->end - slot->start) >> HS_PAGE_SHIFT);
	}
	return hs_vec_push(&notifier->slots, (struct hs_memslot){ start, end, gfn });
}

bool hs_notifier_parse_slots(struct hs_notifier *notifier, const char *text)
{
	char *rest;

	if (strcmp(text, "all") == 0)
		return add_slot(notifier, 0, USER_END);
	for (;; text = rest + 1) {
		uint64_t start = strtoull(text, &rest, 0), end;

		if (rest == text || *rest != '-')
			return false;
		text = rest + 1;
		end = strtoull(text, &rest, 0);
		if (rest == text || !add_slot(notifier, start, end))
			return false;
		if (*rest != ',')
			return !*rest;
	}
}

/* --- the MMUs of an address space ---------------------------------------------------------------- */

/* Entries of a range go: those of one page each where the range is small, else all are looked at. */
static void drop_entries(struct hs_secondary *secondary, uint64_t start, uint64_t end, enum hs_mmu mmu)
{
	uint64_t first = page_of(start), last = page_of(end - 1);
	size_t at = 0;
	const struct hs_hash_slot *slot;

	if (last - first < secondary->pages.count) {
		for (uint64_t page = first; page <= last; page++) {
			uint64_t *bits = hs_hash_map_get(&secondary->pages, page);

			if (bits && *bits & HS_SECONDARY_ENTRY << mmu && hs_vec_push(&secondary->dropped, page))
				*bits &= ~((uint64_t)HS_SECONDARY_ENTRY << mmu);
		}
		return;
	}
	while ((slot = hs_hash_map_next(&secondary->pages, &at)))
		if (slot->key >= first && slot->key <= last && slot->value & HS_SECONDARY_ENTRY << mmu &&
		    hs_vec_push(&secondary->dropped, slot->key))
			*hs_hash_map_get(&secondary->pages, slot->key) &= ~((uint64_t)HS_SECONDARY_ENTRY << mmu);
}

static void drop_of_hmm(void *context, uint64_t start, uint64_t end)
{
	drop_entries(context, start, end, HS_MMU_HMM);
}

static void drop_of_kvm(void *context, uint64_t start, uint64_t end)
{
	drop_entries(context, start, end, HS_MMU_KVM);
}

struct hs_secondary *hs_notifier_find(const struct hs_notifier *notifier, uint32_t mm)
{
	const uint64_t *found = hs_hash_map_get(&notifier->secondaries, mm);

	return found ? (struct hs_secondary *)(uintptr_t)*found : NULL;
}

static void link_secondary(struct hs_notifier *notifier, struct hs_secondary *secondary)
{
	secondary->prev = notifier->end;
	if (notifier->end)
		notifier->end->next = secondary;
	else
		notifier->first = secondary;
	notifier->end = secondary;
}

static struct hs_secondary *add_secondary(struct hs_notifier *notifier, uint32_t mm)
{
	struct hs_secondary *secondary = calloc(1, sizeof(*secondary));

	if (!secondary || hs_hash_map_put(&notifier->secondaries, mm, (uintptr_t)secondary)) {
		free(secondary);
		notifier->nr_left_out++;
		return NULL;
	}
	secondary->mm = mm;
	hs_mmu_subscriptions_init(&secondary->subs);
	hs_kvm_mirror_init(&secondary->kvm, notifier->scenario.kvm_rule, notifier->slots.items, notifier->slots.count);
	secondary->kvm.zap = drop_of_kvm;
	secondary->kvm.context = secondary;
	if (notifier->scenario.has_mmu[HS_MMU_KVM])
		hs_mmu_register(&secondary->subs, &secondary->kvm.listener, false);
	link_secondary(notifier, secondary);
	return secondary;
}

struct hs_secondary *hs_notifier_get(struct hs_notifier *notifier, uint32_t mm)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, mm);

	return secondary ? secondary : add_secondary(notifier, mm);
}

void hs_secondary_destroy(struct hs_notifier *notifier, struct hs_secondary *secondary)
{
	const struct hs_hash_slot *slot;
	size_t at = 0;

	hs_hash_map_remove(&notifier->secondaries, secondary->mm, NULL);
	*(secondary->prev ? &secondary->prev->next : &notifier->first) = secondary->next;
	*(secondary->next ? &secondary->next->prev : &notifier->end) = secondary->prev;
	while ((slot = hs_hash_map_next(&secondary->intervals, &at)))
		free((void *)(uintptr_t)slot->value);
	hs_hash_map_deinit(&secondary->intervals);
	hs_hash_map_deinit(&secondary->pages);
	hs_vec_deinit(&secondary->open);
	hs_vec_deinit(&secondary->dropped);
	free(secondary);
}

/* The interval around an address; made at the first fault in it, as amdgpu makes its ranges. */
static struct hs_hmm_mirror *get_interval(struct hs_notifier *notifier, struct hs_secondary *secondary,
					  uint64_t address)
{
	uint64_t bytes = notifier->scenario.interval_bytes, start = address & ~(bytes - 1);
	uint64_t *found = hs_hash_map_get(&secondary->intervals, start / bytes);
	struct hs_hmm_mirror *hmm;

	if (found)
		return (struct hs_hmm_mirror *)(uintptr_t)*found;
	hmm = malloc(sizeof(*hmm));
	if (!hmm || hs_hash_map_put(&secondary->intervals, start / bytes, (uintptr_t)hmm)) {
		free(hmm);
		return NULL;
	}
	hs_hmm_mirror_init(hmm);
	hmm->zap = drop_of_hmm;
	hmm->context = secondary;
	hs_mmu_interval_insert(&secondary->subs, &hmm->interval, start, bytes, false);
	return hmm;
}

/* --- a fault's steps ----------------------------------------------------------------------------- */

static uint64_t *bits_of(struct hs_secondary *secondary, uint64_t address)
{
	return hs_hash_map_get(&secondary->pages, page_of(address));
}

static void schedule(struct hs_notifier *notifier, const struct hs_secondary_fault *fault, enum hs_step_kind kind,
		     uint64_t time)
{
	hs_notifier_add(notifier, (struct hs_step){
		.time = time, .mm = fault->mm, .kind = kind, .serial = fault->serial,
		.fault = (uint32_t)(fault - notifier->faults.items) });
}

static struct hs_secondary_fault *new_fault(struct hs_notifier *notifier)
{
	if (notifier->free_faults.count)
		return &notifier->faults.items[notifier->free_faults.items[--notifier->free_faults.count]];
	if (!hs_vec_push(&notifier->faults, (struct hs_secondary_fault){ 0 }) ||
	    !hs_vec_reserve(&notifier->free_faults, notifier->faults.count))
		return NULL;
	return &notifier->faults.items[notifier->faults.count - 1];
}

static void touch_by(struct hs_notifier *notifier, struct hs_secondary *secondary, uint64_t address, enum hs_mmu mmu)
{
	uint64_t *bits = bits_of(secondary, address), has = bits ? *bits : 0;
	struct hs_secondary_fault *fault;

	if (has & (uint64_t)(HS_SECONDARY_ENTRY | HS_SECONDARY_FAULT) << mmu)
		return;
	if (mmu == HS_MMU_KVM && !hs_kvm_slot_of(&secondary->kvm, address))
		return;
	fault = new_fault(notifier);
	if (!fault || hs_hash_map_put(&secondary->pages, page_of(address), has | (uint64_t)HS_SECONDARY_FAULT << mmu)) {
		notifier->nr_left_out++;
		return;
	}
	*fault = (struct hs_secondary_fault){ .address = address, .mm = secondary->mm, .mmu = (uint8_t)mmu, .is_used = true,
					      .serial = ++notifier->next_serial, .began = notifier->timeline.now };
	hs_secondary_begin(notifier, fault);
}

void hs_secondary_touch(struct hs_notifier *notifier, uint32_t mm, uint64_t address)
{
	struct hs_secondary *secondary = hs_address_space_mm(notifier->space, mm) ? hs_notifier_get(notifier, mm) : NULL;

	for (int mmu = 0; secondary && mmu < HS_NR_MMUS; mmu++)
		if (notifier->scenario.has_mmu[mmu])
			touch_by(notifier, secondary, address, (enum hs_mmu)mmu);
}

static void end_fault(struct hs_notifier *notifier, struct hs_secondary_fault *fault)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, fault->mm);
	uint64_t *bits = secondary ? bits_of(secondary, fault->address) : NULL;

	if (bits)
		*bits &= ~((uint64_t)HS_SECONDARY_FAULT << fault->mmu);
	fault->is_used = false;
	fault->serial = 0;
	hs_vec_push(&notifier->free_faults, (uint32_t)(fault - notifier->faults.items));
}

/* The sequence number is read; an interval that is being invalidated makes the fault wait for a section's end. */
void hs_secondary_begin(struct hs_notifier *notifier, struct hs_secondary_fault *fault)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, fault->mm);
	uint64_t now = notifier->timeline.now;

	fault->has_looked = fault->is_gone = false;
	if (fault->mmu == HS_MMU_KVM) {
		fault->seq = hs_kvm_fault_begin(&secondary->kvm);
	} else {
		struct hs_hmm_mirror *hmm = get_interval(notifier, secondary, fault->address);

		if (!hmm) {
			notifier->nr_left_out++;
			end_fault(notifier, fault);
			return;
		}
		if (!hs_hmm_fault_begin(&secondary->subs, hmm, &fault->seq)) {
			notifier->nr_waits += !fault->is_waiting;
			fault->is_waiting = true;
			return;
		}
	}
	if (fault->is_waiting)
		fault->wait_ns += now - fault->began;
	fault->is_waiting = false;
	schedule(notifier, fault, HS_STEP_LOOK, now + notifier->scenario.fault_ns / 2);
	schedule(notifier, fault, HS_STEP_CHECK, now + notifier->scenario.fault_ns);
}

static bool has_address(const struct hs_mmu_range *range, uint64_t address)
{
	return range->start <= address && address < range->end;
}

void hs_secondary_look(struct hs_notifier *notifier, struct hs_secondary_fault *fault)
{
	const struct hs_secondary *secondary = hs_notifier_find(notifier, fault->mm);

	fault->has_looked = true;
	hs_vec_for_each(open, &secondary->open) {
		fault->is_gone |= has_address(&open->range, fault->address);
		fault->basis = open->basis > fault->basis ? open->basis : fault->basis;
	}
}

static const char *must_retry(const struct hs_secondary *secondary, const struct hs_notifier *notifier,
			      const struct hs_secondary_fault *fault)
{
	const uint64_t *found;

	if (fault->mmu == HS_MMU_KVM)
		return hs_kvm_must_retry(&secondary->kvm, fault->address, fault->seq);
	found = hs_hash_map_get(&secondary->intervals, fault->address / notifier->scenario.interval_bytes);
	return hs_hmm_must_retry((const struct hs_hmm_mirror *)(uintptr_t)*found, fault->seq);
}

static enum hs_point point_of(const struct hs_secondary_fault *fault)
{
	return fault->mmu == HS_MMU_KVM ? HS_POINT_NOTIFIER_KVM_FAULT : HS_POINT_NOTIFIER_HMM_FAULT;
}

static void map_page(struct hs_notifier *notifier, struct hs_secondary *secondary, struct hs_secondary_fault *fault)
{
	notifier->nr_maps[fault->mmu]++;
	notifier->nr_broken += fault->is_gone;
	*bits_of(secondary, fault->address) |= (uint64_t)HS_SECONDARY_ENTRY << fault->mmu;
	end_fault(notifier, fault);
}

static void try_again(struct hs_notifier *notifier, struct hs_secondary_fault *fault)
{
	notifier->nr_retries[fault->mmu]++;
	notifier->nr_stale[fault->mmu] += fault->is_gone;
	notifier->nr_needless[fault->mmu] += !fault->is_gone;
	fault->retries++;
	fault->began = notifier->timeline.now;
	schedule(notifier, fault, HS_STEP_BEGIN, notifier->timeline.now);
}

void hs_secondary_check(struct hs_notifier *notifier, struct hs_secondary_fault *fault, struct hs_decision *decision)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, fault->mm);
	const char *reason = must_retry(secondary, notifier, fault);

	*decision = (struct hs_decision){
		.time = notifier->timeline.now, .mm = fault->mm, .point = point_of(fault), .subject = fault->address,
		.subject_end = fault->address + HS_PAGE_BYTES, .result = reason ? "RETRY" : "MAP",
		.reason = reason ? reason : "no section since the lookup",
		.basis = notifier->is_lossy ? HS_BASIS_ASSUMED : (enum hs_basis)fault->basis,
		.cost = { fault->retries, fault->wait_ns, reason && fault->is_gone, reason && !fault->is_gone },
	};
	if (reason)
		try_again(notifier, fault);
	else
		map_page(notifier, secondary, fault);
}
