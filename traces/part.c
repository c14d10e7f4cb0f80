// SPDX-License-Identifier: GPL-2.0-only
#include "traces/part.h"

#include <zlib.h>

#include "lib/cleanup.h"

bool hs_part_begin(hs_buffer *out, uint32_t tag)
{
	uint8_t head[HS_PART_HEAD] = { 0 };

	hs_store32(head, HS_PART_MAGIC);
	hs_store32(head + 12, tag);
	return hs_buffer_add(out, head, sizeof(head));
}

uint32_t hs_part_check_sum(const uint8_t *part)
{
	return (uint32_t)crc32_z(0, part + 12, hs_load32(part + 4) - 4);
}

void hs_part_end(hs_buffer *out, size_t start)
{
	uint8_t *part = out->items + start;
	size_t part_bytes = out->count - start;

	hs_store32(part + 4, (uint32_t)(part_bytes - 8));
	hs_store32(part + 8, hs_part_check_sum(part));
}

size_t hs_part_bytes(const uint8_t *head)
{
	size_t part_bytes = (size_t)hs_load32(head + 4) + 8;

	return hs_load32(head) == HS_PART_MAGIC && part_bytes >= HS_PART_HEAD && part_bytes <= HS_PART_LIMIT ?
		part_bytes : 0;
}

bool hs_part_is_whole(const uint8_t *part)
{
	return hs_load32(part + 8) == hs_part_check_sum(part);
}

int hs_part_read(const struct hs_input *input, uint64_t offset, uint8_t **part, struct hs_error *err)
{
	uint8_t head[HS_PART_HEAD];
	hs_auto_free uint8_t *whole = NULL;
	size_t part_bytes;
	int status;

	if (offset > input->bytes || input->bytes - offset < HS_PART_HEAD)
		return 0;
	status = hs_input_read(input, offset, head, sizeof(head), err);
	if (status)
		return status;
	part_bytes = hs_part_bytes(head);
	if (!part_bytes || part_bytes > input->bytes - offset ||
	    (hs_part_tag(head) == HS_TAG_CHUNK && part_bytes > HS_CHUNK_PART_LIMIT))
		return 0;
	whole = malloc(part_bytes);
	if (!whole)
		return hs_error_nomem(err);
	status = hs_input_read(input, offset, whole, part_bytes, err);
	if (status || !hs_part_is_whole(whole))
		return status;
	*part = hs_take(&whole);
	return 1;
}
