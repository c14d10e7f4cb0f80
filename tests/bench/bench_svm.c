// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_svm ranges N: N ranges of 512 pages, then single operations on random ones; ns of CPU time each.
 * bench_svm events N: N recorded invalidation sections of one process through the engine; seconds of CPU time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/rng.h"
#include "replay/engine.h"
#include "replay/svm/svm.h"

enum { RANGE_PAGES = 512, TASK = 1, MM = 7, RUN_ROWS = 65536, NR_OPERATIONS = 200000 };
#define FIRST_PAGE (1ull << 20)
#define REGION_BYTES (64ull << 30)
#define REGION (1ull << 40)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(const char *name, double seconds, double count)
{
	printf("%s %.0f\n", name, seconds / count * 1e9);
}

static struct hs_svm *make_ranges(uint64_t nr, bool xnack)
{
	struct hs_svm_gpu_setup gpu = { .id = 10, .vram_pages = 1ull << 40, .is_supported = true };
	struct hs_svm_setup setup = {
		.rules = hs_svm_variant_find("6.12"), .gpus = &gpu, .nr_gpus = 1, .xnack = xnack, .granularity = 9,
		.max_range_pages = RANGE_PAGES, .system_limit_pages = UINT64_MAX, .stack_page = HS_SVM_NO_PAGE,
		.time = 1, .retry_window = HS_SVM_RETRY_WINDOW,
	};
	struct hs_svm_attr attr = { HS_SVM_ACCESS, 10 };
	struct hs_svm *svm;
	double start;

	if (hs_svm_create(&setup, &svm))
		exit(1);
	hs_svm_add_vma(svm, FIRST_PAGE, FIRST_PAGE + nr * RANGE_PAGES - 1, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
	start = now();
	if (hs_svm_ioctl(svm, 0, FIRST_PAGE * 4096, nr * RANGE_PAGES * 4096, &attr, 1))
		exit(1);
	report(xnack ? "set_attr_xnack_on" : "set_attr_xnack_off", now() - start, (double)nr);
	return svm;
}

static void time_invalidations(uint64_t nr)
{
	struct hs_svm *svm = make_ranges(nr, false);
	struct hs_rng rng = { 1 };
	double start = now();

	for (uint64_t i = 0; i < NR_OPERATIONS; i++) {
		uint64_t page = FIRST_PAGE + hs_rng_below(&rng, nr * RANGE_PAGES);

		hs_svm_invalidate(svm, HS_SVM_EVENT_CLEAR, page, page);
	}
	report("invalidation", now() - start, NR_OPERATIONS);
	start = now();
	hs_svm_run_restore(svm);
	report("restore", now() - start, 1);
	hs_svm_destroy(svm);
}

static void time_faults(uint64_t nr)
{
	struct hs_svm *svm = make_ranges(nr, true);
	struct hs_rng rng = { 2 };
	double start = now();

	for (uint64_t i = 0; i < NR_OPERATIONS; i++) {
		hs_svm_set_time(svm, (i + 1) * 1000000);
		hs_svm_gpu_fault(svm, 0, FIRST_PAGE + hs_rng_below(&rng, nr * RANGE_PAGES), true, i);
	}
	report("gpu_fault", now() - start, NR_OPERATIONS);
	hs_svm_destroy(svm);
}

/* --- events --- */

static void count_outcome(void *context, const struct hs_outcome *outcome)
{
	(void)outcome;
	++*(uint64_t *)context;
}

static void run_rows(struct hs_engine *engine, unsigned int kind, void *rows, size_t nr)
{
	struct hs_run run = { .kind = kind, .nr = nr, .rows = rows };
	struct hs_error err = { 0 };

	if (!hs_engine_run(engine, &run, &err))
		return;
	fprintf(stderr, "%s\n", err.text);
	exit(1);
}

static struct hs_engine *open_engine(struct hs_header *header, struct hs_policy *policy, uint64_t *decisions)
{
	static const char *const models[] = { "svm", NULL };
	static const char *const settings[][2] = {
		{ "svm.gpus", "A:vram=64M" }, { "svm.process", "mm:7" }, { "svm.attrs", "access:A" },
		{ "svm.xnack", "off" }, { "svm.variant", "6.12" },
	};
	struct hs_engine_setup setup = { .mode = HS_MODE_WHATIF, .models = models, .nr_policies = 1, .header = header,
					 .policies = policy, .outcome = count_outcome, .context = decisions };
	struct hs_engine *engine;
	struct hs_error err = { 0 };
	int rc = hs_policy_init(policy, "bench");

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !rc; i++)
		rc = hs_policy_set(policy, settings[i][0], settings[i][1], HS_POLICY_USER, &err);
	if (!rc && !hs_engine_create(&setup, &engine, &err))
		return engine;
	fprintf(stderr, "%s\n", err.text);
	exit(1);
}

static void fill_sections(struct hs_notifier_start *rows, size_t nr, uint64_t first, struct hs_rng *rng)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t page = hs_rng_below(rng, REGION_BYTES / 4096 - 64);

		rows[i] = (struct hs_notifier_start){
			.row = { .time = (first + i + 2) * 1000, .task = TASK, .mm = MM }, .event = 1,
			.start = REGION + page * 4096, .end = REGION + (page + 1 + hs_rng_below(rng, 64)) * 4096,
		};
	}
}

static void time_events(uint64_t nr)
{
	struct hs_notifier_start *rows = calloc(RUN_ROWS, sizeof(*rows));
	struct hs_mm_mmap map = { .row = { .time = 1, .task = TASK, .mm = MM }, .ret = (int64_t)REGION,
				  .len = REGION_BYTES, .prot = PROT_READ | PROT_WRITE,
				  .flags = MAP_PRIVATE | MAP_ANONYMOUS, .fd = -1 };
	struct hs_header header = { .start_time = 1 };
	struct hs_rng rng = { 3 };
	struct hs_policy policy;
	uint64_t decisions = 0;
	struct hs_engine *engine = open_engine(&header, &policy, &decisions);
	double spent = 0;

	run_rows(engine, HS_KIND_mm_mmap, &map, 1);
	for (uint64_t done = 0; done < nr && rows; done += RUN_ROWS) {
		double start;

		fill_sections(rows, RUN_ROWS, done, &rng);
		start = now();
		run_rows(engine, HS_KIND_notifier_start, rows, RUN_ROWS);
		spent += now() - start;
	}
	printf("events_s %.2f\ndecisions %llu\n", spent, (unsigned long long)decisions);
	hs_engine_destroy(engine);
	hs_policy_deinit(&policy);
	free(rows);
}

int main(int argc, char **argv)
{
	uint64_t nr = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (!nr)
		return 2;
	if (strcmp(argv[1], "events") == 0) {
		time_events(nr);
		return 0;
	}
	time_invalidations(nr);
	time_faults(nr);
	return 0;
}
