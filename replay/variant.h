/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_VARIANT_H
#define HS_VARIANT_H
/*
 * Whose rules a model follows. Models turn a variant into flags named after what changed, once, in a
 * table; no rule compares variants.
 */
#include <stdbool.h>

#include "replay/policy.h"
#include "traces/header.h"

/* Oldest first. */
enum hs_variant {
	HS_VARIANT_V2010, HS_VARIANT_6_1, HS_VARIANT_6_12, HS_VARIANT_6_18, HS_VARIANT_7_2,
	HS_NR_VARIANTS
};

/* For the words of a model's variant key. */
#define HS_VARIANT_WORDS "auto|v2010|6.1|6.12|6.18|7.2"

/* "6.12". */
const char *hs_variant_name(enum hs_variant variant);

/*
 * Variant by the text of a policy; "auto" is the recorded host's: the header's own word for it, else the
 * newest variant that is not newer than its kernel release. *is_guess tells that the header says neither
 * and the newest variant was taken. is_guess may be NULL.
 */
enum hs_variant hs_variant_resolve(const char *text, const struct hs_header *header, bool *is_guess);

#endif
