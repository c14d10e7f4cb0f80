/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_ADVICE_H
#define HS_BLOCK_ADVICE_H
/* How large a memory block is: advice at boot and x86-64's choice. drivers/base/memory.c, arch/x86/mm/init_64.c */
#include "replay/block/block_state.h"

/*
 * memory_block_advise_max_size: 0; -EINVAL (no power of two; checked first); -EBUSY once the advice was
 * asked for; -ENODEV where the kernel does not take advice.
 */
int hs_block_advise_size(struct hs_hotplug *hotplug, uint64_t bytes);
/* memory_block_advised_max_size: the advice or 0; from now on it is frozen, even if there was none. */
uint64_t hs_block_advised_size(struct hs_hotplug *hotplug);

/* What x86-64 looks at. */
struct hs_block_probe {
	uint64_t forced_bytes;	/* set_memory_block_size_order, 0 none */
	uint64_t ram_end_bytes;	/* end of boot memory */
	bool is_bare_metal;	/* no hypervisor */
};
/* probe_memory_block_size: bytes. Asks for the advice only where the kernel does. */
uint64_t hs_block_probe_size(struct hs_hotplug *hotplug, const struct hs_block_probe *probe);
/* set_memory_block_size_order: 0 and the bytes, or -EINVAL outside [section, 64 GiB]. */
int hs_block_force_size(const struct hs_hotplug *hotplug, unsigned int order, uint64_t *bytes);

#endif
