/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_NAMES_H
#define HS_NAMES_H
/* A set of short texts, each kept once under a small number: result codes, reasons, point names. */
#include <stddef.h>
#include <stdint.h>

#include "lib/hash_map.h"
#include "lib/vec.h"

/* All zero is a valid empty set. */
struct hs_names {
	HS_VEC(char *) list;		/* by number, each on the heap: pointers stay valid until deinit */
	struct hs_hash_map numbers;	/* hash of the text, or the next free key behind it, to number */
};

void hs_names_deinit(struct hs_names *names);

/* Number of a text of `length` bytes (not terminated), added when new; -ENOMEM. */
int hs_names_intern(struct hs_names *names, const void *text, size_t length);

/* The same without adding: -ENOENT. */
int hs_names_find(const struct hs_names *names, const void *text, size_t length);

/* The terminated text of a number that intern returned. */
const char *hs_names_text(const struct hs_names *names, int number);

#endif
