/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CACHE_MEMORY_H
#define HS_CACHE_MEMORY_H
/*
 * What is known of the page caches of files and shared memory while a policy runs free: what the recorded kernel's
 * scans read there, which pages were seen mapped, and which ranges the policy itself has made huge. A range is 512
 * pages, aligned in the object; all address spaces that map an object share its ranges.
 */
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "replay/collapse/file_rules.h"
#include "traces/kinds.h"

struct hs_cached_range {
	struct hs_bitmap512 seen;	/* pages that were mapped, or that the policy brought in */
	bool is_huge;			/* under the policy */
	uint64_t since;			/* ns: it is huge */
};

struct hs_cache_memory {
	struct hs_hash_map objects;	/* object → its number, from 1 on */
	struct hs_hash_map by_place;	/* number and range → index in ranges */
	HS_VEC(struct hs_cached_range) ranges;
	uint64_t huge_ns;		/* sum of the times that ranges were huge, of those that are no more */
	struct hs_hash_map by_address;	/* mm and address → index in words */
	HS_VEC(struct hs_cache_history *) words;
};

void hs_cache_memory_deinit(struct hs_cache_memory *memory);

/*
 * The range of an object that holds page `index`; made where there is none, *is_new says so. NULL: out of memory.
 * Valid until the next call.
 */
struct hs_cached_range *hs_cache_memory_get(struct hs_cache_memory *memory, uint64_t object, uint64_t index,
					    bool *is_new);

/* The range is huge from now on. */
void hs_cached_range_make_huge(struct hs_cached_range *range, uint64_t now);
/* Ranges that are huge now; the sum of the times that ranges were, up to now, in ns. */
uint64_t hs_cache_memory_count_huge(const struct hs_cache_memory *memory);
uint64_t hs_cache_memory_huge_ns(const struct hs_cache_memory *memory, uint64_t now);

/* Pages [index, index + pages) of the object are gone now: MADV_REMOVE. A huge page of which a part goes is none. */
void hs_cache_memory_punch(struct hs_cache_memory *memory, uint64_t now, uint64_t object, uint64_t index,
			   uint64_t pages);

/* What a recorded scan was about to read, not before the one noted last. 0 or -ENOMEM. */
int hs_cache_memory_note(struct hs_cache_memory *memory, const struct hs_collapse_cache *event);

/*
 * The last such word about the range at that time, or the first one after it; NULL: there is none of that index.
 * What the recorded kernel had made huge meanwhile is not among them. Valid until the next note.
 */
const struct hs_cache_map *hs_cache_memory_word(const struct hs_cache_memory *memory, uint64_t now, uint32_t mm,
						uint64_t address, uint64_t index);

#endif
