// SPDX-License-Identifier: GPL-2.0-only
/* Values that a scenario file and the keys of a policy share. */
#include "replay/svm/svm_scenario.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "lib/units.h"

char *svm_next_item(char **list, const char *separators)
{
	char *item;

	while ((item = strsep(list, separators)))
		if (*item)
			return item;
	return NULL;
}

char *svm_cut_value(char *item, char separator)
{
	char *at = strchr(item, separator);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

bool svm_copy_text(char to[SVM_SCENARIO_TEXT], const char *from)
{
	size_t length = strlen(from);

	if (!length || length >= SVM_SCENARIO_TEXT)
		return false;
	memcpy(to, from, length + 1);
	return true;
}

/* --- GPUs --- */

bool svm_find_gpu(const struct svm_scenario *scenario, const char *name, uint32_t *index)
{
	for (*index = 0; *index < scenario->nr_gpus; (*index)++)
		if (strcmp(scenario->gpu_names[*index], name) == 0)
			return true;
	return false;
}

void svm_init_gpu(struct hs_svm_gpu_setup *gpu, uint32_t index)
{
	enum { FIRST_ID = 0xa };

	*gpu = (struct hs_svm_gpu_setup){ .id = FIRST_ID + index, .device = index, .is_supported = true };
}

static bool read_gpu_kind(struct hs_svm_gpu_setup *gpu, const char *kind)
{
	gpu->is_apu = strncmp(kind, "apu", 3) == 0;
	gpu->prefers_gtt = strcmp(kind, "apu_gtt") == 0;
	return strcmp(kind, "dgpu") == 0 || strcmp(kind, "apu") == 0 || gpu->prefers_gtt;
}

static uint32_t gc_version(uint64_t major, uint64_t minor, uint64_t revision)
{
	return (uint32_t)(major << 16 | minor << 8 | revision);
}

/*
 * What a graphics core decides here: no SVM before 9.0.1 (kgd2kfd_init_zone_device); no recoverable faults from
 * 10.1.1 on (kfd_process_xnack_mode); 9.4 and 9.5 filter repeated faults in hardware (vega20_ih_irq_init).
 */
static bool read_gc(struct hs_svm_gpu_setup *gpu, const char *text)
{
	unsigned int part[3];
	uint32_t version;
	int length = 0;

	if (text[strspn(text, "0123456789.")] ||
	    sscanf(text, "%3u.%3u.%3u%n", &part[0], &part[1], &part[2], &length) != 3 || text[length] ||
	    part[0] > 255 || part[1] > 255 || part[2] > 255)
		return false;
	version = gc_version(part[0], part[1], part[2]);
	gpu->is_supported = version >= gc_version(9, 0, 1);
	gpu->lacks_retry = version >= gc_version(10, 1, 1);
	gpu->has_retry_cam = version >= gc_version(9, 4, 0) && version < gc_version(10, 0, 0);
	return true;
}

static bool read_coherent(struct hs_svm_gpu_setup *gpu, const char *word)
{
	gpu->is_coherent = strcmp(word, "on") == 0;
	return gpu->is_coherent || strcmp(word, "off") == 0;
}

bool svm_is_gpu_field(const char *name)
{
	static const char *const names[] = { "vram", "id", "hive", "device", "kind", "gc", "coherent" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool svm_read_gpu_field(struct hs_svm_gpu_setup *gpu, const char *name, const char *value)
{
	uint64_t number = 0;

	if (strcmp(name, "kind") == 0)
		return read_gpu_kind(gpu, value);
	if (strcmp(name, "gc") == 0)
		return read_gc(gpu, value);
	if (strcmp(name, "coherent") == 0)
		return read_coherent(gpu, value);
	if (strcmp(name, "vram") == 0) {
		bool is_valid = !hs_parse_bytes(value, &number) && number >= 4096;

		gpu->vram_pages = number / 4096;
		return is_valid;
	}
	if (hs_parse_u64_in(value, 0, UINT32_MAX - 1, &number))
		return false;
	if (strcmp(name, "id") == 0)
		gpu->id = (uint32_t)number;
	else if (strcmp(name, "hive") == 0)
		gpu->hive = (uint32_t)number;
	else if (strcmp(name, "device") == 0)
		gpu->device = (uint32_t)number;
	else
		return false;
	return gpu->id && gpu->device < HS_SVM_MAX_GPUS;
}

/* --- attributes --- */

static const struct {
	const char *name;
	enum hs_svm_attr_type type;
} attr_names[] = {
	{ "access", HS_SVM_ACCESS }, { "in_place", HS_SVM_ACCESS_IN_PLACE }, { "none", HS_SVM_NO_ACCESS },
	{ "preferred", HS_SVM_PREFERRED_LOC }, { "prefetch", HS_SVM_PREFETCH_LOC },
	{ "gran", HS_SVM_GRANULARITY }, { "flags", HS_SVM_SET_FLAGS }, { "clear_flags", HS_SVM_CLR_FLAGS },
};

/* KFD_IOCTL_SVM_FLAG_*, include/uapi/linux/kfd_ioctl.h */
static const struct {
	const char *name;
	uint32_t flag;
} flag_names[] = {
	{ "+host_access", 0x1 }, { "+coherent", 0x2 }, { "+hive_local", 0x4 }, { "+gpu_ro", 0x8 },
	{ "+gpu_exec", 0x10 }, { "+gpu_read_mostly", 0x20 }, { "+always_mapped", 0x40 }, { "+ext_coherent", 0x80 },
};

static bool read_flags(uint32_t *value, const char *text)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if (strcmp(flag_names[i].name, text) == 0) {
			*value = flag_names[i].flag;
			return true;
		}
	if (hs_parse_u64_in(text, 0, UINT32_MAX, &number))
		return false;
	*value = (uint32_t)number;
	return true;
}

static bool read_location(const struct svm_scenario *scenario, struct hs_svm_attr *attr, const char *value)
{
	bool is_location = attr->type <= HS_SVM_PREFETCH_LOC;
	uint32_t gpu;

	if (is_location && strcmp(value, "ram") == 0)
		return true;
	if (attr->type == HS_SVM_PREFERRED_LOC && strcmp(value, "undef") == 0) {
		attr->value = HS_SVM_UNDEFINED;
		return true;
	}
	if (!svm_find_gpu(scenario, value, &gpu))
		return false;
	attr->value = scenario->gpus[gpu].id;
	return true;
}

static bool read_attr(const struct svm_scenario *scenario, struct hs_svm_attr *attr, char *item)
{
	const char *value = svm_cut_value(item, ':');

	for (size_t i = 0; value && i < sizeof(attr_names) / sizeof(attr_names[0]); i++) {
		if (strcmp(attr_names[i].name, item) != 0)
			continue;
		*attr = (struct hs_svm_attr){ .type = attr_names[i].type };
		return attr->type >= HS_SVM_SET_FLAGS ? read_flags(&attr->value, value) :
		       read_location(scenario, attr, value);
	}
	return false;
}

bool svm_read_attrs(const struct svm_scenario *scenario, struct svm_attr_list *attrs, char *list)
{
	char *item;

	while ((item = svm_next_item(&list, ", ")))
		if (attrs->count == SVM_SCENARIO_ATTRS ||
		    !read_attr(scenario, &attrs->items[attrs->count++], item))
			return false;
	return true;
}

/* --- who and what --- */

bool svm_read_selector(struct svm_selector *selector, const char *text)
{
	static const struct {
		const char *prefix;
		enum svm_select kind;
	} kinds[] = {
		{ "comm:", SVM_SELECT_COMM }, { "pid:", SVM_SELECT_PID }, { "mm:", SVM_SELECT_MM },
		{ "as:", SVM_SELECT_MM },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, length) != 0)
			continue;
		selector->kind = kinds[i].kind;
		return selector->kind == SVM_SELECT_COMM ? svm_copy_text(selector->text, text + length) :
		       !hs_parse_u64(text + length, &selector->number);
	}
	return false;
}

bool svm_selects_task(const struct svm_selector *selector, const struct hs_meta_task *task)
{
	char name[SVM_SCENARIO_TEXT];

	if (selector->kind == SVM_SELECT_PID)
		return task->tgid == selector->number;
	if (selector->kind != SVM_SELECT_COMM || task->comm.length >= sizeof(name))
		return false;
	if (task->comm.length)
		memcpy(name, task->comm.data, task->comm.length);
	name[task->comm.length] = '\0';
	return fnmatch(selector->text, name, 0) == 0;
}

void svm_init_region(struct svm_region *region)
{
	*region = (struct svm_region){ .last = UINT64_MAX / 4096, .until = UINT64_MAX };
}

static bool read_bounds(struct svm_region *region, char *text)
{
	const char *end = svm_cut_value(text, '-');
	uint64_t from, to;

	if (!end || hs_parse_u64(text, &from) || hs_parse_u64(end, &to) || from >= to)
		return false;
	region->start = from / 4096;
	region->last = (to - 1) / 4096;
	return true;
}

static bool read_select_item(struct svm_region *region, char *item)
{
	char *value = svm_cut_value(item, '=');
	uint64_t bytes;

	if (!value) {
		region->is_none |= strcmp(item, "none") == 0;
		return strcmp(item, "anon") == 0 || strcmp(item, "none") == 0;
	}
	if (strcmp(item, "addr") == 0)
		return read_bounds(region, value);
	if (strcmp(item, "file") == 0)
		return svm_copy_text(region->file, value);
	if (strcmp(item, "min") != 0 || hs_parse_bytes(value, &bytes))
		return false;
	region->least = bytes / 4096;
	return true;
}

bool svm_read_select(struct svm_region *region, char *list)
{
	char *item;

	while ((item = svm_next_item(&list, ", ")))
		if (!read_select_item(region, item))
			return false;
	return true;
}
