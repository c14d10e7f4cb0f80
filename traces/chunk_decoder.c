// SPDX-License-Identifier: GPL-2.0-only
#include "traces/chunk_decoder.h"

#include <errno.h>

#include "lib/cleanup.h"
#include "traces/codec.h"
#include "traces/column.h"

/* Bytes of decoded rows at a time: a part of the second-level cache. */
enum { BATCH_BYTES = 128 << 10 };

struct stored_section {
	struct hs_section section;
	int column;			/* of this build, or -1: not wanted */
	size_t at;			/* in decoder->sections */
	/* Of the frame that begins with this section, if one does: */
	size_t frame_contents;
	bool is_wanted;
};

struct hs_chunk_decoder {
	const struct hs_input *input;
	const struct hs_file_kind *kind;
	const struct hs_kind_info *info;
	struct hs_decompressor *decompressor;
	uint64_t time_step, columns;
	struct hs_index_entry entry;
	uint64_t last_time;		/* of the batch before */
	size_t rows_left, batch_rows;
	size_t used_rows;		/* of the batch that were written since the chunk was opened */
	char *rows;			/* batch_rows rows; what no decoder writes stays 0 */
	hs_buffer frame;		/* compressed */
	hs_buffer sections;		/* of the open chunk, HS_STREAM_PADDING bytes behind them */
	struct hs_decoder *decoders;	/* one per column of info */
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
		.columns = columns | 1, .batch_rows = BATCH_BYTES / info->row_bytes,
	};
	decoder->rows = calloc(decoder->batch_rows, info->row_bytes);
	decoder->decoders = calloc(info->nr_columns, sizeof(*decoder->decoders));
	return decoder->rows && decoder->decoders ? hs_take(&decoder) : NULL;
}

static void close_chunk(struct hs_chunk_decoder *decoder)
{
	for (unsigned int i = 0; i < decoder->info->nr_columns; i++)
		hs_decoder_deinit(&decoder->decoders[i]);
	memset(decoder->rows, 0, decoder->used_rows * decoder->info->row_bytes);
	decoder->used_rows = 0;
	decoder->rows_left = 0;
}

void hs_chunk_decoder_destroy(struct hs_chunk_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->decoders && decoder->rows)
		close_chunk(decoder);
	free(decoder->decoders);
	free(decoder->rows);
	hs_vec_deinit(&decoder->frame);
	hs_vec_deinit(&decoder->sections);
	free(decoder);
}

/* Column of this build that a section of the file belongs to and that is wanted, or -1. */
static int wanted_column(const struct hs_chunk_decoder *decoder, const struct hs_section *section)
{
	int column = section->column < decoder->kind->nr_columns ? decoder->kind->columns[section->column] : -1;

	return column >= 0 && decoder->columns >> column & 1 ? column : -1;
}

/* Notes the sections of a part. Gives those of wanted frames their places; returns the bytes that they take. */
static size_t list_sections(struct hs_chunk_decoder *decoder, const uint8_t *part, unsigned int nr)
{
	size_t bytes = 0;

	decoder->nr_stored = nr;
	for (unsigned int first = 0, end; first < nr; first = end) {
		struct stored_section *frame = &decoder->stored[first];
		size_t contents = 0;

		frame->is_wanted = false;
		for (end = first; end < nr; end++) {
			struct stored_section *stored = &decoder->stored[end];

			stored->section = hs_chunk_section(part, end);
			if (end > first && stored->section.frame_bytes)
				break;
			stored->column = wanted_column(decoder, &stored->section);
			stored->at = bytes + contents;
			contents += stored->section.bytes;
			frame->is_wanted |= stored->column >= 0;
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

/* Starts the decoders of the wanted columns. A column's sections follow one another. */
static int open_columns(struct hs_chunk_decoder *decoder)
{
	for (unsigned int i = 0, next; i < decoder->nr_stored; i = next) {
		const struct stored_section *stored = &decoder->stored[i];
		struct hs_stream streams[HS_MAX_STREAMS];
		int status;

		for (next = i; next < decoder->nr_stored; next++) {
			const struct stored_section *other = &decoder->stored[next];
			const uint8_t *from = decoder->sections.items + other->at;

			if (other->section.column != stored->section.column)
				break;
			if (next - i < HS_MAX_STREAMS)
				streams[next - i] = (struct hs_stream){ from, from + other->section.bytes };
		}
		if (stored->column < 0)
			continue;
		status = hs_decoder_init(&decoder->decoders[stored->column], stored->section.coding,
					 hs_type_width(decoder->info->columns[stored->column].type), streams, next - i);
		if (status)
			return status;
	}
	return 0;
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
	decoder->last_time = entry->first_time;
	status = load_sections(decoder, part, head.nr_sections, err);
	if (status)
		close_chunk(decoder);
	else
		decoder->rows_left = head.nr_rows;
	return status;
}

/* Steps since the first row become ns. False: times go back, or not to the last time of the chunk's head. */
static bool set_times(struct hs_chunk_decoder *decoder, size_t nr)
{
	uint64_t before = decoder->last_time;
	char *row = decoder->rows;
	bool goes_back = false, has_times = decoder->decoders[0].read;

	for (size_t i = 0; i < nr; i++, row += decoder->info->row_bytes) {
		uint64_t *time = &((struct hs_row *)(void *)row)->time;

		*time = decoder->entry.first_time + (has_times ? *time * decoder->time_step : 0);
		goes_back |= *time < before;
		before = *time;
	}
	decoder->last_time = before;
	return !goes_back && before <= decoder->entry.last_time &&
	       (nr < decoder->rows_left || before == decoder->entry.last_time);
}

ssize_t hs_chunk_decoder_next(struct hs_chunk_decoder *decoder, const void **rows)
{
	size_t nr = decoder->rows_left < decoder->batch_rows ? decoder->rows_left : decoder->batch_rows;
	bool is_whole = true;

	decoder->used_rows = nr > decoder->used_rows ? nr : decoder->used_rows;
	for (unsigned int i = 0; i < decoder->info->nr_columns && is_whole; i++)
		if (decoder->decoders[i].read)
			is_whole = hs_decoder_read(&decoder->decoders[i], decoder->rows + decoder->info->columns[i].offset,
						   decoder->info->row_bytes, nr);
	if (!is_whole || (nr && !set_times(decoder, nr))) {
		close_chunk(decoder);
		return -EBADMSG;
	}
	decoder->rows_left -= nr;
	*rows = decoder->rows;
	return (ssize_t)nr;
}
