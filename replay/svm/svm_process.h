/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_PROCESS_H
#define SVM_PROCESS_H
/*
 * A process under a scenario: the SVM state, what the page tables of each GPU hold, accesses and workers
 * that are due, and the decisions and costs that come out.
 */
#include "replay/address_space/address_space.h"
#include "replay/decision.h"
#include "replay/svm/svm_scenario.h"
#include "replay/svm/svm_state.h"
#include "replay/svm/svm_touches.h"

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

typedef HS_VEC(struct hs_decision) svm_decision_list;

/* Totals of a run, beyond the costs. */
struct svm_totals {
	uint64_t costs[HS_NR_COSTS];
	uint64_t stopped_ns;
	uint64_t gpu_touches, gpu_hits;		/* hits: mapped already */
	uint64_t no_mapping;			/* without recoverable faults: a real GPU would fail */
	uint64_t vanished;			/* accesses to memory that was unmapped before they were due */
	uint64_t gave_up;			/* faults that were never served */
	uint64_t ping_pongs;			/* pages that went back and forth: moves against the last direction */
	uint64_t peak_vram_pages;
};

struct svm_process {
	struct hs_svm *svm;
	const struct svm_scenario *scenario;	/* borrowed */
	uint32_t mm, task;
	uint64_t now;
	svm_decision_list *decisions;		/* borrowed: where decisions go */

	struct hs_svm_runs mapped[HS_SVM_MAX_GPUS];	/* pages in the GPU's page tables */
	struct hs_svm_runs regions;		/* registered pages */
	struct hs_svm_runs moved_out;		/* pages whose last move was to system memory */
	struct svm_touches touches;
	uint64_t restore_due, deferred_due;	/* UINT64_MAX: not pending */
	uint64_t stopped_since;
	uint64_t vram_pages;			/* in buffers now */

	uint64_t costs[HS_NR_COSTS];		/* of the operation that runs */
	bool served, migrated, window_drop, retried;	/* what was seen of a fault */
	struct svm_totals totals;
};

/* now: ns. NULL: out of memory. */
struct svm_process *svm_process_create(const struct svm_scenario *scenario, uint32_t mm, uint64_t now,
				       svm_decision_list *decisions);
void svm_process_destroy(struct svm_process *process);	/* accepts NULL */

/* Operations between begin and end make one decision; result and reason are static. */
void svm_process_begin(struct svm_process *process, uint64_t now);
void svm_process_end(struct svm_process *process, enum hs_point point, uint64_t start, uint64_t last,
		     const char *result, const char *reason);

/* Mappings in [start, last] are taken from the address space; new ones of the scenario's region are registered. */
void svm_process_sync(struct svm_process *process, const struct hs_mm *mm, uint64_t start, uint64_t last);
void svm_process_unmap(struct svm_process *process, uint64_t start, uint64_t last);
/* Anything but an unmap; zap: the pages go away. */
void svm_process_invalidate(struct svm_process *process, enum hs_svm_event event, uint64_t start, uint64_t last,
			    bool zap);
void svm_process_cpu_touch(struct svm_process *process, uint64_t page, bool write);

/* svm_device.c: accesses of the GPU */
void svm_device_touch(struct svm_process *process, const struct svm_touch *touch);
void svm_device_start(struct svm_process *process);

/* Everything that is due up to now: deferred work, accesses, restore worker. */
void svm_process_run_due(struct svm_process *process, uint64_t now);

/* "EFAULT" for -EFAULT; static. */
const char *svm_errno_name(int rc);

#endif
