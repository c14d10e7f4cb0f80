// SPDX-License-Identifier: GPL-2.0-only
/*
 * collapse_races HOLD_MODULE SWAP_DEVICE: has the kernel refuse a collapse for each reason that comes only where
 * another thread changes the range meanwhile. The thread that collapses is held at a function of the kernel
 * (tests/guest/hold_module.c) until the change is made, so that each race ends the same way each time.
 * Prints "raced NAME ADDRESS ERRNO" for each madvise(MADV_COLLAPSE), "given NAME ADDRESS" for khugepaged's.
 * For test guests: wants two CPUs.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "ranges.h"

#define PARAMETERS "/sys/module/hold_module/parameters/"
enum { OWN_CPU, OTHER_CPU, MAX_WAIT_MS = 8000 };

/* Where a thread is held: nobody's memory is locked, or that of the range for reading. */
#define SCAN_OF_PTES "hpage_collapse_scan_pmd"
#define SCAN_OF_CACHE "hpage_collapse_scan_file"
#define ALLOCATION "__mem_cgroup_charge"	/* of the huge page: the scan is done, nothing is isolated */
#define COPY "try_to_unmap_flush"		/* the pages of a cache are isolated, its holes are not filled */

struct race {
	const char *name, *at;
	char *(*make)(void);
	void (*act)(char *range);
};

static const char *module_file;

/* --- holding --- */

static void run_on(pid_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(thread, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void arm(const char *at, pid_t thread)
{
	int fd = open(module_file, O_RDONLY | O_CLOEXEC);
	char text[96];

	snprintf(text, sizeof(text), "at=%s task=%d", at, thread);
	if (fd < 0 || syscall(SYS_finit_module, fd, text, 0))
		fail(at);
	close(fd);
}

static void await_hold(const char *name)
{
	for (int i = 0; i < MAX_WAIT_MS && !read_number(PARAMETERS "holding"); i++)
		usleep(1000);
	if (!read_number(PARAMETERS "holding"))
		fprintf(stderr, "%s: nobody came\n", name);
}

static void release(void)
{
	write_text(PARAMETERS "release", "1");
}

static void disarm(void)
{
	if (syscall(SYS_delete_module, "hold_module", 0))
		fail("delete_module");
}

/* --- races with madvise(MADV_COLLAPSE) --- */

struct asker {
	pthread_t thread;
	char *range;
	pid_t tid;
	int error;
	pthread_barrier_t ready, armed;
};

static void *ask(void *argument)
{
	struct asker *asker = argument;

	asker->tid = (pid_t)syscall(SYS_gettid);
	run_on(0, OTHER_CPU);
	pthread_barrier_wait(&asker->ready);
	pthread_barrier_wait(&asker->armed);
	asker->error = madvise(asker->range, range_bytes, MADV_COLLAPSE) ? errno : 0;
	return NULL;
}

static void run_race(const struct race *race)
{
	struct asker asker = { .range = race->make() };

	pthread_barrier_init(&asker.ready, NULL, 2);
	pthread_barrier_init(&asker.armed, NULL, 2);
	pthread_create(&asker.thread, NULL, ask, &asker);
	pthread_barrier_wait(&asker.ready);
	arm(race->at, asker.tid);
	pthread_barrier_wait(&asker.armed);
	await_hold(race->name);
	race->act(asker.range);
	release();
	pthread_join(asker.thread, NULL);
	disarm();
	printf("raced %s %#lx %d\n", race->name, (unsigned long)asker.range, asker.error);
	fflush(stdout);
}

/* --- ranges --- */

static char *full(void)
{
	return filled(PAGES);
}

static char *one_short(void)
{
	return filled(PAGES - 1);
}

/* Nothing is mapped above it, but for one program of 8,000 whose stack begins there. */
static char *topmost(void)
{
	char *range = mmap((char *)0x7fffffc00000, range_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (range == MAP_FAILED)
		fail("mmap");
	return fill(range, PAGES);
}

static char *shared(void)
{
	return fill(new_shared(), PAGES);
}

static char *shared_sparse(void)
{
	return fill(new_shared(), PAGES / 2);
}

/* --- what happens meanwhile --- */

static void unmap(char *range)
{
	munmap(range, range_bytes);
}

static void unmap_end(char *range)
{
	munmap(range + range_bytes / 2, range_bytes / 2);
}

static void forbid(char *range)
{
	madvise(range, range_bytes, MADV_NOHUGEPAGE);
}

static void disable(char *range)
{
	(void)range;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static void replace_by(char *range, int flags)
{
	if (mmap(range, range_bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		fail("mmap");
}

static void replace_by_shared(char *range)
{
	replace_by(range, MAP_SHARED);
}

static void replace(char *range)
{
	replace_by(range, MAP_PRIVATE);
}

static void collapse(char *range)
{
	if (madvise(range, range_bytes, MADV_COLLAPSE))
		perror("MADV_COLLAPSE meanwhile");
}

static void zap(char *range)
{
	madvise(range, range_bytes, MADV_DONTNEED);
}

static void zap_65(char *range)
{
	madvise(range, 65 * PAGE, MADV_DONTNEED);
}

static void page_out(char *range)
{
	swap_out(range, 1);
}

static void protect(char *range)
{
	if (mprotect(range, range_bytes, PROT_READ))
		fail("mprotect");
}

static void pin(char *range)
{
	hold_page(range + 7 * PAGE);
}

static void forget_accesses(char *range)
{
	(void)range;
	write_text("/proc/self/clear_refs", "1");
}

/* A page that waits in its CPU's batch to be put on the LRU list. */
static void touch_last(char *range)
{
	range[(PAGES - 1) * PAGE] = 1;
}

static void renew_page(char *range)
{
	if (madvise(range + 3 * PAGE, PAGE, MADV_REMOVE))
		fail("MADV_REMOVE");
	range[3 * PAGE] = 2;
}

static const struct race races[] = {
	{ "topmost-gone", ALLOCATION, topmost, unmap },
	{ "gone", ALLOCATION, full, unmap },
	{ "half-gone", ALLOCATION, full, unmap_end },
	{ "forbidden", ALLOCATION, full, forbid },
	{ "replaced-by-shared", ALLOCATION, full, replace_by_shared },
	{ "replaced", ALLOCATION, full, replace },
	{ "collapsed", ALLOCATION, full, collapse },
	{ "zapped", ALLOCATION, full, zap },
	{ "paged-out", ALLOCATION, full, page_out },
	{ "read-only", ALLOCATION, full, protect },
	{ "pinned", ALLOCATION, full, pin },
	{ "fresh", SCAN_OF_PTES, one_short, touch_last },
	{ "shmem-fresh", SCAN_OF_CACHE, shared, renew_page },
	{ "shmem-renewed", ALLOCATION, shared, renew_page },
	{ "shmem-gone", ALLOCATION, shared, unmap },
};

static const struct race filled_race = { "shmem-filled", COPY, shared_sparse, touch_last };

/* Before 6.3 holes are taken along with the pages, and who writes to one waits. */
static bool holes_can_be_filled(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	if (uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		fail("uname");
	return major > 6 || (major == 6 && minor >= 3);
}

static const struct race disabled_race = { "disabled", ALLOCATION, full, disable };

/* --- races with khugepaged --- */

static pid_t khugepaged(void)
{
	DIR *folder = opendir("/proc");
	char path[64], name[32] = "";
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(folder))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		file = atoi(entry->d_name) ? fopen(path, "re") : NULL;
		if (file && fgets(name, sizeof(name), file) && !strcmp(name, "khugepaged\n"))
			found = atoi(entry->d_name);
		if (file)
			fclose(file);
	}
	closedir(folder);
	return found;
}

static const struct race given[] = {
	{ "zapped", ALLOCATION, full, zap_65 },
	{ "old", ALLOCATION, full, forget_accesses },
};

static void give(const struct race *race, char *range)
{
	madvise(range, range_bytes, MADV_HUGEPAGE);
	printf("given %s %#lx\n", race->name, (unsigned long)range);
	fflush(stdout);
}

static void run_given(const struct race *race, pid_t daemon)
{
	char *range = race->make();

	arm(race->at, daemon);
	give(race, range);
	await_hold(race->name);
	race->act(range);
	release();
	await_passes(1, MAX_WAIT_MS);
	munmap(range, range_bytes);
	disarm();
}

/* The process whose range is collapsed ends meanwhile. */
static void run_exit(pid_t daemon)
{
	static const struct race race = { "ended", ALLOCATION, full, NULL };
	pid_t child;

	arm(race.at, daemon);
	child = fork();
	if (child == 0) {
		give(&race, race.make());
		pause();
		_exit(0);
	}
	await_hold(race.name);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	release();
	await_passes(1, MAX_WAIT_MS);
	disarm();
}

int main(int argc, char **argv)
{
	const pid_t daemon = khugepaged();

	if (argc != 3) {
		fprintf(stderr, "usage: collapse_races HOLD_MODULE SWAP_DEVICE\n");
		return 2;
	}
	module_file = argv[1];
	if (!daemon || swapon(argv[2], 0))
		fail("no khugepaged, or swapon");
	run_on(0, OWN_CPU);
	run_on(daemon, OTHER_CPU);
	for (size_t i = 0; i < sizeof(races) / sizeof(races[0]); i++)
		run_race(&races[i]);
	if (holes_can_be_filled())
		run_race(&filled_race);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		run_given(&given[i], daemon);
	run_exit(daemon);
	run_race(&disabled_race);
	return fflush(stdout) != 0;
}
