// SPDX-License-Identifier: GPL-2.0-only
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

static void ignore(int signal_number)
{
	(void)signal_number;
}

/* Standard output is written line by line only for people: one write per event would cost more than the event. */
enum { BUFFER_BYTES = 1 << 16 };

void hs_output_init(void)
{
	static char buffer[BUFFER_BYTES];
	struct sigaction action = { .sa_handler = ignore };

	/* open takes the lowest free descriptor: this fills the gaps. Writing to a closed output still fails. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			break;
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	/* A handler, not SIG_IGN: exec resets it, a COMMAND under record sees the default. */
	sigaction(SIGPIPE, &action, NULL);
}

bool hs_output_may_replace(const char *path, bool is_forced)
{
	struct stat info;

	return is_forced || (stat(path, &info) == 0 && !S_ISREG(info.st_mode));
}

int hs_output_open(const char *path, bool is_forced, FILE **out, struct hs_error *err)
{
	FILE *file;

	if (strcmp(path, "-") == 0) {
		*out = stdout;
		return 0;
	}
	file = fopen(path, hs_output_may_replace(path, is_forced) ? "we" : "wxe");
	if (!file && errno == EEXIST)
		return hs_error_set(err, -EEXIST, "%s exists; choose another name or give --force", path);
	if (!file)
		return hs_error_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	*out = file;
	return 0;
}

static void remove_regular(const char *path)
{
	struct stat info;

	if (stat(path, &info) == 0 && S_ISREG(info.st_mode))
		unlink(path);
}

static bool is_reader_gone(FILE *out)
{
	struct pollfd pipe_end = { .fd = fileno(out), .events = POLLOUT };

	return poll(&pipe_end, 1, 0) == 1 && (pipe_end.revents & POLLERR);
}

/* Writes what is buffered: 0, or the negative errno of this or an earlier write. */
static int flush(FILE *out)
{
	bool had_failed = ferror(out);

	errno = 0;
	if (fflush(out) == 0 && !had_failed)
		return 0;
	return is_reader_gone(out) ? -EPIPE : errno ? -errno : -EIO;
}

int hs_output_close(FILE *out, const char *path, int status, struct hs_error *err)
{
	bool is_file = out != stdout;
	int code = flush(out);

	if (is_file && fclose(out) && code == 0)
		code = -errno;
	if (code && status == 0)
		status = hs_error_set(err, code, "cannot write %s: %s", is_file ? path : "standard output",
				      strerror(-code));
	if (status && is_file)
		remove_regular(path);
	return status;
}

int hs_finish_stdout(int status)
{
	int code = flush(stdout);

	if (code == 0 || code == -EPIPE || status != HS_EXIT_OK)
		return status;
	return hs_failf(HS_EXIT_FAILED, "cannot write standard output: %s", strerror(-code));
}
