/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_NOTIFIER_STATE_H
#define HS_NOTIFIER_STATE_H
/*
 * Secondary MMUs of a replay: for every address space one that mirrors it by interval notifiers (HMM-like) and
 * one virtual machine (KVM-like), their entries, and their faults on the way.
 */
#include "lib/hash_map.h"
#include "replay/address_space/address_space.h"
#include "replay/notifier/hmm_mirror.h"
#include "replay/notifier/kvm_mirror.h"
#include "replay/notifier/timeline.h"

enum hs_mmu { HS_MMU_HMM, HS_MMU_KVM, HS_NR_MMUS };

/* The scenario: what of it no trace can tell. */
struct hs_secondary_scenario {
	bool has_mmu[HS_NR_MMUS];
	bool refaults;			/* dropped entries are faulted in again, while their mapping is there */
	uint64_t delay_ns;		/* from what makes the secondary MMU touch a page to the fault */
	uint64_t fault_ns;		/* from reading the sequence number to the check */
	uint64_t section_ns;		/* length of a section whose end is not recorded */
	uint64_t window_ns;		/* a step is taken when no event from before it can come any more */
	uint64_t interval_bytes;	/* HMM: a power of two */
	uint64_t refault_limit;		/* pages of one section */
	enum hs_kvm_rule kvm_rule;
};

struct hs_secondary_fault {
	uint64_t address, began, seq, wait_ns;
	uint32_t mm, serial, retries;
	uint8_t mmu;			/* enum hs_mmu */
	uint8_t basis;			/* of the sections it has met: the weakest */
	bool is_used, is_waiting, has_looked;
	bool is_gone;			/* a section of the page was open since it was looked up */
};

struct hs_open_range {
	struct hs_mmu_range range;
	uint8_t basis;
};

/* The secondary MMUs of one address space. */
struct hs_secondary {
	uint32_t mm;
	struct hs_mmu_subscriptions subs;
	struct hs_kvm_mirror kvm;
	struct hs_hash_map intervals;		/* number of the aligned piece -> struct hs_hmm_mirror * */
	struct hs_hash_map pages;		/* page number -> PAGE_* bits */
	HS_VEC(struct hs_open_range) open;
	HS_VEC(uint64_t) dropped;		/* pages whose entries the section at hand took */
	struct hs_secondary *prev, *next;
};

enum { HS_SECONDARY_ENTRY = 1 << 0, HS_SECONDARY_FAULT = 1 << HS_NR_MMUS };	/* shifted by enum hs_mmu */

struct hs_notifier {
	const struct hs_address_space *space;
	struct hs_secondary_scenario scenario;
	HS_VEC(struct hs_memslot) slots;
	struct hs_hash_map secondaries;		/* mm -> struct hs_secondary * */
	struct hs_secondary *first, *end;
	HS_VEC(struct hs_secondary_fault) faults;
	HS_VEC(uint32_t) free_faults;
	struct hs_timeline timeline;
	uint32_t next_serial;
	bool is_lossy;				/* events were lost: perhaps sections, too */
	uint64_t nr_sections, nr_maps[HS_NR_MMUS], nr_retries[HS_NR_MMUS], nr_stale[HS_NR_MMUS];
	uint64_t nr_needless[HS_NR_MMUS], nr_waits;
	uint64_t nr_broken;			/* an entry was made that must not be: a fault of this model */
	uint64_t nr_unmatched;			/* a section ended that was not open */
	uint64_t nr_left_out;			/* out of memory */
};

/* --- notifier_faults.c --------------------------------------------------------------------------- */

/* Lists of "0xSTART-0xEND,…", or "all". False: not such a list. */
bool hs_notifier_parse_slots(struct hs_notifier *notifier, const char *text);
struct hs_secondary *hs_notifier_find(const struct hs_notifier *notifier, uint32_t mm);
struct hs_secondary *hs_notifier_get(struct hs_notifier *notifier, uint32_t mm);
void hs_secondary_destroy(struct hs_notifier *notifier, struct hs_secondary *secondary);
/* The next step of a fault, or a fault of every MMU that has no entry for the page. */
void hs_secondary_touch(struct hs_notifier *notifier, uint32_t mm, uint64_t address);
void hs_secondary_begin(struct hs_notifier *notifier, struct hs_secondary_fault *fault);
void hs_secondary_look(struct hs_notifier *notifier, struct hs_secondary_fault *fault);
struct hs_decision;
void hs_secondary_check(struct hs_notifier *notifier, struct hs_secondary_fault *fault, struct hs_decision *decision);

/* --- notifier_sections.c ------------------------------------------------------------------------- */

void hs_secondary_open(struct hs_notifier *notifier, const struct hs_step *step);
void hs_secondary_close(struct hs_notifier *notifier, const struct hs_step *step);
void hs_secondary_exit(struct hs_notifier *notifier, uint32_t mm);

/* Adds a step; counts it out where memory is short. */
void hs_notifier_add(struct hs_notifier *notifier, struct hs_step step);

#endif
