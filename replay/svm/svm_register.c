// SPDX-License-Identifier: GPL-2.0-only
/* The calls that a process would make: set_attr on the scenario's regions. */
#include "replay/svm/svm_process.h"

#include <string.h>

static uint64_t since_start(const struct svm_process *process)
{
	uint64_t start = process->scenario->start_time;

	return process->now > start ? process->now - start : 0;
}

/* Private anonymous memory, or what a file's name says: shared memory has one, too. */
static bool is_of_kind(const struct svm_process *process, uint32_t region, const struct hs_vma *vma)
{
	const uint64_t *regions;

	if (!process->scenario->regions[region].file[0])
		return vma->kind == HS_VMA_ANON;
	if ((vma->kind != HS_VMA_FILE && vma->kind != HS_VMA_SHMEM) || !vma->file)
		return false;
	regions = hs_hash_map_get(process->files, vma->file);
	return regions && *regions >> region & 1;
}

static bool is_selected(const struct svm_process *process, const struct svm_region *region, uint64_t start,
			uint64_t last)
{
	uint64_t time = since_start(process);

	return !region->is_none && last - start + 1 >= region->least && start >= region->start &&
	       last <= region->last && time >= region->from && time <= region->until;
}

/* First match wins. NULL: no region of this process wants it. */
static const struct svm_region *find_region(const struct svm_process *process, const struct hs_vma *vma,
					    uint64_t start, uint64_t last)
{
	const struct svm_scenario *scenario = process->scenario;

	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (process->belongs >> i & 1 && is_of_kind(process, i, vma) &&
		    is_selected(process, &scenario->regions[i], start, last))
			return &scenario->regions[i];
	return NULL;
}

static void populate_slot(struct svm_process *process, const struct hs_slot *slot, uint64_t first, uint64_t start,
			  uint64_t last)
{
	for (unsigned int bit = 0; bit < HS_BITMAP512_BITS; bit++)
		if (first + bit >= start && first + bit <= last && hs_bitmap512_test(&slot->present, bit))
			hs_svm_touch(process->svm, first + bit, first + bit);
}

/* What the address space knows to be present. */
static void populate(struct svm_process *process, const struct hs_mm *mm, uint64_t start, uint64_t last)
{
	uint64_t end = (last + 1) * HS_PAGE_BYTES;
	uint64_t at = hs_mm_next_slot(mm, start * HS_PAGE_BYTES, end);

	for (; at != UINT64_MAX; at = hs_mm_next_slot(mm, at + HS_SLOT_BYTES, end)) {
		struct hs_slot slot;

		hs_mm_get_slot(mm, at, &slot);
		populate_slot(process, &slot, (at & ~(HS_SLOT_BYTES - 1)) / HS_PAGE_BYTES, start, last);
	}
}

static void set_attributes(struct svm_process *process, uint64_t start, uint64_t last,
			   const struct svm_attr_list *list, const char *reason)
{
	struct svm_attr_list attrs = *list;
	int rc;

	svm_process_begin(process, SVM_DOUBT_SCENARIO, start, last);
	rc = hs_svm_ioctl(process->svm, 0, start * HS_PAGE_BYTES, (last - start + 1) * HS_PAGE_BYTES, attrs.items,
			  attrs.count);
	svm_process_end(process, HS_POINT_SVM_SET_ATTR, start, last, svm_errno_name(rc), reason);
}

void svm_register_mapping(struct svm_process *process, const struct hs_mm *mm, const struct hs_vma *vma)
{
	uint64_t start = vma->node.start / HS_PAGE_BYTES, last = vma->node.end / HS_PAGE_BYTES - 1;
	const struct svm_region *region = start ? find_region(process, vma, start, last) : NULL;
	size_t index;

	if (!region || hs_svm_runs_count(&process->regions, start, last) == last - start + 1)
		return;
	index = (size_t)(region - process->scenario->regions);
	process->totals.registered[index] += last - start + 1;
	svm_process_set(process, &process->regions, start, last, index + 1);
	populate(process, mm, start, last);
	set_attributes(process, start, last, &region->attrs, "a region of the scenario");
}

/* Call by call, from below; a call does not change what is registered. */
void svm_register_call(struct svm_process *process, const struct svm_attr_call *call)
{
	hs_svm_for_each_span(span, &process->regions, 0, HS_SVM_NO_PAGE - 1)
		if (span.value && (call->region == UINT32_MAX || span.value == call->region + 1))
			set_attributes(process, span.start, span.last, &call->attrs, "a later call of the scenario");
}
