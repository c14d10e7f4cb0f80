// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* The ioctl of include/uapi/linux/fs.h (since 6.7); older headers do not have it. */
struct scan_region {
	uint64_t start, end, categories;
};

struct scan_argument {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_argument)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4, IS_ZERO = 1 << 5, IS_HUGE = 1 << 6 };

/* Bits of /proc/PID/pagemap and /proc/kpageflags entries. */
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_SWAPPED (1ull << 62)
#define ENTRY_FILE (1ull << 61)
#define ENTRY_PFN ((1ull << 55) - 1)
#define FLAG_THP (1ull << 22)
#define FLAG_ZERO (1ull << 24)

enum { PAGE_BYTES = 4096, PAGES = HS_BITMAP512_BITS, NR_REGIONS = 512 };
static const uint64_t range_bytes = (uint64_t)PAGE_BYTES * PAGES;

struct hs_page_scan {
	int pagemap, pageflags;
	bool has_ioctl;
	struct hs_page_range range;	/* being filled; address 0: none */
	struct scan_region regions[NR_REGIONS];
	uint64_t entries[PAGES];
};

int hs_page_scan_open(pid_t pid, struct hs_page_scan **out)
{
	struct hs_page_scan *scan = calloc(1, sizeof(*scan));
	struct scan_argument probe = { .size = sizeof(probe), .return_mask = IS_PRESENT };
	char path[64];
	int error;

	if (!scan)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	scan->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (scan->pagemap < 0) {
		error = -errno;
		free(scan);
		return error;
	}
	scan->has_ioctl = ioctl(scan->pagemap, SCAN_IOCTL, &probe) == 0;
	scan->pageflags = scan->has_ioctl ? -1 : open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	*out = scan;
	return 0;
}

void hs_page_scan_close(struct hs_page_scan *scan)
{
	if (!scan)
		return;
	close(scan->pagemap);
	if (scan->pageflags >= 0)
		close(scan->pageflags);
	free(scan);
}

bool hs_page_scan_skips_empty(const struct hs_page_scan *scan)
{
	return scan->has_ioctl;
}

const char *hs_page_scan_method(const struct hs_page_scan *scan)
{
	return scan->has_ioctl ? "pagemap_scan" : "pagemap";
}

static int hand_out(struct hs_page_scan *scan, hs_page_visit visit, void *context)
{
	int error = scan->range.address ? visit(context, &scan->range) : 0;

	memset(&scan->range, 0, sizeof(scan->range));
	return error;
}

/* Hands out the range that was being filled unless it is the one at base. */
static int move_to(struct hs_page_scan *scan, uint64_t base, hs_page_visit visit, void *context)
{
	int error = scan->range.address != base ? hand_out(scan, visit, context) : 0;

	scan->range.address = base;
	return error;
}

/* Bits [from, to) of the current range get these categories. */
static void mark(struct hs_page_range *range, unsigned int from, unsigned int to, uint64_t categories)
{
	if (categories & IS_SWAPPED)
		hs_bitmap512_set_in(&range->swap, from, to);
	if (!(categories & IS_PRESENT))
		return;
	hs_bitmap512_set_in(&range->present, from, to);
	if (categories & IS_ZERO)
		hs_bitmap512_set_in(&range->zero, from, to);
	if (categories & IS_FILE)
		hs_bitmap512_set_in(&range->file, from, to);
	range->is_huge |= (categories & IS_HUGE) && from == 0 && to == PAGES;
}

static int add_region(struct hs_page_scan *scan, const struct scan_region *region, hs_page_visit visit, void *context)
{
	uint64_t at = region->start;

	while (at < region->end) {
		uint64_t base = at & ~(range_bytes - 1);
		uint64_t end = region->end < base + range_bytes ? region->end : base + range_bytes;
		int error = move_to(scan, base, visit, context);

		if (error)
			return error;
		mark(&scan->range, (unsigned int)((at - base) / PAGE_BYTES), (unsigned int)((end - base) / PAGE_BYTES),
		     region->categories);
		at = end;
	}
	return 0;
}

static int visit_by_ioctl(struct hs_page_scan *scan, uint64_t start, uint64_t end, hs_page_visit visit, void *context)
{
	while (start < end) {
		struct scan_argument argument = {
			.size = sizeof(argument), .start = start, .end = end, .vec = (uintptr_t)scan->regions,
			.vec_len = NR_REGIONS, .category_anyof_mask = IS_PRESENT | IS_SWAPPED,
			.return_mask = IS_PRESENT | IS_SWAPPED | IS_ZERO | IS_HUGE | IS_FILE,
		};
		int nr = ioctl(scan->pagemap, SCAN_IOCTL, &argument), error = 0;

		if (nr < 0)
			return -errno;
		for (int i = 0; i < nr && !error; i++)
			error = add_region(scan, &scan->regions[i], visit, context);
		if (error)
			return error;
		start = argument.walk_end;
		if (nr == 0)
			break;
	}
	return 0;
}

static uint64_t page_flags(const struct hs_page_scan *scan, uint64_t pfn)
{
	uint64_t flags = 0;

	if (scan->pageflags < 0 || pread(scan->pageflags, &flags, sizeof(flags), (off_t)(pfn * sizeof(flags))) < 0)
		return 0;
	return flags;
}

/* All 512 entries are the pages of one aligned huge page, in order. */
static bool looks_huge(const struct hs_page_scan *scan)
{
	uint64_t first = scan->entries[0] & ENTRY_PFN;

	if (!(scan->entries[0] & ENTRY_PRESENT) || !first || first % PAGES || !(page_flags(scan, first) & FLAG_THP))
		return false;
	for (unsigned int i = 1; i < PAGES; i++)
		if (!(scan->entries[i] & ENTRY_PRESENT) || (scan->entries[i] & ENTRY_PFN) != first + i)
			return false;
	return true;
}

static void mark_entry(struct hs_page_scan *scan, unsigned int page, uint64_t entry)
{
	uint64_t categories = (entry & ENTRY_PRESENT ? IS_PRESENT : 0) | (entry & ENTRY_SWAPPED ? IS_SWAPPED : 0) |
			      (entry & ENTRY_FILE ? IS_FILE : 0);

	if (entry & ENTRY_PRESENT && page_flags(scan, entry & ENTRY_PFN) & FLAG_ZERO)
		categories |= IS_ZERO;
	mark(&scan->range, page, page + 1, categories);
}

/* The entries of one range, as far as they lie in [start, end). */
static int add_entries(struct hs_page_scan *scan, uint64_t base, size_t nr, uint64_t start, uint64_t end,
		       hs_page_visit visit, void *context)
{
	int error = 0;

	for (unsigned int i = 0; i < nr && !error; i++) {
		uint64_t address = base + (uint64_t)i * PAGE_BYTES;

		if (address < start || address >= end || !(scan->entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED)))
			continue;
		error = move_to(scan, base, visit, context);
		mark_entry(scan, i, scan->entries[i]);
	}
	if (scan->range.address == base && nr == PAGES && looks_huge(scan))
		scan->range.is_huge = 1;
	return error;
}

static int visit_by_reading(struct hs_page_scan *scan, uint64_t start, uint64_t end,
			    hs_page_visit visit, void *context)
{
	int error = 0;

	for (uint64_t base = start & ~(range_bytes - 1); base < end && !error; base += range_bytes) {
		ssize_t got = pread(scan->pagemap, scan->entries, sizeof(scan->entries),
				    (off_t)(base / PAGE_BYTES * sizeof(uint64_t)));

		if (got < 0)
			return -errno;
		error = add_entries(scan, base, (size_t)got / sizeof(uint64_t), start, end, visit, context);
	}
	return error;
}

int hs_page_scan_visit(struct hs_page_scan *scan, uint64_t start, uint64_t end, hs_page_visit visit, void *context)
{
	if (scan->has_ioctl)
		return visit_by_ioctl(scan, start, end, visit, context);
	return visit_by_reading(scan, start, end, visit, context);
}

int hs_page_scan_finish(struct hs_page_scan *scan, hs_page_visit visit, void *context)
{
	return hand_out(scan, visit, context);
}
