/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SMI_LINKS_H
#define HS_SMI_LINKS_H
/* What KFD SMI events tell about each other: the tasks that they belong to, and the lines that must be missing. */
#include <stdbool.h>

#include "lib/hash_map.h"
#include "lib/vec.h"
#include "traces/kfd_smi.h"

struct hs_smi_links {
	HS_VEC(struct hs_meta_task) tasks;	/* introductions, by time */
	HS_VEC(struct hs_meta_lost) losses;	/* in the order they were found */
	uint64_t unpaired;
	uint32_t nr_tasks;
	HS_VEC(struct hs_bytes) names;
	struct hs_hash_map named;		/* process id: its first name, until it is introduced */
	bool always_ends;			/* a kernel that ends whatever it begins: 6.18 and later */
	struct hs_hash_map ids;			/* process id: task id */
	struct hs_hash_map last;		/* process id: time of its last event */
	struct hs_hash_map open;		/* what has begun and not ended: time it began; queues: how often */
	struct hs_hash_map begun;		/* process id and class: something of it has begun */
};

/* All zero but for always_ends is a valid start. */
void hs_smi_links_deinit(struct hs_smi_links *links);

/* Notes the name that an event may give; all of them before the first add. 0 or -ENOMEM. */
int hs_smi_links_name(struct hs_smi_links *links, const struct hs_kfd_smi_event *event);
/* Events in order of time: sets the row's task. 0 or -ENOMEM. */
int hs_smi_links_add(struct hs_smi_links *links, struct hs_kfd_smi_event *event);
/* Lines that could not be read lie between two times. 0 or -ENOMEM. */
int hs_smi_links_lose(struct hs_smi_links *links, const char *cause, uint64_t count, uint64_t from, uint64_t to);

#endif
