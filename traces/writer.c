// SPDX-License-Identifier: GPL-2.0-only
#include "traces/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/cleanup.h"
#include "traces/chunk_encoder.h"
#include "traces/column.h"
#include "traces/file_schema.h"
#include "traces/index.h"

enum {
	GROUP_ROWS = 1 << 17,		/* rows of all kinds together after which all are written */
	GROUP_BYTES = 16 << 20,		/* the same for their memory */
};

struct hs_writer {
	int fd;
	char *name;			/* for messages */
	uint64_t time_step;
	struct hs_compressor *compressor;
	struct hs_chunk_encoder *encoders[HS_NR_KINDS];	/* made at first use */
	uint64_t last_times[HS_NR_KINDS];
	hs_buffer out;			/* bytes on their way to the file */
	struct hs_index index;
	uint64_t nr_bytes, nr_events;
	size_t group_rows, group_bytes;	/* collected and not yet written */
	int failed;			/* the first error of I/O or memory: from then on only close */
};

static void destroy(struct hs_writer *writer)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_chunk_encoder_destroy(writer->encoders[kind]);
	hs_compressor_destroy(writer->compressor);
	hs_vec_deinit(&writer->out);
	hs_index_deinit(&writer->index);
	hs_close_fd(&writer->fd);
	free(writer->name);
	free(writer);
}

static void drop_writer(struct hs_writer **writer)
{
	if (*writer)
		destroy(*writer);
}

/* Writes what is in writer->out. */
static int write_out(struct hs_writer *writer, struct hs_error *err)
{
	const uint8_t *at = writer->out.items;

	while (writer->out.count) {
		ssize_t done = write(writer->fd, at, writer->out.count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			writer->failed = -errno;
			return hs_error_set(err, writer->failed, "%s: write: %s", writer->name, strerror(errno));
		}
		at += done;
		writer->out.count -= (size_t)done;
		writer->nr_bytes += (uint64_t)done;
	}
	return 0;
}

static int open_output(const char *path, bool overwrite, struct hs_writer *writer, struct hs_error *err)
{
	bool is_stdout = strcmp(path, "-") == 0;

	writer->name = strdup(is_stdout ? "standard output" : path);
	if (!writer->name)
		return hs_error_nomem(err);
	writer->fd = is_stdout ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) :
		     open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? O_TRUNC : O_EXCL), 0600);
	if (writer->fd < 0 && errno == EEXIST)
		return hs_error_set(err, -EEXIST, "%s: exists already; remove it or choose another name", path);
	if (writer->fd < 0)
		return hs_error_set(err, -errno, "%s: %s", writer->name, strerror(errno));
	return 0;
}

int hs_writer_create(const char *path, const struct hs_header *header, const struct hs_writer_options *options,
		     struct hs_writer **out, struct hs_error *err)
{
	struct hs_writer_options chosen = options ? *options : (struct hs_writer_options){ 0 };
	hs_cleanup(drop_writer) struct hs_writer *writer = calloc(1, sizeof(*writer));
	struct hs_header written = *header;
	int status;

	if (!writer)
		return hs_error_nomem(err);
	writer->fd = -1;
	writer->time_step = chosen.time_step ? chosen.time_step : 1;
	writer->compressor = hs_compressor_create(chosen.level ? chosen.level : 3);
	if (!writer->compressor)
		return hs_error_nomem(err);
	status = open_output(path, chosen.overwrite, writer, err);
	if (status)
		return status;
	written.time_step = writer->time_step;
	if (hs_header_part_write(&writer->out, &written))
		return hs_error_nomem(err);
	status = write_out(writer, err);
	if (status)
		return status;
	*out = hs_take(&writer);
	return 0;
}

static int check_rows(const struct hs_writer *writer, unsigned int kind, const char *rows, size_t nr,
		      struct hs_error *err)
{
	const struct hs_kind_info *info = hs_kind_info(kind);
	uint64_t last = writer->last_times[kind];

	for (size_t i = 0; i < nr; i++, rows += info->row_bytes) {
		uint64_t time = ((const struct hs_row *)(const void *)rows)->time;

		if (time < last)
			return hs_error_set(err, -EINVAL, "%s: %s at time %llu comes after one at %llu; sort the events",
					    writer->name, info->name, (unsigned long long)time, (unsigned long long)last);
		if (!hs_chunk_encoder_takes(kind, rows))
			return hs_error_set(err, -EINVAL, "%s: %s at time %llu holds more than %d bytes of text",
					    writer->name, info->name, (unsigned long long)time, HS_TEXT_LIMIT);
		last = time;
	}
	return 0;
}

static int fail_nomem(struct hs_writer *writer, struct hs_error *err)
{
	writer->failed = -ENOMEM;
	return hs_error_nomem(err);
}

/* Appends the chunk of one kind to writer->out, and to the index. */
static int write_chunk(struct hs_writer *writer, unsigned int kind, struct hs_error *err)
{
	struct hs_chunk_head head;
	size_t start = writer->out.count;
	struct hs_index_entry entry;

	if (hs_chunk_encoder_finish(writer->encoders[kind], writer->compressor, &writer->out, &head))
		return fail_nomem(writer, err);
	entry = (struct hs_index_entry){
		.offset = writer->nr_bytes + start, .bytes = writer->out.count - start, .nr_rows = head.nr_rows,
		.first_time = head.first_time, .last_time = head.last_time, .kind = head.kind,
	};
	return hs_vec_push(&writer->index.entries, entry) ? 0 : fail_nomem(writer, err);
}

int hs_writer_flush(struct hs_writer *writer, struct hs_error *err)
{
	if (writer->failed)
		return hs_error_set(err, writer->failed, "%s: cannot be written any more: %s", writer->name,
				    strerror(-writer->failed));
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		int status = writer->encoders[kind] && hs_chunk_encoder_rows(writer->encoders[kind]) ?
			     write_chunk(writer, kind, err) : 0;

		if (status)
			return status;
	}
	writer->group_rows = writer->group_bytes = 0;
	return write_out(writer, err);
}

/* Collects the first of nr rows: how many, or -errno. */
static ssize_t add_some(struct hs_writer *writer, unsigned int kind, const void *rows, size_t nr,
			struct hs_error *err)
{
	size_t room = GROUP_ROWS - writer->group_rows;
	struct hs_chunk_encoder **encoder = &writer->encoders[kind];
	ssize_t bytes;

	if (!*encoder)
		*encoder = hs_chunk_encoder_create(kind, writer->time_step);
	if (!*encoder)
		return fail_nomem(writer, err);
	nr = nr < room ? nr : room;
	nr = nr < hs_chunk_encoder_step(kind) ? nr : hs_chunk_encoder_step(kind);
	bytes = hs_chunk_encoder_add(*encoder, rows, nr);
	if (bytes < 0)
		return fail_nomem(writer, err);
	writer->group_rows += nr;
	writer->group_bytes += (size_t)bytes;
	return (ssize_t)nr;
}

int hs_writer_add(struct hs_writer *writer, unsigned int kind, const void *rows, size_t nr, struct hs_error *err)
{
	const struct hs_kind_info *info = hs_kind_info(kind);
	int status = writer->failed ? hs_writer_flush(writer, err) : check_rows(writer, kind, rows, nr, err);

	if (status || !nr)
		return status;
	writer->last_times[kind] = ((const struct hs_row *)(const void *)((const char *)rows +
									  (nr - 1) * info->row_bytes))->time;
	writer->nr_events += nr;
	while (nr) {
		ssize_t added = add_some(writer, kind, rows, nr, err);

		if (added < 0)
			return (int)added;
		rows = (const char *)rows + (size_t)added * info->row_bytes;
		nr -= (size_t)added;
		status = writer->group_rows >= GROUP_ROWS || writer->group_bytes >= GROUP_BYTES ?
			 hs_writer_flush(writer, err) : 0;
		if (status)
			return status;
	}
	return 0;
}

uint64_t hs_writer_bytes(const struct hs_writer *writer)
{
	return writer->nr_bytes;
}

uint64_t hs_writer_events(const struct hs_writer *writer)
{
	return writer->nr_events;
}

int hs_writer_close(struct hs_writer *writer, struct hs_error *err)
{
	int status;

	if (!writer)
		return 0;
	status = hs_writer_flush(writer, err);
	if (!status && !hs_index_write(&writer->index, writer->nr_bytes, &writer->out))
		status = fail_nomem(writer, err);
	if (!status)
		status = write_out(writer, err);
	if (close(writer->fd) && !status)
		status = hs_error_set(err, -errno, "%s: close: %s", writer->name, strerror(errno));
	writer->fd = -1;
	destroy(writer);
	return status;
}

void hs_writer_abandon(struct hs_writer *writer)
{
	drop_writer(&writer);
}

