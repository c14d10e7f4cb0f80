/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_UNITS_H
#define HS_UNITS_H
/*
 * Numbers with units, in and out. Parsers accept the whole string or nothing: no blanks, no sign, no
 * trailing text. They return 0, -EINVAL (not of this form) or -ERANGE (does not fit), and leave *value
 * untouched on error.
 */
#include <stddef.h>
#include <stdint.h>

/* Decimal or 0x hexadecimal. */
int hs_parse_u64(const char *text, uint64_t *value);

/* As hs_parse_u64, and min <= value <= max, else -ERANGE. */
int hs_parse_u64_in(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Bytes: a number and an optional K, M, G, T (powers of 1024; KiB, KB, k … mean the same). */
int hs_parse_bytes(const char *text, uint64_t *bytes);

/* Nanoseconds: a decimal number, fractions allowed, and ns, us, ms, s, m, h. No unit means seconds. */
int hs_parse_duration(const char *text, uint64_t *ns);

/* "12.3 MiB", "4 KiB", "17 B": at most 12 characters. Returns buffer. */
enum { HS_UNITS_TEXT = 32 };
const char *hs_format_bytes(uint64_t bytes, char buffer[HS_UNITS_TEXT]);
/* "1.234 s", "56.7 ms", "890 ns". */
const char *hs_format_duration(uint64_t ns, char buffer[HS_UNITS_TEXT]);
/* "12,345,678". */
const char *hs_format_count(uint64_t count, char buffer[HS_UNITS_TEXT]);

#endif
