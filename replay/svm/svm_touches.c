// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_touches.h"

void svm_touches_deinit(struct svm_touches *touches)
{
	hs_vec_deinit(&touches->heap);
}

static bool is_earlier(const struct svm_touch *a, const struct svm_touch *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void swap(struct svm_touch *a, struct svm_touch *b)
{
	struct svm_touch held = *a;

	*a = *b;
	*b = held;
}

bool svm_touches_push(struct svm_touches *touches, struct svm_touch touch)
{
	size_t at = touches->heap.count;
	struct svm_touch *items;

	touch.order = touches->next_order++;
	if (!hs_vec_push(&touches->heap, touch))
		return false;
	items = touches->heap.items;
	for (; at && is_earlier(&items[at], &items[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&items[at], &items[(at - 1) / 2]);
	return true;
}

bool svm_touches_pop(struct svm_touches *touches, uint64_t now, struct svm_touch *touch)
{
	struct svm_touch *items = touches->heap.items;
	size_t at = 0, count;

	if (!touches->heap.count || items[0].due > now)
		return false;
	*touch = items[0];
	count = --touches->heap.count;
	items[0] = items[count];
	for (;;) {
		size_t least = 2 * at + 1;

		if (least + 1 < count && is_earlier(&items[least + 1], &items[least]))
			least++;
		if (least >= count || !is_earlier(&items[least], &items[at]))
			return true;
		swap(&items[at], &items[least]);
		at = least;
	}
}

uint64_t svm_touches_next(const struct svm_touches *touches)
{
	return touches->heap.count ? touches->heap.items[0].due : UINT64_MAX;
}
