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

/* Gone by 6.12, with the callback change_pte. */
SEC("?tp_btf/kvm_set_spte_hva")
int BPF_PROG(kvm_set_spte, unsigned long address)
{
	return emit_range(HS_RECORD_KVM_SET_SPTE, address, address);
}

struct section {
	u64 mm, start, end, interval_seq;
	s32 ret;
	u32 flags;
};

static __always_inline int add_section(u32 type, u16 what, const struct section *section)
{
	struct hs_record_section *record = RESERVE(HS_RING_NOTIFIER, hs_record_section);

	if (!record)
		return 0;
	record->head.mm = section->mm;
	record->start = section->start;
	record->end = section->end;
	record->interval_seq = section->interval_seq;
	record->ret = section->ret;
	record->flags = section->flags;
	COMMIT(record, type, what, (u32)bpf_get_current_pid_tgid());
	return 0;
}

static __always_inline int emit_section(u32 type, u16 what, const struct section *section)
{
	if (!is_wanted_for(bpf_get_current_task_btf(), section->mm))
		return 0;
	return add_section(type, what, section);
}

static __always_inline int emit_range_section(u32 type, struct mmu_notifier_range *range, int ret, u64 interval_seq)
{
	struct section section = {
		.mm = (u64)BPF_CORE_READ(range, mm), .start = BPF_CORE_READ(range, start),
		.end = BPF_CORE_READ(range, end), .interval_seq = interval_seq, .ret = ret,
		.flags = BPF_CORE_READ(range, flags),
	};

	return emit_section(type, (u16)BPF_CORE_READ(range, event), &section);
}

/*
 * At the exit: a listener may have refused, and then the section was not opened. Which intervals were invalidated
 * no function says that can be probed (mn_itree_invalidate is inlined, what it calls are the drivers' own): the
 * sequence is odd when there was one, and their ranges are known from their insertion.
 */
SEC("?fexit/__mmu_notifier_invalidate_range_start")
int BPF_PROG(section_start, struct mmu_notifier_range *range, int ret)
{
	return emit_range_section(HS_RECORD_SECTION_START, range, ret,
				  BPF_CORE_READ(range, mm, notifier_subscriptions, invalidate_seq));
}

/* The end's second argument came and went; only the first is read. */
SEC("?fentry/__mmu_notifier_invalidate_range_end")
int BPF_PROG(section_end, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_END, range, 0, 0);
}

SEC("?kprobe/__mmu_notifier_invalidate_range_start")
int BPF_KPROBE(section_start_kprobe, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_START, range, 0, 0);
}

SEC("?kprobe/__mmu_notifier_invalidate_range_end")
int BPF_KPROBE(section_end_kprobe, struct mmu_notifier_range *range)
{
	return emit_range_section(HS_RECORD_SECTION_END, range, 0, 0);
}

static __always_inline int emit_subscription(enum hs_subscription op, u64 mm, u64 start, u64 end, int ret)
{
	struct section section = { .mm = mm, .start = start, .end = end, .ret = ret };

	return emit_section(HS_RECORD_SUBSCRIBE, op, &section);
}

/* Who leaves may do so when the address space, or even the process, has ended: its files are closed last. */
static __always_inline int emit_leaving(enum hs_subscription op, u64 mm, u64 start, u64 end)
{
	struct section section = { .mm = mm, .start = start, .end = end };
	bool is_wanted = is_wanted_for(bpf_get_current_task_btf(), mm) || bpf_map_lookup_elem(&wanted_mms, &mm);

	return is_wanted ? add_section(HS_RECORD_SUBSCRIBE, op, &section) : 0;
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
	return emit_leaving(HS_SUBSCRIPTION_UNREGISTER, (u64)mm, 0, 0);
}

/* The last of its users lets go (subscriptions by mmu_notifier_get). */
SEC("?fentry/mmu_notifier_put")
int BPF_PROG(notifier_put, struct mmu_notifier *subscription)
{
	if (BPF_CORE_READ(subscription, users) != 1)
		return 0;
	return emit_leaving(HS_SUBSCRIPTION_UNREGISTER, (u64)BPF_CORE_READ(subscription, mm), 0, 0);
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

	return emit_leaving(HS_SUBSCRIPTION_REMOVE, (u64)BPF_CORE_READ(interval, mm), start, last + 1);
}

SEC("?fentry/__mmu_notifier_release")
int BPF_PROG(notifiers_released, struct mm_struct *mm)
{
	return emit_subscription(HS_SUBSCRIPTION_RELEASE, (u64)mm, 0, 0, 0);
}

/* mm/mmu_notifier.c: nobody is subscribed any more, the mm_struct is about to be freed. */
SEC("?fentry/__mmu_notifier_subscriptions_destroy")
int BPF_PROG(subscriptions_destroyed, struct mm_struct *mm)
{
	u64 key = (u64)mm;

	bpf_map_delete_elem(&wanted_mms, &key);
	return 0;
}

/* int on older kernels, bool on newer ones: of the latter only the low byte counts. */
static __always_inline int emit_young(enum hs_young op, struct mm_struct *mm, u64 start, u64 end, u64 ret)
{
	struct section section = { .mm = (u64)mm, .start = start, .end = end, .ret = (ret & 0xff) != 0 };

	return emit_section(HS_RECORD_YOUNG, op, &section);
}

SEC("?fexit/__mmu_notifier_clear_flush_young")
int BPF_PROG(young_clear_flushed, struct mm_struct *mm, unsigned long start, unsigned long end, u64 ret)
{
	return emit_young(HS_YOUNG_CLEAR_FLUSH, mm, start, end, ret);
}

SEC("?fexit/__mmu_notifier_clear_young")
int BPF_PROG(young_cleared, struct mm_struct *mm, unsigned long start, unsigned long end, u64 ret)
{
	return emit_young(HS_YOUNG_CLEAR, mm, start, end, ret);
}

SEC("?fexit/__mmu_notifier_test_young")
int BPF_PROG(young_tested, struct mm_struct *mm, unsigned long address, u64 ret)
{
	return emit_young(HS_YOUNG_TEST, mm, address, address + 1, ret);
}
