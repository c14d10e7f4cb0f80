// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/process_tables.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "analysis/decision_tables.h"
#include "analysis/table_parts.h"
#include "lib/cleanup.h"

/* --- decisions per address space --------------------------------------------------------------------- */

/* One row of the table of address spaces. */
struct process {
	uint32_t policy, mm;
	uint64_t decisions, hits, disagree;
};
typedef HS_VEC(struct process) process_list;

static void count_process(process_list *list, struct hs_hash_map *index, const struct hs_mm_cell *cell,
			  const struct hs_process_table *setup)
{
	uint64_t key = (uint64_t)cell->policy << 32 | cell->mm;
	const uint64_t *at = hs_hash_map_get(index, key);
	bool is_hit = cell->point == setup->point && strcmp(cell->result, setup->result) == 0;
	struct process *process;

	if (!at && (!hs_vec_push(list, (struct process){ .policy = cell->policy, .mm = cell->mm }) ||
		    hs_hash_map_put(index, key, list->count - 1)))
		return;
	process = &list->items[at ? *at : list->count - 1];
	process->decisions += cell->count;
	process->hits += is_hit ? cell->count : 0;
	process->disagree += cell->disagree;
}

static int compare_processes(const void *a, const void *b)
{
	const struct process *left = a, *right = b;

	if (left->decisions != right->decisions)
		return left->decisions > right->decisions ? -1 : 1;
	if (left->mm != right->mm)
		return left->mm < right->mm ? -1 : 1;
	return (left->policy > right->policy) - (left->policy < right->policy);
}

struct hs_table *hs_table_processes(const struct hs_tally *tally, const struct hs_process_table *setup)
{
	static const struct hs_column columns[] = { { "process", "" }, { "mm", "" }, { "decisions", "decisions" },
						 { NULL, NULL } };
	struct hs_table *table = hs_table_create_by_policy(tally, HS_ALL_POLICIES, "address spaces", columns);
	struct hs_hash_map index = { 0 };
	process_list list = { 0 };

	hs_table_add_column(table, setup->result, "decisions");
	hs_table_add_column(table, "disagree", "decisions");
	hs_vec_for_each(cell, &tally->mm_cells)
		count_process(&list, &index, cell, setup);
	hs_hash_map_deinit(&index);
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), compare_processes);
	for (size_t i = 0; i < list.count && i < setup->limit; i++) {
		const struct process *process = &list.items[i];
		const char *name = setup->name(setup->context, process->mm);

		hs_table_policy(table, tally, process->policy);
		hs_table_text(table, "%s", name ? name : "unknown");
		hs_table_count(table, process->mm);
		hs_table_count(table, process->decisions);
		hs_table_count(table, process->hits);
		hs_table_count(table, process->disagree);
	}
	hs_table_set_note(table, "The %zu of %zu with the most decisions.", list.count < setup->limit ? list.count :
			  setup->limit, list.count);
	hs_vec_deinit(&list);
	return table;
}

/* --- numbers per address space --------------------------------------------------------------------- */

int hs_mm_number_names(const struct hs_tally *tally, hs_number_names *names)
{
	*names = (hs_number_names){ 0 };
	hs_vec_for_each(summary, &tally->mm_summaries) {
		bool is_known = false;

		hs_vec_for_each(name, names)
			is_known |= *name == summary->name;
		if (!is_known && !hs_vec_push(names, summary->name)) {
			hs_vec_deinit(names);
			return -ENOMEM;
		}
	}
	return 0;
}

/* An address space with its value under each policy. */
struct mm_line {
	uint32_t mm;
	double least, most;
	double *values;		/* per policy; owned */
};
typedef HS_VEC(struct mm_line) mm_line_list;

static struct mm_line *get_line(mm_line_list *list, uint32_t mm, size_t nr_policies)
{
	struct mm_line fresh = { .mm = mm };

	hs_vec_for_each(line, list)
		if (line->mm == mm)
			return line;
	fresh.values = calloc(nr_policies, sizeof(*fresh.values));
	if (!fresh.values || !hs_vec_push(list, fresh)) {
		free(fresh.values);
		return NULL;
	}
	return &list->items[list->count - 1];
}

static int compare_lines(const void *a, const void *b)
{
	const struct mm_line *left = a, *right = b;
	const double spread = (right->most - right->least) - (left->most - left->least);

	if (spread != 0)
		return spread > 0 ? 1 : -1;
	if (left->most != right->most)
		return right->most > left->most ? 1 : -1;
	return left->mm < right->mm ? -1 : left->mm > right->mm;
}

static bool collect_lines(const struct hs_tally *tally, const char *number, mm_line_list *list)
{
	hs_vec_for_each(summary, &tally->mm_summaries) {
		struct mm_line *line;

		if (strcmp(summary->name, number) != 0)
			continue;
		line = get_line(list, summary->mm, tally->nr_policies);
		if (!line)
			return false;
		line->values[summary->policy] = summary->value;
	}
	hs_vec_for_each(line, list) {
		line->least = line->most = line->values[0];
		for (size_t i = 1; i < tally->nr_policies; i++) {
			line->least = fmin(line->least, line->values[i]);
			line->most = fmax(line->most, line->values[i]);
		}
	}
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_lines);
	return true;
}

struct hs_table *hs_table_mm_summaries(const struct hs_tally *tally, const struct hs_mm_table *setup)
{
	hs_auto_free char *title = NULL;
	mm_line_list list = { 0 };
	struct hs_table *table;
	size_t shown = 0;

	if (asprintf(&title, "%s, process by process", setup->number) < 0)
		title = NULL;
	table = hs_table_create(title ? title : "");
	hs_table_add_column(table, "process", "");
	hs_table_add_column(table, "mm", "");
	hs_table_add_policy_columns(table, tally, "");
	if (collect_lines(tally, setup->number, &list))
		for (; shown < list.count && shown < setup->limit && list.items[shown].most > 0; shown++) {
			const struct mm_line *line = &list.items[shown];
			const char *name = setup->name(setup->context, line->mm);

			hs_table_text(table, "%s", name ? name : "unknown");
			hs_table_count(table, line->mm);
			for (size_t i = 0; i < tally->nr_policies; i++)
				hs_table_metric(table, setup->number, true, line->values[i]);
		}
	hs_table_set_note(table, "Where the policies differ most comes first; %zu of %zu.", shown, list.count);
	hs_vec_for_each(line, &list)
		free(line->values);
	hs_vec_deinit(&list);
	return table;
}
