// SPDX-License-Identifier: GPL-2.0-only
/* What the user is told on stderr. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/progress.h"

static void say(const struct hs_error *err, const char *tail)
{
	hs_progress_erase();
	fprintf(stderr, "hindsight: %s%s\n", err->text, tail);
}

int hs_fail(int status, const struct hs_error *err)
{
	if (err->code == -EPIPE)
		return HS_EXIT_OK;
	say(err, "");
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

int hs_fail_nomem(void)
{
	struct hs_error err;

	hs_error_nomem(&err);
	return hs_fail(HS_EXIT_FAILED, &err);
}

void hs_notef(const struct hs_arguments *arguments, int verbosity, const char *format, ...)
{
	struct hs_error note;
	va_list args;

	if (hs_verbosity(arguments) < verbosity)
		return;
	va_start(args, format);
	hs_error_vset(&note, 0, format, args);
	va_end(args);
	say(&note, "");
}

int hs_usage_error(const char *command, const char *format, ...)
{
	struct hs_error err;
	char tail[80];
	va_list args;

	va_start(args, format);
	hs_error_vset(&err, HS_EXIT_USAGE, format, args);
	va_end(args);
	snprintf(tail, sizeof(tail), "; try 'hindsight %s%s--help'", command ? command : "", command ? " " : "");
	say(&err, tail);
	return HS_EXIT_USAGE;
}
