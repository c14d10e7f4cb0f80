// SPDX-License-Identifier: GPL-2.0-only
/* May a range of addresses be used for SVM? */
#include "replay/svm/svm_state.h"

#include <errno.h>

enum { DEVICE_VMA = HS_SVM_VMA_IO | HS_SVM_VMA_PFNMAP | HS_SVM_VMA_MIXEDMAP };

static bool comes_first(const struct svm_buffer *buffer, const struct svm_buffer *best)
{
	return !best || buffer->gpu < best->gpu || (buffer->gpu == best->gpu && buffer->start < best->start);
}

/* kfd_svm.c svm_range_check_vm(): the first buffer in GPU order that is mapped in [start, last]. */
const struct svm_buffer *svm_find_buffer(const struct hs_svm *svm, uint64_t start, uint64_t last)
{
	const struct svm_buffer *best = NULL;

	hs_vec_for_each(buffer, &svm->buffers)
		if (!buffer->is_userptr && buffer->start <= last && buffer->last >= start &&
		    comes_first(buffer, best))
			best = buffer;
	return best;
}

/*
 * kfd_svm.c svm_range_check_vm_userptr(): it hands amdgpu_ttm.c amdgpu_ttm_tt_affect_userptr() the first byte of
 * the last page, and a buffer that begins there is met: both ends are included.
 */
const struct svm_buffer *svm_find_userptr(const struct hs_svm *svm, uint64_t start, uint64_t last)
{
	const struct svm_buffer *best = NULL;

	hs_vec_for_each(buffer, &svm->buffers)
		if (buffer->is_userptr && buffer->start <= last && buffer->last >= start &&
		    (!best || buffer->gpu < best->gpu))
			best = buffer;
	return best;
}

/*
 * kfd_svm.c svm_range_is_valid(): all of it is backed by VMAs that are not a device's, and no buffer of any
 * GPU has its place there. Some kernels let an empty or wrapping range pass, if there is a VMA where it begins.
 * What follows for one that wraps in bytes is not modelled: as it counts in pages, svm_range_add() makes ranges
 * until there is no memory for more.
 */
int svm_check_range(struct hs_svm *svm, uint64_t start, uint64_t pages)
{
	uint64_t bytes_start = start << 12, bytes_end;
	bool wraps = __builtin_add_overflow(bytes_start, pages << 12, &bytes_end);

	if (svm->rules.range_checks && !pages)
		return -EINVAL;
	if (svm->rules.range_checks && wraps)
		return -EOVERFLOW;
	if (!pages || wraps) {
		uint64_t vma = hs_svm_runs_get(&svm->vmas, start);

		svm_hazard(svm, HS_SVM_HAZARD_UNSUPPORTED_INPUT, start, start);
		return vma && !(vma & DEVICE_VMA) ? SVM_NOTHING : -EFAULT;
	}
	hs_svm_for_each_span(vma, &svm->vmas, start, start + pages - 1)
		if (!vma.value || vma.value & DEVICE_VMA)
			return -EFAULT;
	return svm_find_buffer(svm, start, start + pages - 1) ? -EADDRINUSE : 0;
}
