/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_ZONE_H
#define HS_BLOCK_ZONE_H
/*
 * Which zone a range of pages comes online in, and what happens to spans when it does. The choice is
 * pure; zone_for_pfn_range and its helpers in mm/memory_hotplug.c, the same in all variants.
 */
#include "replay/block/block_state.h"

/* The check that decided. */
enum hs_zone_why {
	HS_ZONE_ONLINE_KERNEL, HS_ZONE_ONLINE_MOVABLE,
	HS_ZONE_CONTIG_KERNEL, HS_ZONE_CONTIG_MOVABLE,	/* exactly one span intersects */
	HS_ZONE_CONTIG_BOTH, HS_ZONE_CONTIG_NONE,
	HS_ZONE_AUTO_MOVABLE,
	HS_ZONE_RATIO_ZERO, HS_ZONE_STATIC_GROUP_HAS_KERNEL, HS_ZONE_UNIT_HAS_KERNEL,
	HS_ZONE_RATIO_GLOBAL, HS_ZONE_RATIO_NODE,
	HS_NR_ZONE_WHYS
};
const char *hs_zone_why_name(enum hs_zone_why why);

/* One ratio test with everything it was computed from (pages). auto_movable_can_online_movable */
struct hs_ratio_test {
	int32_t nid;			/* HS_NO_NODE: all nodes */
	uint64_t want;			/* pages asked for; wraps for a static group over its maximum */
	uint64_t kernel_early;		/* in scope, CMA subtracted */
	uint64_t required;		/* of these, needed by other dynamic groups */
	uint64_t kernel, movable, limit;	/* what was compared; 0 when kernel_early <= required */
	enum { HS_RATIO_NO_KERNEL_MEMORY, HS_RATIO_FITS, HS_RATIO_EXCEEDS } result;
};

struct hs_zone_request {
	enum hs_online_type type;	/* HS_OFFLINE counts as HS_ONLINE */
	const struct hs_node *node;
	const struct hs_block_group *group;	/* NULL: none */
	uint64_t pfn, nr;
};

struct hs_zone_choice {
	const struct hs_zone *zone;
	enum hs_zone_why why;
	unsigned int nr_tests;
	struct hs_ratio_test tests[2];	/* all nodes, then the own one */
};

void hs_zone_choose(const struct hs_hotplug *hotplug, const struct hs_zone_request *request,
		    struct hs_zone_choice *choice);

/* Could `want` more pages go to ZONE_MOVABLE? Fills *test; true: yes. nid HS_NO_NODE: all nodes. */
bool hs_zone_can_online_movable(const struct hs_hotplug *hotplug, int32_t nid, const struct hs_block_group *group,
				uint64_t want, struct hs_ratio_test *test);

/* Zone of a block that is there since boot, as far as this node goes; NULL: none or several. */
const struct hs_zone *hs_zone_for_early_block(const struct hs_hotplug *hotplug, uint64_t block_id, int32_t nid);

/* Span of zone and node grow by [pfn, pfn + nr). resize_zone_range, resize_pgdat_range */
void hs_zone_grow(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t pfn, uint64_t nr);
/* The range has left the zone (it is no longer online): shrink_zone_span, update_pgdat_span. */
void hs_zone_shrink(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t pfn, uint64_t nr);

#endif
