/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COUNTER_RULES_H
#define HS_COUNTER_RULES_H
/*
 * What a scan or an isolate step decides, from the counters of its tracepoint alone: which answers they
 * determine, which they only bound, and which rest on an assumption. "Recorded" is what the traced kernel
 * did under the settings in force then; the question is what it does under other settings or rules.
 */
#include "replay/collapse/isolate_rules.h"
#include "replay/decision.h"

enum hs_counter_phase { HS_COUNTER_SCAN, HS_COUNTER_ISOLATE };

enum { HS_COUNTER_UNKNOWN = 255 };

struct hs_counter_request {
	enum hs_counter_phase phase;
	const struct hs_collapse_rules *rules, *recorded_rules;
	const struct hs_collapse_tunables *tunables, *recorded_tunables;
	bool is_khugepaged;
	unsigned int order;			/* of the candidate (isolate); the PMD's otherwise */
	uint32_t vma_flags;			/* enum hs_thp_vma_flag, as far as known */
	uint16_t orders;			/* enabled orders under the settings asked about */
	uint16_t recorded_orders;
	enum hs_collapse_result recorded;	/* final result of the phase */
	unsigned int none, unmapped, referenced;
	uint8_t writable;			/* 1, 0 or HS_COUNTER_UNKNOWN */
	bool has_page;
	/* The walk over the entries ended with its last one (an attempt followed, or a code from behind the loop). */
	bool is_completed;
	/* A bitmap of the range where one is known: none, zero and swap planes are looked at. NULL: none. */
	const struct hs_pte_map *ptes;
};

struct hs_counter_answer {
	bool is_unknown;		/* not even a guess: several results remain */
	bool is_echo;			/* the recorded code is the only input: sure under other settings, no proof of the rule */
	enum hs_collapse_result result;	/* SUCCEED: the phase passes */
	enum hs_basis basis;
	const char *reason;		/* static */
};

void hs_counter_decide(const struct hs_counter_request *request, struct hs_counter_answer *answer);

/*
 * Shared pages are not counted in the trace: a lower limit of them may be met before whatever else decides. Only a
 * walk that met the higher one surely meets the lower. Makes an exact answer an assumed one where this is so.
 */
void hs_counter_doubt_shared(const struct hs_counter_request *request, struct hs_counter_answer *answer);

/* A code that only the tests behind the loop, or the steps of a collapse, give. */
bool hs_counter_is_behind_loop(const struct hs_collapse_rules *rules, enum hs_collapse_result result);
/* A code that says that there was no page table to walk. */
bool hs_counter_is_pmd_code(enum hs_collapse_result result);

#endif
