/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TEMPLATES_H
#define HS_TEMPLATES_H
/* The text files of plots/ (*.gp, *.css) as they were at build time; the Makefile makes the list. */

struct hs_template {
	const char *name;	/* "matrix.gp" */
	const char *text;
};

/* Terminated by name == NULL. */
extern const struct hs_template hs_templates[];

/* Text by name; asserted to be there. */
const char *hs_template_text(const char *name);

#endif
