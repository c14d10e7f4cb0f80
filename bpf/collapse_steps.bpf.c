// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source collapse where functions can be probed: who is on khugepaged's list, when it begins a pass, whether a huge
 * page could be had, and huge PMDs that are taken apart.
 */
#include "bpf/compat.bpf.h"
#include "bpf/page_table.bpf.h"
#include "bpf/pmd_level.bpf.h"

/* Columns op of collapse.register and collapse.huge_pmd. */
enum { OP_ENTER, OP_EXIT };
enum { OP_SPLIT, OP_ZAP };

static __always_inline int emit_registration(struct mm_struct *mm, u16 op)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record *record;

	if (!is_wanted_for(task, (u64)mm))
		return 0;
	record = ring_reserve(HS_RING_COLLAPSE, sizeof(*record));
	if (!record)
		return 0;
	record->mm = (u64)mm;
	ring_commit(record, HS_RECORD_REGISTER, sizeof(*record), op, (u32)task->pid);
	return 0;
}

SEC("?fentry/__khugepaged_enter")
int BPF_PROG(mm_registered, struct mm_struct *mm)
{
	return emit_registration(mm, OP_ENTER);
}

SEC("?kprobe/__khugepaged_enter")
int BPF_KPROBE(mm_registered_kprobe, struct mm_struct *mm)
{
	return emit_registration(mm, OP_ENTER);
}

SEC("?fentry/__khugepaged_exit")
int BPF_PROG(mm_unregistered, struct mm_struct *mm)
{
	return emit_registration(mm, OP_EXIT);
}

SEC("?kprobe/__khugepaged_exit")
int BPF_KPROBE(mm_unregistered_kprobe, struct mm_struct *mm)
{
	return emit_registration(mm, OP_EXIT);
}

/* Both functions are called for entries that turn out not to be huge: those are not told. */
static __always_inline int emit_huge_pmd(struct vm_area_struct *vma, const void *pmd, u64 address, u16 op)
{
	const u64 huge_bytes = 1ull << PMD_SHIFT;
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	struct hs_record_range *record;
	u64 entry = 0;

	bpf_probe_read_kernel(&entry, sizeof(entry), pmd);
	if (!(entry & ENTRY_HUGE) || !(entry & (ENTRY_PRESENT | ENTRY_PROTNONE)) || !is_wanted_for(task, (u64)mm))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_range);
	if (!record)
		return 0;
	record->head.mm = (u64)mm;
	record->start = address & ~(huge_bytes - 1);
	record->end = record->start + huge_bytes;
	COMMIT(record, HS_RECORD_HUGE_PMD, op, (u32)task->pid);
	return 0;
}

SEC("?fentry/__split_huge_pmd")
int BPF_PROG(pmd_split, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return emit_huge_pmd(vma, pmd, address, OP_SPLIT);
}

SEC("?kprobe/__split_huge_pmd")
int BPF_KPROBE(pmd_split_kprobe, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return emit_huge_pmd(vma, pmd, address, OP_SPLIT);
}

SEC("?fentry/zap_huge_pmd")
int BPF_PROG(pmd_zapped, void *gather, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return emit_huge_pmd(vma, pmd, address, OP_ZAP);
}

SEC("?kprobe/zap_huge_pmd")
int BPF_KPROBE(pmd_zapped_kprobe, void *gather, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return emit_huge_pmd(vma, pmd, address, OP_ZAP);
}

static __always_inline int emit_allocation(struct mm_struct *mm, s32 result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_collapse *record;

	if (!is_wanted_collapse(task, (u64)mm))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_collapse);
	if (!record)
		return 0;
	__builtin_memset(&record->origin, 0, sizeof(record->origin));
	record->head.mm = (u64)mm;
	record->status = result;
	COMMIT(record, HS_RECORD_ALLOC, 0, (u32)task->pid);
	return 0;
}

/* alloc_charge_hpage(page, mm, cc), by 6.12 alloc_charge_folio; 7.2 has a fourth argument, the order. */
SEC("?fexit/alloc_charge_hpage")
int BPF_PROG(huge_page_allocated, void *page, struct mm_struct *mm)
{
	u64 result = 0;

	bpf_get_func_ret(ctx, &result);
	return emit_allocation(mm, (s32)result);
}

SEC("?fexit/alloc_charge_folio")
int BPF_PROG(huge_folio_allocated, void *folio, struct mm_struct *mm)
{
	u64 result = 0;

	bpf_get_func_ret(ctx, &result);
	return emit_allocation(mm, (s32)result);
}

/* The tracepoint of 6.1 says only that it failed. */
SEC("?fexit/__collapse_huge_page_swapin")
int BPF_PROG(range_swapped_in, struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record *record;
	u64 result = 0;

	bpf_get_func_ret(ctx, &result);
	if (!is_wanted_for(task, (u64)mm))
		return 0;
	record = ring_reserve(HS_RING_COLLAPSE, sizeof(*record));
	if (!record)
		return 0;
	record->mm = (u64)mm;
	ring_commit(record, HS_RECORD_SWAPIN_RESULT, sizeof(*record), (u16)result, (u32)task->pid);
	return 0;
}

static __always_inline bool is_khugepaged(struct task_struct *task)
{
	static const char name[] = "khugepaged";
	char comm[sizeof(task->comm)];

	if (!(task->flags & PF_KTHREAD))
		return false;
	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	for (unsigned int i = 0; i < sizeof(name); i++)
		if (comm[i] != name[i])
			return false;
	return true;
}

/* khugepaged_do_scan begins with it, and the daemon calls it nowhere else. A pass is for all: no filter. */
static __always_inline int emit_pass(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record *record;

	if (!is_khugepaged(task))
		return 0;
	record = ring_reserve(HS_RING_COLLAPSE, sizeof(*record));
	if (!record)
		return 0;
	record->mm = 0;
	ring_commit(record, HS_RECORD_PASS, sizeof(*record), 0, (u32)task->pid);
	return 0;
}

SEC("?fentry/lru_add_drain_all")
int BPF_PROG(pass_began)
{
	return emit_pass();
}

SEC("?kprobe/lru_add_drain_all")
int BPF_KPROBE(pass_began_kprobe)
{
	return emit_pass();
}
