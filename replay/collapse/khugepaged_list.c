// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/khugepaged.h"

#include <stdlib.h>
#include <string.h>

void hs_khugepaged_init(struct hs_khugepaged *daemon, const struct hs_collapse_rules *rules,
			struct hs_collapse_tunables *tunables, const struct hs_khugepaged_ops *ops, void *world)
{
	memset(daemon, 0, sizeof(*daemon));
	daemon->rules = rules;
	daemon->tunables = tunables;
	daemon->ops = ops;
	daemon->world = world;
}

void hs_khugepaged_deinit(struct hs_khugepaged *daemon)
{
	struct hs_khugepaged_slot *next;

	for (struct hs_khugepaged_slot *slot = daemon->first; slot; slot = next) {
		next = slot->next;
		free(slot);
	}
	hs_hash_map_deinit(&daemon->registered);
	daemon->first = daemon->last = daemon->cursor = NULL;
}

void hs_khugepaged_tell(struct hs_khugepaged *daemon, const struct hs_khugepaged_record *record)
{
	if (daemon->ops->record)
		daemon->ops->record(daemon->world, record);
}

void hs_khugepaged_strike(struct hs_khugepaged *daemon, enum hs_thp_point point)
{
	if (daemon->ops->base.at)
		daemon->ops->base.at(daemon->world, point);
}

struct hs_khugepaged_slot *hs_khugepaged_slot_of(const struct hs_khugepaged *daemon, uint32_t mm)
{
	const uint64_t *value = hs_hash_map_get(&daemon->registered, mm);

	return value ? (struct hs_khugepaged_slot *)(uintptr_t)*value : NULL;
}

bool hs_khugepaged_is_registered(const struct hs_khugepaged *daemon, uint32_t mm)
{
	return hs_hash_map_get(&daemon->registered, mm) != NULL;
}

void hs_khugepaged_forget(struct hs_khugepaged *daemon, uint32_t mm)
{
	hs_hash_map_remove(&daemon->registered, mm, NULL);
}

static struct hs_khugepaged_slot *make_slot(struct hs_khugepaged *daemon, uint32_t mm)
{
	struct hs_khugepaged_slot *slot;

	if (daemon->slot_cache_missing || (daemon->ops->allocate_slot && !daemon->ops->allocate_slot(daemon->world)))
		return NULL;
	slot = calloc(1, sizeof(*slot));
	if (slot)
		slot->mm = mm;
	return slot;
}

static void add_to_tail(struct hs_khugepaged *daemon, struct hs_khugepaged_slot *slot)
{
	const bool was_empty = !daemon->first;

	slot->prev = daemon->last;
	*(slot->prev ? &slot->prev->next : &daemon->first) = slot;
	daemon->last = slot;
	if (was_empty)
		hs_khugepaged_wake_queue(daemon);
}

enum hs_thp_enter hs_khugepaged_enter(struct hs_khugepaged *daemon, uint32_t mm)
{
	struct hs_khugepaged_slot *slot = make_slot(daemon, mm);

	if (!slot) {
		/* 6.12 and 6.18: the flag is set all the same, and nobody tries again. */
		if (daemon->rules->flag_before_slot)
			hs_hash_map_put(&daemon->registered, mm, 0);
		return HS_THP_ENTER_NO_MEMORY;
	}
	if (hs_khugepaged_is_registered(daemon, mm)) {
		free(slot);
		return HS_THP_ENTER_ALREADY;
	}
	if (hs_hash_map_put(&daemon->registered, mm, (uint64_t)(uintptr_t)slot)) {
		free(slot);
		return HS_THP_ENTER_NO_MEMORY;
	}
	add_to_tail(daemon, slot);
	return HS_THP_ENTER_REGISTERED;
}

/* v2010: the mode alone; later kernels: the switch and everything that makes a mapping eligible. */
static enum hs_thp_refusal may_enter(const struct hs_khugepaged *daemon, uint32_t mm, const struct hs_thp_vma *vma)
{
	const struct hs_collapse_tunables *tunables = daemon->tunables;

	if (daemon->rules->daemon_mode) {
		if (tunables->khugepaged_enabled == HS_THP_ALWAYS ||
		    (tunables->khugepaged_enabled == HS_THP_MADVISE && (vma->flags & HS_THP_VMA_HUGEPAGE)))
			return HS_THP_ALLOWED;
		return HS_THP_REFUSED_MODE;
	}
	if (!hs_thp_is_on(daemon->rules, tunables))
		return HS_THP_REFUSED_MODE;
	return hs_thp_vma_allowed(daemon->rules, tunables, vma, daemon->ops->base.mm_state(daemon->world, mm),
				  HS_THP_FOR_DAEMON);
}

enum hs_thp_enter hs_khugepaged_enter_vma(struct hs_khugepaged *daemon, uint32_t mm, const struct hs_thp_vma *vma,
					  enum hs_thp_refusal *why)
{
	*why = HS_THP_ALLOWED;
	if (hs_khugepaged_is_registered(daemon, mm))
		return HS_THP_ENTER_ALREADY;
	*why = may_enter(daemon, mm, vma);
	return *why == HS_THP_ALLOWED ? hs_khugepaged_enter(daemon, mm) : HS_THP_ENTER_REFUSED;
}

enum hs_thp_enter hs_khugepaged_enter_merge(struct hs_khugepaged *daemon, uint32_t mm, const struct hs_thp_vma *vma,
					    enum hs_thp_refusal *why)
{
	const uint64_t bytes = (uint64_t)daemon->tunables->nr << HS_COLLAPSE_PAGE_SHIFT;

	if (!daemon->rules->daemon_mode)
		return hs_khugepaged_enter_vma(daemon, mm, vma, why);
	if (!(vma->flags & HS_THP_VMA_ANON_VMA))
		*why = HS_THP_REFUSED_NO_ANON_VMA;
	else if (vma->flags & (HS_THP_VMA_OPS | HS_THP_VMA_FILE))
		*why = HS_THP_REFUSED_KIND;
	else if (hs_thp_first(vma, bytes) >= hs_thp_last(vma, bytes))
		*why = HS_THP_REFUSED_NO_RANGE;
	else
		return hs_khugepaged_enter_vma(daemon, mm, vma, why);
	return HS_THP_ENTER_REFUSED;
}

enum hs_thp_enter hs_khugepaged_fork(struct hs_khugepaged *daemon, uint32_t parent, uint32_t child)
{
	return hs_khugepaged_is_registered(daemon, parent) ? hs_khugepaged_enter(daemon, child) :
							     HS_THP_ENTER_REFUSED;
}

void hs_khugepaged_free_slot(struct hs_khugepaged *daemon, struct hs_khugepaged_slot *slot)
{
	uint64_t *value = hs_hash_map_get(&daemon->registered, slot->mm);
	const uint32_t mm = slot->mm;

	*(slot->prev ? &slot->prev->next : &daemon->first) = slot->next;
	*(slot->next ? &slot->next->prev : &daemon->last) = slot->prev;
	if (value)
		*value = 0;
	free(slot);
	if (daemon->ops->slot_freed)
		daemon->ops->slot_freed(daemon->world, mm);
}

enum hs_thp_exit hs_khugepaged_exit(struct hs_khugepaged *daemon, uint32_t mm)
{
	struct hs_khugepaged_slot *slot = hs_khugepaged_slot_of(daemon, mm);

	if (!slot)
		return HS_THP_EXIT_UNREGISTERED;
	if (slot == daemon->cursor)
		return HS_THP_EXIT_LEFT_TO_DAEMON;
	hs_khugepaged_free_slot(daemon, slot);
	hs_khugepaged_forget(daemon, mm);
	return HS_THP_EXIT_UNLINKED;
}

bool hs_khugepaged_is_valid(const struct hs_khugepaged *daemon)
{
	const struct hs_khugepaged_slot *prev = NULL;
	bool has_cursor = !daemon->cursor;
	size_t count = 0, flags = 0, at = 0;

	for (const struct hs_khugepaged_slot *slot = daemon->first; slot; prev = slot, slot = slot->next) {
		if (slot->prev != prev || hs_khugepaged_slot_of(daemon, slot->mm) != slot)
			return false;
		has_cursor |= slot == daemon->cursor;
		count++;
	}
	for (struct hs_hash_slot *entry; (entry = hs_hash_map_next(&daemon->registered, &at));)
		flags += entry->value != 0;
	return prev == daemon->last && has_cursor && count == flags;
}
