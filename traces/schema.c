// SPDX-License-Identifier: GPL-2.0-only
#include "traces/schema.h"

#include <string.h>

#define COMMON_COLUMNS \
	{ "time", HS_TYPE_u64, HS_UNIT_ns, offsetof(struct hs_row, time), "ns on the trace's clock" }, \
	{ "task", HS_TYPE_u32, HS_UNIT_task, offsetof(struct hs_row, task), "task id, 0 none" }, \
	{ "mm", HS_TYPE_u32, HS_UNIT_mm, offsetof(struct hs_row, mm), "address-space id, 0 none" },

/* One function per kind, so that COL can name the row's type without being told the kind. */
#define KIND(id, kind_name, source, sentence) \
	static const struct hs_kind_info *info_of_##id(void) \
	{ \
		typedef struct hs_##id row_type; \
		enum { kind_source = HS_SOURCE_##source }; \
		static const char name[] = kind_name, text[] = sentence; \
		static const struct hs_column_info columns[] = { COMMON_COLUMNS
#define COL(type, field, unit, text) \
			{ #field, HS_TYPE_##type, HS_UNIT_##unit, offsetof(row_type, field), text },
#define END \
		}; \
		static const struct hs_kind_info info = { \
			name, (enum hs_source)kind_source, text, sizeof(row_type), \
			sizeof(columns) / sizeof(columns[0]), columns, \
		}; \
		return &info; \
	}
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END

const struct hs_kind_info *hs_kind_info(unsigned int kind)
{
	static const struct hs_kind_info *(*const infos[])(void) = {
#define KIND(id, name, source, text) info_of_##id,
#define COL(type, field, unit, text)
#define END
#include "traces/schema.def"
#undef KIND
#undef COL
#undef END
	};

	return infos[kind]();
}

int hs_kind_find(const char *name)
{
	for (int kind = 0; kind < HS_NR_KINDS; kind++)
		if (strcmp(hs_kind_info((unsigned int)kind)->name, name) == 0)
			return kind;
	return -1;
}

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static const char *const source_names[HS_NR_SOURCES] = {
	"meta", "fault", "mm", "notifier", "collapse", "hotplug", "svm", "decision",
};

const char *hs_source_name(enum hs_source source)
{
	return source_names[source];
}

int hs_source_find(const char *name)
{
	return find_name(source_names, HS_NR_SOURCES, name);
}

static const char *const type_names[HS_NR_TYPES] = { "u8", "u16", "u32", "u64", "i32", "i64", "str", "blob" };

const char *hs_type_name(enum hs_type type)
{
	return type_names[type];
}

int hs_type_find(const char *name)
{
	return find_name(type_names, HS_NR_TYPES, name);
}

static const char *const unit_names[HS_NR_UNITS] = {
	"none", "ns", "bytes", "pages", "count", "addr", "ip", "hex", "task", "mm", "pfn", "errno", "bitmap", "result",
};

const char *hs_unit_name(enum hs_unit unit)
{
	return unit_names[unit];
}

int hs_unit_find(const char *name)
{
	return find_name(unit_names, HS_NR_UNITS, name);
}
