/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COMMAND_H
#define HS_COMMAND_H
/*
 * A command is data plus one function. Dispatch, --help, completion and the man-page check all read the
 * same tables, so that no text stands in two places. Only cli/ prints to the user or exits.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* Exit statuses of every command. */
enum hs_exit {
	HS_EXIT_OK = 0,
	HS_EXIT_FAILED = 1,		/* I/O, bad input, attach */
	HS_EXIT_USAGE = 2,
	HS_EXIT_GATE = 3,		/* --fail-on, compare with differences */
	HS_EXIT_CANNOT_RUN = 4,		/* privilege, kernel, hardware */
	HS_EXIT_INCOMPLETE = 5,		/* losses or a cut trace, under --strict */
};

struct hs_option {
	char letter;			/* 'o', or 0: long form only */
	const char *name;		/* "output" */
	const char *argument;		/* "FILE", or NULL: a switch */
	bool is_repeatable;		/* values are collected in order */
	const char *help;		/* one line, no full stop */
};

struct hs_example {
	const char *command;		/* "hindsight record -o t.hst -- ./program" */
	const char *what;
};

struct hs_arguments;			/* parsed command line */

struct hs_command {
	const char *name;
	const char *operands;		/* "FILE", "[-- COMMAND…]" */
	unsigned int min_operands, max_operands;	/* max 0xffff: any */
	bool stops_at_operand;		/* options end at the first operand (record -- COMMAND) */
	bool reads_trace;		/* operands are traces: adds --example and --strict */
	const char *summary;		/* one line for the list of commands */
	const char *description;	/* paragraph for --help */
	const struct hs_option *options;	/* terminated by name == NULL; the shared ones are added */
	const struct hs_example *examples;	/* terminated by command == NULL */
	int (*run)(const struct hs_arguments *arguments);	/* an hs_exit, or the child's status */
};

#define COMMAND(id) extern const struct hs_command hs_command_##id;
#include "cli/commands.def"
#undef COMMAND

/* NULL-terminated. */
extern const struct hs_command *const hs_commands[];

/*
 * Access by long name; asserted to be declared. The path of an --example NAME stands before the operands
 * that were typed, so that a command never asks where a trace comes from.
 */
bool hs_has_option(const struct hs_arguments *arguments, const char *name);
/* Value of the (last) occurrence, or NULL. */
/* Does the command have the option at all? For code that several commands share. */
bool hs_option_is_declared(const struct hs_arguments *arguments, const char *name);
const char *hs_option_text(const struct hs_arguments *arguments, const char *name);
size_t hs_option_count(const struct hs_arguments *arguments, const char *name);
const char *hs_option_at(const struct hs_arguments *arguments, const char *name, size_t index);
size_t hs_operand_count(const struct hs_arguments *arguments);
const char *hs_operand(const struct hs_arguments *arguments, size_t index);
/* Operands from index on, NULL-terminated, for exec. */
char *const *hs_operands(const struct hs_arguments *arguments, size_t index);

/* -v: 1, -vv: 2, -q: -1. */
int hs_verbosity(const struct hs_arguments *arguments);

/* "hindsight: sentence" to stderr at verbosity 0 (a warning; silent under -q) or more (-v: details). */
void hs_notef(const struct hs_arguments *arguments, int verbosity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * "hindsight: sentence" to stderr; returns status. A closed pipe (-EPIPE) is no failure: nothing is said and
 * HS_EXIT_OK returned, since the reader (`| head`) has what it wanted.
 */
int hs_fail(int status, const struct hs_error *err);
int hs_failf(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int hs_fail_nomem(void);
/* A usage error: the sentence and "try 'hindsight COMMAND --help'". Returns HS_EXIT_USAGE. */
int hs_usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
