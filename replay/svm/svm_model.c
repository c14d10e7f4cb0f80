// SPDX-License-Identifier: GPL-2.0-only
/* The adapter: events in, operations on the processes of the scenario, decisions out. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replay/svm/svm_instance.h"

enum { FAULT_WRITE = 2 };	/* error code of an x86 page fault */
#define LAST_PAGE ((1ull << 36) - 1)	/* of user addresses, 48 bits and room */

static const char *const stands_on[] = { "address_space", NULL };

static hs_kind_set svm_kinds(void)
{
	static const unsigned int wanted[] = {
		HS_KIND_meta_task, HS_KIND_meta_mm, HS_KIND_snap_end, HS_KIND_fault_user, HS_KIND_fault_kernel,
		HS_KIND_mm_mmap, HS_KIND_mm_munmap, HS_KIND_mm_mremap, HS_KIND_mm_brk, HS_KIND_mm_mprotect,
		HS_KIND_mm_madvise, HS_KIND_mm_fork, HS_KIND_mm_exit_mmap, HS_KIND_collapse_huge_page,
		HS_KIND_notifier_kvm_unmap,
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
	model->policy = setup->policy;
	model->space = hs_address_space_of(setup->bases[0]);
	model->mode = setup->mode;
	if (model->mode == HS_MODE_VALIDATE)
		model->scenario.rule = SVM_DEVICE_NONE;	/* the recorded GPU touches */
	model->is_active = model->scenario.nr_gpus &&
			   (model->scenario.select != SVM_SELECT_NONE || model->mode == HS_MODE_VALIDATE);
	*out = model;
	return 0;
}

/* --- who --- */

static bool matches(const char *pattern, const struct hs_bytes *text)
{
	char name[SVM_SCENARIO_TEXT];

	if (text->length >= sizeof(name))
		return false;
	memcpy(name, text->data, text->length);
	name[text->length] = '\0';
	return fnmatch(pattern, name, 0) == 0;
}

static void see_task(struct hs_model *model, const struct hs_meta_task *event)
{
	const struct svm_scenario *scenario = &model->scenario;
	uint64_t flags = 0;

	if (scenario->select == SVM_SELECT_COMM && matches(scenario->select_text, &event->comm))
		flags |= SVM_TASK_SELECTED;
	if (scenario->select == SVM_SELECT_PID && event->tgid == scenario->select_number)
		flags |= SVM_TASK_SELECTED;
	if (scenario->rule == SVM_DEVICE_THREADS && matches(scenario->rule_text, &event->comm))
		flags |= SVM_TASK_DEVICE;
	if (hs_hash_map_put(&model->tasks, event->row.task, flags))
		model->nomem = true;
}

static bool has_task_flag(const struct hs_model *model, uint32_t task, uint64_t flag)
{
	const uint64_t *flags = hs_hash_map_get(&model->tasks, task);

	return flags && *flags & flag;
}

static bool is_selected(const struct hs_model *model, uint32_t task, uint32_t mm)
{
	if (model->scenario.select == SVM_SELECT_MM)
		return mm == model->scenario.select_number;
	return has_task_flag(model, task, SVM_TASK_SELECTED);
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

/* What the address space knows already; a process without one may use all addresses. */
static void take_mappings(struct hs_model *model, struct svm_process *process)
{
	const struct hs_mm *mm = process->mm ? hs_address_space_mm(model->space, process->mm) : NULL;

	if (mm)
		svm_process_sync(process, mm, 1, LAST_PAGE);
	else if (!process->mm)
		hs_svm_add_vma(process->svm, 1, LAST_PAGE, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
}

static struct svm_slot *make_slot(struct hs_model *model, const struct hs_row *row)
{
	struct svm_slot slot = { .process = NULL };

	/* The snapshot's value of the tunable is known only now. */
	model->scenario.granularity = (uint32_t)hs_policy_number(model->policy, "svm.granularity");
	slot.process = svm_process_create(&model->scenario, row->mm, row->time, &model->decisions);
	if (!slot.process || !hs_vec_push(&model->list, slot) ||
	    hs_hash_map_put(&model->slots, slot_key(row), model->list.count - 1)) {
		model->nomem = true;
		return NULL;
	}
	model->nr_processes++;
	slot.process->task = row->task;
	take_mappings(model, slot.process);
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

static void add_totals(struct svm_totals *to, const struct svm_totals *from)
{
	for (size_t i = 0; i < HS_NR_COSTS; i++)
		to->costs[i] += from->costs[i];
	to->stopped_ns += from->stopped_ns;
	to->gpu_touches += from->gpu_touches;
	to->gpu_hits += from->gpu_hits;
	to->no_mapping += from->no_mapping;
	to->vanished += from->vanished;
	to->gave_up += from->gave_up;
	to->ping_pongs += from->ping_pongs;
	to->peak_vram_pages = svm_max(to->peak_vram_pages, from->peak_vram_pages);
}

/* The last slot takes the place of the one that ends. */
static void end_slot(struct hs_model *model, const struct hs_row *row)
{
	struct svm_slot *slot = find_slot(model, slot_key(row));
	size_t index;

	if (!slot)
		return;
	index = (size_t)(slot - model->list.items);
	add_totals(&model->ended, &slot->process->totals);
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

static uint64_t page_of(uint64_t address)
{
	return address / HS_PAGE_BYTES;
}

/* [start, start + length) rounded up to pages; false: nothing, or not a user's address. */
static bool pages_of(uint64_t start, uint64_t length, uint64_t *first, uint64_t *last)
{
	*first = page_of(start);
	if (!length || start + length < start || page_of(start + length - 1) > LAST_PAGE)
		return false;
	*last = page_of(start + length - 1);
	return true;
}

static void sync(struct hs_model *model, struct svm_process *process, uint64_t first, uint64_t last)
{
	const struct hs_mm *mm = hs_address_space_mm(model->space, process->mm);

	if (mm)
		svm_process_sync(process, mm, first, last);
}

static void see_mmap(struct hs_model *model, struct svm_process *process, const struct hs_mm_mmap *event)
{
	uint64_t first, last;

	if (event->ret < 0 && event->ret > -4096)
		return;
	if (!pages_of((uint64_t)event->ret, event->len, &first, &last))
		return;
	if (event->flags & MAP_FIXED)
		svm_process_unmap(process, first, last);
	sync(model, process, first, last);
}

static void see_munmap(struct hs_model *model, struct svm_process *process, const struct hs_mm_munmap *event)
{
	uint64_t first, last;

	if (event->ret || !pages_of(event->addr, event->len, &first, &last))
		return;
	svm_process_unmap(process, first, last);
	sync(model, process, first, last);
}

/* A move invalidates the old place twice: page tables are moved, then the mapping goes. */
static void see_mremap(struct hs_model *model, struct svm_process *process, const struct hs_mm_mremap *event)
{
	uint64_t first, last, new_first, new_last;

	if ((event->ret < 0 && event->ret > -4096) ||
	    !pages_of((uint64_t)event->ret, event->new_len, &new_first, &new_last))
		return;
	if ((uint64_t)event->ret != event->addr) {
		if (pages_of(event->addr, event->old_len, &first, &last)) {
			svm_process_invalidate(process, HS_SVM_EVENT_UNMAP, first, last, false);
			svm_process_unmap(process, first, last);
			sync(model, process, first, last);
		}
	} else if (event->new_len < event->old_len &&
		   pages_of(event->addr + event->new_len, event->old_len - event->new_len, &first, &last)) {
		svm_process_unmap(process, first, last);
	}
	sync(model, process, new_first, new_last);
}

static void see_brk(struct hs_model *model, struct svm_slot *slot, const struct hs_mm_brk *event)
{
	uint64_t brk = page_of((uint64_t)event->ret + HS_PAGE_BYTES - 1);

	if (!brk || brk > LAST_PAGE)
		return;
	if (slot->brk > brk)
		svm_process_unmap(slot->process, brk, slot->brk - 1);
	sync(model, slot->process, slot->brk && slot->brk < brk ? slot->brk - 1 : brk - 1, svm_max(slot->brk, brk));
	slot->brk = brk;
}

static void see_mprotect(struct hs_model *model, struct svm_process *process, const struct hs_mm_mprotect *event)
{
	uint64_t first, last;

	if (event->ret || !pages_of(event->addr, event->len, &first, &last))
		return;
	sync(model, process, first, last);
	svm_process_invalidate(process, HS_SVM_EVENT_PROTECTION_VMA, first, last, false);
}

static void see_madvise(struct svm_process *process, const struct hs_mm_madvise *event)
{
	enum { ADVICE_DONTNEED_LOCKED = 24 };
	bool drops = event->advice == MADV_DONTNEED || event->advice == ADVICE_DONTNEED_LOCKED ||
		     event->advice == MADV_REMOVE;
	uint64_t first, last;

	if (event->ret || (!drops && event->advice != MADV_FREE))
		return;
	if (pages_of(event->addr, event->len, &first, &last))
		svm_process_invalidate(process, HS_SVM_EVENT_CLEAR, first, last, drops);
}

/* fork write-protects private memory of the parent, one mapping after the other. */
static void see_fork(struct svm_process *process, const struct hs_mm_fork *event)
{
	if (event->child_mm == event->row.mm || !event->child_mm)
		return;
	hs_svm_for_each_span(vma, &process->svm->vmas, 0, LAST_PAGE)
		if (vma.value & HS_SVM_VMA_WRITE)
			svm_process_invalidate(process, HS_SVM_EVENT_PROTECTION_PAGE, vma.start, vma.last, false);
}

static void see_touch(struct hs_model *model, struct svm_process *process, const struct hs_row *row,
		      uint64_t address, uint16_t error_code)
{
	struct svm_touch touch = { .page = page_of(address), .gpu = model->scenario.device,
				   .write = error_code & FAULT_WRITE };

	if (touch.page > LAST_PAGE)
		return;
	if (has_task_flag(model, row->task, SVM_TASK_DEVICE) &&
	    hs_svm_runs_get(&process->regions, touch.page))
		svm_device_touch(process, &touch);
	else
		svm_process_cpu_touch(process, touch.page, touch.write);
}

/* A collapse replaces the page table of its 2 MiB: one CLEAR. */
static void see_collapse(struct svm_process *process, const struct hs_collapse_huge_page *event)
{
	static const char succeed[] = "SCAN_SUCCEED";
	uint64_t first = svm_align_down(page_of(event->address), SVM_HUGE_PAGES);

	if (!event->address_basis || first > LAST_PAGE || event->status.length != sizeof(succeed) - 1 ||
	    memcmp(event->status.data, succeed, sizeof(succeed) - 1) != 0)
		return;
	svm_process_invalidate(process, HS_SVM_EVENT_CLEAR, first, first + SVM_HUGE_PAGES - 1, false);
}

/* What KVM of the same process was told reaches every subscriber of its address space. */
static void see_kvm_unmap(const struct hs_model *model, struct svm_process *process,
			  const struct hs_notifier_kvm_unmap *event)
{
	uint64_t first, last;

	if (strcmp(hs_policy_text(model->policy, "svm.kvm_unmap"), "clear") == 0 &&
	    pages_of(event->start, event->end - event->start, &first, &last))
		svm_process_invalidate(process, HS_SVM_EVENT_CLEAR, first, last, false);
}

static void apply_event(struct hs_model *model, struct svm_slot *slot, const struct hs_event *event)
{
	struct svm_process *process = slot->process;

	switch (event->kind) {
	case HS_KIND_meta_mm:
		return take_mappings(model, process);
	case HS_KIND_mm_mmap:
		return see_mmap(model, process, event->mm_mmap);
	case HS_KIND_mm_munmap:
		return see_munmap(model, process, event->mm_munmap);
	case HS_KIND_mm_mremap:
		return see_mremap(model, process, event->mm_mremap);
	case HS_KIND_mm_brk:
		return see_brk(model, slot, event->mm_brk);
	case HS_KIND_mm_mprotect:
		return see_mprotect(model, process, event->mm_mprotect);
	case HS_KIND_mm_madvise:
		return see_madvise(process, event->mm_madvise);
	case HS_KIND_mm_fork:
		return see_fork(process, event->mm_fork);
	case HS_KIND_fault_user:
		return see_touch(model, process, event->row, event->fault_user->address,
				 event->fault_user->error_code);
	case HS_KIND_fault_kernel:
		return see_touch(model, process, event->row, event->fault_kernel->address,
				 event->fault_kernel->error_code);
	case HS_KIND_collapse_huge_page:
		return see_collapse(process, event->collapse_huge_page);
	case HS_KIND_notifier_kvm_unmap:
		return see_kvm_unmap(model, process, event->notifier_kvm_unmap);
	default:
		return;
	}
}

static void sync_all(struct hs_model *model, uint64_t now)
{
	hs_vec_for_each(slot, &model->list) {
		svm_process_run_due(slot->process, now);
		take_mappings(model, slot->process);
	}
}

static bool is_of_process(const struct hs_model *model, const struct hs_event *event)
{
	uint32_t task = event->kind == HS_KIND_meta_mm ? event->meta_mm->owner : event->row->task;

	return event->row->mm && is_selected(model, task, event->row->mm);
}

static void observe_active(struct hs_model *model, const struct hs_event *event)
{
	hs_kind_set recorded = { { 0 } };
	struct svm_slot *slot;

	svm_add_recorded_kinds(&recorded);
	if (event->kind == HS_KIND_meta_task)
		return see_task(model, event->meta_task);
	if (event->kind == HS_KIND_snap_end)
		return sync_all(model, event->row->time);
	if (event->kind == HS_KIND_mm_exit_mmap)
		return end_slot(model, event->row);
	if (hs_kind_set_has(&recorded, event->kind)) {
		if (model->mode == HS_MODE_VALIDATE)
			svm_observe_recorded(model, event);
		return;
	}
	slot = svm_slot_of(model, event->row, is_of_process(model, event));
	if (!slot)
		return;
	svm_process_run_due(slot->process, event->row->time);
	apply_event(model, slot, event);
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
static int svm_dump(const struct hs_model *model, FILE *out)
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

static void svm_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
			  void *context)
{
	static const char *const cost_names[HS_NR_COSTS] = {
		"pages_in", "pages_out", "copied_bytes", "self_invalidations", "map_pages", "unmap_pages",
		"tlb_flushes", "queue_stops",
	};
	struct svm_totals totals = model->ended;
	uint64_t hazards[HS_SVM_NR_HAZARDS] = { 0 };

	hs_vec_for_each(slot, &model->list) {
		add_totals(&totals, &slot->process->totals);
		for (int i = 0; i < HS_SVM_NR_HAZARDS; i++)
			hazards[i] += slot->process->svm->hazards[i];
	}
	add(context, "processes", (double)model->nr_processes);
	for (int i = 0; i < HS_NR_COSTS; i++)
		add(context, cost_names[i], (double)totals.costs[i]);
	add(context, "stopped_ns", (double)totals.stopped_ns);
	add(context, "gpu_touches", (double)totals.gpu_touches);
	add(context, "gpu_hits", (double)totals.gpu_hits);
	add(context, "no_mapping", (double)totals.no_mapping);
	add(context, "vanished", (double)totals.vanished);
	add(context, "gave_up", (double)totals.gave_up);
	add(context, "ping_pong_pages", (double)totals.ping_pongs);
	add(context, "peak_vram_pages", (double)totals.peak_vram_pages);
	for (int i = 0; i < HS_SVM_NR_HAZARDS; i++)
		if (hazards[i])
			add(context, hs_svm_hazard_name((enum hs_svm_hazard)i), (double)hazards[i]);
}

static uint64_t svm_problems(const struct hs_model *model, FILE *out)
{
	bool failed = model->nomem;

	hs_vec_for_each(slot, &model->list)
		failed |= hs_svm_failed(slot->process->svm);
	if (failed && out)
		fprintf(out, "svm: out of memory: ranges are missing from here on\n");
	return failed;
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
	.decide = svm_decide_recorded,
	.adopt = svm_adopt,
	.advance = svm_advance,
	.dump = svm_dump,
	.check = svm_check,
	.summarize = svm_summarize,
	.problems = svm_problems,
};
