// SPDX-License-Identifier: GPL-2.0-only
#include "traces/dictionary.h"

/* FNV-1a, over words while they last: 64-byte bitmaps are common. */
static uint64_t hash_bytes(const uint8_t *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ length;

	for (; length >= 8; bytes += 8, length -= 8) {
		hash = (hash ^ hs_load64(bytes)) * 0x100000001b3ull;
		hash ^= hash >> 29;
	}
	for (; length; bytes++, length--)
		hash = (hash ^ *bytes) * 0x100000001b3ull;
	return hash;
}

void hs_dictionary_clear(struct hs_dictionary *dictionary)
{
	hs_vec_clear(&dictionary->coded);
	hs_vec_clear(&dictionary->offsets);
	hs_hash_map_clear(&dictionary->by_hash);
}

void hs_dictionary_deinit(struct hs_dictionary *dictionary)
{
	hs_vec_deinit(&dictionary->coded);
	hs_vec_deinit(&dictionary->offsets);
	hs_hash_map_deinit(&dictionary->by_hash);
}

static bool entry_equals(const struct hs_dictionary *dictionary, uint64_t number, const struct hs_bytes *text)
{
	size_t offset = dictionary->offsets.items[number];
	uint8_t prefix[HS_VARINT_BYTES];
	size_t prefix_bytes = (size_t)(hs_varint_write(prefix, text->length) - prefix);

	return offset >= prefix_bytes && offset + text->length <= dictionary->coded.count &&
	       memcmp(dictionary->coded.items + offset - prefix_bytes, prefix, prefix_bytes) == 0 &&
	       (!text->length || memcmp(dictionary->coded.items + offset, text->data, text->length) == 0);
}

bool hs_dictionary_add(struct hs_dictionary *dictionary, const struct hs_bytes *text, uint64_t *number)
{
	uint64_t hash = hash_bytes(text->data, text->length);
	const uint64_t *known = hs_hash_map_get(&dictionary->by_hash, hash);
	uint64_t next = dictionary->offsets.count;
	uint8_t *to;

	if (known && entry_equals(dictionary, *known, text)) {
		*number = *known;
		return true;
	}
	if (!hs_vec_reserve(&dictionary->coded, HS_VARINT_BYTES + (size_t)text->length) ||
	    !hs_vec_reserve(&dictionary->offsets, 1) || hs_hash_map_put(&dictionary->by_hash, hash, next))
		return false;
	to = hs_varint_write(dictionary->coded.items + dictionary->coded.count, text->length);
	dictionary->offsets.items[dictionary->offsets.count++] = (uint32_t)(to - dictionary->coded.items);
	if (text->length)
		memcpy(to, text->data, text->length);
	dictionary->coded.count = (size_t)(to - dictionary->coded.items) + text->length;
	*number = next;
	return true;
}
