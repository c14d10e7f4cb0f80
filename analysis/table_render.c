// SPDX-License-Identifier: GPL-2.0-only
/* One walk over a table, and a few lines for what each form needs. Every text is hostile. */
#include <ctype.h>
#include <string.h>

#include "analysis/table.h"
#include "lib/cleanup.h"
#include "lib/printable.h"

enum { TEXT_COLUMNS = 80, MIN_WIDTH = 6, GAP = 2 };

/* Behind these a text may be broken. */
#define SEPARATORS " ._,=/:"

/* --- escaping ------------------------------------------------------------------------------------ */

static bool is_control(unsigned char byte)
{
	return byte < 0x20 || byte == 0x7f;
}

/* Length of a character that may be shown as it is, 0: the first byte may not. */
static size_t shown_length(const char *text)
{
	return hs_printable_length(text, strlen(text));
}

/* Printed characters of at most `limit`, controls and broken bytes as '?'; stops at a cut character. */
static size_t put_clean(const char *text, size_t limit, FILE *out)
{
	size_t printed = 0;

	while (*text && printed < limit) {
		size_t length = shown_length(text);

		if (length) {
			if (out)
				fwrite(text, 1, length, out);
		} else {
			length = 1;
			if (out)
				putc('?', out);
		}
		text += length;
		printed++;
	}
	return printed;
}

static size_t text_width(const char *text)
{
	return put_clean(text, SIZE_MAX, NULL);
}

static void put_json_string(const char *text, FILE *out)
{
	putc('"', out);
	while (*text) {
		size_t length = shown_length(text);

		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (!length)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
	putc('"', out);
}

static void put_csv(const struct hs_value *value, FILE *out)
{
	char buffer[HS_VALUE_CHARS];
	const char *text = hs_value_plain(value, buffer);
	bool is_formula = value->type == HS_VALUE_TEXT && *text && strchr("=+-@\t\r", *text);

	if (!is_formula && !strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputs(is_formula ? "\"'" : "\"", out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_markdown(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]&", *text))
			putc('\\', out);
		putc(is_control((unsigned char)*text) ? ' ' : *text, out);
	}
}

static void put_xml(const char *text, FILE *out)
{
	while (*text) {
		size_t length = shown_length(text);

		if (*text == '&' || *text == '<' || *text == '>' || *text == '"' || *text == '\'')
			fprintf(out, "&#%d;", *text);
		else if (!length)
			putc('?', out);
		else
			fwrite(text, 1, length, out);
		text += length ? length : 1;
	}
}

/* --- text ---------------------------------------------------------------------------------------- */

static bool is_left_aligned(const struct hs_table *table, size_t column)
{
	enum hs_value_type type = hs_table_column_type(table, column);

	return type == HS_VALUE_TEXT || type == HS_VALUE_NONE;
}

static size_t natural_width(const struct hs_table *table, size_t column)
{
	size_t width = text_width(table->columns.items[column].name);
	char buffer[HS_VALUE_CHARS];

	for (size_t row = 0; row < hs_table_nr_rows(table); row++) {
		size_t wanted = text_width(hs_value_human(hs_table_value(table, row, column), buffer));

		if (wanted > width)
			width = wanted;
	}
	return width;
}

/* The longest part of a text that is not broken: up to and with a separator. */
static size_t longest_part(const char *text, const char *separators)
{
	size_t longest = 0;

	while (*text) {
		size_t bytes = strcspn(text, separators);
		hs_auto_free char *part = strndup(text, bytes + (text[bytes] != '\0'));
		size_t width = part ? text_width(part) : 0;

		if (width > longest)
			longest = width;
		text += bytes + (text[bytes] != '\0');
	}
	return longest;
}

/* The least width at which a column's texts are broken behind separators only; its name is not broken. */
static size_t least_width(const struct hs_table *table, size_t column, const char *separators)
{
	size_t width = text_width(table->columns.items[column].name);
	char buffer[HS_VALUE_CHARS];

	for (size_t row = 0; row < hs_table_nr_rows(table); row++) {
		size_t wanted = longest_part(hs_value_human(hs_table_value(table, row, column), buffer), separators);

		if (wanted > width)
			width = wanted;
	}
	return width;
}

/* Takes from the widest left-aligned column, one by one, until the row fits or all are at their least. */
static void shrink_to(const struct hs_table *table, const size_t *least, size_t *widths)
{
	size_t nr = table->columns.count, total = GAP * (nr - 1);

	for (size_t i = 0; i < nr; i++)
		total += widths[i];
	for (; total > TEXT_COLUMNS; total--) {
		size_t widest = nr;

		for (size_t i = 0; i < nr; i++)
			if (is_left_aligned(table, i) && widths[i] > least[i] &&
			    (widest == nr || widths[i] > widths[widest]))
				widest = i;
		if (widest == nr)
			return;
		widths[widest]--;
	}
}

/* Words and long kernel names are broken first, then decision points and paths, then anything. */
static void shrink_to_fit(const struct hs_table *table, size_t *widths)
{
	static const char *const separators[] = { " _", SEPARATORS };
	size_t nr = table->columns.count;
	hs_auto_free size_t *least = calloc(nr, sizeof(*least));

	if (!least)
		return;
	for (size_t step = 0; step < sizeof(separators) / sizeof(*separators); step++) {
		for (size_t i = 0; i < nr; i++)
			least[i] = least_width(table, i, separators[step]);
		shrink_to(table, least, widths);
	}
	for (size_t i = 0; i < nr; i++)
		least[i] = MIN_WIDTH;
	shrink_to(table, least, widths);
}

static void put_padding(size_t count, FILE *out)
{
	while (count--)
		putc(' ', out);
}

/* Bytes of the first `characters` characters. */
static size_t prefix_bytes(const char *text, size_t characters)
{
	size_t bytes = 0;

	while (text[bytes] && characters--) {
		size_t length = shown_length(text + bytes);

		bytes += length ? length : 1;
	}
	return bytes;
}

/* How much of a cell fits into one line of its column: broken behind a separator where there is one. */
static size_t piece_bytes(const char *text, size_t width)
{
	size_t bytes = prefix_bytes(text, width);

	for (size_t at = bytes; text[bytes] && at > 0; at--)
		if (strchr(SEPARATORS, text[at - 1]))
			return at;
	return bytes;
}

/* Prints one line of a cell after *gap blanks; leaves the blanks behind it in *gap; returns what is left of it. */
static const char *put_piece(const char *text, size_t width, bool left, size_t *gap, FILE *out)
{
	size_t bytes = piece_bytes(text, width);
	hs_auto_free char *piece = strndup(text, bytes);
	size_t shown = piece ? text_width(piece) : 0;

	*gap += left ? 0 : width - shown;
	if (shown) {
		put_padding(*gap, out);
		put_clean(piece, width, out);
		*gap = 0;
	}
	*gap += GAP + (left ? width - shown : 0);
	return text + bytes;
}

/* A row takes as many lines as its longest cell needs. Uses up the texts in rest. */
static void put_text_row(const struct hs_table *table, const size_t *widths, const char **rest, FILE *out)
{
	size_t nr = table->columns.count, nr_left;

	do {
		size_t gap = 0;

		nr_left = 0;
		for (size_t i = 0; i < nr; i++) {
			rest[i] = put_piece(rest[i], widths[i], is_left_aligned(table, i), &gap, out);
			nr_left += *rest[i] != '\0';
		}
		putc('\n', out);
	} while (nr_left);
}

/* Breaks at blanks. */
static void put_wrapped(const char *text, FILE *out)
{
	size_t at = 0;

	while (*text) {
		size_t length = strcspn(text, " ");
		hs_auto_free char *word = strndup(text, length);

		if (!word)
			return;
		if (at && at + 1 + text_width(word) > TEXT_COLUMNS) {
			putc('\n', out);
			at = 0;
		}
		at += at ? 1 : 0;
		fputs(at ? " " : "", out);
		at += put_clean(word, SIZE_MAX, out);
		text += length + strspn(text + length, " ");
	}
	putc('\n', out);
}

static void put_text_rows(const struct hs_table *table, const size_t *widths, const char **rest,
			  char (*buffers)[HS_VALUE_CHARS], FILE *out)
{
	size_t nr = table->columns.count;

	for (size_t i = 0; i < nr; i++)
		rest[i] = table->columns.items[i].name;
	put_text_row(table, widths, rest, out);
	for (size_t row = 0; row < hs_table_nr_rows(table); row++) {
		for (size_t i = 0; i < nr; i++)
			rest[i] = hs_value_human(hs_table_value(table, row, i), buffers[i]);
		put_text_row(table, widths, rest, out);
	}
}

static void render_text(const struct hs_table *table, FILE *out)
{
	size_t nr = table->columns.count;
	hs_auto_free size_t *widths = calloc(nr + 1, sizeof(*widths));
	hs_auto_free const char **rest = calloc(nr + 1, sizeof(*rest));
	hs_auto_free char (*buffers)[HS_VALUE_CHARS] = calloc(nr + 1, sizeof(*buffers));

	if (!widths || !rest || !buffers || !nr)
		return;
	for (size_t i = 0; i < nr; i++)
		widths[i] = natural_width(table, i);
	shrink_to_fit(table, widths);
	put_clean(table->title, SIZE_MAX, out);
	putc('\n', out);
	if (hs_table_nr_rows(table) || !table->note)
		put_text_rows(table, widths, rest, buffers, out);
	if (table->note)
		put_wrapped(table->note, out);
}

/* --- the other forms ----------------------------------------------------------------------------- */

static void render_markdown(const struct hs_table *table, FILE *out)
{
	char buffer[HS_VALUE_CHARS];

	fputs("### ", out);
	put_markdown(table->title, out);
	fputs("\n\n|", out);
	hs_vec_for_each(column, &table->columns) {
		putc(' ', out);
		put_markdown(column->name, out);
		fputs(" |", out);
	}
	fputs("\n|", out);
	for (size_t i = 0; i < table->columns.count; i++)
		fputs(is_left_aligned(table, i) ? " --- |" : " ---: |", out);
	putc('\n', out);
	for (size_t i = 0; i < table->values.count; i++) {
		if (i % table->columns.count == 0)
			putc('|', out);
		putc(' ', out);
		put_markdown(hs_value_human(&table->values.items[i], buffer), out);
		fputs((i + 1) % table->columns.count ? " |" : " |\n", out);
	}
	if (table->note) {
		putc('\n', out);
		put_markdown(table->note, out);
		putc('\n', out);
	}
}

static void render_csv(const struct hs_table *table, FILE *out)
{
	for (size_t i = 0; i < table->columns.count; i++) {
		const struct hs_table_column *column = &table->columns.items[i];
		hs_auto_free char *name = NULL;

		if (asprintf(&name, *column->unit ? "%s_%s" : "%s", column->name, column->unit) < 0)
			name = NULL;
		if (i)
			putc(',', out);
		put_csv(&(struct hs_value){ .type = HS_VALUE_TEXT, .text = name ? name : column->name }, out);
	}
	putc('\n', out);
	for (size_t i = 0; i < table->values.count; i++) {
		put_csv(&table->values.items[i], out);
		putc((i + 1) % table->columns.count ? ',' : '\n', out);
	}
}

static void put_json_value(const struct hs_value *value, FILE *out)
{
	char buffer[HS_VALUE_CHARS];

	if (value->type == HS_VALUE_NONE)
		fputs("null", out);
	else if (value->type == HS_VALUE_TEXT || value->type == HS_VALUE_ADDRESS)
		put_json_string(hs_value_plain(value, buffer), out);
	else
		fputs(hs_value_plain(value, buffer), out);
}

static void render_json(const struct hs_table *table, FILE *out)
{
	size_t nr = table->columns.count;

	fputs("{\"title\": ", out);
	put_json_string(table->title, out);
	if (table->note) {
		fputs(", \"note\": ", out);
		put_json_string(table->note, out);
	}
	fputs(", \"units\": {", out);
	for (size_t i = 0; i < nr; i++) {
		fputs(i ? ", " : "", out);
		put_json_string(table->columns.items[i].name, out);
		fputs(": ", out);
		put_json_string(table->columns.items[i].unit, out);
	}
	fputs("}, \"rows\": [", out);
	for (size_t i = 0; i < table->values.count; i++) {
		fputs(i % nr ? ", " : i ? ",\n  {" : "\n  {", out);
		put_json_string(table->columns.items[i % nr].name, out);
		fputs(": ", out);
		put_json_value(&table->values.items[i], out);
		fputs((i + 1) % nr ? "" : "}", out);
	}
	fputs("]}", out);
}

static void render_junit_case(const struct hs_table *table, const struct hs_table_row_mark *mark, FILE *out)
{
	char buffer[HS_VALUE_CHARS];
	size_t nr_names = 0;

	fputs("  <testcase classname=\"hindsight\" name=\"", out);
	while (nr_names < table->columns.count && hs_table_value(table, mark->row, nr_names)->type == HS_VALUE_TEXT) {
		fputs(nr_names ? " " : "", out);
		put_xml(hs_table_value(table, mark->row, nr_names++)->text, out);
	}
	fputs(mark->mark == HS_ROW_PASSED ? "\"/>\n" : mark->mark == HS_ROW_SKIPPED ? "\"><skipped message=\"" :
	      "\"><failure message=\"", out);
	if (mark->mark == HS_ROW_PASSED)
		return;
	for (size_t i = nr_names; i < table->columns.count; i++) {
		fputs(i > nr_names ? ", " : "", out);
		put_xml(table->columns.items[i].name, out);
		putc(' ', out);
		put_xml(hs_value_human(hs_table_value(table, mark->row, i), buffer), out);
	}
	fprintf(out, "\"/></testcase>\n");
}

static void render_junit(const struct hs_table *table, FILE *out)
{
	size_t failures = 0, skipped = 0;

	hs_vec_for_each(mark, &table->marks) {
		failures += mark->mark == HS_ROW_FAILED;
		skipped += mark->mark == HS_ROW_SKIPPED;
	}
	fputs(" <testsuite name=\"", out);
	put_xml(table->title, out);
	fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n", table->marks.count, failures, skipped);
	hs_vec_for_each(mark, &table->marks)
		render_junit_case(table, mark, out);
	fputs(" </testsuite>\n", out);
}

static const struct {
	const char *name;
	void (*render)(const struct hs_table *table, FILE *out);
	const char *before, *between, *after;	/* of a document of several tables */
} formats[HS_NR_TABLE_FORMATS] = {
	[HS_TABLE_TEXT] = { "text", render_text, "", "\n", "" },
	[HS_TABLE_MARKDOWN] = { "markdown", render_markdown, "", "\n", "" },
	[HS_TABLE_CSV] = { "csv", render_csv, "", "\n", "" },
	[HS_TABLE_JSON] = { "json", render_json, "{\"tables\": [\n", ",\n", "\n]}\n" },
	[HS_TABLE_JUNIT] = { "junit", render_junit, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", "",
			     "</testsuites>\n" },
};

int hs_table_format_find(const char *name)
{
	for (int i = 0; i < HS_NR_TABLE_FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return i;
	return -1;
}

void hs_table_render(const struct hs_table *table, enum hs_table_format format, FILE *out)
{
	if (hs_table_status(table) == 0)
		formats[format].render(table, out);
}

void hs_tables_render(struct hs_table *const *tables, size_t nr, enum hs_table_format format, FILE *out)
{
	bool is_first = true;

	fputs(formats[format].before, out);
	for (size_t i = 0; i < nr; i++) {
		if (hs_table_status(tables[i]))
			continue;
		fputs(is_first ? "" : formats[format].between, out);
		formats[format].render(tables[i], out);
		is_first = false;
	}
	fputs(formats[format].after, out);
}
