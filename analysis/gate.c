// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/gate.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analysis/compare.h"

/* Longer spellings first: "<=" is not "<". */
static const char *const operator_texts[HS_NR_GATE_OPERATORS] = {
	[HS_GATE_LE] = "<=", [HS_GATE_GE] = ">=", [HS_GATE_EQ] = "==", [HS_GATE_NE] = "!=", [HS_GATE_LT] = "<",
	[HS_GATE_GT] = ">",
};

static const char change_suffix[] = ".change";

struct parser {
	const char *text, *at;
	struct hs_error *err;
};

static int fail_here(const struct parser *parser, const char *wanted)
{
	return hs_error_set(parser->err, -EINVAL, "column %td of '%s': expected %s", parser->at - parser->text + 1,
			    parser->text, wanted);
}

static void skip_blanks(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t");
}

static int parse_name(struct parser *parser, struct hs_gate_test *test)
{
	size_t suffix = sizeof(change_suffix) - 1;

	test->name = parser->at;
	while (isalnum((unsigned char)*parser->at) || *parser->at == '_' || *parser->at == '.')
		parser->at++;
	test->name_length = (size_t)(parser->at - test->name);
	if (!test->name_length)
		return fail_here(parser, "the name of a metric");
	test->is_change = test->name_length > suffix &&
			  memcmp(parser->at - suffix, change_suffix, suffix) == 0;
	if (test->is_change)
		test->name_length -= suffix;
	return 0;
}

static int parse_operator(struct parser *parser, struct hs_gate_test *test)
{
	for (int op = 0; op < HS_NR_GATE_OPERATORS; op++) {
		size_t length = strlen(operator_texts[op]);

		if (strncmp(parser->at, operator_texts[op], length) == 0) {
			test->op = (enum hs_gate_operator)op;
			parser->at += length;
			return 0;
		}
	}
	return fail_here(parser, "<, <=, >, >=, == or !=");
}

/* Not strtod: it knows locales, hexadecimal and infinity. */
static int parse_number(struct parser *parser, struct hs_gate_test *test)
{
	double sign = *parser->at == '-' ? -1 : 1, number = 0, step = 1;

	parser->at += *parser->at == '-';
	if (!isdigit((unsigned char)*parser->at))
		return fail_here(parser, "a number");
	while (isdigit((unsigned char)*parser->at))
		number = 10 * number + (*parser->at++ - '0');
	if (*parser->at == '.' && !isdigit((unsigned char)*++parser->at))
		return fail_here(parser, "digits");
	while (isdigit((unsigned char)*parser->at)) {
		number = 10 * number + (*parser->at++ - '0');
		step *= 10;
	}
	test->number = sign * number / step;
	return 0;
}

static int parse_test(struct parser *parser, struct hs_gate_test *test)
{
	int status;

	*test = (struct hs_gate_test){ 0 };
	skip_blanks(parser);
	test->text = parser->at;
	status = parse_name(parser, test);
	skip_blanks(parser);
	if (!status)
		status = parse_operator(parser, test);
	skip_blanks(parser);
	if (!status)
		status = parse_number(parser, test);
	if (status)
		return status;
	test->length = (size_t)(parser->at - test->text);
	skip_blanks(parser);
	if (*parser->at == '%') {
		test->is_percent = true;
		test->length = (size_t)(++parser->at - test->text);
		skip_blanks(parser);
	}
	return 0;
}

void hs_gate_deinit(struct hs_gate *gate)
{
	hs_vec_deinit(&gate->tests);
	free(gate->text);
	gate->text = NULL;
}

int hs_gate_parse(const char *text, struct hs_gate *out, struct hs_error *err)
{
	struct hs_gate gate = { .text = strdup(text) };
	struct parser parser = { gate.text, gate.text, err };
	int status = gate.text ? 0 : hs_error_nomem(err);

	while (!status) {
		struct hs_gate_test test;

		status = parse_test(&parser, &test);
		if (!status && !hs_vec_push(&gate.tests, test))
			status = hs_error_nomem(err);
		if (status || !*parser.at)
			break;
		if (*parser.at != ',')
			status = fail_here(&parser, "a comma or the end");
		parser.at++;
	}
	if (status)
		hs_gate_deinit(&gate);
	else
		*out = gate;
	return status;
}

/* --- judging ------------------------------------------------------------------------------------- */

/* POINT.RESULT of a result that never came is a count of 0, not an unknown name. */
static bool is_result_name(const struct hs_gate_test *test)
{
	for (int i = 0; i < HS_NR_POINTS; i++) {
		size_t length = strlen(hs_points[i].name);

		if (test->name_length > length + 1 && memcmp(test->name, hs_points[i].name, length) == 0 &&
		    test->name[length] == '.' && isupper((unsigned char)test->name[length + 1]))
			return true;
	}
	return false;
}

static size_t common_prefix(const char *a, const char *b, size_t length)
{
	size_t same = 0;

	while (same < length && a[same] && a[same] == b[same])
		same++;
	return same;
}

static int fail_unknown(const struct hs_gate *gate, const struct hs_gate_test *test, const struct hs_metrics *metrics,
			struct hs_error *err)
{
	const char *nearest = "decisions";
	size_t best = 0;

	hs_vec_for_each(metric, &metrics->list) {
		const char *tail = strrchr(metric->name, '.');
		size_t same = common_prefix(metric->name, test->name, test->name_length);
		size_t same_tail = tail ? common_prefix(tail + 1, test->name, test->name_length) : 0;

		if ((same > same_tail ? same : same_tail) > best) {
			best = same > same_tail ? same : same_tail;
			nearest = metric->name;
		}
	}
	return hs_error_set(err, -ENOENT, "column %td of '%s': no metric, or several, are called '%.*s'; there is '%s'",
			    test->name - gate->text + 1, gate->text, (int)test->name_length, test->name, nearest);
}

/* 0 for a result that never came. */
static int read_metric(const struct hs_gate_test *test, const struct hs_metrics *metrics, struct hs_metric *out)
{
	const struct hs_metric *found = hs_metrics_find(metrics, test->name, test->name_length);

	if (!found && !is_result_name(test))
		return -ENOENT;
	*out = found ? *found : (struct hs_metric){ .unit = "decisions", .has_value = true };
	return 0;
}

static bool is_true(const struct hs_gate_test *test, double value)
{
	switch (test->op) {
	case HS_GATE_LT:
		return value < test->number;
	case HS_GATE_LE:
		return value <= test->number;
	case HS_GATE_GT:
		return value > test->number;
	case HS_GATE_GE:
		return value >= test->number;
	case HS_GATE_EQ:
		return value == test->number;
	default:
		return value != test->number;
	}
}

/* NAN: there is none. */
static double value_of(const struct hs_gate_test *test, const struct hs_metric *base, const struct hs_metric *own)
{
	if (!own->has_value || (test->is_change && !base->has_value))
		return NAN;
	if (!test->is_change)
		return own->value;
	return test->is_percent ? hs_change_percent(base->value, own->value) : own->value - base->value;
}

static int judge_test(const struct hs_gate *gate, const struct hs_gate_test *test, const char *name,
		      const struct hs_metrics *base, const struct hs_metrics *own, struct hs_table *table,
		      struct hs_error *err)
{
	struct hs_metric metrics[2];
	bool fails;
	double value;

	if (read_metric(test, base, &metrics[0]) || read_metric(test, own, &metrics[1]))
		return fail_unknown(gate, test, own, err);
	if (test->is_percent && !test->is_change && strcmp(metrics[1].unit, "percent") != 0)
		return hs_error_set(err, -EINVAL, "column %td of '%s': '%%' fits shares and .change only",
				    test->text + test->length - gate->text, gate->text);
	value = value_of(test, &metrics[0], &metrics[1]);
	fails = isnan(value) || is_true(test, value);
	hs_table_text(table, "%.*s", (int)test->length, test->text);
	hs_table_text(table, "%s", name);
	hs_table_number(table, value, value == floor(value) ? 0 : 4);
	hs_table_text(table, "%s", isnan(value) ? "FAILED: nothing to judge" : fails ? "FAILED" : "passed");
	hs_table_mark_row(table, fails ? HS_ROW_FAILED : HS_ROW_PASSED);
	return fails;
}

int hs_gate_judge(const struct hs_gate *gate, const char *const *names, const struct hs_metrics *policies,
		  size_t nr_policies, struct hs_table **table, struct hs_error *err)
{
	struct hs_table *rows = hs_table_create("gate: fails if");
	int nr_failed = 0;

	hs_table_add_column(rows, "test", "");
	hs_table_add_column(rows, "policy", "");
	hs_table_add_column(rows, "value", "");
	hs_table_add_column(rows, "verdict", "");
	hs_vec_for_each(test, &gate->tests) {
		if (test->is_change && nr_policies < 2) {
			hs_table_destroy(rows);
			return hs_error_set(err, -EINVAL, "column %td of '%s': .change needs two policies to compare",
					    test->text - gate->text + 1, gate->text);
		}
		for (size_t i = test->is_change; i < nr_policies; i++) {
			int status = judge_test(gate, test, names[i], &policies[0], &policies[i], rows, err);

			if (status < 0) {
				hs_table_destroy(rows);
				return status;
			}
			nr_failed += status;
		}
	}
	if (hs_table_status(rows)) {
		hs_table_destroy(rows);
		return hs_error_nomem(err);
	}
	*table = rows;
	return nr_failed;
}
