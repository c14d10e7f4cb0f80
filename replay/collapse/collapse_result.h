/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_RESULT_H
#define HS_COLLAPSE_RESULT_H
/* Results of scans and collapses by name: the list is collapse_results.def. */
#include <stddef.h>

#include "replay/variant.h"

enum hs_collapse_result {
#define RESULT(id, text, ...) HS_SCAN_##id,
#include "replay/collapse/collapse_results.def"
#undef RESULT
	HS_NR_COLLAPSE_RESULTS
};

/* "SCAN_EXCEED_NONE_PTE"; static. */
const char *hs_collapse_result_name(enum hs_collapse_result result);

/*
 * By the kernel's name ("SCAN_SUCCEED", with or without "SCAN_") or by the tracepoint's text
 * ("succeeded"). -1: no such result.
 */
int hs_collapse_result_find(const char *text, size_t length);

/* By its number in a kernel of that variant; -1: none (v2010 has no numbers). */
int hs_collapse_result_of_number(enum hs_variant variant, long long number);

/* Its number in a kernel of that variant, or -1. */
int hs_collapse_result_number(enum hs_variant variant, enum hs_collapse_result result);

#endif
