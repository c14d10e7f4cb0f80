// SPDX-License-Identifier: GPL-2.0-only
#include "plots/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/vec.h"
#include "plots/svg_inline.h"
#include "plots/templates.h"

struct hs_page {
	char *title;
	char *text;		/* body, owned by out's memory stream */
	size_t size;
	FILE *out;
	HS_VEC(char *) chapters;
	bool failed;
};

static void destroy_page(struct hs_page *page)
{
	if (page->out)
		fclose(page->out);
	hs_vec_for_each(chapter, &page->chapters)
		free(*chapter);
	hs_vec_deinit(&page->chapters);
	free(page->text);
	free(page->title);
	free(page);
}

struct hs_page *hs_page_create(const char *title)
{
	struct hs_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->title = strdup(title);
	page->out = open_memstream(&page->text, &page->size);
	if (page->title && page->out)
		return page;
	destroy_page(page);
	return NULL;
}

/* --- text ---------------------------------------------------------------------------------------- */

static void put_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (strchr("&<>\"'", *text))
			fprintf(out, "&#%d;", byte);
		else
			putc((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f ? '?' : byte, out);
	}
}

static void put_element(struct hs_page *page, const char *before, const char *after, const char *format, va_list args)
{
	char *text;

	if (!page)
		return;
	if (vasprintf(&text, format, args) < 0) {
		page->failed = true;
		return;
	}
	fputs(before, page->out);
	put_escaped(text, page->out);
	fputs(after, page->out);
	free(text);
}

void hs_page_chapter(struct hs_page *page, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (page && (vasprintf(&text, format, args) < 0 || !hs_vec_push(&page->chapters, text)))
		page->failed = true;
	va_end(args);
	if (!page || page->failed)
		return;
	fprintf(page->out, "<h2 id=\"c%zu\">", page->chapters.count);
	put_escaped(text, page->out);
	fputs("</h2>\n", page->out);
}

void hs_page_heading(struct hs_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_element(page, "<h3>", "</h3>\n", format, args);
	va_end(args);
}

void hs_page_paragraph(struct hs_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_element(page, "<p>", "</p>\n", format, args);
	va_end(args);
}

void hs_page_warning(struct hs_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_element(page, "<p class=\"warning\">", "</p>\n", format, args);
	va_end(args);
}

void hs_page_lines(struct hs_page *page, const char *text)
{
	if (!page)
		return;
	fputs("<pre class=\"scroll\">", page->out);
	put_escaped(text, page->out);
	fputs("</pre>\n", page->out);
}

void hs_page_fold(struct hs_page *page, const char *summary)
{
	if (!page)
		return;
	fputs("<details><summary>", page->out);
	put_escaped(summary, page->out);
	fputs("</summary>\n", page->out);
}

void hs_page_unfold(struct hs_page *page)
{
	if (page)
		fputs("</details>\n", page->out);
}

/* --- tables -------------------------------------------------------------------------------------- */

static const char *mark_class(enum hs_row_mark mark)
{
	return mark == HS_ROW_FAILED ? " class=\"failed\"" : mark == HS_ROW_SKIPPED ? " class=\"skipped\"" : "";
}

static void put_cell(const struct hs_value *value, FILE *out)
{
	bool is_text = value->type == HS_VALUE_TEXT || value->type == HS_VALUE_NONE;
	char buffer[HS_VALUE_CHARS];

	fputs(is_text ? "<td>" : "<td class=\"n\">", out);
	put_escaped(hs_value_human(value, buffer), out);
	fputs("</td>", out);
}

static void put_table_head(const struct hs_table *table, FILE *out)
{
	fputs("<div class=\"scroll\"><table><caption>", out);
	put_escaped(table->title, out);
	fputs("</caption><thead><tr>", out);
	for (size_t i = 0; i < table->columns.count; i++) {
		enum hs_value_type type = hs_table_column_type(table, i);

		fputs(type == HS_VALUE_TEXT || type == HS_VALUE_NONE ? "<th>" : "<th class=\"n\">", out);
		put_escaped(table->columns.items[i].name, out);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

void hs_page_table(struct hs_page *page, const struct hs_table *table)
{
	if (!page)
		return;
	if (hs_table_status(table)) {
		page->failed = true;
		return;
	}
	if (!hs_table_nr_rows(table))
		return;
	put_table_head(table, page->out);
	for (size_t row = 0; row < hs_table_nr_rows(table); row++) {
		fprintf(page->out, "<tr%s>", mark_class(hs_table_row_mark(table, row)));
		for (size_t i = 0; i < table->columns.count; i++)
			put_cell(hs_table_value(table, row, i), page->out);
		fputs("</tr>\n", page->out);
	}
	fputs("</tbody></table></div>\n", page->out);
	if (table->note) {
		fputs("<p class=\"note\">", page->out);
		put_escaped(table->note, page->out);
		fputs("</p>\n", page->out);
	}
}

/* --- figures ------------------------------------------------------------------------------------- */

static int read_file(const char *path, char **text, struct hs_error *err)
{
	hs_auto_file FILE *in = fopen(path, "re");
	hs_auto_free char *content = NULL;
	size_t size = 0;

	if (!in)
		return hs_error_set(err, -errno, "%s: %s", path, strerror(errno));
	/* There is no zero byte in an SVG: getdelim reads it whole. */
	if (getdelim(&content, &size, '\0', in) < 0)
		return hs_error_set(err, -EIO, "%s is empty or cannot be read", path);
	*text = hs_take(&content);
	return 0;
}

int hs_page_figure(struct hs_page *page, const char *folder, const char *stem, const char *caption,
		   struct hs_error *err)
{
	hs_auto_free char *path = NULL, *svg = NULL;
	int status;

	if (!page)
		return hs_error_nomem(err);
	if (asprintf(&path, "%s/%s.svg", folder, stem) < 0) {
		path = NULL;
		return hs_error_nomem(err);
	}
	status = read_file(path, &svg, err);
	if (status)
		return status;
	fputs("<figure>\n", page->out);
	hs_svg_inline(svg, stem, page->out);
	fputs("<figcaption>", page->out);
	put_escaped(caption, page->out);
	fputs(" <span class=\"files\">", page->out);
	for (const char *const *ending = (const char *const []){ "svg", "png", "gp", "csv", NULL }; *ending; ending++)
		fprintf(page->out, " <a href=\"%s.%s\">%s</a>", stem, *ending, *ending);
	fputs("</span></figcaption></figure>\n", page->out);
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void write_page(const struct hs_page *page, FILE *out)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "img-src data:\">\n<title>", out);
	put_escaped(page->title, out);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header><h1>", hs_template_text("page.css"));
	put_escaped(page->title, out);
	fputs("</h1>\n<nav><ol>", out);
	for (size_t i = 0; i < page->chapters.count; i++) {
		fprintf(out, "<li><a href=\"#c%zu\">", i + 1);
		put_escaped(page->chapters.items[i], out);
		fputs("</a></li>", out);
	}
	fputs("</ol></nav></header>\n<main>\n", out);
	fwrite(page->text, 1, page->size, out);
	fputs("</main>\n<footer>hindsight " HS_VERSION "</footer>\n</body>\n</html>\n", out);
}

static int finish_page(struct hs_page *page, const char *path, struct hs_error *err)
{
	bool failed = page->failed || fflush(page->out) || ferror(page->out);
	FILE *out;
	int fd;

	if (failed)
		return hs_error_nomem(err);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return hs_error_set(err, -error, "%s: cannot be written: %s", path, strerror(error));
	}
	write_page(page, out);
	failed = ferror(out);
	if (fclose(out) || failed)
		return hs_error_set(err, -EIO, "%s: cannot be written; is the disk full?", path);
	return 0;
}

int hs_page_close(struct hs_page *page, const char *path, struct hs_error *err)
{
	int status;

	if (!page)
		return hs_error_nomem(err);
	status = finish_page(page, path, err);
	destroy_page(page);
	return status;
}
