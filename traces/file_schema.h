/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_FILE_SCHEMA_H
#define HS_FILE_SCHEMA_H
/*
 * The header part of a file: format version, header, and the schema the file was written with, mapped by
 * name to the schema of this build. Payload of the part: u32 version, then a JSON object.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "traces/header.h"
#include "traces/part.h"
#include "traces/schema.h"

enum { HS_FORMAT_VERSION = 1 };

struct hs_file_kind {
	int kind;			/* enum hs_kind, or -1: unknown here */
	unsigned int nr_columns;
	int16_t *columns;		/* for each column of the file: index in hs_kind_info(kind), or -1 */
};

struct hs_file_schema {
	HS_VEC(struct hs_file_kind) kinds;
};

void hs_file_schema_deinit(struct hs_file_schema *schema);

/* Appends the header part with this build's schema. 0 or -ENOMEM. */
int hs_header_part_write(hs_buffer *out, const struct hs_header *header);

/*
 * From a part tagged "hstH". -EINVAL: damaged; -EPROTO: a newer format, or a column whose numbers do not fit
 * into this build's.
 */
int hs_header_part_read(const uint8_t *part, struct hs_header *header, struct hs_file_schema *schema,
			struct hs_error *err);

#endif
