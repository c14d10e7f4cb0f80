/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEXT_H
#define HS_TEXT_H
/*
 * Text that is built piece by piece and written in large blocks: several times faster than printf, for
 * output of one line per event. Running out of memory is remembered and reported by hs_text_write.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/error.h"

/* All zero is a valid empty text. */
struct hs_text {
	char *data;		/* not terminated */
	size_t used;
	size_t capacity;
	bool is_short;		/* memory ran out: something is missing */
};

void hs_text_deinit(struct hs_text *text);

/* Room for n more bytes; false: out of memory, and is_short is set. */
bool hs_text_grow(struct hs_text *text, size_t n);

static inline bool hs_text_reserve(struct hs_text *text, size_t n)
{
	return text->capacity - text->used >= n || hs_text_grow(text, n);
}

static inline void hs_text_add_char(struct hs_text *text, char c)
{
	if (hs_text_reserve(text, 1))
		text->data[text->used++] = c;
}

static inline void hs_text_add_bytes(struct hs_text *text, const void *data, size_t length)
{
	if (length && hs_text_reserve(text, length)) {
		memcpy(text->data + text->used, data, length);
		text->used += length;
	}
}

static inline void hs_text_add(struct hs_text *text, const char *string)
{
	hs_text_add_bytes(text, string, strlen(string));
}

void hs_text_add_u64(struct hs_text *text, uint64_t number);
void hs_text_add_i64(struct hs_text *text, int64_t number);
/* With at least digits digits, zeros in front; digits <= 20. */
void hs_text_add_digits(struct hs_text *text, uint64_t number, unsigned int digits);
/* "0x7f12": lower case, no leading zeros. */
void hs_text_add_hex(struct hs_text *text, uint64_t number);
/* Bytes as pairs of hex digits. */
void hs_text_add_hex_bytes(struct hs_text *text, const void *data, size_t length);

/*
 * Hostile text for a terminal: what hs_printable_length allows as it is, a backslash doubled, every other
 * byte as \xNN.
 */
void hs_text_add_printable(struct hs_text *text, const char *data, size_t length);

/* Blanks up to column bytes behind `from`; at least one. */
void hs_text_pad(struct hs_text *text, size_t from, size_t column);

/* Writes everything and empties the text: 0, or -errno and a sentence naming `name`. */
int hs_text_write(struct hs_text *text, FILE *out, const char *name, struct hs_error *err);

#endif
