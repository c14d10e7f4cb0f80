/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_IDENTITY_H
#define HS_IDENTITY_H
/*
 * Who is who: thread ids and addresses of mm_structs, both reused by the kernel, become ids that are not. An id
 * is introduced (meta.task, meta.mm) when it is first asked for. Calls must come in time order.
 */
#include <stdint.h>

#include "bpf/event.h"
#include "collectors/sink.h"
#include "lib/error.h"

struct hs_identity;

int hs_identity_create(struct hs_sink *sink, struct hs_identity **out, struct hs_error *err);
void hs_identity_destroy(struct hs_identity *identity);

/* A task that is there from the start; introduces nothing. 0 or -ENOMEM. */
int hs_identity_add(struct hs_identity *identity, const struct hs_task_entry *entry);

/* Id of a thread; 0 for tid 0 (the idle task) and when out of memory. */
uint32_t hs_identity_task(struct hs_identity *identity, uint64_t time, uint32_t tid);
/* Id of an address space; 0 for mm 0. tid: a task that uses it, 0 unknown. */
uint32_t hs_identity_mm(struct hs_identity *identity, uint64_t time, uint64_t mm, uint32_t tid);
/*
 * The same, for who may hold on to an address space behind its end: while its last listener has not left, or
 * khugepaged is at it, the address is not used for another.
 */
uint32_t hs_identity_past_mm(struct hs_identity *identity, uint64_t time, uint64_t mm);

/* A new task; replaces a dead one of the same tid. */
void hs_identity_fork(struct hs_identity *identity, const struct hs_task_entry *child);
/*
 * A task has a new address space and name (comm: HS_COMM_BYTES bytes, as in a record). Returns the mm it had
 * before, 0 unknown.
 */
uint64_t hs_identity_exec(struct hs_identity *identity, uint64_t time, uint32_t tid, uint32_t old_tid, uint64_t mm,
			  const char *comm);
/* comm as above. */
void hs_identity_rename(struct hs_identity *identity, uint64_t time, uint32_t tid, const char *comm);
/* The address may be used for another address space from now on. */
void hs_identity_forget_mm(struct hs_identity *identity, uint64_t mm);
/* The mm that a task was last seen with, 0 unknown. */
uint64_t hs_identity_mm_of(const struct hs_identity *identity, uint32_t tid);
/* How many introductions there were. */
uint64_t hs_identity_introductions(const struct hs_identity *identity);
/* Every known id is introduced again when next asked for: a new file begins. */
void hs_identity_reintroduce(struct hs_identity *identity);

#endif
