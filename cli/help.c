// SPDX-License-Identifier: GPL-2.0-only
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"

int hs_print_version(void)
{
	puts("hindsight " HS_VERSION);
	return HS_EXIT_OK;
}

static void print_options(const struct hs_option *options)
{
	for (; options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", options->letter ? '-' : ' ',
			 options->letter ? options->letter : ' ', options->letter ? ", " : "  ", options->name,
			 options->argument ? " " : "", options->argument ? options->argument : "");
		printf(strlen(left) < 26 ? "  %-26s %s\n" : "  %s\n                             %s\n", left,
		       options->help);
	}
}

void hs_print_help(const struct hs_command *command)
{
	printf("hindsight %s - %s\n\nUsage: hindsight %s [OPTION…] %s\n\n%s\n\nOptions:\n", command->name,
	       command->summary, command->name, command->operands, command->description);
	print_options(command->options);
	print_options(hs_common_options);
	if (command->examples && command->examples->command)
		puts("\nExamples:");
	for (const struct hs_example *example = command->examples; example && example->command; example++)
		printf("  %s\n      %s\n", example->command, example->what);
}

int hs_print_commands(const char *name)
{
	const struct hs_command *const *command;

	for (command = hs_commands; name && *command; command++)
		if (strcmp((*command)->name, name) == 0) {
			hs_print_help(*command);
			return HS_EXIT_OK;
		}
	if (name)
		return hs_usage_error(NULL, "unknown command '%s'", name);
	puts("hindsight - records what the kernel's memory manager decided, and replays it offline\n\n"
	     "Usage: hindsight COMMAND [OPTION…] [FILE…]\n\nCommands:");
	for (command = hs_commands; *command; command++)
		printf("  %-12s %s\n", (*command)->name, (*command)->summary);
	puts("\n'hindsight COMMAND --help' says more about one command.");
	return HS_EXIT_OK;
}
