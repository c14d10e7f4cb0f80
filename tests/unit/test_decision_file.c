// SPDX-License-Identifier: GPL-2.0-only
/* What is written to a decision file comes back, in time order, pairs kept together. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/decision_file.h"
#include "tests/unit/outcomes.h"
#include "traces/writer.h"

enum { SEED = 99, NR_STEPS = 400, NR_POLICIES = 2 };

struct kept {
	struct hs_outcome outcome;
	struct hs_decision recorded, modelled;
};

static struct hs_policy policies[NR_POLICIES] = {
	{ .name = (char *)"recorded" }, { .name = (char *)"none=0 <b>`x`" },
};

static void make_path(char *path, size_t room)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	snprintf(path, room, "%s/hindsight_test_XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
}

static struct hs_decision_writer *create_writer(const char *path, enum hs_mode mode)
{
	struct hs_header header = { .kernel = (char *)"6.1.0-test", .page_bytes = 4096 };
	struct hs_decision_file_setup setup = { &header, mode, policies, NR_POLICIES, true };
	struct hs_decision_writer *writer;
	struct hs_error err = { 0 };

	if (hs_decision_writer_create(path, &setup, &writer, &err))
		fail_msg("%s", err.text);
	return writer;
}

/* Each step: ten outcomes of policy 0, then ten of policy 1 over the same stretch of time. */
static size_t write_stream(const char *path, enum hs_mode mode, struct kept *kept)
{
	struct hs_decision_writer *writer = create_writer(path, mode);
	struct outcome_source source = { .rng = { SEED } };
	size_t nr = 0;

	print_message("seed %d\n", SEED);
	for (int step = 0; step < NR_STEPS; step++) {
		uint64_t start = source.time, last = start;

		for (uint32_t policy = 0; policy < NR_POLICIES; policy++) {
			source.time = start;
			for (int i = 0; i < 10; i++, nr++) {
				kept[nr].outcome = draw_outcome(&source, policy, mode);
				kept[nr].recorded = source.recorded;
				kept[nr].modelled = source.modelled;
				assert_int_equal(hs_decision_writer_add(writer, &kept[nr].outcome, NULL), 0);
			}
			last = source.time > last ? source.time : last;
		}
		source.time = last;
		assert_int_equal(hs_decision_writer_flush(writer, last, NULL), 0);
	}
	assert_int_equal(hs_decision_writer_close(writer, NULL), 0);
	return nr;
}

static int compare_kept(const void *a, const void *b)
{
	const struct kept *left = a, *right = b;

	if (left->modelled.time != right->modelled.time)
		return left->modelled.time < right->modelled.time ? -1 : 1;
	return (int)left->outcome.policy - (int)right->outcome.policy;
}

static void check_decision(const struct hs_decision *got, const struct hs_decision *wanted)
{
	assert_int_equal(got->time, wanted->time);
	assert_int_equal(got->mm, wanted->mm);
	assert_int_equal(got->point, wanted->point);
	assert_int_equal(got->subject, wanted->subject);
	assert_int_equal(got->subject_end, wanted->subject_end);
	assert_int_equal(got->basis, wanted->basis);
	assert_int_equal(got->cause, wanted->cause);
	assert_string_equal(got->result, wanted->result);
	assert_string_equal(got->reason, wanted->reason);
	assert_memory_equal(got->cost, wanted->cost, sizeof(got->cost));
}

static void check_stream(const char *path, enum hs_mode mode, struct kept *kept, size_t nr)
{
	struct hs_decision_reader *reader;
	struct hs_outcome outcome;
	struct hs_error err = { 0 };

	qsort(kept, nr, sizeof(*kept), compare_kept);
	assert_int_equal(hs_decision_reader_open(path, &reader, &err), 0);
	assert_int_equal(hs_decision_reader_mode(reader), mode);
	assert_int_equal(hs_decision_reader_nr_policies(reader), NR_POLICIES);
	assert_string_equal(hs_decision_reader_policy(reader, 1), policies[1].name);
	assert_string_equal(hs_decision_reader_header(reader)->kernel, "6.1.0-test");
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(hs_decision_reader_next(reader, &outcome, &err), 1);
		assert_int_equal(outcome.policy, kept[i].outcome.policy);
		assert_int_equal(outcome.verdict, mode == HS_MODE_WHATIF ? HS_VERDICT_NONE : kept[i].outcome.verdict);
		assert_int_equal(!outcome.recorded, mode == HS_MODE_WHATIF);
		check_decision(outcome.modelled, &kept[i].modelled);
		if (outcome.recorded)
			check_decision(outcome.recorded, &kept[i].recorded);
	}
	assert_int_equal(hs_decision_reader_next(reader, &outcome, &err), 0);
	hs_decision_reader_close(reader);
}

static void check_round_trip(enum hs_mode mode)
{
	static struct kept kept[NR_STEPS * NR_POLICIES * 10];
	char path[256];
	size_t nr;

	make_path(path, sizeof(path));
	nr = write_stream(path, mode, kept);
	check_stream(path, mode, kept, nr);
	unlink(path);
}

static void test_validate(void **state)
{
	(void)state;
	check_round_trip(HS_MODE_VALIDATE);
}

static void test_whatif(void **state)
{
	(void)state;
	check_round_trip(HS_MODE_WHATIF);
}

/* A recorded decision whose model said nothing must not swallow its neighbour. */
static void test_alone(void **state)
{
	struct hs_decision decision = { .time = 5, .result = "SCAN_FAIL", .reason = "" };
	struct hs_outcome alone = { .recorded = &decision, .verdict = HS_VERDICT_UNKNOWN };
	struct hs_outcome pair = { .recorded = &decision, .modelled = &decision, .verdict = HS_VERDICT_UNKNOWN };
	struct hs_decision_writer *writer;
	struct hs_decision_reader *reader;
	struct hs_outcome outcome;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	writer = create_writer(path, HS_MODE_VALIDATE);
	assert_int_equal(hs_decision_writer_add(writer, &alone, NULL), 0);
	assert_int_equal(hs_decision_writer_add(writer, &pair, NULL), 0);
	assert_int_equal(hs_decision_writer_flush(writer, 100, NULL), 0);
	assert_int_equal(hs_decision_writer_add(writer, &pair, NULL), -EINVAL);
	assert_int_equal(hs_decision_writer_close(writer, NULL), 0);
	assert_int_equal(hs_decision_reader_open(path, &reader, NULL), 0);
	assert_int_equal(hs_decision_reader_next(reader, &outcome, NULL), 1);
	assert_true(outcome.recorded && !outcome.modelled);
	assert_int_equal(hs_decision_reader_next(reader, &outcome, NULL), 1);
	assert_true(outcome.recorded && outcome.modelled);
	assert_int_equal(hs_decision_reader_next(reader, &outcome, NULL), 0);
	hs_decision_reader_close(reader);
	unlink(path);
}

static void check_refused(const struct hs_header *header, const struct hs_replay_decision *row, const char *message)
{
	struct hs_writer_options options = { .overwrite = true };
	struct hs_decision_reader *reader = NULL;
	struct hs_error err = { 0 };
	struct hs_outcome outcome;
	struct hs_writer *writer;
	char path[256];
	int status;

	make_path(path, sizeof(path));
	assert_int_equal(hs_writer_create(path, header, &options, &writer, NULL), 0);
	if (row)
		assert_int_equal(hs_writer_add(writer, HS_KIND_replay_decision, row, 1, NULL), 0);
	assert_int_equal(hs_writer_close(writer, NULL), 0);
	status = hs_decision_reader_open(path, &reader, &err);
	if (!status)
		status = hs_decision_reader_next(reader, &outcome, &err);
	assert_int_equal(status, -EINVAL);
	assert_non_null(strstr(err.text, message));
	hs_decision_reader_close(reader);
	unlink(path);
}

static void test_bad_files(void **state)
{
	struct hs_header trace = { 0 }, decisions = { 0 }, many = { 0 };
	struct hs_replay_decision row = { .point = { "collapse.scan", 13 }, .basis = 3 };

	(void)state;
	assert_int_equal(hs_header_add_attribute(&decisions, "replay.mode", "validate"), 0);
	assert_int_equal(hs_header_add_attribute(&decisions, "replay.policies", "1"), 0);
	assert_int_equal(hs_header_add_attribute(&many, "replay.mode", "validate"), 0);
	assert_int_equal(hs_header_add_attribute(&many, "replay.policies", "99999999"), 0);
	check_refused(&trace, NULL, "is a trace, not a decision file");
	check_refused(&many, NULL, "replay.policies is '99999999'");
	check_refused(&decisions, &row, "basis 3");
	row = (struct hs_replay_decision){ .point = row.point, .verdict = 4 };
	check_refused(&decisions, &row, "verdict 4");
	row = (struct hs_replay_decision){ .point = row.point, .origin = 2 };
	check_refused(&decisions, &row, "origin 2");
	row = (struct hs_replay_decision){ .point = row.point, .policy = 1 };
	check_refused(&decisions, &row, "policy 1; the header names 1");
	hs_header_deinit(&decisions);
	hs_header_deinit(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validate),
		cmocka_unit_test(test_whatif),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
