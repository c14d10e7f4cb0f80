// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/checkpoint.h"

#include <string.h>

#define MATCH "MATCH"

static void differ(struct hs_decision *decision, const char *result, const char *reason)
{
	decision->result = result;
	decision->reason = reason;
}

/* --- counters ------------------------------------------------------------------------------------ */

static void compare_counters(const struct hs_mm *mm, const struct hs_snap_mm *row, struct hs_decision *decision)
{
	const struct hs_mm_counters *c = &mm->counters;
	uint64_t peak = c->hiwater_vm > c->total_vm ? c->hiwater_vm : c->total_vm;

	decision->cost[0] = row->rss_anon + row->rss_file + row->rss_shmem;
	decision->cost[1] = c->rss_anon + c->rss_file + c->rss_shmem;
	if (c->total_vm != row->total_vm)
		differ(decision, "TOTAL_VM", "VmSize differs");
	else if (c->locked_vm != row->locked_vm)
		differ(decision, "LOCKED_VM", "VmLck differs");
	else if (peak != row->hiwater_vm)
		differ(decision, "HIWATER_VM", "VmPeak differs");
}

/* --- mappings ------------------------------------------------------------------------------------ */

enum { ACCESS = HS_VMA_RD | HS_VMA_WR | HS_VMA_EX };

static void compare_vma(const struct hs_mm *mm, const struct hs_snap_vma *row, struct hs_decision *decision)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, row->start, row->end);
	uint64_t unlike;

	if (vma && vma->is_assumed)
		decision->basis = HS_BASIS_ASSUMED;
	if (!vma || vma->node.start != row->start || vma->node.end != row->end) {
		differ(decision, "RANGE", vma ? "the bounds differ" : "nothing is mapped there");
		return;
	}
	unlike = (vma->flags ^ (row->vm_flags ? row->vm_flags : hs_flags_of_prot(row->prot))) & ~(uint64_t)HS_VMA_UNKEPT;
	if (unlike & ACCESS)
		differ(decision, "PROTECTION", "access rights differ");
	else if (unlike && row->vm_flags)
		differ(decision, "FLAGS", "other flags differ");
}

/* --- pages --------------------------------------------------------------------------------------- */

static void take_bitmap(const struct hs_bytes *blob, bool is_all, struct hs_bitmap512 *map)
{
	memset(map, is_all ? 0xff : 0, sizeof(*map));
	if (blob->length == sizeof(*map))
		memcpy(map, blob->data, sizeof(*map));
}

/* Pages that may have been touched unseen since they were known, and those outside mappings. */
static void add_unseen(const struct hs_mm *mm, uint64_t slot, const struct hs_slot_record *record,
		       struct hs_bitmap512 *unknown, struct hs_bitmap512 *mapped)
{
	uint32_t now = mm->space->loss_generation;
	bool is_known = record && record->generation == now && !mm->space->are_faults_unseen;
	const struct hs_vma *vma = hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES);

	memset(mapped, 0, sizeof(*mapped));
	for (; vma && vma->node.start < slot + HS_SLOT_BYTES; vma = hs_vma_next_in(vma)) {
		unsigned int from = vma->node.start > slot ? (unsigned int)((vma->node.start - slot) >> HS_PAGE_SHIFT) : 0;
		unsigned int to = vma->node.end - slot < HS_SLOT_BYTES ?
				  (unsigned int)((vma->node.end - slot) >> HS_PAGE_SHIFT) : HS_PAGES_PER_SLOT;

		hs_bitmap512_set_in(mapped, from, to);
		if (!is_known && (mm->space->are_faults_unseen || vma->generation_before != now))
			hs_bitmap512_set_in(unknown, from, to);
	}
}

struct page_differences {
	struct hs_bitmap512 missing, extra, swap, zero, file;
	unsigned int nr_recorded, nr_unknown;
};

static void find_differences(const struct hs_mm *mm, const struct hs_snap_pages *row, struct page_differences *found)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->put_aside, &mm->space->pages, row->address);
	struct hs_bitmap512 present, swap, zero, file, mapped, unknown;
	struct hs_planes planes = { 0 };

	if (record)
		hs_record_unpack(&mm->space->pages, record, &planes);
	unknown = planes.plane[HS_PLANE_UNKNOWN];
	add_unseen(mm, row->address, record, &unknown, &mapped);
	take_bitmap(&row->present, row->huge && !row->present.length, &present);
	take_bitmap(&row->swap, false, &swap);
	take_bitmap(&row->zero, false, &zero);
	take_bitmap(&row->file, false, &file);
	for (int i = 0; i < HS_BITMAP512_WORDS; i++) {
		uint64_t own = planes.plane[HS_PLANE_PRESENT].word[i], both = own & present.word[i];
		uint64_t known = mapped.word[i] & ~(unknown.word[i] & ~own);

		found->missing.word[i] = present.word[i] & ~own & known;
		found->extra.word[i] = own & ~present.word[i] & known;
		found->swap.word[i] = (swap.word[i] ^ planes.plane[HS_PLANE_SWAP].word[i]) & known & ~own;
		/* Only newer interfaces tell zero pages apart. */
		found->zero.word[i] = row->zero.length ? (zero.word[i] ^ planes.plane[HS_PLANE_ZERO].word[i]) & both : 0;
		found->file.word[i] = (file.word[i] ^ planes.plane[HS_PLANE_FILE].word[i]) & both;
		unknown.word[i] &= mapped.word[i] & ~own;
	}
	found->nr_recorded = hs_bitmap512_count(&present);
	found->nr_unknown = hs_bitmap512_count(&unknown);
}

static bool differs_in_size(const struct hs_mm *mm, const struct hs_snap_pages *row)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->put_aside, &mm->space->pages, row->address);

	if (!record || record->kind == HS_SLOT_MAYBE_HUGE)
		return false;
	return row->huge != (record->kind >= HS_SLOT_HUGE_ANON && record->kind <= HS_SLOT_HUGE_ZERO);
}

static void compare_pages(const struct hs_mm *mm, const struct hs_snap_pages *row, struct hs_decision *decision)
{
	struct page_differences found;

	find_differences(mm, row, &found);
	decision->cost[0] = found.nr_recorded;
	decision->cost[1] = hs_bitmap512_count(&found.missing);
	decision->cost[2] = hs_bitmap512_count(&found.extra);
	decision->cost[3] = found.nr_unknown;
	if (found.nr_unknown && decision->basis == HS_BASIS_EXACT)
		decision->basis = HS_BASIS_BOUNDED;
	if (decision->cost[1])
		differ(decision, "MISSING", "pages are present that are not known");
	else if (decision->cost[2])
		differ(decision, "EXTRA", "known pages are absent");
	else if (!hs_bitmap512_is_empty(&found.swap))
		differ(decision, "SWAP", "swapped-out pages differ");
	else if (!hs_bitmap512_is_empty(&found.zero))
		differ(decision, "ZERO", "pages of zeros differ");
	else if (!hs_bitmap512_is_empty(&found.file))
		differ(decision, "FILE", "pages of files differ");
	else if (differs_in_size(mm, row))
		differ(decision, "HUGE", row->huge ? "a huge page is not known" : "a known huge page is split");
}

/* --- what no row has listed ---------------------------------------------------------------------- */

static uint64_t count_stale(const struct hs_mm *mm)
{
	uint64_t nr = 0;

	hs_range_for_each(node, &mm->vmas)
		nr += hs_container_of(node, const struct hs_vma, node)->is_stale;
	return nr;
}

static void compare_rest(const struct hs_address_space *space, struct hs_decision *decision)
{
	struct hs_page_sums sums = { 0 };

	for (const struct hs_mm *mm = space->first; mm; mm = mm->next) {
		if (!mm->is_in_checkpoint)
			continue;
		decision->cost[0]++;
		decision->cost[1] += count_stale(mm);
		hs_slot_table_sum(&mm->put_aside, &space->pages, 0, ~(HS_PAGE_BYTES - 1), &sums);
	}
	decision->cost[2] = sums.present;
	if (decision->cost[1])
		differ(decision, "EXTRA_VMAS", "known mappings are not there");
	else if (decision->cost[2])
		differ(decision, "EXTRA_PAGES", "known pages are in ranges without any");
}

/* --- decisions ----------------------------------------------------------------------------------- */

static bool has_checkpoint(const struct hs_address_space *space)
{
	for (const struct hs_mm *mm = space->first; mm; mm = mm->next)
		if (mm->is_in_checkpoint)
			return true;
	return false;
}

static bool is_due(const struct hs_address_space *space, const struct hs_event *event)
{
	const struct hs_mm *mm = hs_address_space_mm(space, event->row->mm);

	switch (event->kind) {
	case HS_KIND_snap_mm:
		return mm && mm->has_layout;
	case HS_KIND_snap_vma:
		return mm && mm->is_in_checkpoint && event->snap_vma->start < 1ull << 63;
	case HS_KIND_snap_pages:
		return mm && mm->is_in_checkpoint && event->snap_pages->address % HS_SLOT_BYTES == 0;
	case HS_KIND_snap_end:
		return has_checkpoint(space);
	default:
		return false;
	}
}

/* A row is its own request; its blobs are borrowed from the event. */
struct seen_request {
	struct hs_request common;
	union {
		struct hs_snap_mm mm;
		struct hs_snap_vma vma;
		struct hs_snap_pages pages;
	};
};
_Static_assert(sizeof(struct seen_request) <= HS_REQUEST_BYTES, "a request fits");

static void fill_request(const struct hs_event *event, struct seen_request *request)
{
	struct hs_request *common = &request->common;

	switch (event->kind) {
	case HS_KIND_snap_mm:
		request->mm = *event->snap_mm;
		common->point = HS_POINT_SPACE_SEEN_COUNTERS;
		break;
	case HS_KIND_snap_vma:
		request->vma = *event->snap_vma;
		common->point = HS_POINT_SPACE_SEEN_VMA;
		common->subject = event->snap_vma->start;
		common->subject_end = event->snap_vma->end;
		break;
	case HS_KIND_snap_pages:
		request->pages = *event->snap_pages;
		common->point = HS_POINT_SPACE_SEEN_PAGES;
		common->subject = event->snap_pages->address;
		common->subject_end = common->subject + HS_SLOT_BYTES;
		break;
	default:
		common->point = HS_POINT_SPACE_SEEN_REST;
		break;
	}
}

int hs_checkpoint_ask(const struct hs_address_space *space, const struct hs_event *event,
		      union hs_request_storage *storage, struct hs_decision *recorded)
{
	struct seen_request *request = (struct seen_request *)storage;

	if (!is_due(space, event))
		return 0;
	memset(request, 0, sizeof(*request));
	request->common.time = event->row->time;
	request->common.task = event->row->task;
	request->common.mm = event->row->mm;
	fill_request(event, request);
	differ(recorded, MATCH, "recorded");
	recorded->basis = space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
	return 1;
}

void hs_checkpoint_decide(const struct hs_address_space *space, const struct hs_request *common,
			  struct hs_decision *decision)
{
	const struct seen_request *request = (const struct seen_request *)common;
	const struct hs_mm *mm = hs_address_space_mm(space, common->mm);

	differ(decision, MATCH, "nothing differs");
	decision->basis = space->layouts_are_assumed ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;
	switch (common->point) {
	case HS_POINT_SPACE_SEEN_COUNTERS:
		compare_counters(mm, &request->mm, decision);
		break;
	case HS_POINT_SPACE_SEEN_VMA:
		compare_vma(mm, &request->vma, decision);
		break;
	case HS_POINT_SPACE_SEEN_PAGES:
		compare_pages(mm, &request->pages, decision);
		break;
	default:
		compare_rest(space, decision);
		break;
	}
}

/* --- the state ----------------------------------------------------------------------------------- */

void hs_checkpoint_begin(struct hs_mm *mm)
{
	if (!mm->has_layout || mm->is_in_checkpoint)
		return;
	mm->put_aside = mm->slots;
	mm->slots = (struct hs_slot_table){ 0 };
	mm->is_in_checkpoint = true;
}

static bool says_the_same(const struct hs_planes *known, const struct hs_planes *seen)
{
	static const enum hs_plane shown[] = { HS_PLANE_PRESENT, HS_PLANE_SWAP, HS_PLANE_FILE };

	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		if (memcmp(&known->plane[shown[i]], &seen->plane[shown[i]], sizeof(seen->plane[0])) != 0)
			return false;
	return hs_bitmap512_is_empty(&known->plane[HS_PLANE_UNKNOWN]) &&
	       (hs_bitmap512_is_empty(&seen->plane[HS_PLANE_ZERO]) ||
		memcmp(&known->plane[HS_PLANE_ZERO], &seen->plane[HS_PLANE_ZERO], sizeof(seen->plane[0])) == 0);
}

bool hs_checkpoint_keep(struct hs_mm *mm, uint64_t slot, const struct hs_planes *planes, enum hs_slot_kind kind)
{
	struct hs_page_store *store = &mm->space->pages;
	struct hs_slot_record *record = hs_slot_table_find(&mm->put_aside, store, slot);
	struct hs_planes known;
	bool is_kept = false;

	if (!record)
		return false;
	hs_record_unpack(store, record, &known);
	if (record->kind == kind && record->generation == mm->space->loss_generation && says_the_same(&known, planes))
		is_kept = hs_slot_table_share(&mm->slots, &mm->put_aside, store, slot, slot + HS_SLOT_BYTES);
	hs_slot_table_drop(&mm->put_aside, store, slot, slot + HS_SLOT_BYTES, HS_DROP_ALL);
	return is_kept;
}

void hs_checkpoint_end(struct hs_mm *mm)
{
	struct hs_page_store *store = &mm->space->pages;
	bool is_new;

	for (uint64_t at = hs_slot_table_next(&mm->put_aside, 0, UINT64_MAX); at != UINT64_MAX;
	     at = hs_slot_table_next(&mm->put_aside, at + HS_SLOT_BYTES, UINT64_MAX)) {
		struct hs_slot_record *record;

		if (!hs_mm_first_overlap(mm, at, at + HS_SLOT_BYTES))
			continue;
		record = hs_slot_table_own(&mm->slots, store, at, &is_new);
		if (record && is_new) {
			record->kind = HS_SLOT_TABLE;
			record->generation = mm->space->loss_generation;
		}
	}
	hs_slot_table_deinit(&mm->put_aside, store);
	mm->put_aside = (struct hs_slot_table){ 0 };
	mm->is_in_checkpoint = false;
}
