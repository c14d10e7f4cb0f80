// SPDX-License-Identifier: GPL-2.0-only
/* khugepaged_scan_mm_slot (collapse_scan_mm_slot in 7.2) and collect_mm_slot in mm/khugepaged.c. */
#include "replay/collapse/khugepaged.h"

/* A visit under way. */
struct visit {
	struct hs_khugepaged *daemon;
	struct hs_khugepaged_slot *slot;
	uint64_t budget, progress;
	enum hs_collapse_result result;
	bool has_vma;		/* false: no mapping is left */
	bool is_locked;
	enum hs_thp_assertion assertion;	/* that failed: the visit never ends */
};

static uint64_t range_bytes(const struct hs_khugepaged *daemon)
{
	return (uint64_t)daemon->tunables->nr << HS_COLLAPSE_PAGE_SHIFT;
}

static unsigned int mm_state(const struct visit *visit)
{
	const struct hs_khugepaged *daemon = visit->daemon;

	return daemon->ops->base.mm_state(daemon->world, visit->slot->mm);
}

static bool is_ending(const struct visit *visit)
{
	const unsigned int state = mm_state(visit);

	return (state & HS_THP_MM_EXITING) ||
	       (visit->daemon->rules->disable_ends_visit && (state & HS_THP_MM_DISABLED));
}

static void set_lock(struct visit *visit, enum hs_thp_lock lock)
{
	struct hs_khugepaged *daemon = visit->daemon;

	visit->is_locked = daemon->ops->base.lock(daemon->world, visit->slot->mm, lock) && lock != HS_THP_UNLOCK;
}

static void skip(struct visit *visit, const struct hs_thp_vma *vma, const char *reason)
{
	visit->progress++;
	hs_khugepaged_tell(visit->daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_VMA, .mm = visit->slot->mm, .address = vma->start, .reason = reason });
}

/* Is there something to scan in the mapping? Moves the cursor to its first range. */
static bool enter_vma(struct visit *visit, const struct hs_thp_vma *vma)
{
	struct hs_khugepaged *daemon = visit->daemon;
	const bool is_first = daemon->rules->daemon_mode;
	const uint64_t bytes = range_bytes(daemon);
	enum hs_thp_refusal why;

	why = is_first ? hs_thp_first_daemon_check(daemon->tunables, vma) :
			 hs_thp_vma_allowed(daemon->rules, daemon->tunables, vma, mm_state(visit), HS_THP_FOR_DAEMON);
	if (why == HS_THP_REFUSED_KIND)
		daemon->address = vma->end;
	if (why == HS_THP_ALLOWED && is_first && hs_thp_first(vma, bytes) >= hs_thp_last(vma, bytes))
		why = HS_THP_REFUSED_NO_RANGE;
	if (why != HS_THP_ALLOWED) {
		skip(visit, vma, hs_thp_refusal_name(why));
		return false;
	}
	if (daemon->address > hs_thp_last(vma, bytes)) {
		if (is_first)
			daemon->address = hs_thp_last(vma, bytes) + bytes;
		skip(visit, vma, "past_end");
		return false;
	}
	if (daemon->address < hs_thp_first(vma, bytes))
		daemon->address = hs_thp_first(vma, bytes);
	return true;
}

static enum hs_collapse_result map_cached(const struct hs_khugepaged *daemon, uint32_t mm, uint64_t address)
{
	const struct hs_collapse_world_ops *base = &daemon->ops->base;

	return base->map_cached ? base->map_cached(daemon->world, mm, address) : HS_SCAN_SUCCEED;
}

/* khugepaged_collapse_pte_mapped_thps of 6.1: what visits before this one found, unless mmap_lock is busy. */
static void settle_pte_mapped(struct visit *visit)
{
	struct hs_khugepaged *daemon = visit->daemon;
	struct hs_khugepaged_slot *slot = visit->slot;
	const struct hs_collapse_world_ops *base = &daemon->ops->base;

	if (!slot->nr_pte_mapped || !base->lock(daemon->world, slot->mm, HS_THP_TRY_WRITE_LOCK))
		return;
	for (unsigned int i = 0; i < slot->nr_pte_mapped && !(mm_state(visit) & HS_THP_MM_EXITING); i++)
		map_cached(daemon, slot->mm, slot->pte_mapped[i]);
	slot->nr_pte_mapped = 0;
	base->lock(daemon->world, slot->mm, HS_THP_UNLOCK);
}

/* The cache holds a huge page that is mapped in pieces: its page table goes, at once or (6.1) later. */
static enum hs_collapse_result take_pte_mapped(const struct visit *visit)
{
	struct hs_khugepaged *daemon = visit->daemon;
	struct hs_khugepaged_slot *slot = visit->slot;
	enum hs_collapse_result result;
	struct hs_thp_range range;

	if (daemon->rules->pte_mapped_at_once) {
		result = map_cached(daemon, slot->mm, daemon->address);
		return result == HS_SCAN_PMD_MAPPED ? HS_SCAN_SUCCEED : result;
	}
	daemon->ops->base.read_range(daemon->world, slot->mm, daemon->address, &range);
	result = hs_scan_pmd_result(daemon->rules, range.pmd);
	if (result != HS_SCAN_SUCCEED)
		return result;
	if (slot->nr_pte_mapped == HS_MAX_PTE_MAPPED)
		return HS_SCAN_PTE_MAPPED_HUGEPAGE;
	slot->pte_mapped[slot->nr_pte_mapped++] = daemon->address;
	return HS_SCAN_SUCCEED;
}

/* A range of a file or of shared memory: the lock is dropped whatever comes out. */
static void scan_file_range(struct visit *visit)
{
	struct hs_khugepaged *daemon = visit->daemon;

	set_lock(visit, HS_THP_UNLOCK);
	visit->result = daemon->ops->base.scan_file ?
			daemon->ops->base.scan_file(daemon->world, visit->slot->mm, daemon->address, true) : HS_SCAN_FAIL;
	visit->progress += daemon->rules->pte_progress && visit->result == HS_SCAN_PTE_MAPPED_HUGEPAGE ?
			   1 : daemon->tunables->nr;
	if (visit->result == HS_SCAN_PTE_MAPPED_HUGEPAGE)
		visit->result = take_pte_mapped(visit);
}

static void scan_anon_range(struct visit *visit, const struct hs_thp_vma *vma)
{
	struct hs_khugepaged *daemon = visit->daemon;
	struct hs_range_scan_outcome outcome;

	hs_range_scan(daemon->rules, daemon->tunables, true, visit->slot->mm, vma, daemon->address,
		      &daemon->ops->base, daemon->world, &outcome);
	visit->assertion = outcome.assertion;
	visit->result = outcome.result;
	visit->progress += outcome.progress;
	if (outcome.is_lock_dropped)
		visit->is_locked = false;
	/* v2010: the page in hand is used up by success alone. */
	if (outcome.result == HS_SCAN_SUCCEED && daemon->rules->alloc_before_scan)
		daemon->has_page = false;
}

/* Ranges from the cursor on. False: the visit ends here. */
static bool scan_ranges(struct visit *visit, const struct hs_thp_vma *vma)
{
	struct hs_khugepaged *daemon = visit->daemon;
	const uint64_t bytes = range_bytes(daemon);

	if (daemon->address & (bytes - 1)) {
		visit->assertion = HS_THP_UNALIGNED_CURSOR;
		return false;
	}
	while (daemon->address < hs_thp_last(vma, bytes)) {
		hs_khugepaged_strike(daemon, HS_THP_AT_RANGE);
		if (is_ending(visit))
			return false;
		if (hs_thp_is_anon(vma))
			scan_anon_range(visit, vma);
		else
			scan_file_range(visit);
		if (visit->assertion != HS_THP_NO_ASSERTION)
			return false;
		if (visit->result == HS_SCAN_SUCCEED)
			daemon->pages_collapsed++;
		daemon->address += bytes;
		if (!visit->is_locked || visit->progress >= visit->budget)
			return false;
	}
	return true;
}

/* What strikes under the read lock shows in the mapping at once: a first fault, a stack that grows. */
static void strike_at_vma(const struct visit *visit, struct hs_thp_vma *vma)
{
	struct hs_khugepaged *daemon = visit->daemon;
	struct hs_thp_vma found;

	if (!daemon->ops->base.at)
		return;
	hs_khugepaged_strike(daemon, HS_THP_AT_VMA);
	/* No mapping shrinks under the lock, so the walk only ever goes up. */
	if (daemon->ops->base.find_vma(daemon->world, visit->slot->mm, vma->start, &found) && found.end >= vma->end)
		*vma = found;
}

static void walk_vmas(struct visit *visit)
{
	struct hs_khugepaged *daemon = visit->daemon;
	const struct hs_collapse_world_ops *base = &daemon->ops->base;
	const uint32_t mm = visit->slot->mm;
	struct hs_thp_vma vma;

	visit->has_vma = !is_ending(visit) && base->find_vma(daemon->world, mm, daemon->address, &vma);
	while (visit->has_vma) {
		strike_at_vma(visit, &vma);
		if (is_ending(visit)) {
			skip(visit, &vma, "exit");
			return;
		}
		if (enter_vma(visit, &vma) && !scan_ranges(visit, &vma))
			return;
		visit->has_vma = base->find_vma(daemon->world, mm, vma.end, &vma);
	}
}

/* Moves the cursor on where the visit is over with its slot. */
static void leave_or_stay(struct visit *visit)
{
	struct hs_khugepaged *daemon = visit->daemon;
	struct hs_khugepaged_slot *slot = visit->slot, *next = slot->next;
	const unsigned int state = mm_state(visit);
	const bool is_exiting = state & HS_THP_MM_EXITING;
	const bool leaves = is_exiting || !visit->has_vma ||
			    (daemon->rules->disable_leaves_slot && (state & HS_THP_MM_DISABLED));
	struct hs_khugepaged_record record = { .event = HS_KHUGEPAGED_STAY, .mm = slot->mm };

	if (!leaves) {
		record.reason = visit->is_locked ? "budget" : "lock_dropped";
		record.address = daemon->address;
		hs_khugepaged_tell(daemon, &record);
		return;
	}
	daemon->cursor = next;
	daemon->address = 0;
	if (!next)
		daemon->full_scans++;
	record.event = HS_KHUGEPAGED_LEAVE;
	record.reason = is_exiting ? "exiting" : "done";
	record.next = next ? next->mm : 0;
	record.flag = is_exiting;
	record.number = daemon->full_scans;
	hs_khugepaged_tell(daemon, &record);
	if (is_exiting)
		hs_khugepaged_free_slot(daemon, slot);
}

static void halt(struct hs_khugepaged *daemon, enum hs_thp_assertion assertion)
{
	daemon->state = HS_KHUGEPAGED_HALTED;
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_HALT, .reason = hs_thp_assertion_name(assertion) });
}

uint64_t hs_khugepaged_visit(struct hs_khugepaged *daemon, uint64_t budget, enum hs_collapse_result *result)
{
	struct visit visit = { .daemon = daemon, .budget = budget, .result = HS_SCAN_FAIL };
	bool was_locked;
	uint32_t mm;

	if (!daemon->cursor) {
		daemon->cursor = daemon->first;
		daemon->address = 0;
	}
	visit.slot = daemon->cursor;
	mm = visit.slot->mm;
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_VISIT, .mm = mm, .address = daemon->address, .number = budget });
	hs_khugepaged_strike(daemon, HS_THP_AT_LOCK);
	settle_pte_mapped(&visit);
	set_lock(&visit, HS_THP_READ_LOCK);
	if (visit.is_locked) {
		visit.progress++;
		walk_vmas(&visit);
	}
	*result = visit.result;
	if (visit.assertion != HS_THP_NO_ASSERTION) {
		halt(daemon, visit.assertion);
		return 0;
	}
	was_locked = visit.is_locked;
	if (was_locked)
		set_lock(&visit, HS_THP_UNLOCK);
	visit.is_locked = was_locked;
	hs_khugepaged_strike(daemon, HS_THP_AT_END);
	leave_or_stay(&visit);
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_PROGRESS, .mm = mm, .number = visit.progress });
	return visit.progress;
}
