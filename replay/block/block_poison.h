/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_POISON_H
#define HS_BLOCK_POISON_H
/*
 * Poisoned pages: counters, and the two files that ask for a page to be taken away.
 * mm/memory-failure.c, memblk_nr_poison* in drivers/base/memory.c.
 */
#include "replay/block/block_outcome.h"

/*
 * One page becomes poisoned, or is healed: global counter and the block's. 6.1 keeps no
 * block counter, but finds the pages' flags when a block is removed.
 */
void hs_block_poison_page(struct hs_hotplug *hotplug, uint64_t pfn);
void hs_block_unpoison_page(struct hs_hotplug *hotplug, uint64_t pfn);

/* What the rest of the kernel knows about the page. All zero: a healthy page that can be taken. */
struct hs_poison_world {
	bool lacks_capability;		/* CAP_SYS_ADMIN */
	bool is_invalid;		/* no such pfn */
	bool is_poisoned;
	bool is_filtered;
	bool has_recovery_disabled;	/* vm.memory_failure_recovery is 0 */
	int take_error;			/* soft: split, isolate or migrate; hard: -EBUSY not handled */
};

struct hs_poison_outcome {
	int result;			/* of the write: 0 all bytes taken, else errno */
	enum hs_block_check check;
	uint64_t pfn;
	bool is_counted;		/* a page became poisoned */
};

/* Writing text to soft_offline_page and hard_offline_page; counts what it poisons. Returns outcome->result. */
int hs_block_write_soft_offline(struct hs_hotplug *hotplug, const char *text, size_t length,
				const struct hs_poison_world *world, struct hs_poison_outcome *outcome);
int hs_block_write_hard_offline(struct hs_hotplug *hotplug, const char *text, size_t length,
				const struct hs_poison_world *world, struct hs_poison_outcome *outcome);

#endif
