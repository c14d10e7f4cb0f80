// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_poison.h"

#include <errno.h>
#include <string.h>

#include "replay/block/block_sysfs.h"

void hs_block_poison_page(struct hs_hotplug *hotplug, uint64_t pfn)
{
	struct hs_block *block = hs_block_find(hotplug, hs_pfn_to_block(hotplug, pfn));

	hotplug->nr_poisoned++;
	if (block)
		block->nr_hwpoison++;
}

void hs_block_unpoison_page(struct hs_hotplug *hotplug, uint64_t pfn)
{
	struct hs_block *block = hs_block_find(hotplug, hs_pfn_to_block(hotplug, pfn));

	if (hotplug->nr_poisoned)
		hotplug->nr_poisoned--;
	if (block && block->nr_hwpoison)
		block->nr_hwpoison--;
}

static int refuse(struct hs_poison_outcome *outcome, enum hs_block_check check, int error)
{
	outcome->check = check;
	return outcome->result = error;
}

/* The part both files share: permission before the number; every bad number is -EINVAL. */
static int take_address(const struct hs_hotplug *hotplug, const char *text, size_t length,
			const struct hs_poison_world *world, struct hs_poison_outcome *outcome)
{
	uint64_t address;

	memset(outcome, 0, sizeof(*outcome));
	if (world->lacks_capability)
		return refuse(outcome, HS_CHECK_PERMISSION, -EPERM);
	if (hs_block_parse_number(text, length, &address))
		return refuse(outcome, HS_CHECK_PARSE, -EINVAL);
	outcome->pfn = address / hotplug->geometry.page_bytes;
	return 0;
}

static bool is_page_online(const struct hs_hotplug *hotplug, uint64_t pfn)
{
	return hs_page_ranges_tag(&hotplug->online, pfn) != NULL;
}

static void count_page(struct hs_hotplug *hotplug, struct hs_poison_outcome *outcome)
{
	hs_block_poison_page(hotplug, outcome->pfn);
	outcome->is_counted = true;
}

/* soft_offline_page */
int hs_block_write_soft_offline(struct hs_hotplug *hotplug, const char *text, size_t length,
				const struct hs_poison_world *world, struct hs_poison_outcome *outcome)
{
	if (take_address(hotplug, text, length, world, outcome))
		return outcome->result;
	if (world->is_invalid)
		return refuse(outcome, HS_CHECK_PFN, -ENXIO);
	if (!is_page_online(hotplug, outcome->pfn))
		return refuse(outcome, HS_CHECK_PAGE_OFFLINE, -EIO);
	if (hotplug->variant.has_soft_offline_sysctl && !hotplug->settings.enable_soft_offline)
		return refuse(outcome, HS_CHECK_SWITCHED_OFF, -EOPNOTSUPP);
	if (world->is_poisoned)
		return refuse(outcome, HS_CHECK_POISONED, 0);
	if (world->is_filtered)
		return refuse(outcome, HS_CHECK_FILTERED, -EOPNOTSUPP);
	if (world->take_error)
		return refuse(outcome, HS_CHECK_PAGE_BUSY, world->take_error);
	count_page(hotplug, outcome);
	return 0;
}

/* memory_failure; the file turns a filtered page into success. */
int hs_block_write_hard_offline(struct hs_hotplug *hotplug, const char *text, size_t length,
				const struct hs_poison_world *world, struct hs_poison_outcome *outcome)
{
	if (take_address(hotplug, text, length, world, outcome))
		return outcome->result;
	if (world->has_recovery_disabled)
		return refuse(outcome, HS_CHECK_FATAL, -EIO);
	if (world->is_invalid || !is_page_online(hotplug, outcome->pfn))
		return refuse(outcome, HS_CHECK_PFN, -ENXIO);
	if (world->is_poisoned)
		return refuse(outcome, HS_CHECK_POISONED, -EHWPOISON);
	if (world->is_filtered)
		return refuse(outcome, HS_CHECK_FILTERED, 0);
	if (world->take_error)
		return refuse(outcome, HS_CHECK_PAGE_BUSY, world->take_error);
	count_page(hotplug, outcome);
	return 0;
}
