// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *svm_errno_name(int rc)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ EINVAL, "EINVAL" }, { EFAULT, "EFAULT" }, { EADDRINUSE, "EADDRINUSE" }, { ENOMEM, "ENOMEM" },
		{ EAGAIN, "EAGAIN" }, { EBUSY, "EBUSY" }, { EPERM, "EPERM" }, { EACCES, "EACCES" },
		{ ENODEV, "ENODEV" }, { ENOSPC, "ENOSPC" }, { EDEADLK, "EDEADLK" }, { EOVERFLOW, "EOVERFLOW" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (rc == -names[i].error)
			return names[i].name;
	return rc ? "error" : "done";
}

/* --- life --- */

static int create_state(struct svm_process *process)
{
	const struct svm_scenario *scenario = process->scenario;
	struct hs_svm_setup setup = {
		.rules = &scenario->rules, .gpus = scenario->gpus, .nr_gpus = scenario->nr_gpus,
		.xnack = scenario->xnack, .granularity = scenario->granularity,
		.max_range_pages = scenario->max_range_pages, .makes_room = true,
		.system_limit_pages = scenario->system_limit_pages, .stack_page = HS_SVM_NO_PAGE,
		.time = process->now, .retry_window = scenario->retry_window,
		.host = { .effect = svm_account, .context = process },
	};

	return hs_svm_create(&setup, &process->svm);
}

struct svm_process *svm_process_create(const struct svm_process_setup *setup)
{
	struct svm_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->scenario = setup->scenario;
	process->files = setup->files;
	process->space = setup->space;
	process->mm = setup->mm;
	process->task = setup->task;
	process->now = setup->now;
	process->is_silent = setup->is_silent;
	process->decisions = setup->decisions;
	process->restore_due = process->deferred_due = UINT64_MAX;
	if (create_state(process)) {
		free(process);
		return NULL;
	}
	if (!process->is_silent)
		svm_device_start(process);
	return process;
}

void svm_process_destroy(struct svm_process *process)
{
	if (!process)
		return;
	hs_svm_destroy(process->svm);
	for (uint32_t gpu = 0; gpu < HS_SVM_MAX_GPUS; gpu++)
		hs_svm_runs_deinit(&process->mapped[gpu]);
	hs_svm_runs_deinit(&process->regions);
	hs_svm_runs_deinit(&process->moves);
	hs_svm_runs_deinit(&process->ponged);
	hs_svm_runs_deinit(&process->taint);
	svm_touches_deinit(&process->touches);
	free(process);
}

/* --- operations --- */

unsigned int svm_process_doubts(const struct svm_process *process, uint64_t start, uint64_t last)
{
	unsigned int doubts = 0;

	hs_svm_for_each_span(span, &process->taint, start, last)
		doubts |= (unsigned int)span.value;
	return doubts;
}

void svm_process_begin(struct svm_process *process, unsigned int doubts, uint64_t start, uint64_t last)
{
	hs_svm_set_time(process->svm, process->now);
	memset(process->costs, 0, sizeof(process->costs));
	process->doubts = doubts | svm_process_doubts(process, start, last);
	process->served = process->migrated = process->window_drop = process->retried = false;
}

enum hs_basis svm_basis_of(unsigned int doubts)
{
	return doubts & ~(unsigned int)SVM_DOUBT_BOUNDED ? HS_BASIS_ASSUMED : doubts ? HS_BASIS_BOUNDED :
	       HS_BASIS_EXACT;
}

static void count_decision(struct svm_process *process)
{
	struct svm_totals *totals = &process->totals;
	uint64_t waste = process->vram_pages > process->resident_pages ? process->vram_pages - process->resident_pages : 0;

	totals->decisions[svm_basis_of(process->doubts)]++;
	totals->scenario_only += (process->doubts & ~(unsigned int)SVM_DOUBT_BOUNDED) == SVM_DOUBT_SCENARIO;
	for (int i = 0; i < SVM_NR_DOUBTS; i++)
		totals->doubts[i] += process->doubts >> i & 1;
	for (size_t i = 0; i < HS_NR_COSTS; i++)
		totals->costs[i] += process->costs[i];
	totals->peak_ranges = svm_max(totals->peak_ranges, process->svm->tree.count);
	totals->wasted_vram_pages = svm_max(totals->wasted_vram_pages, waste);
}

void svm_process_end(struct svm_process *process, enum hs_point point, uint64_t start, uint64_t last,
		     const char *result, const char *reason)
{
	struct hs_decision decision = {
		.time = process->now, .task = process->task, .mm = process->mm, .point = point,
		.subject = start * HS_PAGE_BYTES, .subject_end = (last + 1) * HS_PAGE_BYTES,
		.result = result, .reason = reason, .basis = svm_basis_of(process->doubts),
	};

	count_decision(process);
	memcpy(decision.cost, process->costs, sizeof(decision.cost));
	if (point == HS_POINT_SVM_RESTORE)
		decision.cost[SVM_COST_QUEUE_STOPS] = process->svm->queues_stopped ? 0 :
						      process->now - process->stopped_since;
	if (!process->is_silent && !hs_vec_push(process->decisions, decision))
		process->svm->nomem = true;
}

/* --- mappings --- */

static uint32_t vma_flags(const struct hs_vma *vma)
{
	static const struct {
		uint64_t from;
		uint32_t to;
	} flags[] = {
		{ HS_VMA_RD, HS_SVM_VMA_READ }, { HS_VMA_WR, HS_SVM_VMA_WRITE }, { HS_VMA_EX, HS_SVM_VMA_EXEC },
		{ HS_VMA_IO, HS_SVM_VMA_IO }, { HS_VMA_PF, HS_SVM_VMA_PFNMAP }, { HS_VMA_MM, HS_SVM_VMA_MIXEDMAP },
	};
	uint32_t to = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		to |= vma->flags & flags[i].from ? flags[i].to : 0;
	if (vma->kind == HS_VMA_HUGETLB)
		to |= HS_SVM_VMA_HUGETLB;
	else if (vma->kind != HS_VMA_ANON)
		to |= HS_SVM_VMA_FILE;
	return to;
}

void svm_process_sync(struct svm_process *process, uint64_t start, uint64_t last)
{
	const struct hs_mm *mm = hs_address_space_mm(process->space, process->mm);
	uint64_t end = (last + 1) * HS_PAGE_BYTES;

	if (!mm)
		return;
	hs_svm_remove_vma(process->svm, start, last);
	for (const struct hs_vma *vma = hs_mm_vma_from(mm, start * HS_PAGE_BYTES); vma && vma->node.start < end;
	     vma = hs_vma_next(vma)) {
		hs_svm_add_vma(process->svm, vma->node.start / HS_PAGE_BYTES, vma->node.end / HS_PAGE_BYTES - 1,
			       vma_flags(vma));
		svm_register_mapping(process, mm, vma);
	}
}

void svm_process_join(struct svm_process *process, uint32_t regions)
{
	if (!(regions & ~process->belongs))
		return;
	process->belongs |= regions;
	svm_process_sync(process, 1, SVM_LAST_USER_PAGE);
}

/* --- events --- */

static const char *invalidation_result(struct svm_process *process)
{
	bool is_costly = process->costs[SVM_COST_QUEUE_STOPS] || process->costs[SVM_COST_UNMAP_PAGES];

	process->totals.costly += is_costly;
	process->totals.absorbed += !is_costly;
	return process->costs[SVM_COST_QUEUE_STOPS] ? "queues_stopped" :
	       process->costs[SVM_COST_UNMAP_PAGES] ? "unmapped" :
	       process->svm->queues_stopped ? "already_stopped" : "absorbed";
}

/* Does a range stick out of [start, last]? */
static bool cuts_range(const struct hs_svm *svm, uint64_t start, uint64_t last)
{
	const struct hs_range_node *first = hs_range_tree_overlap(&svm->tree, start, start + 1);
	const struct hs_range_node *behind = hs_range_tree_overlap(&svm->tree, last, last + 1);

	return (first && first->start < start) || (behind && behind->end > last + 1);
}

static void forget(struct svm_process *process, uint64_t start, uint64_t last)
{
	svm_process_set(process, &process->regions, start, last, 0);
	svm_process_set(process, &process->moves, start, last, 0);
	svm_process_set(process, &process->taint, start, last, 0);
}

/*
 * Which ranges go and which are cut follows from what is unmapped and registered alone: taint does not count here,
 * though it does for the costs.
 */
void svm_process_unmap(struct svm_process *process, uint64_t start, uint64_t last)
{
	bool had_range = hs_range_tree_overlap(&process->svm->tree, start, last + 1);
	const char *result = cuts_range(process->svm, start, last) ? "cut" : "removed";

	svm_process_begin(process, 0, start, start - 1);
	svm_account_vanished(process, start, last);
	hs_svm_munmap(process->svm, start, last);
	forget(process, start, last);
	if (!had_range)
		return;
	invalidation_result(process);
	svm_process_end(process, HS_POINT_SVM_UNMAP, start, last, result, hs_svm_event_name(HS_SVM_EVENT_UNMAP));
}

void svm_process_zap(struct svm_process *process, uint64_t start, uint64_t last)
{
	svm_process_begin(process, 0, start, last);
	svm_account_vanished(process, start, last);
	hs_svm_zap(process->svm, start, last);
}

void svm_process_invalidate(struct svm_process *process, enum hs_svm_event event, uint64_t start, uint64_t last,
			    unsigned int doubts)
{
	bool is_unmap = event == HS_SVM_EVENT_UNMAP;
	const char *result = NULL, *evicted;

	if (!hs_range_tree_overlap(&process->svm->tree, start, last + 1))
		return;
	if (is_unmap)
		result = cuts_range(process->svm, start, last) ? "cut" : "removed";
	svm_process_begin(process, doubts, start, is_unmap ? start - 1 : last);
	hs_svm_invalidate(process->svm, event, start, last);
	evicted = invalidation_result(process);
	svm_process_end(process, is_unmap ? HS_POINT_SVM_UNMAP : HS_POINT_SVM_EVICT, start, last,
			result ? result : evicted, hs_svm_event_name(event));
}

/* Each device that follows the CPU touches the page, too, a while later. */
static void follow_touch(struct svm_process *process, uint64_t page, bool write)
{
	const struct svm_scenario *scenario = process->scenario;

	for (uint32_t i = 0; i < scenario->nr_devices; i++) {
		const struct svm_device *device = &scenario->devices[i];
		struct svm_touch again = { .due = process->now + device->time, .page = page, .last = page,
					   .gpu = device->gpu, .write = write };

		if (device->rule == SVM_DEVICE_FOLLOW && hs_svm_runs_get(&process->regions, page) &&
		    !svm_touches_push(&process->touches, again))
			process->svm->nomem = true;
	}
}

void svm_process_cpu_touch(struct svm_process *process, uint64_t page, bool write)
{
	bool in_vram = svm_page_bo(hs_svm_runs_get(&process->svm->pages, page)), is_served;

	svm_process_begin(process, 0, page, page);
	process->totals.cpu_touches++;
	is_served = hs_svm_cpu_fault(process->svm, page);
	if (in_vram)
		svm_process_end(process, HS_POINT_SVM_CPU_FAULT, page, page, !is_served ? "SIGBUS" :
				process->costs[SVM_COST_PAGES_OUT] ? "migrated" : "stays",
				"a CPU touched a page in VRAM");
	if (!process->is_silent)
		follow_touch(process, page, write);
}

/* --- doubts --- */

void svm_process_lost(struct svm_process *process)
{
	hs_range_for_each(node, &process->svm->tree) {
		unsigned int doubts = svm_process_doubts(process, node->start, node->end - 1);

		svm_process_set(process, &process->taint, node->start, node->end - 1, doubts | SVM_DOUBT_LOST);
	}
}

void svm_process_clear_doubt(struct svm_process *process, uint64_t start, uint64_t last, unsigned int doubts)
{
	for (uint64_t from = start; from <= last;) {
		struct hs_svm_span span;

		hs_svm_runs_span(&process->taint, from, last, &span);
		svm_process_set(process, &process->taint, span.start, span.last, span.value & ~(uint64_t)doubts);
		from = span.last + 1;
	}
}

/* --- what is due --- */

static void run_deferred(struct svm_process *process)
{
	process->deferred_due = UINT64_MAX;
	svm_process_begin(process, SVM_DOUBT_TIMING, 1, 0);
	hs_svm_run_deferred(process->svm);
}

static void run_restore(struct svm_process *process)
{
	bool was_stopped = process->svm->queues_stopped;

	process->restore_due = UINT64_MAX;
	svm_process_begin(process, SVM_DOUBT_TIMING, 1, 0);
	hs_svm_run_restore(process->svm);
	if (!was_stopped)
		return;
	svm_process_end(process, HS_POINT_SVM_RESTORE, 0, 0, !process->svm->queues_stopped ? "restored" :
			process->svm->restore_pending ? "rescheduled" : "gave_up",
			process->svm->queues_stopped ? "a mapping failed or was invalidated again" :
			"all invalid ranges are mapped");
}

/* At equal times: deferred work, accesses, restore worker. */
static void run_next(struct svm_process *process, uint64_t next)
{
	struct svm_touch touch;

	process->now = svm_max(process->now, next);
	if (process->deferred_due == next)
		run_deferred(process);
	else if (svm_touches_pop(&process->touches, next, &touch))
		svm_device_run(process, &touch);
	else
		run_restore(process);
}

void svm_process_run_due(struct svm_process *process, uint64_t now)
{
	for (;;) {
		uint64_t next = svm_min(svm_min(process->deferred_due, svm_touches_next(&process->touches)),
					process->restore_due);

		if (next >= now)
			break;
		run_next(process, next);
	}
	process->now = svm_max(process->now, now);
}
