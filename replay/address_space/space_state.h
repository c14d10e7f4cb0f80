/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_STATE_H
#define HS_SPACE_STATE_H
/* The state of the address_space model. Only files of this folder include it. */
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "replay/address_space/address_space.h"
#include "replay/address_space/page_store.h"
#include "replay/address_space/section_log.h"
#include "replay/address_space/section_pairing.h"
#include "replay/address_space/slot_table.h"
#include "replay/address_space/space_variant.h"

enum hs_thp_mode { HS_THP_NEVER, HS_THP_MADVISE, HS_THP_ALWAYS };

/* No user address of x86-64 lies at or behind it, with five levels of page tables. */
#define HS_USER_END (1ull << 56)

/* Flags that a mapping's flags hold beside those of smaps: none yet; soft-dirty is not kept. */
enum { HS_VMA_UNKEPT = HS_VMA_SD };

/* Bytes. Of the processes that use the mm. */
struct hs_mm_limits {
	uint64_t as, data, stack, memlock;
	bool may_lock;		/* CAP_IPC_LOCK */
	bool are_known;
};

struct hs_mm {
	uint32_t id;
	struct hs_address_space *space;
	struct hs_mm *prev, *next;	/* in the order of their first event */
	struct hs_range_tree vmas;
	struct hs_vma *last_vma;	/* of the last lookup, or NULL */
	struct hs_slot_table slots;
	struct hs_slot_table put_aside;	/* what was known before the snapshot at hand: checkpoint.h */
	struct hs_mm_counters counters;
	struct hs_mm_limits limits;
	uint64_t def_flags;		/* HS_VMA_LO, HS_VMA_LF after mlockall(MCL_FUTURE) */
	uint64_t layout_generation;
	uint8_t thp_disable;
	bool has_layout;		/* its mappings are known (snapshot, fork of a known one) */
	bool has_counters;		/* rss, swap and high-water marks began at known values */
	bool is_in_snapshot;		/* mappings not confirmed yet are stale */
	bool is_in_checkpoint;		/* … and were known before it */
	bool is_listened;		/* its sections are recorded: a listener was registered (never undone) */
	struct hs_mm *kin;		/* ring of the mms that came from one another by fork */
};

/* Contradictions are counted by cause. */
enum hs_space_problem {
	HS_PROBLEM_FAULT_OUTSIDE,	/* a fault where nothing is mapped */
	HS_PROBLEM_SYSCALL_OUTSIDE,	/* a call succeeded on a range that is not mapped */
	HS_PROBLEM_OVERLAP,		/* a new mapping lies over an old one without MAP_FIXED */
	HS_PROBLEM_BAD_RANGE,		/* unaligned or empty range, or beyond the address space */
	HS_PROBLEM_DEAD_MM,		/* an event of an address space that has ended */
	HS_PROBLEM_TIME_BACK,
	HS_PROBLEM_NESTING,		/* a section ends that is not the one that was opened last */
	HS_PROBLEM_MEMORY,		/* out of memory: a change was left out */
	HS_NR_PROBLEMS
};
enum { HS_PROBLEM_SENTENCES = 16 };

struct hs_space_sentence {
	enum hs_space_problem problem;
	unsigned int kind;
	uint64_t time, address;
	uint32_t mm;
};

struct hs_space_watch {
	const struct hs_address_space_watcher *watcher;
	void *context;
};

struct hs_address_space {
	const struct hs_policy *policy;
	enum hs_mode mode;
	struct hs_space_variant variant;
	struct hs_hash_map mms;			/* id -> struct hs_mm * */
	struct hs_hash_map ended;		/* ids of address spaces that have ended */
	struct hs_mm *first, *end;
	struct hs_mm *last_mm;			/* of the last lookup, or NULL */
	struct hs_page_store pages;
	HS_VEC(struct hs_space_watch) watches;
	uint64_t next_file;			/* identities of shared anonymous objects */
	uint32_t next_anon_vma;
	uint64_t next_vma;
	uint32_t loss_generation;		/* grows with each loss of faults */
	bool are_faults_unseen;			/* the recording had no source of faults */
	bool are_calls_unseen;			/* nor of system calls */
	bool are_collapses_unseen;		/* nor of collapses */
	bool layouts_are_assumed;		/* events that change mappings were lost */
	uint64_t stack_limit;			/* bytes */
	uint64_t max_map_count;			/* mappings of one mm */
	enum hs_thp_mode thp_mode;
	bool uses_zero_page;			/* the huge one */
	bool maps_zero_page;			/* the small one */
	uint64_t time;				/* of the newest event */
	unsigned int kind;			/* of the event at hand */
	uint64_t problems[HS_NR_PROBLEMS];
	struct hs_space_sentence sentences[HS_PROBLEM_SENTENCES];
	uint64_t nr_corrections;		/* mappings that a later snapshot showed otherwise */
	uint64_t nr_unplaced;			/* faults in address spaces whose mappings are not known */
	struct hs_section_log log;
	struct hs_section_pairing pairing;
};

/* --- address spaces (space_state.c) -------------------------------------------------------------- */

struct hs_mm *hs_space_find(struct hs_address_space *space, uint32_t id);
/* The mm, made if it is new. NULL: id 0, already ended (counted), or out of memory (counted). */
struct hs_mm *hs_space_get(struct hs_address_space *space, uint32_t id);
struct hs_mm *hs_space_add(struct hs_address_space *space, uint32_t id, uint32_t parent);
void hs_space_end(struct hs_address_space *space, struct hs_mm *mm);
/* mm came from parent by fork. */
void hs_mm_join_kin(struct hs_mm *mm, struct hs_mm *parent);
/* Does another mm that came from the same ones map the anonymous page (or huge page) too? */
bool hs_mm_is_page_shared(const struct hs_mm *mm, uint64_t address);
void hs_space_deinit(struct hs_address_space *space);

/* Counts a contradiction and keeps the first sentences. */
void hs_space_problem(struct hs_address_space *space, enum hs_space_problem problem, uint32_t mm, uint64_t address);

/* --- watchers (space_watch.c) -------------------------------------------------------------------- */

void hs_space_tell_begin(struct hs_address_space *space, uint32_t mm, uint32_t parent);
void hs_space_tell_end(struct hs_address_space *space, uint32_t mm);
/* Also counts the layout's generation up. */
void hs_space_tell_layout(struct hs_mm *mm, uint64_t start, uint64_t end);
void hs_space_tell_dropped(struct hs_mm *mm, uint64_t start, uint64_t end);
void hs_space_tell_moved(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes);
void hs_space_tell_populated(struct hs_mm *mm, uint64_t address, bool had_table);
void hs_space_tell_anon_vma(struct hs_mm *mm, const struct hs_vma *vma);

void hs_space_tell_section(struct hs_address_space *space, uint32_t mm, const struct hs_section *section, bool opens);

/* --- sections that operations open (section_log.c, section_rules.c) ------------------------------- */

/* Sections that the model predicts: opened and closed like parentheses by the functions that make events true. */
void hs_section_open(struct hs_mm *mm, enum hs_section_event event, uint64_t start, uint64_t end,
		     enum hs_section_rule rule, enum hs_basis basis);
void hs_section_close(struct hs_mm *mm);
/* One without anything inside. */
void hs_section_note(struct hs_mm *mm, enum hs_section_event event, uint64_t start, uint64_t end,
		     enum hs_section_rule rule, enum hs_basis basis);

/* The bound of a mapping, [start, end) before, comes to lie at address inside it (vma_adjust_trans_huge). */
void hs_section_boundary(struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t address);
/* The slot's huge page, if there is one, becomes single entries. */
void hs_mm_split_huge(struct hs_mm *mm, uint64_t slot);
/* The same for huge pages that [start, end) cuts. */
void hs_mm_split_edges(struct hs_mm *mm, uint64_t start, uint64_t end);
/* The same by splitting the folios themselves, of anonymous memory that is this mm's alone (split_folio). */
void hs_mm_split_folios(struct hs_mm *mm, uint64_t start, uint64_t end);
/* mprotect of a range whose flags have changed. */
void hs_section_protect(struct hs_mm *mm, uint64_t start, uint64_t end);
/* Moving tables piece by piece, as old kernels did, where there are any: splits huge pages. */
void hs_section_move_extents(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes);
/* Where moving tables from `from` to `to` begins: both may be aligned down to a slot (try_realign_addr). */
uint64_t hs_move_start(const struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes);

/* --- limits (space_limits.c): true where they are not known --------------------------------------- */

/* Is its number of mappings, and so many more, below max_map_count? */
bool hs_mm_has_room_for_maps(const struct hs_mm *mm, uint64_t more);
/* split_vma's rule: each cut is made while the number is below it. */
bool hs_mm_has_room_for_cuts(const struct hs_mm *mm, unsigned int cuts);
/* Cuts that giving [start, end), which lies in vma, these flags takes; none where it joins a neighbour. */
unsigned int hs_mm_cuts_for_flags(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end,
				  uint64_t flags);
/* may_expand_vm: may the mm grow by so many pages of mappings with these flags? */
bool hs_mm_may_expand(const struct hs_mm *mm, uint64_t flags, uint64_t pages);
/* The same once [start, end) is unmapped. */
bool hs_mm_may_expand_over(const struct hs_mm *mm, uint64_t flags, uint64_t pages, uint64_t start, uint64_t end);
/* mlock_future_ok: and if they are locked? */
bool hs_mm_may_lock_more(const struct hs_mm *mm, uint64_t flags, uint64_t pages);
/* can_do_mlock: at all? */
bool hs_mm_may_lock(const struct hs_mm *mm);
/* Bytes that a growing stack may reach. */
uint64_t hs_mm_stack_limit(const struct hs_mm *mm);
/* Pages of [start, end) that lie in mappings, and in locked ones. */
uint64_t hs_mm_count_mapped(const struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t flags);
/*
 * mprotect_fixup: may the mapping's pages become writable, as private data? grown: pages that have become data on
 * the same walk before, and are not in the counters yet; these are added if they do.
 */
bool hs_mm_may_protect(const struct hs_mm *mm, uint64_t old_flags, uint64_t flags, uint64_t pages, uint64_t *grown);

/* --- mappings (vma_tree.c) ----------------------------------------------------------------------- */

static inline struct hs_vma *hs_vma_of(struct hs_range_node *node)
{
	return node ? hs_container_of(node, struct hs_vma, node) : NULL;
}

static inline uint64_t hs_vma_pages(const struct hs_vma *vma)
{
	return (vma->node.end - vma->node.start) >> HS_PAGE_SHIFT;
}

static inline uint64_t hs_page_down(uint64_t address)
{
	return address & ~(HS_PAGE_BYTES - 1);
}

/* Does the mapped object end before this address? An access is a SIGBUS then. */
static inline bool hs_vma_is_behind_object(const struct hs_vma *vma, uint64_t address)
{
	return vma->object_pages && vma->pgoff + ((address - vma->node.start) >> HS_PAGE_SHIFT) >= vma->object_pages;
}

/* Wraps to 0 beyond the last page. */
static inline uint64_t hs_page_up(uint64_t bytes)
{
	return (bytes + HS_PAGE_BYTES - 1) & ~(HS_PAGE_BYTES - 1);
}

/* Cached lookup. */
struct hs_vma *hs_mm_find_vma(struct hs_mm *mm, uint64_t address);
struct hs_vma *hs_mm_first_overlap(const struct hs_mm *mm, uint64_t start, uint64_t end);
struct hs_vma *hs_vma_next_in(const struct hs_vma *vma);
struct hs_vma *hs_vma_prev_in(const struct hs_vma *vma);

/* Adds the mapping's pages to the sizes by class, or takes them away (sign -1). */
void hs_vma_count(const struct hs_vma *vma, struct hs_mm_counters *counters, int64_t sign);
/* Inserts a copy, accounted. The range is free. NULL: out of memory. */
struct hs_vma *hs_mm_insert_vma(struct hs_mm *mm, const struct hs_vma *model);
/* Takes it out, accounted, and frees it. */
void hs_mm_erase_vma(struct hs_mm *mm, struct hs_vma *vma);
/* Cuts at an address strictly inside; returns the upper part, or NULL: out of memory. */
struct hs_vma *hs_mm_split_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t address);
/* Splits so that no mapping crosses start or end. */
bool hs_mm_split_range(struct hs_mm *mm, uint64_t start, uint64_t end);
/* Fuses with the neighbours where the variant's rule allows; returns what holds vma's range now. */
struct hs_vma *hs_mm_merge_vma(struct hs_mm *mm, struct hs_vma *vma);
/* … but not with `apart`. */
struct hs_vma *hs_mm_merge_vma_but(struct hs_mm *mm, struct hs_vma *vma, const struct hs_vma *apart);
/* Would [start, end), which lies in vma, be fused with vma's neighbour if it had these flags? */
bool hs_mm_would_merge(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end,
		       uint64_t flags);
/* Would the two be fused if it were not for their anon_vmas? */
bool hs_vma_fits(const struct hs_space_variant *variant, const struct hs_vma *low, const struct hs_vma *high);
bool hs_vma_supports_mlock(const struct hs_vma *vma);
/* Changes flags with accounting. */
void hs_mm_set_flags(struct hs_mm *mm, struct hs_vma *vma, uint64_t flags);
/* Moves a bound of a mapping (growth or shrinking in place), accounted; pgoff follows a moved start. */
void hs_mm_resize_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end);
/* Gives a mapping its anon_vma, shared with a neighbour where find_mergeable_anon_vma would. */
void hs_mm_prepare_anon_vma(struct hs_mm *mm, struct hs_vma *vma);

/* Removes all mappings and pages of [start, end), clipped to whole pages by the caller. */
void hs_mm_unmap_range(struct hs_mm *mm, uint64_t start, uint64_t end);

/* --- pages (page_rules.c) ------------------------------------------------------------------------ */

/* Gives pages back but keeps the mapping: rss, swap and high-water mark follow. */
void hs_mm_zap_pages(struct hs_mm *mm, uint64_t start, uint64_t end, unsigned int keeps);	/* enum hs_drop */
/* One access, as a fault or populate makes it. is_write is only set where the mapping allows it. */
void hs_mm_touch_page(struct hs_mm *mm, struct hs_vma *vma, uint64_t address, bool is_write);
enum hs_populate {
	HS_POPULATE_MM,		/* MAP_POPULATE, mlock: as the mapping allows, but not where it locks on fault */
	HS_POPULATE_READ,	/* MADV_POPULATE_READ */
	HS_POPULATE_WRITE,
};

/* Faults [start, end) in; holes and mappings that refuse are passed over. */
void hs_mm_populate(struct hs_mm *mm, uint64_t start, uint64_t end, enum hs_populate how);
/* The first page in [start, end) with a guard marker; end: none. */
uint64_t hs_mm_first_guard(const struct hs_mm *mm, uint64_t start, uint64_t end);
/* A page table that may have been replaced by a huge page. */
void hs_mm_doubt_table(struct hs_mm *mm, uint64_t slot);
/* A slot that may be huge is, as a fault on a present page of it shows that no other fault made. */
void hs_mm_settle_huge(struct hs_mm *mm, const struct hs_vma *vma, uint64_t address);
/* A page that a write found read-only, of a slot whose huge page was split: it is the zero page. */
void hs_mm_settle_zero(struct hs_mm *mm, const struct hs_vma *vma, uint64_t address);
/* The slot, which lies in vma, becomes one huge anonymous page. */
void hs_mm_make_huge(struct hs_mm *mm, struct hs_vma *vma, uint64_t slot);
/* Pages of [start, end) leave planes (HS_PLANE_BIT): they lose write permission, grow old, … */
void hs_mm_clear_planes(struct hs_mm *mm, uint64_t start, uint64_t end, uint32_t planes);
/* Adds what a table's pages in a mapping's part count as, or takes it away. */
void hs_mm_count_range(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end, bool is_added);
/* The same for all mappings in [start, end). */
void hs_mm_count_mappings(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_added);
/* Present pages, but for the zero page, may be reclaimed. */
void hs_mm_make_unknown(struct hs_mm *mm, uint64_t start, uint64_t end);
/* Pages of files go, private copies stay (unmap_mapping_range of a hole that is punched). */
void hs_mm_drop_file_pages(struct hs_mm *mm, uint64_t start, uint64_t end);
/* Any page of the slot may be there or not. */
void hs_mm_forget_slot(struct hs_mm *mm, uint64_t slot);
/* Any present page may be gone. */
void hs_mm_forget_pages(struct hs_mm *mm, uint64_t start, uint64_t end);
void hs_mm_set_markers(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_set);
/* MADV_PAGEOUT: the sections of what it is sure to take. */
void hs_section_reclaim(struct hs_mm *mm, uint64_t start, uint64_t end);
/* unmerge_ksm_pages: pages that KSM may have merged are copied. */
void hs_mm_break_ksm(struct hs_mm *mm, uint64_t start, uint64_t end);
void hs_mm_move_pages(struct hs_mm *mm, uint64_t from, uint64_t to, uint64_t bytes);
/* Raises the mark to what the resident set is now. */
void hs_mm_note_rss(struct hs_mm *mm);

/* --- operations: make a recorded event true (apply_*.c) ------------------------------------------ */

void hs_apply_fault(struct hs_mm *mm, uint64_t address, bool is_write, bool was_present);
void hs_apply_mmap(struct hs_mm *mm, const struct hs_mm_mmap *call);
void hs_apply_munmap(struct hs_mm *mm, const struct hs_mm_munmap *call);
void hs_apply_brk(struct hs_mm *mm, const struct hs_mm_brk *call);
void hs_apply_mprotect(struct hs_mm *mm, const struct hs_mm_mprotect *call);
void hs_apply_madvise(struct hs_mm *mm, const struct hs_mm_madvise *call);
void hs_apply_mlock(struct hs_mm *mm, const struct hs_mm_mlock *call);
void hs_apply_mremap(struct hs_mm *mm, const struct hs_mm_mremap *call);
void hs_apply_limit(struct hs_mm *mm, const struct hs_mm_limit *call);
void hs_apply_prctl(struct hs_mm *mm, const struct hs_mm_prctl *call);
void hs_apply_fork(struct hs_mm *mm, const struct hs_mm_fork *call);
void hs_apply_exec(struct hs_address_space *space, const struct hs_mm_exec *exec);
/*
 * MADV_COLLAPSE of [start, end) in vma, where collapses themselves were not recorded: success tells that all whole
 * slots are huge; otherwise any of them may be.
 */
void hs_learn_collapse(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end, bool is_sure);
void hs_apply_collapse(struct hs_mm *mm, uint64_t address, const struct hs_bytes *status);

/* MADV_REMOVE of [start, end) in vma: every mapping of the object loses its pages there. */
void hs_apply_punch(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end);
/* The same, or nothing, has happened. */
void hs_doubt_punch(struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end);

/* do_mlock: would locking the range, which may wrap or be empty, exceed the limit? Whole pages. */
bool hs_mlock_exceeds(const struct hs_mm *mm, uint64_t start, uint64_t bytes);
/* Flags that an mmap call asks for. */
uint64_t hs_flags_of_mmap(const struct hs_mm *mm, const struct hs_mm_mmap *call);
/* Is there such an advice in this variant? */
bool hs_advice_is_known(const struct hs_mm *mm, uint32_t advice);
/* Does the advice end with an error at this mapping? */
bool hs_advice_is_refused(const struct hs_vma *vma, uint32_t advice);

/* Flags that mprotect, madvise, mlock and munlock (lock_flags 0) give a mapping: its own where they change none. */
uint64_t hs_protected_flags(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t prot);
uint64_t hs_advised_flags(const struct hs_vma *vma, uint32_t advice);
uint64_t hs_locked_flags(const struct hs_vma *vma, uint64_t lock_flags);
/* Flags of a lock. */
uint64_t hs_lock_flags_of(bool is_on_fault);

/* HS_VMA_* access bits of PROT_* bits. */
uint64_t hs_flags_of_prot(uint32_t prot);

/* Snapshots (apply_snapshot.c): rows of one snapshot may come in any order between begin and end. */
void hs_apply_snap_mm(struct hs_mm *mm, const struct hs_snap_mm *row);
void hs_apply_snap_vma(struct hs_mm *mm, const struct hs_snap_vma *row);
void hs_apply_snap_pages(struct hs_mm *mm, const struct hs_snap_pages *row);
void hs_apply_snap_end(struct hs_address_space *space);

static inline bool hs_vma_is_private_anon(const struct hs_vma *vma)
{
	return vma->kind == HS_VMA_ANON;
}

#endif
