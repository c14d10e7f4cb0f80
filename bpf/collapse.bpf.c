// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source collapse: the huge_memory tracepoints. They carry no address; what leads to it is recorded with them
 * (the folio's index, the arguments of madvise) and the recorder concludes (collectors/collapse_group.c).
 */
#include "bpf/compat.bpf.h"
#include "bpf/pmd_level.bpf.h"
#include "bpf/ring.bpf.h"
#include "bpf/syscalls.bpf.h"

/*
 * The n-th argument of the event. As inline assembly, since the compiler would merge reads of different
 * arguments in two branches into one at a computed place, which the verifier does not take.
 */
#define ARG(args, n) __extension__({ \
	u64 value_; \
	asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(value_) : "r"(args), "i"((n) * 8)); \
	value_; \
})

enum { HUGE_ORDER = 9, WRITABLE_UNKNOWN = 255, ADVICE_COLLAPSE = 25 };

/*
 * The isolate event has no mm, and the daemon works for all: it is kept here until the event that ends the
 * attempt, in the same task, says whose memory it was.
 */
struct collapse_state {
	struct hs_ring_isolate isolate;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct collapse_state);
} collapse_states SEC(".maps");

static __always_inline void fill_origin(struct hs_ring_origin *origin, struct task_struct *task, const void *page)
{
	struct pt_regs *regs;

	__builtin_memset(origin, 0, sizeof(*origin));
	origin->has_folio = page != 0;
	origin->folio_index = page ? index_of_page(page) : 0;
	origin->is_daemon = (task->flags & PF_KTHREAD) != 0;
	if (origin->is_daemon)
		return;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	if (syscall_number(regs) != NR_madvise || regs->dx != ADVICE_COLLAPSE || is_compat(task))
		return;
	origin->arg_start = regs->di;
	origin->arg_len = regs->si;
}

/* Fields of the events with one record type, in the order of their arguments. */
struct scan {
	u32 type;
	const void *page;
	s32 status;
	u32 none_or_zero, referenced, unmapped;
	u8 writable, order;
};

static __always_inline int emit_scan(u64 mm, const struct scan *scan)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_collapse *record;
	u8 pmd_after;

	if (!is_wanted_collapse(task, mm))
		return 0;
	pmd_after = scan->type == HS_RECORD_SCAN ? (u8)pmd_level_after_scan() : 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_collapse);
	if (!record)
		return 0;
	record->head.mm = mm;
	fill_origin(&record->origin, task, scan->page);
	record->status = scan->status;
	record->none_or_zero = scan->none_or_zero;
	record->referenced = scan->referenced;
	record->unmapped = scan->unmapped;
	record->writable = scan->writable;
	record->order = scan->order;
	record->pmd_after = pmd_after;
	COMMIT(record, scan->type, 0, (u32)task->pid);
	return 0;
}

/* (mm, page | folio, [writable,] referenced, none_or_zero, status, unmapped) */
SEC("?tp_btf/mm_khugepaged_scan_pmd")
int collapse_scan(u64 *args)
{
	struct scan scan = { .type = HS_RECORD_SCAN, .page = (const void *)ARG(args, 1), .order = HUGE_ORDER };

	if (scan_has_writable()) {
		scan.writable = (u8)(ARG(args, 2) & 1);
		scan.referenced = (u32)ARG(args, 3);
		scan.none_or_zero = (u32)ARG(args, 4);
		scan.status = (s32)ARG(args, 5);
		scan.unmapped = (u32)ARG(args, 6);
	} else {
		scan.writable = WRITABLE_UNKNOWN;
		scan.referenced = (u32)ARG(args, 2);
		scan.none_or_zero = (u32)ARG(args, 3);
		scan.status = (s32)ARG(args, 4);
		scan.unmapped = (u32)ARG(args, 5);
	}
	return emit_scan(ARG(args, 0), &scan);
}

/* (mm, swapped_in, referenced, ret [, order]) */
SEC("?tp_btf/mm_collapse_huge_page_swapin")
int collapse_swapin(u64 *args)
{
	struct scan scan = {
		.type = HS_RECORD_SWAPIN, .none_or_zero = (u32)ARG(args, 1), .referenced = (u32)ARG(args, 2),
		.status = (s32)ARG(args, 3), .writable = WRITABLE_UNKNOWN, .order = HUGE_ORDER,
	};

	if (swapin_has_order())
		scan.order = (u8)ARG(args, 4);
	return emit_scan(ARG(args, 0), &scan);
}

/* (mm, progress, full_scan_finished) */
SEC("?tp_btf/mm_khugepaged_scan")
int collapse_visit(u64 *args)
{
	struct scan scan = {
		.type = HS_RECORD_VISIT, .unmapped = (u32)ARG(args, 1), .none_or_zero = (u32)(ARG(args, 2) & 1),
		.writable = WRITABLE_UNKNOWN, .order = HUGE_ORDER,
	};

	return emit_scan(ARG(args, 0), &scan);
}

/* (page | folio, none_or_zero, referenced, [writable,] status [, order]) */
SEC("?tp_btf/mm_collapse_huge_page_isolate")
int collapse_isolate(u64 *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct collapse_state *state;
	struct hs_ring_isolate *isolate;
	const void *page = (const void *)ARG(args, 0);

	state = bpf_task_storage_get(&collapse_states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		count_loss(HS_RING_COLLAPSE, HS_LOSS_NO_MEMORY);
		return 0;
	}
	isolate = &state->isolate;
	isolate->has_folio = page != 0;
	isolate->folio_index = page ? index_of_page(page) : 0;
	isolate->none_or_zero = (u32)ARG(args, 1);
	isolate->referenced = (u32)ARG(args, 2);
	isolate->order = HUGE_ORDER;
	isolate->writable = WRITABLE_UNKNOWN;
	if (isolate_has_writable()) {
		isolate->writable = (u8)(ARG(args, 3) & 1);
		isolate->status = (s32)ARG(args, 4);
	} else {
		isolate->status = (s32)ARG(args, 3);
		if (isolate_has_order())
			isolate->order = (u8)ARG(args, 4);
	}
	isolate->time = bpf_ktime_get_boot_ns();
	return 0;
}

/* (mm, isolated, status [, order]) */
SEC("?tp_btf/mm_collapse_huge_page")
int collapse_attempt(u64 *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct collapse_state *state = bpf_task_storage_get(&collapse_states, task, 0, 0);
	struct hs_ring_isolate isolate = { 0 };
	struct hs_record_attempt *record;

	if (state) {
		isolate = state->isolate;
		state->isolate.time = 0;
	}
	if (!is_wanted_collapse(task, ARG(args, 0)))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_attempt);
	if (!record) {
		if (isolate.time)
			count_loss(HS_RING_COLLAPSE, HS_LOSS_RING_FULL);
		return 0;
	}
	record->head.mm = ARG(args, 0);
	fill_origin(&record->origin, task, 0);
	record->isolate = isolate;
	record->isolated = (u8)ARG(args, 1);
	record->status = (s32)ARG(args, 2);
	record->order = collapse_has_order() ? (u8)ARG(args, 3) : HUGE_ORDER;
	COMMIT(record, HS_RECORD_ATTEMPT, 0, (u32)task->pid);
	return 0;
}

struct scan_of_file {
	u32 type;
	u64 address, index;
	struct file *file;
	u32 present, swap;
	s32 status;
};

static __always_inline int emit_file(u64 mm, const struct scan_of_file *scan)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_collapse_file *record;
	struct file *file = scan->file;

	if (!is_wanted_for(task, mm))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_collapse_file);
	if (!record)
		return 0;
	record->head.mm = mm;
	fill_origin(&record->origin, task, 0);
	record->address = scan->address;
	record->index = scan->index;
	record->status = scan->status;
	record->present = scan->present;
	record->swap = scan->swap;
	bpf_probe_read_kernel_str(record->file, sizeof(record->file), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	COMMIT(record, scan->type, 0, (u32)task->pid);
	return 0;
}

/* (mm, page | pfn | folio, file, present, swap, result) */
SEC("?tp_btf/mm_khugepaged_scan_file")
int collapse_scan_file(u64 *args)
{
	struct scan_of_file scan = {
		.type = HS_RECORD_SCAN_FILE, .file = (struct file *)ARG(args, 2), .present = (u32)ARG(args, 3),
		.swap = (u32)ARG(args, 4), .status = (s32)ARG(args, 5),
	};

	return emit_file(ARG(args, 0), &scan);
}

/* (mm, pfn | folio, index, addr, is_shmem, file, nr, result) */
SEC("?tp_btf/mm_khugepaged_collapse_file")
int collapse_file(u64 *args)
{
	struct scan_of_file scan = {
		.type = HS_RECORD_COLLAPSE_FILE, .index = ARG(args, 2), .address = ARG(args, 3), .swap = (u32)(ARG(args, 4) & 1),
		.file = (struct file *)ARG(args, 5), .present = (u32)ARG(args, 6), .status = (s32)ARG(args, 7),
	};

	return emit_file(ARG(args, 0), &scan);
}
