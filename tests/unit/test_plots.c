// SPDX-License-Identifier: GPL-2.0-only
/* Plots and page: same input, same bytes; and a process may be called anything. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/decision_tables.h"
#include "analysis/series.h"
#include "plots/gnuplot.h"
#include "plots/page.h"
#include "plots/svg_inline.h"
#include "tests/unit/outcomes.h"

enum { NR_POLICIES = 4 };

static const char *const hostile[NR_POLICIES] = {
	"recorded", "`touch pwned`'; system \"touch pwned\"; '", "<script>alert(1)</script>\"><b>&amp;\n\x1b[31m",
	"@x {/Bold b}_^ \\n %s $(touch pwned) a name that is far too long for any legend of any plot",
};

static const struct hs_plot_number numbers[] = {
	{ "side", 5 }, { "height", 620 }, { "end", 20 }, { NULL, 0 },
};
static const struct hs_plot_label labels[] = {
	{ "per_bucket", "decisions per 0.13 s" }, { "what", "huge pages made" }, { "what_x", "max_ptes_none" },
	{ "what_y", "huge pages" }, { "what_cost", "bloat (bytes)" }, { NULL, NULL },
};

static struct hs_tally *make_tally(void)
{
	struct hs_tally_setup setup = { hostile, NR_POLICIES, 0 };
	struct hs_tally *tally;

	assert_int_equal(hs_tally_create(&setup, &tally, NULL), 0);
	for (uint32_t policy = 0; policy < NR_POLICIES; policy++) {
		struct outcome_source source = { .rng = { 7 + policy } };

		for (int i = 0; i < 2000; i++) {
			struct hs_outcome outcome = draw_outcome(&source, policy, HS_MODE_VALIDATE);

			if (i % 100 == 99)
				source.modelled.result = hostile[2];
			hs_tally_add(tally, &outcome);
		}
		hs_tally_add_summary(tally, policy, "collapse", "bloat_bytes", 1000.0 * policy);
	}
	return tally;
}

struct picture {
	const char *template_name, *stem;
	struct hs_table *table;
};

enum { NR_PICTURES = 6 };

static void make_pictures(const struct hs_tally *tally, struct picture *pictures)
{
	static const double x[NR_POLICIES] = { 511, 0, 64, 255 };
	struct hs_series_sweep sweep = { HS_POINT_COLLAPSE_SCAN, "SCAN_SUCCEED", 0, 4096, x, "max_ptes_none" };

	pictures[0] = (struct picture){ "matrix.gp", "matrix", hs_series_matrix(tally, 0, HS_POINT_COLLAPSE_SCAN) };
	pictures[1] = (struct picture){ "results.gp", "results", hs_series_results(tally, 0, HS_POINT_COLLAPSE_SCAN, 4) };
	pictures[2] = (struct picture){
		"total.gp", "total", hs_series_total(tally, HS_POINT_COLLAPSE_SCAN, "SCAN_SUCCEED"),
	};
	pictures[3] = (struct picture){ "costs.gp", "costs", hs_series_costs(tally, HS_POINT_COLLAPSE_SCAN) };
	pictures[4] = (struct picture){ "distribution.gp", "distribution",
					hs_series_distribution(tally, HS_POINT_COLLAPSE_SCAN, 0) };
	pictures[5] = (struct picture){ "sweep.gp", "sweep", hs_series_sweep(tally, &sweep) };
}

/* False: no gnuplot here. */
static bool write_report(const char *folder)
{
	struct hs_tally *tally = make_tally();
	struct hs_page *page = hs_page_create(hostile[2]);
	struct hs_table *table = hs_table_results(tally);
	struct picture pictures[NR_PICTURES];
	struct hs_error err = { 0 };
	char path[256];
	int status = 0;

	make_pictures(tally, pictures);
	hs_page_chapter(page, "%s", hostile[2]);
	hs_page_warning(page, "%s", hostile[1]);
	hs_page_lines(page, hostile[2]);
	hs_page_table(page, table);
	for (int i = 0; i < NR_PICTURES; i++) {
		struct hs_plot plot = { pictures[i].template_name, pictures[i].stem, pictures[i].table, numbers, labels };

		assert_int_equal(hs_table_status(pictures[i].table), 0);
		assert_int_equal(hs_plot_write(folder, &plot, &err), 0);
		status = status ? status : hs_plot_draw(folder, pictures[i].stem, &err);
		if (!status)
			assert_int_equal(hs_page_figure(page, folder, pictures[i].stem, hostile[3], &err), 0);
		hs_table_destroy(pictures[i].table);
	}
	hs_table_destroy(table);
	hs_tally_destroy(tally);
	snprintf(path, sizeof(path), "%s/index.html", folder);
	assert_int_equal(hs_page_close(page, path, &err), 0);
	if (status && status != -ENOENT)
		fail_msg("%s", err.text);
	return status == 0;
}

static void make_folder(char *folder, size_t room)
{
	const char *parent = getenv("TMPDIR");

	snprintf(folder, room, "%s/hindsight_test_XXXXXX", parent ? parent : "/tmp");
	assert_non_null(mkdtemp(folder));
}

static char *read_whole(const char *folder, const char *name, size_t *size)
{
	char path[256], *text = malloc(1 << 22);
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	in = fopen(path, "r");
	assert_non_null(text);
	if (!in)
		fail_msg("%s is missing", path);
	*size = fread(text, 1, (1 << 22) - 1, in);
	text[*size] = '\0';
	fclose(in);
	return text;
}

static void check_same(const char *one, const char *other, const char *name)
{
	size_t size, size_other;
	char *text = read_whole(one, name, &size), *text_other = read_whole(other, name, &size_other);

	if (size != size_other || memcmp(text, text_other, size) != 0)
		fail_msg("%s differs between two runs", name);
	assert_true(size > 0);
	free(text);
	free(text_other);
}

static void check_harmless(const char *folder, const char *name)
{
	size_t size;
	char *text = read_whole(folder, name, &size);

	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "<b>"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

static void remove_folder(const char *folder)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

static void check_pictures(const char *one, const char *other)
{
	static const char *const stems[NR_PICTURES] = { "matrix", "results", "total", "costs", "distribution", "sweep" };
	static const char *const endings[] = { "svg", "png", "gp", "csv" };

	for (int i = 0; i < NR_PICTURES; i++)
		for (int ending = 0; ending < 4; ending++) {
			char name[64];

			snprintf(name, sizeof(name), "%s.%s", stems[i], endings[ending]);
			check_same(one, other, name);
			if (ending == 0)
				check_harmless(one, name);
		}
}

static void test_same_bytes_and_harmless(void **state)
{
	char one[200], other[200], pwned[256];
	bool has_gnuplot;

	(void)state;
	make_folder(one, sizeof(one));
	make_folder(other, sizeof(other));
	has_gnuplot = write_report(one) && write_report(other);
	if (has_gnuplot) {
		check_pictures(one, other);
		check_same(one, other, "index.html");
	}
	check_harmless(one, "index.html");
	snprintf(pwned, sizeof(pwned), "%s/pwned", one);
	assert_int_equal(access(pwned, F_OK), -1);
	assert_int_equal(access("pwned", F_OK), -1);
	remove_folder(one);
	remove_folder(other);
	if (!has_gnuplot)
		skip();
}

static void test_without_gnuplot(void **state)
{
	char folder[200], *path = strdup(getenv("PATH"));
	struct hs_error err = { 0 };

	(void)state;
	make_folder(folder, sizeof(folder));
	assert_int_equal(setenv("PATH", folder, 1), 0);
	assert_int_equal(hs_plot_draw(folder, "nothing", &err), -ENOENT);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_non_null(strstr(err.text, "gnuplot-nox"));
	remove_folder(folder);
	free(path);
}

static void test_no_folder(void **state)
{
	struct hs_table *table = hs_table_create("");
	struct hs_plot plot = { "total.gp", "total", table, NULL, NULL };
	struct hs_error err = { 0 };

	(void)state;
	assert_int_equal(hs_plot_write("/nonexistent", &plot, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/total.csv"));
	assert_int_equal(hs_page_close(hs_page_create("t"), "/nonexistent/index.html", &err), -ENOENT);
	hs_table_destroy(table);
}

static void test_ids(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	hs_svg_inline("<?xml?><svg id=\"a\"><g id='b' fill=\"url(#c)\"/><use href=\"#d\"/>"
		      "<text> id='x' url(#y)</text></svg>",
		      "p", out);
	fclose(out);
	assert_string_equal(text, "<svg id=\"p-a\"><g id='p-b' fill=\"url(#p-c)\"/><use href=\"#p-d\"/>"
			    "<text> id='x' url(#y)</text></svg>");
	free(text);
}

/* Scripts know how much room names want: letters of the longest one. */
static void test_longest_name(void **state)
{
	struct hs_table *table = hs_table_create("");
	struct hs_plot plot = { "matrix.gp", "matrix", table, numbers, labels };
	struct hs_error err = { 0 };
	char folder[128], *text;
	size_t size;

	(void)state;
	hs_table_add_column(table, "recorded", "");
	hs_table_text(table, "SCAN_PMD_MÄPPED");
	hs_table_text(table, "SCAN_FAIL");
	make_folder(folder, sizeof(folder));
	assert_int_equal(hs_plot_write(folder, &plot, &err), 0);
	text = read_whole(folder, "matrix.gp", &size);
	assert_non_null(strstr(text, "\nlongest = 15\n"));
	free(text);
	hs_table_destroy(table);
	remove_folder(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_same_bytes_and_harmless),
		cmocka_unit_test(test_without_gnuplot),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
