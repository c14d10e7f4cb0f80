// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios whose GPU touches what another process did, in the same trace or in one of its own. */
#include "replay/svm/svm_scenario.h"
#include "traces/writer.h"
#include "tests/unit/svm_play.h"

/* Another process's faults, at a distance, are the GPU's. */
static void other_process_touches(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, GPU REGION "[device]\nrule = process comm:cpu offset=0x2000\n");
	introduce(&world);
	touch(&world, OTHER, OTHER_MM, ADDRESS + 0x3000, MS);
	assert_int_equal(count(&world, HS_POINT_SVM_FAULT), 1);
	assert_int_equal(decision(&world, HS_POINT_SVM_FAULT, 0)->subject, ADDRESS + 0x5000);
	close_world(&world);
}

enum { BOOT_WALL = 1000000000 };

static char other_trace[64];

/* A process "cpu" faults on the second page of the region (written, then read 20 ms later), a stranger on others. */
static void record_other(uint64_t start, uint64_t boot_wall)
{
	struct hs_header header = { .start_time = start, .boot_wall = boot_wall };
	const struct hs_writer_options options = { .overwrite = true };
	struct hs_meta_task tasks[] = {
		{ .row = { .time = start, .task = OTHER }, .pid = 200, .tgid = 200, .comm = { "cpu", 3 } },
		{ .row = { .time = start, .task = WORKER }, .pid = 300, .tgid = 300, .comm = { "stranger", 8 } },
	};
	struct hs_fault_user faults[] = {
		{ .row = { start + 10 * MS, OTHER, OTHER_MM }, .address = ADDRESS + 0x1004, .error_code = USER_WRITE },
		{ .row = { start + 12 * MS, WORKER, MM }, .address = ADDRESS + REGION_BYTES - 4, .error_code = USER_WRITE },
		{ .row = { start + 30 * MS, OTHER, OTHER_MM }, .address = ADDRESS + 0x1008, .error_code = 4 },
	};
	struct hs_writer *writer;
	struct hs_error err = { 0 };

	snprintf(other_trace, sizeof(other_trace), "/tmp/svm-other-%d.hst", (int)getpid());
	if (hs_writer_create(other_trace, &header, &options, &writer, &err) ||
	    hs_writer_add(writer, HS_KIND_meta_task, tasks, 2, &err) ||
	    hs_writer_add(writer, HS_KIND_fault_user, faults, 3, &err) || hs_writer_close(writer, &err))
		fail_msg("%s", err.text);
}

static void run_other(struct world *world, const char *words)
{
	struct hs_error err = { 0 };
	char text[400];

	snprintf(text, sizeof(text), GPU REGION "[device]\nrule = process comm:cpu %s trace=%s\n", words, other_trace);
	init_world(world);
	world->header.start_time = START;
	world->header.boot_wall = BOOT_WALL;
	if (load(&world->policy, text, &err))
		fail_msg("%s", err.text);
	start_world(world, HS_MODE_WHATIF);
	world->now = START;
	introduce(world);
	finish(world);
}

/* L4, rule "process": of a second trace, on one clock where both are of one boot, else from their starts on. */
static void other_traces_touch(void **state)
{
	static const struct {
		const char *words;
		uint64_t start, boot_wall;	/* of the other trace */
		uint64_t first;			/* ns since START: the GPU's first fault; 0: none */
		uint64_t touches;
		bool is_guess;
	} cases[] = {
		{ "", START, BOOT_WALL, 10 * MS, 2, false },
		{ "", START + 5 * MS, BOOT_WALL + 999, 15 * MS, 2, false },
		{ "", START - 20 * MS, BOOT_WALL, 10 * MS, 1, false },	/* the first was before this trace */
		{ "", START - 9 * MS - MS / 2, BOOT_WALL, 20 * MS + MS / 2, 1, false }, /* before its process */
		{ "", 77, 5 * (uint64_t)BOOT_WALL, 10 * MS, 2, true },
		{ "", START + 5 * MS, 0, 10 * MS, 2, true },
		{ "clock=start", START + 5 * MS, BOOT_WALL, 10 * MS, 2, true },
		{ "clock=boot", START + 5 * MS, 0, 15 * MS, 2, false },
		{ "clock=boot", 77, BOOT_WALL, 0, 0, false },
		{ "offset=0x2000", START, BOOT_WALL, 10 * MS, 2, false },
		{ "offset=0x40000000", START, BOOT_WALL, 0, 0, false },	/* not registered there */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct hs_decision *fault;
		struct world world;

		record_other(cases[i].start, cases[i].boot_wall);
		run_other(&world, cases[i].words);
		fault = decision(&world, HS_POINT_SVM_FAULT, 0);
		assert_int_equal(number(&world, "gpu_touches"), cases[i].touches);
		assert_int_equal(fault ? fault->time - START : 0, cases[i].first);
		assert_true(!fault || fault->basis == HS_BASIS_ASSUMED);
		assert_true((number(&world, "assumed_timing") > 0) == cases[i].is_guess);
		close_world(&world);
	}
	unlink(other_trace);
}

static void bad_other_traces_are_refused(void **state)
{
	static const struct {
		const char *rule, *what;
	} bad[] = {
		{ "process comm:cpu trace=/nonexistent/t.hst", "/nonexistent/t.hst" },
		{ "process comm:nobody trace=%s", "no page fault of comm:nobody" },
		{ "process pid:201 trace=%s", "no page fault of pid:201" },
		{ "process mm:77 trace=%s", "no page fault of mm:77" },
		{ "process name:x trace=%s", "comm:PATTERN" },
		{ "process comm:cpu trace=x.hst trace=%s", "clock=boot|start" },
		{ "process comm:cpu trace=", "clock=boot|start" },
		{ "process comm:cpu clock=boot", "clock=boot|start" },
		{ "process comm:cpu clock=noon trace=%s", "clock=boot|start" },
		{ "process comm:cpu trace=%s offset=7", "offset=BYTES" },
		{ "process comm:cpu trace=/dev/null", "/dev/null" },
	};

	(void)state;
	record_other(START, BOOT_WALL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hs_policy policy;
		struct hs_error err = { 0 };
		char rule[200], text[400];

		snprintf(rule, sizeof(rule), bad[i].rule, other_trace);
		snprintf(text, sizeof(text), GPU REGION "[device]\nrule = %s\n", rule);
		if (!load(&policy, text, &err) || !strstr(err.text, bad[i].what) || !strstr(err.text, ":7:") ||
		    strchr(err.text, '\n'))
			fail_msg("%s: %s", rule, err.text);
		forget(&policy);
	}
	unlink(other_trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_process_touches), cmocka_unit_test(other_traces_touch),
		cmocka_unit_test(bad_other_traces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
