// SPDX-License-Identifier: GPL-2.0-only
/* The adapter: events in, operations on the state out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/address_space/space_decide.h"
#include "replay/address_space/space_dump.h"
#include "replay/address_space/space_state.h"

struct hs_model {
	struct hs_address_space space;
};

enum { FAULT_PRESENT = 1, FAULT_WRITE = 2 };

static const struct hs_policy_key address_space_keys[] = {
	{ .key = "address_space.variant", .default_text = "auto", .words = HS_VARIANT_WORDS,
	  .help = "whose rules for mappings and page tables" },
	{ .key = "address_space.thp_enabled", .tunable = "transparent_hugepage/enabled", .default_text = "madvise",
	  .words = "always|madvise|never", .help = "where a fault of the recorded host could get a huge page" },
	{ .key = "address_space.use_zero_page", .tunable = "transparent_hugepage/use_zero_page", .default_text = "1",
	  .min = 0, .max = 1, .help = "1: a read fault of the recorded host could get the huge zero page" },
	{ .key = "address_space.zero_page", .default_text = "1", .min = 0, .max = 1,
	  .help = "0: on the recorded host a read of untouched memory got a page of its own (mm_forbids_zeropage)" },
	{ .key = "address_space.max_map_count", .default_text = "65530", .min = 1, .max = UINT64_MAX,
	  .help = "mappings that an address space may have: vm.max_map_count of the recorded host" },
	{ .key = "address_space.stack_limit", .default_text = "8388608", .min = 4096, .max = UINT64_MAX,
	  .help = "bytes: RLIMIT_STACK of the recorded processes" },
	{ .key = NULL },
};

static hs_kind_set address_space_kinds(void)
{
	static const unsigned int wanted[] = {
		HS_KIND_snap_tunable, HS_KIND_meta_tunable, HS_KIND_snap_mm, HS_KIND_snap_vma, HS_KIND_snap_pages,
		HS_KIND_snap_end, HS_KIND_fault_user, HS_KIND_fault_kernel, HS_KIND_mm_mmap, HS_KIND_mm_munmap,
		HS_KIND_mm_mremap, HS_KIND_mm_brk, HS_KIND_mm_mprotect, HS_KIND_mm_madvise, HS_KIND_mm_mlock,
		HS_KIND_mm_prctl, HS_KIND_mm_limit, HS_KIND_mm_fork, HS_KIND_mm_exec, HS_KIND_mm_exit_mmap,
		HS_KIND_collapse_huge_page, HS_KIND_collapse_scan, HS_KIND_collapse_isolate, HS_KIND_notifier_start,
		HS_KIND_notifier_end, HS_KIND_notifier_subscribe,
	};
	hs_kind_set kinds = { { 0 } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		hs_kind_set_add(&kinds, wanted[i]);
	return kinds;
}

static void read_tunables(struct hs_address_space *space)
{
	const char *mode = hs_policy_text(space->policy, "address_space.thp_enabled");

	space->thp_mode = strcmp(mode, "always") == 0 ? HS_THP_ALWAYS :
			  strcmp(mode, "madvise") == 0 ? HS_THP_MADVISE : HS_THP_NEVER;
	space->uses_zero_page = hs_policy_number(space->policy, "address_space.use_zero_page");
}

/* Where faults were not recorded at all, no page is ever known to be absent. */
static bool has_source(const struct hs_header *header, const char *source)
{
	const char *rung = hs_header_rung(header, source);

	return !rung || strcmp(rung, "none") != 0;
}

static int address_space_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	struct hs_model *model = calloc(1, sizeof(*model));
	const char *variant = hs_policy_text(setup->policy, "address_space.variant");

	if (!model)
		return hs_error_nomem(err);
	model->space.policy = setup->policy;
	model->space.mode = setup->mode;
	model->space.variant = hs_space_variant_of(hs_variant_resolve(variant, setup->header, NULL));
	model->space.are_faults_unseen = !has_source(setup->header, "fault");
	model->space.are_calls_unseen = !has_source(setup->header, "mm");
	model->space.maps_zero_page = hs_policy_number(setup->policy, "address_space.zero_page");
	model->space.are_collapses_unseen = !has_source(setup->header, "collapse");
	model->space.max_map_count = hs_policy_number(setup->policy, "address_space.max_map_count");
	model->space.stack_limit = hs_policy_number(setup->policy, "address_space.stack_limit");
	read_tunables(&model->space);
	*out = model;
	return 0;
}

static void address_space_destroy(struct hs_model *model)
{
	if (!model)
		return;
	hs_space_deinit(&model->space);
	free(model);
}

static void observe_fault(struct hs_address_space *space, const struct hs_row *row, uint64_t address,
			  unsigned int code)
{
	struct hs_mm *mm = space->last_mm && space->last_mm->id == row->mm ? space->last_mm : hs_space_get(space, row->mm);

	if (!mm)
		return;
	if (mm->is_listened)
		hs_pairing_begin(mm, row, &row->time);
	hs_apply_fault(mm, address, code & FAULT_WRITE, code & FAULT_PRESENT);
	if (mm->is_listened)
		hs_pairing_fault(mm, row, address);
}

/* In whatif the collapse model, if any, keeps its own outcomes: see address_space.h. */
static void observe_collapse(struct hs_mm *mm, uint64_t address, unsigned int basis, const struct hs_bytes *status)
{
	if (basis && mm->space->mode == HS_MODE_VALIDATE)
		hs_apply_collapse(mm, address, status);
}

/* Any successful registration leaves what makes the kernel open sections, until the mm ends. */
static void observe_subscription(struct hs_mm *mm, const struct hs_notifier_subscribe *row)
{
	enum { REGISTER = 0, INSERT = 2 };

	if (!row->ret && (row->op == REGISTER || row->op == INSERT))
		mm->is_listened = true;
}

/* The attempt has taken the locks and closed its section (collapse_huge_page). */
static void observe_isolation(struct hs_mm *mm, const struct hs_collapse_isolate *row)
{
	if (row->address_basis)
		hs_section_note(mm, HS_SECTION_CLEAR, row->address, row->address + HS_SLOT_BYTES, HS_RULE_COLLAPSE,
				HS_BASIS_EXACT);
}

static void observe_of_mm(struct hs_mm *mm, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_snap_mm:
		return hs_apply_snap_mm(mm, event->snap_mm);
	case HS_KIND_snap_vma:
		return hs_apply_snap_vma(mm, event->snap_vma);
	case HS_KIND_snap_pages:
		return hs_apply_snap_pages(mm, event->snap_pages);
	case HS_KIND_mm_mmap:
		return hs_apply_mmap(mm, event->mm_mmap);
	case HS_KIND_mm_munmap:
		return hs_apply_munmap(mm, event->mm_munmap);
	case HS_KIND_mm_mremap:
		return hs_apply_mremap(mm, event->mm_mremap);
	case HS_KIND_mm_brk:
		return hs_apply_brk(mm, event->mm_brk);
	case HS_KIND_mm_mprotect:
		return hs_apply_mprotect(mm, event->mm_mprotect);
	case HS_KIND_mm_madvise:
		return hs_apply_madvise(mm, event->mm_madvise);
	case HS_KIND_mm_mlock:
		return hs_apply_mlock(mm, event->mm_mlock);
	case HS_KIND_mm_prctl:
		return hs_apply_prctl(mm, event->mm_prctl);
	case HS_KIND_mm_limit:
		return hs_apply_limit(mm, event->mm_limit);
	case HS_KIND_mm_fork:
		return hs_apply_fork(mm, event->mm_fork);
	case HS_KIND_mm_exit_mmap:
		return hs_space_end(mm->space, mm);
	case HS_KIND_notifier_subscribe:
		return observe_subscription(mm, event->notifier_subscribe);
	case HS_KIND_collapse_isolate:
		return observe_isolation(mm, event->collapse_isolate);
	case HS_KIND_collapse_huge_page:
		return observe_collapse(mm, event->collapse_huge_page->address, event->collapse_huge_page->address_basis,
					&event->collapse_huge_page->status);
	case HS_KIND_collapse_scan:
		return observe_collapse(mm, event->collapse_scan->address, event->collapse_scan->address_basis,
					&event->collapse_scan->status);
	default:
		return;
	}
}

/* Which pages reclaim takes is its own decision. */
static bool is_pageout(const struct hs_mm_madvise *call)
{
	enum { ADVICE_PAGEOUT = 21 };

	return call->advice == ADVICE_PAGEOUT;
}

struct operation {
	enum hs_section_op op;
	bool has_duration;
	uint64_t duration;
	struct hs_own_range own;
};

/* False: no operation that opens sections. */
static bool operation_of(const struct hs_event *event, struct operation *operation)
{
#define CALL(id, name, length) \
	case HS_KIND_mm_##id: \
		*operation = (struct operation){ HS_SECTION_OP_##name, true, event->mm_##id->duration, \
						 { event->mm_##id->addr, event->mm_##id->addr + (length) } }; \
		return true;
#define POINT_IN_TIME(id, name) \
	case HS_KIND_##id: \
		*operation = (struct operation){ .op = HS_SECTION_OP_##name }; \
		return true;

	switch (event->kind) {
	CALL(mmap, MMAP, event->mm_mmap->len)
	CALL(munmap, MUNMAP, event->mm_munmap->len)
	CALL(mremap, MREMAP, event->mm_mremap->old_len)
	CALL(brk, BRK, 0)
	CALL(mprotect, MPROTECT, event->mm_mprotect->len)
	CALL(madvise, MADVISE, is_pageout(event->mm_madvise) ? 0 : event->mm_madvise->len)
	CALL(mlock, MLOCK, event->mm_mlock->len)
	POINT_IN_TIME(mm_fork, FORK)
	POINT_IN_TIME(mm_exit_mmap, EXIT)
	POINT_IN_TIME(collapse_isolate, COLLAPSE)
	default:
		return false;
	}
#undef CALL
#undef POINT_IN_TIME
}

/* An operation on an mm whose sections are recorded: they are set against those that it is predicted to open. */
static void observe_listened(struct hs_mm *mm, const struct hs_event *event)
{
	struct operation operation;
	uint64_t since;

	if (!operation_of(event, &operation)) {
		observe_of_mm(mm, event);
		return;
	}
	since = event->row->time - operation.duration;
	hs_pairing_begin(mm, event->row, operation.has_duration ? &since : NULL);
	if (event->kind == HS_KIND_mm_exit_mmap) {
		hs_section_note(mm, HS_SECTION_UNMAP, 0, UINT64_MAX, HS_RULE_EXIT_MMAP, HS_BASIS_EXACT);
		hs_pairing_end(mm, event->row, operation.op, operation.own);
		observe_of_mm(mm, event);
		return;
	}
	observe_of_mm(mm, event);
	hs_pairing_end(mm, event->row, operation.op, operation.own);
}

/* khugepaged learns of the end only when it has the lock again. */
static bool is_late(const struct hs_address_space *space, const struct hs_event *event)
{
	const bool is_of_collapse = event->kind == HS_KIND_collapse_huge_page || event->kind == HS_KIND_collapse_scan;

	return is_of_collapse && hs_address_space_has_ended(space, event->row->mm);
}

static void observe_slowly(struct hs_address_space *space, const struct hs_event *event)
{
	struct hs_mm *mm;

	switch (event->kind) {
	case HS_KIND_snap_tunable:
	case HS_KIND_meta_tunable:
		return read_tunables(space);
	case HS_KIND_snap_end:
		return hs_apply_snap_end(space);
	case HS_KIND_mm_exec:
		return hs_apply_exec(space, event->mm_exec);
	case HS_KIND_notifier_start:
		return hs_pairing_open(space, event->notifier_start);
	case HS_KIND_notifier_end:
		return hs_pairing_close(space, event->notifier_end);
	default:
		break;
	}
	mm = is_late(space, event) ? NULL : hs_space_get(space, event->row->mm);
	if (!mm)
		return;
	if (mm->is_listened)
		observe_listened(mm, event);
	else
		observe_of_mm(mm, event);
}

static void address_space_observe(struct hs_model *model, const struct hs_event *event)
{
	struct hs_address_space *space = &model->space;

	space->kind = event->kind;
	if (event->row->time < space->time)
		hs_space_problem(space, HS_PROBLEM_TIME_BACK, event->row->mm, 0);
	else
		space->time = event->row->time;
	if (event->kind == HS_KIND_fault_user)
		observe_fault(space, event->row, event->fault_user->address, event->fault_user->error_code);
	else if (event->kind == HS_KIND_fault_kernel)
		observe_fault(space, event->row, event->fault_kernel->address, event->fault_kernel->error_code);
	else
		observe_slowly(space, event);
}

static void address_space_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	bool is_fault = lost->source.length == 5 && memcmp(lost->source.data, "fault", 5) == 0;

	model->space.loss_generation++;
	if (!is_fault)
		model->space.layouts_are_assumed = true;
}

static int address_space_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
			     struct hs_decision *recorded)
{
	return hs_space_ask(&model->space, event, request, recorded);
}

static int address_space_ask_after(struct hs_model *model, const struct hs_event *event,
				   union hs_request_storage *request, struct hs_decision *recorded)
{
	return hs_space_ask_section(&model->space, event->row->time, request, recorded);
}

static void address_space_decide(const struct hs_model *model, const struct hs_request *request,
				 struct hs_decision *decision)
{
	hs_space_decide(&model->space, request, decision);
}

/* The call that was asked about is a fact too: observe makes it true. */
static void address_space_adopt(struct hs_model *model, const struct hs_request *request,
				const struct hs_decision *decision)
{
	(void)model;
	(void)request;
	(void)decision;
}

static int address_space_dump(const struct hs_model *model, FILE *out)
{
	return hs_space_dump(&model->space, out);
}

static int address_space_check(const struct hs_model *model, struct hs_error *err)
{
	return hs_space_check(&model->space, err);
}

static uint64_t address_space_problems(const struct hs_model *model, FILE *out)
{
	return hs_space_problems(&model->space, out);
}

static void address_space_summarize(const struct hs_model *model,
				    void (*add)(void *context, const char *name, double value), void *context)
{
	const struct hs_address_space *space = &model->space;
	struct hs_page_sums sums = { 0 };
	uint64_t nr_vmas = 0, bytes = hs_page_store_bytes(&space->pages);

	for (const struct hs_mm *mm = space->first; mm; mm = mm->next) {
		hs_slot_table_sum(&mm->slots, &space->pages, 0, ~(HS_PAGE_BYTES - 1), &sums);
		nr_vmas += mm->vmas.count;
		bytes += hs_slot_table_bytes(&mm->slots) + sizeof(*mm) + mm->vmas.count * sizeof(struct hs_vma);
	}
	add(context, "address_spaces", (double)space->mms.count);
	add(context, "mappings", (double)nr_vmas);
	add(context, "present_pages", (double)sums.present);
	add(context, "model_bytes", (double)bytes);
	add(context, "unplaced_faults", (double)space->nr_unplaced);
	add(context, "snapshot_corrections", (double)space->nr_corrections);
}

struct hs_address_space *hs_address_space_of(struct hs_model *model)
{
	return &model->space;
}

const struct hs_model_ops hs_address_space_model = {
	.name = "address_space",
	.help = "mappings, page occupancy and counters of every address space",
	.keys = address_space_keys,
	.kinds = address_space_kinds,
	.decision_kinds = hs_space_decision_kinds,
	.is_shared = true,
	.create = address_space_create,
	.destroy = address_space_destroy,
	.observe = address_space_observe,
	.ask = address_space_ask,
	.ask_after = address_space_ask_after,
	.decide = address_space_decide,
	.adopt = address_space_adopt,
	.lost = address_space_lost,
	.dump = address_space_dump,
	.check = address_space_check,
	.summarize = address_space_summarize,
	.problems = address_space_problems,
};
