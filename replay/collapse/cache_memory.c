// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/cache_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/collapse/range_group.h"

struct word {
	uint64_t time;			/* ns */
	uint64_t index;			/* of the range in its object: another one, and the mapping is another */
	struct hs_cache_map map;
};

/* Ascending. */
struct hs_cache_history {
	HS_VEC(struct word) all;
};

enum { INDEX_SHIFT = 9, ADDRESS_SHIFT = 21, NUMBER_SHIFT = 36 };

void hs_cache_memory_deinit(struct hs_cache_memory *memory)
{
	hs_vec_for_each(history, &memory->words) {
		hs_vec_deinit(&(*history)->all);
		free(*history);
	}
	hs_vec_deinit(&memory->words);
	hs_hash_map_deinit(&memory->by_address);
	hs_vec_deinit(&memory->ranges);
	hs_hash_map_deinit(&memory->by_place);
	hs_hash_map_deinit(&memory->objects);
}

/* --- what a policy makes of objects --- */

static uint64_t key_of(uint64_t number, uint64_t range)
{
	return number << NUMBER_SHIFT ^ range;
}

static struct hs_cached_range *find_range(const struct hs_cache_memory *memory, uint64_t object, uint64_t range)
{
	const uint64_t *number = hs_hash_map_get(&memory->objects, object);
	const uint64_t *at = number ? hs_hash_map_get(&memory->by_place, key_of(*number, range)) : NULL;

	return at ? &memory->ranges.items[*at] : NULL;
}

struct hs_cached_range *hs_cache_memory_get(struct hs_cache_memory *memory, uint64_t object, uint64_t index,
					    bool *is_new)
{
	struct hs_cached_range *range = find_range(memory, object, index >> INDEX_SHIFT);
	const uint64_t *number;

	*is_new = !range;
	if (range)
		return range;
	if (!hs_hash_map_get(&memory->objects, object) &&
	    hs_hash_map_put(&memory->objects, object, memory->objects.count + 1))
		return NULL;
	number = hs_hash_map_get(&memory->objects, object);
	if (!hs_vec_push(&memory->ranges, (struct hs_cached_range){ .is_huge = false }))
		return NULL;
	if (hs_hash_map_put(&memory->by_place, key_of(*number, index >> INDEX_SHIFT), memory->ranges.count - 1)) {
		memory->ranges.count--;
		return NULL;
	}
	return &memory->ranges.items[memory->ranges.count - 1];
}

void hs_cached_range_make_huge(struct hs_cached_range *range, uint64_t now)
{
	range->is_huge = true;
	range->since = now;
}

uint64_t hs_cache_memory_count_huge(const struct hs_cache_memory *memory)
{
	uint64_t nr = 0;

	hs_vec_for_each(range, &memory->ranges)
		nr += range->is_huge;
	return nr;
}

uint64_t hs_cache_memory_huge_ns(const struct hs_cache_memory *memory, uint64_t now)
{
	uint64_t sum = memory->huge_ns;

	hs_vec_for_each(range, &memory->ranges)
		sum += range->is_huge ? now - range->since : 0;
	return sum;
}

/* Pages [from, to) of one range. */
static void punch_range(struct hs_cache_memory *memory, uint64_t now, struct hs_cached_range *range,
			unsigned int from, unsigned int to)
{
	if (range->is_huge) {
		hs_bitmap512_set_in(&range->seen, 0, HS_BITMAP512_BITS);
		memory->huge_ns += now - range->since;
	}
	range->is_huge = false;
	hs_bitmap512_clear_in(&range->seen, from, to);
}

void hs_cache_memory_punch(struct hs_cache_memory *memory, uint64_t now, uint64_t object, uint64_t index,
			   uint64_t pages)
{
	const uint64_t end = index + pages;

	for (uint64_t at = index; at < end;) {
		const uint64_t first = at & ~(uint64_t)(HS_BITMAP512_BITS - 1), after = first + HS_BITMAP512_BITS;
		struct hs_cached_range *range = find_range(memory, object, at >> INDEX_SHIFT);

		if (range)
			punch_range(memory, now, range, (unsigned int)(at - first),
				    (unsigned int)((end < after ? end : after) - first));
		at = after;
	}
}

/* --- what the recorded kernel's scans read --- */

static struct hs_cache_history *find_history(const struct hs_cache_memory *memory, uint32_t mm, uint64_t address)
{
	const uint64_t *at = hs_hash_map_get(&memory->by_address, key_of(mm, address >> ADDRESS_SHIFT));

	return at ? memory->words.items[*at] : NULL;
}

static struct hs_cache_history *make_history(struct hs_cache_memory *memory, uint32_t mm, uint64_t address)
{
	struct hs_cache_history *history = find_history(memory, mm, address);

	if (history)
		return history;
	history = calloc(1, sizeof(*history));
	if (!history || !hs_vec_push(&memory->words, history)) {
		free(history);
		return NULL;
	}
	if (hs_hash_map_put(&memory->by_address, key_of(mm, address >> ADDRESS_SHIFT), memory->words.count - 1) == 0)
		return history;
	memory->words.count--;
	free(history);
	return NULL;
}

int hs_cache_memory_note(struct hs_cache_memory *memory, const struct hs_collapse_cache *event)
{
	struct word word = { .time = event->row.time, .index = event->index };
	struct hs_cache_history *history;

	if (!event->is_whole)
		return 0;
	history = make_history(memory, event->row.mm, event->address);
	if (!history)
		return -ENOMEM;
	hs_cache_map_take(&word.map, event);
	/* A huge page that was not there at first is the recorded kernel's doing, not this policy's. */
	if (word.map.has_huge && history->all.count)
		return 0;
	return hs_vec_push(&history->all, word) ? 0 : -ENOMEM;
}

const struct hs_cache_map *hs_cache_memory_word(const struct hs_cache_memory *memory, uint64_t now, uint32_t mm,
						uint64_t address, uint64_t index)
{
	const struct hs_cache_history *history = find_history(memory, mm, address);
	const struct hs_cache_map *map = NULL;

	if (!history)
		return NULL;
	hs_vec_for_each(word, &history->all) {
		if (map && word->time > now)
			break;
		if (word->index == index)
			map = &word->map;
	}
	return map;
}
