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

bool svm_range_is_odd(uint64_t start, uint64_t pages)
{
	uint64_t end;

	return !pages || __builtin_add_overflow(start << 12, pages << 12, &end);
}

/*
 * kfd_svm.c svm_range_is_valid(): all of it is backed by VMAs that are not a device's, and no buffer of any
 * GPU has its place there. Where odd ranges pass, the walk ends behind the first VMA, as the end lies before it.
 */
int svm_check_range(struct hs_svm *svm, uint64_t start, uint64_t pages)
{
	bool is_odd = svm_range_is_odd(start, pages);
	uint64_t first = start << 12 >> 12, last = (((start + pages) << 12) - 1) >> 12;

	if (svm->rules.range_checks && is_odd)
		return pages ? -EOVERFLOW : -EINVAL;
	if (is_odd)
		svm_hazard(svm, HS_SVM_HAZARD_UNSUPPORTED_INPUT, start, start);
	hs_svm_for_each_span(vma, &svm->vmas, first, is_odd ? first : last)
		if (!vma.value || vma.value & DEVICE_VMA)
			return -EFAULT;
	return svm_find_buffer(svm, start, last) ? -EADDRINUSE : 0;
}
