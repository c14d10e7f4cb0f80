// SPDX-License-Identifier: GPL-2.0-only
/* The scenario that the keys of a policy declare. */
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
	{ .key = "svm.scenario", .default_text = "",
	  .help = "scenario file: GPUs, regions, accesses (see docs/models/svm.md); bundled ones by name" },
	{ .key = "svm.gpus", .default_text = "",
	  .help = "GPUs by index, e.g. A:vram=16368M,id=0x1a2b,hive=1;B:vram=8G,kind=apu (none: nothing is replayed)" },
	{ .key = "svm.vram", .default_text = "", .help = "VRAM of every declared GPU, e.g. 8G (empty: as declared)" },
	{ .key = "svm.xnack", .default_text = "on", .words = "on|off", .help = "recoverable GPU faults" },
	{ .key = "svm.granularity", .tunable = "/sys/module/amdgpu/parameters/svm_default_granularity",
	  .default_text = "9", .min = 0, .max = 255, .help = "default granularity, log2 of pages" },
	{ .key = "svm.max_range", .default_text = "0", .min = 0, .max = 1ull << 40,
	  .help = "longest range in pages, a power of two; 0: from the VRAM" },
	{ .key = "svm.system_limit", .default_text = "none", .help = "system memory the driver may reserve, or none" },
	{ .key = "svm.restore_ms", .default_text = "1", .min = 0, .max = 60000, .help = "delay of the restore worker" },
	{ .key = "svm.hz", .default_text = "0", .min = 0, .max = 10000,
	  .help = "the host's CONFIG_HZ: the restore worker waits whole jiffies; 0: just the delay" },
	{ .key = "svm.window_ms", .default_text = "2", .min = 0, .max = 60000,
	  .help = "faults this soon behind a mapping are dropped" },
	{ .key = "svm.deferred_us", .default_text = "0", .min = 0, .max = 60000000, .help = "delay of the deferred work" },
	{ .key = "svm.retry_us", .default_text = "50", .min = 1, .max = 60000000,
	  .help = "a fault that was not served comes again after" },
	{ .key = "svm.pingpong_ms", .default_text = "1000", .min = 0, .max = 3600000,
	  .help = "a page that moves back within this time of its last move goes to and fro" },
	{ .key = "svm.process", .default_text = "",
	  .help = "who uses the GPUs: comm:PATTERN, pid:N or mm:N (empty: nobody)" },
	{ .key = "svm.region", .default_text = "min=2M",
	  .help = "its private anonymous memory that is registered: min=BYTES, addr=START-END, or none" },
	{ .key = "svm.attrs", .default_text = "",
	  .help = "its attributes, e.g. access:A,preferred:ram,gran:9,flags:0x40; with a scenario file: after its own" },
	{ .key = "svm.kvm_unmap", .default_text = "ignore", .words = "ignore|clear",
	  .help = "clear: ranges that KVM of the same process was told about are invalidated too" },
	{ .key = "svm.device", .default_text = "scenario",
	  .help = "when a GPU touches it: none, follow:TIME, threads:PATTERN, sweep:TIME; scenario: as the file says" },
	{ .key = "svm.device_gpu", .default_text = "", .help = "which GPU (empty: the first, or as the file says)" },
	{ .key = NULL },
};

static int bad_value(struct hs_error *err, const char *key, const char *text, const char *wanted)
{
	return hs_error_set(err, -EINVAL, "%s: '%s' is not understood; give %s", key, text, wanted);
}

static int read_rules(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	hs_auto_free char *copy = strdup(text);
	char *list = copy, *item;

	if (!copy)
		return hs_error_nomem(err);
	while ((item = svm_next_item(&list, ", "))) {
		const char *value = svm_cut_value(item, '=');

		if (!value || hs_svm_rule_set(&scenario->rules, item, value))
			return bad_value(err, "svm.rule", item, "a rule's name, = and one of its values");
	}
	return 0;
}

/* --- GPUs --- */

static bool read_gpu(struct svm_scenario *scenario, char *item)
{
	uint32_t index = scenario->nr_gpus;
	struct hs_svm_gpu_setup *gpu = &scenario->gpus[index];
	char *fields = svm_cut_value(item, ':'), *field;

	svm_init_gpu(gpu, index);
	if (!fields || !svm_copy_text(scenario->gpu_names[index], item))
		return false;
	while ((field = svm_next_item(&fields, ", "))) {
		const char *value = svm_cut_value(field, '=');

		if (!value || !svm_read_gpu_field(gpu, field, value))
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
	while ((item = svm_next_item(&list, ";"))) {
		if (scenario->nr_gpus == HS_SVM_MAX_GPUS || !read_gpu(scenario, item))
			return bad_value(err, "svm.gpus", text,
					 "NAME:FIELD=VALUE,…;…, at most 64, with the fields " SVM_WANTED_GPU);
		scenario->nr_gpus++;
	}
	for (uint32_t i = 0; i < scenario->nr_gpus; i++)
		for (uint32_t k = 0; k < i; k++)
			if (scenario->gpus[i].id == scenario->gpus[k].id)
				return bad_value(err, "svm.gpus", text, "each GPU an id of its own");
	return 0;
}

static int read_vram(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	uint64_t bytes = 0;

	if (*text && (hs_parse_bytes(text, &bytes) || bytes < 4096))
		return bad_value(err, "svm.vram", text, "a size in bytes (K, M, G), at least one page");
	for (uint32_t i = 0; *text && i < scenario->nr_gpus; i++)
		scenario->gpus[i].vram_pages = bytes / 4096;
	return 0;
}

/* --- one region and one device --- */

static int read_region(struct svm_scenario *scenario, const struct hs_policy *policy, struct hs_error *err)
{
	const char *process = hs_policy_text(policy, "svm.process"), *text = hs_policy_text(policy, "svm.region");
	hs_auto_free char *copy = strdup(text);
	struct svm_region region;

	if (!copy)
		return hs_error_nomem(err);
	if (*process && scenario->nr_regions)
		return hs_error_set(err, -EINVAL, "svm.process: the scenario file says who uses the GPUs; set one of both");
	svm_init_region(&region);
	if (!svm_copy_text(region.name, "region") || (*process && !svm_read_selector(&region.process, process)))
		return bad_value(err, "svm.process", process, SVM_WANTED_PROCESS);
	if (!svm_read_select(&region, copy))
		return bad_value(err, "svm.region", text, SVM_WANTED_SELECT);
	if (*process)
		scenario->regions[scenario->nr_regions++] = region;
	return 0;
}

/* Set after what a file gives its regions, so that a policy can ask: and if it were otherwise? */
static int read_attrs(struct svm_scenario *scenario, const char *text, struct hs_error *err)
{
	struct svm_attr_list attrs = { .count = 0 };
	hs_auto_free char *copy = strdup(text);

	if (!copy)
		return hs_error_nomem(err);
	if (!svm_read_attrs(scenario, &attrs, copy))
		return bad_value(err, "svm.attrs", text, SVM_WANTED_ATTRS);
	for (uint32_t i = 0; i < scenario->nr_regions; i++) {
		struct svm_attr_list *to = &scenario->regions[i].attrs;

		if (to->count + attrs.count > SVM_SCENARIO_ATTRS)
			return bad_value(err, "svm.attrs", text, "fewer attributes: at most 32 with those of the file");
		memcpy(&to->items[to->count], attrs.items, attrs.count * sizeof(attrs.items[0]));
		to->count += attrs.count;
	}
	return 0;
}

static bool read_rule(struct svm_device *device, const char *text)
{
	device->stride = 1;
	if (strncmp(text, "follow:", 7) == 0) {
		device->rule = SVM_DEVICE_FOLLOW;
		return !hs_parse_duration(text + 7, &device->time);
	}
	if (strncmp(text, "sweep:", 6) == 0) {
		device->rule = SVM_DEVICE_SWEEP;
		return !hs_parse_duration(text + 6, &device->time) && device->time;
	}
	if (strncmp(text, "threads:", 8) == 0) {
		device->rule = SVM_DEVICE_THREADS;
		device->who.kind = SVM_SELECT_COMM;
		return svm_copy_text(device->who.text, text + 8);
	}
	return strcmp(text, "none") == 0;
}

static int read_device(struct svm_scenario *scenario, const char *text, const char *gpu, struct hs_error *err)
{
	struct svm_device device = { .rule = SVM_DEVICE_NONE };

	if (*gpu && !svm_find_gpu(scenario, gpu, &device.gpu))
		return bad_value(err, "svm.device_gpu", gpu, "the name of a declared GPU");
	for (uint32_t i = 0; *gpu && i < scenario->nr_devices; i++)
		scenario->devices[i].gpu = device.gpu;
	if (strcmp(text, "scenario") == 0)
		return 0;
	if (!read_rule(&device, text))
		return bad_value(err, "svm.device", text,
				 "scenario, none, follow:TIME, threads:PATTERN or sweep:TIME (TIME e.g. 5ms)");
	for (uint32_t i = 0; i < scenario->nr_devices; i++)
		hs_vec_deinit(&scenario->devices[i].pattern);
	scenario->nr_devices = device.rule != SVM_DEVICE_NONE;
	scenario->devices[0] = device;
	return 0;
}

static int read_numbers(const struct hs_policy *policy, struct svm_scenario *scenario, struct hs_error *err)
{
	enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };
	const char *limit = hs_policy_text(policy, "svm.system_limit");
	uint64_t bytes = 0, most = hs_policy_number(policy, "svm.max_range");

	scenario->xnack = strcmp(hs_policy_text(policy, "svm.xnack"), "on") == 0;
	scenario->granularity = (uint32_t)hs_policy_number(policy, "svm.granularity");
	scenario->restore_delay = hs_policy_number(policy, "svm.restore_ms") * NS_PER_MS;
	if (hs_policy_number(policy, "svm.hz"))
		scenario->restore_tick = NS_PER_S / hs_policy_number(policy, "svm.hz");
	scenario->retry_window = hs_policy_number(policy, "svm.window_ms") * NS_PER_MS;
	scenario->deferred_delay = hs_policy_number(policy, "svm.deferred_us") * NS_PER_US;
	scenario->ping_pong_window = hs_policy_number(policy, "svm.pingpong_ms") * NS_PER_MS;
	scenario->retry_delay = hs_policy_number(policy, "svm.retry_us") * NS_PER_US;
	if (most & (most - 1))
		return bad_value(err, "svm.max_range", hs_policy_text(policy, "svm.max_range"), "a power of two or 0");
	scenario->max_range_pages = most ? most : hs_svm_max_range_pages(scenario->gpus, scenario->nr_gpus);
	if (strcmp(limit, "none") != 0 && hs_parse_bytes(limit, &bytes))
		return bad_value(err, "svm.system_limit", limit, "a size in bytes (K, M, G) or none");
	scenario->system_limit_pages = strcmp(limit, "none") == 0 ? UINT64_MAX : bytes / 4096;
	return 0;
}

/* kfd_process_xnack_mode: one GPU without them forbids it to the process. */
static int check_xnack(const struct svm_scenario *scenario, struct hs_error *err)
{
	for (uint32_t i = 0; scenario->xnack && i < scenario->nr_gpus; i++)
		if (scenario->gpus[i].lacks_retry)
			return hs_error_set(err, -EINVAL, "svm.xnack: GPU '%s' has no recoverable faults (gc 10.1.1 and later); "
					    "set svm.xnack=off", scenario->gpu_names[i]);
	return 0;
}

uint64_t svm_restore_time(const struct svm_scenario *scenario, uint64_t now)
{
	const uint64_t tick = scenario->restore_tick, delay = scenario->restore_delay;

	return tick && delay ? (now / tick + (delay + tick - 1) / tick) * tick : now + delay;
}

static void read_variant(const struct hs_policy *policy, const struct hs_header *header,
			 struct svm_scenario *scenario)
{
	static const struct hs_header none = { .kernel = NULL };
	enum hs_variant variant = hs_variant_resolve(hs_policy_text(policy, "svm.variant"), header ? header : &none,
						     &scenario->variant_is_guess);

	/* The driver's SVM code is younger than the oldest variant. */
	if (variant < HS_VARIANT_6_1)
		variant = HS_VARIANT_6_1;
	scenario->rules = *hs_svm_variant_find(hs_variant_name(variant));
}

void svm_scenario_deinit(struct svm_scenario *scenario)
{
	for (uint32_t i = 0; i < SVM_SCENARIO_DEVICES; i++)
		hs_vec_deinit(&scenario->devices[i].pattern);
}

/* What a file declares comes first: keys refer to its GPUs and add to its regions. */
static int read_all(const struct hs_policy *policy, struct svm_scenario *scenario, struct hs_error *err)
{
	int rc = read_rules(scenario, hs_policy_text(policy, "svm.rule"), err);

	if (!rc)
		rc = read_gpus(scenario, hs_policy_text(policy, "svm.gpus"), err);
	if (!rc)
		rc = svm_scenario_read_file(policy, scenario, err);
	if (!rc)
		rc = read_vram(scenario, hs_policy_text(policy, "svm.vram"), err);
	if (!rc)
		rc = read_numbers(policy, scenario, err);
	if (!rc)
		rc = check_xnack(scenario, err);
	if (!rc)
		rc = read_region(scenario, policy, err);
	if (!rc)
		rc = read_attrs(scenario, hs_policy_text(policy, "svm.attrs"), err);
	return rc ? rc : read_device(scenario, hs_policy_text(policy, "svm.device"),
				     hs_policy_text(policy, "svm.device_gpu"), err);
}

int svm_scenario_read(const struct hs_policy *policy, const struct hs_header *header, struct svm_scenario *scenario,
		      struct hs_error *err)
{
	int rc;

	memset(scenario, 0, sizeof(*scenario));
	scenario->start_time = header ? header->start_time : 0;
	scenario->boot_wall = header ? header->boot_wall : 0;
	read_variant(policy, header, scenario);
	rc = read_all(policy, scenario, err);
	if (rc)
		svm_scenario_deinit(scenario);
	return rc;
}
