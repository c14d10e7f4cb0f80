// SPDX-License-Identifier: GPL-2.0-only
/* A text of KFD SMI lines as events: order, tasks, times of lines without one, what counts as lost. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "traces/import_kfd_smi.h"

struct told {
	uint64_t lines[8];
	size_t nr;
};

static void tell(void *context, uint64_t line, const struct hs_error *why)
{
	struct told *told = context;

	assert_true(why->text[0]);
	told->lines[told->nr++] = line;
}

static struct hs_smi_reader *open_bytes(const char *text, size_t length, struct told *told)
{
	hs_auto_file FILE *in = fmemopen((void *)(uintptr_t)text, length, "r");
	struct hs_smi_options options = { .refused = told ? tell : NULL, .context = told };
	struct hs_smi_reader *reader = NULL;
	struct hs_error err = { 0 };

	if (hs_smi_reader_open(in, "text", &options, &reader, &err))
		fail_msg("%s", err.text);
	return reader;
}

static struct hs_smi_reader *open_text(const char *text)
{
	return open_bytes(text, strlen(text), NULL);
}

/* Time of the index-th event of a kind; UINT64_MAX: there is none. The event goes to *out. */
static uint64_t nth(const char *text, unsigned int kind, unsigned int index, struct hs_event *out)
{
	static struct hs_smi_reader *reader;
	struct hs_event event;

	hs_smi_reader_close(reader);
	reader = text ? open_text(text) : NULL;
	while (reader && hs_smi_reader_next(reader, &event))
		if (event.kind == kind && index-- == 0) {
			*out = event;
			return event.row->time;
		}
	return UINT64_MAX;
}

static struct hs_smi_totals totals_of(const char *text)
{
	struct hs_smi_reader *reader = open_text(text);
	struct hs_smi_totals totals;

	hs_smi_reader_totals(reader, &totals);
	hs_smi_reader_close(reader);
	return totals;
}

static void test_lines_are_put_in_order(void **state)
{
	const char text[] = "9 300 -7 1 0\n" "9 100 -7 2 0\n" "9 100 -7 3 0\n";
	struct hs_event event;

	(void)state;
	assert_int_equal(nth(text, HS_KIND_svm_evict, 0, &event), 100);
	assert_int_equal(event.svm_evict->gpu, 2);
	assert_int_equal(nth(text, HS_KIND_svm_evict, 1, &event), 100);
	assert_int_equal(event.svm_evict->gpu, 3);
	assert_int_equal(nth(text, HS_KIND_svm_evict, 2, &event), 300);
}

static void test_lines_without_a_time_get_their_neighbours(void **state)
{
	const char text[] = "2 8000:1\n" "9 300 -7 1 0\n" "2 8000:2\n" "9 400 -7 1 0\n";
	struct hs_event event;

	(void)state;
	assert_int_equal(nth(text, HS_KIND_svm_throttle, 0, &event), 300);
	assert_int_equal(nth(text, HS_KIND_svm_throttle, 1, &event), 300);
	assert_int_equal(nth("2 8000:1\n", HS_KIND_svm_throttle, 0, &event), 0);
}

static void test_a_process_is_a_task_until_it_ends(void **state)
{
	const char text[] = "9 100 -16 1 0\n" "c 10 first\n" "9 200 -16 1 0\n" "d 10 first\n" "9 300 -16 1 0\n"
			    "c 10 second\n" "9 400 -17 1 0\n" "1 10:second\n";
	static const struct { uint32_t task, pid; const char *comm; } wanted[] = {
		{ 1, 16, "first" }, { 2, 16, "" }, { 2, 16, "second" }, { 3, 17, "" },
	};
	struct hs_event event;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_not_equal(nth(text, HS_KIND_meta_task, i, &event), UINT64_MAX);
		assert_int_equal(event.row->task, wanted[i].task);
		assert_int_equal(event.meta_task->pid, wanted[i].pid);
		assert_int_equal(event.meta_task->tgid, wanted[i].pid);
		assert_int_equal(event.meta_task->comm.length, strlen(wanted[i].comm));
		assert_memory_equal(event.meta_task->comm.data ? event.meta_task->comm.data : "", wanted[i].comm,
				    strlen(wanted[i].comm));
	}
	assert_int_equal(nth(text, HS_KIND_meta_task, 4, &event), UINT64_MAX);
	nth(text, HS_KIND_svm_evict, 2, &event);
	assert_int_equal(event.row->task, 2);
}

static void test_what_cannot_be_read_is_lost(void **state)
{
	const char text[] = "# comment\n" "\n" "9 100 -7 1 0\n" "nonsense\n" "e 1 2\n" "9 200 -7 1 0\n" "9 300 -7 1";
	struct told told = { .nr = 0 };
	struct hs_smi_reader *reader = open_bytes(text, strlen(text), &told);
	struct hs_smi_totals totals;
	struct hs_event event;

	(void)state;
	hs_smi_reader_totals(reader, &totals);
	hs_smi_reader_close(reader);
	assert_int_equal(totals.lines, 5);
	assert_int_equal(totals.refused, 3);
	assert_int_equal(told.nr, 3);
	assert_int_equal(told.lines[0], 4);
	assert_int_equal(told.lines[1], 5);
	assert_int_equal(told.lines[2], 7);
	assert_int_equal(nth(text, HS_KIND_meta_lost, 0, &event), 100);
	assert_int_equal(event.meta_lost->count, 2);
	assert_int_equal(event.meta_lost->first_time, 100);
	assert_int_equal(event.meta_lost->last_time, 200);
	assert_memory_equal(event.meta_lost->cause.data, "unreadable", event.meta_lost->cause.length);
	assert_int_equal(nth(text, HS_KIND_meta_lost, 1, &event), 200);
	assert_int_equal(event.meta_lost->last_time, 200);
	assert_int_equal(event.meta_lost->count, 1);
}

static void test_zero_bytes_and_long_lines_are_refused(void **state)
{
	static const char zero[] = "9 100 -7 1 0\n" "9 200 -7 1 0\0\n" "9 300 -7 1 0\n";
	struct told told = { .nr = 0 };
	char text[4096];

	(void)state;
	hs_smi_reader_close(open_bytes(zero, sizeof(zero) - 1, &told));
	assert_int_equal(told.nr, 1);
	assert_int_equal(told.lines[0], 2);
	memset(text, 'x', sizeof(text));
	memcpy(text, "9 100 -7 1 0\n1 10:", 18);
	memcpy(text + sizeof(text) - 14, "\n9 300 -7 1 0\n", 14);
	told.nr = 0;
	hs_smi_reader_close(open_bytes(text, sizeof(text), &told));
	assert_int_equal(told.nr, 1);
	assert_int_equal(told.lines[0], 2);
}

static void test_ends_need_beginnings(void **state)
{
	struct hs_event event;
	const char lost[] = "9 100 -7 1 0\n" "a 200 -7 1 0\n" "a 300 -7 1 0\n";

	(void)state;
	/* What began before the first line is nothing lost. */
	assert_int_equal(totals_of("a 100 -7 1 0\n8 200 -7 @1(1) M\n6 300 -7 @1(1) 0->1 1\n").unpaired, 0);
	assert_int_equal(totals_of(lost).unpaired, 1);
	assert_int_equal(nth(lost, HS_KIND_meta_lost, 0, &event), 200);
	assert_int_equal(event.meta_lost->last_time, 300);
	assert_memory_equal(event.meta_lost->cause.data, "unpaired", event.meta_lost->cause.length);
	/* Another GPU's queues, another process's. */
	assert_int_equal(totals_of("9 100 -7 1 0\na 200 -7 2 0\n").unpaired, 1);
	assert_int_equal(totals_of("9 100 -7 1 0\na 200 -8 1 0\n").unpaired, 0);
	/* Stopped for two reasons, put off in between. */
	assert_int_equal(totals_of("9 1 -7 1 0\n9 2 -7 1 1\na 3 -7 1 R\na 4 -7 1 0\na 5 -7 1 0\n").unpaired, 0);
	assert_int_equal(totals_of("7 1 -7 @1(1) R\n8 2 -7 @1(1) U\n8 3 -7 @2(1) U\n").unpaired, 1);
	assert_int_equal(totals_of("5 1 -7 @1(1) 0->1 0:0 1\n6 2 -7 @1(2) 0->1 1\n").unpaired, 1);
}

/* Until 6.12 a migration of nothing, and a fault that fails, have no end. */
static void test_later_kernels_end_what_they_begin(void **state)
{
	const char fault[] = "7 1 -7 @1(1) R\n" "7 2 -7 @1(1) R\n";
	char later[128];

	(void)state;
	assert_int_equal(totals_of(fault).unpaired, 0);
	snprintf(later, sizeof(later), "%s%s", fault, "6 3 -7 @1(1) 0->1 1 0\n");
	assert_int_equal(totals_of(later).unpaired, 1);
}

static const char *variant_of(const char *text)
{
	static char variant[16];
	struct hs_smi_reader *reader = open_text(text);
	const char *found = hs_smi_reader_header(reader)->variant;

	snprintf(variant, sizeof(variant), "%s", found ? found : "");
	hs_smi_reader_close(reader);
	return variant;
}

static void test_the_form_tells_the_kernel(void **state)
{
	(void)state;
	assert_string_equal(variant_of("9 1 -7 1 0\n"), "");
	assert_string_equal(variant_of("9 1 -7 1 0\na 2 -7 1\n"), "6.1");
	assert_string_equal(variant_of("9 1 -7 1 0\na 2 -7 1 0\n"), "");
	assert_string_equal(variant_of("a 2 -7 1 0\n6 2 -7 @1(1) 0->1 1\n"), "6.12");
	assert_string_equal(variant_of("6 2 -7 @1(1) 0->1 1 0\n"), "");
	assert_false(totals_of("a 2 -7 1 0\n").is_mixed);
	assert_true(totals_of("a 2 -7 1 0\na 3 -7 1\n").is_mixed);
}

static void test_no_event_at_all_is_an_error(void **state)
{
	static const char *const texts[] = { "\n", "# nothing\n", "x\n", "9 1 -7 1 0", "e 1 2\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		hs_auto_file FILE *in = fmemopen((void *)(uintptr_t)texts[i], strlen(texts[i]), "r");
		struct hs_smi_options options = { .kernel = NULL };
		struct hs_smi_reader *reader = NULL;
		struct hs_error err = { 0 };

		assert_int_equal(hs_smi_reader_open(in, "text", &options, &reader, &err), -EINVAL);
		assert_null(reader);
		assert_true(err.text[0]);
	}
}

static int forget_reader(void **state)
{
	(void)state;
	nth(NULL, 0, 0, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_put_in_order),
		cmocka_unit_test(test_lines_without_a_time_get_their_neighbours),
		cmocka_unit_test(test_a_process_is_a_task_until_it_ends),
		cmocka_unit_test(test_what_cannot_be_read_is_lost),
		cmocka_unit_test(test_zero_bytes_and_long_lines_are_refused),
		cmocka_unit_test(test_ends_need_beginnings),
		cmocka_unit_test(test_later_kernels_end_what_they_begin),
		cmocka_unit_test(test_the_form_tells_the_kernel),
		cmocka_unit_test(test_no_event_at_all_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, forget_reader);
}
