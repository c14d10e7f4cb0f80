/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CAPTURE_H
#define HS_CAPTURE_H
/*
 * A piece of a snapshot: rows of one time, read from procfs or sysfs while events go on. It waits until the
 * events before that time are written: only then is it known which ids its process has.
 */
#include <stdint.h>
#include <sys/types.h>

#include "collectors/arena.h"
#include "collectors/identity.h"
#include "lib/vec.h"
#include "traces/kinds.h"

struct hs_captured_row {
	enum hs_kind kind;
	void *row;			/* in the arena, like its texts and blobs */
};

struct hs_capture {
	uint64_t time;
	pid_t tgid;			/* whose state it is; 0: the host's */
	struct hs_arena arena;
	HS_VEC(struct hs_captured_row) rows;
};

struct hs_capture *hs_capture_create(uint64_t time, pid_t tgid);	/* NULL: out of memory */
void hs_capture_destroy(struct hs_capture *capture);

/* Copies a row of that kind with its texts; head is ignored. 0 or -ENOMEM. */
int hs_capture_add(struct hs_capture *capture, enum hs_kind kind, const void *row);

/* Writes the rows; texts stay borrowed from the capture until the sink's flush. */
void hs_capture_emit(const struct hs_capture *capture, struct hs_sink *sink, struct hs_identity *identity);

#endif
