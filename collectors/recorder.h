/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RECORDER_H
#define HS_RECORDER_H
/*
 * A recording: probes, rings and trace file. The caller has the loop:
 *
 *   hs_recorder_open → hs_recorder_begin → hs_recorder_step … → hs_recorder_end → hs_recorder_close
 *
 * Changes nothing on the host.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collectors/probes.h"
#include "lib/error.h"

struct hs_recorder_options {
	const char *path;		/* of the trace file; "-": standard output */
	const char *command_line;	/* for the header */
	unsigned int sources;		/* bit per enum hs_ring_source */
	const char *rung;		/* see struct hs_probes_options */
	uint64_t ring_bytes;		/* per CPU, a power of two; 0: what suits this machine */
	const pid_t *tgids;		/* filter by process, children followed; nr_tgids 0: no such filter */
	size_t nr_tgids;
	const char *cgroup;		/* directory of a cgroup (version 2), or NULL */
	const uint8_t *closed_cpus;	/* see struct hs_probes_options */
	uint64_t time_step;		/* ns, 0: 1 */
	uint64_t checkpoint_ns;		/* snapshots this often; 0: only at the start */
};

struct hs_recorder;

int hs_recorder_open(const struct hs_recorder_options *options, struct hs_recorder **out, struct hs_error *err);

/* Takes the first snapshot: of the host, and of all recorded processes but `but` (0: none). */
int hs_recorder_begin(struct hs_recorder *recorder, pid_t but, struct hs_error *err);

/* Takes a snapshot of a process that stands still behind its exec. */
int hs_recorder_take_process(struct hs_recorder *recorder, pid_t tgid, struct hs_error *err);

/* Writes what the rings hold, polls what is due. Once a second all is flushed to the file: a crash loses no more. */
int hs_recorder_step(struct hs_recorder *recorder, struct hs_error *err);

/* How long to wait before the next step, ms: so that the rings stay mostly empty and an idle host is left alone. */
int hs_recorder_patience(const struct hs_recorder *recorder);

/* A descriptor worth a step when it becomes readable, or -1. */
int hs_recorder_fd(const struct hs_recorder *recorder);

/* True while a process that is filtered for is alive, or no such filter is set. */
bool hs_recorder_has_targets(const struct hs_recorder *recorder);

/* Detaches, writes the rest, completes the file. */
int hs_recorder_end(struct hs_recorder *recorder, struct hs_error *err);

/* Without end: leaves the file as a crash would. NULL is fine. */
void hs_recorder_close(struct hs_recorder *recorder);

struct hs_recorder_source_totals {
	bool is_wanted;			/* asked for */
	bool is_recorded;		/* and a rung works */
	const char *rung;		/* NULL: none */
	const char *detail;
	uint64_t written, lost;		/* events; seen is their sum */
};

struct hs_recorder_totals {
	struct hs_recorder_source_totals sources[HS_NR_RING_SOURCES];
	uint64_t seen, written, lost;	/* events of the probes */
	uint64_t rows;			/* all rows in the file, snapshots and ids included */
	uint64_t bytes;			/* of the file so far */
	uint64_t cpu_ns;		/* of this process since open */
	uint64_t elapsed_ns;
	uint64_t ring_bytes;		/* per CPU */
	double fill, max_fill;		/* of the fullest ring: now, and at its fullest */
	/*
	 * Counted apart from the rows: records that the programs reserved, and that came out of the rings.
	 * is_verified: they are equal, and every row was accepted by the writer.
	 */
	uint64_t reserved, consumed;
	bool is_verified;
};
void hs_recorder_get_totals(const struct hs_recorder *recorder, struct hs_recorder_totals *totals);

/* For -v. Valid until close. */
const struct hs_probes *hs_recorder_probes(const struct hs_recorder *recorder);

#endif
