// SPDX-License-Identifier: GPL-2.0-only
/* Scenario files: what they declare, how they are refused, and what a trace becomes under them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/rng.h"
#include "replay/svm/svm_scenario.h"
#include "tests/unit/svm_play.h"

/* --- files --- */

static void files_are_read(void **state)
{
	static const char text[] =
		"; comment\n[svm]\nxnack = off\nwindow_ms = 0\nhz = 250\n[region r]\nprocess = pid:100 ; who\n"
		"select = addr=0x10000-0x90000,file=/dev/shm/*\nattr = access:A,in_place:B\nattr = gran:4,flags:+always_mapped\n"
		"at = 10ms\nuntil = 2s\n" GPU "[gpu B]\nvram = 8G\nhive = 1\nkind = apu_gtt\nid = 0x1a2b\n"
		"gc = 9.4.3\ncoherent = on\n"
		"[device]\ngpu = B\nrule = sweep period=5ms stride=2 n=10 order=random seed=3\n"
		"[device]\nrule = process comm:cpu* offset=-0x1000\n[attr 30ms]\nregion = r\nattr = prefetch:A\n"
		"[cost]\ngb_s_in = 20\nus_fault = 2.5\n";
	struct hs_policy policy;
	struct hs_error err = { 0 };
	struct svm_scenario *scenario = malloc(sizeof(*scenario));

	(void)state;
	assert_non_null(scenario);
	if (load(&policy, text, &err) || svm_scenario_read(&policy, NULL, scenario, &err))
		fail_msg("%s", err.text);
	assert_false(scenario->xnack);
	assert_int_equal(scenario->retry_window, 0);
	assert_int_equal(scenario->nr_gpus, 2);
	assert_int_equal(scenario->gpus[1].id, 0x1a2b);
	assert_true(scenario->gpus[1].is_apu && scenario->gpus[1].prefers_gtt && scenario->gpus[1].hive == 1);
	assert_true(scenario->gpus[1].has_retry_cam && scenario->gpus[1].is_coherent && !scenario->gpus[1].lacks_retry);
	assert_false(scenario->gpus[0].has_retry_cam || scenario->gpus[0].is_coherent);
	assert_int_equal(scenario->restore_tick, 4 * MS);
	assert_string_equal(scenario->regions[0].file, "/dev/shm/*");
	assert_int_equal(scenario->nr_regions, 1);
	assert_int_equal(scenario->regions[0].start, 0x10);
	assert_int_equal(scenario->regions[0].last, 0x8f);
	assert_int_equal(scenario->regions[0].attrs.count, 4);
	assert_int_equal(scenario->regions[0].from, 10 * MS);
	assert_int_equal(scenario->nr_devices, 2);
	assert_int_equal(scenario->devices[0].gpu, 1);
	assert_true(scenario->devices[0].is_random && scenario->devices[0].stride == 2);
	assert_int_equal(scenario->devices[1].rule, SVM_DEVICE_PROCESS);
	assert_int_equal(scenario->devices[1].offset, (uint64_t)-1);
	assert_int_equal(scenario->nr_calls, 1);
	assert_int_equal(scenario->calls[0].region, 0);
	assert_true(scenario->has_rates && scenario->rates.ns_per_fault == 2500);
	svm_scenario_deinit(scenario);
	free(scenario);
	forget(&policy);
}

/* Each is refused with one line that names the file, the line and what is wrong. */
static void bad_files_are_refused(void **state)
{
	static const struct {
		const char *text, *where, *what;
	} bad[] = {
		{ "[svm]\nxnack = maybe\n" GPU REGION, ":2:", "xnack" },
		{ "[svm]\nspeed = 9\n" GPU REGION, ":2:", "speed" },
		{ "[svm]\nscenario = x\n" GPU REGION, ":2:", "scenario" },
		{ "nonsense\n", ":1:", "KEY = VALUE" },
		{ "[gpu A]\nvram = lots\n", ":2:", "vram" },
		{ "[gpu A]\nvram = 1G\ncolor = red\n" REGION, ":3:", "color" },
		{ "[gpu A]\nid = 5\n" REGION, ".ini:", "vram" },
		{ GPU "id = 5\n[gpu B]\nvram = 1G\nid = 5\n" REGION, ":6:", "id" },
		{ GPU "gc = 9.4\n" REGION, ":3:", "gc=N.N.N" },
		{ GPU "gc = 9.4.2.1\n" REGION, ":3:", "gc=N.N.N" },
		{ GPU "gc = 9.400.2\n" REGION, ":3:", "gc=N.N.N" },
		{ GPU "gc = -9.4.2\n" REGION, ":3:", "gc=N.N.N" },
		{ GPU "gc = 10.1.1\n" REGION, "svm.xnack", "GPU 'A'" },
		{ GPU "coherent = maybe\n" REGION, ":3:", "coherent=on|off" },
		{ GPU "r = 1\n" REGION, ":3:", "coherent" },
		{ "[svm]\nhz = 10001\n" GPU REGION, ":2:", "hz" },
		{ GPU "[gpu A]\nvram = 1G\n", ":4:", "already" },
		{ REGION, ".ini:", "[gpu NAME]" },
		{ GPU, ".ini:", "[region NAME]" },
		{ GPU "[region r]\nselect = anon\n", ":4:", "process" },
		{ GPU "[region r]\nprocess = name:x\n", ":4:", "comm:PATTERN" },
		{ GPU "[region r]\nprocess = pid:1\nselect = file=\n", ":5:", "file=PATTERN" },
		{ GPU "[region r]\nprocess = pid:1\nattr = access:B\n", ":5:", "declared" },
		{ GPU "[region r]\nprocess = pid:1\nattr = gran:x\n", ":5:", "gran" },
		{ GPU REGION "[device]\ngpu = B\n", ":7:", "gpu NAME" },
		{ GPU REGION "[device]\ngpu = A\n", ":7:", "rule" },
		{ GPU REGION "[device]\nrule = often\n", ":7:", "follow" },
		{ GPU REGION "[device]\nrule = sweep stride=1\n", ":7:", "period" },
		{ GPU REGION "[device]\nrule = follow 1ms\nrule = follow 2ms\n", ":8:", "one rule" },
		{ GPU REGION "[device]\nrule = pattern /nonexistent/p\n", ":7:", "/nonexistent/p" },
		{ GPU REGION "[attr soon]\nattr = gran:4\n", ":7:", "time" },
		{ GPU REGION "[attr 1ms]\nregion = other\nattr = gran:4\n", ":7:", "region NAME" },
		{ GPU REGION "[cost]\ngb_s_in = fast\n", ":7:", "number" },
		{ GPU REGION "[costs]\ngb_s_in = 1\n", ":7:", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hs_policy policy;
		struct hs_error err = { 0 };

		if (!load(&policy, bad[i].text, &err))
			fail_msg("accepted: %s", bad[i].text);
		if (!strstr(err.text, bad[i].where) || !strstr(err.text, bad[i].what) || strchr(err.text, '\n'))
			fail_msg("%s\n%s", bad[i].text, err.text);
		forget(&policy);
	}
}

static void bad_patterns_are_refused(void **state)
{
	static const char *const bad[] = {
		"1 A 2 3\n", "1 A 2 3 x\n", "1 B 2 3 r\n", "x A 2 3 r\n", "1 A 0 3 r\n", "1 A 2 0 r\n", "1 A 2 3 r r\n",
		"1 A 2 99999999999999 r\n", "5 A 2 3 r\n4 A 2 3 r\n",
	};
	char pattern[80], text[300];

	(void)state;
	snprintf(pattern, sizeof(pattern), "/tmp/svm-pattern-%d", (int)getpid());
	snprintf(text, sizeof(text), GPU REGION "[device]\nrule = pattern %s\n", pattern);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hs_policy policy;
		struct hs_error err = { 0 };

		write_file(pattern, bad[i]);
		if (!load(&policy, text, &err) || !strstr(err.text, pattern))
			fail_msg("%s: %s", bad[i], err.text);
		forget(&policy);
	}
	unlink(pattern);
}

/* Files with some bytes changed are read or refused, whatever they say. */
static void damaged_files_are_read_or_refused(void **state)
{
	static const char whole[] =
		"[svm]\nxnack = off\nrule = remap_split=v2\n" GPU "hive = 1\nkind = apu\n" REGION
		"attr = access:A,gran:4,flags:+gpu_ro,preferred:ram\nselect = addr=0x1000-0x9000\nat = 1ms\n"
		"[device]\ngpu = A\nrule = sweep period=5ms stride=2 n=10 order=random seed=3\n[attr 3ms]\n"
		"region = heap\nattr = prefetch:A\n[device]\nrule = process pid:3 offset=-0x1000\n[cost]\nus_map = 1\n";
	static const char bytes[] = "\n\t =:,;[]-+0xA9.%\"\\\x01\xff";
	struct hs_rng rng = { 77 };
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 1500; i++) {
		struct hs_policy policy;
		struct hs_error err = { 0 };
		char text[sizeof(whole)];

		memcpy(text, whole, sizeof(whole));
		for (uint64_t n = 1 + hs_rng_below(&rng, 4); n; n--)
			text[hs_rng_below(&rng, sizeof(whole) - 1)] = bytes[hs_rng_below(&rng, sizeof(bytes) - 1)];
		if (!load(&policy, text, &err))
			accepted++;
		else if (!err.text[0] || strchr(err.text, '\n'))
			fail_msg("no sentence for: %s", text);
		forget(&policy);
	}
	assert_true(accepted > 10 && accepted < 1490);
}

/* --- replays --- */

static void section(struct world *world, unsigned int event, uint64_t start, uint64_t end)
{
	struct hs_notifier_start row = { .row = { .task = TASK, .mm = MM }, .start = start, .end = end,
					 .event = (uint8_t)event };

	run_row(world, HS_KIND_notifier_start, &row, MS);
}

static void unmap_half(struct world *world)
{
	struct hs_mm_munmap event = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS + REGION_BYTES / 2,
				      .len = REGION_BYTES / 2 };

	run_row(world, HS_KIND_mm_munmap, &event, MS);
}

static uint64_t count_problems(const struct world *world)
{
	return hs_model_find("svm")->problems(hs_engine_model(world->engine, "svm", 0), NULL);
}

#define XNACK_OFF "[svm]\nxnack = off\n"

/* L3: without a device only invalidations are decided; a GPU touch without access is no mapping. */
static void spec_L3(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, XNACK_OFF GPU REGION "attr = access:A\n");
	introduce(&world);
	unmap_half(&world);
	finish(&world);
	assert_int_equal(count(&world, HS_POINT_SVM_FAULT), 0);
	assert_int_equal(count(&world, HS_POINT_SVM_UNMAP), 1);
	close_world(&world);
	open_world(&world, XNACK_OFF GPU REGION "[device]\nrule = threads comm:gpu-*\n");
	introduce(&world);
	touch(&world, WORKER, MM, ADDRESS, MS);
	finish(&world);
	assert_true(number(&world, "no_mapping") == 1);
	close_world(&world);
}

/* The worker's timer counts whole jiffies from the one that runs: at 250 Hz 1 ms is at most 4 ms, and may be none. */
static void workers_wait_jiffies(void **state)
{
	static const struct {
		uint64_t tick, delay, now, due;	/* ms */
	} cases[] = {
		{ 0, 1, 7, 8 }, { 1, 1, 7, 8 }, { 4, 1, 8, 12 }, { 4, 1, 11, 12 }, { 4, 4, 11, 12 }, { 4, 5, 11, 16 },
		{ 10, 0, 11, 11 }, { 10, 20, 19, 30 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct svm_scenario scenario = { .restore_tick = cases[i].tick * MS, .restore_delay = cases[i].delay * MS };

		assert_int_equal(svm_restore_time(&scenario, cases[i].now * MS), cases[i].due * MS);
	}
}

/* A stop of one millisecond, and the longer one that 100 Hz make of it. */
static void stops_last_jiffies(void **state)
{
	static const struct {
		const char *settings;
		uint64_t longest;
	} cases[] = { { "hz = 1000\n", MS }, { "hz = 100\n", 10 * MS } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world world;
		char text[200];

		snprintf(text, sizeof(text), XNACK_OFF "%s" GPU REGION "attr = access:A\n", cases[i].settings);
		open_world(&world, text);
		introduce(&world);
		/* A section at a multiple of 10 ms, which is one of 1 ms, too. */
		world.now += 10 * MS - world.now % (10 * MS) - MS;
		section(&world, 1, ADDRESS, ADDRESS + 4096);
		finish(&world);
		assert_true(number(&world, "longest_stop_ns") == (double)cases[i].longest);
		close_world(&world);
	}
}

/* H12: where the CPU reaches the VRAM nothing comes back at its touch. */
static void coherent_memory_stays(void **state)
{
	static const char *const settings[] = { "", "coherent = on\n" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world world;
		char text[300];

		snprintf(text, sizeof(text), GPU "%s" REGION "[device]\nrule = threads comm:gpu-*\n", settings[i]);
		open_world(&world, text);
		introduce(&world);
		touch(&world, WORKER, MM, ADDRESS, MS);
		touch(&world, TASK, MM, ADDRESS, 10 * MS);
		finish(&world);
		assert_true(number(&world, "pages_in") > 0);
		assert_true((number(&world, "pages_out") > 0) == !i);
		close_world(&world);
	}
}

/* Without a graphics core that has SVM there is no GPU to register for. */
static void old_cores_have_no_svm(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, XNACK_OFF GPU "gc = 9.0.0\n" REGION "attr = access:A\n");
	introduce(&world);
	finish(&world);
	assert_string_not_equal(decision(&world, HS_POINT_SVM_SET_ATTR, 0)->result, "done");
	close_world(&world);
}

static void show_mapping(struct world *world, const char *name, uint64_t address, uint64_t inode)
{
	struct hs_snap_vma row = { .row = { .task = TASK, .mm = MM }, .start = address, .end = address + REGION_BYTES,
				   .prot = PROT_READ | PROT_WRITE, .vm_flags = 0xff, .inode = inode, .device = 1,
				   .name = { name, (uint32_t)strlen(name) } };

	run_row(world, HS_KIND_snap_vma, &row, 0);
}

/* file= takes what is named so in a snapshot, and no anonymous memory. */
static void files_are_selected(void **state)
{
	struct hs_snap_begin begin = { .row = { .task = TASK }, .reason = { "start", 5 } };
	struct hs_snap_end end = { .row = { .task = TASK }, .reason = { "start", 5 } };
	struct world world;

	(void)state;
	open_world(&world, XNACK_OFF GPU "[region r]\nprocess = comm:train*\nselect = file=/data/*.bin\nattr = access:A\n");
	introduce(&world);
	assert_int_equal(count(&world, HS_POINT_SVM_SET_ATTR), 0);
	run_row(&world, HS_KIND_snap_begin, &begin, MS);
	show_mapping(&world, "/data/a.txt", ADDRESS + (1ull << 30), 5);
	show_mapping(&world, "/data/b.bin", ADDRESS + (2ull << 30), 6);
	run_row(&world, HS_KIND_snap_end, &end, 0);
	finish(&world);
	assert_int_equal(count(&world, HS_POINT_SVM_SET_ATTR), 1);
	assert_int_equal(decision(&world, HS_POINT_SVM_SET_ATTR, 0)->subject, ADDRESS + (2ull << 30));
	assert_int_equal(count_problems(&world), 0);
	close_world(&world);
}

/* L3, too: a region that matches nothing is told. */
static void unmatched_regions_are_told(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, GPU "[region r]\nprocess = comm:nobody\n" REGION);
	introduce(&world);
	finish(&world);
	assert_int_equal(count_problems(&world), 1);
	close_world(&world);
}

/* L4: the worker's fault is the GPU's; what the CPU touches later in VRAM is not seen, and the totals say so. */
static void spec_L4(void **state)
{
	struct world world;
	const struct hs_decision *fault;

	(void)state;
	open_world(&world, GPU REGION "[device]\nrule = threads comm:gpu-*\n");
	introduce(&world);
	touch(&world, TASK, MM, ADDRESS, MS);
	touch(&world, WORKER, MM, ADDRESS + 0x1000, MS);
	finish(&world);
	fault = decision(&world, HS_POINT_SVM_FAULT, 0);
	assert_non_null(fault);
	assert_string_equal(fault->result, "migrated");
	assert_int_equal(fault->basis, HS_BASIS_ASSUMED);
	assert_int_equal(count(&world, HS_POINT_SVM_CPU_FAULT), 0);
	assert_true(number(&world, "unseen_touch_pages") == 1);
	assert_true(number(&world, "decisions_assumed_more") == 0);
	close_world(&world);
}

static void run_pattern(struct world *world, const char *region, const char *lines)
{
	char pattern[80], text[400];

	snprintf(pattern, sizeof(pattern), "/tmp/svm-pattern-%d", (int)getpid());
	snprintf(text, sizeof(text), GPU "%s[device]\nrule = pattern %s\n", region, pattern);
	write_file(pattern, lines);
	open_world(world, text);
	introduce(world);
	finish(world);
	unlink(pattern);
}

/* L5: 0x400 pages: two granules, each in a range of its own where nothing is registered; else one window. */
static void spec_L5(void **state)
{
	char lines[80];
	struct world world;

	(void)state;
	snprintf(lines, sizeof(lines), "%d A %llu 1024 w\n", 20 * MS, ADDRESS / 4096);
	run_pattern(&world, "[region r]\nprocess = pid:100\nselect = none\n", lines);
	assert_int_equal(count(&world, HS_POINT_SVM_FAULT), 2);
	assert_string_equal(decision(&world, HS_POINT_SVM_FAULT, 1)->result, "migrated");
	assert_true(number(&world, "peak_ranges") == 2 && number(&world, "pages_in") == 1024);
	close_world(&world);
	run_pattern(&world, REGION, lines);
	assert_string_equal(decision(&world, HS_POINT_SVM_FAULT, 0)->result, "migrated");
	assert_string_equal(decision(&world, HS_POINT_SVM_FAULT, 1)->result, "dropped_window");
	assert_string_equal(decision(&world, HS_POINT_SVM_FAULT, 2)->result, "migrated");
	assert_int_equal(decision(&world, HS_POINT_SVM_FAULT, 2)->time - decision(&world, HS_POINT_SVM_FAULT, 0)->time,
			 2 * MS);
	assert_true(number(&world, "peak_ranges") == 1 && number(&world, "pages_in") == 1024);
	close_world(&world);
}

/* L6: which ranges an unmap cuts is exact, whatever a GPU is assumed to have done; the half forgets its taint. */
static void spec_L6(void **state)
{
	struct hs_mm_mmap again = { .row = { .task = TASK, .mm = MM }, .ret = (int64_t)(ADDRESS + REGION_BYTES / 2),
				    .len = REGION_BYTES / 2, .prot = PROT_READ | PROT_WRITE,
				    .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, .fd = -1 };
	struct hs_mm_mprotect protect = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS, .len = 4096,
					  .prot = PROT_READ | PROT_WRITE };
	struct world world;

	(void)state;
	open_world(&world, GPU REGION "[device]\nrule = follow 1ms\n");
	introduce(&world);
	touch(&world, TASK, MM, ADDRESS + 0x1000, MS);
	touch(&world, TASK, MM, ADDRESS + REGION_BYTES / 2, 20 * MS);
	unmap_half(&world);
	assert_string_equal(decision(&world, HS_POINT_SVM_UNMAP, 0)->result, "cut");
	assert_int_equal(decision(&world, HS_POINT_SVM_UNMAP, 0)->basis, HS_BASIS_EXACT);
	run_row(&world, HS_KIND_mm_mmap, &again, MS);
	run_row(&world, HS_KIND_mm_mprotect, &protect, MS);
	protect.addr = ADDRESS + REGION_BYTES / 2;
	run_row(&world, HS_KIND_mm_mprotect, &protect, MS);
	assert_int_equal(decision(&world, HS_POINT_SVM_EVICT, 0)->basis, HS_BASIS_ASSUMED);
	assert_int_equal(decision(&world, HS_POINT_SVM_EVICT, 1)->basis, HS_BASIS_EXACT);
	close_world(&world);
}

/* L7: a collapse of 2 MiB is one CLEAR, and stops the queues once. */
static void spec_L7(void **state)
{
	struct hs_collapse_huge_page event = { .row = { .mm = MM }, .address = ADDRESS, .address_basis = 2,
					       .isolated = 1, .status = { "SCAN_SUCCEED", 12 } };
	struct world world;

	(void)state;
	open_world(&world, XNACK_OFF GPU REGION "attr = access:A\n");
	introduce(&world);
	run_row(&world, HS_KIND_collapse_huge_page, &event, MS);
	assert_int_equal(count(&world, HS_POINT_SVM_EVICT), 1);
	assert_string_equal(decision(&world, HS_POINT_SVM_EVICT, 0)->result, "queues_stopped");
	assert_int_equal(decision(&world, HS_POINT_SVM_EVICT, 0)->subject_end - ADDRESS, 2 << 20);
	finish(&world);
	assert_true(number(&world, "queue_stops") == 1 && number(&world, "longest_stop_ns") == MS);
	close_world(&world);
}

static bool is_same(const struct hs_decision *a, const struct hs_decision *b)
{
	return a->time == b->time && a->point == b->point && a->subject == b->subject &&
	       a->subject_end == b->subject_end && strcmp(a->result, b->result) == 0 && a->basis == b->basis &&
	       memcmp(a->cost, b->cost, sizeof(a->cost)) == 0;
}

/* L8: the same events, the same decisions. */
static void spec_L8(void **state)
{
	struct world worlds[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_world(&worlds[i], GPU REGION "[device]\nrule = sweep period=3ms n=7 order=random seed=5\n");
		introduce(&worlds[i]);
		touch(&worlds[i], TASK, MM, ADDRESS, 10 * MS);
		unmap_half(&worlds[i]);
		finish(&worlds[i]);
	}
	assert_true(worlds[0].decisions.count > 10);
	assert_int_equal(worlds[0].decisions.count, worlds[1].decisions.count);
	for (size_t i = 0; i < worlds[0].decisions.count; i++)
		assert_true(is_same(&worlds[0].decisions.items[i], &worlds[1].decisions.items[i]));
	close_world(&worlds[0]);
	close_world(&worlds[1]);
}

/* Recorded sections alone invalidate, exactly; the system call behind them does not do it again. */
static void sections_drive(void **state)
{
	enum { UNMAP = 0, CLEAR = 1 };
	struct world world;

	(void)state;
	open_world(&world, XNACK_OFF GPU REGION "attr = access:A\n");
	introduce(&world);
	section(&world, CLEAR, ADDRESS, ADDRESS + 0x1000);
	section(&world, UNMAP, ADDRESS + REGION_BYTES / 2, ADDRESS + REGION_BYTES);
	unmap_half(&world);
	assert_int_equal(count(&world, HS_POINT_SVM_EVICT), 1);
	assert_int_equal(count(&world, HS_POINT_SVM_UNMAP), 1);
	assert_string_equal(decision(&world, HS_POINT_SVM_UNMAP, 0)->result, "cut");
	close_world(&world);
}

/* A call at its time, on what is registered by then; a region at its time. */
static void calls_and_regions_have_times(void **state)
{
	struct world world;

	(void)state;
	open_world(&world, GPU REGION "at = 50ms\n[attr 60ms]\nattr = gran:4\n");
	introduce(&world);
	touch(&world, TASK, MM, ADDRESS, 10 * MS);
	assert_int_equal(count(&world, HS_POINT_SVM_SET_ATTR), 0);
	touch(&world, TASK, MM, ADDRESS + 0x1000, 100 * MS);
	assert_int_equal(count(&world, HS_POINT_SVM_SET_ATTR), 2);
	assert_int_equal(decision(&world, HS_POINT_SVM_SET_ATTR, 0)->time, START + 50 * MS);
	assert_int_equal(decision(&world, HS_POINT_SVM_SET_ATTR, 1)->time, START + 60 * MS);
	close_world(&world);
}

/* Lost events weaken what is known of every range, until it is unmapped. */
static void losses_taint(void **state)
{
	struct hs_meta_lost lost = { .source = { "fault", 5 }, .cause = { "ring_full", 9 }, .count = 3 };
	struct hs_mm_madvise drop = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS, .len = 4096,
				      .advice = MADV_DONTNEED };
	struct world world;

	(void)state;
	open_world(&world, GPU REGION);
	introduce(&world);
	run_row(&world, HS_KIND_mm_madvise, &drop, MS);
	lost.first_time = lost.last_time = world.now;
	run_row(&world, HS_KIND_meta_lost, &lost, 1);
	run_row(&world, HS_KIND_mm_madvise, &drop, MS);
	assert_int_equal(decision(&world, HS_POINT_SVM_EVICT, 0)->basis, HS_BASIS_EXACT);
	assert_int_equal(decision(&world, HS_POINT_SVM_EVICT, 1)->basis, HS_BASIS_ASSUMED);
	assert_true(number(&world, "assumed_lost") == 1);
	close_world(&world);
}

/* VRAM that does not hold all: the oldest buffer has to go. */
static void vram_runs_out(void **state)
{
	char lines[160];
	struct world world;

	(void)state;
	snprintf(lines, sizeof(lines), "%d A %llu 1 w\n%d A %llu 1 w\n", 20 * MS, ADDRESS / 4096, 40 * MS,
		 ADDRESS / 4096 + 512);
	run_pattern(&world, "[svm]\nvram = 3M\n[region r]\nprocess = pid:100\nselect = none\n", lines);
	assert_int_equal(count(&world, HS_POINT_SVM_FAULT), 2);
	assert_true(number(&world, "bo_evictions") == 1 && number(&world, "pages_out") == 512);
	assert_true(number(&world, "assumed_lru") >= 1);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read), cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(bad_patterns_are_refused),
		cmocka_unit_test(damaged_files_are_read_or_refused), cmocka_unit_test(spec_L3),
		cmocka_unit_test(workers_wait_jiffies), cmocka_unit_test(stops_last_jiffies),
		cmocka_unit_test(coherent_memory_stays), cmocka_unit_test(old_cores_have_no_svm),
		cmocka_unit_test(files_are_selected),
		cmocka_unit_test(unmatched_regions_are_told), cmocka_unit_test(spec_L4), cmocka_unit_test(spec_L5),
		cmocka_unit_test(spec_L6), cmocka_unit_test(spec_L7), cmocka_unit_test(spec_L8),
		cmocka_unit_test(sections_drive), cmocka_unit_test(calls_and_regions_have_times),
		cmocka_unit_test(losses_taint), cmocka_unit_test(vram_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
