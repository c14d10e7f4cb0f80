/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GOLDEN_COLLAPSE_V2010_WORLD_H
#define GOLDEN_COLLAPSE_V2010_WORLD_H
/* The machine of a v2010 case: address spaces, scripted allocators, and the log of what was decided. */
#include <jansson.h>

#include "replay/collapse/khugepaged.h"

enum { MAX_MMS = 1000, MAX_NAME = 32 };

struct range {
	uint64_t address;
	enum hs_pmd_state pmd;
	char letters[HS_BITMAP512_BITS];
};

struct mm {
	char name[MAX_NAME];
	bool exists;		/* false: never made, or freed */
	int users;
	bool has_memory;	/* its mappings are not yet torn down */
	unsigned long long rss_added;
	HS_VEC(struct hs_thp_vma) vmas;		/* sorted by start */
	HS_VEC(struct range) ranges;		/* sorted by address */
};

/* Scripted answers: one character each, then success. */
struct script {
	char *answers;
	size_t at;
};
enum script_kind { SCRIPT_ALLOC, SCRIPT_SLOT, SCRIPT_CHARGE, SCRIPT_THREAD, NR_SCRIPTS };

struct world {
	unsigned int nr;
	struct hs_collapse_rules rules;
	struct hs_collapse_tunables tunables;
	struct hs_khugepaged daemon;
	struct mm mms[MAX_MMS];		/* id = place + 1 */
	unsigned int nr_mms;
	struct script scripts[NR_SCRIPTS];
	bool caller_has_page;
	uint32_t locked_mm;		/* whose mmap_lock the daemon holds; 0: none */
	uint32_t detached_mm;		/* whose page table a collapse holds; 0: nobody's */
	bool has_ended;			/* an assertion or a fault */
	json_t *log;
	const json_t *during;		/* of the running operation, or NULL */
	unsigned int struck[HS_NR_THP_POINTS];
	struct hs_pte_map ptes;		/* of the range read last */
	void (*strike)(struct world *world, const json_t *operation);
};

/* Makes the machine of a case, before its first operation. 0, or -1 for a case that cannot be read. */
int world_init(struct world *world, const json_t *one_case);
void world_deinit(struct world *world);

/* Id by name; 0: there is none. */
uint32_t world_find_mm(const struct world *world, const char *name);
struct mm *world_mm(struct world *world, uint32_t id);
/* A fresh address space with one user; the name of one that was freed may be used again. 0: no room. */
uint32_t world_add_mm(struct world *world, const char *name);
int world_add_vma(struct mm *mm, uint64_t start, uint64_t end, const char *flags);
/* Whether the letter stands for an entry; in upper case it is one that was not accessed. */
bool world_is_letter(char letter);
struct hs_thp_vma *world_find_vma(struct mm *mm, uint64_t start);
/* 0, or -1: a letter stands for no flag. */
int world_vma_flags(const char *letters, uint32_t *flags);
void world_remove_vma(struct world *world, struct mm *mm, uint64_t start);
struct range *world_find_range(struct mm *mm, uint64_t address);
int world_set_range(struct world *world, struct mm *mm, uint64_t address, const char *text);
/* Takes the answers that the object holds; how many scripts, -1: some are no answers. */
int world_set_scripts(struct world *world, const json_t *object);
bool world_next_answer(struct world *world, enum script_kind kind);
/* The last user is gone: tears the mappings down and drops the users' reference. */
void world_tear_down(struct world *world, struct mm *mm);
int world_refs(struct world *world, const struct mm *mm);

/* Whether each event of the operation can strike at all. */
bool world_events_are_known(const struct world *world);
/* The state that a case shows, as one object. New reference. */
json_t *world_state(struct world *world);
/* What changed between two states; NULL: nothing. New reference. */
json_t *world_state_changes(const json_t *before, const json_t *after);

/* Appends to the log; steals the entry. */
void world_log(struct world *world, json_t *entry);
json_t *world_hex(uint64_t value);
/* Whether the field is an address. */
bool world_has_number(const json_t *object, const char *field);
uint64_t world_number(const json_t *object, const char *field);

extern const struct hs_khugepaged_ops world_ops;

#endif
