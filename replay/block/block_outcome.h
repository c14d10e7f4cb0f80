/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_OUTCOME_H
#define HS_BLOCK_OUTCOME_H
/*
 * What an operation on one block depends on beside the model's state, and what comes of it. A rule fills an
 * outcome and changes nothing; hs_block_apply_online and _offline make it true.
 */
#include "replay/block/block_state.h"
#include "replay/block/block_zone.h"

/* CHECK(id, "what decided") */
#define HS_BLOCK_CHECKS(CHECK) \
	CHECK(NONE, "all checks passed") \
	CHECK(PARSE, "word not taken") \
	CHECK(ALREADY, "device already in that state") \
	CHECK(IN_STATE, "block already in that state") \
	CHECK(STATE, "state does not allow it") \
	CHECK(POISON, "nr_hwpoison > 0") \
	CHECK(PREPARE_VETO, "MEM_PREPARE_ONLINE vetoed") \
	CHECK(MEMMAP, "memmap could not be set up") \
	CHECK(ALIGNMENT, "range not aligned") \
	CHECK(NODE_VETO, "node notifier failure") \
	CHECK(VETO, "notifier failure") \
	CHECK(NO_ZONE, "several zones or nodes") \
	CHECK(HOLES, "memory holes") \
	CHECK(MULTIZONE, "multizone range") \
	CHECK(ISOLATE, "failure to isolate range") \
	CHECK(SIGNAL, "signal backoff") \
	CHECK(UNMOVABLE, "unmovable page") \
	CHECK(HUGETLB, "failure to dissolve huge pages") \
	CHECK(RANGE, "size 0 or outside of what may be hotplugged") \
	CHECK(CONFLICT, "resource conflict") \
	CHECK(NAME, "resource name not taken") \
	CHECK(GROUP, "no such memory group") \
	CHECK(NODE, "node not possible") \
	CHECK(NODE_START, "node could not be brought up") \
	CHECK(MEMMAP_UNSUPPORTED, "memmap_on_memory not possible for this range") \
	CHECK(ARCH, "arch_add_memory failed") \
	CHECK(EXISTS, "block exists") \
	CHECK(ONLINE_BLOCK, "a block is not offline") \
	CHECK(GRANULARITY, "wrong granularity for self-hosted memmap") \
	CHECK(MIXED_ALTMAP, "only some blocks host their own memmap") \
	CHECK(PERMISSION, "no CAP_SYS_ADMIN") \
	CHECK(PFN, "no such page") \
	CHECK(PAGE_OFFLINE, "page not online") \
	CHECK(SWITCHED_OFF, "vm.enable_soft_offline is 0") \
	CHECK(POISONED, "page already poisoned") \
	CHECK(FILTERED, "hwpoison filter") \
	CHECK(PAGE_BUSY, "page could not be taken") \
	CHECK(FATAL, "the kernel stops here (BUG or panic)")

enum hs_block_check {
#define CHECK(id, text) HS_CHECK_##id,
	HS_BLOCK_CHECKS(CHECK)
#undef CHECK
	HS_NR_BLOCK_CHECKS
};
const char *hs_block_check_text(enum hs_block_check check);

/* Answers of the rest of the kernel to one operation on one block. All zero: nothing is in the way. */
struct hs_block_world {
	int memmap_error;		/* of mhp_init_memmap_on_memory: 0 or -ENOMEM */
	int isolate_error;		/* of start_isolate_page_range: 0 or -EBUSY */
	bool has_signal;		/* a signal comes while pages are migrated */
	bool has_busy_offline_page;	/* a page marked offline keeps references */
	int dissolve_error;		/* of dissolving free hugetlb folios: 0, -EBUSY or -ENOMEM */
	uint64_t failed_migrations;	/* rounds that moved nothing: they only cost time */
	int veto[HS_NR_BLOCK_ACTIONS];	/* errno that the chain ends this action with, 0: as the callbacks say */
};

/* Answers of the rest of the kernel for single blocks; blocks that are not listed: all zero. */
struct hs_block_world_of {
	uint64_t id;
	struct hs_block_world world;
};
struct hs_block_worlds {
	const struct hs_block_world_of *items;
	size_t count;
};
/* worlds may be NULL. */
const struct hs_block_world *hs_block_world_of(const struct hs_block_worlds *worlds, const struct hs_block *block);

/* One run of a chain. */
struct hs_notified {
	struct hs_notice notice;
	uint32_t value;
	size_t nr_called;
};

enum { HS_MAX_NOTIFIED = 8 };

struct hs_block_outcome {
	int result;			/* 0; 1: device was in that state; negative errno */
	enum hs_block_check check;
	struct hs_zone *zone;		/* chosen, or left; NULL: none was looked at */
	struct hs_zone_choice choice;	/* online only, where zone is set */
	bool has_entered_zone;		/* a failed online had grown the zone's span */
	bool has_uevent;
	unsigned int nr_notified;
	struct hs_notified notified[HS_MAX_NOTIFIED];
};

/* Rules: memory_subsys_online and memory_subsys_offline in drivers/base/memory.c, and all below them. */
void hs_block_decide_online(const struct hs_hotplug *hotplug, const struct hs_block *block,
			    const struct hs_block_world *world, struct hs_block_outcome *outcome);
void hs_block_decide_offline(const struct hs_hotplug *hotplug, const struct hs_block *block,
			     const struct hs_block_world *world, struct hs_block_outcome *outcome);

/* Make an outcome of the same block true: 0 or -ENOMEM (nothing changed). */
int hs_block_apply_online(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_outcome *outcome);
int hs_block_apply_offline(struct hs_hotplug *hotplug, struct hs_block *block,
			   const struct hs_block_outcome *outcome);

/* "P Gn! Cn F": the notifications in order, by the spec's short names, ! where the chain said no. Returns buffer. */
enum { HS_SEQUENCE_TEXT = 80 };
const char *hs_block_sequence(const struct hs_block_outcome *outcome, char buffer[HS_SEQUENCE_TEXT]);

/* For rules: runs a chain and appends to the outcome; 0 or the veto's errno. */
int hs_block_notify(const struct hs_hotplug *hotplug, const struct hs_block_world *world,
		    const struct hs_notice *notice, struct hs_block_outcome *outcome);
/* Notice about the block's range R = [S + A, S + N); PREPARE and FINISH carry the altmap too. */
struct hs_notice hs_block_notice(const struct hs_hotplug *hotplug, const struct hs_block *block,
				 enum hs_block_action action);

#endif
