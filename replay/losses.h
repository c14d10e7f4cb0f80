/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LOSSES_H
#define HS_LOSSES_H
/* Spans in which events were lost: which decisions can be neither agreement nor disagreement. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/vec.h"
#include "traces/kinds.h"

/* Sets of sources, a bit each. A source name that is not known may be any of them. */
enum { HS_ALL_SOURCES = (1 << HS_NR_SOURCES) - 1 };

struct hs_lost_span {
	uint32_t sources;
	struct hs_meta_lost row;	/* its texts are copies */
};

struct hs_losses {
	HS_VEC(struct hs_lost_span) spans;	/* by first_time */
	size_t nr_told;			/* spans that hs_losses_due has given */
	uint64_t next_start;		/* first_time of the next one; UINT64_MAX: none */
};

void hs_losses_init(struct hs_losses *losses);
void hs_losses_deinit(struct hs_losses *losses);

/* Adds a copy. 0 or -ENOMEM. */
int hs_losses_add(struct hs_losses *losses, const struct hs_meta_lost *lost, struct hs_error *err);

/* Does a span with one of these sources contain the time? */
bool hs_losses_cover(const struct hs_losses *losses, uint64_t time, uint32_t sources);

/* Next span, not given before, that has begun by now; or NULL. Valid until the next add. */
const struct hs_lost_span *hs_losses_due(struct hs_losses *losses, uint64_t now);

#endif
