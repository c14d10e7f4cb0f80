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

#define DEFINE_READ_DELTA(type) \
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
	}
DEFINE_READ_DELTA(uint8_t)
DEFINE_READ_DELTA(uint16_t)
DEFINE_READ_DELTA(uint32_t)
DEFINE_READ_DELTA(uint64_t)

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

int hs_decoder_init(struct hs_decoder *decoder, unsigned int coding, unsigned int width,
		    const struct hs_stream *streams, unsigned int nr_streams)
{
	*decoder = (struct hs_decoder){ 0 };
	if (nr_streams > HS_MAX_STREAMS)
		return -EBADMSG;
	memcpy(decoder->streams, streams, nr_streams * sizeof(*streams));
	if (coding == HS_CODING_delta && nr_streams == 1 && width) {
		decoder->read = width == 1 ? read_delta_uint8_t : width == 2 ? read_delta_uint16_t :
				width == 4 ? read_delta_uint32_t : read_delta_uint64_t;
		return 0;
	}
	if (coding == HS_CODING_dictionary && nr_streams == 2 && !width) {
		decoder->read = read_dictionary;
		return load_entries(decoder);
	}
	return -EBADMSG;
}

void hs_decoder_deinit(struct hs_decoder *decoder)
{
	free(decoder->entries);
	*decoder = (struct hs_decoder){ 0 };
}
