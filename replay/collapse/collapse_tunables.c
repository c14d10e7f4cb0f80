// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_tunables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THP "transparent_hugepage/"
#define HS_THP_SIZE_WORDS "always|inherit|madvise|never"

const struct hs_policy_key hs_collapse_keys[] = {
	{ "collapse.variant", NULL, "auto", 0, 0, HS_VARIANT_WORDS,
	  "whose rules decide; auto: those of the recorded host" },
#define NUMBER(field, file, init, init512, low, high, high512, help) \
	{ "collapse." #field, THP file, init512, low, high512, NULL, help },
#define FLAG01(field, file, init, help) { "collapse." #field, THP file, #init, 0, 1, NULL, help },
#define WORDS(field, file, init, number, words, help) { "collapse." #field, THP file, init, 0, 0, words, help },
#include "replay/collapse/collapse_tunables.def"
#undef NUMBER
#undef FLAG01
#undef WORDS
	{ "collapse.cost_pte_ns", NULL, "10", 0, 1000000, NULL, "whatif: time of one page table entry scanned" },
	{ "collapse.cost_attempt_ns", NULL, "20000", 0, 1000000000, NULL, "whatif: time of an attempt as such" },
	{ "collapse.cost_copy_page_ns", NULL, "2000", 0, 1000000000, NULL, "whatif: time to copy a page" },
	{ "collapse.cost_zero_page_ns", NULL, "1000", 0, 1000000000, NULL, "whatif: time to zero-fill a page" },
	{ .key = NULL },
};

/* One file, with its place in the struct and the bounds that hold for its huge page size. */
struct tunable {
	const char *file;
	uint64_t *value;
	uint64_t lowest, highest;
	bool is_flag;
	const char *words;
};

static bool find_tunable(struct hs_collapse_tunables *tunables, const char *file, struct tunable *found)
{
	const uint64_t nr = tunables->nr;
	const struct tunable all[] = {
#define NUMBER(field, file, init, init512, low, high, ...) { file, &tunables->field, low, high, false, NULL },
#define FLAG01(field, file, ...) { file, &tunables->field, 0, 1, true, NULL },
#define WORDS(field, file, init, number, words, ...) { file, &tunables->field, 0, 0, false, words },
#include "replay/collapse/collapse_tunables.def"
#undef NUMBER
#undef FLAG01
#undef WORDS
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (strcmp(all[i].file, file) == 0) {
			*found = all[i];
			return true;
		}
	}
	return false;
}

void hs_collapse_tunables_init(struct hs_collapse_tunables *tunables, unsigned int nr)
{
	tunables->nr = nr;
#define NUMBER(field, file, init, ...) tunables->field = init;
#define FLAG01(field, file, init, ...) tunables->field = init;
#define WORDS(field, file, init, number, ...) tunables->field = number;
#include "replay/collapse/collapse_tunables.def"
#undef NUMBER
#undef FLAG01
#undef WORDS
}

/* Place of a word in "a|b|c", or -1. */
static int find_word(const char *words, const char *text, size_t length)
{
	for (int i = 0;; i++) {
		size_t end = strcspn(words, "|");

		if (end == length && memcmp(words, text, length) == 0)
			return i;
		if (!words[end])
			return -1;
		words += end + 1;
	}
}

/* 0, -EINVAL (no number) or -ERANGE (beyond 2^64 - 1). */
static int parse_number(const char *text, size_t length, bool allow_plus, uint64_t *value)
{
	uint64_t sum = 0;
	size_t i = 0;
	bool is_over = false;

	if (length && text[length - 1] == '\n')
		length--;
	if (allow_plus && length && text[0] == '+')
		i++;
	if (i == length)
		return -EINVAL;
	for (; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		is_over |= __builtin_mul_overflow(sum, 10, &sum) ||
			   __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum);
	}
	if (is_over)
		return -ERANGE;
	*value = sum;
	return 0;
}

static int store_word(const struct tunable *tunable, const char *text, size_t length)
{
	int word;

	if (length && text[length - 1] == '\n')
		length--;
	word = find_word(tunable->words, text, length);
	if (word < 0)
		return -EINVAL;
	*tunable->value = (uint64_t)word;
	return 0;
}

int hs_collapse_tunables_store(struct hs_collapse_tunables *tunables, const struct hs_collapse_rules *rules,
			       const char *file, const char *text, size_t length)
{
	struct tunable tunable;
	uint64_t value = 0;
	int status;

	if (!find_tunable(tunables, file, &tunable))
		return -ENOENT;
	if (tunable.words)
		return store_word(&tunable, text, length);
	status = parse_number(text, length, rules->variant != HS_VARIANT_V2010, &value);
	/* The files of mm/khugepaged.c fold every parse error into one; the flag files do not. */
	if (status)
		return tunable.is_flag ? status : -EINVAL;
	if (value < tunable.lowest || value > tunable.highest)
		return -EINVAL;
	*tunable.value = value;
	return 0;
}

const char *hs_collapse_tunables_text(const struct hs_collapse_tunables *tunables, const char *file,
				      char buffer[HS_COLLAPSE_TUNABLE_TEXT])
{
	struct hs_collapse_tunables copy = *tunables;
	struct tunable tunable;
	const char *word;

	if (!find_tunable(&copy, file, &tunable))
		return NULL;
	if (!tunable.words) {
		snprintf(buffer, HS_COLLAPSE_TUNABLE_TEXT, "%" PRIu64, *tunable.value);
		return buffer;
	}
	word = tunable.words;
	for (uint64_t i = 0; i < *tunable.value; i++)
		word += strcspn(word, "|") + 1;
	snprintf(buffer, HS_COLLAPSE_TUNABLE_TEXT, "%.*s", (int)strcspn(word, "|"), word);
	return buffer;
}

static uint64_t word_of_policy(const struct hs_policy *policy, const char *key, const char *words)
{
	const char *text = hs_policy_text(policy, key);

	return (uint64_t)find_word(words, text, strlen(text));
}

void hs_collapse_tunables_read(struct hs_collapse_tunables *tunables, const struct hs_policy *policy,
			       const char *file)
{
	tunables->nr = 512;
#define NUMBER(field, name, ...) \
	if (!file || strcmp(file, name) == 0) \
		tunables->field = hs_policy_number(policy, "collapse." #field);
#define FLAG01 NUMBER
#define WORDS(field, name, init, number, words, ...) \
	if (!file || strcmp(file, name) == 0) \
		tunables->field = word_of_policy(policy, "collapse." #field, words);
#include "replay/collapse/collapse_tunables.def"
#undef NUMBER
#undef FLAG01
#undef WORDS
}
