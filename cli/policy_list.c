// SPDX-License-Identifier: GPL-2.0-only
#include "cli/policy_list.h"

#include <string.h>

#include "cli/policy_file.h"
#include "cli/scenario_file.h"
#include "lib/cleanup.h"

void hs_policy_list_deinit(struct hs_policy_list *list)
{
	hs_vec_for_each(policy, &list->policies)
		hs_policy_deinit(policy);
	hs_vec_deinit(&list->policies);
}

/* A new policy at the end of the list, or NULL. */
static struct hs_policy *add_policy(struct hs_policy_list *list, const char *name)
{
	struct hs_policy policy;

	if (hs_policy_init(&policy, name))
		return NULL;
	if (hs_vec_push(&list->policies, policy))
		return &list->policies.items[list->policies.count - 1];
	hs_policy_deinit(&policy);
	return NULL;
}

/* A file's name without folder and ".ini". */
static char *name_after(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(base);

	return strndup(base, length > 4 && strcmp(base + length - 4, ".ini") == 0 ? length - 4 : length);
}

static int add_file(struct hs_policy_list *list, const char *path, struct hs_error *err)
{
	hs_auto_free char *name = name_after(path);
	struct hs_policy *policy = name ? add_policy(list, name) : NULL;

	return policy ? hs_policy_load(policy, path, err) : hs_error_nomem(err);
}

/* "[NAME:]KEY=VALUE[,…]". A colon counts only in front of the first equals sign. */
static int add_setting(struct hs_policy_list *list, const char *text, struct hs_error *err)
{
	size_t name_length = strcspn(text, ":=");
	hs_auto_free char *copy = strdup(text), *name = NULL;
	char *settings = copy, *rest, *setting;
	struct hs_policy *policy;
	int status = 0;

	if (text[name_length] != ':')
		name_length = 0;
	name = name_length ? strndup(text, name_length) : strdup(text);
	policy = name && copy ? add_policy(list, name) : NULL;
	if (!policy)
		return hs_error_nomem(err);
	settings += name_length ? name_length + 1 : 0;
	for (setting = strtok_r(settings, ",", &rest); setting && !status; setting = strtok_r(NULL, ",", &rest))
		status = hs_policy_set_text(policy, setting, err);
	return status;
}

int hs_policy_list_parse(const struct hs_arguments *arguments, const char *command, unsigned int flags,
			 struct hs_policy_list *list)
{
	size_t nr_files = hs_option_count(arguments, "policy"), nr_settings = hs_option_count(arguments, "set");
	struct hs_error err = { 0 };

	*list = (struct hs_policy_list){ 0 };
	if ((nr_files + nr_settings < 2 || flags & HS_POLICY_AS_RECORDED) && !add_policy(list, "recorded"))
		return hs_fail_nomem();
	for (size_t i = 0; i < nr_files; i++)
		if (add_file(list, hs_option_at(arguments, "policy", i), &err))
			return hs_fail(HS_EXIT_FAILED, &err);
	for (size_t i = 0; i < nr_settings; i++)
		if (add_setting(list, hs_option_at(arguments, "set", i), &err))
			return hs_usage_error(command, "-s %s: %s", hs_option_at(arguments, "set", i), err.text);
	hs_vec_for_each(policy, &list->policies)
		if (hs_scenario_apply(policy, arguments))
			return HS_EXIT_USAGE;
	return HS_EXIT_OK;
}
