/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MM_CHILD_H
#define MM_CHILD_H
/*
 * The referee: a child process that executes operations for real, and what /proc says about it after
 * each. The child runs no library code of its own between operations that could change its mappings.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/vec.h"
#include "tests/property/mm_op.h"

struct mm_child;

/* What came of one operation. */
struct mm_outcome {
	int64_t ret;			/* as the syscall gave it: value or negative errno; touches: 0 or -EFAULT */
	uint64_t faults;		/* page faults the operation itself took (minor and major) */
	bool was_present, was_writable;	/* touches: the page before */
};

struct mm_range {
	uint64_t start, end;
	uint32_t prot;			/* PROT_* */
	bool is_shared;
	uint64_t inode, offset;		/* of the mapped file */
	uint32_t device;
	uint64_t vm_flags;		/* HS_VMA_*, only when asked for */
	char name[64];
};

/* What /proc says: maps, status, pagemap. */
struct mm_view {
	HS_VEC(struct mm_range) ranges;
	HS_VEC(uint64_t) pagemap;	/* entries of [pagemap_start, …) */
	uint64_t pagemap_start;
	/* pages */
	uint64_t total_vm, locked_vm, hiwater_vm, hiwater_rss, rss_anon, rss_file, rss_shmem, swap;
	uint64_t start_brk, brk;
};

/* The child's own main, never returns: `mm_property --child REQUESTS REPLIES`. */
void mm_child_run(int requests, int replies);

/* Starts a child with nothing mapped in the arena and MM_NR_FILES open memfds. */
int mm_child_start(struct mm_child **out, struct hs_error *err);
/* Ends it (and what it forked); NULL is fine. */
void mm_child_end(struct mm_child *child);

pid_t mm_child_pid(const struct mm_child *child);

/* Executes one operation. -EIO when the child died. */
int mm_child_execute(struct mm_child *child, const struct mm_op *op, struct mm_outcome *outcome,
		     struct hs_error *err);

/* Looks at the child. with_flags: smaps instead of maps (slow). view is all zero or from an earlier call. */
int mm_child_look(struct mm_child *child, bool with_flags, struct mm_view *view, struct hs_error *err);
void mm_view_deinit(struct mm_view *view);

#endif
