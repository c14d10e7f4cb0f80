// SPDX-License-Identifier: GPL-2.0-only
/* Predicted sections on their way to the pairing with recorded ones, or to the watchers. */
#include "replay/address_space/space_state.h"

const char *hs_section_event_name(unsigned int event)
{
	static const char *const names[HS_NR_SECTION_EVENTS] = {
		"UNMAP", "CLEAR", "PROTECTION_VMA", "PROTECTION_PAGE", "SOFT_DIRTY", "RELEASE", "MIGRATE", "EXCLUSIVE",
	};

	return event < HS_NR_SECTION_EVENTS ? names[event] : "event of a newer kernel";
}

static bool is_stand_in(const struct hs_mm *mm)
{
	return !mm->is_listened && mm->space->watches.count;
}

void hs_section_open(struct hs_mm *mm, enum hs_section_event event, uint64_t start, uint64_t end,
		     enum hs_section_rule rule, enum hs_basis basis)
{
	struct hs_section_log *log = &mm->space->log;
	struct hs_section section = {
		.start = start, .end = end, .event = event, .rule = rule, .depth = (uint8_t)log->depth,
		.is_blockable = true, .basis = is_stand_in(mm) ? HS_BASIS_ASSUMED : basis,
	};

	if (mm->is_in_snapshot)		/* corrections are no operations */
		return;
	if (log->depth < HS_SECTION_DEPTH)
		log->open[log->depth] = section;
	log->depth++;
	if (mm->is_listened && !hs_vec_push(&log->sections, section))
		hs_space_problem(mm->space, HS_PROBLEM_MEMORY, mm->id, start);
	if (is_stand_in(mm))
		hs_space_tell_section(mm->space, mm->id, &section, true);
}

void hs_section_close(struct hs_mm *mm)
{
	struct hs_section_log *log = &mm->space->log;

	if (mm->is_in_snapshot || !log->depth)
		return;
	log->depth--;
	if (is_stand_in(mm) && log->depth < HS_SECTION_DEPTH)
		hs_space_tell_section(mm->space, mm->id, &log->open[log->depth], false);
}

void hs_section_note(struct hs_mm *mm, enum hs_section_event event, uint64_t start, uint64_t end,
		     enum hs_section_rule rule, enum hs_basis basis)
{
	hs_section_open(mm, event, start, end, rule, basis);
	hs_section_close(mm);
}
