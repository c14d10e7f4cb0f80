// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm_sections: a process whose address space has a secondary MMU (a KVM virtual machine without memory), and
 * which does to its memory what opens mmu-notifier sections: each operation of the address space, in the shapes
 * whose sections differ. Every case has GiBs of its own. Prints "case NAME" before each, then "done".
 * Status 77 where there is no KVM.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
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

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

enum { PAGE = 4096, SLOT = 512, CASE_GIBS = 8 };
/* Offsets and lengths are in pages. */
enum { GIB = SLOT * 512, RW = PROT_READ | PROT_WRITE, R = PROT_READ, NORESERVE = MAP_NORESERVE };
enum { FIXED = MREMAP_MAYMOVE | MREMAP_FIXED, KEEP = MREMAP_MAYMOVE | MREMAP_DONTUNMAP };

static char *base = (char *)0x100000000000;

static void begin(const char *name)
{
	base += (size_t)CASE_GIBS * GIB * PAGE;
	printf("case %s\n", name);
	fflush(stdout);
}

static char *at(long page)
{
	return base + page * PAGE;
}

static void map(long from, long to, int prot, int flags)
{
	if (mmap(at(from), (size_t)(to - from) * PAGE, prot, flags | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		perror("mmap");
}

static void map_file(int fd, long from, long to, int prot, int flags, long offset)
{
	if (mmap(at(from), (size_t)(to - from) * PAGE, prot, flags | MAP_FIXED, fd, offset * PAGE) == MAP_FAILED)
		perror("mmap of a file");
}

static void write_page(long page)
{
	*(volatile char *)at(page) = 1;
}

static void read_page(long page)
{
	(void)*(volatile char *)at(page);
}

static void fill(long from, long to)
{
	for (long page = from; page < to; page++)
		write_page(page);
}

/* A is private anonymous memory, * written. */
static void a(long from, long to)
{
	map(from, to, RW, MAP_PRIVATE);
}

static void a_full(long from, long to)
{
	a(from, to);
	fill(from, to);
}

static void unmap(long from, long to)
{
	munmap(at(from), (size_t)(to - from) * PAGE);
}

static void protect(long from, long to, int prot)
{
	mprotect(at(from), (size_t)(to - from) * PAGE, prot);
}

static void advise(long from, long to, int advice)
{
	madvise(at(from), (size_t)(to - from) * PAGE, advice);
}

static void lock_on_fault(long from, long to)
{
	mlock2(at(from), (size_t)(to - from) * PAGE, MLOCK_ONFAULT);
}

static void lock(long from, long to)
{
	mlock(at(from), (size_t)(to - from) * PAGE);
}

static void unlock(long from, long to)
{
	munlock(at(from), (size_t)(to - from) * PAGE);
}

static void move(long from, long pages, long new_pages, int flags, long to)
{
	mremap(at(from), (size_t)pages * PAGE, (size_t)new_pages * PAGE, flags, at(to));
}

/* Huge pages: advised memory whose slots are written once each. */
static void h(long from, long to)
{
	map(from, to, RW, MAP_PRIVATE);
	advise(from, to, MADV_HUGEPAGE);
}

static void h_full(long from, long to)
{
	h(from, to);
	for (long page = from; page < to; page += SLOT)
		write_page(page);
}

/* A child that shares the memory until it is ended. */
static pid_t fork_child(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	while (pid == 0)
		syscall(SYS_pause);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- cases: mappings -------------------------------------------------------------------------------- */

static void do_munmap(void)
{
	begin("munmap");
	a(0, 8);
	unmap(3, 4);
	begin("munmap, boundaries");
	a(0, 4 * SLOT);
	write_page(3 * SLOT);
	unmap(3, 600);
	begin("munmap, nothing touched");
	a(0, 4 * SLOT);
	unmap(3, 600);
	begin("munmap of two mappings and a hole");
	a_full(0, 4);
	map(6, 8, RW, MAP_SHARED);
	unmap(2, 7);
	unmap(20, 24);
	begin("munmap of half a huge page");
	h_full(0, 2 * SLOT);
	unmap(SLOT + 256, 2 * SLOT);
	begin("munmap of huge pages");
	h_full(0, 4 * SLOT);
	unmap(SLOT, 2 * SLOT);
	unmap(2 * SLOT, 4 * SLOT);
}

static void do_mmap(void)
{
	begin("mmap over a part");
	a_full(0, 8);
	map(2, 4, RW, MAP_PRIVATE);
	begin("mmap over more");
	a_full(0, 8);
	map(-4, 16, R, MAP_SHARED);
	begin("mmap over nothing");
	map(0, 8, RW, MAP_PRIVATE);
	begin("mmap, populated");
	map(0, 8, RW, MAP_PRIVATE | MAP_POPULATE);
	map(SLOT, SLOT + 8, R, MAP_PRIVATE | MAP_POPULATE);
	begin("brk");
	{
		char *start = sbrk(0);

		brk(start + 16 * PAGE);
		memset(start, 1, 16 * PAGE);
		brk(start + 3 * PAGE);
		brk(start);
	}
	begin("stack growth");
	map(0, 4, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	write_page(-1);
	write_page(-10);
}

static void do_mprotect(void)
{
	begin("mprotect at a boundary");
	a(0, 4 * SLOT);
	write_page(3 * SLOT);
	protect(0, 3, R);
	protect(3, 700, R);
	begin("mprotect of the untouched middle");
	a(0, 4 * SLOT);
	write_page(0);
	protect(3 * SLOT, 4 * SLOT, R);
	protect(600, 3 * SLOT, R);
	begin("mprotect of GiBs");
	map(0, 3 * GIB, RW, MAP_PRIVATE | NORESERVE);
	write_page(3 * SLOT + 9);
	write_page(2 * GIB + 4);
	protect(0, 3 * GIB, R);
	begin("mprotect, untouched");
	map(0, 3 * GIB, RW, MAP_PRIVATE | NORESERVE);
	protect(0, 3 * GIB, R);
	begin("mprotect, unchanged part");
	a_full(0, 4);
	map(4, 8, R, MAP_SHARED);
	read_page(5);
	protect(0, 8, RW);
	begin("mprotect with a hole");
	a_full(0, 4);
	a_full(6, 8);
	protect(0, 8, R);
	protect(6, 10, R);
	begin("mprotect forth and back");
	a_full(0, 1);
	protect(0, 1, R);
	protect(0, 1, RW);
	write_page(0);
	begin("mprotect of a zero page");
	map(0, 8, R, MAP_PRIVATE);
	read_page(0);
	protect(0, 8, RW);
	write_page(0);
	begin("mprotect in a huge page");
	h_full(0, 2 * SLOT);
	protect(SLOT + 16, SLOT + 17, R);
	protect(0, SLOT, R);
	protect(0, SLOT, RW);
	begin("mprotect, no access");
	a_full(0, 16);
	protect(4, 8, PROT_NONE);
	protect(4, 8, RW);
	write_page(5);
}

static void grow_protection(void)
{
	begin("mprotect down to a stack's start");
	map(0, 8, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	fill(0, 8);
	protect(4, 5, R | PROT_GROWSDOWN);
}

static void cross_512_gib(void)
{
	begin("mprotect across 512 GiB");
	base = (char *)(((uintptr_t)base + (1ul << 39) - 1) & ~((1ul << 39) - 1));
	map(-2 * GIB, 2 * GIB, RW, MAP_PRIVATE | NORESERVE);
	write_page(-GIB);
	write_page(GIB);
	protect(-2 * GIB, 2 * GIB, R);
}

static void do_madvise(void)
{
	begin("MADV_DONTNEED");
	a_full(0, 8);
	map(10, 12, RW, MAP_SHARED);
	advise(0, 12, MADV_DONTNEED);
	advise(0, 2, MADV_DONTNEED);
	begin("MADV_DONTNEED in a huge page");
	h_full(0, 3 * SLOT);
	advise(7, 8, MADV_DONTNEED);
	advise(SLOT, 2 * SLOT, MADV_DONTNEED);
	advise(100, 2 * SLOT + 100, MADV_DONTNEED);
	begin("MADV_FREE");
	a_full(0, 8);
	advise(2, 5, MADV_FREE);
	advise(0, 8, MADV_COLD);
	begin("MADV_FREE in a huge page");
	h_full(0, 2 * SLOT);
	advise(0, SLOT, MADV_FREE);
	advise(SLOT + 5, SLOT + 9, MADV_FREE);
	begin("MADV_COLD in a huge page");
	h_full(0, 2 * SLOT);
	advise(0, SLOT, MADV_COLD);
	advise(SLOT + 5, SLOT + 9, MADV_COLD);
	write_page(SLOT + 7);
	begin("MADV_PAGEOUT");
	a_full(0, 8);
	advise(2, 5, MADV_FREE);
	advise(0, 8, MADV_PAGEOUT);
	begin("flags by madvise");
	a(0, 4 * SLOT);
	write_page(5);
	advise(3, 600, MADV_DONTFORK);
	advise(3, 600, MADV_DOFORK);
	advise(3 * SLOT + 1, 4 * SLOT, MADV_NOHUGEPAGE);
	advise(0, 3, MADV_RANDOM);
	begin("MADV_POPULATE");
	map(0, 8, RW, MAP_PRIVATE);
	advise(0, 4, MADV_POPULATE_READ);
	advise(0, 8, MADV_POPULATE_WRITE);
	begin("MADV_COLLAPSE");
	a(0, 3 * SLOT);
	fill(5, 100);
	fill(SLOT, SLOT + 60);
	advise(0, 2 * SLOT, MADV_COLLAPSE);
	advise(0, 2 * SLOT, MADV_COLLAPSE);
	begin("MADV_DONTNEED of locked memory");
	a_full(0, 4);
	lock(0, 4);
	advise(0, 4, MADV_DONTNEED);
	advise(0, 4, 24);
}

static void do_mlock(void)
{
	begin("mlock on fault, munlock");
	a(0, 4 * SLOT);
	write_page(3 * SLOT);
	lock_on_fault(3, 600);
	unlock(3, 600);
	begin("mlock");
	a(0, 8);
	fill(0, 2);
	lock(1, 4);
	unlock(1, 4);
	begin("mlock in a huge page");
	h_full(0, 2 * SLOT);
	lock(10, SLOT + 10);
	unlock(10, SLOT + 10);
	begin("mlock of copied memory");
	map(0, 8, RW, MAP_PRIVATE);
	for (long page = 0; page < 4; page++)
		read_page(page);
	lock(0, 8);
	begin("mprotect of locked memory");
	map(0, 4, R, MAP_PRIVATE);
	read_page(1);
	lock(0, 4);
	protect(0, 4, RW);
}

/* --- cases: faults ---------------------------------------------------------------------------------- */

static void do_faults(void)
{
	begin("write to a zero page");
	a(0, 4);
	read_page(0);
	write_page(0);
	write_page(0);
	write_page(1);
	begin("huge faults");
	h(0, 3 * SLOT);
	write_page(5);
	write_page(SLOT);
	begin("write to the huge zero page");
	h(0, 2 * SLOT);
	read_page(SLOT + 3);
	write_page(SLOT + 9);
	write_page(SLOT + 10);
}

static void do_files(void)
{
	int fd = memfd_create("file", 0), other = memfd_create("other", 0);

	if (ftruncate(fd, 8 * PAGE) || ftruncate(other, 16 * PAGE))
		exit(1);
	begin("private file pages");
	map_file(fd, 0, 8, RW, MAP_PRIVATE, 0);
	read_page(0);
	read_page(4);
	write_page(0);
	write_page(1);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE);
	if (ftruncate(fd, 0))
		exit(1);
	begin("two mappings of a file");
	map_file(other, 0, 16, RW, MAP_SHARED, 0);
	fill(0, 16);
	map_file(other, SLOT, SLOT + 8, RW, MAP_PRIVATE, 4);
	fill(SLOT, SLOT + 8);
	fallocate(other, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * PAGE + 1, 4 * PAGE - 1);
	if (ftruncate(other, 3 * PAGE + 5))
		exit(1);
	begin("MADV_REMOVE");
	map(0, 8, RW, MAP_SHARED);
	fill(0, 8);
	advise(2, 4, MADV_REMOVE);
	begin("MADV_REMOVE from several mappings");
	if (ftruncate(other, 16 * PAGE))
		exit(1);
	map_file(other, SLOT, SLOT + 8, RW, MAP_PRIVATE, 4);
	map_file(other, 2 * SLOT, 2 * SLOT + 16, RW, MAP_SHARED, 0);
	map_file(other, 3 * SLOT, 3 * SLOT + 2, RW, MAP_SHARED, 9);
	map_file(other, 0, 16, RW, MAP_SHARED, 0);
	fill(0, 16);
	fill(SLOT, SLOT + 4);
	advise(6, 9, MADV_REMOVE);
	write_page(7);
	advise(2 * SLOT + 8, 2 * SLOT + 12, MADV_REMOVE);
	close(fd);
	close(other);
}

static void do_fork(void)
{
	pid_t child, second;

	begin("fork");
	a(0, 8);
	fill(0, 2);
	map(SLOT, SLOT + 4, RW, MAP_SHARED);
	fill(SLOT, SLOT + 4);
	a(2 * SLOT, 2 * SLOT + 4);
	a(3 * SLOT, 3 * SLOT + 4);
	read_page(3 * SLOT);
	child = fork_child();
	write_page(0);
	write_page(0);
	end_child(child);
	write_page(1);
	begin("fork of locked, kept and wiped memory");
	a_full(0, 8);
	lock(0, 2);
	a_full(SLOT, SLOT + 4);
	advise(SLOT, SLOT + 4, MADV_DONTFORK);
	a_full(2 * SLOT, 2 * SLOT + 4);
	advise(2 * SLOT, 2 * SLOT + 4, MADV_WIPEONFORK);
	map(3 * SLOT, 3 * SLOT + 4, RW, MAP_SHARED);
	fill(3 * SLOT, 3 * SLOT + 4);
	child = fork_child();
	end_child(child);
	begin("fork of the huge zero page");
	h(0, SLOT);
	read_page(0);
	child = fork_child();
	end_child(child);
	begin("fork of huge pages");
	h_full(0, 4 * SLOT);
	child = fork_child();
	write_page(5);
	end_child(child);
	write_page(6);
	write_page(3 * SLOT + 3);
	write_page(SLOT + 3);
	begin("two children");
	a_full(0, 8);
	child = fork_child();
	second = fork_child();
	write_page(3);
	end_child(child);
	write_page(4);
	end_child(second);
	write_page(5);
	begin("mprotect, fork");
	map(0, 4, RW, MAP_SHARED);
	fill(0, 4);
	protect(0, 4, R);
	child = fork_child();
	end_child(child);
	begin("vfork and exec");
	child = vfork();
	if (child == 0) {
		execl("/proc/self/exe", "kvm_sections", "child", NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

/* --- cases: mremap ---------------------------------------------------------------------------------- */

static void do_small_moves(void)
{
	begin("mremap, grow in place");
	a_full(0, 4);
	move(0, 4, 8, 0, 0);
	begin("mremap, grow by moving");
	a_full(0, 4);
	map(4, 5, R, MAP_PRIVATE);
	mremap(at(0), 4 * PAGE, 8 * PAGE, 0);
	mremap(at(0), 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	begin("mremap over a mapping");
	a_full(0, 4);
	a_full(SLOT, SLOT + 8);
	move(0, 4, 4, FIXED, SLOT + 2);
	begin("mremap DONTUNMAP");
	a_full(0, 4);
	mremap(at(0), 4 * PAGE, 4 * PAGE, KEEP, at(SLOT));
	begin("mremap DONTUNMAP of a middle");
	a_full(0, 8);
	move(2, 4, 4, FIXED | MREMAP_DONTUNMAP, SLOT);
	begin("mremap DONTUNMAP of locked memory");
	a_full(0, 8);
	lock(0, 8);
	move(2, 2, 2, FIXED | MREMAP_DONTUNMAP, SLOT);
	begin("mremap, shrink");
	a_full(0, 8);
	move(0, 8, 3, 0, 0);
	begin("mremap, shrink and move over a mapping");
	a_full(0, 8);
	map(SLOT, SLOT + 8, RW, MAP_SHARED);
	fill(SLOT, SLOT + 8);
	move(0, 8, 3, FIXED, SLOT);
	begin("mremap of two mappings");
	a_full(0, 4);
	a_full(6, 8);
	map(SLOT + 4, SLOT + 6, RW, MAP_SHARED);
	move(0, 10, 10, FIXED, SLOT);
	begin("mremap of shared memory, duplicate");
	map(0, 4, RW, MAP_SHARED);
	fill(0, 4);
	move(0, 0, 4, MREMAP_MAYMOVE, 0);
	move(1, 0, 2, FIXED, SLOT);
	begin("mremap there and back");
	a_full(0, 8);
	move(2, 2, 2, FIXED, SLOT);
	move(SLOT, 2, 2, FIXED, 2);
	begin("mremap that fails over a mapping");
	a_full(2, 6);
	a_full(SLOT, SLOT + 8);
	move(0, 6, 6, FIXED, SLOT);
	move(2, 10, 10, FIXED, SLOT);
}

static void do_table_moves(void)
{
	begin("mremap of page tables");
	a_full(0, 2 * SLOT);
	move(0, 2 * SLOT, 2 * SLOT, FIXED, 8 * SLOT);
	begin("mremap, aligned on the way");
	a(5, 1005);
	fill(5, 1005);
	move(5, 1000, 1000, FIXED, 4 * SLOT + 5);
	begin("mremap, something below");
	a_full(5, 1005);
	map(0, 1, RW, MAP_SHARED);
	move(5, 1000, 1000, FIXED, 4 * SLOT + 5);
	begin("mremap, short of a slot");
	a_full(5, 405);
	move(5, 400, 400, FIXED, 4 * SLOT + 5);
	begin("mremap, not congruent");
	a_full(5, 1005);
	move(5, 1000, 1000, FIXED, 4 * SLOT + 6);
	begin("mremap of huge pages");
	h_full(0, 2 * SLOT);
	move(0, 2 * SLOT, 2 * SLOT, FIXED, 8 * SLOT);
	move(8 * SLOT, 2 * SLOT, 2 * SLOT, FIXED, 16 * SLOT + 1);
	begin("mremap of huge pages DONTUNMAP");
	h_full(0, 2 * SLOT);
	move(0, 2 * SLOT, 2 * SLOT, FIXED | MREMAP_DONTUNMAP, 8 * SLOT);
	begin("mremap of part of a huge page");
	h_full(0, 2 * SLOT);
	move(16, 600, 600, FIXED, 8 * SLOT);
	begin("mremap, shrink in a huge page");
	h_full(0, 2 * SLOT);
	move(0, 2 * SLOT, SLOT + 10, 0, 0);
	begin("mremap of GiBs");
	map(0, 2 * GIB, RW, MAP_PRIVATE | NORESERVE);
	write_page(0);
	write_page(GIB + 5);
	move(0, 2 * GIB, 2 * GIB, FIXED, 4 * GIB);
	protect(4 * GIB, 6 * GIB, R);
	begin("mremap of a middle");
	a(0, 4 * SLOT);
	write_page(600);
	move(600, 10, 10, FIXED, 8 * SLOT);
	begin("mremap of a middle DONTUNMAP");
	a(0, 4 * SLOT);
	write_page(600);
	move(600, 10, 10, FIXED | MREMAP_DONTUNMAP, 8 * SLOT);
}

/* --- cases: what is done to the memory from elsewhere ------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static void wait_for_change(const char *path, long least)
{
	char text[64] = "";

	for (int i = 0; i < 200; i++) {
		int fd = open(path, O_RDONLY);

		if (fd < 0)
			return;
		text[read(fd, text, sizeof(text) - 1) > 0 ? sizeof(text) - 1 : 0] = 0;
		close(fd);
		if (atol(text) >= least)
			return;
		usleep(50000);
	}
}

static void do_others(void)
{
	begin("clear_refs");
	a_full(0, 4);
	write_text("/proc/self/clear_refs", "1");
	write_text("/proc/self/clear_refs", "4");
	write_page(1);
	begin("KSM");
	a_full(0, 2);
	advise(0, 2, MADV_MERGEABLE);
	write_text("/sys/kernel/mm/ksm/run", "1");
	wait_for_change("/sys/kernel/mm/ksm/pages_sharing", 1);
	write_text("/sys/kernel/mm/ksm/run", "0");
	write_page(0);
	move(0, 2, 2, FIXED, SLOT);
	advise(SLOT, SLOT + 2, MADV_UNMERGEABLE);
	begin("khugepaged");
	write_text("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "100");
	a(0, SLOT);
	fill(0, 100);
	advise(0, SLOT, MADV_HUGEPAGE);
	usleep(1500000);
	write_text("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "100000");
	write_page(3);
}

/* A process with a virtual machine of its own, that is killed and whose memory is taken before it can exit. */
static void do_reap(int kvm)
{
	int ready[2], pidfd;
	char byte;
	pid_t pid;

	begin("process_mrelease");
	a_full(0, 8);
	map(SLOT, SLOT + 4, RW, MAP_SHARED);
	if (pipe(ready))
		exit(1);
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0) {
		if (ioctl(kvm, KVM_CREATE_VM, 0) < 0)
			_exit(1);
		fill(0, 2);
		(void)!write(ready[1], "", 1);
		for (;;)
			syscall(SYS_pause);
	}
	(void)!read(ready[0], &byte, 1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* It cannot run, and so not exit, before its memory is taken. */
	kill(pid, SIGKILL);
	if (syscall(SYS_process_mrelease, pidfd, 0))
		perror("process_mrelease");
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	struct sched_param real_time = { .sched_priority = 1 };
	cpu_set_t one;

	(void)argv;
	if (argc > 1)
		return 0;
	/*
	 * On one processor, and none of its children runs unless it waits: of two processes that write to a page they
	 * share at once, either may copy it.
	 */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &real_time);
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		perror("/dev/kvm");
		return 77;
	}
	do_munmap();
	do_mmap();
	do_mprotect();
	do_madvise();
	do_mlock();
	do_faults();
	do_files();
	do_fork();
	do_small_moves();
	do_table_moves();
	do_others();
	do_reap(kvm);
	cross_512_gib();
	grow_protection();
	printf("\ndone\n");
	fflush(stdout);
	_exit(0);
}
