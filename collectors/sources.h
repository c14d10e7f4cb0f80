/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SOURCES_H
#define HS_SOURCES_H
/*
 * What can be recorded and by which probes, best rung first. To add a rung: write the programs in bpf/, name
 * them here.
 */
#include <stdbool.h>
#include <stddef.h>

#include "bpf/event.h"
#include "collectors/kernel_btf.h"
#include "lib/error.h"

/* A BPF program of bpf/, by its name. */
struct hs_probe {
	const char *program;
	const char *instead;	/* tried when that one cannot be used, or NULL */
	bool is_required;	/* the rung stands or falls with it */
	bool is_identity;	/* also needed when its source is not recorded: who is who */
	const char *gives;	/* what is missing without it, for messages */
};

struct hs_rung {
	const char *name;			/* "fentry", "kprobe", "tracepoint", "polling", "smi" */
	const struct hs_probe *probes;		/* terminated by program == NULL */
	const char *instead_of;			/* what a better rung would give and this one does not; may be "" */
	/* Beside the probes: 0, or -errno with what the rung needs and this host lacks. NULL: it needs nothing else. */
	int (*check)(struct hs_kernel_btf *types, struct hs_error *why);
};
enum { HS_MAX_RUNGS = 4 };		/* of a source, its end included */

struct hs_source_spec {
	const char *name;			/* "fault" */
	enum hs_ring_source ring;
	const struct hs_rung *rungs;		/* terminated by name == NULL */
	bool is_rare;				/* needs hardware that few hosts have: its absence is no news */
};

/* HS_NR_RING_SOURCES entries, indexed by enum hs_ring_source. */
extern const struct hs_source_spec hs_sources[HS_NR_RING_SOURCES];

/* Index of a source by name, or -1. */
int hs_source_spec_find(const char *name);

/* "ring_full", …: the cause as meta.lost names it. */
const char *hs_ring_loss_name(enum hs_ring_loss cause);

#endif
