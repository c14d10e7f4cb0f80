// SPDX-License-Identifier: GPL-2.0-only
/* khugepaged, khugepaged_do_scan, khugepaged_wait_work, start_stop_khugepaged in mm/khugepaged.c. */
#include "replay/collapse/khugepaged.h"

#include <errno.h>
#include <string.h>

const char *hs_khugepaged_state_name(enum hs_khugepaged_state state)
{
	static const char *const names[] = {
		"none", "created", "asleep", "woken", "waiting", "paused", "running", "halted",
	};

	return names[state];
}

static bool is_on(const struct hs_khugepaged *daemon)
{
	return hs_thp_is_on(daemon->rules, daemon->tunables);
}

bool hs_khugepaged_has_work(const struct hs_khugepaged *daemon)
{
	return daemon->first && is_on(daemon);
}

static void tell(struct hs_khugepaged *daemon, enum hs_khugepaged_event event, const char *reason, uint64_t number)
{
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){ .event = event, .reason = reason,
								    .number = number });
}

void hs_khugepaged_wake_queue(struct hs_khugepaged *daemon)
{
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_WAKE_QUEUE, .flag = daemon->state == HS_KHUGEPAGED_WAITING });
}

void hs_khugepaged_wake_task(struct hs_khugepaged *daemon)
{
	const bool ends_sleep = daemon->state == HS_KHUGEPAGED_ASLEEP || daemon->state == HS_KHUGEPAGED_WOKEN;

	if (daemon->state == HS_KHUGEPAGED_NONE)
		return;
	if (ends_sleep)
		daemon->state = HS_KHUGEPAGED_WOKEN;
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_WAKE_TASK, .flag = ends_sleep });
}

/* Requests a huge page (v2010). */
static bool take_page(struct hs_khugepaged *daemon, bool may_wait)
{
	hs_khugepaged_strike(daemon, HS_THP_AT_ALLOC);
	daemon->has_page = daemon->ops->base.allocate(daemon->world, hs_thp_pmd_order(daemon->tunables), may_wait);
	hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
		.event = HS_KHUGEPAGED_ALLOC, .flag = daemon->has_page, .number = may_wait });
	return daemon->has_page;
}

static void begin_pass(struct hs_khugepaged *daemon)
{
	daemon->pass = (struct hs_khugepaged_pass){ .pages = daemon->tunables->pages_to_scan };
}

static void end_pass(struct hs_khugepaged *daemon, const char *reason)
{
	daemon->nr_passes++;
	tell(daemon, HS_KHUGEPAGED_PASS_END, reason, daemon->pass.head);
}

/* A visit, or the end of the pass: its reason, or NULL. */
static const char *step_pass(struct hs_khugepaged *daemon, enum hs_collapse_result *result)
{
	struct hs_khugepaged_pass *pass = &daemon->pass;

	if (!daemon->cursor)
		pass->head++;
	if (!hs_khugepaged_has_work(daemon))
		return "no_work";
	if (pass->head >= 2)
		return "second_wrap";
	pass->progress += hs_khugepaged_visit(daemon, pass->pages - pass->progress, result);
	return pass->progress >= pass->pages ? "budget" : NULL;
}

static void fall_asleep(struct hs_khugepaged *daemon, enum hs_khugepaged_sleep kind,
			enum hs_khugepaged_resume resume)
{
	const bool is_scan = kind == HS_KHUGEPAGED_SLEEP_SCAN;

	daemon->sleep_kind = kind;
	daemon->sleep_ms = is_scan ? daemon->tunables->scan_sleep_millisecs : daemon->tunables->alloc_sleep_millisecs;
	daemon->state = HS_KHUGEPAGED_ASLEEP;
	daemon->resume = resume;
	tell(daemon, HS_KHUGEPAGED_SLEEP, is_scan ? "scan" : "alloc", daemon->sleep_ms);
}

/* v2010: a consumed page is replaced before the next visit; without one the pass ends. */
static void pass_with_page(struct hs_khugepaged *daemon)
{
	enum hs_collapse_result result;
	const char *reason = NULL;

	do {
		hs_khugepaged_strike(daemon, HS_THP_AT_STEP);
		if (!daemon->has_page && !take_page(daemon, daemon->tunables->khugepaged_defrag))
			reason = "alloc_failed";
		else
			reason = step_pass(daemon, &result);
	} while (!reason && daemon->state != HS_KHUGEPAGED_HALTED);
	if (daemon->state != HS_KHUGEPAGED_HALTED)
		end_pass(daemon, reason);
}

/* Later kernels: one sleep after a failed allocation, the second failure ends the pass. False: it goes on later. */
static bool pass_modern(struct hs_khugepaged *daemon)
{
	for (;;) {
		enum hs_collapse_result result = HS_SCAN_SUCCEED;
		const char *reason;

		hs_khugepaged_strike(daemon, HS_THP_AT_STEP);
		if (daemon->is_stopping) {
			end_pass(daemon, "stopped");
			return true;
		}
		reason = step_pass(daemon, &result);
		if (daemon->state == HS_KHUGEPAGED_HALTED)
			return false;
		if (!reason && result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL && daemon->pass.has_slept)
			reason = "alloc_failed";
		if (reason) {
			end_pass(daemon, reason);
			return true;
		}
		if (result == HS_SCAN_ALLOC_HUGE_PAGE_FAIL) {
			daemon->pass.has_slept = true;
			fall_asleep(daemon, HS_KHUGEPAGED_SLEEP_ALLOC, HS_KHUGEPAGED_IN_PASS);
			return false;
		}
		if (daemon->ops->is_busy && daemon->ops->is_busy(daemon->world)) {
			daemon->state = HS_KHUGEPAGED_PAUSED;
			daemon->resume = HS_KHUGEPAGED_IN_PASS;
			return false;
		}
	}
}

void hs_khugepaged_pass(struct hs_khugepaged *daemon)
{
	begin_pass(daemon);
	if (daemon->rules->alloc_before_scan)
		pass_with_page(daemon);
	else
		pass_modern(daemon);
}

static void stop_thread(struct hs_khugepaged *daemon)
{
	struct hs_khugepaged_slot *slot = daemon->cursor;

	daemon->cursor = NULL;
	if (slot) {
		const bool is_exiting = daemon->ops->base.mm_state(daemon->world, slot->mm) & HS_THP_MM_EXITING;

		hs_khugepaged_tell(daemon, &(struct hs_khugepaged_record){
			.event = HS_KHUGEPAGED_LEAVE, .mm = slot->mm, .flag = is_exiting,
			.reason = is_exiting ? "exiting" : "stopped", .number = daemon->full_scans });
		if (is_exiting)
			hs_khugepaged_free_slot(daemon, slot);
	}
	daemon->state = HS_KHUGEPAGED_NONE;
	daemon->is_stopping = false;
	tell(daemon, HS_KHUGEPAGED_THREAD, "stop", 0);
}

/* khugepaged_wait_event. True: there is a reason to go on. */
static bool wait_for_event(struct hs_khugepaged *daemon)
{
	if (daemon->first || !is_on(daemon) || daemon->is_stopping)
		return true;
	daemon->state = HS_KHUGEPAGED_WAITING;
	daemon->resume = HS_KHUGEPAGED_IN_WAIT;
	tell(daemon, HS_KHUGEPAGED_WAIT, NULL, 0);
	return false;
}

/* khugepaged_wait_work. True: go on at once. */
static bool wait_for_work(struct hs_khugepaged *daemon)
{
	if (!hs_khugepaged_has_work(daemon))
		return wait_for_event(daemon);
	if (!daemon->tunables->scan_sleep_millisecs)
		return true;
	fall_asleep(daemon, HS_KHUGEPAGED_SLEEP_SCAN, HS_KHUGEPAGED_AT_TOP);
	return false;
}

/* The caller's limit of passes. True: paused before another one. */
static bool is_at_limit(struct hs_khugepaged *daemon)
{
	if (daemon->passes_left == UINT64_MAX)
		return false;
	if (daemon->passes_left) {
		daemon->passes_left--;
		return false;
	}
	daemon->state = HS_KHUGEPAGED_PAUSED;
	daemon->resume = HS_KHUGEPAGED_AT_FIRST_ALLOC;
	daemon->may_wait = daemon->tunables->khugepaged_defrag;
	tell(daemon, HS_KHUGEPAGED_PAUSE, NULL, 0);
	return true;
}

/* v2010: from the first allocation of a pass to its end. True: the loop goes on. */
static bool run_with_page(struct hs_khugepaged *daemon, bool may_wait)
{
	if (!take_page(daemon, may_wait)) {
		fall_asleep(daemon, HS_KHUGEPAGED_SLEEP_ALLOC, HS_KHUGEPAGED_AFTER_ALLOC_SLEEP);
		return false;
	}
	hs_khugepaged_pass(daemon);
	if (daemon->state == HS_KHUGEPAGED_HALTED)
		return false;
	if (daemon->has_page)
		tell(daemon, HS_KHUGEPAGED_FREE_PAGE, NULL, 0);
	daemon->has_page = false;
	return wait_for_work(daemon);
}

static bool is_told_to_stop(const struct hs_khugepaged *daemon)
{
	return daemon->rules->daemon_mode ? !is_on(daemon) : daemon->is_stopping;
}

static bool run_pass(struct hs_khugepaged *daemon, enum hs_khugepaged_resume resume)
{
	if (daemon->rules->alloc_before_scan)
		return run_with_page(daemon, resume == HS_KHUGEPAGED_AT_FIRST_ALLOC ?
					     daemon->may_wait : daemon->tunables->khugepaged_defrag);
	if (resume != HS_KHUGEPAGED_IN_PASS)
		begin_pass(daemon);
	return pass_modern(daemon) && wait_for_work(daemon);
}

void hs_khugepaged_run(struct hs_khugepaged *daemon, uint64_t passes)
{
	enum hs_khugepaged_resume resume = daemon->state == HS_KHUGEPAGED_CREATED ? HS_KHUGEPAGED_AT_TOP :
										    daemon->resume;

	if (daemon->state == HS_KHUGEPAGED_NONE || daemon->state == HS_KHUGEPAGED_HALTED)
		return;
	daemon->passes_left = passes ? passes : UINT64_MAX;
	daemon->state = HS_KHUGEPAGED_RUNNING;
	if (resume == HS_KHUGEPAGED_IN_WAIT && !wait_for_event(daemon))
		return;
	for (;; resume = HS_KHUGEPAGED_AT_TOP) {
		if (resume != HS_KHUGEPAGED_AT_FIRST_ALLOC && is_told_to_stop(daemon)) {
			stop_thread(daemon);
			return;
		}
		if (resume != HS_KHUGEPAGED_AT_FIRST_ALLOC && resume != HS_KHUGEPAGED_IN_PASS &&
		    is_at_limit(daemon))
			return;
		if (!run_pass(daemon, resume))
			return;
	}
}

int hs_khugepaged_start(struct hs_khugepaged *daemon)
{
	int status = 0;

	if (!is_on(daemon)) {
		hs_khugepaged_wake_queue(daemon);
		if (!daemon->rules->daemon_mode && daemon->state != HS_KHUGEPAGED_NONE) {
			daemon->is_stopping = true;
			hs_khugepaged_run(daemon, 0);
		}
		return 0;
	}
	if (daemon->slot_cache_missing)
		return -ENOMEM;
	if (daemon->state == HS_KHUGEPAGED_NONE) {
		if (daemon->ops->create_thread && !daemon->ops->create_thread(daemon->world)) {
			tell(daemon, HS_KHUGEPAGED_THREAD, "fail", 0);
			if (daemon->rules->daemon_mode)
				daemon->tunables->khugepaged_enabled = HS_THP_NEVER;
			status = -ENOMEM;
		} else {
			daemon->state = HS_KHUGEPAGED_CREATED;
			tell(daemon, HS_KHUGEPAGED_THREAD, "start", 0);
		}
	}
	if (daemon->first)
		hs_khugepaged_wake_queue(daemon);
	return status;
}

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

int hs_khugepaged_store(struct hs_khugepaged *daemon, const char *file, const char *text, size_t length)
{
	int status = hs_collapse_tunables_store(daemon->tunables, daemon->rules, file, text, length);

	if (status)
		return status;
	if (strstr(file, "sleep_millisecs"))
		hs_khugepaged_wake_task(daemon);
	return ends_with(file, "enabled") ? hs_khugepaged_start(daemon) : 0;
}
