// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_advice.h"

#include <errno.h>

static const uint64_t max_block_bytes = 2ull << 30;	/* arch/x86/mm/init_64.c: MAX_BLOCK_SIZE */
static const uint64_t large_memory_bytes = 64ull << 30;	/* MEM_SIZE_FOR_LARGE_BLOCK, and the limit of a forced size */

int hs_block_advise_size(struct hs_hotplug *hotplug, uint64_t bytes)
{
	if (!hotplug->variant.has_block_advice)
		return -ENODEV;
	if (!bytes || (bytes & (bytes - 1)))
		return -EINVAL;
	if (hotplug->is_advice_frozen)
		return -EBUSY;
	if (!hotplug->advised_bytes || bytes < hotplug->advised_bytes)
		hotplug->advised_bytes = bytes;
	return 0;
}

uint64_t hs_block_advised_size(struct hs_hotplug *hotplug)
{
	hotplug->is_advice_frozen = true;
	return hotplug->advised_bytes;
}

static uint64_t section_bytes(const struct hs_hotplug *hotplug)
{
	return hotplug->geometry.section_pages * hotplug->geometry.page_bytes;
}

uint64_t hs_block_probe_size(struct hs_hotplug *hotplug, const struct hs_block_probe *probe)
{
	uint64_t least = section_bytes(hotplug), bytes, advised = 0;

	if (probe->forced_bytes)
		return probe->forced_bytes;
	if (probe->ram_end_bytes < large_memory_bytes)
		return least;
	if (hotplug->variant.has_block_advice)
		advised = hs_block_advised_size(hotplug);
	if (!advised && probe->is_bare_metal)
		return max_block_bytes;
	bytes = !advised || advised > max_block_bytes ? max_block_bytes : advised < least ? least : advised;
	while (bytes > least && probe->ram_end_bytes % bytes)
		bytes /= 2;
	return bytes;
}

int hs_block_force_size(const struct hs_hotplug *hotplug, unsigned int order, uint64_t *bytes)
{
	uint64_t size = order < 64 ? 1ull << order : 0;

	if (size < section_bytes(hotplug) || size > large_memory_bytes)
		return -EINVAL;
	*bytes = size;
	return 0;
}
