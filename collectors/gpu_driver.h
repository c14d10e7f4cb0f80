/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_GPU_DRIVER_H
#define HS_GPU_DRIVER_H
/* The amdgpu module of the running kernel: is it there, and what are its functions given? */
#include <stdbool.h>

#include "collectors/kernel_btf.h"
#include "lib/error.h"

/* 0; -ENODEV with the reason: its functions cannot be probed. */
int hs_gpu_driver_check(struct hs_kernel_btf *types, struct hs_error *why);

/* See bpf/maps.bpf.h. */
struct hs_gpu_driver_facts {
	bool gives_task, end_has_error, fault_has_node, migration_has_bounds;
};
struct hs_gpu_driver_facts hs_gpu_driver_describe(struct hs_kernel_btf *types);

#endif
