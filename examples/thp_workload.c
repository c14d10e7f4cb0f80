// SPDX-License-Identifier: GPL-2.0-only
/*
 * thp_workload [SECONDS]: gives khugepaged and madvise(MADV_COLLAPSE) something to decide, for `make demo` and
 * the traces in traces/corpus/. Several processes, each with its own way to use memory, run side by side:
 *
 *   dense     fills its ranges completely and waits: what huge pages are made for
 *   sparse    touches 1 to 448 pages of each range: what max_ptes_none is about
 *   zeros     reads untouched memory (zero pages), writes a little
 *   churn     collapses a range, gives parts back (MADV_DONTNEED), touches it again, over and over
 *   forker    shares its pages with children, which write some of them and exit; one child stays
 *   pinner    has pages held by a pipe: they cannot be collapsed
 *   mover     maps, grows, moves, protects, locks and unmaps
 *
 * Only MADV_HUGEPAGE on own memory; nothing on the host is changed. Runs the same way each time (the addresses
 * differ). Status 0 if every process ended well.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, PAGES = 512, PAUSE_US = 20000 };
static const size_t range_bytes = (size_t)PAGE * PAGES;
static time_t end_time;

static bool is_over(void)
{
	return time(NULL) >= end_time;
}

/* Small numbers that are the same in each run. */
static unsigned int draw(unsigned int bound)
{
	static uint32_t state = 12345;

	state = state * 1664525 + 1013904223;
	return (state >> 16) % bound;
}

/* nr aligned ranges of anonymous memory whose first touch makes small pages. */
static char *map_ranges(size_t nr)
{
	char *raw = mmap(NULL, (nr + 1) * range_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *first = (char *)(((uintptr_t)raw + range_bytes - 1) & ~(range_bytes - 1));

	if (raw == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	if (first > raw)
		munmap(raw, (size_t)(first - raw));
	if (raw + range_bytes > first)
		munmap(first + nr * range_bytes, (size_t)(raw + range_bytes - first));
	madvise(first, nr * range_bytes, MADV_NOHUGEPAGE);
	return first;
}

/* Writes to nr of the 512 pages of a range, evenly spread. */
static void touch(char *range, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		range[(size_t)(i * PAGES / nr) * PAGE]++;
}

static void rest(void)
{
	usleep(PAUSE_US);
}

static void run_dense(void)
{
	size_t nr = 5;
	char *memory = map_ranges(nr);

	for (size_t i = 0; i < nr; i++)
		touch(memory + i * range_bytes, PAGES);
	madvise(memory, nr * range_bytes, MADV_HUGEPAGE);
	while (!is_over()) {
		touch(memory + draw((unsigned int)nr) * range_bytes, 16);
		rest();
	}
}

static void run_sparse(void)
{
	static const unsigned int fills[] = { 1, 2, 7, 16, 33, 64, 65, 127, 200, 256, 333, 448 };
	size_t nr = sizeof(fills) / sizeof(fills[0]);
	char *memory = map_ranges(2 * nr);

	for (size_t i = 0; i < 2 * nr; i++)
		touch(memory + i * range_bytes, fills[i % nr]);
	/* The first half is khugepaged's, the other is asked for here, range by range. */
	madvise(memory, nr * range_bytes, MADV_HUGEPAGE);
	for (size_t i = nr; i < 2 * nr && !is_over(); i++) {
		madvise(memory + i * range_bytes, range_bytes, MADV_HUGEPAGE);
		madvise(memory + i * range_bytes, range_bytes, MADV_COLLAPSE);
		rest();
	}
	while (!is_over())
		rest();
}

static void run_zeros(void)
{
	size_t nr = 4;
	char *memory = map_ranges(nr);
	volatile char sum = 0;

	for (size_t i = 0; i < nr; i++) {
		for (unsigned int page = 0; page < PAGES; page += (unsigned int)i + 1)
			sum = (char)(sum + memory[i * range_bytes + (size_t)page * PAGE]);
		touch(memory + i * range_bytes, 8 * ((unsigned int)i + 1));
	}
	madvise(memory, nr * range_bytes, MADV_HUGEPAGE);
	madvise(memory, 2 * range_bytes, MADV_COLLAPSE);
	while (!is_over())
		rest();
}

static void run_churn(void)
{
	size_t nr = 4;
	char *memory = map_ranges(nr);

	while (!is_over()) {
		char *range = memory + draw((unsigned int)nr) * range_bytes;

		touch(range, 1 + draw(PAGES));
		madvise(range, range_bytes, MADV_COLLAPSE);
		madvise(range + (size_t)draw(PAGES / 2) * PAGE, (size_t)(1 + draw(PAGES / 2)) * PAGE, MADV_DONTNEED);
		for (int i = 0; i < 5; i++)
			rest();
	}
}

/* A child writes some of the pages that it shares, so that they are copied, and is gone. */
static void run_child(char *memory, unsigned int nr)
{
	prctl(PR_SET_NAME, "forked");
	touch(memory, nr);
	madvise(memory, range_bytes, MADV_COLLAPSE);
	rest();
	_exit(0);
}

static void run_forker(void)
{
	char *memory = map_ranges(3);

	for (size_t i = 0; i < 3; i++)
		touch(memory + i * range_bytes, PAGES);
	if (fork() == 0) {
		prctl(PR_SET_NAME, "stays");
		while (!is_over())
			rest();
		_exit(0);
	}
	madvise(memory, 3 * range_bytes, MADV_HUGEPAGE);
	while (!is_over()) {
		unsigned int nr = 1 + draw(PAGES);
		pid_t child = fork();

		if (child == 0)
			run_child(memory + (size_t)draw(3) * range_bytes, nr);
		touch(memory, 1 + draw(64));
		madvise(memory + range_bytes, range_bytes, MADV_COLLAPSE);
		waitpid(child, NULL, 0);
		for (int i = 0; i < 20; i++)
			rest();
	}
}

/* vmsplice takes references to the pages until the pipe is read. */
static void run_pinner(void)
{
	char *memory = map_ranges(2), page[PAGE];
	int ends[2];

	if (pipe(ends))
		exit(1);
	touch(memory, PAGES);
	touch(memory + range_bytes, 100);
	madvise(memory, 2 * range_bytes, MADV_HUGEPAGE);
	while (!is_over()) {
		struct iovec held = { memory + (size_t)draw(PAGES) * PAGE, PAGE };

		if (vmsplice(ends[1], &held, 1, 0) != PAGE)
			exit(1);
		madvise(memory, range_bytes, MADV_COLLAPSE);
		for (int i = 0; i < 40; i++)
			rest();
		if (read(ends[0], page, sizeof(page)) != sizeof(page))
			exit(1);
	}
}

static void run_mover(void)
{
	while (!is_over()) {
		size_t bytes = range_bytes + (size_t)draw(PAGES) * PAGE;
		char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *moved;

		if (memory == MAP_FAILED)
			exit(1);
		for (size_t at = 0; at < bytes; at += 9 * PAGE)
			memory[at] = 1;
		moved = mremap(memory, bytes, 2 * bytes, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED)
			exit(1);
		moved[2 * bytes - 1] = 1;
		mprotect(moved, 4 * PAGE, PROT_READ);
		mlock(moved + 8 * PAGE, 4 * PAGE);
		munlock(moved + 8 * PAGE, 4 * PAGE);
		madvise(moved, 2 * bytes, MADV_HUGEPAGE);
		munmap(moved + bytes, PAGE);
		rest();
		munmap(moved, 2 * bytes);
		free(malloc(300000));
		for (int i = 0; i < 10; i++)
			rest();
	}
}

static const struct role {
	const char *name;
	void (*run)(void);
} roles[] = {
	{ "dense", run_dense }, { "forker", run_forker }, { "pinner", run_pinner }, { "sparse", run_sparse },
	{ "zeros", run_zeros }, { "churn", run_churn }, { "mover", run_mover },
};

int main(int argc, char **argv)
{
	int status, failed = 0;

	end_time = time(NULL) + (argc > 1 ? atoi(argv[1]) : 20);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return 1;
		}
		if (child == 0) {
			prctl(PR_SET_NAME, roles[i].name);
			roles[i].run();
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
