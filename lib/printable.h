/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PRINTABLE_H
#define HS_PRINTABLE_H
/*
 * What may be sent to a terminal. Text from a trace or a file name is hostile: control characters move
 * the cursor and change colours, the C1 range does the same in UTF-8, direction marks reorder what is read.
 */
#include <stddef.h>

/*
 * Bytes of the character at text (1 to 4) if it is valid UTF-8 that only shows itself, else 0: the first
 * byte must be escaped or replaced. length > 0 bytes are readable.
 */
size_t hs_printable_length(const char *text, size_t length);

#endif
