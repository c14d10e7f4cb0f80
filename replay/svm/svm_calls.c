// SPDX-License-Identifier: GPL-2.0-only
/* Calls around the ranges: the ioctls' first checks, buffers of others, checkpoint and restore. */
#include "replay/svm/svm_state.h"

#include <errno.h>

/* kfd_chardev.c kfd_ioctl() and kfd_ioctl_svm() */
int hs_svm_call(struct hs_svm *svm, const struct hs_svm_call *call)
{
	if (call->attr_bytes / sizeof(struct hs_svm_attr) < call->nr_attrs)
		return -EINVAL;
	if (call->is_secondary && svm->rules.secondary_refused)
		return -EOPNOTSUPP;
	return hs_svm_ioctl(svm, call->op, call->start, call->size, call->attrs, call->nr_attrs);
}

/* kfd_chardev.c kfd_ioctl_set_xnack_mode(): queues are looked at even if nothing would change. */
int hs_svm_xnack_call(struct hs_svm *svm, int mode, bool has_queues, bool is_possible)
{
	if (mode < 0)
		return svm->xnack;
	if (has_queues)
		return -EBUSY;
	if (svm->xnack == (mode != 0))
		return 0;
	return mode && !is_possible ? -EPERM : hs_svm_set_xnack(svm, mode);
}

/* kfd_chardev.c kfd_ioctl_alloc_memory_of_gpu() */
int hs_svm_check_alloc(struct hs_svm *svm, const struct hs_svm_alloc *alloc)
{
	bool is_used;

	svm_enter(svm);
	svm_flush_deferred(svm);
	is_used = alloc->va != HS_SVM_NO_PAGE &&
		  hs_range_tree_overlap(&svm->tree, alloc->va, alloc->va + alloc->pages);
	if (alloc->is_userptr && svm->rules.userptr_checked)
		is_used |= hs_range_tree_overlap(&svm->tree, alloc->cpu, alloc->cpu + alloc->pages) != NULL;
	svm_leave(svm);
	return is_used ? -EADDRINUSE : 0;
}

/* --- kfd_svm.c kfd_criu_checkpoint_svm(), kfd_criu_restore_svm(), kfd_criu_resume_svm() --- */

enum { COMMON_ATTRS = 4, OBJECT_HEADER_BYTES = 24 };

static uint32_t nr_saved_attrs(const struct hs_svm *svm)
{
	return COMMON_ATTRS + svm->nr_gpus;
}

uint64_t hs_svm_saved_bytes(const struct hs_svm *svm)
{
	return OBJECT_HEADER_BYTES + sizeof(struct hs_svm_attr) * nr_saved_attrs(svm);
}

static void ask_for(const struct hs_svm *svm, struct hs_svm_attr *attrs)
{
	static const uint32_t common[COMMON_ATTRS] = {
		HS_SVM_PREFERRED_LOC, HS_SVM_PREFETCH_LOC, HS_SVM_SET_FLAGS, HS_SVM_GRANULARITY,
	};

	for (uint32_t i = 0; i < COMMON_ATTRS; i++)
		attrs[i] = (struct hs_svm_attr){ .type = common[i] };
	for (uint32_t gpu = 0; gpu < svm->nr_gpus; gpu++)
		attrs[COMMON_ATTRS + gpu] = (struct hs_svm_attr){ HS_SVM_ACCESS, svm->gpus[gpu].setup.id };
}

int64_t hs_svm_checkpoint(struct hs_svm *svm, struct hs_svm_saved *saved, uint64_t room)
{
	uint64_t count = 0;

	svm_flush_deferred(svm);
	hs_list_for_each(range, &svm->list, struct svm_range, list) {
		struct hs_svm_saved *object = &saved[count];
		int rc;

		if (count++ == room)
			return -EINVAL;
		object->start = range->start;
		object->pages = svm_range_pages(range);
		ask_for(svm, object->attrs);
		rc = svm_get_attr(svm, object->start, object->pages, object->attrs, nr_saved_attrs(svm));
		if (rc)
			return rc;
	}
	return (int64_t)count;
}

int hs_svm_restore_object(const struct hs_svm *svm, uint64_t *offset, uint64_t size)
{
	uint64_t bytes = hs_svm_saved_bytes(svm);

	if (bytes > size || *offset > size - bytes)
		return -EINVAL;
	*offset += bytes;
	return 0;
}

/* Flags that were clear must be cleared, too; a prefetch location that was never set cannot be set. */
static int resume_object(struct hs_svm *svm, const struct hs_svm_saved *object, uint32_t *flags)
{
	struct hs_svm_attr attrs[COMMON_ATTRS + HS_SVM_MAX_GPUS + 1];
	uint32_t count = nr_saved_attrs(svm);

	for (uint32_t i = 0; i < count; i++) {
		attrs[i] = object->attrs[i];
		if (attrs[i].type == HS_SVM_PREFETCH_LOC && attrs[i].value == HS_SVM_UNDEFINED)
			attrs[i] = (struct hs_svm_attr){ .type = HS_SVM_SET_FLAGS };
		else if (attrs[i].type == HS_SVM_SET_FLAGS)
			*flags = attrs[i].value;
	}
	attrs[count++] = (struct hs_svm_attr){ HS_SVM_CLR_FLAGS, ~*flags };
	return svm_set_attr(svm, object->start, object->pages, attrs, count);
}

int hs_svm_resume(struct hs_svm *svm, const struct hs_svm_saved *saved, uint64_t count)
{
	uint32_t flags = UINT32_MAX;
	int rc = 0;

	svm_enter(svm);
	for (uint64_t i = 0; i < count && !rc; i++)
		rc = resume_object(svm, &saved[i], &flags);
	svm_leave(svm);
	return rc;
}
