/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_DOCTOR_H
#define HS_DOCTOR_H
/* Finds out what can be recorded here: each rung of each source is loaded, attached and fired once. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/text.h"
#include "lib/vec.h"

enum hs_finding {
	HS_FINDING_FAILS,		/* cannot be used, or was fired and saw nothing */
	HS_FINDING_ATTACHED,		/* the kernel took all of it; nothing could be found here that fires it */
	HS_FINDING_WORKS
};

struct hs_diagnosis {
	const char *source, *rung;	/* static */
	enum hs_finding finding;
	uint64_t seen;			/* records, or runs, that the firing gave */
	char found[512];		/* what was tried and seen, or why it does not work */
	char advice[200];		/* what to do about it; may be empty */
	struct hs_text missing;		/* a line for each program of the rung that fails: "no ITS GIFT: REASON" */
	char *log;			/* what the kernel said, owned; NULL: nothing */
};

typedef HS_VEC(struct hs_diagnosis) hs_diagnosis_list;

/*
 * Appends a diagnosis for each rung of the sources (a bit per enum hs_ring_source). -EOPNOTSUPP: BPF cannot be used
 * at all (as in collectors/probes.h); what was found before is kept. The list is the caller's: hs_diagnose_deinit.
 */
int hs_diagnose(unsigned int sources, hs_diagnosis_list *list, struct hs_error *err);
void hs_diagnose_deinit(hs_diagnosis_list *list);

#endif
