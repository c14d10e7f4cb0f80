// SPDX-License-Identifier: GPL-2.0-only
#include "replay/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/cause.h"
#include "replay/instances.h"
#include "traces/schema.h"

struct hs_engine {
	struct hs_engine_setup setup;	/* models, policies and losses of the caller are not used after create */
	struct hs_policy *policies;	/* as in force */
	struct hs_instances instances;
	struct hs_losses losses;
	uint64_t now;			/* of the newest event */
	bool knows_losses;		/* setup.losses was given */
};

static void emit(const struct hs_engine *engine, const struct hs_instance *instance,
		 const struct hs_decision *recorded, const struct hs_decision *modelled, enum hs_verdict verdict)
{
	struct hs_outcome outcome = {
		.recorded = recorded, .modelled = modelled, .verdict = verdict, .model = instance->model,
		.ops = instance->ops, .request = recorded ? &instance->request->request : NULL,
	};

	if (!engine->setup.outcome)
		return;
	hs_vec_for_each(policy, &instance->policies) {
		outcome.policy = *policy;
		engine->setup.outcome(engine->setup.context, &outcome);
	}
}

static void copy_where(struct hs_decision *decision, const struct hs_request *request)
{
	decision->time = request->time;
	decision->task = request->task;
	decision->mm = request->mm;
	decision->point = request->point;
	decision->subject = request->subject;
	decision->subject_end = request->subject_end;
}

static enum hs_verdict compare(const struct hs_engine *engine, const struct hs_instance *instance,
			       const struct hs_decision *recorded, const struct hs_decision *modelled)
{
	if (hs_losses_cover(&engine->losses, recorded->time, instance->sources))
		return HS_VERDICT_UNKNOWN;
	if (strcmp(modelled->result, HS_RESULT_UNKNOWN) == 0)
		return HS_VERDICT_UNKNOWN;
	return strcmp(modelled->result, recorded->result) == 0 ? HS_VERDICT_AGREE : HS_VERDICT_DISAGREE;
}

/* Completes the recorded decision and takes the modelled one. */
static void decide(const struct hs_engine *engine, const struct hs_instance *instance, struct hs_decision *recorded,
		   struct hs_decision *modelled)
{
	const struct hs_request *request = &instance->request->request;

	copy_where(recorded, request);
	modelled->basis = recorded->basis;
	copy_where(modelled, request);
	if (engine->setup.is_echo)
		*modelled = *recorded;
	else
		instance->ops->decide(instance->model, request, modelled);
}

/* Why the two differ; what the model knew of it stays where they agree by verdict. */
static enum hs_cause cause_of(const struct hs_engine *engine, const struct hs_instance *instance,
			      const struct hs_event *event, const struct hs_decision *modelled, enum hs_verdict verdict)
{
	const struct hs_cause_facts facts = {
		.modelled = modelled, .model = instance->ops->name,
		.policy = &engine->policies[instance->policies.items[0]],
		.losses = &engine->losses, .sources = instance->sources, .own = hs_kind_info(event->kind)->source,
		.header = engine->setup.header,
	};

	return verdict == HS_VERDICT_DISAGREE || verdict == HS_VERDICT_UNKNOWN ? hs_cause_find(&facts) : HS_CAUSE_NONE;
}

/* Compares the two and tells both. */
static void emit_pair(const struct hs_engine *engine, const struct hs_instance *instance,
		      const struct hs_event *event, const struct hs_decision *recorded, struct hs_decision *modelled)
{
	const enum hs_verdict verdict = compare(engine, instance, recorded, modelled);

	modelled->cause = cause_of(engine, instance, event, modelled, verdict);
	emit(engine, instance, recorded, modelled, verdict);
}

/* Leaves what is to be adopted in instance->pending. */
static void judge(const struct hs_engine *engine, struct hs_instance *instance, const struct hs_event *event)
{
	struct hs_decision recorded = { 0 }, modelled = { 0 };

	instance->is_asked = instance->ops->ask(instance->model, event, instance->request, &recorded) == 1;
	if (!instance->is_asked)
		return;
	decide(engine, instance, &recorded, &modelled);
	if (engine->setup.mode == HS_MODE_VALIDATE) {
		emit_pair(engine, instance, event, &recorded, &modelled);
		instance->pending = recorded;
	} else {
		emit(engine, instance, NULL, &modelled, HS_VERDICT_NONE);
		instance->pending = modelled;
	}
}

static void judge_after(const struct hs_engine *engine, const struct hs_instance *instance,
			const struct hs_event *event)
{
	struct hs_decision recorded = { 0 }, modelled = { 0 };

	while (instance->ops->ask_after(instance->model, event, instance->request, &recorded) == 1) {
		decide(engine, instance, &recorded, &modelled);
		emit_pair(engine, instance, event, &recorded, &modelled);
		recorded = modelled = (struct hs_decision){ 0 };
	}
}

static void apply(struct hs_instance *instance, bool may_ask, const struct hs_event *event)
{
	if (may_ask && instance->is_asked)
		instance->ops->adopt(instance->model, &instance->request->request, &instance->pending);
	instance->ops->observe(instance->model, event);
}

struct sink_context {
	const struct hs_engine *engine;
	const struct hs_instance *instance;
};

static void take_own_decision(void *context, const struct hs_decision *decision)
{
	const struct sink_context *from = context;

	emit(from->engine, from->instance, NULL, decision, HS_VERDICT_NONE);
}

static void advance_all(const struct hs_engine *engine, uint64_t now)
{
	hs_vec_for_each(slot, &engine->instances.advancing) {
		struct sink_context context = { engine, *slot };
		struct hs_sink sink = { take_own_decision, &context };

		(*slot)->ops->advance((*slot)->model, now, &sink);
	}
}

static int check_instances(const struct hs_instance_list *list, const struct hs_event *event, struct hs_error *err)
{
	hs_vec_for_each(slot, list) {
		int error = (*slot)->ops->check((*slot)->model, err);

		if (!error)
			continue;
		hs_error_prefix(err, "model %s after %s at %llu ns", (*slot)->ops->name, hs_kind_info(event->kind)->name,
				(unsigned long long)event->row->time);
		return error;
	}
	return 0;
}

static void tell_losses(struct hs_engine *engine, uint64_t time)
{
	const struct hs_lost_span *loss;

	while ((loss = hs_losses_due(&engine->losses, time)))
		hs_vec_for_each(instance, &engine->instances.all)
			if (instance->ops->lost && instance->sources & loss->sources)
				instance->ops->lost(instance->model, &loss->row);
}

static void take_tunable(struct hs_engine *engine, const struct hs_event *event)
{
	bool is_snapshot = event->kind == HS_KIND_snap_tunable;
	const struct hs_bytes *name = is_snapshot ? &event->snap_tunable->name : &event->meta_tunable->name;
	const struct hs_bytes *value = is_snapshot ? &event->snap_tunable->value : &event->meta_tunable->value;
	char text[256];

	if (name->length >= sizeof(text))
		return;		/* no tunable of ours */
	memcpy(text, name->data, name->length);
	text[name->length] = 0;
	/* All policies have the same keys. */
	if (!hs_policy_has_tunable(&engine->policies[0], text))
		return;
	for (size_t i = 0; i < engine->setup.nr_policies; i++)
		hs_policy_take_tunable(&engine->policies[i], text, value->data, value->length);
}

/* What the engine itself makes of an event, before the models see it. */
static int take_own(struct hs_engine *engine, const struct hs_event *event, struct hs_error *err)
{
	if (event->kind == HS_KIND_snap_tunable || event->kind == HS_KIND_meta_tunable)
		take_tunable(engine, event);
	if (event->kind == HS_KIND_meta_lost && !engine->knows_losses)
		return hs_losses_add(&engine->losses, event->meta_lost, err);
	return 0;
}

static void run_event(const struct hs_engine *engine, const struct hs_instance_list *list, bool may_ask,
		      const struct hs_event *event)
{
	if (may_ask)
		hs_vec_for_each(slot, list)
			if (hs_kind_set_has(&(*slot)->asks, event->kind))
				judge(engine, *slot, event);
	hs_vec_for_each(slot, list)
		apply(*slot, may_ask && hs_kind_set_has(&(*slot)->asks, event->kind), event);
	if (may_ask && engine->setup.mode == HS_MODE_VALIDATE)
		hs_vec_for_each(slot, list)
			if ((*slot)->ops->ask_after && hs_kind_set_has(&(*slot)->asks, event->kind))
				judge_after(engine, *slot, event);
}

static bool is_of_engine(unsigned int kind)
{
	return kind == HS_KIND_snap_tunable || kind == HS_KIND_meta_tunable || kind == HS_KIND_meta_lost;
}

static const struct hs_row *row_of(const struct hs_run *run, size_t i)
{
	return (const void *)((const char *)run->rows + i * hs_kind_info(run->kind)->row_bytes);
}

/* Is there nothing to do at any event of the run but to show it to the models? */
static bool is_only_observed(const struct hs_engine *engine, const struct hs_run *run, bool may_ask, bool advances)
{
	return !may_ask && !advances && !engine->setup.check_each && !is_of_engine(run->kind) &&
	       engine->losses.next_start > row_of(run, run->nr - 1)->time;
}

static void observe_run(struct hs_engine *engine, const struct hs_instance_list *list, const struct hs_run *run)
{
	size_t stride = hs_kind_info(run->kind)->row_bytes;
	const char *end = (const char *)run->rows + run->nr * stride;
	uint64_t last = row_of(run, run->nr - 1)->time;
	struct hs_event event = { .kind = run->kind };

	for (const char *row = run->rows; row < end; row += stride) {
		event.row = (const void *)row;
		hs_vec_for_each(slot, list)
			(*slot)->ops->observe((*slot)->model, &event);
	}
	engine->now = last > engine->now ? last : engine->now;
}

int hs_engine_run(struct hs_engine *engine, const struct hs_run *run, struct hs_error *err)
{
	const struct hs_instance_list *list = &engine->instances.by_kind[run->kind];
	bool may_ask = hs_kind_set_has(&engine->instances.asks, run->kind);
	bool advances = engine->setup.mode == HS_MODE_WHATIF && engine->instances.advancing.count;
	struct hs_event event = { .kind = run->kind };
	int error = 0;

	if (run->nr && is_only_observed(engine, run, may_ask, advances)) {
		observe_run(engine, list, run);
		return 0;
	}
	for (size_t i = 0; i < run->nr && !error; i++) {
		event.row = row_of(run, i);
		if (event.row->time > engine->now)
			engine->now = event.row->time;
		if (is_of_engine(run->kind))
			error = take_own(engine, &event, err);
		if (engine->losses.next_start <= engine->now)
			tell_losses(engine, engine->now);
		if (advances)
			advance_all(engine, engine->now);
		run_event(engine, list, may_ask, &event);
		if (engine->setup.check_each && !error)
			error = check_instances(list, &event, err);
	}
	return error;
}

int hs_engine_finish(struct hs_engine *engine, struct hs_error *err)
{
	(void)err;
	if (engine->setup.mode == HS_MODE_WHATIF)
		advance_all(engine, engine->now);
	return 0;
}

hs_kind_set hs_engine_kinds(const struct hs_engine *engine)
{
	hs_kind_set kinds = { { 0 } };

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (is_of_engine(kind) || engine->instances.by_kind[kind].count)
			hs_kind_set_add(&kinds, kind);
	return kinds;
}

static hs_kind_set foreseen_by(const struct hs_engine *engine, const struct hs_instance *instance)
{
	return instance->ops->foreseen ? instance->ops->foreseen(engine->setup.mode) : (hs_kind_set){ { 0 } };
}

hs_kind_set hs_engine_foreseen(const struct hs_engine *engine)
{
	hs_kind_set kinds = { { 0 } };

	hs_vec_for_each(instance, &engine->instances.all) {
		const hs_kind_set wanted = foreseen_by(engine, instance);

		hs_kind_set_add_all(&kinds, &wanted);
	}
	return kinds;
}

void hs_engine_foresee(struct hs_engine *engine, const struct hs_run *run)
{
	struct hs_event event = { .kind = run->kind };

	hs_vec_for_each(instance, &engine->instances.all) {
		const hs_kind_set wanted = foreseen_by(engine, instance);

		for (size_t i = 0; i < run->nr && hs_kind_set_has(&wanted, run->kind); i++) {
			event.row = row_of(run, i);
			instance->ops->foresee(instance->model, &event);
		}
	}
}

struct hs_model *hs_engine_model(const struct hs_engine *engine, const char *name, uint32_t policy)
{
	const struct hs_instance *instance = hs_instances_find(&engine->instances, name, policy);

	return instance ? instance->model : NULL;
}

const struct hs_policy *hs_engine_policy(const struct hs_engine *engine, uint32_t policy)
{
	return &engine->policies[policy];
}

static int copy_policies(struct hs_engine *engine, const struct hs_engine_setup *setup, struct hs_error *err)
{
	engine->policies = calloc(setup->nr_policies, sizeof(*engine->policies));
	if (!engine->policies)
		return hs_error_nomem(err);
	for (size_t i = 0; i < setup->nr_policies; i++)
		if (hs_policy_copy(&engine->policies[i], &setup->policies[i], setup->policies[i].name))
			return hs_error_nomem(err);
	return 0;
}

static int copy_losses(struct hs_engine *engine, const struct hs_engine_setup *setup, struct hs_error *err)
{
	int error = 0;

	engine->knows_losses = setup->losses != NULL;
	if (!setup->losses)
		return 0;
	hs_vec_for_each(span, &setup->losses->spans)
		if (!error)
			error = hs_losses_add(&engine->losses, &span->row, err);
	return error;
}

int hs_engine_create(const struct hs_engine_setup *setup, struct hs_engine **out, struct hs_error *err)
{
	struct hs_engine *engine = calloc(1, sizeof(*engine));
	int error;

	if (!engine)
		return hs_error_nomem(err);
	engine->setup = *setup;
	hs_losses_init(&engine->losses);
	error = setup->nr_policies ? 0 : hs_error_set(err, -EINVAL, "no policy to replay under; give at least one");
	if (!error)
		error = copy_policies(engine, setup, err);
	if (!error)
		error = copy_losses(engine, setup, err);
	if (!error)
		error = hs_instances_create(&engine->instances, setup, engine->policies, err);
	if (error) {
		hs_engine_destroy(engine);
		return error;
	}
	*out = engine;
	return 0;
}

void hs_engine_destroy(struct hs_engine *engine)
{
	if (!engine)
		return;
	hs_instances_deinit(&engine->instances);
	hs_losses_deinit(&engine->losses);
	for (size_t i = 0; engine->policies && i < engine->setup.nr_policies; i++)
		hs_policy_deinit(&engine->policies[i]);
	free(engine->policies);
	free(engine);
}
