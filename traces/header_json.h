/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HEADER_JSON_H
#define HS_HEADER_JSON_H
/* The header as a JSON object; the same object begins the text form and stands in the binary file. */
#include <jansson.h>

#include "lib/error.h"
#include "traces/header.h"

enum { HS_TEXT_VERSION = 1 };		/* value of the first key, "hindsight" */

/* A new object, empty fields left out; NULL: out of memory. Strings that are not UTF-8 become {"hex": …}. */
json_t *hs_header_to_json(const struct hs_header *header);

/* Fills an empty header. -EINVAL says which key is wrong; unknown keys are skipped. */
int hs_header_from_json(const json_t *object, struct hs_header *header, struct hs_error *err);

/* Text or bytes as a JSON string, or {"hex": …} where they are not UTF-8. NULL: out of memory. */
json_t *hs_bytes_to_json(const struct hs_bytes *bytes);

/* Lower-case hex digits of bytes, 2 * length of them, and a 0. */
void hs_hex_encode(const void *bytes, size_t length, char *digits);

/* Bytes of an even number of hex digits; false: something else. */
bool hs_hex_decode(const char *digits, size_t nr_digits, void *bytes);

#endif
