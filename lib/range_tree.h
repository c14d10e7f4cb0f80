/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RANGE_TREE_H
#define HS_RANGE_TREE_H
/*
 * Half-open ranges [start, end) ordered by (start, insertion), kept in the caller's own structs: a
 * balanced (AVL) tree whose nodes know the largest end below them, so that overlap queries cost
 * O(log n + hits) whether or not the ranges overlap each other.
 *
 *   struct vma { struct hs_range_node node; … };
 *   hs_range_for_each_overlap(found, &tree, start, end)
 *           use(hs_container_of(found, struct vma, node));
 *
 * Invariant: start < end for every node in a tree. The tree owns nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define hs_container_of(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

struct hs_range_node {
	uint64_t start;
	uint64_t end;			/* exclusive */
	uint64_t max_end;		/* largest end in this subtree; kept by the tree */
	struct hs_range_node *parent;
	struct hs_range_node *child[2];	/* 0: lower, 1: higher */
	int height;
};

/* All zero is a valid empty tree. */
struct hs_range_tree {
	struct hs_range_node *root;
	size_t count;
};

/* Adds a node with start and end set; ranges may overlap others. */
void hs_range_tree_insert(struct hs_range_tree *tree, struct hs_range_node *node);
void hs_range_tree_erase(struct hs_range_tree *tree, struct hs_range_node *node);

/* Changes a node's bounds in place; its position in the order must not change (checked by assert). */
void hs_range_tree_resize(struct hs_range_tree *tree, struct hs_range_node *node, uint64_t start, uint64_t end);

/* Lowest / highest node, or NULL. */
struct hs_range_node *hs_range_tree_first(const struct hs_range_tree *tree);
struct hs_range_node *hs_range_tree_last(const struct hs_range_tree *tree);

/* Neighbours in the order, or NULL. */
struct hs_range_node *hs_range_node_next(const struct hs_range_node *node);
struct hs_range_node *hs_range_node_prev(const struct hs_range_node *node);

/* First node that overlaps [start, end), or NULL. Empty query: NULL. */
struct hs_range_node *hs_range_tree_overlap(const struct hs_range_tree *tree, uint64_t start, uint64_t end);

/* Next node behind `node` that overlaps [start, end), or NULL. */
struct hs_range_node *hs_range_node_next_overlap(const struct hs_range_node *node, uint64_t start, uint64_t end);

/* First node whose start is at or above address, or NULL. */
struct hs_range_node *hs_range_tree_at_or_above(const struct hs_range_tree *tree, uint64_t address);

/* Order, balance, max_end and count all hold. */
bool hs_range_tree_is_valid(const struct hs_range_tree *tree);

#define hs_range_for_each(node, tree) \
	for (struct hs_range_node *node = hs_range_tree_first(tree); node; node = hs_range_node_next(node))

#define hs_range_for_each_overlap(node, tree, from, to) \
	for (struct hs_range_node *node = hs_range_tree_overlap(tree, from, to); node; \
	     node = hs_range_node_next_overlap(node, from, to))

#endif
