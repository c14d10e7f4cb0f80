// SPDX-License-Identifier: GPL-2.0-only
#include "cli/record_options.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/record_sources.h"
#include "lib/cleanup.h"
#include "lib/units.h"

static const char default_path[] = "hindsight.hst";

/* Calls take for each part of the comma-separated values of an option; first status that is not 0. */
static int for_each_part(const struct hs_arguments *arguments, const char *option,
			 int (*take)(struct hs_record_request *request, const char *part),
			 struct hs_record_request *request)
{
	int status = 0;

	for (size_t i = 0; i < hs_option_count(arguments, option) && !status; i++) {
		hs_auto_free char *list = strdup(hs_option_at(arguments, option, i));
		char *rest = list, *part;

		if (!list)
			return hs_fail_nomem();
		while (!status && (part = strsep(&rest, ",")))
			status = take(request, part);
	}
	return status;
}

static int take_pid(struct hs_record_request *request, const char *part)
{
	uint64_t pid;

	if (hs_parse_u64_in(part, 1, HS_MAX_TGID - 1, &pid))
		return hs_usage_error("record", "'%s' is not a process id", part);
	if (kill((pid_t)pid, 0) && access("/proc/self", F_OK) == 0) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%s", part);
		if (access(path, F_OK))
			return hs_failf(HS_EXIT_FAILED, "there is no process %s", part);
	}
	return hs_vec_push(&request->pids, (pid_t)pid) ? 0 : hs_fail_nomem();
}

static int take_cpus(struct hs_record_request *request, const char *part)
{
	long nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	hs_auto_free char *first = strdup(part);
	char *last = first ? strchr(first, '-') : NULL;
	uint64_t from, to;

	if (!first)
		return hs_fail_nomem();
	if (last)
		*last++ = '\0';
	if (hs_parse_u64_in(first, 0, (uint64_t)nr_cpus - 1, &from) ||
	    hs_parse_u64_in(last ? last : first, from, (uint64_t)nr_cpus - 1, &to))
		return hs_usage_error("record", "'%s' is not a CPU or a range of CPUs of this host (0-%ld)", part, nr_cpus - 1);
	memset(request->closed_cpus + from, 0, to - from + 1);
	return 0;
}

static int take_cpu_filter(struct hs_record_request *request, const struct hs_arguments *arguments)
{
	long nr_cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (!hs_has_option(arguments, "cpu"))
		return 0;
	request->closed_cpus = malloc((size_t)nr_cpus);
	if (!request->closed_cpus)
		return hs_fail_nomem();
	memset(request->closed_cpus, 1, (size_t)nr_cpus);
	request->options.closed_cpus = request->closed_cpus;
	return for_each_part(arguments, "cpu", take_cpus, request);
}

static int take_time(const struct hs_arguments *arguments, const char *option, uint64_t *ns)
{
	const char *text = hs_option_text(arguments, option);

	if (text && (hs_parse_duration(text, ns) || *ns == 0))
		return hs_usage_error("record", "--%s: '%s' is not a time like 10s or 500ms", option, text);
	return 0;
}

static int take_ring(struct hs_record_request *request, const struct hs_arguments *arguments)
{
	const char *text = hs_option_text(arguments, "ring");
	uint64_t bytes;

	if (!text)
		return 0;
	if (hs_parse_bytes(text, &bytes) || bytes < HS_RING_MIN_BYTES || bytes > HS_RING_MAX_BYTES ||
	    bytes & (bytes - 1))
		return hs_usage_error("record", "-m: '%s' is not a power of two from 64K to 256M", text);
	request->options.ring_bytes = bytes;
	return 0;
}

static int take_rung(struct hs_record_request *request, const struct hs_arguments *arguments)
{
	static const char *const names[] = { "fentry", "kprobe", "tracepoint", "polling", "smi" };
	const char *text = hs_option_text(arguments, "rung");

	request->options.rung = text;
	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return 0;
	return text ? hs_usage_error("record", "unknown rung '%s'; there are fentry, kprobe, tracepoint, polling, smi", text)
		    : 0;
}

/* The command line as it was typed, words joined by blanks: for the header. */
static char *read_command_line(void)
{
	hs_auto_file FILE *file = fopen("/proc/self/cmdline", "re");
	char *text = NULL;
	size_t size = 0, used = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF) {
		if (used + 2 > size) {
			char *grown = realloc(text, size = 2 * size + 64);

			if (!grown)
				break;
			text = grown;
		}
		text[used++] = c ? (char)c : ' ';
	}
	if (!used)
		return strdup("");
	text[used - 1] = '\0';
	return text;
}

static int check_filters(const struct hs_record_request *request, const struct hs_arguments *arguments)
{
	int filters = (request->command != NULL) + (request->pids.count > 0) + (request->options.cgroup != NULL);

	if (filters > 1 || (filters && hs_has_option(arguments, "all-cpus") && !request->command))
		return hs_usage_error("record", "-a, -p, -G and COMMAND exclude each other (-a with COMMAND records all "
				      "while it runs)");
	return 0;
}

int hs_record_request_init(struct hs_record_request *request, const struct hs_arguments *arguments)
{
	const char *path = hs_option_text(arguments, "output");
	int status;

	*request = (struct hs_record_request){ .command_line = read_command_line() };
	if (!request->command_line)
		return hs_fail_nomem();
	request->options.path = path ? path : default_path;
	request->options.command_line = request->command_line;
	request->options.cgroup = hs_option_text(arguments, "cgroup");
	request->command = hs_operand_count(arguments) ? hs_operands(arguments, 0) : NULL;
	status = hs_record_sources(arguments, "record", &request->options.sources);
	if (!status)
		status = for_each_part(arguments, "pid", take_pid, request);
	if (!status)
		status = take_cpu_filter(request, arguments);
	if (!status)
		status = take_ring(request, arguments);
	if (!status)
		status = take_rung(request, arguments);
	if (!status)
		status = take_time(arguments, "duration", &request->duration_ns);
	if (!status)
		status = take_time(arguments, "time-step", &request->options.time_step);
	if (!status)
		status = take_time(arguments, "checkpoint", &request->options.checkpoint_ns);
	if (!status)
		status = check_filters(request, arguments);
	return status;
}

void hs_record_request_deinit(struct hs_record_request *request)
{
	hs_vec_deinit(&request->pids);
	free(request->closed_cpus);
	free(request->command_line);
}
