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
	bool was_present;		/* touches: the page before */
	uint64_t soft;			/* limits: the new one */
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

/* Pages of 2 MiB of a process's own memory, a bit each. */
struct mm_slot_pages {
	uint64_t address;
	uint64_t present[8], file[8], zero[8];
};

/* What /proc says: maps, status, pagemap. */
struct mm_view {
	HS_VEC(struct mm_range) ranges;
	HS_VEC(struct mm_slot_pages) slots;	/* of all mappings, only when asked for flags */
	bool has_all_pages;			/* no mapping was too large for that (a sanitizer's is) */
	HS_VEC(uint64_t) pagemap;	/* entries of [pagemap_start, …) */
	uint64_t pagemap_start;
	/* pages */
	uint64_t data_vm, exec_vm, stack_vm;
	uint64_t walked_rss, walked_anon;	/* smaps_rollup: by a walk over the page tables, not by counters */
	uint64_t huge_anon;			/* pages in huge anonymous pages */
	uint64_t total_vm, locked_vm, hiwater_vm, hiwater_rss, rss_anon, rss_file, rss_shmem, swap;
	uint64_t start_brk, brk;
	/* Bytes, UINT64_MAX: none; only when asked for flags. */
	uint64_t limit_as, limit_data, limit_stack, limit_memlock;
	bool may_lock;				/* CAP_IPC_LOCK */
};

/* What a child is to be like. */
struct mm_nature {
	bool has_huge_pages, is_privileged;
};

/* The child's own main, never returns: `mm_property --child REQUESTS REPLIES HAS_HUGE_PAGES IS_PRIVILEGED`. */
void mm_child_run(int requests, int replies, struct mm_nature nature);

/* Starts a child with nothing mapped in the arena and MM_NR_FILES open memfds. */
int mm_child_start(struct mm_nature nature, struct mm_child **out, struct hs_error *err);
/* Ends it (and what it forked); NULL is fine. */
void mm_child_end(struct mm_child *child);

/* Executes one operation. -EIO when the child died. */
int mm_child_execute(struct mm_child *child, const struct mm_op *op, struct mm_outcome *outcome,
		     struct hs_error *err);

/* Does this kernel map the zero page where untouched memory is read? Some give a page at once. */
bool mm_kernel_has_zero_page(void);

/* Looks at the child. with_flags: smaps instead of maps (slow). view is all zero or from an earlier call. */
int mm_child_look(struct mm_child *child, bool with_flags, struct mm_view *view, struct hs_error *err);

/* Processes that it forked, and a look at one of them. */
size_t mm_child_nr_forks(const struct mm_child *child);
int mm_child_look_at_fork(struct mm_child *child, size_t nr, struct mm_view *view, struct hs_error *err);
void mm_view_deinit(struct mm_view *view);

#endif
