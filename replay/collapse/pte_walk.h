/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PTE_WALK_H
#define HS_PTE_WALK_H
/*
 * Walks over page table entries, without walking: a rule of the kernel's loop is a bitmap of the entries
 * it fires on and how many of them it tolerates; the loop stops at the lowest entry where some rule's
 * tolerance is used up, and of several rules at one entry the first in the kernel's order decides.
 */
#include "replay/collapse/collapse_result.h"
#include "replay/collapse/collapse_request.h"

/* A state that the kernel asserts never to see: a model reports it and does not decide. */
enum hs_thp_assertion {
	HS_THP_NO_ASSERTION, HS_THP_COMPOUND_PAGE, HS_THP_PAGE_NOT_ANON, HS_THP_PAGE_NOT_SWAP_BACKED,
	HS_THP_UNALIGNED_CURSOR, HS_THP_NULL_VMA
};
const char *hs_thp_assertion_name(enum hs_thp_assertion assertion);

/* Part of a rule's order at which the page behind the entry is known (for has_page). */
struct hs_pte_check {
	struct hs_bitmap512 bits;
	unsigned int limit;		/* entries it tolerates */
	enum hs_collapse_result result;
	enum hs_thp_assertion assertion;
	bool has_page;			/* the page was remembered before this check */
};

enum { HS_MAX_PTE_CHECKS = 20, HS_NO_LIMIT = 1 << 20 };

struct hs_pte_walk {
	const struct hs_pte_map *ptes;
	unsigned int from, to;		/* entries [from, to) */
	unsigned int nr_checks;
	struct hs_pte_check checks[HS_MAX_PTE_CHECKS];
};

/* Entries of a present page, the zero page counted only when zero_is_none is 0. */
struct hs_bitmap512 hs_pte_present(const struct hs_pte_map *ptes, bool zero_is_none);

struct hs_bitmap512 hs_bitmap512_and(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b);
struct hs_bitmap512 hs_bitmap512_or(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b);
struct hs_bitmap512 hs_bitmap512_and_not(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b);

/* Position of the set bit number `ordinal` (from 0) in [from, to), or `to` if there are fewer. */
unsigned int hs_bitmap512_select(const struct hs_bitmap512 *map, unsigned int ordinal, unsigned int from,
				 unsigned int to);

/* Adds a check that fires on bits; those already added come first at the same entry. */
struct hs_pte_check *hs_pte_walk_add(struct hs_pte_walk *walk, const struct hs_bitmap512 *bits, unsigned int limit,
				     enum hs_collapse_result result);

/* The entry where the walk stops and the check that stops it; NULL and *index = to if it completes. */
const struct hs_pte_check *hs_pte_walk_run(const struct hs_pte_walk *walk, unsigned int *index);

#endif
