// SPDX-License-Identifier: GPL-2.0-only
#include "lib/range_tree.h"

#include <assert.h>

static int height_of(const struct hs_range_node *node)
{
	return node ? node->height : 0;
}

static uint64_t max_end_of(const struct hs_range_node *node)
{
	return node ? node->max_end : 0;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void update(struct hs_range_node *node)
{
	int lower = height_of(node->child[0]), higher = height_of(node->child[1]);

	node->height = 1 + (lower > higher ? lower : higher);
	node->max_end = max_u64(node->end, max_u64(max_end_of(node->child[0]), max_end_of(node->child[1])));
}

static int side_of(const struct hs_range_node *node)
{
	return node->parent->child[1] == node;
}

/* Puts `next` where `node` hangs. */
static void replace(struct hs_range_tree *tree, struct hs_range_node *node, struct hs_range_node *next)
{
	if (node->parent)
		node->parent->child[side_of(node)] = next;
	else
		tree->root = next;
	if (next)
		next->parent = node->parent;
}

/* Lifts node's child of that side above node. */
static struct hs_range_node *rotate(struct hs_range_tree *tree, struct hs_range_node *node, int side)
{
	struct hs_range_node *top = node->child[side], *middle = top->child[!side];

	replace(tree, node, top);
	node->child[side] = middle;
	if (middle)
		middle->parent = node;
	top->child[!side] = node;
	node->parent = top;
	update(node);
	update(top);
	return top;
}

static int lean_of(const struct hs_range_node *node)
{
	return height_of(node->child[1]) - height_of(node->child[0]);
}

static void rebalance_up(struct hs_range_tree *tree, struct hs_range_node *node)
{
	for (; node; node = node->parent) {
		int lean = lean_of(node), side = lean > 0;

		if (lean >= -1 && lean <= 1) {
			update(node);
			continue;
		}
		if (side ? lean_of(node->child[1]) < 0 : lean_of(node->child[0]) > 0)
			rotate(tree, node->child[side], !side);
		node = rotate(tree, node, side);
	}
}

void hs_range_tree_insert(struct hs_range_tree *tree, struct hs_range_node *node)
{
	struct hs_range_node *parent = NULL, **link = &tree->root;

	assert(node->start < node->end);
	while (*link) {
		parent = *link;
		link = &parent->child[node->start >= parent->start];
	}
	node->parent = parent;
	node->child[0] = node->child[1] = NULL;
	*link = node;
	tree->count++;
	rebalance_up(tree, node);
}

/* Exchanges a node with two children for its successor; returns where the heights changed first. */
static struct hs_range_node *erase_inner(struct hs_range_tree *tree, struct hs_range_node *node)
{
	struct hs_range_node *next = node->child[1], *from;

	while (next->child[0])
		next = next->child[0];
	from = next->parent == node ? next : next->parent;
	if (next->parent != node) {
		replace(tree, next, next->child[1]);
		next->child[1] = node->child[1];
		next->child[1]->parent = next;
	}
	next->child[0] = node->child[0];
	next->child[0]->parent = next;
	replace(tree, node, next);
	return from;
}

void hs_range_tree_erase(struct hs_range_tree *tree, struct hs_range_node *node)
{
	struct hs_range_node *from = node->parent;

	if (node->child[0] && node->child[1])
		from = erase_inner(tree, node);
	else
		replace(tree, node, node->child[0] ? node->child[0] : node->child[1]);
	tree->count--;
	rebalance_up(tree, from);
}

void hs_range_tree_resize(struct hs_range_tree *tree, struct hs_range_node *node, uint64_t start, uint64_t end)
{
	const struct hs_range_node *prev = hs_range_node_prev(node), *next = hs_range_node_next(node);

	(void)tree;
	(void)prev;
	(void)next;
	assert(start < end);
	assert(!prev || prev->start <= start);
	assert(!next || start <= next->start);
	node->start = start;
	node->end = end;
	for (; node; node = node->parent)
		update(node);
}

static struct hs_range_node *outermost(struct hs_range_node *node, int side)
{
	while (node && node->child[side])
		node = node->child[side];
	return node;
}

struct hs_range_node *hs_range_tree_first(const struct hs_range_tree *tree)
{
	return outermost(tree->root, 0);
}

struct hs_range_node *hs_range_tree_last(const struct hs_range_tree *tree)
{
	return outermost(tree->root, 1);
}

static struct hs_range_node *step(const struct hs_range_node *node, int side)
{
	if (node->child[side])
		return outermost(node->child[side], !side);
	while (node->parent && side_of(node) == side)
		node = node->parent;
	return node->parent;
}

struct hs_range_node *hs_range_node_next(const struct hs_range_node *node)
{
	return step(node, 1);
}

struct hs_range_node *hs_range_node_prev(const struct hs_range_node *node)
{
	return step(node, 0);
}

/* Lowest node of the subtree that overlaps [start, end). */
static struct hs_range_node *lowest_overlap(struct hs_range_node *node, uint64_t start, uint64_t end)
{
	while (node) {
		if (max_end_of(node->child[0]) > start) {
			/* Something below ends late enough; if it starts too late, so does everything above it. */
			node = node->child[0];
			continue;
		}
		if (node->start >= end)
			return NULL;
		if (node->end > start)
			return node;
		node = node->child[1];
		if (max_end_of(node) <= start)
			return NULL;
	}
	return NULL;
}

struct hs_range_node *hs_range_tree_overlap(const struct hs_range_tree *tree, uint64_t start, uint64_t end)
{
	return start < end ? lowest_overlap(tree->root, start, end) : NULL;
}

struct hs_range_node *hs_range_node_next_overlap(const struct hs_range_node *node, uint64_t start, uint64_t end)
{
	for (;;) {
		/* Where the higher side ends late enough but starts too late, so does everything behind it. */
		if (max_end_of(node->child[1]) > start)
			return lowest_overlap(node->child[1], start, end);
		while (node->parent && side_of(node) == 1)
			node = node->parent;
		node = node->parent;
		if (!node || node->start >= end)
			return NULL;
		if (node->end > start)
			return (struct hs_range_node *)(uintptr_t)node;
	}
}

struct hs_range_node *hs_range_tree_at_or_above(const struct hs_range_tree *tree, uint64_t address)
{
	struct hs_range_node *node = tree->root, *best = NULL;

	while (node) {
		if (node->start >= address) {
			best = node;
			node = node->child[0];
		} else {
			node = node->child[1];
		}
	}
	return best;
}

static bool is_valid_below(const struct hs_range_node *node, size_t *count)
{
	if (!node)
		return true;
	for (int side = 0; side < 2; side++)
		if (node->child[side] && node->child[side]->parent != node)
			return false;
	if (!is_valid_below(node->child[0], count) || !is_valid_below(node->child[1], count))
		return false;
	struct hs_range_node copy = *node;

	update(&copy);
	++*count;
	return node->start < node->end && copy.height == node->height && copy.max_end == node->max_end &&
	       lean_of(node) >= -1 && lean_of(node) <= 1;
}

bool hs_range_tree_is_valid(const struct hs_range_tree *tree)
{
	uint64_t last = 0;
	size_t count = 0;

	if (!is_valid_below(tree->root, &count) || count != tree->count)
		return false;
	hs_range_for_each(node, tree) {
		if (node->start < last)
			return false;
		last = node->start;
	}
	return true;
}
