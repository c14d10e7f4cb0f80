// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_flags.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/units.h"

const struct hs_collapse_flag hs_collapse_flags[] = {
#define FLAG(name, v2010, v6_1, v6_12, v6_18, v7_2, source) { #name, { v2010, v6_1, v6_12, v6_18, v7_2 }, source },
#include "replay/collapse/collapse_flags.def"
#undef FLAG
	{ .name = NULL },
};

static const char *const names[HS_NR_COLLAPSE_VARIANTS] = { "v2010", "6.1", "6.12", "6.18", "7.2" };

/* Kernels between two variants follow the older one up to the release in which most of its flags changed. */
static const struct {
	unsigned int major, minor;	/* first release that follows it */
	enum hs_collapse_variant variant;
} releases[] = {
	{ 7, 0, HS_COLLAPSE_V7_2 }, { 6, 16, HS_COLLAPSE_V6_18 }, { 6, 7, HS_COLLAPSE_V6_12 },
	{ 3, 0, HS_COLLAPSE_V6_1 }, { 0, 0, HS_COLLAPSE_V2010 },
};

const char *hs_collapse_variant_name(enum hs_collapse_variant variant)
{
	return names[variant];
}

void hs_collapse_rules_init(struct hs_collapse_rules *rules, enum hs_collapse_variant variant)
{
	unsigned int i = 0;

	rules->variant = variant;
#define FLAG(name, ...) rules->name = hs_collapse_flags[i++].value[variant];
#include "replay/collapse/collapse_flags.def"
#undef FLAG
}

static int find_name(const char *name)
{
	for (int i = 0; i < HS_NR_COLLAPSE_VARIANTS; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

static enum hs_collapse_variant of_host(const struct hs_header *header)
{
	unsigned int major, minor;
	int found = header && header->variant ? find_name(header->variant) : -1;

	if (found >= 0)
		return (enum hs_collapse_variant)found;
	if (!header || !header->kernel || sscanf(header->kernel, "%u.%u", &major, &minor) != 2)
		return HS_COLLAPSE_V7_2;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		if (major > releases[i].major || (major == releases[i].major && minor >= releases[i].minor))
			return releases[i].variant;
	}
	return HS_COLLAPSE_V2010;
}

static int override_flag(struct hs_collapse_rules *rules, const char *name, const char *text, struct hs_error *err)
{
	uint64_t value;

	if (hs_parse_u64_in(text, 0, 3, &value))
		return hs_error_set(err, -EINVAL, "header attribute collapse.flag.%s: '%s' is no number from 0 to 3",
				    name, text);
#define FLAG(flag, ...) \
	if (strcmp(name, #flag) == 0) { \
		rules->flag = (uint8_t)value; \
		return 0; \
	}
#include "replay/collapse/collapse_flags.def"
#undef FLAG
	return hs_error_set(err, -EINVAL, "header attribute collapse.flag.%s: no such rule flag", name);
}

int hs_collapse_rules_find(const char *variant, const struct hs_header *header, struct hs_collapse_rules *rules,
			   struct hs_error *err)
{
	static const char prefix[] = "collapse.flag.";
	struct hs_collapse_rules made;
	int found = find_name(variant);
	int status = 0;

	if (found >= 0) {
		hs_collapse_rules_init(rules, (enum hs_collapse_variant)found);
		return 0;
	}
	if (strcmp(variant, "auto") != 0)
		return hs_error_set(err, -EINVAL, "collapse.variant: '%s' is none of auto, v2010, 6.1, 6.12, 6.18, 7.2",
				    variant);
	hs_collapse_rules_init(&made, of_host(header));
	for (size_t i = 0; header && !status && i < header->attributes.count; i++) {
		const struct hs_header_attribute *attribute = &header->attributes.items[i];

		if (strncmp(attribute->key, prefix, sizeof(prefix) - 1) == 0)
			status = override_flag(&made, attribute->key + sizeof(prefix) - 1, attribute->value, err);
	}
	if (!status)
		*rules = made;
	return status;
}
