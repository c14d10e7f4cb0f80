/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_PROBES_H
#define HS_PROBES_H
/*
 * The BPF object, loaded and attached: the best rung of each wanted source that really works here. A rung is
 * judged by trying it; what fails is left out, and why is kept.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/event.h"
#include "collectors/sources.h"
#include "collectors/targets.h"
#include "lib/error.h"

struct hs_probes_options {
	unsigned int sources;		/* bit per enum hs_ring_source */
	const char *rung;		/* begin each ladder at this rung where it has it; NULL: at the best */
	bool only_this_rung;		/* with rung: no other (doctor) */
	uint64_t ring_bytes;		/* per CPU; a power of two, HS_RING_MIN_BYTES … HS_RING_MAX_BYTES */
	bool filter_by_tgid;
	int cgroup_fd;			/* -1: no filter by cgroup */
	const uint8_t *closed_cpus;	/* nr_cpus entries, 1: not recorded; NULL: all are */
	uint64_t skipped_callback;	/* address of a notifier callback not to record; 0: none */
};

/* What came of one program. */
struct hs_probe_verdict {
	const char *program;
	const char *target;		/* "tp_btf/page_fault_user" */
	bool was_tried, works;
	char *reason;			/* why it does not work; owned, may be NULL: ask hs_probe_reason */
	char *log;			/* what libbpf and the verifier said; owned, may be NULL */
};

struct hs_probes;

/* Why a program does not work; "unknown" when there was no memory for it, or it works. */
const char *hs_probe_reason(const struct hs_probe_verdict *verdict);

/*
 * Loads and attaches. Sources without a working rung are left out (hs_probes_rung is NULL); it is an error
 * only if the kernel refuses BPF altogether: -EOPNOTSUPP (no privilege, no BTF), with the sentence.
 */
int hs_probes_open(const struct hs_probes_options *options, struct hs_probes **out, struct hs_error *err);
/* Detaches all; the rings stay readable. */
void hs_probes_detach(struct hs_probes *probes);
void hs_probes_close(struct hs_probes *probes);

/* Rung that source ended on, or NULL. */
const struct hs_rung *hs_probes_rung(const struct hs_probes *probes, enum hs_ring_source source);
/* Why a rung of a wanted source needs more than this host has; NULL: it does not. Valid as long as probes. */
const struct hs_error *hs_probes_refusal(const struct hs_probes *probes, enum hs_ring_source source,
					 const struct hs_rung *rung);
/* One sentence: what is missing in that rung and why the better ones failed. Valid as long as probes. */
const char *hs_probes_detail(const struct hs_probes *probes, enum hs_ring_source source);
/* Verdict on a program by name; NULL: no such program. */
const struct hs_probe_verdict *hs_probes_verdict(const struct hs_probes *probes, const char *program);
size_t hs_probes_nr_verdicts(const struct hs_probes *probes);
const struct hs_probe_verdict *hs_probes_verdict_at(const struct hs_probes *probes, size_t index);

/* The rings: nr_cpus elements of element_bytes, mapped read-write. */
void *hs_probes_rings(const struct hs_probes *probes, unsigned int *nr_cpus, size_t *element_bytes);

/* Marks a process as wanted (filter_by_tgid), or as not. */
void hs_probes_want(struct hs_probes *probes, pid_t tgid);
void hs_probes_forget(struct hs_probes *probes, pid_t tgid);
bool hs_probes_wants(const struct hs_probes *probes, pid_t tgid);
/* True while some process is marked; programs unmark those that exit. */
bool hs_probes_want_any(const struct hs_probes *probes);
/* Appends the marked processes. 0 or -ENOMEM. */
int hs_probes_list_wanted(const struct hs_probes *probes, hs_pid_list *pids);

/* Descriptor to read struct hs_task_entry's from, one per task, or -errno. Marks address spaces on the way. */
int hs_probes_list_tasks(struct hs_probes *probes);

/*
 * How often a program ran, while the kernel counted: from hs_probes_count_runs until its descriptor is closed.
 * Counting is the kernel's (BPF_ENABLE_STATS, of all programs); -errno without CAP_SYS_ADMIN.
 */
int hs_probes_count_runs(void);
uint64_t hs_probes_runs(const struct hs_probes *probes, const char *program);

/*
 * One entry of a table of the kernel's, by entry's key and extent (bpf/hotplug_tables.bpf.c): 0, -ENOENT: there is no
 * such, or -ENOTSUP: it cannot be read here.
 */
enum hs_table { HS_TABLE_BLOCKS, HS_TABLE_ZONES, HS_TABLE_GROUPS };
int hs_probes_read_table(const struct hs_probes *probes, enum hs_table table, struct hs_table_entry *entry);

/* How often programs of a source could not run because they were running (bpf_prog_info.recursion_misses). */
uint64_t hs_probes_recursion_misses(const struct hs_probes *probes, enum hs_ring_source source);

#endif
