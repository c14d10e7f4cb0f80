// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight doctor`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cli/json_text.h"
#include "cli/record_sources.h"
#include "cli/recording.h"
#include "cli/terminal.h"
#include "collectors/doctor.h"

static const struct {
	const char *word;
	enum hs_colour colour;
} finding_texts[] = {
	[HS_FINDING_FAILS] = { "no", HS_COLOUR_RED },
	[HS_FINDING_ATTACHED] = { "attached", HS_COLOUR_YELLOW },
	[HS_FINDING_WORKS] = { "yes", HS_COLOUR_GREEN },
};

static void print_missing(const struct hs_text *missing)
{
	const char *line = missing->data, *end = line + missing->used;

	for (const char *next; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next : end;
		printf("%32s %.*s\n", "", (int)(next - line), line);
	}
}

static void print_one(const struct hs_arguments *arguments, const struct hs_diagnosis *diagnosis)
{
	const enum hs_colour colour = finding_texts[diagnosis->finding].colour;

	printf("%-10s %-12s %s%-8s%s %s\n", diagnosis->source, diagnosis->rung, hs_colour(stdout, colour),
	       finding_texts[diagnosis->finding].word, hs_colour(stdout, HS_COLOUR_PLAIN), diagnosis->found);
	print_missing(&diagnosis->missing);
	if (*diagnosis->advice)
		printf("%32s %s\n", "", diagnosis->advice);
	if (diagnosis->log && hs_verbosity(arguments) > 0)
		printf("%s\n", diagnosis->log);
}

static void print_text(const struct hs_arguments *arguments, const hs_diagnosis_list *list)
{
	struct utsname host;

	uname(&host);
	printf("kernel %s, %s\n%-10s %-12s %-8s %s\n", host.release, host.machine, "source", "rung", "works", "found");
	hs_vec_for_each(diagnosis, list)
		print_one(arguments, diagnosis);
}

static int print_json(const hs_diagnosis_list *list, const struct hs_error *err)
{
	json_t *rungs = json_array();

	hs_vec_for_each(diagnosis, list)
		json_array_append_new(rungs, json_pack("{s:s, s:s, s:b, s:b, s:I, s:s, s:s%, s:s}", "source", diagnosis->source,
						       "rung", diagnosis->rung, "works",
						       diagnosis->finding == HS_FINDING_WORKS, "attaches",
						       diagnosis->finding != HS_FINDING_FAILS, "seen",
						       (json_int_t)diagnosis->seen, "found", diagnosis->found, "missing",
						       diagnosis->missing.data ? diagnosis->missing.data : "",
						       diagnosis->missing.used, "advice",
						       diagnosis->advice));
	return hs_json_print(json_pack("{s:o, s:s?}", "rungs", rungs, "error", err->code ? err->text : NULL));
}

int hs_doctor_run(const struct hs_arguments *arguments)
{
	hs_diagnosis_list list = { 0 };
	struct hs_error err = { 0 };
	unsigned int sources;
	int status = hs_record_sources(arguments, "doctor", &sources), error;

	if (status)
		return status;
	error = hs_diagnose(sources, &list, &err);
	if (hs_has_option(arguments, "json"))
		status = print_json(&list, &err);
	else if (list.count)
		print_text(arguments, &list);
	hs_diagnose_deinit(&list);
	if (error && !hs_has_option(arguments, "json"))
		hs_fail(HS_EXIT_CANNOT_RUN, &err);
	if (!error)
		return status;
	return error == -EOPNOTSUPP ? HS_EXIT_CANNOT_RUN : HS_EXIT_FAILED;
}
