/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_NOTIFY_H
#define HS_BLOCK_NOTIFY_H
/*
 * Notifier chains as data: an ordered list of callbacks, each with the answers it gives. Running a chain
 * is pure, so that a decision can be asked for without being taken. kernel/notifier.c,
 * include/linux/notifier.h.
 */
#include <stdint.h>

#include "lib/vec.h"
#include "replay/block/block_variant.h"

enum {
	HS_NOTIFY_DONE = 0, HS_NOTIFY_OK = 1, HS_NOTIFY_STOP_MASK = 0x8000, HS_NOTIFY_BAD = 0x8002,
	HS_NOTIFY_STOP = 0x8001,
};
/* The value a callback returns for a negative errno (0: NOTIFY_OK). notifier_from_errno */
uint32_t hs_notify_from_errno(int error);
/* What the caller makes of it: 0 or a negative errno. NOTIFY_BAD is -EPERM. notifier_to_errno */
int hs_notify_to_errno(uint32_t value);

/* What is announced; on the node chain only nid counts. */
struct hs_notice {
	enum hs_block_action action;
	uint64_t start_pfn, nr_pages;
	uint64_t altmap_start, altmap_nr;	/* PREPARE and FINISH only, else 0 */
	int32_t nid, nid_normal;		/* node of a node action; status_change_*; HS_NO_NODE none */
};

/* One callback's answer to an action on ranges that overlap [start_pfn, end_pfn); the first that fits counts. */
struct hs_notify_answer {
	enum hs_block_action action;
	uint64_t start_pfn, end_pfn;
	uint32_t value;
};

struct hs_notifier {
	const char *name;		/* borrowed, static */
	int priority;
	uint64_t order;			/* of registration */
	const struct hs_notify_answer *answers;	/* borrowed; everything else is answered NOTIFY_OK */
	size_t nr_answers;
};

struct hs_notifier_chain {
	HS_VEC(struct hs_notifier) callbacks;	/* higher priority first, then earlier registration */
	uint64_t nr_registered;
};

void hs_notifier_chain_deinit(struct hs_notifier_chain *chain);
/* 0 or -ENOMEM. */
int hs_notifier_register(struct hs_notifier_chain *chain, const char *name, int priority,
			 const struct hs_notify_answer *answers, size_t nr_answers);
/* 0 or -ENOENT. */
int hs_notifier_unregister(struct hs_notifier_chain *chain, const char *name);

/*
 * Value of the last callback called (NOTIFY_DONE for an empty chain), *nr_called of the list were called.
 * A value with the stop bit ends the run.
 */
uint32_t hs_notify_run(const struct hs_notifier_chain *chain, const struct hs_notice *notice, size_t *nr_called);

#endif
