/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RING_BPF_H
#define HS_RING_BPF_H
/* The producers' side of the ring (bpf/event.h) and the filters that every program asks first. */
#include "bpf/kernel_types.h"
/* The helpers' declarations need the types above. */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bpf/event.h"
#include "bpf/maps.bpf.h"

enum { PF_KTHREAD = 0x00200000, RESERVE_ATTEMPTS = 4 };

#define barrier() asm volatile("" ::: "memory")

static __always_inline bool tgid_is_marked(u32 tgid)
{
	return wanted_tgids[tgid / 64 % (HS_MAX_TGID / 64)] >> (tgid % 64) & 1;
}

static __always_inline bool tgid_is_wanted(u32 tgid)
{
	return filter_by_tgid ? tgid_is_marked(tgid) : tgid != own_tgid;
}

static __always_inline bool task_is_wanted(struct task_struct *task)
{
	if (filter_by_cgroup)
		return bpf_current_task_under_cgroup(&wanted_cgroup, 0) == 1;
	return tgid_is_wanted((u32)task->tgid);
}

/* For events about an address space in somebody else's context (khugepaged, exit). */
static __always_inline bool mm_is_wanted(u64 mm)
{
	u8 *life;

	if (!filter_by_tgid && !filter_by_cgroup)
		return true;
	life = bpf_map_lookup_elem(&wanted_mms, &mm);
	return life && *life == HS_MM_LIVES;
}

/* For what a task does to an address space that need not be its own; without a filter only the task counts. */
static __always_inline bool is_wanted_for(struct task_struct *task, u64 mm)
{
	if (!filter_by_tgid && !filter_by_cgroup)
		return task_is_wanted(task);
	return mm_is_wanted(mm) || task_is_wanted(task);
}

static __always_inline void want_mm(u64 mm)
{
	u8 life = HS_MM_LIVES;

	if ((filter_by_tgid || filter_by_cgroup) && mm)
		bpf_map_update_elem(&wanted_mms, &mm, &life, BPF_ANY);
}

static __always_inline struct hs_ring *this_ring(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline void count_loss_on(struct hs_ring *ring, u32 source, u32 cause)
{
	__sync_fetch_and_add(&ring->lost[source][cause], 1);
}

static __always_inline void count_loss(u32 source, u32 cause)
{
	struct hs_ring *ring = this_ring();

	if (ring)
		count_loss_on(ring, source, cause);
}

/* A record of `bytes` (a constant) on this CPU, with its time set; or NULL, counted as lost. */
static __always_inline void *ring_reserve(u32 source, u32 bytes)
{
	struct hs_ring *ring = this_ring();
	u32 units = bytes / HS_RING_UNIT;

	if (!ring || ring->is_closed)
		return 0;
#pragma unroll
	for (int i = 0; i < RESERVE_ATTEMPTS; i++) {
		u64 old = *(volatile u64 *)&ring->head;
		u32 at = (u32)old;
		u64 next = ((old >> 32) + 1) << 32 | (u32)(at + units);

		if (at + units - *(volatile u32 *)&ring->tail > ring_mask + 1) {
			count_loss_on(ring, source, HS_LOSS_RING_FULL);
			return 0;
		}
		if (__sync_val_compare_and_swap(&ring->head, old, next) != old)
			continue;
		struct hs_record *record = (void *)ring + HS_RING_DATA_AT + (u64)(at & ring_mask) * HS_RING_UNIT;

		record->time = bpf_ktime_get_boot_ns();
		return record;
	}
	count_loss_on(ring, source, HS_LOSS_CONTENDED);
	return 0;
}

/* Completes a record: from here on the consumer may read it. */
static __always_inline void ring_commit(struct hs_record *record, u32 type, u32 bytes, u16 small, u32 tid)
{
	u32 units = bytes / HS_RING_UNIT;
	u64 first = type | (u64)tid << 32 | (units > 0xff ? units << 16 : units << 8 | (u32)small << 16);

#if defined(__TARGET_ARCH_x86)
	barrier();	/* x86 keeps the order of stores */
	*(volatile u64 *)record = first;
#else
	__sync_lock_test_and_set((u64 *)record, first);
#endif
}

#define RESERVE(source, type) ((struct type *)ring_reserve(source, sizeof(struct type)))
#define COMMIT(record, type, small, tid) ring_commit(&(record)->head, type, sizeof(*(record)), small, tid)

#endif
