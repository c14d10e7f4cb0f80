/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEXT_FILE_H
#define HS_TEXT_FILE_H
/* Small files of procfs and sysfs. */
#include <stddef.h>
#include <stdint.h>

/* Reads the file without its trailing newline into text (terminated, cut to size). Length, or -errno. */
int hs_text_file_read(const char *path, char *text, size_t size);

/* First number in the file, or otherwise. Numbers may be decimal or, with base 16, hexadecimal without 0x. */
int64_t hs_text_file_number(const char *path, int base, int64_t otherwise);

#endif
