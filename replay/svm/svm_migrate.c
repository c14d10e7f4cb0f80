// SPDX-License-Identifier: GPL-2.0-only
/* kfd_migrate.c: migration of a range, or of a part of it, over all VMAs that it crosses. */
#include "replay/svm/svm_state.h"

#include <errno.h>

static bool is_inside(const struct svm_range *range, uint64_t start, uint64_t last)
{
	return start >= range->start && last <= range->last;
}

/* Without partial migration the whole range goes, whatever was asked for. */
static struct hs_svm_span part_asked(const struct hs_svm *svm, const struct svm_range *range, uint64_t start,
				     uint64_t last)
{
	if (!svm->rules.partial_migration)
		return (struct hs_svm_span){ .start = range->start, .last = range->last };
	return (struct hs_svm_span){ .start = start, .last = last };
}

/* The KFD limit is asked for the whole range, and given back when the migration is over. */
static int ask_vram_limit(struct hs_svm *svm, const struct svm_range *range, uint32_t gpu)
{
	const struct hs_svm_gpu_setup *setup = &svm->gpus[gpu].setup;
	uint64_t used = svm->device_used[setup->device], pages = svm_range_pages(range);
	int rc = used > setup->vram_pages || pages > setup->vram_pages - used ? -ENOMEM : 0;

	SVM_EMIT(svm, VRAM_RESERVE, .device = setup->device, .pages = pages, .rc = rc);
	return rc ? -ENOSPC : 0;
}

/* Moves the pieces of the VMAs until there is none; *moved counts also in front of a failure. */
static int move_pieces_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu,
			       const struct hs_svm_span *part, enum hs_svm_trigger trigger, uint64_t *moved)
{
	hs_svm_for_each_span(vma, &svm->vmas, part->start, part->last) {
		int64_t pages;

		if (!vma.value)
			break;
		pages = svm_move_to_vram(svm, range, gpu, vma.start, vma.last, trigger);
		if (pages < 0)
			return (int)pages;
		*moved += (uint64_t)pages;
	}
	return 0;
}

/*
 * kfd_migrate.c svm_migrate_ram_to_vram(). An unmap may have cut the range on the way here: where whole ranges move,
 * what is left of it goes, else the part that was asked for no longer fits.
 */
static int ram_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
		       enum hs_svm_trigger trigger)
{
	struct hs_svm_span part = part_asked(svm, range, start, last);
	uint64_t moved = 0;
	int rc;

	if (!is_inside(range, part.start, part.last))
		return -EFAULT;
	rc = svm->rules.vram_reserve ? ask_vram_limit(svm, range, gpu) : 0;
	if (!rc)
		rc = svm_bo_new(svm, range, gpu);
	if (rc)
		return rc;
	rc = move_pieces_to_vram(svm, range, gpu, &part, trigger, &moved);
	if (moved) {
		range->actual_loc = svm->gpus[gpu].setup.id;
		range->vram_pages += svm->rules.partial_migration ? moved : 0;
	} else if (!range->actual_loc) {
		svm_bo_drop(svm, range);
	} else {
		svm_hazard(svm, HS_SVM_HAZARD_REDUNDANT_MIGRATION, part.start, part.last);
	}
	return rc;
}

static int move_pieces_to_ram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu,
			      const struct hs_svm_span *part, enum hs_svm_trigger trigger, uint64_t *count)
{
	hs_svm_for_each_span(vma, &svm->vmas, part->start, part->last) {
		int64_t pages = vma.value ? svm_move_to_ram(svm, range, gpu, vma.start, vma.last, trigger) : -EFAULT;

		if (pages < 0)
			return (int)pages;
		*count += (uint64_t)pages;
	}
	return 0;
}

static void report_orphans(struct hs_svm *svm, const struct svm_range *range)
{
	hs_svm_for_each_span(span, &svm->pages, range->start, range->last)
		if (svm_page_bo(span.value))
			svm_hazard(svm, HS_SVM_HAZARD_ORPHAN_VRAM, span.start, span.last);
}

/* The counter of pages in VRAM tells when the range has left it. */
static void count_out(struct hs_svm *svm, struct svm_range *range, uint64_t moved)
{
	if (range->vram_pages < moved)
		SVM_EMIT(svm, WARN, .where = "svm_migrate_vram_to_ram");
	range->vram_pages -= moved;
	if (range->vram_pages)
		return;
	range->actual_loc = 0;
	svm_bo_drop(svm, range);
}

/* kfd_migrate.c svm_migrate_vram_to_ram() */
int svm_migrate_to_ram(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		       enum hs_svm_trigger trigger)
{
	struct hs_svm_span part = { .start = start, .last = last };
	uint64_t count = 0;
	int gpu, rc;

	if (!range->actual_loc)
		return 0;
	if (!is_inside(range, start, last))
		return -EFAULT;
	gpu = svm_gpu_by_id(svm, range->actual_loc);
	if (gpu < 0)
		return -ENODEV;
	rc = move_pieces_to_ram(svm, range, (uint32_t)gpu, &part, trigger, &count);
	if (rc)
		return rc;
	if (svm->rules.partial_migration) {
		count_out(svm, range, count);
	} else if (!count) {
		svm_bo_drop(svm, range);
		range->actual_loc = 0;
	}
	if (!range->actual_loc)
		report_orphans(svm, range);
	return 0;
}

/* kfd_migrate.c svm_migrate_vram_to_vram(): by way of system memory, also between linked GPUs. */
static int vram_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger)
{
	int retries = 3;

	do {
		int rc = svm_migrate_to_ram(svm, range, range->start, range->last, trigger);

		if (rc)
			return rc;
	} while (range->actual_loc && --retries);
	if (range->actual_loc)
		return -EDEADLK;
	return ram_to_vram(svm, range, gpu, start, last, trigger);
}

/* kfd_migrate.c svm_migrate_to_vram() */
int svm_migrate_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger)
{
	if (range->actual_loc && range->actual_loc != svm->gpus[gpu].setup.id)
		return vram_to_vram(svm, range, gpu, start, last, trigger);
	return ram_to_vram(svm, range, gpu, start, last, trigger);
}

static void emit_ask(struct hs_svm *svm, const struct svm_range *range, uint32_t to, const struct hs_svm_span *part,
		     enum hs_svm_trigger trigger)
{
	SVM_EMIT(svm, MIGRATE, .from = range->actual_loc, .to = to, .start = part->start, .last = part->last,
		 .trigger = trigger);
}

int svm_ask_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t location, uint64_t start, uint64_t last,
		    enum hs_svm_trigger trigger)
{
	struct hs_svm_span part = part_asked(svm, range, start, last);
	int gpu = svm_gpu_by_id(svm, location), rc = -ENODEV;

	emit_ask(svm, range, location, &part, trigger);
	if (gpu >= 0)
		rc = svm_migrate_to_vram(svm, range, (uint32_t)gpu, part.start, part.last, trigger);
	SVM_EMIT(svm, MIGRATE_RC, .rc = rc);
	return rc;
}

int svm_ask_to_ram(struct hs_svm *svm, struct svm_range *range, uint64_t start, uint64_t last,
		   enum hs_svm_trigger trigger)
{
	struct hs_svm_span part = part_asked(svm, range, start, last);
	int rc;

	emit_ask(svm, range, 0, &part, trigger);
	rc = svm_migrate_to_ram(svm, range, part.start, part.last, trigger);
	SVM_EMIT(svm, MIGRATE_RC, .rc = rc);
	return rc;
}
