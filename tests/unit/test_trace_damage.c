// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are not as they were written. Whatever happens to the bytes: no crash, rows that are right or
 * reported as lost, never wrong ones. The small file has whole and several chunks of several kinds.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "tests/unit/random_rows.h"
#include "traces/part.h"
#include "traces/reader.h"
#include "traces/writer.h"

enum { ROWS = 8, FLUSH_AT = 4, NR_USED = 2, NR_CHUNKS = NR_USED * ROWS / FLUSH_AT };
static const unsigned int used_kinds[NR_USED] = { HS_KIND_meta_task, HS_KIND_fault_user };

static struct {
	char path[64];
	char *rows[NR_USED];
	uint8_t *bytes;			/* of the whole file */
	size_t length;
	size_t header_bytes, footer_at;	/* footer_at: where index and footer begin */
} small;

static void store_file(const uint8_t *bytes, size_t length)
{
	int fd = open(small.path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static struct hs_writer *create_writer(const char *path)
{
	const struct hs_header header = { .page_bytes = 4096 };
	const struct hs_writer_options options = { .overwrite = true };
	struct hs_writer *writer = NULL;

	assert_int_equal(hs_writer_create(path, &header, &options, &writer, NULL), 0);
	return writer;
}

static void load_file(void)
{
	struct stat status;
	int fd = open(small.path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	small.length = (size_t)status.st_size;
	small.bytes = malloc(small.length);
	assert_non_null(small.bytes);
	assert_int_equal(read(fd, small.bytes, small.length), small.length);
	close(fd);
	small.header_bytes = hs_part_bytes(small.bytes);
	small.footer_at = (size_t)hs_load64(small.bytes + small.length - 24);
}

static int make_small(void **state)
{
	struct hs_rng rng = { 99 };
	struct hs_writer *writer;
	int fd;

	(void)state;
	snprintf(small.path, sizeof(small.path), "/tmp/hs_trace_damage_XXXXXX");
	fd = mkstemp(small.path);
	if (fd < 0)
		return -1;
	close(fd);
	writer = create_writer(small.path);
	for (int k = 0; k < NR_USED; k++) {
		struct hs_row *row;

		small.rows[k] = random_rows(&rng, used_kinds[k], ROWS, 0);
		for (size_t i = 0; i < ROWS; i++) {
			row = (void *)(small.rows[k] + i * hs_kind_info(used_kinds[k])->row_bytes);
			row->time = 1000 + i * 10 + (unsigned int)k;
		}
	}
	for (size_t at = 0; at < ROWS; at += FLUSH_AT) {
		for (int k = 0; k < NR_USED; k++)
			assert_int_equal(hs_writer_add(writer, used_kinds[k],
						       small.rows[k] + at * hs_kind_info(used_kinds[k])->row_bytes,
						       FLUSH_AT, NULL), 0);
		assert_int_equal(hs_writer_flush(writer, NULL), 0);
	}
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	load_file();
	return 0;
}

static int drop_small(void **state)
{
	(void)state;
	for (int k = 0; k < NR_USED; k++)
		free(small.rows[k]);
	free(small.bytes);
	return unlink(small.path);
}

struct outcome {
	int status;			/* of open, or of the last next */
	size_t nr_rows;			/* that came back, each as it was written */
	uint64_t nr_lost, nr_reports;	/* by meta.lost */
	struct hs_reader_state state;
};

static int index_of_kind(unsigned int kind)
{
	for (int k = 0; k < NR_USED; k++)
		if (used_kinds[k] == kind)
			return k;
	return -1;
}

/* Each row that comes back must be one that was written, and none may come twice or too early. */
static void check_run(const struct hs_run *run, size_t *at, struct outcome *outcome)
{
	int k = index_of_kind(run->kind);
	size_t row_bytes = hs_kind_info(run->kind)->row_bytes;

	if (run->kind == HS_KIND_meta_lost) {
		outcome->nr_reports++;
		outcome->nr_lost += ((const struct hs_meta_lost *)run->rows)->count;
		return;
	}
	assert_true(k >= 0);
	for (size_t i = 0; i < run->nr; i++) {
		const char *row = (const char *)run->rows + i * row_bytes;

		while (at[k] < ROWS && !rows_equal(run->kind, row, small.rows[k] + at[k] * row_bytes))
			at[k]++;
		if (at[k]++ == ROWS)
			fail_msg("a row of %s that was not written", hs_kind_info(run->kind)->name);
	}
	outcome->nr_rows += run->nr;
}

static struct outcome read_file(const char *path)
{
	struct outcome outcome = { 0 };
	size_t at[NR_USED] = { 0 };
	uint64_t last = 0;
	struct hs_reader *reader;
	struct hs_run run;

	outcome.status = hs_reader_open(path, &reader, NULL);
	if (outcome.status)
		return outcome;
	while ((outcome.status = hs_reader_next(reader, &run, NULL)) > 0) {
		assert_true(((const struct hs_row *)run.rows)->time >= last);
		last = ((const struct hs_row *)(const void *)((const char *)run.rows + (run.nr - 1) *
			hs_kind_info(run.kind)->row_bytes))->time;
		check_run(&run, at, &outcome);
	}
	hs_reader_get_state(reader, &outcome.state);
	hs_reader_close(reader);
	return outcome;
}

static void test_whole(void **state)
{
	struct outcome outcome;

	(void)state;
	store_file(small.bytes, small.length);
	outcome = read_file(small.path);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.nr_rows, NR_USED * ROWS);
	assert_int_equal(outcome.nr_reports, 0);
	assert_int_equal(outcome.state.nr_chunks, NR_CHUNKS);
	assert_true(outcome.state.has_footer);
}

/*
 * Which bits to try: all of the first chunk and of index and footer, and a sample of the rest; the long header has
 * one check sum.
 */
static bool tries_bit(size_t bit)
{
	size_t byte = bit / 8, first_end = small.header_bytes + hs_part_bytes(small.bytes + small.header_bytes) + 120;

	if (byte < small.header_bytes)
		return byte < 16 || bit % 509 == 0;
	return byte < first_end || byte >= small.footer_at || bit % 29 == 0;
}

/*
 * One bit anywhere: the loss of one chunk with the count of its rows, or no file at all. A few bits of a zstd frame
 * mean nothing.
 */
static void test_each_bit(void **state)
{
	unsigned int nr_harmless = 0;

	(void)state;
	for (size_t bit = 0; bit < small.length * 8; bit++) {
		struct outcome outcome;

		if (!tries_bit(bit))
			continue;
		small.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		store_file(small.bytes, small.length);
		outcome = read_file(small.path);
		small.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 < small.header_bytes) {
			assert_int_equal(outcome.status, -EINVAL);
			continue;
		}
		assert_int_equal(outcome.status, 0);
		assert_int_equal(outcome.nr_rows + outcome.nr_lost, NR_USED * ROWS);
		assert_int_equal(outcome.nr_lost, outcome.nr_reports * FLUSH_AT);
		assert_int_equal(outcome.nr_reports, outcome.state.damaged_chunks);
		if (bit / 8 < small.footer_at)
			nr_harmless += outcome.nr_reports == 0;
		else
			assert_false(outcome.state.has_footer);
		assert_true(outcome.nr_reports <= (bit / 8 < small.footer_at));
	}
	assert_in_range(nr_harmless, 0, 20 * NR_CHUNKS);
}

/* The same without index and footer: a damaged head of a chunk leaves its rows uncounted, but reported. */
static void test_each_bit_unfinished(void **state)
{
	unsigned int nr_harmless = 0;

	(void)state;
	for (size_t bit = small.header_bytes * 8; bit < small.footer_at * 8; bit++) {
		struct outcome outcome;

		if (bit % 5)
			continue;
		small.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		store_file(small.bytes, small.footer_at);
		outcome = read_file(small.path);
		small.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(outcome.status, 0);
		assert_true(outcome.nr_reports <= 1);
		assert_int_equal(outcome.nr_rows, NR_USED * ROWS - outcome.nr_reports * FLUSH_AT);
		assert_true(outcome.nr_lost == 0 || outcome.nr_lost == FLUSH_AT);
		nr_harmless += outcome.nr_reports == 0;
	}
	assert_in_range(nr_harmless, 0, 20 * NR_CHUNKS);
}

/* Cut anywhere: whole chunks are read, the one that was cut is reported. */
static void test_each_cut(void **state)
{
	size_t rows_before = 0;

	(void)state;
	for (size_t length = 0; length < small.length; length++) {
		struct outcome outcome;

		if (length > 64 && length + 64 < small.header_bytes && length % 97)
			continue;
		store_file(small.bytes, length);
		outcome = read_file(small.path);
		if (length < small.header_bytes) {
			assert_int_equal(outcome.status, length ? -EINVAL : -ENODATA);
			continue;
		}
		assert_int_equal(outcome.status, 0);
		assert_false(outcome.state.has_footer);
		assert_int_equal(outcome.state.damaged_chunks, 0);
		assert_int_equal(outcome.nr_rows % FLUSH_AT, 0);
		assert_true(outcome.nr_rows >= rows_before);
		rows_before = outcome.nr_rows;
		assert_int_equal(outcome.nr_reports, outcome.state.cut_bytes ? 1 : 0);
		assert_true(outcome.nr_lost == 0 || outcome.nr_lost == FLUSH_AT);
	}
	assert_int_equal(rows_before, NR_USED * ROWS);
}

/* Bytes taken out of the first chunk of an unfinished file, or put in before it. */
static void test_shifted(void **state)
{
	static const uint8_t junk[1000] = { 'h', 's', 't', 'C' };
	struct outcome outcome;
	hs_auto_free uint8_t *bytes = malloc(small.length + sizeof(junk));
	size_t middle = small.header_bytes + hs_part_bytes(small.bytes + small.header_bytes) + 5;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, small.bytes, small.footer_at);
	memmove(bytes + middle, bytes + middle + 20, small.footer_at - middle - 20);
	store_file(bytes, small.footer_at - 20);
	outcome = read_file(small.path);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.nr_rows, NR_USED * ROWS - FLUSH_AT);
	assert_int_equal(outcome.nr_reports, 1);

	memcpy(bytes, small.bytes, small.header_bytes);
	memcpy(bytes + small.header_bytes, junk, sizeof(junk));
	memcpy(bytes + small.header_bytes + sizeof(junk), small.bytes + small.header_bytes,
	       small.length - small.header_bytes);
	store_file(bytes, small.length + sizeof(junk));
	outcome = read_file(small.path);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.nr_rows, NR_USED * ROWS);
	assert_int_equal(outcome.nr_reports, 1);
}

static void test_refused(void **state)
{
	static const char text[] = "kind,time\n1,2,3,4,5,6,7,8\n";
	struct hs_error err = { 0 };
	struct hs_reader *reader = NULL;

	(void)state;
	assert_int_equal(hs_reader_open("/nonexistent/file", &reader, &err), -ENOENT);
	assert_int_equal(hs_reader_open("/tmp", &reader, &err), -EISDIR);
	assert_string_equal(err.text, "/tmp: is a directory, not a trace file");
	store_file((const uint8_t *)text, sizeof(text) - 1);
	assert_int_equal(hs_reader_open(small.path, &reader, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not a hindsight trace"));
	assert_null(reader);
}

/* The file's part that begins at offset, with 32 bits at `at` of its payload replaced and its check sum renewed. */
static uint8_t *change_part(size_t offset, size_t at, uint32_t value)
{
	uint8_t *bytes = malloc(small.length);
	hs_buffer part = { 0 };
	size_t part_bytes = hs_part_bytes(small.bytes + offset);

	assert_non_null(bytes);
	memcpy(bytes, small.bytes, small.length);
	hs_store32(bytes + offset + HS_PART_HEAD + at, value);
	assert_true(hs_buffer_add(&part, bytes + offset, part_bytes));
	hs_part_end(&part, 0);
	memcpy(bytes + offset, part.items, part_bytes);
	hs_vec_deinit(&part);
	return bytes;
}

static void test_newer_version(void **state)
{
	hs_auto_free uint8_t *bytes = change_part(0, 0, 2);
	struct hs_error err = { 0 };
	struct hs_reader *reader = NULL;

	(void)state;
	store_file(bytes, small.length);
	assert_int_equal(hs_reader_open(small.path, &reader, &err), -EPROTO);
	assert_non_null(strstr(err.text, "format version 2, this build reads version 1; use a newer hindsight"));
}

/* One field of the first chunk's head set to what cannot be, check sum right: that chunk is damaged, no other. */
static void test_each_field(void **state)
{
	static const uint32_t values[] = { 0, 1, 2, 0x7fffffff, 0xffffffff };
	size_t part_bytes = hs_part_bytes(small.bytes + small.header_bytes);

	(void)state;
	for (size_t at = 0; at + 4 <= part_bytes - HS_PART_HEAD; at += 2)
		for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
			hs_auto_free uint8_t *bytes = change_part(small.header_bytes, at, values[v]);
			struct outcome outcome;

			store_file(bytes, small.length);
			outcome = read_file(small.path);
			assert_int_equal(outcome.status, 0);
			assert_true(outcome.nr_rows >= NR_USED * ROWS - FLUSH_AT);
			assert_int_equal(outcome.nr_rows + outcome.nr_lost, NR_USED * ROWS);
			/* Without index the head is all there is. */
			store_file(bytes, small.footer_at);
			outcome = read_file(small.path);
			assert_int_equal(outcome.status, 0);
			assert_true(outcome.nr_rows >= NR_USED * ROWS - FLUSH_AT);
		}
}

static void test_full_device(void **state)
{
	const struct hs_header header = { 0 };
	const struct hs_writer_options options = { .overwrite = true };
	struct hs_writer *writer = NULL;
	struct hs_error err = { 0 };

	(void)state;
	assert_int_equal(hs_writer_create("/dev/full", &header, &options, &writer, &err), -ENOSPC);
	assert_null(writer);
	assert_string_equal(err.text, "/dev/full: write: No space left on device");
	assert_int_equal(hs_writer_create("/nonexistent/file", &header, NULL, &writer, NULL), -ENOENT);
}

/* A reader that goes away: the writer says so, and from then on takes nothing but close. */
static void test_closed_pipe(void **state)
{
	const struct hs_fault_user row = { .row = { .time = 1 } };
	struct hs_writer *writer;
	char path[32];
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	writer = create_writer(path);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(hs_writer_add(writer, HS_KIND_fault_user, &row, 1, NULL), 0);
	assert_int_equal(hs_writer_flush(writer, NULL), -EPIPE);
	assert_int_equal(hs_writer_add(writer, HS_KIND_fault_user, &row, 1, NULL), -EPIPE);
	assert_int_equal(hs_writer_close(writer, NULL), -EPIPE);
}

/* From a pipe, as from a file. */
static void test_read_pipe(void **state)
{
	struct outcome outcome;
	char path[32];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= (int)small.length);
	assert_int_equal(write(ends[1], small.bytes, small.length), small.length);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	outcome = read_file(path);
	close(ends[0]);
	assert_int_equal(outcome.status, 0);
	assert_int_equal(outcome.nr_rows, NR_USED * ROWS);
	assert_true(outcome.state.has_footer);
}

static void test_too_long_text(void **state)
{
	static const char text[(1 << 16) + 1] = { 0 };
	const struct hs_snap_begin row = { .reason = { text, sizeof(text) } };
	struct hs_writer *writer = create_writer(small.path);

	(void)state;
	assert_int_equal(hs_writer_add(writer, HS_KIND_snap_begin, &row, 1, NULL), -EINVAL);
	assert_int_equal(hs_writer_events(writer), 0);
	assert_int_equal(hs_writer_close(writer, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_each_bit), cmocka_unit_test(test_each_bit_unfinished),
		cmocka_unit_test(test_each_cut), cmocka_unit_test(test_shifted), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_newer_version), cmocka_unit_test(test_each_field),
		cmocka_unit_test(test_full_device), cmocka_unit_test(test_closed_pipe), cmocka_unit_test(test_read_pipe),
		cmocka_unit_test(test_too_long_text),
	};

	return cmocka_run_group_tests(tests, make_small, drop_small);
}
