// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/table_parts.h"

#include <math.h>
#include <string.h>

#include "analysis/decision_tables.h"

void hs_table_add_columns(struct hs_table *table, const struct hs_column *columns)
{
	for (; columns->name; columns++)
		hs_table_add_column(table, columns->name, columns->unit);
}

struct hs_table *hs_table_create_by_policy(const struct hs_tally *tally, int policy, const char *title,
					   const struct hs_column *columns)
{
	struct hs_table *table = hs_table_create(title);

	if (tally->nr_policies > 1 && policy == HS_ALL_POLICIES)
		hs_table_add_column(table, "policy", "");
	hs_table_add_columns(table, columns);
	return table;
}

void hs_table_policy(struct hs_table *table, const struct hs_tally *tally, uint32_t policy)
{
	if (tally->nr_policies > 1)
		hs_table_text(table, "%s", tally->policies.items[policy]);
}

void hs_table_add_policy_columns(struct hs_table *table, const struct hs_tally *tally, const char *unit)
{
	hs_vec_for_each(policy, &tally->policies)
		hs_table_add_column(table, *policy, unit);
}

bool hs_number_has_word(const char *name, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = name; (at = strstr(at, word)); at += length)
		if ((at == name || strchr("_.", at[-1])) && (!at[length] || at[length] == '_'))
			return true;
	return false;
}

void hs_table_cost(struct hs_table *table, const char *name, uint64_t cost)
{
	if (hs_number_has_word(name, "ns"))
		hs_table_ns(table, cost);
	else if (hs_number_has_word(name, "bytes"))
		hs_table_bytes(table, cost);
	else
		hs_table_count(table, cost);
}

/* Of bytes and ns nobody wants fractions. */
static bool has_unit(const char *name)
{
	return hs_number_has_word(name, "ns") || hs_number_has_word(name, "bytes");
}

void hs_table_metric(struct hs_table *table, const char *name, bool has_value, double value)
{
	if (!has_value)
		hs_table_none(table);
	else if (value >= 0 && (value == floor(value) || has_unit(name)) && value < 0x1p63)
		hs_table_cost(table, name, (uint64_t)(value + 0.5));
	else
		hs_table_number(table, value, 2);
}
