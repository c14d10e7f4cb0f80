/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KINDS_H
#define HS_KINDS_H
/*
 * Event kinds and their rows, generated from schema.def: enum hs_kind (HS_KIND_fault_user, …) and one
 * struct per kind (struct hs_fault_user, …). A row's first members are those of struct hs_row.
 */
#include <stdint.h>

/* Text or bytes inside a row; not terminated. Valid as long as the batch it came in. */
struct hs_bytes {
	const void *data;
	uint32_t length;
};

struct hs_row {
	uint64_t time;		/* ns on the trace's clock */
	uint32_t task;		/* id, 0: none */
	uint32_t mm;		/* address-space id, 0: none */
};

typedef uint8_t hs_col_u8;
typedef uint16_t hs_col_u16;
typedef uint32_t hs_col_u32;
typedef uint64_t hs_col_u64;
typedef int32_t hs_col_i32;
typedef int64_t hs_col_i64;
typedef struct hs_bytes hs_col_str;
typedef struct hs_bytes hs_col_blob;

#define KIND(id, name, source, text) struct hs_##id { struct hs_row row;
#define COL(type, field, unit, text) hs_col_##type field;
#define END };
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END

enum hs_kind {
#define KIND(id, name, source, text) HS_KIND_##id,
#define COL(type, field, unit, text)
#define END
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END
	HS_NR_KINDS
};

enum hs_source {
	HS_SOURCE_META,
	HS_SOURCE_FAULT,
	HS_SOURCE_MM,
	HS_SOURCE_NOTIFIER,
	HS_SOURCE_COLLAPSE,
	HS_SOURCE_HOTPLUG,
	HS_SOURCE_SVM,
	HS_SOURCE_DECISION,
	HS_NR_SOURCES
};

/* Sets of kinds. */
typedef struct {
	uint64_t word[2];
} hs_kind_set;
_Static_assert(HS_NR_KINDS <= 128, "hs_kind_set has room for 128 kinds");

static inline void hs_kind_set_add(hs_kind_set *set, unsigned int kind)
{
	set->word[kind / 64] |= 1ull << (kind % 64);
}

static inline void hs_kind_set_add_all(hs_kind_set *set, const hs_kind_set *others)
{
	for (unsigned int i = 0; i < sizeof(set->word) / sizeof(*set->word); i++)
		set->word[i] |= others->word[i];
}

static inline int hs_kind_set_has(const hs_kind_set *set, unsigned int kind)
{
	return set->word[kind / 64] >> (kind % 64) & 1;
}

/* One event, borrowed from its batch. */
struct hs_event {
	unsigned int kind;	/* enum hs_kind */
	union {
		const struct hs_row *row;
#define KIND(id, name, source, text) const struct hs_##id *id;
#define COL(type, field, unit, text)
#define END
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END
	};
};

/* vm_flags of snap.vma: one bit per two-letter word of smaps' VmFlags line. */
enum hs_vma_flag {
	HS_VMA_RD = 1 << 0,	/* read */
	HS_VMA_WR = 1 << 1,	/* write */
	HS_VMA_EX = 1 << 2,	/* exec */
	HS_VMA_SH = 1 << 3,	/* shared */
	HS_VMA_MR = 1 << 4,	/* may read */
	HS_VMA_MW = 1 << 5,	/* may write */
	HS_VMA_ME = 1 << 6,	/* may exec */
	HS_VMA_MS = 1 << 7,	/* may share */
	HS_VMA_GD = 1 << 8,	/* grows down */
	HS_VMA_PF = 1 << 9,	/* PFN map */
	HS_VMA_LO = 1 << 10,	/* locked */
	HS_VMA_IO = 1 << 11,	/* I/O */
	HS_VMA_SR = 1 << 12,	/* sequential read */
	HS_VMA_RR = 1 << 13,	/* random read */
	HS_VMA_DC = 1 << 14,	/* not copied by fork */
	HS_VMA_DE = 1 << 15,	/* does not expand */
	HS_VMA_AC = 1 << 16,	/* accounted */
	HS_VMA_NR = 1 << 17,	/* no swap reservation */
	HS_VMA_HT = 1 << 18,	/* hugetlb */
	HS_VMA_WF = 1 << 19,	/* wiped on fork */
	HS_VMA_DD = 1 << 20,	/* not dumped */
	HS_VMA_SD = 1 << 21,	/* soft dirty */
	HS_VMA_MM = 1 << 22,	/* mixed map */
	HS_VMA_HG = 1 << 23,	/* MADV_HUGEPAGE */
	HS_VMA_NH = 1 << 24,	/* MADV_NOHUGEPAGE */
	HS_VMA_MG = 1 << 25,	/* mergeable */
	HS_VMA_UM = 1 << 26,	/* userfaultfd missing */
	HS_VMA_UW = 1 << 27,	/* userfaultfd write-protect */
	HS_VMA_UI = 1 << 28,	/* userfaultfd minor */
	HS_VMA_SF = 1 << 29,	/* synchronous faults */
	HS_VMA_SS = 1 << 30,	/* shadow stack */
};
#define HS_VMA_SL (1ull << 31)	/* sealed */
#define HS_VMA_DP (1ull << 32)	/* droppable */
#define HS_VMA_LF (1ull << 33)	/* lock on fault */
#define HS_VMA_GU (1ull << 34)	/* maybe guard */

/* Column origin of collapse.isolate. */
enum hs_collapse_origin { HS_COLLAPSE_BY_UNKNOWN, HS_COLLAPSE_BY_DAEMON, HS_COLLAPSE_BY_MADVISE };

#endif
