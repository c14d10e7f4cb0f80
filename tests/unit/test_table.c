// SPDX-License-Identifier: GPL-2.0-only
/* Each form of a table, byte by byte; the texts in it are what a hostile process may be called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/table.h"

static const char hostile[] = "=cmd|`touch pwned`\n\x1b[31m<script>\"'\x9b\xff";

static struct hs_table *make_table(const char *name)
{
	struct hs_table *table = hs_table_create("who did what");

	hs_table_add_column(table, "name", "");
	hs_table_add_column(table, "events", "count");
	hs_table_add_column(table, "share", "percent");
	hs_table_add_column(table, "time", "ns");
	hs_table_text(table, "%s", name);
	hs_table_count(table, 1234567);
	hs_table_percent(table, 99.9999);
	hs_table_ns(table, 1500);
	hs_table_mark_row(table, HS_ROW_FAILED);
	hs_table_text(table, "plain");
	hs_table_count(table, 0);
	hs_table_none(table);
	hs_table_ns(table, 0);
	hs_table_mark_row(table, HS_ROW_PASSED);
	assert_int_equal(hs_table_status(table), 0);
	assert_int_equal(hs_table_nr_rows(table), 2);
	return table;
}

static void check_render(struct hs_table *table, enum hs_table_format format, const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	hs_table_render(table, format, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, wanted);
	free(text);
	hs_table_destroy(table);
}

static void test_text(void **state)
{
	(void)state;
	check_render(make_table(hostile), HS_TABLE_TEXT,
		     "who did what\n"
		     "name                                     events     share     time\n"
		     "=cmd|`touch pwned`??[31m<script>\"'??  1,234,567  >99.99 %  1.50 us\n"
		     "plain                                         0               0 ns\n");
}

static void test_csv(void **state)
{
	(void)state;
	check_render(make_table(hostile), HS_TABLE_CSV,
		     "name,events_count,share_percent,time_ns\n"
		     "\"'=cmd|`touch pwned`\n\x1b[31m<script>\"\"'\x9b\xff\",1234567,99.999900,1500\n"
		     "plain,0,,0\n");
}

static void test_json(void **state)
{
	(void)state;
	check_render(make_table(hostile), HS_TABLE_JSON,
		     "{\"title\": \"who did what\", \"units\": {\"name\": \"\", \"events\": \"count\", "
		     "\"share\": \"percent\", \"time\": \"ns\"}, \"rows\": [\n"
		     "  {\"name\": \"=cmd|`touch pwned`\\u000a\\u001b[31m<script>\\\"'\\u009b\\u00ff\", "
		     "\"events\": 1234567, \"share\": 99.999900, \"time\": 1500},\n"
		     "  {\"name\": \"plain\", \"events\": 0, \"share\": null, \"time\": 0}]}");
}

static void test_markdown(void **state)
{
	(void)state;
	check_render(make_table("a|<b>`c`"), HS_TABLE_MARKDOWN,
		     "### who did what\n\n"
		     "| name | events | share | time |\n"
		     "| --- | ---: | ---: | ---: |\n"
		     "| a\\|\\<b\\>\\`c\\` | 1,234,567 | \\>99.99 % | 1.50 us |\n"
		     "| plain | 0 |  | 0 ns |\n");
}

static void test_junit(void **state)
{
	(void)state;
	check_render(make_table("<b>"), HS_TABLE_JUNIT,
		     " <testsuite name=\"who did what\" tests=\"2\" failures=\"1\" skipped=\"0\">\n"
		     "  <testcase classname=\"hindsight\" name=\"&#60;b&#62;\"><failure message=\"events 1,234,567, "
		     "share &#62;99.99 %, time 1.50 us\"/></testcase>\n"
		     "  <testcase classname=\"hindsight\" name=\"plain\"/>\n"
		     " </testsuite>\n");
}

static void test_fits_the_terminal(void **state)
{
	char *text = NULL, name[200];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct hs_table *table;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	table = make_table(name);
	hs_table_render(table, HS_TABLE_TEXT, out);
	fclose(out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80 + 2);	/* "…" has three bytes */
	free(text);
	hs_table_destroy(table);
}

/* What is long is broken at its separators, kernel names before decision points; never in the middle of a word. */
static void test_breaks_at_separators(void **state)
{
	struct hs_table *table = hs_table_create("results");

	(void)state;
	for (const char *const *name = (const char *const[]){ "point", "recorded", "modelled", "verdict", NULL }; *name;
	     name++)
		hs_table_add_column(table, *name, "");
	hs_table_text(table, "block.offline_pages");
	hs_table_text(table, "SCAN_EXCEED_NONE_PTE_AND_SHARED_PTE");
	hs_table_text(table, "SCAN_EXCEED_NONE_PTE_AND_SHARED_PTE");
	hs_table_text(table, "agree");
	check_render(table, HS_TABLE_TEXT,
		     "results\n"
		     "point                recorded                  modelled                  verdict\n"
		     "block.offline_pages  SCAN_EXCEED_NONE_PTE_     SCAN_EXCEED_NONE_PTE_     agree\n"
		     "                     AND_SHARED_PTE            AND_SHARED_PTE\n");
}

/* A table without rows says by its note why. */
static void test_no_rows(void **state)
{
	struct hs_table *table = hs_table_create("agreement");

	(void)state;
	hs_table_add_column(table, "point", "");
	hs_table_set_note(table, "None: nothing was asked.");
	check_render(table, HS_TABLE_TEXT, "agreement\nNone: nothing was asked.\n");
}

/* A change that is not 0 is not printed as 0. */
static void test_small_changes(void **state)
{
	static const struct {
		double change;
		const char *text;
	} changes[] = {
		{ 0, "0 %" }, { 0.0004, "<+0.1 %" }, { -0.0004, ">-0.1 %" }, { 0.05, "+0.1 %" }, { -12.34, "-12.3 %" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		const struct hs_value value = { .type = HS_VALUE_CHANGE, .number = changes[i].change };
		char buffer[HS_VALUE_CHARS];

		assert_string_equal(hs_value_human(&value, buffer), changes[i].text);
	}
}

static struct hs_table *make_pair(const char *title, const char *column, uint64_t count)
{
	struct hs_table *table = hs_table_create(title);

	hs_table_add_column(table, column, "");
	hs_table_add_column(table, "count", "");
	hs_table_text(table, "SCAN_SUCCEED");
	hs_table_count(table, count);
	return table;
}

static void test_same(void **state)
{
	struct hs_table *table = make_pair("under a", "result", 3), *like = make_pair("under b", "result", 3);
	struct hs_table *other_value = make_pair("under a", "result", 4), *other_name = make_pair("under a", "code", 3);

	(void)state;
	assert_true(hs_table_is_same(table, like));
	assert_false(hs_table_is_same(table, other_value));
	assert_false(hs_table_is_same(table, other_name));
	hs_table_text(like, "SCAN_PAGE_RO");
	assert_false(hs_table_is_same(table, like));
	assert_false(hs_table_is_same(table, NULL));
	hs_table_destroy(table);
	hs_table_destroy(like);
	hs_table_destroy(other_value);
	hs_table_destroy(other_name);
}

static void test_formats_by_name(void **state)
{
	(void)state;
	assert_int_equal(hs_table_format_find("junit"), HS_TABLE_JUNIT);
	assert_int_equal(hs_table_format_find("xml"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_markdown),
		cmocka_unit_test(test_junit),
		cmocka_unit_test(test_fits_the_terminal),
		cmocka_unit_test(test_breaks_at_separators),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_small_changes),
		cmocka_unit_test(test_formats_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
