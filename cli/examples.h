/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_EXAMPLES_H
#define HS_EXAMPLES_H
/*
 * The bundled traces: share/hindsight/corpus beside the installed binary's folder, or traces/corpus of the
 * source tree the binary was built in. Found from where the binary lies, so that a moved tree works.
 */
#include "lib/error.h"

/*
 * Path of the bundled trace NAME (without ".hst"), to be freed by the caller. -ENOENT: there is none; the
 * sentence lists those there are.
 */
int hs_example_path(const char *name, char **path, struct hs_error *err);

/* The bundled scenario of that name, without ".ini": its path, owned by the caller. 0 or -ENOENT. */
int hs_example_scenario(const char *name, char **path);

#endif
