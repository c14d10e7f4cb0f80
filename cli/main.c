// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch: `hindsight COMMAND …`. Everything else is in the command's own file. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/table_json.h"

static int dispatch(int argc, char **argv)
{
	if (argc < 2)
		return hs_usage_error(NULL, "no command given");
	if (strcmp(argv[1], "--version") == 0)
		return hs_print_version();
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return hs_print_commands(argc > 2 ? argv[2] : NULL);
	if (strcmp(argv[1], "--tables") == 0)
		return hs_print_tables();
	for (const struct hs_command *const *command = hs_commands; *command; command++)
		if (strcmp((*command)->name, argv[1]) == 0)
			return hs_command_main(*command, argc - 1, argv + 1);
	return hs_usage_error(NULL, "unknown command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	hs_output_init();
	return hs_finish_stdout(dispatch(argc, argv));
}
