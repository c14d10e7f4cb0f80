// SPDX-License-Identifier: GPL-2.0-only
#include "replay/notifier/timeline.h"

void hs_timeline_deinit(struct hs_timeline *timeline)
{
	hs_vec_deinit(&timeline->heap);
}

static bool is_before(const struct hs_step *a, const struct hs_step *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void swap(struct hs_step *a, struct hs_step *b)
{
	struct hs_step kept = *a;

	*a = *b;
	*b = kept;
}

static void sift_up(struct hs_step *heap, size_t at)
{
	for (; at && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static void sift_down(struct hs_step *heap, size_t count)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &heap[at]))
			return;
		swap(&heap[child], &heap[at]);
		at = child;
	}
}

bool hs_timeline_add(struct hs_timeline *timeline, struct hs_step step)
{
	if (step.time < timeline->now)
		step.time = timeline->now;
	step.order = timeline->next_order++;
	if (!hs_vec_push(&timeline->heap, step))
		return false;
	sift_up(timeline->heap.items, timeline->heap.count - 1);
	return true;
}

bool hs_timeline_take(struct hs_timeline *timeline, uint64_t until, struct hs_step *step)
{
	struct hs_step *heap = timeline->heap.items;

	if (!timeline->heap.count || heap[0].time > until)
		return false;
	*step = heap[0];
	heap[0] = heap[--timeline->heap.count];
	sift_down(heap, timeline->heap.count);
	timeline->now = step->time;
	return true;
}
