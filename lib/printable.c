// SPDX-License-Identifier: GPL-2.0-only
#include "lib/printable.h"

#include <stdbool.h>
#include <stdint.h>

/* Length of a valid UTF-8 sequence (shortest form, no surrogates) and its code point; 0: not valid. */
static size_t decode_utf8(const unsigned char *text, size_t length, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;

	if (bytes == 0 || bytes > length)
		return 0;
	*code = bytes == 1 ? text[0] : text[0] & (0x7fu >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < smallest[bytes] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return bytes;
}

/* C0, DEL, C1, line and paragraph separators, marks and overrides of the writing direction. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0xfeff ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f);
}

size_t hs_printable_length(const char *text, size_t length)
{
	uint32_t code;
	size_t bytes;

	if (*text >= ' ' && *text < 0x7f)
		return 1;
	bytes = decode_utf8((const unsigned char *)text, length, &code);
	return bytes && !is_control(code) ? bytes : 0;
}
