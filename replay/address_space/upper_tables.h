/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_UPPER_TABLES_H
#define HS_UPPER_TABLES_H
/*
 * Which GiBs of an address space have a table of the level above page tables (x86: a PMD table). The kernel
 * makes it with the first page of the GiB and keeps it until no mapping is left there; whether it exists
 * decides about some mmu-notifier sections, even where it is empty.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/vec.h"

enum { HS_UPPER_SHIFT = 30 };
#define HS_UPPER_BYTES (1ull << HS_UPPER_SHIFT)

/* All zero is a valid empty set. */
struct hs_upper_tables {
	HS_VEC(uint64_t) numbers;	/* address >> HS_UPPER_SHIFT, ascending */
	size_t last;			/* index of the last lookup */
};

void hs_upper_deinit(struct hs_upper_tables *upper);
uint64_t hs_upper_bytes(const struct hs_upper_tables *upper);

/* False: out of memory. */
bool hs_upper_add(struct hs_upper_tables *upper, uint64_t address);
void hs_upper_remove(struct hs_upper_tables *upper, uint64_t address);
bool hs_upper_has(const struct hs_upper_tables *upper, uint64_t address);
/* Start of the first GiB with a table that overlaps [from, to), or UINT64_MAX. */
uint64_t hs_upper_next(const struct hs_upper_tables *upper, uint64_t from, uint64_t to);

#endif
