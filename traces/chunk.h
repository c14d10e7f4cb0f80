/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CHUNK_H
#define HS_CHUNK_H
/*
 * A chunk: rows of one kind, columns apart. In the file it is a part (traces/part.h) tagged "hstC" that
 * lists the sections, followed by the zstd frames that hold them. Payload of the part:
 *
 *    0  u32  rows, 1 to HS_CHUNK_ROWS
 *    4  u16  kind: position in the header's list of kinds
 *    6  u16  sections
 *    8  u64  time of the first row, ns
 *   16  u64  time of the last row, ns
 *   24  u64  bytes of the zstd frames that follow the part
 *   32       sections, HS_SECTION_BYTES each:
 *              0  u16  column: position in the kind's list of columns
 *              2  u8   coding (traces/codec.h)
 *              3  u8   stream of that coding: 0, 1, …
 *              4  u32  bytes of the section
 *              8  u32  bytes of the zstd frame that begins with this section; 0: this section
 *                      follows the one before in the same frame
 */
#include <stddef.h>
#include <stdint.h>

#include "traces/bytes.h"

enum {
	HS_CHUNK_ROWS = 1 << 18,		/* most rows of a chunk */
	HS_CHUNK_BYTES = 64 << 20,		/* most bytes of a chunk's sections together */
	HS_CHUNK_SECTIONS = 256,		/* most sections of a chunk */
	HS_CHUNK_FIXED = 32,			/* bytes of the payload before the sections */
	HS_SECTION_BYTES = 12,
};

struct hs_section {
	uint16_t column;
	uint8_t coding;
	uint8_t stream;
	uint32_t bytes;
	uint32_t frame_bytes;			/* 0: continues the frame before */
};

struct hs_chunk_head {
	uint32_t nr_rows;
	uint16_t kind;				/* of the file, not of this build */
	uint16_t nr_sections;
	uint64_t first_time, last_time;
	uint64_t data_bytes;
};

/* Appends the whole part. False: out of memory. */
bool hs_chunk_write_head(hs_buffer *out, const struct hs_chunk_head *head, const struct hs_section *sections);

/*
 * From a whole part tagged "hstC". 0, or -EBADMSG when its numbers contradict each other or exceed a limit;
 * section sizes then add up to at most HS_CHUNK_BYTES, frame sizes to data_bytes.
 */
int hs_chunk_read_head(const uint8_t *part, struct hs_chunk_head *head);

/* Section i < nr_sections of the same part. */
struct hs_section hs_chunk_section(const uint8_t *part, unsigned int i);

#endif
