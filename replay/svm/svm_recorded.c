// SPDX-License-Identifier: GPL-2.0-only
/*
 * validate: what the driver of a host with a GPU said it did (its event descriptor), against the rules. The
 * events tell outcomes; attributes are the scenario's, so every basis is "assumed".
 */
#include "replay/svm/svm_instance.h"

#include <string.h>

enum { TRIGGER_GPU_FAULT = 1, TRIGGER_SVM = 0, TRIGGER_CPU_UNMAP = 2 };

struct svm_request {
	struct hs_request common;
	struct svm_fault_inputs fault;
	bool is_known, is_stopped, may_stop, has_access;
};

void svm_add_recorded_kinds(hs_kind_set *kinds)
{
	static const unsigned int wanted[] = {
		HS_KIND_svm_fault_start, HS_KIND_svm_fault_end, HS_KIND_svm_migrate_start,
		HS_KIND_svm_migrate_end, HS_KIND_svm_evict, HS_KIND_svm_restore, HS_KIND_svm_unmap,
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		hs_kind_set_add(kinds, wanted[i]);
}

static void fill_request(struct svm_request *request, enum hs_point point, const struct hs_row *row,
			 uint64_t start, uint64_t pages)
{
	memset(request, 0, sizeof(*request));
	request->common = (struct hs_request){
		.point = point, .time = row->time, .task = row->task, .mm = row->mm,
		.subject = start, .subject_end = start + pages * HS_PAGE_BYTES,
	};
}

static int ask_migrate(const struct svm_slot *slot, const struct hs_svm_migrate_start *event,
		       struct svm_request *request, struct hs_decision *recorded)
{
	if (event->trigger != TRIGGER_GPU_FAULT)
		return 0;
	fill_request(request, HS_POINT_SVM_MIGRATE, &event->row, event->start, event->nr_pages);
	request->fault = slot->fault;
	recorded->result = event->to ? "to_vram" : "to_system";
	return 1;
}

static int ask_fault(const struct svm_slot *slot, const struct hs_svm_fault_end *event,
		     struct svm_request *request, struct hs_decision *recorded)
{
	fill_request(request, HS_POINT_SVM_FAULT, &event->row, event->address, 1);
	request->fault = slot->fault;
	recorded->result = event->migrated ? "migrated" : "mapped";
	return 1;
}

static bool has_always_mapped(const struct hs_svm *svm)
{
	hs_list_for_each(range, &svm->list, struct svm_range, list)
		if (range->flags & HS_SVM_FLAG_ALWAYS_MAPPED)
			return true;
	return false;
}

/* All GPUs of a process stop at once; the first GPU of the scenario stands for all. */
static int ask_evict(const struct hs_model *model, const struct svm_slot *slot, const struct hs_svm_evict *event,
		     struct svm_request *request, struct hs_decision *recorded)
{
	if (event->trigger != TRIGGER_SVM || event->gpu != model->scenario.gpus[0].id)
		return 0;
	fill_request(request, HS_POINT_SVM_EVICT, &event->row, 0, 0);
	request->is_known = true;
	request->is_stopped = slot->is_recorded_stopped;
	request->may_stop = !slot->process->svm->xnack || has_always_mapped(slot->process->svm);
	recorded->result = "queues_stopped";
	return 1;
}

static int ask_unmap(const struct svm_slot *slot, const struct hs_svm_unmap *event, struct svm_request *request,
		     struct hs_decision *recorded)
{
	const struct hs_svm *svm = slot->process->svm;
	const struct svm_range *range = svm_range_from_addr(svm, event->start / HS_PAGE_BYTES, NULL);
	int gpu = svm_gpu_by_id(svm, event->gpu);

	fill_request(request, HS_POINT_SVM_UNMAP, &event->row, event->start, event->nr_pages);
	request->is_known = range && gpu >= 0;
	if (request->is_known) {
		request->has_access = (range->access | range->aip) >> gpu & 1;
		request->may_stop = !svm->xnack || range->flags & HS_SVM_FLAG_ALWAYS_MAPPED;
		request->is_stopped = event->trigger == TRIGGER_CPU_UNMAP;
	}
	recorded->result = "unmapped";
	return 1;
}

int svm_ask_recorded(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		     struct hs_decision *recorded)
{
	struct svm_request *request = (struct svm_request *)storage;
	const struct svm_slot *slot = svm_slot_of(model, event->row, true);

	_Static_assert(sizeof(struct svm_request) <= HS_REQUEST_BYTES, "request fits its storage");
	if (!slot)
		return 0;
	recorded->reason = "recorded";
	recorded->basis = HS_BASIS_ASSUMED;
	switch (event->kind) {
	case HS_KIND_svm_migrate_start:
		return ask_migrate(slot, event->svm_migrate_start, request, recorded);
	case HS_KIND_svm_fault_end:
		return ask_fault(slot, event->svm_fault_end, request, recorded);
	case HS_KIND_svm_evict:
		return ask_evict(model, slot, event->svm_evict, request, recorded);
	case HS_KIND_svm_unmap:
		return ask_unmap(slot, event->svm_unmap, request, recorded);
	default:
		return 0;
	}
}

/* --- the rules on a request --- */

static void decide_unknown(struct hs_decision *decision, const char *reason)
{
	decision->result = HS_RESULT_UNKNOWN;
	decision->reason = reason;
}

/* kfd_migrate.c svm_migrate_to_vram(): another GPU's data goes by way of system memory. */
static void decide_migrate(const struct svm_fault_inputs *fault, struct hs_decision *decision)
{
	bool leaves = fault->actual_loc && (int64_t)fault->actual_loc != fault->location && !fault->has_left;

	if (!fault->is_known) {
		decide_unknown(decision, "the fault's start was not seen");
		return;
	}
	decision->result = !fault->location || leaves ? "to_system" : "to_vram";
	decision->reason = leaves ? "actual_loc is another GPU" : "best restore location";
}

static void decide_fault(const struct svm_fault_inputs *fault, struct hs_decision *decision)
{
	if (!fault->is_known) {
		decide_unknown(decision, "the fault's start was not seen");
		return;
	}
	decision->result = fault->needs_migration ? "migrated" : "mapped";
	decision->reason = fault->needs_migration ? "actual_loc or best restore location is a GPU" :
			   "the range is and stays in system memory";
}

static void decide_evict(const struct svm_request *request, struct hs_decision *decision)
{
	decision->result = !request->may_stop ? "nothing" : request->is_stopped ? "already_stopped" :
			   "queues_stopped";
	decision->reason = request->may_stop ? "first eviction since the last restore" :
			   "faults are recoverable and no range is always mapped";
}

static void decide_unmap(const struct svm_request *request, struct hs_decision *decision)
{
	if (!request->is_known) {
		decide_unknown(decision, "the range is not known");
		return;
	}
	decision->result = request->has_access && (!request->may_stop || request->is_stopped) ? "unmapped" : "nothing";
	decision->reason = !request->has_access ? "the GPU has no access" : request->may_stop && !request->is_stopped ?
			   "the range is evicted instead" : "the GPU has access";
}

void svm_decide_recorded(const struct hs_model *model, const struct hs_request *common,
			 struct hs_decision *decision)
{
	const struct svm_request *request = (const struct svm_request *)common;

	(void)model;
	switch (common->point) {
	case HS_POINT_SVM_MIGRATE:
		decide_migrate(&request->fault, decision);
		break;
	case HS_POINT_SVM_FAULT:
		decide_fault(&request->fault, decision);
		break;
	case HS_POINT_SVM_EVICT:
		decide_evict(request, decision);
		break;
	default:
		decide_unmap(request, decision);
	}
}

/* --- facts --- */

static void see_fault_start(struct svm_slot *slot, const struct hs_svm_fault_start *event)
{
	struct hs_svm *svm = slot->process->svm;
	uint64_t page = event->address / HS_PAGE_BYTES;
	uint64_t size = 1ull << svm->default_granularity;
	int gpu = svm_gpu_by_id(svm, event->gpu);
	const struct svm_range *range;

	slot->fault = (struct svm_fault_inputs){ .is_known = gpu >= 0 };
	if (gpu < 0)
		return;
	if (!svm_range_from_addr(svm, page, NULL))
		hs_svm_follow_range(svm, svm_align_down(page, size), svm_align_up(page + 1, size) - 1);
	range = svm_range_from_addr(svm, page, NULL);
	if (!range)
		return;
	slot->fault.actual_loc = range->actual_loc;
	slot->fault.location = svm_best_restore(svm, range, (uint32_t)gpu);
	slot->fault.needs_migration = svm_needs_migration(svm, range, (uint32_t)slot->fault.location);
}

/* 1 in error: the kernel does not say, and then the event means that pages were moved. */
static void see_migrate_end(struct svm_slot *slot, const struct hs_svm_migrate_end *event)
{
	uint64_t start = event->start / HS_PAGE_BYTES;

	if (event->error < 0 || !event->nr_pages)
		return;
	slot->fault.has_left |= !event->to;
	hs_svm_follow_range(slot->process->svm, start, start + event->nr_pages - 1);
	hs_svm_follow_migration(slot->process->svm, start, start + event->nr_pages - 1, event->to);
}

static void see_fault_end(struct svm_slot *slot, const struct hs_svm_fault_end *event)
{
	int gpu = svm_gpu_by_id(slot->process->svm, event->gpu);

	slot->fault.is_known = false;
	if (gpu >= 0)
		hs_svm_follow_mapping(slot->process->svm, (uint32_t)gpu, event->address / HS_PAGE_BYTES);
}

void svm_observe_recorded(struct hs_model *model, const struct hs_event *event)
{
	struct svm_slot *slot = svm_slot_of(model, event->row, true);

	if (!slot)
		return;
	svm_process_begin(slot->process, event->row->time);
	switch (event->kind) {
	case HS_KIND_svm_fault_start:
		see_fault_start(slot, event->svm_fault_start);
		break;
	case HS_KIND_svm_migrate_end:
		see_migrate_end(slot, event->svm_migrate_end);
		break;
	case HS_KIND_svm_fault_end:
		see_fault_end(slot, event->svm_fault_end);
		break;
	case HS_KIND_svm_evict:
		slot->is_recorded_stopped |= event->svm_evict->trigger == TRIGGER_SVM;
		break;
	case HS_KIND_svm_restore:
		slot->is_recorded_stopped &= event->svm_restore->rescheduled;
		break;
	default:
		break;
	}
}
