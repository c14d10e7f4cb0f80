// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_flags.h"

#include <errno.h>
#include <string.h>

#include "lib/units.h"

const struct hs_collapse_flag hs_collapse_flags[] = {
#define FLAG(name, v2010, v6_1, v6_12, v6_18, v7_2, source) { #name, { v2010, v6_1, v6_12, v6_18, v7_2 }, source },
#include "replay/collapse/collapse_flags.def"
#undef FLAG
	{ .name = NULL },
};

void hs_collapse_rules_init(struct hs_collapse_rules *rules, enum hs_variant variant)
{
	unsigned int i = 0;

	rules->variant = variant;
#define FLAG(name, ...) rules->name = hs_collapse_flags[i++].value[variant];
#include "replay/collapse/collapse_flags.def"
#undef FLAG
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
			   bool *is_guess, struct hs_error *err)
{
	static const char prefix[] = "collapse.flag.";
	struct hs_collapse_rules made;
	int status = 0;

	hs_collapse_rules_init(&made, hs_variant_resolve(variant, header, is_guess));
	for (size_t i = 0; strcmp(variant, "auto") == 0 && !status && i < header->attributes.count; i++) {
		const struct hs_header_attribute *attribute = &header->attributes.items[i];

		if (strncmp(attribute->key, prefix, sizeof(prefix) - 1) == 0)
			status = override_flag(&made, attribute->key + sizeof(prefix) - 1, attribute->value, err);
	}
	if (!status)
		*rules = made;
	return status;
}
