/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_WORKLOAD_RANGES_H
#define HS_WORKLOAD_RANGES_H
/* Ranges of 2 MiB for workloads that have the kernel collapse them, and waiting for khugepaged. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, PAGES = 512, SWAP_OUT_TRIES = 500 };
static const size_t range_bytes = (size_t)PAGE * PAGES;

static inline void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* One aligned range, with a hole on both sides so that it is a mapping of its own; not for khugepaged. */
static inline char *new_range(void)
{
	char *raw = mmap(NULL, 3 * range_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start = (char *)(((uintptr_t)raw + range_bytes - 1) & ~(range_bytes - 1));

	if (raw == MAP_FAILED)
		fail("mmap");
	if (start == raw)
		start += range_bytes;
	munmap(raw, (size_t)(start - raw));
	munmap(start + range_bytes, (size_t)(raw + 2 * range_bytes - start));
	return start;
}

static inline char *new_shared(void)
{
	char *near = new_range(), *range;

	range = mmap(near, range_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (range == MAP_FAILED)
		fail("mmap");
	return range;
}

/* Writes to the first nr pages. */
static inline char *fill(char *range, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		range[(size_t)i * PAGE] = 1;
	return range;
}

static inline char *filled(unsigned int nr)
{
	return fill(new_range(), nr);
}

/* A pipe holds a reference to the page until this process ends. */
static inline void hold_page(char *page)
{
	struct iovec held = { page, PAGE };
	int ends[2];

	if (pipe(ends) || vmsplice(ends[1], &held, 1, 0) != PAGE)
		fail("vmsplice");
}

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static inline long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = 0;

	if (!file || fscanf(file, "%ld", &number) != 1)
		fail(path);
	fclose(file);
	return number;
}

/* Pages of a filled range that are not there any more; shared memory's entries are empty then. */
static inline unsigned int nr_swapped(const char *range)
{
	static uint64_t entries[PAGES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned int count = 0;

	if (fd < 0 || pread(fd, entries, sizeof(entries), (off_t)((uintptr_t)range / PAGE * sizeof(*entries))) < 0)
		fail("pagemap");
	close(fd);
	for (int i = 0; i < PAGES; i++)
		count += !(entries[i] >> 63);
	return count;
}

/* The first nr pages of a filled range are swapped out. */
static inline char *swap_out(char *range, unsigned int nr)
{
	for (int i = 0; i < SWAP_OUT_TRIES && nr_swapped(range) < nr; i++) {
		madvise(range, (size_t)nr * PAGE, MADV_PAGEOUT);
		usleep(10000);
	}
	if (nr_swapped(range) != nr)
		fprintf(stderr, "%u pages swapped out, wanted %u\n", nr_swapped(range), nr);
	return range;
}

/* Until khugepaged has gone through its list that many times, or for at most max_ms. */
static inline void await_passes(long passes, int max_ms)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/khugepaged/full_scans";
	const long before = read_number(path);

	for (int waited = 0; read_number(path) < before + passes && waited < max_ms; waited += 10)
		usleep(10000);
	printf("passes %ld\n", read_number(path) - before);
}

#endif
