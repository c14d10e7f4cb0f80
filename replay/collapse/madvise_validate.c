// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/madvise_validate.h"

#include <errno.h>
#include <string.h>

#include "replay/collapse/eligibility.h"
#include "replay/collapse/madvise_rules.h"

enum { ADVICE_COLLAPSE = 25 };

/* Addresses: start and length as asked, start in common.subject. */
struct madvise_request {
	struct hs_request common;
	uint64_t length;
	struct hs_madvise_tally tally;
	bool is_broken;
};
_Static_assert(sizeof(struct madvise_request) <= HS_REQUEST_BYTES, "a request must fit its storage");

struct answer {
	int error;			/* 0 or a negative errno */
	enum hs_basis basis;
	const char *reason;
};

void hs_madvise_tally_add(struct hs_madvise_tally *tally, const struct hs_collapse_rules *rules,
			  enum hs_collapse_result result, bool is_file, uint64_t layout)
{
	/* collapse_pte_mapped_thp is to map the huge page of a file: what came of it, no event tells. */
	const bool is_open = result == HS_SCAN_PTE_MAPPED_HUGEPAGE;

	if (!tally->nr_scanned++)
		tally->layout = layout;
	tally->nr_files += is_file;
	tally->nr_open += is_open;
	if (is_open || hs_madvise_after(rules, result) == HS_MADVISE_RANGE_DONE) {
		tally->nr_done++;
	} else {
		tally->has_failed = true;
		tally->last_fail = result;
	}
}

static struct hs_madvise_tally *tally_of(struct hs_model *model, uint32_t task)
{
	struct hs_range_group *group = hs_range_groups_find(&model->groups, task);

	return group ? &group->tally : NULL;
}

int hs_madvise_ask(struct hs_model *model, const struct hs_mm_madvise *call, union hs_request_storage *storage,
		   struct hs_decision *recorded)
{
	struct madvise_request *request = (struct madvise_request *)storage;
	const struct hs_madvise_tally *tally = tally_of(model, call->row.task);

	if (call->advice != ADVICE_COLLAPSE || call->row.time < model->began + call->duration)
		return 0;
	*request = (struct madvise_request){
		.common = { .point = HS_POINT_COLLAPSE_MADVISE, .time = call->row.time, .task = call->row.task,
			    .mm = call->row.mm, .subject = call->addr, .subject_end = call->addr + call->len },
		.length = call->len, .is_broken = call->row.time < model->lost_at + call->duration,
	};
	if (tally)
		request->tally = *tally;
	recorded->result = hs_result_of_call(call->ret);
	recorded->reason = "recorded";
	recorded->basis = HS_BASIS_EXACT;
	return 1;
}

static bool is_allowed(const struct hs_model *model, const struct hs_mm *mm, const struct hs_vma *vma,
		       const struct hs_madvise_tally *tally, enum hs_basis *basis)
{
	struct hs_thp_vma thp = hs_thp_vma_of(vma, &model->tunables);

	/* Which files a kernel makes huge pages of depends on how it was built: that it did shows in its scans. */
	if (vma->kind == HS_VMA_FILE) {
		thp.flags |= tally->nr_files ? HS_THP_VMA_FILE_OK | HS_THP_VMA_FILE_EXEC : 0;
		*basis = HS_BASIS_ASSUMED;
	}
	if (vma->is_assumed || vma->anon_vma == HS_ANON_VMA_UNKNOWN)
		*basis = HS_BASIS_ASSUMED;
	return hs_thp_vma_allowed(&model->rules, &model->tunables, &thp, hs_thp_mm_state_of(mm), HS_THP_FOR_MADVISE) ==
	       HS_THP_ALLOWED;
}

/* One mapping's part: whole ranges, or less than nothing where it lies inside one. */
static int64_t ranges_of(uint64_t start, uint64_t end)
{
	const struct hs_thp_vma part = { .start = start, .end = end };
	const uint64_t first = hs_thp_first(&part, HS_SLOT_BYTES), last = hs_thp_last(&part, HS_SLOT_BYTES);

	return ((int64_t)last - (int64_t)first) / (int64_t)HS_SLOT_BYTES;
}

/* The mappings may have been others when the call looked at them. */
static enum hs_basis basis_of(const struct hs_mm *mm, const struct hs_madvise_tally *tally)
{
	if (!hs_mm_is_layout_known(mm))
		return HS_BASIS_ASSUMED;
	return tally->nr_scanned && tally->layout != hs_mm_layout_generation(mm) ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
}

/* madvise_walk_vmas, none of whose ranges failed: part by part, to the first that is not to be had. */
static struct answer walk_mappings(const struct hs_model *model, const struct hs_mm *mm,
				   const struct madvise_request *request, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_vma_from(mm, request->common.subject);
	enum hs_basis basis = basis_of(mm, &request->tally);
	int64_t done = request->tally.nr_done;
	uint64_t at = request->common.subject;
	bool has_hole = false;

	for (; vma && at < end; at = vma->node.end, vma = hs_vma_next(vma)) {
		const uint64_t start = vma->node.start > at ? vma->node.start : at;
		const int64_t ranges = ranges_of(start, vma->node.end < end ? vma->node.end : end);

		has_hole |= start > at;
		if (start >= end)
			break;
		if (!is_allowed(model, mm, vma, &request->tally, &basis))
			return (struct answer){ -EINVAL, basis, "a mapping that is not to have huge pages" };
		/* Up to 6.18 a part inside one range ends with its start behind its end, and fails. */
		if (ranges < 0 && !model->rules.madvise_empty_ok)
			return (struct answer){ -EINVAL, basis, "no whole range" };
		if (ranges > done)
			return (struct answer){ -EINVAL, HS_BASIS_ASSUMED, "the mapping was another behind a dropped lock" };
		done -= ranges > 0 ? ranges : 0;
	}
	has_hole |= at < end;
	/* collapse_pte_mapped_thp looks for the mapping once more. */
	if (has_hole && request->tally.nr_open)
		return (struct answer){ -EINVAL, HS_BASIS_ASSUMED, "the mapping is gone that was to map a huge page" };
	if (has_hole)
		return (struct answer){ -ENOMEM, basis, "not all of it is mapped" };
	return (struct answer){ 0, request->tally.nr_open ? HS_BASIS_ASSUMED : basis, "all ranges are huge" };
}

static struct answer answer_of(const struct hs_model *model, const struct hs_mm *mm,
			       const struct madvise_request *request)
{
	const uint64_t page = HS_PAGE_BYTES, start = request->common.subject;
	const uint64_t length = (request->length + page - 1) & ~(page - 1);

	if (!model->rules.swaps_in)
		return (struct answer){ -EINVAL, HS_BASIS_EXACT, "this kernel does not know MADV_COLLAPSE" };
	if (start % page || (request->length && !length) || start + length < start)
		return (struct answer){ -EINVAL, HS_BASIS_EXACT, "not pages" };
	if (!length)
		return (struct answer){ 0, HS_BASIS_EXACT, "nothing" };
	/* madvise_collapse: a part not all of whose ranges are huge ends the call, whatever is mapped since. */
	if (request->tally.has_failed)
		return (struct answer){ hs_madvise_errno(&model->rules, request->tally.last_fail), HS_BASIS_EXACT,
					"the result of its last range that failed" };
	return walk_mappings(model, mm, request, start + length);
}

void hs_madvise_decide(const struct hs_model *model, const struct hs_request *common, struct hs_decision *decision)
{
	const struct madvise_request *request = (const struct madvise_request *)common;
	const struct hs_mm *mm = hs_address_space_mm(model->space, common->mm);
	struct answer answer;

	if (!mm || request->is_broken) {
		decision->result = HS_RESULT_UNKNOWN;
		decision->basis = HS_BASIS_ASSUMED;
		decision->reason = mm ? "events of this call may be missing" : "no such address space";
		decision->cause = request->is_broken ? HS_CAUSE_LOST_EVENTS : HS_CAUSE_NONE;
		return;
	}
	answer = answer_of(model, mm, request);
	decision->result = hs_result_of_call(answer.error);
	decision->reason = answer.reason;
	/* Under other rules the ranges' own results might be others. */
	decision->basis = model->are_rules_guessed || model->rules.variant != model->recorded_rules.variant ?
			  HS_BASIS_ASSUMED : answer.basis;
}

const struct hs_madvise_tally *hs_madvise_tally_of(const struct hs_request *request)
{
	return &((const struct madvise_request *)request)->tally;
}

void hs_madvise_observe(struct hs_model *model, uint32_t task)
{
	struct hs_madvise_tally *tally = tally_of(model, task);

	if (tally)
		*tally = (struct hs_madvise_tally){ 0 };
}
