/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_WORKLOAD_RANGES_H
#define HS_WORKLOAD_RANGES_H
/* Ranges of 2 MiB for workloads that have the kernel collapse them, and waiting for khugepaged. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, PAGES = 512 };
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

static inline long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = 0;

	if (!file || fscanf(file, "%ld", &number) != 1)
		fail(path);
	fclose(file);
	return number;
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
