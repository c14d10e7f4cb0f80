// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight completion bash`: a completion script from the command tables. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"

/* Words of options with or without an argument, as "--name -n " lists. */
static void print_words(const struct hs_command *command, bool with_argument)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES];
	size_t count = hs_option_tables(command, tables);

	for (size_t i = 0; i < count; i++)
		for (const struct hs_option *option = tables[i]; option->name; option++) {
			if (with_argument && !option->argument)
				continue;
			printf(" --%s", option->name);
			if (option->letter)
				printf(" -%c", option->letter);
		}
}

static void print_cases(const char *variable, bool with_argument)
{
	puts("\tcase $command in");
	for (const struct hs_command *const *command = hs_commands; *command; command++) {
		printf("\t%s) %s='", (*command)->name, variable);
		print_words(*command, with_argument);
		puts(" ' ;;");
	}
	puts("\tesac");
}

static int run(const struct hs_arguments *command_line)
{
	const char *shell = hs_operand(command_line, 0);

	if (strcmp(shell, "bash") != 0)
		return hs_usage_error("completion", "unknown shell '%s', there is: bash", shell);
	puts("# bash completion of hindsight, made by 'hindsight completion bash'\n"
	     "_hindsight()\n{\n"
	     "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tlocal command=${COMP_WORDS[1]} options='' arguments='' names=''\n"
	     "\tCOMPREPLY=()\n"
	     "\tif [ \"$COMP_CWORD\" = 1 ]; then");
	fputs("\t\tnames='help", stdout);
	for (const struct hs_command *const *command = hs_commands; *command; command++)
		printf(" %s", (*command)->name);
	puts(" --help --version'\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$current\")\n"
	     "\t\treturn\n\tfi");
	print_cases("options", false);
	print_cases("arguments", true);
	puts("\tcase \"$arguments\" in\n"
	     "\t*\" $previous \"*) ;;\n"
	     "\t*)\n\t\tif [[ $current == -* ]]; then\n"
	     "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	     "\t\t\treturn\n\t\tfi ;;\n"
	     "\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	     "}\n"
	     "complete -o filenames -F _hindsight hindsight");
	return HS_EXIT_OK;
}

const struct hs_command hs_command_completion = {
	.name = "completion",
	.operands = "bash",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "a completion script for a shell",
	.description = "Prints a script that makes the shell complete commands, options and file names.",
	.options = (const struct hs_option[]){ { 0, NULL, NULL, false, NULL } },
	.examples = (const struct hs_example[]){
		{ "hindsight completion bash > /etc/bash_completion.d/hindsight", "for all users" },
		{ ". <(hindsight completion bash)", "for this shell" },
		{ NULL, NULL },
	},
	.run = run,
};
