/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_H
#define HS_PAGE_H
/*
 * A report page: one self-contained HTML file, readable without script and network, in light, dark and print.
 * Every text is escaped; plots are included as SVG, their ids made unique, and linked to their files.
 *
 * As with tables, the first lack of memory is remembered, and told by hs_page_close.
 */
#include "analysis/table.h"
#include "lib/error.h"

struct hs_page;

/* NULL when out of memory; every function below accepts NULL. */
struct hs_page *hs_page_create(const char *title);

/* A chapter: a heading, and a line in the list of contents. Ends the one before. */
void hs_page_chapter(struct hs_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A smaller heading. */
void hs_page_heading(struct hs_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hs_page_paragraph(struct hs_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the reader must know before believing the numbers. */
void hs_page_warning(struct hs_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Lines as they are, in a fixed font. */
void hs_page_lines(struct hs_page *page, const char *text);

/* With title and note. A table without rows is left out. */
void hs_page_table(struct hs_page *page, const struct hs_table *table);

/* What stands between begin and end is folded until the reader opens it. */
void hs_page_fold(struct hs_page *page, const char *summary);
void hs_page_unfold(struct hs_page *page);

/* STEM.svg of the folder. -errno when it cannot be read; nothing is added then. */
int hs_page_figure(struct hs_page *page, const char *folder, const char *stem, const char *caption,
		   struct hs_error *err);

/* Writes the page (mode 0644, replacing an older one) and frees it, also on error. 0, -ENOMEM, -errno. */
int hs_page_close(struct hs_page *page, const char *path, struct hs_error *err);

#endif
