// SPDX-License-Identifier: GPL-2.0-only
/* Sections as the secondary MMUs see them. */
#include <stdlib.h>

#include "replay/decision.h"
#include "replay/notifier/notifier_state.h"

static bool is_of(const struct hs_secondary_fault *fault, const struct hs_secondary *secondary)
{
	return fault->is_used && fault->mm == secondary->mm;
}

/* Faults on the way whose page the section takes, or may. */
static void mark_gone(struct hs_notifier *notifier, const struct hs_secondary *secondary, const struct hs_step *step)
{
	hs_vec_for_each(fault, &notifier->faults) {
		if (!is_of(fault, secondary))
			continue;
		fault->is_gone |= fault->has_looked && step->range.start <= fault->address && fault->address < step->range.end;
		fault->basis = step->basis > fault->basis ? step->basis : fault->basis;
	}
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What the secondary MMU has lost but still uses. Pages that the process gave up are not touched again. */
static void touch_again(struct hs_notifier *notifier, struct hs_secondary *secondary, const struct hs_step *step)
{
	const struct hs_secondary_scenario *scenario = &notifier->scenario;
	const struct hs_mm *mm = hs_address_space_mm(notifier->space, secondary->mm);
	uint64_t nr = 0, last = UINT64_MAX;

	if (!scenario->refaults || !mm || step->range.event == HS_MMU_EVENT_UNMAP ||
	    step->range.event == HS_MMU_EVENT_RELEASE)
		return;
	qsort(secondary->dropped.items, secondary->dropped.count, sizeof(*secondary->dropped.items), by_number);
	hs_vec_for_each(page, &secondary->dropped) {
		uint64_t address = *page << HS_PAGE_SHIFT;

		if (*page == last || nr++ >= scenario->refault_limit || !hs_mm_vma_at(mm, address))
			continue;
		last = *page;
		hs_notifier_add(notifier, (struct hs_step){ .time = step->time + scenario->delay_ns, .mm = secondary->mm,
							    .kind = HS_STEP_TOUCH, .range.start = address });
	}
}

void hs_secondary_open(struct hs_notifier *notifier, const struct hs_step *step)
{
	struct hs_secondary *secondary = hs_notifier_get(notifier, step->mm);

	if (!secondary)
		return;
	notifier->nr_sections++;
	hs_vec_clear(&secondary->dropped);
	mark_gone(notifier, secondary, step);
	if (!hs_vec_push(&secondary->open, (struct hs_open_range){ step->range, step->basis })) {
		notifier->nr_left_out++;
		return;
	}
	if (hs_mmu_section_start(&secondary->subs, &step->range))
		secondary->open.count--;
	if (secondary->dropped.count)
		touch_again(notifier, secondary, step);
}

/* The newest open section of that range. */
static bool take_open(struct hs_secondary *secondary, const struct hs_mmu_range *range)
{
	for (size_t i = secondary->open.count; i-- > 0;) {
		const struct hs_mmu_range *open = &secondary->open.items[i].range;

		if (open->start != range->start || open->end != range->end || open->event != range->event)
			continue;
		secondary->open.items[i] = secondary->open.items[--secondary->open.count];
		return true;
	}
	return false;
}

static void wake(struct hs_notifier *notifier, const struct hs_secondary *secondary)
{
	for (size_t i = 0; i < notifier->faults.count; i++) {
		struct hs_secondary_fault *fault = &notifier->faults.items[i];

		if (is_of(fault, secondary) && fault->is_waiting)
			hs_secondary_begin(notifier, fault);
	}
}

void hs_secondary_close(struct hs_notifier *notifier, const struct hs_step *step)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, step->mm);
	uint64_t seq;

	if (!secondary)
		return;
	if (!take_open(secondary, &step->range)) {
		notifier->nr_unmatched++;
		return;
	}
	seq = secondary->subs.invalidate_seq;
	hs_mmu_section_end(&secondary->subs, &step->range);
	if (secondary->subs.invalidate_seq != seq)
		wake(notifier, secondary);
}

void hs_secondary_exit(struct hs_notifier *notifier, uint32_t mm)
{
	struct hs_secondary *secondary = hs_notifier_find(notifier, mm);

	if (!secondary)
		return;
	hs_mmu_release(&secondary->subs);
	for (size_t i = 0; i < notifier->faults.count; i++) {
		struct hs_secondary_fault *fault = &notifier->faults.items[i];

		if (!is_of(fault, secondary))
			continue;
		fault->is_used = false;
		fault->serial = 0;
		hs_vec_push(&notifier->free_faults, (uint32_t)i);
	}
	hs_secondary_destroy(notifier, secondary);
}
