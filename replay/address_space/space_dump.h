/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_DUMP_H
#define HS_SPACE_DUMP_H
#include <stdio.h>

#include "replay/address_space/space_state.h"

/* As the operations of the same names in replay/model.h. */
int hs_space_dump(const struct hs_address_space *space, FILE *out);
int hs_space_check(const struct hs_address_space *space, struct hs_error *err);
uint64_t hs_space_problems(const struct hs_address_space *space, FILE *out);

#endif
