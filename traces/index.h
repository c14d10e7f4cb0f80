/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_INDEX_H
#define HS_INDEX_H
/*
 * Where the chunks are. The last two parts of a file that ended cleanly:
 *
 *   "hstI": for each chunk, in file order, HS_INDEX_ENTRY bytes:
 *      0  u64 offset of its part in the file     8  u64 bytes of part and frames
 *     16  u64 first time                        24  u64 last time
 *     32  u32 rows                              36  u16 kind           38  u16 0
 *   "hstF": 0  u64 offset of the index part      8  u64 chunks         16  u64 events
 *
 * Without them (or when they are damaged) the chunks are found by walking the file.
 */
#include "lib/error.h"
#include "traces/chunk.h"
#include "traces/input.h"
#include "traces/part.h"

enum {
	HS_INDEX_ENTRY = 40,
	HS_FOOTER_BYTES = HS_PART_HEAD + 24,
};

struct hs_index_entry {
	uint64_t offset, bytes;
	uint64_t first_time, last_time;
	uint32_t nr_rows;
	uint16_t kind;			/* of the file */
};

struct hs_index {
	HS_VEC(struct hs_index_entry) entries;
	bool has_footer;
	uint64_t damaged_parts;		/* places where a chunk's head was unreadable; what it held is unknown */
	uint64_t cut_bytes;		/* behind the last whole part */
	bool has_cut_entry;		/* those bytes begin with the readable head of a chunk: */
	struct hs_index_entry cut_entry;
};

void hs_index_deinit(struct hs_index *index);

/* Appends index and footer parts; offset is where they will stand in the file. False: out of memory. */
bool hs_index_write(const struct hs_index *index, uint64_t offset, hs_buffer *out);

/*
 * Finds the chunks that follow the header part (start: offset behind it), from the index or by walking.
 * Entries then lie inside the file one behind the other; the times of a kind may still be out of order.
 * 0, or -errno of reading.
 */
int hs_index_read(const struct hs_input *input, uint64_t start, struct hs_index *index, struct hs_error *err);

#endif
