/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CURSOR_H
#define HS_CURSOR_H
/* The events of one kind of a file: its chunks one behind the other. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/vec.h"
#include "traces/chunk_decoder.h"
#include "traces/kinds.h"

/* What all cursors of a reader share; borrowed. */
struct hs_cursor_source {
	const struct hs_input *input;
	const struct hs_index *index;
	struct hs_decompressor *decompressor;
	uint64_t time_step;
	uint64_t from, last;			/* times wanted, both inclusive */
};

struct hs_cursor {
	unsigned int kind;			/* enum hs_kind */
	const struct hs_file_kind *file_kind;	/* NULL: the file has none */
	uint64_t columns;			/* wanted */
	HS_VEC(uint32_t) chunks;		/* their places in the index, in the order of the file */
	size_t next_chunk;
	struct hs_chunk_decoder *decoder;
	bool is_open;
	uint64_t chunk;				/* the open one, or the last one, in the index */
	uint64_t rows_decoded;			/* of that chunk */
	uint64_t last_time;			/* of the rows that were decoded last */
	const char *rows;			/* loaded and not yet taken: [row_at, nr_rows) */
	size_t row_at, nr_rows;
	uint64_t time;				/* the next event is not earlier; exact while rows are loaded */
	bool is_at_end;
};

void hs_cursor_deinit(struct hs_cursor *cursor);

/* Moves to the first chunk that holds wanted times, without reading it. */
void hs_cursor_start(struct hs_cursor *cursor, const struct hs_cursor_source *source);

/*
 * Loads rows if none are left: 1; 0: at the end; -EBADMSG: cursor->chunk is damaged, and so are its rows from
 * rows_decoded on (call again to go on behind it); -errno of reading. Rows loaded before become invalid.
 */
int hs_cursor_load(struct hs_cursor *cursor, const struct hs_cursor_source *source, struct hs_error *err);

/* Time of loaded row i. */
static inline uint64_t hs_cursor_time(const struct hs_cursor *cursor, size_t i, size_t row_bytes)
{
	return ((const struct hs_row *)(const void *)(cursor->rows + i * row_bytes))->time;
}

#endif
