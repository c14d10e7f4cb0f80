// SPDX-License-Identifier: GPL-2.0-only
/*
 * collapse_cases: ranges of 2 MiB prepared in each way that makes the kernel answer differently, first for
 * madvise(MADV_COLLAPSE), then for khugepaged, which is awaited. Prints "asked NAME ADDRESS ERRNO" for each call,
 * "given NAME ADDRESS" for each range that is left to khugepaged. For test guests: wants huge pages on request
 * (transparent_hugepage/enabled: madvise) and khugepaged to scan often.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ranges.h"

enum { PASSES = 3, MAX_WAIT_MS = 20000 };

static char *zero_pages(void)
{
	char *range = new_range();
	volatile char sum = 0;

	for (unsigned int i = 0; i < PAGES / 2; i++)
		sum = (char)(sum + range[(size_t)i * PAGE]);
	range[0] = 1;
	return range;
}

static char *read_only(void)
{
	char *range = filled(PAGES);

	if (mprotect(range, range_bytes, PROT_READ))
		fail("mprotect");
	return range;
}

static char *pinned(void)
{
	char *range = filled(PAGES);
	hold_page(range + 7 * PAGE);
	return range;
}

static char *freed(void)
{
	char *range = filled(PAGES);

	if (madvise(range, range_bytes / 2, MADV_FREE))
		fail("MADV_FREE");
	return range;
}

/* One page is write-protected by userfaultfd; nobody writes to it. */
static char *uffd_protected(void)
{
	char *range = filled(100);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register all = { .range = { (uintptr_t)range, range_bytes }, .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect one = { .range = { (uintptr_t)range + 5 * PAGE, PAGE },
					   .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &all) ||
	    ioctl(fd, UFFDIO_WRITEPROTECT, &one))
		fail("userfaultfd");
	return range;
}

/* A child that stays has the pages, too; of these, the first nr_own are written again and are private. */
static char *shared(unsigned int nr, unsigned int nr_own)
{
	char *range = filled(nr);
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	if (madvise(range, range_bytes, MADV_DONTFORK))
		fail("MADV_DONTFORK");
	for (unsigned int i = 0; i < nr_own; i++)
		range[(size_t)i * PAGE] = 2;
	return range;
}

static void ask(const char *name, char *range)
{
	int error = madvise(range, range_bytes, MADV_COLLAPSE) ? errno : 0;

	printf("asked %s %#lx %d\n", name, (unsigned long)range, error);
}

static void give(const char *name, char *range)
{
	madvise(range, range_bytes, MADV_HUGEPAGE);
	printf("given %s %#lx\n", name, (unsigned long)range);
}

static void ask_all(void)
{
	char *range;

	ask("full", filled(PAGES));
	ask("sparse", filled(64));
	ask("one", range = filled(1));
	ask("again", range);
	ask("untouched", new_range());
	ask("zero", zero_pages());
	ask("freed", freed());
	ask("read-only", read_only());
	ask("pinned", pinned());
	ask("uffd", uffd_protected());
	ask("shared", shared(PAGES, 0));
	ask("half-shared", shared(PAGES, 256));
	range = filled(64);
	madvise(range, range_bytes, MADV_NOHUGEPAGE);
	ask("forbidden", range);
}

/* In a process of its own, at an address that nobody else uses: nothing in it was accessed. */
static void give_old(void)
{
	char *range = new_range();
	pid_t child = fork();
	int fd;

	if (child < 0)
		fail("fork");
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "old");
	give("old", fill(range, PAGES));
	fd = open("/proc/self/clear_refs", O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		fail("clear_refs");
	fflush(stdout);
	pause();
	_exit(0);
}

static void give_all(void)
{
	static const unsigned int fills[] = { 1, 63, 64, 65, 447, 448, 449, 511, 512 };
	char name[16];

	/* These fork: what comes later is not shared. */
	give("shared", shared(PAGES, 100));
	give("half-shared", shared(PAGES, 256));
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
		snprintf(name, sizeof(name), "fill-%u", fills[i]);
		give(name, filled(fills[i]));
	}
	give("zero", zero_pages());
	give("freed", freed());
	give("read-only", read_only());
	give("pinned", pinned());
	give("uffd", uffd_protected());
}

int main(void)
{
	ask_all();
	fflush(stdout);
	give_old();
	give_all();
	await_passes(PASSES, MAX_WAIT_MS);
	return fflush(stdout) != 0;
}
