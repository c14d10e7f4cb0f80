/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_THP_OVERLAY_H
#define HS_THP_OVERLAY_H
/*
 * What a policy has made of the recorded address spaces: which 2 MiB slots are huge under it, and which
 * pages are there only because they once were. It lies over the address_space model, which knows what the
 * programs themselves touched and serves all policies.
 */
#include "lib/bitmap512.h"
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "replay/address_space/address_space.h"

struct hs_thp_slot {
	uint32_t mm;
	bool is_huge;		/* false: split; its pages are still there */
	bool is_shared;		/* fork has copied it: the next write splits it */
	uint64_t since;		/* ns: when it became huge last */
	unsigned int times;	/* it was collapsed; counted by the owner */
	struct hs_bitmap512 filled;	/* pages that are present under the policy */
};

struct hs_thp_overlay {
	struct hs_hash_map mms;		/* mm → struct hs_thp_overlay_mm */
	uint64_t huge;			/* slots that are huge now */
	uint64_t splits;
	uint64_t huge_ns;		/* sum of the times that slots were huge, of those that are no more */
	uint64_t now;			/* set by the owner before each call */
	/* Optional: a slot of the mm is no longer huge, after so many ns. Not called by deinit. */
	void (*stopped)(void *context, uint32_t mm, uint64_t ns);
	/* Optional: all pages of a huge slot were given back at once: not even a page table is left. */
	void (*vanished)(void *context, uint32_t mm, uint64_t address);
	void *context;
};

void hs_thp_overlay_deinit(struct hs_thp_overlay *overlay);

/* NULL: the policy has not touched it. Valid until the next change. */
struct hs_thp_slot *hs_thp_overlay_find(const struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address);
bool hs_thp_overlay_is_huge(const struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address);

/* The slot becomes huge: all its pages are there. NULL: out of memory. */
struct hs_thp_slot *hs_thp_overlay_make_huge(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address);

/* Pages [start, end) are given back: huge slots that lose a part are split, whole ones vanish. */
void hs_thp_overlay_drop(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t start, uint64_t end);
/* These pages of a slot are given back: it is split. */
void hs_thp_overlay_empty(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address,
			  const struct hs_bitmap512 *pages);
/* A boundary of a mapping lies inside the slot. */
void hs_thp_overlay_split(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t address);
/* Page tables moved from [from, from + bytes) to [to, …). */
void hs_thp_overlay_move(struct hs_thp_overlay *overlay, uint32_t mm, uint64_t from, uint64_t to, uint64_t bytes);
/* A child gets its parent's huge pages. 0 or -ENOMEM. */
int hs_thp_overlay_fork(struct hs_thp_overlay *overlay, uint32_t parent, uint32_t child);
void hs_thp_overlay_end(struct hs_thp_overlay *overlay, uint32_t mm);

/* Slots of one mm (0: of all) with their address, in no order. */
void hs_thp_overlay_each(const struct hs_thp_overlay *overlay, uint32_t mm,
			 void (*visit)(void *context, uint32_t mm, uint64_t address, const struct hs_thp_slot *slot),
			 void *context);

#endif
