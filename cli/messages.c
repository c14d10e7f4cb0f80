// SPDX-License-Identifier: GPL-2.0-only
/* What the user is told on stderr. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/command.h"

int hs_fail(int status, const struct hs_error *err)
{
	fprintf(stderr, "hindsight: %s\n", err->text);
	return status;
}

int hs_failf(int status, const char *format, ...)
{
	struct hs_error err;
	va_list args;

	va_start(args, format);
	hs_error_vset(&err, status, format, args);
	va_end(args);
	return hs_fail(status, &err);
}

int hs_usage_error(const char *command, const char *format, ...)
{
	struct hs_error err;
	va_list args;

	va_start(args, format);
	hs_error_vset(&err, HS_EXIT_USAGE, format, args);
	va_end(args);
	fprintf(stderr, "hindsight: %s; try 'hindsight %s%s--help'\n", err.text, command ? command : "",
		command ? " " : "");
	return HS_EXIT_USAGE;
}
