// SPDX-License-Identifier: GPL-2.0-only
/* The recording commands of an OFFLINE build. */
#include "cli/recording.h"

static int say_so(void)
{
	return hs_failf(HS_EXIT_CANNOT_RUN, "built without recording (make OFFLINE=1); build with clang, libbpf and "
			"bpftool, or record on another machine and read its trace here");
}

int hs_record_run(const struct hs_arguments *arguments)
{
	(void)arguments;
	return say_so();
}

int hs_doctor_run(const struct hs_arguments *arguments)
{
	(void)arguments;
	return say_so();
}
