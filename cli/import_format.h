/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_IMPORT_FORMAT_H
#define HS_IMPORT_FORMAT_H
/* The forms of text that `import` reads. */
#include <stdio.h>

#include "cli/command.h"
#include "lib/error.h"
#include "traces/header.h"
#include "traces/kinds.h"

struct hs_import_format {
	const char *name;	/* "jsonl" */
	/* name: of in, for messages. 0 or -errno. */
	int (*open)(FILE *in, const char *name, const struct hs_arguments *arguments, void **reader,
		    struct hs_error *err);
	const struct hs_header *(*header)(const void *reader);
	int (*next)(void *reader, struct hs_event *event, struct hs_error *err);	/* 1, 0 at the end, -errno */
	void (*close)(void *reader);	/* accepts NULL */
};

/* NULL: there is none of that name; see hs_import_format_names. */
const struct hs_import_format *hs_import_format_find(const char *name);
const char *hs_import_format_names(void);	/* "jsonl, kfd-smi" */

/* By the first byte that counts: of a regular file behind comments and empty lines, else the first of all. */
const struct hs_import_format *hs_import_format_guess(FILE *in);

#endif
