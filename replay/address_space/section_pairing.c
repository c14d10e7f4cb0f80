// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/section_pairing.h"

#include <stdlib.h>

#include "replay/address_space/space_state.h"

/* What is not yet paired of one task. */
struct hs_section_track {
	HS_VEC(struct hs_recorded_section) recorded;
	HS_VEC(struct hs_section) predicted;		/* of its last fault, */
	uint64_t address;				/* which was here */
	struct hs_section open[HS_SECTION_DEPTH];
	unsigned int depth;
	bool has_opened;
	uint32_t mm;					/* of its last operation */
	bool is_of_kernel;				/* it never did anything to an address space of its own */
};

static struct hs_section_track *track_of(struct hs_section_pairing *pairing, uint32_t task)
{
	uint64_t *found = hs_hash_map_get(&pairing->tracks, task);
	struct hs_section_track *track;

	if (found)
		return (struct hs_section_track *)(uintptr_t)*found;
	track = calloc(1, sizeof(*track));
	if (!track || hs_hash_map_put(&pairing->tracks, task, (uintptr_t)track)) {
		free(track);
		return NULL;
	}
	track->is_of_kernel = true;
	return track;
}

void hs_pairing_deinit(struct hs_section_pairing *pairing)
{
	struct hs_hash_slot *slot;
	size_t at = 0;

	while ((slot = hs_hash_map_next(&pairing->tracks, &at))) {
		struct hs_section_track *track = (struct hs_section_track *)(uintptr_t)slot->value;

		hs_vec_deinit(&track->recorded);
		hs_vec_deinit(&track->predicted);
		free(track);
	}
	hs_hash_map_deinit(&pairing->tracks);
	hs_vec_deinit(&pairing->pairs);
}

/* --- pairs --------------------------------------------------------------------------------------- */

struct two_lists {
	struct hs_address_space *space;
	uint32_t task;
	enum hs_section_op op;
	const struct hs_recorded_section *recorded;
	const struct hs_section *predicted;
	size_t nr_recorded, nr_predicted;
	struct hs_own_range own;
	uint32_t mm;		/* of the operation */
	uint64_t time;
};

static bool are_equal(const struct two_lists *lists, size_t recorded, size_t predicted)
{
	return lists->recorded[recorded].mm == lists->mm &&
	       hs_section_equals(&lists->recorded[recorded].section, &lists->predicted[predicted]);
}

static void push_pair(const struct two_lists *lists, const struct hs_recorded_section *recorded,
		      const struct hs_section *predicted)
{
	struct hs_section_pair pair = { .op = lists->op, .task = lists->task };

	if (recorded) {
		pair.recorded = *recorded;
		pair.is_recorded = true;
	} else {
		pair.recorded.time = lists->time;
		pair.recorded.mm = lists->mm;
	}
	if (predicted) {
		pair.predicted = *predicted;
		pair.is_predicted = true;
	}
	(void)hs_vec_push(&lists->space->pairing.pairs, pair);
}

/* No event stands for it: does the kernel open such sections at all in this state? */
static void push_unpredicted(const struct two_lists *lists, const struct hs_recorded_section *recorded)
{
	struct hs_mm *mm = hs_space_find(lists->space, recorded->mm);
	struct hs_section like_it = recorded->section;
	struct two_lists other = *lists;
	bool is_own = like_it.start >= lists->own.start && like_it.end <= lists->own.end && recorded->mm == lists->mm;

	like_it.rule = mm && !is_own ? hs_section_explain(mm, &recorded->section) : HS_RULE_UNEXPLAINED;
	like_it.basis = HS_BASIS_BOUNDED;
	other.op = HS_SECTION_OP_OTHER;
	push_pair(like_it.rule == HS_RULE_UNEXPLAINED ? lists : &other, recorded,
		  like_it.rule == HS_RULE_UNEXPLAINED ? NULL : &like_it);
}

static bool comes_later_in_predicted(const struct two_lists *lists, size_t recorded, size_t from)
{
	for (size_t i = from; i < lists->nr_predicted; i++)
		if (are_equal(lists, recorded, i))
			return true;
	return false;
}

static bool comes_later_in_recorded(const struct two_lists *lists, size_t predicted, size_t from)
{
	for (size_t i = from; i < lists->nr_recorded; i++)
		if (are_equal(lists, i, predicted))
			return true;
	return false;
}

static bool are_alike(const struct two_lists *lists, size_t recorded, size_t predicted)
{
	return lists->recorded[recorded].mm == lists->mm &&
	       lists->recorded[recorded].section.event == lists->predicted[predicted].event;
}

/* In order: equal ones answer each other; of what remains, the same event elsewhere, or nothing. */
static void pair_lists(const struct two_lists *lists)
{
	size_t i = 0, j = 0;

	while (i < lists->nr_recorded || j < lists->nr_predicted) {
		bool has_both = i < lists->nr_recorded && j < lists->nr_predicted;

		if (has_both && are_equal(lists, i, j))
			push_pair(lists, &lists->recorded[i++], &lists->predicted[j++]);
		else if (has_both && comes_later_in_predicted(lists, i, j))
			push_pair(lists, NULL, &lists->predicted[j++]);
		else if (has_both && comes_later_in_recorded(lists, j, i))
			push_unpredicted(lists, &lists->recorded[i++]);
		else if (has_both && are_alike(lists, i, j))
			push_pair(lists, &lists->recorded[i++], &lists->predicted[j++]);
		else if (i < lists->nr_recorded)
			push_unpredicted(lists, &lists->recorded[i++]);
		else
			push_pair(lists, NULL, &lists->predicted[j++]);
	}
}

static void drop_first(struct hs_section_track *track, size_t nr)
{
	for (size_t i = nr; i < track->recorded.count; i++)
		track->recorded.items[i - nr] = track->recorded.items[i];
	track->recorded.count -= nr;
}

/* A fault changes a page at most, and splits the huge page that it was part of. */
static struct hs_own_range own_of_fault(const struct hs_section_track *track)
{
	const struct hs_section *first = track->recorded.count ? &track->recorded.items[0].section : NULL;
	bool is_slot = first && first->end - first->start == HS_SLOT_BYTES;
	uint64_t bytes = is_slot ? HS_SLOT_BYTES : HS_PAGE_BYTES, start = track->address & ~(bytes - 1);

	return (struct hs_own_range){ start, track->address ? start + bytes : start };
}

/* The first nr recorded ones answer what the task's last fault was predicted to open. */
static void settle_fault(struct hs_mm *mm, struct hs_section_track *track, const struct hs_row *row, size_t nr)
{
	struct two_lists lists = {
		.space = mm->space, .task = row->task, .op = HS_SECTION_OP_FAULT, .mm = mm->id, .time = row->time,
		.recorded = track->recorded.items, .nr_recorded = nr,
		.predicted = track->predicted.items, .nr_predicted = track->predicted.count,
		.own = own_of_fault(track),
	};

	pair_lists(&lists);
	drop_first(track, nr);
	hs_vec_clear(&track->predicted);
	track->address = 0;
}

/* --- recorded sections --------------------------------------------------------------------------- */

/* On the memory of somebody else, who may be gone when this task's next operation comes. */
static void explain_foreign(struct hs_address_space *space, const struct hs_row *row,
			    const struct hs_recorded_section *recorded)
{
	struct two_lists lists = { .space = space, .task = row->task, .op = HS_SECTION_OP_OTHER, .mm = row->mm };

	push_unpredicted(&lists, recorded);
}

void hs_pairing_open(struct hs_address_space *space, const struct hs_notifier_start *row)
{
	struct hs_section_track *track = track_of(&space->pairing, row->row.task);
	struct hs_mm *mm = hs_space_find(space, row->row.mm);
	struct hs_recorded_section recorded = {
		.section = { .start = row->start, .end = row->end, .event = (enum hs_section_event)row->event,
			     .is_blockable = row->is_blockable, .basis = HS_BASIS_EXACT },
		.time = row->row.time, .mm = row->row.mm,
	};

	if (!track || !mm)
		return;
	mm->is_listened = true;
	track->has_opened = true;
	recorded.section.depth = (uint8_t)track->depth;
	if (track->is_of_kernel && !track->depth && track->recorded.count)
		settle_fault(mm, track, &row->row, track->recorded.count);
	if (!track->is_of_kernel && track->mm != row->row.mm)
		explain_foreign(space, &row->row, &recorded);
	else
		(void)hs_vec_push(&track->recorded, recorded);
	hs_space_tell_section(space, mm->id, &recorded.section, true);
	if (row->ret)		/* refused: no end follows */
		hs_space_tell_section(space, mm->id, &recorded.section, false);
	else if (track->depth < HS_SECTION_DEPTH)
		track->open[track->depth++] = recorded.section;
}

void hs_pairing_close(struct hs_address_space *space, const struct hs_notifier_end *row)
{
	struct hs_section_track *track = track_of(&space->pairing, row->row.task);
	const struct hs_section *last = track && track->depth ? &track->open[track->depth - 1] : NULL;

	if (!track || !track->has_opened)	/* it was open when the recording began */
		return;
	if (!last || last->start != row->start || last->end != row->end || (unsigned int)last->event != row->event) {
		hs_space_problem(space, HS_PROBLEM_NESTING, row->row.mm, row->start);
		return;
	}
	track->depth--;
	hs_space_tell_section(space, row->row.mm, last, false);
}

/* --- operations ---------------------------------------------------------------------------------- */

void hs_pairing_begin(struct hs_mm *mm, const struct hs_row *row, const uint64_t *since)
{
	struct hs_section_track *track = track_of(&mm->space->pairing, row->task);
	size_t nr = 0;

	hs_vec_clear(&mm->space->log.sections);
	mm->space->log.depth = 0;
	if (!track || !since)
		return;
	while (nr < track->recorded.count && track->recorded.items[nr].time < *since)
		nr++;
	settle_fault(mm, track, row, nr);
}

void hs_pairing_end(struct hs_mm *mm, const struct hs_row *row, enum hs_section_op op, struct hs_own_range own)
{
	struct hs_section_track *track = track_of(&mm->space->pairing, row->task);
	struct hs_section_log *log = &mm->space->log;
	struct two_lists lists = {
		.space = mm->space, .task = row->task, .op = op, .mm = mm->id, .time = row->time,
		.predicted = log->sections.items, .nr_predicted = log->sections.count, .own = own,
	};

	if (!track)
		return;
	if (op == HS_SECTION_OP_FORK || op == HS_SECTION_OP_COLLAPSE || op == HS_SECTION_OP_EXIT)
		settle_fault(mm, track, row, track->recorded.count > log->sections.count ?
						     track->recorded.count - log->sections.count : 0);
	track->is_of_kernel &= op == HS_SECTION_OP_COLLAPSE;
	track->mm = mm->id;
	lists.recorded = track->recorded.items;
	lists.nr_recorded = track->recorded.count;
	pair_lists(&lists);
	hs_vec_clear(&track->recorded);
	hs_vec_clear(&log->sections);
}

void hs_pairing_fault(struct hs_mm *mm, const struct hs_row *row, uint64_t address)
{
	struct hs_section_track *track = track_of(&mm->space->pairing, row->task);

	if (!track)
		return;
	track->is_of_kernel = false;
	track->mm = mm->id;
	track->address = address;
	hs_vec_for_each(section, &mm->space->log.sections)
		(void)hs_vec_push(&track->predicted, *section);
	hs_vec_clear(&mm->space->log.sections);
}

bool hs_pairing_take(struct hs_section_pairing *pairing, struct hs_section_pair *pair)
{
	if (pairing->next == pairing->pairs.count) {
		hs_vec_clear(&pairing->pairs);
		pairing->next = 0;
		return false;
	}
	*pair = pairing->pairs.items[pairing->next++];
	return true;
}
