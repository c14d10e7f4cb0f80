// SPDX-License-Identifier: GPL-2.0-only
/* What the model says of itself: its state, the numbers of a run, what is wrong with the input. */
#include "replay/svm/svm_instance.h"

#include <errno.h>
#include <stdio.h>

static void dump_range(FILE *out, const struct svm_range *range, const char *separator)
{
	fprintf(out, "%s{\"start\":\"0x%llx\",\"end\":\"0x%llx\",\"preferred_loc\":%u,\"prefetch_loc\":%u,"
		"\"actual_loc\":%u,\"granularity\":%u,\"flags\":%u,\"access\":%llu,\"in_place\":%llu,"
		"\"mapped_to_gpu\":%s,\"invalid\":%u,\"vram_pages\":%lld}", separator,
		(unsigned long long)(range->start * HS_PAGE_BYTES),
		(unsigned long long)((range->last + 1) * HS_PAGE_BYTES), range->preferred_loc, range->prefetch_loc,
		range->actual_loc, range->granularity, range->flags, (unsigned long long)range->access,
		(unsigned long long)range->aip, range->mapped_to_gpu ? "true" : "false", range->invalid,
		(long long)range->vram_pages);
}

static void dump_process(FILE *out, const struct svm_process *process, const char *separator)
{
	const struct hs_svm *svm = process->svm;
	const char *between = "";

	fprintf(out, "%s{\"mm\":%u,\"xnack\":%s,\"evicted_ranges\":%u,\"queues_stopped\":%s,"
		"\"reserved_pages\":%llu,\"vram_pages\":%llu,\"ranges\":[", separator, process->mm,
		svm->xnack ? "true" : "false", svm->evicted_ranges, svm->queues_stopped ? "true" : "false",
		(unsigned long long)svm->reserved_pages, (unsigned long long)process->vram_pages);
	hs_range_for_each(node, &svm->tree) {
		dump_range(out, svm_range_of(node), between);
		between = ",";
	}
	fprintf(out, "]}");
}

/* By address space, then by address. */
int svm_dump(const struct hs_model *model, FILE *out)
{
	uint64_t done = 0;
	const char *separator = "";

	fprintf(out, "{\"processes\":[");
	for (size_t i = 0; i < model->list.count; i++) {
		const struct svm_process *next = NULL;

		hs_vec_for_each(slot, &model->list) {
			uint64_t key = ((uint64_t)slot->process->mm << 32 | slot->process->task) + 1;

			if (key > done && (!next || key < ((uint64_t)next->mm << 32 | next->task) + 1))
				next = slot->process;
		}
		if (!next)
			break;
		done = ((uint64_t)next->mm << 32 | next->task) + 1;
		dump_process(out, next, separator);
		separator = ",";
	}
	return fprintf(out, "]}\n") < 0 ? -EIO : 0;
}

void svm_keep_totals(struct hs_model *model, const struct svm_slot *slot)
{
	svm_totals_add(&model->ended, slot->process);
	for (int i = 0; i < HS_SVM_NR_HAZARDS; i++)
		model->ended_hazards[i] += slot->process->svm->hazards[i];
}

/* --- numbers --- */

struct numbers {
	void (*add)(void *context, const char *name, double value);
	void *context;
};

static void add(const struct numbers *to, const char *name, uint64_t value)
{
	to->add(to->context, name, (double)value);
}

static void add_work(const struct numbers *to, const struct svm_totals *totals)
{
	static const char *const cost_names[HS_NR_COSTS] = {
		"pages_in", "pages_out", "copied_bytes", "self_invalidations", "map_pages", "unmap_pages",
		"tlb_flushes", NULL,
	};

	for (int i = 0; i < HS_NR_COSTS; i++)
		if (cost_names[i])
			add(to, cost_names[i], totals->costs[i]);
	add(to, "copied_in_bytes", totals->copied_in);
	add(to, "copied_out_bytes", totals->copied_out);
	add(to, "queue_stops", totals->queue_stops);
	add(to, "stopped_ns", totals->stopped_ns);
	add(to, "longest_stop_ns", totals->longest_stop_ns);
	add(to, "invalidations_absorbed", totals->absorbed);
	add(to, "invalidations_costly", totals->costly);
}

static void add_touches(const struct numbers *to, const struct svm_totals *totals)
{
	add(to, "gpu_touches", totals->gpu_touches);
	add(to, "gpu_hits", totals->gpu_hits);
	add(to, "gpu_faults", totals->gpu_faults);
	add(to, "cpu_touches", totals->cpu_touches);
	add(to, "unseen_touch_pages", totals->unseen_pages);
	add(to, "no_mapping", totals->no_mapping);
	add(to, "vanished", totals->vanished);
	add(to, "gave_up", totals->gave_up);
}

static void add_places(const struct numbers *to, const struct svm_totals *totals)
{
	add(to, "ping_pongs", totals->ping_pongs);
	add(to, "ping_pong_pages", totals->ping_pong_pages);
	add(to, "ping_pong_ranges", totals->ping_pong_ranges);
	add(to, "peak_vram_pages", totals->peak_vram_pages);
	add(to, "wasted_vram_pages", totals->wasted_vram_pages);
	add(to, "bo_evictions", totals->evicted_buffers);
	add(to, "peak_ranges", totals->peak_ranges);
}

static void add_bases(const struct numbers *to, const struct svm_totals *totals)
{
	static const char *const doubts[SVM_NR_DOUBTS] = {
		NULL, "assumed_scenario", "assumed_unseen_touch", "assumed_timing", "assumed_lost", "assumed_lru",
	};

	add(to, "decisions_exact", totals->decisions[HS_BASIS_EXACT]);
	add(to, "decisions_bounded", totals->decisions[HS_BASIS_BOUNDED]);
	add(to, "decisions_assumed_scenario_only", totals->scenario_only);
	add(to, "decisions_assumed_more", totals->decisions[HS_BASIS_ASSUMED] - totals->scenario_only);
	for (int i = 0; i < SVM_NR_DOUBTS; i++)
		if (doubts[i] && totals->doubts[i])
			add(to, doubts[i], totals->doubts[i]);
}

static double time_of(double count, double rate)
{
	return rate > 0 ? count / rate : 0;
}

/* The user's own rates, and only where he gave them. */
static void add_times(const struct numbers *to, const struct svm_totals *totals, const struct svm_rates *rates)
{
	double copy = time_of((double)totals->copied_in, rates->bytes_in_per_ns) +
		      time_of((double)totals->copied_out, rates->bytes_out_per_ns);

	to->add(to->context, "time_copy_ns", copy);
	to->add(to->context, "time_faults_ns", (double)totals->gpu_faults * rates->ns_per_fault);
	to->add(to->context, "time_map_ns", (double)totals->costs[SVM_COST_MAP_PAGES] * rates->ns_per_map);
	to->add(to->context, "time_flush_ns", (double)totals->costs[SVM_COST_TLB_FLUSHES] * rates->ns_per_flush);
	to->add(to->context, "time_queue_stops_ns", (double)totals->queue_stops * rates->ns_per_stop);
}

static struct svm_totals sum_up(const struct hs_model *model)
{
	struct svm_totals totals = model->ended;

	hs_vec_for_each(slot, &model->list)
		svm_totals_add(&totals, slot->process);
	return totals;
}

static void add_hazards(const struct numbers *to, const struct hs_model *model)
{
	for (int i = 0; i < HS_SVM_NR_HAZARDS; i++) {
		uint64_t count = model->ended_hazards[i];

		hs_vec_for_each(slot, &model->list)
			count += slot->process->svm->hazards[i];
		if (count)
			add(to, hs_svm_hazard_name((enum hs_svm_hazard)i), count);
	}
}

void svm_summarize(const struct hs_model *model, void (*add_number)(void *context, const char *name, double value),
		   void *context)
{
	struct numbers to = { add_number, context };
	struct svm_totals totals = sum_up(model);
	uint64_t span = model->last_time - model->first_time;

	if (!model->is_active)
		return;
	add(&to, "processes", model->nr_processes);
	add_work(&to, &totals);
	if (span && model->nr_processes)
		add_number(context, "stopped_percent", 100 * (double)totals.stopped_ns / (double)span);
	add_touches(&to, &totals);
	add_places(&to, &totals);
	add_bases(&to, &totals);
	if (model->scenario.has_rates)
		add_times(&to, &totals, &model->scenario.rates);
	add_hazards(&to, model);
}

/* --- problems --- */

void svm_contradict(struct hs_model *model, const struct hs_row *row, const char *what)
{
	if (!model->contradictions++)
		snprintf(model->first_contradiction, sizeof(model->first_contradiction), "at %llu ns, task %u: %s",
			 (unsigned long long)row->time, row->task, what);
}

static uint64_t report_unmatched(const struct hs_model *model, FILE *out)
{
	const struct svm_scenario *scenario = &model->scenario;
	struct svm_totals totals = sum_up(model);
	uint64_t count = 0;

	for (uint32_t i = 0; i < scenario->nr_regions; i++) {
		const struct svm_region *region = &scenario->regions[i];

		if (region->is_none || totals.registered[i] || model->mode == HS_MODE_VALIDATE)
			continue;
		count++;
		if (out && region->line)
			fprintf(out, "svm: %s:%u: region '%s' matches no memory of the trace\n",
				hs_policy_text(model->policy, "svm.scenario"), region->line, region->name);
		else if (out)
			fprintf(out, "svm: svm.process and svm.region match no memory of the trace\n");
	}
	return count;
}

uint64_t svm_problems(const struct hs_model *model, FILE *out)
{
	bool failed = model->nomem;

	hs_vec_for_each(slot, &model->list)
		failed |= hs_svm_failed(slot->process->svm);
	if (failed && out)
		fprintf(out, "svm: out of memory: ranges are missing from here on\n");
	if (model->contradictions && out)
		fprintf(out, "svm: %s\n", model->first_contradiction);
	return failed + model->contradictions + (model->is_active ? report_unmatched(model, out) : 0);
}
