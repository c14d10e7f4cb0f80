/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PAGE_SCAN_H
#define HS_PAGE_SCAN_H
/*
 * Page occupancy of another process: by the PAGEMAP_SCAN ioctl where the kernel has it (it skips what is not
 * mapped), else by reading /proc/PID/pagemap and /proc/kpageflags, which cannot tell a huge mapping from the
 * same page mapped small: there 512 pages of one aligned huge page in a row count as mapped huge.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/bitmap512.h"

/* One 2 MiB range with at least one page that is not empty. */
struct hs_page_range {
	uint64_t address;
	int is_huge;			/* mapped by one huge page */
	struct hs_bitmap512 present, swap, zero, file;
};

typedef int (*hs_page_visit)(void *context, const struct hs_page_range *range);

struct hs_page_scan;

/* 0 or -errno (-ENOENT, -ESRCH: no such process any more; -EACCES, -EPERM). */
int hs_page_scan_open(pid_t pid, struct hs_page_scan **out);
void hs_page_scan_close(struct hs_page_scan *scan);

/*
 * Looks at [start, end); calls must go upwards. A range is visited when all of it has been seen, so that two
 * mappings that share one give one visit: the last one comes with hs_page_scan_finish. What visit returns
 * other than 0 ends the scan.
 */
int hs_page_scan_visit(struct hs_page_scan *scan, uint64_t start, uint64_t end, hs_page_visit visit, void *context);
int hs_page_scan_finish(struct hs_page_scan *scan, hs_page_visit visit, void *context);

/* Nothing is paid where there are no page tables (the ioctl); else each page that could be mapped is asked for. */
bool hs_page_scan_skips_empty(const struct hs_page_scan *scan);

/* "pagemap_scan" or "pagemap": for the trace's header. */
const char *hs_page_scan_method(const struct hs_page_scan *scan);

#endif
