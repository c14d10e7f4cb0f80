// SPDX-License-Identifier: GPL-2.0-only
/*
 * cost_work SOURCE: many operations of one kind that a source records; prints "operations N" and "ns T", the CPU
 * time of this thread in one of them (the median, without reading the clock). What recording adds to it is the
 * source's cost. Status 77: nothing known for SOURCE, or it cannot be had here.
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
#include <time.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, HUGE = 2 << 20, FAULTS = 4001, CALLS = 4001, SECTIONS = 2003, SCANS = 127, BLOCK_CYCLES = 21 };

static void give_up(const char *why)
{
	fprintf(stderr, "cost_work: %s\n", why);
	exit(77);
}

static char *map(size_t bytes)
{
	char *raw = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned = (char *)(((uintptr_t)raw + HUGE - 1) & ~(uintptr_t)(HUGE - 1));

	if (raw == MAP_FAILED)
		give_up("no memory");
	madvise(aligned, bytes, MADV_NOHUGEPAGE);
	return aligned;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
}

static uint64_t median(uint64_t *samples, unsigned int count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[count / 2];
}

/* Times each of count operations, and as often nothing. */
static void measure(void (*operation)(unsigned int i), unsigned int count)
{
	uint64_t *samples = calloc(count, sizeof(*samples)), nothing;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t since = cpu_ns();

		samples[i] = cpu_ns() - since;
	}
	nothing = median(samples, count);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t since = cpu_ns();

		operation(i);
		samples[i] = cpu_ns() - since;
	}
	printf("operations %u\nns %llu\n", count, (unsigned long long)(median(samples, count) - nothing));
}

static char *memory;

/* The first touch of a page. */
static void touch(unsigned int i)
{
	memory[(size_t)i * PAGE] = 1;
}

static void take_faults(void)
{
	memory = map(FAULTS * (size_t)PAGE);
	measure(touch, FAULTS);
}

/* A system call that finds nothing to do; where somebody listens, the start and end of an invalidation. */
static void drop_page(unsigned int i)
{
	(void)i;
	madvise(memory, PAGE, MADV_DONTNEED);
}

static void make_calls(void)
{
	memory = map(PAGE);
	measure(drop_page, CALLS);
}

static void open_sections(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = PAGE };
	int kvm = open("/dev/kvm", O_RDWR), machine = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	memory = map(PAGE);
	slot.userspace_addr = (uintptr_t)memory;
	if (machine < 0 || ioctl(machine, KVM_SET_USER_MEMORY_REGION, &slot))
		give_up("no KVM");
	measure(drop_page, SECTIONS);
}

/* The scan of a full range that may not be written, and therefore is not collapsed. */
static void scan(unsigned int i)
{
	(void)i;
	if (madvise(memory, HUGE, MADV_COLLAPSE) == 0)
		give_up("it was collapsed");
}

static void scan_ranges(void)
{
	memory = map(HUGE);
	memset(memory, 1, HUGE);
	/* In this order, so that the daemon finds nothing to collapse either. */
	mprotect(memory, HUGE, PROT_READ);
	madvise(memory, HUGE, MADV_HUGEPAGE);
	measure(scan, SCANS);
}

static int put(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);
	int is_done = file >= 0 && write(file, text, strlen(text)) > 0;

	if (file >= 0)
		close(file);
	return is_done;
}

static char block[128];

/* As one operation: the two take different times. */
static void cycle_block(unsigned int i)
{
	(void)i;
	if (!put(block, "offline") || !put(block, "online_movable"))
		give_up("BLOCK does not name a block that can be taken offline");
}

/* A block of movable memory goes offline and online again; its number is in the environment. */
static void cycle_blocks(void)
{
	snprintf(block, sizeof(block), "/sys/devices/system/memory/memory%s/state", getenv("BLOCK") ? getenv("BLOCK") : "");
	/* Once for what only the first time costs. */
	cycle_block(0);
	measure(cycle_block, BLOCK_CYCLES);
}

static const struct {
	const char *source;
	void (*work)(void);
} works[] = {
	{ "fault", take_faults }, { "mm", make_calls }, { "notifier", open_sections }, { "collapse", scan_ranges },
	{ "hotplug", cycle_blocks },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(argv[1], works[i].source) == 0) {
			works[i].work();
			return 0;
		}
	give_up("nothing is known that this source records");
}
