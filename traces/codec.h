/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CODEC_H
#define HS_CODEC_H
/*
 * How the values of one column of one chunk become bytes, before compression. A coding has one or more
 * streams of bytes, each stored as a section of the chunk. traces/FORMAT.md describes each coding; numbers of
 * codings never change their meaning.
 *
 * Values are numbers of 64 bits; those of signed columns are extended. An encoder appends to streams[0 …] and
 * returns false when memory is short.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/bytes.h"
#include "traces/kinds.h"

enum hs_coding {
	HS_CODING_delta = 1,		/* zigzag difference to the value before, LEB128 */
	HS_CODING_dictionary = 2,	/* texts: distinct ones, then the number of each value's, coded as delta */
	HS_CODING_steps = 3,		/* times: differences as a byte for the magnitude and the bits below it */
	HS_CODING_index = 4,		/* the task column: distinct values, then the number of each value's */
	HS_CODING_bytes = 5,		/* numbers below 256, a byte each */
	HS_CODING_runs = 6,		/* value and length of each run of equal values */
	HS_CODING_regions = 7,		/* addresses: region of a task, and difference to the one before in it */
	HS_CODING_BY_TASK = 0x80,	/* added to one of the others: values are in the order of the tasks, see below */
};
enum { HS_MAX_STREAMS = 3 };

/*
 * Order of tasks: the rows of the task that the index coding lists first, then those of its second, …; rows of
 * one task keep their order. group_ends[i]: rows of tasks up to and including i.
 */
struct hs_groups {
	const uint32_t *ends;
	size_t nr;
};

bool hs_encode_delta(const uint64_t *values, size_t nr, hs_buffer *streams);
bool hs_encode_bytes(const uint64_t *values, size_t nr, hs_buffer *streams);
bool hs_encode_runs(const uint64_t *values, size_t nr, hs_buffer *streams);
/* Values never go back. */
bool hs_encode_steps(const uint64_t *values, size_t nr, hs_buffer *streams);
/* Regions are forgotten at the end of each group. */
bool hs_encode_regions(const uint64_t *values, const struct hs_groups *groups, hs_buffer *streams);

/* Bytes behind the end of each stream that a decoder may load (and ignore). */
enum { HS_STREAM_PADDING = 16 };

struct hs_stream {
	const uint8_t *at, *end;
};

/* Decodes a column from its first value to its last. All zero: not open. */
struct hs_decoder {
	/* Stores the next nr values at field, field + stride, …. False: the streams are not what they should be. */
	bool (*read)(struct hs_decoder *decoder, void *field, size_t stride, size_t nr);
	struct hs_stream streams[HS_MAX_STREAMS];
	uint64_t previous;		/* delta, dictionary, runs: last value; steps: last time, ns */
	uint64_t run_left;		/* runs */
	uint64_t bit;			/* steps: bits taken from the second stream */
	uint64_t scale;			/* steps: ns of a step */
	struct hs_bytes *entries;	/* dictionary: owned */
	uint64_t nr_entries;
	struct hs_groups groups;	/* regions: borrowed */
};

/* What a decoder is made from; streams and groups are borrowed until deinit. */
struct hs_decoder_setup {
	unsigned int coding;		/* without HS_CODING_BY_TASK */
	unsigned int width;		/* bytes of the fields that numbers are stored to; 0: struct hs_bytes */
	size_t nr_values;
	const struct hs_stream *streams;
	unsigned int nr_streams;
	uint64_t first_time, scale;	/* steps */
	struct hs_groups groups;	/* regions, which are read all at once */
};

/* 0; -EBADMSG: the streams are not what the coding asks for; -ENOMEM. */
int hs_decoder_init(struct hs_decoder *decoder, const struct hs_decoder_setup *setup);
void hs_decoder_deinit(struct hs_decoder *decoder);

static inline bool hs_decoder_read(struct hs_decoder *decoder, void *field, size_t stride, size_t nr)
{
	return decoder->read(decoder, field, stride, nr);
}

/* Parts of hs_decoder_init: each coding's own. Same answers. */
int hs_decoder_init_steps(struct hs_decoder *decoder, const struct hs_decoder_setup *setup);
int hs_decoder_init_regions(struct hs_decoder *decoder, const struct hs_decoder_setup *setup);

#endif
