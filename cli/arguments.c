// SPDX-License-Identifier: GPL-2.0-only
#include "cli/arguments.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "lib/cleanup.h"
#include "lib/vec.h"

enum { MAX_OPTIONS = 48, FIRST_LONG = 256 };

struct value {
	const struct hs_option *option;
	const char *text;
};

struct hs_arguments {
	const struct hs_command *command;
	HS_VEC(struct value) values;
	char **operands;
	size_t nr_operands;
	int verbosity;
};

const struct hs_option hs_common_options[] = {
	{ 'h', "help", NULL, false, "show this help" },
	{ 0, "version", NULL, false, "show the version" },
	{ 'q', "quiet", NULL, false, "errors only" },
	{ 'v', "verbose", NULL, true, "say more; twice: most" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command *const hs_commands[] = {
#define COMMAND(id) &hs_command_##id,
#include "cli/commands.def"
#undef COMMAND
	NULL,
};

/* Own and common options as getopt wants them. */
struct getopt_tables {
	const struct hs_option *options[MAX_OPTIONS];
	struct option longs[MAX_OPTIONS + 1];
	char shorts[3 * MAX_OPTIONS + 3];
	size_t count;
};

static void add_options(struct getopt_tables *tables, const struct hs_option *options)
{
	for (; options->name; options++) {
		size_t used = strlen(tables->shorts);

		assert(tables->count < MAX_OPTIONS);
		tables->options[tables->count] = options;
		tables->longs[tables->count] = (struct option){
			options->name, options->argument ? required_argument : no_argument, NULL,
			FIRST_LONG + (int)tables->count,
		};
		tables->count++;
		if (options->letter)
			snprintf(tables->shorts + used, sizeof(tables->shorts) - used, "%c%s", options->letter,
				 options->argument ? ":" : "");
	}
}

static const struct hs_option *option_of(const struct getopt_tables *tables, int code)
{
	if (code >= FIRST_LONG)
		return tables->options[code - FIRST_LONG];
	for (size_t i = 0; i < tables->count; i++)
		if (tables->options[i]->letter == code)
			return tables->options[i];
	return NULL;
}

static int report_bad_option(const struct hs_command *command, int code, char **argv)
{
	if (code == ':')
		return hs_usage_error(command->name, "%s needs an argument", argv[optind - 1]);
	if (optopt > 0 && optopt < FIRST_LONG)
		return hs_usage_error(command->name, "unknown option -%c", optopt);
	return hs_usage_error(command->name, "unknown or ambiguous option %s", argv[optind - 1]);
}

/* -1: go on and run the command; else an exit status. */
static int parse(struct hs_arguments *arguments, int argc, char **argv)
{
	struct getopt_tables tables = { .count = 0 };
	const struct hs_command *command = arguments->command;
	int code;

	strcpy(tables.shorts, command->stops_at_operand ? "+:" : ":");
	add_options(&tables, command->options);
	add_options(&tables, hs_common_options);
	optind = 1;
	while ((code = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct hs_option *option = option_of(&tables, code);

		if (!option)
			return report_bad_option(command, code, argv);
		if (!option->is_repeatable && hs_has_option(arguments, option->name) && option->argument)
			return hs_usage_error(command->name, "--%s is given twice", option->name);
		if (!hs_vec_push(&arguments->values, (struct value){ option, optarg }))
			return hs_failf(HS_EXIT_FAILED, "out of memory");
	}
	arguments->operands = argv + optind;
	arguments->nr_operands = (size_t)(argc - optind);
	if (hs_has_option(arguments, "help")) {
		hs_print_help(command);
		return HS_EXIT_OK;
	}
	if (hs_has_option(arguments, "version"))
		return hs_print_version();
	if (arguments->nr_operands < command->min_operands)
		return hs_usage_error(command->name, "too few arguments, %s is missing", command->operands);
	if (arguments->nr_operands > command->max_operands)
		return hs_usage_error(command->name, "unexpected argument '%s'",
				      arguments->operands[command->max_operands]);
	return -1;
}

int hs_command_main(const struct hs_command *command, int argc, char **argv)
{
	struct hs_arguments arguments = { .command = command };
	int status = parse(&arguments, argc, argv);

	arguments.verbosity = hs_has_option(&arguments, "quiet") ? -1 : (int)hs_option_count(&arguments, "verbose");
	if (status < 0)
		status = command->run(&arguments);
	hs_vec_deinit(&arguments.values);
	if (fflush(stdout) && status == HS_EXIT_OK)
		status = hs_failf(HS_EXIT_FAILED, "cannot write to standard output; is the disk full?");
	return status;
}

static bool is_declared(const struct hs_option *options, const char *name)
{
	for (; options->name; options++)
		if (strcmp(options->name, name) == 0)
			return true;
	return false;
}

const char *hs_option_at(const struct hs_arguments *arguments, const char *name, size_t index)
{
	assert(is_declared(arguments->command->options, name) || is_declared(hs_common_options, name));
	for (size_t i = 0; i < arguments->values.count; i++) {
		const struct value *value = &arguments->values.items[i];

		if (strcmp(value->option->name, name) == 0 && index-- == 0)
			return value->text ? value->text : "";
	}
	return NULL;
}

size_t hs_option_count(const struct hs_arguments *arguments, const char *name)
{
	size_t count = 0;

	while (hs_option_at(arguments, name, count))
		count++;
	return count;
}

bool hs_has_option(const struct hs_arguments *arguments, const char *name)
{
	return hs_option_at(arguments, name, 0) != NULL;
}

const char *hs_option_text(const struct hs_arguments *arguments, const char *name)
{
	size_t count = hs_option_count(arguments, name);

	return count ? hs_option_at(arguments, name, count - 1) : NULL;
}

size_t hs_operand_count(const struct hs_arguments *arguments)
{
	return arguments->nr_operands;
}

const char *hs_operand(const struct hs_arguments *arguments, size_t index)
{
	return index < arguments->nr_operands ? arguments->operands[index] : NULL;
}

char *const *hs_operands(const struct hs_arguments *arguments, size_t index)
{
	return arguments->operands + index;
}

int hs_verbosity(const struct hs_arguments *arguments)
{
	return arguments->verbosity;
}
