// SPDX-License-Identifier: GPL-2.0-only
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "replay/model.h"

enum { WIDTH = 80, OPTION_COLUMN = 26 };

int hs_print_version(void)
{
	puts("hindsight " HS_VERSION);
	return HS_EXIT_OK;
}

/* Length of the word at text: up to a blank, a line's end or the end, in bytes and in columns (one per character). */
static size_t word_at(const char *text, size_t *columns)
{
	size_t bytes = 0;

	*columns = 0;
	for (; text[bytes] && text[bytes] != ' ' && text[bytes] != '\n'; bytes++)
		*columns += (text[bytes] & 0xc0) != 0x80;
	return bytes;
}

/*
 * Prints text in lines of at most WIDTH columns, each further one indented; column is where it starts. An
 * empty line in the text stays one.
 */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
	bool is_first = true;

	while (*text) {
		size_t columns, bytes = word_at(text, &columns);

		if (bytes == 0) {
			bool is_paragraph = strncmp(text, "\n\n", 2) == 0;

			text += is_paragraph ? 2 : 1;
			if (is_paragraph)
				printf("\n\n%*s", (int)indent, "");
			column = is_paragraph ? indent : column;
			is_first |= is_paragraph;
			continue;
		}
		if (!is_first && column + 1 + columns > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first) {
			putchar(' ');
			column++;
		}
		is_first = false;
		printf("%.*s", (int)bytes, text);
		column += columns;
		text += bytes;
	}
	putchar('\n');
}

static void print_option(const struct hs_option *option)
{
	size_t columns, argument_columns = 0;
	const char *argument = option->argument ? option->argument : "";

	word_at(argument, &argument_columns);
	columns = (size_t)printf("  %c%c%s--%s", option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
				 option->letter ? ", " : "  ", option->name);
	if (*argument)
		printf(" %s", argument);
	columns += argument_columns + (*argument != '\0');
	if (columns + 2 > OPTION_COLUMN) {
		putchar('\n');
		columns = 0;
	}
	printf("%*s", (int)(OPTION_COLUMN - columns), "");
	print_wrapped(option->help, OPTION_COLUMN, OPTION_COLUMN);
}

static void print_key(const struct hs_policy_key *key)
{
	char values[HS_KEY_VALUES], text[HS_KEY_VALUES + 400];
	size_t columns = (size_t)printf("  %s", key->key);

	if (columns + 2 > OPTION_COLUMN) {
		putchar('\n');
		columns = 0;
	}
	printf("%*s", (int)(OPTION_COLUMN - columns), "");
	snprintf(text, sizeof(text), "%s (%s)", key->help, hs_policy_key_values(key, values));
	print_wrapped(text, OPTION_COLUMN, OPTION_COLUMN);
}

/* What -s and -P take; in one command's help, to which the others refer. */
static void print_keys(void)
{
	puts("\nPolicy keys, for -s and -P; what a policy does not set is as the trace has\nit, or the default:");
	for (size_t i = 0; hs_models[i]; i++)
		for (const struct hs_policy_key *key = hs_models[i]->keys; key && key->key; key++)
			print_key(key);
}

void hs_print_help(const struct hs_command *command)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES];
	size_t count = hs_option_tables(command, tables);

	printf("hindsight %s - %s\n\nUsage: hindsight %s [OPTION…]%s%s\n\n", command->name, command->summary,
	       command->name, *command->operands ? " " : "", command->operands);
	print_wrapped(command->description, 0, 0);
	puts("\nOptions:");
	for (size_t i = 0; i < count; i++)
		for (const struct hs_option *option = tables[i]; option->name; option++)
			print_option(option);
	if (command->examples && command->examples->command)
		puts("\nExamples:");
	for (const struct hs_example *example = command->examples; example && example->command; example++)
		printf("  %s\n      %s\n", example->command, example->what);
	if (strcmp(command->name, "replay") == 0)
		print_keys();
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
	puts("\n'hindsight COMMAND --help' says more about one command, 'man hindsight' about all.");
	return HS_EXIT_OK;
}
