// SPDX-License-Identifier: GPL-2.0-only
/* Attributes: checked, compared, applied, read. */
#include "replay/svm/svm_state.h"

#include <errno.h>

static bool names_gpu(const struct hs_svm_attr *attr)
{
	switch (attr->type) {
	case HS_SVM_PREFERRED_LOC:
		return attr->value != 0 && attr->value != HS_SVM_UNDEFINED;
	case HS_SVM_PREFETCH_LOC:
		return attr->value != 0;
	case HS_SVM_ACCESS:
	case HS_SVM_ACCESS_IN_PLACE:
	case HS_SVM_NO_ACCESS:
		return true;
	default:
		return false;
	}
}

/* kfd_svm.c svm_range_check_attr() */
int svm_check_attrs(const struct hs_svm *svm, const struct hs_svm_attr *attrs, uint32_t nr_attrs)
{
	for (uint32_t i = 0; i < nr_attrs; i++) {
		int gpu;

		if (attrs[i].type > HS_SVM_GRANULARITY)
			return -EINVAL;
		if (!names_gpu(&attrs[i]))
			continue;
		gpu = svm_gpu_by_id(svm, attrs[i].value);
		if (gpu < 0 || !(svm->supported >> gpu & 1))
			return -EINVAL;
	}
	return 0;
}

static uint64_t gpu_bit(const struct hs_svm *svm, uint32_t id)
{
	int gpu = svm_gpu_by_id(svm, id);

	return gpu < 0 ? 0 : 1ull << gpu;
}

static bool is_same_attr(const struct hs_svm *svm, const struct svm_range *range, const struct hs_svm_attr *attr)
{
	switch ((enum hs_svm_attr_type)attr->type) {
	case HS_SVM_PREFERRED_LOC:
		return range->preferred_loc == attr->value;
	case HS_SVM_PREFETCH_LOC:
		return false;	/* asked for again, it is done again */
	case HS_SVM_ACCESS:
		return range->access & gpu_bit(svm, attr->value);
	case HS_SVM_ACCESS_IN_PLACE:
		return range->aip & gpu_bit(svm, attr->value);
	case HS_SVM_NO_ACCESS:
		return !((range->access | range->aip) & gpu_bit(svm, attr->value));
	case HS_SVM_SET_FLAGS:
		return (range->flags & attr->value) == attr->value;
	case HS_SVM_CLR_FLAGS:
		return !(range->flags & attr->value);
	case HS_SVM_GRANULARITY:
		break;
	}
	return range->granularity == attr->value;
}

/* kfd_svm.c svm_range_is_same_attrs() */
bool svm_is_same_attrs(const struct hs_svm *svm, const struct svm_range *range, const struct hs_svm_attr *attrs,
		       uint32_t nr_attrs)
{
	for (uint32_t i = 0; i < nr_attrs; i++)
		if (!is_same_attr(svm, range, &attrs[i]))
			return false;
	return true;
}

static void apply_access(struct hs_svm *svm, struct svm_range *range, const struct hs_svm_attr *attr)
{
	uint64_t bit = gpu_bit(svm, attr->value), old = range->access | range->aip;

	range->access &= ~bit;
	range->aip &= ~bit;
	if (attr->type == HS_SVM_ACCESS)
		range->access |= bit;
	else if (attr->type == HS_SVM_ACCESS_IN_PLACE)
		range->aip |= bit;
	else if (range->mapped_to_gpu && old & bit)
		svm_hazard(svm, HS_SVM_HAZARD_LOST_ACCESS, range->start, range->last);
}

static bool apply_attr(struct hs_svm *svm, struct svm_range *range, const struct hs_svm_attr *attr)
{
	switch ((enum hs_svm_attr_type)attr->type) {
	case HS_SVM_PREFERRED_LOC:
		range->preferred_loc = attr->value;
		return false;
	case HS_SVM_PREFETCH_LOC:
		range->prefetch_loc = attr->value;
		return false;
	case HS_SVM_ACCESS:
	case HS_SVM_ACCESS_IN_PLACE:
	case HS_SVM_NO_ACCESS:
		apply_access(svm, range, attr);
		return !svm->xnack || svm->rules.access_updates_map;
	case HS_SVM_SET_FLAGS:
		range->flags |= attr->value;
		return true;
	case HS_SVM_CLR_FLAGS:
		range->flags &= ~attr->value;
		return true;
	case HS_SVM_GRANULARITY:
		break;
	}
	range->granularity = (uint8_t)svm_min(attr->value, SVM_GRANULARITY_MAX);
	return false;
}

/* kfd_svm.c svm_range_apply_attrs() */
bool svm_apply_attrs(struct hs_svm *svm, struct svm_range *range, const struct hs_svm_attr *attrs,
		     uint32_t nr_attrs)
{
	bool update_mapping = false;

	for (uint32_t i = 0; i < nr_attrs; i++)
		update_mapping |= apply_attr(svm, range, &attrs[i]);
	return update_mapping;
}

/* What all ranges of an interval have in common. */
struct common {
	uint32_t preferred_loc, prefetch_loc;
	bool preferred_differs, prefetch_differs;
	uint64_t access, aip;
	uint32_t flags_and, flags_or;
	uint32_t granularity;
};

static void meet_location(uint32_t *common, bool *differs, uint32_t location)
{
	if (*differs)
		return;
	*differs = location == HS_SVM_UNDEFINED || (*common != HS_SVM_UNDEFINED && *common != location);
	*common = *differs ? HS_SVM_UNDEFINED : location;
}

static struct common collect_common(const struct hs_svm *svm, uint64_t start, uint64_t last)
{
	struct common common = {
		.preferred_loc = HS_SVM_UNDEFINED, .prefetch_loc = HS_SVM_UNDEFINED,
		.access = svm->supported, .aip = svm->supported, .flags_and = UINT32_MAX, .granularity = UINT8_MAX,
	};

	hs_range_for_each_overlap(node, &svm->tree, start, last + 1) {
		const struct svm_range *range = svm_range_of(node);

		meet_location(&common.preferred_loc, &common.preferred_differs, range->preferred_loc);
		meet_location(&common.prefetch_loc, &common.prefetch_differs, range->prefetch_loc);
		common.access &= range->access;
		common.aip &= range->aip;
		common.flags_and &= range->flags;
		common.flags_or |= range->flags;
		common.granularity = (uint32_t)svm_min(common.granularity, range->granularity);
	}
	return common;
}

static struct common default_common(const struct hs_svm *svm)
{
	return (struct common){
		.preferred_loc = HS_SVM_UNDEFINED, .prefetch_loc = HS_SVM_UNDEFINED,
		.access = svm->xnack ? svm->supported : 0,
		.flags_and = HS_SVM_FLAG_HOST_ACCESS | HS_SVM_FLAG_COHERENT,
		.flags_or = HS_SVM_FLAG_HOST_ACCESS | HS_SVM_FLAG_COHERENT,
		.granularity = svm->default_granularity,
	};
}

static int fill_access(const struct hs_svm *svm, const struct common *common, struct hs_svm_attr *attr)
{
	uint64_t bit = gpu_bit(svm, attr->value);

	if (!bit)
		return -EINVAL;
	attr->type = common->access & bit ? HS_SVM_ACCESS : common->aip & bit ? HS_SVM_ACCESS_IN_PLACE :
		     HS_SVM_NO_ACCESS;
	return 0;
}

static int fill_attr(const struct hs_svm *svm, const struct common *common, struct hs_svm_attr *attr)
{
	switch ((enum hs_svm_attr_type)attr->type) {
	case HS_SVM_PREFERRED_LOC:
		attr->value = common->preferred_loc;
		return 0;
	case HS_SVM_PREFETCH_LOC:
		attr->value = common->prefetch_loc;
		return 0;
	case HS_SVM_ACCESS:
		return fill_access(svm, common, attr);
	case HS_SVM_SET_FLAGS:
		attr->value = common->flags_and;
		return 0;
	case HS_SVM_CLR_FLAGS:
		attr->value = ~common->flags_or;
		return 0;
	case HS_SVM_GRANULARITY:
	case HS_SVM_ACCESS_IN_PLACE:	/* refused before */
	case HS_SVM_NO_ACCESS:
		break;
	}
	attr->value = common->granularity;
	return 0;
}

/* kfd_svm.c svm_range_get_attr(), behind its checks of the range: gaps between ranges do not count. */
int svm_get_attrs(struct hs_svm *svm, uint64_t start, uint64_t last, struct hs_svm_attr *attrs, uint32_t nr_attrs)
{
	struct common common;

	for (uint32_t i = 0; i < nr_attrs; i++)
		if (attrs[i].type > HS_SVM_GRANULARITY || attrs[i].type == HS_SVM_ACCESS_IN_PLACE ||
		    attrs[i].type == HS_SVM_NO_ACCESS)
			return -EINVAL;
	common = hs_range_tree_overlap(&svm->tree, start, last + 1) ? collect_common(svm, start, last) :
		 default_common(svm);
	for (uint32_t i = 0; i < nr_attrs; i++) {
		int rc = fill_attr(svm, &common, &attrs[i]);

		if (rc)
			return rc;
	}
	return 0;
}
