// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/units.h"
#include "replay/variant.h"

const struct hs_policy_key svm_scenario_keys[] = {
	{ .key = "svm.variant", .default_text = "auto", .words = "auto|6.1|6.12|6.18|7.2",
	  .help = "whose rules; auto: the recorded kernel's" },
	{ .key = "svm.rule", .default_text = "",
	  .help = "single rules of the variant, e.g. partial_migration=no,remap_split=v2 (see docs/models/svm.md)" },
	{ .key = "svm.gpus", .default_text = "",
	  .help = "GPUs by index, e.g. A:vram=16368M,id=0x1a2b,hive=1;B:vram=8G,kind=apu (none: nothing is replayed)" },
	{ .key = "svm.xnack", .default_text = "on", .words = "on|off", .help = "recoverable GPU faults" },
	{ .key = "svm.granularity", .tunable = "/sys/module/amdgpu/parameters/svm_default_granularity",
	  .default_text = "9", .min = 0, .max = 255, .help = "default granularity, log2 of pages" },
	{ .key = "svm.max_range", .default_text = "0", .min = 0, .max = 1ull << 40,
	  .help = "longest range in pages, a power of two; 0: from the VRAM" },
	{ .key = "svm.system_limit", .default_text = "none", .help = "system memory the driver may reserve, or none" },
	{ .key = "svm.restore_ms", .default_text = "1", .min = 0, .max = 60000, .help = "delay of the restore worker" },
	{ .key = "svm.window_ms", .default_text = "2", .min = 0, .max = 60000,
	  .help = "faults this soon behind a mapping are dropped" },
	{ .key = "svm.deferred_us", .default_text = "0", .min = 0, .max = 60000000, .help = "delay of the deferred work" },
	{ .key = "svm.retry_us", .default_text = "50", .min = 1, .max = 60000000,
	  .help = "a fault that was not served comes again after" },
	{ .key = "svm.process", .default_text = "",
	  .help = "who uses the GPUs: comm:PATTERN, pid:N or mm:N (empty: nobody)" },
	{ .key = "svm.region", .default_text = "min=2M",
	  .help = "private anonymous memory that is registered: min=BYTES, addr=START-END" },
	{ .key = "svm.attrs", .default_text = "",
	  .help = "its attributes, e.g. access:A,in_place:B,none:C,preferred:ram,prefetch:A,gran:9,flags:0x40" },
	{ .key = "svm.kvm_unmap", .default_text = "ignore", .words = "ignore|clear",
	  .help = "clear: ranges that KVM of the same process was told about are invalidated too" },
	{ .key = "svm.device", .default_text = "none",
	  .help = "when a GPU touches it: none, follow:TIME, threads:PATTERN, sweep:TIME" },
	{ .key = "svm.device_gpu", .default_text = "", .help = "which GPU (empty: the first)" },
	{ .key = NULL },
};

static int bad_value(struct hs_error *err, const char *key, const char *text, const char *wanted)
{
	return hs_error_set(err, -EINVAL, "%s: '%s' is not understood; give %s", key, text, wanted);
}

/* Cuts a list in place; NULL at its end. Empty items are skipped. */
static char *next_item(char **list, const char *separators)
{
	char *item;

	while ((item = strsep(list, separators)))
		if (*item)
			return item;
	return NULL;
}

/* "name=value" or "name:value": the value, with the name cut off; NULL: there is none. */
static char *cut_value(char *item, char separator)
{
	char *at = strchr(item, separator);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static bool copy_text(char to[SVM_SCENARIO_TEXT], const char *from)
{
	size_t length = strlen(from);

	if (!length || length >= SVM_SCENARIO_TEXT)
		return false;
	memcpy(to, from, length + 1);
	return true;
}

static int read_rules(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(text);
	char *list = copy, *item;

	if (!copy)
		return hs_error_nomem(err);
	while ((item = next_item(&list, ", "))) {
		const char *value = cut_value(item, '=');

		if (!value || hs_svm_rule_set(&scenario->rules, item, value))
			return bad_value(err, "svm.rule", item, "a rule's name, = and one of its values");
	}
	return 0;
}

/* --- GPUs --- */

static bool read_gpu_kind(struct hs_svm_gpu_setup *gpu, const char *kind)
{
	gpu->is_apu = strncmp(kind, "apu", 3) == 0;
	gpu->prefers_gtt = strcmp(kind, "apu_gtt") == 0;
	return strcmp(kind, "dgpu") == 0 || strcmp(kind, "apu") == 0 || gpu->prefers_gtt;
}

static bool read_gpu_field(struct hs_svm_gpu_setup *gpu, const char *name, const char *value)
{
	uint64_t number = 0;

	if (strcmp(name, "kind") == 0)
		return read_gpu_kind(gpu, value);
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

static bool read_gpu(struct svm_scenario *scenario, char *item)
{
	enum { FIRST_ID = 0xa };
	uint32_t index = scenario->nr_gpus;
	struct hs_svm_gpu_setup *gpu = &scenario->gpus[index];
	char *fields = cut_value(item, ':'), *field;

	*gpu = (struct hs_svm_gpu_setup){ .id = FIRST_ID + index, .device = index, .is_supported = true };
	if (!fields || !copy_text(scenario->gpu_names[index], item))
		return false;
	while ((field = next_item(&fields, ", "))) {
		const char *value = cut_value(field, '=');

		if (!value || !read_gpu_field(gpu, field, value))
			return false;
	}
	return gpu->vram_pages;
}

static int read_gpus(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(text);
	char *list = copy, *item;

	if (!copy)
		return hs_error_nomem(err);
	while ((item = next_item(&list, ";"))) {
		if (scenario->nr_gpus == HS_SVM_MAX_GPUS || !read_gpu(scenario, item))
			return bad_value(err, "svm.gpus", text,
					 "NAME:vram=BYTES[,id=N][,hive=N][,device=N][,kind=dgpu|apu|apu_gtt];… (at most 64)");
		scenario->nr_gpus++;
	}
	for (uint32_t i = 0; i < scenario->nr_gpus; i++)
		for (uint32_t k = 0; k < i; k++)
			if (scenario->gpus[i].id == scenario->gpus[k].id)
				return bad_value(err, "svm.gpus", text, "each GPU an id of its own");
	return 0;
}

static bool find_gpu(const struct svm_scenario *scenario, const char *name, uint32_t *index)
{
	for (*index = 0; *index < scenario->nr_gpus; (*index)++)
		if (strcmp(scenario->gpu_names[*index], name) == 0)
			return true;
	return false;
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

static bool read_attr_value(const struct svm_scenario *scenario, struct hs_svm_attr *attr, const char *value)
{
	bool is_location = attr->type <= HS_SVM_PREFETCH_LOC;
	uint64_t number;
	uint32_t gpu;

	if (attr->type >= HS_SVM_SET_FLAGS) {
		if (hs_parse_u64_in(value, 0, UINT32_MAX, &number))
			return false;
		attr->value = (uint32_t)number;
		return true;
	}
	if (is_location && strcmp(value, "ram") == 0)
		return true;
	if (!find_gpu(scenario, value, &gpu))
		return false;
	attr->value = scenario->gpus[gpu].id;
	return true;
}

static bool read_attr(const struct svm_scenario *scenario, struct hs_svm_attr *attr, char *item)
{
	const char *value = cut_value(item, ':');

	for (size_t i = 0; value && i < sizeof(attr_names) / sizeof(attr_names[0]); i++) {
		if (strcmp(attr_names[i].name, item) != 0)
			continue;
		*attr = (struct hs_svm_attr){ .type = attr_names[i].type };
		return read_attr_value(scenario, attr, value);
	}
	return false;
}

static int read_attrs(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(text);
	char *list = copy, *item;

	if (!copy)
		return hs_error_nomem(err);
	while ((item = next_item(&list, ", ")))
		if (scenario->nr_attrs == SVM_SCENARIO_ATTRS ||
		    !read_attr(scenario, &scenario->attrs[scenario->nr_attrs++], item))
			return bad_value(err, "svm.attrs", text,
					 "access|in_place|none:GPU, preferred|prefetch:GPU|ram, gran:N, flags:N (GPUs of svm.gpus)");
	return 0;
}

/* --- who, what, when --- */

static int read_process(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	static const struct {
		const char *prefix;
		enum svm_select select;
	} kinds[] = { { "comm:", SVM_SELECT_COMM }, { "pid:", SVM_SELECT_PID }, { "mm:", SVM_SELECT_MM } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].prefix);

		if (strncmp(text, kinds[i].prefix, length) != 0)
			continue;
		scenario->select = kinds[i].select;
		if (scenario->select == SVM_SELECT_COMM ? copy_text(scenario->select_text, text + length) :
		    !hs_parse_u64(text + length, &scenario->select_number))
			return 0;
	}
	return *text ? bad_value(err, "svm.process", text, "comm:PATTERN, pid:N or mm:N") : 0;
}

static bool read_bounds(struct svm_scenario *scenario, char *text)
{
	const char *end = cut_value(text, '-');
	uint64_t from, to;

	if (!end || hs_parse_u64(text, &from) || hs_parse_u64(end, &to) || from >= to)
		return false;
	scenario->region_start = from / 4096;
	scenario->region_last = (to - 1) / 4096;
	return true;
}

static int read_region(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(text);
	char *list = copy, *item;

	if (!copy)
		return hs_error_nomem(err);
	scenario->region_last = UINT64_MAX / 4096;
	while ((item = next_item(&list, ", "))) {
		char *value = cut_value(item, '=');
		uint64_t bytes;
		bool is_valid = false;

		if (value && strcmp(item, "min") == 0 && !hs_parse_bytes(value, &bytes)) {
			scenario->region_least = bytes / 4096;
			is_valid = true;
		} else if (value && strcmp(item, "addr") == 0) {
			is_valid = read_bounds(scenario, value);
		}
		if (!is_valid)
			return bad_value(err, "svm.region", text, "min=BYTES and/or addr=START-END");
	}
	return 0;
}

static int read_device(struct svm_scenario *scenario, const char *text, const char *gpu, struct hs_error *err)
{
	static const char wanted[] = "none, follow:TIME, threads:PATTERN or sweep:TIME (TIME e.g. 5ms)";
	bool is_valid = true;

	if (strncmp(text, "follow:", 7) == 0) {
		scenario->rule = SVM_DEVICE_FOLLOW;
		is_valid = !hs_parse_duration(text + 7, &scenario->rule_time);
	} else if (strncmp(text, "sweep:", 6) == 0) {
		scenario->rule = SVM_DEVICE_SWEEP;
		is_valid = !hs_parse_duration(text + 6, &scenario->rule_time) && scenario->rule_time;
	} else if (strncmp(text, "threads:", 8) == 0) {
		scenario->rule = SVM_DEVICE_THREADS;
		is_valid = copy_text(scenario->rule_text, text + 8);
	} else {
		is_valid = strcmp(text, "none") == 0;
	}
	if (!is_valid)
		return bad_value(err, "svm.device", text, wanted);
	if (*gpu && !find_gpu(scenario, gpu, &scenario->device))
		return bad_value(err, "svm.device_gpu", gpu, "the name of a GPU of svm.gpus");
	return 0;
}

static int read_numbers(const struct hs_policy *policy, struct svm_scenario *scenario, struct hs_error *err)
{
	enum { NS_PER_US = 1000, NS_PER_MS = 1000000 };
	const char *limit = hs_policy_text(policy, "svm.system_limit");
	uint64_t bytes = 0, most = hs_policy_number(policy, "svm.max_range");

	scenario->xnack = strcmp(hs_policy_text(policy, "svm.xnack"), "on") == 0;
	scenario->granularity = (uint32_t)hs_policy_number(policy, "svm.granularity");
	scenario->restore_delay = hs_policy_number(policy, "svm.restore_ms") * NS_PER_MS;
	scenario->retry_window = hs_policy_number(policy, "svm.window_ms") * NS_PER_MS;
	scenario->deferred_delay = hs_policy_number(policy, "svm.deferred_us") * NS_PER_US;
	scenario->retry_delay = hs_policy_number(policy, "svm.retry_us") * NS_PER_US;
	if (most & (most - 1))
		return bad_value(err, "svm.max_range", hs_policy_text(policy, "svm.max_range"), "a power of two or 0");
	scenario->max_range_pages = most ? most : hs_svm_max_range_pages(scenario->gpus, scenario->nr_gpus);
	if (strcmp(limit, "none") != 0 && hs_parse_bytes(limit, &bytes))
		return bad_value(err, "svm.system_limit", limit, "a size in bytes (K, M, G) or none");
	scenario->system_limit_pages = strcmp(limit, "none") == 0 ? UINT64_MAX : bytes / 4096;
	return 0;
}

static void read_variant(const struct hs_policy *policy, const struct hs_header *header,
			 struct svm_scenario *scenario)
{
	enum hs_variant variant = hs_variant_resolve(hs_policy_text(policy, "svm.variant"), header,
						     &scenario->variant_is_guess);

	/* The driver's SVM code is younger than the oldest variant. */
	if (variant < HS_VARIANT_6_1)
		variant = HS_VARIANT_6_1;
	scenario->rules = *hs_svm_variant_find(hs_variant_name(variant));
}

int svm_scenario_read(const struct hs_policy *policy, const struct hs_header *header, struct svm_scenario *scenario,
		      struct hs_error *err)
{
	int rc;

	memset(scenario, 0, sizeof(*scenario));
	read_variant(policy, header, scenario);
	rc = read_rules(scenario, hs_policy_text(policy, "svm.rule"), err);
	if (!rc)
		rc = read_gpus(scenario, hs_policy_text(policy, "svm.gpus"), err);
	if (!rc)
		rc = read_numbers(policy, scenario, err);
	if (!rc)
		rc = read_process(scenario, hs_policy_text(policy, "svm.process"), err);
	if (!rc)
		rc = read_region(scenario, hs_policy_text(policy, "svm.region"), err);
	if (!rc)
		rc = read_attrs(scenario, hs_policy_text(policy, "svm.attrs"), err);
	if (!rc)
		rc = read_device(scenario, hs_policy_text(policy, "svm.device"),
				 hs_policy_text(policy, "svm.device_gpu"), err);
	return rc;
}
