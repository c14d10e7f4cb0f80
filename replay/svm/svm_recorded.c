// SPDX-License-Identifier: GPL-2.0-only
/*
 * validate: what the driver of a host with a GPU said it did (its event descriptor), against the rules. The
 * events tell outcomes and, of a migration, the preferred location; other attributes are the scenario's. A decision
 * that follows from recorded inputs alone is exact, one that needs the scenario's is assumed.
 */
#include "replay/svm/svm_recorded.h"

#include <string.h>

/* Of migrations, evictions and unmaps: enum KFD_MIGRATE_TRIGGERS and so on. */
enum { TRIGGER_PREFETCH, TRIGGER_GPU_FAULT, TRIGGER_CPU_FAULT, TRIGGER_TTM };
enum { TRIGGER_SVM = 0, TRIGGER_CPU_UNMAP = 2 };
enum { SVM_OP_SET };	/* enum kfd_ioctl_svm_op */

void svm_add_recorded_kinds(hs_kind_set *kinds)
{
	static const unsigned int wanted[] = {
		HS_KIND_svm_fault_start, HS_KIND_svm_fault_end, HS_KIND_svm_migrate_start,
		HS_KIND_svm_migrate_end, HS_KIND_svm_evict, HS_KIND_svm_restore, HS_KIND_svm_unmap,
		HS_KIND_svm_attributes, HS_KIND_svm_invalidate, HS_KIND_svm_migrate_result,
		HS_KIND_svm_fault_result,
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		hs_kind_set_add(kinds, wanted[i]);
}

void svm_fill_request(struct svm_request *request, enum hs_point point, const struct hs_row *row, uint64_t start,
		      uint64_t pages)
{
	memset(request, 0, sizeof(*request));
	request->common = (struct hs_request){
		.point = point, .time = row->time, .task = row->task, .mm = row->mm,
		.subject = start, .subject_end = start + pages * HS_PAGE_BYTES,
	};
}

/*
 * kfd_svm.c svm_range_best_restore_location(): where the preferred location is system memory or the faulting GPU,
 * nothing else counts. True: so it is, and fault holds the location that follows.
 */
static bool prefer_recorded(const struct svm_slot *slot, const struct hs_svm_migrate_start *event,
			    struct svm_fault_inputs *fault)
{
	const struct hs_svm *svm = slot->process->svm;

	if (!fault->is_known || event->preferred == HS_SVM_UNDEFINED ||
	    (event->preferred && event->preferred != svm->gpus[fault->gpu].setup.id))
		return false;
	fault->location = event->preferred;
	return true;
}

/*
 * A CPU touch migrates the granule around the page, less where the mapping ends (kfd_migrate.c svm_migrate_to_ram);
 * an eviction all of a range that has a buffer.
 */
static int ask_leave(const struct svm_slot *slot, const struct hs_svm_migrate_start *event, bool is_touch,
		     struct svm_request *request, struct hs_decision *recorded)
{
	const struct hs_svm *svm = slot->process->svm;
	uint64_t first = event->start / HS_PAGE_BYTES, last = first + event->nr_pages - 1;
	const struct svm_range *range = svm_range_from_addr(svm, first, NULL);
	struct hs_svm_span granule;

	svm_fill_request(request, is_touch ? HS_POINT_SVM_CPU_FAULT : HS_POINT_SVM_MIGRATE, &event->row, event->start,
		     event->nr_pages);
	recorded->result = is_touch ? "migrated" : event->to ? "to_vram" : "to_system";
	request->is_known = range && !(svm_process_doubts(slot->process, first, last) & SVM_DOUBT_LOST);
	request->is_leave = true;
	if (!range)
		return 1;
	granule = svm_granule_of(svm, range, first);
	request->is_in_vram = range->actual_loc != 0;
	request->is_in_granule = !is_touch || (granule.start <= first && last <= granule.last);
	return 1;
}

/* The target is recorded, who else uses the range is the scenario's. */
static int ask_prefetch(const struct svm_slot *slot, const struct hs_svm_migrate_start *event,
			struct svm_request *request, struct hs_decision *recorded)
{
	const struct hs_svm *svm = slot->process->svm;
	const struct svm_range *range = svm_range_from_addr(svm, event->start / HS_PAGE_BYTES, NULL);
	struct svm_range wanted;

	svm_fill_request(request, HS_POINT_SVM_MIGRATE, &event->row, event->start, event->nr_pages);
	recorded->result = event->to ? "to_vram" : "to_system";
	if (!range || event->prefetch == HS_SVM_UNDEFINED)
		return 1;
	wanted = *range;
	wanted.prefetch_loc = event->prefetch;
	request->fault = (struct svm_fault_inputs){
		.is_known = true, .actual_loc = range->actual_loc, .location = svm_best_prefetch(svm, &wanted),
		.has_left = !event->from,
	};
	return 1;
}

static int ask_migrate(const struct svm_slot *slot, const struct hs_svm_migrate_start *event,
		       struct svm_request *request, struct hs_decision *recorded)
{
	if (event->trigger == TRIGGER_CPU_FAULT || event->trigger == TRIGGER_TTM)
		return ask_leave(slot, event, event->trigger == TRIGGER_CPU_FAULT, request, recorded);
	if (event->trigger == TRIGGER_PREFETCH)
		return ask_prefetch(slot, event, request, recorded);
	svm_fill_request(request, HS_POINT_SVM_MIGRATE, &event->row, event->start, event->nr_pages);
	request->fault = slot->fault;
	request->is_determined = prefer_recorded(slot, event, &request->fault);
	recorded->basis = request->is_determined ? HS_BASIS_EXACT : HS_BASIS_ASSUMED;
	recorded->result = event->to ? "to_vram" : "to_system";
	return 1;
}

static int ask_fault(const struct svm_slot *slot, const struct hs_svm_fault_end *event,
		     struct svm_request *request, struct hs_decision *recorded)
{
	svm_fill_request(request, HS_POINT_SVM_FAULT, &event->row, event->address, 1);
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
	svm_fill_request(request, HS_POINT_SVM_EVICT, &event->row, 0, 0);
	request->is_known = !slot->is_stop_unknown;
	request->is_stopped = slot->is_recorded_stopped;
	request->may_stop = !slot->process->svm->xnack || has_always_mapped(slot->process->svm);
	recorded->result = "queues_stopped";
	return 1;
}

/*
 * kfd_svm.c svm_range_restore_work(): put off if a range cannot be mapped, or was invalidated meanwhile. Neither is
 * recorded, so that a stop allows both; without a stop there is nothing to restore.
 */
static int ask_restore(const struct hs_model *model, const struct svm_slot *slot, const struct hs_svm_restore *event,
		       struct svm_request *request, struct hs_decision *recorded)
{
	if (slot->nr_other_stops || (event->gpu && event->gpu != model->scenario.gpus[0].id))
		return 0;
	svm_fill_request(request, HS_POINT_SVM_RESTORE, &event->row, 0, 0);
	recorded->result = event->rescheduled ? "rescheduled" : "restored";
	recorded->basis = HS_BASIS_BOUNDED;
	request->is_known = !slot->is_stop_unknown;
	request->is_stopped = slot->is_recorded_stopped;
	request->recorded = recorded->result;
	return 1;
}

static int ask_unmap(const struct svm_slot *slot, const struct hs_svm_unmap *event, struct svm_request *request,
		     struct hs_decision *recorded)
{
	const struct hs_svm *svm = slot->process->svm;
	const struct svm_range *range = svm_range_from_addr(svm, event->start / HS_PAGE_BYTES, NULL);
	int gpu = svm_gpu_by_id(svm, event->gpu);

	svm_fill_request(request, HS_POINT_SVM_UNMAP, &event->row, event->start, event->nr_pages);
	request->is_known = range && gpu >= 0 &&
			    !(svm_process_doubts(slot->process, range->start, range->last) & SVM_DOUBT_LOST);
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
	case HS_KIND_svm_restore:
		return ask_restore(model, slot, event->svm_restore, request, recorded);
	case HS_KIND_svm_unmap:
		return ask_unmap(slot, event->svm_unmap, request, recorded);
	case HS_KIND_svm_attributes:
		return svm_ask_attributes(slot, event->svm_attributes, request, recorded);
	case HS_KIND_svm_fault_result:
		return svm_ask_fault_result(slot, event->svm_fault_result, request, recorded);
	case HS_KIND_svm_migrate_result:
		return svm_ask_migrate_result(slot, event->svm_migrate_result, request, recorded);
	default:
		return 0;
	}
}

int svm_ask_ended(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		  struct hs_decision *recorded)
{
	struct svm_slot *slot = svm_slot_of(model, event->row, false);

	return slot ? svm_ask_invalidation(slot, (struct svm_request *)storage, recorded) : 0;
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
	decision->result = fault->needs_migration && !fault->has_failed ? "migrated" : "mapped";
	decision->reason = !fault->needs_migration ? "the range is and stays in system memory" :
			   fault->has_failed ? "the migration to system memory failed" :
			   "actual_loc or best restore location is a GPU";
}

/* Of a CPU touch and of an eviction. */
static void decide_leave(const struct svm_request *request, const char *leaves, struct hs_decision *decision)
{
	if (!request->is_known) {
		decide_unknown(decision, "the range is not known");
		return;
	}
	decision->result = request->is_in_vram && request->is_in_granule ? leaves : "stays";
	decision->reason = !request->is_in_vram ? "actual_loc is system memory" :
			   request->is_in_granule ? "actual_loc is a GPU" : "more than one granule";
}

static void decide_restore(const struct svm_request *request, struct hs_decision *decision)
{
	if (!request->is_known) {
		decide_unknown(decision, "events were lost: whether the queues ran is not known");
		return;
	}
	decision->result = request->is_stopped ? request->recorded : "nothing";
	decision->basis = HS_BASIS_BOUNDED;
	decision->reason = request->is_stopped ? "invalidations while the worker runs are not recorded" :
			   "the queues were not stopped";
}

static void decide_evict(const struct svm_request *request, struct hs_decision *decision)
{
	if (!request->is_known) {
		decide_unknown(decision, "events were lost: whether the queues ran is not known");
		return;
	}
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

static void decide_expected(const struct svm_expectation *expected, struct hs_decision *decision)
{
	if (!expected->is_known) {
		decide_unknown(decision, expected->reason);
		return;
	}
	decision->result = expected->result;
	decision->reason = expected->reason;
	decision->basis = expected->basis;
}

void svm_decide_recorded(const struct hs_model *model, const struct hs_request *common,
			 struct hs_decision *decision)
{
	const struct svm_request *request = (const struct svm_request *)common;

	(void)model;
	if (request->has_expected)
		return decide_expected(&request->expected, decision);
	switch (common->point) {
	case HS_POINT_SVM_MIGRATE:
		if (request->is_leave)
			decide_leave(request, "to_system", decision);
		else
			decide_migrate(&request->fault, decision);
		break;
	case HS_POINT_SVM_CPU_FAULT:
		decide_leave(request, "migrated", decision);
		break;
	case HS_POINT_SVM_RESTORE:
		decide_restore(request, decision);
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

/* Byte addresses as pages. False, and counted: no addresses of a user, or of nothing. */
static bool pages_of(struct hs_model *model, const struct hs_row *row, uint64_t address, uint64_t nr_pages,
		     uint64_t *first, uint64_t *last)
{
	*first = address / HS_PAGE_BYTES;
	if (!nr_pages || address % HS_PAGE_BYTES || *first > SVM_LAST_USER_PAGE ||
	    nr_pages > SVM_LAST_USER_PAGE - *first + 1) {
		svm_contradict(model, row, "an address that is not aligned, or a range that is empty or wraps around");
		return false;
	}
	*last = *first + nr_pages - 1;
	return true;
}

static int gpu_of(struct hs_model *model, const struct svm_slot *slot, const struct hs_row *row, uint32_t id)
{
	int gpu = svm_gpu_by_id(slot->process->svm, id);

	if (gpu < 0)
		svm_contradict(model, row, "a GPU that is not declared; give its id in svm.gpus or the scenario");
	return gpu;
}

static void see_fault_start(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_fault_start *event)
{
	struct hs_svm *svm = slot->process->svm;
	uint64_t page, last, size = 1ull << svm->default_granularity;
	int gpu = gpu_of(model, slot, &event->row, event->gpu);
	const struct svm_range *range;

	slot->fault = (struct svm_fault_inputs){ .is_known = false };
	if (gpu < 0 || !pages_of(model, &event->row, event->address, 1, &page, &last))
		return;
	if (!svm_range_from_addr(svm, page, NULL))
		hs_svm_follow_range(svm, svm_align_down(page, size), svm_align_up(page + 1, size) - 1);
	range = svm_range_from_addr(svm, page, NULL);
	if (!range)
		return;
	slot->fault.is_known = !(svm_process_doubts(slot->process, page, page) & SVM_DOUBT_LOST);
	slot->fault.gpu = (uint32_t)gpu;
	slot->fault.actual_loc = range->actual_loc;
	slot->fault.location = svm_best_restore(svm, range, (uint32_t)gpu);
	slot->fault.needs_migration = svm_needs_migration(svm, range, (uint32_t)slot->fault.location);
}

/* As given to the driver: from here on no more the scenario's. */
static void see_attributes(struct svm_slot *slot, const struct hs_svm_attributes *event)
{
	struct hs_svm *svm = slot->process->svm;
	struct hs_svm_attr attrs[SVM_SCENARIO_ATTRS];
	uint32_t nr = event->attributes.length / sizeof(attrs[0]);

	if (event->op != SVM_OP_SET || event->ret || nr != event->nr_attributes || nr > SVM_SCENARIO_ATTRS)
		return;
	if (svm->xnack != (event->xnack == 1))
		hs_svm_set_xnack(svm, event->xnack == 1);
	memcpy(attrs, event->attributes.data, nr * sizeof(attrs[0]));
	hs_svm_ioctl(svm, SVM_OP_SET, event->start, event->size, attrs, nr);
}

/* The preferred location is an attribute of the range, and recorded. */
static void see_migrate_start(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_migrate_start *event)
{
	uint64_t first, last;

	svm_see_piece_begin(slot, event->row.task);
	if (!pages_of(model, &event->row, event->start, event->nr_pages, &first, &last))
		return;
	if (event->from == event->to)
		svm_contradict(model, &event->row, "a migration to where the pages are");
	hs_svm_follow_range(slot->process->svm, first, last);
	hs_range_for_each_overlap(node, &slot->process->svm->tree, first, last + 1)
		svm_range_of(node)->preferred_loc = event->preferred;
	if (prefer_recorded(slot, event, &slot->fault))
		slot->fault.needs_migration = true;
}

/* 1 in error: the kernel does not say, and then the event means that pages were moved. */
static void see_migrate_end(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_migrate_end *event)
{
	uint64_t first, last;

	svm_see_piece_end(slot, event->row.task, event->error);
	/* One to a GPU that fails is made up for by mapping system memory. */
	slot->fault.has_failed |= event->error < 0 && !event->to && event->trigger == TRIGGER_GPU_FAULT;
	if (event->error < 0 || !pages_of(model, &event->row, event->start, event->nr_pages, &first, &last))
		return;
	if (event->to && gpu_of(model, slot, &event->row, event->to) < 0)
		return;
	slot->fault.has_left |= !event->to;
	hs_svm_follow_range(slot->process->svm, first, last);
	hs_svm_follow_migration(slot->process->svm, first, last, event->to);
	svm_process_clear_doubt(slot->process, first, last, SVM_DOUBT_LOST);
}

static void see_fault_end(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_fault_end *event)
{
	uint64_t page, last;
	int gpu = gpu_of(model, slot, &event->row, event->gpu);

	slot->fault.is_known = false;
	if (gpu < 0 || !pages_of(model, &event->row, event->address, 1, &page, &last))
		return;
	hs_svm_follow_mapping(slot->process->svm, (uint32_t)gpu, page);
	svm_process_clear_doubt(slot->process, page, page, SVM_DOUBT_LOST);
}

static void see_evict(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_evict *event)
{
	if (gpu_of(model, slot, &event->row, event->gpu) < 0)
		return;
	if (event->trigger != TRIGGER_SVM) {
		slot->nr_other_stops += event->gpu == model->scenario.gpus[0].id;
		return;
	}
	slot->is_recorded_stopped = true;
	slot->is_stop_unknown = false;
}

static void see_restore(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_restore *event)
{
	/* 0: all GPUs of the process. */
	if (event->gpu && gpu_of(model, slot, &event->row, event->gpu) < 0)
		return;
	if (slot->nr_other_stops) {
		slot->nr_other_stops -= !event->rescheduled && event->gpu == model->scenario.gpus[0].id;
		return;
	}
	slot->is_recorded_stopped &= event->rescheduled != 0;
	slot->is_stop_unknown = false;
}

/* What the CPU unmapped has no range any more; what the notifier unmapped is not mapped. */
static void see_unmap(struct hs_model *model, struct svm_slot *slot, const struct hs_svm_unmap *event)
{
	uint64_t first, last;

	if (gpu_of(model, slot, &event->row, event->gpu) < 0)
		return;
	pages_of(model, &event->row, event->start, event->nr_pages, &first, &last);
}

void svm_observe_recorded(struct hs_model *model, const struct hs_event *event)
{
	struct svm_slot *slot = svm_slot_of(model, event->row, true);

	if (!slot)
		return;
	slot->process->now = svm_max(slot->process->now, event->row->time);
	svm_process_begin(slot->process, 0, 1, 0);
	svm_follow_invalidation(slot, event);
	switch (event->kind) {
	case HS_KIND_svm_invalidate:
		return svm_see_invalidate(slot, event->svm_invalidate);
	case HS_KIND_svm_migrate_result:
		slot->pieces = (struct svm_pieces){ .task = 0 };
		return;
	case HS_KIND_svm_attributes:
		return see_attributes(slot, event->svm_attributes);
	case HS_KIND_svm_fault_start:
		return see_fault_start(model, slot, event->svm_fault_start);
	case HS_KIND_svm_migrate_start:
		return see_migrate_start(model, slot, event->svm_migrate_start);
	case HS_KIND_svm_migrate_end:
		return see_migrate_end(model, slot, event->svm_migrate_end);
	case HS_KIND_svm_fault_end:
		return see_fault_end(model, slot, event->svm_fault_end);
	case HS_KIND_svm_evict:
		return see_evict(model, slot, event->svm_evict);
	case HS_KIND_svm_restore:
		return see_restore(model, slot, event->svm_restore);
	case HS_KIND_svm_unmap:
		return see_unmap(model, slot, event->svm_unmap);
	default:
		return;
	}
}
