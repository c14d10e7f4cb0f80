// SPDX-License-Identifier: GPL-2.0-only
#include "traces/index.h"

#include <errno.h>

#include "lib/cleanup.h"

void hs_index_deinit(struct hs_index *index)
{
	hs_vec_deinit(&index->entries);
	*index = (struct hs_index){ 0 };
}

static void store_entry(uint8_t *to, const struct hs_index_entry *entry)
{
	hs_store64(to, entry->offset);
	hs_store64(to + 8, entry->bytes);
	hs_store64(to + 16, entry->first_time);
	hs_store64(to + 24, entry->last_time);
	hs_store32(to + 32, entry->nr_rows);
	hs_store16(to + 36, entry->kind);
	hs_store16(to + 38, 0);
}

static struct hs_index_entry load_entry(const uint8_t *from)
{
	return (struct hs_index_entry){
		.offset = hs_load64(from), .bytes = hs_load64(from + 8), .first_time = hs_load64(from + 16),
		.last_time = hs_load64(from + 24), .nr_rows = hs_load32(from + 32), .kind = hs_load16(from + 36),
	};
}

bool hs_index_write(const struct hs_index *index, uint64_t offset, hs_buffer *out)
{
	size_t start = out->count;
	uint8_t coded[HS_INDEX_ENTRY], footer[24];
	uint64_t nr_events = 0;

	if (!hs_part_begin(out, HS_TAG_INDEX))
		return false;
	hs_vec_for_each(entry, &index->entries) {
		store_entry(coded, entry);
		nr_events += entry->nr_rows;
		if (!hs_buffer_add(out, coded, sizeof(coded)))
			return false;
	}
	hs_part_end(out, start);
	start = out->count;
	hs_store64(footer, offset);
	hs_store64(footer + 8, index->entries.count);
	hs_store64(footer + 16, nr_events);
	if (!hs_part_begin(out, HS_TAG_FOOTER) || !hs_buffer_add(out, footer, sizeof(footer)))
		return false;
	hs_part_end(out, start);
	return true;
}

/* Entries lie one behind the other between the header and the index. */
static bool add_entries(struct hs_index *index, const uint8_t *part, uint64_t start, uint64_t end)
{
	size_t count = (hs_part_bytes(part) - HS_PART_HEAD) / HS_INDEX_ENTRY;

	for (size_t i = 0; i < count; i++) {
		struct hs_index_entry entry = load_entry(part + HS_PART_HEAD + i * HS_INDEX_ENTRY);

		if (entry.offset < start || entry.offset > end || entry.bytes > end - entry.offset || !entry.bytes ||
		    !entry.nr_rows || entry.first_time > entry.last_time || !hs_vec_push(&index->entries, entry))
			return false;
		start = entry.offset + entry.bytes;
	}
	return true;
}

/* The index by way of the footer. 1; 0: there is no footer and index that fit together; or -errno. */
static int read_footer(const struct hs_input *input, uint64_t start, struct hs_index *index, struct hs_error *err)
{
	hs_auto_free uint8_t *footer = NULL, *part = NULL;
	uint64_t end, offset;
	int status;

	if (input->bytes < start + HS_FOOTER_BYTES)
		return 0;
	end = input->bytes - HS_FOOTER_BYTES;
	status = hs_part_read(input, end, &footer, err);
	if (status < 1 || hs_part_tag(footer) != HS_TAG_FOOTER || hs_part_bytes(footer) != HS_FOOTER_BYTES)
		return status < 0 ? status : 0;
	offset = hs_load64(footer + HS_PART_HEAD);
	if (offset < start || offset > end)
		return 0;
	status = hs_part_read(input, offset, &part, err);
	if (status < 1 || hs_part_tag(part) != HS_TAG_INDEX || offset + hs_part_bytes(part) != end)
		return status < 0 ? status : 0;
	if (!add_entries(index, part, start, offset) ||
	    index->entries.count != hs_load64(footer + HS_PART_HEAD + 8)) {
		hs_vec_clear(&index->entries);
		return 0;
	}
	return 1;
}

/* A whole chunk head at offset? 1 and its entry, whose frames may reach over the end of the file; 0; -errno. */
static int read_chunk_entry(const struct hs_input *input, uint64_t offset, struct hs_index_entry *entry,
			    uint64_t *part_end, struct hs_error *err)
{
	hs_auto_free uint8_t *part = NULL;
	struct hs_chunk_head head;
	int status = hs_part_read(input, offset, &part, err);

	if (status < 1 || hs_part_tag(part) != HS_TAG_CHUNK || hs_chunk_read_head(part, &head))
		return status < 0 ? status : 0;
	*part_end = offset + hs_part_bytes(part);
	*entry = (struct hs_index_entry){
		.offset = offset, .bytes = hs_part_bytes(part) + head.data_bytes, .first_time = head.first_time,
		.last_time = head.last_time, .nr_rows = head.nr_rows, .kind = head.kind,
	};
	return 1;
}

/* First whole chunk head at or behind *offset: 1 and its offset; 0: none; -errno. */
static int find_chunk(const struct hs_input *input, uint64_t *offset, struct hs_error *err)
{
	enum { WINDOW = 1 << 16, OVERLAP = 3 };
	hs_auto_free uint8_t *window = malloc(WINDOW);
	uint64_t at = *offset, part_end;
	struct hs_index_entry entry;
	uint8_t magic[4];

	if (!window)
		return hs_error_nomem(err);
	hs_store32(magic, HS_PART_MAGIC);
	while (at < input->bytes && input->bytes - at > OVERLAP) {
		size_t length = input->bytes - at < WINDOW ? (size_t)(input->bytes - at) : WINDOW;
		int status = hs_input_read(input, at, window, length, err);

		if (status)
			return status;
		for (uint8_t *hit = window; (hit = memmem(hit, (size_t)(window + length - hit), magic, 4)) != NULL; hit++) {
			*offset = at + (uint64_t)(hit - window);
			status = read_chunk_entry(input, *offset, &entry, &part_end, err);
			if (status)
				return status;
		}
		at += length - OVERLAP;
	}
	return 0;
}

/* Do the events end at offset: is there an index, or a footer that says it? 1; 0; -errno. */
static int is_end(const struct hs_input *input, uint64_t offset, struct hs_error *err)
{
	hs_auto_free uint8_t *part = NULL, *footer = NULL;
	int status = hs_part_read(input, offset, &part, err);

	if (status < 0 || (status && hs_part_tag(part) == HS_TAG_INDEX))
		return status;
	if (input->bytes - offset < HS_FOOTER_BYTES)
		return 0;
	status = hs_part_read(input, input->bytes - HS_FOOTER_BYTES, &footer, err);
	if (status < 1 || hs_part_tag(footer) != HS_TAG_FOOTER || hs_part_bytes(footer) != HS_FOOTER_BYTES)
		return status < 0 ? status : 0;
	return hs_load64(footer + HS_PART_HEAD) == offset;
}

/* A whole part of a later version of the format: 1 and the offset behind it; 0; -errno. */
static int skip_part(const struct hs_input *input, uint64_t *offset, struct hs_error *err)
{
	hs_auto_free uint8_t *part = NULL;
	int status = hs_part_read(input, *offset, &part, err);

	/* A second header: files were put together; what follows has another schema. */
	if (status < 1 || hs_part_tag(part) == HS_TAG_HEADER || hs_part_tag(part) == HS_TAG_CHUNK)
		return status < 0 ? status : 0;
	*offset += hs_part_bytes(part);
	return 1;
}

/*
 * Finds where to go on behind bytes at *at that are no whole chunk: 1; 0: nowhere, what is left was cut; -errno.
 * cut: the chunk whose head those bytes begin with, or NULL. Its frames end too early, which shows when they are
 * read. A next chunk may begin inside of what `search_from` bytes on was taken for the chunk before.
 */
static int pass_over(const struct hs_input *input, uint64_t *at, uint64_t search_from, struct hs_index_entry *cut,
		     struct hs_index *index, struct hs_error *err)
{
	int status = find_chunk(input, &search_from, err);

	if (status <= 0)
		return status;
	if (cut) {
		cut->bytes = search_from - *at;
		if (!hs_vec_push(&index->entries, *cut))
			return hs_error_nomem(err);
	} else {
		index->damaged_parts += search_from >= *at;
	}
	*at = search_from;
	return 1;
}

/* Walks from part to part; over damage to the next chunk that can be recognized. */
static int walk(const struct hs_input *input, uint64_t at, struct hs_index *index, struct hs_error *err)
{
	uint64_t part_end = at;		/* of the last chunk's head */
	struct hs_index_entry entry;

	while (at < input->bytes) {
		int status = read_chunk_entry(input, at, &entry, &part_end, err);
		bool is_chunk = status > 0, is_whole = is_chunk && entry.bytes <= input->bytes - at;

		if (is_whole) {
			if (!hs_vec_push(&index->entries, entry))
				return hs_error_nomem(err);
			at += entry.bytes;
			continue;
		}
		if (!status)
			status = is_end(input, at, err);
		if (status < 0 || (status && !is_chunk))
			return status < 0 ? status : 0;
		status = is_chunk ? 0 : skip_part(input, &at, err);
		if (!status)
			status = pass_over(input, &at, part_end, is_chunk ? &entry : NULL, index, err);
		if (status < 0)
			return status;
		if (!status) {
			index->cut_bytes = input->bytes - at;
			index->has_cut_entry = is_chunk;
			index->cut_entry = entry;
			return 0;
		}
	}
	return 0;
}

int hs_index_read(const struct hs_input *input, uint64_t start, struct hs_index *index, struct hs_error *err)
{
	int status = read_footer(input, start, index, err);

	if (status) {
		index->has_footer = status > 0;
		return status < 0 ? status : 0;
	}
	return walk(input, start, index, err);
}
