/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MEMORY_BLOCKS_H
#define HS_MEMORY_BLOCKS_H
/*
 * Memory blocks from sysfs, and the kernel's uevents about them. States are read again after an uevent and
 * now and then; steps between two readings are not seen.
 */
#include <stdint.h>

#include "collectors/capture.h"
#include "collectors/memory_tables.h"
#include "collectors/sink.h"

struct hs_memory_blocks;

/* Hosts without memory blocks have none; without permission for uevents only the states are read. */
int hs_memory_blocks_create(struct hs_memory_blocks **out, struct hs_error *err);
void hs_memory_blocks_destroy(struct hs_memory_blocks *blocks);

/*
 * Makes the kernel choose zones for the blocks that are offline, as it would if they went online: that is what
 * reading their valid_zones does. 0, or -ENODEV where no block is offline.
 */
int hs_memory_blocks_ask_zones(void);

/* Socket that becomes readable with an uevent, or -1. */
int hs_memory_blocks_fd(const struct hs_memory_blocks *blocks);

/* Adds a snap.block row per block. 0 or -ENOMEM. */
int hs_memory_blocks_capture(struct hs_memory_blocks *blocks, uint64_t now, const struct hs_memory_tables *tables,
			     struct hs_capture *capture);

/* Takes what the socket has: hotplug.uevent rows, of the time of taking. Returns how many. */
unsigned int hs_memory_blocks_take_uevents(struct hs_memory_blocks *blocks, struct hs_sink *sink);

/* Reads all states again, from now on: a hotplug.block row for each that is new, of the time when it was read. */
void hs_memory_blocks_poll(struct hs_memory_blocks *blocks, uint64_t now, struct hs_sink *sink);

#endif
