// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "replay/address_space/space_state.h"

int hs_address_space_watch(struct hs_address_space *space, const struct hs_address_space_watcher *watcher,
			   void *context)
{
	return hs_vec_push(&space->watches, (struct hs_space_watch){ watcher, context }) ? 0 : -ENOMEM;
}

void hs_address_space_unwatch(struct hs_address_space *space, void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < space->watches.count; i++)
		if (space->watches.items[i].context != context)
			space->watches.items[kept++] = space->watches.items[i];
	space->watches.count = kept;
}

#define TELL(space, what, ...) \
	do { \
		hs_vec_for_each(watch, &(space)->watches) \
			if (watch->watcher->what) \
				watch->watcher->what(watch->context, __VA_ARGS__); \
	} while (0)

void hs_space_tell_begin(struct hs_address_space *space, uint32_t mm, uint32_t parent)
{
	TELL(space, mm_begins, mm, parent);
}

void hs_space_tell_end(struct hs_address_space *space, uint32_t mm)
{
	TELL(space, mm_ends, mm);
}

void hs_space_tell_layout(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	mm->layout_generation++;
	TELL(mm->space, layout_changed, mm->id, start, end);
}

void hs_space_tell_dropped(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	TELL(mm->space, pages_dropped, mm->id, start, end);
}

void hs_space_tell_moved(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes)
{
	TELL(mm->space, pages_moved, mm->id, from, to, bytes);
}

void hs_space_tell_populated(struct hs_mm *mm, uint64_t address, bool had_table)
{
	TELL(mm->space, slot_populated, mm->id, address, had_table);
}

void hs_space_tell_anon_vma(struct hs_mm *mm, const struct hs_vma *vma)
{
	TELL(mm->space, anon_vma_prepared, mm->id, vma);
}

void hs_space_tell_section(struct hs_address_space *space, uint32_t mm, const struct hs_section *section, bool opens)
{
	if (opens)
		TELL(space, section_opens, mm, section);
	else
		TELL(space, section_closes, mm, section);
}
