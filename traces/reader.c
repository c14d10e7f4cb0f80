// SPDX-License-Identifier: GPL-2.0-only
#include "traces/reader.h"

#include <errno.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/cursor.h"
#include "traces/schema.h"

struct hs_reader {
	struct hs_input input;
	struct hs_header header;
	struct hs_file_schema schema;
	struct hs_index index;
	struct hs_decompressor *decompressor;
	struct hs_reader_state state;
	struct hs_cursor_source source;
	struct hs_cursor cursors[HS_NR_KINDS];
	hs_kind_set kinds;
	bool is_empty;				/* no times are wanted */
	bool has_begun;
	struct hs_cursor *heap[HS_NR_KINDS];	/* those with events left, the next one's first */
	unsigned int heap_size;
	HS_VEC(struct hs_meta_lost) lost;	/* damage found so far, by time; */
	uint64_t time;				/* of the event that was handed out last */
	size_t next_lost;			/* still to be reported from here on */
	struct hs_meta_lost reported;		/* the one that was handed out last */
	struct hs_run run;			/* of hs_reader_next_event */
	size_t run_at;
};

static void drop_reader(struct hs_reader **reader)
{
	hs_reader_close(*reader);
}

void hs_reader_close(struct hs_reader *reader)
{
	if (!reader)
		return;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_cursor_deinit(&reader->cursors[kind]);
	hs_vec_deinit(&reader->lost);
	hs_decompressor_destroy(reader->decompressor);
	hs_index_deinit(&reader->index);
	hs_file_schema_deinit(&reader->schema);
	hs_header_deinit(&reader->header);
	hs_input_close(&reader->input);
	free(reader);
}

static int read_header(struct hs_reader *reader, uint64_t *end, struct hs_error *err)
{
	const char *name = reader->input.name;
	uint8_t head[HS_PART_HEAD];
	hs_auto_free uint8_t *part = NULL;
	int status;

	if (reader->input.bytes < sizeof(head))
		return hs_error_set(err, -EINVAL, "%s: not a hindsight trace", name);
	status = hs_input_read(&reader->input, 0, head, sizeof(head), err);
	if (status)
		return status;
	if (!hs_part_bytes(head) || hs_part_tag(head) != HS_TAG_HEADER)
		return hs_error_set(err, -EINVAL, "%s: not a hindsight trace", name);
	status = hs_part_read(&reader->input, 0, &part, err);
	if (status < 0)
		return status;
	if (!status)
		return hs_error_set(err, -EINVAL, "%s: cut or damaged inside its header; record it again", name);
	*end = hs_part_bytes(part);
	status = hs_header_part_read(part, &reader->header, &reader->schema, err);
	if (status)
		hs_error_prefix(err, "%s", name);
	return status;
}

/* Gives each chunk to its kind's cursor. */
static int sort_chunks(struct hs_reader *reader, struct hs_error *err)
{
	struct hs_reader_state *state = &reader->state;

	for (size_t i = 0; i < reader->index.entries.count; i++) {
		const struct hs_index_entry *entry = &reader->index.entries.items[i];
		int kind = entry->kind < reader->schema.kinds.count ? reader->schema.kinds.items[entry->kind].kind : -1;
		struct hs_cursor *cursor = &reader->cursors[kind < 0 ? 0 : kind];

		if (kind < 0) {
			state->unknown_kinds += entry->nr_rows;
			continue;
		}
		cursor->file_kind = &reader->schema.kinds.items[entry->kind];
		if (!hs_vec_push(&cursor->chunks, (uint32_t)i))
			return hs_error_nomem(err);
		state->nr_events[kind] += entry->nr_rows;
		state->stored_bytes[kind] += entry->bytes;
		if (entry->first_time < state->first_time)
			state->first_time = entry->first_time;
		if (entry->last_time > state->last_time)
			state->last_time = entry->last_time;
	}
	if (state->first_time > state->last_time)
		state->first_time = state->last_time = 0;
	return 0;
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

/* Keeps the list sorted by time. */
static int add_lost(struct hs_reader *reader, const struct hs_meta_lost *lost, struct hs_error *err)
{
	size_t at;

	if (!hs_vec_push(&reader->lost, *lost))
		return hs_error_nomem(err);
	for (at = reader->lost.count - 1; at > reader->next_lost; at--) {
		if (reader->lost.items[at - 1].row.time <= lost->row.time)
			break;
		reader->lost.items[at] = reader->lost.items[at - 1];
	}
	reader->lost.items[at] = *lost;
	return 0;
}

/* Source of a kind of the file; empty: unknown. */
static const char *source_of(const struct hs_reader *reader, unsigned int file_kind)
{
	int kind = file_kind < reader->schema.kinds.count ? reader->schema.kinds.items[file_kind].kind : -1;

	return kind < 0 ? "" : hs_source_name(hs_kind_info((unsigned int)kind)->source);
}

/* What the walk through a file without index could not read. */
static int note_gaps(struct hs_reader *reader, struct hs_error *err)
{
	const struct hs_index *index = &reader->index;
	struct hs_meta_lost lost = {
		.row.time = reader->state.first_time, .cpu = UINT32_MAX, .source = text_of(""),
		.cause = text_of("damaged"), .first_time = reader->state.first_time,
		.last_time = reader->state.last_time,
	};
	int status = 0;

	for (uint64_t i = 0; i < index->damaged_parts && !status; i++)
		status = add_lost(reader, &lost, err);
	if (status || !index->cut_bytes)
		return status;
	lost.cause = text_of("cut");
	lost.row.time = lost.first_time = reader->state.last_time;
	lost.last_time = UINT64_MAX;
	if (index->has_cut_entry) {
		lost.source = text_of(source_of(reader, index->cut_entry.kind));
		lost.count = index->cut_entry.nr_rows;
		lost.row.time = lost.first_time = index->cut_entry.first_time;
		lost.last_time = index->cut_entry.last_time;
	}
	return add_lost(reader, &lost, err);
}

int hs_reader_open(const char *path, struct hs_reader **out, struct hs_error *err)
{
	hs_cleanup(drop_reader) struct hs_reader *reader = calloc(1, sizeof(*reader));
	uint64_t start = 0;
	int status;

	if (!reader)
		return hs_error_nomem(err);
	reader->source.last = UINT64_MAX;
	reader->kinds = (hs_kind_set){ { UINT64_MAX, UINT64_MAX } };
	reader->state.first_time = UINT64_MAX;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		reader->cursors[kind] = (struct hs_cursor){ .kind = kind, .columns = UINT64_MAX };
	status = hs_input_open(path, &reader->input, err);
	if (!status)
		status = read_header(reader, &start, err);
	if (!status)
		status = hs_index_read(&reader->input, start, &reader->index, err);
	if (!status)
		status = sort_chunks(reader, err);
	if (!status)
		status = note_gaps(reader, err);
	if (status)
		return status;
	reader->decompressor = hs_decompressor_create();
	if (!reader->decompressor)
		return hs_error_nomem(err);
	reader->source.input = &reader->input;
	reader->source.index = &reader->index;
	reader->source.decompressor = reader->decompressor;
	reader->source.time_step = reader->header.time_step ? reader->header.time_step : 1;
	reader->state.has_footer = reader->index.has_footer;
	reader->state.file_bytes = reader->input.bytes;
	reader->state.nr_chunks = reader->index.entries.count;
	reader->state.damaged_chunks = reader->index.damaged_parts;
	reader->state.cut_bytes = reader->index.cut_bytes;
	*out = hs_take(&reader);
	return 0;
}

const struct hs_header *hs_reader_header(const struct hs_reader *reader)
{
	return &reader->header;
}

void hs_reader_select_kinds(struct hs_reader *reader, const hs_kind_set *kinds)
{
	reader->kinds = *kinds;
}

void hs_reader_select_time(struct hs_reader *reader, uint64_t from, uint64_t to)
{
	reader->source.from = from;
	reader->source.last = to - 1;
	reader->is_empty = from >= to;
}

void hs_reader_select_columns(struct hs_reader *reader, unsigned int kind, uint64_t column_mask)
{
	reader->cursors[kind].columns = column_mask;
}

void hs_reader_get_state(const struct hs_reader *reader, struct hs_reader_state *state)
{
	*state = reader->state;
}

static bool is_before(const struct hs_cursor *a, const struct hs_cursor *b)
{
	return a->time < b->time || (a->time == b->time && a->kind < b->kind);
}

/* Restores the heap's order below place i, whose cursor has moved on. */
static void sift_down(struct hs_reader *reader, unsigned int i)
{
	struct hs_cursor *moved = reader->heap[i];

	for (unsigned int child; (child = 2 * i + 1) < reader->heap_size; i = child) {
		if (child + 1 < reader->heap_size && is_before(reader->heap[child + 1], reader->heap[child]))
			child++;
		if (!is_before(reader->heap[child], moved))
			break;
		reader->heap[i] = reader->heap[child];
	}
	reader->heap[i] = moved;
}

static void begin(struct hs_reader *reader)
{
	reader->has_begun = true;
	for (unsigned int kind = 0; kind < HS_NR_KINDS && !reader->is_empty; kind++) {
		struct hs_cursor *cursor = &reader->cursors[kind];

		if (!hs_kind_set_has(&reader->kinds, kind) || !cursor->chunks.count)
			continue;
		hs_cursor_start(cursor, &reader->source);
		if (!cursor->is_at_end)
			reader->heap[reader->heap_size++] = cursor;
	}
	for (unsigned int i = reader->heap_size; i-- > 0;)
		sift_down(reader, i);
}

/* The rest of the cursor's chunk could not be decoded. */
static int note_damage(struct hs_reader *reader, const struct hs_cursor *cursor, struct hs_error *err)
{
	const struct hs_index_entry *entry = &reader->index.entries.items[cursor->chunk];
	uint64_t first = cursor->rows_decoded && cursor->last_time > entry->first_time ? cursor->last_time :
											 entry->first_time;
	struct hs_meta_lost lost = {
		.source = text_of(source_of(reader, entry->kind)), .cpu = UINT32_MAX, .cause = text_of("damaged"),
		.count = entry->nr_rows - cursor->rows_decoded, .first_time = first, .last_time = entry->last_time,
	};

	lost.row.time = first > reader->time ? first : reader->time;
	reader->state.damaged_chunks++;
	return add_lost(reader, &lost, err);
}

/* Loads rows of the cursor on top of the heap and puts it where it then belongs. */
static int load_top(struct hs_reader *reader, struct hs_error *err)
{
	struct hs_cursor *cursor = reader->heap[0];
	int status = hs_cursor_load(cursor, &reader->source, err);

	if (status == -EBADMSG)
		status = note_damage(reader, cursor, err);
	if (status < 0)
		return status;
	if (cursor->is_at_end && cursor->row_at >= cursor->nr_rows)
		reader->heap[0] = reader->heap[--reader->heap_size];
	if (reader->heap_size)
		sift_down(reader, 0);
	return 0;
}

/* The event that ends a run of the cursor on top: the first of the others. False: there is none. */
static bool find_limit(const struct hs_reader *reader, uint64_t *time, unsigned int *kind)
{
	const struct hs_cursor *second = reader->heap_size > 1 ? reader->heap[1] : NULL;
	bool has_lost = reader->next_lost < reader->lost.count;

	if (reader->heap_size > 2 && is_before(reader->heap[2], second))
		second = reader->heap[2];
	if (second) {
		*time = second->time;
		*kind = second->kind;
	}
	if (has_lost) {
		const struct hs_row *row = &reader->lost.items[reader->next_lost].row;

		if (!second || row->time < *time || (row->time == *time && HS_KIND_meta_lost < *kind)) {
			*time = row->time;
			*kind = HS_KIND_meta_lost;
		}
	}
	return second || has_lost;
}

/* Rows of the cursor, from row_at on, that come before an event: at least one does. */
static size_t count_before(const struct hs_cursor *cursor, uint64_t time, unsigned int kind)
{
	size_t row_bytes = hs_kind_info(cursor->kind)->row_bytes, low = cursor->row_at + 1, high, step = 1;
	bool with_equal = cursor->kind < kind;

#define IS_BEFORE(row) (hs_cursor_time(cursor, row, row_bytes) < time + with_equal)
	if (with_equal && time == UINT64_MAX)
		return cursor->nr_rows - cursor->row_at;
	while (low + step < cursor->nr_rows && IS_BEFORE(low + step - 1)) {
		low += step;
		step *= 2;
	}
	high = low + step < cursor->nr_rows ? low + step : cursor->nr_rows;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (IS_BEFORE(middle))
			low = middle + 1;
		else
			high = middle;
	}
#undef IS_BEFORE
	return low - cursor->row_at;
}

static void take_run(struct hs_reader *reader, struct hs_run *run)
{
	struct hs_cursor *cursor = reader->heap[0];
	size_t row_bytes = hs_kind_info(cursor->kind)->row_bytes;
	unsigned int kind = 0;
	uint64_t time = 0;

	run->kind = cursor->kind;
	run->chunk = cursor->chunk;
	run->rows = cursor->rows + cursor->row_at * row_bytes;
	run->nr = find_limit(reader, &time, &kind) ? count_before(cursor, time, kind) : cursor->nr_rows - cursor->row_at;
	cursor->row_at += run->nr;
	reader->time = hs_cursor_time(cursor, cursor->row_at - 1, row_bytes);
	cursor->time = cursor->row_at < cursor->nr_rows ? hs_cursor_time(cursor, cursor->row_at, row_bytes) : reader->time;
	sift_down(reader, 0);
}

static bool lost_is_next(const struct hs_reader *reader)
{
	const struct hs_row *row;

	if (reader->next_lost >= reader->lost.count)
		return false;
	row = &reader->lost.items[reader->next_lost].row;
	return !reader->heap_size || row->time < reader->heap[0]->time ||
	       (row->time == reader->heap[0]->time && HS_KIND_meta_lost < reader->heap[0]->kind);
}

/* False: the loss lies outside of what was asked for. */
static bool take_lost(struct hs_reader *reader, struct hs_run *run)
{
	struct hs_meta_lost *lost = &reader->reported;

	*lost = reader->lost.items[reader->next_lost++];
	if (reader->is_empty || !hs_kind_set_has(&reader->kinds, HS_KIND_meta_lost) ||
	    lost->last_time < reader->source.from || lost->first_time > reader->source.last)
		return false;
	if (lost->row.time < reader->source.from)
		lost->row.time = reader->source.from;
	reader->time = lost->row.time;
	*run = (struct hs_run){ .kind = HS_KIND_meta_lost, .nr = 1, .rows = lost };
	return true;
}

int hs_reader_next(struct hs_reader *reader, struct hs_run *run, struct hs_error *err)
{
	if (!reader->has_begun)
		begin(reader);
	for (;;) {
		int status;

		if (lost_is_next(reader)) {
			if (take_lost(reader, run))
				return 1;
			continue;
		}
		if (!reader->heap_size)
			return 0;
		if (reader->heap[0]->row_at < reader->heap[0]->nr_rows) {
			take_run(reader, run);
			return 1;
		}
		status = load_top(reader, err);
		if (status)
			return status;
	}
}

int hs_reader_next_event(struct hs_reader *reader, struct hs_event *event, struct hs_error *err)
{
	if (reader->run_at >= reader->run.nr) {
		int status = hs_reader_next(reader, &reader->run, err);

		reader->run_at = 0;
		if (status <= 0) {
			reader->run.nr = 0;
			return status;
		}
	}
	event->kind = reader->run.kind;
	event->row = (const void *)((const char *)reader->run.rows +
				    reader->run_at++ * hs_kind_info(event->kind)->row_bytes);
	return 1;
}
