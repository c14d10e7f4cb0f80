// SPDX-License-Identifier: GPL-2.0-only
/* Source notifier: what KVM is told about its processes' memory. The events carry no mm: current's is meant. */
#include "bpf/ring.bpf.h"

static __always_inline int emit_range(u32 type, u64 start, u64 end)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_range *record;

	if (!task_is_wanted(task))
		return 0;
	record = RESERVE(HS_RING_NOTIFIER, hs_record_range);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->start = start;
	record->end = end;
	COMMIT(record, type, 0, (u32)task->pid);
	return 0;
}

SEC("?tp_btf/kvm_unmap_hva_range")
int BPF_PROG(kvm_unmap, unsigned long start, unsigned long end)
{
	return emit_range(HS_RECORD_KVM_UNMAP, start, end);
}

SEC("?tp_btf/kvm_age_hva")
int BPF_PROG(kvm_age, unsigned long start, unsigned long end)
{
	return emit_range(HS_RECORD_KVM_AGE, start, end);
}

SEC("?tp_btf/kvm_test_age_hva")
int BPF_PROG(kvm_test_age, unsigned long address)
{
	return emit_range(HS_RECORD_KVM_TEST_AGE, address, address);
}
