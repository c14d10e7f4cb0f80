/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_PROCESS_H
#define SVM_PROCESS_H
/*
 * A process under a scenario: the SVM state, what the page tables of each GPU hold, accesses and workers
 * that are due, and the decisions and costs that come out.
 *
 * What is not recorded taints: a decision carries the reasons for which its trigger is assumed, and those of the
 * pages it is about; what it maps or moves is tainted with them until it is unmapped. That a region is registered
 * is declared, and no taint: what is not touched by an assumed decision is as exact as its event.
 */
#include "lib/hash_map.h"
#include "replay/address_space/address_space.h"
#include "replay/decision.h"
#include "replay/svm/svm_scenario.h"
#include "replay/svm/svm_state.h"
#include "replay/svm/svm_touches.h"

#define SVM_LAST_USER_PAGE ((1ull << 36) - 1)	/* 48 bits of address */

/* In the order of the cost columns of the svm points (points.def). */
enum svm_cost {
	SVM_COST_PAGES_IN,
	SVM_COST_PAGES_OUT,
	SVM_COST_COPIED_BYTES,
	SVM_COST_INVALIDATIONS,
	SVM_COST_MAP_PAGES,
	SVM_COST_UNMAP_PAGES,
	SVM_COST_TLB_FLUSHES,
	SVM_COST_QUEUE_STOPS,	/* svm.restore has stopped_ns here */
};

/* Why a decision is not exact. */
enum svm_doubt {
	SVM_DOUBT_BOUNDED = 1 << 0,	/* the event is known as a range only */
	SVM_DOUBT_SCENARIO = 1 << 1,	/* declared: registration, GPUs, their accesses */
	SVM_DOUBT_UNSEEN = 1 << 2,	/* the host raises no fault where the model has moved pages to VRAM */
	SVM_DOUBT_TIMING = 1 << 3,	/* when a worker ran */
	SVM_DOUBT_LOST = 1 << 4,	/* events were lost */
	SVM_DOUBT_LRU = 1 << 5,		/* which buffer had to go */
	SVM_NR_DOUBTS = 6,
};

enum hs_basis svm_basis_of(unsigned int doubts);

typedef HS_VEC(struct hs_decision) svm_decision_list;

/* Totals of a run, beyond the costs. */
struct svm_totals {
	uint64_t costs[HS_NR_COSTS];
	uint64_t copied_in, copied_out;		/* bytes */
	uint64_t stopped_ns, longest_stop_ns, queue_stops;
	uint64_t gpu_touches, gpu_hits;		/* pages, as far as they were looked at; hits: mapped already */
	uint64_t gpu_faults, cpu_touches;
	uint64_t no_mapping;			/* without recoverable faults: a real GPU would fail */
	uint64_t vanished;			/* accesses to memory that is not mapped */
	uint64_t gave_up;			/* faults that were never served */
	uint64_t absorbed, costly;		/* invalidations that did nothing; that stopped queues or unmapped */
	uint64_t ping_pongs, ping_pong_pages;	/* moves back within the window, and their pages */
	uint64_t ping_pong_ranges;		/* granules that ever did */
	uint64_t unseen_pages;			/* moved to VRAM with contents: later CPU touches of them are not recorded */
	uint64_t peak_vram_pages, peak_ranges, wasted_vram_pages;	/* wasted: in buffers, but empty, at the peak */
	uint64_t evicted_buffers;
	uint64_t decisions[HS_NR_BASES], scenario_only;
	uint64_t doubts[SVM_NR_DOUBTS];		/* decisions by reason */
	uint64_t registered[SVM_SCENARIO_REGIONS];	/* pages by region */
};

struct svm_process {
	struct hs_svm *svm;
	const struct svm_scenario *scenario;	/* borrowed */
	const struct hs_hash_map *files;	/* borrowed: mapped object → bit per region whose pattern its name fits */
	const struct hs_address_space *space;	/* borrowed */
	uint32_t mm, task;
	uint32_t belongs;			/* bit per region of the scenario */
	bool is_silent;				/* validate: the GPU's accesses are recorded, nothing is due by itself */
	uint64_t now;
	svm_decision_list *decisions;		/* borrowed: where decisions go */

	struct hs_svm_runs mapped[HS_SVM_MAX_GPUS];	/* pages in the GPU's page tables */
	struct hs_svm_runs regions;		/* registered pages: index of the region + 1 */
	struct hs_svm_runs moves;		/* time of a page's last move * 2, + 1: to system memory */
	struct hs_svm_runs ponged;		/* pages that went to and fro */
	struct hs_svm_runs taint;		/* enum svm_doubt */
	struct svm_touches touches;
	uint64_t restore_due, deferred_due;	/* UINT64_MAX: not pending */
	uint64_t stopped_since;
	uint64_t vram_pages;			/* in buffers now */
	uint64_t resident_pages;		/* in VRAM now */

	/* The operation that runs. */
	unsigned int doubts;
	uint64_t costs[HS_NR_COSTS];
	enum hs_svm_trigger trigger;
	bool served, migrated, window_drop, retried;	/* what was seen of a fault */
	struct svm_totals totals;
};

struct svm_process_setup {
	const struct svm_scenario *scenario;	/* outlives the process */
	const struct hs_hash_map *files;	/* the same; see struct svm_process */
	const struct hs_address_space *space;
	uint32_t mm, task;
	uint64_t now;				/* ns */
	bool is_silent;
	svm_decision_list *decisions;
};

/* NULL: out of memory. */
struct svm_process *svm_process_create(const struct svm_process_setup *setup);
void svm_process_destroy(struct svm_process *process);	/* accepts NULL */

/* Operations between begin and end make one decision about [start, last]; result and reason are static. */
void svm_process_begin(struct svm_process *process, unsigned int doubts, uint64_t start, uint64_t last);
void svm_process_end(struct svm_process *process, enum hs_point point, uint64_t start, uint64_t last,
		     const char *result, const char *reason);

/* The process belongs to these regions of the scenario, too. */
void svm_process_join(struct svm_process *process, uint32_t regions);
/* Mappings in [start, last] are taken from the address space; new ones of the scenario's regions are registered. */
void svm_process_sync(struct svm_process *process, uint64_t start, uint64_t last);
void svm_process_unmap(struct svm_process *process, uint64_t start, uint64_t last);
/* One invalidation; mappings and pages stay as they are. */
void svm_process_invalidate(struct svm_process *process, enum hs_svm_event event, uint64_t start, uint64_t last,
			    unsigned int doubts);
/* The pages go away. */
void svm_process_zap(struct svm_process *process, uint64_t start, uint64_t last);
void svm_process_cpu_touch(struct svm_process *process, uint64_t page, bool write);
/* Events were lost: nothing about the pages is sure any more. */
void svm_process_lost(struct svm_process *process);
/* And now it is again. */
void svm_process_clear_doubt(struct svm_process *process, uint64_t start, uint64_t last, unsigned int doubts);
unsigned int svm_process_doubts(const struct svm_process *process, uint64_t start, uint64_t last);

/* svm_register.c */
/* A mapping of the address space, if a region asks for it. */
void svm_register_mapping(struct svm_process *process, const struct hs_mm *mm, const struct hs_vma *vma);
/* A later set_attr of the scenario. */
void svm_register_call(struct svm_process *process, const struct svm_attr_call *call);

/* svm_device.c: accesses of the GPU */
void svm_device_run(struct svm_process *process, const struct svm_touch *touch);
void svm_device_start(struct svm_process *process);
/* May a GPU of device `index` touch the page? */
bool svm_device_may_touch(const struct svm_process *process, uint64_t page);

/* svm_account.c: what effects mean here */
void svm_account(void *context, const struct hs_svm_effect *effect);
void svm_account_vanished(struct svm_process *process, uint64_t start, uint64_t last);	/* before pages go */
void svm_process_set(struct svm_process *process, struct hs_svm_runs *runs, uint64_t start, uint64_t last,
		     uint64_t value);
void svm_totals_add(struct svm_totals *to, const struct svm_process *process);

/* Everything that is due before `now`: deferred work, accesses, restore worker. */
void svm_process_run_due(struct svm_process *process, uint64_t now);

/* "EFAULT" for -EFAULT; static. */
const char *svm_errno_name(int rc);

#endif
