// SPDX-License-Identifier: GPL-2.0-only
/* The engine with a toy model: a "parity" daemon that must say whether a fault's page number is odd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine.h"

struct hs_model {
	uint64_t observed, adopted_odd, advanced_to, gaps;
	bool is_broken;
	enum hs_mode mode;
};

struct parity_request {
	struct hs_request common;
	uint64_t page;
};

static hs_kind_set parity_kinds(void)
{
	hs_kind_set kinds = { { 0 } };

	hs_kind_set_add(&kinds, HS_KIND_fault_user);
	hs_kind_set_add(&kinds, HS_KIND_mm_munmap);
	return kinds;
}

static int parity_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return hs_error_nomem(err);
	(*out)->mode = setup->mode;
	return 0;
}

static void parity_destroy(struct hs_model *model)
{
	free(model);
}

static void parity_observe(struct hs_model *model, const struct hs_event *event)
{
	model->observed++;
	if (event->kind == HS_KIND_mm_munmap)
		model->is_broken = event->mm_munmap->len == 13;
}

static const char *parity_name(uint64_t page)
{
	return page & 1 ? "ODD" : "EVEN";
}

/* The instruction pointer of the fake events holds what the "kernel" decided. */
static int parity_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		      struct hs_decision *recorded)
{
	struct parity_request *request = (struct parity_request *)storage;
	const struct hs_fault_user *fault = event->fault_user;

	(void)model;
	if (event->kind != HS_KIND_fault_user)
		return 0;
	*request = (struct parity_request){
		.common = { .point = HS_POINT_COLLAPSE_SCAN, .time = fault->row.time, .subject = fault->address },
		.page = fault->address >> 12,
	};
	recorded->result = fault->ip & 1 ? "ODD" : "EVEN";
	recorded->reason = "recorded";
	recorded->basis = HS_BASIS_BOUNDED;
	return 1;
}

static void parity_decide(const struct hs_model *model, const struct hs_request *request,
			  struct hs_decision *decision)
{
	(void)model;
	decision->result = parity_name(((const struct parity_request *)request)->page);
	decision->reason = "page & 1";
}

static void parity_adopt(struct hs_model *model, const struct hs_request *request, const struct hs_decision *decision)
{
	(void)request;
	model->adopted_odd += strcmp(decision->result, "ODD") == 0;
}

static void parity_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink)
{
	struct hs_decision decision = { .point = HS_POINT_COLLAPSE_ISOLATE, .result = "TICK", .reason = "clock" };

	for (; model->advanced_to + 100 <= now; model->advanced_to += 100) {
		decision.time = model->advanced_to + 100;
		sink->decided(sink->context, &decision);
	}
}

static void parity_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	model->gaps += lost->count;
}

static int parity_dump(const struct hs_model *model, FILE *out)
{
	return fprintf(out, "{\"observed\": %d}\n", (int)model->observed) < 0 ? -EIO : 0;
}

static int parity_check(const struct hs_model *model, struct hs_error *err)
{
	return model->is_broken ? hs_error_set(err, -EINVAL, "length 13") : 0;
}

#define PARITY_OPS(own_name, shared, stands) { \
	.name = own_name, .help = "", .stands_on = stands, .kinds = parity_kinds, .is_shared = shared, \
	.create = parity_create, .destroy = parity_destroy, .observe = parity_observe, .ask = parity_ask, \
	.decide = parity_decide, .adopt = parity_adopt, .advance = parity_advance, .lost = parity_lost, \
	.dump = parity_dump, .check = parity_check, \
}
static const char *const on_base[] = { "base", NULL };
static const struct hs_model_ops base_ops = PARITY_OPS("base", true, NULL);
static const struct hs_model_ops top_ops = PARITY_OPS("top", false, on_base);
static const struct hs_model_ops *const registry[] = { &base_ops, &top_ops, NULL };
static const char *const only_base[] = { "base", NULL };
static const char *const only_top[] = { "top", NULL };

struct tally {
	unsigned int verdicts[HS_NR_VERDICTS], ticks, by_policy[4];
};

static void count_outcome(void *context, const struct hs_outcome *outcome)
{
	struct tally *tally = context;

	tally->verdicts[outcome->verdict]++;
	tally->by_policy[outcome->policy]++;
	tally->ticks += outcome->modelled && strcmp(outcome->modelled->result, "TICK") == 0;
	if (outcome->recorded)
		assert_int_equal(outcome->recorded->basis, HS_BASIS_BOUNDED);
}

struct fixture {
	struct tally tally;
	struct hs_policy policies[2];
	struct hs_header header;
	struct hs_engine_setup setup;
	struct hs_engine *engine;
	struct hs_error err;
};

static void start(struct fixture *fixture, const char *const *models, enum hs_mode mode, size_t nr_policies)
{
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(hs_policy_init(&fixture->policies[i], "test"), 0);
	fixture->setup.mode = mode;
	fixture->setup.header = &fixture->header;
	fixture->setup.models = models;
	fixture->setup.registry = registry;
	fixture->setup.policies = fixture->policies;
	fixture->setup.nr_policies = nr_policies;
	fixture->setup.outcome = count_outcome;
	fixture->setup.context = &fixture->tally;
	assert_int_equal(hs_engine_create(&fixture->setup, &fixture->engine, &fixture->err), 0);
}

static void stop(struct fixture *fixture)
{
	hs_engine_destroy(fixture->engine);
	for (size_t i = 0; i < 2; i++)
		hs_policy_deinit(&fixture->policies[i]);
}

/* Pages 0 to 5 at 100 ns steps; the kernel said ODD for pages 1, 3 and, wrongly, 4. */
static const struct hs_fault_user faults[] = {
	{ .row = { .time = 0 }, .address = 0x0000, .ip = 0 },	{ .row = { .time = 100 }, .address = 0x1000, .ip = 1 },
	{ .row = { .time = 200 }, .address = 0x2000, .ip = 0 }, { .row = { .time = 300 }, .address = 0x3000, .ip = 1 },
	{ .row = { .time = 400 }, .address = 0x4000, .ip = 1 }, { .row = { .time = 500 }, .address = 0x5000, .ip = 1 },
};
static const struct hs_run fault_run = { .kind = HS_KIND_fault_user, .nr = 6, .rows = faults };

static void test_validate_compares_and_adopts_recorded(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(hs_engine_finish(fixture.engine, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_AGREE], 5);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_DISAGREE], 1);
	assert_int_equal(hs_engine_model(fixture.engine, "base", 0)->adopted_odd, 4);
	assert_int_equal(hs_engine_model(fixture.engine, "base", 0)->observed, 6);
	assert_int_equal(fixture.tally.ticks, 0);
	stop(&fixture);
}

static void test_echo_agrees_fully(void **state)
{
	struct fixture fixture = { .setup = { .is_echo = true } };

	(void)state;
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_AGREE], 6);
	stop(&fixture);
}

static void test_whatif_adopts_own_and_advances(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	start(&fixture, only_base, HS_MODE_WHATIF, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(hs_engine_finish(fixture.engine, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_NONE], 6 + 5);
	assert_int_equal(fixture.tally.ticks, 5);
	assert_int_equal(hs_engine_model(fixture.engine, "base", 0)->adopted_odd, 3);
	stop(&fixture);
}

static void test_shared_instances_serve_all_policies(void **state)
{
	struct fixture fixture = { 0 };

	(void)state;
	start(&fixture, only_top, HS_MODE_VALIDATE, 2);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_ptr_equal(hs_engine_model(fixture.engine, "base", 0), hs_engine_model(fixture.engine, "base", 1));
	assert_ptr_not_equal(hs_engine_model(fixture.engine, "top", 0), hs_engine_model(fixture.engine, "top", 1));
	assert_null(hs_engine_model(fixture.engine, "top", 2));
	assert_int_equal(hs_engine_model(fixture.engine, "base", 1)->observed, 6);
	assert_int_equal(fixture.tally.by_policy[0], 12);
	assert_int_equal(fixture.tally.by_policy[1], 12);
	stop(&fixture);
}

static const struct hs_meta_lost lost = {
	.row = { .time = 450 }, .source = { "fault", 5 }, .cause = { "ring_full", 9 }, .count = 7,
	.first_time = 150, .last_time = 300,
};

static void test_losses_known_ahead(void **state)
{
	struct hs_losses losses;
	struct fixture fixture = { .setup = { .losses = &losses } };
	struct hs_run run = { .kind = HS_KIND_meta_lost, .nr = 1, .rows = &lost };

	(void)state;
	hs_losses_init(&losses);
	assert_int_equal(hs_losses_add(&losses, &lost, NULL), 0);
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(hs_engine_run(fixture.engine, &run, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_UNKNOWN], 2);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_AGREE], 3);
	assert_int_equal(hs_engine_model(fixture.engine, "base", 0)->gaps, 7);
	hs_losses_deinit(&losses);
	stop(&fixture);
}

static void test_losses_met_on_the_way(void **state)
{
	struct fixture fixture = { 0 };
	struct hs_run run = { .kind = HS_KIND_meta_lost, .nr = 1, .rows = &lost };

	(void)state;
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &run, &fixture.err), 0);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_UNKNOWN], 2);
	stop(&fixture);
}

static void test_loss_of_a_source_nobody_wants(void **state)
{
	struct hs_meta_lost other = lost;
	struct hs_losses losses;
	struct fixture fixture = { .setup = { .losses = &losses } };

	(void)state;
	other.source = (struct hs_bytes){ "hotplug", 7 };
	hs_losses_init(&losses);
	assert_int_equal(hs_losses_add(&losses, &other, NULL), 0);
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(fixture.tally.verdicts[HS_VERDICT_UNKNOWN], 0);
	assert_int_equal(hs_engine_model(fixture.engine, "base", 0)->gaps, 0);
	hs_losses_deinit(&losses);
	stop(&fixture);
}

static void test_broken_invariant_is_named(void **state)
{
	struct hs_mm_munmap munmap = { .row = { .time = 77 }, .len = 13 };
	struct hs_run run = { .kind = HS_KIND_mm_munmap, .nr = 1, .rows = &munmap };
	struct fixture fixture = { .setup = { .check_each = true } };

	(void)state;
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	assert_int_equal(hs_engine_run(fixture.engine, &run, &fixture.err), -EINVAL);
	assert_string_equal(fixture.err.text, "model base after mm.munmap at 77 ns: length 13");
	stop(&fixture);
}

static void test_bad_setups(void **state)
{
	static const char *const nobody[] = { "nobody", NULL };
	struct hs_header header = { 0 };
	struct hs_policy policy;
	struct hs_engine_setup setup = { .header = &header, .models = nobody, .policies = &policy, .nr_policies = 1 };
	struct hs_engine *engine = NULL;
	struct hs_error err;

	(void)state;
	assert_int_equal(hs_policy_init(&policy, "test"), 0);
	assert_int_equal(hs_engine_create(&setup, &engine, &err), -ENOENT);
	setup.models = only_base;
	setup.registry = registry;
	setup.nr_policies = 0;
	assert_int_equal(hs_engine_create(&setup, &engine, &err), -EINVAL);
	assert_null(engine);
	hs_policy_deinit(&policy);
}

static void test_null_model_sees_everything(void **state)
{
	static const char *const null[] = { "null", NULL };
	struct fixture fixture = { 0 };

	(void)state;
	start(&fixture, only_base, HS_MODE_VALIDATE, 1);
	hs_engine_destroy(fixture.engine);
	fixture.setup.models = null;
	fixture.setup.registry = NULL;
	assert_int_equal(hs_engine_create(&fixture.setup, &fixture.engine, &fixture.err), 0);
	assert_int_equal(hs_engine_run(fixture.engine, &fault_run, &fixture.err), 0);
	hs_kind_set kinds = hs_engine_kinds(fixture.engine);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		assert_true(hs_kind_set_has(&kinds, kind));
	stop(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validate_compares_and_adopts_recorded),
		cmocka_unit_test(test_echo_agrees_fully),
		cmocka_unit_test(test_whatif_adopts_own_and_advances),
		cmocka_unit_test(test_shared_instances_serve_all_policies),
		cmocka_unit_test(test_losses_known_ahead),
		cmocka_unit_test(test_losses_met_on_the_way),
		cmocka_unit_test(test_loss_of_a_source_nobody_wants),
		cmocka_unit_test(test_broken_invariant_is_named),
		cmocka_unit_test(test_bad_setups),
		cmocka_unit_test(test_null_model_sees_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
