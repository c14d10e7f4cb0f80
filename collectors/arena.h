/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ARENA_H
#define HS_ARENA_H
/* Copies of bytes that are all freed together. */
#include <stddef.h>

struct hs_arena_block;

/* All zero is a valid empty arena. */
struct hs_arena {
	struct hs_arena_block *blocks;	/* newest first */
};

/* length bytes, aligned to 16, copied from data unless that is NULL (then zero). NULL: out of memory. */
void *hs_arena_copy(struct hs_arena *arena, const void *data, size_t length);
/* Frees all but one block, which is used again. */
void hs_arena_clear(struct hs_arena *arena);
void hs_arena_deinit(struct hs_arena *arena);

#endif
