// SPDX-License-Identifier: GPL-2.0-only
/*
 * moved_memory FROM TO FILE: a prime number of pages, of which those are counted whose page frame lies in
 * [FROM, TO); once FILE exists (the memory behind those frames has gone), another prime number, and the count anew.
 * Prints "KEY NUMBER" lines.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, BEFORE = 8191, AFTER = 4093 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void touch(char *memory, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		memory[i * PAGE] = (char)(i % 127);
}

static long frames_between(const char *memory, size_t count, uint64_t from, uint64_t to)
{
	int file = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;
	long found = 0;

	for (size_t i = 0; i < count; i++) {
		if (pread(file, &entry, sizeof(entry), (off_t)((uintptr_t)memory / PAGE + i) * 8) != sizeof(entry))
			fail("pagemap");
		/* Bit 63: present; the low 55: the page frame. */
		found += entry >> 63 && (entry & ((1ull << 55) - 1)) >= from && (entry & ((1ull << 55) - 1)) < to;
	}
	close(file);
	return found;
}

static long damaged(const char *memory, size_t count)
{
	long found = 0;

	for (size_t i = 0; i < count; i++)
		found += memory[i * PAGE] != (char)(i % 127);
	return found;
}

int main(int argc, char **argv)
{
	size_t bytes = (size_t)(BEFORE + AFTER) * PAGE;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t from, to;

	if (argc != 4 || memory == MAP_FAILED)
		fail("moved_memory FROM TO FILE");
	from = strtoull(argv[1], NULL, 0);
	to = strtoull(argv[2], NULL, 0);
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	touch(memory, 0, BEFORE);
	printf("before %d\nthere %ld\nmemory_start %#lx\nmemory_end %#lx\n", BEFORE,
	       frames_between(memory, BEFORE, from, to), (unsigned long)memory, (unsigned long)(memory + bytes));
	fflush(stdout);
	while (access(argv[3], F_OK))
		usleep(20000);
	printf("still_there %ld\ndamaged %ld\n", frames_between(memory, BEFORE, from, to), damaged(memory, BEFORE));
	touch(memory, BEFORE, AFTER);
	printf("after %d\n", AFTER);
	return 0;
}
