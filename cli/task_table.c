// SPDX-License-Identifier: GPL-2.0-only
#include "cli/task_table.h"

#include <errno.h>
#include <string.h>

#include "lib/printable.h"

void hs_task_table_deinit(struct hs_task_table *table)
{
	hs_hash_map_deinit(&table->index);
	hs_hash_map_deinit(&table->owner);
	hs_vec_deinit(&table->tasks);
}

hs_kind_set hs_task_table_kinds(void)
{
	hs_kind_set kinds = { { 0 } };

	hs_kind_set_add(&kinds, HS_KIND_meta_task);
	hs_kind_set_add(&kinds, HS_KIND_meta_mm);
	hs_kind_set_add(&kinds, HS_KIND_mm_fork);
	hs_kind_set_add(&kinds, HS_KIND_mm_exec);
	return kinds;
}

/* What of the name fits and may be sent to a terminal; the rest as question marks. */
static void copy_name(char name[HS_TASK_NAME_BYTES], struct hs_bytes comm)
{
	const char *from = comm.data;
	size_t used = 0, left = comm.length;

	while (left && used + 4 < HS_TASK_NAME_BYTES) {
		size_t bytes = hs_printable_length(from, left);

		if (bytes)
			memcpy(name + used, from, bytes);
		else
			name[used] = '?';
		used += bytes ? bytes : 1;
		from += bytes ? bytes : 1;
		left -= bytes ? bytes : 1;
	}
	name[used] = '\0';
}

static int learn_task(struct hs_task_table *table, const struct hs_meta_task *row)
{
	uint64_t *known = hs_hash_map_get(&table->index, row->row.task);
	struct hs_task *task;

	if (!known) {
		if (!hs_vec_push(&table->tasks, (struct hs_task){ .pid = 0 }) ||
		    hs_hash_map_put(&table->index, row->row.task, table->tasks.count - 1))
			return -ENOMEM;
		known = hs_hash_map_get(&table->index, row->row.task);
	}
	task = &table->tasks.items[*known];
	task->pid = row->pid;
	task->tgid = row->tgid;
	copy_name(task->name, row->comm);
	return 0;
}

static int learn_owner(struct hs_task_table *table, uint32_t mm, uint32_t owner)
{
	const struct hs_task *task = hs_task_table_find(table, owner);

	return task && mm ? hs_hash_map_put(&table->owner, mm, task->tgid) : 0;
}

int hs_task_table_learn(struct hs_task_table *table, const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_meta_task:
		return learn_task(table, event->meta_task);
	case HS_KIND_meta_mm:
		return learn_owner(table, event->row->mm, event->meta_mm->owner);
	case HS_KIND_mm_fork:
		/* A thread or a vfork child only borrows its parent's. */
		if (event->mm_fork->child_mm == event->row->mm)
			return 0;
		return learn_owner(table, event->mm_fork->child_mm, event->mm_fork->child);
	case HS_KIND_mm_exec:
		return learn_owner(table, event->row->mm, event->row->task);
	default:
		return 0;
	}
}

const struct hs_task *hs_task_table_find(const struct hs_task_table *table, uint32_t task)
{
	uint64_t *at = hs_hash_map_get(&table->index, task);

	return at ? &table->tasks.items[*at] : NULL;
}

bool hs_task_table_concerns(const struct hs_task_table *table, const struct hs_row *row, uint32_t pid)
{
	const struct hs_task *task = hs_task_table_find(table, row->task);
	const uint64_t *owner;

	if (task && (task->tgid == pid || task->pid == pid))
		return true;
	owner = row->mm ? hs_hash_map_get(&table->owner, row->mm) : NULL;
	return owner && *owner == pid;
}
