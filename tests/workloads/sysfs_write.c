// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs_write FILE TEXT [UID]: writes the text, as one write and as it is, and prints 0 or the negative errno. With a
 * UID the file is opened before and written to after becoming that user, who has no capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[1], O_WRONLY) : -1;

	if (fd < 0)
		return 1;
	if (argc > 3 && setuid((uid_t)atoi(argv[3])))
		return 1;
	printf("%d\n", write(fd, argv[2], strlen(argv[2])) < 0 ? -errno : 0);
	return 0;
}
