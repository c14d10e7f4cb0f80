// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/fire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/memory_blocks.h"
#include "lib/cleanup.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static const size_t huge_bytes = 2 << 20;

static char *map_bytes(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int touch_page(void)
{
	volatile char *page = map_bytes(4096);

	if (page == MAP_FAILED)
		return -errno;
	*page = 1;
	return 0;
}

static int map_and_unmap(void)
{
	char *page = map_bytes(4096);

	return page == MAP_FAILED || munmap(page, 4096) ? -errno : 0;
}

static int collapse_range(void)
{
	char *raw = map_bytes(2 * huge_bytes);
	char *range = (char *)(((uintptr_t)raw + huge_bytes - 1) & ~(huge_bytes - 1));

	if (raw == MAP_FAILED)
		return -errno;
	madvise(range, huge_bytes, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < huge_bytes; at += 64 * 4096)
		range[at] = 1;
	madvise(range, huge_bytes, MADV_HUGEPAGE);
	return madvise(range, huge_bytes, MADV_COLLAPSE) ? -errno : 0;
}

/* A machine without a CPU: its memory is ours, so that unmapping it is KVM's business. */
static int invalidate_guest_memory(void)
{
	hs_auto_fd int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	hs_auto_fd int machine = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	struct kvm_userspace_memory_region slot = { .memory_size = 4096 };
	char *page = map_bytes(4096);

	if (machine < 0 || page == MAP_FAILED)
		return -errno;
	*page = 1;
	slot.userspace_addr = (uintptr_t)page;
	if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &slot))
		return -errno;
	return munmap(page, 4096) ? -errno : 0;
}

/* Its loopback device is announced to everybody who listens for network devices. */
static int make_network_namespace(void)
{
	return unshare(CLONE_NEWNET) ? -errno : 0;
}

static const char no_offline_block[] = "only memory that comes or goes makes these programs run, or a block that is "
				       "offline; what they see then is proven in test guests";
static const char no_kvm[] = "load KVM's module, or give this user access to /dev/kvm";
static const char no_collapse[] = "needs Linux 6.1 with transparent huge pages, and a free huge page";

static const struct {
	enum hs_ring_source source;
	const char *rung;		/* NULL: every other one but polling */
	struct hs_fire fire;
} fires[] = {
	{ HS_RING_FAULT, "tracepoint", { "touches a fresh page", HS_RECORD_FAULT_USER, touch_page, "", NULL } },
	{ HS_RING_FAULT, NULL, { "touches a fresh page", HS_RECORD_FAULT_HANDLED, touch_page, "", NULL } },
	{ HS_RING_MM, NULL, { "maps and unmaps a page", HS_RECORD_SYSCALL, map_and_unmap, "", NULL } },
	{ HS_RING_NOTIFIER, "tracepoint", { "unmaps memory of a virtual machine", HS_RECORD_KVM_UNMAP,
	  invalidate_guest_memory, no_kvm, NULL } },
	{ HS_RING_NOTIFIER, NULL, { "unmaps memory of a virtual machine", HS_RECORD_SECTION_START,
	  invalidate_guest_memory, no_kvm, NULL } },
	{ HS_RING_COLLAPSE, "tracepoint", { "collapses a range by madvise(MADV_COLLAPSE)", HS_RECORD_SCAN, collapse_range,
	  no_collapse, NULL } },
	{ HS_RING_COLLAPSE, NULL, { "collapses a range by madvise(MADV_COLLAPSE)", HS_RECORD_PTES, collapse_range,
	  no_collapse, NULL } },
	{ HS_RING_HOTPLUG, "fentry", { "asks for the zones of offline memory blocks", HS_RECORD_NONE,
	  hs_memory_blocks_ask_zones, no_offline_block, "zone_chosen" } },
	{ HS_RING_HOTPLUG, NULL, { "makes a network namespace: its device is announced on a notifier chain",
	  HS_RECORD_NOTIFIER_RUN, make_network_namespace, "needs CAP_SYS_ADMIN", NULL } },
};

const struct hs_fire *hs_fire_find(enum hs_ring_source source, const char *rung)
{
	for (size_t i = 0; i < sizeof(fires) / sizeof(fires[0]); i++)
		if (fires[i].source == source && strcmp(rung, "polling") != 0 &&
		    (!fires[i].rung || strcmp(fires[i].rung, rung) == 0))
			return &fires[i].fire;
	return NULL;
}
