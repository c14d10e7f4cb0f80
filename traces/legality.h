/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LEGALITY_H
#define HS_LEGALITY_H
/*
 * Is a stream of events one that a recorder may write? Checks order, that ids are introduced and keep their
 * meaning, that snapshots are bracketed, and that values are among those of schema.def. Says nothing
 * about a file's bytes: the reader checks those.
 *
 * Behind the first meta.lost ids may be unknown because their introduction was lost: TASK, MM and the
 * snapshot rules are not applied from there on.
 */
#include "lib/error.h"
#include "traces/reader.h"

enum hs_legality_rule {
#define RULE(id, text) HS_LEGALITY_##id,
#include "traces/legality.def"
#undef RULE
	HS_NR_LEGALITY_RULES
};

/* How often a rule was broken, and where first. */
struct hs_legality_problem {
	uint64_t count;
	unsigned int kind;	/* enum hs_kind */
	uint64_t time;		/* ns, trace clock */
	uint64_t chunk;		/* number in the file */
	const char *column;	/* static; NULL: the event as a whole */
};

struct hs_legality;

/* header is borrowed until destroy: its name table "scan_result" is the list of known results. 0 or -ENOMEM. */
int hs_legality_create(const struct hs_header *header, struct hs_legality **out);
void hs_legality_destroy(struct hs_legality *legality);

/* The stream's next run, in the reader's order, all kinds. 0 or -ENOMEM. */
int hs_legality_check(struct hs_legality *legality, const struct hs_run *run);
/* After the last run. */
void hs_legality_finish(struct hs_legality *legality);

/* count 0: never broken. */
const struct hs_legality_problem *hs_legality_problem(const struct hs_legality *legality, enum hs_legality_rule rule);
const char *hs_legality_text(enum hs_legality_rule rule);

#endif
