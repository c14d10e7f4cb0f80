// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/arena.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 << 10, ALIGNMENT = 16 };

struct hs_arena_block {
	struct hs_arena_block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) unsigned char data[];
};

static struct hs_arena_block *add_block(struct hs_arena *arena, size_t length)
{
	size_t size = length > BLOCK_BYTES ? length : BLOCK_BYTES;
	struct hs_arena_block *block = malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = arena->blocks;
	block->used = 0;
	block->size = size;
	return arena->blocks = block;
}

void *hs_arena_copy(struct hs_arena *arena, const void *data, size_t length)
{
	struct hs_arena_block *block = arena->blocks;
	size_t rounded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	void *copy;

	if (!block || block->size - block->used < rounded)
		block = add_block(arena, rounded);
	if (!block)
		return NULL;
	copy = block->data + block->used;
	block->used += rounded;
	if (data)
		memcpy(copy, data, length);
	else
		memset(copy, 0, length);
	return copy;
}

static void free_blocks(struct hs_arena_block *block)
{
	while (block) {
		struct hs_arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void hs_arena_clear(struct hs_arena *arena)
{
	if (!arena->blocks)
		return;
	free_blocks(arena->blocks->next);
	arena->blocks->next = NULL;
	arena->blocks->used = 0;
}

void hs_arena_deinit(struct hs_arena *arena)
{
	free_blocks(arena->blocks);
	arena->blocks = NULL;
}
