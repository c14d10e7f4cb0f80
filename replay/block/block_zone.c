// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_zone.h"

#include "replay/block/block_group.h"

static const char *const why_names[HS_NR_ZONE_WHYS] = {
	"online_kernel", "online_movable", "contig_kernel", "contig_movable", "contig_both", "contig_none",
	"auto_movable", "ratio_zero", "static_group_has_kernel", "unit_has_kernel", "ratio_global", "ratio_node",
};

const char *hs_zone_why_name(enum hs_zone_why why)
{
	return why_names[why];
}

/* default_kernel_zone_for_pfn: the lowest special zone whose span intersects, else NORMAL even if empty. */
static const struct hs_zone *default_kernel_zone(const struct hs_node *node, uint64_t pfn, uint64_t nr)
{
	for (int i = 0; i < HS_ZONE_NORMAL; i++)
		if (hs_zone_intersects(&node->zones[i], pfn, nr))
			return &node->zones[i];
	return &node->zones[HS_ZONE_NORMAL];
}

/* default_zone_for_pfn: policy contig-zones. */
static void choose_contig(const struct hs_hotplug *hotplug, const struct hs_zone_request *request,
			  struct hs_zone_choice *choice)
{
	const struct hs_zone *movable = &request->node->zones[HS_ZONE_MOVABLE];
	const struct hs_zone *kernel = default_kernel_zone(request->node, request->pfn, request->nr);
	bool in_kernel = hs_zone_intersects(kernel, request->pfn, request->nr);
	bool in_movable = hs_zone_intersects(movable, request->pfn, request->nr);

	if (in_kernel != in_movable) {
		choice->zone = in_kernel ? kernel : movable;
		choice->why = in_kernel ? HS_ZONE_CONTIG_KERNEL : HS_ZONE_CONTIG_MOVABLE;
		return;
	}
	choice->zone = hotplug->settings.movable_node ? movable : kernel;
	choice->why = in_kernel ? HS_ZONE_CONTIG_BOTH : HS_ZONE_CONTIG_NONE;
}

/* Counters wrap as the kernel's unsigned long does. */
struct ratio_stats {
	uint32_t ratio;
	uint64_t kernel_early, movable;
	uint64_t required, group_movable;
};

/* auto_movable_stats_account_zone */
static void account_node(struct ratio_stats *stats, const struct hs_node *node)
{
	for (int i = 0; i < HS_NR_ZONES; i++) {
		const struct hs_zone *zone = &node->zones[i];

		if (!zone->present)
			continue;
		if (i == HS_ZONE_MOVABLE) {
			stats->movable += zone->present;
			continue;
		}
		stats->kernel_early += zone->present_early - zone->cma;
		stats->movable += zone->cma;
	}
}

/* auto_movable_stats_account_group: the division is by the ratio as an int, sign-extended. */
static int account_group(const struct hs_block_group *group, void *context)
{
	struct ratio_stats *stats = context;
	uint64_t divisor = (uint64_t)(int64_t)(int32_t)stats->ratio;
	int64_t need;

	if (!stats->ratio)
		return 0;
	need = (int64_t)(group->present_movable * 100 / divisor - group->present_kernel);
	if (need > 0)
		stats->required += (uint64_t)need;
	stats->group_movable += group->present_movable;
	return 0;
}

bool hs_zone_can_online_movable(const struct hs_hotplug *hotplug, int32_t nid, const struct hs_block_group *group,
				uint64_t want, struct hs_ratio_test *test)
{
	struct ratio_stats stats = { .ratio = hotplug->settings.auto_movable_ratio };

	for (int32_t i = 0; i < hotplug->nr_nodes; i++)
		if (hotplug->nodes[i] && (nid == HS_NO_NODE || nid == i))
			account_node(&stats, hotplug->nodes[i]);
	hs_block_group_walk_dynamic(hotplug, nid, group, account_group, &stats);
	*test = (struct hs_ratio_test){
		.nid = nid, .want = want, .kernel_early = stats.kernel_early, .required = stats.required,
	};
	if (stats.kernel_early <= stats.required) {
		test->result = HS_RATIO_NO_KERNEL_MEMORY;
		return false;
	}
	test->kernel = stats.kernel_early - stats.required;
	if (group && group->is_dynamic)
		test->kernel += group->present_kernel;
	test->movable = stats.movable - stats.group_movable + want;
	test->limit = stats.ratio * test->kernel / 100;
	test->result = test->movable <= test->limit ? HS_RATIO_FITS : HS_RATIO_EXCEEDS;
	return test->result == HS_RATIO_FITS;
}

static void choose_kernel(const struct hs_zone_request *request, uint64_t pfn, uint64_t nr, enum hs_zone_why why,
			  struct hs_zone_choice *choice)
{
	choice->zone = default_kernel_zone(request->node, pfn, nr);
	choice->why = why;
}

/*
 * The sections of a dynamic group's unit: pages already online in ZONE_MOVABLE go to *movable; the first
 * online section of another zone ends the scan with false. *pfn is left where the scan ended. The kernel
 * looks at each section's first page, which in a hole has the zone of what follows (memmap_init); so does this, from
 * one online range to the next.
 */
static bool scan_unit(const struct hs_hotplug *hotplug, uint64_t unit_pages, uint64_t *pfn, uint64_t *movable)
{
	uint64_t section = hotplug->geometry.section_pages, start = *pfn - *pfn % unit_pages, end = start + unit_pages;
	uint64_t next = start;

	hs_range_for_each_overlap(node, &hotplug->online.tree, start, end) {
		const struct hs_zone *zone = hs_container_of(node, struct hs_page_range, node)->tag;
		uint64_t from = node->start > start ? node->start : start, to = node->end < end ? node->end : end;
		uint64_t first = from - from % section > next ? from - from % section : next;

		if (first >= to)
			continue;
		next = (to + section - 1) / section * section;
		if (zone->index != HS_ZONE_MOVABLE) {
			*pfn = first;
			return false;
		}
		*movable += (to - first + section - 1) / section * section;
	}
	*pfn = end;
	return true;
}

static bool test_ratio(const struct hs_hotplug *hotplug, int32_t nid, const struct hs_zone_request *request,
		       uint64_t want, struct hs_zone_choice *choice)
{
	return hs_zone_can_online_movable(hotplug, nid, request->group, want, &choice->tests[choice->nr_tests++]);
}

/*
 * auto_movable_zone_for_pfn. Where the kernel zone is chosen late, it is looked up for the range as the
 * checks left it: pfn behind the scanned unit, nr the pages asked for.
 */
static void choose_auto_movable(const struct hs_hotplug *hotplug, const struct hs_zone_request *request,
				struct hs_zone_choice *choice)
{
	const struct hs_block_group *group = request->group;
	uint64_t pfn = request->pfn, most = request->nr, done = 0;

	if (!hotplug->settings.auto_movable_ratio) {
		choose_kernel(request, pfn, request->nr, HS_ZONE_RATIO_ZERO, choice);
		return;
	}
	if (group && !group->is_dynamic) {
		if (group->present_kernel) {
			choose_kernel(request, pfn, request->nr, HS_ZONE_STATIC_GROUP_HAS_KERNEL, choice);
			return;
		}
		most = group->pages;
		done = group->present_movable;
	} else if (group && group->pages != request->nr) {
		most = group->pages;
		if (!scan_unit(hotplug, group->pages, &pfn, &done)) {
			choose_kernel(request, pfn, request->nr, HS_ZONE_UNIT_HAS_KERNEL, choice);
			return;
		}
	}
	if (!test_ratio(hotplug, HS_NO_NODE, request, most - done, choice)) {
		choose_kernel(request, pfn, most - done, HS_ZONE_RATIO_GLOBAL, choice);
	} else if (hotplug->settings.auto_movable_numa_aware &&
		   !test_ratio(hotplug, request->node->nid, request, most - done, choice)) {
		choose_kernel(request, pfn, most - done, HS_ZONE_RATIO_NODE, choice);
	} else {
		choice->zone = &request->node->zones[HS_ZONE_MOVABLE];
		choice->why = HS_ZONE_AUTO_MOVABLE;
	}
}

void hs_zone_choose(const struct hs_hotplug *hotplug, const struct hs_zone_request *request,
		    struct hs_zone_choice *choice)
{
	choice->nr_tests = 0;
	if (request->type == HS_ONLINE_KERNEL) {
		choose_kernel(request, request->pfn, request->nr, HS_ZONE_ONLINE_KERNEL, choice);
	} else if (request->type == HS_ONLINE_MOVABLE) {
		choice->zone = &request->node->zones[HS_ZONE_MOVABLE];
		choice->why = HS_ZONE_ONLINE_MOVABLE;
	} else if (hotplug->settings.online_policy == HS_AUTO_MOVABLE) {
		choose_auto_movable(hotplug, request, choice);
	} else {
		choose_contig(hotplug, request, choice);
	}
}

const struct hs_zone *hs_zone_for_early_block(const struct hs_hotplug *hotplug, uint64_t block_id, int32_t nid)
{
	const struct hs_node *node = hs_node_find(hotplug, nid);
	const struct hs_zone *only = NULL;

	for (int i = 0; node && i < HS_NR_ZONES; i++) {
		const struct hs_zone *zone = &node->zones[i];

		if (!zone->present ||
		    !hs_zone_intersects(zone, block_id * hs_block_pages(hotplug), hs_block_pages(hotplug)))
			continue;
		if (only)
			return NULL;
		only = zone;
	}
	return only;
}

static void grow_span(uint64_t *start, uint64_t *spanned, uint64_t from, uint64_t to)
{
	uint64_t end = *start + *spanned;

	if (!*spanned || from < *start)
		*start = from;
	*spanned = (to > end ? to : end) - *start;
}

void hs_zone_grow(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t pfn, uint64_t nr)
{
	struct hs_node *node = hs_node_find(hotplug, zone->nid);

	grow_span(&zone->start, &zone->spanned, pfn, pfn + nr);
	grow_span(&node->start, &node->spanned, pfn, pfn + nr);
}

void hs_zone_shrink(struct hs_hotplug *hotplug, struct hs_zone *zone, uint64_t pfn, uint64_t nr)
{
	uint64_t step = hotplug->geometry.subsection_pages, end = pfn + nr, zone_end = hs_zone_end(zone), at = 0;

	if (zone->index == HS_ZONE_DEVICE)
		return;
	/* A pfn of 0 means "not found" in the kernel's searches, whether or not page 0 is there. */
	if (zone->start == pfn) {
		if (!hs_page_ranges_first(&hotplug->online, end, zone_end, step, zone, &at))
			at = 0;
		zone->start = at;
		zone->spanned = at ? zone_end - at : 0;
	} else if (zone_end == end) {
		if (!hs_page_ranges_last(&hotplug->online, zone->start, pfn, step, zone, &at))
			at = 0;
		zone->spanned = at ? at - zone->start + 1 : 0;
		zone->start = at ? zone->start : 0;
	}
	hs_node_update_span(hs_node_find(hotplug, zone->nid));
}
