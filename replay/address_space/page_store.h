/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_STORE_H
#define HS_PAGE_STORE_H
/*
 * Storage of page occupancy for all address spaces of one model instance.
 *
 * One record describes one slot (2 MiB, 512 pages) in ten planes of 512 bits. A plane costs nothing when
 * it is all clear, all set, or equal to the plane of present pages; otherwise 64 bytes ("dense"):
 *
 *   slot untouched but known              no record
 *   all pages alike, or a huge page       32 bytes
 *   pages touched in any order            96 bytes (present dense, the other planes copies of it)
 *   worst case, ten unlike planes         672 bytes
 *
 * Records are shared between forked address spaces by reference count until one of them writes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap512.h"
#include "lib/vec.h"

enum hs_plane {
	HS_PLANE_PRESENT,
	HS_PLANE_SWAP,		/* true swap entries */
	HS_PLANE_MARKER,	/* guard markers */
	HS_PLANE_ZERO,		/* present, maps the zero page */
	HS_PLANE_FILE,		/* present, page of a file or of shared memory */
	HS_PLANE_EXCLUSIVE,	/* present, anonymous, in no other address space */
	HS_PLANE_WRITABLE,
	HS_PLANE_YOUNG,
	HS_PLANE_DIRTY,
	HS_PLANE_UNKNOWN,	/* not known whether present; in no other plane */
	HS_NR_PLANES
};

#define HS_PLANE_BIT(plane) (1u << HS_PLANE_##plane)

/* All planes of a slot, unpacked. */
struct hs_planes {
	struct hs_bitmap512 plane[HS_NR_PLANES];
};

struct hs_slot_record {
	uint32_t modes;		/* 2 bits a plane, enum plane_mode of page_store.c */
	uint32_t dense;		/* block of the dense planes, in plane order; 0: none */
	uint32_t refcount;	/* slots that refer to it */
	uint32_t generation;	/* of losses, when the whole slot was last known */
	uint16_t present, swap, zero, marker, file, unknown;	/* pages */
	uint8_t kind;		/* enum hs_slot_kind */
	uint8_t nr_dense;	/* planes in the block */
	bool is_of_folio : 1;	/* pages that are not exclusive belong to a huge page that was split */
	bool is_doubted : 1;	/* HS_SLOT_MAYBE_HUGE, and not by a fault: unknown pages may be there without it */
	bool has_zeros : 1;	/* unknown pages may be the zero page: what a huge page that was split held is not known */
	uint8_t pad;
};
_Static_assert(sizeof(struct hs_slot_record) == 32, "a uniform slot costs 32 bytes");

enum { HS_STORE_CLASSES = HS_NR_PLANES + 1 };

/* All zero is a valid empty store. */
struct hs_page_store {
	HS_VEC(struct hs_slot_record *) record_chunks;
	HS_VEC(unsigned char *) plane_chunks;
	uint32_t next_record, free_record;		/* indexes; 0: none */
	uint32_t next_unit;				/* in units of 64 bytes; 0: none */
	uint32_t free_block[HS_STORE_CLASSES];		/* by number of planes */
	uint64_t nr_records, nr_units;			/* in use */
};

void hs_page_store_deinit(struct hs_page_store *store);

/* Bytes that records and planes in use take. */
uint64_t hs_page_store_bytes(const struct hs_page_store *store);

/* A record with one reference and no page, or 0: out of memory. Indexes are never 0. */
uint32_t hs_record_create(struct hs_page_store *store);
/* Another reference. */
void hs_record_get(struct hs_page_store *store, uint32_t index);
/* Gives a reference back; the last one frees the record. */
void hs_record_put(struct hs_page_store *store, uint32_t index);
/* The index of a record with these contents that nobody shares: itself or a copy; 0: out of memory. */
uint32_t hs_record_own(struct hs_page_store *store, uint32_t index);

/* Valid until the store is deinitialised; its contents until the next change. */
struct hs_slot_record *hs_record_at(const struct hs_page_store *store, uint32_t index);

void hs_record_unpack(const struct hs_page_store *store, const struct hs_slot_record *record,
		      struct hs_planes *planes);
/* Replaces all planes and counts, in the smallest form. False: out of memory, unchanged. */
bool hs_record_pack(struct hs_page_store *store, struct hs_slot_record *record, const struct hs_planes *planes);

/* May any page be in one of these planes (HS_PLANE_BIT)? No needs no look at the pages. */
bool hs_record_has(const struct hs_slot_record *record, uint32_t planes);

/* Planes (HS_PLANE_BIT) that hold the page. */
uint32_t hs_record_page(const struct hs_page_store *store, const struct hs_slot_record *record, unsigned int page);
/* Puts the page into exactly these planes. False: out of memory, unchanged. */
bool hs_record_set_page(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			uint32_t planes);
/*
 * The common case of the above, for a page that is in no plane yet: true if it could be done in place, which
 * takes a record whose only pages are in exactly these planes.
 */
bool hs_record_add_page(struct hs_page_store *store, struct hs_slot_record *record, unsigned int page,
			uint32_t planes);
/* All pages into exactly these planes. */
void hs_record_set_all(struct hs_page_store *store, struct hs_slot_record *record, uint32_t planes);

/* Counts equal the planes' population, and the planes' own rules hold. */
bool hs_record_is_valid(const struct hs_page_store *store, const struct hs_slot_record *record);

#endif
