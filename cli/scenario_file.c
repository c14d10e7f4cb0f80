// SPDX-License-Identifier: GPL-2.0-only
#include "cli/scenario_file.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/examples.h"
#include "cli/scenario_trace.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "replay/svm/svm_scenario.h"

struct load {
	struct hs_policy *policy;
	const char *path;
	FILE *in;
	struct hs_text text;
	unsigned int line, section;	/* of what was read last; sections from 1 */
	struct hs_error first;		/* code 0: none yet */
};

static void keep_error(struct load *load, const struct hs_error *err)
{
	if (!load->first.code)
		load->first = *err;
}

/* inih wants lines; it tells neither their numbers nor where a section of the same name begins anew. */
static char *read_line(char *line, int room, void *context)
{
	struct load *load = context;
	struct hs_error err;
	size_t length;

	if (!fgets(line, room, load->in))
		return NULL;
	load->line++;
	length = strlen(line);
	if (line[strspn(line, " \t")] == '[')
		load->section++;
	if (length && line[length - 1] != '\n' && !feof(load->in)) {
		hs_error_set(&err, -EINVAL, "%s:%u: the line is longer than %d characters", load->path, load->line, room - 2);
		keep_error(load, &err);
	}
	return line;
}

static void add_setting(struct load *load, unsigned int line, unsigned int number, const char *section,
			const char *name, const char *value)
{
	hs_text_add_u64(&load->text, line);
	hs_text_add_char(&load->text, '\t');
	hs_text_add_u64(&load->text, number);
	hs_text_add_char(&load->text, '\t');
	hs_text_add(&load->text, section);
	hs_text_add_char(&load->text, '\t');
	hs_text_add(&load->text, name);
	hs_text_add_char(&load->text, '\t');
	hs_text_add(&load->text, value);
	hs_text_add_char(&load->text, '\n');
}

/* --- pattern files: a file's accesses become settings of section 0 --- */

static void add_touches(struct load *load, FILE *in, const char *path)
{
	hs_auto_free char *line = NULL;
	size_t room = 0;

	for (unsigned int number = 1; getline(&line, &room, in) >= 0; number++) {
		line[strcspn(line, "\r\n;#")] = '\0';
		if (line[strspn(line, " \t")])
			add_setting(load, number, 0, path, "touch", line + strspn(line, " \t"));
	}
}

/* Relative to the scenario's own folder. */
static char *path_beside(const char *scenario, const char *path)
{
	const char *slash = strrchr(scenario, '/');
	char *joined;

	if (*path == '/' || !slash)
		return strdup(path);
	return asprintf(&joined, "%.*s/%s", (int)(slash - scenario), scenario, path) < 0 ? NULL : joined;
}

static int add_pattern(struct load *load, const char *name, struct hs_error *err)
{
	hs_auto_free char *path = path_beside(load->path, name);
	hs_auto_file FILE *in = path ? fopen(path, "r") : NULL;

	if (!path)
		return hs_error_nomem(err);
	if (!in)
		return hs_error_set(err, -errno, "%s:%u: cannot open the pattern %s: %s", load->path, load->line, path,
				    strerror(errno));
	add_touches(load, in, path);
	if (ferror(in))
		return hs_error_set(err, -EIO, "cannot read the pattern %s", path);
	return 0;
}

/* --- other traces: what the device's process faulted on becomes settings of section 0, too --- */

struct adding {
	struct load *load;
	const char *path;
};

static void add_recorded(void *context, const char *key, const char *value)
{
	const struct adding *adding = context;

	add_setting(adding->load, adding->load->line, 0, adding->path, key, value);
}

/* "process WHO … trace=FILE …": the model refuses what else may be wrong with it. */
static int add_trace(struct load *load, const char *rule, struct hs_error *err)
{
	hs_auto_free char *words = strdup(rule), *path = NULL;
	char *list = words, *item;
	const char *who, *name = NULL;
	int rc;

	if (!words)
		return hs_error_nomem(err);
	svm_next_item(&list, " ");
	who = svm_next_item(&list, " ");
	while ((item = svm_next_item(&list, " ")))
		if (strncmp(item, "trace=", 6) == 0)
			name = item + 6;
	if (!name || !*name)
		return 0;
	path = path_beside(load->path, name);
	if (!path)
		return hs_error_nomem(err);
	rc = hs_scenario_read_trace(path, who, add_recorded, &(struct adding){ load, path }, err);
	if (rc)
		hs_error_prefix(err, "%s:%u", load->path, load->line);
	return rc;
}

static int add_accesses(struct load *load, const char *rule, struct hs_error *err)
{
	if (strncmp(rule, "pattern ", 8) == 0)
		return add_pattern(load, rule + 8 + strspn(rule + 8, " "), err);
	return strncmp(rule, "process ", 8) == 0 ? add_trace(load, rule, err) : 0;
}

/* --- settings --- */

/* Keys of the policy: what the user set there himself stays. */
static int set_key(struct load *load, const char *name, const char *value, struct hs_error *err)
{
	struct hs_policy fresh;
	char key[128];
	int rc;

	if (snprintf(key, sizeof(key), "svm.%s", name) >= (int)sizeof(key) || strcmp(name, "scenario") == 0)
		return hs_error_set(err, -ENOENT, "%s:%u: key '%.40s' does not belong here", load->path, load->line, name);
	if (hs_policy_init(&fresh, "fresh"))
		return hs_error_nomem(err);
	rc = hs_policy_set(&fresh, key, value, HS_POLICY_USER, err);
	if (!rc && hs_policy_origin(load->policy, key) != HS_POLICY_USER)
		rc = hs_policy_set(load->policy, key, value, HS_POLICY_USER, err);
	if (rc)
		hs_error_prefix(err, "%s:%u", load->path, load->line);
	hs_policy_deinit(&fresh);
	return rc;
}

static int take_setting(void *context, const char *section, const char *name, const char *value)
{
	struct load *load = context;
	struct hs_error err = { 0 };
	int rc = 0;

	if (strcmp(section, "svm") == 0) {
		rc = set_key(load, name, value, &err);
	} else {
		add_setting(load, load->line, load->section, section, name, value);
		if (strcmp(section, "device") == 0 && strcmp(name, "rule") == 0)
			rc = add_accesses(load, value, &err);
	}
	if (rc)
		keep_error(load, &err);
	return !rc;
}

static int parse(struct load *load, struct hs_error *err)
{
	int line;

	hs_text_add(&load->text, load->path);
	hs_text_add_char(&load->text, '\n');
	line = ini_parse_stream(read_line, load, take_setting, load);
	if (ferror(load->in))
		return hs_error_set(err, -EIO, "cannot read the scenario %s", load->path);
	if (load->first.code) {
		*err = load->first;
		return err->code;
	}
	if (line > 0)
		return hs_error_set(err, -EINVAL, "%s:%d: neither [SECTION] nor KEY = VALUE", load->path, line);
	hs_text_add_char(&load->text, '\0');
	return line || load->text.is_short ? hs_error_nomem(err) : 0;
}

/* --- where it is --- */

static int find_file(const char *name, char **path, struct hs_error *err)
{
	if (access(name, F_OK) && !strchr(name, '/') && !hs_example_scenario(name, path))
		return 0;
	*path = strdup(name);
	return *path ? 0 : hs_error_nomem(err);
}

int hs_scenario_load(struct hs_policy *policy, const char *name, struct hs_error *err)
{
	hs_auto_free char *path = NULL;
	struct svm_scenario *scenario = NULL;
	struct load load = { .policy = policy };
	int rc = find_file(name, &path, err);

	if (rc)
		return rc;
	load.path = path;
	load.in = fopen(path, "r");
	if (!load.in)
		return hs_error_set(err, -errno, "cannot open the scenario %s: %s", path, strerror(errno));
	rc = parse(&load, err);
	fclose(load.in);
	if (!rc) {
		free(policy->scenario);
		policy->scenario = hs_take(&load.text.data);
		scenario = malloc(sizeof(*scenario));
		rc = scenario ? svm_scenario_read(policy, NULL, scenario, err) : hs_error_nomem(err);
		if (!rc)
			svm_scenario_deinit(scenario);
	}
	free(scenario);
	hs_text_deinit(&load.text);
	return rc;
}

int hs_scenario_apply(struct hs_policy *policy, const struct hs_arguments *arguments)
{
	const char *option = hs_option_is_declared(arguments, "scenario") ? hs_option_text(arguments, "scenario") : NULL;
	struct hs_error err;

	if (option && !*hs_policy_text(policy, "svm.scenario") &&
	    hs_policy_set(policy, "svm.scenario", option, HS_POLICY_USER, &err))
		return hs_fail(HS_EXIT_USAGE, &err);
	if (!*hs_policy_text(policy, "svm.scenario"))
		return HS_EXIT_OK;
	return hs_scenario_load(policy, hs_policy_text(policy, "svm.scenario"), &err) ? hs_fail(HS_EXIT_USAGE, &err) :
	       HS_EXIT_OK;
}
