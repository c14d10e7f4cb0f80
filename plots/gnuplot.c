// SPDX-License-Identifier: GPL-2.0-only
#include "plots/gnuplot.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "plots/templates.h"

enum { EXIT_NO_GNUPLOT = 127, NAME_BYTES = 40 };

static const char plain_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.,()/%:=";

static int open_for_writing(const char *folder, const char *stem, const char *ending, FILE **out,
			    struct hs_error *err)
{
	hs_auto_free char *path = NULL;
	int fd;

	assert(strspn(stem, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(stem));
	if (asprintf(&path, "%s/%s.%s", folder, stem, ending) < 0) {
		path = NULL;
		return hs_error_nomem(err);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	*out = fd < 0 ? NULL : fdopen(fd, "w");
	if (*out)
		return 0;
	if (fd >= 0)
		close(fd);
	return hs_error_set(err, -errno, "%s: cannot be written: %s", path, strerror(errno));
}

static int close_written(FILE *out, const char *stem, struct hs_error *err)
{
	bool failed = ferror(out);

	if (fclose(out) || failed)
		return hs_error_set(err, -EIO, "%s: cannot be written; is the disk full?", stem);
	return 0;
}

/* --- the table ----------------------------------------------------------------------------------- */

/* Long names would push the plot out of the picture. */
static size_t cut_length(const char *text)
{
	size_t length = strlen(text);

	if (length <= NAME_BYTES)
		return length;
	length = NAME_BYTES - 3;
	while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void put_field(const char *text, FILE *out)
{
	size_t length = cut_length(text);

	putc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		putc(byte < 0x20 || byte == 0x7f ? '?' : byte == '"' || byte == '`' ? '\'' : byte, out);
	}
	fputs(text[length] ? "…\"" : "\"", out);
}

static int write_table(const char *folder, const struct hs_plot *plot, struct hs_error *err)
{
	const struct hs_table *table = plot->table;
	FILE *out;
	int status = open_for_writing(folder, plot->stem, "csv", &out, err);

	if (status)
		return status;
	for (size_t i = 0; i < table->columns.count; i++) {
		if (i)
			putc(',', out);
		put_field(table->columns.items[i].name, out);
	}
	putc('\n', out);
	for (size_t i = 0; i < table->values.count; i++) {
		const struct hs_value *value = &table->values.items[i];
		char buffer[HS_VALUE_CHARS];

		if (value->type == HS_VALUE_TEXT)
			put_field(value->text, out);
		else
			fputs(hs_value_plain(value, buffer), out);
		putc((i + 1) % table->columns.count ? ',' : '\n', out);
	}
	return close_written(out, plot->stem, err);
}

static size_t letters_of(const char *text)
{
	const size_t length = cut_length(text);
	size_t letters = 0;

	for (size_t i = 0; i < length; i++)
		letters += ((unsigned char)text[i] & 0xc0) != 0x80;
	return letters;
}

/* Letters of the longest name, for margins: gnuplot takes capitals to be as narrow as other letters. */
static size_t longest_name(const struct hs_table *table)
{
	size_t longest = 0;

	hs_vec_for_each(column, &table->columns)
		longest = letters_of(column->name) > longest ? letters_of(column->name) : longest;
	hs_vec_for_each(value, &table->values)
		if (value->type == HS_VALUE_TEXT && letters_of(value->text) > longest)
			longest = letters_of(value->text);
	return longest;
}

/* --- the script ---------------------------------------------------------------------------------- */

static int write_script(const char *folder, const struct hs_plot *plot, struct hs_error *err)
{
	FILE *out;
	int status = open_for_writing(folder, plot->stem, "gp", &out, err);

	if (status)
		return status;
	fprintf(out, "# 'gnuplot %s.gp' draws %s.svg and %s.png from %s.csv.\nstem = '%s'\ncolumns = %zu\nrows = %zu\n"
		"longest = %zu\n", plot->stem, plot->stem, plot->stem, plot->stem, plot->stem, plot->table->columns.count,
		hs_table_nr_rows(plot->table), longest_name(plot->table));
	for (const struct hs_plot_number *number = plot->numbers; number && number->name; number++)
		fprintf(out, "%s = %.10g\n", number->name, number->value);
	for (const struct hs_plot_label *label = plot->labels; label && label->name; label++) {
		assert(strspn(label->text, plain_characters) == strlen(label->text));
		fprintf(out, "%s = '%s'\n", label->name, label->text);
	}
	fprintf(out, "\n%s\n%s\n%s", hs_template_text("style.gp"), hs_template_text(plot->template_name),
		hs_template_text("finish.gp"));
	return close_written(out, plot->stem, err);
}

int hs_plot_write(const char *folder, const struct hs_plot *plot, struct hs_error *err)
{
	int status = write_table(folder, plot, err);

	return status ? status : write_script(folder, plot, err);
}

/* --- gnuplot ------------------------------------------------------------------------------------- */

/* In the child. -d: neither the user's nor the system's settings. */
static void run_gnuplot(const char *folder, const char *stem, int complaints)
{
	char script[256];
	int nothing = open("/dev/null", O_RDWR);

	snprintf(script, sizeof(script), "%s.gp", stem);
	if (nothing < 0 || chdir(folder) || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(complaints, 2) < 0)
		_exit(1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("GNUTERM");
	unsetenv("GNUPLOT_LIB");
	execlp("gnuplot", "gnuplot", "-d", script, (char *)NULL);
	_exit(errno == ENOENT ? EXIT_NO_GNUPLOT : 1);
}

/*
 * Reads all there is. gnuplot repeats the statement, points into it, and then says what is wrong in a line that
 * begins with the file's name in quotes: keeps that one, or the first one.
 */
static void read_complaint(int fd, char *line, size_t room)
{
	char text[8192];
	const char *start;
	size_t used = 0;
	ssize_t got;

	while (used < sizeof(text) - 1 && (got = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	start = strstr(text, "\n\"");
	start = start ? start + 1 : text + strspn(text, " \n\t^");
	snprintf(line, room, "%.*s", (int)strcspn(start, "\n"), start);
}

int hs_plot_draw(const char *folder, const char *stem, struct hs_error *err)
{
	char complaint[256];
	int pipes[2], state;
	pid_t child;

	if (pipe2(pipes, O_CLOEXEC))
		return hs_error_set(err, -errno, "pipe: %s", strerror(errno));
	child = fork();
	if (child == 0)
		run_gnuplot(folder, stem, pipes[1]);
	close(pipes[1]);
	if (child < 0) {
		close(pipes[0]);
		return hs_error_set(err, -errno, "fork: %s", strerror(errno));
	}
	read_complaint(pipes[0], complaint, sizeof(complaint));
	close(pipes[0]);
	while (waitpid(child, &state, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(state) && WEXITSTATUS(state) == EXIT_NO_GNUPLOT)
		return hs_error_set(err, -ENOENT, "gnuplot is not installed; Debian has it in the package gnuplot-nox");
	/* A complaint with status 0 is a warning: about an empty range, say. */
	if (state)
		return hs_error_set(err, -EIO, "%s/%s.gp: gnuplot failed: %s", folder, stem,
				    *complaint ? complaint : "it said nothing");
	return 0;
}
