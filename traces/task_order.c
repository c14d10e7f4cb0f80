// SPDX-License-Identifier: GPL-2.0-only
#include "traces/task_order.h"

#include <errno.h>

#include "lib/hash_map.h"

void hs_task_order_deinit(struct hs_task_order *order)
{
	hs_vec_deinit(&order->tasks);
	hs_vec_deinit(&order->index);
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

/* Where each task's rows end, and begin. */
static bool count_groups(struct hs_task_order *order)
{
	uint32_t end = 0;

	hs_vec_clear(&order->ends);
	hs_vec_clear(&order->next);
	if (!hs_vec_reserve(&order->ends, order->tasks.count) || !hs_vec_reserve(&order->next, order->tasks.count))
		return false;
	memset(order->ends.items, 0, order->tasks.count * sizeof(*order->ends.items));
	order->ends.count = order->next.count = order->tasks.count;
	hs_vec_for_each(number, &order->index)
		order->ends.items[*number]++;
	hs_vec_for_each(count, &order->ends)
		*count = end += *count;
	hs_task_order_restart(order);
	return true;
}

bool hs_task_order_make(struct hs_task_order *order, const uint64_t *values, size_t nr)
{
	struct hs_hash_map numbers = { 0 };
	bool is_made = true;

	hs_vec_clear(&order->tasks);
	hs_vec_clear(&order->index);
	if (!hs_vec_reserve(&order->index, nr))
		return false;
	for (size_t i = 0; i < nr && is_made; i++) {
		if (i && values[i] == values[i - 1])
			order->index.items[i] = order->index.items[i - 1];
		else
			is_made = number_task(order, &numbers, values[i], &order->index.items[i]);
	}
	order->index.count = nr;
	hs_hash_map_deinit(&numbers);
	return is_made && count_groups(order);
}

static unsigned int index_width(size_t nr_tasks)
{
	return nr_tasks <= 1 << 8 ? 1 : nr_tasks <= 1 << 16 ? 2 : 4;
}

bool hs_task_order_encode(const struct hs_task_order *order, hs_buffer *streams)
{
	unsigned int width = index_width(order->tasks.count);
	uint8_t *to;

	if (!hs_encode_delta(order->tasks.items, order->tasks.count, &streams[0]) ||
	    !hs_vec_reserve(&streams[1], order->index.count * width + sizeof(uint32_t)))
		return false;
	to = streams[1].items + streams[1].count;
	for (size_t i = 0; i < order->index.count; i++, to += width)
		hs_store32(to, order->index.items[i]);
	streams[1].count += order->index.count * width;
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

int hs_task_order_load(struct hs_task_order *order, const struct hs_stream *streams, unsigned int nr_streams, size_t nr)
{
	size_t width = nr_streams == 2 ? (size_t)(streams[1].end - streams[1].at) / nr : 0;
	uint32_t mask = width == 1 ? 0xff : width == 2 ? 0xffff : UINT32_MAX;
	const uint8_t *from;
	int status;

	if ((width != 1 && width != 2 && width != 4) || (size_t)(streams[1].end - streams[1].at) != nr * width)
		return -EBADMSG;
	status = load_tasks(order, streams[0]);
	if (status)
		return status;
	hs_vec_clear(&order->index);
	if (!hs_vec_reserve(&order->index, nr))
		return -ENOMEM;
	from = streams[1].at;
	for (size_t i = 0; i < nr; i++, from += width) {
		uint32_t number = hs_load32(from) & mask;

		if (number >= order->tasks.count)
			return -EBADMSG;
		order->index.items[i] = number;
	}
	order->index.count = nr;
	return count_groups(order) ? 0 : -ENOMEM;
}

void hs_task_order_restart(struct hs_task_order *order)
{
	order->at = 0;
	for (size_t i = 0; i < order->ends.count; i++)
		order->next.items[i] = i ? order->ends.items[i - 1] : 0;
}

void hs_task_order_next(struct hs_task_order *order, uint32_t *places, size_t nr, void *tasks, size_t stride)
{
	const uint32_t *index = order->index.items + order->at;
	char *to = tasks;

	for (size_t i = 0; i < nr; i++)
		places[i] = order->next.items[index[i]]++;
	for (size_t i = 0; i < nr && to; i++, to += stride)
		*(uint32_t *)(void *)to = (uint32_t)order->tasks.items[index[i]];
	order->at += nr;
}
