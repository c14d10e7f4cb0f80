/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_RULES_H
#define SVM_RULES_H
/* The differences between kernels as named rules (svm_rules.def); a variant is a preset of them. */
#include <stdbool.h>
#include <stddef.h>

struct hs_svm_rules {
#define RULE(name, v61, v612, v618, v72, values, help, where) unsigned char name;
#include "replay/svm/svm_rules.def"
#undef RULE
};

enum { HS_SVM_REMAP_NONE, HS_SVM_REMAP_V1, HS_SVM_REMAP_V2 };
enum { HS_SVM_APU_NONE, HS_SVM_APU_ANY, HS_SVM_APU_PREFER_GTT };
enum { HS_SVM_COUNT_COLLECTED, HS_SVM_COUNT_COPIED, HS_SVM_COUNT_MOVED };

/* One row of the table; values: the words of the rule's numbers, from 0, separated by '|'. */
struct hs_svm_rule_info {
	const char *name;
	const char *values;
	const char *help;
	const char *where;	/* kernel file and function */
	size_t offset;		/* of the rule in struct hs_svm_rules */
};
extern const struct hs_svm_rule_info hs_svm_rule_list[];
extern const size_t hs_svm_nr_rules;

/* "6.1", "6.12", "6.18" or "7.2"; NULL for another name. */
const struct hs_svm_rules *hs_svm_variant_find(const char *name);

/* Sets one rule by name, to a word of its values. -ENOENT no such rule, -EINVAL no such value. */
int hs_svm_rule_set(struct hs_svm_rules *rules, const char *name, const char *value);

#endif
