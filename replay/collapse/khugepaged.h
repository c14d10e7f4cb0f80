/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KHUGEPAGED_H
#define HS_KHUGEPAGED_H
/*
 * The daemon: the list of address spaces it walks, its cursor, one visit to an address space, a pass, and
 * the loop of passes and sleeps. It runs when it is told to (hs_khugepaged_run) until it would sleep; who
 * calls it owns the clock. It asks the world for everything else.
 */
#include "lib/hash_map.h"
#include "replay/collapse/eligibility.h"
#include "replay/collapse/range_scan.h"

enum { HS_MAX_PTE_MAPPED = 8 };	/* MAX_PTE_MAPPED_THP */

/* An address space that the daemon will visit. */
struct hs_khugepaged_slot {
	uint32_t mm;
	unsigned int nr_pte_mapped;	/* 6.1: ranges of files whose page tables are to go at the next visit */
	uint64_t pte_mapped[HS_MAX_PTE_MAPPED];
	struct hs_khugepaged_slot *prev, *next;	/* in order of registration; NULL at the ends */
};

enum hs_khugepaged_state {
	HS_KHUGEPAGED_NONE,		/* no thread */
	HS_KHUGEPAGED_CREATED,		/* has not run yet */
	HS_KHUGEPAGED_ASLEEP,		/* until a time: sleep_kind, sleep_ms */
	HS_KHUGEPAGED_WOKEN,		/* its sleep was ended early; has not run yet */
	HS_KHUGEPAGED_WAITING,		/* for the list to fill or the switch to change */
	HS_KHUGEPAGED_PAUSED,		/* the caller's limit of passes was reached, or a visit took time */
	HS_KHUGEPAGED_RUNNING,
	HS_KHUGEPAGED_HALTED,		/* a kernel assertion failed */
};
/* "none", "created", …; static. */
const char *hs_khugepaged_state_name(enum hs_khugepaged_state state);

enum hs_khugepaged_sleep { HS_KHUGEPAGED_SLEEP_SCAN, HS_KHUGEPAGED_SLEEP_ALLOC };

enum hs_khugepaged_event {
	HS_KHUGEPAGED_WAKE_QUEUE,	/* flag: a waiting daemon was woken */
	HS_KHUGEPAGED_WAKE_TASK,	/* flag: a sleep was ended */
	HS_KHUGEPAGED_ALLOC,		/* v2010: flag: it succeeded; number: 1 if it may wait */
	HS_KHUGEPAGED_VISIT,		/* mm, address: cursor; number: budget */
	HS_KHUGEPAGED_VMA,		/* address: its start; reason: why it is skipped */
	HS_KHUGEPAGED_LEAVE,	/* mm, next; reason done, exiting, stopped; flag: freed; number: full scans */
	HS_KHUGEPAGED_STAY,		/* mm; reason lock_dropped, budget; address: cursor */
	HS_KHUGEPAGED_PROGRESS,		/* number: of the visit */
	HS_KHUGEPAGED_PASS_END,		/* reason budget, second_wrap, no_work, alloc_failed; number: head */
	HS_KHUGEPAGED_FREE_PAGE,
	HS_KHUGEPAGED_SLEEP,		/* reason scan, alloc; number: milliseconds */
	HS_KHUGEPAGED_WAIT,
	HS_KHUGEPAGED_PAUSE,
	HS_KHUGEPAGED_THREAD,		/* reason start, stop, fail */
	HS_KHUGEPAGED_HALT,		/* a kernel assertion failed; reason: its name */
};

struct hs_khugepaged_record {
	enum hs_khugepaged_event event;
	const char *reason;
	uint32_t mm;
	uint32_t next;			/* LEAVE: mm of the next slot, 0: none */
	uint64_t address;
	uint64_t number;
	bool flag;
};

struct hs_khugepaged_ops {
	struct hs_collapse_world_ops base;
	bool (*allocate_slot)(void *world);		/* optional: always succeeds without it */
	bool (*create_thread)(void *world);		/* optional: always succeeds without it */
	void (*slot_freed)(void *world, uint32_t mm);	/* optional: the daemon dropped its reference */
	void (*record)(void *world, const struct hs_khugepaged_record *record);	/* optional */
	/* Optional, modern: the last visit took time, and the pass pauses until the caller's clock has gone on. */
	bool (*is_busy)(void *world);
};

/* Where a stopped daemon goes on. */
enum hs_khugepaged_resume {
	HS_KHUGEPAGED_AT_TOP, HS_KHUGEPAGED_AT_FIRST_ALLOC, HS_KHUGEPAGED_AFTER_ALLOC_SLEEP, HS_KHUGEPAGED_IN_PASS,
	HS_KHUGEPAGED_IN_WAIT
};

struct hs_khugepaged_pass {
	uint64_t pages, progress;
	unsigned int head;		/* iterations that began without a current slot */
	bool has_slept;			/* modern: after a failed allocation */
};

struct hs_khugepaged {
	const struct hs_collapse_rules *rules;		/* borrowed */
	struct hs_collapse_tunables *tunables;		/* borrowed; may change between calls */
	const struct hs_khugepaged_ops *ops;
	void *world;

	struct hs_khugepaged_slot *first, *last, *cursor;
	uint64_t address;		/* of the cursor; stale without one */
	struct hs_hash_map registered;	/* mm → slot pointer; 0: the flag is set but there is no slot */
	uint64_t full_scans, pages_collapsed;
	bool has_page;			/* v2010: a huge page is in hand */
	bool slot_cache_missing;	/* v2010: registration and start fail */
	bool is_stopping;		/* modern: asked to stop */

	enum hs_khugepaged_state state;
	enum hs_khugepaged_resume resume;
	enum hs_khugepaged_sleep sleep_kind;
	uint64_t sleep_ms;
	struct hs_khugepaged_pass pass;
	bool may_wait;			/* v2010: flags of the request before which it paused */
	uint64_t passes_left;		/* of this run; UINT64_MAX: no limit */
	uint64_t nr_passes;		/* ended ones */
};

void hs_khugepaged_init(struct hs_khugepaged *daemon, const struct hs_collapse_rules *rules,
			struct hs_collapse_tunables *tunables, const struct hs_khugepaged_ops *ops, void *world);
void hs_khugepaged_deinit(struct hs_khugepaged *daemon);

/* --- registration: khugepaged_list.c --- */
enum hs_thp_enter { HS_THP_ENTER_REGISTERED, HS_THP_ENTER_ALREADY, HS_THP_ENTER_NO_MEMORY, HS_THP_ENTER_REFUSED };

/* __khugepaged_enter: without any test. NO_MEMORY: also when our own allocation fails. */
enum hs_thp_enter hs_khugepaged_enter(struct hs_khugepaged *daemon, uint32_t mm);
/* khugepaged_enter and khugepaged_enter_vma: what a huge fault, a new or a grown mapping does. */
enum hs_thp_enter hs_khugepaged_enter_vma(struct hs_khugepaged *daemon, uint32_t mm, const struct hs_thp_vma *vma,
					  enum hs_thp_refusal *why);
/* v2010: khugepaged_enter_vma_merge; later kernels: the same as hs_khugepaged_enter_vma. */
enum hs_thp_enter hs_khugepaged_enter_merge(struct hs_khugepaged *daemon, uint32_t mm, const struct hs_thp_vma *vma,
					    enum hs_thp_refusal *why);
/* khugepaged_fork. REFUSED: the parent is not registered. */
enum hs_thp_enter hs_khugepaged_fork(struct hs_khugepaged *daemon, uint32_t parent, uint32_t child);

enum hs_thp_exit { HS_THP_EXIT_UNREGISTERED, HS_THP_EXIT_UNLINKED, HS_THP_EXIT_LEFT_TO_DAEMON };
/* __khugepaged_exit, at the end of the last user. */
enum hs_thp_exit hs_khugepaged_exit(struct hs_khugepaged *daemon, uint32_t mm);

bool hs_khugepaged_is_registered(const struct hs_khugepaged *daemon, uint32_t mm);
/* An mm that is gone for good: its flag with it. */
void hs_khugepaged_forget(struct hs_khugepaged *daemon, uint32_t mm);
/* Slot of an mm, or NULL. */
struct hs_khugepaged_slot *hs_khugepaged_slot_of(const struct hs_khugepaged *daemon, uint32_t mm);
/* Takes a slot out of the list; its mm is told through ops->slot_freed. */
void hs_khugepaged_free_slot(struct hs_khugepaged *daemon, struct hs_khugepaged_slot *slot);
/* List, cursor and map agree. */
bool hs_khugepaged_is_valid(const struct hs_khugepaged *daemon);

/* --- one visit: khugepaged_visit.c --- */
/* khugepaged_scan_mm_slot: progress made. *result: of the last range. The list is not empty. */
uint64_t hs_khugepaged_visit(struct hs_khugepaged *daemon, uint64_t budget, enum hs_collapse_result *result);

/* --- passes and sleeps: khugepaged_loop.c --- */
bool hs_khugepaged_has_work(const struct hs_khugepaged *daemon);
/* start_khugepaged, start_stop_khugepaged: after a change of the switch. 0, or -ENOMEM (v2010: then off). */
int hs_khugepaged_start(struct hs_khugepaged *daemon);
/* One pass (v2010: with the page in hand, if any). */
void hs_khugepaged_pass(struct hs_khugepaged *daemon);
/*
 * Runs until it sleeps, waits, pauses before pass number passes + 1, or stops. The caller ends a sleep by
 * calling it: a waiting daemon looks again.
 */
void hs_khugepaged_run(struct hs_khugepaged *daemon, uint64_t passes);
/* A write to one of the sleep settings. */
void hs_khugepaged_wake_task(struct hs_khugepaged *daemon);
/* A wake-up of its wait queue. */
void hs_khugepaged_wake_queue(struct hs_khugepaged *daemon);
/* A write to a settings file, with what it starts, wakes or stops. As hs_collapse_tunables_store, or -ENOMEM. */
int hs_khugepaged_store(struct hs_khugepaged *daemon, const char *file, const char *text, size_t length);

/* For the files of the daemon. */
void hs_khugepaged_tell(struct hs_khugepaged *daemon, const struct hs_khugepaged_record *record);
void hs_khugepaged_strike(struct hs_khugepaged *daemon, enum hs_thp_point point);

#endif
