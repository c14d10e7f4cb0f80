// SPDX-License-Identifier: GPL-2.0-only
#include "traces/task_order.h"

#include <errno.h>

#include "lib/hash_map.h"

void hs_task_order_deinit(struct hs_task_order *order)
{
	hs_vec_deinit(&order->tasks);
	hs_vec_deinit(&order->made);
	hs_vec_deinit(&order->ends);
	hs_vec_deinit(&order->next);
}

/* Number of a task, added at its first row. False: out of memory. */
static bool number_task(struct hs_task_order *order, struct hs_hash_map *numbers, uint64_t task, uint32_t *number)
{
	const uint64_t *known = hs_hash_map_get(numbers, task);

	if (known) {
		*number = (uint32_t)*known;
		return true;
	}
	*number = (uint32_t)order->tasks.count;
	return hs_vec_push(&order->tasks, task) && hs_hash_map_put(numbers, task, *number) == 0;
}

/* Code for each width of the index. Two counters of one task in turn: an increment waits for the one before. */
#define DEFINE_INDEX(bits) \
	static bool count_rows_##bits(struct hs_task_order *order) \
	{ \
		uint32_t *const counts[] = { order->ends.items, order->next.items }; \
		const uint8_t *from = order->index; \
		for (size_t i = 0; i < order->nr_rows; i++, from += bits / 8) { \
			uint32_t number = LOAD_##bits(from); \
			if (number >= order->tasks.count) \
				return false; \
			counts[i % 2][number]++; \
		} \
		return true; \
	} \
	static void next_places_##bits(struct hs_task_order *order, uint32_t *places, size_t nr) \
	{ \
		const uint8_t *from = order->index + order->at * (bits / 8); \
		uint32_t *next = order->next.items; \
		for (size_t i = 0; i < nr; i++, from += bits / 8) \
			places[i] = next[LOAD_##bits(from)]++; \
	} \
	static void put_tasks_##bits(const struct hs_task_order *order, char *to, size_t stride, size_t nr) \
	{ \
		const uint8_t *from = order->index + order->at * (bits / 8); \
		for (size_t i = 0; i < nr; i++, from += bits / 8, to += stride) \
			*(uint32_t *)(void *)to = (uint32_t)order->tasks.items[LOAD_##bits(from)]; \
	}
#define LOAD_8(from) (*(from))
#define LOAD_16(from) hs_load16(from)
#define LOAD_32(from) hs_load32(from)
DEFINE_INDEX(8)
DEFINE_INDEX(16)
DEFINE_INDEX(32)

/* Where each task's rows end, and begin. 0; -EBADMSG: the index names a task that is not there; -ENOMEM. */
static int make_groups(struct hs_task_order *order)
{
	size_t nr = order->tasks.count;
	uint32_t end = 0;

	hs_vec_clear(&order->ends);
	hs_vec_clear(&order->next);
	if (!hs_vec_reserve(&order->ends, nr) || !hs_vec_reserve(&order->next, nr))
		return -ENOMEM;
	order->ends.count = order->next.count = nr;
	if (nr) {
		memset(order->ends.items, 0, nr * sizeof(*order->ends.items));
		memset(order->next.items, 0, nr * sizeof(*order->next.items));
	}
	if (!(order->width == 1 ? count_rows_8(order) : order->width == 2 ? count_rows_16(order) : count_rows_32(order)))
		return -EBADMSG;
	for (size_t i = 0; i < nr; i++) {
		uint32_t begin = end;

		end += order->ends.items[i] + order->next.items[i];
		order->ends.items[i] = end;
		order->next.items[i] = begin;
	}
	order->at = 0;
	return 0;
}

bool hs_task_order_make(struct hs_task_order *order, const uint64_t *values, size_t nr)
{
	struct hs_hash_map numbers = { 0 };
	bool is_made = true;

	hs_vec_clear(&order->tasks);
	if (!hs_vec_reserve(&order->made, nr))
		return false;
	for (size_t i = 0; i < nr && is_made; i++) {
		if (i && values[i] == values[i - 1])
			order->made.items[i] = order->made.items[i - 1];
		else
			is_made = number_task(order, &numbers, values[i], &order->made.items[i]);
	}
	hs_hash_map_deinit(&numbers);
	order->index = (const uint8_t *)order->made.items;
	order->width = sizeof(uint32_t);
	order->nr_rows = nr;
	return is_made && make_groups(order) == 0;
}

bool hs_task_order_encode(const struct hs_task_order *order, hs_buffer *streams)
{
	unsigned int width = order->tasks.count <= 1 << 8 ? 1 : order->tasks.count <= 1 << 16 ? 2 : 4;
	uint8_t *to;

	if (!hs_encode_delta(order->tasks.items, order->tasks.count, &streams[0]) ||
	    !hs_vec_reserve(&streams[1], order->nr_rows * width + sizeof(uint32_t)))
		return false;
	to = streams[1].items + streams[1].count;
	for (size_t i = 0; i < order->nr_rows; i++, to += width)
		hs_store32(to, order->made.items[i]);
	streams[1].count += order->nr_rows * width;
	return true;
}

static int load_tasks(struct hs_task_order *order, struct hs_stream stream)
{
	uint64_t task = 0, difference;

	hs_vec_clear(&order->tasks);
	while (stream.at < stream.end) {
		if (!hs_varint_read(&stream.at, stream.end, &difference))
			return -EBADMSG;
		task += hs_unzigzag(difference);
		if (!hs_vec_push(&order->tasks, task))
			return -ENOMEM;
	}
	return 0;
}

int hs_task_order_load(struct hs_task_order *order, const struct hs_stream *streams,
		       unsigned int nr_streams, size_t nr)
{
	size_t bytes = nr_streams == 2 ? (size_t)(streams[1].end - streams[1].at) : 0, width = bytes / nr;
	int status;

	if ((width != 1 && width != 2 && width != 4) || bytes != nr * width)
		return -EBADMSG;
	status = load_tasks(order, streams[0]);
	if (status)
		return status;
	order->index = streams[1].at;
	order->width = (unsigned int)width;
	order->nr_rows = nr;
	return make_groups(order);
}

void hs_task_order_next(struct hs_task_order *order, uint32_t *places, size_t nr, void *tasks, size_t stride)
{
	if (order->width == 1) {
		next_places_8(order, places, nr);
		if (tasks)
			put_tasks_8(order, tasks, stride, nr);
	} else if (order->width == 2) {
		next_places_16(order, places, nr);
		if (tasks)
			put_tasks_16(order, tasks, stride, nr);
	} else {
		next_places_32(order, places, nr);
		if (tasks)
			put_tasks_32(order, tasks, stride, nr);
	}
	order->at += nr;
}
