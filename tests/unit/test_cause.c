// SPDX-License-Identifier: GPL-2.0-only
/* Why a decision is no agreement: each cause where it applies, and the order of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/cause.h"

#define TEXT(text) { text, sizeof(text) - 1 }

struct fixture {
	struct hs_policy policy;
	struct hs_losses losses;
	struct hs_header header;
	struct hs_decision modelled;
	struct hs_cause_facts facts;
};

static void begin(struct fixture *fixture, enum hs_basis basis, const char *rung)
{
	memset(fixture, 0, sizeof(*fixture));
	assert_int_equal(hs_policy_init(&fixture->policy, "recorded"), 0);
	hs_losses_init(&fixture->losses);
	assert_int_equal(hs_header_add_rung(&fixture->header, "collapse", rung, ""), 0);
	fixture->modelled = (struct hs_decision){ .time = 100, .result = "SCAN_SUCCEED", .basis = basis };
	fixture->facts = (struct hs_cause_facts){
		.modelled = &fixture->modelled, .model = "collapse", .policy = &fixture->policy,
		.losses = &fixture->losses, .sources = 1u << HS_SOURCE_COLLAPSE | 1u << HS_SOURCE_MM,
		.own = HS_SOURCE_COLLAPSE, .header = &fixture->header,
	};
}

static void lose(struct fixture *fixture, uint64_t from, uint64_t to)
{
	const struct hs_meta_lost lost = { .source = TEXT("mm"), .first_time = from, .last_time = to };

	assert_int_equal(hs_losses_add(&fixture->losses, &lost, NULL), 0);
}

static enum hs_cause end(struct fixture *fixture)
{
	const enum hs_cause cause = hs_cause_find(&fixture->facts);

	hs_policy_deinit(&fixture->policy);
	hs_losses_deinit(&fixture->losses);
	hs_header_deinit(&fixture->header);
	return cause;
}

static void test_basis(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	assert_int_equal(end(&fixture), HS_CAUSE_MODEL_GAP);
	begin(&fixture, HS_BASIS_EXACT, "tracepoint");
	assert_int_equal(end(&fixture), HS_CAUSE_MODEL_GAP);
	begin(&fixture, HS_BASIS_ASSUMED, "fentry");
	assert_int_equal(end(&fixture), HS_CAUSE_MISSING_INPUT);
	begin(&fixture, HS_BASIS_BOUNDED, "tracepoint");
	assert_int_equal(end(&fixture), HS_CAUSE_WEAKER_RUNG);
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	fixture.modelled.result = HS_RESULT_UNKNOWN;
	assert_int_equal(end(&fixture), HS_CAUSE_MISSING_INPUT);
	/* mmap and its kin are recorded as well as can be. */
	begin(&fixture, HS_BASIS_ASSUMED, "tracepoint");
	fixture.facts.own = HS_SOURCE_MM;
	assert_int_equal(end(&fixture), HS_CAUSE_MISSING_INPUT);
}

static void test_losses(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, HS_BASIS_ASSUMED, "fentry");
	lose(&fixture, 50, 60);
	assert_int_equal(end(&fixture), HS_CAUSE_LOST_EVENTS);
	/* Losses before it do not excuse exact inputs, those around it do; later ones are none of its business. */
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	lose(&fixture, 50, 60);
	assert_int_equal(end(&fixture), HS_CAUSE_MODEL_GAP);
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	lose(&fixture, 50, 150);
	assert_int_equal(end(&fixture), HS_CAUSE_LOST_EVENTS);
	begin(&fixture, HS_BASIS_ASSUMED, "fentry");
	lose(&fixture, 150, 160);
	assert_int_equal(end(&fixture), HS_CAUSE_MISSING_INPUT);
}

static void test_told(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	fixture.modelled.cause = HS_CAUSE_RACE;
	assert_int_equal(end(&fixture), HS_CAUSE_RACE);
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	fixture.modelled.cause = HS_CAUSE_RACE;
	assert_int_equal(hs_policy_set(&fixture.policy, "collapse.max_ptes_none", "0", HS_POLICY_USER, NULL), 0);
	assert_int_equal(end(&fixture), HS_CAUSE_POLICY);
	/* Another model's key, or a recorded setting, is no reason. */
	begin(&fixture, HS_BASIS_EXACT, "fentry");
	assert_int_equal(hs_policy_set(&fixture.policy, "collapse.max_ptes_none", "0", HS_POLICY_TRACE, NULL), 0);
	fixture.facts.model = "block";
	assert_int_equal(end(&fixture), HS_CAUSE_MODEL_GAP);
}

static void test_names(void **state)
{
	(void)state;
	for (int cause = 1; cause < HS_NR_CAUSES; cause++) {
		assert_true(strlen(hs_cause_name((enum hs_cause)cause)) > 3);
		assert_true(strlen(hs_cause_text((enum hs_cause)cause)) > 20);
	}
	for (int point = 0; point < HS_NR_POINTS; point++)
		assert_non_null(strchr(hs_points[point].source, '/'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_basis), cmocka_unit_test(test_losses), cmocka_unit_test(test_told),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
