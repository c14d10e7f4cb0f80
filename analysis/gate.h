/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_GATE_H
#define HS_GATE_H
/*
 * What --fail-on says. A gate is one test or several, separated by commas; it fails when any of them is
 * true, for any policy:
 *
 *   gate   = test { "," test }
 *   test   = name op number [ "%" ]
 *   op     = "<" | "<=" | ">" | ">=" | "==" | "!="
 *   number = [ "-" ] digits [ "." digits ]
 *   name   = a metric (analysis/metrics.h), in full or its end, or a metric and ".change"
 *
 * Blanks are allowed between the parts. NAME.change is the difference to the first policy: in percent of its
 * value with "%", else as it is. Elsewhere "%" is allowed with shares only. A metric without a value (the
 * agreement of no decisions, the change of 0 in percent) cannot be judged, and that fails too: a gate never
 * passes because nothing was measured.
 *
 *   agreement.exact<100    disagree>0    huge_pages.change<-5%    collapse.scan.SCAN_SUCCEED==0
 */
#include <stdbool.h>
#include <stddef.h>

#include "analysis/metrics.h"
#include "analysis/table.h"
#include "lib/error.h"
#include "lib/vec.h"

enum hs_gate_operator { HS_GATE_LE, HS_GATE_GE, HS_GATE_EQ, HS_GATE_NE, HS_GATE_LT, HS_GATE_GT,
	HS_NR_GATE_OPERATORS };

struct hs_gate_test {
	const char *text;	/* the whole test, in the gate's text */
	size_t length;
	const char *name;	/* of the metric, without ".change" */
	size_t name_length;
	bool is_change, is_percent;
	enum hs_gate_operator op;
	double number;
};

struct hs_gate {
	char *text;		/* owned */
	HS_VEC(struct hs_gate_test) tests;
};

/* 0, -ENOMEM, -EINVAL: "column N: what", counted from 1. out is untouched on error. */
int hs_gate_parse(const char *text, struct hs_gate *out, struct hs_error *err);
void hs_gate_deinit(struct hs_gate *gate);

/*
 * Judges all policies; policies[0] is what changes are measured against. Every test of every policy becomes a
 * marked row of *table (owned by the caller then). Returns how many failed, or -ENOENT (a metric that
 * nobody has; the sentence names near ones), -EINVAL ("%" where it has no meaning), -ENOMEM.
 */
int hs_gate_judge(const struct hs_gate *gate, const char *const *names, const struct hs_metrics *policies,
		  size_t nr_policies, struct hs_table **table, struct hs_error *err);

#endif
