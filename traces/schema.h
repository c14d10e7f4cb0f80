/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SCHEMA_H
#define HS_SCHEMA_H
/* The schema as data, for code that treats all kinds alike (codec, dump, import). */
#include <stddef.h>

#include "traces/kinds.h"

enum hs_type {
	HS_TYPE_u8, HS_TYPE_u16, HS_TYPE_u32, HS_TYPE_u64, HS_TYPE_i32, HS_TYPE_i64, HS_TYPE_str, HS_TYPE_blob,
	HS_NR_TYPES
};

enum hs_unit {
	HS_UNIT_none, HS_UNIT_ns, HS_UNIT_bytes, HS_UNIT_pages, HS_UNIT_count, HS_UNIT_addr, HS_UNIT_ip, HS_UNIT_hex,
	HS_UNIT_task, HS_UNIT_mm, HS_UNIT_pfn, HS_UNIT_errno, HS_UNIT_bitmap, HS_UNIT_result,
	HS_NR_UNITS
};

struct hs_column_info {
	const char *name;
	enum hs_type type;
	enum hs_unit unit;
	size_t offset;			/* in the row struct */
	const char *text;
};

struct hs_kind_info {
	const char *name;		/* "fault.user" */
	enum hs_source source;
	const char *text;
	size_t row_bytes;
	unsigned int nr_columns;	/* time, task and mm included, as the first three */
	const struct hs_column_info *columns;
};

/* kind < HS_NR_KINDS. */
const struct hs_kind_info *hs_kind_info(unsigned int kind);

/* Kind by name, or -1. */
int hs_kind_find(const char *name);

/* "fault", "mm", …; source by name, or -1. */
const char *hs_source_name(enum hs_source source);
int hs_source_find(const char *name);

/* "u64", "addr"; by name, or -1. */
const char *hs_type_name(enum hs_type type);
int hs_type_find(const char *name);
const char *hs_unit_name(enum hs_unit unit);
int hs_unit_find(const char *name);

#endif
