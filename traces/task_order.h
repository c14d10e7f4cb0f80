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
	HS_VEC(uint32_t) index;		/* of each row's task in tasks */
	HS_VEC(uint32_t) ends;		/* of the groups */
	HS_VEC(uint32_t) next;		/* of each task: place of its next row */
	size_t at;			/* rows whose places were handed out */
};

void hs_task_order_deinit(struct hs_task_order *order);

/* From the values of the task column. False: out of memory. */
bool hs_task_order_make(struct hs_task_order *order, const uint64_t *values, size_t nr);
bool hs_task_order_encode(const struct hs_task_order *order, hs_buffer *streams);

/* From the two streams. 0; -EBADMSG; -ENOMEM. */
int hs_task_order_load(struct hs_task_order *order, const struct hs_stream *streams, unsigned int nr_streams, size_t nr);

static inline struct hs_groups hs_task_order_groups(const struct hs_task_order *order)
{
	return (struct hs_groups){ order->ends.items, order->ends.count };
}

/*
 * Places, in the order of tasks, of the next nr rows; with restart at 0 again from the first row. tasks (may be
 * NULL): their tasks, each stored at the next multiple of stride bytes.
 */
void hs_task_order_restart(struct hs_task_order *order);
void hs_task_order_next(struct hs_task_order *order, uint32_t *places, size_t nr, void *tasks, size_t stride);

#endif
