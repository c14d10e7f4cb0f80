// SPDX-License-Identifier: GPL-2.0-only
#include "replay/variant.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned int major, minor;
} variants[HS_NR_VARIANTS] = {
	[HS_VARIANT_V2010] = { "v2010", 0, 0 },
	[HS_VARIANT_6_1] = { "6.1", 6, 1 },
	[HS_VARIANT_6_12] = { "6.12", 6, 12 },
	[HS_VARIANT_6_18] = { "6.18", 6, 18 },
	[HS_VARIANT_7_2] = { "7.2", 7, 2 },
};

const char *hs_variant_name(enum hs_variant variant)
{
	return variants[variant].name;
}

static bool variant_by_name(const char *text, enum hs_variant *variant)
{
	for (unsigned int i = 0; text && i < HS_NR_VARIANTS; i++) {
		if (strcmp(text, variants[i].name) == 0) {
			*variant = (enum hs_variant)i;
			return true;
		}
	}
	return false;
}

static bool variant_by_release(const char *release, enum hs_variant *variant)
{
	unsigned int major, minor;

	if (!release || sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	for (int i = HS_NR_VARIANTS - 1; i >= 0; i--) {
		if (major > variants[i].major || (major == variants[i].major && minor >= variants[i].minor)) {
			*variant = (enum hs_variant)i;
			return true;
		}
	}
	return false;
}

enum hs_variant hs_variant_resolve(const char *text, const struct hs_header *header, bool *is_guess)
{
	enum hs_variant variant = HS_VARIANT_7_2;
	bool found = variant_by_name(text, &variant) || variant_by_name(header->variant, &variant) ||
		     variant_by_release(header->kernel, &variant);

	if (is_guess)
		*is_guess = !found;
	return variant;
}
