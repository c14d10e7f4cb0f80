// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times. Each difference to the one before, plus 4, is a code of one byte and the bits that the code leaves
 * open: code c has c / 4 open bits below three upper ones, which are 4 + c % 4. Codes gather in one stream, where
 * zstd's entropy coding finds them; the bits, which nothing compresses, in another, the first in the lowest bit
 * of the first byte. All numbers are modulo 2^64.
 */
#include <errno.h>

#include "traces/codec.h"

enum {
	LAST_CODE = 62 * 4,		/* of the differences whose sum with 4 needs 65 bits */
	MOST_OPEN = 63,			/* of any byte */
};

static inline unsigned int open_bits(unsigned int code)
{
	return code / 4;
}

static unsigned int code_of(uint64_t difference)
{
	unsigned int open;

	if (difference > UINT64_MAX - 4)
		return LAST_CODE;
	open = 61 - (unsigned int)__builtin_clzll(difference + 4);
	return open * 4 + (unsigned int)((difference + 4) >> open & 3);
}

/* Adds the lowest nr bits of value, at most 62, at bit position *at of zeroed memory. */
static void add_bits(uint8_t *bytes, uint64_t *at, uint64_t value, unsigned int nr)
{
	unsigned int shift = *at % 8;
	uint8_t *to = bytes + *at / 8;

	value &= (1ull << nr) - 1;
	hs_store64(to, hs_load64(to) | value << shift);
	if (shift + nr > 64)
		to[8] = (uint8_t)(value >> (64 - shift));
	*at += nr;
}

bool hs_encode_steps(const uint64_t *values, size_t nr, hs_buffer *streams)
{
	hs_buffer *codes = &streams[0], *bits = &streams[1];
	size_t start = bits->count, room = nr * 8 + 16;
	uint64_t previous = nr ? values[0] : 0, at = 0;

	if (!hs_vec_reserve(codes, nr) || !hs_vec_reserve(bits, room))
		return false;
	memset(bits->items + start, 0, room);
	for (size_t i = 0; i < nr; i++) {
		uint64_t difference = values[i] - previous;
		unsigned int code = code_of(difference);

		codes->items[codes->count++] = (uint8_t)code;
		add_bits(bits->items + start, &at, difference + 4, open_bits(code));
		previous = values[i];
	}
	bits->count += (at + 7) / 8;
	return true;
}

/* Values whose bits are known to be there. False: times go back. */
static inline bool read_some(struct hs_decoder *decoder, char *to, size_t stride, size_t nr)
{
	const uint8_t *from = decoder->streams[0].at, *bits = decoder->streams[1].at;
	uint64_t bit = decoder->bit, time = decoder->previous, scale = decoder->scale;
	bool goes_back = false;

	for (size_t i = 0; i < nr; i++, to += stride) {
		unsigned int code = from[i], open = open_bits(code), shift = bit % 8;
		const uint8_t *word = bits + bit / 8;
		uint64_t low = hs_load64(word) >> shift, before = time;

		/* 57 bits are there whatever the shift. */
		if (__builtin_expect(open > 57, 0) && shift)
			low |= (uint64_t)word[8] << (64 - shift);
		time += (((4ull + code % 4) << open) - 4 + (low & ((1ull << open) - 1))) * scale;
		goes_back |= time < before;
		bit += open;
		*(uint64_t *)(void *)to = time;
	}
	decoder->streams[0].at += nr;
	decoder->bit = bit;
	decoder->previous = time;
	return !goes_back;
}

/* As long as bits are plenty, many values without looking; then one by one. */
static bool read_steps(struct hs_decoder *decoder, void *field, size_t stride, size_t nr)
{
	const struct hs_stream *bits = &decoder->streams[1];
	char *to = field;

	while (nr) {
		uint64_t left = (uint64_t)(bits->end - bits->at) * 8 - decoder->bit, some = left / MOST_OPEN;

		if (!some) {
			if (left < open_bits(*decoder->streams[0].at))
				return false;
			some = 1;
		}
		some = some < nr ? some : nr;
		if (!read_some(decoder, to, stride, some))
			return false;
		to += some * stride;
		nr -= some;
	}
	return true;
}

int hs_decoder_init_steps(struct hs_decoder *decoder, const struct hs_decoder_setup *setup)
{
	const struct hs_stream *codes = &setup->streams[0];

	if (setup->nr_streams != 2 || setup->width != 8 || (size_t)(codes->end - codes->at) != setup->nr_values)
		return -EBADMSG;
	decoder->read = read_steps;
	decoder->previous = setup->first_time;
	decoder->scale = setup->scale;
	return 0;
}
