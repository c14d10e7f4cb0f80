/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_FLAGS_H
#define HS_COLLAPSE_FLAGS_H
/* Rule sets: a variant is a set of named flags (collapse_flags.def); rules test flags, never versions. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "replay/collapse/collapse_result.h"
#include "traces/header.h"

enum hs_writable_rule { HS_WRITABLE_OFF, HS_WRITABLE_ANY, HS_WRITABLE_EACH };
enum hs_shared_rule { HS_SHARED_COUNT, HS_SHARED_PAGE, HS_SHARED_LIKELY, HS_SHARED_MAYBE };
enum hs_madvise_enter { HS_MADVISE_ENTER_NO, HS_MADVISE_ENTER_WHOLE, HS_MADVISE_ENTER_FINAL };

struct hs_collapse_rules {
	enum hs_variant variant;	/* for names and numbers of results; decides nothing */
#define FLAG(name, ...) uint8_t name;
#include "replay/collapse/collapse_flags.def"
#undef FLAG
};

struct hs_collapse_flag {
	const char *name;
	uint8_t value[HS_NR_VARIANTS];
	const char *source;
};
/* All flags, terminated by name == NULL. */
extern const struct hs_collapse_flag hs_collapse_flags[];

/*
 * Rules by the text of collapse.variant. "auto" is the recorded host's (replay/variant.h); header attributes
 * "collapse.flag.NAME" then override single flags. *is_guess (may be NULL): nothing told the host's variant.
 * -EINVAL: a bad override; *rules is unchanged.
 */
int hs_collapse_rules_find(const char *variant, const struct hs_header *header, struct hs_collapse_rules *rules,
			   bool *is_guess, struct hs_error *err);

/* The plain rule set of a variant. */
void hs_collapse_rules_init(struct hs_collapse_rules *rules, enum hs_variant variant);

#endif
