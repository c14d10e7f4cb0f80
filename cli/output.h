/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_OUTPUT_H
#define HS_OUTPUT_H
/*
 * Where results go. A full disk is an error wherever it strikes. A reader that closed its end of the pipe
 * (`| head`) has what it wanted: the command stops early, says nothing and exits with 0.
 */
#include <stdbool.h>
#include <stdio.h>

#include "lib/error.h"

/*
 * Once, at the start: descriptors 0 to 2 are open from here on (a file opened later cannot become standard
 * output by accident), and a closed pipe is an error of write instead of a signal. Programs started from
 * here get the default signal back.
 */
void hs_output_init(void);

/* May path be opened for writing if something is there? A device or a pipe is not replaced by writing to it. */
bool hs_output_may_replace(const char *path, bool is_forced);

/*
 * Opens path for writing text; "-" is standard output. An existing file is replaced only if is_forced,
 * else -EEXIST. Ends with hs_output_close, which removes what failed to become complete.
 */
int hs_output_open(const char *path, bool is_forced, FILE **out, struct hs_error *err);

/*
 * Flushes and closes; standard output is only flushed. status is what the caller got so far: unless it is 0,
 * a file that was made is removed. Returns status, or -errno of a failed write with its sentence (hs_fail
 * knows that -EPIPE needs none).
 */
int hs_output_close(FILE *out, const char *path, int status, struct hs_error *err);

/*
 * The end of every command: what standard output still holds is written. A failure turns status 0 into 1
 * with a sentence; a closed pipe is none.
 */
int hs_finish_stdout(int status);

#endif
