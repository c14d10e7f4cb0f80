/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TASK_ORDER_H
#define HS_TASK_ORDER_H
/*
 * The rows of a chunk in the order of tasks (see struct hs_groups): what one task does resembles itself, and
 * what it did last time, far more than what another CPU does in between. The task column is coded as an index:
 *
 *   first stream   the distinct values in the order of their first row, coded as delta
 *   second stream  for each row the number of its value, 1, 2 or 4 bytes little endian
 */
#include "traces/codec.h"

/* All zero is a valid empty order. */
struct hs_task_order {
	HS_VEC(uint64_t) tasks;
	const uint8_t *index;		/* for each row the number of its task in tasks */
	unsigned int width;		/* bytes of each of these */
	size_t nr_rows;
	HS_VEC(uint32_t) made;		/* hs_task_order_make: the index */
	HS_VEC(uint32_t) ends;		/* of the groups */
	HS_VEC(uint32_t) next;		/* of each task: place of its next row */
	size_t at;			/* rows whose places were handed out */
};

void hs_task_order_deinit(struct hs_task_order *order);

/* From the values of the task column. False: out of memory. */
bool hs_task_order_make(struct hs_task_order *order, const uint64_t *values, size_t nr);
bool hs_task_order_encode(const struct hs_task_order *order, hs_buffer *streams);

/* From the two streams, the second of which is borrowed. 0; -EBADMSG; -ENOMEM. */
int hs_task_order_load(struct hs_task_order *order, const struct hs_stream *streams,
		       unsigned int nr_streams, size_t nr);

static inline struct hs_groups hs_task_order_groups(const struct hs_task_order *order)
{
	return (struct hs_groups){ order->ends.items, order->ends.count };
}

/*
 * Places, in the order of tasks, of the next nr rows. tasks (may be NULL): their tasks, stored as u32 at tasks,
 * tasks + stride, …
 */
void hs_task_order_next(struct hs_task_order *order, uint32_t *places, size_t nr, void *tasks, size_t stride);

#endif
