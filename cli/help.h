/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HELP_H
#define HS_HELP_H
#include "cli/command.h"

int hs_print_version(void);
/* The list of commands, or one command's help; an hs_exit. */
int hs_print_commands(const char *name);
/* One command's help page on stdout. */
void hs_print_help(const struct hs_command *command);

#endif
