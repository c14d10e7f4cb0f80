// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/targets.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "lib/cleanup.h"

int hs_targets_all(hs_pid_list *pids)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int pid, error = directory ? 0 : -errno;
	char rest;

	while (!error && (entry = readdir(directory)))
		if (sscanf(entry->d_name, "%d%c", &pid, &rest) == 1 && !hs_vec_push(pids, pid))
			error = -ENOMEM;
	if (directory)
		closedir(directory);
	return error;
}

static int add_members(const char *directory, hs_pid_list *pids)
{
	char path[4096];
	hs_auto_file FILE *file = NULL;
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fscanf(file, "%d", &pid) == 1)
		if (!hs_vec_push(pids, pid))
			return -ENOMEM;
	return 0;
}

int hs_targets_of_cgroup(const char *directory, hs_pid_list *pids)
{
	int error = add_members(directory, pids);
	DIR *stream = error ? NULL : opendir(directory);
	struct dirent *entry;

	while (stream && !error && (entry = readdir(stream))) {
		char below[4096];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    (size_t)snprintf(below, sizeof(below), "%s/%s", directory, entry->d_name) >= sizeof(below))
			continue;
		error = hs_targets_of_cgroup(below, pids);
		/* It may have been removed meanwhile. */
		if (error == -ENOENT || error == -ENODEV)
			error = 0;
	}
	if (stream)
		closedir(stream);
	return error;
}
