// SPDX-License-Identifier: GPL-2.0-only
/*
 * interval_primes: listeners to a prime number of ranges of this process's memory (the test driver of
 * tests/guest/interval_module.c), then prime numbers of changes of each kind, in and beside those ranges; and a
 * process that is reaped while it cannot die, which the driver refuses. Prints "KEY COUNT" lines of what it did.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/interval_module.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

enum {
	PAGE = 4096, STEP = 16 * PAGE,	/* a range, and room behind it */
	RANGES = 13, RANGE = 4 * PAGE, REMOVED = 5, DONTNEEDS = 7, MISSES = 11, SPANNING = 3, HELD_MAPPINGS = 5,
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_device(void)
{
	int device = open("/dev/" HS_INTERVAL_DEVICE, O_RDWR | O_CLOEXEC);

	if (device < 0)
		fail("/dev/" HS_INTERVAL_DEVICE);
	return device;
}

static char *map(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	memset(memory, 1, bytes);
	return memory;
}

static void ask(int device, unsigned long what, const char *start, size_t length)
{
	struct hs_interval_request request = { .start = (uintptr_t)start, .length = length };

	if (ioctl(device, what, &request))
		fail("ioctl");
}

static void drop(char *start, size_t bytes)
{
	if (madvise(start, bytes, MADV_DONTNEED))
		fail("madvise");
}

static void change(int device)
{
	char *memory = map(RANGES * (size_t)STEP);

	for (int i = 0; i < RANGES; i++)
		ask(device, HS_INTERVAL_INSERT, memory + i * (size_t)STEP, RANGE);
	for (int i = 0; i < DONTNEEDS; i++)
		drop(memory + i * (size_t)STEP + PAGE, PAGE);
	for (int i = 0; i < MISSES; i++)
		drop(memory + i * (size_t)STEP + RANGE, PAGE);
	drop(memory, SPANNING * (size_t)STEP);
	for (int i = 0; i < REMOVED; i++)
		ask(device, HS_INTERVAL_REMOVE, memory + i * (size_t)STEP, RANGE);
	/* Of what nobody listens to any more, the rest; and all that is left when the mapping goes. */
	drop(memory, REMOVED * (size_t)STEP);
	munmap(memory, RANGES * (size_t)STEP);
	printf("inserts %d\nremoves %d\nsections %d\nspanning %d\nleft %d\n", RANGES, REMOVED,
	       DONTNEEDS + MISSES + 1 + 1 + 1, SPANNING, RANGES - REMOVED);
	printf("memory_start %#lx\nmemory_end %#lx\nhits %d\n", (unsigned long)memory,
	       (unsigned long)(memory + RANGES * (size_t)STEP), DONTNEEDS + SPANNING + RANGES - REMOVED);
}

/* Mappings of its own, each listened to, in a process that then cannot be killed for a while. */
static void be_held(int device)
{
	for (int i = 0; i < HELD_MAPPINGS; i++) {
		char *memory = map(3 * PAGE);

		/* What it lies between keeps it from merging with the next. */
		if (mprotect(memory, PAGE, PROT_NONE) || mprotect(memory + 2 * PAGE, PAGE, PROT_NONE))
			fail("mprotect");
		ask(device, HS_INTERVAL_INSERT, memory + PAGE, PAGE);
	}
	ioctl(device, HS_INTERVAL_HOLD);
}

static long held(void)
{
	FILE *file = fopen("/sys/module/interval_module/parameters/holding", "r");
	long number = 0;

	if (!file || fscanf(file, "%ld", &number) != 1)
		fail("holding");
	fclose(file);
	return number;
}

static void be_refused(int device)
{
	long before = held();
	pid_t child = fork();
	int pidfd;

	if (child == 0) {
		be_held(open_device());
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	if (child < 0 || pidfd < 0)
		fail("fork");
	while (held() == before)
		usleep(10000);
	kill(child, SIGKILL);
	/* It has not died: its memory is taken without it. Some of it cannot, and we are told so. */
	if (syscall(SYS_process_mrelease, pidfd, 0) == 0)
		printf("released 1\n");
	ioctl(device, HS_INTERVAL_LET_GO);
	waitpid(child, NULL, 0);
	printf("refusals %d\nheld_pid %d\n", HELD_MAPPINGS, child);
}

int main(void)
{
	int device = open_device();

	setvbuf(stdout, malloc(1 << 14), _IOFBF, 1 << 14);
	printf("pid %d\n", getpid());
	change(device);
	be_refused(device);
	close(device);
	return fflush(stdout) != 0;
}
