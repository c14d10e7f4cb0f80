/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SECTION_PAIRING_H
#define HS_SECTION_PAIRING_H
/*
 * Which recorded section belongs to which operation, and which predicted one it answers. The recorded sections
 * of a task come before the event of the system call they belong to (which is written at its end), and behind
 * the event of the fault they belong to (written before it is handled).
 */
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "replay/address_space/section.h"
#include "replay/address_space/section_log.h"
#include "traces/kinds.h"

struct hs_address_space;
struct hs_mm;

/* Operations as they are named in reasons: OP(id, name). */
#define HS_SECTION_OPS(OP) \
	OP(MMAP, "mmap") OP(MUNMAP, "munmap") OP(MREMAP, "mremap") OP(BRK, "brk") OP(MPROTECT, "mprotect") \
	OP(MADVISE, "madvise") OP(MLOCK, "mlock") OP(FORK, "fork") OP(FAULT, "fault") OP(COLLAPSE, "collapse") \
	OP(EXIT, "exit") OP(OTHER, "other")

enum hs_section_op {
#define OP(id, name) HS_SECTION_OP_##id,
	HS_SECTION_OPS(OP)
#undef OP
	HS_NR_SECTION_OPS
};

struct hs_recorded_section {
	struct hs_section section;
	uint64_t time;
	uint32_t mm;
};

/* At least one of the two is there. */
struct hs_section_pair {
	struct hs_recorded_section recorded;
	struct hs_section predicted;
	bool is_recorded, is_predicted;
	enum hs_section_op op;
	uint32_t task;
};

struct hs_section_track;

/* start == end: none. */
struct hs_own_range {
	uint64_t start, end;
};

/* All zero is valid. */
struct hs_section_pairing {
	struct hs_hash_map tracks;	/* task -> struct hs_section_track * */
	HS_VEC(struct hs_section_pair) pairs;
	size_t next;			/* of pairs, to be judged */
};

void hs_pairing_deinit(struct hs_section_pairing *pairing);

/* A recorded start or end. */
void hs_pairing_open(struct hs_address_space *space, const struct hs_notifier_start *row);
void hs_pairing_close(struct hs_address_space *space, const struct hs_notifier_end *row);

/*
 * Around an operation of a listened-to mm, which fills the space's log in between. Sections recorded at or
 * behind `since` are its own; NULL at begin: as many as it is predicted to have, of those recorded last.
 */
void hs_pairing_begin(struct hs_mm *mm, const struct hs_row *row, const uint64_t *since);
/* own: no section in there that is not predicted has another reason than this operation. */
void hs_pairing_end(struct hs_mm *mm, const struct hs_row *row, enum hs_section_op op, struct hs_own_range own);
/* The same for a fault: its sections are still to come. */
void hs_pairing_fault(struct hs_mm *mm, const struct hs_row *row, uint64_t address);

/* The next pair to be judged; false: none. */
bool hs_pairing_take(struct hs_section_pairing *pairing, struct hs_section_pair *pair);

/* A recorded section for which no event stands: which rule opens one like it? Also takes its effect. */
enum hs_section_rule hs_section_explain(struct hs_mm *mm, const struct hs_section *section);

#endif
