// SPDX-License-Identifier: GPL-2.0-only
/* Source fault. The hot path: page_fault_user runs millions of times a second. */
#include "bpf/pmd_level.bpf.h"
#include "bpf/ring.bpf.h"

#define HUGE_BYTES (2ull << 20)

static __always_inline int emit_fault(u32 type, struct task_struct *task, u64 address, u64 ip, u64 error_code)
{
	struct hs_record_fault *record = RESERVE(HS_RING_FAULT, hs_record_fault);

	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->address = address;
	record->ip = ip;
	COMMIT(record, type, (u16)error_code, (u32)task->pid);
	return 0;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!task_is_wanted(task))
		return 0;
	return emit_fault(HS_RECORD_FAULT_USER, task, address, regs->ip, error_code);
}

/* Where programs of type tracing are refused. */
SEC("?raw_tp/page_fault_user")
int BPF_PROG(fault_user_raw, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!task_is_wanted(task))
		return 0;
	return emit_fault(HS_RECORD_FAULT_USER, task, address, BPF_CORE_READ(regs, ip), error_code);
}

/* Faults on kernel addresses (vmalloc, bad pointers) are not about an address space. */
static __always_inline bool is_user_address(u64 address)
{
	return (s64)address >= 0;
}

static __always_inline int emit_kernel_fault(u64 address, u64 error_code)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!is_user_address(address) || !task_is_wanted(task))
		return 0;
	return emit_fault(HS_RECORD_FAULT_KERNEL, task, address, 0, error_code);
}

SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return emit_kernel_fault(address, error_code);
}

SEC("?raw_tp/page_fault_kernel")
int BPF_PROG(fault_kernel_raw, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return emit_kernel_fault(address, error_code);
}

/* What is known when the handler is entered; it may let go of the VMA before it returns. */
struct handled {
	u64 entry_time;		/* 0: not in the handler */
	u64 mm, address, vm_flags;
	u32 flags;
	u8 has_regs;
	u8 may_be_huge;		/* the VMA has room for a huge page at address */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct handled);
} faults_in_handler SEC(".maps");

static __always_inline int emit_handled(const struct handled *fault, u32 result, enum hs_mapped_by by)
{
	struct hs_record_handled *record = RESERVE(HS_RING_FAULT, hs_record_handled);

	if (!record)
		return 0;
	record->head.mm = fault->mm;
	record->address = fault->address;
	record->entry_time = fault->entry_time;
	record->vm_flags = fault->vm_flags;
	record->flags = fault->flags;
	record->result = result;
	record->has_regs = fault->has_regs;
	record->mapped_by = by;
	COMMIT(record, HS_RECORD_FAULT_HANDLED, 0, (u32)bpf_get_current_pid_tgid());
	return 0;
}

/* mm/memory.c handle_mm_fault: sees what get_user_pages and MADV_POPULATE fault in, too. */
SEC("?fentry/handle_mm_fault")
int BPF_PROG(fault_entered, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 slot = address & -HUGE_BYTES;
	struct handled *fault;

	if (!is_wanted_for(task, (u64)vma->vm_mm))
		return 0;
	fault = bpf_task_storage_get(&faults_in_handler, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!fault) {
		count_loss(HS_RING_FAULT, HS_LOSS_NO_MEMORY);
		return 0;
	}
	fault->mm = (u64)vma->vm_mm;
	fault->address = address;
	fault->vm_flags = vma->vm_flags;
	fault->flags = flags;
	fault->has_regs = regs != 0;
	fault->may_be_huge = vma->vm_start <= slot && slot + HUGE_BYTES <= vma->vm_end;
	fault->entry_time = bpf_ktime_get_boot_ns();
	return 0;
}

/* What the fault left in the page table. */
static __always_inline enum hs_mapped_by mapped_by(const struct handled *fault)
{
	u32 level = fault->may_be_huge ? pmd_level_of(fault->mm, fault->address) : HS_PMD_IS_TABLE;

	if (level == HS_PMD_IS_UNREACHED)
		return HS_MAPPED_UNKNOWN;
	return level == HS_PMD_IS_HUGE ? HS_MAPPED_HUGE : HS_MAPPED_SMALL;
}

SEC("?fexit/handle_mm_fault")
int BPF_PROG(fault_handled, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, int result)
{
	struct handled *fault = bpf_task_storage_get(&faults_in_handler, bpf_get_current_task_btf(), 0, 0);

	/* Faults that were under way when the recording began are not in it. */
	if (!fault || !fault->entry_time)
		return 0;
	emit_handled(fault, (u32)result, mapped_by(fault));
	fault->entry_time = 0;
	return 0;
}

SEC("?kprobe/handle_mm_fault")
int BPF_KPROBE(fault_handled_kprobe, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	       struct pt_regs *regs)
{
	struct handled fault = {
		.mm = (u64)BPF_CORE_READ(vma, vm_mm), .address = address, .vm_flags = BPF_CORE_READ(vma, vm_flags),
		.flags = flags, .has_regs = regs != 0,
	};

	return is_wanted_for(bpf_get_current_task_btf(), fault.mm) ? emit_handled(&fault, 0, HS_MAPPED_UNKNOWN) : 0;
}
