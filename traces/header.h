/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HEADER_H
#define HS_HEADER_H
/* What a trace says about its recording, before the first event. Stored as JSON beside the schema. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/vec.h"
#include "traces/kinds.h"

/* How well a source was recorded: the rung its ladder ended on. */
struct hs_header_rung {
	char *source;		/* "fault" */
	char *rung;		/* "fentry", "kprobe", "tracepoint", "polling", "none" */
	char *detail;		/* what is missing and why; may be empty */
};

/* A name table of the recorded kernel: e.g. table "scan_result", number 11, name "SCAN_PAGE_RO". */
struct hs_header_name {
	char *table;
	int64_t number;
	char *name;
};

/* Anything else a reader may want by name: facts of the kernel's types ("memory_notify.values" = "flags"), … */
struct hs_header_attribute {
	char *key;
	char *value;
};

/* Owns its strings. All fields may be empty; zero means unknown. */
struct hs_header {
	char *kernel;		/* uname -r */
	char *kernel_version;	/* uname -v */
	char *arch;		/* x86_64 */
	char *hostname;
	char *command;		/* command line of the recording */
	char *clock;		/* "boottime" */
	char *variant;		/* whose rules the recorded host follows where the recorder knows: "6.18", … */
	uint64_t page_bytes;
	uint64_t huge_page_bytes;
	uint64_t block_bytes;	/* memory block */
	uint64_t wall_offset;	/* ns: wall clock = time + wall_offset */
	uint64_t boot_wall;	/* ns since 1970: when the host booted */
	uint64_t start_time;	/* ns on the trace's clock */
	uint32_t nr_cpus;
	uint64_t time_step;	/* ns: resolution of times in this file, at least 1 */
	HS_VEC(struct hs_header_rung) rungs;
	HS_VEC(struct hs_header_name) names;
	HS_VEC(struct hs_header_attribute) attributes;
};

/* All zero is a valid empty header. */
void hs_header_deinit(struct hs_header *header);

/* Each copies its arguments. 0 or -ENOMEM. */
int hs_header_set(char **field, const char *value);
int hs_header_add_rung(struct hs_header *header, const char *source, const char *rung, const char *detail);
int hs_header_add_name(struct hs_header *header, const char *table, int64_t number, const char *name);
int hs_header_add_attribute(struct hs_header *header, const char *key, const char *value);

/* NULL when there is none. */
const char *hs_header_name(const struct hs_header *header, const char *table, int64_t number);
const char *hs_header_attribute(const struct hs_header *header, const char *key);
const char *hs_header_rung(const struct hs_header *header, const char *source);

#endif
