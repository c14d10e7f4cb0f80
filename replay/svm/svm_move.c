// SPDX-License-Identifier: GPL-2.0-only
/*
 * One migration of one piece of a VMA: kfd_migrate.c svm_migrate_vma_to_vram() and svm_migrate_vma_to_ram(),
 * with what mm/migrate_device.c does between their steps.
 */
#include "replay/svm/svm_state.h"

#include <errno.h>

struct move {
	struct hs_svm *svm;
	struct svm_range *range;
	uint32_t gpu;			/* the one with the VRAM */
	bool to_vram;
	uint64_t start, last;
	enum hs_svm_trigger trigger;
	uint64_t collected, holes;	/* pages; holes are among collected */
	uint64_t copied, copy_runs;	/* pages with contents; submissions */
	uint64_t moved, refused;	/* refused: collected and copied, but not moved */
	uint64_t vma;			/* flags */
	uint64_t left_page;		/* where a failed copy stopped, HS_SVM_NO_PAGE: nothing is left behind */
};

static uint32_t vram_location(const struct move *move)
{
	return move->svm->gpus[move->gpu].setup.id;
}

static void emit_start(const struct move *move)
{
	uint32_t vram = vram_location(move);

	SVM_EMIT(move->svm, MIGRATE_START, .gpu = move->gpu, .start = move->start, .last = move->last,
		 .from = move->to_vram ? 0 : vram, .to = move->to_vram ? vram : 0,
		 .prefetch_loc = move->range->prefetch_loc, .preferred_loc = move->range->preferred_loc,
		 .trigger = move->trigger);
}

static void emit_end(const struct move *move, int rc)
{
	uint32_t vram = vram_location(move);

	SVM_EMIT(move->svm, MIGRATE_END, .gpu = move->gpu, .start = move->start, .last = move->last,
		 .from = move->to_vram ? 0 : vram, .to = move->to_vram ? vram : 0, .trigger = move->trigger,
		 .rc = rc, .has_rc = move->svm->rules.migrate_end_always);
}

/* mm/migrate_device.c migrate_vma_collect(): is this run of pages, equal in place and pin, taken? */
static bool is_collected(const struct move *move, uint64_t page, uint64_t pin)
{
	const struct svm_bo *bo = svm_page_bo(page);

	if (page == SVM_PAGE_NONE)
		return !(move->vma & HS_SVM_VMA_FILE);
	if (pin == HS_SVM_PINNED)
		return false;
	if (move->to_vram)
		return !bo;
	return bo && svm_page_owner(move->svm, bo->gpu) == svm_page_owner(move->svm, move->gpu);
}

/* The pieces of a move with one place and one pin each. */
struct part {
	uint64_t start, last;
	uint64_t page;		/* place */
	uint64_t pin;
	bool is_collected;
};

static bool next_part(const struct move *move, uint64_t from, struct part *part)
{
	struct hs_svm_span place, pin;

	if (!hs_svm_runs_span(&move->svm->pages, from, move->last, &place))
		return false;
	hs_svm_runs_span(&move->svm->pins, from, place.last, &pin);
	*part = (struct part){ .start = from, .last = pin.last, .page = place.value, .pin = pin.value };
	part->is_collected = is_collected(move, part->page, part->pin);
	return true;
}

#define FOR_EACH_PART(part, move) \
	for (struct part part = { .last = (move)->start - 1 }; next_part(move, part.last + 1, &part); )

static uint64_t part_pages(const struct part *part)
{
	return part->last - part->start + 1;
}

/* mm/migrate_device.c migrate_vma_setup() */
static int collect(struct move *move)
{
	enum { SPECIAL_VMA = HS_SVM_VMA_IO | HS_SVM_VMA_PFNMAP | HS_SVM_VMA_MIXEDMAP | HS_SVM_VMA_HUGETLB };
	struct hs_svm *svm = move->svm;
	int rc = svm_pass(svm, HS_SVM_AT_MIGRATE_SETUP, 1, NULL);

	move->vma = hs_svm_runs_get(&svm->vmas, move->start);
	if (!rc && move->vma & SPECIAL_VMA)
		rc = -EINVAL;
	if (!rc) {
		hs_svm_invalidate(svm, HS_SVM_EVENT_MIGRATE, move->start, move->last);
		FOR_EACH_PART(part, move) {
			move->collected += part.is_collected ? part_pages(&part) : 0;
			move->holes += part.is_collected && part.page == SVM_PAGE_NONE ? part_pages(&part) : 0;
		}
	}
	SVM_EMIT(svm, COLLECT, .start = move->start, .last = move->last, .rc = rc, .to_vram = move->to_vram,
		 .pages = move->collected, .holes = move->holes);
	return rc;
}

static int submit_copy(struct move *move, uint64_t pages)
{
	int rc = svm_pass(move->svm, HS_SVM_AT_COPY, 1, NULL);

	if (rc) {
		SVM_EMIT(move->svm, COPY_FAIL, .rc = rc);
		return rc;
	}
	move->copied += pages;
	move->copy_runs++;
	return 0;
}

/*
 * kfd_migrate.c svm_migrate_copy_to_vram(): a run of pages with contents is one submission, made at the page
 * behind it, or at its last page where the piece ends.
 */
static int copy_to_vram(struct move *move)
{
	uint64_t run = 0;
	int rc = 0;

	FOR_EACH_PART(part, move) {
		uint64_t passed;
		bool has_contents = part.is_collected && part.page == SVM_PAGE_RAM;

		if (!has_contents && run) {
			move->left_page = part.start;
			rc = submit_copy(move, run);
			run = 0;
		}
		if (rc)
			return rc;
		if (!has_contents)
			continue;
		rc = svm_pass(move->svm, HS_SVM_AT_DMA_MAP, part_pages(&part), &passed);
		move->left_page = part.start + passed;
		if (rc)
			return rc;
		run += part_pages(&part);
	}
	move->left_page = move->last;
	return run ? submit_copy(move, run) : 0;
}

/* kfd_migrate.c svm_migrate_copy_to_ram(): a run of adjacent VRAM, which is of one buffer, is one submission. */
static int copy_to_ram(struct move *move)
{
	uint64_t run = 0, page = SVM_PAGE_NONE;
	int rc = 0;

	FOR_EACH_PART(part, move) {
		bool is_taken = part.is_collected && part.page != SVM_PAGE_NONE;
		uint64_t passed;

		if (run && !(is_taken && part.page == page)) {
			rc = submit_copy(move, run);
			run = 0;
		}
		if (!rc && is_taken)
			rc = svm_pass(move->svm, HS_SVM_AT_SYS_PAGE, part_pages(&part), &passed);
		if (!rc && is_taken)
			rc = svm_pass(move->svm, HS_SVM_AT_DMA_MAP, part_pages(&part), NULL);
		if (rc)
			return rc;
		if (!is_taken)
			continue;
		run += part_pages(&part);
		page = part.page;
	}
	return run ? submit_copy(move, run) : 0;
}

/* mm/migrate_device.c migrate_vma_pages(): holes that get a page invalidate once more, from the first on. */
static void place_to_vram(struct move *move, uint64_t start, uint64_t last)
{
	struct move view = *move;
	bool notified = false;

	view.start = start;
	view.last = last;
	FOR_EACH_PART(part, &view) {
		if (!part.is_collected)
			continue;
		if (part.page == SVM_PAGE_NONE && !notified) {
			hs_svm_invalidate(move->svm, HS_SVM_EVENT_MIGRATE, part.start, move->last);
			notified = true;
		}
		if (part.pin == HS_SVM_PINNED_LATE || move->vma & HS_SVM_VMA_FILE) {
			move->refused += part_pages(&part);
			continue;
		}
		svm_pages_place(move->svm, part.start, part.last, (uint64_t)(uintptr_t)move->range->bo);
		move->moved += part_pages(&part);
	}
}

static void place_to_ram(struct move *move)
{
	FOR_EACH_PART(part, move) {
		if (!part.is_collected || part.page == SVM_PAGE_NONE)
			continue;
		if (part.pin == HS_SVM_PINNED_LATE) {
			move->refused += part_pages(&part);
			continue;
		}
		svm_pages_place(move->svm, part.start, part.last, SVM_PAGE_RAM);
		move->moved += part_pages(&part);
	}
}

static void place_pages(struct move *move, int copy_rc)
{
	struct hs_svm *svm = move->svm;

	if (!copy_rc && move->to_vram) {
		place_to_vram(move, move->start, move->last);
	} else if (!copy_rc) {
		place_to_ram(move);
	} else if (move->to_vram && svm->rules.failed_copy_leaves_page) {
		place_to_vram(move, move->left_page, move->left_page);
		if (move->moved)
			svm_hazard(svm, HS_SVM_HAZARD_ORPHAN_VRAM, move->left_page, move->left_page);
	}
	SVM_EMIT(svm, MOVED, .start = move->start, .last = move->last, .pages = move->moved,
		 .to_vram = move->to_vram, .copied_pages = move->copied, .copy_runs = move->copy_runs);
}

/* Pages that count as migrated by the variant. */
static uint64_t count_migrated(const struct move *move)
{
	switch (move->svm->rules.count_migrated) {
	case HS_SVM_COUNT_COLLECTED:
		return move->collected;
	case HS_SVM_COUNT_COPIED:
		return move->to_vram ? move->collected : move->moved + move->refused;
	default:
		return move->moved;
	}
}

static int run_move(struct move *move)
{
	bool has_end = move->svm->rules.migrate_end_always;
	int rc;

	emit_start(move);
	rc = collect(move);
	if (!rc && move->collected) {
		rc = move->to_vram ? copy_to_vram(move) : copy_to_ram(move);
		place_pages(move, rc);
		has_end = true;
	}
	if (has_end)
		emit_end(move, rc);
	return rc;
}

int64_t svm_move_to_vram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			 enum hs_svm_trigger trigger)
{
	struct move move = { .svm = svm, .range = range, .gpu = gpu, .to_vram = true, .start = start, .last = last,
			     .trigger = trigger };
	int rc = run_move(&move);

	if (rc)
		return rc;
	if (move.refused && svm->rules.partial_migration && count_migrated(&move) > move.moved)
		svm_hazard(svm, HS_SVM_HAZARD_VRAM_LEAK, start, last);
	svm->gpus[gpu].page_in += count_migrated(&move);
	return (int64_t)count_migrated(&move);
}

/* Before the counter of VRAM pages, the answer was the number of pages that stayed although collected. */
int64_t svm_move_to_ram(struct hs_svm *svm, struct svm_range *range, uint32_t gpu, uint64_t start, uint64_t last,
			enum hs_svm_trigger trigger)
{
	struct move move = { .svm = svm, .range = range, .gpu = gpu, .start = start, .last = last,
			     .trigger = trigger };
	int rc = run_move(&move);

	if (rc)
		return rc;
	svm->gpus[gpu].page_out += count_migrated(&move);
	return (int64_t)(svm->rules.partial_migration ? count_migrated(&move) : move.refused);
}
