/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TIMELINE_H
#define HS_TIMELINE_H
/* Steps to be taken at times to come, in the order of time, and of their adding where times are equal. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/vec.h"
#include "replay/notifier/mmu_notifier.h"

enum hs_step_kind {
	HS_STEP_OPEN,		/* a section opens */
	HS_STEP_CLOSE,
	HS_STEP_TOUCH,		/* the secondary MMU touches a page that it may not map */
	HS_STEP_BEGIN,		/* of a fault: it reads the sequence number */
	HS_STEP_LOOK,		/* it looks the page up */
	HS_STEP_CHECK,		/* it must retry, or maps the page */
	HS_STEP_EXIT,		/* the address space ends */
};

struct hs_step {
	uint64_t time, order;
	uint32_t mm;
	uint32_t fault;			/* BEGIN, LOOK, CHECK */
	uint32_t serial;		/* of that fault */
	uint8_t kind;			/* enum hs_step_kind */
	uint8_t basis;			/* OPEN: enum hs_basis */
	struct hs_mmu_range range;	/* OPEN, CLOSE; TOUCH: the page */
};

/* All zero is a valid empty timeline. */
struct hs_timeline {
	HS_VEC(struct hs_step) heap;
	uint64_t next_order;
	uint64_t now;			/* time of the step taken last: nothing can be added before it */
};

void hs_timeline_deinit(struct hs_timeline *timeline);
/* A time that is over becomes now. False: out of memory. */
bool hs_timeline_add(struct hs_timeline *timeline, struct hs_step step);
/* Takes the first step out if its time is not behind `until`. */
bool hs_timeline_take(struct hs_timeline *timeline, uint64_t until, struct hs_step *step);

#endif
