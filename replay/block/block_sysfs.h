/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_SYSFS_H
#define HS_BLOCK_SYSFS_H
/*
 * The words of /sys/devices/system/memory and of memory_hotplug's parameters: what is taken, what is
 * shown. Text has a length and may hold anything; the kernel sees it up to the first NUL.
 */
#include "replay/block/block_state.h"

/* mhp_online_type_from_str: MMOP_* or -EINVAL. One trailing newline is allowed. */
int hs_block_parse_online_type(const char *text, size_t length);
const char *hs_block_online_type_name(enum hs_online_type type);
/* online_policy: 0, or -EINVAL with *policy as it was. */
int hs_block_parse_policy(const char *text, size_t length, enum hs_online_policy *policy);
const char *hs_block_policy_name(enum hs_online_policy policy);
/* kstrtobool: 0 or -EINVAL. Only the first letters count. */
int hs_block_parse_bool(const struct hs_block_variant *variant, const char *text, size_t length, bool *value);
/* memmap_on_memory at boot: a bool, and force where the kernel has it. */
int hs_block_parse_memmap_mode(const struct hs_block_variant *variant, const char *text, size_t length,
			       enum hs_memmap_mode *mode);
const char *hs_block_memmap_mode_name(enum hs_memmap_mode mode);
/* kstrtoull with base 0: 0, -EINVAL or -ERANGE. One trailing newline is allowed. */
int hs_block_parse_number(const char *text, size_t length, uint64_t *value);
/* auto_movable_ratio: an unsigned int, base 0. */
int hs_block_parse_ratio(const char *text, size_t length, uint32_t *ratio);

/* Texts of a block's files, without the newline; static. */
const char *hs_block_status_name(enum hs_block_status status);
/* "1" for every block of a kernel that can remove memory: it says nothing about the block. */
const char *hs_block_removable(const struct hs_hotplug *hotplug);
const char *hs_block_valid_zones(const struct hs_hotplug *hotplug, const struct hs_block *block);
/* The zones a range could go to: the default one, then the kernel zone, then ZONE_MOVABLE, without repeats. */
const char *hs_block_zone_list(const struct hs_hotplug *hotplug, const struct hs_node *node,
			       const struct hs_block_group *group, uint64_t pfn, uint64_t nr);
/* The static text that equals this one; "other text" if the model would never print it. */
const char *hs_block_zone_list_find(const char *text, size_t length);
/* phys_index and block_size_bytes; returns buffer. */
enum { HS_BLOCK_TEXT = 32 };
const char *hs_block_phys_index(const struct hs_block *block, char buffer[HS_BLOCK_TEXT]);
const char *hs_block_size_text(const struct hs_hotplug *hotplug, char buffer[HS_BLOCK_TEXT]);

#endif
