/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RINGS_H
#define HS_RINGS_H
/*
 * The consumer's side of the rings (bpf/event.h): records of all CPUs in time order.
 *
 * A pass: hs_rings_scan, hs_rings_next until NULL, hs_rings_release. Records stay in the ring until the pass
 * that hands them out is released. A record is handed out only when no earlier one can come any more: its time
 * is at or before the watermark, the clock as it was before the oldest CPU that is read up to its head was
 * read. A ring whose program was stopped in the middle of a record holds the others back, until one of them is
 * half full; then order is given up before events are, and the latecomer gets the time of its predecessor.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"
#include "lib/error.h"

struct hs_rings;

/* memory: nr_cpus elements of element_bytes, borrowed; the data part is ring_bytes, a power of two. */
int hs_rings_create(void *memory, unsigned int nr_cpus, size_t element_bytes, uint64_t ring_bytes,
		    struct hs_rings **out, struct hs_error *err);
void hs_rings_destroy(struct hs_rings *rings);

/* Looks at what is new; now_ns: the records' clock, read before the call. 0 or -ENOMEM. */
int hs_rings_scan(struct hs_rings *rings, uint64_t now_ns);

/* All that has been scanned may be handed out: no program runs any more. */
void hs_rings_finish(struct hs_rings *rings);

/* Times up to here are complete: what else has a time before it may be put in order now. */
uint64_t hs_rings_watermark(const struct hs_rings *rings);

/* Next record in time order, or NULL. Valid until the release. Its cpu goes to *cpu unless NULL. */
const struct hs_record *hs_rings_next(struct hs_rings *rings, unsigned int *cpu);

/* Makes room for new records. */
void hs_rings_release(struct hs_rings *rings);

/* Fill of the fullest ring at the last scan, 0 … 1. */
double hs_rings_fill(const struct hs_rings *rings);

/* Records reserved by the programs, and handed out, since the start; equal at the end of a recording. */
uint64_t hs_rings_reserved(const struct hs_rings *rings);
uint64_t hs_rings_consumed(const struct hs_rings *rings);

/* Losses counted by the programs so far. */
uint64_t hs_rings_lost(const struct hs_rings *rings, unsigned int cpu, unsigned int source, enum hs_ring_loss cause);
unsigned int hs_rings_nr_cpus(const struct hs_rings *rings);

#endif
