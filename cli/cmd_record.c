// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight record`: its command line. What it does: record_run.c. */
#include "cli/recording.h"

static const struct hs_option options[] = {
	{ 'o', "output", "FILE", false, "trace to write (default hindsight.hst); - is standard output" },
	{ 'e', "event", "SOURCE,…", true, "sources: fault, mm, notifier, collapse, hotplug, svm (default all)" },
	{ 'a', "all-cpus", NULL, false, "every process (default without -p, -G and COMMAND)" },
	{ 'p', "pid", "PID,…", true, "these processes and the children they make" },
	{ 'G', "cgroup", "DIRECTORY", false, "the processes of a cgroup (version 2) and those below it" },
	{ 'C', "cpu", "CPU,…", true, "events on these CPUs only, ranges allowed: 0-3,8" },
	{ 'm', "ring", "BYTES", false, "ring per CPU, a power of two, 64K to 256M (default 16M, less on small hosts)" },
	{ 0, "duration", "TIME", false, "stop after this time: 10s, 500ms, 2m" },
	{ 0, "rung", "NAME", false, "no better probes than these: fentry, kprobe, tracepoint, polling, smi" },
	{ 0, "time-step", "TIME", false, "round times down to multiples of this: smaller files (default 1ns)" },
	{ 0, "checkpoint", "TIME", false, "take a snapshot of all recorded processes this often" },
	{ 0, "json", NULL, false, "print what was recorded as JSON" },
	{ 0, NULL, NULL, false, NULL },
};

static const struct hs_example examples[] = {
	{ "hindsight record -o t.hst -- ./program", "record one command and its children" },
	{ "hindsight record -a --duration 10s", "record the whole host for ten seconds" },
	{ "hindsight record -e collapse,mm -p 1234", "record two sources of a running process until it ends or ^C" },
	{ NULL, NULL },
};

const struct hs_command hs_command_record = {
	.name = "record",
	.operands = "[-- COMMAND…]",
	.max_operands = 0xffff,
	.stops_at_operand = true,
	.summary = "record what the memory manager is asked and decides",
	.description =
		"Records until COMMAND ends, --duration is over, the processes of -p have ended, or SIGINT or SIGTERM\n"
		"comes; each of them leaves a complete trace. Forks, execs and exits are always recorded, since the\n"
		"names of tasks and address spaces depend on them. Nothing on the host is changed.\n\n"
		"With COMMAND the exit status is COMMAND's, or 125 if the recording itself failed, 126 if COMMAND\n"
		"cannot be run, 127 if it is not found, 128 + N if signal N killed it.\n\n"
		"Needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; 'hindsight doctor' says what works here.",
	.options = options,
	.examples = examples,
	.run = hs_record_run,
};
