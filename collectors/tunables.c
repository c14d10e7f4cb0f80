// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/tunables.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bpf/event.h"
#include "collectors/text_file.h"
#include "lib/vec.h"

enum { VALUE_BYTES = 256, MAX_DEPTH = 4 };

struct tunable {
	char *path;
	size_t name_at;			/* where the name starts in path */
	bool is_told;			/* writes to it are recorded as they happen */
	char value[VALUE_BYTES];
};

struct hs_tunables {
	HS_VEC(struct tunable) items;
	uint64_t last_read;
	bool are_settings_told;
};

static const struct root {
	const char *path;
	int depth;			/* directories to descend into */
} roots[] = {
	{ "/sys/kernel/mm", MAX_DEPTH },
	{ "/proc/sys/vm", 1 },
	{ "/sys/module/memory_hotplug/parameters", 0 },
	{ "/sys/devices/system/memory", 0 },
};

/*
 * Counters, triggers, and a file whose reading makes every CPU work (stat_refresh). khugepaged's counters stay:
 * they say when a pass ended.
 */
static const char *const left_out[] = {
	"stats", "stat_refresh", "hugepages", "admin", "uevent", "drop_caches", "compact_memory", "numa_zonelist_order",
	"pages_scanned", "pages_shared", "pages_sharing", "pages_skipped", "pages_unshared", "pages_volatile",
	"general_profit", "ksm_zero_pages", "stable_node_chains", "stable_node_dups",
};

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(name, left_out[i]) == 0)
			return true;
	return *name == '.';
}

/* A setting of huge pages; the counters beside them cannot be written. */
static bool is_setting(const char *name, mode_t mode)
{
	static const char folder[] = HS_SETTINGS_FOLDER "/";

	return strncmp(name, folder, sizeof(folder) - 1) == 0 && (mode & 0222);
}

static int add_file(struct hs_tunables *tunables, const char *path, size_t name_at, mode_t mode)
{
	struct tunable tunable = {
		.name_at = name_at, .is_told = tunables->are_settings_told && is_setting(path + name_at, mode),
	};

	if (hs_text_file_read(path, tunable.value, sizeof(tunable.value)) < 0)
		return 0;
	tunable.path = strdup(path);
	if (tunable.path && hs_vec_push(&tunables->items, tunable))
		return 0;
	free(tunable.path);
	return -ENOMEM;
}

static int add_directory(struct hs_tunables *tunables, const char *path, size_t name_at, int depth)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int error = 0;

	while (directory && !error && (entry = readdir(directory))) {
		char below[512];
		struct stat stat;

		if (is_left_out(entry->d_name) ||
		    (size_t)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= sizeof(below) ||
		    lstat(below, &stat))
			continue;
		if (S_ISREG(stat.st_mode) && stat.st_mode & 0444)
			error = add_file(tunables, below, name_at, stat.st_mode);
		else if (S_ISDIR(stat.st_mode) && depth > 0)
			error = add_directory(tunables, below, name_at, depth - 1);
	}
	if (directory)
		closedir(directory);
	return error;
}

static int compare(const void *a, const void *b)
{
	const struct tunable *left = a, *right = b;

	return strcmp(left->path, right->path);
}

/* How far memory nodes are from each other: nodeN/distance, a number for each node. */
static int add_distances(struct hs_tunables *tunables)
{
	static const char folder[] = "/sys/devices/system/node";
	DIR *directory = opendir(folder);
	struct dirent *entry;
	int error = 0;

	while (directory && !error && (entry = readdir(directory))) {
		char path[512];

		if (strncmp(entry->d_name, "node", 4) == 0 &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s/distance", folder, entry->d_name) < sizeof(path))
			error = add_file(tunables, path, sizeof(folder), 0444);
	}
	if (directory)
		closedir(directory);
	return error;
}

int hs_tunables_create(bool are_settings_told, struct hs_tunables **out, struct hs_error *err)
{
	struct hs_tunables *tunables = calloc(1, sizeof(*tunables));

	if (tunables)
		tunables->are_settings_told = are_settings_told;
	for (size_t i = 0; tunables && i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (add_directory(tunables, roots[i].path, strlen(roots[i].path) + 1, roots[i].depth) == 0)
			continue;
		hs_tunables_destroy(tunables);
		tunables = NULL;
	}
	if (tunables && add_distances(tunables)) {
		hs_tunables_destroy(tunables);
		tunables = NULL;
	}
	if (!tunables)
		return hs_error_nomem(err);
	if (tunables->items.count)
		qsort(tunables->items.items, tunables->items.count, sizeof(struct tunable), compare);
	*out = tunables;
	return 0;
}

void hs_tunables_destroy(struct hs_tunables *tunables)
{
	if (!tunables)
		return;
	hs_vec_for_each(tunable, &tunables->items)
		free(tunable->path);
	hs_vec_deinit(&tunables->items);
	free(tunables);
}

/* True if the file could be read and says something new. */
static bool refresh(struct tunable *tunable)
{
	char value[VALUE_BYTES];

	if (hs_text_file_read(tunable->path, value, sizeof(value)) < 0 || strcmp(value, tunable->value) == 0)
		return false;
	strcpy(tunable->value, value);
	return true;
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

int hs_tunables_capture(struct hs_tunables *tunables, uint64_t now, struct hs_capture *capture)
{
	tunables->last_read = now;
	hs_vec_for_each(tunable, &tunables->items) {
		struct hs_snap_tunable row = { .name = text_of(tunable->path + tunable->name_at) };

		refresh(tunable);
		row.value = text_of(tunable->value);
		if (hs_capture_add(capture, HS_KIND_snap_tunable, &row))
			return -ENOMEM;
	}
	return 0;
}

int hs_tunables_poll(struct hs_tunables *tunables, uint64_t now, bool are_told_lost, struct hs_capture *capture)
{
	hs_vec_for_each(tunable, &tunables->items) {
		struct hs_meta_tunable row = { .name = text_of(tunable->path + tunable->name_at),
					       .since = tunables->last_read };
		const bool is_lost = tunable->is_told && are_told_lost;

		if (tunable->is_told != is_lost || (!refresh(tunable) && !is_lost))
			continue;
		row.value = text_of(tunable->value);
		if (hs_capture_add(capture, HS_KIND_meta_tunable, &row))
			return -ENOMEM;
	}
	tunables->last_read = now;
	return 0;
}
