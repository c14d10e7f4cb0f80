/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RECORD_SOURCES_H
#define HS_RECORD_SOURCES_H
/* Option -e of the commands that record or would: which sources. */
#include "cli/command.h"

/*
 * *sources: a bit per enum hs_ring_source, from the comma-separated lists of all -e; all sources without one. 0, or
 * the exit status after the sentence was printed.
 */
int hs_record_sources(const struct hs_arguments *arguments, const char *command, unsigned int *sources);

#endif
