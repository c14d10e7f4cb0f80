/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LOSS_TABLE_H
#define HS_LOSS_TABLE_H
/* The meta.lost events of a trace, summed up by source and cause. */
#include <stdint.h>

#include "lib/vec.h"
#include "traces/kinds.h"

enum {
	HS_LOSS_TEXT_BYTES = 32,	/* longer names are cut */
	HS_MAX_LOSSES = 64,		/* further pairs are summed up as source "other" */
};

struct hs_loss {
	char source[HS_LOSS_TEXT_BYTES], cause[HS_LOSS_TEXT_BYTES];	/* printable, terminated */
	uint64_t count;
	uint64_t first_time, last_time;	/* ns, trace clock: the span of all of them */
};

/* All zero is a valid empty table. In order of first appearance. */
struct hs_loss_table {
	HS_VEC(struct hs_loss) losses;
};

/* 0 or -ENOMEM. */
int hs_loss_table_add(struct hs_loss_table *table, const struct hs_meta_lost *lost);
void hs_loss_table_deinit(struct hs_loss_table *table);

#endif
