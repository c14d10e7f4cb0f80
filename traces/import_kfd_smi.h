/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_IMPORT_KFD_SMI_H
#define HS_IMPORT_KFD_SMI_H
/*
 * A text of KFD SMI event lines (traces/kfd_smi.h), as read from the driver's event descriptors, as the events of a
 * trace: by time, with tasks for the process ids, and with what is lost. Several descriptors' lines (one per GPU) may
 * be one text in any order. Empty lines and lines that begin with # are skipped.
 *
 * Lost is, as meta.lost of source svm:
 *   unreadable  a line that is none, or whose newline is missing (its reader was stopped in the middle)
 *   unpaired    the driver said that something ended that it did not say began, or (6.18 and later) the other way:
 *               its queue of lines was full. What began before the first line is not counted.
 *
 * Lines without a time (VMFAULT, PROCESS, THERMAL, GPU resets) get that of the line before, the first ones that of
 * the first line with one.
 */
#include <stdio.h>

#include "lib/error.h"
#include "traces/header.h"
#include "traces/kinds.h"

struct hs_smi_options {
	const char *kernel;	/* release of the recorded kernel, for the header; NULL: unknown */
	/* Told of each line that is not read, with why; NULL: nobody asks. */
	void (*refused)(void *context, uint64_t line, const struct hs_error *why);
	void *context;
};

struct hs_smi_totals {
	uint64_t lines;		/* that should be events */
	uint64_t refused;	/* of these: not read */
	uint64_t unpaired;	/* lines that must have been there */
	bool is_mixed;		/* forms of kernels that cannot be one and the same */
};

struct hs_smi_reader;

/*
 * Reads all of in (borrowed; name, for messages, too). -EINVAL: no line of it is a KFD SMI event; -errno of reading;
 * -ENOMEM. The header has the kernel's variant where the forms of the lines tell (6.1, 6.12).
 */
int hs_smi_reader_open(FILE *in, const char *name, const struct hs_smi_options *options, struct hs_smi_reader **out,
		       struct hs_error *err);
const struct hs_header *hs_smi_reader_header(const struct hs_smi_reader *reader);
void hs_smi_reader_totals(const struct hs_smi_reader *reader, struct hs_smi_totals *totals);

/* 1 and an event valid until close, ordered by time within its kind; 0 at the end. */
int hs_smi_reader_next(struct hs_smi_reader *reader, struct hs_event *event);
void hs_smi_reader_close(struct hs_smi_reader *reader);	/* accepts NULL */

#endif
