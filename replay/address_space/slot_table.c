// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/slot_table.h"

#include <stdlib.h>
#include <string.h>

#include "replay/address_space/address_space.h"

static uint64_t group_of(uint64_t address)
{
	return address >> HS_GROUP_SHIFT;
}

static unsigned int slot_of(uint64_t address)
{
	return (unsigned int)(address >> HS_SLOT_SHIFT) % HS_GROUP_SLOTS;
}

static uint64_t slot_start(uint64_t address)
{
	return address & ~(HS_SLOT_BYTES - 1);
}

/* Index of the first entry whose number is at or above `number`. */
static size_t lower_bound(const struct hs_slot_table *table, uint64_t number)
{
	size_t low = 0, high = table->groups.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table->groups.items[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct hs_slot_table *table, size_t at, uint64_t number)
{
	return at < table->groups.count && table->groups.items[at].number == number;
}

/* As lower_bound. Where memory is populated without gaps, the last lookup tells where this one ends. */
static size_t seek(const struct hs_slot_table *table, uint64_t number)
{
	size_t at = table->last;

	if (is_at(table, at, number))
		return at;
	if (at < table->groups.count)
		at += number - table->groups.items[at].number;
	return is_at(table, at, number) ? at : lower_bound(table, number);
}

static struct hs_slot_group *find_group(const struct hs_slot_table *table, uint64_t number)
{
	size_t at = seek(table, number);

	return is_at(table, at, number) ? table->groups.items[at].group : NULL;
}

/* A slot of the group gets a record: the level above it has a table then. */
static struct hs_slot_group *own_group(struct hs_slot_table *table, uint64_t number)
{
	struct hs_slot_group *group;
	size_t at = seek(table, number);

	if (!hs_upper_add(&table->upper, number << HS_GROUP_SHIFT))
		return NULL;
	table->last = at;
	if (is_at(table, at, number))
		return table->groups.items[at].group;
	group = calloc(1, sizeof(*group));
	if (!group || !hs_vec_reserve(&table->groups, 1)) {
		free(group);
		return NULL;
	}
	memmove(&table->groups.items[at + 1], &table->groups.items[at],
		(table->groups.count - at) * sizeof(*table->groups.items));
	table->groups.items[at] = (struct hs_slot_group_entry){ number, group };
	table->groups.count++;
	return group;
}

void hs_slot_table_deinit(struct hs_slot_table *table, struct hs_page_store *store)
{
	hs_vec_for_each(entry, &table->groups) {
		for (unsigned int i = 0; i < HS_GROUP_SLOTS; i++)
			if (entry->group->record[i])
				hs_record_put(store, entry->group->record[i]);
		free(entry->group);
	}
	hs_vec_deinit(&table->groups);
	hs_upper_deinit(&table->upper);
	table->last = 0;
}

uint64_t hs_slot_table_bytes(const struct hs_slot_table *table)
{
	return table->groups.count * (sizeof(struct hs_slot_group) + sizeof(struct hs_slot_group_entry)) +
	       hs_upper_bytes(&table->upper);
}

struct hs_slot_record *hs_slot_table_find(const struct hs_slot_table *table, const struct hs_page_store *store,
					  uint64_t address)
{
	const struct hs_slot_group *group = find_group(table, group_of(address));
	uint32_t index = group ? group->record[slot_of(address)] : 0;

	return index ? hs_record_at(store, index) : NULL;
}

struct hs_slot_record *hs_slot_table_own(struct hs_slot_table *table, struct hs_page_store *store, uint64_t address,
					 bool *is_new)
{
	struct hs_slot_group *group = own_group(table, group_of(address));
	uint32_t *place, index;

	if (!group)
		return NULL;
	place = &group->record[slot_of(address)];
	*is_new = !*place;
	index = *place ? hs_record_own(store, *place) : hs_record_create(store);
	if (!index)
		return NULL;
	*place = index;
	return hs_record_at(store, index);
}

uint64_t hs_slot_table_next(const struct hs_slot_table *table, uint64_t from, uint64_t to)
{
	uint64_t at = slot_start(from);

	for (size_t i = lower_bound(table, group_of(at)); i < table->groups.count; i++) {
		const struct hs_slot_group_entry *entry = &table->groups.items[i];
		uint64_t base = entry->number << HS_GROUP_SHIFT;

		for (unsigned int slot = base < at ? slot_of(at) : 0; slot < HS_GROUP_SLOTS; slot++) {
			uint64_t address = base + ((uint64_t)slot << HS_SLOT_SHIFT);

			if (address >= to)
				return UINT64_MAX;
			if (entry->group->record[slot])
				return address;
		}
	}
	return UINT64_MAX;
}

/* Walks the slots with a record that overlap [start, end): `at` is the slot, [from, to) its pages inside. */
struct walk {
	uint64_t start, end;
	uint64_t at;
	unsigned int from, to;
};

static bool walk_to(struct walk *walk, const struct hs_slot_table *table, uint64_t from)
{
	walk->at = from < walk->end ? hs_slot_table_next(table, from, walk->end) : UINT64_MAX;
	if (walk->at == UINT64_MAX)
		return false;
	walk->from = walk->start > walk->at ? (unsigned int)((walk->start - walk->at) >> HS_PAGE_SHIFT) : 0;
	walk->to = walk->end - walk->at < HS_SLOT_BYTES ? (unsigned int)((walk->end - walk->at) >> HS_PAGE_SHIFT) :
			  HS_PAGES_PER_SLOT;
	return true;
}

#define for_each_slot(walk, table) \
	for (bool more_ = walk_to(walk, table, (walk)->start); more_; \
	     more_ = walk_to(walk, table, (walk)->at + HS_SLOT_BYTES))

static bool is_whole(const struct walk *walk)
{
	return walk->from == 0 && walk->to == HS_PAGES_PER_SLOT;
}

void hs_slot_table_sum(const struct hs_slot_table *table, const struct hs_page_store *store, uint64_t start,
		       uint64_t end, struct hs_page_sums *sums)
{
	struct walk walk = { .start = start, .end = end };

	for_each_slot(&walk, table) {
		const struct hs_slot_record *record = hs_slot_table_find(table, store, walk.at);
		struct hs_planes planes;

		if (is_whole(&walk)) {
			sums->present += record->present;
			sums->swap += record->swap;
			sums->zero += record->zero;
			sums->file += record->file;
			continue;
		}
		hs_record_unpack(store, record, &planes);
		sums->present += hs_bitmap512_count_in(&planes.plane[HS_PLANE_PRESENT], walk.from, walk.to);
		sums->swap += hs_bitmap512_count_in(&planes.plane[HS_PLANE_SWAP], walk.from, walk.to);
		sums->zero += hs_bitmap512_count_in(&planes.plane[HS_PLANE_ZERO], walk.from, walk.to);
		sums->file += hs_bitmap512_count_in(&planes.plane[HS_PLANE_FILE], walk.from, walk.to);
	}
}

bool hs_slot_table_change(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			  hs_change_fn *change, void *context)
{
	struct walk walk = { .start = start, .end = end };

	for_each_slot(&walk, table) {
		bool is_new;
		struct hs_slot_record *record = hs_slot_table_own(table, store, walk.at, &is_new);
		struct hs_planes planes;

		if (!record)
			return false;
		hs_record_unpack(store, record, &planes);
		change(context, record, &planes, walk.from, walk.to);
		if (!hs_record_pack(store, record, &planes))
			return false;
	}
	return true;
}

/* A huge page cut by the range is split first. */
static void clear_planes(struct hs_slot_record *record, struct hs_planes *planes, const struct walk *walk,
			 uint32_t which)
{
	for (unsigned int i = 0; i < HS_NR_PLANES; i++)
		if (which >> i & 1)
			hs_bitmap512_clear_in(&planes->plane[i], walk->from, walk->to);
	if (!is_whole(walk) && record->kind != HS_SLOT_MAYBE_HUGE)
		record->kind = HS_SLOT_TABLE;
}

bool hs_slot_table_clear(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			 uint32_t which)
{
	struct walk walk = { .start = start, .end = end };

	for_each_slot(&walk, table) {
		struct hs_slot_record *record = hs_slot_table_find(table, store, walk.at);
		struct hs_planes planes;
		bool is_new;

		if (!hs_record_has(record, which))
			continue;
		record = hs_slot_table_own(table, store, walk.at, &is_new);
		if (!record)
			return false;
		hs_record_unpack(store, record, &planes);
		clear_planes(record, &planes, &walk, which);
		if (!hs_record_pack(store, record, &planes))
			return false;
	}
	return true;
}

static void clear_pages(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			unsigned int to)
{
	const unsigned int *keeps = context;

	for (unsigned int i = 0; i < HS_NR_PLANES; i++)
		if (i != HS_PLANE_MARKER || !(*keeps & HS_DROP_KEEPS_MARKERS))
			hs_bitmap512_clear_in(&planes->plane[i], from, to);
	/* What is left of a huge page is mapped by single entries. */
	record->kind = HS_SLOT_TABLE;
}

static void forget_record(struct hs_slot_table *table, struct hs_page_store *store, uint64_t address)
{
	uint32_t *place = &find_group(table, group_of(address))->record[slot_of(address)];

	hs_record_put(store, *place);
	*place = 0;
}

/* What may have been a huge page leaves no table that is sure: the next fault may get a huge page again. */
static bool keeps_something(const struct hs_slot_record *record, unsigned int keeps)
{
	return (keeps & HS_DROP_KEEPS_TABLES && record->kind == HS_SLOT_TABLE) ||
	       (keeps & HS_DROP_KEEPS_MARKERS && record->marker);
}

bool hs_slot_table_drop(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			unsigned int keeps)
{
	struct walk walk = { .start = start, .end = end };

	for_each_slot(&walk, table) {
		const struct hs_slot_record *record = hs_slot_table_find(table, store, walk.at);

		if (is_whole(&walk) && !keeps_something(record, keeps)) {
			forget_record(table, store, walk.at);
		} else if (!hs_slot_table_change(table, store, walk.at + ((uint64_t)walk.from << HS_PAGE_SHIFT),
						 walk.at + ((uint64_t)walk.to << HS_PAGE_SHIFT), clear_pages, &keeps)) {
			return false;
		}
	}
	return true;
}

/* Pages [from, to) of a slot, to be put `shift` pages further into another place. */
struct piece {
	struct hs_planes planes;
	unsigned int from, to;
	uint8_t kind;
	uint32_t generation;
};

static bool test_page(const struct piece *piece, unsigned int plane, unsigned int page)
{
	return hs_bitmap512_test(&piece->planes.plane[plane], page);
}

/* Merges pages [from, to) of the piece into the slot at `slot`, where they begin at page `at`. */
static bool put_pages(struct hs_slot_table *table, struct hs_page_store *store, const struct piece *piece,
		      unsigned int from, unsigned int to, uint64_t slot, unsigned int at)
{
	bool is_new;
	struct hs_slot_record *record = hs_slot_table_own(table, store, slot, &is_new);
	struct hs_planes planes;

	if (!record)
		return false;
	hs_record_unpack(store, record, &planes);
	for (unsigned int plane = 0; plane < HS_NR_PLANES; plane++)
		for (unsigned int page = from; page < to; page++)
			if (test_page(piece, plane, page))
				hs_bitmap512_set(&planes.plane[plane], at + page - from);
	record->kind = from == 0 && to == HS_PAGES_PER_SLOT && at == 0 && is_new ? piece->kind : HS_SLOT_TABLE;
	if (is_new)
		record->generation = piece->generation;
	return hs_record_pack(store, record, &planes);
}

/* A piece lands in at most two slots. */
static bool put_piece(struct hs_slot_table *table, struct hs_page_store *store, const struct piece *piece,
		      uint64_t to)
{
	uint64_t slot = slot_start(to);
	unsigned int at = (unsigned int)((to - slot) >> HS_PAGE_SHIFT), nr = piece->to - piece->from;
	unsigned int first = HS_PAGES_PER_SLOT - at < nr ? HS_PAGES_PER_SLOT - at : nr;

	return put_pages(table, store, piece, piece->from, piece->from + first, slot, at) &&
	       (first == nr ||
		put_pages(table, store, piece, piece->from + first, piece->to, slot + HS_SLOT_BYTES, 0));
}

/* The whole record goes to an empty slot at the same offset. */
static bool move_record(struct hs_slot_table *table, struct hs_page_store *store, uint64_t from, uint64_t to)
{
	struct hs_slot_group *group = own_group(table, group_of(to));
	uint32_t *source, *target;

	if (!group)
		return false;
	target = &group->record[slot_of(to)];
	if (*target)
		hs_record_put(store, *target);
	source = &find_group(table, group_of(from))->record[slot_of(from)];
	*target = *source;
	*source = 0;
	return true;
}

/* move_pgt_entry(NORMAL_PUD): the tables of whole GiBs go as they are, empty ones too. */
static bool move_upper(struct hs_slot_table *table, uint64_t from, uint64_t to, uint64_t bytes)
{
	uint64_t first = (from + HS_UPPER_BYTES - 1) & ~(HS_UPPER_BYTES - 1), end = from + bytes;

	if ((to - from) % HS_UPPER_BYTES)
		return true;
	for (uint64_t at = first; at < end && end - at >= HS_UPPER_BYTES; at += HS_UPPER_BYTES) {
		if (!hs_upper_has(&table->upper, at))
			continue;
		hs_upper_remove(&table->upper, at);
		if (!hs_upper_add(&table->upper, to + (at - from)))
			return false;
	}
	return true;
}

bool hs_slot_table_move(struct hs_slot_table *table, struct hs_page_store *store, uint64_t from, uint64_t to,
			uint64_t bytes)
{
	struct walk walk = { .start = from, .end = from + bytes };

	if (!move_upper(table, from, to, bytes))
		return false;
	for_each_slot(&walk, table) {
		uint64_t start = walk.at + ((uint64_t)walk.from << HS_PAGE_SHIFT), target = to + (start - from);
		const struct hs_slot_record *record = hs_slot_table_find(table, store, walk.at);
		struct piece piece = { .from = walk.from, .to = walk.to, .kind = record->kind, .generation = record->generation };

		if (is_whole(&walk) && target % HS_SLOT_BYTES == 0) {
			if (!move_record(table, store, walk.at, target))
				return false;
			continue;
		}
		hs_record_unpack(store, record, &piece.planes);
		if (!put_piece(table, store, &piece, target) ||
		    !hs_slot_table_drop(table, store, start, walk.at + ((uint64_t)walk.to << HS_PAGE_SHIFT),
					HS_DROP_KEEPS_TABLES))
			return false;
	}
	return true;
}

static bool share_record(struct hs_slot_table *to, struct hs_page_store *store, uint64_t slot, uint32_t index)
{
	struct hs_slot_group *group = own_group(to, group_of(slot));
	uint32_t *place;

	if (!group)
		return false;
	place = &group->record[slot_of(slot)];
	if (*place)
		hs_record_put(store, *place);
	hs_record_get(store, index);
	*place = index;
	return true;
}

bool hs_slot_table_share(struct hs_slot_table *to, const struct hs_slot_table *from, struct hs_page_store *store,
			 uint64_t start, uint64_t end)
{
	struct walk walk = { .start = start, .end = end };

	for_each_slot(&walk, from) {
		uint32_t index = find_group(from, group_of(walk.at))->record[slot_of(walk.at)];
		const struct hs_slot_record *record = hs_record_at(store, index);
		struct piece piece = { .from = walk.from, .to = walk.to, .kind = record->kind, .generation = record->generation };

		if (is_whole(&walk)) {
			if (!share_record(to, store, walk.at, index))
				return false;
			continue;
		}
		hs_record_unpack(store, record, &piece.planes);
		if (!put_piece(to, store, &piece, walk.at + ((uint64_t)walk.from << HS_PAGE_SHIFT)))
			return false;
	}
	return true;
}
