// SPDX-License-Identifier: GPL-2.0-only
/* What is printed of numbers and of hostile text: lib/text.c, lib/printable.c and lib/error.c. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/error.h"
#include "lib/printable.h"
#include "lib/rng.h"
#include "lib/text.h"

static const char *terminated(struct hs_text *text)
{
	hs_text_add_char(text, '\0');
	assert_false(text->is_short);
	text->used = 0;
	return text->data;
}

static void check_number(struct hs_text *text, uint64_t number)
{
	char expected[32];

	snprintf(expected, sizeof(expected), "%" PRIu64, number);
	hs_text_add_u64(text, number);
	assert_string_equal(terminated(text), expected);
	snprintf(expected, sizeof(expected), "%" PRId64, (int64_t)number);
	hs_text_add_i64(text, (int64_t)number);
	assert_string_equal(terminated(text), expected);
	snprintf(expected, sizeof(expected), "0x%" PRIx64, number);
	hs_text_add_hex(text, number);
	assert_string_equal(terminated(text), expected);
	snprintf(expected, sizeof(expected), "%09" PRIu64, number);
	hs_text_add_digits(text, number, 9);
	assert_string_equal(terminated(text), expected);
}

static void test_numbers_are_printfs(void **state)
{
	struct hs_rng rng = { .state = 31 };
	struct hs_text text = { 0 };

	(void)state;
	print_message("seed %d\n", 31);
	check_number(&text, 0);
	check_number(&text, UINT64_MAX);
	check_number(&text, (uint64_t)INT64_MIN);
	for (int i = 0; i < 10000; i++)
		check_number(&text, hs_rng_next(&rng) >> hs_rng_below(&rng, 64));
	hs_text_deinit(&text);
}

static void test_hostile_text_is_escaped(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain `touch pwned` <script>", "plain `touch pwned` <script>" },
		{ "a\nb\r\t", "a\\x0ab\\x0d\\x09" },
		{ "\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m" },
		{ "back\\slash", "back\\\\slash" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "c1\xc2\x9b" "31m", "c1\\xc2\\x9b31m" },
		{ "bidi\xe2\x80\xae", "bidi\\xe2\\x80\\xae" },
		{ "\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80", "\\xc0\\xaf\\xed\\xa0\\x80\\xf5\\x80\\x80\\x80" },
		{ "cut\xe2\x82", "cut\\xe2\\x82" },
	};
	struct hs_text text = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		hs_text_add_printable(&text, cases[i].in, strlen(cases[i].in));
		assert_string_equal(terminated(&text), cases[i].out);
	}
	hs_text_add_printable(&text, "nul\0byte", 8);
	assert_string_equal(terminated(&text), "nul\\x00byte");
	hs_text_deinit(&text);
}

static void test_padding_keeps_columns_apart(void **state)
{
	struct hs_text text = { 0 };

	(void)state;
	hs_text_add(&text, "ab");
	hs_text_pad(&text, 0, 4);
	hs_text_add(&text, "much too long");
	hs_text_pad(&text, 4, 4);
	hs_text_add(&text, "|");
	assert_string_equal(terminated(&text), "ab  much too long |");
	hs_text_deinit(&text);
}

static void test_a_full_disk_is_noticed(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct hs_text text = { 0 };
	struct hs_error err;
	int status;

	(void)state;
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	hs_text_add(&text, "x");
	status = hs_text_write(&text, full, "/dev/full", &err);
	assert_int_equal(status, -ENOSPC);
	assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
	fclose(full);
	hs_text_deinit(&text);
}

static void test_sentences_stay_on_one_line(void **state)
{
	struct hs_error err;
	char name[600];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(hs_error_set(&err, -EINVAL, "%s: bad", "a\nb\033[2J\xc2\x9b\xc3\xa4"), -EINVAL);
	assert_string_equal(err.text, "a?b?[2J??\xc3\xa4: bad");
	assert_int_equal(hs_error_prefix(&err, "line %d", 7), -EINVAL);
	assert_string_equal(err.text, "line 7: a?b?[2J??\xc3\xa4: bad");
	assert_int_equal(hs_error_set(&err, -EIO, "%s", name), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(hs_error_prefix(&err, "%s", name), -EIO);
	assert_int_equal(hs_error_set(NULL, -EIO, "nobody asks"), -EIO);
	assert_int_equal(hs_error_prefix(NULL, "nobody asks"), 0);
	assert_int_equal(hs_error_nomem(&err), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_printfs),
		cmocka_unit_test(test_hostile_text_is_escaped),
		cmocka_unit_test(test_padding_keeps_columns_apart),
		cmocka_unit_test(test_a_full_disk_is_noticed),
		cmocka_unit_test(test_sentences_stay_on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
