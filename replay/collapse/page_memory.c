// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/page_memory.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"
#include "replay/collapse/pte_walk.h"

static const unsigned int range_shift = 21;

struct remembered {
	uint64_t time, last;		/* ns: said first, and the same again without other words between */
	struct hs_bitmap512 present;	/* the rest speaks of these pages */
	struct hs_bitmap512 old;	/* neither entry nor folio was accessed */
	struct hs_bitmap512 shared, pinned, swap_cache, not_anon;
};

/* Ascending; what says the same as the one before is one with it. */
struct history {
	HS_VEC(struct remembered) all;
};

static struct hs_hash_map *ranges_of(const struct hs_page_memory *memory, uint32_t mm)
{
	const uint64_t *value = hs_hash_map_get(&memory->mms, mm);

	return value ? (struct hs_hash_map *)(uintptr_t)*value : NULL;
}

static struct hs_hash_map *make_ranges(struct hs_page_memory *memory, uint32_t mm)
{
	struct hs_hash_map *ranges = ranges_of(memory, mm);

	if (ranges)
		return ranges;
	ranges = calloc(1, sizeof(*ranges));
	if (ranges && hs_hash_map_put(&memory->mms, mm, (uint64_t)(uintptr_t)ranges) == 0)
		return ranges;
	free(ranges);
	return NULL;
}

static struct history *range_at(const struct hs_hash_map *ranges, uint64_t number)
{
	const uint64_t *value = ranges ? hs_hash_map_get(ranges, number) : NULL;

	return value ? (struct history *)(uintptr_t)*value : NULL;
}

static struct history *make_range(struct hs_hash_map *ranges, uint64_t number)
{
	struct history *range = range_at(ranges, number);

	if (range || !ranges)
		return range;
	range = calloc(1, sizeof(*range));
	if (range && hs_hash_map_put(ranges, number, (uint64_t)(uintptr_t)range) == 0)
		return range;
	free(range);
	return NULL;
}

static void free_history(struct history *history)
{
	hs_vec_deinit(&history->all);
	free(history);
}

static void free_ranges(struct hs_hash_map *ranges)
{
	size_t at = 0;

	for (struct hs_hash_slot *slot; (slot = hs_hash_map_next(ranges, &at));)
		free_history((struct history *)(uintptr_t)slot->value);
	hs_hash_map_deinit(ranges);
	free(ranges);
}

void hs_page_memory_deinit(struct hs_page_memory *memory)
{
	size_t at = 0;

	for (struct hs_hash_slot *slot; (slot = hs_hash_map_next(&memory->mms, &at));)
		free_ranges((struct hs_hash_map *)(uintptr_t)slot->value);
	hs_hash_map_deinit(&memory->mms);
}

static bool says_the_same(const struct remembered *a, const struct remembered *b)
{
	return memcmp(&a->present, &b->present, sizeof(*a) - offsetof(struct remembered, present)) == 0;
}

/* New pages wait for the LRU in a batch that holds a reference for that moment (mm/swap.c, folio_add_lru). */
static struct hs_bitmap512 lasting_pins(const struct hs_bitmap512 *plane)
{
	return hs_bitmap512_and_not(&plane[HS_PTE_EXTRA_REF], &plane[HS_PTE_OFF_LRU]);
}

int hs_page_memory_note(struct hs_page_memory *memory, uint64_t time, uint32_t mm, uint64_t address,
			const struct hs_pte_map *ptes)
{
	struct history *history = make_range(make_ranges(memory, mm), address >> range_shift);
	const struct hs_bitmap512 *plane = ptes->plane;
	const struct hs_bitmap512 accessed = hs_bitmap512_or(&plane[HS_PTE_YOUNG], &plane[HS_PTE_FOLIO_YOUNG]);
	struct remembered said = {
		.time = time, .last = time, .present = hs_pte_present(ptes, true), .shared = plane[HS_PTE_SHARED_PAGE],
		.pinned = lasting_pins(plane), .swap_cache = plane[HS_PTE_SWAP_CACHE], .not_anon = plane[HS_PTE_NOT_ANON],
	};
	struct remembered *before;

	if (!history)
		return -ENOMEM;
	before = history->all.count ? &history->all.items[history->all.count - 1] : NULL;
	said.old = hs_bitmap512_and_not(&said.present, &accessed);
	if (before && says_the_same(before, &said)) {
		before->last = time;
		return 0;
	}
	return hs_vec_push(&history->all, said) ? 0 : -ENOMEM;
}

/* The last word at that time, or the first one after it; NULL: there is none. */
static const struct remembered *word_at(const struct history *history, uint64_t now)
{
	const struct remembered *word = NULL;

	if (!history)
		return NULL;
	hs_vec_for_each(said, &history->all) {
		if (word && said->time > now)
			break;
		word = said;
	}
	return word;
}

static void add_plane(struct hs_bitmap512 *plane, const struct hs_bitmap512 *bits, const struct hs_bitmap512 *known)
{
	const struct hs_bitmap512 added = hs_bitmap512_and(bits, known);

	*plane = hs_bitmap512_or(plane, &added);
}

void hs_page_memory_apply(const struct hs_page_memory *memory, uint64_t now, uint32_t mm, uint64_t address,
			  struct hs_pte_map *ptes)
{
	const struct remembered *range = word_at(range_at(ranges_of(memory, mm), address >> range_shift), now);
	struct hs_bitmap512 *plane = ptes->plane, known, old;

	if (!range)
		return;
	known = hs_pte_present(ptes, true);
	known = hs_bitmap512_and(&known, &range->present);
	old = hs_bitmap512_and(&range->old, &known);
	plane[HS_PTE_YOUNG] = hs_bitmap512_and_not(&plane[HS_PTE_YOUNG], &old);
	add_plane(&plane[HS_PTE_SHARED_PAGE], &range->shared, &known);
	add_plane(&plane[HS_PTE_SHARED_LIKELY], &range->shared, &known);
	add_plane(&plane[HS_PTE_SHARED_MAYBE], &range->shared, &known);
	add_plane(&plane[HS_PTE_EXTRA_REF], &range->pinned, &known);
	add_plane(&plane[HS_PTE_SWAP_CACHE], &range->swap_cache, &known);
	add_plane(&plane[HS_PTE_NOT_ANON], &range->not_anon, &known);
}

/* Forgets the words about pages that are all gone; those of times to come stay. */
static void forget_void(struct history *history)
{
	size_t kept = 0;

	hs_vec_for_each(said, &history->all)
		if (!hs_bitmap512_is_empty(&said->present))
			history->all.items[kept++] = *said;
	history->all.count = kept;
}

static void drop_range(struct hs_hash_map *ranges, uint64_t now, uint64_t number, uint64_t start, uint64_t end)
{
	struct history *history = range_at(ranges, number);
	const uint64_t base = number << range_shift, after = base + (1ull << range_shift);
	const unsigned int from = start > base ? (unsigned int)((start - base) >> HS_COLLAPSE_PAGE_SHIFT) : 0;
	const unsigned int to = end < after ? (unsigned int)((end - base) >> HS_COLLAPSE_PAGE_SHIFT) : HS_BITMAP512_BITS;

	if (!history)
		return;
	hs_vec_for_each(said, &history->all)
		if (said->last <= now)
			hs_bitmap512_clear_in(&said->present, from, to);
	forget_void(history);
	if (history->all.count)
		return;
	hs_hash_map_remove(ranges, number, NULL);
	free_history(history);
}

/* Few ranges in a large span: by the ranges; the map must not change while it is gone through. */
static void drop_scattered(struct hs_hash_map *ranges, uint64_t now, uint64_t start, uint64_t end)
{
	HS_VEC(uint64_t) numbers = { 0 };
	size_t at = 0;

	for (struct hs_hash_slot *slot; (slot = hs_hash_map_next(ranges, &at));) {
		if (slot->key >= start >> range_shift && slot->key <= (end - 1) >> range_shift &&
		    !hs_vec_push(&numbers, slot->key))
			break;
	}
	hs_vec_for_each(number, &numbers)
		drop_range(ranges, now, *number, start, end);
	hs_vec_deinit(&numbers);
}

void hs_page_memory_drop(struct hs_page_memory *memory, uint64_t now, uint32_t mm, uint64_t start, uint64_t end)
{
	struct hs_hash_map *ranges = ranges_of(memory, mm);

	if (!ranges || !ranges->count || start >= end)
		return;
	if ((end - start) >> range_shift > ranges->count) {
		drop_scattered(ranges, now, start, end);
		return;
	}
	for (uint64_t number = start >> range_shift; number <= (end - 1) >> range_shift; number++)
		drop_range(ranges, now, number, start, end);
}

void hs_page_memory_end(struct hs_page_memory *memory, uint32_t mm)
{
	uint64_t value;

	if (hs_hash_map_remove(&memory->mms, mm, &value))
		free_ranges((struct hs_hash_map *)(uintptr_t)value);
}
