// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/collapse_result.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PREFIX = sizeof("SCAN_") - 1 };

static const struct {
	const char *name;
	const char *text;
	int8_t number[HS_NR_VARIANTS];
} results[] = {
#define RESULT(id, text, ...) [HS_SCAN_##id] = { "SCAN_" #id, text, { -1, __VA_ARGS__ } },
#include "replay/collapse/collapse_results.def"
#undef RESULT
};

const char *hs_collapse_result_name(enum hs_collapse_result result)
{
	return results[result].name;
}

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && memcmp(word, text, length) == 0;
}

int hs_collapse_result_find(const char *text, size_t length)
{
	/* One kernel name begins with the prefix twice (SCAN_SCAN_ABORT): compare whole names first. */
	for (int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++) {
		if (is_word(results[i].name, text, length) || is_word(results[i].text, text, length))
			return i;
	}
	for (int i = 0; i < HS_NR_COLLAPSE_RESULTS; i++) {
		if (is_word(results[i].name + PREFIX, text, length))
			return i;
	}
	return -1;
}

int hs_collapse_result_of_number(enum hs_variant variant, long long number)
{
	for (int i = 0; number >= 0 && i < HS_NR_COLLAPSE_RESULTS; i++) {
		if (results[i].number[variant] == number)
			return i;
	}
	return -1;
}

int hs_collapse_result_number(enum hs_variant variant, enum hs_collapse_result result)
{
	return results[result].number[variant];
}
