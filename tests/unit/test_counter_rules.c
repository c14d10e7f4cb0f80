// SPDX-License-Identifier: GPL-2.0-only
/* What the counters of a tracepoint determine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/collapse/counter_rules.h"

/* Case 116: numbers move between kernels. */
static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(hs_collapse_result_of_number(HS_VARIANT_6_12, 11), HS_SCAN_PAGE_RO);
	assert_int_equal(hs_collapse_result_of_number(HS_VARIANT_6_18, 11), HS_SCAN_LACK_REFERENCED_PAGE);
	assert_int_equal(hs_collapse_result_of_number(HS_VARIANT_6_1, 30), -1);
	assert_int_equal(hs_collapse_result_find("no_writable_page", 16), HS_SCAN_PAGE_RO);
	assert_int_equal(hs_collapse_result_find("SCAN_PAGE_RO", 12), HS_SCAN_PAGE_RO);
	assert_int_equal(hs_collapse_result_find("SCAN_ABORT", 10), HS_SCAN_SCAN_ABORT);
	assert_int_equal(hs_collapse_result_find("bogus", 5), -1);
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		for (int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++) {
			int number = hs_collapse_result_number((enum hs_variant)variant, (enum hs_collapse_result)i);

			if (number >= 0)
				assert_int_equal(hs_collapse_result_of_number((enum hs_variant)variant, number), i);
		}
	}
}

struct question {
	unsigned int max_none;
	int is_unknown;
	enum hs_collapse_result result;
	enum hs_basis basis;
};

static void ask(struct hs_counter_request *request, const struct question *question)
{
	struct hs_collapse_tunables tunables = *request->recorded_tunables;
	struct hs_counter_answer answer;

	print_message("max_ptes_none %u\n", question->max_none);
	tunables.max_ptes_none = question->max_none;
	request->tunables = &tunables;
	hs_counter_decide(request, &answer);
	assert_int_equal(answer.is_unknown, question->is_unknown);
	assert_int_equal(answer.basis, question->basis);
	if (!question->is_unknown)
		assert_string_equal(hs_collapse_result_name(answer.result),
				    hs_collapse_result_name(question->result));
}

static struct hs_counter_request make(const struct hs_collapse_rules *rules, struct hs_collapse_tunables *tunables)
{
	hs_collapse_tunables_init(tunables, 512);
	tunables->max_ptes_none = 64;
	return (struct hs_counter_request){
		.rules = rules, .recorded_rules = rules, .recorded_tunables = tunables, .is_khugepaged = true,
		.order = 9, .orders = 1 << 9, .recorded_orders = 1 << 9, .writable = HS_COUNTER_UNKNOWN,
	};
}

/* Cases 117, 118 */
static void test_exceeded(void **state)
{
	static const struct question counters[] = {
		{ 32, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT },
		{ 64, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT },
		{ 128, 1, HS_SCAN_FAIL, HS_BASIS_BOUNDED }, { 500, 0, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED },
	};
	static const struct question snapshot[] = {
		{ 64, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT },
		{ 111, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_ASSUMED },
		{ 112, 0, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED },
	};
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_counter_request request;
	struct hs_pte_map ptes = { .plane = { { { 0 } } } };

	(void)state;
	hs_bitmap512_set_in(&ptes.plane[HS_PTE_NONE], 400, 512);
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		hs_collapse_rules_init(&rules, (enum hs_variant)variant);
		request = make(&rules, &tunables);
		request.recorded = HS_SCAN_EXCEED_NONE_PTE;
		request.none = 65;
		request.referenced = 30;
		for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
			ask(&request, &counters[i]);
		request.ptes = &ptes;
		for (size_t i = 0; i < sizeof(snapshot) / sizeof(*snapshot); i++)
			ask(&request, &snapshot[i]);
	}
}

/* Case 119 */
static void test_page_code(void **state)
{
	static const struct question questions[] = {
		{ 5, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT }, { 20, 0, HS_SCAN_PAGE_COUNT, HS_BASIS_EXACT },
	};
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_counter_request request;

	(void)state;
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		hs_collapse_rules_init(&rules, (enum hs_variant)variant);
		request = make(&rules, &tunables);
		request.recorded = HS_SCAN_PAGE_COUNT;
		request.none = 10;
		request.referenced = 200;
		for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
			ask(&request, &questions[i]);
	}
}

/* Codes from behind the loop: the counts are whole. */
static void test_completed(void **state)
{
	static const struct question questions[] = {
		{ 447, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT }, { 448, 0, HS_SCAN_SUCCEED, HS_BASIS_EXACT },
		{ 511, 0, HS_SCAN_SUCCEED, HS_BASIS_EXACT },
	};
	static const struct question read_only = { 511, 0, HS_SCAN_PAGE_RO, HS_BASIS_EXACT };
	static const struct question old_rules = { 511, 0, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED };
	struct hs_collapse_rules rules, older;
	struct hs_collapse_tunables tunables;
	struct hs_counter_request request;

	(void)state;
	hs_collapse_rules_init(&rules, HS_VARIANT_6_18);
	hs_collapse_rules_init(&older, HS_VARIANT_6_1);
	request = make(&rules, &tunables);
	tunables.max_ptes_none = 511;
	request.recorded = HS_SCAN_SUCCEED;
	request.is_completed = true;
	request.none = 448;
	request.referenced = 64;
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		ask(&request, &questions[i]);
	/* The writable rule of 6.1 on a recording that does not tell, and on one that does. */
	request.rules = &older;
	ask(&request, &old_rules);
	request.writable = 0;
	ask(&request, &read_only);
}

/* A lower max_ptes_shared: how many pages are shared was not recorded. */
static void test_fewer_shared(void **state)
{
	static const struct {
		enum hs_collapse_result recorded;
		unsigned int none;
		bool is_completed;
		enum hs_basis basis;
	} scans[] = {
		{ HS_SCAN_SUCCEED, 10, true, HS_BASIS_ASSUMED }, { HS_SCAN_PAGE_COUNT, 10, false, HS_BASIS_ASSUMED },
		{ HS_SCAN_EXCEED_NONE_PTE, 65, false, HS_BASIS_ASSUMED },
		{ HS_SCAN_EXCEED_SHARED_PTE, 10, false, HS_BASIS_EXACT },
	};

	(void)state;
	for (int variant = HS_VARIANT_6_1; variant < HS_NR_VARIANTS; variant++) {
		for (size_t i = 0; i < sizeof(scans) / sizeof(*scans); i++) {
			struct hs_collapse_tunables recorded, tunables;
			struct hs_collapse_rules rules;
			struct hs_counter_request request;
			struct hs_counter_answer answer;

			hs_collapse_rules_init(&rules, (enum hs_variant)variant);
			request = make(&rules, &recorded);
			tunables = recorded;
			request.tunables = &tunables;
			request.recorded = scans[i].recorded;
			request.none = scans[i].none;
			request.is_completed = scans[i].is_completed;
			request.referenced = 300;
			hs_counter_decide(&request, &answer);
			assert_int_equal(answer.basis, HS_BASIS_EXACT);
			tunables.max_ptes_shared = 255;
			hs_counter_decide(&request, &answer);
			assert_int_equal(answer.result, scans[i].recorded);
			assert_int_equal(answer.basis, scans[i].basis);
		}
	}
}

/* A userfaultfd-armed mapping is recognised by its first empty entry. */
static void test_armed(void **state)
{
	static const struct question question = { 511, 0, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT };
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_counter_request request;

	(void)state;
	hs_collapse_rules_init(&rules, HS_VARIANT_6_12);
	request = make(&rules, &tunables);
	request.recorded = HS_SCAN_EXCEED_NONE_PTE;
	request.none = 1;
	request.referenced = 100;
	ask(&request, &question);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_exceeded), cmocka_unit_test(test_page_code),
		cmocka_unit_test(test_completed), cmocka_unit_test(test_armed),
		cmocka_unit_test(test_fewer_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
