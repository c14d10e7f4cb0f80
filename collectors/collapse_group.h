/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COLLAPSE_GROUP_H
#define HS_COLLAPSE_GROUP_H
/*
 * Gives the collapse events their addresses. The tracepoints say none, but in one task the events of a range
 * come in a row (swapin, isolate, end of the attempt, scan), and some of them tell: the index of a folio that
 * is still isolated, the arguments of madvise(MADV_COLLAPSE), the argument of the file collapse. Rows wait here
 * until the scan's event ends their group, then all of them know.
 */
#include <stdint.h>

#include "bpf/event.h"
#include "collectors/identity.h"
#include "collectors/kernel_names.h"
#include "collectors/sink.h"

/* How an address became known: column address_basis. */
enum hs_address_basis {
	HS_ADDRESS_UNKNOWN, HS_ADDRESS_ARGUMENT, HS_ADDRESS_PAGE_INDEX, HS_ADDRESS_CURSOR, HS_ADDRESS_SYSCALL,
	HS_ADDRESS_IN_ORDER,
};

struct hs_collapse_groups;

/* sink and names are borrowed. */
int hs_collapse_groups_create(struct hs_sink *sink, const struct hs_kernel_names *names,
			      struct hs_collapse_groups **out, struct hs_error *err);
void hs_collapse_groups_destroy(struct hs_collapse_groups *groups);

/*
 * A record of the collapse source, in time order; task and mm are its ids, which no row before earliest may
 * use. Returns the number of rows made.
 */
unsigned int hs_collapse_groups_add(struct hs_collapse_groups *groups, const struct hs_record *record, uint32_t task,
				    uint32_t mm, uint64_t earliest);

/* Everything up to watermark was added: writes the rows that nothing can change any more. */
void hs_collapse_groups_settle(struct hs_collapse_groups *groups, uint64_t watermark);

#endif
