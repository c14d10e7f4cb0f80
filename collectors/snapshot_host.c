// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/snapshot_host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "collectors/text_file.h"
#include "lib/cleanup.h"

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

/* Lines of a zone that become columns. */
static void take_zone_line(struct hs_snap_zone *zone, const char *line)
{
	static const struct {
		const char *format;
		size_t offset;
	} fields[] = {
		{ " pages free %" SCNu64, offsetof(struct hs_snap_zone, free) },
		{ " spanned %" SCNu64, offsetof(struct hs_snap_zone, spanned) },
		{ " present %" SCNu64, offsetof(struct hs_snap_zone, present) },
		{ " managed %" SCNu64, offsetof(struct hs_snap_zone, managed) },
		{ " cma %" SCNu64, offsetof(struct hs_snap_zone, cma) },
		{ " start_pfn: %" SCNu64, offsetof(struct hs_snap_zone, start_pfn) },
	};
	uint64_t value;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (sscanf(line, fields[i].format, &value) == 1)
			*(uint64_t *)(void *)((char *)zone + fields[i].offset) = value;
}

/* One zone is complete; index is its place in its node. */
static int add_zone(struct hs_capture *capture, const struct hs_memory_tables *tables, struct hs_snap_zone *zone,
		    unsigned int index)
{
	hs_memory_tables_fill_zone(tables, zone, index);
	return hs_capture_add(capture, HS_KIND_snap_zone, zone);
}

/* /proc/zoneinfo: "Node 0, zone   Normal", then lines about it; start_pfn is the last. */
static int add_zones(struct hs_capture *capture, const struct hs_memory_tables *tables)
{
	hs_auto_file FILE *file = fopen("/proc/zoneinfo", "re");
	struct hs_snap_zone zone = { 0 };
	char line[256], name[32] = "", next_name[32];
	unsigned int index = 0;
	int node, error = 0;

	while (file && !error && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d, zone %31s", &node, next_name) == 2) {
			if (*name)
				error = add_zone(capture, tables, &zone, index);
			index = *name && zone.node == node ? index + 1 : 0;
			strcpy(name, next_name);
			zone = (struct hs_snap_zone){ .node = node, .zone = text_of(name) };
		} else {
			take_zone_line(&zone, line);
		}
	}
	return error || !*name ? error : add_zone(capture, tables, &zone, index);
}

/* Is number in a list as sysfs writes it: "0-1,3"? */
static bool is_listed(const char *list, int number)
{
	int first, last, length;

	while (sscanf(list, "%d%n", &first, &length) == 1) {
		list += length;
		last = first;
		if (*list == '-' && sscanf(list, "-%d%n", &last, &length) == 1)
			list += length;
		if (number >= first && number <= last)
			return true;
		list += *list == ',';
	}
	return false;
}

static void read_node_list(const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/%s", name);
	if (hs_text_file_read(path, text, size) < 0)
		*text = '\0';
}

static int add_nodes(struct hs_capture *capture)
{
	enum { MAX_NODES = 1024, LIST_BYTES = 4096 };
	char possible[LIST_BYTES], online[LIST_BYTES], memory[LIST_BYTES], normal[LIST_BYTES], cpu[LIST_BYTES];
	int error = 0;

	read_node_list("possible", possible, sizeof(possible));
	read_node_list("online", online, sizeof(online));
	read_node_list("has_memory", memory, sizeof(memory));
	read_node_list("has_normal_memory", normal, sizeof(normal));
	read_node_list("has_cpu", cpu, sizeof(cpu));
	for (int node = 0; !error && node < MAX_NODES; node++) {
		struct hs_snap_node row = {
			.node = node, .is_online = is_listed(online, node), .has_memory = is_listed(memory, node),
			.has_normal_memory = is_listed(normal, node), .has_cpu = is_listed(cpu, node),
		};

		if (is_listed(possible, node))
			error = hs_capture_add(capture, HS_KIND_snap_node, &row);
	}
	return error;
}

/* /proc/iomem: what begins with "System RAM" at the top level; ends are inclusive there. Without rights all is 0. */
static int add_resources(struct hs_capture *capture)
{
	hs_auto_file FILE *file = fopen("/proc/iomem", "re");
	char line[256], name[128];
	uint64_t start, last;
	int error = 0;

	while (file && !error && fgets(line, sizeof(line), file)) {
		struct hs_snap_resource row;

		if (*line == ' ' || sscanf(line, "%" SCNx64 "-%" SCNx64 " : %127[^\n]", &start, &last, name) != 3 ||
		    strncmp(name, "System RAM", 10) || !last)
			continue;
		row = (struct hs_snap_resource){ .start = start, .end = last + 1, .name = text_of(name) };
		error = hs_capture_add(capture, HS_KIND_snap_resource, &row);
	}
	return error;
}

static int add_vmstat(struct hs_capture *capture)
{
	hs_auto_file FILE *file = fopen("/proc/vmstat", "re");
	char line[256], name[64];
	uint64_t value;
	int error = 0;

	while (file && !error && fgets(line, sizeof(line), file)) {
		struct hs_snap_vmstat row;

		if (sscanf(line, "%63s %" SCNu64, name, &value) != 2)
			continue;
		row = (struct hs_snap_vmstat){ .name = text_of(name), .value = value };
		error = hs_capture_add(capture, HS_KIND_snap_vmstat, &row);
	}
	return error;
}

int hs_snapshot_host(struct hs_capture *capture, const struct hs_memory_tables *tables)
{
	int error = add_zones(capture, tables);

	if (!error)
		error = add_nodes(capture);
	if (!error)
		error = add_resources(capture);
	return error ? error : add_vmstat(capture);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Words of the kernel's command line that rules about memory look at, and no file shows. */
static int describe_boot(struct hs_header *header)
{
	char line[4096] = " ";

	if (hs_text_file_read("/proc/cmdline", line + 1, sizeof(line) - 2) < 0)
		return 0;
	strcat(line, " ");
	return hs_header_add_attribute(header, "boot.movable_node", strstr(line, " movable_node ") ? "yes" : "no");
}

int hs_describe_host(struct hs_header *header)
{
	struct utsname host;
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	uname(&host);
	header->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	header->huge_page_bytes =
		(uint64_t)hs_text_file_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", 10, 0);
	header->block_bytes = (uint64_t)hs_text_file_number("/sys/devices/system/memory/block_size_bytes", 16, 0);
	header->wall_offset = clock_ns(CLOCK_REALTIME) - now;
	header->boot_wall = header->wall_offset;
	header->start_time = now;
	header->nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (hs_header_set(&header->kernel, host.release) || hs_header_set(&header->kernel_version, host.version) ||
	    hs_header_set(&header->arch, host.machine) || hs_header_set(&header->hostname, host.nodename) ||
	    hs_header_set(&header->clock, "boottime"))
		return -ENOMEM;
	return describe_boot(header);
}
