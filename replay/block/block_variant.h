/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_VARIANT_H
#define HS_BLOCK_VARIANT_H
/*
 * What differs between kernels, one named flag each. Rules ask a flag, never a version: stable trees carry
 * changes of later kernels (6.12.117 has the enum states that 6.18 lacks), so the flags of a recorded
 * kernel are decoded from facts of its types in the trace's header where the recorder wrote them.
 */
#include <stdbool.h>
#include <stddef.h>

#include "traces/header.h"

/* FLAG(field, header attribute or NULL, its text when the flag is set, meaning and since when) */
#define HS_BLOCK_FLAGS(FLAG) \
	FLAG(has_enum_states, "memory_notify.values", "enum", \
	     "states and actions count 0, 1, 2 … instead of 1, 2, 4 …: 6.12 stable, 7.x") \
	FLAG(has_prepare_finish, "memory_notify.altmap", "yes", \
	     "MEM_PREPARE_ONLINE and MEM_FINISH_OFFLINE are sent: 6.9 to 6.18") \
	FLAG(has_node_chain, "node_notify", "yes", \
	     "first and last memory of a node go through a chain of their own: since 6.17") \
	FLAG(has_status_change_nid, "memory_notify.status_change_nid", "yes", \
	     "memory_notify carries the node transition: until 6.16") \
	FLAG(has_altmap, "memory_block.altmap", "yes", \
	     "a range is added with one altmap per block, and an unsupported request falls back: since 6.8") \
	FLAG(has_block_poison, "memory_block.nr_hwpoison", "yes", \
	     "blocks count their poisoned pages and refuse to come online with one: since 6.2") \
	FLAG(has_nid_at_creation, "create_memory_block_devices.nid", "yes", \
	     "a block has its node from the start: since 6.18") \
	FLAG(has_block_advice, "memory_block_advise_max_size", "yes", \
	     "the largest block size can be advised at boot: since 6.15") \
	FLAG(has_early_node_registration, "add_memory_resource.node_first", "yes", \
	     "a new node is registered before memory is added and failure is survived: 7.x") \
	FLAG(has_soft_offline_sysctl, "vm.enable_soft_offline", "yes", \
	     "soft offline can be switched off: since 6.11") \
	FLAG(has_memmap_force, "memory_hotplug.memmap_on_memory.force", "yes", \
	     "memmap_on_memory has the mode force: since 6.6") \
	FLAG(has_bool_enable_words, "kstrtobool.enable", "yes", \
	     "kstrtobool takes enable and disable: 7.x") \
	FLAG(has_managed_minus_offline, "offline_pages.managed_offline", "yes", \
	     "pages a driver had taken logically offline no longer lower managed twice: since 6.11")

struct hs_block_variant {
	const char *name;
#define FLAG(field, attribute, text, meaning) bool field;
	HS_BLOCK_FLAGS(FLAG)
#undef FLAG
};

/* "6.1", "6.12", "6.18", "7.2"; NULL for any other name. */
const struct hs_block_variant *hs_block_variant_find(const char *name);

/* The named variants, oldest first; NULL behind the last. */
const struct hs_block_variant *hs_block_variant_at(size_t index);

/*
 * The recorded kernel's flags: those the header states, the others from the nearest named variant (the
 * header's variant, else the one whose stated flags fit best). *nr_stated: how many the header states.
 */
void hs_block_variant_decode(const struct hs_header *header, struct hs_block_variant *out, unsigned int *nr_stated);

/* Actions of the memory chain; the number the variant uses on the wire and back. */
enum hs_block_action {
	HS_MEM_ONLINE, HS_MEM_GOING_OFFLINE, HS_MEM_OFFLINE, HS_MEM_GOING_ONLINE, HS_MEM_CANCEL_ONLINE,
	HS_MEM_CANCEL_OFFLINE, HS_MEM_PREPARE_ONLINE, HS_MEM_FINISH_OFFLINE,
	HS_NODE_ADDING_FIRST_MEMORY, HS_NODE_ADDED_FIRST_MEMORY, HS_NODE_CANCEL_ADDING_FIRST_MEMORY,
	HS_NODE_REMOVING_LAST_MEMORY, HS_NODE_REMOVED_LAST_MEMORY, HS_NODE_CANCEL_REMOVING_LAST_MEMORY,
	HS_NR_BLOCK_ACTIONS
};
const char *hs_block_action_name(enum hs_block_action action);
/* HS_NR_BLOCK_ACTIONS if the name is none. */
enum hs_block_action hs_block_action_find(const char *name, size_t length);
bool hs_block_action_is_node(enum hs_block_action action);

/* Number of an action; false if the variant does not send it. Node actions are flags everywhere. */
bool hs_block_action_number(const struct hs_block_variant *variant, enum hs_block_action action,
			    unsigned long *number);
/* HS_NR_BLOCK_ACTIONS if the number means nothing there. */
enum hs_block_action hs_block_action_decode(const struct hs_block_variant *variant, bool is_node_chain,
					    unsigned long number);

#endif
