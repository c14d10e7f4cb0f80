/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BYTES_H
#define HS_BYTES_H
/* Little-endian numbers and LEB128 varints in byte buffers. */
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/vec.h"

typedef HS_VEC(uint8_t) hs_buffer;

/* Appends bytes. False: out of memory, nothing changed. */
static inline bool hs_buffer_add(hs_buffer *out, const void *bytes, size_t length)
{
	if (!hs_vec_reserve(out, length))
		return false;
	if (length)
		memcpy(out->items + out->count, bytes, length);
	out->count += length;
	return true;
}

#define HS_DEFINE_LITTLE_ENDIAN(bits) \
	static inline uint##bits##_t hs_load##bits(const void *from) \
	{ \
		uint##bits##_t value; \
		memcpy(&value, from, sizeof(value)); \
		return le##bits##toh(value); \
	} \
	static inline void hs_store##bits(void *to, uint##bits##_t value) \
	{ \
		value = htole##bits(value); \
		memcpy(to, &value, sizeof(value)); \
	}
HS_DEFINE_LITTLE_ENDIAN(16)
HS_DEFINE_LITTLE_ENDIAN(32)
HS_DEFINE_LITTLE_ENDIAN(64)

enum { HS_VARINT_BYTES = 10 };		/* longest LEB128 form of 64 bits */

/* Writes value at to and returns the byte behind it; room for HS_VARINT_BYTES. */
static inline uint8_t *hs_varint_write(uint8_t *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

/*
 * Reads one varint at *at, which ends at the latest before `end`, and moves *at behind it. False: it does
 * not end there, or has more than HS_VARINT_BYTES bytes.
 */
static inline bool hs_varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	const uint8_t *from = *at;
	uint64_t result = 0;

	for (unsigned int shift = 0; from < end && shift < 7 * HS_VARINT_BYTES; shift += 7) {
		result |= (uint64_t)(*from & 0x7f) << shift;
		if (!(*from++ & 0x80)) {
			*at = from;
			*value = result;
			return true;
		}
	}
	return false;
}

/* Small numbers of either sign as small unsigned ones: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
static inline uint64_t hs_zigzag(uint64_t value)
{
	return value << 1 ^ (0 - (value >> 63));
}

static inline uint64_t hs_unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

#endif
