// SPDX-License-Identifier: GPL-2.0-only
/* The peer of record.bench: user page faults into one BPF ring buffer that all CPUs share, without wakeups. */
#include "bpf/kernel_types.h"
/* The helpers' declarations need the types above. */
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "tests/bench/shared_ring.h"

enum { MAP_TYPE_RINGBUF = 27, RB_NO_WAKEUP = 1, RING_BYTES = 16 << 20 };

struct {
	__uint(type, MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} faults SEC(".maps");

/* The loader's own faults are not wanted. */
const volatile unsigned int loader_tgid;
unsigned long long nr_lost;

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/page_fault_user")
int BPF_PROG(record_fault, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct shared_fault *fault;

	if ((u32)task->tgid == loader_tgid)
		return 0;
	fault = bpf_ringbuf_reserve(&faults, sizeof(*fault), 0);
	if (!fault) {
		__sync_fetch_and_add(&nr_lost, 1);
		return 0;
	}
	fault->time = bpf_ktime_get_boot_ns();
	fault->mm = (u64)task->mm;
	fault->address = address;
	fault->ip = regs->ip;
	fault->tid = (u32)task->pid;
	fault->error_code = (u32)error_code;
	bpf_ringbuf_submit(fault, RB_NO_WAKEUP);
	return 0;
}
