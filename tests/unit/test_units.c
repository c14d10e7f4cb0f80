// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/units.h"

struct parse_case {
	const char *text;
	int status;
	uint64_t value;
};

static void check_all(const struct parse_case *cases, size_t count, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 4711;

		print_message("'%s'\n", cases[i].text);
		assert_int_equal(parse(cases[i].text, &value), cases[i].status);
		assert_int_equal(value, cases[i].status ? 4711 : cases[i].value);
	}
}

static void test_numbers(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, 0 }, { "18446744073709551615", 0, UINT64_MAX }, { "0xff", 0, 255 },
		{ "18446744073709551616", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "0x", -EINVAL, 0 }, { "ff", -EINVAL, 0 },
	};

	(void)state;
	check_all(cases, sizeof(cases) / sizeof(*cases), hs_parse_u64);
}

static void test_bytes(void **state)
{
	static const struct parse_case cases[] = {
		{ "4096", 0, 4096 }, { "4K", 0, 4096 }, { "2MiB", 0, 2 << 20 }, { "1gb", 0, 1 << 30 },
		{ "16777216T", -ERANGE, 0 }, { "4X", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "1.5M", -EINVAL, 0 },
	};

	(void)state;
	check_all(cases, sizeof(cases) / sizeof(*cases), hs_parse_bytes);
}

static void test_durations(void **state)
{
	static const struct parse_case cases[] = {
		{ "2", 0, 2000000000 }, { "1.5s", 0, 1500000000 }, { "250ms", 0, 250000000 }, { "0.000001s", 0, 1000 },
		{ "3h", 0, 10800000000000 }, { "1.", -EINVAL, 0 }, { ".5", -EINVAL, 0 }, { "5x", -EINVAL, 0 },
		{ "99999999999999h", -ERANGE, 0 },
	};

	(void)state;
	check_all(cases, sizeof(cases) / sizeof(*cases), hs_parse_duration);
}

static void test_printing(void **state)
{
	char text[HS_UNITS_TEXT];

	(void)state;
	assert_string_equal(hs_format_bytes(17, text), "17 B");
	assert_string_equal(hs_format_bytes(4096, text), "4 KiB");
	assert_string_equal(hs_format_bytes(5000, text), "4.88 KiB");
	assert_string_equal(hs_format_bytes(UINT64_MAX, text), "16.0 EiB");
	assert_string_equal(hs_format_duration(890, text), "890 ns");
	assert_string_equal(hs_format_duration(56700000, text), "56.7 ms");
	assert_string_equal(hs_format_count(12345678, text), "12,345,678");
	assert_string_equal(hs_format_count(999, text), "999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
