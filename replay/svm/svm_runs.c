// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_runs.h"

#include <errno.h>
#include <stdlib.h>

struct run {
	struct hs_range_node node;	/* [start, last + 1) */
	uint64_t value;
};

static struct run *run_of(struct hs_range_node *node)
{
	return hs_container_of(node, struct run, node);
}

static struct run *run_at(const struct hs_svm_runs *runs, uint64_t page)
{
	struct hs_range_node *node = hs_range_tree_overlap(&runs->tree, page, page + 1);

	return node ? run_of(node) : NULL;
}

void hs_svm_runs_deinit(struct hs_svm_runs *runs)
{
	struct hs_range_node *node;

	while ((node = hs_range_tree_first(&runs->tree))) {
		hs_range_tree_erase(&runs->tree, node);
		free(run_of(node));
	}
}

uint64_t hs_svm_runs_get(const struct hs_svm_runs *runs, uint64_t page)
{
	const struct run *run = run_at(runs, page);

	return run ? run->value : 0;
}

struct hs_svm_span hs_svm_runs_find(const struct hs_svm_runs *runs, uint64_t page)
{
	const struct run *run = run_at(runs, page);

	if (!run)
		return (struct hs_svm_span){ .start = page, .last = page };
	return (struct hs_svm_span){ .start = run->node.start, .last = run->node.end - 1, .value = run->value };
}

/* Takes [start, end) out, with a spare run ready for the case that one run falls into two. */
static void clear_range(struct hs_svm_runs *runs, uint64_t start, uint64_t end, struct run **spare)
{
	struct hs_range_node *node;

	while ((node = hs_range_tree_overlap(&runs->tree, start, end))) {
		struct run *run = run_of(node);
		uint64_t old_end = node->end;

		if (node->start < start && old_end > end) {
			struct run *tail = *spare;

			*spare = NULL;
			hs_range_tree_resize(&runs->tree, node, node->start, start);
			tail->node.start = end;
			tail->node.end = old_end;
			tail->value = run->value;
			hs_range_tree_insert(&runs->tree, &tail->node);
		} else if (node->start < start) {
			hs_range_tree_resize(&runs->tree, node, node->start, start);
		} else if (old_end > end) {
			hs_range_tree_resize(&runs->tree, node, end, old_end);
		} else {
			hs_range_tree_erase(&runs->tree, node);
			free(run);
		}
	}
}

/* Takes a neighbour with the same value out of the tree; returns it so that its bounds can be joined. */
static struct run *take_equal(struct hs_svm_runs *runs, uint64_t page, uint64_t value)
{
	struct run *run = runs->keeps_borders ? NULL : run_at(runs, page);

	if (!run || run->value != value)
		return NULL;
	hs_range_tree_erase(&runs->tree, &run->node);
	return run;
}

static void insert_joined(struct hs_svm_runs *runs, struct run *run)
{
	struct run *before = run->node.start ? take_equal(runs, run->node.start - 1, run->value) : NULL;
	struct run *behind = take_equal(runs, run->node.end, run->value);

	if (before)
		run->node.start = before->node.start;
	if (behind)
		run->node.end = behind->node.end;
	free(before);
	free(behind);
	hs_range_tree_insert(&runs->tree, &run->node);
}

/* Is [start, last] so already? */
static bool is_set(const struct hs_svm_runs *runs, uint64_t start, uint64_t last, uint64_t value)
{
	struct hs_range_node *node = hs_range_tree_overlap(&runs->tree, start, last + 1);

	if (!value || !node)
		return !value && !node;
	return !runs->keeps_borders && run_of(node)->value == value && node->start <= start && node->end > last;
}

int hs_svm_runs_set(struct hs_svm_runs *runs, uint64_t start, uint64_t last, uint64_t value)
{
	struct run *run, *spare;

	if (is_set(runs, start, last, value))
		return 0;
	run = calloc(1, sizeof(*run));
	spare = calloc(1, sizeof(*spare));
	if (!run || !spare) {
		free(run);
		free(spare);
		return -ENOMEM;
	}
	clear_range(runs, start, last + 1, &spare);
	free(spare);
	if (!value) {
		free(run);
		return 0;
	}
	run->node.start = start;
	run->node.end = last + 1;
	run->value = value;
	insert_joined(runs, run);
	return 0;
}

bool hs_svm_runs_span(const struct hs_svm_runs *runs, uint64_t from, uint64_t last, struct hs_svm_span *span)
{
	struct hs_range_node *node;

	if (from > last)
		return false;
	node = hs_range_tree_overlap(&runs->tree, from, last + 1);
	span->start = from;
	if (!node || node->start > from) {
		span->last = node ? node->start - 1 : last;
		span->value = 0;
	} else {
		span->last = node->end - 1 < last ? node->end - 1 : last;
		span->value = run_of(node)->value;
	}
	return true;
}

uint64_t hs_svm_runs_count(const struct hs_svm_runs *runs, uint64_t start, uint64_t last)
{
	uint64_t count = 0;

	hs_svm_for_each_span(span, runs, start, last)
		if (span.value)
			count += span.last - span.start + 1;
	return count;
}

bool hs_svm_runs_meets(const struct hs_svm_runs *runs, uint64_t start, uint64_t last)
{
	return start <= last && hs_range_tree_overlap(&runs->tree, start, last + 1);
}

int hs_svm_runs_copy(struct hs_svm_runs *to, const struct hs_svm_runs *from, uint64_t start, uint64_t last)
{
	hs_svm_for_each_span(span, from, start, last) {
		int rc = hs_svm_runs_set(to, span.start, span.last, span.value);

		if (rc)
			return rc;
	}
	return 0;
}
