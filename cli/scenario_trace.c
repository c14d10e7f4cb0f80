// SPDX-License-Identifier: GPL-2.0-only
#include "cli/scenario_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/hash_map.h"
#include "replay/svm/svm_scenario.h"
#include "traces/reader.h"

enum { FAULT_WRITE = 2, PAGE_SHIFT = 12 };	/* error code of an x86 page fault */

struct reading {
	struct svm_selector who;
	struct hs_hash_map tasks;	/* those that are selected by name or process id */
	uint64_t nr_faults;
	void (*add)(void *context, const char *key, const char *value);
	void *context;
};

/* A task that changes its name may be selected, or no longer. */
static int see_task(struct reading *reading, const struct hs_meta_task *task)
{
	if (svm_selects_task(&reading->who, task))
		return hs_hash_map_put(&reading->tasks, task->row.task, 1);
	hs_hash_map_remove(&reading->tasks, task->row.task, NULL);
	return 0;
}

static bool is_selected(const struct reading *reading, const struct hs_row *row)
{
	return reading->who.kind == SVM_SELECT_MM ? row->mm == reading->who.number :
	       hs_hash_map_get(&reading->tasks, row->task) != NULL;
}

static void see_fault(struct reading *reading, const struct hs_row *row, uint64_t address, uint16_t error_code)
{
	char value[64];

	if (!is_selected(reading, row))
		return;
	reading->nr_faults++;
	snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64 " %c", row->time, address >> PAGE_SHIFT,
		 error_code & FAULT_WRITE ? 'w' : 'r');
	reading->add(reading->context, "fault", value);
}

static int see(struct reading *reading, const struct hs_event *event)
{
	if (event->kind == HS_KIND_meta_task)
		return see_task(reading, event->meta_task);
	if (event->kind == HS_KIND_fault_user)
		see_fault(reading, event->row, event->fault_user->address, event->fault_user->error_code);
	else if (event->kind == HS_KIND_fault_kernel)
		see_fault(reading, event->row, event->fault_kernel->address, event->fault_kernel->error_code);
	return 0;
}

static void add_clock(const struct reading *reading, const struct hs_header *header)
{
	char value[64];

	snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64, header->start_time, header->boot_wall);
	reading->add(reading->context, "trace", value);
}

static int read_events(struct reading *reading, struct hs_reader *reader, struct hs_error *err)
{
	hs_kind_set kinds = { { 0 } };
	struct hs_event event;
	int rc;

	hs_kind_set_add(&kinds, HS_KIND_meta_task);
	hs_kind_set_add(&kinds, HS_KIND_fault_user);
	hs_kind_set_add(&kinds, HS_KIND_fault_kernel);
	hs_reader_select_kinds(reader, &kinds);
	while ((rc = hs_reader_next_event(reader, &event, err)) > 0)
		if (see(reading, &event))
			return hs_error_nomem(err);
	return rc;
}

int hs_scenario_read_trace(const char *path, const char *who,
			   void (*add)(void *context, const char *key, const char *value), void *context,
			   struct hs_error *err)
{
	struct reading reading = { .add = add, .context = context };
	struct hs_reader *reader;
	int rc;

	if (!svm_read_selector(&reading.who, who))
		return hs_error_set(err, -EINVAL, "%s selects no process; give " SVM_WANTED_PROCESS, who);
	rc = hs_reader_open(path, &reader, err);
	if (rc)
		return rc;
	add_clock(&reading, hs_reader_header(reader));
	rc = read_events(&reading, reader, err);
	hs_reader_close(reader);
	hs_hash_map_deinit(&reading.tasks);
	if (!rc && !reading.nr_faults)
		return hs_error_set(err, -ENOENT, "%s has no page fault of %s; hindsight info %s tells what was recorded",
				    path, who, path);
	return rc;
}
