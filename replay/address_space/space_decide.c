// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/space_decide.h"

#include <string.h>

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

hs_kind_set hs_space_decision_kinds(void)
{
	hs_kind_set kinds = { { 0 } };

	hs_kind_set_add(&kinds, HS_KIND_mm_mmap);
	hs_kind_set_add(&kinds, HS_KIND_mm_munmap);
	hs_kind_set_add(&kinds, HS_KIND_mm_mremap);
	hs_kind_set_add(&kinds, HS_KIND_mm_mprotect);
	hs_kind_set_add(&kinds, HS_KIND_mm_madvise);
	hs_kind_set_add(&kinds, HS_KIND_mm_mlock);
	return kinds;
}

/* "OK", "EINVAL", …: static. */
static const char *name_of_result(int64_t ret)
{
	const char *name = ret < 0 && ret > -4096 ? strerrorname_np((int)-ret) : "OK";

	return name ? name : "errno";
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

int hs_space_ask(struct hs_address_space *space, const struct hs_event *event, union hs_request_storage *storage,
		 struct hs_decision *recorded)
{
	struct call_request *request = (struct call_request *)storage;
	const struct hs_mm *mm = hs_space_find(space, event->row->mm);

	/* In whatif programs do what they did: their calls are facts. */
	if (space->mode == HS_MODE_WHATIF || !mm || !mm->has_layout || is_of_collapse(event))
		return 0;
	memset(request, 0, sizeof(*request));
	request->common.time = event->row->time;
	request->common.task = event->row->task;
	request->common.mm = event->row->mm;
	recorded->result = name_of_result(fill_request(event, request));
	recorded->reason = "recorded";
	recorded->basis = space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
	return 1;
}

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

	if (mm)
		prediction = predict(mm, request);
	decision->result = prediction.is_unknown ? HS_RESULT_UNKNOWN : name_of_result(-prediction.error);
	decision->reason = prediction.reason;
	decision->basis = prediction.is_assumed || space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
}
