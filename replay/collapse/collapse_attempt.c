// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_attempt.h"

#include <string.h>

#include "replay/collapse/eligibility.h"

const char *hs_thp_step_name(enum hs_thp_step step)
{
	static const char *const names[HS_NR_THP_STEPS] = {
		"none", "exit", "vma", "range", "mode", "kind", "pmd", "alloc", "charge", "swapin", "isolate", "copy",
	};

	return names[step];
}

/* An attempt under way. */
struct attempt {
	const struct hs_attempt_request *request;
	const struct hs_collapse_rules *rules;
	const struct hs_collapse_world_ops *ops;
	void *world;
	struct hs_attempt_outcome *outcome;
};

static void strike(const struct attempt *attempt, enum hs_thp_point point)
{
	if (attempt->ops->at)
		attempt->ops->at(attempt->world, point);
}

static void take_lock(const struct attempt *attempt, enum hs_thp_lock lock)
{
	attempt->ops->lock(attempt->world, attempt->request->mm, lock);
}

static uint64_t range_bytes(const struct hs_attempt_request *request)
{
	return (uint64_t)request->scan.tunables->nr << HS_COLLAPSE_PAGE_SHIFT;
}

static bool refuse(const struct attempt *attempt, enum hs_collapse_result result, enum hs_thp_step step)
{
	attempt->outcome->result = result;
	attempt->outcome->step = step;
	return false;
}

static bool range_is_inside(const struct hs_attempt_request *request, const struct hs_thp_vma *vma)
{
	const uint64_t bytes = range_bytes(request);

	return request->address >= hs_thp_first(vma, bytes) &&
	       request->address + bytes <= hs_thp_last(vma, bytes);
}

/* v2010: the tests of collapse_huge_page under the write lock; its VMA lookup has no test for NULL. */
static bool check_vma_first(const struct attempt *attempt)
{
	const struct hs_attempt_request *request = attempt->request;
	struct hs_thp_vma vma;

	if (attempt->ops->mm_state(attempt->world, request->mm) & HS_THP_MM_EXITING)
		return refuse(attempt, HS_SCAN_ANY_PROCESS, HS_THP_STEP_EXIT);
	if (!attempt->ops->find_vma(attempt->world, request->mm, request->address, &vma)) {
		attempt->outcome->assertion = HS_THP_NULL_VMA;
		return refuse(attempt, HS_SCAN_VMA_NULL, HS_THP_STEP_VMA);
	}
	if (!range_is_inside(request, &vma))
		return refuse(attempt, HS_SCAN_ADDRESS_RANGE, HS_THP_STEP_RANGE);
	switch (hs_thp_first_daemon_check(request->scan.tunables, &vma)) {
	case HS_THP_ALLOWED:
		return true;
	case HS_THP_REFUSED_MODE:
		return refuse(attempt, HS_SCAN_VMA_CHECK, HS_THP_STEP_MODE);
	default:
		return refuse(attempt, HS_SCAN_VMA_CHECK, HS_THP_STEP_KIND);
	}
}

enum hs_collapse_result hs_collapse_revalidate(const struct hs_attempt_request *request,
					       const struct hs_collapse_world_ops *ops, void *world,
					       struct hs_thp_vma *vma)
{
	const struct hs_scan_request *scan = &request->scan;
	const unsigned int state = ops->mm_state(world, request->mm);
	const enum hs_thp_purpose purpose = scan->is_khugepaged ? HS_THP_FOR_DAEMON : HS_THP_FOR_MADVISE;

	if (state & HS_THP_MM_EXITING)
		return HS_SCAN_ANY_PROCESS;
	if (scan->rules->disable_ends_visit && (state & HS_THP_MM_DISABLED))
		return HS_SCAN_ANY_PROCESS;
	if (!ops->find_vma(world, request->mm, request->address, vma))
		return HS_SCAN_VMA_NULL;
	/* thp_vma_suitable_order: of a file, the range must be one of the file's, too. */
	if (!range_is_inside(request, vma) || !hs_thp_is_aligned_in_file(vma, hs_thp_pmd_order(scan->tunables)))
		return HS_SCAN_ADDRESS_RANGE;
	if (hs_thp_vma_allowed(scan->rules, scan->tunables, vma, state, purpose) != HS_THP_ALLOWED)
		return HS_SCAN_VMA_CHECK;
	if (scan->rules->sub_pmd_orders &&
	    !(hs_thp_collapse_orders(scan->rules, scan->tunables, vma, purpose) & 1u << request->order))
		return HS_SCAN_VMA_CHECK;
	return hs_thp_is_anon(vma) ? HS_SCAN_SUCCEED : HS_SCAN_PAGE_ANON;
}

/* find_pmd_or_thp_or_none / check_pmd_still_valid */
static bool check_pmd(const struct attempt *attempt, struct hs_thp_range *range)
{
	enum hs_collapse_result result;

	attempt->ops->read_range(attempt->world, attempt->request->mm, attempt->request->address, range);
	result = hs_scan_pmd_result(attempt->rules, range->pmd);
	return result == HS_SCAN_SUCCEED || refuse(attempt, result, HS_THP_STEP_PMD);
}

static bool check_vma(const struct attempt *attempt, struct hs_thp_vma *vma)
{
	enum hs_collapse_result result = hs_collapse_revalidate(attempt->request, attempt->ops, attempt->world, vma);

	return result == HS_SCAN_SUCCEED || refuse(attempt, result, HS_THP_STEP_VMA);
}

static bool allocate(const struct attempt *attempt)
{
	const struct hs_scan_request *scan = &attempt->request->scan;
	const bool may_wait = !scan->is_khugepaged || scan->tunables->khugepaged_defrag;

	strike(attempt, HS_THP_AT_ALLOC);
	if (!attempt->ops->allocate(attempt->world, attempt->request->order, may_wait))
		return refuse(attempt, HS_SCAN_ALLOC_HUGE_PAGE_FAIL, HS_THP_STEP_ALLOC);
	attempt->outcome->is_allocated = true;
	return true;
}

static bool charge(const struct attempt *attempt)
{
	if (!attempt->ops->charge(attempt->world, attempt->request->mm))
		return refuse(attempt, HS_SCAN_CGROUP_CHARGE_FAIL, HS_THP_STEP_CHARGE);
	attempt->outcome->is_charged = true;
	return true;
}

/* __collapse_huge_page_swapin: entries in order, without waiting for any of them. */
static bool swap_in(const struct attempt *attempt, struct hs_thp_range *range)
{
	const struct hs_attempt_request *request = attempt->request;
	const unsigned int to = request->from + (1u << request->order);
	const struct hs_bitmap512 *plane = range->ptes->plane;
	struct hs_pte_walk walk = { .ptes = range->ptes, .from = request->from, .to = to };
	const struct hs_pte_check *stopped;
	struct hs_bitmap512 bits;
	unsigned int index;

	if (!attempt->rules->swaps_in || !request->unmapped)
		return true;
	attempt->outcome->has_swapin = true;
	if (request->order != hs_thp_pmd_order(request->scan.tunables))
		hs_pte_walk_add(&walk, &plane[HS_PTE_SWAP], 0, HS_SCAN_EXCEED_SWAP_PTE);
	bits = hs_bitmap512_and(&plane[HS_PTE_SWAP], &plane[HS_PTE_SWAP_LOCKED]);
	hs_pte_walk_add(&walk, &bits, 0, HS_SCAN_PAGE_LOCK);
	bits = hs_bitmap512_and(&plane[HS_PTE_SWAP], &plane[HS_PTE_SWAP_ERROR]);
	hs_pte_walk_add(&walk, &bits, 0, HS_SCAN_FAIL);
	stopped = hs_pte_walk_run(&walk, &index);
	attempt->outcome->swapped_in = hs_bitmap512_count_in(&plane[HS_PTE_SWAP], request->from, index);
	if (attempt->outcome->swapped_in && attempt->ops->swapped_in)
		attempt->ops->swapped_in(attempt->world, request->mm, request->address, request->from, index);
	return !stopped || refuse(attempt, stopped->result, HS_THP_STEP_SWAPIN);
}

static void commit(const struct attempt *attempt)
{
	const struct hs_attempt_request *request = attempt->request;
	struct hs_attempt_outcome *outcome = attempt->outcome;
	const unsigned int pages = 1u << request->order;
	const struct hs_thp_collapsed collapsed = {
		.mm = request->mm,
		.address = request->address + ((uint64_t)request->from << HS_COLLAPSE_PAGE_SHIFT),
		.order = request->order,
		.zeroed = outcome->isolate.none,
		.copied = pages - outcome->isolate.none,
		.zero = outcome->isolate.zero,
	};

	outcome->result = HS_SCAN_SUCCEED;
	outcome->copied = collapsed.copied;
	outcome->zeroed = collapsed.zeroed;
	attempt->ops->collapsed(attempt->world, &collapsed);
}

static bool is_poisoned(const struct attempt *attempt, const struct hs_thp_range *range)
{
	const unsigned int from = attempt->request->from;

	return attempt->rules->copy_mc && hs_bitmap512_count_in(&range->ptes->plane[HS_PTE_POISONED], from,
								 from + (1u << attempt->request->order));
}

/* Behind the detached page table: isolate, copy, install. */
static bool isolate_and_copy(const struct attempt *attempt, uint32_t vma_flags)
{
	struct hs_isolate_request isolate = {
		.scan = attempt->request->scan, .from = attempt->request->from, .order = attempt->request->order,
	};
	struct hs_attempt_outcome *outcome = attempt->outcome;

	outcome->is_detached = true;
	strike(attempt, HS_THP_AT_DETACHED);
	attempt->ops->read_range(attempt->world, attempt->request->mm, attempt->request->address,
				 &isolate.scan.range);
	isolate.scan.vma_flags = vma_flags;
	hs_isolate_decide(&isolate, &outcome->isolate);
	outcome->has_isolate = true;
	outcome->assertion = outcome->isolate.assertion;
	if (outcome->isolate.result != HS_SCAN_SUCCEED)
		return refuse(attempt, outcome->isolate.result, HS_THP_STEP_ISOLATE);
	if (is_poisoned(attempt, &isolate.scan.range))
		return refuse(attempt, HS_SCAN_COPY_MC, HS_THP_STEP_COPY);
	commit(attempt);
	return true;
}

/* v2010: everything under the write lock, with a huge page that was there before. */
static bool attempt_first(const struct attempt *attempt)
{
	struct hs_thp_range range;

	strike(attempt, HS_THP_AT_UNLOCKED);
	attempt->outcome->is_allocated = true;
	take_lock(attempt, HS_THP_WRITE_LOCK);
	return check_vma_first(attempt) && check_pmd(attempt, &range) && charge(attempt) &&
	       isolate_and_copy(attempt, attempt->request->scan.vma_flags);
}

static bool attempt_modern(const struct attempt *attempt)
{
	struct hs_thp_range range;
	struct hs_thp_vma vma;

	strike(attempt, HS_THP_AT_UNLOCKED);
	if (!allocate(attempt) || !charge(attempt))
		return false;
	take_lock(attempt, HS_THP_READ_LOCK);
	if (!check_vma(attempt, &vma) || !check_pmd(attempt, &range) || !swap_in(attempt, &range))
		return false;
	take_lock(attempt, HS_THP_UNLOCK);
	take_lock(attempt, HS_THP_WRITE_LOCK);
	return check_vma(attempt, &vma) && check_pmd(attempt, &range) && isolate_and_copy(attempt, vma.flags);
}

void hs_collapse_attempt(const struct hs_attempt_request *request, const struct hs_collapse_world_ops *ops,
			 void *world, struct hs_attempt_outcome *outcome)
{
	const struct attempt attempt = { request, request->scan.rules, ops, world, outcome };

	memset(outcome, 0, sizeof(*outcome));
	take_lock(&attempt, HS_THP_UNLOCK);
	if (attempt.rules->alloc_before_scan)
		attempt_first(&attempt);
	else
		attempt_modern(&attempt);
	take_lock(&attempt, HS_THP_UNLOCK);
}
