/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TABLE_PARTS_H
#define HS_TABLE_PARTS_H
/* What the tables of this folder are made of: columns by policy, and values in the unit that their name tells. */
#include <stdbool.h>
#include <stdint.h>

#include "analysis/table.h"
#include "analysis/tally.h"

/* In lists that end with a name of NULL. */
struct hs_column {
	const char *name, *unit;
};
void hs_table_add_columns(struct hs_table *table, const struct hs_column *columns);

/* The policy column is there only where there is a choice; policy: one, or HS_ALL_POLICIES. */
struct hs_table *hs_table_create_by_policy(const struct hs_tally *tally, int policy, const char *title,
					   const struct hs_column *columns);
/* The value for that column. */
void hs_table_policy(struct hs_table *table, const struct hs_tally *tally, uint32_t policy);

/* A column for each policy. */
void hs_table_add_policy_columns(struct hs_table *table, const struct hs_tally *tally, const char *unit);

/* Is the word one of those that '_' and '.' separate in a number's name? */
bool hs_number_has_word(const char *name, const char *word);

/* Values whose unit is a word of the name: lock_ns, bytes, offline_bytes_max. */
void hs_table_cost(struct hs_table *table, const char *name, uint64_t cost);
void hs_table_metric(struct hs_table *table, const char *name, bool has_value, double value);

#endif
