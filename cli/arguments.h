/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ARGUMENTS_H
#define HS_ARGUMENTS_H
#include "cli/command.h"

/* Parses argv[1…] by the command's tables, answers --help, runs the command; its exit status. */
int hs_command_main(const struct hs_command *command, int argc, char **argv);

/* Options every command has: -h/--help, --version, -q/--quiet, -v/--verbose. Terminated by name == NULL. */
extern const struct hs_option hs_common_options[];

#endif
