/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HISTORY_H
#define HS_HISTORY_H
/*
 * What models show over time (hs_model_ops.history) as tables made to be drawn, like those of analysis/series.h:
 * NULL when out of memory, without rows where there is nothing to draw. Times are in seconds since the start.
 */
#include "analysis/table.h"
#include "analysis/tally.h"

/*
 * Periods of things that lie side by side (series with the values end in ns, number, size, look): start, end, low
 * and high (places from 0 on, in the order of the numbers), look, its name, number of the lowest. Neighbours with the
 * same look over the same time are one row. *nr_places gets how many places there are, *looks a bit per look.
 */
struct hs_table *hs_history_periods(const struct hs_tally *tally, uint32_t policy, const char *series,
				    size_t *nr_places, unsigned int *looks);

/*
 * Lines in steps: seconds, then a column per policy and label with the value of that index times unit; names are the
 * policy's (where there are several), the label's and suffix. A column goes on with its last value.
 */
struct hs_history_lines {
	const char *series;
	unsigned int value;
	double unit;
	const char *suffix;
	int policy;		/* -1: all */
};
struct hs_table *hs_history_lines(const struct hs_tally *tally, const struct hs_history_lines *lines,
				  size_t nr_lines);

#endif
