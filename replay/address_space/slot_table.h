/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SLOT_TABLE_H
#define HS_SLOT_TABLE_H
/*
 * Which record each slot of one address space has: groups of 64 slots (128 MiB) in a sorted array.
 * Operations on a range act on whole records; only the slots at its ends are looked into.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/address_space/page_store.h"
#include "replay/address_space/upper_tables.h"

enum { HS_GROUP_SHIFT = 27, HS_GROUP_SLOTS = 64, HS_PAGES_PER_SLOT = 512 };

struct hs_slot_group {
	uint32_t record[HS_GROUP_SLOTS];	/* 0: none */
};

struct hs_slot_group_entry {
	uint64_t number;			/* address >> HS_GROUP_SHIFT */
	struct hs_slot_group *group;
};

/* All zero is a valid empty table. */
struct hs_slot_table {
	HS_VEC(struct hs_slot_group_entry) groups;	/* ascending */
	size_t last;					/* entry of the last lookup */
	struct hs_upper_tables upper;
};

/* Pages of a record that a range takes away or touches, by what they count as. */
struct hs_page_sums {
	uint64_t present, swap, zero, file;
};

/* Gives all records back. */
void hs_slot_table_deinit(struct hs_slot_table *table, struct hs_page_store *store);

/* The record of the slot that holds address, or NULL. For reading. */
struct hs_slot_record *hs_slot_table_find(const struct hs_slot_table *table, const struct hs_page_store *store,
					  uint64_t address);

/* The same for writing: created if there is none (*is_new), copied if it is shared. NULL: out of memory. */
struct hs_slot_record *hs_slot_table_own(struct hs_slot_table *table, struct hs_page_store *store, uint64_t address,
					 bool *is_new);

/* Start of the first slot with a record that overlaps [from, to), or UINT64_MAX. */
uint64_t hs_slot_table_next(const struct hs_slot_table *table, uint64_t from, uint64_t to);

/* Adds up the pages in [start, end). */
void hs_slot_table_sum(const struct hs_slot_table *table, const struct hs_page_store *store, uint64_t start,
		       uint64_t end, struct hs_page_sums *sums);

/*
 * Called by hs_slot_table_change for pages [from, to) of an unshared slot, unpacked; changes planes and
 * may change the record's kind.
 */
typedef void hs_change_fn(void *context, struct hs_slot_record *record, struct hs_planes *planes, unsigned int from,
			  unsigned int to);

/* Changes all slots with a record in [start, end). False: out of memory, perhaps partly done. */
bool hs_slot_table_change(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			  hs_change_fn *change, void *context);

/* Clears planes (HS_PLANE_BIT) of the pages in [start, end); records without any of them stay shared. */
bool hs_slot_table_clear(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			 uint32_t planes);

enum hs_drop {
	HS_DROP_ALL = 0,
	HS_DROP_KEEPS_TABLES = 1,	/* page tables stay, empty */
	HS_DROP_KEEPS_MARKERS = 2,
};

/*
 * Empties [start, end). Slots that lie wholly inside lose their record if nothing of it is to be kept.
 * keeps: enum hs_drop, or-ed. False: out of memory, perhaps partly done.
 */
bool hs_slot_table_drop(struct hs_slot_table *table, struct hs_page_store *store, uint64_t start, uint64_t end,
			unsigned int keeps);

/* Moves the pages of [from, from + bytes) to [to, …), which is empty. Ranges do not overlap. */
bool hs_slot_table_move(struct hs_slot_table *table, struct hs_page_store *store, uint64_t from, uint64_t to,
			uint64_t bytes);

/* Copies the pages of [start, end) to another, in these pages empty, table by sharing whole records. */
bool hs_slot_table_share(struct hs_slot_table *to, const struct hs_slot_table *from, struct hs_page_store *store,
			 uint64_t start, uint64_t end);

/* Bytes of the table itself, records not included. */
uint64_t hs_slot_table_bytes(const struct hs_slot_table *table);

#endif
