/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MMU_NOTIFIER_H
#define HS_MMU_NOTIFIER_H
/*
 * The core of mm/mmu_notifier.c for one address space: who listens, which invalidation sections are open, and
 * the sequence counters by which an interval's owner learns that what it looked up may be out of date.
 *
 * Nothing sleeps here: where the kernel would, the call says so and the caller asks again after the next end
 * of a section. Nothing is allocated: listeners and intervals lie in their owners' structs.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/range_tree.h"

/* What a section tells its listeners: bytes, half open; an end of UINT64_MAX is that of every address space. */
struct hs_mmu_range {
	uint64_t start, end;
	uint8_t event;			/* enum mmu_notifier_event, as in the column notifier.start.event */
	bool is_blockable;		/* listeners may sleep */
};
enum { HS_MMU_EVENT_UNMAP = 0, HS_MMU_EVENT_RELEASE = 5 };

struct hs_mmu_interval;
struct hs_mmu_listener;

struct hs_mmu_interval_ops {
	/*
	 * A section meets the interval. The owner keeps seq (hs_mmu_interval_set_seq) before it returns true.
	 * False: it would have to sleep, and the section does not let it.
	 */
	bool (*invalidate)(struct hs_mmu_interval *interval, const struct hs_mmu_range *section, uint64_t seq);
};

struct hs_mmu_interval {
	struct hs_range_node node;		/* [start, last + 1) */
	const struct hs_mmu_interval_ops *ops;
	uint64_t invalidate_seq;
	struct hs_mmu_interval *next_deferred;
	bool is_in_tree, is_deferred;
};

struct hs_mmu_listener_ops {
	int (*start)(struct hs_mmu_listener *listener, const struct hs_mmu_range *section);	/* 0, -EAGAIN; or NULL */
	void (*end)(struct hs_mmu_listener *listener, const struct hs_mmu_range *section);	/* or NULL */
	void (*release)(struct hs_mmu_listener *listener);					/* or NULL */
};

struct hs_mmu_listener {
	const struct hs_mmu_listener_ops *ops;
	struct hs_mmu_listener *next;
	bool is_registered;
};

struct hs_mmu_subscriptions {
	struct hs_mmu_listener *list;		/* newest first */
	struct hs_range_tree itree;
	struct hs_mmu_interval *deferred;	/* newest first */
	uint64_t invalidate_seq;		/* odd: an interval is being invalidated, or the tree is frozen */
	uint64_t active_ranges;			/* open sections, counted once an interval was inserted */
	uint64_t nr_warnings;			/* refusals where none is allowed: the kernel warns and goes on */
	bool has_itree;				/* an interval was inserted once */
	bool is_dying;				/* exit_mmap has begun */
};

void hs_mmu_subscriptions_init(struct hs_mmu_subscriptions *subs);

/* 0; -EINTR: the caller has a signal pending, nothing is changed (mm_take_all_locks); -EINVAL: the mm is dying. */
int hs_mmu_register(struct hs_mmu_subscriptions *subs, struct hs_mmu_listener *listener, bool has_signal);
/* Cannot fail. Calls release if the listener is still on the list. */
void hs_mmu_unregister(struct hs_mmu_subscriptions *subs, struct hs_mmu_listener *listener);

/*
 * mmu_interval_notifier_insert of [start, start + length). 0; -EOVERFLOW: empty, or it wraps; -EINVAL: the mm is
 * dying; -EINTR as in register, for the first one.
 */
int hs_mmu_interval_insert(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval, uint64_t start,
			   uint64_t length, bool has_signal);
/* True: the kernel's caller sleeps until invalidate_seq changes, and the interval is in use until then. */
bool hs_mmu_interval_remove(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval);
void hs_mmu_interval_set_seq(struct hs_mmu_interval *interval, uint64_t seq);

/* True, and *seq, where a lookup may begin; false: the interval is being invalidated, the kernel's caller sleeps. */
bool hs_mmu_interval_read_begin(const struct hs_mmu_subscriptions *subs, const struct hs_mmu_interval *interval,
				uint64_t *seq);
/* Has the interval been invalidated since? Then what was looked up must not be used. */
bool hs_mmu_interval_read_retry(const struct hs_mmu_interval *interval, uint64_t seq);

/* 0: hs_mmu_section_end must follow. -EAGAIN: a listener refused a section that must not sleep; no end follows. */
int hs_mmu_section_start(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section);
void hs_mmu_section_end(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section);

/* mmu_notifier_release: the start of exit_mmap. The list is empty afterwards, intervals stay. */
void hs_mmu_release(struct hs_mmu_subscriptions *subs);

/* The rules that hold after every step; the broken one, or NULL. */
const char *hs_mmu_broken_rule(const struct hs_mmu_subscriptions *subs);

#endif
