// SPDX-License-Identifier: GPL-2.0-only
/* The GPU's accesses: what they find in its page tables, and what becomes of a fault. */
#include "replay/svm/svm_process.h"

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

static bool is_mapped(const struct svm_process *process, uint32_t gpu, uint64_t page)
{
	return hs_svm_runs_get(&process->mapped[gpu], page);
}

/* The same access again, not before the window of its range is over. */
static void try_again(struct svm_process *process, const struct svm_touch *touch)
{
	const struct svm_range *range = svm_range_from_addr(process->svm, touch->page, NULL);
	struct svm_touch again = *touch;

	again.due = process->now + process->scenario->retry_delay;
	if (process->window_drop && range)
		again.due = svm_max(again.due, range->validated + process->scenario->retry_window);
	if (++again.tries >= MOST_TRIES)
		process->totals.gave_up++;
	else if (!svm_touches_push(&process->touches, again))
		process->svm->nomem = true;
}

static void fault(struct svm_process *process, const struct svm_touch *touch)
{
	int rc;

	svm_process_begin(process, process->now);
	rc = hs_svm_gpu_fault(process->svm, touch->gpu, touch->page, touch->write, process->now);
	svm_process_end(process, HS_POINT_SVM_FAULT, touch->page, touch->page, fault_result(process, rc),
			fault_reason(process, rc));
	if (!rc && !is_mapped(process, touch->gpu, touch->page))
		try_again(process, touch);
}

/* Every registered page in order; a fault maps a granule, so that the next gap is farther on. */
static void sweep(struct svm_process *process, const struct svm_touch *touch)
{
	struct hs_svm_span region;
	struct svm_touch next = *touch;

	for (uint64_t from = 0; hs_svm_runs_span(&process->regions, from, HS_SVM_NO_PAGE - 1, &region);
	     from = region.last + 1) {
		if (!region.value)
			continue;
		hs_svm_for_each_span(span, &process->mapped[touch->gpu], region.start, region.last) {
			struct svm_touch one = { .page = span.start, .gpu = touch->gpu, .write = true };

			if (span.value)
				continue;
			svm_device_touch(process, &one);
			span.last = svm_max(span.start, svm_min(span.last, span.start | (SVM_HUGE_PAGES - 1)));
			if (!process->svm->xnack)
				break;
		}
	}
	next.due = process->now + process->scenario->rule_time;
	if (!svm_touches_push(&process->touches, next))
		process->svm->nomem = true;
}

void svm_device_touch(struct svm_process *process, const struct svm_touch *touch)
{
	if (touch->page == HS_SVM_NO_PAGE) {
		sweep(process, touch);
		return;
	}
	if (!hs_svm_runs_get(&process->regions, touch->page)) {
		process->totals.vanished++;
		return;
	}
	process->totals.gpu_touches++;
	if (is_mapped(process, touch->gpu, touch->page))
		process->totals.gpu_hits++;
	else if (process->svm->xnack)
		fault(process, touch);
	else
		process->totals.no_mapping++;
}

void svm_device_start(struct svm_process *process)
{
	const struct svm_scenario *scenario = process->scenario;
	struct svm_touch first = { .due = process->now + scenario->rule_time, .page = HS_SVM_NO_PAGE,
				   .gpu = scenario->device, .write = true };

	if (scenario->rule == SVM_DEVICE_SWEEP && !svm_touches_push(&process->touches, first))
		process->svm->nomem = true;
}
