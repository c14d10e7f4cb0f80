// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_policies TRACE MODE ROUNDS: replays the trace through the collapse model under one policy and under 16 that
 * differ in max_ptes_none, by turns, ROUNDS times each: from opening the file to the tally of the outcomes, without
 * tables. Prints the medians of the CPU time in ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/tally.h"
#include "replay/engine.h"
#include "traces/reader.h"

enum { MANY = 16, MAX_ROUNDS = 999 };

static void die(const struct hs_error *err)
{
	fprintf(stderr, "bench_policies: %s\n", err->text);
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void count(void *context, const struct hs_outcome *outcome)
{
	hs_tally_add(context, outcome);
}

/* Gives each run of these kinds to take. */
static void read_trace(const char *path, const hs_kind_set *kinds, struct hs_engine *engine,
		       int (*take)(struct hs_engine *engine, const struct hs_run *run, struct hs_error *err))
{
	struct hs_reader *reader;
	struct hs_error err;
	struct hs_run run;
	int status;

	if (hs_reader_open(path, &reader, &err))
		die(&err);
	hs_reader_select_kinds(reader, kinds);
	while ((status = hs_reader_next(reader, &run, &err)) > 0)
		if (take(engine, &run, &err))
			die(&err);
	if (status)
		die(&err);
	hs_reader_close(reader);
}

static int foresee(struct hs_engine *engine, const struct hs_run *run, struct hs_error *err)
{
	const hs_kind_set kinds = hs_engine_foreseen(engine);

	(void)err;
	if (hs_kind_set_has(&kinds, run->kind))
		hs_engine_foresee(engine, run);
	return 0;
}

static void pass(const char *path, enum hs_mode mode, const struct hs_policy *policies, size_t nr)
{
	static const char *const models[] = { "collapse", NULL }, *names[MANY] = { NULL };
	struct hs_engine_setup setup = { .mode = mode, .models = models, .policies = policies, .nr_policies = nr,
					 .outcome = count };
	struct hs_tally_setup tally_setup = { names, nr, 0 };
	struct hs_reader *reader;
	struct hs_engine *engine;
	struct hs_tally *tally;
	struct hs_error err;
	hs_kind_set kinds;

	for (size_t i = 0; i < nr; i++)
		names[i] = policies[i].name;
	if (hs_tally_create(&tally_setup, &tally, &err) || hs_reader_open(path, &reader, &err))
		die(&err);
	setup.header = hs_reader_header(reader);
	setup.context = tally;
	if (hs_engine_create(&setup, &engine, &err))
		die(&err);
	kinds = hs_engine_foreseen(engine);
	if (mode == HS_MODE_WHATIF)
		read_trace(path, &kinds, engine, foresee);
	kinds = hs_engine_kinds(engine);
	read_trace(path, &kinds, engine, hs_engine_run);
	if (hs_engine_finish(engine, &err) || hs_tally_status(tally, &err))
		die(&err);
	hs_engine_destroy(engine);
	hs_reader_close(reader);
	hs_tally_destroy(tally);
}

static int compare_doubles(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	static double times[2][MAX_ROUNDS];
	const enum hs_mode mode = argc > 2 && strcmp(argv[2], "whatif") == 0 ? HS_MODE_WHATIF : HS_MODE_VALIDATE;
	const int rounds = argc > 3 ? atoi(argv[3]) : 0;
	struct hs_policy policies[MANY];
	struct hs_error err;
	char text[8];

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: bench_policies TRACE validate|whatif ROUNDS\n");
		return 2;
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (hs_policy_init(&policies[i], text) ||
		    hs_policy_set(&policies[i], "collapse.max_ptes_none", text, HS_POLICY_USER, &err))
			return 1;
	}
	for (int i = 0; i < 2 * rounds; i++) {
		const double start = cpu_ms();

		pass(argv[1], mode, policies, i % 2 ? MANY : 1);
		times[i % 2][i / 2] = cpu_ms() - start;
	}
	printf("one_ms %.3f\nsixteen_ms %.3f\n", median(times[0], (size_t)rounds), median(times[1], (size_t)rounds));
	for (int i = 0; i < MANY; i++)
		hs_policy_deinit(&policies[i]);
	return 0;
}
