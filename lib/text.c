// SPDX-License-Identifier: GPL-2.0-only
#include "lib/text.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/printable.h"

enum { DIGITS_U64 = 20 };

static const char hex_digits[] = "0123456789abcdef";

void hs_text_deinit(struct hs_text *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

bool hs_text_grow(struct hs_text *text, size_t n)
{
	size_t room = text->capacity ? text->capacity : 4096;
	char *grown = NULL;

	while (room - text->used < n && room <= SIZE_MAX / 4)
		room *= 2;
	if (room - text->used >= n)
		grown = realloc(text->data, room);
	if (!grown) {
		text->is_short = true;
		return false;
	}
	text->data = grown;
	text->capacity = room;
	return true;
}

void hs_text_add_digits(struct hs_text *text, uint64_t number, unsigned int digits)
{
	char buffer[DIGITS_U64];
	unsigned int at = DIGITS_U64;

	while (number || DIGITS_U64 - at < digits) {
		buffer[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	hs_text_add_bytes(text, buffer + at, DIGITS_U64 - at);
}

void hs_text_add_u64(struct hs_text *text, uint64_t number)
{
	hs_text_add_digits(text, number, 1);
}

void hs_text_add_i64(struct hs_text *text, int64_t number)
{
	if (number < 0)
		hs_text_add_char(text, '-');
	hs_text_add_u64(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void hs_text_add_hex(struct hs_text *text, uint64_t number)
{
	int nibbles = number ? (67 - __builtin_clzll(number)) / 4 : 1;

	hs_text_add_bytes(text, "0x", 2);
	if (!hs_text_reserve(text, 16))
		return;
	while (nibbles--)
		text->data[text->used++] = hex_digits[number >> (4 * nibbles) & 15];
}

void hs_text_add_hex_bytes(struct hs_text *text, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	if (!hs_text_reserve(text, 2 * length))
		return;
	for (size_t i = 0; i < length; i++) {
		text->data[text->used++] = hex_digits[bytes[i] >> 4];
		text->data[text->used++] = hex_digits[bytes[i] & 15];
	}
}

void hs_text_add_printable(struct hs_text *text, const char *data, size_t length)
{
	size_t at = 0;

	while (at < length) {
		size_t bytes = hs_printable_length(data + at, length - at);

		if (bytes == 0) {
			hs_text_add_bytes(text, "\\x", 2);
			hs_text_add_hex_bytes(text, data + at, 1);
			at++;
			continue;
		}
		if (data[at] == '\\')
			hs_text_add_char(text, '\\');
		hs_text_add_bytes(text, data + at, bytes);
		at += bytes;
	}
}

void hs_text_pad(struct hs_text *text, size_t from, size_t column)
{
	do
		hs_text_add_char(text, ' ');
	while (text->used - from < column && !text->is_short);
}

int hs_text_write(struct hs_text *text, FILE *out, const char *name, struct hs_error *err)
{
	if (text->is_short)
		return hs_error_nomem(err);
	errno = 0;
	if (text->used && fwrite(text->data, 1, text->used, out) != text->used) {
		int code = errno ? errno : EIO;

		return hs_error_set(err, -code, "cannot write %s: %s", name, strerror(code));
	}
	text->used = 0;
	return 0;
}
