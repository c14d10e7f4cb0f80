/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GOLDEN_H
#define GOLDEN_H
/*
 * Golden cases: files of JSON Lines (plain or .zst), one case a line. A model's runner maps a case's
 * operations to calls of the model and its results to JSON; reading, counting and reporting are here.
 */
#include <jansson.h>
#include <stddef.h>

/* Where a case fails: the first difference, in words. */
struct golden_failure {
	char text[4000];
};

/*
 * Runs one case: 0 it came out as expected, 1 it did not (say what in *failure by golden_differ).
 * The case is borrowed.
 */
typedef int golden_run_case(const json_t *one_case, struct golden_failure *failure);

/*
 * Runs every case of every file in argv[1…]. Prints each failing case (file:line: name: difference; at
 * most 20 of them) and closes with "N passed, N failed". Exit status 0 if all passed and there was at
 * least one; an unreadable file or a line that is no JSON object counts as failed.
 */
int golden_main(int argc, char **argv, golden_run_case *run_case);

/* Formats into *failure; returns 1. */
int golden_differ(struct golden_failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0 when the two are equal as JSON (numbers by value, NULL equals absent), else 1 with both shown after what. */
int golden_compare(struct golden_failure *failure, const char *what, const json_t *expected, const json_t *got);

/* Field access with defaults; a field of the wrong type reads as the default. */
long long golden_int(const json_t *object, const char *field, long long otherwise);
const char *golden_text(const json_t *object, const char *field, const char *otherwise);

#endif
