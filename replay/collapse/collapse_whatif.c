// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_whatif.h"

#include <stdlib.h>
#include <string.h>

#include "replay/collapse/fault_rules.h"
#include "replay/collapse/madvise_rules.h"

enum { ADVICE_REMOVE = 9, ADVICE_HUGEPAGE = 14, ADVICE_COLLAPSE = 25 };
#define NS_PER_MS 1000000ull

static unsigned int mm_state(void *context, uint32_t id)
{
	const struct hs_collapse_whatif *whatif = context;
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);

	return mm ? hs_thp_mm_state_of(mm) : HS_THP_MM_EXITING;
}

static bool find_vma(void *context, uint32_t id, uint64_t address, struct hs_thp_vma *found)
{
	const struct hs_collapse_whatif *whatif = context;
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const struct hs_vma *vma = mm ? hs_mm_vma_from(mm, address) : NULL;

	if (vma)
		*found = hs_whatif_vma_of(whatif, vma);
	return vma != NULL;
}

/* Pages that the policy itself put there are ordinary ones. */
static void add_filled(struct hs_pte_map *ptes, const struct hs_thp_slot *slot)
{
	struct hs_bitmap512 *plane = ptes->plane;
	const struct hs_bitmap512 added = hs_bitmap512_and(&plane[HS_PTE_NONE], &slot->filled);

	plane[HS_PTE_NONE] = hs_bitmap512_and_not(&plane[HS_PTE_NONE], &added);
	plane[HS_PTE_YOUNG] = hs_bitmap512_or(&plane[HS_PTE_YOUNG], &added);
}

/*
 * A write to a huge page that fork has shared splits it (do_huge_pmd_wp_page). Writes are not watched one
 * by one: a page that is the program's own since the fork shows that there was one.
 */
static void settle_shared(struct hs_collapse_whatif *whatif, uint32_t id, uint64_t address,
			  const struct hs_thp_slot *over, const struct hs_slot *slot)
{
	if (!over->is_huge || !over->is_shared || hs_bitmap512_is_empty(&slot->exclusive))
		return;
	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_split(&whatif->overlay, id, address);
}

static void read_range(void *context, uint32_t id, uint64_t address, struct hs_thp_range *range)
{
	struct hs_collapse_whatif *whatif = context;
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, id);
	const struct hs_thp_slot *over = hs_thp_overlay_find(&whatif->overlay, id, address);
	struct hs_slot slot;

	if (hs_whatif_read_cached(whatif, id, address, range))
		return;
	*range = (struct hs_thp_range){ .pmd = over && over->is_huge ? HS_PMD_HUGE : HS_PMD_NONE };
	if (!mm || (over && over->is_huge && !over->is_shared))
		return;
	hs_mm_get_slot(mm, address, &slot);
	if (over)
		settle_shared(whatif, id, address, over, &slot);
	if (over && over->is_huge)
		return;
	range->pmd = over ? HS_PMD_TABLE : hs_thp_pmd_of(slot.kind);
	/* A table that the recorded kernel has kept: under the policy there was a huge page instead. */
	if (hs_hash_map_get(&whatif->vanished, hs_collapse_whatif_key(id, address)))
		range->pmd = HS_PMD_NONE;
	if (range->pmd != HS_PMD_TABLE)
		return;
	hs_thp_ptes_of(&slot, &whatif->ptes);
	if (over)
		add_filled(&whatif->ptes, over);
	hs_page_memory_apply(&whatif->memory, whatif->model->now, id, address, &whatif->ptes);
	range->ptes = &whatif->ptes;
}

bool hs_collapse_whatif_allocate(struct hs_collapse_whatif *whatif)
{
	whatif->model->sums.alloc_failures += whatif->is_memory_short;
	return !whatif->is_memory_short;
}

static bool allocate(void *context, unsigned int order, bool may_wait)
{
	(void)order;
	(void)may_wait;
	return hs_collapse_whatif_allocate(context);
}

static bool charge(void *context, uint32_t mm)
{
	(void)context;
	(void)mm;
	return true;
}

static bool take_lock(void *context, uint32_t mm, enum hs_thp_lock lock)
{
	(void)context;
	(void)mm;
	(void)lock;
	return true;
}

/* The pages stay in the recorded address space's swap; under the policy they are filled. */
static void swapped_in(void *context, uint32_t mm, uint64_t address, unsigned int from, unsigned int to)
{
	struct hs_collapse_whatif *whatif = context;

	(void)mm;
	(void)address;
	whatif->model->sums.pages_swapped_in += hs_bitmap512_count_in(&whatif->ptes.plane[HS_PTE_SWAP], from, to);
}

static void note_wait(struct hs_collapse_whatif *whatif, uint32_t mm, uint64_t address)
{
	const uint64_t key = hs_collapse_whatif_key(mm, address);
	uint64_t since;

	if (hs_hash_map_remove(&whatif->populated, key, &since) && since <= whatif->model->now)
		(void)hs_vec_push(&whatif->waits, whatif->model->now - since);
}

static void collapsed(void *context, const struct hs_thp_collapsed *done)
{
	struct hs_collapse_whatif *whatif = context;
	struct hs_collapse_sums *sums = &whatif->model->sums;
	struct hs_whatif_mm *mm = hs_whatif_mms_get(&whatif->mms, done->mm);
	struct hs_thp_slot *slot;

	sums->pages_copied += done->copied;
	sums->pages_zeroed += done->zeroed;
	if (mm) {
		mm->collapses += done->order == hs_thp_pmd_order(&whatif->model->tunables);
		mm->pages_zeroed += done->zeroed;
	}
	if (done->order != hs_thp_pmd_order(&whatif->model->tunables))
		return;
	whatif->overlay.now = whatif->model->now;
	slot = hs_thp_overlay_make_huge(&whatif->overlay, done->mm, done->address);
	if (slot)
		whatif->recollapses += slot->times++ != 0;
	note_wait(whatif, done->mm, done->address);
}

/* What the daemon does next begins when it is done with what it did since the clock stood still. */
static uint64_t busy_until(const struct hs_collapse_whatif *whatif)
{
	return whatif->model->now + whatif->busy_ns;
}

static void add_attempt(struct hs_collapse_whatif *whatif, uint64_t priced_ns)
{
	const uint64_t measured = whatif->are_prices_given ? 0 :
				  hs_collapse_pace_attempt_ns(&whatif->pace, busy_until(whatif));

	whatif->model->sums.attempts++;
	whatif->busy_ns += measured ? measured : priced_ns;
}

void hs_collapse_whatif_attempt_took(struct hs_collapse_whatif *whatif, unsigned int copied, unsigned int zeroed)
{
	add_attempt(whatif, hs_collapse_lock_ns(&whatif->prices, copied, zeroed));
}

static void attempted(void *context, const struct hs_attempt_request *request,
		      const struct hs_attempt_outcome *outcome)
{
	struct hs_collapse_whatif *whatif = context;
	struct hs_collapse_sums *sums = &whatif->model->sums;
	uint64_t lock_ns;

	(void)request;
	lock_ns = outcome->is_detached ? hs_collapse_lock_ns(&whatif->prices, outcome->copied, outcome->zeroed) : 0;
	sums->notifier_ranges += outcome->is_detached;
	sums->lock_ns += lock_ns;
	add_attempt(whatif, lock_ns);
}

/* How far the answer rests on what was recorded: page properties never were. */
static enum hs_basis basis_of(const struct hs_range_scan_outcome *outcome)
{
	return outcome->scan.has_table && outcome->result != HS_SCAN_EXCEED_NONE_PTE ? HS_BASIS_ASSUMED :
										       HS_BASIS_BOUNDED;
}

/* What the daemon is busy with a range beyond its attempts; their own time is added by attempted(). */
static uint64_t time_of_scan(const struct hs_collapse_whatif *whatif, const struct hs_range_scan_outcome *outcome)
{
	const uint64_t measured = whatif->are_prices_given ? 0 : hs_collapse_pace_scan_ns(&whatif->pace, busy_until(whatif));

	if (outcome->nr_attempts)
		return 0;
	return measured ? measured : (1 + outcome->scan.visited) * whatif->prices.pte_ns;
}

void hs_collapse_whatif_tell_range(struct hs_collapse_whatif *whatif, const struct hs_whatif_range *range,
				   const struct hs_range_scan_outcome *outcome)
{
	struct hs_collapse_sums *sums = &whatif->model->sums;
	const struct hs_attempt_outcome *last = &outcome->last;
	struct hs_decision decision = {
		.time = whatif->model->now, .mm = range->mm, .point = HS_POINT_COLLAPSE_SCAN,
		.subject = range->address, .subject_end = range->address + HS_SLOT_BYTES,
		.result = hs_collapse_result_name(outcome->result), .basis = range->basis,
		.reason = range->is_khugepaged ? "daemon of the policy" : "MADV_COLLAPSE",
		.cost = { outcome->scan.visited, outcome->nr_attempts, last->copied, last->zeroed, last->swapped_in,
			  last->is_detached },
	};

	sums->scans++;
	sums->ptes_scanned += outcome->scan.visited;
	sums->huge_pages += outcome->result == HS_SCAN_SUCCEED;
	whatif->busy_ns += time_of_scan(whatif, outcome);
	if (last->has_isolate && last->is_detached)
		decision.cost[6] = hs_collapse_lock_ns(&whatif->prices, last->copied, last->zeroed);
	if (whatif->sink)
		whatif->sink->decided(whatif->sink->context, &decision);
	else
		(void)hs_vec_push(&whatif->pending, decision);
	hs_collapse_whatif_set_due(whatif);
}

static void range_done(void *context, uint32_t mm, uint64_t address, bool is_khugepaged,
		       const struct hs_range_scan_outcome *outcome)
{
	hs_collapse_whatif_tell_range(context, &(struct hs_whatif_range){
		.mm = mm, .address = address, .is_khugepaged = is_khugepaged, .basis = basis_of(outcome) }, outcome);
}

static void record(void *context, const struct hs_khugepaged_record *told)
{
	struct hs_collapse_whatif *whatif = context;

	if (told->event == HS_KHUGEPAGED_VISIT || told->event == HS_KHUGEPAGED_VMA)
		whatif->busy_ns += whatif->prices.pte_ns;
}

/* A visit takes its time: programs and others go on meanwhile. */
static bool is_busy(void *context)
{
	const struct hs_collapse_whatif *whatif = context;

	return whatif->busy_ns != 0;
}

/* Its mm has ended while the cursor stood on it. */
static void slot_freed(void *context, uint32_t mm)
{
	struct hs_collapse_whatif *whatif = context;

	hs_khugepaged_forget(&whatif->daemon, mm);
}

static const struct hs_khugepaged_ops ops = {
	.base = { .mm_state = mm_state, .find_vma = find_vma, .read_range = read_range, .allocate = allocate,
		  .charge = charge, .lock = take_lock, .swapped_in = swapped_in, .collapsed = collapsed,
		  .attempted = attempted, .range_done = range_done, .scan_file = hs_whatif_scan_file,
		  .map_cached = hs_whatif_map_cached },
	.slot_freed = slot_freed, .record = record, .is_busy = is_busy,
};

/* --- the clock --- */

void hs_collapse_whatif_set_due(struct hs_collapse_whatif *whatif)
{
	whatif->model->due = whatif->pending.count ? 0 : whatif->wake_at;
}

uint64_t hs_collapse_whatif_sleep_ns(const struct hs_collapse_whatif *whatif, uint64_t ns)
{
	const int64_t late = whatif->are_prices_given ? 0 : hs_collapse_pace_pause_ns(&whatif->pace, busy_until(whatif));

	/* Where passes are concluded from gaps, a pause may hold a sleep or two: no measure of how long waking takes. */
	if (!ns && !whatif->pace.passes.count)
		return 0;
	return late < 0 && (uint64_t)-late > ns ? 0 : ns + (uint64_t)late;
}

/*
 * With scan_sleep_millisecs 0 nothing lies between passes but lru_add_drain_all, which looks at each CPU: between two
 * turns of the daemon goes so much time at least, whatever the prices, or the trace's would hardly move.
 */
enum { SHORTEST_TURN_NS = 1000 };

static uint64_t busy_ns(const struct hs_collapse_whatif *whatif)
{
	const struct hs_khugepaged *daemon = &whatif->daemon;
	const bool is_over = daemon->state == HS_KHUGEPAGED_PAUSED && daemon->resume != HS_KHUGEPAGED_IN_PASS;
	const uint64_t least = is_over ? SHORTEST_TURN_NS : 1;

	return whatif->busy_ns > least ? whatif->busy_ns : least;
}

static void set_clock(struct hs_collapse_whatif *whatif)
{
	const struct hs_khugepaged *daemon = &whatif->daemon;
	const uint64_t busy = busy_ns(whatif);

	switch (daemon->state) {
	case HS_KHUGEPAGED_ASLEEP:
		whatif->wake_at = whatif->model->now + busy +
				  hs_collapse_whatif_sleep_ns(whatif, daemon->sleep_ms * NS_PER_MS);
		if (daemon->sleep_kind == HS_KHUGEPAGED_SLEEP_ALLOC)
			whatif->backoff_ns += daemon->sleep_ms * NS_PER_MS;
		break;
	case HS_KHUGEPAGED_PAUSED:
		whatif->wake_at = whatif->model->now + busy;
		break;
	case HS_KHUGEPAGED_CREATED:
	case HS_KHUGEPAGED_WOKEN:
		whatif->wake_at = whatif->model->now;
		break;
	default:
		whatif->wake_at = UINT64_MAX;
		break;
	}
	hs_collapse_whatif_set_due(whatif);
}

void hs_collapse_whatif_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink)
{
	struct hs_collapse_whatif *whatif = model->whatif;

	if (now < model->due) {
		model->now = now;
		return;
	}
	hs_vec_for_each(decision, &whatif->pending)
		sink->decided(sink->context, decision);
	hs_vec_clear(&whatif->pending);
	while (whatif->wake_at <= now) {
		if (whatif->wake_at > whatif->model->now)
			whatif->model->now = whatif->wake_at;
		whatif->sink = sink;
		whatif->busy_ns = 0;
		hs_khugepaged_run(&whatif->daemon, 1);
		set_clock(whatif);
	}
	whatif->sink = NULL;
	model->now = now;
	hs_collapse_whatif_set_due(whatif);
	model->sums.full_scans = whatif->daemon.full_scans;
}

/* --- events --- */

/*
 * hugepage_madvise where it judges the mapping before the call cuts it, with the flags that it is to have. Of shared
 * memory 6.1's shmem_huge_enabled reads the mapping's own: MADV_HUGEPAGE registers only what had the advice before.
 */
static void register_before_cut(struct hs_collapse_whatif *whatif, const struct hs_mm *mm, uint64_t start,
				uint64_t end)
{
	const struct hs_collapse_rules *rules = &whatif->model->rules;
	enum hs_thp_refusal why;

	for (const struct hs_vma *vma = hs_mm_vma_from(mm, start); vma && vma->node.start < end;
	     vma = hs_vma_next(vma)) {
		struct hs_vma advised = *vma;
		struct hs_thp_vma judged;

		if (vma->kind != HS_VMA_SHMEM || rules->shmem_sees_advice)
			advised.flags = (vma->flags | HS_VMA_HG) & ~(uint64_t)HS_VMA_NH;
		judged = hs_whatif_vma_of(whatif, &advised);
		hs_khugepaged_enter_vma(&whatif->daemon, hs_mm_id(mm), &judged, &why);
	}
	hs_collapse_whatif_wake(whatif);
}

static uint64_t end_of_madvise(const struct hs_mm_madvise *madvise)
{
	return madvise->addr + ((madvise->len + HS_PAGE_BYTES - 1) & ~(HS_PAGE_BYTES - 1));
}

void hs_collapse_whatif_before_madvise(struct hs_collapse_whatif *whatif, const struct hs_mm_madvise *madvise)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, madvise->row.mm);

	if (mm && madvise->advice == ADVICE_HUGEPAGE && !madvise->ret &&
	    whatif->model->rules.madvise_enter == HS_MADVISE_ENTER_WHOLE)
		register_before_cut(whatif, mm, madvise->addr, end_of_madvise(madvise));
}

static void observe_madvise(struct hs_collapse_whatif *whatif, const struct hs_mm_madvise *madvise)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, madvise->row.mm);
	const uint64_t end = end_of_madvise(madvise);
	struct hs_madvise_outcome outcome;

	if (!mm || end <= madvise->addr)
		return;
	if (madvise->advice == ADVICE_HUGEPAGE && !madvise->ret &&
	    whatif->model->rules.madvise_enter == HS_MADVISE_ENTER_FINAL)
		hs_collapse_whatif_register(whatif, mm, madvise->addr, end);
	if (madvise->advice == ADVICE_REMOVE && !madvise->ret)
		hs_whatif_cache_remove(whatif, mm, madvise->addr, end);
	if (madvise->advice != ADVICE_COLLAPSE)
		return;
	for (const struct hs_vma *vma = hs_mm_vma_from(mm, madvise->addr); vma && vma->node.start < end;
	     vma = hs_vma_next(vma)) {
		const uint64_t from = vma->node.start > madvise->addr ? vma->node.start : madvise->addr;

		hs_madvise_collapse(&whatif->model->rules, &whatif->model->tunables, madvise->row.mm, from,
				    vma->node.end < end ? vma->node.end : end, &ops.base, whatif, &outcome);
	}
}

/* mmap_region: a new mapping of a file or of shared memory registers; of others only a fault or a merge does. */
static void observe_mmap(struct hs_collapse_whatif *whatif, const struct hs_mm_mmap *call)
{
	const struct hs_mm *mm = hs_address_space_mm(whatif->model->space, call->row.mm);
	const uint64_t start = (uint64_t)call->ret;
	const struct hs_vma *vma;

	if (!mm || !whatif->model->rules.file_collapse || (call->ret < 0 && call->ret > -4096))
		return;
	vma = hs_mm_vma_at(mm, start);
	if (vma && vma->kind != HS_VMA_ANON)
		hs_collapse_whatif_register(whatif, mm, start, start + 1);
}

/* A huge page of which so much was never touched that it is split where memory is short. */
struct underused {
	uint32_t mm;
	uint64_t address;
	struct hs_bitmap512 untouched;
};

struct underused_search {
	const struct hs_collapse_whatif *whatif;
	HS_VEC(struct underused) found;
};

static void look_for_underused(void *context, uint32_t id, uint64_t address, const struct hs_thp_slot *slot)
{
	struct underused_search *search = context;
	const struct hs_model *model = search->whatif->model;
	const struct hs_mm *mm = hs_address_space_mm(model->space, id);
	struct underused underused = { .mm = id, .address = address };
	struct hs_slot touched;

	if (!mm || !slot->is_huge)
		return;
	hs_mm_get_slot(mm, address, &touched);
	underused.untouched = hs_bitmap512_and_not(&slot->filled, &touched.present);
	underused.untouched = hs_bitmap512_and_not(&underused.untouched, &touched.swap);
	underused.untouched = hs_bitmap512_and_not(&underused.untouched, &touched.unknown);
	if (hs_fault_is_underused(&model->rules, &model->tunables, hs_bitmap512_count(&underused.untouched)))
		(void)hs_vec_push(&search->found, underused);
}

/*
 * deferred_split_scan: the shrinker splits underused huge pages and gives their zero-filled pages back. When it
 * runs is not recorded: it is taken to run when the recorded kernel's allocations begin to fail.
 */
static void shrink_underused(struct hs_collapse_whatif *whatif)
{
	struct underused_search search = { .whatif = whatif };

	whatif->overlay.now = whatif->model->now;
	hs_thp_overlay_each(&whatif->overlay, 0, look_for_underused, &search);
	hs_vec_for_each(one, &search.found)
		hs_thp_overlay_empty(&whatif->overlay, one->mm, one->address, &one->untouched);
	whatif->underused_splits += search.found.count;
	hs_vec_deinit(&search.found);
}

static void observe_allocation(struct hs_collapse_whatif *whatif, const struct hs_bytes *status)
{
	const int result = hs_collapse_result_find(status->data, status->length);
	const bool was_short = whatif->is_memory_short;

	if (result >= 0)
		whatif->is_memory_short = result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
	if (whatif->is_memory_short && !was_short)
		shrink_underused(whatif);
}

/* The daemon's own look at the pages, or madvise's: before the collapse took place. */
static void note_pages(struct hs_collapse_whatif *whatif, const struct hs_collapse_ptes *event)
{
	struct hs_pte_map ptes;

	if (event->moment != 0 || event->pmd != HS_PMD_TABLE || !event->has_pages)
		return;
	hs_range_group_take_ptes(&ptes, event);
	/* Without memory for it, the pages stay what they are taken for by default. */
	(void)hs_page_memory_note(&whatif->memory, event->row.time, event->row.mm, event->address, &ptes);
}

static void learn(struct hs_collapse_whatif *whatif, const struct hs_event *event)
{
	hs_collapse_pace_observe(&whatif->pace, event);
	if (event->kind == HS_KIND_collapse_ptes)
		note_pages(whatif, event->collapse_ptes);
	else if (event->kind == HS_KIND_collapse_cache)
		(void)hs_cache_memory_note(&whatif->cache, event->collapse_cache);
}

hs_kind_set hs_collapse_whatif_foreseen(void)
{
	hs_kind_set kinds = { { 0 } };

	hs_kind_set_add(&kinds, HS_KIND_collapse_ptes);
	hs_kind_set_add(&kinds, HS_KIND_collapse_cache);
	hs_collapse_pace_add_kinds(&kinds);
	return kinds;
}

void hs_collapse_whatif_foresee(struct hs_collapse_whatif *whatif, const struct hs_event *event)
{
	whatif->is_foreseen = true;
	learn(whatif, event);
}

void hs_collapse_whatif_observe(struct hs_model *model, const struct hs_event *event)
{
	struct hs_collapse_whatif *whatif = model->whatif;

	if (!whatif->is_foreseen)
		learn(whatif, event);
	if (event->kind == HS_KIND_mm_madvise) {
		observe_madvise(whatif, event->mm_madvise);
	} else if (event->kind == HS_KIND_mm_mmap) {
		observe_mmap(whatif, event->mm_mmap);
	} else if (event->kind == HS_KIND_collapse_huge_page) {
		observe_allocation(whatif, &event->collapse_huge_page->status);
	} else if (event->kind == HS_KIND_snap_begin) {
		whatif->is_in_snapshot = true;
	} else if (event->kind == HS_KIND_snap_end) {
		whatif->is_in_snapshot = false;
		/* Who was there before the recording had faulted before: take them as registered. */
		for (const struct hs_mm *mm = hs_address_space_first_mm(model->space); mm; mm = hs_mm_next(mm))
			hs_collapse_whatif_register(whatif, mm, 0, UINT64_MAX);
	}
}

void hs_collapse_whatif_settings(struct hs_model *model, const struct hs_collapse_tunables *before)
{
	struct hs_collapse_whatif *whatif = model->whatif;
	const bool was_on = hs_thp_is_on(&model->rules, before);
	const bool is_on = hs_thp_is_on(&model->rules, &model->tunables);

	if (was_on != is_on)
		hs_khugepaged_start(&whatif->daemon);
	if (before->scan_sleep_millisecs != model->tunables.scan_sleep_millisecs ||
	    before->alloc_sleep_millisecs != model->tunables.alloc_sleep_millisecs)
		hs_khugepaged_wake_task(&whatif->daemon);
	if (was_on != is_on || whatif->daemon.state == HS_KHUGEPAGED_WOKEN)
		set_clock(whatif);
}

static void stopped_being_huge(void *context, uint32_t id, uint64_t ns)
{
	struct hs_collapse_whatif *whatif = context;
	struct hs_whatif_mm *mm = hs_whatif_mms_get(&whatif->mms, id);

	if (mm)
		mm->huge_ns += ns;
}

static void vanished(void *context, uint32_t id, uint64_t address)
{
	struct hs_collapse_whatif *whatif = context;

	/* Without memory for it, small pages are taken to follow. */
	(void)hs_hash_map_put(&whatif->vanished, hs_collapse_whatif_key(id, address), 1);
}

int hs_collapse_whatif_create(struct hs_model *model, struct hs_error *err)
{
	struct hs_collapse_whatif *whatif = calloc(1, sizeof(*whatif));

	if (!whatif)
		return hs_error_nomem(err);
	whatif->model = model;
	whatif->prices = hs_collapse_prices_of(model->policy);
	whatif->overlay.stopped = stopped_being_huge;
	whatif->overlay.vanished = vanished;
	whatif->overlay.context = whatif;
	whatif->are_prices_given = hs_policy_origin(model->policy, "collapse.cost_pte_ns") != HS_POLICY_DEFAULT ||
				   hs_policy_origin(model->policy, "collapse.cost_attempt_ns") != HS_POLICY_DEFAULT;
	hs_khugepaged_init(&whatif->daemon, &model->rules, &model->tunables, &ops, whatif);
	model->whatif = whatif;
	if (hs_address_space_watch(model->space, &hs_collapse_whatif_watcher, whatif))
		return hs_error_nomem(err);
	if (hs_thp_is_on(&model->rules, &model->tunables))
		hs_khugepaged_start(&whatif->daemon);
	set_clock(whatif);
	return 0;
}

void hs_collapse_whatif_destroy(struct hs_collapse_whatif *whatif)
{
	if (!whatif)
		return;
	hs_address_space_unwatch(whatif->model->space, whatif);
	hs_khugepaged_deinit(&whatif->daemon);
	hs_thp_overlay_deinit(&whatif->overlay);
	hs_whatif_mms_deinit(&whatif->mms);
	hs_page_memory_deinit(&whatif->memory);
	hs_collapse_pace_deinit(&whatif->pace);
	hs_cache_memory_deinit(&whatif->cache);
	hs_hash_map_deinit(&whatif->populated);
	hs_hash_map_deinit(&whatif->vanished);
	hs_vec_deinit(&whatif->waits);
	hs_vec_deinit(&whatif->pending);
	free(whatif);
}
