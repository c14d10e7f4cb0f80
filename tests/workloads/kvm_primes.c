// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_primes: a virtual machine whose memory is this process's and whose CPU has touched some of it, so that each
 * change reaches an mmu notifier (KVM's) with pages of its own; then a prime number of changes of each kind, each
 * on pages of its own, that are present and not huge. Prints what it did: "KEY COUNT", and one line
 * "range KIND START END" per change in order. Status 77 where there is no KVM.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum {
	PAGE = 4096, HUGE = 2 << 20, DONTNEEDS = 31, MPROTECTS = 17, MUNMAPS = 13, MREMAPS = 11, FORKS = 5, COWS = 19,
	MERGES = 7, PAGEOUTS = 23, COLLAPSES = 3, AFTERWARDS = 29,
	/* One 2 MiB range per kind, and those that are collapsed. */
	AT_DONTNEED = 0, AT_MPROTECT, AT_MUNMAP, AT_MREMAP, AT_FORK, AT_MERGE, AT_PAGEOUT, AT_COLLAPSE,
	BYTES = (AT_COLLAPSE + COLLAPSES) * HUGE,
	CODE_PAGE = 200, TOUCHED_PAGES = 93,	/* of the machine's first MiB, all that MADV_DONTNEED is about */
};

static void fail(const char *what, int status)
{
	perror(what);
	exit(status);
}

static char *aligned_memory(void)
{
	char *memory = mmap(NULL, BYTES + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap", 1);
	memory = (char *)(((uintptr_t)memory + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	madvise(memory, BYTES, MADV_NOHUGEPAGE);
	memset(memory, 1, BYTES);
	return memory;
}

static void said(const char *kind, const char *start, size_t bytes)
{
	printf("range %s %#lx %#lx\n", kind, (unsigned long)start, (unsigned long)(start + bytes));
}

/* Changes lie one 2 MiB range apart from each kind's area border, two pages each with one between. */
static char *place(char *area, int i)
{
	return area + (size_t)i * 3 * PAGE;
}

static void change_mappings(char *memory)
{
	char *target = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < DONTNEEDS; i++) {
		if (madvise(place(memory, i), 2 * PAGE, MADV_DONTNEED))
			fail("madvise", 1);
		said("dontneed", place(memory, i), 2 * PAGE);
	}
	for (int i = 0; i < MPROTECTS; i++) {
		if (mprotect(place(memory + AT_MPROTECT * HUGE, i), 2 * PAGE, PROT_READ))
			fail("mprotect", 1);
		said("mprotect", place(memory + AT_MPROTECT * HUGE, i), 2 * PAGE);
	}
	for (int i = 0; i < MUNMAPS; i++) {
		if (munmap(place(memory + AT_MUNMAP * HUGE, i), 2 * PAGE))
			fail("munmap", 1);
		said("munmap", place(memory + AT_MUNMAP * HUGE, i), 2 * PAGE);
	}
	for (int i = 0; i < MREMAPS; i++) {
		if (mremap(place(memory + AT_MREMAP * HUGE, i), 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   place(target, i)) == MAP_FAILED)
			fail("mremap", 1);
		said("mremap", place(memory + AT_MREMAP * HUGE, i), 2 * PAGE);
	}
	printf("dontneeds %d\nmprotects %d\nmunmaps %d\nmremaps %d\n", DONTNEEDS, MPROTECTS, MUNMAPS, MREMAPS);
}

/* A number in a file of sysfs, debugfs or procfs; -1: it is not there. */
static long number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	long number;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

static void put(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		fail(path, 1);
	close(file);
}

/* The children live until the parent has written to the pages it shares with them. */
static void share_with_children(char *area)
{
	int go[2];

	/* The advice is for nothing, but makes a mapping of its own: one section for each copy. */
	if (pipe(go) || madvise(area, HUGE, MADV_SEQUENTIAL))
		fail("pipe", 1);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();
		char word;

		if (child == 0) {
			close(go[1]);
			_exit(read(go[0], &word, 1) != 0);
		}
		if (child < 0)
			fail("fork", 1);
		said("fork", area, HUGE);
	}
	for (int i = 0; i < COWS; i++) {
		area[i * PAGE] = 2;
		said("cow", area + i * PAGE, PAGE);
	}
	close(go[0]);
	close(go[1]);
	while (wait(NULL) > 0)
		;
	printf("forks %d\ncows %d\n", FORKS, COWS);
}

/* Pages of one content; the first becomes the one that the others are merged into. */
static void merge(char *area)
{
	static const char sharing[] = "/sys/kernel/mm/ksm/pages_sharing";

	if (number_in(sharing) < 0)
		return;
	/* What processes had shared that are gone is still counted; this makes it none. */
	put("/sys/kernel/mm/ksm/run", "2");
	memset(area, 7, MERGES * PAGE);
	if (madvise(area, MERGES * PAGE, MADV_MERGEABLE))
		fail("MADV_MERGEABLE", 1);
	for (int i = 0; i < MERGES; i++)
		said("merge", area + i * PAGE, PAGE);
	put("/sys/kernel/mm/ksm/sleep_millisecs", "20");
	put("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 500 && number_in(sharing) < MERGES - 1; i++)
		usleep(20000);
	put("/sys/kernel/mm/ksm/run", "0");
	printf("ksm_sharing %ld\nksm_shared %ld\n", number_in(sharing), number_in("/sys/kernel/mm/ksm/pages_shared"));
}

static void collapse(char *area)
{
	int done = 0;

	madvise(area, COLLAPSES * HUGE, MADV_HUGEPAGE);
	for (int i = 0; i < COLLAPSES; i++) {
		done += madvise(area + i * HUGE, HUGE, MADV_COLLAPSE) == 0;
		said("collapse", area + i * HUGE, HUGE);
	}
	printf("collapses %d\n", done);
}

/* Of a huge page a part goes: within that section lies the one of the split. */
static void split(char *area)
{
	for (int i = 0; i < COLLAPSES; i++) {
		if (madvise(area + i * HUGE, 4 * PAGE, MADV_DONTNEED))
			fail("madvise", 1);
		said("split", area + i * HUGE, 4 * PAGE);
	}
}

/* Nobody listens any more, but sections go on until the address space ends. */
static void change_afterwards(char *area)
{
	for (int i = 0; i < AFTERWARDS; i++) {
		if (munmap(place(area, i), PAGE))
			fail("munmap", 1);
		said("afterwards", place(area, i), PAGE);
	}
}

static void page_out(char *area)
{
	for (int i = 0; i < PAGEOUTS; i++) {
		if (madvise(place(area, i), PAGE, 21 /* MADV_PAGEOUT */))
			fail("MADV_PAGEOUT", 1);
		said("pageout", place(area, i), PAGE);
	}
	printf("pageouts %d\n", PAGEOUTS);
}

/* Real mode: a byte to each of the first pages, then halt. */
static const unsigned char toucher[] = {
	0xb9, TOUCHED_PAGES, 0,			/* mov cx, pages */
	0x31, 0xdb,				/* xor bx, bx */
	0x8e, 0xdb,				/* again: mov ds, bx */
	0xc6, 0x06, 0, 0, 1,			/* mov byte [0], 1 */
	0x81, 0xc3, 0, 1,			/* add bx, one page in paragraphs */
	0xe2, 0xf3,				/* loop again */
	0xf4,					/* hlt */
};

/* The machine's own pages of this memory, as KVM counts them; -1: it does not. */
static long machine_pages(void)
{
	return number_in("/sys/kernel/debug/kvm/pages_4k");
}

static void run_machine(int kvm, int vm, char *memory)
{
	int cpu = ioctl(vm, KVM_CREATE_VCPU, 0), bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_regs registers = { .rip = CODE_PAGE * PAGE & 0xffff, .rflags = 2 };
	struct kvm_sregs segments;
	struct kvm_run *run;

	if (cpu < 0 || bytes < 0 || ioctl(cpu, KVM_GET_SREGS, &segments))
		fail("KVM_CREATE_VCPU", 1);
	memcpy(memory + CODE_PAGE * PAGE, toucher, sizeof(toucher));
	segments.cs.base = CODE_PAGE * PAGE & ~0xffff;
	segments.cs.selector = (unsigned short)(segments.cs.base >> 4);
	run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (run == MAP_FAILED || ioctl(cpu, KVM_SET_SREGS, &segments) || ioctl(cpu, KVM_SET_REGS, &registers) ||
	    ioctl(cpu, KVM_RUN, 0))
		fail("KVM_RUN", 1);
	printf("exit_reason %u\n", run->exit_reason);
	munmap(run, (size_t)bytes);
	close(cpu);
}

static void change(char *memory)
{
	long before = machine_pages();

	change_mappings(memory);
	/* What the machine's CPU had touched and the process then gave back. */
	if (before >= 0)
		printf("machine_pages %ld\nmachine_pages_gone %ld\nmachine_pages_dropped %d\n", before,
		       before - machine_pages(), 2 * DONTNEEDS);
	merge(memory + AT_MERGE * HUGE);
	page_out(memory + AT_PAGEOUT * HUGE);
	collapse(memory + AT_COLLAPSE * HUGE);
	split(memory + AT_COLLAPSE * HUGE);
	share_with_children(memory + AT_FORK * HUGE);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR), vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	char *memory;
	struct kvm_userspace_memory_region region = { .memory_size = BYTES };

	if (vm < 0)
		fail("/dev/kvm", 77);
	setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
	memory = aligned_memory();
	region.userspace_addr = (uintptr_t)memory;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		fail("KVM_SET_USER_MEMORY_REGION", 77);
	printf("pid %d\nmemory_start %#lx\nmemory_end %#lx\n", getpid(), (unsigned long)memory,
	       (unsigned long)(memory + BYTES));
	run_machine(kvm, vm, memory);
	change(memory);
	close(vm);
	change_afterwards(memory + AT_PAGEOUT * HUGE);
	return fflush(stdout) != 0;
}
