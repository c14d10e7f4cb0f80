// SPDX-License-Identifier: GPL-2.0-only
#include "traces/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"

static int fail(const struct hs_input *input, int code, struct hs_error *err)
{
	return hs_error_set(err, code, "%s: %s", input->name, strerror(-code));
}

/* Copies what comes out of a pipe, so that it can be read at any offset. */
static int spool(struct hs_input *input, struct hs_error *err)
{
	hs_auto_file FILE *copy = tmpfile();
	char buffer[1 << 16];
	ssize_t got;
	int fd;

	if (!copy)
		return hs_error_set(err, -errno, "%s: cannot make a temporary copy: %s", input->name, strerror(errno));
	while ((got = read(input->fd, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(input, -errno, err);
		if (fwrite(buffer, 1, (size_t)got, copy) != (size_t)got)
			return hs_error_set(err, -EIO, "%s: cannot make a temporary copy: %s; is TMPDIR full?",
					    input->name, strerror(errno));
		input->bytes += (uint64_t)got;
	}
	if (fflush(copy))
		return fail(input, -errno, err);
	fd = fcntl(fileno(copy), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail(input, -errno, err);
	close(input->fd);
	input->fd = fd;
	return 0;
}

static int open_path(const char *path, struct hs_input *input, struct hs_error *err)
{
	struct stat status;

	input->name = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	if (!input->name)
		return hs_error_nomem(err);
	input->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &status))
		return fail(input, -errno, err);
	if (S_ISDIR(status.st_mode))
		return hs_error_set(err, -EISDIR, "%s: is a directory, not a trace file", input->name);
	/* /dev/zero has no end. */
	if (S_ISCHR(status.st_mode))
		return hs_error_set(err, -ENODEV, "%s: is a character device, not a trace file", input->name);
	input->bytes = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
	return S_ISREG(status.st_mode) ? 0 : spool(input, err);
}

int hs_input_open(const char *path, struct hs_input *input, struct hs_error *err)
{
	int status;

	*input = (struct hs_input){ .fd = -1 };
	status = open_path(path, input, err);
	if (!status && !input->bytes)
		status = hs_error_set(err, -ENODATA, "%s: empty file", input->name);
	if (status)
		hs_input_close(input);
	return status;
}

void hs_input_close(struct hs_input *input)
{
	hs_close_fd(&input->fd);
	free(input->name);
	*input = (struct hs_input){ .fd = -1 };
}

int hs_input_read(const struct hs_input *input, uint64_t offset, void *to, size_t length, struct hs_error *err)
{
	char *at = to;

	while (length) {
		ssize_t got = pread(input->fd, at, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(input, -errno, err);
		if (got == 0)
			return hs_error_set(err, -EIO, "%s: has become shorter while it was read", input->name);
		at += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}
