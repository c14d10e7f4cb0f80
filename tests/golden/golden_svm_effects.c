// SPDX-License-Identifier: GPL-2.0-only
/* Effects as JSON: which fields each kind has. */
#include "tests/golden/golden_svm.h"

#include <string.h>

enum { RESTORE_DELAY_MS = 1 };	/* AMDGPU_SVM_RANGE_RESTORE_DELAY_MS, kfd_svm.c */

enum hs_svm_event golden_svm_event(const char *name)
{
	for (enum hs_svm_event event = 0; event < HS_SVM_NR_EVENTS; event++)
		if (strcmp(hs_svm_event_name(event), name) == 0)
			return event;
	return HS_SVM_EVENT_CLEAR;
}

static void set_int(json_t *object, const char *field, uint64_t value)
{
	json_object_set_new(object, field, json_integer((json_int_t)value));
}

static void set_bool(json_t *object, const char *field, bool value)
{
	json_object_set_new(object, field, json_boolean(value));
}

static void set_text(json_t *object, const char *field, const char *text)
{
	json_object_set_new(object, field, json_string(text));
}

static void set_rc(json_t *object, const struct hs_svm_effect *effect)
{
	json_object_set_new(object, "rc", json_integer(effect->rc));
}

static void set_bounds(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "start", effect->start);
	set_int(object, "last", effect->last);
}

static void put_migration(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "gpu", effect->gpu);
	set_int(object, "start", effect->start);
	set_int(object, "end", effect->last + 1);
	set_int(object, "from", effect->from);
	set_int(object, "to", effect->to);
	set_text(object, "trigger", hs_svm_trigger_name(effect->trigger));
}

static void put_migrate_start(json_t *object, const struct hs_svm_effect *effect)
{
	put_migration(object, effect);
	set_int(object, "prefetch_loc", effect->prefetch_loc);
	set_int(object, "preferred_loc", effect->preferred_loc);
}

static void put_migrate_end(json_t *object, const struct hs_svm_effect *effect)
{
	put_migration(object, effect);
	if (effect->has_rc)
		json_object_set_new(object, "error", json_integer(effect->rc));
}

static void put_migrate(json_t *object, const struct hs_svm_effect *effect)
{
	set_bounds(object, effect);
	set_int(object, "from", effect->from);
	set_int(object, "to", effect->to);
	set_text(object, "trigger", hs_svm_trigger_name(effect->trigger));
}

static void put_collect(json_t *object, const struct hs_svm_effect *effect)
{
	set_bounds(object, effect);
	set_rc(object, effect);
	if (effect->rc)
		return;
	set_bool(object, "to_vram", effect->to_vram);
	set_int(object, "cpages", effect->pages);
	set_int(object, "holes", effect->holes);
}

static void put_rc(json_t *object, const struct hs_svm_effect *effect)
{
	set_rc(object, effect);
}

static void put_pages(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "pages", effect->pages);
}

static void put_pages_rc(json_t *object, const struct hs_svm_effect *effect)
{
	put_pages(object, effect);
	set_rc(object, effect);
}

static void put_device(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "adev", effect->device);
}

static void put_device_pages(json_t *object, const struct hs_svm_effect *effect)
{
	put_device(object, effect);
	put_pages(object, effect);
}

static void put_device_pages_rc(json_t *object, const struct hs_svm_effect *effect)
{
	put_device_pages(object, effect);
	set_rc(object, effect);
}

static void put_notify(json_t *object, const struct hs_svm_effect *effect)
{
	set_text(object, "event", hs_svm_event_name(effect->event));
	set_bounds(object, effect);
}

static void put_validate(json_t *object, const struct hs_svm_effect *effect)
{
	json_t *gpus = json_array();

	for (uint32_t gpu = 0; gpu < HS_SVM_MAX_GPUS; gpu++)
		if (effect->gpus >> gpu & 1)
			json_array_append_new(gpus, json_integer(gpu));
	json_object_set_new(object, "gpus", gpus);
}

static void put_get_pages(json_t *object, const struct hs_svm_effect *effect)
{
	json_t *spans;

	set_bounds(object, effect);
	set_bool(object, "readonly", effect->readonly);
	set_rc(object, effect);
	if (!effect->nr_spans)
		return;
	spans = json_array();
	for (size_t i = 0; i < effect->nr_spans; i++)
		json_array_append_new(spans, json_pack("[I,I]", (json_int_t)effect->spans[i].start,
						       (json_int_t)effect->spans[i].last));
	json_object_set_new(object, "vram", spans);
}

static void put_gpu(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "gpu", effect->gpu);
}

static void put_map(json_t *object, const struct hs_svm_effect *effect)
{
	put_gpu(object, effect);
	set_bounds(object, effect);
	set_bool(object, "vram", effect->vram);
	set_bool(object, "write", effect->write);
	set_bool(object, "exec", effect->exec);
	set_bool(object, "flush", effect->flush);
	set_rc(object, effect);
}

static void put_unmap_event(json_t *object, const struct hs_svm_effect *effect)
{
	put_gpu(object, effect);
	set_bounds(object, effect);
	set_text(object, "trigger", hs_svm_trigger_name(effect->trigger));
}

static void put_unmap(json_t *object, const struct hs_svm_effect *effect)
{
	put_gpu(object, effect);
	set_bounds(object, effect);
	set_rc(object, effect);
}

static void put_evict_queues(json_t *object, const struct hs_svm_effect *effect)
{
	(void)effect;
	set_text(object, "trigger", "svm");
}

static void put_queued(json_t *object, const struct hs_svm_effect *effect)
{
	set_bool(object, "queued", effect->queued);
}

static void put_schedule_restore(json_t *object, const struct hs_svm_effect *effect)
{
	put_queued(object, effect);
	set_int(object, "delay_ms", RESTORE_DELAY_MS);
}

static void put_fault_start(json_t *object, const struct hs_svm_effect *effect)
{
	put_gpu(object, effect);
	set_int(object, "page", effect->start);
	set_bool(object, "write", effect->write);
}

static void put_fault_end(json_t *object, const struct hs_svm_effect *effect)
{
	put_gpu(object, effect);
	set_int(object, "page", effect->start);
	set_bool(object, "migration", effect->migrated);
}

static void put_page(json_t *object, const struct hs_svm_effect *effect)
{
	set_int(object, "page", effect->start);
}

static void put_warn(json_t *object, const struct hs_svm_effect *effect)
{
	set_text(object, "where", effect->where);
}

static void put_nothing(json_t *object, const struct hs_svm_effect *effect)
{
	(void)object, (void)effect;
}

/* NULL: not in the cases. */
static void (*const put_fields[HS_SVM_NR_EFFECTS])(json_t *object, const struct hs_svm_effect *effect) = {
	[HS_SVM_EFFECT_MIGRATE] = put_migrate,
	[HS_SVM_EFFECT_MIGRATE_RC] = put_rc,
	[HS_SVM_EFFECT_MIGRATE_START] = put_migrate_start,
	[HS_SVM_EFFECT_MIGRATE_END] = put_migrate_end,
	[HS_SVM_EFFECT_COLLECT] = put_collect,
	[HS_SVM_EFFECT_COPY_FAIL] = put_rc,
	[HS_SVM_EFFECT_MOVED] = put_pages,
	[HS_SVM_EFFECT_NOTIFY] = put_notify,
	[HS_SVM_EFFECT_VRAM_RESERVE] = put_device_pages_rc,
	[HS_SVM_EFFECT_BO_NEW] = put_device_pages_rc,
	[HS_SVM_EFFECT_BO_FREE] = put_device_pages,
	[HS_SVM_EFFECT_VALIDATE] = put_validate,
	[HS_SVM_EFFECT_VALIDATE_END] = put_nothing,
	[HS_SVM_EFFECT_LOCK_FAIL] = put_rc,
	[HS_SVM_EFFECT_GET_PAGES] = put_get_pages,
	[HS_SVM_EFFECT_PAGES_STALE] = put_nothing,
	[HS_SVM_EFFECT_MAP] = put_map,
	[HS_SVM_EFFECT_UNMAP_EVENT] = put_unmap_event,
	[HS_SVM_EFFECT_UNMAP] = put_unmap,
	[HS_SVM_EFFECT_FLUSH_TLB] = put_gpu,
	[HS_SVM_EFFECT_EVICT_QUEUES] = put_evict_queues,
	[HS_SVM_EFFECT_RESTORE_QUEUES] = put_nothing,
	[HS_SVM_EFFECT_SCHEDULE_RESTORE] = put_schedule_restore,
	[HS_SVM_EFFECT_RESTORE_RESCHEDULED] = put_nothing,
	[HS_SVM_EFFECT_SCHEDULE_DEFERRED] = put_queued,
	[HS_SVM_EFFECT_RUN_DEFERRED] = put_nothing,
	[HS_SVM_EFFECT_DRAIN_FAULTS] = put_device,
	[HS_SVM_EFFECT_FAULT_START] = put_fault_start,
	[HS_SVM_EFFECT_FAULT_END] = put_fault_end,
	[HS_SVM_EFFECT_FAULT_FILTER_REMOVE] = put_page,
	[HS_SVM_EFFECT_SYS_RESERVE] = put_pages_rc,
	[HS_SVM_EFFECT_SYS_UNRESERVE] = put_pages,
	[HS_SVM_EFFECT_WARN] = put_warn,
	[HS_SVM_EFFECT_HAZARD] = NULL,
};

void golden_svm_log(void *context, const struct hs_svm_effect *effect)
{
	struct golden_svm *run = context;
	json_t *object;

	if (!put_fields[effect->kind])
		return;
	object = json_object();
	set_text(object, "e", hs_svm_effect_name(effect->kind));
	put_fields[effect->kind](object, effect);
	json_array_append_new(run->effects, object);
}

/* The first effect that differs is shown. */
int golden_svm_compare_effects(const struct golden_svm *run, const json_t *op, struct golden_failure *failure)
{
	const json_t *expected = json_object_get(op, "effects");
	size_t count = json_array_size(expected), got = json_array_size(run->effects);

	for (size_t i = 0; i < count || i < got; i++) {
		char what[40];

		snprintf(what, sizeof(what), "effect %zu", i);
		if (golden_compare(failure, what, json_array_get(expected, i), json_array_get(run->effects, i)))
			return 1;
	}
	return 0;
}
