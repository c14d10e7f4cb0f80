/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PART_H
#define HS_PART_H
/*
 * The parts of a trace file that are not compressed: zstd skippable frames with a check sum and a tag.
 *
 *    0  u32  0x184d2a57, one of zstd's magic numbers of skippable frames
 *    4  u32  bytes that follow this field
 *    8  u32  CRC-32 (IEEE 802.3, as zlib's) of all that follows this field
 *   12  u8×4 tag: "hstH" header, "hstC" chunk, "hstI" index, "hstF" footer
 *   16       payload
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "traces/bytes.h"
#include "traces/input.h"

enum {
	HS_PART_MAGIC = 0x184d2a57,
	HS_PART_HEAD = 16,			/* bytes before the payload */
	HS_PART_LIMIT = 256 << 20,		/* no part is larger; more is damage */
	HS_CHUNK_PART_LIMIT = 8 << 10,		/* the same for parts tagged "hstC" */
};

enum hs_tag {					/* as the u32 the four bytes make */
	HS_TAG_HEADER = 'h' | 's' << 8 | 't' << 16 | 'H' << 24,
	HS_TAG_CHUNK = 'h' | 's' << 8 | 't' << 16 | 'C' << 24,
	HS_TAG_INDEX = 'h' | 's' << 8 | 't' << 16 | 'I' << 24,
	HS_TAG_FOOTER = 'h' | 's' << 8 | 't' << 16 | 'F' << 24,
};

/* Begins a part at the end of the buffer; the payload is then appended. False: out of memory. */
bool hs_part_begin(hs_buffer *out, uint32_t tag);
/* Ends the part that begins at offset start of the buffer: fills in size and check sum. */
void hs_part_end(hs_buffer *out, size_t start);

/* Size in the file of the part whose first HS_PART_HEAD bytes these are; 0: they begin no part. */
size_t hs_part_bytes(const uint8_t *head);

static inline uint32_t hs_part_tag(const uint8_t *part)
{
	return hs_load32(part + 12);
}

/* What its check sum should be: of a whole part of hs_part_bytes() bytes. */
uint32_t hs_part_check_sum(const uint8_t *part);

/* A whole part of hs_part_bytes() bytes: is its check sum right? */
bool hs_part_is_whole(const uint8_t *part);

/*
 * Reads the part at offset of a file into *part, to be freed by the caller. 1; 0: there is no whole part there;
 * -errno of reading.
 */
int hs_part_read(const struct hs_input *input, uint64_t offset, uint8_t **part, struct hs_error *err);

#endif
