// SPDX-License-Identifier: GPL-2.0-only
/* What files show, and what single pages are refused for: answers that need no operation. */
#include <errno.h>
#include <string.h>

#include "replay/block/block_model.h"
#include "replay/block/block_sysfs.h"

bool hs_block_file_is_of_block(enum hs_block_file file)
{
	return file == HS_FILE_STATE || file == HS_FILE_ONLINE ||
	       (file >= HS_FILE_VALID_ZONES && file <= HS_FILE_PHYS_INDEX);
}

enum hs_block_file hs_block_file_of(const struct hs_bytes *path, uint64_t *id)
{
	static const char *const names[] = {
		[HS_FILE_OTHER] = "", [HS_FILE_STATE] = "state", [HS_FILE_ONLINE] = "online",
		[HS_FILE_AUTO_ONLINE] = "auto_online_blocks", [HS_FILE_PROBE] = "probe",
		[HS_FILE_SOFT_OFFLINE] = "soft_offline_page", [HS_FILE_HARD_OFFLINE] = "hard_offline_page",
		[HS_FILE_POLICY] = "online_policy", [HS_FILE_RATIO] = "auto_movable_ratio",
		[HS_FILE_NUMA_AWARE] = "auto_movable_numa_aware", [HS_FILE_MEMMAP] = "memmap_on_memory",
		[HS_FILE_VALID_ZONES] = "valid_zones", [HS_FILE_REMOVABLE] = "removable",
		[HS_FILE_PHYS_INDEX] = "phys_index", [HS_FILE_BLOCK_SIZE] = "block_size_bytes",
	};
	const char *text = path->data;
	uint32_t slash = path->length;
	struct hs_bytes folder;

	while (slash && text[slash - 1] != '/')
		slash--;
	folder = (struct hs_bytes){ text, slash ? slash - 1 : 0 };
	for (int file = HS_FILE_STATE; file < HS_NR_BLOCK_FILES; file++)
		if (strlen(names[file]) == path->length - slash && !memcmp(names[file], text + slash, path->length - slash) &&
		    (!hs_block_file_is_of_block((enum hs_block_file)file) || hs_block_number(&folder, "memory", id)))
			return (enum hs_block_file)file;
	return HS_FILE_OTHER;
}

/* sysfs ends what it shows with a newline. */
static size_t shown_length(const char *text, size_t length)
{
	return length && text[length - 1] == '\n' ? length - 1 : length;
}

/* Words that some file shows; a decision's result must outlive its request. */
const char *hs_block_shown_name(enum hs_block_file file, const char *text, size_t length)
{
	static const char *const words[] = {
		"online", "offline", "going-offline", "online_kernel", "online_movable", "contig-zones", "auto-movable",
		"Y", "N", "force", "0", "1",
	};

	length = shown_length(text, length);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == length && !memcmp(words[i], text, length))
			return words[i];
	return file == HS_FILE_PHYS_INDEX || file == HS_FILE_RATIO || file == HS_FILE_BLOCK_SIZE ? "number" : "other text";
}

static const char *show_number(const struct hs_model *model, const struct hs_block_request *request,
			       const struct hs_block *block)
{
	char text[HS_BLOCK_TEXT];

	if (request->file == HS_FILE_PHYS_INDEX)
		hs_block_phys_index(block, text);
	else if (request->file == HS_FILE_BLOCK_SIZE)
		hs_block_size_text(&model->hotplug, text);
	else
		snprintf(text, sizeof(text), "%u", model->hotplug.settings.auto_movable_ratio);
	if (strlen(text) == shown_length(request->text, request->length) && !memcmp(text, request->text, strlen(text)))
		return hs_block_shown_name(request->file, text, strlen(text));
	return "other number";
}

/* The state file takes no lock and shows what the operation under way has made of it. */
static const char *show_status(const struct hs_model *model, const struct hs_block *block)
{
	bool is_leaving = model->pending.is_active && model->pending.id == hs_block_id(block) && model->pending.op == 1;

	return hs_block_status_name(is_leaving && block->status == HS_BLOCK_ONLINE ? HS_BLOCK_GOING_OFFLINE
										   : block->status);
}

void hs_block_decide_show(const struct hs_model *model, const struct hs_block_request *request,
			  struct hs_decision *decision)
{
	const struct hs_block *block = hs_block_find(&model->hotplug, request->id);
	const struct hs_block_settings *settings = &model->hotplug.settings;
	const char *text = "other text";

	switch (request->file) {
	case HS_FILE_STATE: text = show_status(model, block); break;
	case HS_FILE_ONLINE: text = block->is_device_offline ? "0" : "1"; break;
	case HS_FILE_REMOVABLE: text = hs_block_removable(&model->hotplug); break;
	case HS_FILE_AUTO_ONLINE: text = hs_block_online_type_name(settings->auto_online); break;
	case HS_FILE_POLICY: text = hs_block_policy_name(settings->online_policy); break;
	case HS_FILE_NUMA_AWARE: text = settings->auto_movable_numa_aware ? "Y" : "N"; break;
	case HS_FILE_MEMMAP: text = hs_block_memmap_mode_name(settings->memmap_mode); break;
	case HS_FILE_PHYS_INDEX:
	case HS_FILE_RATIO:
	case HS_FILE_BLOCK_SIZE: text = show_number(model, request, block); break;
	default: break;
	}
	decision->result = text;
	decision->reason = "show function of the file";
}

enum hs_block_check hs_block_refuses_page(const struct hs_model *model, const struct hs_block_request *request)
{
	const struct hs_hotplug *hotplug = &model->hotplug;
	bool is_soft = request->op == 0, is_online = hs_page_ranges_tag(&hotplug->online, request->pfn) != NULL;

	if (request->op == 2)
		return HS_CHECK_NONE;
	if (!hs_block_find(hotplug, hs_pfn_to_block(hotplug, request->pfn)))
		return HS_CHECK_PFN;
	if (!is_online)
		return is_soft ? HS_CHECK_PAGE_OFFLINE : HS_CHECK_PFN;
	if (is_soft && hotplug->variant.has_soft_offline_sysctl && !hotplug->settings.enable_soft_offline)
		return HS_CHECK_SWITCHED_OFF;
	return hs_hash_map_get(&model->poisoned, request->pfn) ? HS_CHECK_POISONED : HS_CHECK_NONE;
}

void hs_block_decide_poison(const struct hs_model *model, const struct hs_block_request *request,
			    struct hs_decision *decision)
{
	enum hs_block_check check = hs_block_refuses_page(model, request);
	int64_t result = request->ret;

	switch (check) {
	case HS_CHECK_PFN: result = -ENXIO; break;
	case HS_CHECK_PAGE_OFFLINE: result = -EIO; break;
	case HS_CHECK_SWITCHED_OFF: result = -EOPNOTSUPP; break;
	case HS_CHECK_POISONED: result = request->op ? -EHWPOISON : 0; break;
	default: break;
	}
	decision->result = hs_block_result_name(result);
	decision->reason = check == HS_CHECK_NONE ? "outcome inside the kernel, as recorded" : hs_block_check_text(check);
	decision->cost[0] = check == HS_CHECK_NONE && !result;
}
