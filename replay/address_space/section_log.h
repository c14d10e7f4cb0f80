/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SECTION_LOG_H
#define HS_SECTION_LOG_H
/* The sections that the operation at hand is predicted to open, in order. */
#include "lib/vec.h"
#include "replay/address_space/section.h"

enum { HS_SECTION_DEPTH = 8 };

struct hs_section_log {
	HS_VEC(struct hs_section) sections;
	struct hs_section open[HS_SECTION_DEPTH];
	unsigned int depth;
};

#endif
