/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ARGUMENTS_H
#define HS_ARGUMENTS_H
#include "cli/command.h"

/* Parses argv[1…] by the command's tables, answers --help, runs the command; its exit status. */
int hs_command_main(const struct hs_command *command, int argc, char **argv);

/* Options every command has. Terminated by name == NULL. */
extern const struct hs_option hs_common_options[];
/* Options of every command that reads traces. */
extern const struct hs_option hs_trace_options[];

/* The option tables of a command in the order of its help: own, for traces, common; at most three. */
enum { HS_MAX_OPTION_TABLES = 3 };
size_t hs_option_tables(const struct hs_command *command, const struct hs_option *tables[HS_MAX_OPTION_TABLES]);

#endif
