// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbered cases of the model that the golden cases (table-*) do not hold: spec_ID, each on every variant that it
 * speaks of. Pages in hex; A and B are GPUs 10 and 11 over PCIe; memory [1000,7fff] is anonymous and writable.
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

enum { A = 10, B = 11, RW = HS_SVM_VMA_READ | HS_SVM_VMA_WRITE, MS = 1000000 };
#define VRAM (4ull << 18)	/* pages */

struct world {
	struct hs_svm *svm;
	struct hs_svm_setup setup;
	struct hs_svm_gpu_setup gpus[2];
	uint64_t now;
	char log[4096];		/* "map 1000-13ff;stop;resume;" since the last look */
	uint64_t moved, copied, runs;	/* since then */
};

static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
#define FOR_EACH_VARIANT(name) \
	for (const char *const *name##_ = variants, *name = *name##_; name##_ < variants + 4; \
	     name = ++name##_ < variants + 4 ? *name##_ : NULL)

static bool is_old(const char *variant)
{
	return strcmp(variant, "6.1") == 0;
}

static void log_range(struct world *world, const char *what, const struct hs_svm_effect *effect)
{
	size_t used = strlen(world->log);

	snprintf(world->log + used, sizeof(world->log) - used, "%s %llx-%llx;", what, (unsigned long long)effect->start,
		 (unsigned long long)effect->last);
}

static void see_effect(void *context, const struct hs_svm_effect *effect)
{
	struct world *world = context;

	if (effect->kind == HS_SVM_EFFECT_MAP)
		log_range(world, effect->vram ? "mapv" : "map", effect);
	if (effect->kind == HS_SVM_EFFECT_UNMAP)
		log_range(world, "unmap", effect);
	if (effect->kind == HS_SVM_EFFECT_EVICT_QUEUES)
		strcat(world->log, "stop;");
	if (effect->kind == HS_SVM_EFFECT_RESTORE_QUEUES)
		strcat(world->log, "resume;");
	if (effect->kind == HS_SVM_EFFECT_MIGRATE_START)
		strcat(world->log, "start;");
	if (effect->kind == HS_SVM_EFFECT_MIGRATE_END)
		strcat(world->log, "end;");
	if (effect->kind == HS_SVM_EFFECT_FAULT_END)
		strcat(world->log, effect->migrated ? "M;" : "U;");
	if (effect->kind == HS_SVM_EFFECT_MOVED) {
		world->moved += effect->pages;
		world->copied += effect->copied_pages;
		world->runs += effect->copy_runs;
	}
}

static void start(struct world *world, const char *variant, bool xnack)
{
	memset(world, 0, sizeof(*world));
	for (uint32_t i = 0; i < 2; i++)
		world->gpus[i] = (struct hs_svm_gpu_setup){ .id = A + i, .device = i, .vram_pages = VRAM,
							    .is_supported = true };
	world->setup = (struct hs_svm_setup){
		.rules = hs_svm_variant_find(variant), .gpus = world->gpus, .nr_gpus = 2, .xnack = xnack,
		.granularity = 9, .max_range_pages = 0x40000, .system_limit_pages = UINT64_MAX,
		.stack_page = HS_SVM_NO_PAGE, .retry_window = HS_SVM_RETRY_WINDOW, .time = 1000ull * MS,
		.host = { .effect = see_effect, .context = world },
	};
	world->now = world->setup.time;
}

static void make(struct world *world)
{
	assert_int_equal(hs_svm_create(&world->setup, &world->svm), 0);
	hs_svm_add_vma(world->svm, 0x1000, 0x7fff, RW);
}

static void begin(struct world *world, const char *variant, bool xnack)
{
	start(world, variant, xnack);
	make(world);
}

static void end(struct world *world)
{
	assert_null(hs_svm_check(world->svm));
	hs_svm_destroy(world->svm);
}

static void wait_ms(struct world *world)
{
	world->now += 10ull * MS;
	hs_svm_set_time(world->svm, world->now);
	world->log[0] = '\0';
	world->moved = world->copied = world->runs = 0;
}

#define SET(world, from, to, ...) \
	set(world, from, to, (struct hs_svm_attr[]){ __VA_ARGS__ }, \
	    sizeof((struct hs_svm_attr[]){ __VA_ARGS__ }) / sizeof(struct hs_svm_attr))

static int set(struct world *world, uint64_t from, uint64_t to, struct hs_svm_attr *attrs, size_t count)
{
	wait_ms(world);
	return hs_svm_ioctl(world->svm, 0, from * 4096, (to - from + 1) * 4096, attrs, (uint32_t)count);
}

static int gpu_fault(struct world *world, uint32_t gpu, uint64_t page)
{
	wait_ms(world);
	return hs_svm_gpu_fault(world->svm, gpu, page, true, 0);
}

static bool cpu_touch(struct world *world, uint64_t page)
{
	bool is_served;

	wait_ms(world);
	is_served = hs_svm_cpu_fault(world->svm, page);
	hs_svm_run_deferred(world->svm);
	return is_served;
}

static struct svm_range *range_at(const struct world *world, uint64_t page)
{
	return svm_range_from_addr(world->svm, page, NULL);
}

static void expect_range(const struct world *world, uint64_t from, uint64_t to)
{
	const struct svm_range *range = range_at(world, from);

	assert_non_null(range);
	assert_true(range->start == from && range->last == to);
}

static void expect_log(const struct world *world, const char *text)
{
	assert_string_equal(world->log, text);
}

/* --- A: checks --- */

static void spec_A4(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct hs_svm_attr attr = { HS_SVM_ACCESS, A };
		struct hs_svm_call call = { .start = 0x1000000, .size = 0x1000, .attrs = &attr, .nr_attrs = 1,
					    .attr_bytes = 8 };
		struct world world;

		begin(&world, variant, false);
		call.attr_bytes = 7;
		assert_int_equal(hs_svm_call(world.svm, &call), -EINVAL);
		call.attr_bytes = 8;
		call.start = 0;
		assert_int_equal(hs_svm_call(world.svm, &call), -EINVAL);
		call.start = 0x1000001;
		assert_int_equal(hs_svm_call(world.svm, &call), -EINVAL);
		call.start = 0x1000000;
		call.size = 0;
		assert_int_equal(hs_svm_call(world.svm, &call), -EINVAL);
		call.size = 0x1000;
		call.op = 2;
		assert_int_equal(hs_svm_call(world.svm, &call), -EINVAL);
		call.op = 0;
		call.is_secondary = true;
		assert_int_equal(hs_svm_call(world.svm, &call), strcmp(variant, "7.2") ? 0 : -EOPNOTSUPP);
		end(&world);
	}
}

/* Through the ioctl a range wraps in bytes, in a checkpoint's object in pages. */
static void spec_A5(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		bool checks = strcmp(variant, "6.12") == 0;
		struct hs_svm_saved objects[] = { { .start = 0x1000 }, { .start = 0x1000, .pages = (uint64_t)-0x800 } };
		struct world world;

		begin(&world, variant, false);
		for (uint32_t i = 0; i < 12; i++)
			objects[i / 6].attrs[i % 6] = (struct hs_svm_attr){ HS_SVM_SET_FLAGS, 0 };
		assert_int_equal(hs_svm_resume(world.svm, &objects[0], 1), checks ? -EINVAL : 0);
		assert_int_equal(hs_svm_resume(world.svm, &objects[1], 1), checks ? -EOVERFLOW : 0);
		assert_int_equal(hs_svm_ioctl(world.svm, 0, 0x1000000, (uint64_t)-0x1000, NULL, 0),
				 checks ? -EOVERFLOW : 0);
		assert_int_equal(world.svm->tree.count, 0);
		assert_int_equal(world.svm->hazards[HS_SVM_HAZARD_UNSUPPORTED_INPUT], checks ? 0 : 3);
		end(&world);
	}
}

static void spec_A7(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct hs_svm_alloc alloc = { .va = 0x1200, .pages = 0x10 };
		struct world world;

		begin(&world, variant, false);
		assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_ACCESS, A }), 0);
		assert_int_equal(hs_svm_check_alloc(world.svm, &alloc), -EADDRINUSE);
		alloc.va = HS_SVM_NO_PAGE;
		assert_int_equal(hs_svm_check_alloc(world.svm, &alloc), 0);
		alloc = (struct hs_svm_alloc){ .va = 0x6000, .pages = 4, .is_userptr = true, .cpu = 0x13fe };
		assert_int_equal(hs_svm_check_alloc(world.svm, &alloc), is_old(variant) ? 0 : -EADDRINUSE);
		hs_svm_munmap(world.svm, 0x1000, 0x13ff);	/* deferred work is flushed first */
		assert_int_equal(hs_svm_check_alloc(world.svm, &alloc), 0);
		end(&world);
	}
}

/* --- D: restore --- */

static void spec_D21(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		bool gives_up = strcmp(variant, "6.12") == 0 || strcmp(variant, "7.2") == 0;
		unsigned int runs = 0;
		struct world world;

		begin(&world, variant, false);
		hs_svm_touch(world.svm, 0x1000, 0x17ff);
		assert_int_equal(SET(&world, 0x1000, 0x17ff, { HS_SVM_ACCESS, A }), 0);
		hs_svm_invalidate(world.svm, HS_SVM_EVENT_PROTECTION_PAGE, 0x1000, 0x17ff);
		hs_svm_share(world.svm, 0x1000, 0x17ff, true);
		while (world.svm->restore_pending && runs < 20) {
			hs_svm_run_restore(world.svm);
			runs++;
		}
		assert_int_equal(runs, gives_up ? 5 : 2);
		assert_false(world.svm->queues_stopped);
		end(&world);
	}
}

/* --- F: GPU faults --- */

/* F14 goes on behind F13: a pinned page stays, then the CPU takes its granule back. */
static void spec_F14(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct world world;

		begin(&world, variant, true);
		hs_svm_touch(world.svm, 0x1000, 0x17ff);
		assert_int_equal(SET(&world, 0x1000, 0x1fff, { HS_SVM_GRANULARITY, 9 }), 0);
		hs_svm_pin(world.svm, 0x1105, 0x1105, HS_SVM_PINNED);
		assert_int_equal(gpu_fault(&world, 0, 0x1100), 0);
		assert_int_equal(world.moved, is_old(variant) ? 4095 : 511);
		assert_int_equal(world.runs, 2);
		assert_true(cpu_touch(&world, 0x1120));
		assert_int_equal(world.moved, 511);
		if (is_old(variant)) {
			expect_range(&world, 0x1000, 0x11ff);
			expect_range(&world, 0x1200, 0x1fff);
			assert_int_equal(range_at(&world, 0x1200)->actual_loc, A);
		} else {
			expect_range(&world, 0x1000, 0x1fff);
			assert_int_equal(range_at(&world, 0x1000)->vram_pages, 0);
		}
		assert_int_equal(range_at(&world, 0x1000)->actual_loc, 0);
		assert_int_equal(gpu_fault(&world, 0, 0x1100), 0);
		assert_int_equal(world.moved, 511);
		end(&world);
	}
}

static void spec_F17(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct world world;

		begin(&world, variant, true);
		assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_GRANULARITY, 9 }), 0);
		assert_int_equal(gpu_fault(&world, 0, 0x1100), 0);
		assert_int_equal(gpu_fault(&world, 0, 0x1100), 0);
		expect_log(&world, is_old(variant) ? "mapv 1000-11ff;U;" : strcmp(variant, "6.12") == 0 ?
			   "start;unmap 1000-11ff;unmap 1000-11ff;mapv 1000-11ff;M;" :
			   "start;unmap 1000-11ff;unmap 1000-11ff;end;mapv 1000-11ff;M;");
		assert_int_equal(world.moved, 0);
		end(&world);
	}
}

static void spec_F24(void **state)
{
	(void)state;
	for (int prefers_gtt = 0; prefers_gtt < 2; prefers_gtt++)
		FOR_EACH_VARIANT(variant) {
			bool stays = !is_old(variant) && (prefers_gtt || strcmp(variant, "6.12") == 0);
			struct world world;

			start(&world, variant, true);
			world.gpus[0].is_apu = true;
			world.gpus[0].prefers_gtt = prefers_gtt;
			make(&world);
			assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFERRED_LOC, A },
					     { HS_SVM_PREFETCH_LOC, A }), 0);
			assert_int_equal(gpu_fault(&world, 0, 0x1000), 0);
			assert_int_equal(range_at(&world, 0x1000)->actual_loc, stays ? 0 : A);
			if (stays) {
				assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_NO_ACCESS, A }), 0);
				assert_int_equal(gpu_fault(&world, 0, 0x1000), 0);
				assert_non_null(strstr(world.log, "map 1000-11ff;"));
			}
			end(&world);
		}
}

static void spec_F25(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		bool counts_copied = strcmp(variant, "6.12") == 0;
		struct world world;

		begin(&world, variant, true);
		hs_svm_add_vma(world.svm, 0x2000, 0x21ff, RW | HS_SVM_VMA_FILE);
		hs_svm_add_vma(world.svm, 0x3000, 0x31ff, RW | HS_SVM_VMA_HUGETLB);
		hs_svm_touch(world.svm, 0x2000, 0x21ff);
		hs_svm_touch(world.svm, 0x3000, 0x31ff);
		assert_int_equal(SET(&world, 0x2000, 0x21ff, { HS_SVM_GRANULARITY, 9 }), 0);
		assert_int_equal(gpu_fault(&world, 0, 0x2000), 0);
		assert_int_equal(world.moved, 0);
		assert_int_equal(range_at(&world, 0x2000)->actual_loc, counts_copied || is_old(variant) ? A : 0);
		assert_int_equal(range_at(&world, 0x2000)->vram_pages, counts_copied ? 512 : 0);
		assert_int_equal(world.svm->hazards[HS_SVM_HAZARD_VRAM_LEAK] > 0, counts_copied);
		assert_int_equal(SET(&world, 0x3000, 0x31ff, { HS_SVM_GRANULARITY, 9 }), 0);
		assert_int_equal(gpu_fault(&world, 0, 0x3000), 0);
		assert_non_null(strstr(world.log, "map 3000-31ff;M;"));
		assert_int_equal(range_at(&world, 0x3000)->actual_loc, 0);
		end(&world);
	}
}

/* --- H: prefetch --- */

static void begin_prefetched(struct world *world, const char *variant)
{
	begin(world, variant, false);
	hs_svm_touch(world->svm, 0x1000, 0x13ff);
	assert_int_equal(SET(world, 0x1000, 0x13ff, { HS_SVM_ACCESS, A }), 0);
	assert_int_equal(SET(world, 0x1000, 0x13ff, { HS_SVM_PREFETCH_LOC, A }), 0);
	assert_int_equal(world->copied, 0x400);
	hs_svm_run_restore(world->svm);
	assert_false(world->svm->queues_stopped);
}

static void spec_H3(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct world world;

		begin_prefetched(&world, variant);
		assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_PREFETCH_LOC, A }), 0);
		assert_int_equal(world.moved, 0);
		assert_int_equal(strstr(world.log, "start;") != NULL, !is_old(variant));
		assert_int_equal(strstr(world.log, "stop;") != NULL, !is_old(variant));
		end(&world);
	}
}

static void spec_H4(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct world world;

		begin_prefetched(&world, variant);
		assert_true(cpu_touch(&world, 0x1010));
		assert_int_equal(world.moved, 0x200);
		hs_svm_run_restore(world.svm);
		assert_non_null(strstr(world.log, "stop;"));
		assert_non_null(strstr(world.log, "resume;"));
		expect_range(&world, 0x1000, is_old(variant) ? 0x11ff : 0x13ff);
		if (!is_old(variant))
			assert_non_null(strstr(world.log, "map 1000-11ff;mapv 1200-13ff;"));
		assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_SET_FLAGS, HS_SVM_FLAG_GPU_EXEC }), 0);
		assert_int_equal(world.moved, 0x200);		/* the prefetch location is sticky */
		assert_int_equal(SET(&world, 0x1000, 0x13ff, { HS_SVM_PREFETCH_LOC, 0 }), 0);
		assert_int_equal(world.moved, 0x400);
		hs_svm_run_restore(world.svm);
		assert_int_equal(range_at(&world, 0x1000)->actual_loc, 0);
		assert_true(hs_list_is_empty(&world.svm->buffers_alive));
		end(&world);
	}
}

static void spec_H12(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant)
		for (int coherent = 0; coherent < 2; coherent++) {
			struct world world;
			uint64_t out;

			start(&world, variant, true);
			world.gpus[0].is_coherent = coherent;
			make(&world);
			assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_PREFETCH_LOC, A }), 0);
			wait_ms(&world);
			assert_true(hs_svm_cpu_fault_by(world.svm, 0x1000, HS_SVM_BY_WALK));
			assert_int_equal(world.moved, 0);
			assert_int_equal(hs_svm_cpu_fault_by(world.svm, 0x1000, HS_SVM_BY_ORPHAN), coherent);
			out = world.svm->gpus[0].page_out;
			assert_true(hs_svm_cpu_fault_by(world.svm, 0x1000, HS_SVM_BY_CHILD));
			assert_int_equal(world.moved, coherent ? 0 : 0x200);
			assert_int_equal(world.svm->gpus[0].page_out - out, coherent || is_old(variant) ? world.moved : 0x200);
			end(&world);
		}
}

/* --- K: life cycle --- */

static void spec_K2(void **state)
{
	(void)state;
	FOR_EACH_VARIANT(variant) {
		struct hs_svm_saved saved[2];
		struct world world, other;
		uint64_t offset = 0;

		begin(&world, variant, false);
		assert_int_equal(SET(&world, 0x1000, 0x11ff, { HS_SVM_ACCESS, A }, { HS_SVM_ACCESS_IN_PLACE, B },
				     { HS_SVM_PREFERRED_LOC, A }, { HS_SVM_SET_FLAGS, 0x12 }, { HS_SVM_CLR_FLAGS, 0x1 },
				     { HS_SVM_GRANULARITY, 5 }), 0);
		assert_int_equal(SET(&world, 0x1400, 0x15ff, { HS_SVM_PREFETCH_LOC, 0 }), 0);
		assert_int_equal(hs_svm_saved_bytes(world.svm), 72);
		assert_int_equal(hs_svm_checkpoint(world.svm, saved, 1), -EINVAL);
		assert_int_equal(hs_svm_checkpoint(world.svm, saved, 2), 2);
		assert_int_equal(hs_svm_restore_object(world.svm, &offset, 144), 0);
		assert_int_equal(hs_svm_restore_object(world.svm, &offset, 144), 0);
		assert_int_equal(hs_svm_restore_object(world.svm, &offset, 144), -EINVAL);
		begin(&other, variant, false);
		assert_int_equal(hs_svm_resume(other.svm, saved, 2), 0);
		expect_range(&other, 0x1000, 0x11ff);
		expect_range(&other, 0x1400, 0x15ff);
		assert_int_equal(range_at(&other, 0x1000)->flags, 0x12);
		assert_int_equal(range_at(&other, 0x1000)->granularity, 5);
		assert_int_equal(range_at(&other, 0x1000)->preferred_loc, A);
		assert_int_equal(range_at(&other, 0x1000)->access, 1);
		assert_int_equal(range_at(&other, 0x1000)->aip, 2);
		assert_int_equal(range_at(&other, 0x1400)->prefetch_loc, 0);
		assert_true(range_at(&other, 0x1000)->order < range_at(&other, 0x1400)->order);
		assert_true(range_at(&other, 0x1000)->mapped_to_gpu && !range_at(&other, 0x1400)->mapped_to_gpu);
		assert_int_equal(strncmp(other.log, "map 1000-11ff;map 1000-11ff;", 28), 0);
		end(&other);
		hs_svm_remove_vma(world.svm, 0x1400, 0x15ff);
		assert_int_equal(hs_svm_checkpoint(world.svm, saved, 2), -EFAULT);
		saved[0].start = 0x8000;	/* the first error ends it */
		begin(&other, variant, false);
		assert_int_equal(hs_svm_resume(other.svm, saved, 2), -EFAULT);
		assert_int_equal(other.svm->tree.count, 0);
		end(&other);
		end(&world);
	}
}

static uint64_t longest(uint64_t mib, uint64_t other_mib)
{
	struct hs_svm_gpu_setup gpus[2] = { { .id = A, .vram_pages = mib * 256 },
					    { .id = B, .device = 1, .vram_pages = other_mib * 256 } };

	return hs_svm_max_range_pages(gpus, other_mib ? 2 : 1);
}

static void spec_K3(void **state)
{
	(void)state;
	assert_int_equal(longest(16368, 0), 0x10000);
	assert_int_equal(longest(16368, 64), 0x200);
	assert_int_equal(longest(256 * 1024, 0), 0x40000);
	assert_int_equal(longest(24 * 1024, 0), 0x20000);
}

/* K1, the checks in front of the switch that golden cases leave out. */
static void mode_calls_are_checked(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", false);
	assert_int_equal(hs_svm_xnack_call(world.svm, -1, true, false), 0);
	assert_int_equal(hs_svm_xnack_call(world.svm, 0, true, true), -EBUSY);
	assert_int_equal(hs_svm_xnack_call(world.svm, 0, false, false), 0);
	assert_int_equal(hs_svm_xnack_call(world.svm, 1, false, false), -EPERM);
	assert_int_equal(hs_svm_xnack_call(world.svm, 1, false, true), 0);
	assert_int_equal(hs_svm_xnack_call(world.svm, -1, true, false), 1);
	end(&world);
}

/* Where bytes and pages meet after all: a mapping from page 1 on reaches page 4096 of a range. */
static void unreadable_memory_at_the_bottom(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "6.12", false);
	hs_svm_add_vma(world.svm, 1, 0x1fff, RW);
	assert_int_equal(SET(&world, 1, 0x1fff, { HS_SVM_ACCESS, A }), 0);
	hs_svm_add_vma(world.svm, 0x1800, 0x1fff, 0);
	assert_int_equal(SET(&world, 1, 0x1fff, { HS_SVM_SET_FLAGS, HS_SVM_FLAG_GPU_EXEC }), 0);
	expect_log(&world, "map 1-17ff;unmap 1000-1fff;");
	end(&world);
}

/* F7 at its edges: a userptr buffer meets the block of the fault from its first page to its last, both included. */
static void userptr_at_the_edges_of_a_block(void **state)
{
	static const struct {
		uint64_t start, last, nr_pages;
	} cases[] = {
		{ 0x11f0, 0x11ff, 0x200 }, { 0x11f0, 0x1200, 1 }, { 0x13ff, 0x140f, 1 }, { 0x1400, 0x140f, 0x200 },
	};

	(void)state;
	FOR_EACH_VARIANT(variant) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct svm_range *range;
			struct world world;

			begin(&world, variant, true);
			hs_svm_add_buffer(world.svm, 0, cases[i].start, cases[i].last, true);
			assert_int_equal(gpu_fault(&world, 0, 0x1234), 0);
			range = svm_range_from_addr(world.svm, 0x1234, NULL);
			assert_non_null(range);
			assert_int_equal(range->last - range->start + 1, cases[i].nr_pages);
			end(&world);
		}
	}
}

/* start_brk = brk: the mapping around them is the heap's, one behind them is not; beside them it is to 6.1 alone. */
static void empty_heap(void **state)
{
	static const struct {
		uint64_t brk;
		bool is_heap, is_heap_of_6_1;
	} cases[] = { { 0x2000, true, true }, { 0x8000, false, true }, { 0x8001, false, false }, { 0, false, false } };

	(void)state;
	FOR_EACH_VARIANT(variant) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const bool is_heap = strcmp(variant, "6.1") ? cases[i].is_heap : cases[i].is_heap_of_6_1;
			struct svm_range *range;
			struct world world;

			start(&world, variant, true);
			world.setup.heap_start = world.setup.heap_end = cases[i].brk;
			make(&world);
			assert_int_equal(gpu_fault(&world, 0, 0x1234), 0);
			range = svm_range_from_addr(world.svm, 0x1234, NULL);
			assert_non_null(range);
			assert_int_equal(range->preferred_loc == 0, is_heap);
			end(&world);
		}
	}
}

/* 6.18 is 7.2 but for three rules. */
static void variant_6_18(void **state)
{
	struct hs_svm_rules rules = *hs_svm_variant_find("6.18");

	(void)state;
	assert_int_equal(hs_svm_rule_set(&rules, "remap_split", "v2"), 0);
	assert_int_equal(hs_svm_rule_set(&rules, "secondary_refused", "yes"), 0);
	assert_int_equal(hs_svm_rule_set(&rules, "walk_gives_up", "yes"), 0);
	assert_memory_equal(&rules, hs_svm_variant_find("7.2"), sizeof(rules));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_A4), cmocka_unit_test(spec_A5), cmocka_unit_test(spec_A7),
		cmocka_unit_test(spec_D21), cmocka_unit_test(spec_F14), cmocka_unit_test(spec_F17),
		cmocka_unit_test(spec_F24), cmocka_unit_test(spec_F25), cmocka_unit_test(spec_H3),
		cmocka_unit_test(spec_H4), cmocka_unit_test(spec_H12), cmocka_unit_test(spec_K2),
		cmocka_unit_test(spec_K3), cmocka_unit_test(mode_calls_are_checked),
		cmocka_unit_test(unreadable_memory_at_the_bottom),
		cmocka_unit_test(userptr_at_the_edges_of_a_block), cmocka_unit_test(empty_heap),
		cmocka_unit_test(variant_6_18),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
