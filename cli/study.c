// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study.h"

#include <errno.h>
#include <string.h>

#include "analysis/decision_file.h"
#include "analysis/gate.h"
#include "analysis/sample_means.h"
#include "cli/replay_run.h"
#include "lib/cleanup.h"

void hs_study_deinit(struct hs_study *study)
{
	hs_vec_for_each(name, &study->names)
		free(*name);
	hs_vec_for_each(tally, &study->tallies)
		hs_tally_destroy(*tally);
	hs_vec_for_each(policy, &study->in_force)
		hs_policy_deinit(policy);
	hs_vec_for_each(tasks, &study->tasks)
		hs_task_table_deinit(tasks);
	hs_vec_deinit(&study->tasks);
	hs_vec_deinit(&study->names);
	hs_vec_deinit(&study->tallies);
	hs_vec_deinit(&study->in_force);
}

static bool add_name(struct hs_study *study, const char *name)
{
	char *copy = strdup(name);

	if (copy && hs_vec_push(&study->names, copy))
		return true;
	free(copy);
	return false;
}

static int add_tally(struct hs_study *study, uint64_t start_time, struct hs_tally **out)
{
	struct hs_tally_setup setup = { (const char *const *)study->names.items, study->names.count, start_time };
	struct hs_error err = { 0 };
	struct hs_tally *tally;

	if (hs_tally_create(&setup, &tally, &err))
		return hs_fail(HS_EXIT_FAILED, &err);
	if (!hs_vec_push(&study->tasks, (struct hs_task_table){ .index = { 0 } }))
		hs_tally_destroy(hs_take(&tally));
	else if (!hs_vec_push(&study->tallies, tally))
		hs_tally_destroy(hs_take(&tally));
	if (!tally)
		return hs_fail_nomem();
	*out = tally;
	return HS_EXIT_OK;
}

/* --- a trace --- */

static void count_outcome(void *context, const struct hs_outcome *outcome)
{
	struct hs_tally *const *tally = context;

	hs_tally_add(*tally, outcome);
}

static uint64_t start_time(const struct hs_trace_input *input)
{
	struct hs_reader_state state;
	uint64_t start = hs_reader_header(input->reader)->start_time;

	hs_reader_get_state(input->reader, &state);
	return start ? start : state.first_time;
}

/* Where a model's numbers go. */
struct summing {
	struct hs_tally *tally;
	const char *model;
	uint32_t policy;
};

static void add_summary(void *context, const char *name, double value)
{
	const struct summing *summing = context;

	hs_tally_add_summary(summing->tally, summing->policy, summing->model, name, value);
}

static void add_mm_summary(void *context, uint32_t mm, const char *name, double value)
{
	const struct summing *summing = context;

	hs_tally_add_mm_summary(summing->tally, summing->policy, summing->model, mm, name, value);
}

static void add_history(void *context, const struct hs_history_row *row)
{
	const struct summing *summing = context;

	hs_tally_add_history(summing->tally, summing->policy, summing->model, row);
}

static void sum_up(const struct hs_study *study, struct hs_tally *tally, const struct hs_engine *engine)
{
	for (size_t i = 0; hs_models[i]; i++)
		for (uint32_t policy = 0; policy < study->names.count; policy++) {
			struct summing summing = { tally, hs_models[i]->name, policy };
			struct hs_model *model = hs_engine_model(engine, hs_models[i]->name, policy);

			if (model && hs_models[i]->summarize)
				hs_models[i]->summarize(model, add_summary, &summing);
			if (model && hs_models[i]->summarize_mms)
				hs_models[i]->summarize_mms(model, add_mm_summary, &summing);
			if (model && hs_models[i]->history)
				hs_models[i]->history(model, add_history, &summing);
		}
}

/* Lines over time: NR_SAMPLES of them where the length of the trace is known. */
enum { NR_SAMPLES = 120 };

struct sampling {
	struct hs_tally *tally;
	const struct hs_study *study;
	const struct hs_engine *engine;
	const char *model;
	uint32_t policy;
	uint64_t time, step;		/* ns */
	uint64_t last;			/* the sample before; first the start */
	uint64_t seen;			/* the last event that the models have seen */
	bool has_begun;			/* how it all began is a sample, too */
	struct hs_sample_means means;
};

static void add_mean(struct sampling *sampling, uint32_t mm, const char *name, double value)
{
	const struct hs_sample_number number = { sampling->model, name };

	if (hs_sample_means_add(&sampling->means, sampling->policy, mm, &number, sampling->time - sampling->last, value))
		sampling->tally->status = -ENOMEM;
}

static void add_sample(void *context, const char *name, double value)
{
	struct sampling *sampling = context;

	hs_tally_add_sample(sampling->tally, sampling->policy, sampling->model, sampling->time, name, value);
	add_mean(sampling, 0, name, value);
}

static void add_mm_sample(void *context, uint32_t mm, const char *name, double value)
{
	add_mean(context, mm, name, value);
}

static void begin_sampling(struct sampling *sampling, const struct hs_study *study, struct hs_replay *replay,
			   struct hs_tally *tally)
{
	struct hs_reader_state state;

	hs_reader_get_state(replay->input.reader, &state);
	*sampling = (struct sampling){ .study = study, .engine = replay->engine, .tally = tally,
				       .seen = tally->start_time, .last = tally->start_time };
	sampling->step = state.last_time > tally->start_time ? (state.last_time - tally->start_time) / NR_SAMPLES + 1 :
							       1000000000;
}

static void take_samples(struct sampling *sampling, uint64_t time)
{
	sampling->time = time;
	for (size_t i = 0; hs_models[i]; i++)
		for (uint32_t policy = 0; hs_models[i]->sample && policy < sampling->study->names.count; policy++) {
			struct hs_model *model = hs_engine_model(sampling->engine, hs_models[i]->name, policy);

			sampling->model = hs_models[i]->name;
			sampling->policy = policy;
			if (model)
				hs_models[i]->sample(model, add_sample, sampling);
			if (model && hs_models[i]->sample_mms)
				hs_models[i]->sample_mms(model, add_mm_sample, sampling);
		}
	sampling->last = time;
}

/* What the last events left has stood until now: from them on, and until the sample is due. */
static void sample_before(void *context, uint64_t time)
{
	struct sampling *sampling = context;

	if (sampling->has_begun && time < sampling->last + sampling->step)
		return;
	sampling->has_begun = true;
	if (sampling->seen > sampling->last)
		take_samples(sampling, sampling->seen);
	take_samples(sampling, time);
}

static uint64_t end_of_run(const struct hs_run *run)
{
	const struct hs_event last = hs_run_event(run, run->nr - 1);

	return last.row->time;
}

static int learn_tasks(struct hs_task_table *tasks, const struct hs_run *run)
{
	const hs_kind_set kinds = hs_task_table_kinds();
	int status = 0;

	for (size_t i = 0; hs_kind_set_has(&kinds, run->kind) && i < run->nr && !status; i++) {
		const struct hs_event event = hs_run_event(run, i);

		status = hs_task_table_learn(tasks, &event);
	}
	return status ? hs_fail_nomem() : HS_EXIT_OK;
}

const char *hs_study_process_name(void *context, uint32_t mm)
{
	const struct hs_task_table *tasks = context;
	const uint64_t *pid = hs_hash_map_get(&tasks->owner, mm);

	hs_vec_for_each(task, &tasks->tasks)
		if (pid && task->pid == *pid)
			return task->name;
	return NULL;
}

static bool keep_policies(struct hs_study *study, const struct hs_engine *engine)
{
	bool is_first = !study->in_force.count;

	for (uint32_t i = 0; is_first && i < study->names.count; i++) {
		struct hs_policy policy;

		if (hs_policy_copy(&policy, hs_engine_policy(engine, i), study->names.items[i]))
			return false;
		if (!hs_vec_push(&study->in_force, policy)) {
			hs_policy_deinit(&policy);
			return false;
		}
	}
	return true;
}

static int run_events(struct hs_study *study, struct hs_replay *replay, struct hs_tally *tally)
{
	struct hs_error err = { 0 };
	struct sampling sampling;
	int more = 0, status = HS_EXIT_OK;

	hs_trace_show_progress(&replay->input, "replaying");
	begin_sampling(&sampling, study, replay, tally);
	replay->before_run = study->mode == HS_MODE_WHATIF ? sample_before : NULL;
	replay->context = &sampling;
	while (!status && (more = hs_replay_next(replay)) > 0) {
		hs_tally_set_chunk(tally, replay->run.chunk);
		status = learn_tasks(&study->tasks.items[study->tasks.count - 1], &replay->run);
		if (end_of_run(&replay->run) > sampling.seen)
			sampling.seen = end_of_run(&replay->run);
	}
	if (!status && more >= 0) {
		if (study->mode == HS_MODE_WHATIF)
			take_samples(&sampling, sampling.seen);
		sum_up(study, tally, replay->engine);
		hs_sample_means_tell(&sampling.means, sampling.last - tally->start_time, tally);
	}
	hs_sample_means_deinit(&sampling.means);
	if (status || more < 0)
		return HS_EXIT_FAILED;
	if (!keep_policies(study, replay->engine))
		return hs_fail_nomem();
	if (!hs_tally_status(tally, &err))
		return HS_EXIT_OK;
	hs_error_prefix(&err, "%s", replay->input.path);
	return hs_fail(HS_EXIT_FAILED, &err);
}

static bool take_names(struct hs_study *study, const struct hs_policy_list *policies)
{
	if (!study->names.count)
		hs_vec_for_each(policy, &policies->policies)
			if (!add_name(study, policy->name))
				return false;
	return true;
}

/* No model asks whose address spaces those are that were there before the recording. */
static void select_owners(struct hs_replay *replay)
{
	const hs_kind_set owners = hs_task_table_kinds();
	hs_kind_set kinds = hs_engine_kinds(replay->engine);

	hs_kind_set_add_all(&kinds, &owners);
	hs_trace_select(&replay->input, &kinds);
}

int hs_study_add_trace(struct hs_study *study, const struct hs_arguments *arguments, const char *path,
		       enum hs_mode mode, const struct hs_policy_list *policies)
{
	struct hs_tally *tally = NULL;
	struct hs_engine_setup setup = {
		.mode = mode, .policies = policies->policies.items, .nr_policies = policies->policies.count,
		.outcome = count_outcome, .context = &tally,
	};
	hs_auto_free const char **models = NULL;
	struct hs_replay replay;
	struct hs_error err;
	int status;

	study->mode = mode;
	if (!take_names(study, policies))
		return hs_fail_nomem();
	if (hs_model_list_parse(hs_option_text(arguments, "model"), &models, &err))
		return hs_fail(HS_EXIT_USAGE, &err);
	setup.models = models;
	status = hs_replay_open(&replay, arguments, path, &setup);
	if (status)
		return status;
	select_owners(&replay);
	status = add_tally(study, start_time(&replay.input), &tally);
	if (!status)
		status = run_events(study, &replay, tally);
	return hs_replay_close(&replay, status);
}

/* --- decision files --- */

/* Names alone where they tell the files apart, else "FILE: NAME". */
static bool name_policies(struct hs_study *study, struct hs_decision_reader *const *readers, const char *const *paths,
			  size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		for (uint32_t policy = 0; policy < hs_decision_reader_nr_policies(readers[i]); policy++) {
			hs_auto_free char *name = NULL;

			if (asprintf(&name, "%s: %s", paths[i], hs_decision_reader_policy(readers[i], policy)) < 0) {
				name = NULL;
				return false;
			}
			if (!add_name(study, name))
				return false;
		}
	return true;
}

static int count_file(struct hs_tally *tally, struct hs_decision_reader *reader, const char *path,
		      uint32_t first_policy)
{
	struct hs_error err = { 0 };
	struct hs_outcome outcome;
	int status;

	while ((status = hs_decision_reader_next(reader, &outcome, &err)) > 0) {
		outcome.policy += first_policy;
		hs_tally_add(tally, &outcome);
	}
	if (!status)
		status = hs_tally_status(tally, &err);
	if (!status)
		return HS_EXIT_OK;
	hs_error_prefix(&err, "%s", path);
	return hs_fail(HS_EXIT_FAILED, &err);
}

static uint64_t first_time(struct hs_decision_reader *const *readers, size_t nr)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < nr; i++) {
		struct hs_reader_state state;

		hs_decision_reader_get_state(readers[i], &state);
		if (state.first_time < first)
			first = state.first_time;
	}
	return first;
}

static int count_files(struct hs_study *study, struct hs_decision_reader *const *readers, const char *const *paths,
		       size_t nr)
{
	struct hs_tally *tally;
	uint32_t first_policy = 0;
	int status;

	if (!name_policies(study, readers, paths, nr))
		return hs_fail_nomem();
	study->mode = hs_decision_reader_mode(readers[0]);
	status = add_tally(study, first_time(readers, nr), &tally);
	for (size_t i = 0; i < nr && !status; i++) {
		status = count_file(tally, readers[i], paths[i], first_policy);
		first_policy += hs_decision_reader_nr_policies(readers[i]);
	}
	return status;
}

int hs_study_add_decisions(struct hs_study *study, const char *const *paths, size_t nr_paths)
{
	hs_auto_free struct hs_decision_reader **readers = calloc(nr_paths, sizeof(struct hs_decision_reader *));
	struct hs_error err = { 0 };
	int status = readers ? HS_EXIT_OK : hs_fail_nomem();

	for (size_t i = 0; i < nr_paths && !status; i++)
		if (hs_decision_reader_open(paths[i], &readers[i], &err))
			status = hs_fail(HS_EXIT_FAILED, &err);
	if (!status)
		status = count_files(study, readers, paths, nr_paths);
	for (size_t i = 0; readers && i < nr_paths; i++)
		hs_decision_reader_close(readers[i]);
	return status;
}

/* --- comparison and gates --- */

/* One set of metrics per input; what there is of it is freed by free_side. */
static int collect_side(const struct hs_study *study, uint32_t policy, struct hs_metrics *metrics)
{
	int status = 0;

	for (size_t i = 0; i < study->tallies.count && !status; i++)
		status = hs_metrics_collect(study->tallies.items[i], policy, &metrics[i]);
	return status;
}

static void free_side(const struct hs_study *study, struct hs_metrics *metrics)
{
	for (size_t i = 0; i < study->tallies.count; i++)
		hs_metrics_deinit(&metrics[i]);
}

static int compare_with(const struct hs_study *study, uint32_t b, const struct hs_metrics *const *a_side,
			hs_study_compared *compared, void *context)
{
	const size_t nr = study->tallies.count;
	hs_auto_free struct hs_metrics *metrics = calloc(nr, sizeof(*metrics));
	hs_auto_free const struct hs_metrics **b_side = calloc(nr, sizeof(*b_side));
	struct hs_comparison comparison;
	int status;

	if (!metrics || !b_side)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		b_side[i] = &metrics[i];
	status = collect_side(study, b, metrics);
	if (!status)
		status = hs_compare(a_side, b_side, nr, &comparison);
	if (!status) {
		compared(context, b, &comparison);
		hs_comparison_deinit(&comparison);
	}
	free_side(study, metrics);
	return status;
}

int hs_study_compare(const struct hs_study *study, hs_study_compared *compared, void *context)
{
	const size_t nr = study->tallies.count;
	hs_auto_free struct hs_metrics *metrics = calloc(nr + 1, sizeof(*metrics));
	hs_auto_free const struct hs_metrics **a_side = calloc(nr + 1, sizeof(*a_side));
	int status;

	if (!metrics || !a_side)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		a_side[i] = &metrics[i];
	status = collect_side(study, 0, metrics);
	for (uint32_t b = 1; b < study->names.count && !status; b++)
		status = compare_with(study, b, a_side, compared, context);
	free_side(study, metrics);
	return status;
}

static int judge_tally(const struct hs_study *study, const struct hs_tally *tally, const struct hs_gate *gate,
		       struct hs_table **table, struct hs_error *err)
{
	size_t nr = study->names.count;
	hs_auto_free struct hs_metrics *metrics = calloc(nr, sizeof(*metrics));
	int status = metrics ? 0 : hs_error_nomem(err);

	for (uint32_t i = 0; i < nr && !status; i++)
		if (hs_metrics_collect(tally, i, &metrics[i]))
			status = hs_error_nomem(err);
	if (!status)
		status = hs_gate_judge(gate, (const char *const *)study->names.items, metrics, nr, table, err);
	for (size_t i = 0; metrics && i < nr; i++)
		hs_metrics_deinit(&metrics[i]);
	return status;
}

int hs_study_judge(const struct hs_study *study, const char *command, const char *fail_on, struct hs_table **tables,
		   size_t *nr)
{
	struct hs_error err = { 0 };
	struct hs_gate gate;
	int status, nr_failed = 0;

	if (hs_gate_parse(fail_on, &gate, &err))
		return hs_usage_error(command, "--fail-on: %s", err.text);
	hs_vec_for_each(tally, &study->tallies) {
		status = judge_tally(study, *tally, &gate, &tables[*nr], &err);
		if (status < 0) {
			hs_gate_deinit(&gate);
			return hs_usage_error(command, "--fail-on: %s", err.text);
		}
		(*nr)++;
		nr_failed += status;
	}
	hs_gate_deinit(&gate);
	return nr_failed ? HS_EXIT_GATE : HS_EXIT_OK;
}
