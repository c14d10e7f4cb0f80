// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight doctor`: its command line. What it does: doctor_run.c. */
#include "cli/recording.h"

static const struct hs_option options[] = {
	{ 'e', "event", "SOURCE,…", true, "only these sources (default all)" },
	{ 0, "json", NULL, false, "print the findings as JSON" },
	{ 0, NULL, NULL, false, NULL },
};

static const struct hs_example examples[] = {
	{ "hindsight doctor", "what this host can record" },
	{ "hindsight doctor -v", "and what the kernel said about the rest" },
	{ "hindsight doctor -e hotplug", "only one source" },
	{ NULL, NULL },
};

const struct hs_command hs_command_doctor = {
	.name = "doctor",
	.operands = "",
	.summary = "find out what this host can record",
	.description =
		"Loads and attaches each probe set (rung) of each source and fires it once: with a page, a range of\n"
		"2 MiB, a virtual machine and a network namespace of its own. Nothing is concluded from the kernel's\n"
		"version or configuration, nothing on the host is changed. `record` uses the first rung of a source\n"
		"that works.\n\n"
		"yes: seen; attached: the kernel took every program, but nothing here makes one run; no: cannot be used.\n\n"
		"Exit status 4: BPF cannot be used here at all.",
	.options = options,
	.examples = examples,
	.run = hs_doctor_run,
};
