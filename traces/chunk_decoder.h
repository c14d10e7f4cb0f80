/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CHUNK_DECODER_H
#define HS_CHUNK_DECODER_H
/* Reads one chunk of a file after the other into rows of this build, a batch at a time. */
#include <stddef.h>
#include <stdint.h>

#include "traces/compress.h"
#include "traces/file_schema.h"
#include "traces/index.h"

struct hs_chunk_decoder;

/*
 * For chunks of one kind of the file that this build knows. All but columns are borrowed for the decoder's
 * lifetime. columns: bit i set: column i of hs_kind_info is decoded; the others may read as 0. NULL: out of memory.
 */
struct hs_chunk_decoder *hs_chunk_decoder_create(const struct hs_input *input, const struct hs_file_kind *kind,
						 uint64_t time_step, struct hs_decompressor *decompressor,
						 uint64_t columns);
void hs_chunk_decoder_destroy(struct hs_chunk_decoder *decoder);

/* Begins with a chunk; rows of the one before become invalid. 0; -EBADMSG: damaged; -errno of reading, -ENOMEM. */
int hs_chunk_decoder_open(struct hs_chunk_decoder *decoder, const struct hs_index_entry *entry, struct hs_error *err);

/*
 * The next rows of the open chunk, valid until the next call: how many; 0: no more; -EBADMSG: the rest is damaged.
 */
ssize_t hs_chunk_decoder_next(struct hs_chunk_decoder *decoder, const void **rows);

#endif
