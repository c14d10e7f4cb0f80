/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CODEC_H
#define HS_CODEC_H
/*
 * How the numbers of one column of one chunk become bytes, before compression. A coding has one or more
 * streams of bytes, each stored as a section of the chunk. FORMAT.md describes each coding; numbers of
 * codings never change their meaning.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/bytes.h"
#include "traces/kinds.h"

enum hs_coding {
	HS_CODING_delta = 1,		/* numbers: zigzag difference to the row before, LEB128 */
	HS_CODING_dictionary = 2,	/* text and bytes: distinct values, then per row the number of one, coded as delta */
	HS_NR_CODINGS
};
enum { HS_MAX_STREAMS = 2 };

/* Appends the coded forms to streams[0 …]. False: out of memory. */
bool hs_encode_delta(const uint64_t *values, size_t nr, hs_buffer *streams);

/* Bytes behind the end of each stream that a decoder may load (and ignore). */
enum { HS_STREAM_PADDING = 16 };

struct hs_stream {
	const uint8_t *at, *end;
};

/* Decodes a column from its first row to its last. All zero: not open. */
struct hs_decoder {
	bool (*read)(struct hs_decoder *decoder, void *field, size_t stride, size_t nr);
	struct hs_stream streams[HS_MAX_STREAMS];
	uint64_t previous;
	struct hs_bytes *entries;	/* of a dictionary, owned */
	uint64_t nr_entries;
};

/*
 * width: bytes of the field that numbers are stored to (0: struct hs_bytes). The streams are borrowed until
 * deinit. 0; -EBADMSG: not what the coding asks for; -ENOMEM.
 */
int hs_decoder_init(struct hs_decoder *decoder, unsigned int coding, unsigned int width,
		    const struct hs_stream *streams, unsigned int nr_streams);
void hs_decoder_deinit(struct hs_decoder *decoder);

/* Stores the next nr rows' values at field, field + stride, … False: the streams end before, or are wrong. */
static inline bool hs_decoder_read(struct hs_decoder *decoder, void *field, size_t stride, size_t nr)
{
	return decoder->read(decoder, field, stride, nr);
}

#endif
