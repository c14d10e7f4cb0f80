// SPDX-License-Identifier: GPL-2.0-only
#include "traces/codec.h"

#include <errno.h>
#include <stdlib.h>

bool hs_encode_delta(const uint64_t *values, size_t nr, hs_buffer *streams)
{
	uint64_t previous = 0;
	uint8_t *to;

	if (!hs_vec_reserve(streams, nr * HS_VARINT_BYTES))
		return false;
	to = streams->items + streams->count;
	for (size_t i = 0; i < nr; i++) {
		to = hs_varint_write(to, hs_zigzag(values[i] - previous));
		previous = values[i];
	}
	streams->count = (size_t)(to - streams->items);
	return true;
}

bool hs_encode_bytes(const uint64_t *values, size_t nr, hs_buffer *streams)
{
	if (!hs_vec_reserve(streams, nr))
		return false;
	for (size_t i = 0; i < nr; i++)
		streams->items[streams->count++] = (uint8_t)values[i];
	return true;
}

/* Each run: zigzag difference of its value to the run before, and its length less 1. */
bool hs_encode_runs(const uint64_t *values, size_t nr, hs_buffer *streams)
{
	uint64_t previous = 0;

	for (size_t i = 0, end; i < nr; i = end) {
		uint8_t coded[2 * HS_VARINT_BYTES], *to;

		for (end = i + 1; end < nr && values[end] == values[i]; end++)
			;
		to = hs_varint_write(coded, hs_zigzag(values[i] - previous));
		to = hs_varint_write(to, end - i - 1);
		if (!hs_buffer_add(streams, coded, (size_t)(to - coded)))
			return false;
		previous = values[i];
	}
	return true;
}

/* Most differences take one byte. */
static inline bool read_difference(struct hs_stream *stream, uint64_t *value)
{
	uint64_t coded;

	if (stream->at < stream->end && *stream->at < 0x80)
		coded = *stream->at++;
	else if (!hs_varint_read(&stream->at, stream->end, &coded))
		return false;
	*value += hs_unzigzag(coded);
	return true;
}

/* Begins the next run. */
static bool read_run(struct hs_decoder *decoder)
{
	struct hs_stream *stream = &decoder->streams[0];

	if (!read_difference(stream, &decoder->previous) || !hs_varint_read(&stream->at, stream->end, &decoder->run_left))
		return false;
	return ++decoder->run_left != 0;
}

#define DEFINE_READ(type) \
	static bool read_delta_##type(struct hs_decoder *decoder, void *field, size_t stride, size_t nr) \
	{ \
		struct hs_stream stream = decoder->streams[0]; \
		uint64_t value = decoder->previous; \
		char *to = field; \
		for (size_t i = 0; i < nr; i++, to += stride) { \
			if (!read_difference(&stream, &value)) \
				return false; \
			*(type *)(void *)to = (type)value; \
		} \
		decoder->streams[0] = stream; \
		decoder->previous = value; \
		return true; \
	} \
	static bool read_bytes_##type(struct hs_decoder *decoder, void *field, size_t stride, size_t nr) \
	{ \
		const uint8_t *from = decoder->streams[0].at; \
		char *to = field; \
		for (size_t i = 0; i < nr; i++, to += stride) \
			*(type *)(void *)to = from[i]; \
		decoder->streams[0].at += nr; \
		return true; \
	} \
	static bool read_runs_##type(struct hs_decoder *decoder, void *field, size_t stride, size_t nr) \
	{ \
		char *to = field; \
		while (nr) { \
			if (!decoder->run_left && !read_run(decoder)) \
				return false; \
			size_t same = decoder->run_left < nr ? (size_t)decoder->run_left : nr; \
			for (size_t i = 0; i < same; i++, to += stride) \
				*(type *)(void *)to = (type)decoder->previous; \
			decoder->run_left -= same; \
			nr -= same; \
		} \
		return true; \
	}
DEFINE_READ(uint8_t)
DEFINE_READ(uint16_t)
DEFINE_READ(uint32_t)
DEFINE_READ(uint64_t)

#define READ_OF(coding, width) \
	((width) == 1 ? read_##coding##_uint8_t : (width) == 2 ? read_##coding##_uint16_t : \
	 (width) == 4 ? read_##coding##_uint32_t : read_##coding##_uint64_t)

static bool read_dictionary(struct hs_decoder *decoder, void *field, size_t stride, size_t nr)
{
	char *to = field;

	for (size_t i = 0; i < nr; i++, to += stride) {
		if (!read_difference(&decoder->streams[1], &decoder->previous) ||
		    decoder->previous >= decoder->nr_entries)
			return false;
		*(struct hs_bytes *)(void *)to = decoder->entries[decoder->previous];
	}
	return true;
}

/* The dictionary: for each entry its length and its bytes. */
static int load_entries(struct hs_decoder *decoder)
{
	struct hs_stream stream = decoder->streams[0];
	HS_VEC(struct hs_bytes) entries = { 0 };

	while (stream.at < stream.end) {
		uint64_t length;

		if (!hs_varint_read(&stream.at, stream.end, &length) || length > (uint64_t)(stream.end - stream.at)) {
			hs_vec_deinit(&entries);
			return -EBADMSG;
		}
		if (!hs_vec_push(&entries, (struct hs_bytes){ stream.at, (uint32_t)length })) {
			hs_vec_deinit(&entries);
			return -ENOMEM;
		}
		stream.at += length;
	}
	decoder->entries = entries.items;
	decoder->nr_entries = entries.count;
	return 0;
}

static int init_number(struct hs_decoder *decoder, const struct hs_decoder_setup *setup)
{
	size_t bytes = setup->nr_streams ? (size_t)(setup->streams[0].end - setup->streams[0].at) : 0;

	if (setup->nr_streams != 1 || (setup->coding == HS_CODING_bytes && bytes != setup->nr_values))
		return -EBADMSG;
	decoder->read = setup->coding == HS_CODING_delta ? READ_OF(delta, setup->width) :
			setup->coding == HS_CODING_bytes ? READ_OF(bytes, setup->width) : READ_OF(runs, setup->width);
	return 0;
}

static int init_dictionary(struct hs_decoder *decoder, const struct hs_decoder_setup *setup)
{
	if (setup->nr_streams != 2)
		return -EBADMSG;
	decoder->read = read_dictionary;
	return load_entries(decoder);
}

int hs_decoder_init(struct hs_decoder *decoder, const struct hs_decoder_setup *setup)
{
	int status = -EBADMSG;

	*decoder = (struct hs_decoder){ 0 };
	if (setup->nr_streams > HS_MAX_STREAMS || (setup->coding == HS_CODING_dictionary) != !setup->width)
		return -EBADMSG;
	memcpy(decoder->streams, setup->streams, setup->nr_streams * sizeof(*setup->streams));
	switch (setup->coding) {
	case HS_CODING_delta:
	case HS_CODING_bytes:
	case HS_CODING_runs:
		status = init_number(decoder, setup);
		break;
	case HS_CODING_dictionary:
		status = init_dictionary(decoder, setup);
		break;
	case HS_CODING_steps:
		status = hs_decoder_init_steps(decoder, setup);
		break;
	case HS_CODING_regions:
		status = hs_decoder_init_regions(decoder, setup);
		break;
	}
	if (status)
		hs_decoder_deinit(decoder);
	return status;
}

void hs_decoder_deinit(struct hs_decoder *decoder)
{
	free(decoder->entries);
	*decoder = (struct hs_decoder){ 0 };
}
