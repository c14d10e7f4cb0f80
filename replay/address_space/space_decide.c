// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/space_decide.h"

#include <string.h>

#include "replay/address_space/checkpoint.h"
#include "replay/address_space/space_predict.h"

/* A call is its own request. */
struct call_request {
	struct hs_request common;
	union {
		struct hs_mm_mmap mmap;
		struct hs_mm_munmap munmap;
		struct hs_mm_mremap mremap;
		struct hs_mm_mprotect mprotect;
		struct hs_mm_madvise madvise;
		struct hs_mm_mlock mlock;
	};
};
_Static_assert(sizeof(struct call_request) <= HS_REQUEST_BYTES, "a request fits");

/* Calls are decided themselves; behind the others sections may be complete that are to be compared. */
hs_kind_set hs_space_decision_kinds(void)
{
	static const unsigned int kinds_of_calls[] = {
		HS_KIND_mm_mmap, HS_KIND_mm_munmap, HS_KIND_mm_mremap, HS_KIND_mm_mprotect, HS_KIND_mm_madvise,
		HS_KIND_mm_mlock, HS_KIND_notifier_start, HS_KIND_mm_exit_mmap, HS_KIND_snap_mm, HS_KIND_snap_vma,
		HS_KIND_snap_pages, HS_KIND_snap_end,
	};
	hs_kind_set kinds = { { 0 } };

	for (size_t i = 0; i < sizeof(kinds_of_calls) / sizeof(*kinds_of_calls); i++)
		hs_kind_set_add(&kinds, kinds_of_calls[i]);
	return kinds;
}

static bool is_call(unsigned int kind)
{
	return kind == HS_KIND_mm_mmap || kind == HS_KIND_mm_munmap || kind == HS_KIND_mm_mremap ||
	       kind == HS_KIND_mm_mprotect || kind == HS_KIND_mm_madvise || kind == HS_KIND_mm_mlock;
}

static int64_t fill_request(const struct hs_event *event, struct call_request *request)
{
	struct hs_request *common = &request->common;

#define TAKE(id, which, from, bytes) \
	case HS_KIND_mm_##id: \
		request->id = *event->mm_##id; \
		common->point = HS_POINT_SPACE_##which; \
		common->subject = request->id.from; \
		common->subject_end = common->subject + request->id.bytes; \
		return request->id.ret;

	switch (event->kind) {
	TAKE(mmap, MMAP, addr, len)
	TAKE(munmap, MUNMAP, addr, len)
	TAKE(mremap, MREMAP, addr, old_len)
	TAKE(mprotect, MPROTECT, addr, len)
	TAKE(madvise, MADVISE, addr, len)
	TAKE(mlock, MLOCK, addr, len)
	default:
		return 0;
	}
#undef TAKE
}

/* Its result is the collapse model's. */
static bool is_of_collapse(const struct hs_event *event)
{
	enum { ADVICE_COLLAPSE = 25 };

	return event->kind == HS_KIND_mm_madvise && event->mm_madvise->advice == ADVICE_COLLAPSE;
}

static bool is_of_snapshot(unsigned int kind)
{
	return kind == HS_KIND_snap_mm || kind == HS_KIND_snap_vma || kind == HS_KIND_snap_pages || kind == HS_KIND_snap_end;
}

int hs_space_ask(struct hs_address_space *space, const struct hs_event *event, union hs_request_storage *storage,
		 struct hs_decision *recorded)
{
	struct call_request *request = (struct call_request *)storage;
	const struct hs_mm *mm = hs_space_find(space, event->row->mm);

	/* In whatif programs do what they did: their calls are facts. */
	if (space->mode == HS_MODE_WHATIF)
		return 0;
	if (is_of_snapshot(event->kind))
		return hs_checkpoint_ask(space, event, storage, recorded);
	if (!is_call(event->kind) || !mm || !mm->has_layout || is_of_collapse(event))
		return 0;
	memset(request, 0, sizeof(*request));
	request->common.time = event->row->time;
	request->common.task = event->row->task;
	request->common.mm = event->row->mm;
	recorded->result = hs_result_of_call(fill_request(event, request));
	recorded->reason = "recorded";
	recorded->basis = space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
	return 1;
}

/* --- sections ------------------------------------------------------------------------------------ */

struct section_request {
	struct hs_request common;
	struct hs_section_pair pair;
};
_Static_assert(sizeof(struct section_request) <= HS_REQUEST_BYTES, "a request fits");

static const char NO_SECTION[] = "no section";

int hs_space_ask_section(struct hs_address_space *space, uint64_t time, union hs_request_storage *storage,
			 struct hs_decision *recorded)
{
	struct section_request *request = (struct section_request *)storage;
	struct hs_section_pair *pair = &request->pair;
	const struct hs_section *section = &pair->recorded.section;

	memset(request, 0, sizeof(*request));
	if (!hs_pairing_take(&space->pairing, pair))
		return 0;
	if (!pair->is_recorded)
		section = &pair->predicted;
	request->common = (struct hs_request){
		.point = HS_POINT_SPACE_SECTION, .time = time, .task = pair->task, .mm = pair->recorded.mm,
		.subject = section->start, .subject_end = section->end,
	};
	recorded->result = pair->is_recorded ? hs_section_event_name(section->event) : NO_SECTION;
	recorded->reason = "recorded";
	recorded->basis = pair->is_predicted ? pair->predicted.basis : HS_BASIS_EXACT;
	return 1;
}

/* "munmap: unmap_vmas", …: static. */
static const char *reason_of(const struct hs_section_pair *pair)
{
#define RULE(id, name) [HS_RULE_##id] = OP_NAME ": " name,
	static const char *const reasons[HS_NR_SECTION_OPS][HS_NR_SECTION_RULES] = {
#define OP_NAME "mmap"
		[HS_SECTION_OP_MMAP] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "munmap"
		[HS_SECTION_OP_MUNMAP] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "mremap"
		[HS_SECTION_OP_MREMAP] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "brk"
		[HS_SECTION_OP_BRK] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "mprotect"
		[HS_SECTION_OP_MPROTECT] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "madvise"
		[HS_SECTION_OP_MADVISE] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "mlock"
		[HS_SECTION_OP_MLOCK] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "fork"
		[HS_SECTION_OP_FORK] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "fault"
		[HS_SECTION_OP_FAULT] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "collapse"
		[HS_SECTION_OP_COLLAPSE] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "exit"
		[HS_SECTION_OP_EXIT] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
#define OP_NAME "no event"
		[HS_SECTION_OP_OTHER] = { HS_SECTION_RULES(RULE) },
#undef OP_NAME
	};
#undef RULE

	return reasons[pair->op][pair->is_predicted ? pair->predicted.rule : HS_RULE_UNEXPLAINED];
}

/* What was not recorded may have opened it. */
static bool is_from_unseen(const struct hs_address_space *space, const struct hs_section_pair *pair)
{
	bool may_be_fault = pair->recorded.section.event == HS_SECTION_CLEAR;

	return !pair->is_predicted && (space->are_calls_unseen || (space->are_faults_unseen && may_be_fault));
}

static void decide_section(const struct hs_address_space *space, const struct section_request *request,
			   struct hs_decision *decision)
{
	static const char *const elsewhere[HS_NR_SECTION_EVENTS] = {
		"UNMAP, other range", "CLEAR, other range", "PROTECTION_VMA, other range",
		"PROTECTION_PAGE, other range", "SOFT_DIRTY, other range", "RELEASE, other range",
		"MIGRATE, other range", "EXCLUSIVE, other range",
	};
	const struct hs_section_pair *pair = &request->pair;

	decision->reason = reason_of(pair);
	decision->basis = pair->is_predicted ? pair->predicted.basis : HS_BASIS_EXACT;
	if (is_from_unseen(space, pair))
		decision->result = HS_RESULT_UNKNOWN;
	else if (!pair->is_predicted)
		decision->result = NO_SECTION;
	else if (!pair->is_recorded || hs_section_equals(&pair->recorded.section, &pair->predicted))
		decision->result = hs_section_event_name(pair->predicted.event);
	else
		decision->result = elsewhere[pair->predicted.event];
}

/* --- calls --------------------------------------------------------------------------------------- */

static struct hs_prediction predict(const struct hs_mm *mm, const struct call_request *request)
{
	switch (request->common.point) {
	case HS_POINT_SPACE_MMAP:
		return hs_predict_mmap(mm, &request->mmap);
	case HS_POINT_SPACE_MUNMAP:
		return hs_predict_munmap(mm, &request->munmap);
	case HS_POINT_SPACE_MREMAP:
		return hs_predict_mremap(mm, &request->mremap);
	case HS_POINT_SPACE_MPROTECT:
		return hs_predict_mprotect(mm, &request->mprotect);
	case HS_POINT_SPACE_MADVISE:
		return hs_predict_madvise(mm, &request->madvise);
	default:
		return hs_predict_mlock(mm, &request->mlock);
	}
}

void hs_space_decide(const struct hs_address_space *space, const struct hs_request *common,
		     struct hs_decision *decision)
{
	const struct call_request *request = (const struct call_request *)common;
	const struct hs_mm *mm = hs_address_space_mm(space, common->mm);
	struct hs_prediction prediction = { .is_unknown = true, .is_assumed = true, .reason = "no such address space" };

	if (common->point == HS_POINT_SPACE_SECTION) {
		decide_section(space, (const struct section_request *)common, decision);
		return;
	}
	if (common->point >= HS_POINT_SPACE_SEEN_COUNTERS && common->point <= HS_POINT_SPACE_SEEN_REST) {
		hs_checkpoint_decide(space, common, decision);
		return;
	}
	if (mm)
		prediction = predict(mm, request);
	decision->result = prediction.is_unknown ? HS_RESULT_UNKNOWN : hs_result_of_call(-prediction.error);
	decision->reason = prediction.reason;
	decision->basis = prediction.is_assumed || space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
}
