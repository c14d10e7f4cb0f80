// SPDX-License-Identifier: GPL-2.0-only
/* Source mm: the system calls that change an address space, and the lives of tasks and address spaces. */
#include "bpf/ring.bpf.h"
#include "bpf/syscalls.bpf.h"

/* When a task entered the system call it is in. */
struct syscall_state {
	u64 entry_time;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct syscall_state);
} syscall_states SEC(".maps");

SEC("?tp_btf/sys_enter")
int BPF_PROG(syscall_enter, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct syscall_state *state;

	if (!is_mm_syscall(number) || !task_is_wanted(task) || is_compat(task))
		return 0;
	state = bpf_task_storage_get(&syscall_states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state)
		state->entry_time = bpf_ktime_get_boot_ns();
	return 0;
}

static __always_inline u64 take_entry_time(struct task_struct *task)
{
	struct syscall_state *state = bpf_task_storage_get(&syscall_states, task, 0, 0);
	u64 time = state ? state->entry_time : 0;

	if (state)
		state->entry_time = 0;
	return time;
}

/* The registers still hold the arguments at the exit: one record per call, nothing to pair. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_syscall *record;
	long number = syscall_number(regs);

	if (is_compat(task)) {
		if (is_compat_mm_syscall(number) && task_is_wanted(task))
			count_loss(HS_RING_MM, HS_LOSS_COMPAT);
		return 0;
	}
	if (!is_mm_syscall(number) || !task_is_wanted(task))
		return 0;
	if (!is_worth_recording(number, regs))
		return 0;
	want_mm((u64)task->mm);
	record = RESERVE(HS_RING_MM, hs_record_syscall);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->entry_time = take_entry_time(task);
	record->ret = ret;
	read_syscall_args(regs, record->args);
	if (number == NR_setrlimit || number == NR_prlimit64)
		read_limit_args(number, regs, record->args);
	COMMIT(record, HS_RECORD_SYSCALL, (u16)number, (u32)task->pid);
	return 0;
}

/* kernel/fork.c copy_process: the child is complete but has not run. */
SEC("?tp_btf/task_newtask")
int BPF_PROG(task_new, struct task_struct *child, unsigned long clone_flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record_fork *record;
	u32 tgid = (u32)child->tgid;

	if (!task_is_wanted(task))
		return 0;
	if (filter_by_tgid || filter_by_cgroup)
		__sync_fetch_and_or(&wanted_tgids[tgid / 64 % (HS_MAX_TGID / 64)], 1ull << (tgid % 64));
	want_mm((u64)child->mm);
	record = RESERVE(HS_RING_MM, hs_record_fork);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->child = (u32)child->pid;
	record->child_tgid = tgid;
	record->child_mm = (u64)child->mm;
	record->clone_flags = clone_flags;
	record->start_time = child->start_boottime;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), child->comm);
	COMMIT(record, HS_RECORD_FORK, 0, (u32)task->pid);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(task_exec, struct task_struct *task, int old_tid, struct linux_binprm *binary)
{
	struct hs_record_exec *record;

	if (!task_is_wanted(task))
		return 0;
	want_mm((u64)task->mm);
	record = RESERVE(HS_RING_MM, hs_record_exec);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	record->tgid = (u32)task->tgid;
	record->old_tid = (u32)old_tid;
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), task->comm);
	bpf_probe_read_kernel_str(record->filename, sizeof(record->filename), binary->filename);
	COMMIT(record, HS_RECORD_EXEC, 0, (u32)task->pid);
	return 0;
}

SEC("?tp_btf/task_rename")
int BPF_PROG(task_renamed, struct task_struct *task, const char *comm)
{
	struct hs_record_rename *record;

	if (!task_is_wanted(bpf_get_current_task_btf()))
		return 0;
	record = RESERVE(HS_RING_MM, hs_record_rename);
	if (!record)
		return 0;
	record->head.mm = (u64)task->mm;
	__builtin_memset(record->comm, 0, sizeof(record->comm));
	bpf_probe_read_kernel_str(record->comm, sizeof(record->comm), comm);
	COMMIT(record, HS_RECORD_RENAME, 0, (u32)task->pid);
	return 0;
}

/* kernel/exit.c do_exit: signal->live has already been counted down. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	struct hs_record *record;
	bool is_last = task->signal->live.counter == 0;
	u32 tgid = (u32)task->tgid;

	if (!task_is_wanted(task))
		return 0;
	if (is_last && (filter_by_tgid || filter_by_cgroup))
		__sync_fetch_and_and(&wanted_tgids[tgid / 64 % (HS_MAX_TGID / 64)], ~(1ull << (tgid % 64)));
	record = RESERVE(HS_RING_MM, hs_record);
	if (!record)
		return 0;
	record->mm = (u64)task->mm;
	ring_commit(record, HS_RECORD_EXIT, sizeof(*record), is_last, (u32)task->pid);
	return 0;
}

static __always_inline void end_wanted_mm(struct mm_struct *mm)
{
	u64 key = (u64)mm;
	u8 life = HS_MM_HAS_ENDED;

	if (mm->notifier_subscriptions)
		bpf_map_update_elem(&wanted_mms, &key, &life, BPF_ANY);
	else
		bpf_map_delete_elem(&wanted_mms, &key);
}

SEC("?tp_btf/exit_mmap")
int BPF_PROG(mm_exit, struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct hs_record *record;
	u64 key = (u64)mm;

	if (!mm_is_wanted(key))
		return 0;
	if (filter_by_tgid || filter_by_cgroup)
		end_wanted_mm(mm);
	record = RESERVE(HS_RING_MM, hs_record);
	if (!record)
		return 0;
	record->mm = key;
	ring_commit(record, HS_RECORD_EXIT_MMAP, sizeof(*record), 0, (u32)task->pid);
	return 0;
}
