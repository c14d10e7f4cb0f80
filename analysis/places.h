/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PLACES_H
#define HS_PLACES_H
/*
 * Where memory was over time, made from decisions that move a range of addresses into a place or out of it:
 * svm.migrate, whose "to_vram" moves in and everything else out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/table.h"
#include "lib/vec.h"
#include "replay/engine.h"

struct hs_move {
	uint64_t time;			/* ns */
	uint64_t start, end;		/* addresses, end exclusive */
	uint32_t policy, mm;
	bool is_in;
};

/* All zero is an empty one. */
struct hs_places {
	HS_VEC(struct hs_move) moves;	/* in the order in which they were added */
};

void hs_places_deinit(struct hs_places *places);

/* Keeps a modelled decision that moves memory; others are passed over. 0 or -ENOMEM. */
int hs_places_add(struct hs_places *places, const struct hs_outcome *outcome);

/*
 * A table to be drawn: from, to (seconds since start_time), row (from 0), percent (of the row's pages that were
 * inside then), label (of the row). Rows are 2 MiB blocks that were ever inside under the policy, by address space
 * and address; where there are more than max_rows, neighbours share one. Equal neighbours in time are one line.
 * NULL: out of memory; without rows where nothing moved.
 */
struct hs_places_setup {
	uint32_t policy;
	uint64_t start_time, end_time;	/* ns */
	size_t columns, max_rows;	/* at least 1 */
};
struct hs_table *hs_places_table(const struct hs_places *places, const struct hs_places_setup *setup);

#endif
