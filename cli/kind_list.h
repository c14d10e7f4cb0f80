/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KIND_LIST_H
#define HS_KIND_LIST_H
#include "lib/error.h"
#include "traces/kinds.h"

/*
 * Reads "fault.user,collapse,mm.m*": kinds by name or pattern (as the shell's), all kinds of a source by the
 * source's name. Adds to *kinds. -EINVAL: a word that fits nothing.
 */
int hs_kind_list_parse(const char *list, hs_kind_set *kinds, struct hs_error *err);

#endif
