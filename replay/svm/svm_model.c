// SPDX-License-Identifier: GPL-2.0-only
/* The model: which processes there are, and what each event is to them. */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "replay/svm/svm_instance.h"

static const char *const stands_on[] = { "address_space", NULL };

static hs_kind_set svm_kinds(void)
{
	static const unsigned int wanted[] = {
		HS_KIND_meta_task, HS_KIND_meta_mm, HS_KIND_snap_vma, HS_KIND_snap_end, HS_KIND_fault_user, HS_KIND_fault_kernel,
		HS_KIND_mm_mmap, HS_KIND_mm_munmap, HS_KIND_mm_mremap, HS_KIND_mm_brk, HS_KIND_mm_mprotect,
		HS_KIND_mm_madvise, HS_KIND_mm_fork, HS_KIND_mm_exit_mmap, HS_KIND_collapse_huge_page,
		HS_KIND_notifier_kvm_unmap, HS_KIND_notifier_start,
	};
	hs_kind_set kinds = { { 0 } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		hs_kind_set_add(&kinds, wanted[i]);
	svm_add_recorded_kinds(&kinds);
	return kinds;
}

static hs_kind_set svm_decision_kinds(void)
{
	hs_kind_set kinds = { { 0 } };

	svm_add_recorded_kinds(&kinds);
	return kinds;
}

static void svm_destroy(struct hs_model *model)
{
	if (!model)
		return;
	hs_vec_for_each(slot, &model->list)
		svm_process_destroy(slot->process);
	hs_vec_deinit(&model->list);
	hs_vec_deinit(&model->decisions);
	hs_vec_deinit(&model->order);
	hs_hash_map_deinit(&model->tasks);
	hs_hash_map_deinit(&model->slots);
	hs_hash_map_deinit(&model->files);
	svm_scenario_deinit(&model->scenario);
	free(model);
}

static int svm_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	struct hs_model *model = calloc(1, sizeof(*model));
	int rc;

	if (!model)
		return hs_error_nomem(err);
	rc = svm_scenario_read(setup->policy, setup->header, &model->scenario, err);
	if (rc) {
		free(model);
		return rc;
	}
	svm_add_recorded_kinds(&model->recorded);
	model->policy = setup->policy;
	model->space = hs_address_space_of(setup->bases[0]);
	model->mode = setup->mode;
	model->is_active = model->scenario.nr_gpus &&
			   (model->scenario.nr_regions || model->mode == HS_MODE_VALIDATE);
	*out = model;
	return 0;
}

/* --- who --- */

static void see_task(struct hs_model *model, const struct hs_meta_task *event)
{
	const struct svm_scenario *scenario = &model->scenario;
	uint64_t flags = 0;

	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		flags |= (uint64_t)svm_selects_task(&scenario->regions[i].process, event) << i;
	for (uint32_t i = 0; i < scenario->nr_devices; i++)
		flags |= (uint64_t)svm_selects_task(&scenario->devices[i].who, event) << (i + SVM_SCENARIO_REGIONS);
	if (hs_hash_map_put(&model->tasks, event->row.task, flags))
		model->nomem = true;
}

static uint64_t flags_of(const struct hs_model *model, uint32_t task)
{
	const uint64_t *flags = hs_hash_map_get(&model->tasks, task);

	return flags ? *flags : 0;
}

/* In validate the recorded GPU touches; nobody stands for it. */
uint32_t svm_devices_of(const struct hs_model *model, uint32_t task)
{
	return model->mode == HS_MODE_WHATIF ? (uint32_t)(flags_of(model, task) >> SVM_SCENARIO_REGIONS) : 0;
}

static uint32_t regions_of(const struct hs_model *model, uint32_t task, uint32_t mm)
{
	const struct svm_scenario *scenario = &model->scenario;
	uint32_t regions = (uint32_t)flags_of(model, task);

	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (scenario->regions[i].process.kind == SVM_SELECT_MM && scenario->regions[i].process.number == mm)
			regions |= 1u << i;
	return regions;
}

/* What regions want files of that name. Only snapshots name what is mapped; a file descriptor says nothing. */
static void see_mapping(struct hs_model *model, const struct hs_snap_vma *row)
{
	const struct hs_mm *mm = hs_address_space_mm(model->space, row->row.mm);
	const struct hs_vma *vma = mm ? hs_mm_vma_at(mm, row->start) : NULL;
	char name[PATH_MAX];
	uint64_t regions = 0;

	if (!vma || !vma->file || row->name.length >= sizeof(name))
		return;
	if (row->name.length)
		memcpy(name, row->name.data, row->name.length);
	name[row->name.length] = '\0';
	for (uint32_t i = 0; i < model->scenario.nr_regions; i++)
		if (model->scenario.regions[i].file[0])
			regions |= (uint64_t)!fnmatch(model->scenario.regions[i].file, name, 0) << i;
	if (regions && hs_hash_map_put(&model->files, vma->file, regions))
		model->nomem = true;
}

/* --- processes --- */

static uint64_t slot_key(const struct hs_row *row)
{
	return row->mm ? row->mm : (uint64_t)row->task << 32;
}

static struct svm_slot *find_slot(const struct hs_model *model, uint64_t key)
{
	const uint64_t *index = hs_hash_map_get(&model->slots, key);

	return index ? &model->list.items[*index] : NULL;
}

/* A process without an address space may use all addresses. */
static void take_mappings(struct svm_process *process)
{
	if (process->mm)
		svm_process_sync(process, 1, SVM_LAST_USER_PAGE);
	else
		hs_svm_add_vma(process->svm, 1, SVM_LAST_USER_PAGE, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
}

static struct svm_slot *make_slot(struct hs_model *model, const struct hs_row *row)
{
	struct svm_process_setup setup = {
		.scenario = &model->scenario, .files = &model->files, .space = model->space, .mm = row->mm,
		.task = row->task, .now = row->time,
		.is_silent = model->mode == HS_MODE_VALIDATE, .decisions = &model->decisions,
	};
	struct svm_slot slot = { .process = NULL };

	/* The snapshot's value of the tunable is known only now. */
	model->scenario.granularity = (uint32_t)hs_policy_number(model->policy, "svm.granularity");
	slot.process = svm_process_create(&setup);
	if (!slot.process || !hs_vec_push(&model->list, slot) ||
	    hs_hash_map_put(&model->slots, slot_key(row), model->list.count - 1)) {
		model->nomem = true;
		return NULL;
	}
	model->nr_processes++;
	take_mappings(slot.process);
	return &model->list.items[model->list.count - 1];
}

struct svm_slot *svm_slot_of(struct hs_model *model, const struct hs_row *row, bool make)
{
	struct svm_slot *slot;

	if (!model->is_active || (!row->mm && !row->task))
		return NULL;
	slot = find_slot(model, slot_key(row));
	return slot || !make ? slot : make_slot(model, row);
}

/* The last slot takes the place of the one that ends. */
static void end_slot(struct hs_model *model, const struct hs_row *row)
{
	struct svm_slot *slot = find_slot(model, slot_key(row));
	size_t index;

	if (!slot)
		return;
	index = (size_t)(slot - model->list.items);
	svm_process_run_due(slot->process, row->time);
	svm_account_vanished(slot->process, 0, HS_SVM_NO_PAGE - 1);
	svm_keep_totals(model, slot);
	svm_process_destroy(slot->process);
	hs_hash_map_remove(&model->slots, slot_key(row), NULL);
	*slot = model->list.items[--model->list.count];
	if (index < model->list.count) {
		const struct svm_process *moved = slot->process;
		uint64_t key = moved->mm ? moved->mm : (uint64_t)moved->task << 32;

		if (hs_hash_map_put(&model->slots, key, index))
			model->nomem = true;
	}
}

/* --- events --- */

static void sync_all(struct hs_model *model, uint64_t now)
{
	hs_vec_for_each(slot, &model->list) {
		svm_process_run_due(slot->process, now);
		take_mappings(slot->process);
	}
}

static bool is_fault(const struct hs_event *event)
{
	return event->kind == HS_KIND_fault_user || event->kind == HS_KIND_fault_kernel;
}

static void observe_host(struct hs_model *model, const struct hs_event *event)
{
	uint32_t task = event->kind == HS_KIND_meta_mm ? event->meta_mm->owner : event->row->task;
	uint32_t regions = event->row->mm ? regions_of(model, task, event->row->mm) : 0;
	struct svm_slot *slot = svm_slot_of(model, event->row, regions);

	if (slot) {
		svm_process_run_due(slot->process, event->row->time);
		svm_process_join(slot->process, regions);
		svm_apply_event(model, slot, event);
	}
	if (is_fault(event) && svm_devices_of(model, event->row->task))
		svm_apply_foreign_fault(model, event);
}

static void observe_active(struct hs_model *model, const struct hs_event *event)
{
	if (!model->first_time)
		model->first_time = event->row->time;
	model->last_time = svm_max(model->last_time, event->row->time);
	if (event->kind == HS_KIND_meta_task)
		return see_task(model, event->meta_task);
	if (event->kind == HS_KIND_snap_vma)
		return see_mapping(model, event->snap_vma);
	if (event->kind == HS_KIND_snap_end)
		return sync_all(model, event->row->time);
	if (event->kind == HS_KIND_mm_exit_mmap)
		return end_slot(model, event->row);
	if (!hs_kind_set_has(&model->recorded, event->kind))
		return observe_host(model, event);
	if (model->mode == HS_MODE_VALIDATE)
		svm_observe_recorded(model, event);
}

static void svm_observe(struct hs_model *model, const struct hs_event *event)
{
	if (!model->is_active)
		return;
	observe_active(model, event);
	if (model->mode == HS_MODE_VALIDATE)
		hs_vec_clear(&model->decisions);	/* the recorded ones count */
}

static int svm_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		   struct hs_decision *recorded)
{
	return model->is_active && model->mode == HS_MODE_VALIDATE ?
	       svm_ask_recorded(model, event, request, recorded) : 0;
}

static int svm_ask_after(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
			 struct hs_decision *recorded)
{
	return model->is_active && hs_kind_set_has(&model->recorded, event->kind) ?
	       svm_ask_ended(model, event, request, recorded) : 0;
}

/* Recorded outcomes are taken in by observe, event by event. */
static void svm_adopt(struct hs_model *model, const struct hs_request *request, const struct hs_decision *decision)
{
	(void)model, (void)request, (void)decision;
}

/* By time, and at equal times in the order they were made. */
static int by_time(const void *left, const void *right, void *context)
{
	const struct hs_decision *decisions = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;

	if (decisions[a].time != decisions[b].time)
		return decisions[a].time < decisions[b].time ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Each process has its own clock up to now: only together are they out of order. */
static void emit_decisions(struct hs_model *model, const struct hs_sink *sink)
{
	struct hs_decision *decisions = model->decisions.items;

	hs_vec_clear(&model->order);
	if (!hs_vec_reserve(&model->order, model->decisions.count)) {
		model->nomem = true;
		return;
	}
	for (size_t i = 0; i < model->decisions.count; i++)
		model->order.items[model->order.count++] = i;
	if (model->list.count > 1 && model->order.count > 1)
		qsort_r(model->order.items, model->order.count, sizeof(*model->order.items), by_time, decisions);
	hs_vec_for_each(index, &model->order)
		sink->decided(sink->context, &decisions[*index]);
	hs_vec_clear(&model->decisions);
}

static void svm_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink)
{
	hs_vec_for_each(slot, &model->list)
		svm_process_run_due(slot->process, now);
	if (model->decisions.count)
		emit_decisions(model, sink);
}

/* What was lost may have invalidated, moved or stopped anything: until it is seen again, nothing is sure. */
static void svm_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	(void)lost;
	hs_vec_for_each(slot, &model->list) {
		svm_process_lost(slot->process);
		slot->is_stop_unknown = true;
		slot->fault.is_known = false;
		slot->pieces = (struct svm_pieces){ .has_silent = true };
		slot->has_invalidation = false;
	}
}

/* --- answers --- */

static int svm_check(const struct hs_model *model, struct hs_error *err)
{
	hs_vec_for_each(slot, &model->list) {
		const char *broken = hs_svm_check(slot->process->svm);

		if (broken)
			return hs_error_set(err, -EINVAL, "svm: address space %u: %s", slot->process->mm, broken);
	}
	return 0;
}

const struct hs_model_ops hs_svm_model = {
	.name = "svm",
	.help = "shared virtual memory of AMD GPUs (amdkfd): faults, migrations, queue stops, restores",
	.stands_on = stands_on,
	.keys = svm_scenario_keys,
	.kinds = svm_kinds,
	.decision_kinds = svm_decision_kinds,
	.create = svm_create,
	.destroy = svm_destroy,
	.observe = svm_observe,
	.ask = svm_ask,
	.ask_after = svm_ask_after,
	.decide = svm_decide_recorded,
	.adopt = svm_adopt,
	.advance = svm_advance,
	.lost = svm_lost,
	.dump = svm_dump,
	.check = svm_check,
	.summarize = svm_summarize,
	.problems = svm_problems,
};
