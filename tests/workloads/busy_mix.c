// SPDX-License-Identifier: GPL-2.0-only
/*
 * busy_mix SECONDS: processes that keep khugepaged busy, each in another way, side by side. For test guests: wants
 * huge pages on request (transparent_hugepage/enabled: madvise), khugepaged to scan often, and max_ptes_none 256.
 * Each process is called what it does.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "ranges.h"

enum { HOARDED = 24, REUSED = 10, SPARSE = 10, SMALL_MAPPINGS = 200, INHERITED = 6, SHARED = 8 };

static uint64_t end_ms;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* False: the time is over. */
static bool rest(unsigned int ms)
{
	usleep(ms * 1000);
	return now_ms() < end_ms;
}

/* Small pages first: what is advised before it is touched is huge at once. */
static char *offered(unsigned int nr)
{
	char *range = filled(nr);

	madvise(range, range_bytes, MADV_HUGEPAGE);
	return range;
}

/* Always another range of those that make gives; of nr the oldest goes. */
static void renew(unsigned int nr, unsigned int ms, char *(*make)(unsigned int nr_pages))
{
	char *ranges[HOARDED] = { NULL };

	for (unsigned int i = 0; rest(ms); i++) {
		char **range = &ranges[i % nr];

		if (*range)
			munmap(*range, range_bytes);
		*range = make(300 + i % 7 * 30);
	}
}

static void hoard(void)
{
	renew(HOARDED, 140, offered);
}

/* The same ranges, of which half is given back and filled again. */
static void reuse(void)
{
	char *ranges[REUSED];

	for (unsigned int i = 0; i < REUSED; i++)
		ranges[i] = offered(PAGES);
	for (unsigned int i = 0; rest(210); i++) {
		char *half = ranges[i % REUSED] + range_bytes / 2;

		madvise(half, range_bytes / 2, MADV_DONTNEED);
		for (unsigned int page = 0; page < 100; page++)
			half[(size_t)page * PAGE] = 1;
	}
}

/* Too empty to be collapsed, until it has been filled bit by bit; then it begins anew. */
static void thicken(void)
{
	char *ranges[SPARSE] = { NULL };
	unsigned int filled_to[SPARSE] = { 0 };

	for (unsigned int i = 0; rest(60); i++) {
		const unsigned int at = i % SPARSE;

		if (!ranges[at] || filled_to[at] > 400) {
			if (ranges[at])
				munmap(ranges[at], range_bytes);
			ranges[at] = offered(0);
			madvise(ranges[at], range_bytes, MADV_NOHUGEPAGE);
			filled_to[at] = 0;
		}
		for (unsigned int page = 0; page < 80; page++)
			ranges[at][(size_t)(filled_to[at]++ % PAGES) * PAGE] = 1;
		madvise(ranges[at], range_bytes, MADV_HUGEPAGE);
	}
}

/* Many mappings too small for a huge page, between which the daemon finds a range. */
static void crumble(void)
{
	char *small = mmap(NULL, 2ul * SMALL_MAPPINGS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned int i = 0; i < SMALL_MAPPINGS; i++) {
		small[(size_t)i * 2 * PAGE] = 1;
		mprotect(small + (size_t)i * 2 * PAGE, PAGE, PROT_READ);
	}
	for (char *range; rest(500); munmap(range, range_bytes)) {
		range = offered(PAGES);
		rest(1500);
	}
}

/* Children that inherit ranges, look at them, and end. */
static void inherit(void)
{
	char *ranges[INHERITED];

	for (unsigned int i = 0; i < INHERITED; i++)
		ranges[i] = offered(PAGES);
	while (rest(600)) {
		pid_t child = fork();

		if (!child) {
			prctl(PR_SET_NAME, "heir");
			rest(900);
			_exit(ranges[0][0] != 1);
		}
		waitpid(child, NULL, 0);
	}
}

/* Twice: 6.1 judges shared memory by the advice that was there before. */
static char *offered_shared(unsigned int nr)
{
	char *range = fill(new_shared(), nr);

	madvise(range, range_bytes, MADV_HUGEPAGE);
	madvise(range, range_bytes, MADV_HUGEPAGE);
	return range;
}

/* Shared memory, which the daemon collapses in its page cache. */
static void share(void)
{
	renew(SHARED, 400, offered_shared);
}

/* Processes that live for a second. */
static void flicker(void)
{
	while (rest(100)) {
		pid_t child = fork();

		if (!child) {
			prctl(PR_SET_NAME, "brief");
			offered(PAGES);
			offered(400);
			rest(1000);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*work)(void);
	} processes[] = {
		{ "hoard", hoard }, { "reuse", reuse }, { "thicken", thicken }, { "crumble", crumble },
		{ "inherit", inherit }, { "flicker", flicker }, { "share", share },
	};

	end_ms = now_ms() + 1000 * (uint64_t)(argc > 1 ? atoi(argv[1]) : 20);
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++) {
		if (fork())
			continue;
		prctl(PR_SET_NAME, processes[i].name);
		processes[i].work();
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
