// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/cleanup.h"

int hs_text_file_read(const char *path, char *text, size_t size)
{
	hs_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (used < size - 1 && (got = read(fd, text + used, size - 1 - used)) != 0) {
		if (got < 0)
			return -errno;
		used += (size_t)got;
	}
	if (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return (int)used;
}

int64_t hs_text_file_number(const char *path, int base, int64_t otherwise)
{
	char text[64], *end;
	long long number;

	if (hs_text_file_read(path, text, sizeof(text)) <= 0)
		return otherwise;
	number = strtoll(text, &end, base);
	return end == text ? otherwise : number;
}
