// SPDX-License-Identifier: GPL-2.0-only
#include "tests/golden/golden.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_SHOWN = 20 };

struct tally {
	golden_run_case *run_case;
	unsigned long passed, failed;
};

int golden_differ(struct golden_failure *failure, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return 1;
}

int golden_compare(struct golden_failure *failure, const char *what, const json_t *expected, const json_t *got)
{
	char *left, *right;

	if (expected == got || (expected && got && json_equal(expected, got)))
		return 0;
	left = expected ? json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	right = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	golden_differ(failure, "%s: expected %.1900s, got %.1900s", what, left ? left : "nothing",
		      right ? right : "nothing");
	free(left);
	free(right);
	return 1;
}

long long golden_int(const json_t *object, const char *field, long long otherwise)
{
	const json_t *value = json_object_get(object, field);

	return json_is_integer(value) ? json_integer_value(value) :
	       json_is_boolean(value) ? json_is_true(value) : otherwise;
}

const char *golden_text(const json_t *object, const char *field, const char *otherwise)
{
	const json_t *value = json_object_get(object, field);

	return json_is_string(value) ? json_string_value(value) : otherwise;
}

static void count(struct tally *tally, const char *path, unsigned long line, const char *name, int failed,
		  const char *why)
{
	if (!failed) {
		tally->passed++;
		return;
	}
	if (tally->failed++ < MAX_SHOWN)
		printf("FAILED %s:%lu: %s: %s\n", path, line, name, why);
}

/*
 * Addresses near 2^64 do not fit into JSON's signed integers: they become the negative number with the same
 * 64 bits, so that a cast to uint64_t gives them back. Returns a new string, NULL without memory.
 */
static char *wrap_big_integers(const char *text)
{
	enum { FEWEST_DIGITS = 19 };	/* of a number beyond INT64_MAX, which gets one character longer at most */
	size_t length = strlen(text);
	char *copy = malloc(length + length / FEWEST_DIGITS + 1), *to = copy;

	while (copy && *text) {
		size_t digits = strspn(text, "0123456789");
		size_t span = digits ? digits : *text == '"' ? 1 + strcspn(text + 1, "\"") : 1;
		unsigned long long value = digits >= FEWEST_DIGITS ? strtoull(text, NULL, 10) : 0;

		span += !digits && *text == '"' && text[span];
		if (value > INT64_MAX)
			to += sprintf(to, "%lld", (long long)value);
		else
			to = (char *)mempcpy(to, text, span);
		text += span;
	}
	if (copy)
		*to = '\0';
	return copy;
}

/* A case without operations would hold nothing; only one that was cut before its first may have none. */
static bool has_operations(const json_t *one_case)
{
	const json_t *ops = json_object_get(one_case, "ops");

	return json_is_array(ops) && (json_array_size(ops) || json_is_true(json_object_get(one_case, "truncated")));
}

static int run_whole(struct tally *tally, const json_t *one_case, struct golden_failure *failure)
{
	if (!has_operations(one_case))
		return golden_differ(failure, "no operations: \"ops\" is missing or empty");
	return tally->run_case(one_case, failure);
}

static void run_line(struct tally *tally, const char *path, unsigned long line, const char *text)
{
	struct golden_failure failure = { "" };
	char *wrapped = wrap_big_integers(text);
	json_error_t error = { .text = "out of memory" };
	json_t *one_case = wrapped ? json_loads(wrapped, JSON_REJECT_DUPLICATES, &error) : NULL;

	if (!json_is_object(one_case))
		count(tally, path, line, "not a JSON object", 1, one_case ? "a case is one {…} per line" : error.text);
	else
		count(tally, path, line, golden_text(one_case, "case", "(no name)"),
		      run_whole(tally, one_case, &failure), failure.text);
	json_decref(one_case);
	free(wrapped);
}

/* A stream of the file's text; .zst files through the zstd program, whose pid goes to *child. */
static FILE *open_text(const char *path, pid_t *child)
{
	size_t length = strlen(path);
	int ends[2];

	*child = 0;
	if (length < 4 || strcmp(path + length - 4, ".zst") != 0)
		return fopen(path, "r");
	if (access(path, R_OK) || pipe2(ends, O_CLOEXEC))
		return NULL;
	*child = fork();
	if (*child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execlp("zstd", "zstd", "-dcq", "--", path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

static void run_file(struct tally *tally, const char *path)
{
	unsigned long number = 0;
	size_t room = 0;
	char *line = NULL;
	pid_t child;
	ssize_t length;
	int status = 0;
	FILE *file = open_text(path, &child);

	if (!file) {
		count(tally, path, 0, "cannot read the file", 1, strerror(errno));
		return;
	}
	while ((length = getline(&line, &room, file)) > 0) {
		number++;
		if (strlen(line) != (size_t)length)
			count(tally, path, number, "not a line of text", 1, "it holds a NUL byte");
		else if (line[strspn(line, " \t\r\n")])
			run_line(tally, path, number, line);
	}
	if (ferror(file))
		count(tally, path, number, "cannot read the whole file", 1, strerror(errno));
	free(line);
	fclose(file);
	if (child > 0 && (waitpid(child, &status, 0) < 0 || status))
		count(tally, path, number, "zstd could not unpack the whole file", 1, "is it damaged?");
}

int golden_main(int argc, char **argv, golden_run_case *run_case)
{
	struct tally tally = { .run_case = run_case };

	for (int i = 1; i < argc; i++)
		run_file(&tally, argv[i]);
	if (tally.failed > MAX_SHOWN)
		printf("… and %lu more\n", tally.failed - MAX_SHOWN);
	printf("%lu passed, %lu failed\n", tally.passed, tally.failed);
	return tally.failed || !tally.passed;
}
