/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_TUNABLES_H
#define HS_COLLAPSE_TUNABLES_H
/* The settings that decide collapses: defaults, ranges and what a write to their files does. */
#include <stddef.h>
#include <stdint.h>

#include "replay/collapse/collapse_flags.h"
#include "replay/policy.h"

enum hs_thp_mode { HS_THP_ALWAYS, HS_THP_MADVISE, HS_THP_NEVER };
enum hs_thp_size_mode { HS_THP_SIZE_ALWAYS, HS_THP_SIZE_INHERIT, HS_THP_SIZE_MADVISE, HS_THP_SIZE_NEVER };
enum hs_thp_defrag {
	HS_THP_DEFRAG_ALWAYS, HS_THP_DEFRAG_DEFER, HS_THP_DEFRAG_DEFER_MADVISE, HS_THP_DEFRAG_MADVISE,
	HS_THP_DEFRAG_NEVER
};
enum hs_thp_shmem {
	HS_THP_SHMEM_ALWAYS, HS_THP_SHMEM_WITHIN_SIZE, HS_THP_SHMEM_ADVISE, HS_THP_SHMEM_NEVER, HS_THP_SHMEM_DENY,
	HS_THP_SHMEM_FORCE
};

struct hs_collapse_tunables {
	unsigned int nr;	/* base pages in a huge page: a power of two from 8 to 512 */
#define NUMBER(field, ...) uint64_t field;
#define FLAG01(field, ...) uint64_t field;
#define WORDS(field, ...) uint64_t field;
#include "replay/collapse/collapse_tunables.def"
#undef NUMBER
#undef FLAG01
#undef WORDS
};

/* The kernel's defaults for huge pages of nr base pages. */
void hs_collapse_tunables_init(struct hs_collapse_tunables *tunables, unsigned int nr);

/*
 * What write(2) of length bytes to a file ("khugepaged/max_ptes_none", …) does. 0; -ENOENT no such file;
 * -EINVAL or -ERANGE as the kernel (single_flag_store, *_store in mm/khugepaged.c), nothing is changed
 * then. Numbers: base 10, one "+" before and one newline behind allowed (not in v2010: its number parser
 * is stricter).
 */
int hs_collapse_tunables_store(struct hs_collapse_tunables *tunables, const struct hs_collapse_rules *rules,
			       const char *file, const char *text, size_t length);

/* Value of a file by number or word, into a buffer; NULL: no such file. */
enum { HS_COLLAPSE_TUNABLE_TEXT = 32 };
const char *hs_collapse_tunables_text(const struct hs_collapse_tunables *tunables, const char *file,
				      char buffer[HS_COLLAPSE_TUNABLE_TEXT]);

/* From a policy's collapse.* keys, for 512 pages: that of one file, or (NULL) all. */
void hs_collapse_tunables_read(struct hs_collapse_tunables *tunables, const struct hs_policy *policy,
			       const char *file);

/* The model's policy keys, terminated by key == NULL: the settings and collapse.variant. */
extern const struct hs_policy_key hs_collapse_keys[];

#endif
