// SPDX-License-Identifier: GPL-2.0-only
/* The SVM model in the engine: events of a host without a GPU under a scenario, and a GPU host's own events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "replay/svm/svm.h"
#include "tests/unit/svm_world.h"
#include "traces/kfd_smi.h"

enum { TASK = 1, WORKER = 2, MM = 7, MS = 1000000 };
#define ADDRESS 0x7f0000000000ull
#define REGION_BYTES (4ull << 20)

static void open_world(struct world *world, enum hs_mode mode, const char *const settings[][2])
{
	struct hs_error err = { 0 };

	init_world(world);
	world->skips_pieces = true;
	assert_int_equal(hs_policy_init(&world->policy, "test"), 0);
	for (size_t i = 0; settings[i][0]; i++)
		if (hs_policy_set(&world->policy, settings[i][0], settings[i][1], HS_POLICY_USER, &err))
			fail_msg("%s", err.text);
	start_world(world, mode);
}

static void close_world(struct world *world)
{
	stop_world(world);
	hs_policy_deinit(&world->policy);
}

static void introduce(struct world *world)
{
	struct hs_meta_task main_task = { .row = { .task = TASK }, .pid = 100, .tgid = 100, .comm = { "trainer", 7 } };
	struct hs_meta_task worker = { .row = { .task = WORKER }, .pid = 101, .tgid = 100, .comm = { "gpu-0", 5 } };
	struct hs_meta_mm mm = { .row = { .mm = MM }, .owner = TASK };

	world->now = 1000 * (uint64_t)MS;
	run_row(world, HS_KIND_meta_task, &main_task, 0);
	run_row(world, HS_KIND_meta_task, &worker, 0);
	run_row(world, HS_KIND_meta_mm, &mm, 0);
}

static void map_region(struct world *world)
{
	struct hs_mm_mmap event = { .row = { .task = TASK, .mm = MM }, .ret = (int64_t)ADDRESS, .len = REGION_BYTES,
				    .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS, .fd = -1 };

	run_row(world, HS_KIND_mm_mmap, &event, MS);
}

/* A world with the process and its mapping. */
static void open_region(struct world *world, enum hs_mode mode, const char *const settings[][2])
{
	open_world(world, mode, settings);
	introduce(world);
	map_region(world);
}

static void touch(struct world *world, uint32_t task, uint64_t offset, uint64_t after)
{
	enum { USER_WRITE = 6 };
	struct hs_fault_user event = { .row = { .task = task, .mm = MM }, .address = ADDRESS + offset,
				       .error_code = USER_WRITE };

	run_row(world, HS_KIND_fault_user, &event, after);
}

static void drop_pages(struct world *world, uint64_t offset, uint64_t length)
{
	struct hs_mm_madvise event = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS + offset, .len = length,
				       .advice = MADV_DONTNEED };

	run_row(world, HS_KIND_mm_madvise, &event, MS);
}

static void unmap_region(struct world *world, uint64_t offset, uint64_t length)
{
	struct hs_mm_munmap event = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS + offset, .len = length };

	run_row(world, HS_KIND_mm_munmap, &event, 2 * MS);
}

static void finish(struct world *world)
{
	assert_int_equal(hs_engine_finish(world->engine, NULL), 0);
	assert_int_equal(hs_model_find("svm")->problems(hs_engine_model(world->engine, "svm", 0), NULL), 0);
}

static const struct hs_decision *expect(const struct world *world, size_t index, enum hs_point point,
					const char *result)
{
	assert_true(index < world->decisions.count);
	assert_int_equal(world->decisions.items[index].point, point);
	assert_string_equal(world->decisions.items[index].result, result);
	return &world->decisions.items[index];
}

#define SCENARIO { "svm.gpus", "A:vram=16G" }, { "svm.process", "comm:train*" }, { "svm.xnack", "on" }

/* The GPU reads each page that the CPU wrote, 1 ms later; the next CPU touch takes the granule back. */
static void data_goes_there_and_back(void **state)
{
	static const char *const settings[][2] = { SCENARIO, { "svm.device", "follow:1ms" }, { NULL, NULL } };
	struct world world;
	const struct hs_decision *decision;

	(void)state;
	open_region(&world, HS_MODE_WHATIF, settings);
	touch(&world, TASK, 0x5000, MS);
	touch(&world, TASK, 0x6000, 5 * MS);	/* by now in VRAM: a granule of 2 MiB came with page 5 */
	touch(&world, TASK, 0x200000, 5 * MS);
	unmap_region(&world, 0, REGION_BYTES);
	finish(&world);
	decision = expect(&world, 0, HS_POINT_SVM_SET_ATTR, "done");
	assert_int_equal(decision->subject, ADDRESS);
	assert_int_equal(decision->subject_end, ADDRESS + REGION_BYTES);
	decision = expect(&world, 1, HS_POINT_SVM_FAULT, "migrated");
	assert_int_equal(decision->subject, ADDRESS + 0x5000);
	assert_int_equal(decision->cost[0], 512);		/* pages_in */
	assert_int_equal(decision->cost[2], 4096);		/* only one page had contents */
	decision = expect(&world, 2, HS_POINT_SVM_CPU_FAULT, "migrated");
	assert_int_equal(decision->cost[1], 512);
	expect(&world, 3, HS_POINT_SVM_FAULT, "migrated");
	expect(&world, 4, HS_POINT_SVM_FAULT, "migrated");
	decision = expect(&world, 5, HS_POINT_SVM_UNMAP, "removed");
	assert_int_equal(decision->basis, HS_BASIS_EXACT);
	assert_int_equal(world.decisions.count, 6);
	assert_true(number(&world, "pages_in") == 3 * 512 && number(&world, "ping_pong_pages") == 2 * 512);
	close_world(&world);
}

/* Without recoverable faults an invalidation stops the queues until the restore worker has mapped again. */
static void queues_stop_and_restore(void **state)
{
	static const char *const settings[][2] = {
		{ "svm.gpus", "A:vram=16G" }, { "svm.process", "mm:7" }, { "svm.xnack", "off" },
		{ "svm.attrs", "access:A" }, { "svm.device", "threads:gpu-*" }, { "svm.restore_ms", "4" },
		{ NULL, NULL } };
	struct world world;
	const struct hs_decision *decision;

	(void)state;
	open_region(&world, HS_MODE_WHATIF, settings);
	drop_pages(&world, 0, 0x1000);
	drop_pages(&world, 0x8000, 0x1000);
	touch(&world, WORKER, 0x9000, 20 * MS);
	finish(&world);
	decision = expect(&world, 0, HS_POINT_SVM_SET_ATTR, "done");
	assert_int_equal(decision->cost[4], REGION_BYTES / 4096);
	decision = expect(&world, 1, HS_POINT_SVM_EVICT, "queues_stopped");
	assert_string_equal(decision->reason, "clear");
	expect(&world, 2, HS_POINT_SVM_EVICT, "already_stopped");
	decision = expect(&world, 3, HS_POINT_SVM_RESTORE, "restored");
	assert_int_equal(decision->cost[7], 4 * MS);
	assert_int_equal(world.decisions.count, 4);
	assert_true(number(&world, "stopped_ns") == 4 * MS && number(&world, "no_mapping") == 0);
	close_world(&world);
}

/* A fault within 2 ms of a mapping of the same range is dropped and comes again when the window is over. */
static void window_delays_the_next_fault(void **state)
{
	static const char *const settings[][2] = { SCENARIO, { "svm.device", "follow:1ms" },
						   { "svm.attrs", "gran:4" }, { NULL, NULL } };
	struct world world;

	(void)state;
	open_region(&world, HS_MODE_WHATIF, settings);
	touch(&world, TASK, 0x0, MS);
	touch(&world, TASK, 0x100000, MS / 10);
	touch(&world, TASK, 0x0, 100 * MS);
	finish(&world);
	expect(&world, 1, HS_POINT_SVM_FAULT, "migrated");
	expect(&world, 2, HS_POINT_SVM_FAULT, "dropped_window");
	expect(&world, 3, HS_POINT_SVM_FAULT, "migrated");
	assert_int_equal(world.decisions.items[3].time - world.decisions.items[1].time, 2 * MS);
	close_world(&world);
}

static void sweep_maps_all_of_the_region(void **state)
{
	static const char *const settings[][2] = { SCENARIO, { "svm.device", "sweep:50ms" },
						   { "svm.window_ms", "0" }, { NULL, NULL } };
	struct world world;

	(void)state;
	open_region(&world, HS_MODE_WHATIF, settings);
	touch(&world, TASK, 0x0, 60 * MS);
	finish(&world);
	assert_true(number(&world, "pages_in") == REGION_BYTES / 4096.0);
	close_world(&world);
}

static void collapse_is_one_invalidation(void **state)
{
	static const char *const settings[][2] = {
		{ "svm.gpus", "A:vram=16G" }, { "svm.process", "pid:100" }, { "svm.xnack", "off" },
		{ "svm.attrs", "access:A" }, { NULL, NULL } };
	struct hs_collapse_huge_page event = { .row = { .mm = MM }, .address = ADDRESS, .address_basis = 2,
					       .isolated = 1, .status = { "SCAN_SUCCEED", 12 } };
	struct world world;
	const struct hs_decision *decision;

	(void)state;
	open_region(&world, HS_MODE_WHATIF, settings);
	run_row(&world, HS_KIND_collapse_huge_page, &event, MS);
	finish(&world);
	decision = expect(&world, 1, HS_POINT_SVM_EVICT, "queues_stopped");
	assert_int_equal(decision->subject_end - decision->subject, 2 << 20);
	close_world(&world);
}

/* A host with a GPU: the driver's own events against the rules. */
static void recorded_faults_agree(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	struct hs_row row = { .task = TASK };
	struct hs_svm_fault_start start = { .row = row, .address = 0x1234000, .gpu = 10, .is_write = 1 };
	struct hs_svm_migrate_start from = { .row = row, .start = 0x1200000, .nr_pages = 512, .to = 10,
					     .prefetch = UINT32_MAX, .preferred = UINT32_MAX, .trigger = 1 };
	struct hs_svm_migrate_end to = { .row = row, .start = 0x1200000, .nr_pages = 512, .to = 10, .trigger = 1,
					 .error = 1 };
	struct hs_svm_fault_end end = { .row = row, .address = 0x1234000, .gpu = 10, .migrated = 1 };
	struct hs_svm_unmap unmap = { .row = row, .start = 0x1200000, .nr_pages = 512, .gpu = 10, .trigger = 2 };
	struct world world;

	(void)state;
	open_world(&world, HS_MODE_VALIDATE, settings);
	world.now = MS;
	run_row(&world, HS_KIND_svm_fault_start, &start, MS);
	run_row(&world, HS_KIND_svm_migrate_start, &from, 10);
	run_row(&world, HS_KIND_svm_migrate_end, &to, 10);
	run_row(&world, HS_KIND_svm_fault_end, &end, 10);
	run_row(&world, HS_KIND_svm_unmap, &unmap, MS);
	assert_int_equal(world.agree, 3);
	run_row(&world, HS_KIND_svm_fault_end, &end, MS);	/* its start was not seen */
	assert_int_equal(world.unknown, 1);
	end.migrated = 0;
	run_row(&world, HS_KIND_svm_fault_start, &start, MS);
	run_row(&world, HS_KIND_svm_fault_end, &end, MS);
	assert_int_equal(world.disagree, 1);
	close_world(&world);
}

static struct hs_kfd_smi_event parse(const char *line)
{
	struct hs_kfd_smi_event event = { 0 };
	struct hs_error err = { 0 };

	if (hs_kfd_smi_parse(line, &event, &err))
		fail_msg("%s: %s", line, err.text);
	return event;
}

/* L1: each kernel's form of a line. */
static void spec_L1(void **state)
{
	struct hs_kfd_smi_event event;

	(void)state;
	assert_int_equal(parse("a 5 -7 1f").restore.rescheduled, 0);
	assert_int_equal(parse("a 5 -7 1f 0").restore.rescheduled, 0);
	assert_int_equal(parse("a 5 -7 1f R").restore.rescheduled, 1);
	assert_int_equal(parse("6 5 -7 @1000(200) 0->a 1").migrate_end.error, 1);
	assert_int_equal(parse("6 5 -7 @1000(200) 0->a 1 -12").migrate_end.error, -12);
	event = parse("b 9 -7 @1000(200) a 1");
	assert_int_equal(event.kind, HS_KIND_svm_unmap);
	assert_int_equal(event.unmap.nr_pages, 0x200);
	assert_int_equal(hs_kfd_smi_parse("10 1 2 3", &event, NULL), -ENOENT);
}

/* L2: lines that were lost may have been a restore: what the queues did is not known until they say so. */
static void spec_L2(void **state)
{
	static const char *const settings[][2] = {
		{ "svm.gpus", "A:vram=16G,id=10" }, { "svm.xnack", "off" }, { NULL, NULL } };
	struct hs_row row = { .task = TASK };
	struct hs_svm_evict evict = { .row = row, .gpu = 10 };
	struct hs_svm_restore restore = { .row = row, .gpu = 10 };
	struct hs_meta_lost lost = { .source = { "svm", 3 }, .cause = { "fifo_full", 9 }, .count = 2 };
	struct world world;

	(void)state;
	open_world(&world, HS_MODE_VALIDATE, settings);
	world.now = MS;
	run_row(&world, HS_KIND_svm_evict, &evict, MS);
	assert_int_equal(world.agree, 1);
	lost.first_time = world.now + 1;
	lost.last_time = world.now + 2;
	run_row(&world, HS_KIND_meta_lost, &lost, 2);
	run_row(&world, HS_KIND_svm_evict, &evict, MS);
	assert_true(world.agree == 1 && world.disagree == 0 && world.unknown == 1);
	/* The stop is adopted all the same: from here on the restart and the next stop are judged again. */
	run_row(&world, HS_KIND_svm_restore, &restore, MS);
	assert_int_equal(world.agree, 2);
	run_row(&world, HS_KIND_svm_evict, &evict, MS);
	assert_int_equal(world.agree, 3);
	close_world(&world);
}

/* Events that cannot be: each is counted, none believed. */
static void contradictions_are_counted(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	struct hs_row row = { .task = TASK };
	struct hs_svm_fault_start faults[] = {
		{ .row = row, .address = 0x1234000, .gpu = 11 },	/* not declared */
		{ .row = row, .address = 0x1234001, .gpu = 10 },	/* not aligned */
		{ .row = row, .address = (uint64_t)-0x1000, .gpu = 10 },
	};
	struct hs_svm_migrate_start moves[] = {
		{ .row = row, .start = 0x1200000, .nr_pages = 0, .to = 10, .trigger = 1 },
		{ .row = row, .start = 0x1200000, .nr_pages = UINT64_MAX, .to = 10, .trigger = 1 },
		{ .row = row, .start = 0x1200000, .nr_pages = 1, .from = 10, .to = 10, .trigger = 1 },
	};
	struct hs_svm_restore restore = { .row = row, .gpu = 12 };
	const struct hs_model_ops *ops = hs_model_find("svm");
	struct world world;

	(void)state;
	open_world(&world, HS_MODE_VALIDATE, settings);
	world.now = MS;
	for (size_t i = 0; i < 3; i++)
		run_row(&world, HS_KIND_svm_fault_start, &faults[i], MS);
	for (size_t i = 0; i < 3; i++)
		run_row(&world, HS_KIND_svm_migrate_start, &moves[i], MS);
	run_row(&world, HS_KIND_svm_restore, &restore, MS);
	assert_int_equal(ops->problems(hs_engine_model(world.engine, "svm", 0), NULL), 7);
	assert_int_equal(world.disagree, 0);
	close_world(&world);
}

/* The preferred location is recorded with a migration: where it decides alone, the decision is exact. */
static void recorded_preference_is_exact(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	struct hs_row row = { .task = TASK };
	struct hs_svm_fault_start fault = { .row = row, .address = 0x1234000, .gpu = 10, .is_write = 1 };
	struct hs_svm_migrate_start move = { .row = row, .start = 0x1200000, .nr_pages = 512, .from = 10,
					     .prefetch = UINT32_MAX, .preferred = 0, .trigger = 1 };
	struct world world;

	(void)state;
	open_world(&world, HS_MODE_VALIDATE, settings);
	world.now = MS;
	run_row(&world, HS_KIND_svm_fault_start, &fault, MS);
	run_row(&world, HS_KIND_svm_migrate_start, &move, 10);
	assert_int_equal(world.agree, 1);
	assert_int_equal(world.decisions.items[0].basis, HS_BASIS_EXACT);
	close_world(&world);
}

static void bad_scenarios_are_refused(void **state)
{
	static const struct {
		const char *key, *text;
	} bad[] = {
		{ "svm.gpus", "A" }, { "svm.gpus", "A:vram=lots" }, { "svm.gpus", "A:vram=0" },
		{ "svm.gpus", "A:vram=1G,id=5;B:vram=1G,id=5" }, { "svm.gpus", "A:vram=1G,color=red" },
		{ "svm.process", "name:x" }, { "svm.process", "pid:x" }, { "svm.process", "comm:" },
		{ "svm.region", "min=much" }, { "svm.region", "addr=5-3" }, { "svm.attrs", "access:B" },
		{ "svm.attrs", "gran:x" }, { "svm.attrs", "speed:9" }, { "svm.device", "often" },
		{ "svm.device", "sweep:0" }, { "svm.device_gpu", "C" }, { "svm.max_range", "1000" },
		{ "svm.system_limit", "some" }, { "svm.rule", "remap_split=v9" }, { "svm.rule", "x=y" },
	};
	static const char *const models[] = { "svm", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct hs_header header = { 0 };
		struct hs_policy policy;
		struct hs_engine *engine = NULL;
		struct hs_engine_setup setup = { .header = &header, .models = models, .policies = &policy,
						 .nr_policies = 1 };
		struct hs_error err = { 0 };

		assert_int_equal(hs_policy_init(&policy, "bad"), 0);
		assert_int_equal(hs_policy_set(&policy, bad[i].key, bad[i].text, HS_POLICY_USER, &err), 0);
		assert_int_equal(hs_engine_create(&setup, &engine, &err), -EINVAL);
		if (!strstr(err.text, bad[i].key))
			fail_msg("%s=%s: %s", bad[i].key, bad[i].text, err.text);
		hs_policy_deinit(&policy);
	}
}

/* --- what functions of the driver returned --- */

static void expect_verdicts(const struct world *world, uint64_t agree, uint64_t disagree, uint64_t unknown)
{
	if (world->agree != agree || world->disagree != disagree || world->unknown != unknown)
		fail_msg("%d agree, %d disagree, %d unknown", (int)world->agree, (int)world->disagree, (int)world->unknown);
}

/* Sets attributes on half of the region, or behind its end, with what the kernel is said to have returned. */
static void set_recorded(struct world *world, uint64_t start, const struct hs_svm_attr *attrs, uint32_t nr,
			 int64_t ret)
{
	struct hs_svm_attributes event = {
		.row = { .task = TASK, .mm = MM }, .start = start, .size = REGION_BYTES / 2, .nr_attributes = nr,
		.attributes = { (const char *)attrs, nr * (uint32_t)sizeof(*attrs) }, .xnack = 1, .granularity = 9, .ret = ret,
	};

	run_row(world, HS_KIND_svm_attributes, &event, MS);
}

static void recorded_calls_are_compared(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	static const struct hs_svm_attr good = { HS_SVM_ACCESS, 10 }, grain = { HS_SVM_GRANULARITY, 4 };
	static const struct hs_svm_attr stranger = { HS_SVM_ACCESS, 11 }, nothing = { 99, 0 };
	const uint64_t behind = ADDRESS + REGION_BYTES;
	struct world world;

	(void)state;
	open_region(&world, HS_MODE_VALIDATE, settings);
	set_recorded(&world, ADDRESS, &good, 1, 0);
	assert_int_equal(expect(&world, 0, HS_POINT_SVM_SET_ATTR, "done")->basis, HS_BASIS_ASSUMED);
	set_recorded(&world, ADDRESS, &grain, 1, 0);
	assert_int_equal(expect(&world, 1, HS_POINT_SVM_SET_ATTR, "done")->basis, HS_BASIS_EXACT);
	set_recorded(&world, behind, &grain, 1, -EFAULT);
	assert_int_equal(expect(&world, 2, HS_POINT_SVM_SET_ATTR, "EFAULT")->basis, HS_BASIS_EXACT);
	set_recorded(&world, ADDRESS, &stranger, 1, -EINVAL);
	set_recorded(&world, ADDRESS, &nothing, 1, -EINVAL);
	expect_verdicts(&world, 5, 0, 0);
	/* What no kernel answers. */
	set_recorded(&world, ADDRESS, &good, 1, -EINVAL);
	set_recorded(&world, behind, &grain, 1, 0);
	expect_verdicts(&world, 5, 2, 0);
	close_world(&world);
}

static void end_fault(struct world *world, uint64_t address, bool is_write, int64_t ret)
{
	struct hs_svm_fault_result event = { .row = { .task = TASK, .mm = MM }, .address = address,
					     .is_write = is_write, .ret = ret };

	run_row(world, HS_KIND_svm_fault_result, &event, 10 * MS);
}

static void recorded_fault_results_are_compared(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	static const struct hs_svm_attr attrs[] = { { HS_SVM_NO_ACCESS, 10 } };
	struct hs_mm_mprotect protect = { .row = { .task = TASK, .mm = MM }, .addr = ADDRESS + REGION_BYTES / 2,
					  .len = REGION_BYTES / 2, .prot = PROT_READ };
	struct world world;

	(void)state;
	open_region(&world, HS_MODE_VALIDATE, settings);
	set_recorded(&world, ADDRESS, attrs, 1, 0);
	run_row(&world, HS_KIND_mm_mprotect, &protect, MS);
	world.agree = 0;
	end_fault(&world, ADDRESS, false, -EACCES);
	end_fault(&world, ADDRESS + REGION_BYTES / 2, true, -EPERM);
	end_fault(&world, ADDRESS + REGION_BYTES / 2, false, 0);
	end_fault(&world, ADDRESS + REGION_BYTES, false, -EFAULT);
	expect_verdicts(&world, 4, 0, 0);
	end_fault(&world, ADDRESS, false, 0);
	end_fault(&world, ADDRESS + REGION_BYTES, false, -EPERM);
	expect_verdicts(&world, 4, 2, 0);
	close_world(&world);
}

static void piece(struct world *world, int32_t error)
{
	struct hs_svm_migrate_start start = { .row = { .task = TASK, .mm = MM }, .start = ADDRESS, .nr_pages = 512, .to = 10,
					      .prefetch = UINT32_MAX, .preferred = UINT32_MAX, .trigger = 1 };
	struct hs_svm_migrate_end end = { .row = start.row, .start = ADDRESS, .nr_pages = 512, .to = 10, .trigger = 1,
					  .error = error };

	run_row(world, HS_KIND_svm_migrate_start, &start, MS);
	if (error != INT32_MAX)
		run_row(world, HS_KIND_svm_migrate_end, &end, 10);
}

static void end_migration(struct world *world, int64_t ret)
{
	struct hs_svm_migrate_result event = { .row = { .task = TASK, .mm = MM }, .start = ADDRESS, .nr_pages = 512,
					       .to = 10, .trigger = 1, .ret = ret };

	run_row(world, HS_KIND_svm_migrate_result, &event, 10);
}

/* INT32_MAX: the piece has no end. */
static void migration_case(int32_t error, int64_t ret, uint64_t agree, enum hs_basis basis)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	struct world world;

	open_region(&world, HS_MODE_VALIDATE, settings);
	piece(&world, error);
	world.agree = world.disagree = world.unknown = 0;
	end_migration(&world, ret);
	expect_verdicts(&world, agree, !agree, 0);
	assert_int_equal(world.decisions.items[world.decisions.count - 1].basis, basis);
	close_world(&world);
}

static void recorded_migration_results_are_compared(void **state)
{
	(void)state;
	migration_case(0, 0, 1, HS_BASIS_EXACT);
	migration_case(1, 0, 1, HS_BASIS_EXACT);		/* up to 6.12 an end means that pages moved */
	migration_case(-ENOMEM, -ENOMEM, 1, HS_BASIS_EXACT);
	migration_case(-ENOMEM, 0, 0, HS_BASIS_EXACT);
	migration_case(0, -EBUSY, 0, HS_BASIS_EXACT);
	migration_case(INT32_MAX, -EBUSY, 1, HS_BASIS_BOUNDED);
	migration_case(INT32_MAX, 0, 1, HS_BASIS_BOUNDED);
}

static void invalidate(struct world *world, uint8_t event, uint64_t offset, uint64_t pages)
{
	struct hs_svm_invalidate row = { .row = { .task = TASK, .mm = MM }, .start = ADDRESS, .nr_pages = 512,
					 .outer_start = ADDRESS + offset, .outer_pages = pages, .event = event };

	run_row(world, HS_KIND_svm_invalidate, &row, MS);
}

static void stop_queues(struct world *world)
{
	struct hs_svm_evict event = { .row = { .task = TASK, .mm = MM }, .gpu = 10 };

	run_row(world, HS_KIND_svm_evict, &event, 10);
}

static void unmap_from_gpu(struct world *world, uint32_t trigger)
{
	struct hs_svm_unmap event = { .row = { .task = TASK, .mm = MM }, .start = ADDRESS, .nr_pages = 512, .gpu = 10,
				      .trigger = trigger };

	run_row(world, HS_KIND_svm_unmap, &event, 10);
}

/* A range of 512 pages with access, mapped when it was set if xnack is off. */
static void open_range(struct world *world, bool xnack)
{
	const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { "svm.xnack", xnack ? "on" : "off" },
					    { NULL, NULL } };
	static const struct hs_svm_attr access = { HS_SVM_ACCESS, 10 };
	struct hs_svm_attributes event = {
		.row = { .task = TASK, .mm = MM }, .start = ADDRESS, .size = 512 * 4096, .nr_attributes = 1,
		.attributes = { (const char *)&access, sizeof(access) }, .xnack = xnack, .granularity = 9,
	};

	open_region(world, HS_MODE_VALIDATE, settings);
	run_row(world, HS_KIND_svm_attributes, &event, MS);
	world->agree = 0;
}

/* Queues stop once; until they run again an invalidation does nothing. That nothing came of it is compared, too. */
static void recorded_invalidations_stop_queues(void **state)
{
	struct hs_svm_restore restore = { .row = { .task = TASK, .mm = MM }, .gpu = 10 };
	struct world world;

	(void)state;
	open_range(&world, false);
	invalidate(&world, 1, 0, 512);
	stop_queues(&world);
	invalidate(&world, 1, 4096, 1);
	expect_verdicts(&world, 2, 0, 0);	/* the stop, and what the first one led to */
	run_row(&world, HS_KIND_svm_restore, &restore, MS);
	expect_verdicts(&world, 4, 0, 0);	/* the restore, and the second one */
	invalidate(&world, 1, 0, 512);
	invalidate(&world, 1, 0, 512);
	expect_verdicts(&world, 4, 1, 0);	/* the third one had to stop them */
	assert_string_equal(world.decisions.items[world.decisions.count - 1].result, "queues_stopped");
	close_world(&world);
}

/* With recoverable faults they unmap what is mapped, a whole range once; the end of the mm does nothing. */
static void recorded_invalidations_unmap(void **state)
{
	struct hs_svm_fault_start start = { .row = { .task = TASK, .mm = MM }, .address = ADDRESS, .gpu = 10 };
	struct hs_svm_fault_end end = { .row = start.row, .address = ADDRESS, .gpu = 10, .migrated = 1 };
	struct world world;

	(void)state;
	open_range(&world, true);
	invalidate(&world, 1, 0, 512);		/* nothing is mapped yet */
	run_row(&world, HS_KIND_svm_fault_start, &start, MS);
	expect_verdicts(&world, 1, 0, 0);
	run_row(&world, HS_KIND_svm_fault_end, &end, 10);
	expect_verdicts(&world, 2, 0, 0);
	invalidate(&world, 1, 0, 512);
	unmap_from_gpu(&world, 0);
	expect_verdicts(&world, 3, 0, 0);
	invalidate(&world, 1, 0, 512);		/* again: it is not mapped any more */
	expect_verdicts(&world, 4, 0, 0);
	invalidate(&world, 5, 0, 512);
	expect_verdicts(&world, 5, 0, 0);
	invalidate(&world, 0, 0, 512);
	expect_verdicts(&world, 6, 0, 0);
	assert_int_equal(world.decisions.items[world.decisions.count - 1].basis, HS_BASIS_EXACT);
	unmap_from_gpu(&world, 2);		/* no GPU had it mapped */
	invalidate(&world, 0, 0, 512);
	assert_int_equal(world.disagree, 1);
	close_world(&world);
}

/* A range that the model does not have is unknown, and known from then on. */
static void recorded_invalidations_teach(void **state)
{
	static const char *const settings[][2] = { { "svm.gpus", "A:vram=16G,id=10" }, { NULL, NULL } };
	struct world world;

	(void)state;
	open_region(&world, HS_MODE_VALIDATE, settings);
	for (int i = 0; i < 3; i++)
		invalidate(&world, 1, 0, 512);
	expect_verdicts(&world, 1, 0, 1);
	close_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_there_and_back),
		cmocka_unit_test(queues_stop_and_restore),
		cmocka_unit_test(window_delays_the_next_fault),
		cmocka_unit_test(sweep_maps_all_of_the_region),
		cmocka_unit_test(collapse_is_one_invalidation),
		cmocka_unit_test(recorded_faults_agree), cmocka_unit_test(recorded_calls_are_compared),
		cmocka_unit_test(recorded_fault_results_are_compared),
		cmocka_unit_test(recorded_migration_results_are_compared),
		cmocka_unit_test(recorded_invalidations_stop_queues), cmocka_unit_test(recorded_invalidations_unmap),
		cmocka_unit_test(recorded_invalidations_teach),
		cmocka_unit_test(spec_L1), cmocka_unit_test(spec_L2),
		cmocka_unit_test(contradictions_are_counted), cmocka_unit_test(recorded_preference_is_exact),
		cmocka_unit_test(bad_scenarios_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
