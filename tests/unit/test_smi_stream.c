// SPDX-License-Identifier: GPL-2.0-only
/* Live KFD SMI events, from pipes instead of the driver's descriptors. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/smi_stream.h"

enum { NR_PIPES = 2, NR_SEEN = 64 };

struct fixture {
	struct hs_smi_stream *stream;
	int write_ends[NR_PIPES];
	struct hs_kfd_smi_event seen[NR_SEEN];
	size_t nr_seen;
	struct hs_smi_stream_losses losses;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	int fds[NR_PIPES];

	fixture = (struct fixture){ .stream = NULL };
	for (size_t i = 0; i < NR_PIPES; i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		fds[i] = ends[0];
		fixture.write_ends[i] = ends[1];
	}
	assert_int_equal(hs_smi_stream_adopt(fds, NR_PIPES, &fixture.stream, NULL), 0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	hs_smi_stream_close(fixture->stream);
	for (size_t i = 0; i < NR_PIPES; i++)
		if (fixture->write_ends[i] >= 0)
			close(fixture->write_ends[i]);
	return 0;
}

static void say(const struct fixture *fixture, size_t pipe, const char *text)
{
	assert_int_equal(write(fixture->write_ends[pipe], text, strlen(text)), strlen(text));
}

static void see(void *context, const struct hs_kfd_smi_event *event)
{
	struct fixture *fixture = context;

	assert_true(fixture->nr_seen < NR_SEEN);
	fixture->seen[fixture->nr_seen++] = *event;
}

static void read_all(struct fixture *fixture)
{
	hs_smi_stream_read(fixture->stream, see, fixture, &fixture->losses);
}

static int is_readable(const struct fixture *fixture)
{
	struct pollfd fd = { .fd = hs_smi_stream_fd(fixture->stream), .events = POLLIN };

	return poll(&fd, 1, 0);
}

static void test_lines_of_all_gpus(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(hs_smi_stream_nr_gpus(fixture->stream), NR_PIPES);
	assert_int_equal(is_readable(fixture), 0);
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, 0);
	say(fixture, 0, "9 5 -7 1f 3\na 6 -7 1f 0\n");
	say(fixture, 1, "9 5 -7 2f 3\n");
	assert_int_equal(is_readable(fixture), 1);
	read_all(fixture);
	assert_int_equal(is_readable(fixture), 0);
	assert_int_equal(fixture->nr_seen, 3);
	assert_int_equal(fixture->seen[0].kind, HS_KIND_svm_evict);
	assert_int_equal(fixture->seen[0].pid, 7);
	assert_int_equal(fixture->seen[1].kind, HS_KIND_svm_restore);
	assert_int_equal(fixture->seen[2].evict.gpu, 0x2f);
	assert_int_equal(fixture->losses.unreadable + fixture->losses.full, 0);
}

static void test_a_cut_line_is_joined(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 0, "5 1234 -7 @10(2");
	say(fixture, 1, "9 5 -7 2f 3\n");
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, 1);
	say(fixture, 0, "0) 0->1f ffffffff:0 1\n");
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, 2);
	assert_int_equal(fixture->seen[1].migrate_start.nr_pages, 0x20);
	assert_int_equal(fixture->losses.unreadable, 0);
}

static void test_unreadable_lines_are_counted(void **state)
{
	struct fixture *fixture = *state;
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	say(fixture, 0, "10 1 2\nnonsense\n\n");
	say(fixture, 1, text);
	read_all(fixture);
	say(fixture, 1, "\n9 5 -7 1f 3\n");
	read_all(fixture);
	assert_int_equal(fixture->losses.unreadable, 4);
	assert_int_equal(fixture->nr_seen, 1);
}

/* 1024 bytes on 6.1 and 6.12, 8192 later: what has been longer than the small one is large. */
static void test_a_full_queue_is_noted(void **state)
{
	static const char line[] = "9 1000000000000 -71234 1fabc 3\n";
	struct fixture *fixture = *state;
	size_t nr = (1024 - HS_KFD_SMI_LINE) / strlen(line);

	for (size_t i = 0; i < nr; i++)
		say(fixture, 0, line);
	read_all(fixture);
	assert_int_equal(fixture->losses.full, 0);
	fixture->nr_seen = 0;
	for (size_t i = 0; i < nr + 1; i++)
		say(fixture, 0, line);
	read_all(fixture);
	assert_int_equal(fixture->losses.full, 1);
	fixture->nr_seen = 0;
	for (size_t i = 0; i < nr + 10; i++)
		say(fixture, 0, line);
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, nr + 10);
	assert_int_equal(fixture->losses.full, 1);
}

static void test_the_end_of_a_descriptor(void **state)
{
	struct fixture *fixture = *state;

	say(fixture, 0, "9 5 -7 1f 3\n");
	close(fixture->write_ends[0]);
	fixture->write_ends[0] = -1;
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, 1);
	assert_int_equal(is_readable(fixture), 0);
	say(fixture, 1, "9 5 -7 2f 3\n");
	read_all(fixture);
	assert_int_equal(fixture->nr_seen, 2);
}

/* Where there is a GPU this host may read it; elsewhere one line says why not. */
static void test_why_there_are_none(void **state)
{
	struct hs_error why = { 0 };

	(void)state;
	if (hs_smi_stream_check(NULL, &why) == 0)
		skip();
	assert_true(why.code < 0);
	assert_true(why.text[0]);
	assert_null(strchr(why.text, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines_of_all_gpus, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_cut_line_is_joined, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_lines_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_queue_is_noted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_end_of_a_descriptor, set_up, tear_down),
		cmocka_unit_test(test_why_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
