// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/tally.h"

#include <errno.h>
#include <string.h>

/* Widths of the fields of the keys below. */
enum { POLICY_BITS = 12, POINT_BITS = 6, RESULT_BITS = 9, MAX_RESULTS = (1 << RESULT_BITS) - 1 };
_Static_assert(HS_NR_POINTS <= 1 << POINT_BITS, "cell keys have room for 64 points");
_Static_assert(HS_TALLY_MAX_POLICIES <= 1 << POLICY_BITS, "cell keys have room for all policies");

/* --- life ---------------------------------------------------------------------------------------- */

static int copy_policies(struct hs_tally *tally, const struct hs_tally_setup *setup)
{
	for (size_t i = 0; i < setup->nr_policies; i++) {
		char *name = strdup(setup->policies[i]);

		if (!name || !hs_vec_push(&tally->policies, name)) {
			free(name);
			return -ENOMEM;
		}
	}
	return 0;
}

int hs_tally_create(const struct hs_tally_setup *setup, struct hs_tally **out, struct hs_error *err)
{
	struct hs_tally *tally;

	if (!setup->nr_policies || setup->nr_policies > HS_TALLY_MAX_POLICIES)
		return hs_error_set(err, -E2BIG, "%zu policies at once; 1 to %d are possible", setup->nr_policies,
				    HS_TALLY_MAX_POLICIES);
	tally = calloc(1, sizeof(*tally));
	if (!tally)
		return hs_error_nomem(err);
	tally->nr_policies = setup->nr_policies;
	tally->start_time = tally->last_time = setup->start_time;
	tally->bucket_ns = HS_TALLY_FIRST_WIDTH_NS;
	tally->nr_outcomes = calloc(setup->nr_policies, sizeof(*tally->nr_outcomes));
	tally->costs = calloc(setup->nr_policies * HS_NR_POINTS * HS_NR_COSTS, sizeof(*tally->costs));
	if (!tally->nr_outcomes || !tally->costs || copy_policies(tally, setup)) {
		hs_tally_destroy(tally);
		return hs_error_nomem(err);
	}
	*out = tally;
	return 0;
}

void hs_tally_destroy(struct hs_tally *tally)
{
	if (!tally)
		return;
	for (size_t i = 0; tally->costs && i < tally->nr_policies * HS_NR_POINTS * HS_NR_COSTS; i++)
		hs_quantiles_deinit(&tally->costs[i]);
	hs_vec_for_each(cell, &tally->cells)
		free(cell->buckets);
	hs_vec_for_each(policy, &tally->policies)
		free(*policy);
	hs_vec_deinit(&tally->policies);
	hs_vec_deinit(&tally->cells);
	hs_vec_deinit(&tally->divergences);
	hs_vec_deinit(&tally->causes);
	hs_vec_deinit(&tally->mm_cells);
	hs_vec_deinit(&tally->subjects);
	hs_vec_deinit(&tally->summaries);
	hs_vec_deinit(&tally->mm_summaries);
	hs_vec_deinit(&tally->samples);
	hs_places_deinit(&tally->places);
	hs_vec_deinit(&tally->history);
	hs_hash_map_deinit(&tally->cell_index);
	hs_hash_map_deinit(&tally->mm_index);
	hs_hash_map_deinit(&tally->subject_index);
	hs_hash_map_deinit(&tally->results_at);
	hs_names_deinit(&tally->results);
	hs_names_deinit(&tally->texts);
	free(tally->last);
	free(tally->costs);
	free(tally->nr_outcomes);
	free(tally);
}

/* --- adding -------------------------------------------------------------------------------------- */

/* An outcome with its texts as numbers. */
struct entry {
	const struct hs_outcome *outcome;
	const struct hs_decision *decision;	/* the modelled one, else the recorded one */
	uint64_t time;
	int recorded, modelled;			/* numbers of the results, MAX_RESULTS: none */
};

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static int intern_result(struct hs_tally *tally, const struct hs_decision *decision)
{
	const char *text = decision ? text_of(decision->result) : "";
	int number = decision ? hs_names_intern(&tally->results, text, strlen(text)) : MAX_RESULTS;

	return number > MAX_RESULTS || (decision && number == MAX_RESULTS) ? -E2BIG : number;
}

static const char *result_text(const struct hs_tally *tally, int number)
{
	return number == MAX_RESULTS ? NULL : hs_names_text(&tally->results, number);
}

static void fold_buckets(struct hs_tally *tally)
{
	hs_vec_for_each(cell, &tally->cells) {
		for (size_t i = 0; i < HS_TALLY_BUCKETS / 2; i++) {
			struct hs_bucket sum = cell->buckets[2 * i];

			sum.count += cell->buckets[2 * i + 1].count;
			for (int cost = 0; cost < HS_NR_COSTS; cost++)
				sum.cost[cost] += cell->buckets[2 * i + 1].cost[cost];
			cell->buckets[i] = sum;
		}
		memset(cell->buckets + HS_TALLY_BUCKETS / 2, 0, HS_TALLY_BUCKETS / 2 * sizeof(struct hs_bucket));
	}
	tally->bucket_ns *= 2;
}

static uint64_t bucket_of(const struct hs_tally *tally, uint64_t time)
{
	return time > tally->start_time ? (time - tally->start_time) / tally->bucket_ns : 0;
}

static uint64_t cell_key(const struct entry *entry)
{
	uint64_t key = entry->outcome->policy;

	key = key << POINT_BITS | entry->decision->point;
	key = key << RESULT_BITS | (uint64_t)entry->recorded;
	key = key << RESULT_BITS | (uint64_t)entry->modelled;
	key = key << 2 | entry->decision->basis;
	return key << 2 | entry->outcome->verdict;
}

/* Every point has a key of its own beside those of its results. */
static uint64_t result_key(enum hs_point point, int result)
{
	return (uint64_t)point << RESULT_BITS | (uint64_t)result;
}

static int own_result(const struct entry *entry)
{
	return entry->modelled != MAX_RESULTS ? entry->modelled : entry->recorded;
}

static int note_result(struct hs_tally *tally, const struct entry *entry)
{
	const enum hs_point point = entry->decision->point;

	if (hs_hash_map_put(&tally->results_at, result_key(point, MAX_RESULTS), 1))
		return -ENOMEM;
	return hs_hash_map_put(&tally->results_at, result_key(point, own_result(entry)), 1);
}

static struct hs_cell *find_cell(struct hs_tally *tally, const struct entry *entry)
{
	uint64_t key = cell_key(entry);
	const uint64_t *index = hs_hash_map_get(&tally->cell_index, key);
	struct hs_cell cell = {
		.policy = entry->outcome->policy, .point = entry->decision->point, .basis = entry->decision->basis,
		.verdict = entry->outcome->verdict, .recorded = result_text(tally, entry->recorded),
		.modelled = result_text(tally, entry->modelled),
	};

	if (index)
		return &tally->cells.items[*index];
	cell.buckets = calloc(HS_TALLY_BUCKETS, sizeof(*cell.buckets));
	if (!cell.buckets || note_result(tally, entry) ||
	    hs_hash_map_put(&tally->cell_index, key, tally->cells.count) || !hs_vec_push(&tally->cells, cell)) {
		free(cell.buckets);
		return NULL;
	}
	return &tally->cells.items[tally->cells.count - 1];
}

static int add_to_cell(struct hs_tally *tally, const struct entry *entry)
{
	const struct hs_outcome *outcome = entry->outcome;
	struct hs_cell *cell = find_cell(tally, entry);
	struct hs_bucket *bucket;

	if (!cell)
		return -ENOMEM;
	bucket = &cell->buckets[bucket_of(tally, entry->time)];
	cell->count++;
	bucket->count++;
	for (int i = 0; i < HS_NR_COSTS; i++) {
		cell->recorded_cost[i] += outcome->recorded ? outcome->recorded->cost[i] : 0;
		cell->modelled_cost[i] += outcome->modelled ? outcome->modelled->cost[i] : 0;
		bucket->cost[i] += entry->decision->cost[i];
	}
	return 0;
}

static int add_to_costs(struct hs_tally *tally, const struct entry *entry)
{
	const struct hs_point_info *point = &hs_points[entry->decision->point];

	for (unsigned int i = 0; i < HS_NR_COSTS && point->cost_names[i]; i++)
		if (hs_quantiles_add(hs_tally_costs(tally, entry->outcome->policy, entry->decision->point, i),
				     entry->decision->cost[i]))
			return -ENOMEM;
	return 0;
}

static int add_to_mm(struct hs_tally *tally, const struct entry *entry)
{
	int result = own_result(entry);
	uint64_t key = (((uint64_t)entry->outcome->policy << POINT_BITS | entry->decision->point) << RESULT_BITS |
			(uint64_t)result) << 32 | entry->decision->mm;
	const uint64_t *index = hs_hash_map_get(&tally->mm_index, key);
	struct hs_mm_cell *cell;

	if (!index) {
		struct hs_mm_cell fresh = {
			.policy = entry->outcome->policy, .mm = entry->decision->mm, .point = entry->decision->point,
			.result = result_text(tally, result),
		};

		if (hs_hash_map_put(&tally->mm_index, key, tally->mm_cells.count) ||
		    !hs_vec_push(&tally->mm_cells, fresh))
			return -ENOMEM;
		cell = &tally->mm_cells.items[tally->mm_cells.count - 1];
	} else {
		cell = &tally->mm_cells.items[*index];
	}
	cell->count++;
	cell->disagree += entry->outcome->verdict == HS_VERDICT_DISAGREE;
	for (int i = 0; i < HS_NR_COSTS; i++)
		cell->cost[i] += entry->decision->cost[i];
	return 0;
}

/* --- subjects ------------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t key)
{
	key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9ull;
	key = (key ^ key >> 27) * 0x94d049bb133111ebull;
	return key ^ key >> 31;
}

static bool is_subject(const struct hs_subject *subject, const struct hs_decision *decision)
{
	return subject->subject == decision->subject && subject->mm == decision->mm &&
	       subject->point == decision->point;
}

static int add_subject(struct hs_tally *tally, uint64_t key, const struct hs_decision *decision)
{
	struct hs_subject subject = { decision->point, decision->mm, decision->subject };
	size_t used = tally->subjects.count * tally->nr_policies;
	int16_t *last = hs_vec_grow(tally->last, &tally->last_capacity, used + tally->nr_policies, sizeof(*last));

	if (!last)
		return -ENOMEM;
	tally->last = last;
	for (size_t i = 0; i < tally->nr_policies; i++)
		last[used + i] = -1;
	if (hs_hash_map_put(&tally->subject_index, key, tally->subjects.count) ||
	    !hs_vec_push(&tally->subjects, subject))
		return -ENOMEM;
	return 0;
}

static int add_to_subject(struct hs_tally *tally, const struct entry *entry)
{
	const struct hs_decision *decision = entry->decision;
	uint64_t key = mix(decision->subject ^ mix((uint64_t)decision->mm << POINT_BITS | decision->point));
	const uint64_t *index;
	size_t at;

	while ((index = hs_hash_map_get(&tally->subject_index, key)) &&
	       !is_subject(&tally->subjects.items[*index], decision))
		key++;
	at = index ? *index : tally->subjects.count;
	if (!index && add_subject(tally, key, decision))
		return -ENOMEM;
	tally->last[at * tally->nr_policies + entry->outcome->policy] =
		(int16_t)own_result(entry);
	return 0;
}

/* --- divergences --------------------------------------------------------------------------------- */

static const char *keep_text(struct hs_tally *tally, const char *text)
{
	int number = hs_names_intern(&tally->texts, text_of(text), strlen(text_of(text)));

	if (number < 0)
		tally->status = number;
	return number < 0 ? "" : hs_names_text(&tally->texts, number);
}

static void keep_decision(struct hs_tally *tally, struct hs_decision *kept, const struct hs_decision *decision)
{
	*kept = *decision;
	kept->result = keep_text(tally, decision->result);
	kept->reason = keep_text(tally, decision->reason);
}

static bool is_divergence(const struct hs_divergence *known, const struct hs_outcome *outcome)
{
	const struct hs_decision *recorded = outcome->recorded, *modelled = outcome->modelled;

	return known->policy == outcome->policy && known->recorded.point == recorded->point &&
	       known->modelled.basis == modelled->basis && known->modelled.cause == modelled->cause &&
	       strcmp(known->recorded.result, text_of(recorded->result)) == 0 &&
	       strcmp(known->modelled.result, text_of(modelled->result)) == 0 &&
	       strcmp(known->modelled.reason, text_of(modelled->reason)) == 0;
}

/* Disagreements are the exception, and their classes few: a walk will do. */
static const struct hs_divergence *add_divergence(struct hs_tally *tally, const struct hs_outcome *outcome)
{
	struct hs_divergence fresh = { .policy = outcome->policy, .count = 1, .chunk = tally->chunk };

	if (outcome->verdict != HS_VERDICT_DISAGREE || !outcome->recorded || !outcome->modelled)
		return NULL;
	hs_vec_for_each(known, &tally->divergences)
		if (is_divergence(known, outcome)) {
			known->count++;
			return NULL;
		}
	fresh.number = tally->nr_outcomes[outcome->policy];
	keep_decision(tally, &fresh.recorded, outcome->recorded);
	keep_decision(tally, &fresh.modelled, outcome->modelled);
	if (!hs_vec_push(&tally->divergences, fresh)) {
		tally->status = -ENOMEM;
		return NULL;
	}
	return &tally->divergences.items[tally->divergences.count - 1];
}

/* Why outcomes are no agreements; there are few kinds of them. */
static void add_cause(struct hs_tally *tally, const struct hs_outcome *outcome)
{
	struct hs_cause_cell fresh = { .policy = outcome->policy, .verdict = outcome->verdict, .count = 1 };

	if ((outcome->verdict != HS_VERDICT_DISAGREE && outcome->verdict != HS_VERDICT_UNKNOWN) ||
	    !outcome->recorded || !outcome->modelled)
		return;
	fresh.point = outcome->recorded->point;
	fresh.cause = outcome->modelled->cause;
	fresh.number = tally->nr_outcomes[outcome->policy];
	fresh.first_time = outcome->recorded->time;
	fresh.first_subject = outcome->recorded->subject;
	hs_vec_for_each(known, &tally->causes)
		if (known->policy == fresh.policy && known->point == fresh.point &&
		    known->verdict == fresh.verdict && known->cause == fresh.cause) {
			known->count++;
			return;
		}
	if (!hs_vec_push(&tally->causes, fresh))
		tally->status = -ENOMEM;
}

void hs_tally_set_chunk(struct hs_tally *tally, uint64_t chunk)
{
	tally->chunk = chunk;
}

static int add_entry(struct hs_tally *tally, const struct entry *entry)
{
	if (entry->recorded < 0 || entry->modelled < 0)
		return entry->recorded < 0 ? entry->recorded : entry->modelled;
	if (entry->outcome->policy >= tally->nr_policies)
		return -EINVAL;
	while (bucket_of(tally, entry->time) >= HS_TALLY_BUCKETS)
		fold_buckets(tally);
	if (entry->time > tally->last_time)
		tally->last_time = entry->time;
	if (add_to_cell(tally, entry) || add_to_costs(tally, entry) || add_to_mm(tally, entry) ||
	    add_to_subject(tally, entry))
		return -ENOMEM;
	return 0;
}

const struct hs_divergence *hs_tally_add(struct hs_tally *tally, const struct hs_outcome *outcome)
{
	const struct hs_divergence *fresh = NULL;
	struct entry entry = {
		.outcome = outcome, .decision = outcome->modelled ? outcome->modelled : outcome->recorded,
	};

	if (tally->status || !entry.decision)
		return NULL;
	entry.time = (outcome->recorded ? outcome->recorded : outcome->modelled)->time;
	entry.recorded = intern_result(tally, outcome->recorded);
	entry.modelled = intern_result(tally, outcome->modelled);
	tally->status = add_entry(tally, &entry);
	if (!tally->status)
		tally->status = hs_places_add(&tally->places, outcome);
	if (!tally->status) {
		fresh = add_divergence(tally, outcome);
		add_cause(tally, outcome);
		tally->nr_outcomes[outcome->policy]++;
	}
	return fresh;
}

/* "model.name", kept. */
static const char *keep_number_name(struct hs_tally *tally, const char *model, const char *name)
{
	char full[160];

	snprintf(full, sizeof(full), "%s.%s", model, name);
	return keep_text(tally, full);
}

void hs_tally_add_summary(struct hs_tally *tally, uint32_t policy, const char *model, const char *name, double value)
{
	if (!hs_vec_push(&tally->summaries,
			 (struct hs_summary){ policy, keep_number_name(tally, model, name), value }))
		tally->status = -ENOMEM;
}

void hs_tally_add_mm_summary(struct hs_tally *tally, uint32_t policy, const char *model, uint32_t mm,
			     const char *name, double value)
{
	if (!hs_vec_push(&tally->mm_summaries,
			 (struct hs_mm_summary){ policy, mm, keep_number_name(tally, model, name), value }))
		tally->status = -ENOMEM;
}

void hs_tally_add_sample(struct hs_tally *tally, uint32_t policy, const char *model, uint64_t time, const char *name,
			 double value)
{
	if (!hs_vec_push(&tally->samples,
			 (struct hs_sample){ policy, keep_number_name(tally, model, name), time, value }))
		tally->status = -ENOMEM;
}

void hs_tally_add_history(struct hs_tally *tally, uint32_t policy, const char *model,
			  const struct hs_history_row *row)
{
	struct hs_tally_history kept = { .policy = policy, .time = row->time };
	char full[160];

	snprintf(full, sizeof(full), "%s.%s", model, row->series);
	kept.series = keep_text(tally, full);
	kept.label = keep_text(tally, row->label);
	memcpy(kept.values, row->values, sizeof(kept.values));
	if (!hs_vec_push(&tally->history, kept))
		tally->status = -ENOMEM;
}

/* --- asking -------------------------------------------------------------------------------------- */

int hs_tally_status(const struct hs_tally *tally, struct hs_error *err)
{
	if (tally->status == -E2BIG)
		return hs_error_set(err, -E2BIG, "more than %d different result codes", MAX_RESULTS);
	if (tally->status == -EINVAL)
		return hs_error_set(err, -EINVAL, "an outcome of a policy that was not announced");
	return tally->status ? hs_error_nomem(err) : 0;
}

size_t hs_tally_nr_buckets(const struct hs_tally *tally)
{
	return tally->cells.count ? (size_t)bucket_of(tally, tally->last_time) + 1 : 0;
}

struct hs_quantiles *hs_tally_costs(const struct hs_tally *tally, uint32_t policy, enum hs_point point,
				    unsigned int cost)
{
	return &tally->costs[((size_t)policy * HS_NR_POINTS + point) * HS_NR_COSTS + cost];
}

bool hs_tally_has_point(const struct hs_tally *tally, enum hs_point point)
{
	return hs_hash_map_get(&tally->results_at, result_key(point, MAX_RESULTS));
}

bool hs_tally_has_result(const struct hs_tally *tally, enum hs_point point, size_t number)
{
	return hs_hash_map_get(&tally->results_at, result_key(point, (int)number));
}

const char *hs_tally_last(const struct hs_tally *tally, size_t subject, uint32_t policy)
{
	int16_t number = tally->last[subject * tally->nr_policies + policy];

	return number < 0 ? NULL : hs_names_text(&tally->results, number);
}

bool hs_selection_has(const struct hs_selection *selection, const struct hs_cell *cell)
{
	return cell->policy == selection->policy && (selection->point < 0 || (int)cell->point == selection->point) &&
	       (selection->basis < 0 || (int)cell->basis == selection->basis) &&
	       (selection->verdict < 0 || (int)cell->verdict == selection->verdict);
}

uint64_t hs_tally_count(const struct hs_tally *tally, const struct hs_selection *selection)
{
	uint64_t count = 0;

	hs_vec_for_each(cell, &tally->cells)
		count += hs_selection_has(selection, cell) ? cell->count : 0;
	return count;
}
