// SPDX-License-Identifier: GPL-2.0-only
#include "cli/arguments.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/examples.h"
#include "cli/help.h"
#include "lib/vec.h"

enum { MAX_OPTIONS = 48, FIRST_LONG = 256 };

struct value {
	const struct hs_option *option;
	const char *text;
};

struct hs_arguments {
	const struct hs_command *command;
	HS_VEC(struct value) values;
	HS_VEC(char *) operands;	/* NULL behind the last */
	size_t nr_examples;		/* that many at the front are ours to free */
	int verbosity;
};

const struct hs_option hs_common_options[] = {
	{ 'h', "help", NULL, false, "show this help" },
	{ 0, "version", NULL, false, "show the version" },
	{ 'q', "quiet", NULL, false, "errors only" },
	{ 'v', "verbose", NULL, true, "say more; twice: most" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_option hs_trace_options[] = {
	{ 0, "example", "NAME", true, "read the bundled trace NAME instead of a FILE; an unknown NAME lists them" },
	{ 0, "strict", NULL, false, "exit with status 5 if events were lost or the trace is cut" },
	{ 0, NULL, NULL, false, NULL },
};

const struct hs_command *const hs_commands[] = {
#define COMMAND(id) &hs_command_##id,
#include "cli/commands.def"
#undef COMMAND
	NULL,
};

size_t hs_option_tables(const struct hs_command *command, const struct hs_option *tables[HS_MAX_OPTION_TABLES])
{
	size_t count = 0;

	tables[count++] = command->options;
	if (command->reads_trace)
		tables[count++] = hs_trace_options;
	tables[count++] = hs_common_options;
	return count;
}

/* All options of a command as getopt wants them. */
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

static void fill_tables(struct getopt_tables *getopt_tables, const struct hs_command *command)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES];
	size_t count = hs_option_tables(command, tables);

	memset(getopt_tables, 0, sizeof(*getopt_tables));
	strcpy(getopt_tables->shorts, command->stops_at_operand ? "+:" : ":");
	for (size_t i = 0; i < count; i++)
		add_options(getopt_tables, tables[i]);
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

static int report_bad_option(const struct hs_command *command, const struct getopt_tables *tables, int code,
			     char **argv)
{
	if (code == ':')
		return hs_usage_error(command->name, "%s needs an argument", argv[optind - 1]);
	if (optopt >= FIRST_LONG)
		return hs_usage_error(command->name, "--%s takes no argument", option_of(tables, optopt)->name);
	if (optopt)
		return hs_usage_error(command->name, "unknown option -%c", optopt);
	return hs_usage_error(command->name, "unknown or ambiguous option %s", argv[optind - 1]);
}

/* -1: go on; else an exit status. */
static int parse_options(struct hs_arguments *arguments, int argc, char **argv)
{
	const struct hs_command *command = arguments->command;
	struct getopt_tables tables;
	int code;

	fill_tables(&tables, command);
	optind = 0; /* glibc: forget what an earlier call has left */
	while ((code = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct hs_option *option = option_of(&tables, code);

		if (!option)
			return report_bad_option(command, &tables, code, argv);
		if (!option->is_repeatable && option->argument && hs_has_option(arguments, option->name))
			return hs_usage_error(command->name, "--%s is given twice", option->name);
		if (!hs_vec_push(&arguments->values, (struct value){ option, optarg }))
			return hs_fail_nomem();
	}
	return -1;
}

/* The paths of --example, then what was typed, then NULL. -1: go on; else an exit status. */
static int collect_operands(struct hs_arguments *arguments, char **operands)
{
	const struct hs_command *command = arguments->command;
	const char *name;
	struct hs_error err;

	while (command->reads_trace && (name = hs_option_at(arguments, "example", arguments->nr_examples))) {
		char *path;

		if (hs_example_path(name, &path, &err))
			return hs_fail(HS_EXIT_FAILED, &err);
		if (!hs_vec_push(&arguments->operands, path))
			return hs_fail_nomem();
		arguments->nr_examples++;
	}
	do
		if (!hs_vec_push(&arguments->operands, *operands))
			return hs_fail_nomem();
	while (*operands++);
	return -1;
}

static int check_operands(const struct hs_arguments *arguments)
{
	const struct hs_command *command = arguments->command;
	size_t count = hs_operand_count(arguments);

	if (count < command->min_operands)
		return hs_usage_error(command->name, "too few arguments, %s is missing", command->operands);
	if (count > command->max_operands)
		return hs_usage_error(command->name, "unexpected argument '%s'",
				      hs_operand(arguments, command->max_operands));
	return -1;
}

static int parse(struct hs_arguments *arguments, int argc, char **argv)
{
	int status = parse_options(arguments, argc, argv);

	if (status >= 0)
		return status;
	if (hs_has_option(arguments, "help")) {
		hs_print_help(arguments->command);
		return HS_EXIT_OK;
	}
	if (hs_has_option(arguments, "version"))
		return hs_print_version();
	arguments->verbosity = hs_has_option(arguments, "quiet") ? -1 : (int)hs_option_count(arguments, "verbose");
	status = collect_operands(arguments, argv + optind);
	return status >= 0 ? status : check_operands(arguments);
}

static void deinit(struct hs_arguments *arguments)
{
	for (size_t i = 0; i < arguments->nr_examples; i++)
		free(arguments->operands.items[i]);
	hs_vec_deinit(&arguments->operands);
	hs_vec_deinit(&arguments->values);
}

int hs_command_main(const struct hs_command *command, int argc, char **argv)
{
	struct hs_arguments arguments = { .command = command };
	int status = parse(&arguments, argc, argv);

	if (status < 0)
		status = command->run(&arguments);
	deinit(&arguments);
	return status;
}

static bool is_declared(const struct hs_command *command, const char *name)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES];
	size_t count = hs_option_tables(command, tables);

	for (size_t i = 0; i < count; i++)
		for (const struct hs_option *option = tables[i]; option->name; option++)
			if (strcmp(option->name, name) == 0)
				return true;
	return false;
}

bool hs_option_is_declared(const struct hs_arguments *arguments, const char *name)
{
	return is_declared(arguments->command, name);
}

const char *hs_option_at(const struct hs_arguments *arguments, const char *name, size_t index)
{
	assert(is_declared(arguments->command, name));
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
	return arguments->operands.count - 1;
}

const char *hs_operand(const struct hs_arguments *arguments, size_t index)
{
	return index < hs_operand_count(arguments) ? arguments->operands.items[index] : NULL;
}

char *const *hs_operands(const struct hs_arguments *arguments, size_t index)
{
	return arguments->operands.items + index;
}

int hs_verbosity(const struct hs_arguments *arguments)
{
	return arguments->verbosity;
}
