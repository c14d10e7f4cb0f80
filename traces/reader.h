/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_READER_H
#define HS_READER_H
/*
 * Reads a trace file in time order, streaming: memory is bounded by the largest chunk of each kind, not
 * by the file. Trusts no byte of the file. Not thread safe; open the file once per thread.
 *
 * A file without footer or index (cut, recorder killed) is read as far as its chunks are whole;
 * hs_reader_state says so. A damaged chunk is skipped, counted, and reported once as a meta.lost event
 * whose cause is "damaged".
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "traces/header.h"
#include "traces/kinds.h"

struct hs_reader;

/*
 * path "-" reads standard input. Errors: -errno of open/read; -EINVAL not a trace; -EPROTO a newer format
 * version; -EISDIR; -ENODATA an empty file.
 */
int hs_reader_open(const char *path, struct hs_reader **out, struct hs_error *err);
void hs_reader_close(struct hs_reader *reader);

const struct hs_header *hs_reader_header(const struct hs_reader *reader);

/*
 * What to read; call before the first hs_reader_next. Kinds left out are not decompressed.
 * from <= time < to. Default: everything.
 */
void hs_reader_select_kinds(struct hs_reader *reader, const hs_kind_set *kinds);
void hs_reader_select_time(struct hs_reader *reader, uint64_t from, uint64_t to);

/*
 * Columns of a kind that the caller will look at, by index in hs_kind_info (bit 0 = time, …). The others
 * are not decoded and read as 0. Time is always decoded. Default: all.
 */
void hs_reader_select_columns(struct hs_reader *reader, unsigned int kind, uint64_t column_mask);

/*
 * A run: consecutive events, all of one kind, in time order. Rows are nr structs of
 * hs_kind_info(kind)->row_bytes bytes each. Valid until the next call on this reader.
 */
struct hs_run {
	unsigned int kind;
	size_t nr;
	const void *rows;
	uint64_t chunk;		/* number of the chunk in the file, for messages */
};

/*
 * Next longest run in the file's total order (time, then kind, then position): 1; end: 0; -errno on a
 * read error (damage is no error, see above).
 */
int hs_reader_next(struct hs_reader *reader, struct hs_run *run, struct hs_error *err);

/* The same one by one; may be mixed with nothing. Event valid until the next call. */
int hs_reader_next_event(struct hs_reader *reader, struct hs_event *event, struct hs_error *err);

/* What is known about the file as such. Counts of damage grow while reading. */
struct hs_reader_state {
	bool has_footer;	/* false: the recording did not end cleanly, or the file was cut */
	uint64_t file_bytes;
	uint64_t nr_chunks;
	uint64_t damaged_chunks;	/* so far */
	uint64_t cut_bytes;	/* behind the last whole chunk */
	uint64_t first_time, last_time;
	uint64_t nr_events[HS_NR_KINDS];	/* by the chunks' own headers */
	uint64_t stored_bytes[HS_NR_KINDS];	/* compressed, by kind */
	uint64_t unknown_kinds;	/* events of kinds this build does not know: skipped, counted here */
};
void hs_reader_get_state(const struct hs_reader *reader, struct hs_reader_state *state);

#endif
