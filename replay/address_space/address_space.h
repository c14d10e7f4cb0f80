/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ADDRESS_SPACE_H
#define HS_ADDRESS_SPACE_H
/*
 * What the address_space model answers to the models that stand on it: mappings, page occupancy and
 * counters of every recorded address space ("mm"), as they are between two events.
 *
 * In validate a recorded collapse (collapse.huge_page, collapse.scan with SCAN_SUCCEED) makes its range
 * huge here: nobody else has to. In whatif recorded collapses are passed over, so that the occupancy
 * stays what the programs themselves touched; which ranges are huge then is the collapse model's own
 * knowledge, which it keeps beside this (see watchers). So one instance serves all policies in both modes.
 *
 * All pointers are borrowed and valid until the next event. Addresses are bytes, ranges half open.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/bitmap512.h"
#include "lib/range_tree.h"
#include "replay/address_space/section.h"
#include "replay/model.h"

struct hs_address_space;
struct hs_mm;

enum { HS_PAGE_SHIFT = 12, HS_SLOT_SHIFT = 21 };
#define HS_PAGE_BYTES (1ull << HS_PAGE_SHIFT)
/* A slot is an aligned 2 MiB range: what one page table maps. */
#define HS_SLOT_BYTES (1ull << HS_SLOT_SHIFT)

enum hs_vma_kind {
	HS_VMA_ANON,		/* private, no file */
	HS_VMA_FILE,		/* private or shared mapping of a file */
	HS_VMA_SHMEM,		/* shared anonymous memory, memfd, tmpfs, SysV */
	HS_VMA_SPECIAL,		/* vdso, vvar, vsyscall, devices */
	HS_VMA_HUGETLB,
};

/* A mapping has an anon_vma once a page of it was written (or it was inherited by fork). */
enum hs_anon_vma {
	HS_ANON_VMA_NONE,
	HS_ANON_VMA_OWN,	/* one link: made by this mm */
	HS_ANON_VMA_INHERITED,	/* longer chain: came through fork */
	HS_ANON_VMA_UNKNOWN,	/* from a snapshot, no evidence yet */
};

struct hs_vma {
	struct hs_range_node node;	/* start, end in bytes */
	uint64_t pgoff;			/* pages; of private anonymous memory: the virtual page index */
	uint64_t flags;			/* HS_VMA_* (traces/kinds.h) */
	uint64_t file;			/* identity of the mapped object, 0: anonymous */
	uint64_t object_pages;		/* size of shared anonymous memory: behind it is SIGBUS; 0: not known */
	uint64_t serial;		/* grows with each making and change of bounds: order among equals */
	uint32_t anon_vma_id;		/* equal ids: the same anon_vma; 0: none or unknown */
	uint32_t generation;		/* of losses, when its pages were last wholly known */
	uint32_t generation_before;	/* the same before the snapshot that is being taken in */
	uint8_t kind;			/* enum hs_vma_kind */
	uint8_t anon_vma;		/* enum hs_anon_vma */
	bool is_temporary_stack;
	bool is_tmpfs;			/* shared memory that is a file of a mount of its own, with its own huge= */
	bool is_assumed;		/* its bounds or flags are not sure (guessed, or events were lost) */
	bool is_anon_vma_guessed;	/* which one it has, from before the recording: what it merges with is not sure */
	bool is_stale;			/* a snapshot is being taken in and has not confirmed it yet */
};

/* Pages, but for the last two. VmSize, VmLck, … of /proc/PID/status. */
struct hs_mm_counters {
	uint64_t total_vm, data_vm, exec_vm, stack_vm, locked_vm;
	uint64_t hiwater_vm, hiwater_rss;
	uint64_t rss_anon, rss_file, rss_shmem, swap;
	uint64_t start_brk, brk;	/* addresses; 0 unknown */
};

enum hs_slot_kind {
	HS_SLOT_NONE,		/* nothing was ever populated (no page table as far as known) */
	HS_SLOT_TABLE,		/* a page table, perhaps empty */
	HS_SLOT_HUGE_ANON,	/* one huge page */
	HS_SLOT_HUGE_FILE,
	HS_SLOT_HUGE_ZERO,	/* the huge zero page */
	HS_SLOT_MAYBE_HUGE,	/* a fault that could get a huge page: touched pages are present, the others unknown */
	HS_NR_SLOT_KINDS
};

/*
 * Occupancy of one slot. Bits are pages in address order. zero and file are subsets of present; present,
 * swap and marker exclude each other; unknown marks pages for which the trace does not tell whether they
 * are present (they are in no other plane).
 */
struct hs_slot {
	enum hs_slot_kind kind;
	enum hs_basis basis;	/* exact: no unknown page; bounded: some; assumed: events of the layout were lost */
	struct hs_bitmap512 present, swap, marker, zero, file, exclusive, writable, young, dirty, unknown;
};

/* The same in counts, without unpacking (some ten times cheaper). */
struct hs_slot_counts {
	enum hs_slot_kind kind;
	unsigned int present, swap, zero, unknown;
};

/* The view of an address_space instance, as found in hs_model_setup.bases. */
struct hs_address_space *hs_address_space_of(struct hs_model *model);

/* By id; NULL: never seen, or ended. */
const struct hs_mm *hs_address_space_mm(const struct hs_address_space *space, uint32_t id);
/* It was there, and exit_mmap was seen. */
bool hs_address_space_has_ended(const struct hs_address_space *space, uint32_t id);
/* In the order in which they were first seen. */
const struct hs_mm *hs_address_space_first_mm(const struct hs_address_space *space);
const struct hs_mm *hs_mm_next(const struct hs_mm *mm);

uint32_t hs_mm_id(const struct hs_mm *mm);
/* Its mappings are all known, and no events of such were lost. */
bool hs_mm_is_layout_known(const struct hs_mm *mm);
/* PR_SET_THP_DISABLE: 0 no, 1 all, 2 all but advised ranges (6.18+). */
unsigned int hs_mm_thp_disable(const struct hs_mm *mm);
const struct hs_mm_counters *hs_mm_counters(const struct hs_mm *mm);
/* Grows with every change of the mm's mappings or their flags. */
uint64_t hs_mm_layout_generation(const struct hs_mm *mm);

/* The mapping that holds address; the lowest one that ends behind it; the next one up. NULL: none. */
const struct hs_vma *hs_mm_vma_at(const struct hs_mm *mm, uint64_t address);
const struct hs_vma *hs_mm_vma_from(const struct hs_mm *mm, uint64_t address);
const struct hs_vma *hs_vma_next(const struct hs_vma *vma);

/* Occupancy of the slot that holds address. */
void hs_mm_get_slot(const struct hs_mm *mm, uint64_t address, struct hs_slot *slot);
struct hs_slot_counts hs_mm_count_slot(const struct hs_mm *mm, uint64_t address);
/* Start of the first slot in [from, to) that has a record (kind != HS_SLOT_NONE); UINT64_MAX: none. */
uint64_t hs_mm_next_slot(const struct hs_mm *mm, uint64_t from, uint64_t to);

/*
 * Watchers learn what changed, when it has changed, in the order they were added. A NULL member is not
 * called. They must not change the model or watch and unwatch in a call.
 */
struct hs_address_space_watcher {
	void (*mm_begins)(void *context, uint32_t mm, uint32_t parent);	/* parent 0: not by fork */
	void (*mm_ends)(void *context, uint32_t mm);
	void (*layout_changed)(void *context, uint32_t mm, uint64_t start, uint64_t end);
	/* Pages of the range were unmapped or given back (munmap, MADV_DONTNEED, shrinking, …). */
	void (*pages_dropped)(void *context, uint32_t mm, uint64_t start, uint64_t end);
	/* mremap moved page tables from [from, from + bytes) to [to, …). */
	void (*pages_moved)(void *context, uint32_t mm, uint64_t from, uint64_t to, uint64_t bytes);
	/* The slot got its first page; had_table: into a page table that earlier pages have left behind. */
	void (*slot_populated)(void *context, uint32_t mm, uint64_t address, bool had_table);
	/* A mapping got its first anon_vma. */
	void (*anon_vma_prepared)(void *context, uint32_t mm, const struct hs_vma *vma);
	/*
	 * mmu-notifier sections, properly nested: the recorded ones where the recording has those of this mm, else
	 * what the model predicts of each operation, when the operation is made true; their basis is then assumed.
	 */
	void (*section_opens)(void *context, uint32_t mm, const struct hs_section *section);
	void (*section_closes)(void *context, uint32_t mm, const struct hs_section *section);
};
/* watcher and context outlive the watching. 0 or -ENOMEM. */
int hs_address_space_watch(struct hs_address_space *space, const struct hs_address_space_watcher *watcher,
			   void *context);
void hs_address_space_unwatch(struct hs_address_space *space, void *context);

#endif
