/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_MEMORY_H
#define HS_BLOCK_MEMORY_H
/*
 * Adding and removing ranges of memory, with everything that is undone when a step fails.
 * add_memory_resource, try_remove_memory, offline_and_remove_memory in mm/memory_hotplug.c,
 * create_memory_block_devices, remove_memory_block_devices in drivers/base/memory.c. Addresses and sizes
 * are in bytes here.
 */
#include "replay/block/block_device.h"

enum {
	HS_MHP_MERGE_RESOURCE = 1, HS_MHP_MEMMAP_ON_MEMORY = 2, HS_MHP_NID_IS_MGID = 4,
	HS_MHP_OFFLINE_INACCESSIBLE = 8,
};

struct hs_add_request {
	uint64_t start, size;
	int32_t nid;			/* a memory group id with HS_MHP_NID_IS_MGID */
	uint32_t flags;			/* HS_MHP_* */
	const char *name;		/* of the resource; outlives the hotplug state */
	bool is_driver_managed;		/* add_memory_driver_managed: checks the name */
	bool is_registered;		/* its resource is there already: no conflict with itself */
	bool has_unseen_group;		/* groups were not recorded: the one that is named is taken to be there */
	int node_error;			/* node data could not be had: 0 or errno */
	int arch_error;			/* of arch_add_memory: 0 or errno */
	int register_error;		/* of registering the block register_error_at: 0 or errno */
	uint64_t register_error_at;
	struct hs_block_worlds worlds;	/* for auto-online */
};

struct hs_memory_outcome {
	int result;
	enum hs_block_check check;
	bool has_warned;		/* the kernel prints a warning with a backtrace */
	bool has_lost_firmware_entry;	/* failed behind firmware_map_remove */
	uint64_t nr_missing;		/* blocks of the range that were not there */
	uint64_t altmap;		/* add: pages of self-hosted memmap per block */
	uint64_t nr_online;		/* add: blocks that auto-online brought up */
	int online_result;		/* add: what ended the auto-online walk: 0, 1 or errno */
	uint64_t stopped_at;		/* id of the block that ended a walk, where one did */
};

/* The checks of add_memory in their order, up to where the outside world answers; changes nothing. */
int hs_block_decide_add(const struct hs_hotplug *hotplug, const struct hs_add_request *request,
			struct hs_memory_outcome *outcome);
/* Returns outcome->result; -ENOMEM with check NONE is our own. */
int hs_block_add_memory(struct hs_hotplug *hotplug, const struct hs_add_request *request, struct hs_uevents *uevents,
			struct hs_memory_outcome *outcome);
/* try_remove_memory's checks; changes nothing. */
int hs_block_decide_remove(const struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
			   struct hs_memory_outcome *outcome);
/* remove_memory. */
int hs_block_remove_memory(struct hs_hotplug *hotplug, uint64_t start, uint64_t size, struct hs_uevents *uevents,
			   struct hs_memory_outcome *outcome);
int hs_block_offline_and_remove(struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
				const struct hs_block_worlds *worlds, struct hs_uevents *uevents,
				struct hs_memory_outcome *outcome);

struct hs_create_request {
	uint64_t start, size;
	int32_t nid;
	uint64_t altmap;		/* pages, of each block */
	struct hs_block_group *group;
	int error;			/* device_register fails at block error_at: 0 or errno */
	uint64_t error_at;
};
/* create_memory_block_devices: all or nothing. 0, -EINVAL, -EEXIST or the registration's error. */
int hs_block_create_devices(struct hs_hotplug *hotplug, const struct hs_create_request *request,
			    struct hs_uevents *uevents);
/* remove_memory_block_devices: how many ids of the range had no block. A range that is not aligned is left alone. */
uint64_t hs_block_remove_devices(struct hs_hotplug *hotplug, uint64_t start, uint64_t size,
				 struct hs_uevents *uevents);

/*
 * mhp_supports_memmap_on_memory: pages of a block (6.1: of the whole range) that would hold its memmap,
 * 0: not supported.
 */
uint64_t hs_block_memmap_pages(const struct hs_hotplug *hotplug, uint64_t size);

/* probe: text is an address; adds one block on nid. 0 where the kernel takes all bytes, else errno. */
int hs_block_write_probe(struct hs_hotplug *hotplug, const char *text, size_t length, int32_t nid,
			 struct hs_uevents *uevents, struct hs_memory_outcome *outcome);

#endif
