/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SVG_INLINE_H
#define HS_SVG_INLINE_H
#include <stdio.h>

/*
 * Copies a stand-alone SVG into a page: what stands before <svg> is left out, and ids and references to
 * them get the prefix, so that several drawings on one page do not meet.
 */
void hs_svg_inline(const char *svg, const char *prefix, FILE *out);

#endif
