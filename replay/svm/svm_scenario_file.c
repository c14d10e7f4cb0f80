// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a scenario file declares. The command line has read the file and taken its syntax apart: the policy's
 * scenario is the file's name on the first line, then one line per setting: line number, number of the section,
 * section (from 1), section, key, value, with tabs between; lines of section 0 are those of the pattern file, or the
 * faults of the other trace, of the device before them, with that file's name as their section.
 */
#include "replay/svm/svm_scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/units.h"

/* One setting, cut out of the text in place. */
struct setting {
	unsigned int line;
	uint64_t number;	/* of its section */
	char *section;		/* "gpu A" */
	char *key;
	char *value;		/* may be cut in place */
	const char *text;	/* the same, as it stands in the file */
};

struct reading {
	struct svm_scenario *scenario;
	const char *file;
	uint64_t section;	/* that is being read */
	struct hs_error *err;
};

static int bad_setting(const struct reading *reading, const struct setting *setting, const char *wanted)
{
	return hs_error_set(reading->err, -EINVAL, "%s:%u: %s = %s is not understood; give %s", reading->file,
			    setting->line, setting->key, setting->text, wanted);
}

static int bad_line(const struct reading *reading, const struct setting *setting, const char *what)
{
	return hs_error_set(reading->err, -EINVAL, "%s:%u: %s", reading->file, setting->line, what);
}

static int unknown_key(const struct reading *reading, const struct setting *setting, const char *keys)
{
	return hs_error_set(reading->err, -EINVAL, "%s:%u: key '%s' is unknown in [%s]; there are: %s",
			    reading->file, setting->line, setting->key, setting->section, keys);
}

/* "gpu A" is of kind "gpu": its name, "" if it has none; NULL: of another kind. */
static const char *name_of_section(const char *section, const char *kind)
{
	size_t length = strlen(kind);

	if (strncmp(section, kind, length) != 0 || (section[length] && section[length] != ' '))
		return NULL;
	section += length;
	return section + strspn(section, " ");
}

/* --- [gpu NAME] --- */

static int begin_gpu(struct reading *reading, const struct setting *setting, const char *name)
{
	struct svm_scenario *scenario = reading->scenario;
	uint32_t index;

	if (svm_find_gpu(scenario, name, &index))
		return bad_line(reading, setting, "this GPU has a section already; give each a name of its own");
	if (scenario->nr_gpus == HS_SVM_MAX_GPUS || !svm_copy_text(scenario->gpu_names[scenario->nr_gpus], name))
		return bad_line(reading, setting, "a GPU needs a name of at most 63 characters, and 64 are the most");
	svm_init_gpu(&scenario->gpus[scenario->nr_gpus], scenario->nr_gpus);
	scenario->nr_gpus++;
	return 0;
}

static int read_gpu(struct reading *reading, const struct setting *setting)
{
	struct svm_scenario *scenario = reading->scenario;
	struct hs_svm_gpu_setup *gpu = &scenario->gpus[scenario->nr_gpus - 1];

	if (!svm_is_gpu_field(setting->key))
		return unknown_key(reading, setting, SVM_GPU_FIELDS);
	if (!svm_read_gpu_field(gpu, setting->key, setting->value))
		return bad_setting(reading, setting, SVM_WANTED_GPU);
	for (uint32_t i = 0; i + 1 < scenario->nr_gpus; i++)
		if (scenario->gpus[i].id == gpu->id)
			return bad_setting(reading, setting, "each GPU an id of its own");
	return 0;
}

/* --- [region NAME] --- */

static int begin_region(struct reading *reading, const struct setting *setting, const char *name)
{
	struct svm_scenario *scenario = reading->scenario;
	struct svm_region *region = &scenario->regions[scenario->nr_regions];

	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (strcmp(scenario->regions[i].name, name) == 0)
			return bad_line(reading, setting, "this region has a section already; give each a name of its own");
	if (scenario->nr_regions == SVM_SCENARIO_REGIONS)
		return bad_line(reading, setting, "at most 32 regions");
	svm_init_region(region);
	if (!svm_copy_text(region->name, name))
		return bad_line(reading, setting, "a region needs a name of at most 63 characters");
	region->line = setting->line;
	scenario->nr_regions++;
	return 0;
}

static int read_region(struct reading *reading, const struct setting *setting)
{
	struct svm_region *region = &reading->scenario->regions[reading->scenario->nr_regions - 1];
	const char *key = setting->key;

	if (strcmp(key, "process") == 0)
		return svm_read_selector(&region->process, setting->value) ? 0 :
		       bad_setting(reading, setting, SVM_WANTED_PROCESS);
	if (strcmp(key, "select") == 0)
		return svm_read_select(region, setting->value) ? 0 :
		       bad_setting(reading, setting, SVM_WANTED_SELECT);
	if (strcmp(key, "attr") == 0)
		return svm_read_attrs(reading->scenario, &region->attrs, setting->value) ? 0 :
		       bad_setting(reading, setting, SVM_WANTED_ATTRS);
	if (strcmp(key, "at") == 0)
		return !hs_parse_duration(setting->value, &region->from) ? 0 :
		       bad_setting(reading, setting, "a time since the start of the trace, e.g. 1.5s");
	if (strcmp(key, "until") == 0)
		return !hs_parse_duration(setting->value, &region->until) ? 0 :
		       bad_setting(reading, setting, "a time since the start of the trace, e.g. 1.5s");
	return unknown_key(reading, setting, "process, select, attr, at, until");
}

/* --- [device] --- */

static int begin_device(struct reading *reading, const struct setting *setting)
{
	struct svm_scenario *scenario = reading->scenario;

	if (scenario->nr_devices == SVM_SCENARIO_DEVICES)
		return bad_line(reading, setting, "at most 32 [device] sections");
	scenario->devices[scenario->nr_devices++] = (struct svm_device){ .line = setting->line, .stride = 1 };
	return 0;
}

static bool read_offset(struct svm_device *device, const char *text)
{
	bool is_negative = *text == '-';
	uint64_t bytes;

	if (hs_parse_u64(text + is_negative, &bytes) || bytes % 4096)
		return false;
	device->offset = is_negative ? -(bytes / 4096) : bytes / 4096;
	return true;
}

static bool read_process_item(struct svm_device *device, char *item)
{
	const char *value = svm_cut_value(item, '=');

	if (!value)
		return false;
	if (strcmp(item, "offset") == 0)
		return read_offset(device, value);
	if (strcmp(item, "trace") == 0) {
		bool is_first = device->rule != SVM_DEVICE_TRACE;

		device->rule = SVM_DEVICE_TRACE;	/* whose faults follow */
		return is_first && *value;
	}
	device->trace.is_by_boot = strcmp(value, "boot") == 0;
	device->trace.is_by_start = strcmp(value, "start") == 0;
	return strcmp(item, "clock") == 0 && (device->trace.is_by_boot || device->trace.is_by_start);
}

static bool read_process_rule(struct svm_device *device, char *list)
{
	const char *who = svm_next_item(&list, " ");
	const struct svm_other_trace *trace = &device->trace;
	char *item;

	if (!who || !svm_read_selector(&device->who, who))
		return false;
	while ((item = svm_next_item(&list, " ")))
		if (!read_process_item(device, item))
			return false;
	return device->rule == SVM_DEVICE_TRACE || !(trace->is_by_boot || trace->is_by_start);
}

static bool read_sweep_item(struct svm_device *device, char *item)
{
	const char *value = svm_cut_value(item, '=');

	if (!value)
		return false;
	if (strcmp(item, "period") == 0)
		return !hs_parse_duration(value, &device->time) && device->time;
	if (strcmp(item, "stride") == 0)
		return !hs_parse_u64_in(value, 1, 1ull << 40, &device->stride);
	if (strcmp(item, "n") == 0)
		return !hs_parse_u64(value, &device->count);
	if (strcmp(item, "seed") == 0)
		return !hs_parse_u64(value, &device->seed);
	device->is_random = strcmp(value, "random") == 0;
	return strcmp(item, "order") == 0 && (device->is_random || strcmp(value, "seq") == 0);
}

static bool read_sweep_rule(struct svm_device *device, char *list)
{
	char *item;

	while ((item = svm_next_item(&list, " ")))
		if (!read_sweep_item(device, item))
			return false;
	return device->time && (!device->is_random || device->count);
}

static bool read_rule(struct svm_device *device, char *text)
{
	char *kind = svm_next_item(&text, " ");

	if (!kind || !text)
		return false;
	if (strcmp(kind, "follow") == 0) {
		device->rule = SVM_DEVICE_FOLLOW;
		return !hs_parse_duration(text, &device->time);
	}
	if (strcmp(kind, "threads") == 0) {
		device->rule = SVM_DEVICE_THREADS;
		return svm_read_selector(&device->who, text) && device->who.kind != SVM_SELECT_MM;
	}
	if (strcmp(kind, "process") == 0) {
		device->rule = SVM_DEVICE_PROCESS;
		return read_process_rule(device, text);
	}
	if (strcmp(kind, "sweep") == 0) {
		device->rule = SVM_DEVICE_SWEEP;
		return read_sweep_rule(device, text);
	}
	device->rule = SVM_DEVICE_PATTERN;
	return strcmp(kind, "pattern") == 0;
}

static int bad_touch(const struct reading *reading, const struct setting *setting, const char *what)
{
	return hs_error_set(reading->err, -EINVAL, "%s:%u: '%s': %s; a line is TIME_NS GPU PAGE PAGES r|w, by time",
			    setting->section, setting->line, setting->text, what);
}

/* A line of the device's pattern file; its section is that file's name. */
static int read_touch(struct reading *reading, const struct setting *setting)
{
	struct svm_device *device = &reading->scenario->devices[reading->scenario->nr_devices - 1];
	enum { ROOM = 256 };
	char *list = setting->value, *word[5] = { NULL };
	struct svm_pattern_touch touch;

	if (strlen(setting->text) >= ROOM)
		return bad_touch(reading, setting, "too long");
	for (int i = 0; i < 5; i++)
		word[i] = svm_next_item(&list, " \t");
	if (!word[4] || svm_next_item(&list, " \t"))
		return bad_touch(reading, setting, "not five words");
	if (!svm_find_gpu(reading->scenario, word[1], &touch.gpu))
		return bad_touch(reading, setting, "no such GPU");
	if (hs_parse_u64(word[0], &touch.time) || hs_parse_u64_in(word[2], 1, UINT64_MAX >> 13, &touch.page) ||
	    hs_parse_u64_in(word[3], 1, 1ull << 32, &touch.nr_pages) || (strcmp(word[4], "r") && strcmp(word[4], "w")))
		return bad_touch(reading, setting, "not a time, a page and a count");
	if (device->pattern.count && device->pattern.items[device->pattern.count - 1].time > touch.time)
		return bad_touch(reading, setting, "earlier than the line before");
	touch.write = word[4][0] == 'w';
	return hs_vec_push(&device->pattern, touch) ? 0 : hs_error_nomem(reading->err);
}

/* What the command line read of another trace's header: when it began, and when its host booted. */
static int read_trace(struct reading *reading, const struct setting *setting)
{
	struct svm_other_trace *trace = &reading->scenario->devices[reading->scenario->nr_devices - 1].trace;
	char *list = setting->value;
	const char *start = svm_next_item(&list, " "), *boot = svm_next_item(&list, " ");

	if (!start || !boot || hs_parse_u64(start, &trace->start) || hs_parse_u64(boot, &trace->boot_wall))
		return bad_line(reading, setting, "the other trace's clock is not known");
	return 0;
}

/* A fault of the other trace: time on its clock, page, r or w. */
static int read_fault(struct reading *reading, const struct setting *setting)
{
	struct svm_device *device = &reading->scenario->devices[reading->scenario->nr_devices - 1];
	char *list = setting->value;
	const char *time = svm_next_item(&list, " "), *page = svm_next_item(&list, " "), *kind = svm_next_item(&list, " ");
	struct svm_pattern_touch touch = { .nr_pages = 1 };

	if (!kind || hs_parse_u64(time, &touch.time) || hs_parse_u64(page, &touch.page))
		return bad_line(reading, setting, "not a fault");
	touch.write = *kind == 'w';
	return hs_vec_push(&device->pattern, touch) ? 0 : hs_error_nomem(reading->err);
}

static int read_access(struct reading *reading, const struct setting *setting)
{
	if (strcmp(setting->key, "trace") == 0)
		return read_trace(reading, setting);
	return strcmp(setting->key, "fault") == 0 ? read_fault(reading, setting) : read_touch(reading, setting);
}

static int read_device(struct reading *reading, const struct setting *setting)
{
	struct svm_device *device = &reading->scenario->devices[reading->scenario->nr_devices - 1];

	if (strcmp(setting->key, "gpu") == 0)
		return svm_find_gpu(reading->scenario, setting->value, &device->gpu) ? 0 :
		       bad_setting(reading, setting, "the name of a [gpu NAME] section");
	if (strcmp(setting->key, "rule") != 0)
		return unknown_key(reading, setting, "gpu, rule");
	if (device->rule != SVM_DEVICE_NONE)
		return bad_line(reading, setting, "one rule per [device] section; begin another section");
	return read_rule(device, setting->value) ? 0 :
	       bad_setting(reading, setting, "follow TIME, threads comm:PATTERN|pid:N, "
			   "process WHO [offset=BYTES] [trace=FILE [clock=boot|start]], "
			   "sweep period=TIME [stride=N] [n=N] [order=seq|random] [seed=N], or pattern FILE");
}

/* --- [attr TIME] and [cost] --- */

static int begin_call(struct reading *reading, const struct setting *setting, const char *time)
{
	struct svm_scenario *scenario = reading->scenario;
	struct svm_attr_call call = { .region = UINT32_MAX, .line = setting->line };

	if (scenario->nr_calls == SVM_SCENARIO_CALLS)
		return bad_line(reading, setting, "at most 64 [attr TIME] sections");
	if (hs_parse_duration(time, &call.time))
		return bad_line(reading, setting, "[attr TIME] needs a time since the start of the trace, e.g. [attr 1.5s]");
	scenario->calls[scenario->nr_calls++] = call;
	return 0;
}

static int read_call(struct reading *reading, const struct setting *setting)
{
	struct svm_scenario *scenario = reading->scenario;
	struct svm_attr_call *call = &scenario->calls[scenario->nr_calls - 1];

	if (strcmp(setting->key, "attr") == 0)
		return svm_read_attrs(scenario, &call->attrs, setting->value) ? 0 :
		       bad_setting(reading, setting, SVM_WANTED_ATTRS);
	if (strcmp(setting->key, "region") != 0)
		return unknown_key(reading, setting, "region, attr");
	for (call->region = 0; call->region < scenario->nr_regions; call->region++)
		if (strcmp(scenario->regions[call->region].name, setting->value) == 0)
			return 0;
	return bad_setting(reading, setting, "the name of a [region NAME] section above");
}

static int read_rate(struct reading *reading, const struct setting *setting)
{
	enum { NS_PER_US = 1000 };
	struct svm_rates *rates = &reading->scenario->rates;
	const struct {
		const char *key;
		double *rate;
		double unit;
	} keys[] = {
		{ "gb_s_in", &rates->bytes_in_per_ns, 1 }, { "gb_s_out", &rates->bytes_out_per_ns, 1 },
		{ "us_fault", &rates->ns_per_fault, NS_PER_US }, { "us_map", &rates->ns_per_map, NS_PER_US },
		{ "us_flush", &rates->ns_per_flush, NS_PER_US }, { "us_queue_stop", &rates->ns_per_stop, NS_PER_US },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *end;
		double number;

		if (strcmp(keys[i].key, setting->key) != 0)
			continue;
		number = strtod(setting->value, &end);
		if (*end || end == setting->value || !(number > 0 && number < 1e9))
			return bad_setting(reading, setting, "a number above 0");
		*keys[i].rate = number * keys[i].unit;
		reading->scenario->has_rates = true;
		return 0;
	}
	return unknown_key(reading, setting, "gb_s_in, gb_s_out, us_fault, us_map, us_flush, us_queue_stop");
}

/* --- the file --- */

/* GPUs first, because everything else names them. */
static int read_gpus(struct reading *reading, const struct setting *setting)
{
	const char *name = name_of_section(setting->section, "gpu");
	int rc = 0;

	if (!name || setting->number == 0)
		return 0;
	if (reading->section != setting->number)
		rc = begin_gpu(reading, setting, name);
	reading->section = setting->number;
	return rc ? rc : read_gpu(reading, setting);
}

static int read_others(struct reading *reading, const struct setting *setting)
{
	const char *region = name_of_section(setting->section, "region");
	const char *call = name_of_section(setting->section, "attr");
	bool is_device = strcmp(setting->section, "device") == 0, begins = reading->section != setting->number;
	int rc = 0;

	if (setting->number == 0)
		return read_access(reading, setting);
	if (name_of_section(setting->section, "gpu"))
		return 0;
	reading->section = setting->number;
	if (strcmp(setting->section, "cost") == 0)
		return read_rate(reading, setting);
	if (!region && !call && !is_device)
		return hs_error_set(reading->err, -EINVAL, "%s:%u: section [%s] is unknown; there are [svm], [gpu NAME], "
				    "[region NAME], [device], [attr TIME] and [cost]", reading->file, setting->line,
				    setting->section);
	if (begins)
		rc = region ? begin_region(reading, setting, region) : call ? begin_call(reading, setting, call) :
		     begin_device(reading, setting);
	if (rc)
		return rc;
	return region ? read_region(reading, setting) : call ? read_call(reading, setting) :
	       read_device(reading, setting);
}

/* Takes a line apart. False: it is none. */
static bool read_line(char *line, struct setting *setting, char *value, size_t room)
{
	char *number = strsep(&line, "\t"), *section = strsep(&line, "\t");

	setting->section = strsep(&line, "\t");
	setting->key = strsep(&line, "\t");
	setting->text = line;
	setting->value = value;
	if (!line)
		return false;
	snprintf(value, room, "%s", line);
	setting->line = (unsigned int)strtoul(number, NULL, 10);
	setting->number = strtoull(section, NULL, 10);
	return true;
}

/* Each line through `take`. The text is cut in place. */
static int for_each_setting(struct reading *reading, char *text,
			    int (*take)(struct reading *reading, const struct setting *setting))
{
	struct setting setting;
	char *line, value[512];
	int rc = 0;

	reading->section = UINT64_MAX;
	reading->file = strsep(&text, "\n");
	while (!rc && (line = strsep(&text, "\n")))
		if (read_line(line, &setting, value, sizeof(value)))
			rc = take(reading, &setting);
	return rc;
}

static int read_pass(const struct hs_policy *policy, struct reading *reading,
		     int (*take)(struct reading *reading, const struct setting *setting))
{
	hs_auto_free char *text = strdup(policy->scenario);

	return text ? for_each_setting(reading, text, take) : hs_error_nomem(reading->err);
}

static int lacks(const char *file, unsigned int line, const char *what, struct hs_error *err)
{
	return hs_error_set(err, -EINVAL, "%s:%u: %s", file, line, what);
}

static int check_whole(const struct svm_scenario *scenario, const char *file, struct hs_error *err)
{
	for (uint32_t i = 0; i < scenario->nr_gpus; i++)
		if (!scenario->gpus[i].vram_pages)
			return hs_error_set(err, -EINVAL, "%s: [gpu %s] needs vram = BYTES", file, scenario->gpu_names[i]);
	if (!scenario->nr_gpus)
		return hs_error_set(err, -EINVAL, "%s: no [gpu NAME] section; a scenario declares at least one GPU", file);
	for (uint32_t i = 0; i < scenario->nr_regions; i++)
		if (scenario->regions[i].process.kind == SVM_SELECT_NONE)
			return lacks(file, scenario->regions[i].line, "this region needs process = " SVM_WANTED_PROCESS, err);
	for (uint32_t i = 0; i < scenario->nr_devices; i++)
		if (scenario->devices[i].rule == SVM_DEVICE_NONE)
			return lacks(file, scenario->devices[i].line, "this [device] needs a rule", err);
	if (!scenario->nr_regions)
		return hs_error_set(err, -EINVAL, "%s: no [region NAME] section; it says which process uses the GPUs", file);
	return 0;
}

/*
 * The wall clock at which a host booted is computed anew by each recording, so that a slewed clock moves it a little;
 * another boot is at least a start of the kernel away.
 */
static bool is_same_boot(const struct svm_scenario *scenario, const struct svm_other_trace *trace)
{
	const uint64_t most = 1000000000, a = scenario->boot_wall, b = trace->boot_wall;

	return a && b && (a > b ? a - b : b - a) < most;
}

/* Times since the start of this trace. What came before it is gone. */
static void align_clock(const struct svm_scenario *scenario, struct svm_device *device)
{
	struct svm_other_trace *trace = &device->trace;
	uint64_t start = trace->start;
	size_t nr = 0;

	trace->is_guess = !trace->is_by_boot && (trace->is_by_start || !is_same_boot(scenario, trace));
	if (!trace->is_guess)
		start = scenario->start_time;
	hs_vec_for_each(touch, &device->pattern) {
		if (touch->time < start)
			continue;
		device->pattern.items[nr] = *touch;
		device->pattern.items[nr++].time -= start;
	}
	device->pattern.count = nr;
}

int svm_scenario_read_file(const struct hs_policy *policy, struct svm_scenario *scenario, struct hs_error *err)
{
	struct reading reading = { .scenario = scenario, .err = err };
	char file[SVM_SCENARIO_TEXT * 4] = "";
	int rc;

	if (!policy->scenario)
		return 0;
	if (scenario->nr_gpus)
		return hs_error_set(err, -EINVAL, "svm.gpus: the scenario file declares the GPUs; set one of both");
	strncat(file, policy->scenario, strcspn(policy->scenario, "\n") < sizeof(file) ?
		strcspn(policy->scenario, "\n") : sizeof(file) - 1);
	rc = read_pass(policy, &reading, read_gpus);
	if (!rc)
		rc = read_pass(policy, &reading, read_others);
	if (!rc)
		rc = check_whole(scenario, file, err);
	for (uint32_t i = 0; !rc && i < scenario->nr_devices; i++)
		if (scenario->devices[i].rule == SVM_DEVICE_TRACE)
			align_clock(scenario, &scenario->devices[i]);
	return rc;
}
