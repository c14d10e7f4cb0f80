// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source collapse where functions can be probed: a range and its page table as the scan is about to read it
 * (mm/khugepaged.c hpage_collapse_scan_pmd), and again when the collapse has shut everybody out and is about to
 * isolate the pages (pmdp_collapse_flush). Ranges of files and shared memory: their page cache.
 */
#include "bpf/page_cache.bpf.h"
#include "bpf/page_facts.bpf.h"
#include "bpf/pmd_level.bpf.h"

/* Values of collapse.ptes' moment. */
enum { AT_ENTRY = 0, AT_DETACH = 2, DAEMON_UNKNOWN = 255 };
#define HUGE_MASK ((1ull << PMD_SHIFT) - 1)

/* The range whose scan a task has entered. */
struct entered_range {
	u64 mm, address;		/* mm 0: none */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct entered_range);
} entered_ranges SEC(".maps");

static __always_inline void note_entry(u64 mm, u64 address)
{
	struct entered_range *range = bpf_task_storage_get(&entered_ranges, bpf_get_current_task_btf(), 0,
							   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (range)
		*range = (struct entered_range){ mm, address };
}

static __always_inline int emit_ptes(struct vm_area_struct *vma, u64 address, u8 moment, u8 is_khugepaged)
{
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	struct task_struct *task = bpf_get_current_task_btf();
	struct table_walk walk = { 0 };
	struct hs_record_ptes *record;
	u64 table;

	if (!is_wanted_for(task, (u64)mm))
		return 0;
	table = find_page_table(&walk, mm, address);
	if (walk.is_blind)
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_ptes);
	if (!record)
		return 0;
	record->head.mm = (u64)mm;
	record->address = address;
	record->vma_start = BPF_CORE_READ(vma, vm_start);
	record->vma_end = BPF_CORE_READ(vma, vm_end);
	record->vm_flags = BPF_CORE_READ(vma, vm_flags);
	record->has_anon_vma = BPF_CORE_READ(vma, anon_vma) != 0;
	record->has_notifiers = BPF_CORE_READ(mm, notifier_subscriptions) != 0;
	record->is_khugepaged = is_khugepaged;
	record->level = (u8)walk.level;
	record->moment = moment;
	record->has_pages = 0;
	if (bpf_probe_read_kernel(record->entries, sizeof(record->entries), (void *)table)) {
		if (table)
			record->level = HS_PMD_IS_UNREACHED;
	} else {
		describe_pages(record);
	}
	COMMIT(record, HS_RECORD_PTES, 0, (u32)task->pid);
	if (moment == AT_ENTRY)
		note_entry((u64)mm, address);
	return 0;
}

SEC("?fentry/hpage_collapse_scan_pmd")
int BPF_PROG(range_entered, struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
	     bool *mmap_locked,
	     struct collapse_control *cc)
{
	return emit_ptes(vma, address, AT_ENTRY, BPF_CORE_READ(cc, is_khugepaged));
}

/* By 7.2 the scan is inlined; this is what calls it. */
SEC("?fentry/collapse_single_pmd")
int BPF_PROG(range_entered_single, unsigned long address, struct vm_area_struct *vma, bool *lock_dropped,
	     struct collapse_control *cc)
{
	return emit_ptes(vma, address, AT_ENTRY, BPF_CORE_READ(cc, is_khugepaged));
}

SEC("?kprobe/hpage_collapse_scan_pmd")
int BPF_KPROBE(range_entered_kprobe, struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
	       bool *mmap_locked, struct collapse_control *cc)
{
	return emit_ptes(vma, address, AT_ENTRY, BPF_CORE_READ(cc, is_khugepaged));
}

/* A kprobe everywhere: it returns a structure, which fentry does not take. */
SEC("?kprobe/pmdp_collapse_flush")
int BPF_KPROBE(range_detached, struct vm_area_struct *vma, unsigned long address)
{
	return emit_ptes(vma, address & ~HUGE_MASK, AT_DETACH, DAEMON_UNKNOWN);
}

SEC("?fentry/hpage_collapse_scan_file")
int BPF_PROG(file_entered, struct mm_struct *mm, unsigned long address, struct file *file, unsigned long start,
	     struct collapse_control *cc)
{
	return emit_cache(mm, address, file, start, cc);
}

/* Its name from 7.2 on. */
SEC("?fentry/collapse_scan_file")
int BPF_PROG(file_entered_short, struct mm_struct *mm, unsigned long address, struct file *file, unsigned long start,
	     struct collapse_control *cc)
{
	return emit_cache(mm, address, file, start, cc);
}

SEC("?kprobe/hpage_collapse_scan_file")
int BPF_KPROBE(file_entered_kprobe, struct mm_struct *mm, unsigned long address, struct file *file,
	       unsigned long start, struct collapse_control *cc)
{
	return emit_cache(mm, address, file, start, cc);
}

u32 pmd_level_of(u64 mm, u64 address)
{
	struct table_walk walk = { 0 };

	find_page_table(&walk, (struct mm_struct *)mm, address);
	return walk.level;
}

u64 entered_mm(void)
{
	struct entered_range *range = bpf_task_storage_get(&entered_ranges, bpf_get_current_task_btf(), 0, 0);

	return range ? range->mm : 0;
}

u32 pmd_level_after_scan(void)
{
	struct entered_range *range = bpf_task_storage_get(&entered_ranges, bpf_get_current_task_btf(), 0, 0);
	u32 level = 0;

	if (!range || !range->mm)
		return 0;
	level = pmd_level_of(range->mm, range->address) + 1;
	range->mm = 0;
	return level;
}
