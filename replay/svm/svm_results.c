// SPDX-License-Identifier: GPL-2.0-only
/*
 * validate: what functions of the driver returned (svm_ioctl, svm_range_restore_pages, svm_migrate_to_vram and its
 * counterpart), and what became of an invalidation that reached a range, also where nothing did.
 */
#include <errno.h>
#include <string.h>

#include "replay/svm/svm_recorded.h"

/* What follows of an invalidation follows at once. */
static const uint64_t consequence_ns = 10000000;

enum { TRIGGER_SVM = 0, LAST_UNMAP_TRIGGER = 2 };
enum { NOTIFY_UNMAP, NOTIFY_RELEASE = 5 };

static struct svm_expectation expect(int rc, const char *reason, enum hs_basis basis)
{
	return (struct svm_expectation){ .is_known = true, .result = svm_errno_name(rc), .reason = reason, .basis = basis };
}

static struct svm_expectation cannot_tell(const char *reason)
{
	return (struct svm_expectation){ .is_known = false, .reason = reason, .basis = HS_BASIS_ASSUMED };
}

static int ask(struct svm_request *request, const struct svm_expectation *expected, const char *result,
	       struct hs_decision *recorded)
{
	request->has_expected = true;
	request->expected = *expected;
	recorded->result = result;
	recorded->basis = expected->basis;
	return 1;
}

/* Mappings are known where an address space is; a process by its task alone may use all addresses. */
static enum hs_basis basis_of_mappings(const struct svm_slot *slot)
{
	return slot->process->mm ? HS_BASIS_EXACT : HS_BASIS_ASSUMED;
}

/* --- svm_ioctl --- */

/* Which GPUs there are is the scenario's word. */
static bool names_gpu(const struct hs_svm_attr *attr)
{
	return attr->type <= HS_SVM_NO_ACCESS && attr->value && attr->value != HS_SVM_UNDEFINED;
}

/* kfd_svm.c svm_range_set_attr(), up to where it changes something. */
static struct svm_expectation expect_set(const struct svm_slot *slot, const struct hs_svm_attributes *event)
{
	struct hs_svm *svm = slot->process->svm;
	struct hs_svm_attr attrs[SVM_SCENARIO_ATTRS];
	const uint32_t nr = event->attributes.length / sizeof(attrs[0]);
	const uint64_t first = event->start / HS_PAGE_BYTES, pages = event->size / HS_PAGE_BYTES;
	enum hs_basis basis = HS_BASIS_EXACT;
	int rc;

	if (nr != event->nr_attributes || nr > SVM_SCENARIO_ATTRS)
		return cannot_tell("not all attributes are recorded");
	if (!first || !pages || first > SVM_LAST_USER_PAGE || pages > SVM_LAST_USER_PAGE - first + 1)
		return cannot_tell("addresses that kfd_ioctl_svm or range_is_valid refuse by their own ways");
	memcpy(attrs, event->attributes.data, nr * sizeof(attrs[0]));
	for (uint32_t i = 0; i < nr; i++)
		basis = names_gpu(&attrs[i]) ? HS_BASIS_ASSUMED : basis;
	rc = svm_check_attrs(svm, attrs, nr);
	if (rc)
		return expect(rc, "an attribute that is refused", basis);
	basis = basis == HS_BASIS_EXACT ? basis_of_mappings(slot) : basis;
	rc = svm_check_range(svm, first, pages);
	return expect(rc, rc ? "not all of it is mapped, or a buffer is there" : "attributes and addresses are in order",
		      basis);
}

int svm_ask_attributes(const struct svm_slot *slot, const struct hs_svm_attributes *event,
		       struct svm_request *request, struct hs_decision *recorded)
{
	enum { OP_SET };	/* enum kfd_ioctl_svm_op */
	const struct svm_expectation expected = expect_set(slot, event);

	if (event->op != OP_SET)
		return 0;
	svm_fill_request(request, HS_POINT_SVM_SET_ATTR, &event->row, event->start, event->size / HS_PAGE_BYTES);
	return ask(request, &expected, svm_errno_name((int)event->ret), recorded);
}

/* --- svm_range_restore_pages --- */

/*
 * The checks on range and mapping, in the kernel's order; what is served, dropped or comes again returns 0. Which GPU
 * it was is not in the result: the one whose fault began last, else the scenario's first.
 */
static struct svm_expectation expect_fault(const struct svm_slot *slot, const struct hs_svm_fault_result *event)
{
	const struct hs_svm *svm = slot->process->svm;
	const uint64_t page = event->address / HS_PAGE_BYTES, vma = hs_svm_runs_get(&svm->vmas, page);
	const struct svm_range *range = svm_range_from_addr(svm, page, NULL);
	const uint64_t wanted = HS_SVM_VMA_READ | (event->is_write ? HS_SVM_VMA_WRITE : 0);

	if (svm_process_doubts(slot->process, page, page) & SVM_DOUBT_LOST)
		return cannot_tell("events were lost: the range is not known");
	if (!svm->xnack)
		return expect(-EFAULT, "faults are not recoverable", HS_BASIS_ASSUMED);
	if (!range && !vma)
		return expect(-EFAULT, "no range, and no mapping to make one of", basis_of_mappings(slot));
	if (range && slot->process->now < range->validated + svm->retry_window)
		return expect(0, "inside the window of its range", HS_BASIS_ASSUMED);
	if (vma && (vma & wanted) != wanted)
		return expect(-EPERM, "the mapping forbids the access", basis_of_mappings(slot));
	if (range && vma && svm_best_restore(svm, range, slot->fault.gpu) < 0)
		return expect(-EACCES, "the GPU has no access", HS_BASIS_ASSUMED);
	return expect(0, "served, or to come again", HS_BASIS_ASSUMED);
}

int svm_ask_fault_result(const struct svm_slot *slot, const struct hs_svm_fault_result *event,
			 struct svm_request *request, struct hs_decision *recorded)
{
	const struct svm_expectation expected = expect_fault(slot, event);

	svm_fill_request(request, HS_POINT_SVM_FAULT, &event->row, event->address, 1);
	return ask(request, &expected, svm_errno_name((int)event->ret), recorded);
}

/* --- svm_migrate_to_vram, svm_migrate_vram_to_ram --- */

void svm_see_piece_begin(struct svm_slot *slot, uint32_t task)
{
	if (slot->pieces.task != task)
		slot->pieces = (struct svm_pieces){ .task = task };
	/* One without an end: nothing was collected, or it could not be set up (up to 6.12). */
	slot->pieces.has_silent |= slot->pieces.is_open;
	slot->pieces.is_open = true;
}

void svm_see_piece_end(struct svm_slot *slot, uint32_t task, int32_t error)
{
	if (slot->pieces.task != task)
		slot->pieces = (struct svm_pieces){ .task = task };
	slot->pieces.is_open = false;
	slot->pieces.error = error < 0 ? error : 0;
}

/* The loop over mappings ends with the first piece that fails, and returns its error. */
static struct svm_expectation expect_migration(const struct svm_slot *slot, const struct hs_svm_migrate_result *event)
{
	const struct svm_pieces *pieces = &slot->pieces;

	if (event->to && svm_gpu_by_id(slot->process->svm, event->to) < 0)
		return cannot_tell("a GPU that is not declared");
	if (pieces->task != event->row.task)
		return expect(0, "no piece was begun", HS_BASIS_ASSUMED);
	if (pieces->error)
		return expect(pieces->error, "a piece failed so", HS_BASIS_EXACT);
	if (pieces->is_open || pieces->has_silent)
		return expect((int)event->ret, "a piece without an end: the driver does not say why", HS_BASIS_BOUNDED);
	return expect(0, "all pieces have ended well", HS_BASIS_EXACT);
}

int svm_ask_migrate_result(const struct svm_slot *slot, const struct hs_svm_migrate_result *event,
			   struct svm_request *request, struct hs_decision *recorded)
{
	const struct svm_expectation expected = expect_migration(slot, event);

	svm_fill_request(request, HS_POINT_SVM_MIGRATE, &event->row, event->start, event->nr_pages);
	return ask(request, &expected, svm_errno_name((int)event->ret), recorded);
}

/* --- svm_range_cpu_invalidate_pagetables --- */

static bool is_mapped_in(const struct svm_range *range, uint64_t first, uint64_t last)
{
	return range->mapped_to_gpu && (range->access | range->aip) && range->start <= last && range->last >= first;
}

/* svm_range_unmap_from_gpus() of the range and of its children. */
static struct svm_expectation expect_unmap(const struct svm_range *range, uint64_t first, uint64_t last)
{
	bool is_mapped = is_mapped_in(range, first, last);

	hs_list_for_each(child, &range->children, struct svm_range, child)
		is_mapped |= is_mapped_in(child, first, last);
	return (struct svm_expectation){ .is_known = true, .result = is_mapped ? "unmapped" : "no_effect",
		.reason = is_mapped ? "a GPU has it mapped" : "no GPU has it mapped", .basis = HS_BASIS_ASSUMED };
}

/* svm_range_evict() where queues stop: the first one since the last restore. */
static struct svm_expectation expect_stop(const struct svm_slot *slot, const struct svm_range *range)
{
	bool is_mapped = range->mapped_to_gpu, stops;

	if (slot->is_stop_unknown)
		return cannot_tell("events were lost: whether the queues ran is not known");
	hs_list_for_each(child, &range->children, struct svm_range, child)
		is_mapped |= child->mapped_to_gpu;
	stops = is_mapped && !slot->is_recorded_stopped;
	return (struct svm_expectation){ .is_known = true, .result = stops ? "queues_stopped" : "no_effect",
		.reason = !is_mapped ? "no GPU has it mapped" : stops ? "first eviction since the last restore" :
			  "the queues are stopped already", .basis = HS_BASIS_ASSUMED };
}

static struct svm_expectation expect_consequence(const struct svm_slot *slot, const struct svm_invalidation *one)
{
	const struct hs_svm *svm = slot->process->svm;
	const struct svm_range *range = svm_range_from_addr(svm, one->range_first, NULL);

	if (one->event == NOTIFY_RELEASE)
		return (struct svm_expectation){ .is_known = true, .result = "no_effect", .basis = HS_BASIS_EXACT,
						 .reason = "the address space ends" };
	if (!range || range->start != one->range_first || range->last != one->range_last ||
	    (svm_process_doubts(slot->process, range->start, range->last) & SVM_DOUBT_LOST))
		return cannot_tell("the range is not known");
	if (one->event == NOTIFY_UNMAP || (svm->xnack && !(range->flags & HS_SVM_FLAG_ALWAYS_MAPPED)))
		return expect_unmap(range, one->first, one->last);
	return expect_stop(slot, range);
}

void svm_see_invalidate(struct svm_slot *slot, const struct hs_svm_invalidate *event)
{
	const uint64_t range_first = event->start / HS_PAGE_BYTES, range_end = range_first + event->nr_pages;
	const uint64_t outer_first = event->outer_start / HS_PAGE_BYTES, outer_end = outer_first + event->outer_pages;
	struct svm_invalidation one = {
		.task = event->row.task, .time = event->row.time, .event = event->event,
		.range_first = range_first, .range_last = range_end - 1,
		.first = svm_max(range_first, outer_first), .last = svm_min(range_end, outer_end) - 1,
	};

	if (!event->nr_pages || range_end > SVM_LAST_USER_PAGE || range_end <= range_first || one.last < one.first)
		return;
	one.expected = expect_consequence(slot, &one);
	slot->invalidation = one;
	slot->has_invalidation = true;
	if (!one.expected.is_known)
		hs_svm_follow_range(slot->process->svm, one.range_first, one.range_last);
}

/* A whole range that was unmapped is not mapped (svm_range_unmap_from_gpus). */
static void end_invalidation(struct svm_slot *slot)
{
	struct svm_invalidation *one = &slot->invalidation;
	struct svm_range *range = svm_range_from_addr(slot->process->svm, one->range_first, NULL);

	if (one->has_unmapped && range && range->start == one->first && range->last == one->last)
		range->mapped_to_gpu = false;
	slot->ended_invalidation = *one;
	slot->has_ended_invalidation = true;
	slot->has_invalidation = false;
}

void svm_follow_invalidation(struct svm_slot *slot, const struct hs_event *event)
{
	struct svm_invalidation *one = &slot->invalidation;
	const bool is_own = event->row->task == one->task;

	if (!slot->has_invalidation)
		return;
	if (event->row->time > one->time + consequence_ns)
		end_invalidation(slot);
	else if (is_own && event->kind == HS_KIND_svm_evict && event->svm_evict->trigger == TRIGGER_SVM)
		one->has_stopped = true;
	else if (is_own && event->kind == HS_KIND_svm_unmap && event->svm_unmap->trigger <= LAST_UNMAP_TRIGGER)
		one->has_unmapped = true;
	else if (is_own)
		end_invalidation(slot);
}

int svm_ask_invalidation(struct svm_slot *slot, struct svm_request *request, struct hs_decision *recorded)
{
	const struct svm_invalidation *one = &slot->ended_invalidation;
	const struct hs_row row = { .time = one->time, .task = one->task, .mm = slot->process->mm };

	if (!slot->has_ended_invalidation)
		return 0;
	slot->has_ended_invalidation = false;
	svm_fill_request(request, one->event == NOTIFY_UNMAP ? HS_POINT_SVM_UNMAP : HS_POINT_SVM_EVICT, &row,
			 one->first * HS_PAGE_BYTES, one->last - one->first + 1);
	recorded->reason = "recorded";
	return ask(request, &one->expected, one->has_stopped ? "queues_stopped" : one->has_unmapped ? "unmapped" :
		   "no_effect", recorded);
}
