// SPDX-License-Identifier: GPL-2.0-only
#include "traces/smi_links.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What begins and ends: kfd_migrate.c, svm_range_restore_pages() and kfd_process_evict_queues() report both. */
enum class { CLASS_MIGRATION, CLASS_FAULT, CLASS_QUEUES };
enum step { STEP_NONE, STEP_BEGIN, STEP_GOES_ON, STEP_END };

struct link {
	enum class class;
	enum step step;
	uint64_t part[4];	/* what end and beginning have in common beside the process */
};

void hs_smi_links_deinit(struct hs_smi_links *links)
{
	hs_vec_deinit(&links->tasks);
	hs_vec_deinit(&links->losses);
	hs_vec_deinit(&links->names);
	hs_hash_map_deinit(&links->named);
	hs_hash_map_deinit(&links->ids);
	hs_hash_map_deinit(&links->last);
	hs_hash_map_deinit(&links->open);
	hs_hash_map_deinit(&links->begun);
}

int hs_smi_links_lose(struct hs_smi_links *links, const char *cause, uint64_t count, uint64_t from, uint64_t to)
{
	struct hs_meta_lost row = {
		.row.time = from, .source = { "svm", 3 }, .cpu = UINT32_MAX,
		.cause = { cause, (uint32_t)strlen(cause) }, .count = count, .first_time = from, .last_time = to,
	};

	return hs_vec_push(&links->losses, row) ? 0 : -ENOMEM;
}

/* --- who --- */

static struct hs_bytes name_in(const struct hs_kfd_smi_event *event)
{
	if (event->kind == HS_KIND_svm_process)
		return event->process.name;
	return event->kind == HS_KIND_svm_vmfault ? event->vmfault.name : (struct hs_bytes){ NULL, 0 };
}

int hs_smi_links_name(struct hs_smi_links *links, const struct hs_kfd_smi_event *event)
{
	struct hs_bytes name = name_in(event);

	if (!name.length || hs_hash_map_get(&links->named, (uint32_t)event->pid))
		return 0;
	if (!hs_vec_push(&links->names, name))
		return -ENOMEM;
	return hs_hash_map_put(&links->named, (uint32_t)event->pid, links->names.count - 1);
}

/* By the name in the event, or one that comes later. */
static int introduce(struct hs_smi_links *links, const struct hs_kfd_smi_event *event, uint32_t id)
{
	struct hs_meta_task row = {
		.row = { .time = event->row.time, .task = id }, .pid = (uint32_t)event->pid,
		.tgid = (uint32_t)event->pid, .comm = name_in(event),
	};
	uint64_t later;

	if (hs_hash_map_remove(&links->named, (uint32_t)event->pid, &later) && !row.comm.length)
		row.comm = links->names.items[later];
	return hs_vec_push(&links->tasks, row) ? 0 : -ENOMEM;
}

static bool is_renamed(const struct hs_smi_links *links, uint32_t id, const struct hs_bytes *name)
{
	for (size_t i = links->tasks.count; name->length && i-- > 0;) {
		const struct hs_meta_task *task = &links->tasks.items[i];

		if (task->row.task == id)
			return task->comm.length != name->length || memcmp(task->comm.data, name->data, name->length) != 0;
	}
	return name->length > 0;
}

/* A number is another process after the driver has said that the process is gone. */
static int find_task(struct hs_smi_links *links, struct hs_kfd_smi_event *event)
{
	uint64_t *known = hs_hash_map_get(&links->ids, (uint32_t)event->pid);
	struct hs_bytes name = name_in(event);
	int error = 0;

	event->row.task = known ? (uint32_t)*known : ++links->nr_tasks;
	if (!known)
		error = hs_hash_map_put(&links->ids, (uint32_t)event->pid, event->row.task);
	if (!error && (!known || is_renamed(links, event->row.task, &name)))
		error = introduce(links, event, event->row.task);
	if (event->kind == HS_KIND_svm_process && !event->process.is_start)
		hs_hash_map_remove(&links->ids, (uint32_t)event->pid, NULL);
	return error;
}

/* --- what belongs together --- */

static struct link link_of(const struct hs_kfd_smi_event *event)
{
	const struct hs_svm_migrate_start *start = &event->migrate_start;
	const struct hs_svm_migrate_end *end = &event->migrate_end;

	switch (event->kind) {
	case HS_KIND_svm_migrate_start:
		return (struct link){ CLASS_MIGRATION, STEP_BEGIN, { start->start, start->nr_pages,
				      (uint64_t)start->from << 32 | start->to, start->trigger } };
	case HS_KIND_svm_migrate_end:
		return (struct link){ CLASS_MIGRATION, STEP_END, { end->start, end->nr_pages,
				      (uint64_t)end->from << 32 | end->to, end->trigger } };
	case HS_KIND_svm_fault_start:
		return (struct link){ CLASS_FAULT, STEP_BEGIN, { event->fault_start.address, event->fault_start.gpu } };
	case HS_KIND_svm_fault_end:
		return (struct link){ CLASS_FAULT, STEP_END, { event->fault_end.address, event->fault_end.gpu } };
	case HS_KIND_svm_evict:
		return (struct link){ CLASS_QUEUES, STEP_BEGIN, { event->evict.gpu } };
	case HS_KIND_svm_restore:
		return (struct link){ CLASS_QUEUES, event->restore.rescheduled ? STEP_GOES_ON : STEP_END,
				      { event->restore.gpu } };
	default:
		return (struct link){ .step = STEP_NONE };
	}
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t key_of(const struct link *link, uint32_t pid)
{
	uint64_t key = mix(mix(0, pid), link->class);

	for (size_t i = 0; i < sizeof(link->part) / sizeof(link->part[0]); i++)
		key = mix(key, link->part[i]);
	return key;
}

static int note_missing(struct hs_smi_links *links, uint64_t from, uint64_t to)
{
	links->unpaired++;
	return hs_smi_links_lose(links, "unpaired", 1, from, to);
}

/* Queues may be stopped for two reasons at once: counted. Of a migration and a fault there is one at a time. */
static int begin(struct hs_smi_links *links, const struct link *link, const struct hs_kfd_smi_event *event)
{
	uint64_t key = key_of(link, (uint32_t)event->pid);
	uint64_t *open = hs_hash_map_get(&links->open, key);

	if (hs_hash_map_put(&links->begun, (uint64_t)link->class << 32 | (uint32_t)event->pid, 1))
		return -ENOMEM;
	if (link->class == CLASS_QUEUES)
		return hs_hash_map_put(&links->open, key, open ? *open + 1 : 1);
	if (open && links->always_ends && note_missing(links, *open, event->row.time))
		return -ENOMEM;
	return hs_hash_map_put(&links->open, key, event->row.time);
}

static void close_link(struct hs_smi_links *links, enum class class, uint64_t key, uint64_t *open)
{
	if (class != CLASS_QUEUES || --*open == 0)
		hs_hash_map_remove(&links->open, key, NULL);
}

/* Where its beginning was lost: after the process's last event that is known. */
static int end(struct hs_smi_links *links, const struct link *link, const struct hs_kfd_smi_event *event)
{
	uint64_t key = key_of(link, (uint32_t)event->pid);
	const uint64_t *last = hs_hash_map_get(&links->last, (uint32_t)event->pid);
	uint64_t *open = hs_hash_map_get(&links->open, key);

	if (open && link->step == STEP_END)
		close_link(links, link->class, key, open);
	if (open || !hs_hash_map_get(&links->begun, (uint64_t)link->class << 32 | (uint32_t)event->pid))
		return 0;
	return note_missing(links, last ? *last : event->row.time, event->row.time);
}

int hs_smi_links_add(struct hs_smi_links *links, struct hs_kfd_smi_event *event)
{
	struct link link = link_of(event);
	int error;

	if (!event->pid)
		return 0;
	error = find_task(links, event);
	if (!error && link.step == STEP_BEGIN)
		error = begin(links, &link, event);
	else if (!error && link.step != STEP_NONE)
		error = end(links, &link, event);
	return error ? error : hs_hash_map_put(&links->last, (uint32_t)event->pid, event->row.time);
}
