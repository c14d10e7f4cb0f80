/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_RUNS_H
#define SVM_RUNS_H
/*
 * A value per page, kept as runs of equal neighbours; value 0 means nothing is there and costs nothing.
 * Pages are numbers of 4 KiB pages; bounds are inclusive, as in amdkfd.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/range_tree.h"

struct hs_svm_runs {
	struct hs_range_tree tree;
	bool keeps_borders;	/* runs set separately are never joined (VMAs) */
};

/* A stretch of pages with one value, clipped to what was asked for. */
struct hs_svm_span {
	uint64_t start, last;
	uint64_t value;
};

void hs_svm_runs_deinit(struct hs_svm_runs *runs);

uint64_t hs_svm_runs_get(const struct hs_svm_runs *runs, uint64_t page);

/* The whole run that holds page, with value 0 (and only the page itself) if there is none. */
struct hs_svm_span hs_svm_runs_find(const struct hs_svm_runs *runs, uint64_t page);

/* 0 or -ENOMEM (nothing changed). */
int hs_svm_runs_set(struct hs_svm_runs *runs, uint64_t start, uint64_t last, uint64_t value);

/*
 * The stretch that begins at page `from` and ends at or before `last`, gaps included; false when from is
 * behind last. Cost O(log runs).
 */
bool hs_svm_runs_span(const struct hs_svm_runs *runs, uint64_t from, uint64_t last, struct hs_svm_span *span);

#define hs_svm_for_each_span(span, runs, from, to) \
	for (struct hs_svm_span span = { (from), 0, 0 }; \
	     hs_svm_runs_span(runs, span.start, to, &span); span.start = span.last + 1)

/* Pages in [start, last] whose value is not 0. */
uint64_t hs_svm_runs_count(const struct hs_svm_runs *runs, uint64_t start, uint64_t last);

/* True if some page of [start, last] has a value. */
bool hs_svm_runs_meets(const struct hs_svm_runs *runs, uint64_t start, uint64_t last);

/* Sets in `to` what `from` holds in [start, last]. 0 or -ENOMEM (a part may be set). */
int hs_svm_runs_copy(struct hs_svm_runs *to, const struct hs_svm_runs *from, uint64_t start, uint64_t last);

#endif
