// SPDX-License-Identifier: GPL-2.0-only
/* Secondary MMUs in a what-if replay: which faults the scenario makes, and what becomes of them. */
#include "tests/unit/space_script.h"

struct world {
	struct hs_script script;	/* its model is address_space */
	struct hs_model *notifier;
	HS_VEC(struct hs_decision) decided;
};

static void decided(void *context, const struct hs_decision *decision)
{
	struct world *world = context;

	assert_true(hs_vec_push(&world->decided, *decision));
}

static int create(struct world *world, const char *key, const char *text, struct hs_error *err)
{
	struct hs_script *script = &world->script;
	struct hs_model_setup setup = { .mode = HS_MODE_WHATIF, .header = &script->header, .policy = &script->policy };

	*world = (struct world){ .notifier = NULL };
	script_init(script, "6.18", "never");
	assert_int_equal(hs_policy_set(&script->policy, "notifier.window_ns", "0", HS_POLICY_USER, err), 0);
	if (key)
		assert_int_equal(hs_policy_set(&script->policy, key, text, HS_POLICY_USER, err), 0);
	setup.bases = &script->model;
	return hs_model_find("notifier")->create(&setup, &world->notifier, err);
}

static void destroy(struct world *world)
{
	hs_model_find("notifier")->destroy(world->notifier);
	hs_vec_deinit(&world->decided);
	script_deinit(&world->script);
}

static void tell(struct world *world, unsigned int kind, void *row, uint64_t time)
{
	const struct hs_model_ops *ops = hs_model_find("notifier");
	struct hs_sink sink = { decided, world };
	struct hs_event event = { .kind = kind };
	struct hs_error err = { 0 };

	world->script.time = time;
	ops->advance(world->notifier, time, &sink);
	give(&world->script, kind, row);
	event.row = row;
	ops->observe(world->notifier, &event);
	if (ops->check(world->notifier, &err))
		fail_msg("%s", err.text);
}

static void map_and_touch(struct world *world, uint64_t time)
{
	struct hs_mm_mmap map = { .addr = HS_SCRIPT_BASE, .ret = (int64_t)HS_SCRIPT_BASE, .len = 8 * 4096,
				  .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, .fd = -1 };
	struct hs_fault_user fault = { .address = HS_SCRIPT_BASE, .error_code = 6 };

	tell(world, HS_KIND_mm_mmap, &map, time);
	tell(world, HS_KIND_fault_user, &fault, time + 1);
}

static void advance(struct world *world, uint64_t time)
{
	struct hs_sink sink = { decided, world };

	hs_model_find("notifier")->advance(world->notifier, time, &sink);
}

static void test_no_section(void **state)
{
	struct hs_error err = { 0 };
	struct world world;

	(void)state;
	assert_int_equal(create(&world, NULL, NULL, &err), 0);
	map_and_touch(&world, 1000);
	advance(&world, 100000);
	assert_int_equal(world.decided.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct hs_decision *decision = &world.decided.items[i];

		assert_string_equal(decision->result, "MAP");
		assert_int_equal(decision->time, 1001 + 2000 + 5000);
		assert_int_equal(decision->subject, HS_SCRIPT_BASE);
	}
	destroy(&world);
}

/* The fault looks its page up at 5501 and checks at 8001; a MADV_DONTNEED from 6000 to 9000 comes in between. */
static void test_section_in_between(void **state)
{
	struct hs_mm_madvise call = { .addr = HS_SCRIPT_BASE, .len = 4096, .advice = MADV_DONTNEED, .duration = 3000 };
	unsigned int retries[2] = { 0 }, maps[2] = { 0 }, stale = 0;
	struct hs_error err = { 0 };
	struct world world;

	(void)state;
	assert_int_equal(create(&world, "notifier.window_ns", "10000", &err), 0);
	map_and_touch(&world, 1000);
	tell(&world, HS_KIND_mm_madvise, &call, 9000);
	advance(&world, 1000000);
	hs_vec_for_each(decision, &world.decided) {
		bool is_kvm = decision->point == HS_POINT_NOTIFIER_KVM_FAULT, is_retry = decision->result[0] == 'R';

		retries[is_kvm] += is_retry;
		maps[is_kvm] += !is_retry;
		stale += (unsigned int)decision->cost[2];
		assert_true(!is_retry || decision->basis == HS_BASIS_ASSUMED || decision->basis == HS_BASIS_EXACT);
	}
	assert_int_equal(maps[0], 1);
	assert_int_equal(maps[1], 1);
	assert_int_equal(retries[0], 1);	/* then it sleeps until the section ends */
	assert_true(retries[1] >= 1);
	assert_true(stale >= 2);
	destroy(&world);
}

static void test_exit_drops_all(void **state)
{
	struct hs_mm_exit_mmap row = { .row.time = 0 };
	struct hs_error err = { 0 };
	struct world world;

	(void)state;
	assert_int_equal(create(&world, NULL, NULL, &err), 0);
	map_and_touch(&world, 1000);
	tell(&world, HS_KIND_mm_exit_mmap, &row, 4000);
	advance(&world, 100000);
	assert_int_equal(world.decided.count, 0);
	destroy(&world);
}

static void test_slots(void **state)
{
	static const char *const bad[] = { "x", "0x1000", "0x1000-0x1000", "0x1000-0x3000,0x2000-0x4000", "0x1-0x1000" };
	struct hs_error err = { 0 };
	struct world world;

	(void)state;
	assert_int_equal(create(&world, "notifier.slots", "0x1000-0x3000,0x8000-0x9000", &err), 0);
	map_and_touch(&world, 1000);
	advance(&world, 100000);
	assert_int_equal(world.decided.count, 1);	/* the virtual machine does not use the page */
	assert_int_equal(world.decided.items[0].point, HS_POINT_NOTIFIER_HMM_FAULT);
	destroy(&world);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(create(&world, "notifier.slots", bad[i], &err), -EINVAL);
		destroy(&world);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_section), cmocka_unit_test(test_section_in_between),
		cmocka_unit_test(test_exit_drops_all), cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
