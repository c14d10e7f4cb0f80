/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_PLAY_H
#define SVM_PLAY_H
/* A scenario file, loaded and played over a process with one region; its decisions, counted. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/scenario_file.h"
#include "tests/unit/svm_world.h"

enum { TASK = 1, WORKER = 2, OTHER = 3, MM = 7, OTHER_MM = 8, MS = 1000000, USER_WRITE = 6 };
#define ADDRESS 0x7f0000000000ull
#define REGION_BYTES (4ull << 20)
#define START 1000000000ull

#define GPU "[gpu A]\nvram = 16G\n"
#define REGION "[region heap]\nprocess = comm:train*\nselect = anon,min=64K\n"

static char path[64];	/* of the scenario file */

static inline void write_file(const char *name, const char *text)
{
	FILE *out = fopen(name, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static inline int load(struct hs_policy *policy, const char *text, struct hs_error *err)
{
	snprintf(path, sizeof(path), "/tmp/svm-scenario-%d.ini", (int)getpid());
	write_file(path, text);
	assert_int_equal(hs_policy_init(policy, "test"), 0);
	return hs_scenario_load(policy, path, err);
}

static inline void forget(struct hs_policy *policy)
{
	hs_policy_deinit(policy);
	unlink(path);
}

static inline void open_world(struct world *world, const char *text)
{
	struct hs_error err = { 0 };

	init_world(world);
	world->header.start_time = START;
	if (load(&world->policy, text, &err))
		fail_msg("%s", err.text);
	start_world(world, HS_MODE_WHATIF);
	world->now = START;
}

static inline void close_world(struct world *world)
{
	stop_world(world);
	forget(&world->policy);
}

static inline void introduce(struct world *world)
{
	struct hs_meta_task tasks[] = {
		{ .row = { .task = TASK }, .pid = 100, .tgid = 100, .comm = { "trainer", 7 } },
		{ .row = { .task = WORKER }, .pid = 101, .tgid = 100, .comm = { "gpu-0", 5 } },
		{ .row = { .task = OTHER }, .pid = 200, .tgid = 200, .comm = { "cpu", 3 } },
	};
	struct hs_meta_mm mm = { .row = { .mm = MM }, .owner = TASK };
	struct hs_meta_mm other = { .row = { .mm = OTHER_MM }, .owner = OTHER };
	struct hs_mm_mmap map = { .row = { .task = TASK, .mm = MM }, .ret = (int64_t)ADDRESS, .len = REGION_BYTES,
				  .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS, .fd = -1 };

	for (size_t i = 0; i < 3; i++)
		run_row(world, HS_KIND_meta_task, &tasks[i], 0);
	run_row(world, HS_KIND_meta_mm, &mm, 0);
	run_row(world, HS_KIND_meta_mm, &other, 0);
	run_row(world, HS_KIND_mm_mmap, &map, MS);
}

static inline void touch(struct world *world, uint32_t task, uint32_t mm, uint64_t address, uint64_t after)
{
	struct hs_fault_user event = { .row = { .task = task, .mm = mm }, .address = address,
				       .error_code = USER_WRITE };

	run_row(world, HS_KIND_fault_user, &event, after);
}

static inline void finish(struct world *world)
{
	world->now += 1000 * (uint64_t)MS;
	touch(world, OTHER, OTHER_MM, 0x1000, 0);
	assert_int_equal(hs_engine_finish(world->engine, NULL), 0);
}

/* Decisions come out with the next event: one that means nothing here. */
static inline void settle(struct world *world)
{
	touch(world, OTHER, OTHER_MM, 0x1000, 0);
}

/* Decision `index` of a point. */
static inline const struct hs_decision *decision(struct world *world, enum hs_point point, size_t index)
{
	settle(world);
	hs_vec_for_each(one, &world->decisions)
		if (one->point == point && index-- == 0)
			return one;
	return NULL;
}

static inline size_t count(struct world *world, enum hs_point point)
{
	size_t nr = 0;

	settle(world);
	hs_vec_for_each(one, &world->decisions)
		nr += one->point == point;
	return nr;
}

#endif
