// SPDX-License-Identifier: GPL-2.0-only
/* The adapter's table of operations: events in, decisions out. */
#include "replay/block/block_model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "replay/block/block_check.h"
#include "replay/variant.h"

void hs_block_problem(struct hs_model *model, uint64_t time, const char *format, ...)
{
	char *text = model->problems[model->nr_problems < HS_MAX_PROBLEMS ? model->nr_problems : 0];
	va_list args;
	int length;

	if (model->nr_problems++ >= HS_MAX_PROBLEMS)
		return;
	length = snprintf(text, HS_PROBLEM_TEXT, "at %llu ns: ", (unsigned long long)time);
	va_start(args, format);
	vsnprintf(text + length, HS_PROBLEM_TEXT - (size_t)length, format, args);
	va_end(args);
}

void hs_block_tick(struct hs_model *model, uint64_t now)
{
	hs_block_metrics_tick(&model->metrics, &model->hotplug, now);
	hs_block_history_tick(&model->history, &model->hotplug, now);
}

static hs_kind_set kinds_of(const unsigned int *wanted, size_t nr)
{
	hs_kind_set kinds = { { 0 } };

	for (size_t i = 0; i < nr; i++)
		hs_kind_set_add(&kinds, wanted[i]);
	return kinds;
}

static const unsigned int facts[] = {
	HS_KIND_hotplug_block, HS_KIND_hotplug_zone, HS_KIND_hotplug_notify, HS_KIND_hotplug_result,
	HS_KIND_hotplug_request, HS_KIND_hotplug_add, HS_KIND_hotplug_remove, HS_KIND_hotplug_group,
	HS_KIND_hotplug_poison, HS_KIND_hotplug_read,
	/* decisions above, facts alone below */
	HS_KIND_hotplug_uevent, HS_KIND_hotplug_operation, HS_KIND_hotplug_isolate, HS_KIND_hotplug_test_isolated,
	HS_KIND_hotplug_blocks, HS_KIND_snap_begin, HS_KIND_snap_end, HS_KIND_snap_tunable,
	HS_KIND_meta_tunable, HS_KIND_snap_block, HS_KIND_snap_zone, HS_KIND_snap_node, HS_KIND_snap_resource,
	HS_KIND_snap_group,
};
enum { NR_DECISION_KINDS = 10 };

static hs_kind_set block_kinds(void)
{
	return kinds_of(facts, sizeof(facts) / sizeof(*facts));
}

static hs_kind_set block_decision_kinds(void)
{
	return kinds_of(facts, NR_DECISION_KINDS);
}

static struct hs_block_variant variant_of(const struct hs_model_setup *setup)
{
	const char *text = hs_policy_text(setup->policy, "block.variant");
	enum hs_variant variant = hs_variant_resolve(text, setup->header, NULL);
	struct hs_block_variant decoded;
	unsigned int stated;

	if (strcmp(text, "auto") || !setup->header) {
		const struct hs_block_variant *named = hs_block_variant_find(hs_variant_name(variant));

		return named ? *named : *hs_block_variant_at(0);	/* v2010 knew no blocks of its own: 6.1's rules */
	}
	hs_block_variant_decode(setup->header, &decoded, &stated);
	if (!stated && hs_block_variant_find(hs_variant_name(variant)))
		return *hs_block_variant_find(hs_variant_name(variant));
	return decoded;
}

static int check_policy(const struct hs_model_setup *setup, struct hs_error *err)
{
	uint64_t bytes = hs_policy_number(setup->policy, "block.block_bytes");

	if (bytes && ((bytes & (bytes - 1)) || bytes < 128 << 20))
		return hs_error_set(err, -EINVAL, "block.block_bytes is %llu; a memory block is a power of two of at least "
				    "134217728 bytes", (unsigned long long)bytes);
	return 0;
}

static void block_destroy(struct hs_model *model)
{
	if (!model)
		return;
	hs_whatif_destroy(model->whatif);
	hs_staging_deinit(&model->staging);
	hs_hash_map_deinit(&model->poisoned);
	hs_block_history_deinit(&model->history);
	hs_block_metrics_deinit(&model->metrics);
	hs_hotplug_deinit(&model->hotplug);
	free(model);
}

static int block_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	const char *rung = hs_header_rung(setup->header, "hotplug");
	struct hs_block_variant variant = variant_of(setup);
	struct hs_model *model;
	int error = check_policy(setup, err);

	if (error)
		return error;
	model = calloc(1, sizeof(*model));
	if (!model)
		return hs_error_nomem(err);
	model->mode = setup->mode;
	model->policy = setup->policy;
	model->header = setup->header;
	model->is_deep = rung && (!strcmp(rung, "fentry") || !strcmp(rung, "kprobe"));
	hs_hotplug_init(&model->hotplug, &variant);
	model->hotplug.keeps_touched = true;
	hs_block_read_policy(model);
	if (setup->mode == HS_MODE_WHATIF)
		error = hs_whatif_create(model, err);
	if (error) {
		block_destroy(model);
		return error;
	}
	*out = model;
	return 0;
}

static void block_observe(struct hs_model *model, const struct hs_event *event)
{
	model->now = event->row->time;
	switch (event->kind) {
	case HS_KIND_snap_tunable:
		hs_block_take_tunable(model, &event->snap_tunable->name, &event->snap_tunable->value);
		return;
	case HS_KIND_meta_tunable:
		hs_block_take_tunable(model, &event->meta_tunable->name, &event->meta_tunable->value);
		return;
	case HS_KIND_snap_block:
	case HS_KIND_snap_zone:
	case HS_KIND_snap_node:
	case HS_KIND_snap_resource:
	case HS_KIND_snap_group:
		hs_block_stage(model, event);
		return;
	case HS_KIND_snap_end:
		hs_block_take_snapshot(model, event->row->time);
		return;
	default:
		break;
	}
	if (!model->has_state)
		return;
	if (model->whatif)
		hs_whatif_observe(model, event);
	else
		hs_block_follow(model, event);
	if (model->hotplug.touched.count)
		hs_block_tick(model, model->now);
}

/* Nothing that was lost can be told apart from what did not happen. */
static void block_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	(void)lost;
	model->has_lost = true;
	model->pending.is_active = false;
	model->last.is_known = model->last_poison.is_known = false;
}

static int block_check(const struct hs_model *model, struct hs_error *err)
{
	return model->has_lost || model->nr_problems ? 0 : hs_hotplug_check(&model->hotplug, err);
}

static void block_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
			    void *context)
{
	hs_block_metrics_summarize(&model->metrics, &model->hotplug, add, context);
	if (model->whatif)
		hs_whatif_summarize(model, add, context);
}

static void block_history(const struct hs_model *model, hs_history_sink *add, void *context)
{
	hs_block_history_show(&model->history, &model->hotplug, add, context);
}

static uint64_t block_problems(const struct hs_model *model, FILE *out)
{
	for (uint64_t i = 0; out && i < model->nr_problems && i < HS_MAX_PROBLEMS; i++)
		fprintf(out, "%s\n", model->problems[i]);
	return model->nr_problems;
}

const struct hs_model_ops hs_block_model = {
	.name = "block",
	.help = "memory blocks: online and offline, zones, notifications, adding and removing memory",
	.keys = hs_block_keys,
	.kinds = block_kinds,
	.decision_kinds = block_decision_kinds,
	.create = block_create,
	.destroy = block_destroy,
	.observe = block_observe,
	.ask = hs_block_ask,
	.decide = hs_block_decide,
	.adopt = hs_block_adopt,
	.advance = hs_whatif_advance,
	.lost = block_lost,
	.dump = hs_block_dump,
	.check = block_check,
	.summarize = block_summarize,
	.history = block_history,
	.problems = block_problems,
};
