// SPDX-License-Identifier: GPL-2.0-only
/*
 * pin_pages MEGABYTES PAGES: touches so much memory and holds references to that many of its pages, spread evenly, in
 * pipes: they cannot be moved. Prints "pfn N" for one of them and "pinned", then waits to be killed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PIPE_PAGES = 8 };

static uint64_t pfn_of(const void *address)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)address / PAGE * sizeof(entry))) < 0)
		return 0;
	close(fd);
	return entry & ((1ull << 55) - 1);
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 2 ? strtoull(argv[1], NULL, 0) << 20 : 0, nr = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2] = { -1, -1 };

	if (!bytes || memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE))
		return 1;
	memset(memory, 1, bytes);
	for (size_t i = 0; i < nr; i++) {
		struct iovec page = { memory + bytes / nr * i / PAGE * PAGE, PAGE };

		if (i % PIPE_PAGES == 0 && pipe(fds))
			return 1;
		if (vmsplice(fds[1], &page, 1, 0) != PAGE)
			return 1;
	}
	printf("pfn %llu\npinned\n", (unsigned long long)pfn_of(memory));
	fflush(stdout);
	pause();
	return 0;
}
