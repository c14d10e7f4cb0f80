// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second opinion on the SVM model: attributes and places kept page by page, without ranges, lists or
 * counters. After every operation each page must have the same attributes and be in the same place.
 * What the referee takes from the model: the bounds of the range that a fault meets, and whether a fault
 * was served at all (the 2 ms window and stale faults are the model's business).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rng.h"
#include "replay/svm/svm_state.h"

enum { BASE = 0x2000, PAGES = 0x600, NR_GPUS = 3, NR_RUNS = 80, NR_STEPS = 60, RAM = -1, NOWHERE = -2 };

struct page {
	bool is_covered, has_vma;
	bool is_pending;		/* unmapped, but the deferred work has not run */
	uint32_t preferred, prefetch, granularity, flags;
	uint64_t access, aip;
	int place;			/* RAM, NOWHERE or index of a GPU */
};

struct referee {
	struct hs_rng rng;
	struct hs_svm *svm;
	const struct hs_svm_rules *rules;
	struct hs_svm_gpu_setup gpus[NR_GPUS];
	uint32_t nr_gpus;
	bool xnack;
	bool served;			/* the model emitted fault_start */
	bool lost_places;		/* a known oddity makes places depend on counters */
	uint64_t places_compared;
	struct page pages[PAGES];
};

static uint64_t pick(struct referee *referee, uint64_t bound)
{
	return hs_rng_below(&referee->rng, bound);
}

static void see_effect(void *context, const struct hs_svm_effect *effect)
{
	struct referee *referee = context;

	referee->served |= effect->kind == HS_SVM_EFFECT_FAULT_START;
	if (effect->kind != HS_SVM_EFFECT_HAZARD)
		return;
	referee->lost_places |= effect->hazard == HS_SVM_HAZARD_VRAM_LEAK ||
				effect->hazard == HS_SVM_HAZARD_VRAM_MISATTRIBUTION ||
				effect->hazard == HS_SVM_HAZARD_ORPHAN_VRAM ||
				effect->hazard == HS_SVM_HAZARD_OWNER_LIVELOCK ||
				effect->hazard == HS_SVM_HAZARD_BUFFER_WAIT;
}

static void create(struct referee *referee, const char *variant)
{
	struct hs_svm_setup setup = {
		.gpus = referee->gpus, .granularity = 9, .max_range_pages = pick(referee, 2) ? 0x200 : 0,
		.system_limit_pages = UINT64_MAX, .stack_page = HS_SVM_NO_PAGE, .time = 1000000000,
		.retry_window = HS_SVM_RETRY_WINDOW, .host = { .effect = see_effect, .context = referee },
	};

	referee->rules = setup.rules = hs_svm_variant_find(variant);
	referee->nr_gpus = setup.nr_gpus = 1 + (uint32_t)pick(referee, NR_GPUS);
	referee->xnack = setup.xnack = pick(referee, 2);
	for (uint32_t i = 0; i < NR_GPUS; i++)
		referee->gpus[i] = (struct hs_svm_gpu_setup){ .id = 0x10 + i, .device = i,
							      .hive = (uint32_t)pick(referee, 2),
							      .vram_pages = 1 << 20, .is_supported = true };
	assert_int_equal(hs_svm_create(&setup, &referee->svm), 0);
	hs_svm_add_vma(referee->svm, BASE, BASE + PAGES - 1, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
	for (uint64_t i = 0; i < PAGES; i++)
		referee->pages[i] = (struct page){ .has_vma = true, .place = NOWHERE };
}

/* --- the referee's own rules --- */

static int gpu_of(const struct referee *referee, uint32_t id)
{
	for (uint32_t i = 0; i < referee->nr_gpus; i++)
		if (referee->gpus[i].id == id)
			return (int)i;
	return RAM;
}

static bool linked(const struct referee *referee, int a, int b)
{
	if (a == b)
		return referee->rules->node_unit;
	return referee->gpus[a].hive && referee->gpus[a].hive == referee->gpus[b].hive;
}

static void cover(struct referee *referee, struct page *page)
{
	page->is_covered = true;
	page->preferred = page->prefetch = HS_SVM_UNDEFINED;
	page->granularity = 9;
	page->flags = 3;
	page->access = referee->xnack ? (1ull << referee->nr_gpus) - 1 : 0;
	page->aip = 0;
}

static void set_attr(const struct referee *referee, struct page *page, struct hs_svm_attr attr)
{
	uint64_t bit = 1ull << (gpu_of(referee, attr.value) & 63);

	if (attr.type == HS_SVM_PREFERRED_LOC)
		page->preferred = attr.value;
	if (attr.type == HS_SVM_PREFETCH_LOC)
		page->prefetch = attr.value;
	if (attr.type == HS_SVM_SET_FLAGS)
		page->flags |= attr.value;
	if (attr.type == HS_SVM_CLR_FLAGS)
		page->flags &= ~attr.value;
	if (attr.type == HS_SVM_GRANULARITY)
		page->granularity = attr.value > 63 ? 63 : attr.value;
	if (attr.type < HS_SVM_ACCESS || attr.type > HS_SVM_NO_ACCESS)
		return;
	page->access = attr.type == HS_SVM_ACCESS ? page->access | bit : page->access & ~bit;
	page->aip = attr.type == HS_SVM_ACCESS_IN_PLACE ? page->aip | bit : page->aip & ~bit;
}

/* Where a prefetch puts this page; NOWHERE: nobody asked for one. */
static int prefetch_target(const struct referee *referee, const struct page *page)
{
	uint64_t users = referee->xnack ? page->aip : page->access | page->aip;
	int target = gpu_of(referee, page->prefetch);

	if (page->prefetch == HS_SVM_UNDEFINED)
		return NOWHERE;
	for (int i = 0; target >= 0 && i < (int)referee->nr_gpus; i++)
		if (users >> i & 1 && i != target && !linked(referee, i, target))
			return RAM;
	return target;
}

/* Where a fault of a GPU puts this page; NOWHERE: it may not use it. */
static int fault_target(const struct referee *referee, const struct page *page, int gpu, int at)
{
	int preferred = gpu_of(referee, page->preferred);

	if (page->preferred == 0)
		return RAM;
	if (preferred == gpu || (preferred >= 0 && linked(referee, gpu, preferred)))
		return preferred;
	if (page->access >> gpu & 1)
		return gpu;
	if (!(page->aip >> gpu & 1))
		return NOWHERE;
	return at >= 0 && linked(referee, gpu, at) ? at : RAM;
}

static void move(struct page *page, int target)
{
	if (target >= 0)
		page->place = target;
	else if (page->place >= 0)
		page->place = RAM;
}

/* --- comparison --- */

static const struct svm_range *covering(const struct referee *referee, uint64_t number)
{
	struct svm_range *parent;
	const struct svm_range *range = svm_range_from_addr(referee->svm, number, &parent);

	if (range && range->op == SVM_OP_UNMAP_RANGE && (range != parent || !hs_list_is_empty(&range->deferred)))
		return NULL;
	return range;
}

static void compare_attributes(const struct page *page, const struct svm_range *range)
{
	assert_int_equal(page->preferred, range->preferred_loc);
	assert_int_equal(page->prefetch, range->prefetch_loc);
	assert_int_equal(page->granularity, range->granularity);
	assert_int_equal(page->flags, range->flags);
	assert_int_equal(page->access, range->access);
	assert_int_equal(page->aip, range->aip);
}

static int place_in_model(const struct referee *referee, uint64_t number)
{
	uint64_t value = hs_svm_runs_get(&referee->svm->pages, number);
	const struct svm_bo *bo = svm_page_bo(value);

	return bo ? (int)bo->gpu : value == SVM_PAGE_RAM ? RAM : NOWHERE;
}

/* Mapping and copying populate pages as they go; what is not in VRAM counts as one place. */
static void compare_all(struct referee *referee)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		struct page *page = &referee->pages[i];
		const struct svm_range *range = covering(referee, BASE + i);
		int place = place_in_model(referee, BASE + i);

		assert_int_equal(page->is_covered, range != NULL);
		if (range)
			compare_attributes(page, range);
		if (referee->lost_places)
			continue;
		referee->places_compared += place >= 0;
		assert_int_equal(page->place >= 0 ? page->place : RAM, place >= 0 ? place : RAM);
		page->place = place;
	}
	if (hs_list_is_empty(&referee->svm->deferred))
		for (uint64_t i = 0; i < PAGES; i++)
			referee->pages[i].is_pending = false;
}

/* --- operations --- */

static struct hs_svm_attr pick_attr(struct referee *referee)
{
	struct hs_svm_attr attr = { .type = (uint32_t)pick(referee, 8) };
	uint32_t gpu = referee->gpus[pick(referee, referee->nr_gpus)].id;

	if (attr.type <= HS_SVM_PREFETCH_LOC)
		attr.value = pick(referee, 3) ? gpu : 0;
	else if (attr.type <= HS_SVM_NO_ACCESS)
		attr.value = gpu;
	else
		attr.value = (uint32_t)pick(referee, attr.type == HS_SVM_GRANULARITY ? 12 : 0x80);
	return attr;
}

/* 6.1 does not look again at data that is where it should be; others update what changed or is not mapped. */
static bool is_updated(const struct referee *referee, const struct page *old, const struct page *page,
		       bool asked, uint64_t number)
{
	const struct svm_range *range = covering(referee, number);
	bool same = old->is_covered && !asked && old->preferred == page->preferred && old->flags == page->flags &&
		    old->access == page->access && old->aip == page->aip && old->granularity == page->granularity;

	return !same || (referee->rules->same_needs_mapped && !(range && range->mapped_to_gpu));
}

static bool all_have_vma(const struct referee *referee, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i <= to; i++)
		if (!referee->pages[i].has_vma)
			return false;
	return true;
}

/* One attribute per call, so that "nothing changes" is the same question for a page and for a range. */
static void set_some(struct referee *referee, uint64_t from, uint64_t to)
{
	struct hs_svm_attr attr = pick_attr(referee);
	bool is_valid = all_have_vma(referee, from, to);

	hs_svm_run_deferred(referee->svm);
	for (uint64_t i = from; is_valid && i <= to; i++) {
		struct page *page = &referee->pages[i], old = *page;
		int target;

		if (!page->is_covered)
			cover(referee, page);
		set_attr(referee, page, attr);
		target = prefetch_target(referee, page);
		if (target != NOWHERE && is_updated(referee, &old, page, attr.type == HS_SVM_PREFETCH_LOC, BASE + i))
			move(page, target);
	}
	hs_svm_ioctl(referee->svm, 0, (BASE + from) << 12, (to - from + 1) << 12, &attr, 1);
}

static void unmap_some(struct referee *referee, uint64_t from, uint64_t to)
{
	hs_svm_munmap(referee->svm, BASE + from, BASE + to);
	for (uint64_t i = from; i <= to; i++) {
		struct page *page = &referee->pages[i];

		if (page->is_covered)
			page->is_pending = true;
		page->is_covered = page->has_vma = false;
		page->place = NOWHERE;
	}
	if (pick(referee, 3))
		return;
	hs_svm_add_vma(referee->svm, BASE + from, BASE + to, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
	for (uint64_t i = from; i <= to; i++)
		referee->pages[i].has_vma = true;
}

static bool may_join(const struct referee *referee, uint64_t i, uint64_t block)
{
	struct hs_svm_span vma = hs_svm_runs_find(&referee->svm->vmas, BASE + block);
	const struct page *page = &referee->pages[i];

	return BASE + i >= vma.start && BASE + i <= vma.last && (BASE + i) >> 9 == (BASE + block) >> 9 &&
	       !page->is_covered && !page->is_pending;
}

/* Nobody registered the page: the free pages around it in its VMA and 2 MiB block become a range. */
static void register_around(struct referee *referee, uint64_t at)
{
	uint64_t from = at, to = at;

	if (referee->pages[at].is_covered || referee->pages[at].is_pending || !referee->pages[at].has_vma)
		return;
	while (from > 0 && may_join(referee, from - 1, at))
		from--;
	while (to + 1 < PAGES && may_join(referee, to + 1, at))
		to++;
	for (uint64_t i = from; i <= to; i++)
		cover(referee, &referee->pages[i]);
}

/* The part of a range that a fault moves: the granule, or all of it. */
static void move_part(struct referee *referee, const struct svm_range *range, uint64_t at, bool whole, int target)
{
	uint64_t size = 1ull << referee->pages[at].granularity;
	uint64_t from = whole ? range->start : svm_max(range->start, (BASE + at) / size * size);
	uint64_t to = whole ? range->last : svm_min(range->last, (BASE + at) / size * size + size - 1);

	for (uint64_t i = from; i <= to; i++)
		move(&referee->pages[i - BASE], target);
}

static void gpu_fault(struct referee *referee, uint64_t at)
{
	int gpu = (int)pick(referee, referee->nr_gpus), old_place, target;
	const struct svm_range *range;
	bool is_reachable;

	range = covering(referee, BASE + at);
	old_place = range ? gpu_of(referee, range->actual_loc) : RAM;
	referee->served = false;
	if (referee->xnack && !referee->svm->drain_pagefaults)
		register_around(referee, at);
	hs_svm_gpu_fault(referee->svm, (uint32_t)gpu, BASE + at, true, 0);
	range = covering(referee, BASE + at);
	if (!referee->served)
		return;
	target = fault_target(referee, &referee->pages[at], gpu, old_place);
	assert_int_not_equal(target, NOWHERE);
	is_reachable = target >= 0 && old_place >= 0 && old_place != target;
	if (is_reachable)	/* between GPUs, everything goes by way of system memory first */
		move_part(referee, range, at, true, RAM);
	if (target != old_place || referee->rules->partial_migration)
		move_part(referee, range, at, !referee->rules->partial_migration, target);
}

static void cpu_fault(struct referee *referee, uint64_t at)
{
	const struct svm_range *range = covering(referee, BASE + at);
	struct svm_range before;

	if (!referee->pages[at].has_vma)
		return;
	if (range)
		before = *range;
	assert_true(hs_svm_cpu_fault(referee->svm, BASE + at));
	if (range && referee->pages[at].place >= 0)
		move_part(referee, &before, at, false, RAM);
}

static void step(struct referee *referee)
{
	uint64_t from = pick(referee, PAGES), to = svm_min(PAGES - 1, from + pick(referee, 0x300));

	hs_svm_set_time(referee->svm, referee->svm->now + pick(referee, 6000000));
	switch (pick(referee, 8)) {
	case 0: case 1: case 2:
		set_some(referee, from, to);
		break;
	case 3: case 4:
		gpu_fault(referee, from);
		break;
	case 5:
		cpu_fault(referee, from);
		break;
	case 6:
		unmap_some(referee, from, to);
		break;
	default:
		hs_svm_run_deferred(referee->svm);
		hs_svm_run_restore(referee->svm);
	}
}

static uint64_t run_once(const char *variant, uint64_t seed)
{
	static struct referee referee;
	uint64_t compared;

	memset(&referee, 0, sizeof(referee));
	referee.rng.state = seed;
	create(&referee, variant);
	for (int i = 0; i < NR_STEPS; i++) {
		step(&referee);
		assert_null(hs_svm_check(referee.svm));
		compare_all(&referee);
	}
	compared = referee.places_compared;
	hs_svm_destroy(referee.svm);
	return compared;
}

static void model_agrees_with_referee(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
	uint64_t seed = 41, compared = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t variant = 0; variant < sizeof(variants) / sizeof(variants[0]); variant++)
		for (uint64_t run = 0; run < NR_RUNS; run++)
			compared += run_once(variants[variant], seed + run);
	assert_true(compared > 100000);		/* pages found in VRAM by both */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_agrees_with_referee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
