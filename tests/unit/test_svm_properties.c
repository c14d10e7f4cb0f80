// SPDX-License-Identifier: GPL-2.0-only
/* Random operations with random failures on all variants: what must hold, holds after each of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rng.h"
#include "replay/svm/svm_state.h"

enum { BASE = 0x1000, PAGES = 0x1000, NR_GPUS = 4, NR_RUNS = 60, NR_STEPS = 120 };

static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };

struct world {
	struct hs_rng rng;
	struct hs_svm *svm;
	bool may_fail;
	int faulting_gpu;		/* -1: none */
	int64_t stops, resumes, vital;
	uint64_t maps, bad_maps, effects;
	bool tables[NR_GPUS][PAGES];	/* what the GPUs' page tables hold */
};

static void write_tables(struct world *world, const struct hs_svm_effect *effect, bool is_mapped)
{
	for (uint64_t page = effect->start; !effect->rc && page <= effect->last; page++)
		world->tables[effect->gpu][page - BASE] = is_mapped;
}

static uint64_t pick(struct world *world, uint64_t bound)
{
	return hs_rng_below(&world->rng, bound);
}

/* Only GPUs that the range names, or the one that faults, get a mapping. */
static bool may_map(const struct world *world, const struct hs_svm_effect *effect)
{
	struct svm_range *range = svm_range_from_addr(world->svm, effect->start, NULL);

	return range && (((range->access | range->aip) >> effect->gpu & 1) ||
			 (int)effect->gpu == world->faulting_gpu);
}

static void see_effect(void *context, const struct hs_svm_effect *effect)
{
	struct world *world = context;

	world->effects++;
	world->stops += effect->kind == HS_SVM_EFFECT_EVICT_QUEUES;
	world->resumes += effect->kind == HS_SVM_EFFECT_RESTORE_QUEUES;
	world->vital += effect->kind == HS_SVM_EFFECT_HAZARD && effect->hazard == HS_SVM_HAZARD_QUEUE_VITAL;
	if (effect->kind == HS_SVM_EFFECT_UNMAP)
		write_tables(world, effect, false);
	if (effect->kind == HS_SVM_EFFECT_MAP) {
		write_tables(world, effect, true);
		world->maps++;
		world->bad_maps += !may_map(world, effect);
	}
}

static int maybe_fail(void *context, enum hs_svm_passage passage, uint64_t count, uint64_t *passed)
{
	static const int errors[] = { -ENOMEM, -EAGAIN, -EFAULT, -ENODEV };
	struct world *world = context;

	if (!world->may_fail || pick(world, 60))
		return 0;
	if (passage == HS_SVM_AT_WALK_DONE || passage == HS_SVM_AT_VALIDATE_END) {
		uint64_t start = BASE + pick(world, PAGES - 64);

		hs_svm_invalidate(world->svm, HS_SVM_EVENT_CLEAR, start, start + pick(world, 64));
		return 0;
	}
	*passed = pick(world, count);
	return errors[pick(world, 4)];
}

static void create(struct world *world, const char *variant)
{
	struct hs_svm_gpu_setup gpus[NR_GPUS];
	struct hs_svm_setup setup = {
		.rules = hs_svm_variant_find(variant), .gpus = gpus, .nr_gpus = 1 + (uint32_t)pick(world, NR_GPUS),
		.xnack = pick(world, 2), .granularity = 9, .max_range_pages = pick(world, 2) ? 0x200 : 0,
		.system_limit_pages = pick(world, 3) ? UINT64_MAX : 0x800, .heap_start = BASE,
		.heap_end = BASE + 0x80, .stack_page = HS_SVM_NO_PAGE, .time = 1000000000,
		.retry_window = HS_SVM_RETRY_WINDOW,
		.host = { .effect = see_effect, .pass = maybe_fail, .context = world },
	};

	uint64_t vram = pick(world, 3) ? 0x100000 : 0x600;

	setup.makes_room = vram == 0x600;
	for (uint32_t i = 0; i < NR_GPUS; i++)
		gpus[i] = (struct hs_svm_gpu_setup){
			.id = 0xa + i, .device = i / (1 + (uint32_t)pick(world, 2)), .hive = (uint32_t)pick(world, 2),
			.vram_pages = vram, .is_supported = true, .has_retry_cam = pick(world, 2),
		};
	world->faulting_gpu = -1;
	assert_int_equal(hs_svm_create(&setup, &world->svm), 0);
	hs_svm_add_vma(world->svm, BASE, BASE + PAGES - 1, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
}

static struct hs_svm_attr pick_attr(struct world *world)
{
	static const uint32_t flags[] = { 0x40, 0x8, 0x10, 0x20 };
	uint32_t gpu = 0xa + (uint32_t)pick(world, world->svm->nr_gpus);
	struct hs_svm_attr attr = { .type = (uint32_t)pick(world, 8) };

	switch (attr.type) {
	case HS_SVM_SET_FLAGS:
	case HS_SVM_CLR_FLAGS:
		attr.value = flags[pick(world, 4)];
		break;
	case HS_SVM_GRANULARITY:
		attr.value = (uint32_t)pick(world, 70);
		break;
	case HS_SVM_PREFERRED_LOC:
	case HS_SVM_PREFETCH_LOC:
		attr.value = pick(world, 3) ? gpu : 0;
		break;
	default:
		attr.value = gpu;
	}
	return attr;
}

static uint64_t count_covered(const struct hs_svm *svm)
{
	uint64_t pages = 0;

	hs_list_for_each(range, &svm->list, struct svm_range, list)
		pages += svm_range_pages(range);
	return pages;
}

/* What was set is what is read. */
static void expect_attr(struct world *world, uint64_t start, uint64_t pages, const struct hs_svm_attr *wanted)
{
	struct hs_svm_attr got = *wanted;

	if (got.type == HS_SVM_ACCESS_IN_PLACE || got.type == HS_SVM_NO_ACCESS)
		got.type = HS_SVM_ACCESS;
	assert_int_equal(hs_svm_ioctl(world->svm, 1, start << 12, pages << 12, &got, 1), 0);
	assert_int_equal(got.type, wanted->type);
	if (wanted->type == HS_SVM_SET_FLAGS || wanted->type == HS_SVM_CLR_FLAGS)
		assert_int_equal(got.value & wanted->value, wanted->value);
	else
		assert_int_equal(got.value, wanted->type == HS_SVM_GRANULARITY ?
				 svm_min(wanted->value, SVM_GRANULARITY_MAX) : wanted->value);
}

/* Attributes never uncover anything, and a success covers all that was asked for. */
static void set_some(struct world *world, uint64_t start, uint64_t pages)
{
	struct hs_svm_attr attrs[4];
	uint32_t count = (uint32_t)pick(world, 5);
	uint64_t before, covered = 0, reserved;
	size_t nr_ranges;
	int rc;

	for (uint32_t i = 0; i < count; i++)
		attrs[i] = pick_attr(world);
	hs_svm_run_deferred(world->svm);
	before = count_covered(world->svm);
	reserved = world->svm->reserved_pages;
	nr_ranges = world->svm->tree.count;
	rc = hs_svm_ioctl(world->svm, 0, start << 12, pages << 12, attrs, count);
	assert_true(count_covered(world->svm) >= before);
	hs_range_for_each_overlap(node, &world->svm->tree, start, start + pages)
		covered += svm_min(node->end, start + pages) - svm_max(node->start, start);
	if (!rc)
		assert_int_equal(covered, pages);
	if (!rc && count)
		expect_attr(world, start, pages, &attrs[count - 1]);
	if (rc == -ENOMEM && !world->may_fail)	/* the limit of system memory: nothing has happened */
		assert_true(count_covered(world->svm) == before && world->svm->reserved_pages == reserved &&
			    world->svm->tree.count == nr_ranges);
}

static void get_some(struct world *world, uint64_t start, uint64_t pages)
{
	struct hs_svm_attr attrs[] = { { HS_SVM_PREFERRED_LOC, 0 }, { HS_SVM_ACCESS, 0xa },
				       { HS_SVM_GRANULARITY, 0 }, { HS_SVM_SET_FLAGS, 0 } };

	if (!hs_svm_ioctl(world->svm, 1, start << 12, pages << 12, attrs, 4))
		assert_true(attrs[2].value <= SVM_GRANULARITY_MAX && attrs[1].type <= HS_SVM_NO_ACCESS);
}

static void fault_some(struct world *world, uint64_t page)
{
	world->faulting_gpu = (int)pick(world, world->svm->nr_gpus);
	hs_svm_gpu_fault(world->svm, (uint32_t)world->faulting_gpu, page, pick(world, 2), pick(world, 1000));
	world->faulting_gpu = -1;
}

static void change_vma(struct world *world, uint64_t start, uint64_t last)
{
	switch (pick(world, 6)) {
	case 4:		/* fork */
		hs_svm_invalidate(world->svm, HS_SVM_EVENT_PROTECTION_PAGE, start, last);
		hs_svm_share(world->svm, start, last, true);
		break;
	case 5:		/* mmap of a file over it */
		hs_svm_munmap(world->svm, start, last);
		hs_svm_add_vma(world->svm, start, last,
			       HS_SVM_VMA_READ | HS_SVM_VMA_WRITE | HS_SVM_VMA_FILE);
		break;
	case 0:
		hs_svm_munmap(world->svm, start, last);
		break;
	case 1:
		hs_svm_munmap(world->svm, start, last);
		hs_svm_add_vma(world->svm, start, last, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
		break;
	case 2:
		hs_svm_protect_vma(world->svm, start, last, pick(world, 4) ? 3 : 1);
		hs_svm_invalidate(world->svm, HS_SVM_EVENT_PROTECTION_VMA, start, last);
		break;
	default:
		hs_svm_invalidate(world->svm, HS_SVM_EVENT_CLEAR, start, last);
		hs_svm_zap(world->svm, start, last);
	}
}

static void run_worker(struct world *world, uint64_t page)
{
	switch (pick(world, 5)) {
	case 0:
		hs_svm_run_deferred(world->svm);
		break;
	case 1:
		hs_svm_evict_buffer(world->svm, page);
		hs_svm_run_evictions(world->svm);
		break;
	case 2:
		hs_svm_set_xnack(world->svm, pick(world, 2));
		break;
	default:
		hs_svm_run_restore(world->svm);
	}
}

static void step(struct world *world)
{
	uint64_t start = BASE + pick(world, PAGES), pages = 1 + pick(world, pick(world, 2) ? 40 : 1200);
	uint64_t last = svm_min(start + pages, BASE + PAGES) - 1;

	hs_svm_set_time(world->svm, world->svm->now + pick(world, 3000000));
	switch (pick(world, 10)) {
	case 0: case 1: case 2:
		set_some(world, start, last - start + 1);
		break;
	case 3: case 4:
		fault_some(world, start);
		break;
	case 5:
		hs_svm_cpu_fault(world->svm, start);
		break;
	case 6:
		change_vma(world, start, last);
		break;
	case 7:
		hs_svm_pin(world->svm, start, last, (enum hs_svm_pin)pick(world, 3));
		hs_svm_invalidate(world->svm, (enum hs_svm_event)(1 + pick(world, 7)), start, last);
		break;
	case 8:
		get_some(world, start, last - start + 1);
		hs_svm_set_queue_ref(world->svm, start, (uint32_t)pick(world, 2));
		break;
	default:
		run_worker(world, start);
	}
}

/* Buffers fit the VRAM, but for those whose eviction was asked for. */
static void check_vram(const struct hs_svm *svm)
{
	for (uint32_t gpu = 0; gpu < svm->nr_gpus; gpu++) {
		uint64_t used = 0;

		hs_list_for_each(bo, &svm->buffers_alive, struct svm_bo, all)
			if (svm->gpus[bo->gpu].setup.device == svm->gpus[gpu].setup.device && !bo->evicting)
				used += bo->pages;
		assert_true(!svm->makes_room || used <= svm->gpus[gpu].setup.vram_pages);
	}
}

/* Without disturbance, the restore worker comes to an end and queues run again. */
static void settle(struct world *world)
{
	world->may_fail = false;
	hs_svm_protect_vma(world->svm, BASE, BASE + PAGES - 1, HS_SVM_VMA_READ | HS_SVM_VMA_WRITE);
	hs_svm_run_deferred(world->svm);
	for (int i = 0; i < 3 && world->svm->restore_pending; i++)
		hs_svm_run_restore(world->svm);
	assert_false(world->svm->deferred_pending);
	hs_list_for_each(range, &world->svm->list, struct svm_range, list) {
		assert_true(hs_list_is_empty(&range->children) && hs_list_is_empty(&range->deferred));
		assert_true(range->node.start == range->start && range->node.end == range->last + 1);
	}
}

static void run_once(const char *variant, uint64_t seed, struct world *world)
{
	*world = (struct world){ .rng = { seed } };
	create(world, variant);
	world->may_fail = seed % 2;
	for (int i = 0; i < NR_STEPS; i++) {
		const char *broken;

		step(world);
		broken = hs_svm_check(world->svm);
		if (broken)
			fail_msg("variant %s seed %llu step %d: %s", variant, (unsigned long long)seed, i, broken);
		check_vram(world->svm);
		assert_int_equal(world->stops - world->vital - world->resumes, world->svm->queues_stopped);
	}
	settle(world);
	assert_int_equal(world->bad_maps, 0);
	assert_false(hs_svm_failed(world->svm));
	hs_svm_destroy(world->svm);
}

static void invariants_hold(void **state)
{
	uint64_t seed = 20260101, maps = 0, effects = 0;

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t variant = 0; variant < sizeof(variants) / sizeof(variants[0]); variant++)
		for (uint64_t run = 0; run < NR_RUNS; run++) {
			static struct world world;

			run_once(variants[variant], seed + run, &world);
			maps += world.maps;
			effects += world.effects;
		}
	assert_true(maps > 1000 && effects > 10 * maps);
}

/* The same world up to a step; then one invalidation, or the same in two adjacent parts. */
static void run_until(struct world *world, const char *variant, uint64_t seed, int steps, uint64_t cut)
{
	*world = (struct world){ .rng = { seed } };
	create(world, variant);
	for (int i = 0; i < steps; i++)
		step(world);
	if (cut)
		hs_svm_invalidate(world->svm, HS_SVM_EVENT_CLEAR, BASE, BASE + cut - 1);
	hs_svm_invalidate(world->svm, HS_SVM_EVENT_CLEAR, BASE + cut, BASE + PAGES - 1);
}

static void cut_invalidation_leaves_the_same_tables(void **state)
{
	static struct world whole, parts;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		run_until(&whole, variants[seed % 4], seed, 40, 0);
		run_until(&parts, variants[seed % 4], seed, 40, 1 + seed * 97 % (PAGES - 1));
		assert_memory_equal(whole.tables, parts.tables, sizeof(whole.tables));
		hs_svm_destroy(whole.svm);
		hs_svm_destroy(parts.svm);
	}
}

static uint64_t effects_of_set(struct world *world, const struct hs_svm_attr *attr)
{
	struct hs_svm_attr copy = *attr;
	uint64_t before = world->effects;

	assert_int_equal(hs_svm_ioctl(world->svm, 0, BASE << 12, 0x400 << 12, &copy, 1), 0);
	return world->effects - before;
}

/* Since equal attributes ask for a mapped range, a repeated call does nothing at all. */
static void equal_attributes_twice_do_nothing(void **state)
{
	static const struct hs_svm_attr attrs[] = { { HS_SVM_ACCESS, 0xa }, { HS_SVM_SET_FLAGS, 0x10 },
						    { HS_SVM_GRANULARITY, 4 }, { HS_SVM_PREFERRED_LOC, 0 } };
	static struct world world;

	(void)state;
	for (size_t variant = 1; variant < 4; variant++) {
		world = (struct world){ .rng = { 5 } };
		do {
			hs_svm_destroy(world.svm);
			create(&world, variants[variant]);
		} while (world.svm->xnack || world.svm->system_limit_pages != UINT64_MAX);
		for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
			effects_of_set(&world, &attrs[i]);
			assert_int_equal(effects_of_set(&world, &attrs[i]), 0);
		}
		hs_svm_destroy(world.svm);
	}
}

static void rules_turn_one_variant_into_another(void **state)
{
	struct hs_svm_rules rules = *hs_svm_variant_find("6.12");
	const unsigned char *wanted = (const unsigned char *)hs_svm_variant_find("6.1");

	(void)state;
	for (size_t i = 0; i < hs_svm_nr_rules; i++) {
		const struct hs_svm_rule_info *info = &hs_svm_rule_list[i];
		char word[40] = "";
		const char *at = info->values;

		for (unsigned char skip = wanted[info->offset]; skip; skip--)
			at = strchr(at, '|') + 1;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "|"), at);
		assert_int_equal(hs_svm_rule_set(&rules, info->name, word), 0);
	}
	assert_memory_equal(&rules, wanted, sizeof(rules));
	assert_int_equal(hs_svm_rule_set(&rules, "no_such_rule", "yes"), -ENOENT);
	assert_int_equal(hs_svm_rule_set(&rules, "remap_split", "v3"), -EINVAL);
	assert_null(hs_svm_variant_find("5.4"));
}

static void longest_range_follows_vram(void **state)
{
	struct hs_svm_gpu_setup gpus[] = { { .vram_pages = (16368ull << 20) / 4096 },
					   { .vram_pages = (64ull << 20) / 4096 } };
	struct hs_svm_gpu_setup large = { .vram_pages = (256ull << 30) / 4096 };
	struct hs_svm_gpu_setup medium = { .vram_pages = (24ull << 30) / 4096 };

	(void)state;
	assert_int_equal(hs_svm_max_range_pages(gpus, 1), 0x10000);
	assert_int_equal(hs_svm_max_range_pages(gpus, 2), 0x200);
	assert_int_equal(hs_svm_max_range_pages(&large, 1), 0x40000);
	assert_int_equal(hs_svm_max_range_pages(&medium, 1), 0x20000);
	assert_int_equal(hs_svm_max_range_pages(gpus, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invariants_hold),
		cmocka_unit_test(cut_invalidation_leaves_the_same_tables),
		cmocka_unit_test(equal_attributes_twice_do_nothing),
		cmocka_unit_test(rules_turn_one_variant_into_another),
		cmocka_unit_test(longest_range_follows_vram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
