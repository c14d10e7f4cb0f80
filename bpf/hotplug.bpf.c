// SPDX-License-Identifier: GPL-2.0-only
/* Source hotplug: runs of notifier chains, about the host as a whole, so no filter by task. */
#define HS_HOTPLUG_SHARED
#include "bpf/hotplug_state.bpf.h"

SEC("?tp_btf/notifier_run")
int BPF_PROG(notifier_run, void *callback)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_range *record;

	if (skipped_callback && (u64)callback == skipped_callback)
		return 0;
	record = RESERVE(HS_RING_HOTPLUG, hs_record_range);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->start = (u64)callback;
	record->end = 0;
	COMMIT(record, HS_RECORD_NOTIFIER_RUN, 0, (u32)task->pid);
	return 0;
}
