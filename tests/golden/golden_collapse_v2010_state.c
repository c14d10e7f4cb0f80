// SPDX-License-Identifier: GPL-2.0-only
/* The visible state of a v2010 case, and what changed in it. */
#include <string.h>

#include "tests/golden/golden_collapse_v2010_world.h"

static json_t *mm_state(struct world *world, const struct mm *mm)
{
	const uint32_t id = (uint32_t)(mm - world->mms) + 1;
	json_t *huge = json_array();
	int tables = 0;

	hs_vec_for_each(range, &mm->ranges) {
		tables += range->pmd == HS_PMD_TABLE;
		if (range->pmd == HS_PMD_HUGE)
			json_array_append_new(huge, world_hex(range->address));
	}
	return json_pack("{si si si sI si so}", "users", mm->users, "refs", world_refs(world, mm), "reg",
			 hs_khugepaged_is_registered(&world->daemon, id), "rss_added", (json_int_t)mm->rss_added,
			 "tables", tables, "huge", huge);
}

static json_t *tunables_state(const struct hs_collapse_tunables *tunables)
{
	static const char *const modes[] = { "always", "madvise", "never" };

	return json_pack("{ss sI sI sI sI sI}", "enabled", modes[tunables->khugepaged_enabled],
			 "defrag", (json_int_t)tunables->khugepaged_defrag,
			 "max_ptes_none", (json_int_t)tunables->max_ptes_none,
			 "pages_to_scan", (json_int_t)tunables->pages_to_scan,
			 "scan_sleep_millisecs", (json_int_t)tunables->scan_sleep_millisecs,
			 "alloc_sleep_millisecs", (json_int_t)tunables->alloc_sleep_millisecs);
}

json_t *world_state(struct world *world)
{
	const struct hs_khugepaged *daemon = &world->daemon;
	json_t *list = json_array(), *mms = json_object();

	for (const struct hs_khugepaged_slot *slot = daemon->first; slot; slot = slot->next)
		json_array_append_new(list, json_string(world_mm(world, slot->mm)->name));
	for (unsigned int i = 0; i < world->nr_mms; i++) {
		const struct mm *mm = &world->mms[i];

		json_object_set_new(mms, mm->name, mm->exists ? mm_state(world, mm) : json_string("freed"));
	}
	return json_pack("{so so so sI sI si ss so so}", "list", list,
			 "slot", daemon->cursor ? json_string(world_mm(world, daemon->cursor->mm)->name) : json_null(),
			 "addr", daemon->cursor ? world_hex(daemon->address) : json_null(),
			 "full_scans", (json_int_t)daemon->full_scans, "collapsed", (json_int_t)daemon->pages_collapsed,
			 "page", world->caller_has_page, "daemon", hs_khugepaged_state_name(daemon->state),
			 "tun", tunables_state(&world->tunables), "mm", mms);
}

static json_t *object_changes(const json_t *before, const json_t *after)
{
	json_t *changes = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)after, key, value) {
		if (!json_equal(json_object_get(before, key), value))
			json_object_set(changes, key, value);
	}
	if (json_object_size(changes))
		return changes;
	json_decref(changes);
	return NULL;
}

json_t *world_state_changes(const json_t *before, const json_t *after)
{
	static const char *const nested[] = { "tun", "mm" };
	json_t *changes = object_changes(before, after);

	for (size_t i = 0; changes && i < sizeof(nested) / sizeof(*nested); i++) {
		if (json_object_get(changes, nested[i]))
			json_object_set_new(changes, nested[i], object_changes(json_object_get(before, nested[i]),
									       json_object_get(after, nested[i])));
	}
	return changes;
}
