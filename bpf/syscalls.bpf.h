/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SYSCALLS_BPF_H
#define HS_SYSCALLS_BPF_H
/* Numbers and arguments of the recorded system calls, per architecture. */
#include "bpf/ring.bpf.h"

#if defined(__TARGET_ARCH_x86)
enum {
	NR_mmap = 9, NR_mprotect = 10, NR_munmap = 11, NR_brk = 12, NR_mremap = 25, NR_madvise = 28, NR_mlock = 149,
	NR_munlock = 150, NR_mlockall = 151, NR_munlockall = 152, NR_prctl = 157, NR_mlock2 = 325,
	NR_pkey_mprotect = 329, NR_process_madvise = 440, NR_setrlimit = 160, NR_prlimit64 = 302,
};
enum { LIMIT_DATA = 2, LIMIT_STACK = 3, LIMIT_MEMLOCK = 8, LIMIT_AS = 9 };
enum { TS_COMPAT = 2, TASK_PR_SET_THP_DISABLE = 41 };

struct pt_regs___number {
	unsigned long orig_ax;
} __attribute__((preserve_access_index));

static __always_inline long syscall_number(struct pt_regs *regs)
{
	return (long)((struct pt_regs___number *)regs)->orig_ax;
}

static __always_inline bool is_mm_syscall(long number)
{
	switch (number) {
	case NR_mmap: case NR_mprotect: case NR_munmap: case NR_brk: case NR_mremap: case NR_madvise:
	case NR_mlock: case NR_munlock: case NR_mlockall: case NR_munlockall: case NR_prctl: case NR_mlock2:
	case NR_pkey_mprotect: case NR_process_madvise: case NR_setrlimit: case NR_prlimit64:
		return true;
	}
	return false;
}

/* A 32-bit call: other numbers, other registers. */
static __always_inline bool is_compat(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

/* i386: brk 45, mmap 90, munmap 91, mprotect 125, mlock* 150-153, mremap 163, mmap2 192, madvise 219, … */
static __always_inline bool is_compat_mm_syscall(long number)
{
	switch (number) {
	case 45: case 90: case 91: case 125: case 150: case 151: case 152: case 153: case 163: case 192:
	case 219: case 376: case 380:
		return true;
	}
	return false;
}

static __always_inline bool is_limit_of_memory(u64 resource)
{
	return resource == LIMIT_DATA || resource == LIMIT_STACK || resource == LIMIT_MEMLOCK || resource == LIMIT_AS;
}

/* Of prctl only one operation is about address spaces, of limits those of a process's own memory that are set. */
static __always_inline bool is_worth_recording(long number, struct pt_regs *regs)
{
	if (number == NR_setrlimit)
		return is_limit_of_memory(regs->di);
	if (number == NR_prlimit64)
		return !regs->di && is_limit_of_memory(regs->si) && regs->dx;
	return number != NR_prctl || regs->di == TASK_PR_SET_THP_DISABLE;
}

struct limit_pair {
	u64 soft, hard;
};

/* Of both calls: the resource, then the new limits. */
static __always_inline void read_limit_args(long number, struct pt_regs *regs, u64 args[6])
{
	u64 from = number == NR_setrlimit ? regs->si : regs->dx;
	struct limit_pair limit = { 0 };

	bpf_probe_read_user(&limit, sizeof(limit), (void *)from);
	args[0] = number == NR_setrlimit ? regs->di : regs->si;
	args[1] = limit.soft;
	args[2] = limit.hard;
}

static __always_inline void read_syscall_args(struct pt_regs *regs, u64 args[6])
{
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}
#else
#error "this architecture's system calls are not declared yet"
#endif

#endif
