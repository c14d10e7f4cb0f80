/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_JSON_TEXT_H
#define HS_JSON_TEXT_H
#include <jansson.h>
#include <stddef.h>

/*
 * A JSON string of text from a trace: as it is when it is UTF-8 without NUL, else with the offending bytes as
 * \xNN (lib/text.h). NULL out of memory.
 */
json_t *hs_json_text(const char *data, size_t length);

/* Prints root to stdout with a newline and drops it; an hs_exit. NULL: a part could not be made. */
int hs_json_print(json_t *root);

#endif
