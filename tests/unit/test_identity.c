// SPDX-License-Identifier: GPL-2.0-only
/* Expected ids by hand: they count from 1 in the order in which they are first asked for. */
#include "tests/unit/sink_file.h"

#include "collectors/identity.h"

enum { MAX = 8 };

struct world {
	struct sink_file file;
	struct hs_identity *identity;
};

static int setup(void **state)
{
	struct world *world = test_calloc(1, sizeof(*world));
	struct hs_error err = { 0 };

	sink_file_init(&world->file);
	assert_int_equal(hs_identity_create(world->file.sink, &world->identity, &err), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	hs_identity_destroy(world->identity);
	sink_file_remove(&world->file);
	test_free(world);
	return 0;
}

static struct hs_task_entry entry_of(uint32_t tid, uint64_t mm, uint64_t start_time, const char *comm)
{
	struct hs_task_entry entry = { .tid = tid, .tgid = tid, .mm = mm, .start_time = start_time };

	snprintf(entry.comm, sizeof(entry.comm), "%s", comm);
	return entry;
}

static void test_ids(void **state)
{
	struct world *world = *state;
	struct hs_task_entry shell = entry_of(77, 0xa000, 5, "shell");
	struct hs_meta_task tasks[MAX];
	struct hs_meta_mm spaces[MAX];

	assert_int_equal(hs_identity_add(world->identity, &shell), 0);
	assert_int_equal(hs_identity_introductions(world->identity), 0);
	assert_int_equal(hs_identity_task(world->identity, 10, 0), 0);
	assert_int_equal(hs_identity_mm(world->identity, 10, 0, 77), 0);
	assert_int_equal(hs_identity_task(world->identity, 10, 99), 1);
	assert_int_equal(hs_identity_mm(world->identity, 20, 0xa000, 77), 1);
	assert_int_equal(hs_identity_task(world->identity, 30, 77), 2);
	assert_int_equal(hs_identity_task(world->identity, 30, 99), 1);
	assert_int_equal(hs_identity_mm(world->identity, 40, 0xb000, 0), 2);
	assert_int_equal(hs_identity_mm(world->identity, 40, 0xa000, 99), 1);
	assert_int_equal(hs_identity_mm_of(world->identity, 77), 0xa000);
	assert_int_equal(hs_identity_mm_of(world->identity, 98), 0);
	sink_file_finish(&world->file);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_meta_task, tasks, MAX), 2);
	assert_int_equal(tasks[0].pid, 99);
	assert_int_equal(tasks[1].pid, 77);
	assert_int_equal(tasks[1].start_time, 5);
	assert_int_equal(((struct hs_row *)(void *)&tasks[1])->time, 20);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_meta_mm, spaces, MAX), 2);
	assert_int_equal(spaces[0].owner, 2);
	assert_int_equal(spaces[1].owner, 0);
}

/* The kernel uses tids and addresses again; ids are new. */
static void test_generations(void **state)
{
	struct world *world = *state;
	struct hs_task_entry first = entry_of(77, 0xa000, 5, "first"), second = entry_of(77, 0xb000, 9, "second");

	hs_identity_fork(world->identity, &first);
	assert_int_equal(hs_identity_task(world->identity, 10, 77), 1);
	hs_identity_fork(world->identity, &first);	/* the same, seen twice */
	assert_int_equal(hs_identity_task(world->identity, 11, 77), 1);
	hs_identity_fork(world->identity, &second);
	assert_int_equal(hs_identity_task(world->identity, 12, 77), 2);
	assert_int_equal(hs_identity_mm(world->identity, 13, 0xa000, 0), 1);
	hs_identity_forget_mm(world->identity, 0xa000);
	assert_int_equal(hs_identity_past_mm(world->identity, 14, 0xa000), 1);
	assert_int_equal(hs_identity_mm(world->identity, 15, 0xa000, 0), 2);
	assert_int_equal(hs_identity_past_mm(world->identity, 16, 0xa000), 2);
	sink_file_finish(&world->file);
}

static void test_exec(void **state)
{
	struct world *world = *state;
	struct hs_task_entry leader = entry_of(50, 0xa000, 1, "old"), thread = entry_of(51, 0xa000, 2, "old");
	char comm[HS_COMM_BYTES] = "new";
	struct hs_meta_task tasks[MAX];

	thread.tgid = 50;
	hs_identity_add(world->identity, &leader);
	hs_identity_add(world->identity, &thread);
	assert_int_equal(hs_identity_task(world->identity, 5, 51), 1);
	assert_int_equal(hs_identity_task(world->identity, 5, 50), 2);
	/* A thread takes over its leader's tid. */
	assert_int_equal(hs_identity_exec(world->identity, 10, 50, 51, 0xb000, comm), 0xa000);
	assert_int_equal(hs_identity_mm_of(world->identity, 50), 0xb000);
	assert_int_equal(hs_identity_task(world->identity, 11, 50), 2);
	sink_file_finish(&world->file);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_meta_task, tasks, MAX), 3);
	assert_int_equal(((struct hs_row *)(void *)&tasks[2])->task, 2);
	assert_int_equal(tasks[2].comm.length, 3);
}

static void test_rename(void **state)
{
	struct world *world = *state;
	char same[HS_COMM_BYTES] = "same", longer[HS_COMM_BYTES] = "longer";
	struct hs_task_entry entry = entry_of(50, 0xa000, 1, "same");
	struct hs_meta_task tasks[MAX];

	hs_identity_add(world->identity, &entry);
	assert_int_equal(hs_identity_task(world->identity, 5, 50), 1);
	hs_identity_rename(world->identity, 6, 50, same);
	assert_int_equal(hs_identity_introductions(world->identity), 1);
	hs_identity_rename(world->identity, 7, 50, longer);
	assert_int_equal(hs_identity_introductions(world->identity), 2);
	hs_identity_reintroduce(world->identity);
	assert_int_equal(hs_identity_task(world->identity, 8, 50), 1);
	assert_int_equal(hs_identity_introductions(world->identity), 3);
	sink_file_finish(&world->file);
	assert_int_equal(sink_file_read(&world->file, HS_KIND_meta_task, tasks, MAX), 3);
	assert_int_equal(tasks[2].comm.length, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_generations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
