// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/mm_twin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay/address_space/address_space.h"
#include "replay/model.h"
#include "replay/variant.h"

enum { TASK = 1, MM = 1, STEP_NS = 1000, FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_USER = 4 };

struct mm_twin {
	const struct hs_model_ops *ops;
	struct hs_model *model;
	union hs_request_storage request;
	struct hs_model *none[1];
	uint64_t time;
	uint32_t next_child;
	HS_VEC(uint32_t) children;	/* mms of the forked that live */
	bool has_all_pages;	/* the child's own pages are known: resident sizes can be compared */
	bool has_guards;	/* this kernel shows them in pagemap */
	bool smaps_pass_over_protnone;	/* smaps_pmd_entry of 6.1: a huge page without access is not counted */
	bool has_huge_pages;
	bool may_lack_anon;	/* of anonymous pages some may be unknown: huge ones, or reclaimed */
	uint64_t most_unknown;	/* pages of which it was not known, at any time, whether they are present */
	int64_t own_anon, own_file;	/* resident pages of the child's own that the model counts otherwise */
	bool is_own_new;	/* everything was locked, the child's own memory too: those are taken anew */
	uint64_t slack;		/* pages by which the kernel's own resident counters may be off */
	uint64_t start_brk;
	uint64_t predictions[HS_NR_BASES];
};

static struct hs_row row_of(struct mm_twin *twin)
{
	twin->time += STEP_NS;
	return (struct hs_row){ .time = twin->time, .task = TASK, .mm = MM };
}

static void observe(struct mm_twin *twin, unsigned int kind, const void *row)
{
	struct hs_event event = { .kind = kind, .row = row };

	twin->ops->observe(twin->model, &event);
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

static void show_range(struct mm_twin *twin, const struct mm_range *range)
{
	struct hs_snap_vma vma = {
		.row = row_of(twin),	     .start = range->start,	.end = range->end,	   .prot = range->prot,
		.vm_flags = range->vm_flags, .pgoff = range->inode ? range->offset / MM_PAGE : 0, .inode = range->inode,
		.device = range->device,     .name = text_of(range->name),
	};

	observe(twin, HS_KIND_snap_vma, &vma);
}

static struct hs_bytes bitmap_of(const uint64_t words[8])
{
	return (struct hs_bytes){ (const char *)words, 64 };
}

static void show_pages(struct mm_twin *twin, const struct mm_slot_pages *slot)
{
	struct hs_snap_pages pages = {
		.row = row_of(twin), .address = slot->address, .present = bitmap_of(slot->present),
		.file = bitmap_of(slot->file), .zero = bitmap_of(slot->zero),
	};

	observe(twin, HS_KIND_snap_pages, &pages);
}

/* Nothing is populated where operations will meet; the rest is the child's own. */
static void show_snapshot(struct mm_twin *twin, const struct mm_view *view)
{
	struct hs_meta_task task = { .row = row_of(twin), .pid = 1, .tgid = 1, .comm = text_of("child") };
	struct hs_meta_mm mm = { .row = row_of(twin), .owner = TASK };
	struct hs_snap_begin begin = { .row = row_of(twin), .reason = text_of("start") };
	struct hs_snap_mm counters = {
		.row = row_of(twin),		  .total_vm = view->total_vm, .locked_vm = view->locked_vm,
		.hiwater_vm = view->hiwater_vm,	  .hiwater_rss = view->hiwater_rss, .rss_anon = view->walked_anon,
		.rss_file = view->walked_rss - view->walked_anon, .swap = view->swap,
		.start_brk = view->start_brk,	  .brk = view->brk,	    .thp_disable = !twin->has_huge_pages,
		.has_limits = 1, .may_lock = view->may_lock, .limit_as = view->limit_as, .limit_data = view->limit_data,
		.limit_stack = view->limit_stack, .limit_memlock = view->limit_memlock,
	};
	struct hs_snap_end end;

	observe(twin, HS_KIND_meta_task, &task);
	observe(twin, HS_KIND_meta_mm, &mm);
	observe(twin, HS_KIND_snap_begin, &begin);
	observe(twin, HS_KIND_snap_mm, &counters);
	hs_vec_for_each(range, &view->ranges)
		show_range(twin, range);
	hs_vec_for_each(slot, &view->slots)
		show_pages(twin, slot);
	end = (struct hs_snap_end){ .row = row_of(twin), .reason = text_of("start") };
	observe(twin, HS_KIND_snap_end, &end);
}

/*
 * The kernel counts resident pages of each of three kinds in parts: since 6.2 one a CPU, added up when it exceeds a
 * batch (percpu_counter: 32 or twice the CPUs); before, one a thread, added up every 64 faults (check_sync_rss_stat),
 * each of which may map 16 pages of a file. The sum that VmHWM is raised to is off by no more than that.
 */
static uint64_t slack_of_counters(const struct hs_header *header)
{
	enum { KINDS = 3, FAULTS = 64, FAULT_AROUND = 16 };
	uint64_t cpus = (uint64_t)sysconf(_SC_NPROCESSORS_CONF), batch = 2 * cpus > 32 ? 2 * cpus : 32;
	bool counts_by_thread = hs_variant_resolve("auto", header, NULL) <= HS_VARIANT_6_1;

	return counts_by_thread ? FAULTS * (KINDS - 1 + FAULT_AROUND) : KINDS * batch * cpus;
}

int mm_twin_create(const struct mm_view *view, struct mm_nature nature, const struct hs_header *header,
		   const struct hs_policy *policy, struct mm_twin **out, struct hs_error *err)
{
	struct mm_twin *twin = calloc(1, sizeof(*twin));
	struct hs_model_setup setup = { .mode = HS_MODE_VALIDATE, .policy = policy, .header = header };
	int status;

	if (!twin)
		return hs_error_nomem(err);
	setup.bases = twin->none;
	twin->ops = hs_model_find("address_space");
	twin->next_child = MM + 1;
	twin->start_brk = view->brk;
	twin->has_huge_pages = twin->may_lack_anon = nature.has_huge_pages;
	twin->has_all_pages = view->has_all_pages;
	/* MADV_GUARD_INSTALL is of 6.13, PM_GUARD_REGION of 6.15: no variant lies between. */
	twin->has_guards = hs_variant_resolve("auto", header, NULL) >= HS_VARIANT_6_18;
	twin->smaps_pass_over_protnone = hs_variant_resolve("auto", header, NULL) <= HS_VARIANT_6_1;
	twin->slack = slack_of_counters(header);
	status = twin->ops->create(&setup, &twin->model, err);
	if (status) {
		free(twin);
		return status;
	}
	show_snapshot(twin, view);
	*out = twin;
	return 0;
}

void mm_twin_destroy(struct mm_twin *twin)
{
	if (!twin)
		return;
	twin->ops->destroy(twin->model);
	hs_vec_deinit(&twin->children);
	free(twin);
}

void mm_twin_count(const struct mm_twin *twin, uint64_t counts[HS_NR_BASES])
{
	for (int basis = 0; basis < HS_NR_BASES; basis++)
		counts[basis] += twin->predictions[basis];
}

/* Asks for a prediction where the model makes one, and then lets it know. */
static int decide_and_observe(struct mm_twin *twin, unsigned int kind, const void *row, struct hs_error *difference)
{
	struct hs_event event = { .kind = kind, .row = row };
	struct hs_decision recorded, modelled = { .time = 0 };
	int differs = 0;

	if (twin->ops->ask && twin->ops->ask(twin->model, &event, &twin->request, &recorded) == 1) {
		twin->ops->decide(twin->model, &twin->request.request, &modelled);
		twin->predictions[modelled.basis]++;
		/* Success that is only assumed must come true as well: RLIMIT_* are known here, other limits far. */
		differs = (modelled.basis == HS_BASIS_EXACT || strcmp(modelled.result, "OK") == 0) &&
			  strcmp(recorded.result, modelled.result) != 0;
		if (differs)
			hs_error_set(difference, 1, "predicted %s (%s), the kernel gave %s", modelled.result,
				     modelled.reason, recorded.result);
		twin->ops->adopt(twin->model, &twin->request.request, &recorded);
	}
	twin->ops->observe(twin->model, &event);
	return differs;
}

static void apply_touch(struct mm_twin *twin, const struct mm_op *op, const struct mm_outcome *outcome)
{
	struct hs_fault_user fault = {
		.row = row_of(twin), .address = op->addr,
		.error_code = FAULT_USER | (mm_op_is_write(op->code) ? FAULT_WRITE : 0) |
			      (outcome->was_present ? FAULT_PRESENT : 0),
	};

	if (mm_op_is_of_child(op->code)) {
		if (!twin->children.count)
			return;
		fault.row.task = fault.row.mm = twin->children.items[twin->children.count - 1];
	}
	if (outcome->faults || outcome->ret)
		observe(twin, HS_KIND_fault_user, &fault);
}

static void apply_fork(struct mm_twin *twin, const struct mm_outcome *outcome)
{
	struct hs_meta_task task = { .row = row_of(twin), .pid = (uint32_t)outcome->ret,
				     .tgid = (uint32_t)outcome->ret, .comm = text_of("child") };
	struct hs_mm_fork fork_event = { .child = twin->next_child, .child_mm = twin->next_child };
	struct hs_meta_mm mm;

	if (outcome->ret < 0)
		return;
	task.row.task = twin->next_child;
	observe(twin, HS_KIND_meta_task, &task);
	mm = (struct hs_meta_mm){ .row = row_of(twin), .owner = twin->next_child };
	mm.row.mm = twin->next_child;
	observe(twin, HS_KIND_meta_mm, &mm);
	fork_event.row = row_of(twin);
	observe(twin, HS_KIND_mm_fork, &fork_event);
	(void)hs_vec_push(&twin->children, twin->next_child);
	twin->next_child++;
}

static void apply_child_exit(struct mm_twin *twin)
{
	struct hs_mm_exit_mmap row = { .row = row_of(twin) };

	if (!twin->children.count)
		return;
	row.row.task = row.row.mm = twin->children.items[--twin->children.count];
	observe(twin, HS_KIND_mm_exit_mmap, &row);
}

static int apply_mlock(struct mm_twin *twin, const struct mm_op *op, const struct mm_outcome *outcome, uint8_t number,
		       struct hs_error *difference)
{
	struct hs_mm_mlock row = {
		.row = row_of(twin), .ret = outcome->ret, .op = number, .addr = op->addr, .len = op->len, .flags = op->flags,
	};

	return decide_and_observe(twin, HS_KIND_mm_mlock, &row, difference);
}

int mm_twin_apply(struct mm_twin *twin, const struct mm_op *op, const struct mm_outcome *outcome,
		  struct hs_error *difference)
{
	switch (op->code) {
	case MM_OP_MMAP: {
		struct hs_mm_mmap row = { .row = row_of(twin), .ret = outcome->ret, .addr = op->addr, .len = op->len,
					  .prot = op->prot, .flags = op->flags, .fd = op->fd, .offset = op->offset };
		return decide_and_observe(twin, HS_KIND_mm_mmap, &row, difference);
	}
	case MM_OP_MUNMAP: {
		struct hs_mm_munmap row = { .row = row_of(twin), .ret = outcome->ret, .addr = op->addr, .len = op->len };
		return decide_and_observe(twin, HS_KIND_mm_munmap, &row, difference);
	}
	case MM_OP_MREMAP: {
		struct hs_mm_mremap row = { .row = row_of(twin), .ret = outcome->ret, .addr = op->addr,
					    .old_len = op->len, .new_len = op->new_len, .flags = op->flags,
					    .new_addr = op->new_addr };
		return decide_and_observe(twin, HS_KIND_mm_mremap, &row, difference);
	}
	case MM_OP_BRK: {
		struct hs_mm_brk row = { .row = row_of(twin), .ret = outcome->ret, .addr = twin->start_brk + op->addr };
		return decide_and_observe(twin, HS_KIND_mm_brk, &row, difference);
	}
	case MM_OP_MPROTECT: {
		struct hs_mm_mprotect row = { .row = row_of(twin), .ret = outcome->ret, .addr = op->addr,
					      .len = op->len, .prot = op->prot };
		return decide_and_observe(twin, HS_KIND_mm_mprotect, &row, difference);
	}
	case MM_OP_MADVISE: {
		enum { ADVICE_PAGEOUT = 21 };
		struct hs_mm_madvise row = { .row = row_of(twin), .ret = outcome->ret, .addr = op->addr,
					     .len = op->len, .advice = op->flags };
		twin->may_lack_anon |= op->flags == ADVICE_PAGEOUT;
		return decide_and_observe(twin, HS_KIND_mm_madvise, &row, difference);
	}
	case MM_OP_MLOCK:
		return apply_mlock(twin, op, outcome, 0, difference);
	case MM_OP_MLOCK2:
		return apply_mlock(twin, op, outcome, 1, difference);
	case MM_OP_MUNLOCK:
		return apply_mlock(twin, op, outcome, 2, difference);
	case MM_OP_MLOCKALL:
		twin->is_own_new = op->flags & MCL_CURRENT && !outcome->ret;
		return apply_mlock(twin, op, outcome, 3, difference);
	case MM_OP_MUNLOCKALL:
		return apply_mlock(twin, op, outcome, 4, difference);
	case MM_OP_READ:
	case MM_OP_WRITE:
	case MM_OP_CHILD_READ:
	case MM_OP_CHILD_WRITE:
		apply_touch(twin, op, outcome);
		return 0;
	case MM_OP_LIMIT: {
		struct hs_mm_limit row = { .row = row_of(twin), .ret = outcome->ret, .resource = op->flags,
					   .soft = outcome->soft, .hard = UINT64_MAX };
		observe(twin, HS_KIND_mm_limit, &row);
		return 0;
	}
	case MM_OP_FORK:
		apply_fork(twin, outcome);
		return 0;
	case MM_OP_CHILD_EXIT:
		apply_child_exit(twin);
		return 0;
	default:
		return 0;
	}
}

static const struct hs_mm *mm_of(const struct mm_twin *twin)
{
	return hs_address_space_mm(hs_address_space_of(twin->model), MM);
}

static uint32_t prot_of(const struct hs_vma *vma)
{
	return (vma->flags & HS_VMA_RD ? PROT_READ : 0) | (vma->flags & HS_VMA_WR ? PROT_WRITE : 0) |
	       (vma->flags & HS_VMA_EX ? PROT_EXEC : 0);
}

/* maps shows vsyscall's page, which is no mapping of the mm. */
#define GATE (1ull << 63)

static int compare_ranges(const struct hs_mm *mm, const struct mm_view *view, struct hs_error *difference)
{
	const struct hs_vma *vma = hs_mm_vma_from(mm, 0);

	hs_vec_for_each(range, &view->ranges) {
		if (range->start >= GATE)
			break;
		if (!vma)
			return hs_error_set(difference, 1, "maps has %#" PRIx64 "-%#" PRIx64 ", the model ends before",
					    range->start, range->end);
		if (vma->node.start != range->start || vma->node.end != range->end || prot_of(vma) != range->prot)
			return hs_error_set(difference, 1,
					    "maps has %#" PRIx64 "-%#" PRIx64 " prot %u, the model %#" PRIx64
					    "-%#" PRIx64 " prot %u",
					    range->start, range->end, range->prot, vma->node.start, vma->node.end,
					    prot_of(vma));
		vma = hs_vma_next(vma);
	}
	if (vma && vma->node.start < GATE)
		return hs_error_set(difference, 1, "the model has %#" PRIx64 "-%#" PRIx64 " more than maps",
				    vma->node.start, vma->node.end);
	return 0;
}

static int compare_slot(const struct mm_twin *twin, const struct hs_mm *mm, const struct mm_view *view,
			uint64_t address, struct hs_error *difference)
{
	const uint64_t *entries = view->pagemap.items + (address - view->pagemap_start) / MM_PAGE;
	struct hs_slot slot;

	hs_mm_get_slot(mm, address, &slot);
	for (unsigned int i = 0; i < HS_BITMAP512_BITS; i++) {
		int is_present = entries[i] >> 63 & 1;

		if (twin->has_guards && (entries[i] >> 58 & 1) != hs_bitmap512_test(&slot.marker, i))
			return hs_error_set(difference, 1, "page %#" PRIx64 " has %s guard, the model says otherwise",
					    address + i * MM_PAGE, entries[i] >> 58 & 1 ? "a" : "no");
		if (hs_bitmap512_test(&slot.unknown, i))
			continue;
		if (is_present != hs_bitmap512_test(&slot.present, i))
			return hs_error_set(difference, 1, "page %#" PRIx64 " is %s, the model says %s",
					    address + i * MM_PAGE, is_present ? "present" : "not present",
					    is_present ? "not" : "it is");
	}
	return 0;
}

static int compare_counter(const char *name, uint64_t real, uint64_t modelled, struct hs_error *difference)
{
	if (real == modelled)
		return 0;
	return hs_error_set(difference, 1, "%s is %" PRIu64 " pages, the model says %" PRIu64, name, real, modelled);
}

static int compare_sizes(const struct hs_mm *mm, const struct mm_view *view, struct hs_error *difference)
{
	const struct hs_mm_counters *counters = hs_mm_counters(mm);
	uint64_t peak = counters->hiwater_vm > counters->total_vm ? counters->hiwater_vm : counters->total_vm;

	return compare_counter("VmSize", view->total_vm, counters->total_vm, difference) ||
	       compare_counter("VmLck", view->locked_vm, counters->locked_vm, difference) ||
	       compare_counter("VmData", view->data_vm, counters->data_vm, difference) ||
	       compare_counter("VmStk", view->stack_vm, counters->stack_vm, difference) ||
	       compare_counter("VmExe and VmLib", view->exec_vm, counters->exec_vm, difference) ||
	       compare_counter("VmPeak", view->hiwater_vm, peak, difference);
}

static int compare_bounds(const char *name, uint64_t real, uint64_t low, uint64_t high, struct hs_error *difference)
{
	if (real >= low && real <= high)
		return 0;
	return hs_error_set(difference, 1, "%s is %" PRIu64 " pages, the model says %" PRIu64 " to %" PRIu64, name, real,
			    low, high);
}

/* Over all slots: pages that may be present; slots that are or may be huge, and those of them without access. */
struct sums {
	uint64_t unknown, huge, maybe_huge, protnone;
};

static bool is_without_access(const struct hs_mm *mm, uint64_t at)
{
	const struct hs_vma *vma = hs_mm_vma_at(mm, at);

	return vma && !(vma->flags & (HS_VMA_RD | HS_VMA_WR | HS_VMA_EX));
}

static struct sums sum_slots(const struct hs_mm *mm)
{
	struct sums sums = { 0 };
	uint64_t at = hs_mm_next_slot(mm, 0, GATE);

	for (; at != UINT64_MAX; at = hs_mm_next_slot(mm, at + MM_SLOT, GATE)) {
		struct hs_slot_counts counts = hs_mm_count_slot(mm, at);

		sums.unknown += counts.unknown;
		sums.huge += counts.kind == HS_SLOT_HUGE_ANON;
		sums.maybe_huge += counts.kind == HS_SLOT_MAYBE_HUGE;
		sums.protnone += (counts.kind == HS_SLOT_HUGE_ANON || counts.kind == HS_SLOT_MAYBE_HUGE) &&
				 is_without_access(mm, at);
	}
	return sums;
}

/*
 * Resident pages by a walk over the page tables are exact. Pages that the model does not know may be there: file
 * pages around a fault, with huge pages also anonymous ones.
 */
static int compare_resident(struct mm_twin *twin, const struct mm_view *view, struct hs_error *difference)
{
	const struct hs_mm_counters *counters = hs_mm_counters(mm_of(twin));
	struct sums sums = sum_slots(mm_of(twin));
	uint64_t unseen = twin->smaps_pass_over_protnone ? sums.protnone * 512 : 0;
	uint64_t anon = counters->rss_anon + (uint64_t)twin->own_anon;
	uint64_t file = counters->rss_file + counters->rss_shmem + (uint64_t)twin->own_file, rss = anon + file;
	uint64_t peak = counters->hiwater_rss > rss ? counters->hiwater_rss : rss;
	uint64_t walked_file = view->walked_rss - view->walked_anon;

	twin->most_unknown = sums.unknown > twin->most_unknown ? sums.unknown : twin->most_unknown;
	if (twin->is_own_new) {
		twin->is_own_new = false;
		twin->has_all_pages = !twin->may_lack_anon && !sums.unknown;	/* those would be taken for its own */
		twin->own_anon += (int64_t)(view->walked_anon - anon);
		twin->own_file += (int64_t)(walked_file - file);
		return 0;
	}
	return compare_bounds("Anonymous", view->walked_anon, anon > unseen ? anon - unseen : 0,
			      anon + (twin->may_lack_anon ? sums.unknown : 0), difference) ||
	       compare_bounds("Rss of files", walked_file, file, file + sums.unknown, difference) ||
	       compare_bounds("AnonHugePages", view->huge_anon, sums.huge * 512 > unseen ? sums.huge * 512 - unseen : 0,
			      (sums.huge + sums.maybe_huge) * 512, difference) ||
	       compare_bounds("VmHWM", view->hiwater_rss, peak > twin->slack ? peak - twin->slack : 0,
			      peak + twin->slack + twin->most_unknown, difference);
}

static int compare_arena(const struct mm_twin *twin, const struct hs_mm *mm, const struct mm_view *view,
			 struct hs_error *difference)
{
	for (uint64_t at = 0; at < view->pagemap.count * MM_PAGE; at += MM_SLOT)
		if (compare_slot(twin, mm, view, view->pagemap_start + at, difference))
			return 1;
	return 0;
}

int mm_twin_compare(struct mm_twin *twin, const struct mm_view *view, struct hs_error *difference)
{
	const struct hs_mm *mm = mm_of(twin);

	if (!mm)
		return hs_error_set(difference, 1, "the model has lost the address space");
	if (twin->ops->check && twin->ops->check(twin->model, difference))
		return 1;
	return compare_ranges(mm, view, difference) || compare_arena(twin, mm, view, difference) ||
	       compare_sizes(mm, view, difference) ||
	       (twin->has_all_pages && compare_resident(twin, view, difference));
}

int mm_twin_compare_fork(const struct mm_twin *twin, size_t nr, const struct mm_view *view,
			 struct hs_error *difference)
{
	const struct hs_mm *mm = hs_address_space_mm(hs_address_space_of(twin->model), twin->children.items[nr]);

	if (!mm)
		return hs_error_set(difference, 1, "the model does not have forked child %zu", nr);
	return compare_ranges(mm, view, difference) || compare_arena(twin, mm, view, difference) ||
	       compare_sizes(mm, view, difference);
}
