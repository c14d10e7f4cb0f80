// SPDX-License-Identifier: GPL-2.0-only
#include "traces/chunk.h"

#include <errno.h>

#include "traces/part.h"

bool hs_chunk_write_head(hs_buffer *out, const struct hs_chunk_head *head, const struct hs_section *sections)
{
	size_t start = out->count;
	uint8_t *to;

	if (!hs_vec_reserve(out, (size_t)HS_PART_HEAD + HS_CHUNK_FIXED + head->nr_sections * (size_t)HS_SECTION_BYTES) ||
	    !hs_part_begin(out, HS_TAG_CHUNK))
		return false;
	to = out->items + out->count;
	hs_store32(to, head->nr_rows);
	hs_store16(to + 4, head->kind);
	hs_store16(to + 6, head->nr_sections);
	hs_store64(to + 8, head->first_time);
	hs_store64(to + 16, head->last_time);
	hs_store64(to + 24, head->data_bytes);
	to += HS_CHUNK_FIXED;
	for (unsigned int i = 0; i < head->nr_sections; i++, to += HS_SECTION_BYTES) {
		hs_store16(to, sections[i].column);
		to[2] = sections[i].coding;
		to[3] = sections[i].stream;
		hs_store32(to + 4, sections[i].bytes);
		hs_store32(to + 8, sections[i].frame_bytes);
	}
	out->count = (size_t)(to - out->items);
	hs_part_end(out, start);
	return true;
}

struct hs_section hs_chunk_section(const uint8_t *part, unsigned int i)
{
	const uint8_t *from = part + HS_PART_HEAD + HS_CHUNK_FIXED + (size_t)i * HS_SECTION_BYTES;

	return (struct hs_section){
		.column = hs_load16(from), .coding = from[2], .stream = from[3], .bytes = hs_load32(from + 4),
		.frame_bytes = hs_load32(from + 8),
	};
}

/* Sizes add up, columns come in ascending order, streams from 0 on. */
static bool sections_are_legal(const uint8_t *part, const struct hs_chunk_head *head)
{
	uint64_t bytes = 0, frame_bytes = 0;
	struct hs_section before = { 0 };

	for (unsigned int i = 0; i < head->nr_sections; i++) {
		struct hs_section section = hs_chunk_section(part, i);

		if (i == 0 ? section.stream || !section.frame_bytes :
		    section.stream ? section.column != before.column || section.coding != before.coding ||
				     section.stream != before.stream + 1 :
				     section.column <= before.column)
			return false;
		bytes += section.bytes;
		frame_bytes += section.frame_bytes;
		before = section;
	}
	return bytes <= HS_CHUNK_BYTES && frame_bytes == head->data_bytes;
}

int hs_chunk_read_head(const uint8_t *part, struct hs_chunk_head *head)
{
	const uint8_t *from = part + HS_PART_HEAD;
	size_t part_bytes = hs_part_bytes(part);

	if (part_bytes < HS_PART_HEAD + HS_CHUNK_FIXED)
		return -EBADMSG;
	*head = (struct hs_chunk_head){
		.nr_rows = hs_load32(from), .kind = hs_load16(from + 4), .nr_sections = hs_load16(from + 6),
		.first_time = hs_load64(from + 8), .last_time = hs_load64(from + 16), .data_bytes = hs_load64(from + 24),
	};
	if (part_bytes != HS_PART_HEAD + HS_CHUNK_FIXED + (size_t)head->nr_sections * HS_SECTION_BYTES ||
	    head->nr_rows < 1 || head->nr_rows > HS_CHUNK_ROWS || head->nr_sections > HS_CHUNK_SECTIONS ||
	    head->first_time > head->last_time || !sections_are_legal(part, head))
		return -EBADMSG;
	return 0;
}
