// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_primes: a virtual machine whose memory is this process's, so that each change of it reaches an mmu
 * notifier (KVM's); then a prime number of changes of each kind, each on pages of its own, that are present
 * and not huge. Prints what it did: "KEY COUNT", and one line "range KIND START END" per change in order.
 * Status 77 where there is no KVM.
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
#include <unistd.h>

enum { PAGE = 4096, HUGE = 2 << 20, BYTES = 16 << 20, DONTNEEDS = 31, MPROTECTS = 17, MUNMAPS = 13, MREMAPS = 11 };

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

static void change(char *memory)
{
	char *target = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < DONTNEEDS; i++) {
		if (madvise(place(memory, i), 2 * PAGE, MADV_DONTNEED))
			fail("madvise", 1);
		said("dontneed", place(memory, i), 2 * PAGE);
	}
	for (int i = 0; i < MPROTECTS; i++) {
		if (mprotect(place(memory + HUGE, i), 2 * PAGE, PROT_READ))
			fail("mprotect", 1);
		said("mprotect", place(memory + HUGE, i), 2 * PAGE);
	}
	for (int i = 0; i < MUNMAPS; i++) {
		if (munmap(place(memory + 2 * HUGE, i), 2 * PAGE))
			fail("munmap", 1);
		said("munmap", place(memory + 2 * HUGE, i), 2 * PAGE);
	}
	for (int i = 0; i < MREMAPS; i++) {
		if (mremap(place(memory + 3 * HUGE, i), 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   place(target, i)) == MAP_FAILED)
			fail("mremap", 1);
		said("mremap", place(memory + 3 * HUGE, i), 2 * PAGE);
	}
	printf("dontneeds %d\nmprotects %d\nmunmaps %d\nmremaps %d\n", DONTNEEDS, MPROTECTS, MUNMAPS, MREMAPS);
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
	change(memory);
	fflush(stdout);
	close(vm);
	return 0;
}
