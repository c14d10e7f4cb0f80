// SPDX-License-Identifier: GPL-2.0-only
#include "traces/cursor.h"

#include <errno.h>

#include "traces/schema.h"

void hs_cursor_deinit(struct hs_cursor *cursor)
{
	hs_chunk_decoder_destroy(cursor->decoder);
	hs_vec_deinit(&cursor->chunks);
	*cursor = (struct hs_cursor){ 0 };
}

static const struct hs_index_entry *entry_of(const struct hs_cursor_source *source, uint64_t chunk)
{
	return &source->index->entries.items[chunk];
}

/* Passes over chunks without wanted times; notes where the next one begins. */
static void find_chunk(struct hs_cursor *cursor, const struct hs_cursor_source *source)
{
	for (; cursor->next_chunk < cursor->chunks.count; cursor->next_chunk++) {
		const struct hs_index_entry *entry = entry_of(source, cursor->chunks.items[cursor->next_chunk]);
		uint64_t first = entry->first_time > source->from ? entry->first_time : source->from;

		if (entry->last_time < source->from || entry->first_time > source->last)
			continue;
		/* A file that contradicts itself must not turn time back. */
		cursor->time = first > cursor->time ? first : cursor->time;
		return;
	}
	cursor->is_at_end = true;
}

void hs_cursor_start(struct hs_cursor *cursor, const struct hs_cursor_source *source)
{
	find_chunk(cursor, source);
}

static int open_chunk(struct hs_cursor *cursor, const struct hs_cursor_source *source, struct hs_error *err)
{
	const struct hs_index_entry *entry;
	int status;

	if (!cursor->decoder)
		cursor->decoder = hs_chunk_decoder_create(source->input, cursor->file_kind, source->time_step,
							  source->decompressor, cursor->columns);
	if (!cursor->decoder)
		return hs_error_nomem(err);
	cursor->chunk = cursor->chunks.items[cursor->next_chunk++];
	cursor->rows_decoded = 0;
	entry = entry_of(source, cursor->chunk);
	/* Times of a kind never go back from chunk to chunk. */
	status = entry->first_time < cursor->last_time ? -EBADMSG : hs_chunk_decoder_open(cursor->decoder, entry, err);
	cursor->is_open = !status;
	return status;
}

/* First row of [low, high) at or behind a time. */
static size_t find_row(const struct hs_cursor *cursor, size_t low, size_t high, uint64_t time)
{
	size_t row_bytes = hs_kind_info(cursor->kind)->row_bytes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hs_cursor_time(cursor, middle, row_bytes) < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Keeps the wanted rows of those that were just decoded. */
static void select_rows(struct hs_cursor *cursor, const struct hs_cursor_source *source)
{
	size_t row_bytes = hs_kind_info(cursor->kind)->row_bytes, nr = cursor->nr_rows;

	cursor->rows_decoded += nr;
	cursor->last_time = hs_cursor_time(cursor, nr - 1, row_bytes);
	cursor->row_at = find_row(cursor, 0, nr, source->from);
	if (cursor->last_time > source->last)
		cursor->nr_rows = find_row(cursor, cursor->row_at, nr, source->last + 1);
	if (cursor->row_at < cursor->nr_rows)
		cursor->time = hs_cursor_time(cursor, cursor->row_at, row_bytes);
}

int hs_cursor_load(struct hs_cursor *cursor, const struct hs_cursor_source *source, struct hs_error *err)
{
	while (cursor->row_at >= cursor->nr_rows) {
		const void *rows = NULL;
		ssize_t nr = 0;
		int status;

		cursor->row_at = cursor->nr_rows = 0;
		if (cursor->is_open)
			nr = hs_chunk_decoder_next(cursor->decoder, &rows);
		cursor->is_open = nr > 0;
		if (nr < 0) {
			find_chunk(cursor, source);
			return (int)nr;
		}
		if (nr > 0) {
			cursor->rows = rows;
			cursor->nr_rows = (size_t)nr;
			select_rows(cursor, source);
			continue;
		}
		find_chunk(cursor, source);
		if (cursor->is_at_end)
			return 0;
		status = open_chunk(cursor, source, err);
		if (status) {
			find_chunk(cursor, source);
			return status;
		}
	}
	return 1;
}
