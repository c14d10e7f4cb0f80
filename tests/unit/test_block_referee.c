// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random histories of adds, removals, onlines and offlines, decided by the model and by a slow referee that shares no
 * code and no data structure with it: it keeps one entry per section and looks at page after page, as the kernel's
 * loops do. Zones, spans, counters and ratio tests must be the same after every step.
 */
#include "tests/unit/block_fixture.h"

#include <stdlib.h>

#include "lib/rng.h"

enum {
	NODES = 3, SECTIONS = 96, SECTION = 32768, STEP = 512, GROUPS = 8, HISTORIES = 120, STEPS = 160,
	DMA_END = 4096, DMA32_SECTIONS = 8,
};

struct section {
	bool exists, is_online, is_early;
	int nid, zone, group;		/* group -1: none */
};

struct span {
	uint64_t start, spanned, present, early, cma;
};

struct group {
	bool is_used, is_dynamic;
	int nid;
	uint64_t pages, kernel, movable;
};

struct referee {
	struct section sections[SECTIONS];
	struct span zones[NODES][HS_NR_ZONES];
	struct group groups[GROUPS];
	uint32_t ratio;
	bool is_auto, is_numa_aware, has_movable_node;
	int per_block;
};

/* --- the referee's rules ----------------------------------------------------------------------------- */

static bool overlaps(const struct span *zone, uint64_t pfn, uint64_t nr)
{
	return zone->spanned && pfn < zone->start + zone->spanned && pfn + nr > zone->start;
}

static int kernel_zone(const struct referee *referee, int nid, uint64_t pfn, uint64_t nr)
{
	for (int i = HS_ZONE_DMA; i < HS_ZONE_NORMAL; i++)
		if (overlaps(&referee->zones[nid][i], pfn, nr))
			return i;
	return HS_ZONE_NORMAL;
}

static int contig_zone(const struct referee *referee, int nid, uint64_t pfn, uint64_t nr)
{
	int kernel = kernel_zone(referee, nid, pfn, nr);
	bool a = overlaps(&referee->zones[nid][kernel], pfn, nr);
	bool b = overlaps(&referee->zones[nid][HS_ZONE_MOVABLE], pfn, nr);

	if (a && !b)
		return kernel;
	if (b && !a)
		return HS_ZONE_MOVABLE;
	return referee->has_movable_node ? HS_ZONE_MOVABLE : kernel;
}

/* The page's zone as page_zone() would say, -1: not online. */
static int zone_of_page(const struct referee *referee, uint64_t pfn, int nid)
{
	const struct section *section = &referee->sections[pfn / SECTION];

	if (pfn >= (uint64_t)SECTIONS * SECTION || !section->is_online || section->nid != nid || pfn == 0)
		return -1;
	return pfn < DMA_END ? HS_ZONE_DMA : section->zone;
}

/* Long arithmetic on purpose: nothing here wraps, so that a wrap in the model would show. */
static bool may_be_movable(const struct referee *referee, int scope, int group, __int128 want)
{
	__int128 kernel = 0, movable = 0, required = 0;

	for (int nid = 0; nid < NODES; nid++)
		for (int i = 0; i < HS_NR_ZONES && (scope < 0 || scope == nid); i++) {
			const struct span *zone = &referee->zones[nid][i];

			if (i == HS_ZONE_MOVABLE)
				movable += zone->present;
			else if (zone->present) {
				kernel += (__int128)zone->early - zone->cma;
				movable += zone->cma;
			}
		}
	for (int i = 0; i < GROUPS; i++) {
		const struct group *other = &referee->groups[i];
		__int128 need;

		if (!other->is_used || !other->is_dynamic || i == group || (scope >= 0 && other->nid != scope))
			continue;
		need = (__int128)(other->movable * 100 / referee->ratio) - other->kernel;
		required += need > 0 ? need : 0;
		movable -= other->movable;
	}
	if (kernel <= required)
		return false;
	kernel -= required;
	if (group >= 0 && referee->groups[group].is_dynamic)
		kernel += referee->groups[group].kernel;
	/* A static group beyond its maximum wants less than nothing. */
	return movable + want <= (__int128)referee->ratio * kernel / 100;
}

static int auto_zone(const struct referee *referee, int nid, int group, uint64_t pfn, uint64_t nr)
{
	const struct group *own = group >= 0 ? &referee->groups[group] : NULL;
	__int128 want = nr;

	if (!referee->ratio)
		return kernel_zone(referee, nid, pfn, nr);
	if (own && !own->is_dynamic) {
		if (own->kernel)
			return kernel_zone(referee, nid, pfn, nr);
		want = (__int128)own->pages - own->movable;
	} else if (own && own->pages != nr) {
		uint64_t end = pfn / own->pages * own->pages + own->pages;

		want = own->pages;
		for (pfn = end - own->pages; pfn < end; pfn += SECTION) {
			const struct section *section = &referee->sections[pfn / SECTION];

			if (pfn / SECTION >= SECTIONS || !section->is_online)
				continue;
			if (section->zone != HS_ZONE_MOVABLE)
				return kernel_zone(referee, nid, pfn, nr);
			want -= SECTION;
		}
	}
	if (!may_be_movable(referee, -1, group, want) ||
	    (referee->is_numa_aware && !may_be_movable(referee, nid, group, want)))
		return kernel_zone(referee, nid, pfn, (uint64_t)want);
	return HS_ZONE_MOVABLE;
}

static int zone_for(const struct referee *referee, enum hs_online_type type, int nid, int group, uint64_t pfn,
		    uint64_t nr)
{
	if (type == HS_ONLINE_KERNEL)
		return kernel_zone(referee, nid, pfn, nr);
	if (type == HS_ONLINE_MOVABLE)
		return HS_ZONE_MOVABLE;
	return referee->is_auto ? auto_zone(referee, nid, group, pfn, nr) : contig_zone(referee, nid, pfn, nr);
}

/* --- the referee's bookkeeping ----------------------------------------------------------------------- */

static void count_section(struct referee *referee, int number, int zone, int sign)
{
	struct section *section = &referee->sections[number];
	struct span *span = &referee->zones[section->nid][zone];
	uint64_t pages = (uint64_t)(sign * SECTION);

	span->present += pages;
	span->early += section->is_early ? pages : 0;
	if (section->group < 0)
		return;
	if (zone == HS_ZONE_MOVABLE)
		referee->groups[section->group].movable += pages;
	else
		referee->groups[section->group].kernel += pages;
}

static void extend(struct span *span, uint64_t from, uint64_t to)
{
	uint64_t end = span->spanned ? span->start + span->spanned : to;

	if (!span->spanned || from < span->start)
		span->start = from;
	span->spanned = (to > end ? to : end) - span->start;
}

static void shrink(struct referee *referee, int nid, int zone, uint64_t from, uint64_t to)
{
	struct span *span = &referee->zones[nid][zone];
	uint64_t end = span->start + span->spanned, found = 0;

	if (span->start == from) {
		for (uint64_t pfn = to; pfn < end && !found; pfn += STEP)
			found = zone_of_page(referee, pfn, nid) == zone ? pfn : 0;
		span->spanned = found ? end - found : 0;
		span->start = found;
	} else if (end == to) {
		for (uint64_t pfn = from - 1; pfn >= span->start && pfn < from && !found; pfn -= STEP)
			found = zone_of_page(referee, pfn, nid) == zone ? pfn : 0;
		span->spanned = found ? found - span->start + 1 : 0;
		span->start = found ? span->start : 0;
	}
}

static void online_block(struct referee *referee, int block, int zone)
{
	for (int i = block * referee->per_block; i < (block + 1) * referee->per_block; i++) {
		referee->sections[i].is_online = true;
		referee->sections[i].zone = zone;
		count_section(referee, i, zone, 1);
	}
	extend(&referee->zones[referee->sections[block * referee->per_block].nid][zone],
	       (uint64_t)block * (uint64_t)referee->per_block * SECTION,
	       (uint64_t)(block + 1) * (uint64_t)referee->per_block * SECTION);
}

static void offline_block(struct referee *referee, int block)
{
	int first = block * referee->per_block, zone = referee->sections[first].zone;

	for (int i = first; i < first + referee->per_block; i++) {
		referee->sections[i].is_online = false;
		count_section(referee, i, zone, -1);
	}
	shrink(referee, referee->sections[first].nid, zone, (uint64_t)first * SECTION,
	       (uint64_t)(first + referee->per_block) * SECTION);
}

/* --- both, side by side ------------------------------------------------------------------------------ */

struct match {
	struct referee referee;
	struct hs_hotplug hotplug;
	struct hs_rng rng;
};

static uint64_t below(struct match *match, uint64_t bound)
{
	return hs_rng_below(&match->rng, bound);
}

/* Boot memory: node 0 with DMA, DMA32 and NORMAL, node 1 with a little NORMAL or none, node 2 with none. */
static void boot_section(struct match *match, int number, int nid)
{
	struct section *section = &match->referee.sections[number];
	int zone = number < DMA32_SECTIONS ? HS_ZONE_DMA32 : HS_ZONE_NORMAL;
	uint64_t start = number ? (uint64_t)number * SECTION : DMA_END, end = (uint64_t)(number + 1) * SECTION;
	struct span *span = &match->referee.zones[nid][zone];

	*section = (struct section){ true, true, true, nid, zone, -1 };
	extend(span, start, end);
	span->present += end - start;
	span->early += end - start;
	f0_boot_memory(&match->hotplug, nid, (enum hs_zone_index)zone, start, end);
}

static void boot(struct match *match)
{
	int nr_first = (int)(8 + below(match, 24)) / match->referee.per_block * match->referee.per_block;
	int nr_second = (int)below(match, 8) / match->referee.per_block * match->referee.per_block;
	struct span *dma = &match->referee.zones[0][HS_ZONE_DMA], *cma = &match->referee.zones[0][HS_ZONE_DMA32];

	*dma = (struct span){ 1, DMA_END - 1, DMA_END - 1, DMA_END - 1, 0 };
	f0_boot_memory(&match->hotplug, 0, HS_ZONE_DMA, 1, DMA_END);
	for (int i = 0; i < nr_first + nr_second; i++)
		boot_section(match, i, i < nr_first ? 0 : 1);
	if (below(match, 2))
		cma->cma = f0_zone(&match->hotplug, 0, HS_ZONE_DMA32)->cma = below(match, SECTION - DMA_END);
	for (int i = 0; i < (nr_first + nr_second) / match->referee.per_block; i++) {
		const struct section *section = &match->referee.sections[i * match->referee.per_block];
		struct hs_block *block;

		assert_int_equal(hs_block_create(&match->hotplug, (uint64_t)i, true, section->nid, 0, NULL, &block), 0);
		block->zone = i ? f0_zone(&match->hotplug, section->nid, (enum hs_zone_index)section->zone) : NULL;
	}
}

static void begin(struct match *match, uint64_t seed, int round)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };

	memset(match, 0, sizeof(*match));
	match->rng.state = seed;
	f0_init_empty(&match->hotplug, variants[round % 4]);
	assert_non_null(hs_node_add(&match->hotplug, 2));
	match->referee.per_block = 1 << below(match, 3);
	assert_int_equal(hs_hotplug_set_block_bytes(&match->hotplug, F0_BLOCK_BYTES * (uint64_t)match->referee.per_block),
			 0);
	match->referee.ratio = 301;
	match->referee.is_numa_aware = true;
	match->referee.has_movable_node = match->hotplug.settings.movable_node = below(match, 2);
	boot(match);
}

static void compare(struct match *match)
{
	for (int nid = 0; nid < NODES; nid++) {
		uint64_t start = UINT64_MAX, end = 0;
		const struct hs_node *node = hs_node_find(&match->hotplug, nid);

		for (int i = 0; i < HS_NR_ZONES; i++) {
			const struct span *wanted = &match->referee.zones[nid][i];
			const struct hs_zone *got = &node->zones[i];

			assert_int_equal(got->spanned, wanted->spanned);
			assert_int_equal(got->start, wanted->start);
			assert_int_equal(got->present, wanted->present);
			assert_int_equal(got->present_early, wanted->early);
			if (wanted->spanned && wanted->start < start)
				start = wanted->start;
			if (wanted->spanned && wanted->start + wanted->spanned > end)
				end = wanted->start + wanted->spanned;
		}
		assert_int_equal(node->spanned, end ? end - start : 0);
	}
	for (int i = 0; i < GROUPS; i++) {
		const struct hs_block_group *got = hs_block_group_find(&match->hotplug, i);

		assert_int_equal(got != NULL, match->referee.groups[i].is_used);
		if (!got)
			continue;
		assert_int_equal(got->present_kernel, match->referee.groups[i].kernel);
		assert_int_equal(got->present_movable, match->referee.groups[i].movable);
	}
}

static void add_or_remove(struct match *match, int block)
{
	struct referee *referee = &match->referee;
	struct section *first = &referee->sections[block * referee->per_block];
	int group = (int)below(match, GROUPS), nid = (int)below(match, NODES);

	if (first->exists && first->is_online)
		return;
	if (first->exists) {
		hs_block_remove(&match->hotplug, hs_block_find(&match->hotplug, (uint64_t)block));
		assert_int_equal(hs_page_ranges_clear(&match->hotplug.early,
						      (uint64_t)(block * referee->per_block) * SECTION,
						      (uint64_t)((block + 1) * referee->per_block) * SECTION), 0);
		memset(first, 0, sizeof(*first) * (size_t)referee->per_block);
		return;
	}
	group = referee->groups[group].is_used && below(match, 3) ? group : -1;
	for (int i = 0; i < referee->per_block; i++)
		first[i] = (struct section){ .exists = true, .group = group,
					     .nid = group >= 0 ? referee->groups[group].nid : nid };
	assert_int_equal(hs_block_create(&match->hotplug, (uint64_t)block, false, first->nid, 0,
					 hs_block_group_find(&match->hotplug, group), NULL), 0);
}

static void change_state(struct match *match, int block)
{
	struct referee *referee = &match->referee;
	const struct section *first = &referee->sections[block * referee->per_block];
	struct hs_block *own = hs_block_find(&match->hotplug, (uint64_t)block);
	enum hs_online_type type = below(match, 3) ? HS_ONLINE : (enum hs_online_type)(HS_ONLINE + below(match, 3));
	struct hs_zone_request request = { .type = type, .nr = hs_block_pages(&match->hotplug) };
	struct hs_zone_choice choice;
	int zone;

	if (!own || (first->is_online && !own->zone))
		return;
	if (first->is_online) {
		offline_block(referee, block);
		assert_int_equal(hs_block_effect_offline(&match->hotplug, own), 0);
		hs_block_set_status(&match->hotplug, own, HS_BLOCK_OFFLINE);
		return;
	}
	request.node = hs_node_find(&match->hotplug, own->nid);
	request.group = own->group;
	request.pfn = hs_block_start(&match->hotplug, own);
	zone = zone_for(referee, type, first->nid, first->group, request.pfn, request.nr);
	hs_zone_choose(&match->hotplug, &request, &choice);
	assert_int_equal(choice.zone->index, zone);
	assert_int_equal(choice.zone->nid, first->nid);
	online_block(referee, block, zone);
	assert_int_equal(hs_block_effect_online(&match->hotplug, own, f0_zone(&match->hotplug, first->nid,
									      (enum hs_zone_index)zone)), 0);
	hs_block_set_status(&match->hotplug, own, HS_BLOCK_ONLINE);
}

static void change_group(struct match *match)
{
	struct referee *referee = &match->referee;
	int id = (int)below(match, GROUPS), free_id = 0, members = 0;
	bool is_dynamic = below(match, 2);
	uint64_t pages = hs_block_pages(&match->hotplug) << below(match, 4);

	for (int i = 0; i < SECTIONS; i++)
		members += referee->sections[i].exists && referee->sections[i].group == id;
	if (referee->groups[id].is_used) {
		assert_int_equal(hs_block_group_unregister(&match->hotplug, id), members ? -EBUSY : 0);
		if (!members)
			referee->groups[id] = (struct group){ 0 };
		return;
	}
	while (referee->groups[free_id].is_used)
		free_id++;
	id = (int)below(match, NODES);
	assert_int_equal(hs_block_group_register(&match->hotplug, is_dynamic, id, pages), free_id);
	referee->groups[free_id] = (struct group){ true, is_dynamic, id, pages, 0, 0 };
}

static void change_policy(struct match *match)
{
	static const uint32_t ratios[] = { 0, 1, 30, 100, 150, 301, 400, 1000, 100000 };
	struct hs_block_settings *settings = &match->hotplug.settings;

	match->referee.is_auto = below(match, 4) != 0;
	match->referee.ratio = ratios[below(match, sizeof(ratios) / sizeof(*ratios))];
	match->referee.is_numa_aware = below(match, 2);
	settings->online_policy = match->referee.is_auto ? HS_AUTO_MOVABLE : HS_CONTIG_ZONES;
	settings->auto_movable_ratio = match->referee.ratio;
	settings->auto_movable_numa_aware = match->referee.is_numa_aware;
}

static void step(struct match *match)
{
	int block = (int)below(match, (uint64_t)(SECTIONS / match->referee.per_block));
	uint64_t what = below(match, 16);

	if (what == 0)
		change_policy(match);
	else if (what <= 2)
		change_group(match);
	else if (what <= 6)
		add_or_remove(match, block);
	else
		change_state(match, block);
}

static void test_histories(void **state)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 60612;

	(void)state;
	printf("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < HISTORIES; round++) {
		struct match match;

		begin(&match, seed + (uint64_t)round, round);
		for (int i = 0; i < STEPS; i++) {
			step(&match);
			compare(&match);
		}
		hs_hotplug_deinit(&match.hotplug);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_histories) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
