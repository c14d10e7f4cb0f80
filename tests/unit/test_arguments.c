// SPDX-License-Identifier: GPL-2.0-only
/* Parsing of a command line by tables, through a command made for this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/arguments.h"

enum { RAN = 42 };

static void (*look)(const struct hs_arguments *arguments);

static int run(const struct hs_arguments *arguments)
{
	look(arguments);
	return RAN;
}

static const struct hs_option options[] = {
	{ 'o', "output", "FILE", false, "where to" },
	{ 's', "set", "KEY=VALUE", true, "a setting" },
	{ 'f', "force", NULL, false, "a switch" },
	{ 0, NULL, NULL, false, NULL },
};
static const struct hs_command command = {
	.name = "test", .operands = "FILE", .min_operands = 1, .max_operands = 2, .summary = "s", .description = "d",
	.options = options, .run = run,
};
static const struct hs_command prefix_command = {
	.name = "test", .operands = "COMMAND", .max_operands = 0xffff, .stops_at_operand = true, .summary = "s",
	.description = "d", .options = options, .run = run,
};

static int call(const struct hs_command *which, const char *line)
{
	char text[256], *argv[16] = { text }, *save = NULL;
	int argc = 0;

	snprintf(text, sizeof(text), "test %s", line);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return hs_command_main(which, argc, argv);
}

static void look_at_all(const struct hs_arguments *arguments)
{
	assert_string_equal(hs_option_text(arguments, "output"), "out");
	assert_int_equal(hs_option_count(arguments, "set"), 2);
	assert_string_equal(hs_option_at(arguments, "set", 0), "a=1");
	assert_string_equal(hs_option_at(arguments, "set", 1), "b=2");
	assert_string_equal(hs_option_text(arguments, "set"), "b=2");
	assert_null(hs_option_at(arguments, "set", 2));
	assert_true(hs_has_option(arguments, "force"));
	assert_int_equal(hs_operand_count(arguments), 1);
	assert_string_equal(hs_operand(arguments, 0), "file");
	assert_null(hs_operand(arguments, 1));
	assert_int_equal(hs_verbosity(arguments), 2);
}

static void test_options_and_operands_mix(void **state)
{
	(void)state;
	look = look_at_all;
	assert_int_equal(call(&command, "-s a=1 file --set=b=2 -fvvo out"), RAN);
	assert_int_equal(call(&command, "--out out --set a=1 -sb=2 --force -v -v -- file"), RAN);
}

static void look_at_none(const struct hs_arguments *arguments)
{
	assert_null(hs_option_text(arguments, "output"));
	assert_int_equal(hs_option_count(arguments, "set"), 0);
	assert_false(hs_has_option(arguments, "force"));
	assert_int_equal(hs_operand_count(arguments), 2);
	assert_string_equal(hs_operand(arguments, 0), "-");
	assert_string_equal(hs_operand(arguments, 1), "-f");
	assert_null(hs_operands(arguments, 0)[2]);
	assert_int_equal(hs_verbosity(arguments), -1);
}

static void test_operands_may_look_like_options(void **state)
{
	(void)state;
	look = look_at_none;
	assert_int_equal(call(&command, "-q - -- -f"), RAN);
}

static void look_at_command(const struct hs_arguments *arguments)
{
	assert_string_equal(hs_option_text(arguments, "output"), "out");
	assert_false(hs_has_option(arguments, "force"));
	assert_int_equal(hs_operand_count(arguments), 3);
	assert_string_equal(hs_operands(arguments, 0)[1], "-f");
	assert_string_equal(hs_operands(arguments, 1)[1], "-v");
	assert_null(hs_operands(arguments, 0)[3]);
}

static void test_a_command_keeps_its_own_options(void **state)
{
	(void)state;
	look = look_at_command;
	assert_int_equal(call(&prefix_command, "-o out prog -f -v"), RAN);
	assert_int_equal(call(&prefix_command, "-o out -- prog -f -v"), RAN);
}

static void look_at_nothing(const struct hs_arguments *arguments)
{
	(void)arguments;
	fail_msg("ran in spite of a bad command line");
}

static void test_bad_command_lines_are_usage_errors(void **state)
{
	static const char *const lines[] = {
		"", "a b c", "-x a", "--nothing a", "a -o", "a --output", "--force=1 a", "-o 1 -o 2 a", "a --s",
		"--set",
	};

	(void)state;
	look = look_at_nothing;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		/* "--s" may stand for --set, which then lacks its argument. */
		print_message("'%s'\n", lines[i]);
		assert_int_equal(call(&command, lines[i]), HS_EXIT_USAGE);
	}
}

static void test_help_and_version_do_not_run(void **state)
{
	(void)state;
	look = look_at_nothing;
	assert_int_equal(call(&command, "--help"), HS_EXIT_OK);
	assert_int_equal(call(&command, "-h too many operands here"), HS_EXIT_OK);
	assert_int_equal(call(&command, "--version"), HS_EXIT_OK);
}

/* Two options of one command must not share a letter or a name. */
static void check_tables(const struct hs_command *checked)
{
	const struct hs_option *tables[HS_MAX_OPTION_TABLES], *seen[64];
	size_t count = hs_option_tables(checked, tables), nr_seen = 0;

	for (size_t i = 0; i < count; i++)
		for (const struct hs_option *option = tables[i]; option->name; option++) {
			for (size_t j = 0; j < nr_seen; j++) {
				assert_string_not_equal(option->name, seen[j]->name);
				if (option->letter)
					assert_int_not_equal(option->letter, seen[j]->letter);
			}
			assert_true(nr_seen < 64);
			seen[nr_seen++] = option;
			assert_true(strlen(option->help) > 0);
		}
}

static void test_tables_are_sound(void **state)
{
	(void)state;
	assert_non_null(hs_commands[0]);
	for (const struct hs_command *const *at = hs_commands; *at; at++) {
		print_message("%s\n", (*at)->name);
		check_tables(*at);
		assert_true((*at)->min_operands <= (*at)->max_operands);
		assert_non_null((*at)->examples);
		assert_non_null((*at)->examples->command);
		assert_true(strlen((*at)->summary) <= 66);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options_and_operands_mix),
		cmocka_unit_test(test_operands_may_look_like_options),
		cmocka_unit_test(test_a_command_keeps_its_own_options),
		cmocka_unit_test(test_bad_command_lines_are_usage_errors),
		cmocka_unit_test(test_help_and_version_do_not_run),
		cmocka_unit_test(test_tables_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
