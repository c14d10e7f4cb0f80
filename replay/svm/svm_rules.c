// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_rules.h"

#include <errno.h>
#include <string.h>

struct variant {
	const char *name;
	struct hs_svm_rules rules;
};

static const struct variant variants[] = {
	{ "6.1", {
#define RULE(name, v61, v612, v618, v72, values, help, where) .name = v61,
#include "replay/svm/svm_rules.def"
#undef RULE
	} },
	{ "6.12", {
#define RULE(name, v61, v612, v618, v72, values, help, where) .name = v612,
#include "replay/svm/svm_rules.def"
#undef RULE
	} },
	{ "6.18", {
#define RULE(name, v61, v612, v618, v72, values, help, where) .name = v618,
#include "replay/svm/svm_rules.def"
#undef RULE
	} },
	{ "7.2", {
#define RULE(name, v61, v612, v618, v72, values, help, where) .name = v72,
#include "replay/svm/svm_rules.def"
#undef RULE
	} },
};

const struct hs_svm_rule_info hs_svm_rule_list[] = {
#define RULE(name, v61, v612, v618, v72, values, help, where) \
	{ #name, values, help, where, offsetof(struct hs_svm_rules, name) },
#include "replay/svm/svm_rules.def"
#undef RULE
};
const size_t hs_svm_nr_rules = sizeof(hs_svm_rule_list) / sizeof(hs_svm_rule_list[0]);

const struct hs_svm_rules *hs_svm_variant_find(const char *name)
{
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (strcmp(variants[i].name, name) == 0)
			return &variants[i].rules;
	return NULL;
}

/* Place of a word in "a|b|c", or -1. */
static int find_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (int number = 0; ; number++) {
		size_t span = strcspn(words, "|");

		if (span == length && memcmp(words, word, length) == 0)
			return number;
		if (!words[span])
			return -1;
		words += span + 1;
	}
}

int hs_svm_rule_set(struct hs_svm_rules *rules, const char *name, const char *value)
{
	for (size_t i = 0; i < hs_svm_nr_rules; i++) {
		const struct hs_svm_rule_info *info = &hs_svm_rule_list[i];
		int number;

		if (strcmp(info->name, name) != 0)
			continue;
		number = find_word(info->values, value);
		if (number < 0)
			return -EINVAL;
		((unsigned char *)rules)[info->offset] = (unsigned char)number;
		return 0;
	}
	return -ENOENT;
}
