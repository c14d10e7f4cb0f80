// SPDX-License-Identifier: GPL-2.0-only
/* Recorded decisions and what the rules make of their inputs. */
#include <string.h>

#include "replay/collapse/collapse_state.h"
#include "replay/collapse/eligibility.h"
#include "replay/collapse/madvise_validate.h"
#include "replay/collapse/revalidate_known.h"
#include "replay/collapse/snapshot_rules.h"

static int find_result(struct hs_model *model, const struct hs_bytes *status)
{
	int found = hs_collapse_result_find(status->data, status->length);

	if (found < 0)
		model->problems[HS_COLLAPSE_UNKNOWN_RESULT]++;
	return found;
}

/* For whom an isolate step was: as recorded with it or with the scan around it, else by what its task is called. */
static bool is_for_daemon(const struct hs_model *model, const struct hs_collapse_isolate *event)
{
	const struct hs_range_group *group = hs_range_groups_find(&model->groups, event->row.task);
	const uint64_t *is_daemon = hs_hash_map_get(&model->daemons, event->row.task);

	if (event->origin != HS_COLLAPSE_BY_UNKNOWN)
		return event->origin == HS_COLLAPSE_BY_DAEMON;
	if (group && group->origin != HS_COLLAPSE_BY_UNKNOWN)
		return group->origin == HS_COLLAPSE_BY_DAEMON;
	return event->row.task == 0 || (is_daemon && *is_daemon);
}

static struct hs_group_isolate isolate_of(const struct hs_model *model, const struct hs_collapse_isolate *event)
{
	const int result = hs_collapse_result_find(event->status.data, event->status.length);

	return (struct hs_group_isolate){
		.recorded = result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result, .time = event->row.time,
		.none = event->none_or_zero, .referenced = event->referenced, .order = event->order,
		.writable = event->writable, .is_khugepaged = is_for_daemon(model, event),
	};
}

/* From the group's first event on, settings may have been read. */
static bool has_setting_changed(const struct hs_model *model, const struct hs_row *row)
{
	const struct hs_range_group *group = hs_range_groups_find(&model->groups, row->task);

	return hs_setting_changes_meet(&model->changes, group && group->began ? group->began : row->time, row->time);
}

static struct hs_collapse_request *begin_request(struct hs_model *model, const struct hs_event *event,
						 union hs_request_storage *storage, enum hs_point point,
						 uint64_t address, unsigned int order)
{
	struct hs_collapse_request *request = (struct hs_collapse_request *)storage;
	const unsigned int pmd_order = hs_thp_pmd_order(&model->tunables);

	memset(request, 0, offsetof(struct hs_collapse_request, ptes));
	request->common = (struct hs_request){
		.point = point, .time = event->row->time, .task = event->row->task, .mm = event->row->mm,
		.subject = address, .subject_end = address ? address + (1ull << (order + HS_PAGE_SHIFT)) : 0,
	};
	request->are_limits_assumed = model->are_rules_guessed ||
		hs_policy_origin(model->policy, "collapse.max_ptes_none") == HS_POLICY_DEFAULT;
	request->is_setting_open = has_setting_changed(model, event->row);
	request->counter = (struct hs_counter_request){
		.rules = &model->rules, .recorded_rules = &model->recorded_rules,
		.tunables = &model->tunables, .recorded_tunables = &model->recorded_tunables,
		.order = order, .orders = (uint16_t)(1u << pmd_order), .recorded_orders = (uint16_t)(1u << pmd_order),
		.writable = HS_COUNTER_UNKNOWN,
	};
	return request;
}

static const struct hs_vma *vma_at(const struct hs_model *model, uint32_t mm_id, uint64_t address)
{
	const struct hs_mm *mm = hs_address_space_mm(model->space, mm_id);

	return mm && address ? hs_mm_vma_at(mm, address) : NULL;
}

/* Flags and enabled orders of the mapping, as far as the address space knows it. */
static void take_mapping(const struct hs_model *model, struct hs_collapse_request *request)
{
	const struct hs_vma *vma = vma_at(model, request->common.mm, request->common.subject);
	const enum hs_thp_purpose purpose = request->counter.is_khugepaged ? HS_THP_FOR_DAEMON : HS_THP_FOR_MADVISE;
	struct hs_counter_request *counter = &request->counter;
	struct hs_thp_vma thp;

	if (!vma)
		return;
	thp = hs_thp_vma_of(vma, &model->tunables);
	counter->vma_flags = thp.flags;
	counter->orders = hs_thp_collapse_orders(&model->rules, &model->tunables, &thp, purpose);
	counter->recorded_orders = hs_thp_collapse_orders(&model->recorded_rules, &model->recorded_tunables, &thp,
							  purpose);
}

/* Memory nodes of the group's page table, or of its page cache. */
static void take_nodes(const struct hs_model *model, const struct hs_range_group *group,
		       struct hs_collapse_request *request)
{
	request->node_reclaim = model->node_reclaim && group->has_nodes;
	request->nodes = group->has_nodes ? &group->nodes : NULL;
}

/* The page table: recorded around the scan, or what the address space knows for certain. */
static void take_ptes(const struct hs_model *model, const struct hs_range_group *group,
		      struct hs_collapse_request *request)
{
	const struct hs_mm *mm = hs_address_space_mm(model->space, request->common.mm);
	struct hs_counter_request *counter = &request->counter;
	struct hs_slot slot;

	request->has_pmd = group && group->has_pmd;
	request->pmd = request->pmd_after = request->has_pmd ? (enum hs_pmd_state)group->pmd : HS_PMD_TABLE;
	/* Read at the end, an attempt has changed it; read before the lock, there was an attempt. */
	if (group && group->has_ptes &&
	    (group->ptes_moment == 0 || (group->ptes_moment == 1) == !group->nr_attempts)) {
		request->ptes = group->ptes;
		request->has_ptes = true;
		request->has_pages = group->ptes_has_pages;
		request->has_notifiers = group->has_notifiers;
		take_nodes(model, group, request);
		counter->vma_flags |= group->vma_flags;
		counter->ptes = &request->ptes;
		return;
	}
	if (counter->recorded != HS_SCAN_EXCEED_NONE_PTE && counter->recorded != HS_SCAN_EXCEED_SWAP_PTE)
		return;
	if (!mm || !request->common.subject)
		return;
	hs_mm_get_slot(mm, request->common.subject, &slot);
	if (slot.basis != HS_BASIS_EXACT || slot.kind != HS_SLOT_TABLE)
		return;
	hs_thp_ptes_of(&slot, &request->ptes);
	counter->ptes = &request->ptes;
}

/* --- isolate and collapse --- */

static void fill_isolate(struct hs_counter_request *counter, const struct hs_group_isolate *isolate)
{
	const enum hs_collapse_result recorded = isolate->recorded;

	counter->phase = HS_COUNTER_ISOLATE;
	counter->is_khugepaged = isolate->is_khugepaged;
	counter->order = isolate->order;
	counter->recorded = recorded;
	counter->none = isolate->none;
	counter->referenced = isolate->referenced;
	counter->writable = isolate->writable;
	counter->is_completed = recorded == HS_SCAN_SUCCEED || recorded == HS_SCAN_LACK_REFERENCED_PAGE ||
				recorded == HS_SCAN_PAGE_RO;
}

/* What the attempt was given by others. */
static void take_gifts(const struct hs_range_group *group, struct hs_collapse_request *request)
{
	request->allocated = group ? group->allocated : HS_NR_COLLAPSE_RESULTS;
	request->swapped = group ? group->swapped : HS_NR_COLLAPSE_RESULTS;
}

/* What it must have found when it had the lock again. */
static void take_revalidation(const struct hs_model *model, const struct hs_range_group *group,
			      struct hs_collapse_request *request)
{
	const struct hs_counter_request *counter = &request->counter;
	struct hs_attempt_request attempt = {
		.scan = { .rules = counter->recorded_rules, .tunables = counter->recorded_tunables },
		.mm = request->common.mm, .address = request->common.subject & ~(HS_SLOT_BYTES - 1), .order = counter->order,
	};

	request->revalidated = request->recorded_revalidated = HS_NR_COLLAPSE_RESULTS;
	if (request->has_counter || !group || group->origin == HS_COLLAPSE_BY_UNKNOWN)
		return;
	attempt.scan.is_khugepaged = group->origin == HS_COLLAPSE_BY_DAEMON;
	request->recorded_revalidated = hs_revalidate_known(model->space, &attempt);
	attempt.scan.rules = counter->rules;
	attempt.scan.tunables = counter->tunables;
	request->revalidated = hs_revalidate_known(model->space, &attempt);
}

/* The page table as the isolate step was about to see it. */
static void take_detached(const struct hs_range_group *group, struct hs_collapse_request *request)
{
	if (!group || !group->has_detached)
		return;
	request->ptes = group->detached;
	request->has_ptes = request->has_pages = true;
	request->has_notifiers = group->has_notifiers;
}

static int ask_isolate(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		       struct hs_decision *recorded)
{
	const struct hs_collapse_isolate *isolate = event->collapse_isolate;
	const int result = find_result(model, &isolate->status);
	struct hs_collapse_request *request = begin_request(model, event, storage, HS_POINT_COLLAPSE_ISOLATE,
							    isolate->address_basis ? isolate->address : 0,
							    isolate->order);
	const struct hs_group_isolate seen = isolate_of(model, isolate);

	fill_isolate(&request->counter, &seen);
	take_mapping(model, request);
	take_detached(hs_range_groups_find(&model->groups, event->row->task), request);
	model->problems[HS_COLLAPSE_RACED] += hs_snapshot_is_stale(request);
	request->is_broken = result < 0;
	request->has_counter = true;
	request->cost[0] = 1ull << isolate->order;
	recorded->result = result < 0 ? HS_RESULT_UNKNOWN : hs_collapse_result_name(seen.recorded);
	return 1;
}

/* An answer that only repeats the recorded code agrees without proof: the input behind the code was not seen. */
static void weaken_echo(struct hs_counter_answer *answer)
{
	if (answer->is_echo && answer->basis == HS_BASIS_EXACT)
		answer->basis = HS_BASIS_BOUNDED;
}

/* The isolate step alone. */
static void decide_isolate(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	if (!hs_snapshot_isolate(request, answer))
		hs_counter_decide(&request->counter, answer);
	weaken_echo(answer);
}

static bool was_refused(enum hs_collapse_result input)
{
	return input != HS_SCAN_SUCCEED && input != HS_NR_COLLAPSE_RESULTS;
}

/* hugepage_vma_revalidate. The recorded kernel may have met a change that was under way: then its code is all. */
static void decide_revalidation(const struct hs_collapse_request *request, enum hs_collapse_result recorded,
				struct hs_counter_answer *answer)
{
	if (request->recorded_revalidated != recorded || request->revalidated == HS_NR_COLLAPSE_RESULTS)
		return;
	*answer = (struct hs_counter_answer){ .result = request->revalidated, .basis = HS_BASIS_EXACT,
					      .reason = "the mappings as the collapse found them again" };
	if (request->revalidated != HS_SCAN_SUCCEED)
		return;
	answer->basis = HS_BASIS_ASSUMED;
	answer->reason = "the mapping passes under these settings; the collapse itself is assumed";
}

/* collapse_huge_page up to the isolate step: what allocator, memory controller and swap gave are its inputs. */
static void decide_without_isolation(const struct hs_collapse_request *request, enum hs_collapse_result recorded,
				     struct hs_counter_answer *answer)
{
	if (was_refused(request->allocated))
		*answer = (struct hs_counter_answer){ .result = request->allocated, .basis = HS_BASIS_EXACT,
						      .reason = "the allocator's or the memory controller's answer" };
	else if (was_refused(request->swapped))
		*answer = (struct hs_counter_answer){ .result = request->swapped, .basis = HS_BASIS_EXACT,
						      .reason = "swapped-out pages could not be read back" };
	else
		decide_revalidation(request, recorded, answer);
}

/* What the model makes of one attempt: its isolate step where there was one, else the step that refused. */
static void decide_attempt(const struct hs_collapse_request *request, enum hs_collapse_result recorded,
			   struct hs_counter_answer *answer)
{
	const bool isolated = request->counter.recorded == HS_SCAN_SUCCEED;

	*answer = (struct hs_counter_answer){ .result = recorded, .basis = HS_BASIS_BOUNDED,
					      .reason = "step before isolation" };
	if (!request->has_counter) {
		decide_without_isolation(request, recorded, answer);
		return;
	}
	decide_isolate(request, answer);
	if (!answer->is_unknown && answer->result == HS_SCAN_SUCCEED && isolated) {
		answer->result = recorded;
		answer->is_echo = recorded != HS_SCAN_SUCCEED;
		answer->reason = answer->is_echo ? "step behind isolation" : "isolated and copied";
	}
	weaken_echo(answer);
}

/* What led to the end of an attempt, as far as the group has it. */
static void fill_attempt(const struct hs_model *model, const struct hs_range_group *group,
			 struct hs_collapse_request *request)
{
	request->has_counter = group && group->has_isolate;
	if (request->has_counter)
		fill_isolate(&request->counter, &group->isolate);
	take_mapping(model, request);
	take_detached(group, request);
	take_gifts(group, request);
	take_revalidation(model, group, request);
}

static int ask_collapse(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
			struct hs_decision *recorded)
{
	const struct hs_collapse_huge_page *end = event->collapse_huge_page;
	const struct hs_range_group *group = hs_range_groups_find(&model->groups, event->row->task);
	const int result = find_result(model, &end->status);
	struct hs_collapse_request *request = begin_request(model, event, storage, HS_POINT_COLLAPSE_COLLAPSE,
							    end->address_basis ? end->address : 0, end->order);

	fill_attempt(model, group, request);
	request->is_broken = result < 0 || (group && group->is_broken);
	request->fold.last = result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result;
	if (request->has_counter && result == HS_SCAN_SUCCEED) {
		request->cost[0] = (1ull << end->order) - group->isolate.none;
		request->cost[1] = group->isolate.none;
	}
	request->cost[2] = group ? group->swapped_in : 0;
	request->cost[3] = request->has_counter;
	request->cost[4] = request->has_counter ? event->row->time - group->isolate.time : 0;
	recorded->result = result < 0 ? HS_RESULT_UNKNOWN : hs_collapse_result_name(request->fold.last);
	return 1;
}

/* --- scans --- */

/* An address that the event does not tell: the daemon goes on with the next range of the same mm. */
static uint64_t infer_address(const struct hs_model *model, const struct hs_collapse_scan *scan)
{
	const struct hs_mm *mm;

	if (scan->address_basis)
		return scan->address;
	if (!scan->is_khugepaged || scan->row.mm != model->last_mm || !model->last_address)
		return 0;
	mm = hs_address_space_mm(model->space, scan->row.mm);
	return mm ? hs_thp_next_range(mm, &model->recorded_rules, &model->recorded_tunables, model->last_address) : 0;
}

/* Entries that a scan looked at: all of them, or at least those that were counted. */
static unsigned int entries_seen(const struct hs_collapse_scan *scan, bool is_completed, unsigned int nr)
{
	const uint64_t seen = (uint64_t)scan->none_or_zero + scan->unmapped + scan->referenced;

	return is_completed || seen > nr ? nr : (unsigned int)seen;
}

static bool is_completed(const struct hs_model *model, const struct hs_range_group *group, int result)
{
	return (group && group->nr_attempts) ||
	       (result >= 0 && hs_counter_is_behind_loop(&model->recorded_rules, (enum hs_collapse_result)result));
}

static void fill_scan_costs(struct hs_collapse_request *request, const struct hs_collapse_scan *scan,
			    const struct hs_range_group *group)
{
	request->cost[0] = entries_seen(scan, request->counter.is_completed, request->counter.tunables->nr);
	if (!group)
		return;
	request->cost[1] = group->nr_attempts;
	request->cost[2] = group->copied;
	request->cost[3] = group->zeroed;
	request->cost[4] = group->swapped_in;
	request->cost[5] = group->nr_isolates;
	request->cost[6] = group->lock_ns;
}

static int ask_scan(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		    struct hs_decision *recorded)
{
	const struct hs_collapse_scan *scan = event->collapse_scan;
	const struct hs_range_group *group = hs_range_groups_find(&model->groups, event->row->task);
	const int result = find_result(model, &scan->status);
	struct hs_collapse_request *request = begin_request(model, event, storage, HS_POINT_COLLAPSE_SCAN,
							    infer_address(model, scan),
							    hs_thp_pmd_order(&model->tunables));
	struct hs_counter_request *counter = &request->counter;

	counter->phase = HS_COUNTER_SCAN;
	counter->is_khugepaged = scan->is_khugepaged;
	counter->recorded = result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result;
	counter->none = scan->none_or_zero;
	counter->unmapped = scan->unmapped;
	counter->referenced = scan->referenced;
	counter->writable = scan->writable;
	counter->has_page = scan->has_page;
	request->nr_attempts = group ? group->nr_attempts : 0;
	counter->is_completed = is_completed(model, group, result);
	if (group)
		request->fold = group->fold;
	take_mapping(model, request);
	take_ptes(model, group, request);
	if (scan->pmd_after && scan->pmd_after <= HS_PMD_BAD + 1)
		request->pmd_after = (enum hs_pmd_state)(scan->pmd_after - 1);
	model->problems[HS_COLLAPSE_RACED] += hs_snapshot_is_stale(request);
	fill_scan_costs(request, scan, group);
	request->is_broken = result < 0 || (group && (group->is_broken || group->has_isolate));
	recorded->result = result < 0 ? HS_RESULT_UNKNOWN : hs_collapse_result_name(counter->recorded);
	return 1;
}

static int ask_file(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		    struct hs_decision *recorded)
{
	const struct hs_collapse_scan_file *scan = event->collapse_scan_file;
	const struct hs_range_group *group = hs_range_groups_find(&model->groups, event->row->task);
	const int result = find_result(model, &scan->status);
	struct hs_collapse_request *request = begin_request(model, event, storage, HS_POINT_COLLAPSE_SCAN,
							    scan->address_basis ? scan->address : 0,
							    hs_thp_pmd_order(&model->tunables));

	request->is_file = true;
	request->counter.is_khugepaged = scan->is_khugepaged;
	request->counter.recorded = result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result;
	request->present_pages = scan->present;
	request->swap_pages = scan->swap;
	request->allocated = group ? group->allocated : HS_NR_COLLAPSE_RESULTS;
	request->cache = group && group->has_cache ? &group->cache : NULL;
	if (request->cache)
		take_nodes(model, group, request);
	model->problems[HS_COLLAPSE_RACED] += hs_snapshot_is_stale(request);
	request->is_broken = result < 0;
	request->cost[0] = scan->present + scan->swap;
	recorded->result = result < 0 ? HS_RESULT_UNKNOWN : hs_collapse_result_name(request->counter.recorded);
	return 1;
}

int hs_collapse_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		    struct hs_decision *recorded)
{
	struct hs_decision inputs = { 0 };
	int asked = 0;

	if (event->kind == HS_KIND_mm_madvise)
		return hs_madvise_ask(model, event->mm_madvise, request, recorded);
	if (event->kind == HS_KIND_collapse_isolate)
		asked = ask_isolate(model, event, request, recorded);
	else if (event->kind == HS_KIND_collapse_huge_page)
		asked = ask_collapse(model, event, request, recorded);
	else if (event->kind == HS_KIND_collapse_scan)
		asked = ask_scan(model, event, request, recorded);
	else if (event->kind == HS_KIND_collapse_scan_file)
		asked = ask_file(model, event, request, recorded);
	if (!asked)
		return 0;
	hs_collapse_decide(model, &request->request, &inputs);
	recorded->basis = inputs.basis;
	recorded->reason = "recorded";
	memcpy(recorded->cost, ((struct hs_collapse_request *)request)->cost, sizeof(recorded->cost));
	return 1;
}

/* --- decisions --- */

/* No page table, as it was read at the scan's entry. True: *answer holds. */
static bool decide_from_pmd(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_counter_request *counter = &request->counter;

	if (!request->has_pmd || request->pmd == HS_PMD_TABLE || !hs_counter_is_pmd_code(counter->recorded))
		return false;
	*answer = (struct hs_counter_answer){ .result = hs_scan_pmd_result(counter->rules, request->pmd),
					      .basis = HS_BASIS_EXACT, .reason = "recorded state of the PMD" };
	if (request->pmd_after == request->pmd)
		return true;
	/* Faults, and those who take huge pages apart, need no more of mmap_lock than the scan has. */
	answer->basis = HS_BASIS_BOUNDED;
	answer->reason = "the PMD changed during the scan: what was there before, or after";
	if (hs_scan_pmd_result(counter->recorded_rules, request->pmd_after) == counter->recorded)
		answer->result = hs_scan_pmd_result(counter->rules, request->pmd_after);
	return true;
}

static void decide_scan(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_attempt_fold *fold = &request->fold;

	if (!decide_from_pmd(request, answer) && !hs_snapshot_scan(request, answer))
		hs_counter_decide(counter, answer);
	weaken_echo(answer);
	if (answer->is_unknown || answer->result != HS_SCAN_SUCCEED)
		return;
	if (request->nr_attempts) {
		answer->is_unknown = fold->is_unknown;
		answer->result = hs_attempt_fold_result(fold);
		answer->reason = fold->reason;
		if (fold->basis > answer->basis)
			answer->basis = fold->basis;
	} else if (counter->recorded != HS_SCAN_SUCCEED && answer->basis == HS_BASIS_EXACT) {
		/* 7.2: no candidate was full enough; else its events were not seen. */
		answer->result = counter->recorded;
		answer->basis = counter->rules->sub_pmd_orders ? HS_BASIS_BOUNDED : HS_BASIS_ASSUMED;
		answer->reason = "no attempt followed";
	}
}

/* The page cache's counts: swap entries, then pages; what else stopped the walk is as recorded. */
static void decide_file(const struct hs_collapse_request *request, struct hs_counter_answer *answer)
{
	const struct hs_counter_request *counter = &request->counter;
	const struct hs_collapse_tunables *tunables = counter->tunables;
	const enum hs_collapse_result recorded = counter->recorded;
	const bool is_limit = recorded == HS_SCAN_EXCEED_SWAP_PTE || recorded == HS_SCAN_EXCEED_NONE_PTE;
	const bool has_walked = recorded == HS_SCAN_EXCEED_NONE_PTE ||
				hs_counter_is_behind_loop(counter->rules, recorded);

	*answer = (struct hs_counter_answer){ .result = recorded, .basis = HS_BASIS_BOUNDED,
					      .reason = "the page that stopped the walk" };
	if (hs_snapshot_file(request, answer))
		return;
	if (!counter->rules->file_collapse) {
		*answer = (struct hs_counter_answer){ .result = HS_SCAN_VMA_CHECK, .basis = HS_BASIS_EXACT,
						      .reason = "files are not collapsed" };
	} else if (counter->is_khugepaged && request->swap_pages > tunables->max_ptes_swap) {
		answer->result = HS_SCAN_EXCEED_SWAP_PTE;
		answer->basis = HS_BASIS_EXACT;
		answer->reason = "swap > max_ptes_swap";
	} else if (counter->is_khugepaged && has_walked &&
		   request->present_pages < tunables->nr - tunables->max_ptes_none) {
		answer->result = HS_SCAN_EXCEED_NONE_PTE;
		answer->basis = HS_BASIS_EXACT;
		answer->reason = "present < pages - max_ptes_none";
	} else if (is_limit) {
		answer->result = HS_SCAN_SUCCEED;
		answer->basis = HS_BASIS_ASSUMED;
		answer->reason = "limits pass; the collapse itself is assumed";
	}
}

void hs_collapse_decide(const struct hs_model *model, const struct hs_request *common, struct hs_decision *decision)
{
	const struct hs_collapse_request *request = (const struct hs_collapse_request *)common;
	struct hs_counter_answer answer = { 0 };

	if (common->point == HS_POINT_COLLAPSE_MADVISE) {
		hs_madvise_decide(model, common, decision);
		return;
	}
	if (request->is_broken) {
		answer.is_unknown = true;
		answer.basis = HS_BASIS_ASSUMED;
		answer.reason = "events of this range are missing";
	} else if (request->is_file) {
		decide_file(request, &answer);
	} else if (common->point == HS_POINT_COLLAPSE_SCAN) {
		decide_scan(request, &answer);
	} else if (common->point == HS_POINT_COLLAPSE_ISOLATE) {
		decide_isolate(request, &answer);
	} else {
		decide_attempt(request, request->fold.last, &answer);
	}
	if (request->are_limits_assumed || request->is_setting_open)
		answer.basis = HS_BASIS_ASSUMED;
	if (request->is_broken)
		decision->cause = HS_CAUSE_LOST_EVENTS;
	else if (request->is_setting_open || hs_snapshot_is_stale(request))
		decision->cause = HS_CAUSE_RACE;
	decision->result = answer.is_unknown ? HS_RESULT_UNKNOWN : hs_collapse_result_name(answer.result);
	decision->reason = answer.reason;
	decision->basis = answer.basis;
	memcpy(decision->cost, request->cost, sizeof(decision->cost));
}

/* --- what the events leave behind --- */

static void sum_up(struct hs_model *model, const struct hs_collapse_scan *scan, const struct hs_range_group *group,
		   int result)
{
	struct hs_collapse_sums *sums = &model->sums;

	sums->scans++;
	sums->ptes_scanned += entries_seen(scan, is_completed(model, group, result), model->tunables.nr);
	sums->huge_pages += result == HS_SCAN_SUCCEED;
	sums->alloc_failures += result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL;
	if (!group)
		return;
	sums->attempts += group->nr_attempts;
	sums->pages_copied += group->copied;
	sums->pages_zeroed += group->zeroed;
	sums->pages_swapped_in += group->swapped_in;
	sums->notifier_ranges += group->nr_isolates;
	sums->lock_ns += group->lock_ns;
	model->problems[HS_COLLAPSE_BROKEN_GROUP] += group->is_broken || group->has_isolate;
	/* With pages recorded, the comparison with the page table says the same. */
	model->problems[HS_COLLAPSE_RACED] += result == HS_SCAN_SUCCEED && group->nr_attempts == 1 &&
					      group->zeroed != scan->none_or_zero && !group->swapped_in &&
					      !group->ptes_has_pages;
}

static void observe_attempt(struct hs_model *model, const struct hs_event *event, struct hs_range_group *group)
{
	const struct hs_collapse_huge_page *end = event->collapse_huge_page;
	const int result = hs_collapse_result_find(end->status.data, end->status.length);
	const enum hs_collapse_result recorded = result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result;
	union hs_request_storage storage;
	struct hs_collapse_request *request = begin_request(model, event, &storage, HS_POINT_COLLAPSE_COLLAPSE,
							    end->address_basis ? end->address : 0, end->order);
	struct hs_counter_answer answer;

	fill_attempt(model, group, request);
	decide_attempt(request, recorded, &answer);
	hs_range_group_add_attempt(group, end, recorded, &answer);
}

static void observe_scan(struct hs_model *model, const struct hs_event *event, struct hs_range_group *group)
{
	const struct hs_collapse_scan *scan = event->collapse_scan;
	const uint64_t address = infer_address(model, scan);

	sum_up(model, scan, group, hs_collapse_result_find(scan->status.data, scan->status.length));
	hs_hash_map_put(&model->daemons, scan->row.task, scan->is_khugepaged);
	if (scan->is_khugepaged) {
		model->last_mm = scan->row.mm;
		model->last_address = address;
	}
	if (group)
		hs_range_group_clear(group);
}

static bool is_of_daemon(const struct hs_event *scan)
{
	return scan->kind == HS_KIND_collapse_scan ? scan->collapse_scan->is_khugepaged :
						     scan->collapse_scan_file->is_khugepaged;
}

/* A range of a call of madvise(MADV_COLLAPSE) is done with. */
static void count_range(struct hs_model *model, const struct hs_event *event)
{
	const bool is_file = event->kind == HS_KIND_collapse_scan_file;
	const struct hs_bytes *status = is_file ? &event->collapse_scan_file->status : &event->collapse_scan->status;
	const int result = hs_collapse_result_find(status->data, status->length);
	const struct hs_mm *mm = hs_address_space_mm(model->space, event->row->mm);
	struct hs_range_group *group = hs_range_groups_get(&model->groups, event->row->task);

	if (group)
		hs_madvise_tally_add(&group->tally, &model->recorded_rules,
				     result < 0 ? HS_SCAN_FAIL : (enum hs_collapse_result)result, is_file,
				     mm ? hs_mm_layout_generation(mm) : 0);
}

static void observe_isolate(const struct hs_model *model, const struct hs_event *event, struct hs_range_group *group)
{
	const struct hs_group_isolate isolate = isolate_of(model, event->collapse_isolate);

	hs_range_group_add_isolate(group, &isolate);
}

static enum hs_collapse_result input_of(const struct hs_bytes *status)
{
	const int result = hs_collapse_result_find(status->data, status->length);

	return result < 0 ? HS_NR_COLLAPSE_RESULTS : (enum hs_collapse_result)result;
}

void hs_collapse_observe_group(struct hs_model *model, const struct hs_event *event)
{
	const bool closes = event->kind == HS_KIND_collapse_scan || event->kind == HS_KIND_collapse_scan_file;
	struct hs_range_group *group = closes ? hs_range_groups_find(&model->groups, event->row->task) :
						hs_range_groups_get(&model->groups, event->row->task);

	if (event->kind == HS_KIND_collapse_scan)
		observe_scan(model, event, group);
	else if (closes && group)
		hs_range_group_clear(group);
	if (closes && !is_of_daemon(event))
		count_range(model, event);
	if (closes || !group)
		return;
	if (!group->began)
		group->began = event->row->time;
	if (event->kind == HS_KIND_collapse_ptes)
		hs_range_group_add_ptes(group, event->collapse_ptes,
					hs_thp_flags_of_words(event->collapse_ptes->vma_flags));
	else if (event->kind == HS_KIND_collapse_cache)
		hs_range_group_add_cache(group, event->collapse_cache);
	else if (event->kind == HS_KIND_collapse_alloc)
		group->allocated = input_of(&event->collapse_alloc->status);
	else if (event->kind == HS_KIND_collapse_swapin)
		hs_range_group_add_swapin(group, event->collapse_swapin, input_of(&event->collapse_swapin->result));
	else if (event->kind == HS_KIND_collapse_isolate)
		observe_isolate(model, event, group);
	else if (event->kind == HS_KIND_collapse_huge_page)
		observe_attempt(model, event, group);
	memcpy(group->nodes.too_far, model->too_far, sizeof(group->nodes.too_far));
}
