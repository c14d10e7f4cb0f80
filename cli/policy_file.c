// SPDX-License-Identifier: GPL-2.0-only
#include "cli/policy_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"

enum { MAX_KEY = 128 };

struct load {
	struct hs_policy *policy;
	struct hs_error first;	/* code 0: none yet */
};

/* inih goes on after an error and reports the line of the first one: so is its sentence kept. */
static int take_setting(void *user, const char *section, const char *name, const char *value)
{
	struct load *load = user;
	struct hs_error err;
	char key[MAX_KEY];
	int length = snprintf(key, sizeof(key), "%s%s%s", section, *section ? "." : "", name);

	if (length >= MAX_KEY)
		hs_error_set(&err, -ENOENT, "policy key '%.40s…' is unknown", key);
	else if (!hs_policy_set(load->policy, key, value, HS_POLICY_USER, &err))
		return 1;
	if (!load->first.code)
		load->first = err;
	return 0;
}

int hs_policy_load(struct hs_policy *policy, const char *path, struct hs_error *err)
{
	struct load load = { .policy = policy };
	hs_auto_file FILE *in = fopen(path, "r");
	int line;

	if (!in)
		return hs_error_set(err, -errno, "cannot open the policy %s: %s", path, strerror(errno));
	line = ini_parse_file(in, take_setting, &load);
	if (ferror(in))
		return hs_error_set(err, -EIO, "cannot read the policy %s: %s", path, strerror(errno));
	if (line < 0)
		return hs_error_nomem(err);
	if (line && load.first.code)
		return hs_error_set(err, load.first.code, "%s:%d: %s", path, line, load.first.text);
	if (line)
		return hs_error_set(err, -EINVAL, "%s:%d: neither [MODEL] nor KEY = VALUE", path, line);
	return 0;
}

int hs_policy_set_text(struct hs_policy *policy, const char *setting, struct hs_error *err)
{
	const char *equals = strchr(setting, '=');
	char key[MAX_KEY];

	if (!equals || equals == setting || equals - setting >= MAX_KEY)
		return hs_error_set(err, -EINVAL, "'%.60s' is not KEY=VALUE", setting);
	memcpy(key, setting, (size_t)(equals - setting));
	key[equals - setting] = 0;
	return hs_policy_set(policy, key, equals + 1, HS_POLICY_USER, err);
}
