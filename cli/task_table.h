/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TASK_TABLE_H
#define HS_TASK_TABLE_H
/*
 * Who the ids of a trace stand for, learnt from its own events: meta.task, meta.mm, mm.fork, mm.exec. Feed it
 * the trace's events in order; kinds that say nothing about ids are ignored.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/hash_map.h"
#include "lib/vec.h"
#include "traces/reader.h"

enum { HS_TASK_NAME_BYTES = 64 };

struct hs_task {
	uint32_t pid, tgid;
	char name[HS_TASK_NAME_BYTES];	/* printable (lib/printable.h), terminated */
};

/* All zero is a valid empty table. */
struct hs_task_table {
	struct hs_hash_map index;	/* task id to position in tasks */
	struct hs_hash_map owner;	/* address-space id to the process id it belongs to */
	HS_VEC(struct hs_task) tasks;
};

void hs_task_table_deinit(struct hs_task_table *table);

/* The kinds it learns from. */
hs_kind_set hs_task_table_kinds(void);

/* 0 or -ENOMEM. */
int hs_task_table_learn(struct hs_task_table *table, const struct hs_event *event);

/* NULL: not introduced. Valid until the next learn. */
const struct hs_task *hs_task_table_find(const struct hs_task_table *table, uint32_t task);

/* Does an event of this task on this address space concern process pid? A thread's own id counts too. */
bool hs_task_table_concerns(const struct hs_task_table *table, const struct hs_row *row, uint32_t pid);

#endif
