// SPDX-License-Identifier: GPL-2.0-only
/*
 * For test guests only: a thread that enters a function is held there once, so that another thread can do something
 * meanwhile and a race has one outcome. Parameters: at (the function), task (thread id). In
 * /sys/module/hold_module/parameters holding becomes 1 when the thread is held; 1 in release lets it go on, and after
 * LONGEST_NS it goes by itself. It spins with interrupts on, as kprobes at a traced function's entry are called.
 */
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>

static const u64 LONGEST_NS = 10ull * NSEC_PER_SEC;

static char *at;
static int task, holding, release;
module_param(at, charp, 0444);
module_param(task, int, 0444);
module_param(holding, int, 0444);
module_param(release, int, 0644);

static int hold(struct kprobe *probe, struct pt_regs *regs)
{
	const u64 end = ktime_get_ns() + LONGEST_NS;

	if (task_pid_nr(current) != task || READ_ONCE(holding))
		return 0;
	WRITE_ONCE(holding, 1);
	while (!READ_ONCE(release) && ktime_get_ns() < end)
		cpu_relax();
	return 0;
}

static struct kprobe probe = { .pre_handler = hold };

static int __init hold_init(void)
{
	probe.symbol_name = at;
	return at ? register_kprobe(&probe) : -EINVAL;
}

static void __exit hold_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(hold_init);
module_exit(hold_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("holds a thread at a function, for tests");
