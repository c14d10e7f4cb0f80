// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source notifier: the sections of mm/mmu_notifier.c where its functions can be probed; elsewhere what KVM is
 * told about its processes' memory (those events carry no mm: current's is meant).
 */
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

enum { RANGE_BLOCKABLE = 1 };	/* MMU_NOTIFIER_RANGE_BLOCKABLE */

struct section {
	u64 mm, start, end;
	s32 ret;
	u8 event, is_blockable;
};

static __always_inline int emit_section(u32 type, const struct section *section)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_section *record;

	if (!is_wanted_for(task, section->mm))
		return 0;
	record = RESERVE(HS_RING_NOTIFIER, hs_record_section);
	if (!record)
		return 0;
	record->head.mm = section->mm;
	record->start = section->start;
	record->end = section->end;
	record->ret = section->ret;
	record->event = section->event;
	record->is_blockable = section->is_blockable;
	COMMIT(record, type, 0, (u32)task->pid);
	return 0;
}

static __always_inline int emit_range_section(u32 type, struct mmu_notifier_range *range, int ret)
{
	struct section section = {
		.mm = (u64)BPF_CORE_READ(range, mm), .start = BPF_CORE_READ(range, start),
		.end = BPF_CORE_READ(range, end), .ret = ret, .event = (u8)BPF_CORE_READ(range, event),
		.is_blockable = BPF_CORE_READ(range, flags) & RANGE_BLOCKABLE,
	};

	return emit_section(type, &section);
}

/* At the exit: a listener may have refused, and then the section was not opened. */
SEC("?fexit/__mmu_notifier_invalidate_range_start")
int BPF_PROG(section_start, struct mmu_notifier_range *range, int ret)
{
	return emit_range_section(HS_RECORD_SECTION_START, range, ret);
}

/* The end's second argument came and went; only the first is read. */
SEC("?fentry/__mmu_notifier_invalidate_range_end")
int BPF_PROG(section_end, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_END, range, 0);
}

SEC("?kprobe/__mmu_notifier_invalidate_range_start")
int BPF_KPROBE(section_start_kprobe, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_START, range, 0);
}

SEC("?kprobe/__mmu_notifier_invalidate_range_end")
int BPF_KPROBE(section_end_kprobe, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_END, range, 0);
}

static __always_inline int emit_subscription(u8 op, u64 mm, u64 start, u64 end, int ret)
{
	struct section section = { .mm = mm, .start = start, .end = end, .ret = ret, .event = op };

	return emit_section(HS_RECORD_SUBSCRIBE, &section);
}

/* Interval notifiers come by here too, once per mm, with a NULL subscription: not a listener by itself. */
SEC("?fexit/__mmu_notifier_register")
int BPF_PROG(notifier_registered, void *subscription, struct mm_struct *mm, int ret)
{
	return subscription ? emit_subscription(HS_SUBSCRIPTION_REGISTER, (u64)mm, 0, 0, ret) : 0;
}

SEC("?fentry/mmu_notifier_unregister")
int BPF_PROG(notifier_unregistered, void *subscription, struct mm_struct *mm)
{
	return emit_subscription(HS_SUBSCRIPTION_UNREGISTER, (u64)mm, 0, 0, 0);
}

SEC("?fexit/__mmu_interval_notifier_insert")
int BPF_PROG(interval_inserted, struct mmu_interval_notifier *interval, struct mm_struct *mm, void *subscriptions,
	     unsigned long start, unsigned long length, void *ops, int ret)
{
	return emit_subscription(HS_SUBSCRIPTION_INSERT, (u64)mm, start, start + length, ret);
}

SEC("?fentry/mmu_interval_notifier_remove")
int BPF_PROG(interval_removed, struct mmu_interval_notifier *interval)
{
	u64 start = BPF_CORE_READ(interval, interval_tree.start), last = BPF_CORE_READ(interval, interval_tree.last);

	return emit_subscription(HS_SUBSCRIPTION_REMOVE, (u64)BPF_CORE_READ(interval, mm), start, last + 1, 0);
}

SEC("?fentry/__mmu_notifier_release")
int BPF_PROG(notifiers_released, struct mm_struct *mm)
{
	return emit_subscription(HS_SUBSCRIPTION_RELEASE, (u64)mm, 0, 0, 0);
}
