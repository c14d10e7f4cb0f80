// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no golden case enters, with the kernel's results derived by hand from the functions named at each test
 * (drivers/gpu/drm/amd/amdkfd, 6.1.192 and 6.12.117). Pages in hex; A and B are GPUs 10 and 11.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/svm/svm_state.h"

enum { A = 10, B = 11, RW = HS_SVM_VMA_READ | HS_SVM_VMA_WRITE };

struct world {
	struct hs_svm *svm;
	struct hs_svm_gpu_setup gpus[2];
	char log[1024];
	/* At the first passage of this kind, once: pages [cut, cut_last] go, or the errno is returned. */
	enum hs_svm_passage passage;
	enum hs_svm_event event;
	uint64_t cut, cut_last;
	int fails;
	bool keeps_vma;		/* another mapping is there at once */
};

static void see_effect(void *context, const struct hs_svm_effect *effect)
{
	struct world *world = context;
	size_t used = strlen(world->log);
	const char *name = effect->kind == HS_SVM_EFFECT_MAP ? "map" : effect->kind == HS_SVM_EFFECT_UNMAP ? "unmap" :
			   effect->kind == HS_SVM_EFFECT_MIGRATE_START ? "move" : NULL;

	if (name)
		snprintf(world->log + used, sizeof(world->log) - used, "%s %llx-%llx;", name,
			 (unsigned long long)effect->start, (unsigned long long)effect->last);
	if (effect->kind == HS_SVM_EFFECT_EVICT_QUEUES)
		strcat(world->log, "stop;");
	if (effect->kind == HS_SVM_EFFECT_BO_NEW || effect->kind == HS_SVM_EFFECT_BO_FREE)
		strcat(world->log, effect->kind == HS_SVM_EFFECT_BO_NEW ? "new;" : "free;");
	if (effect->kind == HS_SVM_EFFECT_MOVED)
		snprintf(world->log + used, sizeof(world->log) - used, "moved %llx in %llu;",
			 (unsigned long long)effect->pages, (unsigned long long)effect->copy_runs);
}

static int pass(void *context, enum hs_svm_passage passage, uint64_t count, uint64_t *passed)
{
	struct world *world = context;
	int rc = world->fails;

	(void)count;
	if (passage != world->passage || (!world->cut && !rc))
		return 0;
	world->fails = 0;
	if (world->cut) {
		uint64_t cut = world->cut;

		world->cut = 0;
		hs_svm_invalidate(world->svm, world->event, cut, world->cut_last);
		hs_svm_zap(world->svm, cut, world->cut_last);
	}
	*passed = 0;
	return rc;
}

static void begin_with(struct world *world, const char *variant, bool xnack, uint64_t vram_pages)
{
	struct hs_svm_setup setup = {
		.rules = hs_svm_variant_find(variant), .gpus = world->gpus, .nr_gpus = 2, .xnack = xnack,
		.granularity = 9, .max_range_pages = 0x40000, .system_limit_pages = UINT64_MAX,
		.makes_room = vram_pages != 0, .stack_page = HS_SVM_NO_PAGE, .time = 1000000000,
		.host = { .effect = see_effect, .pass = pass, .context = world },
	};

	memset(world, 0, sizeof(*world));
	world->event = HS_SVM_EVENT_UNMAP;
	for (uint32_t i = 0; i < 2; i++)
		world->gpus[i] = (struct hs_svm_gpu_setup){
			.id = A + i, .device = i, .hive = 1, .vram_pages = vram_pages ? vram_pages : 1 << 20,
			.is_supported = true };
	assert_int_equal(hs_svm_create(&setup, &world->svm), 0);
	hs_svm_add_vma(world->svm, 1, 0x7fff, RW);
}

static void begin(struct world *world, const char *variant, bool xnack)
{
	begin_with(world, variant, xnack, 0);
}

static void end(struct world *world)
{
	assert_null(hs_svm_check(world->svm));
	hs_svm_destroy(world->svm);
}

#define SET(world, from, to, ...) \
	hs_svm_ioctl((world)->svm, 0, (from) * 4096ull, ((to) - (from) + 1) * 4096ull, \
		     (struct hs_svm_attr[]){ __VA_ARGS__ }, \
		     sizeof((struct hs_svm_attr[]){ __VA_ARGS__ }) / sizeof(struct hs_svm_attr))

static struct svm_range *range_at(const struct world *world, uint64_t page)
{
	return svm_range_from_addr(world->svm, page, NULL);
}

static void expect(struct world *world, const char *log)
{
	assert_string_equal(world->log, log);
	world->log[0] = '\0';
}

/* The mapping is gone before the fault, its notification comes while pages move. */
static void cut_at(struct world *world, enum hs_svm_passage passage, uint64_t start, uint64_t last)
{
	if (world->event == HS_SVM_EVENT_UNMAP && !world->keeps_vma)
		hs_svm_remove_vma(world->svm, start, last);
	world->passage = passage;
	world->cut = start;
	world->cut_last = last;
	world->log[0] = '\0';
}

/*
 * kfd_migrate.c svm_migrate_vram_to_ram(): behind a move that failed at the gap, the granule of the fault no longer
 * fits into the range. 6.1 moves what the range is by then, of which nothing is left in VRAM.
 */
static void test_fallback_of_a_range_that_was_cut(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", true);
	assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_GRANULARITY, 10 }, { HS_SVM_PREFETCH_LOC, A }), 0);
	cut_at(&world, HS_SVM_AT_MIGRATE_SETUP, 0x1200, 0x13ff);
	assert_int_equal(hs_svm_gpu_fault(world.svm, 1, 0x1000, true, 0), -EFAULT);
	expect(&world, "move 1000-11ff;unmap 1200-13ff;unmap 1200-13ff;unmap 1000-11ff;unmap 1000-11ff;moved 200 in 1;");
	end(&world);

	begin(&world, "6.1", true);
	assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_GRANULARITY, 10 }, { HS_SVM_PREFETCH_LOC, A }), 0);
	cut_at(&world, HS_SVM_AT_MIGRATE_SETUP, 0x1200, 0x13ff);
	assert_int_equal(hs_svm_gpu_fault(world.svm, 1, 0x1000, true, 0), 0);
	assert_int_equal(range_at(&world, 0x1000)->actual_loc, 0);
	end(&world);
}

/* kfd_migrate.c svm_migrate_vram_to_vram(): the second half takes bounds anew (6.1), or checks them (6.12). */
static void test_cut_between_two_gpus(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.1", true);
	assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	world.keeps_vma = true;
	cut_at(&world, HS_SVM_AT_MIGRATE_SETUP, 0x1200, 0x13ff);
	assert_int_equal(hs_svm_gpu_fault(world.svm, 1, 0x1000, true, 0), 0);
	assert_int_equal(range_at(&world, 0x1000)->actual_loc, B);
	assert_int_equal(hs_svm_runs_get(&world.svm->pages, 0x1200), SVM_PAGE_NONE);
	end(&world);

	begin(&world, "6.12", true);
	assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_GRANULARITY, 10 }, { HS_SVM_PREFETCH_LOC, A }), 0);
	world.keeps_vma = true;
	cut_at(&world, HS_SVM_AT_MIGRATE_SETUP, 0x1200, 0x13ff);
	assert_int_equal(hs_svm_gpu_fault(world.svm, 1, 0x1000, true, 0), 0);
	assert_int_equal(range_at(&world, 0x1000)->actual_loc, 0);
	end(&world);
}

/*
 * kfd_svm.c svm_range_validate_and_map(): an unreadable VMA is cleared from the byte address of its range, taken as a
 * page number, to the last page of the range. Below 16 MiB of a long range there is something in between.
 */
static void test_unreadable_memory_at_low_addresses(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", false);
	assert_int_equal(SET(&world, 2, 0x2fff, { HS_SVM_ACCESS, A }), 0);
	hs_svm_protect_vma(world.svm, 2, 0x2fff, 0);
	hs_svm_invalidate(world.svm, HS_SVM_EVENT_PROTECTION_VMA, 2, 0x2fff);
	expect(&world, "map 2-2fff;stop;");
	world.passage = HS_SVM_AT_UNMAP;
	world.fails = -ENODEV;
	hs_svm_run_restore(world.svm);	/* its error ends the mapping */
	expect(&world, "unmap 2000-2fff;");
	assert_false(world.svm->restore_pending);
	assert_true(world.svm->queues_stopped);
	world.svm->restore_pending = true;
	hs_svm_run_restore(world.svm);
	expect(&world, "unmap 2000-2fff;");
	assert_false(world.svm->queues_stopped);
	assert_true(range_at(&world, 2)->mapped_to_gpu);
	end(&world);
}

/* kfd_svm.c svm_range_evict(): a mapped piece that was cut off stops the queues, though its range has gone. */
static void test_only_a_cut_piece_is_mapped(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", false);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_ACCESS, A }), 0);
	hs_svm_munmap(world.svm, 0x1100, 0x11ff);
	hs_svm_munmap(world.svm, 0x1000, 0x10ff);
	expect(&world, "map 1000-11ff;unmap 1100-11ff;unmap 1000-10ff;");
	hs_svm_invalidate(world.svm, HS_SVM_EVENT_CLEAR, 0x1100, 0x1100);
	expect(&world, "stop;");
	assert_int_equal(range_at(&world, 0x1000)->invalid, 0);
	assert_int_equal(range_at(&world, 0x1100)->invalid, 1);
	hs_svm_run_restore(world.svm);
	assert_false(world.svm->queues_stopped);
	assert_int_equal(world.svm->tree.count, 0);
	end(&world);
}

/*
 * kfd_svm.c svm_range_create_unregistered_range(): of the buffers in the block counts the first GPU's lowest, be
 * the fault in another one; else the first GPU's userptr.
 */
static void test_which_buffer_is_met(void **state)
{
	static const struct {
		uint32_t gpu;
		uint64_t start, last;
		bool is_userptr;
	} buffers[] = {
		{ 1, 0x1000, 0x100f, false }, { 0, 0x1050, 0x105f, false }, { 0, 0x1020, 0x102f, false },
		{ 1, 0x3010, 0x301f, true }, { 0, 0x3080, 0x308f, true },
	};
	static const struct {
		uint64_t page;
		int ret;
		uint64_t first, last;	/* of the range that is made */
	} faults[] = {
		{ 0x1025, -EFAULT, 0, 0 }, { 0x1005, 0, 0x1005, 0x1005 }, { 0x1055, 0, 0x1055, 0x1055 },
		{ 0x3085, -EFAULT, 0, 0 }, { 0x3015, 0, 0x3015, 0x3015 },
	};
	struct world world;

	(void)state;
	begin(&world, "6.12", true);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		hs_svm_add_buffer(world.svm, buffers[i].gpu, buffers[i].start, buffers[i].last, buffers[i].is_userptr);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_int_equal(hs_svm_gpu_fault(world.svm, 0, faults[i].page, true, 0), faults[i].ret);
		if (faults[i].ret) {
			assert_null(range_at(&world, faults[i].page));
			continue;
		}
		assert_int_equal(range_at(&world, faults[i].page)->start, faults[i].first);
		assert_int_equal(range_at(&world, faults[i].page)->last, faults[i].last);
	}
	end(&world);
}

/* A range in system memory whose buffer lives on in a page that the counter has lost, 7.2's vram_misattribution. */
static void leave_a_page_behind(struct world *world)
{
	begin(world, "6.12", true);
	assert_int_equal(SET(world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	range_at(world, 0x1000)->vram_pages = 0x1ff;
	hs_svm_pin(world->svm, 0x1000, 0x1000, HS_SVM_PINNED);
	assert_int_equal(SET(world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, 0 }), 0);
	assert_int_equal(range_at(world, 0x1000)->actual_loc, 0);
	assert_int_equal(range_at(world, 0x1000)->bo->refs, 1);
	world->log[0] = '\0';
}

/* kfd_svm.c svm_range_validate_svm_bo(): which buffer a range that gave its own back gets. */
static void test_buffer_of_a_range_that_gave_it_back(void **state)
{
	struct world world;

	(void)state;
	/* Still there: taken again. */
	leave_a_page_behind(&world);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_null(strstr(world.log, "new"));
	end(&world);
	/* Being evicted, and asked for that twice: the worker finds nothing to do, then there is a new one. */
	leave_a_page_behind(&world);
	assert_int_equal(hs_svm_evict_buffer(world.svm, 0x1000), 0);
	assert_int_equal(hs_svm_evict_buffer(world.svm, 0x1000), 0);
	assert_int_equal(world.svm->hazards[HS_SVM_HAZARD_BUFFER_WAIT], 0);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_int_equal(world.svm->hazards[HS_SVM_HAZARD_BUFFER_WAIT], 1);
	assert_non_null(strstr(world.log, "new;move 1000-11ff;"));
	assert_true(hs_list_is_empty(&world.svm->evicting));
	end(&world);
	/* Its last page is dropped by another thread while the range above moves. */
	leave_a_page_behind(&world);
	assert_int_equal(SET(&world, 0x2000, 0x21ff, { HS_SVM_ACCESS, A }), 0);
	world.event = HS_SVM_EVENT_CLEAR;
	cut_at(&world, HS_SVM_AT_BO_NEW, 0x1000, 0x1000);
	assert_int_equal(SET(&world, 0x1000, 0x21ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_non_null(strstr(world.log, "free;new;"));
	end(&world);
}

/* kfd_migrate.c svm_migrate_copy_to_ram(): pages of two buffers of linked GPUs are two submissions. */
static void test_pages_of_two_buffers(void **state)
{
	struct world world;

	(void)state;
	leave_a_page_behind(&world);
	hs_svm_pin(world.svm, 0x1000, 0x1000, HS_SVM_UNPINNED);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, B }), 0);
	assert_non_null(strstr(world.log, "moved 1ff in 1;"));
	world.log[0] = '\0';
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, 0 }), 0);
	assert_non_null(strstr(world.log, "moved 200 in 2;"));
	end(&world);
}

/* kfd_migrate.c svm_migrate_to_ram(): behind svm_range_list_fini() no range is found, which is SIGBUS. */
static void test_cpu_touch_behind_the_end(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", true);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	hs_svm_fini(world.svm);
	assert_false(hs_svm_cpu_fault(world.svm, 0x1000));
	assert_true(hs_svm_cpu_fault(world.svm, 0x1200));
	assert_int_equal(hs_svm_set_queue_ref(world.svm, 0x1000, 1), -ENOENT);
	end(&world);
}

/* ttm_bo_mem_space(): a buffer that does not fit even when all others are gone. */
static void test_no_buffer_to_evict(void **state)
{
	struct world world;

	(void)state;
	begin_with(&world, "6.12", true, 0x400);
	hs_svm_set_device_used(world.svm, 0, 0x100);
	assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_int_equal(SET(&world, 0x2000, 0x23ff, { HS_SVM_PREFETCH_LOC, B }), 0);
	hs_svm_set_device_used(world.svm, 0, 0);
	assert_int_equal(SET(&world, 0x3000, 0x33ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_int_equal(range_at(&world, 0x3000)->actual_loc, A);
	assert_int_equal(range_at(&world, 0x1000)->actual_loc, 0);
	hs_svm_set_device_used(world.svm, 0, 0x400);
	assert_int_equal(hs_svm_gpu_fault(world.svm, 0, 0x4000, true, 0), 0);
	assert_int_equal(range_at(&world, 0x4000)->actual_loc, 0);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fallback_of_a_range_that_was_cut),
		cmocka_unit_test(test_cut_between_two_gpus),
		cmocka_unit_test(test_unreadable_memory_at_low_addresses),
		cmocka_unit_test(test_only_a_cut_piece_is_mapped),
		cmocka_unit_test(test_which_buffer_is_met),
		cmocka_unit_test(test_buffer_of_a_range_that_gave_it_back),
		cmocka_unit_test(test_pages_of_two_buffers),
		cmocka_unit_test(test_cpu_touch_behind_the_end),
		cmocka_unit_test(test_no_buffer_to_evict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
