// SPDX-License-Identifier: GPL-2.0-only
/*
 * primes: a known number of events of each kind, all prime, so that a recorder that loses or doubles some
 * cannot come out right by chance. Prints "KEY COUNT" lines of what it did, for the test to compare with.
 *
 * The counted calls carry a mark, so that those of the C library are told apart: lengths of MARK_PAGES pages.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum {
	PAGE = 4096, HUGE = 2 << 20, MARK_PAGES = 101,
	FAULTS = 10007, MMAPS = 23, MREMAPS = 29, MPROTECTS = 31, MADVISES = 37, MLOCKS = 13, FORKS = 5, COLLAPSES = 7,
	LIMITS = 3,
};
static const size_t mark = (size_t)MARK_PAGES * PAGE;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static long faults_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* One write to each page of memory without huge pages: as many faults. */
static void take_faults(void)
{
	size_t bytes = (size_t)FAULTS * PAGE;
	char *memory = map(bytes);
	long before;

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	before = faults_so_far();
	for (size_t at = 0; at < bytes; at += PAGE)
		memory[at] = 1;
	printf("faults %d\nfault_start %#lx\nfault_end %#lx\nminflt %ld\n", FAULTS, (unsigned long)memory,
	       (unsigned long)(memory + bytes), faults_so_far() - before);
	/* It stays mapped, so that nothing else is ever seen at these addresses. */
}

/* The limit is far above all that this process needs. */
static void set_limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_DATA, &limit);
	for (int i = 0; i < LIMITS; i++) {
		limit.rlim_cur = (1ul << 40) + (unsigned long)i;
		if (setrlimit(RLIMIT_DATA, &limit))
			fail("setrlimit");
	}
	printf("limits %d\nlimit_start %#lx\n", LIMITS, 1ul << 40);
}

static void change_mappings(void)
{
	char *maps[MMAPS];

	for (int i = 0; i < MMAPS; i++)
		maps[i] = map(mark);
	for (int i = 0; i < MPROTECTS; i++)
		if (mprotect(maps[i % MMAPS], mark, i / MMAPS ? PROT_READ | PROT_WRITE : PROT_READ))
			fail("mprotect");
	for (int i = 0; i < MADVISES; i++)
		if (madvise(maps[i % MMAPS], mark, MADV_DONTNEED))
			fail("madvise");
	for (int i = 0; i < MLOCKS; i++)
		if (syscall(SYS_mlock2, maps[i], mark, 1 /* MLOCK_ONFAULT */))
			fail("mlock2");
	for (int i = 0; i < MREMAPS; i++) {
		char **moved = &maps[i % MMAPS];

		*moved = mremap(*moved, mark, mark, MREMAP_MAYMOVE | MREMAP_FIXED, map(2 * mark));
		if (*moved == MAP_FAILED)
			fail("mremap");
	}
	for (int i = 0; i < MMAPS; i++)
		if (munmap(maps[i], mark))
			fail("munmap");
	printf("mmaps %d\nmprotects %d\nmadvises %d\nmlocks %d\nmremaps %d\nmunmaps %d\nmark %zu\n", MMAPS, MPROTECTS,
	       MADVISES, MLOCKS, MREMAPS, MMAPS, mark);
}

static void make_children(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			fail("fork");
	}
	printf("forks %d\n", FORKS);
}

static void collapse(void)
{
	char *memory = map((COLLAPSES + 1) * (size_t)HUGE);
	char *first = (char *)(((uintptr_t)memory + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	int done = 0;

	madvise(memory, (COLLAPSES + 1) * (size_t)HUGE, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < COLLAPSES * (size_t)HUGE; at += 16 * PAGE)
		first[at] = 1;
	madvise(memory, (COLLAPSES + 1) * (size_t)HUGE, MADV_HUGEPAGE);
	for (int i = 0; i < COLLAPSES; i++)
		done += madvise(first + i * (size_t)HUGE, HUGE, MADV_COLLAPSE) == 0;
	printf("collapses %d\ncollapse_start %#lx\ncollapse_end %#lx\n", done, (unsigned long)first,
	       (unsigned long)(first + COLLAPSES * (size_t)HUGE));
}

int main(void)
{
	/* The output's buffer is allocated, and the C library warm, before anything is counted. */
	setvbuf(stdout, malloc(1 << 14), _IOFBF, 1 << 14);
	printf("pid %d\n", getpid());
	take_faults();
	change_mappings();
	set_limits();
	make_children();
	collapse();
	return fflush(stdout) != 0;
}
