/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ERROR_H
#define HS_ERROR_H
/*
 * The sentence for the human. It is made where the fault is known, in storage the caller owns, and
 * printed once by cli/. It says what, where (file, chunk, line) and what to do, on one line.
 *
 * Functions that can fail return 0 (or a count) or a negative errno and take a `struct hs_error *`
 * last; NULL means that nobody asks for the sentence.
 */
#include <stdarg.h>

struct hs_error {
	int code;		/* the negative errno that was returned; 0: nothing was reported */
	char text[480];		/* one line, no trailing newline, no control characters */
};

/* Stores the sentence and returns code, so that callers write `return hs_error_set(err, -EINVAL, …)`. */
int hs_error_set(struct hs_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int hs_error_vset(struct hs_error *err, int code, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Puts "prefix: " before the sentence that is there (a file name, a line number). Returns err->code. */
int hs_error_prefix(struct hs_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sentence for a failed allocation. */
int hs_error_nomem(struct hs_error *err);

#endif
