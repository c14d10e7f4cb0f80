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
	FILE *in;
	int line;		/* read last */
	struct hs_error first;	/* of a key or value; code 0: none yet */
	int first_line;
};

static char *read_line(char *text, int room, void *stream)
{
	struct load *load = stream;

	load->line++;
	return fgets(text, room, load->in);
}

/* inih goes on after an error, and says which line was the first it could not read itself or had refused. */
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
	if (!load->first.code) {
		load->first = err;
		load->first_line = load->line;
	}
	return 0;
}

int hs_policy_load(struct hs_policy *policy, const char *path, struct hs_error *err)
{
	struct load load = { .policy = policy };
	hs_auto_file FILE *in = fopen(path, "r");
	int line;

	if (!in)
		return hs_error_set(err, -errno, "cannot open the policy %s: %s", path, strerror(errno));
	load.in = in;
	line = ini_parse_stream(read_line, &load, take_setting, &load);
	if (ferror(in))
		return hs_error_set(err, -EIO, "cannot read the policy %s: %s", path, strerror(errno));
	if (line < 0)
		return hs_error_nomem(err);
	if (line && load.first.code && load.first_line <= line)
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
