// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_variant.h"

#include <string.h>

/* include/linux/memory.h, drivers/base/memory.c, mm/memory_hotplug.c of each kernel. */
static const struct hs_block_variant variants[] = {
	{
		.name = "6.1",
		.has_status_change_nid = true,
	}, {
		.name = "6.12",
		.has_enum_states = true, .has_prepare_finish = true, .has_status_change_nid = true,
		.has_altmap = true, .has_block_poison = true, .has_soft_offline_sysctl = true,
		.has_memmap_force = true, .has_managed_minus_offline = true,
	}, {
		.name = "6.18",
		.has_prepare_finish = true, .has_node_chain = true, .has_altmap = true, .has_block_poison = true,
		.has_nid_at_creation = true, .has_block_advice = true, .has_soft_offline_sysctl = true,
		.has_memmap_force = true, .has_managed_minus_offline = true,
	}, {
		.name = "7.2",
		.has_enum_states = true, .has_node_chain = true, .has_altmap = true, .has_block_poison = true,
		.has_nid_at_creation = true, .has_block_advice = true, .has_early_node_registration = true,
		.has_soft_offline_sysctl = true, .has_memmap_force = true, .has_bool_enable_words = true,
		.has_managed_minus_offline = true,
	},
};
enum { NR_VARIANTS = sizeof(variants) / sizeof(variants[0]) };

const struct hs_block_variant *hs_block_variant_find(const char *name)
{
	for (int i = 0; i < NR_VARIANTS; i++)
		if (!strcmp(variants[i].name, name))
			return &variants[i];
	return NULL;
}

const struct hs_block_variant *hs_block_variant_at(size_t index)
{
	return index < NR_VARIANTS ? &variants[index] : NULL;
}

static const char *const action_names[HS_NR_BLOCK_ACTIONS] = {
	"MEM_ONLINE", "MEM_GOING_OFFLINE", "MEM_OFFLINE", "MEM_GOING_ONLINE", "MEM_CANCEL_ONLINE",
	"MEM_CANCEL_OFFLINE", "MEM_PREPARE_ONLINE", "MEM_FINISH_OFFLINE",
	"NODE_ADDING_FIRST_MEMORY", "NODE_ADDED_FIRST_MEMORY", "NODE_CANCEL_ADDING_FIRST_MEMORY",
	"NODE_REMOVING_LAST_MEMORY", "NODE_REMOVED_LAST_MEMORY", "NODE_CANCEL_REMOVING_LAST_MEMORY",
};

const char *hs_block_action_name(enum hs_block_action action)
{
	return action_names[action];
}

enum hs_block_action hs_block_action_find(const char *name, size_t length)
{
	int i;

	for (i = 0; i < HS_NR_BLOCK_ACTIONS; i++)
		if (strlen(action_names[i]) == length && !memcmp(action_names[i], name, length))
			break;
	return (enum hs_block_action)i;
}

bool hs_block_action_is_node(enum hs_block_action action)
{
	return action >= HS_NODE_ADDING_FIRST_MEMORY;
}

bool hs_block_action_number(const struct hs_block_variant *variant, enum hs_block_action action,
			    unsigned long *number)
{
	bool is_node = hs_block_action_is_node(action);
	unsigned int position = is_node ? action - HS_NODE_ADDING_FIRST_MEMORY : action;

	if (is_node ? !variant->has_node_chain : action >= HS_MEM_PREPARE_ONLINE && !variant->has_prepare_finish)
		return false;
	*number = !is_node && variant->has_enum_states ? position : 1ul << position;
	return true;
}

enum hs_block_action hs_block_action_decode(const struct hs_block_variant *variant, bool is_node_chain,
					    unsigned long number)
{
	int i;

	for (i = 0; i < HS_NR_BLOCK_ACTIONS; i++) {
		enum hs_block_action action = (enum hs_block_action)i;
		unsigned long own;

		if (hs_block_action_is_node(action) == is_node_chain &&
		    hs_block_action_number(variant, action, &own) && own == number)
			break;
	}
	return (enum hs_block_action)i;
}
