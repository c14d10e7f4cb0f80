// SPDX-License-Identifier: GPL-2.0-only
/* Writer and reader together: what goes in comes out, in order, whole or by selection. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/random_rows.h"
#include "traces/reader.h"
#include "traces/writer.h"

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/hs_trace_file_XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct hs_writer *create_writer(const struct hs_writer_options *options)
{
	struct hs_header header = { 0 };
	struct hs_writer_options chosen = options ? *options : (struct hs_writer_options){ 0 };
	struct hs_writer *writer = NULL;
	struct hs_error err = { 0 };

	chosen.overwrite = true;
	if (hs_writer_create(path, &header, &chosen, &writer, &err))
		fail_msg("%s", err.text);
	return writer;
}

static struct hs_reader *open_reader(void)
{
	struct hs_reader *reader = NULL;
	struct hs_error err = { 0 };

	if (hs_reader_open(path, &reader, &err))
		fail_msg("%s", err.text);
	return reader;
}

/* Reads all of one kind back and compares. */
static void check_kind(unsigned int kind, const char *rows, size_t nr)
{
	struct hs_reader *reader = open_reader();
	size_t row_bytes = hs_kind_info(kind)->row_bytes, at = 0;
	struct hs_error err = { 0 };
	struct hs_run run;
	int status;

	while ((status = hs_reader_next(reader, &run, &err)) > 0) {
		assert_int_equal(run.kind, kind);
		assert_true(run.nr > 0 && at + run.nr <= nr);
		for (size_t i = 0; i < run.nr; i++, at++)
			if (!rows_equal(kind, rows + at * row_bytes, (const char *)run.rows + i * row_bytes))
				fail_msg("%s: row %zu of %zu differs", hs_kind_info(kind)->name, at, nr);
	}
	assert_int_equal(status, 0);
	assert_int_equal(at, nr);
	hs_reader_close(reader);
}

static void test_each_kind(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 100, 5000 };
	struct hs_rng rng = { 20260101 };

	(void)state;
	print_message("seed %llu\n", (unsigned long long)rng.state);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
			char *rows = random_rows(&rng, kind, counts[c], hs_rng_next(&rng) >> 8);
			struct hs_writer *writer = create_writer(NULL);

			assert_int_equal(hs_writer_add(writer, kind, rows, counts[c], NULL), 0);
			assert_int_equal(hs_writer_events(writer), counts[c]);
			assert_int_equal(hs_writer_close(writer, NULL), 0);
			check_kind(kind, rows, counts[c]);
			free(rows);
		}
}

/* More rows than a chunk or a batch holds, added in uneven slices, with and without flushes. */
static void test_many_chunks(void **state)
{
	enum { ROWS = 300000 };	/* two full groups of the writer and some */
	struct hs_rng rng = { 7 };
	struct hs_fault_user *rows = random_rows(&rng, HS_KIND_fault_user, ROWS, 1000);
	struct hs_writer *writer = create_writer(NULL);
	struct hs_reader_state summary;
	struct hs_reader *reader;

	(void)state;
	for (size_t at = 0, nr; at < ROWS; at += nr) {
		nr = hs_rng_below(&rng, 9000);
		nr = nr < ROWS - at ? nr : ROWS - at;
		assert_int_equal(hs_writer_add(writer, HS_KIND_fault_user, rows + at, nr, NULL), 0);
		if (hs_rng_below(&rng, 10) == 0)
			assert_int_equal(hs_writer_flush(writer, NULL), 0);
	}
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	check_kind(HS_KIND_fault_user, (const char *)rows, ROWS);
	reader = open_reader();
	hs_reader_get_state(reader, &summary);
	assert_true(summary.has_footer);
	assert_true(summary.nr_chunks >= 3);
	assert_int_equal(summary.nr_events[HS_KIND_fault_user], ROWS);
	assert_int_equal(summary.first_time, rows[0].row.time);
	assert_int_equal(summary.last_time, rows[ROWS - 1].row.time);
	hs_reader_close(reader);
	free(rows);
}

/* The largest times there are, and equal ones over a whole chunk. */
static void test_times(void **state)
{
	struct hs_mm_exit_mmap rows[] = {
		{ .row = { .time = 0 } }, { .row = { .time = 1ull << 63 } }, { .row = { .time = UINT64_MAX } },
		{ .row = { .time = UINT64_MAX, .mm = UINT32_MAX } },
	};
	struct hs_writer *writer = create_writer(NULL);

	(void)state;
	assert_int_equal(hs_writer_add(writer, HS_KIND_mm_exit_mmap, rows, 4, NULL), 0);
	assert_int_equal(hs_writer_add(writer, HS_KIND_mm_exit_mmap, rows, 1, NULL), -EINVAL);
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	check_kind(HS_KIND_mm_exit_mmap, (const char *)rows, 4);
}

static void test_time_step(void **state)
{
	const struct hs_writer_options options = { .time_step = 64 };
	struct hs_mm_exit_mmap rows[200] = { 0 };
	struct hs_writer *writer = create_writer(&options);
	struct hs_reader *reader;

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		rows[i].row.time = 1000 + i * 37;
	assert_int_equal(hs_writer_add(writer, HS_KIND_mm_exit_mmap, rows, 200, NULL), 0);
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	for (unsigned int i = 0; i < 200; i++)
		rows[i].row.time &= ~63ull;
	check_kind(HS_KIND_mm_exit_mmap, (const char *)rows, 200);
	reader = open_reader();
	assert_int_equal(hs_reader_header(reader)->time_step, 64);
	hs_reader_close(reader);
}

/* All kinds interleaved: the reader's order against a sort of everything by (time, kind, position). */
struct ordered {
	unsigned int kind;
	size_t position;
	const void *row;
	uint64_t time;
};

static int compare_ordered(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

enum { ROWS_PER_KIND = 700, NR_ORDERED = ROWS_PER_KIND * HS_NR_KINDS };

struct mixture {
	char *rows[HS_NR_KINDS];
	struct ordered *all;
};

static void write_mixture(struct hs_rng *rng, struct mixture *mixture, bool leaves_footer)
{
	struct hs_writer *writer = create_writer(NULL);
	size_t nr = 0;

	mixture->all = calloc(NR_ORDERED, sizeof(*mixture->all));
	assert_non_null(mixture->all);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		size_t row_bytes = hs_kind_info(kind)->row_bytes;
		uint64_t time = 500;

		mixture->rows[kind] = random_rows(rng, kind, ROWS_PER_KIND, 0);
		for (size_t i = 0; i < ROWS_PER_KIND; i++) {
			struct hs_row *row = (void *)(mixture->rows[kind] + i * row_bytes);

			row->time = time += hs_rng_below(rng, 3);
			mixture->all[nr++] = (struct ordered){ kind, i, row, time };
		}
	}
	for (size_t at = 0; at < ROWS_PER_KIND; at += 70) {
		for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
			assert_int_equal(hs_writer_add(writer, kind, mixture->rows[kind] + at * hs_kind_info(kind)->row_bytes,
						       70, NULL), 0);
		if (hs_rng_below(rng, 2))
			assert_int_equal(hs_writer_flush(writer, NULL), 0);
	}
	assert_int_equal(hs_writer_flush(writer, NULL), 0);
	if (leaves_footer)
		assert_int_equal(hs_writer_close(writer, NULL), 0);
	else
		hs_writer_abandon(writer);
	qsort(mixture->all, NR_ORDERED, sizeof(*mixture->all), compare_ordered);
}

static void free_mixture(struct mixture *mixture)
{
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		free(mixture->rows[kind]);
	free(mixture->all);
}

/* Next of the ordered events that the selection wants, from *at on. */
static const struct ordered *next_wanted(const struct mixture *mixture, size_t *at, const hs_kind_set *kinds,
					 uint64_t from, uint64_t to)
{
	while (*at < NR_ORDERED) {
		const struct ordered *next = &mixture->all[(*at)++];

		if (hs_kind_set_has(kinds, next->kind) && next->time >= from && next->time < to)
			return next;
	}
	return NULL;
}

static void check_selection(const struct mixture *mixture, hs_kind_set kinds, uint64_t from, uint64_t to)
{
	struct hs_reader *reader = open_reader();
	const struct ordered *wanted;
	struct hs_event event;
	size_t at = 0;

	hs_reader_select_kinds(reader, &kinds);
	hs_reader_select_time(reader, from, to);
	while ((wanted = next_wanted(mixture, &at, &kinds, from, to)) != NULL) {
		assert_int_equal(hs_reader_next_event(reader, &event, NULL), 1);
		assert_int_equal(event.kind, wanted->kind);
		assert_int_equal(event.row->time, wanted->time);
		if (!rows_equal(event.kind, event.row, wanted->row))
			fail_msg("%s: row %zu differs", hs_kind_info(event.kind)->name, wanted->position);
	}
	assert_int_equal(hs_reader_next_event(reader, &event, NULL), 0);
	assert_int_equal(hs_reader_next_event(reader, &event, NULL), 0);
	hs_reader_close(reader);
}

static void test_order_and_selection(void **state)
{
	struct hs_rng rng = { 42 };

	(void)state;
	for (int leaves_footer = 0; leaves_footer < 2; leaves_footer++) {
		struct mixture mixture;

		write_mixture(&rng, &mixture, leaves_footer);
		check_selection(&mixture, (hs_kind_set){ { UINT64_MAX, UINT64_MAX } }, 0, UINT64_MAX);
		check_selection(&mixture, (hs_kind_set){ { UINT64_MAX, UINT64_MAX } }, 800, 801);
		check_selection(&mixture, (hs_kind_set){ { UINT64_MAX, UINT64_MAX } }, 0, 0);
		for (int i = 0; i < 5; i++) {
			uint64_t from = 500 + hs_rng_below(&rng, 700);

			check_selection(&mixture, (hs_kind_set){ { hs_rng_next(&rng), hs_rng_next(&rng) } }, from,
					from + hs_rng_below(&rng, 300));
		}
		free_mixture(&mixture);
	}
}

/* Chosen columns are right whatever else is chosen; texts that are not chosen are empty. */
static void test_columns(void **state)
{
	struct hs_rng rng = { 3 };

	(void)state;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		const struct hs_kind_info *info = hs_kind_info(kind);
		char *rows = random_rows(&rng, kind, 3000, 5);
		struct hs_writer *writer = create_writer(NULL);
		uint64_t mask = hs_rng_next(&rng);
		struct hs_reader *reader;
		struct hs_run run;
		size_t at = 0;

		assert_int_equal(hs_writer_add(writer, kind, rows, 3000, NULL), 0);
		assert_int_equal(hs_writer_close(writer, NULL), 0);
		reader = open_reader();
		hs_reader_select_columns(reader, kind, mask);
		while (hs_reader_next(reader, &run, NULL) > 0)
			for (size_t i = 0; i < run.nr; i++, at++)
				for (unsigned int c = 0; c < info->nr_columns; c++) {
					const struct hs_column_info *column = &info->columns[c];
					const char *row = (const char *)run.rows + i * info->row_bytes;

					if (hs_type_is_bytes(column->type))
						assert_int_equal(hs_column_bytes(column, row)->length, mask >> c & 1 ?
								 hs_column_bytes(column, rows + at * info->row_bytes)->length : 0);
					else if (mask >> c & 1 || c == 0)
						assert_true(hs_column_number(column, row) ==
							    hs_column_number(column, rows + at * info->row_bytes));
				}
		assert_int_equal(at, 3000);
		hs_reader_close(reader);
		free(rows);
	}
}

static void test_header(void **state)
{
	struct hs_header header = { .page_bytes = 4096, .nr_cpus = 2, .start_time = UINT64_MAX, .wall_offset = 1ull << 62 };
	struct hs_writer *writer;
	struct hs_reader *reader;
	const struct hs_header *read;

	(void)state;
	hs_header_set(&header.kernel, "6.18.0");
	hs_header_set(&header.command, "hindsight record \xff\x01 <x>");
	hs_header_add_rung(&header, "fault", "tracepoint", "no BTF for \"x\"");
	hs_header_add_name(&header, "scan_result", -3, "SCAN_FAIL");
	hs_header_add_attribute(&header, "memory_notify.values", "flags");
	assert_int_equal(hs_writer_create(path, &header, NULL, &writer, NULL), -EEXIST);
	assert_int_equal(hs_writer_create(path, &header, &(struct hs_writer_options){ .overwrite = true },
			 &writer, NULL), 0);
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	reader = open_reader();
	read = hs_reader_header(reader);
	assert_string_equal(read->kernel, header.kernel);
	assert_string_equal(read->command, header.command);
	assert_null(read->arch);
	assert_int_equal(read->page_bytes, 4096);
	assert_int_equal(read->nr_cpus, 2);
	assert_true(read->start_time == UINT64_MAX && read->wall_offset == 1ull << 62);
	assert_string_equal(hs_header_rung(read, "fault"), "tracepoint");
	assert_string_equal(read->rungs.items[0].detail, "no BTF for \"x\"");
	assert_string_equal(hs_header_name(read, "scan_result", -3), "SCAN_FAIL");
	assert_string_equal(hs_header_attribute(read, "memory_notify.values"), "flags");
	assert_null(hs_header_attribute(read, "nothing"));
	hs_reader_close(reader);
	hs_header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind), cmocka_unit_test(test_many_chunks), cmocka_unit_test(test_times),
		cmocka_unit_test(test_time_step), cmocka_unit_test(test_order_and_selection),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
