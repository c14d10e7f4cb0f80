// SPDX-License-Identifier: GPL-2.0-only
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool hs_is_terminal(FILE *file)
{
	const char *kind = getenv("TERM");

	return isatty(fileno(file)) && kind && strcmp(kind, "dumb") != 0;
}

bool hs_is_coloured(FILE *file)
{
	const char *wish = getenv("NO_COLOR");

	return !(wish && *wish) && hs_is_terminal(file);
}

const char *hs_colour(FILE *file, enum hs_colour colour)
{
	static const char *const sequences[] = {
		[HS_COLOUR_PLAIN] = "\033[0m",	[HS_COLOUR_BOLD] = "\033[1m",	 [HS_COLOUR_DIM] = "\033[2m",
		[HS_COLOUR_RED] = "\033[31m",	[HS_COLOUR_GREEN] = "\033[32m", [HS_COLOUR_YELLOW] = "\033[33m",
	};

	return hs_is_coloured(file) ? sequences[colour] : "";
}
