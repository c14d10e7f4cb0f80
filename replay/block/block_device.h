/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_DEVICE_H
#define HS_BLOCK_DEVICE_H
/*
 * Operations as users and drivers ask for them: each decides by the rules and makes the outcome true at
 * once. drivers/base/core.c (device_online, device_offline) and the store functions of drivers/base/memory.c.
 */
#include "replay/block/block_outcome.h"

/* What user space hears, in order. */
struct hs_uevent {
	enum { HS_UEVENT_ADD, HS_UEVENT_REMOVE, HS_UEVENT_ONLINE, HS_UEVENT_OFFLINE } action;
	bool is_node;
	uint64_t id;
};
struct hs_uevents {
	HS_VEC(struct hs_uevent) list;
	bool is_short;			/* memory ran out: some are missing */
};
void hs_uevents_add(struct hs_uevents *uevents, int action, bool is_node, uint64_t id);	/* uevents may be NULL */

/* device_online, device_offline: 0, 1 (already so) or errno; as in outcome->result. -ENOMEM: ours. */
int hs_block_device_online(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_world *world,
			   struct hs_uevents *uevents, struct hs_block_outcome *outcome);
int hs_block_device_offline(struct hs_hotplug *hotplug, struct hs_block *block, const struct hs_block_world *world,
			    struct hs_uevents *uevents, struct hs_block_outcome *outcome);

/*
 * Writing text to memoryN/state and memoryN/online: 0 where the kernel takes all bytes, else errno. A word
 * for online stays in block->online_type even when the block was online already.
 */
int hs_block_write_state(struct hs_hotplug *hotplug, struct hs_block *block, const char *text, size_t length,
			 const struct hs_block_world *world, struct hs_uevents *uevents,
			 struct hs_block_outcome *outcome);
int hs_block_write_online(struct hs_hotplug *hotplug, struct hs_block *block, const char *text, size_t length,
			  const struct hs_block_world *world, struct hs_uevents *uevents,
			  struct hs_block_outcome *outcome);

#endif
