// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/counter_rules.h"

bool hs_counter_is_pmd_code(enum hs_collapse_result result)
{
	return result == HS_SCAN_PMD_NULL || result == HS_SCAN_PMD_NONE || result == HS_SCAN_NO_PTE_TABLE ||
	       result == HS_SCAN_PMD_MAPPED;
}

bool hs_counter_is_behind_loop(const struct hs_collapse_rules *rules, enum hs_collapse_result result)
{
	switch (result) {
	case HS_SCAN_SUCCEED:
	case HS_SCAN_LACK_REFERENCED_PAGE:
	case HS_SCAN_ALLOC_HUGE_PAGE_FAIL:
	case HS_SCAN_CGROUP_CHARGE_FAIL:
	case HS_SCAN_ANY_PROCESS:
	case HS_SCAN_VMA_NULL:
	case HS_SCAN_VMA_CHECK:
	case HS_SCAN_ADDRESS_RANGE:
	case HS_SCAN_COPY_MC:
	case HS_SCAN_DEL_PAGE_LRU:
	case HS_SCAN_FAIL:
		return true;
	case HS_SCAN_PAGE_RO:
		return rules->writable_rule == HS_WRITABLE_ANY;
	default:
		return false;
	}
}

static void say(struct hs_counter_answer *answer, enum hs_collapse_result result, enum hs_basis basis,
		const char *reason)
{
	*answer = (struct hs_counter_answer){ .result = result, .basis = basis, .reason = reason };
}

static void say_echo(struct hs_counter_answer *answer, enum hs_collapse_result result, enum hs_basis basis,
		     const char *reason)
{
	say(answer, result, basis, reason);
	answer->is_echo = true;
}

static void say_unknown(struct hs_counter_answer *answer, const char *reason)
{
	*answer = (struct hs_counter_answer){ .is_unknown = true, .result = HS_SCAN_FAIL, .basis = HS_BASIS_BOUNDED,
					      .reason = reason };
}

/* The limits of one side: those asked about, or those in force when it was recorded. */
struct limits {
	unsigned int none, swap, shared;
};

static struct limits limits_of(const struct hs_counter_request *request, bool recorded)
{
	struct hs_scan_request scan = {
		.rules = recorded ? request->recorded_rules : request->rules,
		.tunables = recorded ? request->recorded_tunables : request->tunables,
		.orders = recorded ? request->recorded_orders : request->orders,
		.vma_flags = request->vma_flags, .is_khugepaged = request->is_khugepaged,
	};
	struct limits limits = { .swap = HS_NO_LIMIT, .shared = hs_isolate_shared_limit(&scan, request->order) };

	if (request->phase == HS_COUNTER_ISOLATE) {
		limits.none = hs_isolate_none_limit(&scan, request->order);
		return limits;
	}
	limits.none = hs_scan_none_limit(&scan);
	if (request->is_khugepaged)
		limits.swap = scan.rules->swaps_in ? (unsigned int)scan.tunables->max_ptes_swap : 0;
	return limits;
}

/* An armed mapping gives itself away: it stops at the first empty entry although more are allowed. */
static bool is_armed(const struct hs_counter_request *request, const struct limits *recorded)
{
	return request->recorded == HS_SCAN_EXCEED_NONE_PTE && request->none == 1 && recorded->none >= 1 &&
	       request->recorded_rules->uffd_rule;
}

static enum hs_collapse_result swap_code(const struct hs_counter_request *request)
{
	return request->rules->swaps_in ? HS_SCAN_EXCEED_SWAP_PTE : HS_SCAN_PTE_NON_PRESENT;
}

/* Which of the two limits is met first, where the entries are known. SUCCEED: none of them. */
static enum hs_collapse_result walk_limits(const struct hs_counter_request *request, const struct limits *limits)
{
	struct hs_pte_walk walk = { .ptes = request->ptes, .to = request->tunables->nr };
	struct hs_bitmap512 empty = hs_scan_empty(request->rules, request->ptes);
	const struct hs_pte_check *stopped;
	unsigned int index;

	hs_pte_walk_add(&walk, &empty, limits->none, HS_SCAN_EXCEED_NONE_PTE);
	hs_pte_walk_add(&walk, &request->ptes->plane[HS_PTE_SWAP], limits->swap, swap_code(request));
	stopped = hs_pte_walk_run(&walk, &index);
	return stopped ? stopped->result : HS_SCAN_SUCCEED;
}

/* Counts seen up to the end, or up to a stop, are over a limit: the walk stops there or before. True: decided. */
static bool stop_at_limits(const struct hs_counter_request *request, const struct limits *limits,
			   struct hs_counter_answer *answer)
{
	const bool over_none = request->none > limits->none, over_swap = request->unmapped > limits->swap;
	enum hs_collapse_result first;

	if (over_none && over_swap) {
		first = request->ptes ? walk_limits(request, limits) : HS_SCAN_SUCCEED;
		if (first == HS_SCAN_SUCCEED)
			say_unknown(answer, "refused by two limits; which came first is not recorded");
		else
			say(answer, first, HS_BASIS_EXACT, "the first of two limits in the page table");
	} else if (over_none) {
		say(answer, HS_SCAN_EXCEED_NONE_PTE, HS_BASIS_EXACT, "none_or_zero > max_ptes_none");
	} else if (over_swap) {
		say(answer, swap_code(request), HS_BASIS_EXACT, "unmapped > max_ptes_swap");
	} else {
		return false;
	}
	return true;
}

/* The tests behind the loop. True: one of them refuses. */
static bool stop_behind_loop(const struct hs_counter_request *request, struct hs_counter_answer *answer)
{
	const unsigned int half = request->tunables->nr / 2;

	if (request->rules->writable_rule == HS_WRITABLE_ANY && request->writable == 0) {
		say(answer, HS_SCAN_PAGE_RO, HS_BASIS_EXACT, "no writable entry");
		return true;
	}
	if (!request->is_khugepaged)
		return false;
	if (request->referenced == 0) {
		say(answer, HS_SCAN_LACK_REFERENCED_PAGE, HS_BASIS_EXACT, "referenced = 0");
		return true;
	}
	if (request->phase == HS_COUNTER_SCAN && request->rules->swaps_in && request->unmapped &&
	    request->referenced < half) {
		say(answer, HS_SCAN_LACK_REFERENCED_PAGE, HS_BASIS_EXACT, "unmapped > 0 and referenced < half");
		return true;
	}
	return false;
}

/* Do the rules look at something that the counters do not tell and the recorded kernel did not test? */
static bool are_rules_stricter(const struct hs_counter_request *request)
{
	const struct hs_collapse_rules *rules = request->rules, *old = request->recorded_rules;

	if (rules->writable_rule > old->writable_rule &&
	    (rules->writable_rule == HS_WRITABLE_EACH || request->writable == HS_COUNTER_UNKNOWN))
		return true;
	return rules->shared_rule != old->shared_rule || rules->zero_is_none != old->zero_is_none ||
	       rules->lazyfree_rule > old->lazyfree_rule || rules->uffd_markers > old->uffd_markers;
}

static void decide_completed(const struct hs_counter_request *request, const struct limits *limits,
			     struct hs_counter_answer *answer)
{
	/* A code of this very loop's end stands for itself only where the same test is made. */
	const bool refused_behind = request->recorded == HS_SCAN_LACK_REFERENCED_PAGE ||
				    request->recorded == HS_SCAN_PAGE_RO;

	if (stop_at_limits(request, limits, answer) || stop_behind_loop(request, answer))
		return;
	if (are_rules_stricter(request))
		say(answer, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED, "inputs of a rule were not recorded; assumed to pass");
	else if (refused_behind && request->phase == HS_COUNTER_SCAN)
		say(answer, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED, "no test refuses; the collapse itself is assumed");
	else
		say(answer, HS_SCAN_SUCCEED, HS_BASIS_EXACT, "all entries passed");
}

/* A limit was met, and is now higher: what lies behind the stop? */
static void look_behind_stop(const struct hs_counter_request *request, const struct limits *limits,
			     struct hs_counter_answer *answer)
{
	const unsigned int nr = 1u << request->order;
	const unsigned int page = request->referenced ? request->referenced : request->has_page;
	const unsigned int filled = page + request->unmapped;
	enum hs_collapse_result first;

	if (request->ptes) {
		first = walk_limits(request, limits);
		/* That a limit refuses is sure; a page behind the recorded stop could do so before it. */
		if (first != HS_SCAN_SUCCEED)
			say(answer, first, HS_BASIS_ASSUMED, "a limit in the page table; pages assumed good");
		else
			say(answer, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED, "limits pass; other pages assumed good");
	} else if (nr - (filled < nr ? filled : nr) <= limits->none && request->recorded == HS_SCAN_EXCEED_NONE_PTE) {
		say(answer, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED, "max_ptes_none passes; other pages assumed good");
	} else {
		say_unknown(answer, "the walk stopped before the entries that would decide");
	}
}

static void decide_stopped(const struct hs_counter_request *request, const struct limits *limits,
			   const struct limits *recorded, struct hs_counter_answer *answer)
{
	if (is_armed(request, recorded)) {
		say(answer, HS_SCAN_EXCEED_NONE_PTE, request->rules->uffd_rule ? HS_BASIS_EXACT : HS_BASIS_ASSUMED,
		    "userfaultfd allows no empty entry");
		return;
	}
	if (stop_at_limits(request, limits, answer))
		return;
	switch (request->recorded) {
	case HS_SCAN_EXCEED_NONE_PTE:
	case HS_SCAN_EXCEED_SWAP_PTE:
		look_behind_stop(request, limits, answer);
		return;
	case HS_SCAN_EXCEED_SHARED_PTE:
		if (limits->shared > recorded->shared)
			look_behind_stop(request, limits, answer);
		else
			say_echo(answer, request->recorded, HS_BASIS_EXACT, "shared > max_ptes_shared");
		return;
	case HS_SCAN_PAGE_LAZYFREE:
		if (!request->rules->lazyfree_rule) {
			say(answer, HS_SCAN_SUCCEED, HS_BASIS_ASSUMED, "the rules do not look at lazily freed pages");
			return;
		}
		break;
	default:
		break;
	}
	say_echo(answer, request->recorded, are_rules_stricter(request) ? HS_BASIS_ASSUMED : HS_BASIS_EXACT,
		 "the page that stopped the walk");
}

/* No page table: the code is the state, under the names of the rules. */
static void decide_pmd(const struct hs_counter_request *request, struct hs_counter_answer *answer)
{
	static const enum hs_pmd_state states[HS_NR_COLLAPSE_RESULTS] = {
		[HS_SCAN_PMD_NULL] = HS_PMD_UPPER_ABSENT, [HS_SCAN_PMD_NONE] = HS_PMD_NONE,
		[HS_SCAN_NO_PTE_TABLE] = HS_PMD_NONE, [HS_SCAN_PMD_MAPPED] = HS_PMD_HUGE,
	};
	const struct hs_collapse_rules *rules = request->rules, *old = request->recorded_rules;
	const bool same = rules->no_pte_table_code == old->no_pte_table_code &&
			  rules->pmd_migration_mapped == old->pmd_migration_mapped;

	say_echo(answer, hs_scan_pmd_result(rules, states[request->recorded]),
		 same ? HS_BASIS_EXACT : HS_BASIS_ASSUMED, "state of the PMD");
}

void hs_counter_doubt_shared(const struct hs_counter_request *request, struct hs_counter_answer *answer)
{
	const struct limits limits = limits_of(request, false), recorded = limits_of(request, true);

	if (limits.shared >= recorded.shared || request->rules->shared_rule == HS_SHARED_COUNT ||
	    answer->basis != HS_BASIS_EXACT || answer->result == HS_SCAN_EXCEED_SHARED_PTE)
		return;
	answer->basis = HS_BASIS_ASSUMED;
	answer->reason = "shared pages assumed to be within the lower limit";
}

void hs_counter_decide(const struct hs_counter_request *request, struct hs_counter_answer *answer)
{
	const struct limits limits = limits_of(request, false), recorded = limits_of(request, true);

	if (!request->is_completed && hs_counter_is_pmd_code(request->recorded)) {
		decide_pmd(request, answer);
		return;
	}
	if (request->is_completed)
		decide_completed(request, &limits, answer);
	else
		decide_stopped(request, &limits, &recorded, answer);
	hs_counter_doubt_shared(request, answer);
}
