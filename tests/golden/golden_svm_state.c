// SPDX-License-Identifier: GPL-2.0-only
/* The state as JSON, as the golden cases have it after each operation. */
#include "tests/golden/golden_svm.h"

#include <string.h>

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static void set_int(json_t *object, const char *field, uint64_t value)
{
	json_object_set_new(object, field, number(value));
}

static void set_bool(json_t *object, const char *field, bool value)
{
	json_object_set_new(object, field, json_boolean(value));
}

static json_t *bits(uint64_t set)
{
	json_t *array = json_array();

	for (uint32_t bit = 0; bit < HS_SVM_MAX_GPUS; bit++)
		if (set >> bit & 1)
			json_array_append_new(array, json_integer(bit));
	return array;
}

static json_t *bounds(uint64_t start, uint64_t last)
{
	json_t *array = json_array();

	json_array_append_new(array, number(start));
	json_array_append_new(array, number(last));
	return array;
}

/* [gpu, pages in VRAM] for each page array; NULL if there is none. */
static json_t *dma_arrays(const struct hs_svm *svm, const struct svm_range *range)
{
	json_t *array = NULL;

	for (uint32_t gpu = 0; range->dma && gpu < svm->nr_gpus; gpu++) {
		if (!range->dma[gpu].exists)
			continue;
		array = array ? array : json_array();
		json_array_append_new(array, bounds(gpu, hs_svm_runs_count(&range->dma[gpu].vram, range->start,
									   range->last)));
	}
	return array;
}

static json_t *range_fields(const struct hs_svm *svm, const struct svm_range *range)
{
	json_t *object = json_object(), *arrays;

	set_int(object, "start", range->start);
	set_int(object, "last", range->last);
	set_int(object, "preferred_loc", range->preferred_loc);
	set_int(object, "prefetch_loc", range->prefetch_loc);
	set_int(object, "actual_loc", range->actual_loc);
	set_int(object, "granularity", range->granularity);
	set_int(object, "flags", range->flags);
	json_object_set_new(object, "access", bits(range->access));
	json_object_set_new(object, "aip", bits(range->aip));
	set_bool(object, "mapped_to_gpu", range->mapped_to_gpu);
	set_int(object, "invalid", range->invalid);
	set_bool(object, "vram_bo", range->holds_bo);
	set_int(object, "validated_ns", range->validated);
	if (!svm->rules.partial_migration) {
		set_bool(object, "validated_once", range->validated_once);
		return object;
	}
	set_int(object, "vram_pages", range->vram_pages);
	arrays = dma_arrays(svm, range);
	if (arrays)
		json_object_set_new(object, "dma_vram", arrays);
	return object;
}

static json_t *children(const struct hs_svm *svm, const struct svm_range *range)
{
	json_t *array = json_array();

	hs_list_for_each(child, &range->children, struct svm_range, child) {
		json_t *object = range_fields(svm, child);

		json_object_set_new(object, "op", json_string(svm_op_name(child->op)));
		json_array_append_new(array, object);
	}
	return array;
}

/* Places in the list, by range. */
static uint64_t place_of(const struct hs_svm *svm, const struct svm_range *wanted)
{
	uint64_t place = 0;

	hs_list_for_each(range, &svm->list, struct svm_range, list) {
		if (range == wanted)
			return place;
		place++;
	}
	return UINT64_MAX;
}

static json_t *range_json(const struct hs_svm *svm, const struct svm_range *range)
{
	json_t *object = range_fields(svm, range);

	set_int(object, "seq", place_of(svm, range));
	if (range->node.start != range->start || range->node.end != range->last + 1) {
		json_object_set_new(object, "node", bounds(range->node.start, range->node.end - 1));
		json_object_set_new(object, "notifier", bounds(range->node.start, range->node.end - 1));
	}
	if (!hs_list_is_empty(&range->deferred))
		json_object_set_new(object, "deferred", json_string(svm_op_name(range->op)));
	if (!hs_list_is_empty(&range->children))
		json_object_set_new(object, "children", children(svm, range));
	return object;
}

static int by_start(const void *left, const void *right)
{
	const struct svm_range *a = *(const struct svm_range *const *)left;
	const struct svm_range *b = *(const struct svm_range *const *)right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static json_t *ranges_json(const struct hs_svm *svm)
{
	HS_VEC(struct svm_range *) sorted = { 0 };
	json_t *array = json_array();

	hs_list_for_each(range, &svm->list, struct svm_range, list)
		if (!hs_vec_push(&sorted, range))
			break;
	if (sorted.count)
		qsort(sorted.items, sorted.count, sizeof(sorted.items[0]), by_start);
	hs_vec_for_each(range, &sorted)
		json_array_append_new(array, range_json(svm, *range));
	hs_vec_deinit(&sorted);
	return array;
}

static json_t *deferred_json(const struct hs_svm *svm)
{
	json_t *array = json_array();

	hs_list_for_each(range, &svm->deferred, struct svm_range, deferred)
		json_array_append_new(array, json_pack("[I,I,s]", (json_int_t)range->start, (json_int_t)range->last,
						       svm_op_name(range->op)));
	return array;
}

static void set_gpu_counters(json_t *object, const struct hs_svm *svm)
{
	json_t *faults = json_array(), *in = json_array(), *out = json_array(), *ts = json_array();

	for (uint32_t gpu = 0; gpu < svm->nr_gpus; gpu++) {
		json_array_append_new(faults, number(svm->gpus[gpu].faults));
		json_array_append_new(in, number(svm->gpus[gpu].page_in));
		json_array_append_new(out, number(svm->gpus[gpu].page_out));
		json_array_append_new(ts, number(svm->gpus[gpu].checkpoint_ts));
	}
	json_object_set_new(object, "faults", faults);
	json_object_set_new(object, "page_in", in);
	json_object_set_new(object, "page_out", out);
	json_object_set_new(object, "checkpoint_ts", ts);
}

static json_t *process_json(const struct hs_svm *svm)
{
	json_t *object = json_object();

	set_bool(object, "xnack", svm->xnack);
	set_int(object, "evicted_ranges", svm->evicted_ranges);
	set_bool(object, "restore_pending", svm->restore_pending);
	set_bool(object, "deferred_pending", svm->deferred_pending);
	json_object_set_new(object, "deferred", deferred_json(svm));
	set_int(object, "drain", svm->drain_pagefaults);
	set_int(object, "reserved_pages", svm->reserved_pages);
	set_gpu_counters(object, svm);
	return object;
}

/* [start, last, adapter] of pages in VRAM, cut at the bounds of VMAs. */
static json_t *vram_json(const struct hs_svm *svm)
{
	json_t *array = json_array();

	hs_svm_for_each_span(vma, &svm->vmas, 0, HS_SVM_NO_PAGE - 1) {
		json_t *newest = NULL;

		if (!vma.value)
			continue;
		hs_svm_for_each_span(span, &svm->pages, vma.start, vma.last) {
			const struct svm_bo *bo = svm_page_bo(span.value);
			uint64_t device = bo ? svm->gpus[bo->gpu].setup.device : 0;

			if (bo && newest && json_integer_value(json_array_get(newest, 2)) == (json_int_t)device &&
			    json_integer_value(json_array_get(newest, 1)) + 1 == (json_int_t)span.start) {
				json_array_set_new(newest, 1, number(span.last));
			} else if (bo) {
				newest = bounds(span.start, span.last);
				json_array_append_new(newest, number(device));
				json_array_append_new(array, newest);
			}
		}
	}
	return array;
}

static int compare_new(struct golden_failure *failure, const char *what, const json_t *expected, json_t *got)
{
	int differs = golden_compare(failure, what, expected, got);

	json_decref(got);
	return differs;
}

int golden_svm_compare_setup(const struct golden_svm *run, const json_t *setup, struct golden_failure *failure)
{
	const struct hs_svm *svm = run->svm;

	return compare_new(failure, "setup.supported", json_object_get(setup, "supported"), bits(svm->supported)) ||
	       compare_new(failure, "setup.granularity_in_use", json_object_get(setup, "granularity_in_use"),
			   number(svm->default_granularity));
}

/* Range by range, so that the difference stays readable. */
static int compare_ranges(const struct golden_svm *run, const json_t *op, struct golden_failure *failure)
{
	const json_t *expected = json_object_get(op, "ranges");
	json_t *got = ranges_json(run->svm);
	size_t count = json_array_size(expected) > json_array_size(got) ? json_array_size(expected) :
		       json_array_size(got);
	int differs = 0;

	for (size_t i = 0; i < count && !differs; i++)
		differs = golden_compare(failure, "range", json_array_get(expected, i), json_array_get(got, i));
	json_decref(got);
	return differs;
}

int golden_svm_compare_state(const struct golden_svm *run, const json_t *op, struct golden_failure *failure)
{
	return compare_ranges(run, op, failure) ||
	       compare_new(failure, "proc", json_object_get(op, "proc"), process_json(run->svm)) ||
	       compare_new(failure, "vram", json_object_get(op, "vram"), vram_json(run->svm));
}
