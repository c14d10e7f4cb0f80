// SPDX-License-Identifier: GPL-2.0-only
#include "cli/kind_list.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/schema.h"

static bool add_matching(const char *word, hs_kind_set *kinds)
{
	int source = hs_source_find(word);
	bool has_match = false;

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		const struct hs_kind_info *info = hs_kind_info(kind);

		if ((int)info->source == source || fnmatch(word, info->name, 0) == 0) {
			hs_kind_set_add(kinds, kind);
			has_match = true;
		}
	}
	return has_match;
}

/* Kinds of the source the word begins with, else the sources: what the user may have meant. */
static void list_candidates(const char *word, char *text, size_t room)
{
	size_t stem = strcspn(word, "."), used = 0;

	*text = '\0';
	for (unsigned int kind = 0; kind < HS_NR_KINDS && used < room; kind++) {
		const char *name = hs_kind_info(kind)->name;

		if (strncmp(name, word, stem) == 0 && name[stem] == '.')
			used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "", name);
	}
	for (int source = 0; source < HS_NR_SOURCES && !strchr(word, '.') && used < room; source++)
		used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
					 hs_source_name((enum hs_source)source));
}

int hs_kind_list_parse(const char *list, hs_kind_set *kinds, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(list);
	char *rest = copy, *word, candidates[256];

	if (!copy)
		return hs_error_nomem(err);
	while ((word = strsep(&rest, ","))) {
		if (*word && add_matching(word, kinds))
			continue;
		list_candidates(word, candidates, sizeof(candidates));
		return hs_error_set(err, -EINVAL, "unknown event kind '%s'%s%s", word, *candidates ? "; there are: " : "",
				    candidates);
	}
	return 0;
}
