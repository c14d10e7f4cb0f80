/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_WRITER_H
#define HS_WRITER_H
/* Writes a trace file: rows are collected by kind, coded in columns, compressed and appended chunk by chunk. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "traces/header.h"
#include "traces/kinds.h"

struct hs_writer;

struct hs_writer_options {
	int level;		/* zstd level; 0: the default (3) */
	uint64_t time_step;	/* ns: times are rounded down to multiples of this; 0: 1 */
	bool overwrite;		/* replace an existing file; false: -EEXIST */
};

/*
 * path "-" writes standard output. The file is created with mode 0600 and holds header and schema when
 * this returns. The header is borrowed during the call. options may be NULL.
 */
int hs_writer_create(const char *path, const struct hs_header *header, const struct hs_writer_options *options,
		     struct hs_writer **out, struct hs_error *err);

/*
 * Adds nr rows of one kind (copied, strings too). Times must not go back within a kind: -EINVAL, nothing
 * added. I/O errors: -errno; what was written before stays readable, the rows of this call are lost and
 * the writer only accepts close.
 */
int hs_writer_add(struct hs_writer *writer, unsigned int kind, const void *rows, size_t nr, struct hs_error *err);

/* Writes what is collected as chunks, so that a crash loses nothing older. */
int hs_writer_flush(struct hs_writer *writer, struct hs_error *err);

/* Bytes written so far; events added. */
uint64_t hs_writer_bytes(const struct hs_writer *writer);
uint64_t hs_writer_events(const struct hs_writer *writer);

/* Flushes, writes index and footer, closes. Always frees the writer, also on error. NULL is fine. */
int hs_writer_close(struct hs_writer *writer, struct hs_error *err);

/* Closes without index and footer and frees: what a crash would leave. */
void hs_writer_abandon(struct hs_writer *writer);

#endif
