// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "traces/csv.h"

static char *table_of(const hs_kind_set *kinds, const struct hs_event *events, size_t nr)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct hs_csv *csv = NULL;

	assert_int_equal(hs_csv_open(out, kinds, &csv, NULL), 0);
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(hs_csv_write_event(csv, &events[i], NULL), 0);
	hs_csv_close(csv);
	fclose(out);
	return text;
}

static void test_two_kinds(void **state)
{
	const struct hs_fault_kernel fault = { .row = { 5, 1, 2 }, .address = 0x1000, .error_code = 2 };
	const struct hs_mm_munmap unmap = { .row = { 6, 1, 2 }, .duration = 9, .ret = -22, .addr = 0x2000, .len = 4096 };
	const struct hs_event events[] = {
		{ .kind = HS_KIND_fault_kernel, .fault_kernel = &fault }, { .kind = HS_KIND_mm_munmap, .mm_munmap = &unmap },
	};
	hs_kind_set kinds = { { 0 } };
	hs_auto_free char *table = NULL;

	(void)state;
	hs_kind_set_add(&kinds, HS_KIND_mm_munmap);
	hs_kind_set_add(&kinds, HS_KIND_fault_kernel);
	table = table_of(&kinds, events, 2);
	assert_string_equal(table, "kind,time,task,mm,address,error_code,duration,ret,addr,len\n"
				   "fault.kernel,5,1,2,0x1000,0x2,,,,\n"
				   "mm.munmap,6,1,2,,,9,-22,0x2000,4096\n");
}

struct text_case {
	const char *text;
	size_t length;
	const char *cell;
};

static void test_texts(void **state)
{
#define TEXT(text) text, sizeof(text) - 1
	static const struct text_case cases[] = {
		{ TEXT(""), "\"\"" }, { TEXT("kswapd0"), "\"kswapd0\"" }, { TEXT("a,b;c"), "\"a,b;c\"" },
		{ TEXT("say \"x\""), "\"say \"\"x\"\"\"" }, { TEXT("=1+1"), "\"'=1+1\"" }, { TEXT("@x"), "\"'@x\"" },
		{ TEXT("-2"), "\"'-2\"" }, { TEXT("a\nb\rc\td"), "\"a\\x0ab\\x0dc\\x09d\"" },
		{ TEXT("\0x"), "\"\\x00x\"" }, { TEXT("\x1b[2J\x7f"), "\"\\x1b[2J\\x7f\"" }, { TEXT("C:\\d"), "\"C:\\\\d\"" },
		{ TEXT("\xc3\xa4"), "\"\xc3\xa4\"" }, { TEXT("\xe2\x82\xac"), "\"\xe2\x82\xac\"" },
		{ TEXT("\xf0\x9f\x90\xa7"), "\"\xf0\x9f\x90\xa7\"" }, { TEXT("\xc2\x9b"), "\"\\xc2\\x9b\"" },
		{ TEXT("\xc3"), "\"\\xc3\"" }, { TEXT("\xc0\xaf"), "\"\\xc0\\xaf\"" },
		{ TEXT("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"" }, { TEXT("\xf8\x88"), "\"\\xf8\\x88\"" },
		{ TEXT("\xff\x80"), "\"\\xff\\x80\"" },
	};
#undef TEXT
	hs_kind_set kinds = { { 0 } };

	(void)state;
	hs_kind_set_add(&kinds, HS_KIND_snap_begin);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct hs_snap_begin row = { .reason = { cases[i].text, (uint32_t)cases[i].length } };
		const struct hs_event event = { .kind = HS_KIND_snap_begin, .snap_begin = &row };
		hs_auto_free char *table = table_of(&kinds, &event, 1);
		char expected[128];

		snprintf(expected, sizeof(expected), "kind,time,task,mm,reason\nsnap.begin,0,0,0,%s\n", cases[i].cell);
		assert_string_equal(table, expected);
	}
}

static void test_full_device(void **state)
{
	hs_auto_file FILE *out = fopen("/dev/full", "w");
	hs_kind_set kinds = { { 1 } };
	struct hs_csv *csv = NULL;

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(hs_csv_open(out, &kinds, &csv, NULL), -ENOSPC);
	assert_null(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_kinds), cmocka_unit_test(test_texts), cmocka_unit_test(test_full_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
