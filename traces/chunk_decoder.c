// SPDX-License-Identifier: GPL-2.0-only
#include "traces/chunk_decoder.h"

#include <errno.h>

#include "lib/cleanup.h"
#include "traces/codec.h"
#include "traces/column.h"
#include "traces/task_order.h"

enum {
	BATCH_BYTES = 64 << 10,		/* of decoded rows at a time: a part of the second-level cache */
	TASK_COLUMN = 1,
};

struct stored_section {
	struct hs_section section;
	int column;			/* of this build, or -1: not wanted */
	size_t at;			/* in decoder->sections */
	/* Of the frame that begins with this section, if one does: */
	size_t frame_contents;
	bool is_wanted;
};

/* A column of this build in the open chunk. */
struct column {
	struct hs_decoder decoder;	/* not open: by task, or all zero */
	/* A column in the order of tasks is decoded as a whole: */
	bool is_by_task;
	void *values;			/* room for value_room of them */
	size_t value_room;
};

struct hs_chunk_decoder {
	const struct hs_input *input;
	const struct hs_file_kind *kind;
	const struct hs_kind_info *info;
	struct hs_decompressor *decompressor;
	uint64_t time_step, wanted;
	struct hs_index_entry entry;
	size_t rows_left, batch_rows;
	size_t used_rows;		/* of the batch that were written since the chunk was opened */
	char *rows;			/* batch_rows rows; what no decoder writes stays 0 */
	hs_buffer frame;		/* compressed */
	hs_buffer sections;		/* of the open chunk, HS_STREAM_PADDING bytes behind them */
	struct column *columns;		/* of info */
	struct hs_task_order order;
	bool has_order;
	uint32_t *places;		/* batch_rows rows' places in it */
	struct stored_section stored[HS_CHUNK_SECTIONS];
	unsigned int nr_stored;
};

static void drop_decoder(struct hs_chunk_decoder **decoder)
{
	hs_chunk_decoder_destroy(*decoder);
}

struct hs_chunk_decoder *hs_chunk_decoder_create(const struct hs_input *input, const struct hs_file_kind *kind,
						 uint64_t time_step, struct hs_decompressor *decompressor,
						 uint64_t columns)
{
	const struct hs_kind_info *info = hs_kind_info((unsigned int)kind->kind);
	hs_cleanup(drop_decoder) struct hs_chunk_decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return NULL;
	*decoder = (struct hs_chunk_decoder){
		.input = input, .kind = kind, .info = info, .decompressor = decompressor, .time_step = time_step,
		.wanted = columns | 1, .batch_rows = BATCH_BYTES / info->row_bytes,
	};
	decoder->rows = calloc(decoder->batch_rows, info->row_bytes);
	decoder->columns = calloc(info->nr_columns, sizeof(*decoder->columns));
	decoder->places = calloc(decoder->batch_rows, sizeof(*decoder->places));
	return decoder->rows && decoder->columns && decoder->places ? hs_take(&decoder) : NULL;
}

static void close_chunk(struct hs_chunk_decoder *decoder)
{
	for (unsigned int i = 0; i < decoder->info->nr_columns; i++) {
		hs_decoder_deinit(&decoder->columns[i].decoder);
		decoder->columns[i].is_by_task = false;
	}
	decoder->has_order = false;
	memset(decoder->rows, 0, decoder->used_rows * decoder->info->row_bytes);
	decoder->used_rows = 0;
	decoder->rows_left = 0;
}

void hs_chunk_decoder_destroy(struct hs_chunk_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->columns && decoder->rows)
		close_chunk(decoder);
	for (unsigned int i = 0; decoder->columns && i < decoder->info->nr_columns; i++)
		free(decoder->columns[i].values);
	hs_task_order_deinit(&decoder->order);
	free(decoder->places);
	free(decoder->columns);
	free(decoder->rows);
	hs_vec_deinit(&decoder->frame);
	hs_vec_deinit(&decoder->sections);
	free(decoder);
}

/* Column of this build that a section of the file belongs to and that is wanted, or -1. */
static int wanted_column(const struct hs_chunk_decoder *decoder, const struct hs_section *section)
{
	int column = section->column < decoder->kind->nr_columns ? decoder->kind->columns[section->column] : -1;

	return column >= 0 && decoder->wanted >> column & 1 ? column : -1;
}

/* Is some wanted column in the order of tasks, so that the index is wanted with it? */
static bool wants_order(const struct hs_chunk_decoder *decoder)
{
	for (unsigned int i = 0; i < decoder->nr_stored; i++)
		if (decoder->stored[i].column >= 0 && decoder->stored[i].section.coding & HS_CODING_BY_TASK)
			return true;
	return false;
}

/* Notes the sections of a part. Gives those of wanted frames their places; returns the bytes that they take. */
static size_t list_sections(struct hs_chunk_decoder *decoder, const uint8_t *part, unsigned int nr)
{
	size_t bytes = 0;
	bool with_index;

	decoder->nr_stored = nr;
	for (unsigned int i = 0; i < nr; i++) {
		decoder->stored[i].section = hs_chunk_section(part, i);
		decoder->stored[i].column = wanted_column(decoder, &decoder->stored[i].section);
	}
	with_index = wants_order(decoder);
	for (unsigned int first = 0, end; first < nr; first = end) {
		struct stored_section *frame = &decoder->stored[first];
		size_t contents = 0;

		frame->is_wanted = false;
		for (end = first; end < nr && (end == first || !decoder->stored[end].section.frame_bytes); end++) {
			struct stored_section *stored = &decoder->stored[end];

			stored->at = bytes + contents;
			contents += stored->section.bytes;
			frame->is_wanted |= stored->column >= 0 || (with_index && stored->section.coding == HS_CODING_index);
		}
		frame->frame_contents = contents;
		bytes += frame->is_wanted ? contents : 0;
	}
	return bytes;
}

/* Puts the contents of a frame of the file at its place in decoder->sections. */
static int load_frame(struct hs_chunk_decoder *decoder, uint64_t offset, const struct stored_section *frame,
		      struct hs_error *err)
{
	size_t frame_bytes = frame->section.frame_bytes;
	int status;

	decoder->frame.count = 0;
	if (!hs_vec_reserve(&decoder->frame, frame_bytes))
		return hs_error_nomem(err);
	status = hs_input_read(decoder->input, offset, decoder->frame.items, frame_bytes, err);
	if (status)
		return status;
	return hs_decompress_frame(decoder->decompressor, decoder->frame.items, frame_bytes,
				   decoder->sections.items + frame->at, frame->frame_contents);
}

static int load_frames(struct hs_chunk_decoder *decoder, uint64_t offset, struct hs_error *err)
{
	for (unsigned int i = 0; i < decoder->nr_stored; i++) {
		const struct stored_section *frame = &decoder->stored[i];
		int status = frame->section.frame_bytes && frame->is_wanted ? load_frame(decoder, offset, frame, err) : 0;

		if (status)
			return status;
		offset += frame->section.frame_bytes;
	}
	return 0;
}

/* Sections of one column, which follow one another. */
struct column_sections {
	const struct stored_section *first;
	struct hs_stream streams[HS_MAX_STREAMS];
	unsigned int nr;
};

/* From section i on. Returns the next column's first section. */
static unsigned int gather_streams(const struct hs_chunk_decoder *decoder, unsigned int i,
				   struct column_sections *found)
{
	*found = (struct column_sections){ .first = &decoder->stored[i] };
	for (; i < decoder->nr_stored; i++) {
		const struct stored_section *stored = &decoder->stored[i];
		const uint8_t *from = decoder->sections.items + stored->at;

		if (stored->section.column != found->first->section.column)
			break;
		if (found->nr < HS_MAX_STREAMS)
			found->streams[found->nr] = (struct hs_stream){ from, from + stored->section.bytes };
		found->nr++;
	}
	return i;
}

/* The index of tasks comes before all columns that are in their order. */
static int open_order(struct hs_chunk_decoder *decoder, const struct column_sections *found)
{
	int status;

	if (decoder->has_order || (found->first->column >= 0 && found->first->column != TASK_COLUMN))
		return -EBADMSG;
	status = hs_task_order_load(&decoder->order, found->streams, found->nr, decoder->entry.nr_rows);
	decoder->has_order = !status;
	return status;
}

/* Decodes a whole column that is in the order of tasks. */
static int load_values(struct hs_chunk_decoder *decoder, struct column *column, unsigned int width)
{
	size_t nr = decoder->entry.nr_rows;
	bool is_whole;

	if (column->value_room < nr) {
		free(column->values);
		column->values = malloc(nr * sizeof(uint64_t));
		column->value_room = column->values ? nr : 0;
	}
	if (!column->values)
		return -ENOMEM;
	is_whole = hs_decoder_read(&column->decoder, column->values, width, nr);
	hs_decoder_deinit(&column->decoder);
	column->is_by_task = true;
	return is_whole ? 0 : -EBADMSG;
}

static int open_column(struct hs_chunk_decoder *decoder, const struct column_sections *found)
{
	struct column *column = &decoder->columns[found->first->column];
	bool is_by_task = found->first->section.coding & HS_CODING_BY_TASK;
	struct hs_decoder_setup setup = {
		.coding = found->first->section.coding & ~(unsigned int)HS_CODING_BY_TASK,
		.width = hs_type_width(decoder->info->columns[found->first->column].type),
		.nr_values = decoder->entry.nr_rows, .streams = found->streams, .nr_streams = found->nr,
		.first_time = decoder->entry.first_time, .scale = decoder->time_step,
	};
	int status;

	if ((setup.coding == HS_CODING_steps) != (found->first->column == 0) ||
	    (is_by_task && (!decoder->has_order || !setup.width)))
		return -EBADMSG;
	if (is_by_task)
		setup.groups = hs_task_order_groups(&decoder->order);
	status = hs_decoder_init(&column->decoder, &setup);
	return status || !is_by_task ? status : load_values(decoder, column, setup.width);
}

static int open_columns(struct hs_chunk_decoder *decoder)
{
	int status = 0;

	for (unsigned int i = 0; i < decoder->nr_stored && !status;) {
		struct column_sections found;

		i = gather_streams(decoder, i, &found);
		if (found.first->section.coding == HS_CODING_index && wants_order(decoder))
			status = open_order(decoder, &found);
		else if (found.first->column >= 0)
			status = found.first->section.coding == HS_CODING_index ? open_order(decoder, &found) :
										    open_column(decoder, &found);
	}
	return status;
}

static int load_sections(struct hs_chunk_decoder *decoder, const uint8_t *part, unsigned int nr, struct hs_error *err)
{
	size_t bytes = list_sections(decoder, part, nr);
	int status;

	decoder->sections.count = 0;
	if (!hs_vec_reserve(&decoder->sections, bytes + HS_STREAM_PADDING))
		return hs_error_nomem(err);
	memset(decoder->sections.items + bytes, 0, HS_STREAM_PADDING);
	status = load_frames(decoder, decoder->entry.offset + hs_part_bytes(part), err);
	return status ? status : open_columns(decoder);
}

int hs_chunk_decoder_open(struct hs_chunk_decoder *decoder, const struct hs_index_entry *entry, struct hs_error *err)
{
	hs_auto_free uint8_t *part = NULL;
	struct hs_chunk_head head;
	int status = hs_part_read(decoder->input, entry->offset, &part, err);

	close_chunk(decoder);
	if (status < 0)
		return status;
	if (!status || hs_part_tag(part) != HS_TAG_CHUNK || hs_chunk_read_head(part, &head) ||
	    entry->bytes != hs_part_bytes(part) + head.data_bytes || entry->nr_rows != head.nr_rows ||
	    entry->kind != head.kind || entry->first_time != head.first_time || entry->last_time != head.last_time)
		return -EBADMSG;
	decoder->entry = *entry;
	status = load_sections(decoder, part, head.nr_sections, err);
	if (status)
		close_chunk(decoder);
	else
		decoder->rows_left = head.nr_rows;
	return status;
}

/* Times never go back (the coding sees to it) and end where the chunk's head says. */
static bool check_times(struct hs_chunk_decoder *decoder, size_t nr)
{
	size_t row_bytes = decoder->info->row_bytes;
	uint64_t last;

	if (!decoder->columns[0].decoder.read)
		for (size_t i = 0; i < nr; i++)
			((struct hs_row *)(void *)(decoder->rows + i * row_bytes))->time = decoder->entry.first_time;
	last = ((struct hs_row *)(void *)(decoder->rows + (nr - 1) * row_bytes))->time;
	return nr < decoder->rows_left ? last <= decoder->entry.last_time : last == decoder->entry.last_time;
}

#define PUT_VALUES(type) \
	for (size_t i = 0; i < nr; i++, to += stride) \
		*(type *)(void *)to = ((const type *)values)[places[i]]

/* Values of a column in the order of tasks, to the rows that they belong to. */
static void put_values(char *to, size_t stride, unsigned int width, const void *values,
		       const uint32_t *places, size_t nr)
{
	if (width == 1)
		PUT_VALUES(uint8_t);
	else if (width == 2)
		PUT_VALUES(uint16_t);
	else if (width == 4)
		PUT_VALUES(uint32_t);
	else
		PUT_VALUES(uint64_t);
}

static bool read_columns(struct hs_chunk_decoder *decoder, size_t nr)
{
	size_t row_bytes = decoder->info->row_bytes;

	if (decoder->has_order)
		hs_task_order_next(&decoder->order, decoder->places, nr, decoder->rows + offsetof(struct hs_row, task),
				   row_bytes);
	for (unsigned int i = 0; i < decoder->info->nr_columns; i++) {
		struct column *column = &decoder->columns[i];
		char *field = decoder->rows + decoder->info->columns[i].offset;

		if (column->is_by_task)
			put_values(field, row_bytes, hs_type_width(decoder->info->columns[i].type), column->values,
				   decoder->places, nr);
		else if (column->decoder.read && !hs_decoder_read(&column->decoder, field, row_bytes, nr))
			return false;
	}
	return true;
}

ssize_t hs_chunk_decoder_next(struct hs_chunk_decoder *decoder, const void **rows)
{
	size_t nr = decoder->rows_left < decoder->batch_rows ? decoder->rows_left : decoder->batch_rows;

	decoder->used_rows = nr > decoder->used_rows ? nr : decoder->used_rows;
	if (nr && (!read_columns(decoder, nr) || !check_times(decoder, nr))) {
		close_chunk(decoder);
		return -EBADMSG;
	}
	decoder->rows_left -= nr;
	*rows = decoder->rows;
	return (ssize_t)nr;
}
