/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TERMINAL_H
#define HS_TERMINAL_H
#include <stdbool.h>
#include <stdio.h>

/* A terminal that can redraw its line (not TERM=dumb). */
bool hs_is_terminal(FILE *file);
/* A terminal, and the user has not set NO_COLOR (https://no-color.org). */
bool hs_is_coloured(FILE *file);

enum hs_colour { HS_COLOUR_PLAIN, HS_COLOUR_BOLD, HS_COLOUR_DIM, HS_COLOUR_RED, HS_COLOUR_GREEN, HS_COLOUR_YELLOW };

/* The escape sequence, or "" where file is not coloured. */
const char *hs_colour(FILE *file, enum hs_colour colour);

#endif
