// SPDX-License-Identifier: GPL-2.0-only
#include "traces/chunk_encoder.h"

#include <errno.h>

#include "traces/codec.h"
#include "traces/column.h"
#include "traces/dictionary.h"
#include "traces/part.h"
#include "traces/task_order.h"

enum {
	STEP_ROWS = 64,			/* rows with texts are added so many at a time */
	ONE_FRAME_BYTES = 4096,		/* chunks up to this size are one zstd frame */
	ORDERED_ROWS = 256,		/* chunks from this size on have columns in the order of tasks */
	TIME_COLUMN = 0, TASK_COLUMN = 1,
};

struct column_values {
	uint64_t *values;		/* numbers, or numbers of dictionary entries */
	struct hs_dictionary dictionary;
};

struct hs_chunk_encoder {
	unsigned int kind;
	uint64_t time_step;
	size_t nr_rows, row_room;
	struct column_values *columns;	/* as the kind has */
	struct hs_task_order order;	/* of these rows, if there are ORDERED_ROWS */
	uint64_t *ordered;		/* row_room values of a column in that order */
	uint32_t *places;		/* of the rows in it */
	hs_buffer streams[HS_MAX_STREAMS];
	hs_buffer joined;		/* sections one behind the other */
	struct hs_section sections[HS_CHUNK_SECTIONS];
	unsigned int nr_sections;
};

struct hs_chunk_encoder *hs_chunk_encoder_create(unsigned int kind, uint64_t time_step)
{
	struct hs_chunk_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return NULL;
	encoder->kind = kind;
	encoder->time_step = time_step;
	encoder->columns = calloc(hs_kind_info(kind)->nr_columns, sizeof(*encoder->columns));
	if (!encoder->columns) {
		free(encoder);
		return NULL;
	}
	return encoder;
}

void hs_chunk_encoder_destroy(struct hs_chunk_encoder *encoder)
{
	if (!encoder)
		return;
	for (unsigned int i = 0; i < hs_kind_info(encoder->kind)->nr_columns; i++) {
		free(encoder->columns[i].values);
		hs_dictionary_deinit(&encoder->columns[i].dictionary);
	}
	for (unsigned int i = 0; i < HS_MAX_STREAMS; i++)
		hs_vec_deinit(&encoder->streams[i]);
	hs_vec_deinit(&encoder->joined);
	hs_task_order_deinit(&encoder->order);
	free(encoder->ordered);
	free(encoder->places);
	free(encoder->columns);
	free(encoder);
}

bool hs_chunk_encoder_takes(unsigned int kind, const void *row)
{
	const struct hs_kind_info *info = hs_kind_info(kind);

	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (hs_type_is_bytes(info->columns[i].type) &&
		    hs_column_bytes(&info->columns[i], row)->length > HS_TEXT_LIMIT)
			return false;
	return true;
}

size_t hs_chunk_encoder_step(unsigned int kind)
{
	const struct hs_kind_info *info = hs_kind_info(kind);

	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (hs_type_is_bytes(info->columns[i].type))
			return STEP_ROWS;
	return HS_CHUNK_ROWS;
}

static bool make_room(struct hs_chunk_encoder *encoder, size_t nr)
{
	size_t wanted = encoder->nr_rows + nr, room = encoder->row_room ? encoder->row_room : 64;

	if (wanted <= encoder->row_room)
		return true;
	while (room < wanted)
		room *= 2;
	for (unsigned int i = 0; i < hs_kind_info(encoder->kind)->nr_columns; i++) {
		uint64_t *grown = reallocarray(encoder->columns[i].values, room, sizeof(*grown));

		if (!grown)
			return false;
		encoder->columns[i].values = grown;
	}
	encoder->row_room = room;
	return true;
}

#define COPY_NUMBERS(type) \
	for (size_t i = 0; i < nr; i++, field += stride) \
		to[i] = (uint64_t)(int64_t)*(const type *)(const void *)field

static void add_numbers(uint64_t *to, enum hs_type type, const char *field, size_t stride, size_t nr)
{
	switch (type) {
	case HS_TYPE_u8:
		COPY_NUMBERS(uint8_t);
		break;
	case HS_TYPE_u16:
		COPY_NUMBERS(uint16_t);
		break;
	case HS_TYPE_u32:
		COPY_NUMBERS(uint32_t);
		break;
	case HS_TYPE_i32:
		COPY_NUMBERS(int32_t);
		break;
	default:
		COPY_NUMBERS(uint64_t);
	}
}

/* Bytes that the new texts take, or -ENOMEM. */
static ssize_t add_texts(struct column_values *column, size_t at, const char *field, size_t stride, size_t nr)
{
	size_t before = column->dictionary.coded.count;

	for (size_t i = 0; i < nr; i++, field += stride)
		if (!hs_dictionary_add(&column->dictionary, (const void *)field, &column->values[at + i]))
			return -ENOMEM;
	return (ssize_t)(column->dictionary.coded.count - before);
}

ssize_t hs_chunk_encoder_add(struct hs_chunk_encoder *encoder, const void *rows, size_t nr)
{
	const struct hs_kind_info *info = hs_kind_info(encoder->kind);
	size_t at = encoder->nr_rows;
	ssize_t bytes = (ssize_t)(nr * info->nr_columns * sizeof(uint64_t));

	if (!make_room(encoder, nr))
		return -ENOMEM;
	for (unsigned int i = 0; i < info->nr_columns; i++) {
		const char *field = (const char *)rows + info->columns[i].offset;

		if (hs_type_is_bytes(info->columns[i].type)) {
			ssize_t added = add_texts(&encoder->columns[i], at, field, info->row_bytes, nr);

			if (added < 0)
				return added;
			bytes += added;
		} else {
			add_numbers(encoder->columns[i].values + at, info->columns[i].type, field, info->row_bytes, nr);
		}
	}
	encoder->nr_rows += nr;
	return bytes;
}

size_t hs_chunk_encoder_rows(const struct hs_chunk_encoder *encoder)
{
	return encoder->nr_rows;
}

/* Moves the first nr streams behind the sections that are there. */
static bool join_streams(struct hs_chunk_encoder *encoder, unsigned int column, unsigned int coding, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		hs_buffer *stream = &encoder->streams[i];

		if (!hs_buffer_add(&encoder->joined, stream->items, stream->count))
			return false;
		encoder->sections[encoder->nr_sections++] = (struct hs_section){
			.column = (uint16_t)column, .coding = (uint8_t)coding, .stream = (uint8_t)i,
			.bytes = (uint32_t)stream->count,
		};
		hs_vec_clear(stream);
	}
	return true;
}

static bool is_all_zero(const uint64_t *values, size_t nr)
{
	uint64_t any = 0;

	for (size_t i = 0; i < nr; i++)
		any |= values[i];
	return !any;
}

/* Puts the values of a column in the order of tasks. */
static const uint64_t *order_values(struct hs_chunk_encoder *encoder, const uint64_t *values)
{
	for (size_t i = 0; i < encoder->nr_rows; i++)
		encoder->ordered[encoder->places[i]] = values[i];
	return encoder->ordered;
}

static bool make_order(struct hs_chunk_encoder *encoder)
{
	uint64_t *ordered = reallocarray(encoder->ordered, encoder->row_room, sizeof(*ordered));
	uint32_t *places;

	if (!ordered)
		return false;
	encoder->ordered = ordered;
	places = reallocarray(encoder->places, encoder->row_room, sizeof(*places));
	if (!places)
		return false;
	encoder->places = places;
	if (!hs_task_order_make(&encoder->order, encoder->columns[TASK_COLUMN].values, encoder->nr_rows))
		return false;
	hs_task_order_next(&encoder->order, places, encoder->nr_rows, NULL, 0);
	return true;
}

/* Few runs, small numbers, or any. */
static bool encode_numbers(struct hs_chunk_encoder *encoder, const uint64_t *values, unsigned int *coding)
{
	size_t nr_runs = 1;
	uint64_t any = values[0];

	for (size_t i = 1; i < encoder->nr_rows; i++) {
		nr_runs += values[i] != values[i - 1];
		any |= values[i];
	}
	if (nr_runs <= encoder->nr_rows / 16) {
		*coding = HS_CODING_runs;
		return hs_encode_runs(values, encoder->nr_rows, encoder->streams);
	}
	if (any < 256) {
		*coding = HS_CODING_bytes;
		return hs_encode_bytes(values, encoder->nr_rows, encoder->streams);
	}
	*coding = HS_CODING_delta;
	return hs_encode_delta(values, encoder->nr_rows, encoder->streams);
}

static bool is_address(const struct hs_column_info *column)
{
	return column->type == HS_TYPE_u64 && (column->unit == HS_UNIT_addr || column->unit == HS_UNIT_ip);
}

static bool encode_ordered(struct hs_chunk_encoder *encoder, unsigned int i)
{
	const struct hs_groups groups = hs_task_order_groups(&encoder->order);
	const uint64_t *values = order_values(encoder, encoder->columns[i].values);
	unsigned int coding;

	if (is_address(&hs_kind_info(encoder->kind)->columns[i]))
		return hs_encode_regions(values, &groups, encoder->streams) &&
		       join_streams(encoder, i, HS_CODING_regions | HS_CODING_BY_TASK, 3);
	return encode_numbers(encoder, values, &coding) &&
	       join_streams(encoder, i, coding | HS_CODING_BY_TASK, 1);
}

static bool encode_texts(struct hs_chunk_encoder *encoder, unsigned int i)
{
	const struct hs_dictionary *dictionary = &encoder->columns[i].dictionary;

	if (dictionary->offsets.count == 1 && dictionary->coded.count == 1)
		return true;		/* nothing but empty texts */
	return hs_buffer_add(&encoder->streams[0], dictionary->coded.items, dictionary->coded.count) &&
	       hs_encode_delta(encoder->columns[i].values, encoder->nr_rows, &encoder->streams[1]) &&
	       join_streams(encoder, i, HS_CODING_dictionary, 2);
}

/* Columns of zeros and of empty texts take no section. */
static bool encode_column(struct hs_chunk_encoder *encoder, unsigned int i)
{
	bool is_ordered = encoder->nr_rows >= ORDERED_ROWS;
	const uint64_t *values = encoder->columns[i].values;

	if (hs_type_is_bytes(hs_kind_info(encoder->kind)->columns[i].type))
		return encode_texts(encoder, i);
	if (i == TASK_COLUMN && is_ordered)
		return make_order(encoder) && hs_task_order_encode(&encoder->order, encoder->streams) &&
		       join_streams(encoder, i, HS_CODING_index, 2);
	if (is_all_zero(values, encoder->nr_rows))
		return true;
	if (i == TIME_COLUMN)
		return hs_encode_steps(values, encoder->nr_rows, encoder->streams) &&
		       join_streams(encoder, i, HS_CODING_steps, 2);
	if (is_ordered)
		return encode_ordered(encoder, i);
	return hs_encode_delta(values, encoder->nr_rows, encoder->streams) && join_streams(encoder, i, HS_CODING_delta, 1);
}

/* Times count steps from the first row on. Returns the last row's time. */
static uint64_t rebase_times(struct hs_chunk_encoder *encoder, uint64_t *first_time)
{
	uint64_t *times = encoder->columns[0].values, first = times[0] / encoder->time_step;

	for (size_t i = 0; i < encoder->nr_rows; i++)
		times[i] = times[i] / encoder->time_step - first;
	*first_time = first * encoder->time_step;
	return *first_time + times[encoder->nr_rows - 1] * encoder->time_step;
}

/* Compresses the joined sections behind `out`, in one frame or in one per section. */
static int compress_sections(struct hs_chunk_encoder *encoder, struct hs_compressor *compressor, hs_buffer *out)
{
	bool is_small = encoder->joined.count <= ONE_FRAME_BYTES;
	const uint8_t *from = encoder->joined.items;

	for (unsigned int i = 0; i < encoder->nr_sections; i++) {
		size_t bytes = is_small ? encoder->joined.count : encoder->sections[i].bytes, frame_bytes;

		if (is_small && i)
			break;
		if (!hs_vec_reserve(out, hs_compress_bound(bytes)) ||
		    hs_compress_frame(compressor, from, bytes, out->items + out->count, &frame_bytes))
			return -ENOMEM;
		encoder->sections[i].frame_bytes = (uint32_t)frame_bytes;
		out->count += frame_bytes;
		from += bytes;
	}
	return 0;
}

static void forget_rows(struct hs_chunk_encoder *encoder)
{
	for (unsigned int i = 0; i < hs_kind_info(encoder->kind)->nr_columns; i++)
		hs_dictionary_clear(&encoder->columns[i].dictionary);
	encoder->nr_rows = 0;
	encoder->nr_sections = 0;
	hs_vec_clear(&encoder->joined);
}

int hs_chunk_encoder_finish(struct hs_chunk_encoder *encoder, struct hs_compressor *compressor, hs_buffer *out,
			    struct hs_chunk_head *head)
{
	hs_buffer frames = { 0 };
	int status = 0;

	*head = (struct hs_chunk_head){ .nr_rows = (uint32_t)encoder->nr_rows, .kind = (uint16_t)encoder->kind };
	head->last_time = rebase_times(encoder, &head->first_time);
	for (unsigned int i = 0; i < hs_kind_info(encoder->kind)->nr_columns && !status; i++)
		status = encode_column(encoder, i) ? 0 : -ENOMEM;
	if (!status)
		status = compress_sections(encoder, compressor, &frames);
	head->nr_sections = (uint16_t)encoder->nr_sections;
	head->data_bytes = frames.count;
	if (!status && (!hs_chunk_write_head(out, head, encoder->sections) ||
			!hs_buffer_add(out, frames.items, frames.count)))
		status = -ENOMEM;
	hs_vec_deinit(&frames);
	forget_rows(encoder);
	return status;
}
