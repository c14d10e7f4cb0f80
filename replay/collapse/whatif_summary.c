// SPDX-License-Identifier: GPL-2.0-only
/* What a policy came to: sums, distributions, address space by address space, and how things stand now. */
#include <stdlib.h>
#include <string.h>

#include "replay/collapse/collapse_whatif.h"

/* How things stand: what is huge, and what is there although the program never touched it. */
struct standing {
	const struct hs_collapse_whatif *whatif;
	uint64_t bloat_pages, unknown_pages, huge_ns;
};

static void add_slot(void *context, uint32_t id, uint64_t address, const struct hs_thp_slot *slot)
{
	struct standing *standing = context;
	const struct hs_mm *mm = hs_address_space_mm(standing->whatif->model->space, id);
	struct hs_slot_counts counts;
	unsigned int filled;

	if (slot->is_huge)
		standing->huge_ns += standing->whatif->model->now - slot->since;
	if (!mm)
		return;
	filled = hs_bitmap512_count(&slot->filled);
	counts = hs_mm_count_slot(mm, address);
	counts.present += counts.swap;
	standing->unknown_pages += counts.unknown < filled ? counts.unknown : filled;
	counts.present += counts.unknown;
	standing->bloat_pages += filled > counts.present ? filled - counts.present : 0;
}

/* Of one mm, or (0) of all. */
static struct standing take_stock(const struct hs_collapse_whatif *whatif, uint32_t mm)
{
	struct standing standing = { .whatif = whatif };

	hs_thp_overlay_each(&whatif->overlay, mm, add_slot, &standing);
	return standing;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void add_quantiles(const struct hs_collapse_whatif *whatif, hs_add_number *add, void *context)
{
	static const struct {
		const char *name;
		unsigned int percent;
	} wanted[] = { { "time_to_collapse_p50_ns", 50 }, { "time_to_collapse_p90_ns", 90 },
		       { "time_to_collapse_p99_ns", 99 }, { "time_to_collapse_max_ns", 100 } };
	const size_t count = whatif->waits.count;
	uint64_t *sorted = malloc(count * sizeof(*sorted) + 1);

	if (!sorted || !count) {
		free(sorted);
		return;
	}
	memcpy(sorted, whatif->waits.items, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_u64);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		add(context, wanted[i].name, (double)sorted[(count - 1) * wanted[i].percent / 100]);
	free(sorted);
}

void hs_collapse_whatif_summarize(const struct hs_collapse_whatif *whatif, hs_add_number *add, void *context)
{
	const struct standing standing = take_stock(whatif, 0);

	add(context, "passes", (double)whatif->daemon.nr_passes);
	add(context, "backoff_ns", (double)whatif->backoff_ns);
	add(context, "fault_huge_pages", (double)whatif->fault_huge);
	add(context, "fault_fallbacks", (double)whatif->fault_fallbacks);
	add(context, "cache_huge_pages", (double)whatif->cache_huge);
	add(context, "cache_fault_huge_pages", (double)whatif->cache_faults);
	add(context, "cache_huge_pages_at_end", (double)hs_cache_memory_count_huge(&whatif->cache));
	add(context, "cache_huge_page_seconds",
	    (double)hs_cache_memory_huge_ns(&whatif->cache, whatif->model->now) / 1e9);
	add(context, "cache_bytes_read", (double)whatif->cache_pages_read * HS_PAGE_BYTES);
	add(context, "huge_pages_at_end", (double)whatif->overlay.huge);
	add(context, "huge_page_seconds", (double)(whatif->overlay.huge_ns + standing.huge_ns) / 1e9);
	add(context, "splits", (double)whatif->overlay.splits);
	add(context, "underused_splits", (double)whatif->underused_splits);
	add(context, "recollapses", (double)whatif->recollapses);
	add(context, "bloat_bytes_at_end", (double)standing.bloat_pages * HS_PAGE_BYTES);
	add(context, "unknown_bytes_at_end", (double)standing.unknown_pages * HS_PAGE_BYTES);
	add_quantiles(whatif, add, context);
}

void hs_collapse_whatif_summarize_mms(const struct hs_collapse_whatif *whatif, hs_add_mm_number *add, void *context)
{
	hs_vec_for_each(one, &whatif->mms.list) {
		const struct standing standing = take_stock(whatif, one->mm);

		add(context, one->mm, "huge_page_seconds", (double)(one->huge_ns + standing.huge_ns) / 1e9);
		add(context, one->mm, "huge_pages_made", (double)(one->collapses + one->fault_huge));
		add(context, one->mm, "zero_filled_bytes", (double)one->pages_zeroed * HS_PAGE_BYTES);
		add(context, one->mm, "bloat_bytes_at_end", (double)standing.bloat_pages * HS_PAGE_BYTES);
	}
}

void hs_collapse_whatif_sample(const struct hs_collapse_whatif *whatif, hs_add_number *add, void *context)
{
	const struct standing standing = take_stock(whatif, 0);

	add(context, "huge_pages", (double)whatif->overlay.huge);
	add(context, "bloat_bytes", (double)standing.bloat_pages * HS_PAGE_BYTES);
}

/* Slots of an mm come together. */
struct mm_standing {
	struct standing standing;
	uint32_t mm;		/* 0: none yet */
	hs_add_mm_number *add;
	void *context;
};

static void tell_standing(struct mm_standing *of)
{
	if (of->standing.bloat_pages)
		of->add(of->context, of->mm, "bloat_bytes", (double)of->standing.bloat_pages * HS_PAGE_BYTES);
	of->standing.bloat_pages = 0;
}

static void add_mm_slot(void *context, uint32_t id, uint64_t address, const struct hs_thp_slot *slot)
{
	struct mm_standing *of = context;

	if (of->mm != id)
		tell_standing(of);
	of->mm = id;
	add_slot(&of->standing, id, address, slot);
}

void hs_collapse_whatif_sample_mms(const struct hs_collapse_whatif *whatif, hs_add_mm_number *add, void *context)
{
	struct mm_standing of = { .standing = { .whatif = whatif }, .add = add, .context = context };

	hs_thp_overlay_each(&whatif->overlay, 0, add_mm_slot, &of);
	tell_standing(&of);
}
