// SPDX-License-Identifier: GPL-2.0-only
#include "lib/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/printable.h"

/* A sentence may quote file names and trace strings: keep it on one line and off the terminal's controls. */
static void make_printable(char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t bytes = hs_printable_length(text, left);

		if (bytes == 0) {
			*text = '?';
			bytes = 1;
		}
		text += bytes;
		left -= bytes;
	}
}

int hs_error_vset(struct hs_error *err, int code, const char *format, va_list args)
{
	if (!err)
		return code;
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), format, args);
	make_printable(err->text);
	return code;
}

int hs_error_set(struct hs_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hs_error_vset(err, code, format, args);
	va_end(args);
	return code;
}

int hs_error_prefix(struct hs_error *err, const char *format, ...)
{
	char old[sizeof(err->text)];
	va_list args;
	size_t used;

	if (!err)
		return 0;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	make_printable(err->text);
	return err->code;
}

int hs_error_nomem(struct hs_error *err)
{
	return hs_error_set(err, -ENOMEM, "out of memory; close other programs or use a smaller input");
}
