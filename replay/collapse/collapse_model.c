// SPDX-License-Identifier: GPL-2.0-only
/* The model's face: creation, events, dump, summary. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replay/collapse/collapse_whatif.h"
#include "replay/collapse/madvise_validate.h"

static const char *const bases[] = { "address_space", NULL };

static const char daemon_name[] = "khugepaged";

static void add_kinds(hs_kind_set *kinds, const unsigned int *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hs_kind_set_add(kinds, list[i]);
}

static hs_kind_set collapse_kinds(void)
{
	static const unsigned int wanted[] = {
		HS_KIND_meta_task, HS_KIND_snap_tunable, HS_KIND_meta_tunable, HS_KIND_collapse_ptes,
		HS_KIND_collapse_cache, HS_KIND_collapse_pass, HS_KIND_collapse_alloc, HS_KIND_collapse_swapin,
		HS_KIND_collapse_isolate, HS_KIND_collapse_huge_page, HS_KIND_collapse_scan,
		HS_KIND_collapse_scan_file, HS_KIND_collapse_visit, HS_KIND_mm_mmap, HS_KIND_mm_madvise,
		HS_KIND_mm_process_madvise, HS_KIND_snap_begin, HS_KIND_snap_end,
	};
	hs_kind_set kinds = { { 0 } };

	add_kinds(&kinds, wanted, sizeof(wanted) / sizeof(*wanted));
	return kinds;
}

static hs_kind_set collapse_decision_kinds(void)
{
	static const unsigned int wanted[] = {
		HS_KIND_collapse_isolate, HS_KIND_collapse_huge_page, HS_KIND_collapse_scan,
		HS_KIND_collapse_scan_file, HS_KIND_mm_madvise,
	};
	hs_kind_set kinds = { { 0 } };

	add_kinds(&kinds, wanted, sizeof(wanted) / sizeof(*wanted));
	return kinds;
}

static void collapse_destroy(struct hs_model *model)
{
	if (!model)
		return;
	hs_collapse_whatif_destroy(model->whatif);
	hs_range_groups_deinit(&model->groups);
	hs_hash_map_deinit(&model->daemons);
	hs_setting_changes_deinit(&model->changes);
	free(model);
}

static int collapse_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	struct hs_model *model = calloc(1, sizeof(*model));
	int error;

	if (!model)
		return hs_error_nomem(err);
	model->mode = setup->mode;
	model->policy = setup->policy;
	model->space = hs_address_space_of(setup->bases[0]);
	hs_collapse_tunables_read(&model->tunables, model->policy, NULL);
	hs_collapse_tunables_init(&model->recorded_tunables, model->tunables.nr);
	error = hs_collapse_rules_find(hs_policy_text(setup->policy, "collapse.variant"), setup->header,
				       &model->rules, &model->are_rules_guessed, err);
	if (!error)
		error = hs_collapse_rules_find("auto", setup->header, &model->recorded_rules, NULL, err);
	if (!error && model->mode == HS_MODE_WHATIF)
		error = hs_collapse_whatif_create(model, err);
	if (error) {
		collapse_destroy(model);
		return error;
	}
	*out = model;
	return 0;
}

/* mm/page_alloc.c node_reclaim_distance, unless an architecture changes it (AMD Zen: 32). */
enum { RECLAIM_DISTANCE = 30 };

static bool next_number(const char **text, const char *end, uint64_t *number)
{
	while (*text < end && **text == ' ')
		++*text;
	if (*text == end || **text < '0' || **text > '9')
		return false;
	for (*number = 0; *text < end && **text >= '0' && **text <= '9'; ++*text)
		*number = *number * 10 + (uint64_t)(**text - '0');
	return true;
}

/* "10 40" of node1/distance: how far node 1 is from node 0, from node 1, … */
static void take_distances(struct hs_model *model, uint64_t node, const char *text, const char *end)
{
	uint64_t distance;

	if (node >= HS_MAX_NODES)
		return;
	model->too_far[node] = 0;
	for (unsigned int other = 0; other < HS_MAX_NODES && next_number(&text, end, &distance); other++)
		if (distance > RECLAIM_DISTANCE)
			model->too_far[node] |= (uint8_t)(1u << other);
}

/* What decides about nodes: /proc/sys/vm/zone_reclaim_mode and nodeN/distance. */
static void take_node_setting(struct hs_model *model, const struct hs_bytes *name, const struct hs_bytes *value)
{
	static const char mode[] = "zone_reclaim_mode", node[] = "node", distance[] = "/distance";
	const char *at = (const char *)name->data, *end = at + name->length;
	const char *text = (const char *)value->data, *text_end = text + value->length;
	uint64_t number;

	if (name->length == sizeof(mode) - 1 && memcmp(at, mode, name->length) == 0) {
		model->node_reclaim = next_number(&text, text_end, &number) && number != 0;
		return;
	}
	if (name->length < sizeof(node) - 1 || memcmp(at, node, sizeof(node) - 1) != 0)
		return;
	at += sizeof(node) - 1;
	if (next_number(&at, end, &number) && (size_t)(end - at) == sizeof(distance) - 1 &&
	    memcmp(at, distance, sizeof(distance) - 1) == 0)
		take_distances(model, number, text, text_end);
}

static void take_tunable(struct hs_model *model, const struct hs_bytes *name, const struct hs_bytes *value)
{
	static const char prefix[] = "transparent_hugepage/";
	const char *text = value->data, *chosen = memchr(text, '[', value->length);
	const struct hs_collapse_tunables before = model->tunables;
	size_t length;
	char file[96];

	take_node_setting(model, name, value);
	/* All of this model's keys are files of this folder. */
	if (name->length <= sizeof(prefix) - 1 || name->length - (sizeof(prefix) - 1) >= sizeof(file) ||
	    memcmp(name->data, prefix, sizeof(prefix) - 1) != 0)
		return;
	length = name->length - (sizeof(prefix) - 1);
	memcpy(file, (const char *)name->data + sizeof(prefix) - 1, length);
	file[length] = 0;
	hs_collapse_tunables_read(&model->tunables, model->policy, file);
	if (model->whatif)
		hs_collapse_whatif_settings(model, &before);
	length = value->length;
	/* "always [madvise] never": the word in brackets is in force. */
	if (chosen) {
		const char *end = memchr(chosen, ']', (size_t)(text + value->length - chosen));

		text = chosen + 1;
		length = end ? (size_t)(end - text) : 0;
	}
	hs_collapse_tunables_store(&model->recorded_tunables, &model->recorded_rules, file, text, length);
}

static void note_task(struct hs_model *model, const struct hs_meta_task *task)
{
	if (task->comm.length == sizeof(daemon_name) - 1 &&
	    memcmp(task->comm.data, daemon_name, sizeof(daemon_name) - 1) == 0)
		hs_hash_map_put(&model->daemons, task->row.task, 1);
}

static void collapse_observe(struct hs_model *model, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_meta_task:
		return note_task(model, event->meta_task);
	case HS_KIND_snap_tunable:
		return take_tunable(model, &event->snap_tunable->name, &event->snap_tunable->value);
	case HS_KIND_meta_tunable:
		if (!model->changes.is_complete)
			hs_setting_changes_add(&model->changes, event->meta_tunable);
		return take_tunable(model, &event->meta_tunable->name, &event->meta_tunable->value);
	case HS_KIND_collapse_visit:
		if (!model->whatif)
			model->sums.full_scans += event->collapse_visit->full_scan_finished;
		return;
	case HS_KIND_snap_begin:
		if (!model->began)
			model->began = event->row->time;
		/* fallthrough */
	case HS_KIND_collapse_pass:
	case HS_KIND_mm_mmap:
	case HS_KIND_snap_end:
		if (model->whatif)
			hs_collapse_whatif_observe(model, event);
		return;
	case HS_KIND_mm_madvise:
	case HS_KIND_mm_process_madvise:
		if (model->whatif)
			hs_collapse_whatif_observe(model, event);
		else
			hs_madvise_observe(model, event->row->task);
		return;
	default:
		if (model->whatif)
			hs_collapse_whatif_observe(model, event);
		else
			hs_collapse_observe_group(model, event);
	}
}

/* Validate: whether a setting was about to change. A free run: what pages and the daemon's pace were. */
static hs_kind_set collapse_foreseen(enum hs_mode mode)
{
	hs_kind_set kinds = { { 0 } };

	if (mode == HS_MODE_WHATIF)
		return hs_collapse_whatif_foreseen();
	hs_kind_set_add(&kinds, HS_KIND_meta_tunable);
	return kinds;
}

static void collapse_foresee(struct hs_model *model, const struct hs_event *event)
{
	if (model->whatif) {
		hs_collapse_whatif_foresee(model->whatif, event);
		return;
	}
	model->changes.is_complete = true;
	hs_setting_changes_add(&model->changes, event->meta_tunable);
}

/* A free run is asked for no decision, but some of its own fall before the mappings change. */
static int collapse_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
			struct hs_decision *recorded)
{
	if (!model->whatif)
		return hs_collapse_ask(model, event, request, recorded);
	if (event->kind == HS_KIND_mm_madvise)
		hs_collapse_whatif_before_madvise(model->whatif, event->mm_madvise);
	return 0;
}

/* The recorded outcome is made true by address_space; the group's events are taken in by observe. */
static void collapse_adopt(struct hs_model *model, const struct hs_request *request,
			   const struct hs_decision *decision)
{
	(void)model;
	(void)request;
	(void)decision;
}

/* An event of a range under way may be among the lost: forget what is half known. */
static void collapse_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	model->lost_at = lost->last_time > lost->row.time ? lost->last_time : lost->row.time;
	hs_vec_for_each(group, &model->groups.all)
		hs_range_group_clear(*group);
	model->last_address = 0;
}

static int collapse_dump(const struct hs_model *model, FILE *out)
{
	const struct hs_collapse_sums *sums = &model->sums;
	char text[HS_COLLAPSE_TUNABLE_TEXT];

	fprintf(out, "{\"variant\": \"%s\", \"tunables\": {", hs_variant_name(model->rules.variant));
	for (const struct hs_policy_key *key = hs_collapse_keys + 1; key->tunable; key++) {
		const char *file = key->tunable + sizeof("transparent_hugepage/") - 1;

		fprintf(out, "%s\"%s\": \"%s\"", key == hs_collapse_keys + 1 ? "" : ", ", file,
			hs_collapse_tunables_text(&model->tunables, file, text));
	}
	fprintf(out, "}, \"scans\": %" PRIu64 ", \"attempts\": %" PRIu64 ", \"huge_pages\": %" PRIu64, sums->scans,
		sums->attempts, sums->huge_pages);
	fprintf(out, ", \"pages_copied\": %" PRIu64 ", \"pages_zeroed\": %" PRIu64 "}\n", sums->pages_copied,
		sums->pages_zeroed);
	return ferror(out) ? -EIO : 0;
}

static int collapse_check(const struct hs_model *model, struct hs_error *err)
{
	const struct hs_collapse_sums *sums = &model->sums;

	if (sums->huge_pages > sums->scans)
		return hs_error_set(err, -EINVAL, "more huge pages than scans");
	if (model->whatif && !hs_khugepaged_is_valid(&model->whatif->daemon))
		return hs_error_set(err, -EINVAL, "the daemon's list, cursor and flags disagree");
	if (model->tunables.max_ptes_none >= model->tunables.nr)
		return hs_error_set(err, -EINVAL, "max_ptes_none is not below the pages of a huge page");
	return 0;
}

static void collapse_summarize(const struct hs_model *model, hs_add_number *add, void *context)
{
	const struct hs_collapse_sums *sums = &model->sums;

	add(context, "scans", (double)sums->scans);
	add(context, "attempts", (double)sums->attempts);
	add(context, "huge_pages", (double)sums->huge_pages);
	add(context, "bloat_bytes", (double)sums->pages_zeroed * HS_PAGE_BYTES);
	add(context, "ptes_scanned", (double)sums->ptes_scanned);
	add(context, "pages_copied", (double)sums->pages_copied);
	add(context, "pages_swapped_in", (double)sums->pages_swapped_in);
	add(context, "alloc_failures", (double)sums->alloc_failures);
	add(context, "notifier_ranges", (double)sums->notifier_ranges);
	add(context, "lock_ns", (double)sums->lock_ns);
	add(context, "full_scans", (double)sums->full_scans);
	if (model->whatif)
		hs_collapse_whatif_summarize(model->whatif, add, context);
}

static void collapse_summarize_mms(const struct hs_model *model, hs_add_mm_number *add, void *context)
{
	if (model->whatif)
		hs_collapse_whatif_summarize_mms(model->whatif, add, context);
}

static void collapse_sample(const struct hs_model *model, hs_add_number *add, void *context)
{
	if (model->whatif)
		hs_collapse_whatif_sample(model->whatif, add, context);
}

static void collapse_sample_mms(const struct hs_model *model, hs_add_mm_number *add, void *context)
{
	if (model->whatif)
		hs_collapse_whatif_sample_mms(model->whatif, add, context);
}

static uint64_t collapse_problems(const struct hs_model *model, FILE *out)
{
	static const char *const texts[HS_NR_COLLAPSE_PROBLEMS] = {
		"results that are in no kernel's table", "attempts whose end was not recorded",
		"ranges whose counts contradict each other: they changed under the scan",
	};
	uint64_t sum = 0;

	for (int i = 0; i < HS_NR_COLLAPSE_PROBLEMS; i++) {
		sum += model->problems[i];
		if (model->problems[i] && out)
			fprintf(out, "collapse: %" PRIu64 " %s\n", model->problems[i], texts[i]);
	}
	return sum;
}

const struct hs_model_ops hs_collapse_model = {
	.name = "collapse",
	.help = "huge pages: khugepaged, MADV_COLLAPSE and huge faults",
	.stands_on = bases,
	.keys = hs_collapse_keys,
	.kinds = collapse_kinds,
	.decision_kinds = collapse_decision_kinds,
	.create = collapse_create,
	.destroy = collapse_destroy,
	.observe = collapse_observe,
	.ask = collapse_ask,
	.decide = hs_collapse_decide,
	.describe = hs_collapse_describe,
	.adopt = collapse_adopt,
	.advance = hs_collapse_whatif_advance,
	.foreseen = collapse_foreseen,
	.foresee = collapse_foresee,
	.lost = collapse_lost,
	.dump = collapse_dump,
	.check = collapse_check,
	.summarize = collapse_summarize,
	.summarize_mms = collapse_summarize_mms,
	.sample = collapse_sample,
	.sample_mms = collapse_sample_mms,
	.problems = collapse_problems,
};
