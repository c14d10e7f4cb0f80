/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_MEMORY_H
#define HS_PAGE_MEMORY_H
/*
 * What the recording said of the pages of a range, and when: who else holds or maps them, what was accessed. Nothing
 * else tells a free run. The last word before a time holds at that time; before the first one, the first one does.
 */
#include "lib/hash_map.h"
#include "replay/collapse/collapse_request.h"

struct hs_page_memory {
	struct hs_hash_map mms;		/* mm → its ranges: address → what was said of it, by time */
};

void hs_page_memory_deinit(struct hs_page_memory *memory);

/* A page table whose pages were recorded, not before the last one noted. 0 or -ENOMEM. */
int hs_page_memory_note(struct hs_page_memory *memory, uint64_t time, uint32_t mm, uint64_t address,
			const struct hs_pte_map *ptes);

/* Adds what is known to the entries of a range; of pages that were not there then nothing is known. */
void hs_page_memory_apply(const struct hs_page_memory *memory, uint64_t now, uint32_t mm, uint64_t address,
			  struct hs_pte_map *ptes);

/* Pages [start, end) went away now: what was said of them before is void. An address space ended. */
void hs_page_memory_drop(struct hs_page_memory *memory, uint64_t now, uint32_t mm, uint64_t start, uint64_t end);
void hs_page_memory_end(struct hs_page_memory *memory, uint32_t mm);

#endif
