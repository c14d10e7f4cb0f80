/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEST_WHATIF_RUN_H
#define HS_TEST_WHATIF_RUN_H
/* A run of the collapse model under one policy, fed event by event; its decisions and numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine.h"

enum { PROGRAM = 2, MM = 1, MB2 = 1 << 21, MAX_NUMBERS = 64 };
#define SECOND 1000000000ull
#define TEXT(text) { text, sizeof(text) - 1 }

struct run {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_engine *engine;
	unsigned int nr_decisions, nr_success;
	struct hs_decision last;	/* told last */
	struct {
		const char *name;
		double value;
	} numbers[MAX_NUMBERS];
	unsigned int nr_numbers;
};

static inline void tell(void *context, const struct hs_outcome *outcome)
{
	struct run *run = context;

	assert_null(outcome->recorded);
	run->nr_decisions++;
	run->last = *outcome->modelled;
	run->nr_success += strcmp(outcome->modelled->result, "SCAN_SUCCEED") == 0;
}

/* An event of an address space. */
static inline void feed_of(struct run *run, uint32_t mm, unsigned int kind, uint64_t time, void *row)
{
	const struct hs_run events = { .kind = kind, .nr = 1, .rows = row };
	struct hs_error err;

	((struct hs_row *)row)->time = time;
	((struct hs_row *)row)->task = PROGRAM;
	((struct hs_row *)row)->mm = mm;
	if (hs_engine_run(run->engine, &events, &err))
		fail_msg("%s", err.text);
}

static inline void feed(struct run *run, unsigned int kind, uint64_t time, void *row)
{
	feed_of(run, MM, kind, time, row);
}

static inline void begin_on(struct run *run, const char *variant, const char *const settings[][2])
{
	static const char *const models[] = { "collapse", NULL };
	struct hs_engine_setup setup = { .mode = HS_MODE_WHATIF, .header = &run->header, .models = models,
					 .policies = &run->policy, .nr_policies = 1, .outcome = tell, .context = run,
					 .check_each = true };
	struct hs_snap_begin start = { .reason = TEXT("start") };
	struct hs_snap_mm mm = { .total_vm = 0 };
	struct hs_snap_end end = { .reason = TEXT("start") };
	struct hs_error err;

	memset(run, 0, sizeof(*run));
	hs_header_set(&run->header.variant, variant);
	assert_int_equal(hs_policy_init(&run->policy, "policy"), 0);
	for (size_t i = 0; settings[i][0]; i++)
		assert_int_equal(hs_policy_set(&run->policy, settings[i][0], settings[i][1], HS_POLICY_USER,
					       &err), 0);
	if (hs_engine_create(&setup, &run->engine, &err))
		fail_msg("%s", err.text);
	feed(run, HS_KIND_snap_begin, 0, &start);
	feed(run, HS_KIND_snap_mm, 0, &mm);
	feed(run, HS_KIND_snap_end, 0, &end);
}

static inline void begin(struct run *run, const char *const settings[][2])
{
	begin_on(run, "6.18", settings);
}

static inline void add_number(void *context, const char *name, double value)
{
	struct run *run = context;

	assert_true(run->nr_numbers < MAX_NUMBERS);
	run->numbers[run->nr_numbers].name = name;
	run->numbers[run->nr_numbers++].value = value;
}

static inline double number(const struct run *run, const char *name)
{
	for (unsigned int i = 0; i < run->nr_numbers; i++) {
		if (strcmp(run->numbers[i].name, name) == 0)
			return run->numbers[i].value;
	}
	fail_msg("no number %s", name);
	return 0;
}

/* Runs the clock to a time and takes the numbers there. */
static inline void finish(struct run *run, uint64_t time)
{
	struct hs_snap_end tick = { .reason = TEXT("end") };
	struct hs_snap_begin start = { .reason = TEXT("end") };
	struct hs_error err;

	feed(run, HS_KIND_snap_begin, time, &start);
	feed(run, HS_KIND_snap_end, time, &tick);
	assert_int_equal(hs_engine_finish(run->engine, &err), 0);
	hs_model_find("collapse")->summarize(hs_engine_model(run->engine, "collapse", 0), add_number, run);
}

static inline void end(struct run *run)
{
	hs_engine_destroy(run->engine);
	hs_policy_deinit(&run->policy);
	hs_header_deinit(&run->header);
}

static inline void map(struct run *run, uint64_t time, uint64_t address, uint64_t bytes)
{
	struct hs_mm_mmap row = { .ret = (int64_t)address, .len = bytes, .prot = 3, .flags = 0x22, .fd = -1 };

	feed(run, HS_KIND_mm_mmap, time, &row);
}

static inline void touch(struct run *run, uint64_t time, uint64_t address, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++) {
		struct hs_fault_user row = { .address = address + i * 4096, .error_code = 6 };

		feed(run, HS_KIND_fault_user, time, &row);
	}
}

static inline void advise(struct run *run, uint64_t time, uint64_t address, uint64_t bytes, uint32_t advice)
{
	struct hs_mm_madvise row = { .addr = address, .len = bytes, .advice = advice };

	feed(run, HS_KIND_mm_madvise, time, &row);
}

static const uint64_t base = 64ull * MB2;

#endif
