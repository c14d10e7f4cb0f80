// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap512.h"

enum { BLOCK_SHIFT = 21, PAGE_SHIFT = 12, MAX_BLOCKS_OF_MOVE = 1 << 16 };

void hs_places_deinit(struct hs_places *places)
{
	hs_vec_deinit(&places->moves);
}

int hs_places_add(struct hs_places *places, const struct hs_outcome *outcome)
{
	const struct hs_decision *decision = outcome->modelled;
	struct hs_move move;

	if (!decision || outcome->recorded || decision->point != HS_POINT_SVM_MIGRATE)
		return 0;
	move = (struct hs_move){
		.time = decision->time, .start = decision->subject, .end = decision->subject_end,
		.policy = outcome->policy, .mm = decision->mm, .is_in = strcmp(decision->result, "to_vram") == 0,
	};
	return hs_vec_push(&places->moves, move) ? 0 : -ENOMEM;
}

/* 2 MiB of an address space: which of its pages are inside. */
struct block {
	uint32_t mm;
	uint64_t number;
	struct hs_bitmap512 inside;
};
typedef HS_VEC(struct block) block_list;

static int compare_blocks(const void *left, const void *right)
{
	const struct block *a = left, *b = right;

	if (a->mm != b->mm)
		return a->mm < b->mm ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int add_blocks(block_list *blocks, const struct hs_move *move)
{
	uint64_t first = move->start >> BLOCK_SHIFT, last = (move->end - 1) >> BLOCK_SHIFT;

	for (uint64_t number = first; number <= last && number - first < MAX_BLOCKS_OF_MOVE; number++)
		if (!hs_vec_push(blocks, (struct block){ .mm = move->mm, .number = number }))
			return -ENOMEM;
	return 0;
}

/* The blocks that were ever inside, each once, in order. */
static int collect_blocks(const struct hs_places *places, uint32_t policy, block_list *blocks)
{
	size_t kept = 0;

	hs_vec_for_each(move, &places->moves)
		if (move->policy == policy && move->is_in && move->end > move->start && add_blocks(blocks, move))
			return -ENOMEM;
	if (blocks->count)
		qsort(blocks->items, blocks->count, sizeof(*blocks->items), compare_blocks);
	for (size_t i = 0; i < blocks->count; i++)
		if (!kept || compare_blocks(&blocks->items[kept - 1], &blocks->items[i]))
			blocks->items[kept++] = blocks->items[i];
	blocks->count = kept;
	return 0;
}

static void move_block(struct block *block, const struct hs_move *move)
{
	uint64_t base = block->number << BLOCK_SHIFT, end = base + (1ull << BLOCK_SHIFT);
	uint64_t from = move->start > base ? move->start : base, to = move->end < end ? move->end : end;

	for (uint64_t at = from; at < to; at += 1ull << PAGE_SHIFT) {
		unsigned int bit = (unsigned int)((at - base) >> PAGE_SHIFT);

		if (move->is_in)
			hs_bitmap512_set(&block->inside, bit);
		else
			hs_bitmap512_clear(&block->inside, bit);
	}
}

static void apply(block_list *blocks, const struct hs_move *move)
{
	uint64_t last = move->end > move->start ? (move->end - 1) >> BLOCK_SHIFT : 0;

	for (uint64_t number = move->start >> BLOCK_SHIFT; number <= last; number++) {
		struct block key = { .mm = move->mm, .number = number };
		struct block *block = blocks->count ? bsearch(&key, blocks->items, blocks->count, sizeof(key),
							      compare_blocks) : NULL;

		if (block)
			move_block(block, move);
	}
}

/* One row while time passes. */
struct strip {
	size_t first, nr;	/* of its blocks */
	double since;		/* seconds */
	unsigned int percent;
};

static unsigned int percent_of(const block_list *blocks, const struct strip *strip)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < strip->nr; i++)
		pages += hs_bitmap512_count(&blocks->items[strip->first + i].inside);
	return (unsigned int)((100 * pages + 256 * strip->nr) / (512 * strip->nr));
}

static void put(struct hs_table *table, const block_list *blocks, const struct strip *strips, size_t row,
		double until)
{
	const struct strip *strip = &strips[row];
	const struct block *block = &blocks->items[strip->first];

	if (until <= strip->since)
		return;
	hs_table_number(table, strip->since, 6);
	hs_table_number(table, until, 6);
	hs_table_count(table, row);
	hs_table_count(table, strip->percent);
	hs_table_text(table, "mm %u 0x%llx", block->mm, (unsigned long long)block->number << BLOCK_SHIFT);
}

static void step(struct hs_table *table, const block_list *blocks, struct strip *strips, size_t nr, double now)
{
	for (size_t row = 0; row < nr; row++) {
		unsigned int percent = percent_of(blocks, &strips[row]);

		if (percent == strips[row].percent)
			continue;
		put(table, blocks, strips, row, now);
		strips[row].since = now;
		strips[row].percent = percent;
	}
}

static void lay_out(struct strip *strips, size_t nr, size_t nr_blocks)
{
	for (size_t row = 0; row < nr; row++) {
		strips[row].first = row * nr_blocks / nr;
		strips[row].nr = (row + 1) * nr_blocks / nr - strips[row].first;
	}
}

/* Column by column: all moves up to its end, then what has changed. */
static void fill(struct hs_table *table, const struct hs_places *places, const struct hs_places_setup *setup,
		 block_list *blocks, struct strip *strips, size_t nr)
{
	double span = (double)(setup->end_time - setup->start_time);
	size_t at = 0;

	for (size_t column = 0; column < setup->columns; column++) {
		uint64_t end = setup->start_time + (uint64_t)(span * (double)(column + 1) / (double)setup->columns);

		for (; at < places->moves.count && places->moves.items[at].time <= end; at++)
			if (places->moves.items[at].policy == setup->policy)
				apply(blocks, &places->moves.items[at]);
		step(table, blocks, strips, nr, span * (double)column / (double)setup->columns / 1e9);
	}
	for (size_t row = 0; row < nr; row++)
		put(table, blocks, strips, row, span / 1e9);
}

struct hs_table *hs_places_table(const struct hs_places *places, const struct hs_places_setup *setup)
{
	struct hs_table *table = hs_table_create("places over time");
	block_list blocks = { 0 };
	struct strip *strips = calloc(setup->max_rows, sizeof(*strips));
	int status = strips ? collect_blocks(places, setup->policy, &blocks) : -ENOMEM;
	size_t nr = blocks.count < setup->max_rows ? blocks.count : setup->max_rows;

	hs_table_add_column(table, "from", "");
	hs_table_add_column(table, "to", "");
	hs_table_add_column(table, "row", "");
	hs_table_add_column(table, "percent", "");
	hs_table_add_column(table, "label", "");
	if (!status && nr && setup->end_time > setup->start_time) {
		lay_out(strips, nr, blocks.count);
		fill(table, places, setup, &blocks, strips, nr);
	}
	free(strips);
	hs_vec_deinit(&blocks);
	if (!status)
		return table;
	hs_table_destroy(table);
	return NULL;
}
