/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_TOUCHES_H
#define SVM_TOUCHES_H
/* What a scenario has due later: a heap by time, first in first out at equal times. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/vec.h"

enum svm_touch_kind {
	SVM_TOUCH_PAGES,	/* a GPU accesses page..last */
	SVM_TOUCH_SWEEP,	/* a pass of device `index` over all registered pages */
	SVM_TOUCH_PATTERN,	/* entry `at` of the pattern of device `index` */
	SVM_TOUCH_CALL,		/* a later set_attr: `index` of the scenario's calls */
	SVM_TOUCH_REGISTER,	/* region `index` may be registered now */
};

struct svm_touch {
	uint64_t due;		/* ns */
	uint64_t order;		/* set by push */
	enum svm_touch_kind kind;
	uint32_t index;
	uint64_t at;
	uint64_t page, last;
	uint32_t gpu;
	uint32_t tries;		/* how often its first page was not served */
	unsigned int doubts;	/* SVM_DOUBT_*, beside that it is declared */
	bool write;
};

struct svm_touches {
	HS_VEC(struct svm_touch) heap;
	uint64_t next_order;
};

void svm_touches_deinit(struct svm_touches *touches);
/* False: out of memory. */
bool svm_touches_push(struct svm_touches *touches, struct svm_touch touch);
/* The earliest, if it is due by now. */
bool svm_touches_pop(struct svm_touches *touches, uint64_t now, struct svm_touch *touch);
/* Time of the earliest; UINT64_MAX: none. */
uint64_t svm_touches_next(const struct svm_touches *touches);

#endif
