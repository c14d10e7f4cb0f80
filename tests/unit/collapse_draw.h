/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COLLAPSE_DRAW_H
#define COLLAPSE_DRAW_H
/* Drawn page tables and settings for the properties of the collapse rules. */
#include "lib/rng.h"
#include "tests/unit/collapse_bench.h"

static const char letters[] = "PPPPPPPPPPPPNNNNZSSROOFcduhhzywmql";

/* A page table of long runs, few accidents: so that walks get far. */
static inline void draw_ptes(struct hs_rng *rng, char text[BENCH_NR + 1])
{
	const char *kinds = hs_rng_below(rng, 2) ? "PPPPNNOZhS" : letters;
	unsigned int at = 0;

	while (at < BENCH_NR) {
		char letter = kinds[hs_rng_below(rng, strlen(kinds))];
		unsigned int run = 1 + (unsigned int)hs_rng_below(rng, strchr("PNO", letter) ? 300 : 20);

		for (; run-- && at < BENCH_NR; at++)
			text[at] = letter;
	}
	text[BENCH_NR] = 0;
}

struct drawn {
	char text[BENCH_NR + 1];
	struct bench_range range;
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_scan_request request;
};

/* The page table of the text. */
static inline void draw_range(struct drawn *drawn)
{
	memset(&drawn->range, 0, sizeof(drawn->range));
	for (unsigned int i = 0; i < BENCH_NR; i++) {
		uint32_t planes = bench_planes(drawn->text[i]);

		for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++)
			if (planes & 1u << plane)
				hs_bitmap512_set(&drawn->range.ptes.plane[plane], i);
	}
}

static inline void draw(struct hs_rng *rng, struct drawn *drawn, enum hs_variant variant)
{
	draw_ptes(rng, drawn->text);
	draw_range(drawn);
	hs_collapse_rules_init(&drawn->rules, variant);
	hs_collapse_tunables_init(&drawn->tunables, BENCH_NR);
	drawn->tunables.max_ptes_none = hs_rng_below(rng, 3) ? 511 : hs_rng_below(rng, 512);
	drawn->tunables.max_ptes_swap = hs_rng_below(rng, 2) ? 64 : hs_rng_below(rng, 512);
	drawn->tunables.max_ptes_shared = hs_rng_below(rng, 2) ? 256 : hs_rng_below(rng, 512);
	drawn->request = (struct hs_scan_request){
		.rules = &drawn->rules, .tunables = &drawn->tunables, .orders = 1 << 9,
		.is_khugepaged = hs_rng_below(rng, 4) != 0,
		.vma_flags = hs_rng_below(rng, 10) ? 0 : HS_THP_VMA_UFFD_MISSING,
		.range = { .pmd = HS_PMD_TABLE, .ptes = &drawn->range.ptes },
	};
}

#endif
