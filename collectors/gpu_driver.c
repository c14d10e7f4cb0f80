// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/gpu_driver.h"

#include <bpf/btf.h>
#include <errno.h>
#include <unistd.h>

int hs_gpu_driver_check(struct hs_kernel_btf *types, struct hs_error *why)
{
	if (access("/sys/module/amdgpu", F_OK))
		return hs_error_set(why, -ENODEV, "amdgpu: the module is not loaded");
	if (!hs_kernel_btf_has(types, "kfd_smi_event_queue_eviction", BTF_KIND_FUNC))
		return hs_error_set(why, -ENODEV, "amdgpu: the module's types (/sys/kernel/btf/amdgpu) cannot be read");
	return 0;
}

struct hs_gpu_driver_facts hs_gpu_driver_describe(struct hs_kernel_btf *types)
{
	return (struct hs_gpu_driver_facts){
		.gives_task = hs_kernel_btf_takes_pointer(types, "kfd_smi_event_queue_eviction", 1),
		.end_has_error = hs_kernel_btf_nr_arguments(types, "kfd_smi_event_migration_end") > 7,
		.fault_has_node = hs_kernel_btf_nr_arguments(types, "svm_range_restore_pages") > 4,
		.migration_has_bounds = hs_kernel_btf_nr_arguments(types, "svm_migrate_to_vram") > 4,
	};
}
