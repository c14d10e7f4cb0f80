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

/* --- what effects mean here --- */

static void set_runs(struct svm_process *process, struct hs_svm_runs *runs, uint64_t start, uint64_t last,
		     uint64_t value)
{
	if (hs_svm_runs_set(runs, start, last, value))
		process->svm->nomem = true;
}

/* A page that comes in after it went out has gone there and back. */
static void see_move(struct svm_process *process, const struct hs_svm_effect *effect)
{
	process->costs[effect->to_vram ? SVM_COST_PAGES_IN : SVM_COST_PAGES_OUT] += effect->pages;
	process->costs[SVM_COST_COPIED_BYTES] += effect->copied_pages * HS_PAGE_BYTES;
	if (!effect->pages)
		return;
	if (effect->to_vram)
		process->totals.ping_pongs += hs_svm_runs_count(&process->moved_out, effect->start, effect->last);
	set_runs(process, &process->moved_out, effect->start, effect->last, !effect->to_vram);
}

static void see_buffer(struct svm_process *process, const struct hs_svm_effect *effect)
{
	if (effect->kind == HS_SVM_EFFECT_BO_FREE)
		process->vram_pages -= effect->pages;
	else if (!effect->rc)
		process->vram_pages += effect->pages;
	process->totals.peak_vram_pages = svm_max(process->totals.peak_vram_pages, process->vram_pages);
}

static void see_tables(struct svm_process *process, const struct hs_svm_effect *effect)
{
	bool is_map = effect->kind == HS_SVM_EFFECT_MAP;

	process->costs[is_map ? SVM_COST_MAP_PAGES : SVM_COST_UNMAP_PAGES] += effect->last - effect->start + 1;
	if (!effect->rc)
		set_runs(process, &process->mapped[effect->gpu], effect->start, effect->last, is_map);
}

static void see_fault(struct svm_process *process, const struct hs_svm_effect *effect)
{
	process->served |= effect->kind == HS_SVM_EFFECT_FAULT_END;
	process->migrated |= effect->migrated;
	process->retried |= effect->kind == HS_SVM_EFFECT_FAULT_FILTER_REMOVE;
	process->window_drop |= effect->kind == HS_SVM_EFFECT_HAZARD &&
				effect->hazard == HS_SVM_HAZARD_WINDOW_DROP;
}

static void see_queues(struct svm_process *process, const struct hs_svm_effect *effect)
{
	if (effect->kind == HS_SVM_EFFECT_EVICT_QUEUES) {
		process->costs[SVM_COST_QUEUE_STOPS]++;
		process->stopped_since = process->now;
	} else if (effect->kind == HS_SVM_EFFECT_RESTORE_QUEUES) {
		process->totals.stopped_ns += process->now - process->stopped_since;
	} else if (effect->kind == HS_SVM_EFFECT_SCHEDULE_RESTORE && effect->queued) {
		process->restore_due = process->now + process->scenario->restore_delay;
	} else if (effect->kind == HS_SVM_EFFECT_SCHEDULE_DEFERRED && effect->queued) {
		process->deferred_due = process->now + process->scenario->deferred_delay;
	}
}

static void see_effect(void *context, const struct hs_svm_effect *effect)
{
	struct svm_process *process = context;

	switch (effect->kind) {
	case HS_SVM_EFFECT_MOVED:
		see_move(process, effect);
		break;
	case HS_SVM_EFFECT_BO_NEW:
	case HS_SVM_EFFECT_BO_FREE:
		see_buffer(process, effect);
		break;
	case HS_SVM_EFFECT_MAP:
	case HS_SVM_EFFECT_UNMAP:
		see_tables(process, effect);
		break;
	case HS_SVM_EFFECT_FLUSH_TLB:
		process->costs[SVM_COST_TLB_FLUSHES]++;
		break;
	case HS_SVM_EFFECT_NOTIFY:
		process->costs[SVM_COST_INVALIDATIONS] += effect->event == HS_SVM_EVENT_MIGRATE;
		break;
	default:
		see_fault(process, effect);
		see_queues(process, effect);
	}
}

/* --- life --- */

static int create_state(struct svm_process *process, uint64_t now)
{
	const struct svm_scenario *scenario = process->scenario;
	struct hs_svm_setup setup = {
		.rules = &scenario->rules, .gpus = scenario->gpus, .nr_gpus = scenario->nr_gpus,
		.xnack = scenario->xnack, .granularity = scenario->granularity,
		.max_range_pages = scenario->max_range_pages,
		.system_limit_pages = scenario->system_limit_pages, .stack_page = HS_SVM_NO_PAGE, .time = now,
		.retry_window = scenario->retry_window, .host = { .effect = see_effect, .context = process },
	};

	return hs_svm_create(&setup, &process->svm);
}

struct svm_process *svm_process_create(const struct svm_scenario *scenario, uint32_t mm, uint64_t now,
				       svm_decision_list *decisions)
{
	struct svm_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->scenario = scenario;
	process->mm = mm;
	process->now = now;
	process->decisions = decisions;
	process->restore_due = process->deferred_due = UINT64_MAX;
	if (create_state(process, now)) {
		free(process);
		return NULL;
	}
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
	hs_svm_runs_deinit(&process->moved_out);
	svm_touches_deinit(&process->touches);
	free(process);
}

void svm_process_begin(struct svm_process *process, uint64_t now)
{
	process->now = now;
	hs_svm_set_time(process->svm, now);
	memset(process->costs, 0, sizeof(process->costs));
	process->served = process->migrated = process->window_drop = process->retried = false;
}

void svm_process_end(struct svm_process *process, enum hs_point point, uint64_t start, uint64_t last,
		     const char *result, const char *reason)
{
	struct hs_decision decision = {
		.time = process->now, .task = process->task, .mm = process->mm, .point = point,
		.subject = start * HS_PAGE_BYTES, .subject_end = (last + 1) * HS_PAGE_BYTES,
		.result = result, .reason = reason, .basis = HS_BASIS_ASSUMED,
	};

	for (size_t i = 0; i < HS_NR_COSTS; i++) {
		process->totals.costs[i] += process->costs[i];
		decision.cost[i] = process->costs[i];
	}
	if (point == HS_POINT_SVM_RESTORE)
		decision.cost[SVM_COST_QUEUE_STOPS] = process->now - process->stopped_since;
	if (!hs_vec_push(process->decisions, decision))
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
	return to;
}

static void populate_from(struct svm_process *process, const struct hs_mm *mm, uint64_t start, uint64_t last)
{
	uint64_t end = (last + 1) * HS_PAGE_BYTES;
	uint64_t at = hs_mm_next_slot(mm, start * HS_PAGE_BYTES, end);

	for (; at != UINT64_MAX; at = hs_mm_next_slot(mm, at + HS_SLOT_BYTES, end)) {
		struct hs_slot slot;

		hs_mm_get_slot(mm, at, &slot);
		for (unsigned int bit = 0; bit < HS_BITMAP512_BITS; bit++) {
			uint64_t page = (at & ~(HS_SLOT_BYTES - 1)) / HS_PAGE_BYTES + bit;

			if (page >= start && page <= last && hs_bitmap512_test(&slot.present, bit))
				hs_svm_touch(process->svm, page, page);
		}
	}
}

static bool is_selected(const struct svm_scenario *scenario, const struct hs_vma *vma, uint64_t start, uint64_t last)
{
	return vma->kind == HS_VMA_ANON && start && last - start + 1 >= scenario->region_least &&
	       start >= scenario->region_start && last <= scenario->region_last;
}

/* One set_attr for what is not registered yet. */
static void register_region(struct svm_process *process, const struct hs_mm *mm, uint64_t start, uint64_t last)
{
	struct hs_svm_attr attrs[SVM_SCENARIO_ATTRS];
	int rc;

	if (hs_svm_runs_count(&process->regions, start, last) == last - start + 1)
		return;
	memcpy(attrs, process->scenario->attrs, sizeof(attrs));
	set_runs(process, &process->regions, start, last, 1);
	populate_from(process, mm, start, last);
	svm_process_begin(process, process->now);
	rc = hs_svm_ioctl(process->svm, 0, start * HS_PAGE_BYTES, (last - start + 1) * HS_PAGE_BYTES, attrs,
			  process->scenario->nr_attrs);
	svm_process_end(process, HS_POINT_SVM_SET_ATTR, start, last, svm_errno_name(rc), "a region of the scenario");
}

void svm_process_sync(struct svm_process *process, const struct hs_mm *mm, uint64_t start, uint64_t last)
{
	uint64_t end = (last + 1) * HS_PAGE_BYTES;
	const struct hs_vma *vma = hs_mm_vma_from(mm, start * HS_PAGE_BYTES);

	hs_svm_remove_vma(process->svm, start, last);
	for (; vma && vma->node.start < end; vma = hs_vma_next(vma)) {
		uint64_t from = vma->node.start / HS_PAGE_BYTES, to = vma->node.end / HS_PAGE_BYTES - 1;

		hs_svm_add_vma(process->svm, from, to, vma_flags(vma));
		if (is_selected(process->scenario, vma, from, to))
			register_region(process, mm, from, to);
	}
}

/* --- events --- */

static const char *invalidation_result(const struct svm_process *process)
{
	return process->costs[SVM_COST_QUEUE_STOPS] ? "queues_stopped" :
	       process->costs[SVM_COST_UNMAP_PAGES] ? "unmapped" :
	       process->svm->queues_stopped ? "already_stopped" : "absorbed";
}

void svm_process_unmap(struct svm_process *process, uint64_t start, uint64_t last)
{
	bool had_range = hs_range_tree_overlap(&process->svm->tree, start, last + 1);

	svm_process_begin(process, process->now);
	hs_svm_munmap(process->svm, start, last);
	set_runs(process, &process->regions, start, last, 0);
	set_runs(process, &process->moved_out, start, last, 0);
	if (had_range)
		svm_process_end(process, HS_POINT_SVM_UNMAP, start, last, invalidation_result(process),
				hs_svm_event_name(HS_SVM_EVENT_UNMAP));
}

void svm_process_invalidate(struct svm_process *process, enum hs_svm_event event, uint64_t start, uint64_t last,
			    bool zap)
{
	bool had_range = hs_range_tree_overlap(&process->svm->tree, start, last + 1);

	svm_process_begin(process, process->now);
	hs_svm_invalidate(process->svm, event, start, last);
	if (zap)
		hs_svm_zap(process->svm, start, last);
	if (had_range)
		svm_process_end(process, event == HS_SVM_EVENT_UNMAP ? HS_POINT_SVM_UNMAP : HS_POINT_SVM_EVICT, start,
				last, invalidation_result(process), hs_svm_event_name(event));
}

void svm_process_cpu_touch(struct svm_process *process, uint64_t page, bool write)
{
	const struct svm_scenario *scenario = process->scenario;
	bool in_vram = svm_page_bo(hs_svm_runs_get(&process->svm->pages, page)), is_served;
	struct svm_touch again = { .due = process->now + scenario->rule_time, .page = page,
				   .gpu = scenario->device, .write = write };

	svm_process_begin(process, process->now);
	is_served = hs_svm_cpu_fault(process->svm, page);
	if (in_vram)
		svm_process_end(process, HS_POINT_SVM_CPU_FAULT, page, page, !is_served ? "SIGBUS" :
				process->costs[SVM_COST_PAGES_OUT] ? "migrated" : "stays",
				"a CPU touched a page in VRAM");
	if (scenario->rule == SVM_DEVICE_FOLLOW && hs_svm_runs_get(&process->regions, page) &&
	    !svm_touches_push(&process->touches, again))
		process->svm->nomem = true;
}

/* --- what is due --- */

static void run_deferred(struct svm_process *process)
{
	svm_process_begin(process, process->deferred_due);
	process->deferred_due = UINT64_MAX;
	hs_svm_run_deferred(process->svm);
}

static void run_restore(struct svm_process *process)
{
	bool was_stopped = process->svm->queues_stopped;

	svm_process_begin(process, process->restore_due);
	process->restore_due = UINT64_MAX;
	hs_svm_run_restore(process->svm);
	if (!was_stopped)
		return;
	svm_process_end(process, HS_POINT_SVM_RESTORE, 0, 0, !process->svm->queues_stopped ? "restored" :
			process->svm->restore_pending ? "rescheduled" : "gave_up",
			process->svm->queues_stopped ? "a mapping failed or was invalidated again" :
			"all invalid ranges are mapped");
}

/* At equal times: deferred work, accesses, restore worker. */
void svm_process_run_due(struct svm_process *process, uint64_t now)
{
	for (;;) {
		uint64_t touch_due = svm_touches_next(&process->touches);
		uint64_t next = svm_min(svm_min(process->deferred_due, touch_due), process->restore_due);
		struct svm_touch touch;

		if (next > now)
			break;
		if (process->deferred_due == next) {
			run_deferred(process);
		} else if (touch_due == next && svm_touches_pop(&process->touches, next, &touch)) {
			process->now = next;
			svm_device_touch(process, &touch);
		} else {
			run_restore(process);
		}
	}
	process->now = now;
}
