// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/pte_walk.h"

#include <assert.h>

const char *hs_thp_assertion_name(enum hs_thp_assertion assertion)
{
	static const char *const names[] = {
		[HS_THP_NO_ASSERTION] = "none", [HS_THP_COMPOUND_PAGE] = "compound_page",
		[HS_THP_PAGE_NOT_ANON] = "page_not_anon", [HS_THP_PAGE_NOT_SWAP_BACKED] = "page_not_swap_backed",
		[HS_THP_UNALIGNED_CURSOR] = "unaligned_cursor", [HS_THP_NULL_VMA] = "null_vma",
	};

	return names[assertion];
}

struct hs_bitmap512 hs_bitmap512_and(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b)
{
	struct hs_bitmap512 both;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		both.word[i] = a->word[i] & b->word[i];
	return both;
}

struct hs_bitmap512 hs_bitmap512_or(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b)
{
	struct hs_bitmap512 any;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		any.word[i] = a->word[i] | b->word[i];
	return any;
}

struct hs_bitmap512 hs_bitmap512_and_not(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b)
{
	struct hs_bitmap512 rest;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		rest.word[i] = a->word[i] & ~b->word[i];
	return rest;
}

struct hs_bitmap512 hs_pte_present(const struct hs_pte_map *ptes, bool zero_is_none)
{
	struct hs_bitmap512 present;

	for (int i = 0; i < HS_BITMAP512_WORDS; i++) {
		uint64_t absent = ptes->plane[HS_PTE_NONE].word[i] | ptes->plane[HS_PTE_SWAP].word[i];

		if (zero_is_none)
			absent |= ptes->plane[HS_PTE_ZERO].word[i];
		present.word[i] = ~absent;
	}
	return present;
}

unsigned int hs_bitmap512_select(const struct hs_bitmap512 *map, unsigned int ordinal, unsigned int from,
				 unsigned int to)
{
	for (int i = (int)(from / 64); i < HS_BITMAP512_WORDS && (unsigned int)i * 64 < to; i++) {
		uint64_t word = map->word[i] & hs_bitmap512_mask(i, from, to);
		unsigned int count = (unsigned int)__builtin_popcountll(word);

		if (ordinal >= count) {
			ordinal -= count;
			continue;
		}
		for (; ordinal; ordinal--)
			word &= word - 1;
		return (unsigned int)i * 64 + (unsigned int)__builtin_ctzll(word);
	}
	return to;
}

struct hs_pte_check *hs_pte_walk_add(struct hs_pte_walk *walk, const struct hs_bitmap512 *bits, unsigned int limit,
				     enum hs_collapse_result result)
{
	struct hs_pte_check *check = &walk->checks[walk->nr_checks++];

	assert(walk->nr_checks <= HS_MAX_PTE_CHECKS);
	*check = (struct hs_pte_check){ .bits = *bits, .limit = limit, .result = result };
	return check;
}

const struct hs_pte_check *hs_pte_walk_run(const struct hs_pte_walk *walk, unsigned int *index)
{
	const struct hs_pte_check *stopped = NULL;
	unsigned int first = walk->to;

	for (unsigned int i = 0; i < walk->nr_checks; i++) {
		const struct hs_pte_check *check = &walk->checks[i];
		unsigned int at = hs_bitmap512_select(&check->bits, check->limit, walk->from, first);

		if (at < first) {
			first = at;
			stopped = check;
		}
	}
	*index = first;
	return stopped;
}
