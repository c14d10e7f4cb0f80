/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_CHECK_H
#define HS_BLOCK_CHECK_H
/* Invariants of the state, each once. */
#include "lib/error.h"
#include "replay/block/block_state.h"

/*
 * 0, or -EINVAL and the broken one. O(blocks + ranges). They hold after every completed operation on a
 * state that was consistent at the start:
 *   - a block's key is its id; registered as often as mapped; at most one is going offline
 *   - offline: no zone; a zone: online or going offline; hotplugged and online: a zone
 *   - a group's present pages are those of its online members, its member count that of its list
 *   - early <= present <= spanned, managed <= present; online ranges lie inside their zone's span
 *   - node: present is the zones' sum, N_MEMORY and N_NORMAL_MEMORY follow from it
 *   - poisoned pages of blocks are not more than the global count
 */
int hs_hotplug_check(const struct hs_hotplug *hotplug, struct hs_error *err);

#endif
