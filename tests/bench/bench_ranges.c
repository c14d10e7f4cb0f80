// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_ranges FILE.hst MAX_PTES_NONE…: how many ranges of 2 MiB were touched on enough pages to be collapsed
 * under each setting. codec.bench asks perf script and awk the same; both must give the same numbers.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/hash_map.h"
#include "lib/vec.h"
#include "traces/reader.h"

enum { PAGE_SHIFT = 12, RANGE_SHIFT = 21, RANGE_PAGES = 512, COLUMN_MM = 2, COLUMN_ADDRESS = 3 };

struct range {
	uint64_t touched[RANGE_PAGES / 64];
};

struct ranges {
	struct hs_hash_map numbers;	/* of ranges in items */
	HS_VEC(struct range) items;
	uint64_t latest_key, latest;
};

/* Number of the range; UINT64_MAX: out of memory. 43 bits of an address name a range; ids of mms are small. */
static uint64_t find_range(struct ranges *ranges, uint32_t mm, uint64_t address)
{
	uint64_t key = (uint64_t)mm << 43 | (address >> RANGE_SHIFT), *known;

	if (key == ranges->latest_key)
		return ranges->latest;
	known = hs_hash_map_get(&ranges->numbers, key);
	if (!known && (!hs_vec_push(&ranges->items, (struct range){ { 0 } }) ||
		       hs_hash_map_put(&ranges->numbers, key, ranges->items.count - 1)))
		return UINT64_MAX;
	ranges->latest_key = key;
	ranges->latest = known ? *known : ranges->items.count - 1;
	return ranges->latest;
}

static bool touch(struct ranges *ranges, const struct hs_fault_user *faults, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t page = faults[i].address >> PAGE_SHIFT & (RANGE_PAGES - 1);
		uint64_t number = find_range(ranges, faults[i].row.mm, faults[i].address);

		if (number == UINT64_MAX)
			return false;
		ranges->items.items[number].touched[page / 64] |= 1ull << page % 64;
	}
	return true;
}

static size_t count_collapsible(const struct ranges *ranges, int max_ptes_none)
{
	size_t nr = 0;

	hs_vec_for_each(range, &ranges->items) {
		int touched = 0;

		for (size_t i = 0; i < RANGE_PAGES / 64; i++)
			touched += __builtin_popcountll(range->touched[i]);
		nr += touched >= RANGE_PAGES - max_ptes_none;
	}
	return nr;
}

static int read_faults(struct hs_reader *reader, struct ranges *ranges, struct hs_error *err)
{
	hs_kind_set kinds = { { 0 } };
	struct hs_run run;
	int status;

	hs_kind_set_add(&kinds, HS_KIND_fault_user);
	hs_reader_select_kinds(reader, &kinds);
	hs_reader_select_columns(reader, HS_KIND_fault_user, 1u << COLUMN_MM | 1u << COLUMN_ADDRESS);
	while ((status = hs_reader_next(reader, &run, err)) > 0)
		if (!touch(ranges, run.rows, run.nr))
			return hs_error_nomem(err);
	return status;
}

int main(int argc, char **argv)
{
	struct ranges ranges = { .latest_key = UINT64_MAX };
	struct hs_reader *reader;
	struct hs_error err;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_ranges FILE.hst MAX_PTES_NONE…\n");
		return 2;
	}
	if (hs_reader_open(argv[1], &reader, &err) || read_faults(reader, &ranges, &err)) {
		fprintf(stderr, "bench_ranges: %s\n", err.text);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		printf("%zu\n", count_collapsible(&ranges, atoi(argv[i])));
	hs_reader_close(reader);
	hs_hash_map_deinit(&ranges.numbers);
	hs_vec_deinit(&ranges.items);
	return 0;
}
