// SPDX-License-Identifier: GPL-2.0-only
/* Settings of the model: from the policy, and as the recorded host changed them. */
#include <string.h>

#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"
#include "replay/variant.h"

const struct hs_policy_key hs_block_keys[] = {
	{ .key = "block.variant", .default_text = "auto", .words = HS_VARIANT_WORDS,
	  .help = "whose rules for memory blocks; auto: the recorded kernel's, by the facts in the trace's header" },
	{ .key = "block.auto_online_blocks", .tunable = "auto_online_blocks", .default_text = "offline",
	  .words = "offline|online|online_kernel|online_movable", .help = "what happens to blocks that are added" },
	{ .key = "block.online_policy", .tunable = "online_policy", .default_text = "contig-zones",
	  .words = "contig-zones|auto-movable", .help = "zone of a block whose request names none" },
	{ .key = "block.auto_movable_ratio", .tunable = "auto_movable_ratio", .default_text = "301",
	  .min = 0, .max = UINT32_MAX, .help = "auto-movable: MOVABLE to early kernel memory, percent" },
	{ .key = "block.auto_movable_numa_aware", .tunable = "auto_movable_numa_aware",
	  .default_text = "Y", .words = "Y|N", .help = "auto-movable: the ratio must hold in the node, too" },
	{ .key = "block.memmap_on_memory", .tunable = "memmap_on_memory", .default_text = "N",
	  .words = "N|Y|force", .help = "added blocks hold their own memmap where the driver asks for it" },
	{ .key = "block.movable_node", .default_text = "0", .min = 0, .max = 1,
	  .help = "1: as if booted with movable_node" },
	{ .key = "block.block_bytes", .default_text = "0", .min = 0, .max = 64ull << 30,
	  .help = "whatif: size of a memory block in bytes, 0: as recorded" },
	{ .key = "block.groups", .default_text = "recorded", .words = "recorded|none|static|dynamic",
	  .help = "whatif: memory groups as recorded, none, or one of this kind for each device" },
	{ .key = "block.group_bytes", .default_text = "0", .min = 0, .max = 1ull << 52,
	  .help = "whatif: size of a static group, unit of a dynamic one, in bytes; 0: as the device says" },
	{ .key = "block.memmap_request", .default_text = "recorded", .words = "recorded|always",
	  .help = "whatif: whether added memory asks for its own memmap" },
	{ .key = "block.kernel_offline", .default_text = "fails", .words = "fails|recorded",
	  .help = "whatif: offline of a block that went to a kernel zone here and was MOVABLE in the record" },
	{ .key = "block.unplug_order", .default_text = "recorded",
	  .words = "recorded|acpi|highest|lowest|movable|virtio-mem|dlpar",
	  .help = "whatif: which block of a device goes where the record took one away; movable: MOVABLE ones first; "
		  "virtio-mem (offline ones first) and dlpar (lowest first) go on with the next one where it fails; "
		  "acpi: the device as a whole or nothing of it" },
	{ .key = NULL },
};

static enum hs_memmap_mode memmap_mode_of(const char *text)
{
	return !strcmp(text, "force") ? HS_MEMMAP_FORCE : !strcmp(text, "Y") ? HS_MEMMAP_ON : HS_MEMMAP_OFF;
}

static bool is_users(const struct hs_model *model, const char *key)
{
	return hs_policy_origin(model->policy, key) == HS_POLICY_USER;
}

void hs_block_read_policy(struct hs_model *model)
{
	const struct hs_policy *policy = model->policy;
	struct hs_block_settings *settings = &model->hotplug.settings;
	const char *text = hs_policy_text(policy, "block.auto_online_blocks");

	settings->auto_online = (enum hs_online_type)hs_block_parse_online_type(text, strlen(text));
	text = hs_policy_text(policy, "block.online_policy");
	hs_block_parse_policy(text, strlen(text), &settings->online_policy);
	settings->auto_movable_ratio = (uint32_t)hs_policy_number(policy, "block.auto_movable_ratio");
	settings->auto_movable_numa_aware = !strcmp(hs_policy_text(policy, "block.auto_movable_numa_aware"), "Y");
	settings->memmap_mode = memmap_mode_of(hs_policy_text(policy, "block.memmap_on_memory"));
	settings->movable_node = hs_policy_number(policy, "block.movable_node") != 0;
	text = model->header ? hs_header_attribute(model->header, "boot.movable_node") : NULL;
	if (text && !is_users(model, "block.movable_node"))
		settings->movable_node = !strcmp(text, "yes");
}

/* The tunable's file name: what follows the last slash. */
static bool ends_in(const struct hs_bytes *name, const char *word)
{
	size_t length = strlen(word);
	const char *text = name->data;

	return name->length >= length && !memcmp(text + name->length - length, word, length) &&
	       (name->length == length || text[name->length - length - 1] == '/');
}

void hs_block_take_tunable(struct hs_model *model, const struct hs_bytes *name, const struct hs_bytes *value)
{
	struct hs_block_settings *settings = &model->hotplug.settings;
	const struct hs_block_variant *variant = &model->hotplug.variant;
	size_t length = value->length;
	int type;

	if (ends_in(name, "auto_online_blocks")) {
		type = hs_block_parse_online_type(value->data, length);
		model->recorded_auto_online = type < 0 ? HS_OFFLINE : (enum hs_online_type)type;
	}
	if (ends_in(name, "auto_online_blocks") && !is_users(model, "block.auto_online_blocks")) {
		type = hs_block_parse_online_type(value->data, length);
		settings->auto_online = type < 0 ? settings->auto_online : (enum hs_online_type)type;
	} else if (ends_in(name, "online_policy") && !is_users(model, "block.online_policy")) {
		hs_block_parse_policy(value->data, length, &settings->online_policy);
	} else if (ends_in(name, "auto_movable_ratio") && !is_users(model, "block.auto_movable_ratio")) {
		hs_block_parse_ratio(value->data, length, &settings->auto_movable_ratio);
	} else if (ends_in(name, "auto_movable_numa_aware") && !is_users(model, "block.auto_movable_numa_aware")) {
		hs_block_parse_bool(variant, value->data, length, &settings->auto_movable_numa_aware);
	} else if (ends_in(name, "memmap_on_memory") && !is_users(model, "block.memmap_on_memory")) {
		hs_block_parse_memmap_mode(variant, value->data, length, &settings->memmap_mode);
	} else if (ends_in(name, "enable_soft_offline")) {
		hs_block_parse_bool(variant, value->data, length, &settings->enable_soft_offline);
	}
}

void hs_block_take_request(struct hs_model *model, const struct hs_hotplug_request *row)
{
	if (row->ret >= 0)
		hs_block_take_tunable(model, &row->file, &row->text);
}
