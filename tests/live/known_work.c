// SPDX-License-Identifier: GPL-2.0-only
/*
 * known_work FILE: a known number of events of each kind, all of them prime, on memory of its own. Writes to
 * FILE, as JSON, where they happened and what the kernel's own counters say.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum {
	PAGE = 4096, FAULTS = 10007, MMAPS = 23, MREMAPS = 29, MUNMAPS = 31, MPROTECTS = 37, DONTNEEDS = 41, COLLAPSES = 7,
	COLLAPSED_PAGES = 61, MLOCKS = 11, MUNLOCKS = 13, PRCTLS = 5, FORKS = 17, EXECS = 3, INVALIDATIONS = 43,
};
static const size_t huge_bytes = 2 << 20;
/* Lengths in pages that nothing else in this process uses. */
enum { MMAP_PAGES = 1013, MUNMAP_PAGES = 3 };

static FILE *out;

static void say(const char *name, uint64_t value)
{
	fprintf(out, "\"%s\": %llu,\n", name, (unsigned long long)value);
}

static char *map_pages(size_t nr)
{
	char *memory = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static uint64_t minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_minflt;
}

static void work_faults(void)
{
	char *memory = map_pages(FAULTS);
	uint64_t before;

	madvise(memory, (size_t)FAULTS * PAGE, MADV_NOHUGEPAGE);
	before = minor_faults();
	for (size_t i = 0; i < FAULTS; i++)
		memory[i * PAGE] = 1;
	say("minflt", minor_faults() - before);
	say("faults", FAULTS);
	say("faults_start", (uintptr_t)memory);
	say("faults_end", (uintptr_t)memory + (size_t)FAULTS * PAGE);
}

static void work_mappings(void)
{
	char *area = map_pages(1 << 16), *block = map_pages(8);

	say("area_start", (uintptr_t)area);
	say("area_end", (uintptr_t)area + (size_t)(1 << 16) * PAGE);
	for (int i = 0; i < MMAPS; i++)
		map_pages(MMAP_PAGES);
	say("mmaps", MMAPS);
	say("mmap_bytes", (uint64_t)MMAP_PAGES * PAGE);
	for (int i = 0; i < MREMAPS; i++)
		block = mremap(block, (size_t)(8 + i) * PAGE, (size_t)(9 + i) * PAGE, MREMAP_MAYMOVE);
	say("mremaps", MREMAPS);
	for (size_t i = 0; i < MPROTECTS; i++)
		mprotect(area + i * 2 * PAGE, PAGE, PROT_READ);
	say("mprotects", MPROTECTS);
	for (size_t i = 0; i < DONTNEEDS; i++)
		madvise(area + i * PAGE, PAGE, MADV_DONTNEED);
	say("dontneeds", DONTNEEDS);
	for (size_t i = 0; i < MLOCKS; i++)
		mlock(area + (1000 + i) * PAGE, PAGE);
	say("mlocks", MLOCKS);
	for (size_t i = 0; i < MUNLOCKS; i++)
		munlock(area + (1000 + i) * PAGE, PAGE);
	say("munlocks", MUNLOCKS);
	for (size_t i = 0; i < MUNMAPS; i++)
		munmap(area + (2000 + i * 16) * PAGE, MUNMAP_PAGES * PAGE);
	say("munmaps", MUNMAPS);
	for (int i = 0; i < PRCTLS; i++)
		prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	say("prctls", PRCTLS);
}

static void work_collapses(void)
{
	char *raw = map_pages((COLLAPSES + 1) * huge_bytes / PAGE);
	char *first = (char *)(((uintptr_t)raw + huge_bytes - 1) & ~(huge_bytes - 1));
	int done = 0;

	madvise(first, COLLAPSES * huge_bytes, MADV_NOHUGEPAGE);
	for (size_t range = 0; range < COLLAPSES; range++)
		for (size_t page = 0; page < COLLAPSED_PAGES; page++)
			first[range * huge_bytes + page * 8 * PAGE] = 1;
	for (size_t range = 0; range < COLLAPSES; range++) {
		madvise(first + range * huge_bytes, huge_bytes, MADV_HUGEPAGE);
		done += madvise(first + range * huge_bytes, huge_bytes, MADV_COLLAPSE) == 0;
	}
	say("collapses", COLLAPSES);
	say("collapses_done", (uint64_t)done);
	say("collapse_start", (uintptr_t)first);
	say("collapsed_pages", COLLAPSED_PAGES);
}

static void work_processes(void)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0) {
			if (i < EXECS)
				execl("/bin/true", "true", (char *)NULL);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	say("forks", FORKS);
	say("execs", EXECS);
}

static void work_invalidations(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), machine = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	char *memory = map_pages(2 * INVALIDATIONS);
	struct kvm_userspace_memory_region slot = {
		.memory_size = (uint64_t)2 * INVALIDATIONS * PAGE, .userspace_addr = (uintptr_t)memory,
	};

	memset(memory, 1, slot.memory_size);
	if (machine < 0 || ioctl(machine, KVM_SET_USER_MEMORY_REGION, &slot)) {
		say("invalidations", 0);
		return;
	}
	for (size_t i = 0; i < INVALIDATIONS; i++)
		munmap(memory + 2 * i * PAGE, PAGE);
	say("invalidations", INVALIDATIONS);
	say("guest_start", (uintptr_t)memory);
	close(machine);
	close(kvm);
}

int main(int argc, char **argv)
{
	out = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!out) {
		fprintf(stderr, "usage: known_work FILE\n");
		return 2;
	}
	fputs("{\n", out);
	work_faults();
	work_mappings();
	work_collapses();
	work_processes();
	work_invalidations();
	fprintf(out, "\"pid\": %d\n}\n", getpid());
	return fclose(out) ? 1 : 0;
}
