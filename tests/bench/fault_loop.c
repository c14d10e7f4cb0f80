// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault_loop CPU ROUNDS [CPU2]: touches fresh pages and gives them back, on CPU (and in a second process on
 * CPU2 at the same time). Prints one line per process: median CPU nanoseconds per fault over the rounds.
 */
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1024, MAX_ROUNDS = 65536 };

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
}

/* Reads: each fault maps the zero page, the cheapest there is, so that what is added shows best. */
static uint64_t run_round(volatile char *memory)
{
	uint64_t start = now_ns(), end;

	for (size_t i = 0; i < PAGES; i++)
		(void)memory[i * PAGE];
	end = now_ns();
	madvise((void *)memory, (size_t)PAGES * PAGE, MADV_DONTNEED);
	return end - start;
}

static int run(int cpu, int rounds)
{
	static uint64_t times[MAX_ROUNDS];
	char *memory = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (memory == MAP_FAILED || sched_setaffinity(0, sizeof(set), &set)) {
		perror("fault_loop");
		return 1;
	}
	madvise(memory, (size_t)PAGES * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < rounds; i++)
		times[i] = run_round(memory);
	qsort(times, (size_t)rounds, sizeof(times[0]), compare);
	printf("%.2f\n", (double)times[rounds / 2] / PAGES);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 0, status = 0;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: fault_loop CPU ROUNDS [CPU2]\n");
		return 2;
	}
	if (argc > 3 && fork() == 0)
		return run(atoi(argv[3]), rounds);
	if (run(atoi(argv[1]), rounds))
		return 1;
	if (argc > 3)
		wait(&status);
	return status != 0;
}
