// SPDX-License-Identifier: GPL-2.0-only
/* Cases 94 and 95 of the block model, and the decoding of a recorded kernel's flags. */
#include "tests/unit/block_fixture.h"

/* T94: one number, two meanings. */
static void test_action_numbers(void **state)
{
	static const struct {
		const char *variant;
		unsigned long number;
		enum hs_block_action memory, node;
	} cases[] = {
		{ "6.1", 2, HS_MEM_GOING_OFFLINE, HS_NR_BLOCK_ACTIONS },
		{ "6.18", 2, HS_MEM_GOING_OFFLINE, HS_NODE_ADDED_FIRST_MEMORY },
		{ "6.12", 2, HS_MEM_OFFLINE, HS_NR_BLOCK_ACTIONS },
		{ "7.2", 2, HS_MEM_OFFLINE, HS_NODE_ADDED_FIRST_MEMORY },
		{ "6.1", 8, HS_MEM_GOING_ONLINE, HS_NR_BLOCK_ACTIONS },
		{ "7.2", 3, HS_MEM_GOING_ONLINE, HS_NR_BLOCK_ACTIONS },
		{ "6.18", 64, HS_MEM_PREPARE_ONLINE, HS_NR_BLOCK_ACTIONS },
		{ "6.1", 64, HS_NR_BLOCK_ACTIONS, HS_NR_BLOCK_ACTIONS },
		{ "6.12", 7, HS_MEM_FINISH_OFFLINE, HS_NR_BLOCK_ACTIONS },
		{ "7.2", 7, HS_NR_BLOCK_ACTIONS, HS_NR_BLOCK_ACTIONS },
		{ "7.2", 0, HS_MEM_ONLINE, HS_NR_BLOCK_ACTIONS },
		{ "6.1", 0, HS_NR_BLOCK_ACTIONS, HS_NR_BLOCK_ACTIONS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct hs_block_variant *variant = hs_block_variant_find(cases[i].variant);

		assert_int_equal(hs_block_action_decode(variant, false, cases[i].number), cases[i].memory);
		assert_int_equal(hs_block_action_decode(variant, true, cases[i].number), cases[i].node);
	}
}

static void test_action_names(void **state)
{
	(void)state;
	for (int i = 0; i < HS_NR_BLOCK_ACTIONS; i++) {
		const char *name = hs_block_action_name((enum hs_block_action)i);

		assert_int_equal(hs_block_action_find(name, strlen(name)), i);
	}
	assert_int_equal(hs_block_action_find("MEM_ONLIN", 9), HS_NR_BLOCK_ACTIONS);
}

/* Facts in the header win over the variant's table; a stable kernel may mix both. */
static void test_decode(void **state)
{
	struct hs_header header = { 0 };
	struct hs_block_variant variant;
	unsigned int stated;

	(void)state;
	hs_block_variant_decode(&header, &variant, &stated);
	assert_int_equal(stated, 0);
	assert_int_equal(hs_header_add_attribute(&header, "memory_notify.values", "enum"), 0);
	assert_int_equal(hs_header_add_attribute(&header, "memory_notify.altmap", "yes"), 0);
	assert_int_equal(hs_header_add_attribute(&header, "node_notify", "no"), 0);
	hs_block_variant_decode(&header, &variant, &stated);
	assert_int_equal(stated, 3);
	assert_string_equal(variant.name, "6.12");
	assert_true(variant.has_status_change_nid);

	assert_int_equal(hs_header_set(&header.variant, "6.1"), 0);
	hs_block_variant_decode(&header, &variant, &stated);
	assert_string_equal(variant.name, "6.1");
	assert_true(variant.has_enum_states && variant.has_prepare_finish && !variant.has_node_chain);
	hs_header_deinit(&header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_action_numbers), cmocka_unit_test(test_action_names),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests_name("block_variant", tests, NULL, NULL);
}
