// SPDX-License-Identifier: GPL-2.0-only
/* The GPU's accesses: when they come, what they find in its page tables, and what becomes of a fault. */
#include "replay/svm/svm_process.h"

#include "lib/rng.h"

/* A fault that is not served this often is given up: the kernel would see it for ever. */
enum { MOST_TRIES = 16 };

static const char *fault_result(const struct svm_process *process, int rc)
{
	if (rc)
		return svm_errno_name(rc);
	if (process->window_drop)
		return "dropped_window";
	if (process->retried)
		return "retried";
	if (!process->served)
		return "dropped";
	return process->migrated ? "migrated" : "mapped";
}

static const char *fault_reason(const struct svm_process *process, int rc)
{
	if (rc)
		return "the fault is fatal";
	if (process->window_drop)
		return "the range was mapped less than the window ago";
	if (process->retried)
		return "the range is being cut or was invalidated meanwhile";
	return process->served ? "best location of the range" : "stale";
}

static void push(struct svm_process *process, const struct svm_touch *touch)
{
	if (!svm_touches_push(&process->touches, *touch))
		process->svm->nomem = true;
}

static bool is_mapped(const struct svm_process *process, uint32_t gpu, uint64_t page)
{
	return hs_svm_runs_get(&process->mapped[gpu], page);
}

/* 1: the page is mapped now, 0: it has to fault again, -1: the fault was fatal. */
static int fault(struct svm_process *process, const struct svm_touch *touch, uint64_t page)
{
	int rc;

	svm_process_begin(process, SVM_DOUBT_SCENARIO | touch->doubts, page, page);
	process->totals.gpu_faults++;
	rc = hs_svm_gpu_fault(process->svm, touch->gpu, page, touch->write, process->now);
	svm_process_end(process, HS_POINT_SVM_FAULT, page, page, fault_result(process, rc), fault_reason(process, rc));
	return rc ? -1 : is_mapped(process, touch->gpu, page);
}

/* The rest of an access again, not before the window of its range is over. */
static void try_again(struct svm_process *process, const struct svm_touch *touch, uint64_t page)
{
	const struct svm_range *range = svm_range_from_addr(process->svm, page, NULL);
	struct svm_touch again = *touch;

	again.tries = page == touch->page ? touch->tries + 1 : 1;
	again.page = page;
	again.due = process->now + process->scenario->retry_delay;
	if (process->window_drop && range)
		again.due = svm_max(again.due, range->validated + process->scenario->retry_window);
	if (again.tries >= MOST_TRIES)
		process->totals.gave_up++;
	else
		push(process, &again);
}

/* Pages without a mapping fault in ascending order, until one has to wait or is fatal. */
static void fault_in(struct svm_process *process, const struct svm_touch *touch)
{
	int answer = 1;

	for (uint64_t page = touch->page; page <= touch->last && answer > 0;) {
		struct hs_svm_span span;

		hs_svm_runs_span(&process->mapped[touch->gpu], page, touch->last, &span);
		if (!span.value)
			answer = fault(process, touch, page);
		if (!answer)
			try_again(process, touch, page);
		page = span.value ? span.last + 1 : page + 1;
	}
}

bool svm_device_may_touch(const struct svm_process *process, uint64_t page)
{
	const struct svm_scenario *scenario = process->scenario;

	if (hs_svm_runs_get(&process->regions, page))
		return true;
	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (process->belongs >> i & 1 && scenario->regions[i].is_none)
			return hs_svm_runs_get(&process->svm->vmas, page);
	return false;
}

static void touch_pages(struct svm_process *process, const struct svm_touch *touch)
{
	uint64_t pages = touch->last - touch->page + 1;
	uint64_t hits = hs_svm_runs_count(&process->mapped[touch->gpu], touch->page, touch->last);

	if (!svm_device_may_touch(process, touch->page)) {
		process->totals.vanished += pages;
		return;
	}
	if (!touch->tries) {
		process->totals.gpu_touches += pages;
		process->totals.gpu_hits += hits;
	}
	if (hits == pages)
		return;
	if (process->svm->xnack)
		fault_in(process, touch);
	else
		process->totals.no_mapping += pages - hits;
}

/* --- passes over what is registered --- */

/* Page number `index` of all registered pages, modulo their number; HS_SVM_NO_PAGE: there are none. */
static uint64_t nth_page(const struct svm_process *process, uint64_t index, uint64_t total)
{
	index = total ? index % total : 0;
	hs_svm_for_each_span(span, &process->regions, 0, HS_SVM_NO_PAGE - 1) {
		uint64_t pages = span.last - span.start + 1;

		if (span.value && index < pages)
			return span.start + index;
		index -= span.value ? pages : 0;
	}
	return HS_SVM_NO_PAGE;
}

static void sweep_some(struct svm_process *process, const struct svm_device *device, const struct svm_touch *touch)
{
	uint64_t total = hs_svm_runs_count(&process->regions, 0, HS_SVM_NO_PAGE - 1);
	uint64_t count = device->count ? device->count : (total + device->stride - 1) / device->stride;
	struct hs_rng rng = { device->seed + touch->at };

	for (uint64_t i = 0; i < count && total; i++) {
		uint64_t page = nth_page(process, device->is_random ? hs_rng_below(&rng, total) : i * device->stride,
					 total);
		struct svm_touch one = { .page = page, .last = page, .gpu = device->gpu, .write = true };

		touch_pages(process, &one);
	}
}

/* Every registered page in order: a region is one access. */
static void sweep_all(struct svm_process *process, const struct svm_device *device)
{
	hs_svm_for_each_span(span, &process->regions, 0, HS_SVM_NO_PAGE - 1) {
		struct svm_touch region = { .page = span.start, .last = span.last, .gpu = device->gpu, .write = true };

		if (span.value)
			touch_pages(process, &region);
	}
}

static void sweep(struct svm_process *process, const struct svm_touch *touch)
{
	const struct svm_device *device = &process->scenario->devices[touch->index];
	struct svm_touch next = *touch;

	if (device->stride == 1 && !device->count)
		sweep_all(process, device);
	else
		sweep_some(process, device, touch);
	next.at++;	/* number of the pass */
	next.due = touch->due + device->time;
	push(process, &next);
}

/* --- listed accesses --- */

static void push_pattern(struct svm_process *process, uint32_t index, uint64_t at)
{
	const struct svm_device *device = &process->scenario->devices[index];
	struct svm_touch touch = { .kind = SVM_TOUCH_PATTERN, .index = index, .at = at };

	if (at >= device->pattern.count)
		return;
	touch.due = svm_max(process->scenario->start_time + device->pattern.items[at].time, process->now);
	push(process, &touch);
}

static void run_pattern(struct svm_process *process, const struct svm_touch *touch)
{
	const struct svm_device *device = &process->scenario->devices[touch->index];
	const struct svm_pattern_touch *entry = &device->pattern.items[touch->at];
	struct svm_touch pages = { .page = entry->page, .last = entry->page + entry->nr_pages - 1, .gpu = entry->gpu,
				   .write = entry->write };

	if (device->rule == SVM_DEVICE_TRACE) {
		pages.page = pages.last = entry->page + device->offset;
		pages.gpu = device->gpu;
		pages.doubts = device->trace.is_guess ? SVM_DOUBT_TIMING : 0;
	}
	touch_pages(process, &pages);
	push_pattern(process, touch->index, touch->at + 1);
}

/* The first access of another trace that is not over when the process appears. */
static uint64_t first_recorded(const struct svm_process *process, const struct svm_device *device)
{
	uint64_t at = 0;

	while (at < device->pattern.count &&
	       process->scenario->start_time + device->pattern.items[at].time < process->now)
		at++;
	return at;
}

void svm_device_run(struct svm_process *process, const struct svm_touch *touch)
{
	switch (touch->kind) {
	case SVM_TOUCH_PAGES:
		touch_pages(process, touch);
		break;
	case SVM_TOUCH_SWEEP:
		sweep(process, touch);
		break;
	case SVM_TOUCH_PATTERN:
		run_pattern(process, touch);
		break;
	case SVM_TOUCH_CALL:
		svm_register_call(process, &process->scenario->calls[touch->index]);
		break;
	case SVM_TOUCH_REGISTER:
		svm_process_sync(process, 1, SVM_LAST_USER_PAGE);
		break;
	}
}

static void push_timed(struct svm_process *process, enum svm_touch_kind kind, uint32_t index, uint64_t time)
{
	struct svm_touch touch = { .kind = kind, .index = index,
				   .due = svm_max(process->scenario->start_time + time, process->now) };

	push(process, &touch);
}

void svm_device_start(struct svm_process *process)
{
	const struct svm_scenario *scenario = process->scenario;

	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (scenario->regions[i].from)
			push_timed(process, SVM_TOUCH_REGISTER, i, scenario->regions[i].from);
	for (uint32_t i = 0; i < scenario->nr_calls; i++)
		push_timed(process, SVM_TOUCH_CALL, i, scenario->calls[i].time);
	for (uint32_t i = 0; i < scenario->nr_devices; i++) {
		const struct svm_device *device = &scenario->devices[i];
		struct svm_touch pass = { .kind = SVM_TOUCH_SWEEP, .index = i, .due = process->now + device->time };

		if (device->rule == SVM_DEVICE_SWEEP)
			push(process, &pass);
		else if (device->rule == SVM_DEVICE_PATTERN)
			push_pattern(process, i, 0);
		else if (device->rule == SVM_DEVICE_TRACE)
			push_pattern(process, i, first_recorded(process, device));
	}
}
