// SPDX-License-Identifier: GPL-2.0-only
/* What the effects of operations mean for a process: page tables, costs, totals, doubts. */
#include "replay/svm/svm_process.h"

void svm_process_set(struct svm_process *process, struct hs_svm_runs *runs, uint64_t start, uint64_t last,
		     uint64_t value)
{
	if (hs_svm_runs_set(runs, start, last, value))
		process->svm->nomem = true;
}

/* Bounded events leave no taint: what they may have done was done, if anything, where it hurts nobody. */
static void taint(struct svm_process *process, uint64_t start, uint64_t last, unsigned int doubts)
{
	doubts &= ~(unsigned int)SVM_DOUBT_BOUNDED;
	for (uint64_t from = start; doubts && from <= last;) {
		struct hs_svm_span span;

		hs_svm_runs_span(&process->taint, from, last, &span);
		svm_process_set(process, &process->taint, span.start, span.last, span.value | doubts);
		from = span.last + 1;
	}
}

/* --- moves --- */

static void count_ping_pong(struct svm_process *process, const struct hs_svm_effect *effect, uint64_t to_ram)
{
	uint64_t window = process->scenario->ping_pong_window;
	bool goes_back = false;

	hs_svm_for_each_span(span, &process->moves, effect->start, effect->last) {
		if (!span.value || (span.value & 1) == to_ram || process->now - (span.value >> 1) > window)
			continue;
		goes_back = true;
		process->totals.ping_pong_pages += span.last - span.start + 1;
		svm_process_set(process, &process->ponged, span.start, span.last, 1);
	}
	process->totals.ping_pongs += goes_back;
}

/* A decision of its own for each piece: the places of pages over time follow from these alone. */
static void add_move(struct svm_process *process, uint64_t start, uint64_t last, const char *result,
		     const char *reason, const struct hs_svm_effect *effect)
{
	unsigned int doubts = process->doubts | svm_process_doubts(process, start, last);
	struct hs_decision decision = {
		.time = process->now, .task = process->task, .mm = process->mm, .point = HS_POINT_SVM_MIGRATE,
		.subject = start * HS_PAGE_BYTES, .subject_end = (last + 1) * HS_PAGE_BYTES, .result = result,
		.reason = reason, .basis = svm_basis_of(doubts),
	};

	if (effect) {
		decision.cost[effect->to_vram ? SVM_COST_PAGES_IN : SVM_COST_PAGES_OUT] = effect->pages;
		decision.cost[SVM_COST_COPIED_BYTES] = effect->copied_pages * HS_PAGE_BYTES;
	}
	if (!process->is_silent && !hs_vec_push(process->decisions, decision))
		process->svm->nomem = true;
}

static void see_move(struct svm_process *process, const struct hs_svm_effect *effect)
{
	uint64_t bytes = effect->copied_pages * HS_PAGE_BYTES;

	process->costs[effect->to_vram ? SVM_COST_PAGES_IN : SVM_COST_PAGES_OUT] += effect->pages;
	process->costs[SVM_COST_COPIED_BYTES] += bytes;
	if (!effect->pages)
		return;
	count_ping_pong(process, effect, !effect->to_vram);
	svm_process_set(process, &process->moves, effect->start, effect->last, process->now << 1 | !effect->to_vram);
	process->resident_pages += effect->to_vram ? effect->pages : -effect->pages;
	process->totals.copied_in += effect->to_vram ? bytes : 0;
	process->totals.copied_out += effect->to_vram ? 0 : bytes;
	process->totals.unseen_pages += effect->to_vram ? effect->copied_pages : 0;
	add_move(process, effect->start, effect->last, effect->to_vram ? "to_vram" : "to_system",
		 hs_svm_trigger_name(process->trigger), effect);
	taint(process, effect->start, effect->last, process->doubts | (effect->to_vram ? SVM_DOUBT_UNSEEN : 0));
}

void svm_account_vanished(struct svm_process *process, uint64_t start, uint64_t last)
{
	hs_svm_for_each_span(span, &process->svm->pages, start, last) {
		if (!svm_page_bo(span.value))
			continue;
		process->resident_pages -= span.last - span.start + 1;
		add_move(process, span.start, span.last, "dropped", "the pages are gone", NULL);
	}
}

/* --- buffers, page tables, faults, queues --- */

static void see_buffer(struct svm_process *process, const struct hs_svm_effect *effect)
{
	struct svm_totals *totals = &process->totals;

	if (effect->kind == HS_SVM_EFFECT_BO_FREE)
		process->vram_pages -= effect->pages;
	else if (!effect->rc)
		process->vram_pages += effect->pages;
	totals->peak_vram_pages = svm_max(totals->peak_vram_pages, process->vram_pages);
}

static void see_tables(struct svm_process *process, const struct hs_svm_effect *effect)
{
	bool is_map = effect->kind == HS_SVM_EFFECT_MAP;

	process->costs[is_map ? SVM_COST_MAP_PAGES : SVM_COST_UNMAP_PAGES] += effect->last - effect->start + 1;
	if (effect->rc)
		return;
	svm_process_set(process, &process->mapped[effect->gpu], effect->start, effect->last, is_map);
	taint(process, effect->start, effect->last, process->doubts);
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
	struct svm_totals *totals = &process->totals;

	if (effect->kind == HS_SVM_EFFECT_EVICT_QUEUES) {
		process->costs[SVM_COST_QUEUE_STOPS]++;
		totals->queue_stops++;
		process->stopped_since = process->now;
	} else if (effect->kind == HS_SVM_EFFECT_RESTORE_QUEUES) {
		totals->stopped_ns += process->now - process->stopped_since;
		totals->longest_stop_ns = svm_max(totals->longest_stop_ns, process->now - process->stopped_since);
	} else if (effect->kind == HS_SVM_EFFECT_SCHEDULE_RESTORE && effect->queued) {
		process->restore_due = svm_restore_time(process->scenario, process->now);
	} else if (effect->kind == HS_SVM_EFFECT_SCHEDULE_DEFERRED && effect->queued) {
		process->deferred_due = process->now + process->scenario->deferred_delay;
	}
}

static void see_migration(struct svm_process *process, const struct hs_svm_effect *effect)
{
	process->trigger = effect->trigger;
	if (effect->kind != HS_SVM_EFFECT_MIGRATE || effect->trigger != HS_SVM_TRIGGER_EVICTION)
		return;
	process->totals.evicted_buffers++;
	process->doubts |= SVM_DOUBT_LRU;
}

void svm_account(void *context, const struct hs_svm_effect *effect)
{
	struct svm_process *process = context;

	switch (effect->kind) {
	case HS_SVM_EFFECT_MIGRATE:
	case HS_SVM_EFFECT_MIGRATE_START:
		see_migration(process, effect);
		break;
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

/* --- totals --- */

static uint64_t count_granules(const struct svm_process *process)
{
	uint64_t size = 1ull << process->svm->default_granularity, count = 0, behind = 0;

	hs_svm_for_each_span(span, &process->ponged, 0, HS_SVM_NO_PAGE - 1) {
		uint64_t first = span.start / size, last = span.last / size;

		if (!span.value)
			continue;
		first = svm_max(first, behind);
		count += last >= first ? last - first + 1 : 0;
		behind = last + 1;
	}
	return count;
}

static void add_sums(struct svm_totals *to, const struct svm_totals *from)
{
	for (size_t i = 0; i < HS_NR_COSTS; i++)
		to->costs[i] += from->costs[i];
	for (size_t i = 0; i < HS_NR_BASES; i++)
		to->decisions[i] += from->decisions[i];
	for (size_t i = 0; i < SVM_NR_DOUBTS; i++)
		to->doubts[i] += from->doubts[i];
	for (size_t i = 0; i < SVM_SCENARIO_REGIONS; i++)
		to->registered[i] += from->registered[i];
	to->scenario_only += from->scenario_only;
	to->copied_in += from->copied_in;
	to->copied_out += from->copied_out;
	to->queue_stops += from->queue_stops;
	to->gpu_touches += from->gpu_touches;
	to->gpu_hits += from->gpu_hits;
	to->gpu_faults += from->gpu_faults;
	to->cpu_touches += from->cpu_touches;
	to->no_mapping += from->no_mapping;
	to->vanished += from->vanished;
	to->gave_up += from->gave_up;
	to->absorbed += from->absorbed;
	to->costly += from->costly;
	to->ping_pongs += from->ping_pongs;
	to->ping_pong_pages += from->ping_pong_pages;
	to->unseen_pages += from->unseen_pages;
	to->evicted_buffers += from->evicted_buffers;
}

void svm_totals_add(struct svm_totals *to, const struct svm_process *process)
{
	const struct svm_totals *from = &process->totals;
	uint64_t open = process->svm->queues_stopped ? process->now - process->stopped_since : 0;

	add_sums(to, from);
	to->stopped_ns += from->stopped_ns + open;
	to->longest_stop_ns = svm_max(to->longest_stop_ns, svm_max(from->longest_stop_ns, open));
	to->ping_pong_ranges += count_granules(process);
	to->peak_vram_pages = svm_max(to->peak_vram_pages, from->peak_vram_pages);
	to->peak_ranges = svm_max(to->peak_ranges, from->peak_ranges);
	to->wasted_vram_pages = svm_max(to->wasted_vram_pages, from->wasted_vram_pages);
}
