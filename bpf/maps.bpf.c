// SPDX-License-Identifier: GPL-2.0-only
/* The one definition of what the programs share, and the list of tasks for the recorder's start. */
#define HS_SHARED
#include "bpf/ring.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Who is there when the recording starts; also marks the address spaces of the wanted processes. */
SEC("?iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct hs_task_entry entry = { 0 };

	if (!task)
		return 0;
	entry.tid = (u32)task->pid;
	entry.tgid = (u32)task->tgid;
	entry.mm = (u64)task->mm;
	entry.start_time = task->start_boottime;
	bpf_probe_read_kernel(entry.comm, sizeof(entry.comm), task->comm);
	if (wanted_tgids[entry.tgid / 64 % (HS_MAX_TGID / 64)] >> (entry.tgid % 64) & 1)
		want_mm(entry.mm);
	bpf_seq_write(ctx->meta->seq, &entry, sizeof(entry));
	return 0;
}
