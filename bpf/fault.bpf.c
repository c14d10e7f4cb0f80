// SPDX-License-Identifier: GPL-2.0-only
/* Source fault. The hot path: page_fault_user runs millions of times a second. */
#include "bpf/ring.bpf.h"

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

struct handled {
	u64 mm, address;
	u32 flags, result, has_result, has_regs;
};

static __always_inline int emit_handled(const struct handled *fault)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_handled *record;

	if (!is_wanted_for(task, fault->mm))
		return 0;
	record = RESERVE(HS_RING_FAULT, hs_record_handled);
	if (!record)
		return 0;
	record->head.mm = fault->mm;
	record->address = fault->address;
	record->flags = fault->flags;
	record->result = fault->result;
	record->has_result = fault->has_result;
	record->has_regs = fault->has_regs;
	COMMIT(record, HS_RECORD_FAULT_HANDLED, 0, (u32)task->pid);
	return 0;
}

/* mm/memory.c handle_mm_fault: sees what get_user_pages and MADV_POPULATE fault in, too. */
SEC("?fexit/handle_mm_fault")
int BPF_PROG(fault_handled, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, int result)
{
	struct handled fault = { (u64)vma->vm_mm, address, flags, (u32)result, 1, regs != 0 };

	return emit_handled(&fault);
}

SEC("?kprobe/handle_mm_fault")
int BPF_KPROBE(fault_handled_kprobe, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	       struct pt_regs *regs)
{
	struct handled fault = { (u64)BPF_CORE_READ(vma, vm_mm), address, flags, 0, 0, regs != 0 };

	return emit_handled(&fault);
}
