// SPDX-License-Identifier: GPL-2.0-only
/* What the address_space model costs at scale, in CPU time: prints lines of results.csv. */
#include <time.h>

#include "tests/bench/space_scale.h"

enum { PAGES = 26214400, TOUCHED = 25000000, PROCESSES = 10000 };

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure_random_faults(void)
{
	struct scale scale;
	double start;

	scale_init(&scale);
	scale_map(&scale, 1, (uint64_t)PAGES * HS_PAGE_BYTES);
	start = cpu_ns();
	for (uint64_t i = 0; i < TOUCHED; i++)
		scale_touch(&scale, 1, scale_page(i, PAGES), true);
	printf("\"fault, 25 M pages of 100 GiB in random order\",%.1f,ns/fault,<= 100,\n", (cpu_ns() - start) / TOUCHED);
	printf("\"state once full, per 2 MiB\",%.1f,bytes,<= 160,\n",
	       (double)hs_page_store_bytes(scale_pages(&scale)) / (PAGES / 512));
	start = cpu_ns();
	scale_unmap(&scale, 1, (uint64_t)PAGES * HS_PAGE_BYTES);
	printf("\"munmap of these 100 GiB\",%.2f,ms,,\n", (cpu_ns() - start) / 1e6);
	scale_deinit(&scale);
}

static void measure_forks(void)
{
	struct scale scale;
	double start;
	uint64_t before;

	scale_init(&scale);
	scale_map(&scale, 1, 64 * HS_SLOT_BYTES);
	for (uint64_t page = 0; page < 64 * 512; page++)
		scale_touch(&scale, 1, scale_page(page, 64 * 512), true);
	scale_fork(&scale, 1, 2);
	before = hs_page_store_bytes(scale_pages(&scale));
	start = cpu_ns();
	for (uint32_t child = 3; child < 3 + PROCESSES; child++)
		scale_fork(&scale, 1, child);
	printf("\"fork of 128 MiB, 10,000 processes alive\",%.2f,us/fork,,\n", (cpu_ns() - start) / PROCESSES / 1e3);
	printf("\"pages' state that a fork adds\",%.0f,bytes,<= 0,\n",
	       (double)(hs_page_store_bytes(scale_pages(&scale)) - before) / PROCESSES);
	scale_deinit(&scale);
}

int main(void)
{
	printf("name,value,unit,goal,peer\n");
	measure_random_faults();
	measure_forks();
	return 0;
}
