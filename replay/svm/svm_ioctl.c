// SPDX-License-Identifier: GPL-2.0-only
/* kfd_svm.c svm_ioctl(), svm_range_set_attr() and svm_range_switch_xnack_reserve_mem() */
#include "replay/svm/svm_state.h"

#include <errno.h>

enum { OP_SET, OP_GET };

/* kfd_svm.c svm_range_trigger_migration(): the prefetch location is sticky. *migrated: it was done. */
static int prefetch(struct hs_svm *svm, struct svm_range *range, bool *migrated)
{
	uint32_t best = svm_best_prefetch(svm, range);
	int rc;

	*migrated = false;
	if (best == HS_SVM_UNDEFINED || (!best && !range->actual_loc) ||
	    (best == range->actual_loc && !svm->rules.prefetch_same_gpu))
		return 0;
	if (!best) {
		rc = svm_ask_to_ram(svm, range, range->start, range->last, HS_SVM_TRIGGER_PREFETCH);
		*migrated = !rc;
		return rc;
	}
	rc = svm_ask_to_vram(svm, range, best, range->start, range->last, HS_SVM_TRIGGER_PREFETCH);
	*migrated = !rc;
	return svm->rules.prefetch_gpu_error ? rc : 0;
}

static int map_whole(struct hs_svm *svm, struct svm_range *range, bool flush_tlb)
{
	struct svm_map_request request = { .range = range, .start = range->start, .last = range->last,
					   .gpu = SVM_ALL_GPUS, .flush_tlb = flush_tlb };

	return svm_validate_and_map(svm, &request);
}

static int update_range(struct hs_svm *svm, struct svm_range *range, bool update_mapping)
{
	bool migrated, restore_will_map;
	int rc = prefetch(svm, range, &migrated);

	if (rc)
		return rc;
	restore_will_map = !svm->xnack || range->flags & HS_SVM_FLAG_ALWAYS_MAPPED;
	if (migrated && restore_will_map && range->mapped_to_gpu)
		return 0;
	if (!migrated && !update_mapping)
		return 0;
	return map_whole(svm, range, !migrated && range->mapped_to_gpu);
}

/* Migrates and maps. The last error is the answer; nothing is rolled back. */
static int update_ranges(struct hs_svm *svm, struct svm_add_lists *lists, bool update_mapping)
{
	int answer = 0;

	hs_list_for_each(range, &lists->update, struct svm_range, update) {
		int rc = update_range(svm, range, update_mapping);

		answer = rc ? rc : answer;
		if (rc && svm->rules.set_stops)
			return rc;
	}
	hs_list_for_each(range, &lists->remap, struct svm_range, update) {
		int rc = map_whole(svm, range, range->mapped_to_gpu);

		answer = rc ? rc : answer;
	}
	return answer;
}

static bool apply_all(struct hs_svm *svm, struct svm_add_lists *lists, const struct hs_svm_attr *attrs,
		      uint32_t nr_attrs)
{
	bool update_mapping = !svm->xnack && !hs_list_is_empty(&lists->remap);

	hs_list_for_each_safe(range, &lists->insert, struct svm_range, list)
		svm_range_add(svm, range);
	hs_list_for_each(range, &lists->update, struct svm_range, update)
		update_mapping |= svm_apply_attrs(svm, range, attrs, nr_attrs);
	hs_list_for_each_safe(range, &lists->remove, struct svm_range, update) {
		hs_link_remove(&range->update);
		svm_range_unlink(svm, range);
		svm_range_free(svm, range, false);
	}
	return update_mapping;
}

static void empty_lists(struct svm_add_lists *lists)
{
	hs_list_for_each_safe(updated, &lists->update, struct svm_range, update)
		hs_link_remove(&updated->update);
	hs_list_for_each_safe(remapped, &lists->remap, struct svm_range, update)
		hs_link_remove(&remapped->update);
}

int svm_set_attr(struct hs_svm *svm, uint64_t start, uint64_t pages, const struct hs_svm_attr *attrs,
		 uint32_t nr_attrs)
{
	struct svm_add_lists lists;
	bool update_mapping;
	int rc = svm_check_attrs(svm, attrs, nr_attrs);

	if (rc)
		return rc;
	svm_flush_deferred(svm);
	rc = svm_check_range(svm, start, pages);
	if (rc)
		return rc == SVM_NOTHING ? 0 : rc;
	rc = svm_add_ranges(svm, start, start + pages - 1, attrs, nr_attrs, &lists);
	if (rc)
		return rc;
	update_mapping = apply_all(svm, &lists, attrs, nr_attrs);
	rc = update_ranges(svm, &lists, update_mapping);
	empty_lists(&lists);
	return rc;
}

int svm_get_attr(struct hs_svm *svm, uint64_t start, uint64_t pages, struct hs_svm_attr *attrs, uint32_t nr_attrs)
{
	int rc;

	svm_flush_deferred(svm);
	rc = svm_check_range(svm, start, pages);
	if (rc && rc != SVM_NOTHING)
		return rc;
	return svm_get_attrs(svm, start, rc ? start - 1 : start + pages - 1, attrs, nr_attrs);
}

int hs_svm_ioctl(struct hs_svm *svm, uint32_t op, uint64_t start, uint64_t size, struct hs_svm_attr *attrs,
		 uint32_t nr_attrs)
{
	int rc;

	if (start % 4096 || size % 4096 || !start || !size || op > OP_GET)
		return -EINVAL;
	svm_enter(svm);
	rc = op == OP_SET ? svm_set_attr(svm, start / 4096, size / 4096, attrs, nr_attrs) :
	     svm_get_attr(svm, start / 4096, size / 4096, attrs, nr_attrs);
	svm_leave(svm);
	return rc;
}

/* One range or child changes its accounting; *reserved counts what to give back on failure. */
static int switch_range(struct hs_svm *svm, const struct svm_range *range, bool xnack, uint64_t *reserved)
{
	int rc;

	if (xnack) {
		svm_unreserve_system(svm, svm_range_pages(range));
		return 0;
	}
	rc = svm_reserve_system(svm, svm_range_pages(range));
	*reserved += rc ? 0 : svm_range_pages(range);
	return rc;
}

static int switch_ranges(struct hs_svm *svm, bool xnack, uint64_t *reserved)
{
	hs_list_for_each(range, &svm->list, struct svm_range, list) {
		int rc = 0;

		hs_list_for_each(child, &range->children, struct svm_range, child)
			if (!rc)
				rc = switch_range(svm, child, xnack, reserved);
		if (!rc)
			rc = switch_range(svm, range, xnack, reserved);
		if (rc)
			return rc;
	}
	return 0;
}

/* Attributes, access bits among them, stay as they are. */
int hs_svm_set_xnack(struct hs_svm *svm, bool xnack)
{
	uint64_t reserved = 0;
	int rc;

	if (svm->xnack == xnack)
		return 0;
	rc = switch_ranges(svm, xnack, &reserved);
	if (rc)
		svm_unreserve_system(svm, reserved);
	else
		svm->xnack = xnack;
	return rc;
}
