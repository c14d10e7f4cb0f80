// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "tests/unit/random_rows.h"
#include "traces/jsonl.h"

static struct hs_jsonl_reader *open_text(FILE **in, const char *text, size_t length)
{
	struct hs_jsonl_reader *reader = NULL;
	struct hs_error err = { 0 };

	*in = fmemopen((void *)(uintptr_t)text, length, "r");
	assert_non_null(*in);
	if (hs_jsonl_reader_open(*in, "text", &reader, &err))
		fail_msg("%s", err.text);
	return reader;
}

/* Rows become text, the text the same rows, and those the same text. */
static void check_round_trip(unsigned int kind, const char *rows, size_t nr)
{
	hs_auto_free char *text = NULL, *again = NULL;
	size_t length = 0, length_again = 0, row_bytes = hs_kind_info(kind)->row_bytes, at = 0;
	hs_auto_file FILE *in = NULL;
	FILE *out = open_memstream(&text, &length), *copy = open_memstream(&again, &length_again);
	struct hs_jsonl_reader *reader;
	struct hs_error err = { 0 };
	struct hs_event event;
	int status;

	for (size_t i = 0; i < nr; i++) {
		event = (struct hs_event){ .kind = kind, .row = (const void *)(rows + i * row_bytes) };
		assert_int_equal(hs_jsonl_write_event(out, &event, NULL), 0);
	}
	fclose(out);
	reader = open_text(&in, text, length);
	while ((status = hs_jsonl_reader_next(reader, &event, &err)) > 0) {
		assert_int_equal(event.kind, kind);
		if (!rows_equal(kind, event.row, rows + at * row_bytes))
			fail_msg("%s: row %zu differs", hs_kind_info(kind)->name, at);
		assert_int_equal(hs_jsonl_write_event(copy, &event, NULL), 0);
		at++;
	}
	if (status)
		fail_msg("%s", err.text);
	fclose(copy);
	assert_int_equal(at, nr);
	assert_int_equal(length, length_again);
	assert_memory_equal(text, again, length);
	for (size_t i = 0; i < length; i++)
		assert_true((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\n');
	hs_jsonl_reader_close(reader);
}

static void test_each_kind(void **state)
{
	struct hs_rng rng = { 1848 };

	(void)state;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
		hs_auto_free char *rows = random_rows(&rng, kind, 300, hs_rng_next(&rng) >> 2);

		check_round_trip(kind, rows, 300);
	}
}

static void test_spelling(void **state)
{
	const struct hs_fault_user row = {
		.row = { .time = 17, .task = 1, .mm = 2 }, .address = 0x7f0000001000, .ip = 0x401000, .error_code = 6,
	};
	const struct hs_event event = { .kind = HS_KIND_fault_user, .fault_user = &row };
	hs_auto_free char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_int_equal(hs_jsonl_write_event(out, &event, NULL), 0);
	fclose(out);
	assert_string_equal(text, "{\"kind\":\"fault.user\",\"time\":17,\"task\":1,\"mm\":2,\"address\":\"0x7f0000001000\","
				  "\"ip\":\"0x401000\",\"error_code\":\"0x6\"}\n");
}

static void test_header(void **state)
{
	struct hs_header header = { .page_bytes = 4096 };
	hs_auto_free char *text = NULL;
	hs_auto_file FILE *in = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct hs_jsonl_reader *reader;
	struct hs_event event;

	(void)state;
	hs_header_set(&header.kernel, "6.1.0-\x80");
	hs_header_add_rung(&header, "mm", "kprobe", "");
	assert_int_equal(hs_jsonl_write_header(out, &header, NULL), 0);
	fclose(out);
	reader = open_text(&in, text, length);
	assert_string_equal(hs_jsonl_reader_header(reader)->kernel, header.kernel);
	assert_string_equal(hs_header_rung(hs_jsonl_reader_header(reader), "mm"), "kprobe");
	assert_int_equal(hs_jsonl_reader_header(reader)->page_bytes, 4096);
	assert_int_equal(hs_jsonl_reader_next(reader, &event, NULL), 0);
	hs_jsonl_reader_close(reader);
	hs_header_deinit(&header);
}

/* Columns left out, both spellings of numbers, comments, no header. */
static void test_by_hand(void **state)
{
	static const char text[] = "# a fault\n\n"
		"{\"kind\":\"fault.user\",\"time\":\"0x10\",\"address\":4096}\n"
		"{\"kind\":\"mm.mmap\",\"time\":20,\"ret\":-12,\"fd\":\"0xffffffffffffffff\"}\n"
		"{\"kind\":\"snap.pages\",\"time\":21,\"present\":\"00Ff\"}";
	hs_auto_file FILE *in = NULL;
	struct hs_jsonl_reader *reader = open_text(&in, text, sizeof(text) - 1);
	struct hs_event event;

	(void)state;
	assert_int_equal(hs_jsonl_reader_next(reader, &event, NULL), 1);
	assert_int_equal(event.row->time, 16);
	assert_int_equal(event.fault_user->address, 4096);
	assert_int_equal(event.fault_user->ip, 0);
	assert_int_equal(hs_jsonl_reader_next(reader, &event, NULL), 1);
	assert_int_equal(event.mm_mmap->ret, -12);
	assert_int_equal(event.mm_mmap->fd, -1);
	assert_int_equal(hs_jsonl_reader_next(reader, &event, NULL), 1);
	assert_int_equal(event.snap_pages->present.length, 2);
	assert_memory_equal(event.snap_pages->present.data, "\x00\xff", 2);
	assert_int_equal(hs_jsonl_reader_next(reader, &event, NULL), 0);
	hs_jsonl_reader_close(reader);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{ "[]", "text:2: not a JSON object" },
		{ "{\"kind\":1}", "text:2: no \"kind\"" },
		{ "{\"kind\":\"x\"}", "text:2: unknown kind \"x\"" },
		{ "{\"kind\":\"fault.user\",\"adress\":1}", "text:2: fault.user has no column \"adress\"" },
		{ "{\"kind\":\"fault.user\",\"time\":-1}", "text:2: fault.user.time is not a number" },
		{ "{\"kind\":\"fault.user\",\"task\":4294967296}", "text:2: fault.user.task is not a number" },
		{ "{\"kind\":\"fault.user\",\"time\":1.5}", "text:2: fault.user.time is not a number" },
		{ "{\"kind\":\"fault.user\",\"time\":\"0x\"}", "text:2: fault.user.time is not a number" },
		{ "{\"kind\":\"fault.user\",\"time\":\"0x10000000000000000\"}", "text:2: fault.user.time is not a number" },
		{ "{\"kind\":\"fault.user\",\"time\":1,\"time\":2}", "text:2: column" },
		{ "{\"kind\":\"fault.user\",\"time\":18446744073709551615}", "text:2: column" },
		{ "{\"kind\":\"meta.task\",\"comm\":7}", "text:2: meta.task.comm is not a string" },
		{ "{\"kind\":\"meta.task\",\"comm\":{\"hex\":\"0\"}}", "text:2: meta.task.comm is not a string" },
		{ "{\"kind\":\"snap.pages\",\"present\":\"0g\"}", "text:2: snap.pages.present is not a string of hex" },
		{ "{\"kind\":\"fault.user\"", "text:2: column" },
		{ "\xff", "text:2: column" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		hs_auto_file FILE *in = NULL;
		struct hs_error err = { 0 };
		struct hs_event event;
		struct hs_jsonl_reader *reader;

		snprintf(text, sizeof(text), "{\"hindsight\":1}\n%s\n", cases[i].line);
		reader = open_text(&in, text, strlen(text));
		assert_int_equal(hs_jsonl_reader_next(reader, &event, &err), -EINVAL);
		if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("\"%s\" instead of \"%s\"", err.text, cases[i].message);
		hs_jsonl_reader_close(reader);
	}
}

static void test_newer_version(void **state)
{
	static const char text[] = "{\"hindsight\":2}\n";
	hs_auto_file FILE *in = fmemopen((void *)(uintptr_t)text, sizeof(text) - 1, "r");
	struct hs_jsonl_reader *reader = NULL;

	(void)state;
	assert_int_equal(hs_jsonl_reader_open(in, "text", &reader, NULL), -EPROTO);
	assert_null(reader);
}

static void test_full_device(void **state)
{
	const struct hs_mm_exit_mmap row = { .row = { .time = 1 } };
	const struct hs_event event = { .kind = HS_KIND_mm_exit_mmap, .mm_exit_mmap = &row };
	hs_auto_file FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(hs_jsonl_write_event(out, &event, NULL), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind), cmocka_unit_test(test_spelling), cmocka_unit_test(test_header),
		cmocka_unit_test(test_by_hand), cmocka_unit_test(test_refused), cmocka_unit_test(test_newer_version),
		cmocka_unit_test(test_full_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
