/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_SHARED_RING_H
#define BENCH_SHARED_RING_H
/* What shared_ring.bpf.c writes for each fault: as much as the recorder's own record of one. */

struct shared_fault {
	unsigned long long time, mm, address, ip;
	unsigned int tid, error_code;
};

#endif
