// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "replay/block/block_group.h"
#include "replay/block/block_memory.h"
#include "replay/block/block_sysfs.h"

static const char system_ram[] = "System RAM";

int hs_block_create_devices(struct hs_hotplug *hotplug, const struct hs_create_request *request,
			    struct hs_uevents *uevents)
{
	uint64_t first = hs_phys_to_block(hotplug, request->start), id;
	uint64_t end = hs_phys_to_block(hotplug, request->start + request->size);
	int32_t nid = hotplug->variant.has_nid_at_creation ? request->nid : HS_NO_NODE;
	int ret = 0;

	if (!hs_block_is_aligned(hotplug, request->start, request->size))
		return -EINVAL;
	for (id = first; id != end && !ret; id++) {
		if (request->error && id == request->error_at && !hs_block_find(hotplug, id))
			ret = request->error;
		else
			ret = hs_block_create(hotplug, id, false, nid, request->altmap, request->group, NULL);
		if (!ret)
			hs_uevents_add(uevents, HS_UEVENT_ADD, false, id);
	}
	if (!ret)
		return 0;
	for (end = id - 1, id = first; id != end; id++) {
		hs_block_remove(hotplug, hs_block_find(hotplug, id));
		hs_uevents_add(uevents, HS_UEVENT_REMOVE, false, id);
	}
	return ret;
}

uint64_t hs_block_memmap_pages(const struct hs_hotplug *hotplug, uint64_t size)
{
	const struct hs_block_geometry *geometry = &hotplug->geometry;
	uint64_t block_bytes = hs_block_bytes(hotplug);
	uint64_t memmap = block_bytes / geometry->page_bytes * geometry->struct_page_bytes;
	uint64_t pages = (memmap + geometry->page_bytes - 1) / geometry->page_bytes;
	uint64_t pageblock_bytes = geometry->pageblock_pages * geometry->page_bytes;

	if (hotplug->settings.memmap_mode == HS_MEMMAP_OFF)
		return 0;
	if (!hotplug->variant.has_altmap)
		return size == block_bytes && !(memmap % geometry->pmd_bytes) &&
		       !((size - memmap) % pageblock_bytes) ? pages : 0;
	if (hotplug->settings.memmap_mode == HS_MEMMAP_FORCE && hotplug->variant.has_memmap_force)
		pages = (pages + geometry->pageblock_pages - 1) / geometry->pageblock_pages *
			geometry->pageblock_pages;
	if (memmap % geometry->page_bytes || memmap % geometry->pmd_bytes || pages % geometry->pageblock_pages ||
	    pages == hs_block_pages(hotplug))
		return 0;
	return pages;
}

/* register_memory_resource; the name check of add_memory_driver_managed comes first. */
static int check_resource(const struct hs_hotplug *hotplug, const struct hs_add_request *request,
			  struct hs_memory_outcome *outcome)
{
	uint64_t page = hotplug->geometry.page_bytes, end = request->start + request->size;
	size_t length = strlen(request->name);

	if (request->is_driver_managed &&
	    (strncmp(request->name, "System RAM (", 12) || request->name[length - 1] != ')')) {
		outcome->check = HS_CHECK_NAME;
		return -EINVAL;
	}
	if (!request->size || end < request->start || request->start / page < hotplug->lowest_pfn ||
	    (end + page - 1) / page > hotplug->end_pfn) {
		outcome->check = HS_CHECK_RANGE;
		return -E2BIG;
	}
	if (!request->is_registered &&
	    hs_page_ranges_count(&hotplug->ram, request->start / page, (end + page - 1) / page)) {
		outcome->check = HS_CHECK_CONFLICT;
		return -EEXIST;
	}
	return 0;
}

/* The checks of add_memory_resource before the node; *group and *nid for what follows. */
static int check_request(const struct hs_hotplug *hotplug, const struct hs_add_request *request, int32_t *nid,
			 struct hs_block_group **group, struct hs_memory_outcome *outcome)
{
	*group = NULL;
	*nid = request->nid;
	if (!hs_block_is_aligned(hotplug, request->start, request->size)) {
		outcome->check = HS_CHECK_ALIGNMENT;
		return -EINVAL;
	}
	if (request->flags & HS_MHP_NID_IS_MGID) {
		*group = hs_block_group_find(hotplug, request->nid);
		if (!*group && request->has_unseen_group)
			return 0;
		if (!*group) {
			outcome->check = HS_CHECK_GROUP;
			return -EINVAL;
		}
		*nid = (*group)->nid;
	}
	if (!hs_node_find(hotplug, *nid)) {
		outcome->check = HS_CHECK_NODE;
		outcome->has_warned = true;
		return -EINVAL;
	}
	return 0;
}

static int choose_memmap(const struct hs_hotplug *hotplug, const struct hs_add_request *request,
			 struct hs_memory_outcome *outcome)
{
	if (!(request->flags & HS_MHP_MEMMAP_ON_MEMORY))
		return 0;
	outcome->altmap = hs_block_memmap_pages(hotplug, request->size);
	if (outcome->altmap || hotplug->variant.has_altmap)
		return 0;
	outcome->check = HS_CHECK_MEMMAP_UNSUPPORTED;
	return -EINVAL;
}

/* arch_add_memory and the devices. With altmaps later kernels go block by block; the result is the same. */
static int add_blocks(struct hs_hotplug *hotplug, const struct hs_add_request *request, int32_t nid,
		      struct hs_block_group *group, struct hs_uevents *uevents, struct hs_memory_outcome *outcome)
{
	struct hs_create_request create = {
		.start = request->start, .size = request->size, .nid = nid, .altmap = outcome->altmap,
		.group = group, .error = request->register_error, .error_at = request->register_error_at,
	};
	int ret = request->arch_error;

	outcome->check = HS_CHECK_ARCH;
	if (!ret) {
		outcome->check = HS_CHECK_EXISTS;
		ret = hs_block_create_devices(hotplug, &create, uevents);
	}
	if (!ret)
		outcome->check = HS_CHECK_NONE;
	return ret;
}

/* Node first in later kernels, else behind the blocks, where failure would be fatal. */
static int add_node_and_blocks(struct hs_hotplug *hotplug, const struct hs_add_request *request, int32_t nid,
			       struct hs_block_group *group, struct hs_uevents *uevents,
			       struct hs_memory_outcome *outcome)
{
	struct hs_node *node = hs_node_find(hotplug, nid);
	bool is_new = !node->is_online, is_early = hotplug->variant.has_early_node_registration;
	int ret;

	if (is_new && request->node_error) {
		outcome->check = HS_CHECK_NODE_START;
		return request->node_error;
	}
	if (is_new && is_early)
		hs_uevents_add(uevents, HS_UEVENT_ADD, true, (uint64_t)nid);
	ret = choose_memmap(hotplug, request, outcome);
	if (!ret)
		ret = add_blocks(hotplug, request, nid, group, uevents, outcome);
	if (is_new && is_early && ret)
		hs_uevents_add(uevents, HS_UEVENT_REMOVE, true, (uint64_t)nid);
	else if (is_new && !is_early && !ret)
		hs_uevents_add(uevents, HS_UEVENT_ADD, true, (uint64_t)nid);
	if (!ret)
		node->is_online = true;
	return ret;
}

struct auto_online {
	struct hs_hotplug *hotplug;
	const struct hs_block_worlds *worlds;
	struct hs_uevents *uevents;
	struct hs_memory_outcome *outcome;
};

/* online_memory_block: the setting is read for each block; 1 ends the walk like an error. */
static int auto_online_block(struct hs_block *block, void *context)
{
	struct auto_online *walk = context;
	struct hs_block_outcome outcome;
	int ret;

	block->online_type = walk->hotplug->settings.auto_online;
	ret = hs_block_device_online(walk->hotplug, block, hs_block_world_of(walk->worlds, block), walk->uevents,
				     &outcome);
	if (ret)
		walk->outcome->stopped_at = hs_block_id(block);
	else
		walk->outcome->nr_online++;
	return ret;
}

static int set_nid(struct hs_block *block, void *context)
{
	block->nid = *(const int32_t *)context;
	return 0;
}

int hs_block_decide_add(const struct hs_hotplug *hotplug, const struct hs_add_request *request,
			struct hs_memory_outcome *outcome)
{
	struct hs_block_group *group;
	int32_t nid;

	memset(outcome, 0, sizeof(*outcome));
	outcome->result = check_resource(hotplug, request, outcome);
	if (!outcome->result)
		outcome->result = check_request(hotplug, request, &nid, &group, outcome);
	if (!outcome->result)
		outcome->result = choose_memmap(hotplug, request, outcome);
	return outcome->result;
}

int hs_block_add_memory(struct hs_hotplug *hotplug, const struct hs_add_request *request, struct hs_uevents *uevents,
			struct hs_memory_outcome *outcome)
{
	struct auto_online walk = { hotplug, &request->worlds, uevents, outcome };
	uint64_t page = hotplug->geometry.page_bytes;
	struct hs_block_group *group;
	int32_t nid;

	memset(outcome, 0, sizeof(*outcome));
	outcome->result = check_resource(hotplug, request, outcome);
	if (!outcome->result)
		outcome->result = check_request(hotplug, request, &nid, &group, outcome);
	if (!outcome->result)
		outcome->result = add_node_and_blocks(hotplug, request, nid, group, uevents, outcome);
	if (outcome->result)
		return outcome->result;
	if (hs_page_ranges_set(&hotplug->ram, request->start / page, (request->start + request->size) / page,
			       request->name))
		return outcome->result = -ENOMEM;
	hs_block_walk(hotplug, request->start, request->size, set_nid, &nid);
	if (hotplug->settings.auto_online != HS_OFFLINE)
		outcome->online_result = hs_block_walk(hotplug, request->start, request->size, auto_online_block,
						       &walk);
	return 0;
}

int hs_block_write_probe(struct hs_hotplug *hotplug, const char *text, size_t length, int32_t nid,
			 struct hs_uevents *uevents, struct hs_memory_outcome *outcome)
{
	struct hs_add_request request = { .size = hs_block_bytes(hotplug), .nid = nid, .name = system_ram };
	int ret;

	memset(outcome, 0, sizeof(*outcome));
	outcome->check = HS_CHECK_PARSE;
	ret = hs_block_parse_number(text, length, &request.start);
	if (!ret && !hs_block_is_aligned(hotplug, request.start, 0)) {
		outcome->check = HS_CHECK_ALIGNMENT;
		ret = -EINVAL;
	}
	return outcome->result = ret ? ret : hs_block_add_memory(hotplug, &request, uevents, outcome);
}
