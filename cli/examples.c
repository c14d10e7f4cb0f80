// SPDX-License-Identifier: GPL-2.0-only
#include "cli/examples.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"

static const char suffix[] = ".hst";
enum { SUFFIX_LENGTH = sizeof(suffix) - 1 };

/* From the binary's folder: PREFIX/bin, or build/FLAGS of a source tree. */
static const char *const corpus_folders[] = { "../share/hindsight/corpus", "../../traces/corpus" };

static bool has_suffix(const char *file)
{
	size_t length = strlen(file);

	return length > SUFFIX_LENGTH && strcmp(file + length - SUFFIX_LENGTH, suffix) == 0;
}

/* The corpus folder's path without links and "..", or -ENOENT. */
static int find_corpus(char folder[PATH_MAX])
{
	char binary[PATH_MAX], path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", binary, sizeof(binary) - 1);

	if (length <= 0)
		return -ENOENT;
	binary[length] = '\0';
	*strrchr(binary, '/') = '\0';
	for (size_t i = 0; i < sizeof(corpus_folders) / sizeof(*corpus_folders); i++) {
		int needed = snprintf(path, sizeof(path), "%s/%s", binary, corpus_folders[i]);

		if (needed < PATH_MAX && realpath(path, folder))
			return 0;
	}
	return -ENOENT;
}

static int is_trace(const struct dirent *entry)
{
	return has_suffix(entry->d_name);
}

/* "a, b, c" in alphabetical order, as far as it fits. */
static void list_names(const char *folder, char *text, size_t room)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_trace, alphasort);
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < count; i++) {
		int length = (int)strlen(entries[i]->d_name) - SUFFIX_LENGTH;

		if (used < room)
			used += (size_t)snprintf(text + used, room - used, "%s%.*s", i ? ", " : "", length,
						 entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int hs_example_path(const char *name, char **path, struct hs_error *err)
{
	char folder[PATH_MAX], names[320];
	hs_auto_free char *found = NULL;

	if (find_corpus(folder))
		return hs_error_set(err, -ENOENT, "no bundled traces beside this binary; run it from its source tree "
				    "or 'make install' it");
	if (asprintf(&found, "%s/%s%s", folder, name, has_suffix(name) ? "" : suffix) < 0)
		return hs_error_nomem(err);
	if (strchr(name, '/') || access(found, R_OK)) {
		list_names(folder, names, sizeof(names));
		return hs_error_set(err, -ENOENT, "no bundled trace '%s'; there are: %s", name,
				    *names ? names : "none");
	}
	*path = hs_take(&found);
	return 0;
}

int hs_example_scenario(const char *name, char **path)
{
	char folder[PATH_MAX];
	hs_auto_free char *found = NULL;

	if (find_corpus(folder) || asprintf(&found, "%s/%s.ini", folder, name) < 0 || access(found, R_OK))
		return -ENOENT;
	*path = hs_take(&found);
	return 0;
}
