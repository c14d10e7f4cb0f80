// SPDX-License-Identifier: GPL-2.0-only
#include "cli/record_sources.h"

#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "collectors/sources.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static int unknown_source(const char *command, const char *name)
{
	struct hs_text names = { 0 };
	int status;

	for (int source = 0; source < HS_NR_RING_SOURCES; source++) {
		hs_text_add(&names, source ? ", " : "");
		hs_text_add(&names, hs_sources[source].name);
	}
	status = hs_usage_error(command, "unknown source '%s'; there are %.*s", name, (int)names.used,
				names.data ? names.data : "");
	hs_text_deinit(&names);
	return status;
}

static int add_list(const char *text, const char *command, unsigned int *sources)
{
	hs_auto_free char *list = strdup(text);
	char *rest = list, *part;

	if (!list)
		return hs_fail_nomem();
	while ((part = strsep(&rest, ","))) {
		int source = hs_source_spec_find(part);

		if (source < 0)
			return unknown_source(command, part);
		*sources |= 1u << source;
	}
	return 0;
}

int hs_record_sources(const struct hs_arguments *arguments, const char *command, unsigned int *sources)
{
	int status = 0;

	*sources = 0;
	for (size_t i = 0; i < hs_option_count(arguments, "event") && !status; i++)
		status = add_list(hs_option_at(arguments, "event", i), command, sources);
	if (!*sources)
		*sources = (1u << HS_NR_RING_SOURCES) - 1;
	return status;
}
