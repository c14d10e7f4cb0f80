// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/setting_changes.h"

#include <stdlib.h>
#include <string.h>

void hs_setting_changes_deinit(struct hs_setting_changes *changes)
{
	hs_vec_deinit(&changes->spans);
}

static bool ends_with(const struct hs_bytes *name, const char *end)
{
	const size_t length = strlen(end);

	return name->length >= length && memcmp(name->data + name->length - length, end, length) == 0;
}

/* mm/khugepaged.c reads these while it scans: the limits, and who may have huge pages. */
static bool decides(const struct hs_bytes *name)
{
	static const char folder[] = "transparent_hugepage/";
	static const char *const ends[] = { "/max_ptes_none", "/max_ptes_swap", "/max_ptes_shared", "enabled" };

	if (name->length < sizeof(folder) - 1 || memcmp(name->data, folder, sizeof(folder) - 1) != 0)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

void hs_setting_changes_add(struct hs_setting_changes *changes, const struct hs_meta_tunable *change)
{
	const struct hs_setting_change span = { change->since, change->row.time };

	if (decides(&change->name) && !hs_vec_push(&changes->spans, span))
		changes->is_short = true;
}

/* The first span that ends at or behind a time. */
static size_t first_behind(const struct hs_setting_changes *changes, uint64_t from)
{
	size_t low = 0, high = changes->spans.count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (changes->spans.items[middle].time < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool hs_setting_changes_meet(const struct hs_setting_changes *changes, uint64_t from, uint64_t to)
{
	if (changes->is_short)
		return true;
	for (size_t i = first_behind(changes, from); i < changes->spans.count; i++)
		if (changes->spans.items[i].since < to)
			return true;
	return false;
}
