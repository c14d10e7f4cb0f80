/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CHUNK_ENCODER_H
#define HS_CHUNK_ENCODER_H
/* Collects rows of one kind, column by column, and makes a chunk of them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "traces/chunk.h"
#include "traces/compress.h"

enum { HS_TEXT_LIMIT = 1 << 16 };	/* most bytes of one text or blob */

struct hs_chunk_encoder;

/* time_step: ns, at least 1. NULL: out of memory. destroy accepts NULL. */
struct hs_chunk_encoder *hs_chunk_encoder_create(unsigned int kind, uint64_t time_step);
void hs_chunk_encoder_destroy(struct hs_chunk_encoder *encoder);

/* Are the row's texts short enough? */
bool hs_chunk_encoder_takes(unsigned int kind, const void *row);

/* Most rows to add in one call, so that the sizes of texts are looked at in between. */
size_t hs_chunk_encoder_step(unsigned int kind);

/* Adds rows in time order, at most HS_CHUNK_ROWS in all. Bytes of memory they take, or -ENOMEM. */
ssize_t hs_chunk_encoder_add(struct hs_chunk_encoder *encoder, const void *rows, size_t nr);

size_t hs_chunk_encoder_rows(const struct hs_chunk_encoder *encoder);

/* Appends part and frames of the collected rows, one at least, and forgets them. 0 or -ENOMEM. */
int hs_chunk_encoder_finish(struct hs_chunk_encoder *encoder, struct hs_compressor *compressor, hs_buffer *out,
			    struct hs_chunk_head *head);

#endif
