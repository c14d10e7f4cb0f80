// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/snapshot_process.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "collectors/page_scan.h"
#include "collectors/text_file.h"
#include "lib/cleanup.h"
#include "traces/vma_flags.h"

enum { PAGE_BYTES = 4096, KIB_PER_PAGE = 4 };

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

struct counter {
	const char *name;
	size_t offset;		/* of a u64 in struct hs_snap_mm */
};

/* Lines "Name:  123 kB" of /proc/PID/status. */
static const struct counter counters[] = {
	{ "VmSize", offsetof(struct hs_snap_mm, total_vm) },
	{ "VmLck", offsetof(struct hs_snap_mm, locked_vm) },
	{ "VmPeak", offsetof(struct hs_snap_mm, hiwater_vm) },
	{ "VmHWM", offsetof(struct hs_snap_mm, hiwater_rss) },
	{ "RssAnon", offsetof(struct hs_snap_mm, rss_anon) },
	{ "RssFile", offsetof(struct hs_snap_mm, rss_file) },
	{ "RssShmem", offsetof(struct hs_snap_mm, rss_shmem) },
	{ "VmSwap", offsetof(struct hs_snap_mm, swap) },
};

static void take_counter(struct hs_snap_mm *row, const char *name, uint64_t kib)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (strcmp(name, counters[i].name) == 0)
			*(uint64_t *)(void *)((char *)row + counters[i].offset) = kib / KIB_PER_PAGE;
	if (strcmp(name, "THP_enabled") == 0)
		row->thp_disable = kib == 0;
}

static int read_status(struct hs_snap_mm *row, pid_t pid)
{
	hs_auto_file FILE *file = open_proc(pid, "status");
	char line[256], name[32];
	uint64_t kib, capabilities;

	if (!file)
		return -errno;
	row->thp_disable = 255;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %" SCNx64, &capabilities) == 1)
			row->may_lock = capabilities >> CAP_IPC_LOCK & 1;
		else if (sscanf(line, "%31[^:]: %" SCNu64, name, &kib) == 2)
			take_counter(row, name, kib);
	return row->total_vm ? 0 : -ENODATA;
}

struct limit {
	const char *name;
	size_t offset;
};

/* Lines "Max data size   SOFT   HARD   bytes" of /proc/PID/limits. */
static const struct limit limits[] = {
	{ "Max data size", offsetof(struct hs_snap_mm, limit_data) },
	{ "Max stack size", offsetof(struct hs_snap_mm, limit_stack) },
	{ "Max locked memory", offsetof(struct hs_snap_mm, limit_memlock) },
	{ "Max address space", offsetof(struct hs_snap_mm, limit_as) },
};

static void take_limit(struct hs_snap_mm *row, const char *line)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t length = strlen(limits[i].name);
		uint64_t *value = (uint64_t *)(void *)((char *)row + limits[i].offset);

		if (strncmp(line, limits[i].name, length) == 0 && sscanf(line + length, " %" SCNu64, value) != 1)
			*value = UINT64_MAX;	/* unlimited */
	}
}

static void read_limits(struct hs_snap_mm *row, pid_t pid)
{
	hs_auto_file FILE *file = open_proc(pid, "limits");
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		take_limit(row, line);
	row->has_limits = 1;
}

/* Field 47 of /proc/PID/stat; the name in field 2 may contain blanks and parentheses. */
static uint64_t read_start_brk(pid_t pid)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (hs_text_file_read(path, text, sizeof(text)) <= 0 || !(at = strrchr(text, ')')))
		return 0;
	for (int field = 2; field < 47 && at; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* A mapping of smaps being read. */
struct vma {
	struct hs_snap_vma row;
	uint64_t pages_kib;		/* resident and swapped out */
	char name[4096];
	bool is_valid;
};

struct walk {
	struct hs_capture *capture;
	struct hs_page_scan *scan;
	struct vma vma;
	uint64_t heap_end;
};

static struct hs_bytes bitmap(const struct hs_bitmap512 *map)
{
	return (struct hs_bytes){ map->word, hs_bitmap512_is_empty(map) ? 0 : sizeof(map->word) };
}

static int add_pages(void *context, const struct hs_page_range *range)
{
	struct walk *walk = context;
	struct hs_snap_pages row = {
		.address = range->address, .huge = (uint8_t)range->is_huge, .swap = bitmap(&range->swap),
		.zero = bitmap(&range->zero), .file = bitmap(&range->file),
	};

	if (!range->is_huge)
		row.present = bitmap(&range->present);
	return hs_capture_add(walk->capture, HS_KIND_snap_pages, &row);
}

/*
 * smaps counts no zero pages. Where the scan does not skip empty page tables, memory that may not be read, which is
 * how much is reserved at once, is taken to have none.
 */
static bool may_have_pages(const struct walk *walk, const struct vma *vma)
{
	return vma->pages_kib || vma->row.prot & PROT_READ || hs_page_scan_skips_empty(walk->scan);
}

static int finish_vma(struct walk *walk)
{
	struct vma *vma = &walk->vma;
	int error;

	if (!vma->is_valid)
		return 0;
	vma->is_valid = false;
	vma->row.name = (struct hs_bytes){ vma->name, (uint32_t)strlen(vma->name) };
	if (strcmp(vma->name, "[heap]") == 0)
		walk->heap_end = vma->row.end;
	error = hs_capture_add(walk->capture, HS_KIND_snap_vma, &vma->row);
	/* [vsyscall] lies outside of the user's half, and has no page table that could be asked. */
	if (error || !may_have_pages(walk, vma) || (int64_t)vma->row.start < 0)
		return error;
	return hs_page_scan_visit(walk->scan, vma->row.start, vma->row.end, add_pages, walk);
}

static uint32_t prot_of(const char *permissions)
{
	return (permissions[0] == 'r' ? PROT_READ : 0) | (permissions[1] == 'w' ? PROT_WRITE : 0) |
	       (permissions[2] == 'x' ? PROT_EXEC : 0);
}

/* "start-end rwxp offset major:minor inode   name"; false: another line. */
static bool start_vma(struct vma *vma, const char *line)
{
	uint64_t start, end, offset, inode;
	unsigned int major_number, minor_number;
	char permissions[8];
	int name_at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n", &start, &end, permissions,
		   &offset, &major_number, &minor_number, &inode, &name_at) != 7)
		return false;
	*vma = (struct vma){ .is_valid = true };
	vma->row.start = start;
	vma->row.end = end;
	vma->row.prot = prot_of(permissions);
	vma->row.pgoff = offset / PAGE_BYTES;
	vma->row.inode = inode;
	vma->row.device = (uint32_t)makedev(major_number, minor_number);
	snprintf(vma->name, sizeof(vma->name), "%s", line + name_at);
	vma->name[strcspn(vma->name, "\n")] = '\0';
	return true;
}

static void take_detail(struct vma *vma, const char *line)
{
	char name[32];
	uint64_t kib;

	if (strncmp(line, "VmFlags:", 8) == 0)
		vma->row.vm_flags = hs_vma_flags_parse(line + 8);
	if (sscanf(line, "%31[^:]: %" SCNu64, name, &kib) != 2)
		return;
	if (strcmp(name, "AnonHugePages") == 0)
		vma->row.anon_huge = kib * 1024;
	if (strcmp(name, "Rss") == 0 || strcmp(name, "Swap") == 0)
		vma->pages_kib += kib;
}

static int walk_mappings(struct walk *walk, pid_t pid)
{
	hs_auto_file FILE *file = open_proc(pid, "smaps");
	struct vma next;
	char line[4400];
	int error = 0;

	if (!file)
		return -errno;
	while (!error && fgets(line, sizeof(line), file)) {
		if (start_vma(&next, line)) {
			error = finish_vma(walk);
			walk->vma = next;
		} else {
			take_detail(&walk->vma, line);
		}
	}
	error = error ? error : ferror(file) ? -ESRCH : finish_vma(walk);
	return error ? error : hs_page_scan_finish(walk->scan, add_pages, walk);
}

int hs_snapshot_process(struct hs_capture *capture, pid_t pid)
{
	struct walk *walk;
	struct hs_snap_mm row = { 0 };
	int error = read_status(&row, pid);

	if (error)
		return error == -ENODATA ? 0 : error;
	read_limits(&row, pid);
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk->capture = capture;
	error = hs_page_scan_open(pid, &walk->scan);
	if (!error)
		error = walk_mappings(walk, pid);
	row.start_brk = read_start_brk(pid);
	row.brk = walk->heap_end ? walk->heap_end : row.start_brk;
	if (!error)
		error = hs_capture_add(capture, HS_KIND_snap_mm, &row);
	hs_page_scan_close(walk->scan);
	free(walk);
	return error;
}
