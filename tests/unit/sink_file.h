/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEST_SINK_FILE_H
#define HS_TEST_SINK_FILE_H
/* A sink into a trace file of its own, and what is read back from that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/sink.h"
#include "traces/header.h"
#include "traces/reader.h"
#include "traces/schema.h"

struct sink_file {
	char path[64];
	struct hs_writer *writer;
	struct hs_sink *sink;
};

static inline void sink_file_init(struct sink_file *file)
{
	struct hs_writer_options options = { .overwrite = true };
	struct hs_header header = { 0 };
	struct hs_error err = { 0 };
	int fd;

	snprintf(file->path, sizeof(file->path), "/tmp/hs_sink_XXXXXX");
	fd = mkstemp(file->path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(hs_writer_create(file->path, &header, &options, &file->writer, &err), 0);
	assert_int_equal(hs_sink_create(file->writer, &file->sink, &err), 0);
}

/* Writes the rest; the sink must not be used any more. */
static inline void sink_file_finish(struct sink_file *file)
{
	struct hs_error err = { 0 };

	assert_int_equal(hs_sink_flush(file->sink, &err), 0);
	hs_sink_destroy(file->sink);
	assert_int_equal(hs_writer_close(file->writer, &err), 0);
}

/* Copies the rows of one kind (at most max of them) without what they point to. Their number in the file. */
static inline size_t sink_file_read(const struct sink_file *file, enum hs_kind kind, void *rows, size_t max)
{
	size_t nr = 0, bytes = hs_kind_info(kind)->row_bytes;
	struct hs_reader *reader;
	struct hs_error err = { 0 };
	struct hs_run run;

	assert_int_equal(hs_reader_open(file->path, &reader, &err), 0);
	while (hs_reader_next(reader, &run, &err) > 0)
		for (size_t i = 0; run.kind == kind && i < run.nr; i++, nr++)
			if (nr < max)
				memcpy((char *)rows + nr * bytes, (const char *)run.rows + i * bytes, bytes);
	hs_reader_close(reader);
	return nr;
}

static inline void sink_file_remove(const struct sink_file *file)
{
	unlink(file->path);
}

#endif
