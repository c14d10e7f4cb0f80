// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/identity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash_map.h"
#include "lib/vec.h"

struct task {
	struct hs_task_entry entry;
	uint32_t id;			/* 0: not introduced yet */
	uint32_t file;			/* in which file */
};

struct space {
	uint32_t id;			/* 0: not introduced yet */
	uint32_t file;
	bool is_gone;			/* ended; its address may be used again */
};

struct hs_identity {
	struct hs_sink *sink;
	HS_VEC(struct task) tasks;
	HS_VEC(struct space) spaces;
	struct hs_hash_map task_of_tid;	/* tid -> index in tasks */
	struct hs_hash_map space_of_mm;	/* address -> index in spaces */
	uint32_t last_task, last_space;	/* ids */
	uint64_t introductions;
	uint32_t file;
	/* Most events come from where the last one came from. */
	uint32_t cached_tid, cached_task;
	uint64_t cached_mm;
	uint32_t cached_space;
};

int hs_identity_create(struct hs_sink *sink, struct hs_identity **out, struct hs_error *err)
{
	struct hs_identity *identity = calloc(1, sizeof(*identity));

	if (!identity)
		return hs_error_nomem(err);
	identity->sink = sink;
	identity->file = 1;
	*out = identity;
	return 0;
}

void hs_identity_destroy(struct hs_identity *identity)
{
	if (!identity)
		return;
	hs_vec_deinit(&identity->tasks);
	hs_vec_deinit(&identity->spaces);
	hs_hash_map_deinit(&identity->task_of_tid);
	hs_hash_map_deinit(&identity->space_of_mm);
	free(identity);
}

static void forget_cached(struct hs_identity *identity)
{
	identity->cached_tid = 0;
	identity->cached_mm = 0;
}

static struct task *find_task(const struct hs_identity *identity, uint32_t tid)
{
	const uint64_t *index = hs_hash_map_get(&identity->task_of_tid, tid);

	return index ? &identity->tasks.items[*index] : NULL;
}

/* The slot of a dead task of the same tid is used again: memory follows the tids, not the forks. */
int hs_identity_add(struct hs_identity *identity, const struct hs_task_entry *entry)
{
	struct task task = { .entry = *entry }, *old = find_task(identity, entry->tid);

	forget_cached(identity);
	if (old) {
		*old = task;
		return 0;
	}
	if (!hs_vec_push(&identity->tasks, task))
		return -ENOMEM;
	return hs_hash_map_put(&identity->task_of_tid, entry->tid, identity->tasks.count - 1);
}

void hs_identity_fork(struct hs_identity *identity, const struct hs_task_entry *child)
{
	const struct task *old = find_task(identity, child->tid);

	/* Forked while the list of tasks was taken: the same task, seen twice. */
	if (!old || old->entry.start_time != child->start_time || !child->start_time)
		hs_identity_add(identity, child);
}

static void introduce_task(struct hs_identity *identity, uint64_t time, struct task *task)
{
	struct hs_meta_task *row;

	if (!task->id)
		task->id = ++identity->last_task;
	task->file = identity->file;
	identity->introductions++;
	row = hs_sink_row(identity->sink, HS_KIND_meta_task, time, task->id, 0);
	row->pid = task->entry.tid;
	row->tgid = task->entry.tgid;
	row->start_time = task->entry.start_time;
	row->comm = hs_sink_text(identity->sink, task->entry.comm, strnlen(task->entry.comm, HS_COMM_BYTES));
}

static struct task *known_task(struct hs_identity *identity, uint32_t tid)
{
	struct task *task = find_task(identity, tid);
	struct hs_task_entry unknown = { .tid = tid };

	if (task || hs_identity_add(identity, &unknown))
		return task;
	return find_task(identity, tid);
}

uint32_t hs_identity_task(struct hs_identity *identity, uint64_t time, uint32_t tid)
{
	struct task *task;

	if (tid == identity->cached_tid && tid)
		return identity->cached_task;
	task = tid ? known_task(identity, tid) : NULL;
	if (!task)
		return 0;
	if (task->file != identity->file)
		introduce_task(identity, time, task);
	identity->cached_tid = tid;
	return identity->cached_task = task->id;
}

static struct space *find_space(struct hs_identity *identity, uint64_t mm)
{
	const uint64_t *index = hs_hash_map_get(&identity->space_of_mm, mm);

	return index ? &identity->spaces.items[*index] : NULL;
}

static struct space *known_space(struct hs_identity *identity, uint64_t mm)
{
	struct space *space = find_space(identity, mm);

	if (space && space->is_gone)
		*space = (struct space){ 0 };
	if (space)
		return space;
	if (!hs_vec_push(&identity->spaces, (struct space){ 0 }) ||
	    hs_hash_map_put(&identity->space_of_mm, mm, identity->spaces.count - 1))
		return NULL;
	return &identity->spaces.items[identity->spaces.count - 1];
}

static void introduce_space(struct hs_identity *identity, uint64_t time, struct space *space, uint32_t owner)
{
	struct hs_meta_mm *row;

	if (!space->id)
		space->id = ++identity->last_space;
	space->file = identity->file;
	identity->introductions++;
	row = hs_sink_row(identity->sink, HS_KIND_meta_mm, time, 0, space->id);
	row->owner = owner;
}

uint32_t hs_identity_mm(struct hs_identity *identity, uint64_t time, uint64_t mm, uint32_t tid)
{
	struct space *space;
	uint32_t owner;

	if (!mm || mm == identity->cached_mm)
		return mm ? identity->cached_space : 0;
	owner = hs_identity_task(identity, time, tid);
	space = known_space(identity, mm);
	if (!space)
		return 0;
	if (space->file != identity->file)
		introduce_space(identity, time, space, owner);
	identity->cached_mm = mm;
	return identity->cached_space = space->id;
}

uint32_t hs_identity_past_mm(struct hs_identity *identity, uint64_t time, uint64_t mm)
{
	struct space *space = find_space(identity, mm);

	if (!space || !space->is_gone)
		return hs_identity_mm(identity, time, mm, 0);
	if (space->file != identity->file)
		introduce_space(identity, time, space, 0);
	return space->id;
}

static void set_comm(struct hs_identity *identity, uint64_t time, struct task *task, const char *comm)
{
	if (strncmp(task->entry.comm, comm, HS_COMM_BYTES) == 0 && task->id)
		return;
	memcpy(task->entry.comm, comm, HS_COMM_BYTES);
	introduce_task(identity, time, task);
}

uint64_t hs_identity_exec(struct hs_identity *identity, uint64_t time, uint32_t tid, uint32_t old_tid, uint64_t mm,
			  const char *comm)
{
	struct task *task = known_task(identity, tid);
	const struct task *caller = find_task(identity, old_tid);
	uint64_t old_mm;

	if (!task)
		return 0;
	/* A thread that is not the leader takes over the leader's id. */
	old_mm = caller ? caller->entry.mm : task->entry.mm;
	task->entry.mm = mm;
	forget_cached(identity);
	set_comm(identity, time, task, comm);
	return old_mm == mm ? 0 : old_mm;
}

void hs_identity_rename(struct hs_identity *identity, uint64_t time, uint32_t tid, const char *comm)
{
	struct task *task = known_task(identity, tid);

	if (task)
		set_comm(identity, time, task, comm);
}

void hs_identity_forget_mm(struct hs_identity *identity, uint64_t mm)
{
	struct space *space = find_space(identity, mm);

	if (space)
		space->is_gone = true;
	forget_cached(identity);
}

uint64_t hs_identity_mm_of(const struct hs_identity *identity, uint32_t tid)
{
	const struct task *task = find_task(identity, tid);

	return task ? task->entry.mm : 0;
}

uint64_t hs_identity_introductions(const struct hs_identity *identity)
{
	return identity->introductions;
}

void hs_identity_reintroduce(struct hs_identity *identity)
{
	identity->file++;
	forget_cached(identity);
}
