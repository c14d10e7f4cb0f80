/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MM_OP_H
#define MM_OP_H
/*
 * One operation on an address space: what a random sequence is made of, what the real child process
 * executes, what becomes an event for the model, and what a failing case prints.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/rng.h"

enum mm_op_code {
	MM_OP_MMAP,	/* addr, len, prot, flags, fd (index, see mm_child.h), offset */
	MM_OP_MUNMAP,	/* addr, len */
	MM_OP_MREMAP,	/* addr, len, new_len, flags, new_addr */
	MM_OP_BRK,	/* addr: bytes relative to the break at the start, may be negative */
	MM_OP_MPROTECT,	/* addr, len, prot */
	MM_OP_MADVISE,	/* addr, len, flags = advice */
	MM_OP_MLOCK,	/* addr, len */
	MM_OP_MLOCK2,	/* addr, len, flags */
	MM_OP_MUNLOCK,	/* addr, len */
	MM_OP_MLOCKALL,	/* flags */
	MM_OP_MUNLOCKALL,
	MM_OP_READ,	/* addr: one byte is read */
	MM_OP_WRITE,	/* addr: one byte is written */
	MM_OP_FORK,	/* a child is made that waits until the end, or for accesses */
	MM_OP_CHILD_READ,	/* addr: one byte is read by the child that was forked last */
	MM_OP_CHILD_WRITE,	/* addr: one byte is written by it */
	MM_OP_LIMIT,	/* flags = RLIMIT_*, len: bytes beyond what is used now (AS, DATA), or in all; UINT64_MAX: none */
	MM_OP_CHILD_EXIT,	/* the child that was forked last ends */
	MM_NR_OPS
};

struct mm_op {
	enum mm_op_code code;
	uint64_t addr, len, new_len, new_addr, offset;
	uint32_t prot, flags;
	int32_t fd;
};

/* The area that most operations meet in. */
#define MM_ARENA 0x200000000000ull	/* free of anything the sanitizers map */
enum { MM_ARENA_BYTES = 16 << 20, MM_PAGE = 4096, MM_SLOT = 2 << 20, MM_NR_FILES = 3 };

/* Draws an operation: mostly sensible, sometimes unaligned, empty, huge, contradictory. */
struct mm_op mm_op_random(struct hs_rng *rng);

/* One line of JSON; and back: 0 or -EINVAL. */
void mm_op_print(FILE *out, const struct mm_op *op);
int mm_op_parse(const char *line, struct mm_op *op);

const char *mm_op_name(enum mm_op_code code);

static inline int mm_op_is_of_child(enum mm_op_code code)
{
	return code == MM_OP_CHILD_READ || code == MM_OP_CHILD_WRITE;
}

static inline int mm_op_is_write(enum mm_op_code code)
{
	return code == MM_OP_WRITE || code == MM_OP_CHILD_WRITE;
}

static inline int mm_op_is_touch(enum mm_op_code code)
{
	return code == MM_OP_READ || code == MM_OP_WRITE || mm_op_is_of_child(code);
}

#endif
