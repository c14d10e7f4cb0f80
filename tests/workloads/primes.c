// SPDX-License-Identifier: GPL-2.0-only
/*
 * primes: a known number of events of each kind, all prime, so that a recorder that loses or doubles some
 * cannot come out right by chance. Prints "KEY COUNT" lines of what it did, for the test to compare with.
 *
 * With an argument, the process of that number (a recorder) is stopped while the first and largest part runs.
 *
 * The counted calls carry a mark, so that those of the C library are told apart: lengths of MARK_PAGES pages.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
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
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	PAGE = 4096, HUGE = 2 << 20, MARK_PAGES = 101,
	FAULTS = 10007, MMAPS = 23, MREMAPS = 29, MPROTECTS = 31, MADVISES = 37, MLOCKS = 13, FORKS = 5, COLLAPSES = 7,
	LIMITS = 3,
	POPULATES = 103, READS = 61, HUGE_FAULTS = 3, SHARED_COLLAPSES = 2, SPLITS = 11, ZAPS = 17,
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
static void take_faults(pid_t stopped)
{
	size_t bytes = (size_t)FAULTS * PAGE;
	char *memory = map(bytes);
	long before;

	madvise(memory, bytes, MADV_NOHUGEPAGE);
	before = faults_so_far();
	if (stopped)
		kill(stopped, SIGSTOP);
	for (size_t at = 0; at < bytes; at += PAGE)
		memory[at] = 1;
	if (stopped) {
		kill(stopped, SIGCONT);
		/* It has time to make room again: nothing else is lost. */
		sleep(2);
	}
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

static void say_range(const char *what, const char *start, size_t bytes)
{
	printf("%s_start %#lx\n%s_end %#lx\n", what, (unsigned long)start, what, (unsigned long)(start + bytes));
}

/* Faults without an instruction of ours: by get_user_pages, and by the kernel's own copying. */
static void take_other_faults(void)
{
	size_t populated = (size_t)POPULATES * PAGE, read_bytes = (size_t)READS * PAGE;
	char *first = map(populated), *second = map(read_bytes);
	long before = faults_so_far(), between;
	int zeroes = open("/dev/zero", O_RDONLY);

	madvise(first, populated, MADV_NOHUGEPAGE);
	madvise(second, read_bytes, MADV_NOHUGEPAGE);
	if (madvise(first, populated, MADV_POPULATE_WRITE))
		fail("MADV_POPULATE_WRITE");
	between = faults_so_far();
	for (size_t at = 0; at < read_bytes; at += PAGE)
		if (read(zeroes, second + at, 1) != 1)
			fail("read");
	printf("populates %d\npopulate_minflt %ld\nreads %d\nread_minflt %ld\n", POPULATES, between - before, READS,
	       faults_so_far() - between);
	say_range("populate", first, populated);
	say_range("read", second, read_bytes);
	close(zeroes);
}

static char *aligned(char *memory)
{
	return (char *)(((uintptr_t)memory + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
}

static char *map_huge(size_t huge_pages)
{
	return aligned(map((huge_pages + 1) * HUGE));
}

static char *map_shared_huge(size_t huge_pages)
{
	size_t bytes = huge_pages * HUGE;
	int file = memfd_create("primes", 0);
	char *memory;

	if (file < 0 || ftruncate(file, (off_t)bytes))
		fail("memfd_create");
	memory = mmap(map_huge(huge_pages), bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
	close(file);
	if (memory == MAP_FAILED)
		fail("mmap of a memfd");
	return memory;
}

/* One touch of each range that may be huge. */
static void take_huge_faults(void)
{
	char *first = map_huge(HUGE_FAULTS);

	madvise(first, HUGE_FAULTS * (size_t)HUGE, MADV_HUGEPAGE);
	for (int i = 0; i < HUGE_FAULTS; i++)
		first[i * (size_t)HUGE] = 1;
	printf("huge_faults %d\n", HUGE_FAULTS);
	say_range("huge", first, HUGE_FAULTS * (size_t)HUGE);
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

/* Of memory of which every sixteenth page is there; how many of its ranges were collapsed. */
static int collapse_sparse(char *first, int ranges)
{
	size_t bytes = (size_t)ranges * HUGE;
	int done = 0;

	madvise(first, bytes, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < bytes; at += 16 * PAGE)
		first[at] = 1;
	madvise(first, bytes, MADV_HUGEPAGE);
	for (int i = 0; i < ranges; i++)
		done += madvise(first + i * (size_t)HUGE, HUGE, MADV_COLLAPSE) == 0;
	return done;
}

static void collapse(void)
{
	char *first = map_huge(COLLAPSES), *shared = map_shared_huge(SHARED_COLLAPSES);

	printf("collapses %d\n", collapse_sparse(first, COLLAPSES));
	say_range("collapse", first, COLLAPSES * (size_t)HUGE);
	printf("shared_collapses %d\n", collapse_sparse(shared, SHARED_COLLAPSES));
	say_range("shared_collapse", shared, SHARED_COLLAPSES * (size_t)HUGE);
}

/* Huge pages that lose one page, and others that go whole. */
static void take_apart(void)
{
	char *split = map_huge(SPLITS + ZAPS), *zapped = split + SPLITS * (size_t)HUGE;

	madvise(split, (SPLITS + ZAPS) * (size_t)HUGE, MADV_HUGEPAGE);
	for (size_t i = 0; i < SPLITS + ZAPS; i++)
		split[i * HUGE] = 1;
	for (size_t i = 0; i < SPLITS; i++)
		madvise(split + i * HUGE, PAGE, MADV_DONTNEED);
	for (size_t i = 0; i < ZAPS; i++)
		madvise(zapped + i * HUGE, HUGE, MADV_DONTNEED);
	printf("splits %d\nzaps %d\n", SPLITS, ZAPS);
	say_range("split", split, SPLITS * (size_t)HUGE);
	say_range("zap", zapped, ZAPS * (size_t)HUGE);
}

int main(int argc, char **argv)
{
	/* The output's buffer is allocated, and the C library warm, before anything is counted. */
	setvbuf(stdout, malloc(1 << 14), _IOFBF, 1 << 14);
	printf("pid %d\n", getpid());
	take_faults(argc > 1 ? atoi(argv[1]) : 0);
	take_other_faults();
	take_huge_faults();
	change_mappings();
	set_limits();
	make_children();
	collapse();
	take_apart();
	return fflush(stdout) != 0;
}
