// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/page_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum plane_mode { MODE_NONE, MODE_ALL, MODE_DENSE, MODE_COPY };

enum {
	RECORDS_PER_CHUNK = 2048,	/* 64 KiB */
	UNITS_PER_CHUNK = 1024,		/* 64 KiB */
	UNIT_BYTES = 64,
};

static enum plane_mode mode_of(uint32_t modes, unsigned int plane)
{
	return (enum plane_mode)(modes >> (2 * plane) & 3);
}

static uint32_t mode_bits(unsigned int plane, enum plane_mode mode)
{
	return (uint32_t)mode << (2 * plane);
}

struct hs_slot_record *hs_record_at(const struct hs_page_store *store, uint32_t index)
{
	return &store->record_chunks.items[index / RECORDS_PER_CHUNK][index % RECORDS_PER_CHUNK];
}

static struct hs_bitmap512 *block_at(const struct hs_page_store *store, uint32_t unit)
{
	void *at = store->plane_chunks.items[unit / UNITS_PER_CHUNK] + (size_t)(unit % UNITS_PER_CHUNK) * UNIT_BYTES;

	return at;
}

void hs_page_store_deinit(struct hs_page_store *store)
{
	hs_vec_for_each(chunk, &store->record_chunks)
		free(*chunk);
	hs_vec_for_each(chunk, &store->plane_chunks)
		free(*chunk);
	hs_vec_deinit(&store->record_chunks);
	hs_vec_deinit(&store->plane_chunks);
}

uint64_t hs_page_store_bytes(const struct hs_page_store *store)
{
	return store->nr_records * sizeof(struct hs_slot_record) + store->nr_units * UNIT_BYTES;
}

/* --- blocks of dense planes -------------------------------------------------------------------- */

/* The free list's link lies in the block itself. */
static uint32_t pop_free_block(struct hs_page_store *store, unsigned int nr)
{
	uint32_t unit = store->free_block[nr];

	if (unit)
		memcpy(&store->free_block[nr], block_at(store, unit), sizeof(uint32_t));
	return unit;
}

static uint32_t create_block(struct hs_page_store *store, unsigned int nr)
{
	uint32_t unit = pop_free_block(store, nr);

	if (!unit) {
		uint32_t left = store->plane_chunks.count ? UNITS_PER_CHUNK - store->next_unit % UNITS_PER_CHUNK : 0;

		if (store->next_unit % UNITS_PER_CHUNK == 0 || left < nr) {
			void *chunk = aligned_alloc(UNIT_BYTES, (size_t)UNITS_PER_CHUNK * UNIT_BYTES);

			if (!chunk || !hs_vec_push(&store->plane_chunks, chunk)) {
				free(chunk);
				return 0;
			}
			store->next_unit = (uint32_t)(store->plane_chunks.count - 1) * UNITS_PER_CHUNK;
			store->next_unit += store->next_unit == 0;	/* 0 means none */
		}
		unit = store->next_unit;
		store->next_unit += nr;
	}
	store->nr_units += nr;
	return unit;
}

static void destroy_block(struct hs_page_store *store, uint32_t unit, unsigned int nr)
{
	if (!unit)
		return;
	memcpy(block_at(store, unit), &store->free_block[nr], sizeof(uint32_t));
	store->free_block[nr] = unit;
	store->nr_units -= nr;
}

static void drop_dense(struct hs_page_store *store, struct hs_slot_record *record)
{
	destroy_block(store, record->dense, record->nr_dense);
	record->dense = 0;
	record->nr_dense = 0;
}

/* --- records ----------------------------------------------------------------------------------- */

uint32_t hs_record_create(struct hs_page_store *store)
{
	uint32_t index = store->free_record;

	if (index) {
		store->free_record = hs_record_at(store, index)->dense;
	} else {
		if (store->next_record % RECORDS_PER_CHUNK == 0) {
			void *chunk = calloc(RECORDS_PER_CHUNK, sizeof(struct hs_slot_record));

			if (!chunk || !hs_vec_push(&store->record_chunks, chunk)) {
				free(chunk);
				return 0;
			}
			store->next_record += store->next_record == 0;	/* 0 means none */
		}
		index = store->next_record++;
	}
	*hs_record_at(store, index) = (struct hs_slot_record){ .refcount = 1 };
	store->nr_records++;
	return index;
}

void hs_record_get(struct hs_page_store *store, uint32_t index)
{
	hs_record_at(store, index)->refcount++;
}

void hs_record_put(struct hs_page_store *store, uint32_t index)
{
	struct hs_slot_record *record = hs_record_at(store, index);

	if (--record->refcount)
		return;
	drop_dense(store, record);
	record->dense = store->free_record;
	store->free_record = index;
	store->nr_records--;
}

uint32_t hs_record_own(struct hs_page_store *store, uint32_t index)
{
	struct hs_slot_record *old = hs_record_at(store, index), *own;
	uint32_t copy;

	if (old->refcount == 1)
		return index;
	copy = hs_record_create(store);
	if (!copy)
		return 0;
	own = hs_record_at(store, copy);
	*own = *old;
	own->refcount = 1;
	if (old->dense) {
		own->dense = create_block(store, old->nr_dense);
		if (!own->dense) {
			hs_record_put(store, copy);
			return 0;
		}
		memcpy(block_at(store, own->dense), block_at(store, old->dense), (size_t)old->nr_dense * UNIT_BYTES);
	}
	old->refcount--;
	return copy;
}

/* --- planes ------------------------------------------------------------------------------------ */

/* Place of a dense plane in its block. */
static unsigned int rank_of(uint32_t modes, unsigned int plane)
{
	unsigned int rank = 0;

	for (unsigned int i = 0; i < plane; i++)
		rank += mode_of(modes, i) == MODE_DENSE;
	return rank;
}

static struct hs_bitmap512 *dense_plane(const struct hs_page_store *store, const struct hs_slot_record *record,
					unsigned int plane)
{
	return block_at(store, record->dense) + rank_of(record->modes, plane);
}

void hs_record_unpack(const struct hs_page_store *store, const struct hs_slot_record *record,
		      struct hs_planes *planes)
{
	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		switch (mode_of(record->modes, i)) {
		case MODE_NONE:
		case MODE_ALL:
			memset(&planes->plane[i], mode_of(record->modes, i) == MODE_ALL ? 0xff : 0,
			       sizeof(planes->plane[i]));
			break;
		case MODE_DENSE:
			planes->plane[i] = *dense_plane(store, record, i);
			break;
		case MODE_COPY:
			planes->plane[i] = planes->plane[HS_PLANE_PRESENT];
			break;
		}
	}
}

static enum plane_mode choose_mode(const struct hs_planes *planes, unsigned int plane)
{
	const struct hs_bitmap512 *map = &planes->plane[plane];
	unsigned int count = hs_bitmap512_count(map);

	if (count == 0)
		return MODE_NONE;
	if (count == HS_BITMAP512_BITS)
		return MODE_ALL;
	if (plane != HS_PLANE_PRESENT && memcmp(map, &planes->plane[HS_PLANE_PRESENT], sizeof(*map)) == 0)
		return MODE_COPY;
	return MODE_DENSE;
}

static void count_planes(struct hs_slot_record *record, const struct hs_planes *planes)
{
	record->present = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_PRESENT]);
	record->swap = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_SWAP]);
	record->zero = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_ZERO]);
	record->marker = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_MARKER]);
	record->file = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_FILE]);
	record->unknown = (uint16_t)hs_bitmap512_count(&planes->plane[HS_PLANE_UNKNOWN]);
}

bool hs_record_pack(struct hs_page_store *store, struct hs_slot_record *record, const struct hs_planes *planes)
{
	uint32_t modes = 0, block = 0;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		enum plane_mode mode = choose_mode(planes, i);

		modes |= mode_bits(i, mode);
		nr += mode == MODE_DENSE;
	}
	if (nr) {
		block = record->nr_dense == nr ? record->dense : create_block(store, nr);
		if (!block)
			return false;
	}
	if (block != record->dense)
		drop_dense(store, record);
	record->modes = modes;
	record->dense = block;
	record->nr_dense = (uint8_t)nr;
	for (unsigned int i = 0; i < HS_NR_PLANES; i++)
		if (mode_of(modes, i) == MODE_DENSE)
			*dense_plane(store, record, i) = planes->plane[i];
	count_planes(record, planes);
	return true;
}

bool hs_record_has(const struct hs_slot_record *record, uint32_t planes)
{
	for (unsigned int i = 0; i < HS_NR_PLANES; i++)
		if (planes >> i & 1 && mode_of(record->modes, i) != MODE_NONE)
			return true;
	return false;
}

uint32_t hs_record_page(const struct hs_page_store *store, const struct hs_slot_record *record, unsigned int page)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		enum plane_mode mode = mode_of(record->modes, i);
		bool is_in = mode == MODE_ALL;

		if (mode == MODE_DENSE)
			is_in = hs_bitmap512_test(dense_plane(store, record, i), page);
		else if (mode == MODE_COPY)
			is_in = found & HS_PLANE_BIT(PRESENT);
		found |= (uint32_t)is_in << i;
	}
	return found;
}

static void add_to_counts(struct hs_slot_record *record, uint32_t planes, int step)
{
	record->present = (uint16_t)(record->present + step * !!(planes & HS_PLANE_BIT(PRESENT)));
	record->swap = (uint16_t)(record->swap + step * !!(planes & HS_PLANE_BIT(SWAP)));
	record->zero = (uint16_t)(record->zero + step * !!(planes & HS_PLANE_BIT(ZERO)));
	record->marker = (uint16_t)(record->marker + step * !!(planes & HS_PLANE_BIT(MARKER)));
	record->file = (uint16_t)(record->file + step * !!(planes & HS_PLANE_BIT(FILE)));
	record->unknown = (uint16_t)(record->unknown + step * !!(planes & HS_PLANE_BIT(UNKNOWN)));
}

/* Modes of a record whose pages are all in exactly these planes: present is dense, the others copies of it. */
static uint32_t plain_modes(uint32_t planes)
{
	uint32_t spread = planes;

	/* Bit i goes to bit 2 * i. */
	spread = (spread | spread << 8) & 0x00ff00ff;
	spread = (spread | spread << 4) & 0x0f0f0f0f;
	spread = (spread | spread << 2) & 0x33333333;
	spread = (spread | spread << 1) & 0x55555555;
	return spread * MODE_COPY - mode_bits(HS_PLANE_PRESENT, MODE_COPY) + mode_bits(HS_PLANE_PRESENT, MODE_DENSE);
}

bool hs_record_add_page(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			uint32_t planes)
{
	struct hs_bitmap512 *present;

	if (record->modes != plain_modes(planes) || record->present >= HS_BITMAP512_BITS - 1)
		return false;
	present = block_at(store, record->dense);
	if (hs_bitmap512_test(present, page))
		return false;
	hs_bitmap512_set(present, page);
	record->present++;
	record->zero = (uint16_t)(record->zero + !!(planes & HS_PLANE_BIT(ZERO)));
	record->file = (uint16_t)(record->file + !!(planes & HS_PLANE_BIT(FILE)));
	return true;
}

static bool set_page_slowly(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			    uint32_t wanted)
{
	struct hs_planes planes;

	hs_record_unpack(store, record, &planes);
	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		if (wanted >> i & 1)
			hs_bitmap512_set(&planes.plane[i], page);
		else
			hs_bitmap512_clear(&planes.plane[i], page);
	}
	return hs_record_pack(store, record, &planes);
}

/* Can every plane take the page without a change of its mode? */
static bool modes_allow(uint32_t modes, uint32_t wanted)
{
	bool is_present = wanted & HS_PLANE_BIT(PRESENT);

	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		bool is_wanted = wanted >> i & 1;
		enum plane_mode mode = mode_of(modes, i);

		if ((mode == MODE_NONE && is_wanted) || (mode == MODE_ALL && !is_wanted) ||
		    (mode == MODE_COPY && is_wanted != is_present))
			return false;
	}
	return true;
}

static void set_dense_bits(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			   uint32_t wanted)
{
	struct hs_bitmap512 *map = block_at(store, record->dense);

	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		if (mode_of(record->modes, i) != MODE_DENSE)
			continue;
		if (wanted >> i & 1)
			hs_bitmap512_set(map, page);
		else
			hs_bitmap512_clear(map, page);
		map++;
	}
}

bool hs_record_set_page(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			uint32_t wanted)
{
	uint32_t old;

	old = hs_record_page(store, record, page);
	if (old == wanted)
		return true;
	/* A plane that may become uniform, or equal to the present one, is packed anew. */
	if (!modes_allow(record->modes, wanted) || record->present <= 1 || record->present >= HS_BITMAP512_BITS - 1)
		return set_page_slowly(store, record, page, wanted);
	set_dense_bits(store, record, page, wanted);
	add_to_counts(record, old, -1);
	add_to_counts(record, wanted, 1);
	return true;
}

void hs_record_set_all(struct hs_page_store *store, struct hs_slot_record *record, uint32_t planes)
{
	drop_dense(store, record);
	record->modes = 0;
	for (unsigned int i = 0; i < HS_NR_PLANES; i++)
		if (planes >> i & 1)
			record->modes |= mode_bits(i, MODE_ALL);
	record->present = record->swap = record->zero = record->marker = record->file = record->unknown = 0;
	add_to_counts(record, planes, HS_BITMAP512_BITS);
}

static bool is_within(const struct hs_bitmap512 *part, const struct hs_bitmap512 *whole)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		if (part->word[i] & ~whole->word[i])
			return false;
	return true;
}

static bool are_disjoint(const struct hs_bitmap512 *a, const struct hs_bitmap512 *b)
{
	for (int i = 0; i < HS_BITMAP512_WORDS; i++)
		if (a->word[i] & b->word[i])
			return false;
	return true;
}

bool hs_record_is_valid(const struct hs_page_store *store, const struct hs_slot_record *record)
{
	static const enum hs_plane apart[] = { HS_PLANE_PRESENT, HS_PLANE_SWAP, HS_PLANE_MARKER, HS_PLANE_UNKNOWN };
	struct hs_slot_record counted = *record;
	struct hs_planes planes;

	hs_record_unpack(store, record, &planes);
	count_planes(&counted, &planes);
	if (memcmp(&counted, record, sizeof(counted)) != 0 || !record->refcount)
		return false;
	for (unsigned int i = HS_PLANE_ZERO; i <= HS_PLANE_DIRTY; i++)
		if (!is_within(&planes.plane[i], &planes.plane[HS_PLANE_PRESENT]))
			return false;
	for (size_t i = 0; i < sizeof(apart) / sizeof(*apart); i++)
		for (size_t j = 0; j < i; j++)
			if (!are_disjoint(&planes.plane[apart[i]], &planes.plane[apart[j]]))
				return false;
	return are_disjoint(&planes.plane[HS_PLANE_ZERO], &planes.plane[HS_PLANE_WRITABLE]) &&
	       are_disjoint(&planes.plane[HS_PLANE_ZERO], &planes.plane[HS_PLANE_FILE]) &&
	       are_disjoint(&planes.plane[HS_PLANE_ZERO], &planes.plane[HS_PLANE_EXCLUSIVE]);
}
