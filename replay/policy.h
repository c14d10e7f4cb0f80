/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_POLICY_H
#define HS_POLICY_H
/*
 * A policy: tunables and kernel variant of every model, as "section.key" = text, e.g.
 * "collapse.max_ptes_none" = "64", "collapse.variant" = "6.12", "address_space.variant" = "auto".
 * A model declares its keys (struct hs_policy_key); unknown keys and bad values are errors, never ignored.
 * What is not set comes from the trace's snapshot where the key names a tunable, else from the default.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/vec.h"

/* Where a value came from: results must be able to say. */
enum hs_policy_origin { HS_POLICY_DEFAULT, HS_POLICY_TRACE, HS_POLICY_USER };

struct hs_policy_key {
	const char *key;	/* "collapse.max_ptes_none" */
	const char *tunable;	/* as in snap.tunable, or NULL: not a setting of the kernel */
	const char *default_text;
	uint64_t min, max;	/* for numbers; both 0: text, checked by words */
	const char *words;	/* "always|madvise|never", or NULL */
	const char *help;
};

enum { HS_KEY_VALUES = 200 };
/* For help: "0 to 511; default: 511". Returns text. */
const char *hs_policy_key_values(const struct hs_policy_key *key, char text[HS_KEY_VALUES]);

struct hs_policy_value {
	const struct hs_policy_key *key;	/* borrowed, static */
	char *text;
	enum hs_policy_origin origin;
};

struct hs_policy {
	char *name;		/* for reports: "recorded", a file's name, "max_ptes_none=0" */
	HS_VEC(struct hs_policy_value) values;	/* one per known key, in the registry's order */
	char *scenario;		/* NULL, or what the file says that a key names (replay/svm/svm_scenario_file.c) */
};

/* All keys of all registered models at their defaults. 0 or -ENOMEM. */
int hs_policy_init(struct hs_policy *policy, const char *name);
int hs_policy_copy(struct hs_policy *to, const struct hs_policy *from, const char *name);
void hs_policy_deinit(struct hs_policy *policy);

/*
 * Sets one key. key may leave the section out where only one model has it. -ENOENT unknown key (the
 * sentence lists near ones), -EINVAL / -ERANGE bad value; the policy is unchanged then.
 */
int hs_policy_set(struct hs_policy *policy, const char *key, const char *text, enum hs_policy_origin origin,
		  struct hs_error *err);

/* Is there a key that takes its value from this tunable? The answer is the same for all policies. */
bool hs_policy_has_tunable(const struct hs_policy *policy, const char *tunable);

/* Takes a recorded tunable (snap.tunable, meta.tunable) unless the user has set the key. 1: taken, 0: no such key. */
int hs_policy_take_tunable(struct hs_policy *policy, const char *tunable, const char *text, size_t length);

/* Value of a key that exists (asserted). "[always] madvise never" was reduced to the chosen word on entry. */
const char *hs_policy_text(const struct hs_policy *policy, const char *key);
uint64_t hs_policy_number(const struct hs_policy *policy, const char *key);
enum hs_policy_origin hs_policy_origin(const struct hs_policy *policy, const char *key);

#endif
