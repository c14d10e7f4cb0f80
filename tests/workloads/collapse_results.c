// SPDX-License-Identifier: GPL-2.0-only
/*
 * collapse_results SWAP_DEVICE SLOW_SWAP_DEVICE: has the kernel refuse a collapse for each reason that a program can
 * bring about, beyond those of collapse_cases; a group of them, in a process of its own, for each setting of the
 * machine. Prints "asked NAME ADDRESS ERRNO" for each madvise(MADV_COLLAPSE), "given NAME ADDRESS" for each range
 * that khugepaged is awaited for. For test guests: wants two nodes and a memory controller group called small.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ranges.h"

/* Newer than the headers of Debian 12. */
#define FEATURE_WP_UNPOPULATED (1 << 13)
#define FEATURE_POISON (1 << 14)
struct poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#define IOCTL_POISON _IOWR(UFFDIO, 0x08, struct poison)

static const char *fast_device, *slow_device;

enum { PASSES = 2, MAX_WAIT_MS = 15000 };

static void ask(const char *name, char *range)
{
	int error = madvise(range, range_bytes, MADV_COLLAPSE) ? errno : 0;

	printf("asked %s %#lx %d\n", name, (unsigned long)range, error);
	fflush(stdout);
}

/* Twice: 6.1 judges shared memory by the advice that was there before. */
static void give(const char *name, char *range)
{
	madvise(range, range_bytes, MADV_HUGEPAGE);
	madvise(range, range_bytes, MADV_HUGEPAGE);
	printf("given %s %#lx\n", name, (unsigned long)range);
	fflush(stdout);
}

static char *filled_shared(unsigned int nr)
{
	return fill(new_shared(), nr);
}

/* --- swap --- */

static int armed_fd(char *range, __u64 features, __u64 mode)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register all = { .range = { (uintptr_t)range, range_bytes }, .mode = mode };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &all)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void protect(int fd, char *page)
{
	struct uffdio_writeprotect one = { .range = { (uintptr_t)page, PAGE }, .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	if (ioctl(fd, UFFDIO_WRITEPROTECT, &one))
		fail("UFFDIO_WRITEPROTECT");
}

static void swap_group(void)
{
	char *range = filled(PAGES);

	if (swapon(fast_device, 0))
		fail("swapon");
	protect(armed_fd(range, UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFDIO_REGISTER_MODE_WP), range + 3 * PAGE);
	ask("swap-protected", swap_out(range, 16));
	ask("swap-16", swap_out(filled(PAGES), 16));
	ask("swap-all", swap_out(filled(PAGES), PAGES));
	ask("swap-80", swap_out(filled(PAGES), 80));
	give("swap-16", swap_out(filled(PAGES), 16));
	give("swap-64", swap_out(filled(PAGES), 64));
	give("swap-65", swap_out(filled(PAGES), 65));
	/* One swapped out, and too few that were accessed since. */
	range = swap_out(filled(PAGES), 1);
	give("swap-old", range);
	write_text("/proc/self/clear_refs", "1");
	fill(range + PAGE, 100);
	await_passes(PASSES, MAX_WAIT_MS);
}

/* --- a swap device that takes seconds for a page --- */

static void *leave_swap(void *unused)
{
	if (swapoff(slow_device))
		perror("swapoff");
	return unused;
}

/*
 * swapoff holds the lock of a page while it waits for its way to the device, which still has mkswap's write to
 * digest; the page is back in the page table, since it was touched on that way.
 */
static void locked_group(void)
{
	char *range = filled(PAGES);
	pthread_t thread;

	if (swapoff(fast_device) || swapon(slow_device, 0))
		fail("swapon");
	madvise(range + 5 * PAGE, PAGE, MADV_PAGEOUT);
	range[5 * PAGE] = 2;
	pthread_create(&thread, NULL, leave_swap, NULL);
	usleep(300000);
	ask("locked", range);
	pthread_join(thread, NULL);
	ask("unlocked", range);
}

/* --- nodes --- */

static void prefer(int mode, unsigned long nodes)
{
	if (syscall(SYS_set_mempolicy, mode, nodes ? &nodes : NULL, nodes ? 8 : 0))
		fail("set_mempolicy");
}

static char *interleaved(char *(*make)(unsigned int nr))
{
	char *range;

	prefer(MPOL_INTERLEAVE, 3);
	range = make(PAGES);
	prefer(MPOL_DEFAULT, 0);
	return range;
}

static void nodes_group(void)
{
	static const char mode[] = "/proc/sys/vm/zone_reclaim_mode";
	char *range = interleaved(filled), *given = interleaved(filled);
	char *shared = interleaved(filled_shared), *shared_given = interleaved(filled_shared);

	write_text(mode, "1");
	sleep(2);	/* settings are looked at once a second */
	ask("far", range);
	give("far", given);
	ask("shmem-far", shared);
	give("shmem-far", shared_given);
	await_passes(PASSES, MAX_WAIT_MS);
	madvise(given, range_bytes, MADV_NOHUGEPAGE);
	write_text(mode, "0");
	sleep(2);
	ask("far-allowed", range);
	ask("shmem-far-allowed", shared);
}

/* Node 1 is small: its memory is taken until no huge page is left there. */
static void full_group(void)
{
	const size_t bytes = 128 << 20;
	char *range, *given;

	prefer(MPOL_BIND, 2);
	range = filled(PAGES);
	given = filled(PAGES);
	prefer(MPOL_PREFERRED, 2);
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
		fail("mmap");
	prefer(MPOL_DEFAULT, 0);
	ask("no-page", range);
	give("no-page", given);
	await_passes(PASSES, MAX_WAIT_MS);
}

/* --- a memory controller whose limit is just met --- */

static void limit_group(void)
{
	char *range, *given, text[32];

	write_text("/sys/fs/cgroup/small/cgroup.procs", "0");
	range = filled(PAGES);
	given = filled(PAGES);
	snprintf(text, sizeof(text), "%ld", read_number("/sys/fs/cgroup/small/memory.current") + (256 << 10));
	write_text("/sys/fs/cgroup/small/memory.max", text);
	ask("no-charge", range);
	give("no-charge", given);
	await_passes(PASSES, MAX_WAIT_MS);
	write_text("/sys/fs/cgroup/small/memory.max", "max");
}

/* --- pages merged by KSM --- */

static char *mergeable(void)
{
	char *range = new_range();

	for (unsigned int i = 0; i < PAGES; i++) {
		memset(range + (size_t)i * PAGE, 7, PAGE);
		if (i >= 10)
			memcpy(range + (size_t)i * PAGE, &i, sizeof(i));
	}
	madvise(range, range_bytes, MADV_MERGEABLE);
	return range;
}

static void merged_group(void)
{
	char *range = mergeable();

	write_text("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 1000 && read_number("/sys/kernel/mm/ksm/pages_sharing") < 9; i++)
		usleep(10000);
	write_text("/sys/kernel/mm/ksm/run", "0");
	ask("merged", range);
	give("merged", range);
	await_passes(PASSES, MAX_WAIT_MS);
}

/* --- huge pages mapped by page tables --- */

/* Not by advice, which would call khugepaged to help. */
static char *huge_page(void)
{
	char *range = filled(PAGES);

	ask("set-up", range);
	return range;
}

/* Its huge PMD becomes a page table, the huge page stays. */
static char *split_pmd(void)
{
	char *range = huge_page();

	if (mprotect(range + PAGE, PAGE, PROT_READ) || mprotect(range + PAGE, PAGE, PROT_READ | PROT_WRITE))
		fail("mprotect");
	return range;
}

static pid_t sleeping_child(void)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return child;
}

static void compound_group(void)
{
	char *range = huge_page();

	madvise(range + 400 * PAGE, 112 * PAGE, MADV_DONTNEED);
	ask("part-of-huge", range);
	ask("split-pmd", split_pmd());
	range = split_pmd();
	sleeping_child();
	ask("shared-huge", range);
	give("shared-huge", range);
	range[0] = 2;
	range = huge_page();
	madvise(range + PAGE, PAGE, MADV_DONTNEED);
	give("refill", range);
	await_passes(PASSES, MAX_WAIT_MS);
}

/* --- userfaultfd, prctl, advice --- */

/* Who poisons its own page gets a signal that cannot be ignored. */
static void survive(int signal_number)
{
	(void)signal_number;
}

/* Of 2 GiB, only the first page is there: near it a page table is missing, far from it one of the level above. */
static void ask_untouched(void)
{
	const size_t gib = 1 << 30;
	char *start = mmap((void *)(1ul << 44), 2 * gib, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (start == MAP_FAILED)
		fail("mmap");
	start[0] = 1;
	ask("untouched-near", start + range_bytes);
	ask("untouched-far", start + gib);
	munmap(start, 2 * gib);
}

static void armed_group(void)
{
	char *range = filled(PAGES);
	struct poison poison = { .range = { (uintptr_t)range + 9 * PAGE, PAGE } };
	int fd;

	madvise(range + 4 * PAGE, PAGE, MADV_DONTNEED);
	armed_fd(range, 0, UFFDIO_REGISTER_MODE_MISSING);
	ask("armed-hole", range);
	ask("armed-full", range = filled(PAGES));
	fd = armed_fd(range = filled(PAGES - 1), FEATURE_WP_UNPOPULATED, UFFDIO_REGISTER_MODE_WP);
	if (fd >= 0) {
		protect(fd, range + (PAGES - 1) * PAGE);
		ask("marker", range);
	}
	range = filled(PAGES);
	fd = armed_fd(range, FEATURE_POISON, UFFDIO_REGISTER_MODE_MISSING);
	if (fd >= 0) {
		poison.range.start = (uintptr_t)range + 9 * PAGE;
		madvise(range + 9 * PAGE, PAGE, MADV_DONTNEED);
		if (ioctl(fd, IOCTL_POISON, &poison))
			fail("UFFDIO_POISON");
		ask("poisoned", range);
	}
	range = filled(PAGES);
	signal(SIGBUS, survive);
	if (!madvise(range + 9 * PAGE, PAGE, MADV_HWPOISON))
		ask("hwpoison", range);
	ask_untouched();
	range = filled(PAGES);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	ask("disabled", range);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	ask("enabled", range);
}

/* --- shared memory --- */

static char *held_shared(void)
{
	char *range = filled_shared(PAGES);
	hold_page(range + 7 * PAGE);
	return range;
}

/* On a file system of 256 pages: what a huge page needs beyond them is not to be had. */
static char *cramped_shared(void)
{
	static const char folder[] = "cramped", file[] = "cramped/file";
	char *range = new_range();
	int fd;

	if (mkdir(folder, 0700) || mount("none", folder, "tmpfs", 0, "size=1m"))
		fail(folder);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)range_bytes) ||
	    mmap(range, range_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		fail(file);
	close(fd);
	return fill(range, 200);
}

/* A file of a disk's file system, or of the initial one. */
static char *mapped_file(void)
{
	char *range = new_range();
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || mmap(range, range_bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
		fail("own file");
	close(fd);
	return range;
}

static void shared_group(void)
{
	char *range;

	ask("shmem-full", range = filled_shared(PAGES));
	ask("shmem-again", range);
	madvise(range + PAGE, PAGE, MADV_DONTNEED);
	ask("shmem-remap", range);
	ask("shmem-sparse", filled_shared(16));
	ask("shmem-untouched", new_shared());
	ask("shmem-held", held_shared());
	ask("shmem-cramped", cramped_shared());
	ask("file", mapped_file());
	range = new_shared();
	madvise(range, range_bytes, MADV_NOHUGEPAGE);
	ask("shmem-forbidden", range);
	give("shmem-full", filled_shared(PAGES));
	give("shmem-448", filled_shared(448));
	give("shmem-447", filled_shared(447));
	give("shmem-held", held_shared());
	give("shmem-swap-64", swap_out(filled_shared(PAGES), 64));
	give("shmem-swap-65", swap_out(filled_shared(PAGES), 65));
	await_passes(2 * PASSES, MAX_WAIT_MS);
}

/* In a process of its own, which takes its children along. */
static int run_group(void (*group)(void))
{
	int status = 1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		group();
		exit(fflush(stdout) != 0);
	}
	waitpid(child, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	/* Swap comes late: what was swapped out before would not be there to be refused. */
	static void (*const groups[])(void) = { armed_group, compound_group, merged_group, full_group, nodes_group,
						limit_group, swap_group, shared_group, locked_group };
	int status = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: collapse_results SWAP_DEVICE SLOW_SWAP_DEVICE\n");
		return 2;
	}
	fast_device = argv[1];
	slow_device = argv[2];
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		status |= run_group(groups[i]);
	return status != 0;
}
