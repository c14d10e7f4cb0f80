// SPDX-License-Identifier: GPL-2.0-only
/*
 * bursts N SECONDS: N bursts of random work on mappings and pages, with a pause of so many seconds behind each. A
 * mapping of ZEROES pages, with others around it that nobody may touch, has nothing but the zero page.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 4096, OPERATIONS = 60, ZEROES = 77 };

static uint32_t state = 12345;

static uint32_t below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static char *arena;

static void touch(uint32_t from, uint32_t nr)
{
	volatile char *at = arena + (size_t)from * PAGE;

	for (uint32_t i = 0; i < nr; i++)
		if (below(3))
			at[(size_t)i * PAGE] = 1;
		else
			(void)at[(size_t)i * PAGE];
}

static char *map_at(void *where, size_t pages, int prot)
{
	char *memory = mmap(where, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | (where ? MAP_FIXED : 0), -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static void operate(void)
{
	uint32_t from = below(PAGES - 64), nr = 1 + below(64);
	char *at = arena + (size_t)from * PAGE;

	switch (below(6)) {
	case 0:
		madvise(at, (size_t)nr * PAGE, MADV_DONTNEED);
		break;
	case 1:
		mprotect(at, (size_t)nr * PAGE, PROT_READ);
		mprotect(at, (size_t)nr * PAGE, PROT_READ | PROT_WRITE);
		break;
	case 2:
		map_at(at, nr, PROT_READ | PROT_WRITE);
		break;
	case 3:
		if (mremap(at, (size_t)nr * PAGE, (size_t)nr * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   arena + (size_t)(PAGES + 64) * PAGE) != MAP_FAILED)
			map_at(at, nr, PROT_READ | PROT_WRITE);
		break;
	default:
		touch(from, nr);
		break;
	}
}

static void map_zeroes(void)
{
	volatile char *zeroes = map_at(map_at(NULL, ZEROES + 2, PROT_NONE) + PAGE, ZEROES, PROT_READ);

	for (int i = 0; i < ZEROES; i++)
		(void)zeroes[i * PAGE];
}

int main(int argc, char **argv)
{
	int bursts = argc > 2 ? atoi(argv[1]) : 4;
	double seconds = argc > 2 ? atof(argv[2]) : 0.5;
	struct timespec pause = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

	map_zeroes();
	arena = map_at(NULL, PAGES + 256, PROT_READ | PROT_WRITE);
	madvise(arena, (size_t)(PAGES + 256) * PAGE, MADV_NOHUGEPAGE);
	for (int burst = 0; burst < bursts; burst++) {
		for (int i = 0; i < OPERATIONS; i++)
			operate();
		nanosleep(&pause, NULL);
	}
	return 0;
}
