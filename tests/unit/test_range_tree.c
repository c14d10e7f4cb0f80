// SPDX-License-Identifier: GPL-2.0-only
/* The range tree against a plain sorted array, on seeded random operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/range_tree.h"
#include "lib/rng.h"

enum { NODES = 64, STEPS = 20000, SPACE = 200 };

struct referee {
	struct hs_range_node nodes[NODES];
	int is_in[NODES];
};

static struct hs_range_node *slow_overlap(struct referee *referee, const struct hs_range_node *after, uint64_t start,
					  uint64_t end, const struct hs_range_tree *tree)
{
	int passed = after == NULL;

	(void)referee;
	hs_range_for_each(node, tree) {
		if (passed && node->start < end && node->end > start)
			return node;
		if (node == after)
			passed = 1;
	}
	return NULL;
}

static void compare_queries(struct referee *referee, const struct hs_range_tree *tree, struct hs_rng *rng)
{
	uint64_t start = hs_rng_below(rng, SPACE), end = start + hs_rng_below(rng, 30);
	struct hs_range_node *slow = start < end ? slow_overlap(referee, NULL, start, end, tree) : NULL;
	struct hs_range_node *fast = hs_range_tree_overlap(tree, start, end);

	for (;;) {
		assert_ptr_equal(fast, slow);
		if (!fast)
			break;
		slow = slow_overlap(referee, slow, start, end, tree);
		fast = hs_range_node_next_overlap(fast, start, end);
	}
}

static void test_against_referee(void **state)
{
	struct hs_rng rng = { .state = 23 };
	static struct referee referee;
	struct hs_range_tree tree = { 0 };

	(void)state;
	print_message("seed %d\n", 23);
	for (int step = 0; step < STEPS; step++) {
		size_t i = hs_rng_below(&rng, NODES);
		struct hs_range_node *node = &referee.nodes[i];

		if (referee.is_in[i]) {
			hs_range_tree_erase(&tree, node);
		} else {
			node->start = hs_rng_below(&rng, SPACE);
			node->end = node->start + 1 + hs_rng_below(&rng, 20);
			hs_range_tree_insert(&tree, node);
		}
		referee.is_in[i] ^= 1;
		assert_true(hs_range_tree_is_valid(&tree));
		compare_queries(&referee, &tree, &rng);
	}
}

static void test_resize_keeps_queries_right(void **state)
{
	struct hs_range_tree tree = { 0 };
	struct hs_range_node a = { .start = 10, .end = 20 }, b = { .start = 30, .end = 40 };

	(void)state;
	hs_range_tree_insert(&tree, &a);
	hs_range_tree_insert(&tree, &b);
	hs_range_tree_resize(&tree, &a, 10, 30);
	assert_ptr_equal(hs_range_tree_overlap(&tree, 25, 26), &a);
	hs_range_tree_resize(&tree, &b, 35, 36);
	assert_null(hs_range_tree_overlap(&tree, 30, 35));
	assert_ptr_equal(hs_range_tree_at_or_above(&tree, 11), &b);
	assert_null(hs_range_tree_overlap(&tree, 15, 15));
	assert_true(hs_range_tree_is_valid(&tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_referee),
		cmocka_unit_test(test_resize_keeps_queries_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
