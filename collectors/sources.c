// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/sources.h"

#include <string.h>

#include "collectors/gpu_driver.h"
#include "collectors/smi_stream.h"

#define REQUIRED .is_required = true
#define IDENTITY .is_identity = true
#define END { .program = NULL }

#define FAULT_TRACEPOINTS \
	{ "fault_user", "fault_user_raw", REQUIRED, .gives = "faults in user mode" }, \
	{ "fault_kernel", "fault_kernel_raw", .gives = "faults of the kernel on user memory" }

static const struct hs_probe fault_fentry[] = {
	{ "fault_entered", REQUIRED, .gives = "mappings of faults, and how long they took" },
	{ "fault_handled", REQUIRED, .gives = "results, and faults taken by get_user_pages" },
	FAULT_TRACEPOINTS,
	END
};
static const struct hs_probe fault_kprobe[] = {
	{ "fault_handled_kprobe", REQUIRED, .gives = "faults taken by get_user_pages" }, FAULT_TRACEPOINTS, END
};
static const struct hs_probe fault_tracepoint[] = { FAULT_TRACEPOINTS, END };

static const struct hs_rung fault_rungs[] = {
	{ "fentry", fault_fentry, .instead_of = "" },
	{ "kprobe", fault_kprobe, .instead_of = "results and durations of faults, whether a huge page was mapped" },
	{ "tracepoint", fault_tracepoint,
	  .instead_of = "results, durations and mappings of faults, whether a huge page was mapped, "
			"faults taken by get_user_pages" },
	{ .name = NULL },
};

static const struct hs_probe mm_tracepoint[] = {
	{ "syscall_exit", REQUIRED, .gives = "system calls" },
	{ "syscall_enter", .gives = "durations of system calls" },
	{ "task_new", IDENTITY, REQUIRED, .gives = "forks" },
	{ "task_exec", IDENTITY, REQUIRED, .gives = "execs" },
	{ "task_exit", IDENTITY, REQUIRED, .gives = "exits" },
	{ "mm_exit", IDENTITY, REQUIRED, .gives = "ends of address spaces" },
	{ "task_renamed", IDENTITY, .gives = "new names of tasks" },
	END
};

static const struct hs_rung mm_rungs[] = {
	{ "tracepoint", mm_tracepoint, .instead_of = "mappings made inside the kernel (exec, shmat, drivers)" },
	{ .name = NULL },
};

#define NOTIFIER_KVM_PAGES \
	{ "kvm_set_spte", .gives = "pages that KVM is given anew" }, \
	{ "kvm_age", .gives = "ranges whose accessed bits KVM clears" }, \
	{ "kvm_test_age", .gives = "addresses whose accessed bit KVM tests" }

static const struct hs_probe notifier_fentry[] = {
	{ "section_start", REQUIRED, .gives = "invalidations" },
	{ "section_end", REQUIRED, .gives = "ends of invalidations" },
	{ "notifier_registered", .gives = "new listeners" },
	{ "notifier_unregistered", .gives = "listeners that leave" },
	{ "notifier_put", .gives = "shared listeners that leave" },
	{ "interval_inserted", .gives = "new intervals" },
	{ "interval_removed", .gives = "removed intervals" },
	{ "young_clear_flushed", .gives = "answers about accessed bits that are cleared and flushed" },
	{ "young_cleared", .gives = "answers about accessed bits that are cleared" },
	{ "young_tested", .gives = "answers about accessed bits" },
	{ "subscriptions_destroyed", .gives = "ends of what is kept for listeners that outlive an address space" },
	{ "notifiers_released", .gives = "ends of address spaces that are listened to" },
	{ "kvm_unmap", .gives = "invalidations that reach KVM" },
	NOTIFIER_KVM_PAGES,
	END
};
static const struct hs_probe notifier_kprobe[] = {
	{ "section_start_kprobe", REQUIRED, .gives = "invalidations" },
	{ "section_end_kprobe", REQUIRED, .gives = "ends of invalidations" },
	{ "kvm_unmap", .gives = "invalidations that reach KVM" },
	NOTIFIER_KVM_PAGES,
	END
};
static const struct hs_probe notifier_tracepoint[] = {
	{ "kvm_unmap", REQUIRED, .gives = "invalidations that reach KVM" },
	NOTIFIER_KVM_PAGES,
	END
};

static const struct hs_rung notifier_rungs[] = {
	{ "fentry", notifier_fentry, .instead_of = "" },
	{ "kprobe", notifier_kprobe, .instead_of = "refusals and answers of listeners, who listens" },
	{ "tracepoint", notifier_tracepoint,
	  .instead_of = "notifiers other than KVM's, the operation, the end of a section, refusals, who listens" },
	{ .name = NULL },
};

#define COLLAPSE_TRACEPOINTS \
	{ "collapse_scan", REQUIRED, .gives = "scanned ranges" }, \
	{ "collapse_attempt", REQUIRED, .gives = "attempts to collapse" }, \
	{ "collapse_isolate", .gives = "results of isolation" }, \
	{ "collapse_swapin", .gives = "pages swapped in" }, \
	{ "collapse_scan_file", .gives = "scans of files" }, \
	{ "collapse_file", .gives = "collapses of files" }, \
	{ "collapse_visit", .gives = "visits to address spaces" }

/* Where functions can be probed; kprobes see no results. */
#define COLLAPSE_FUNCTIONS(suffix) \
	{ "mm_registered" suffix, .gives = "address spaces put on khugepaged's list" }, \
	{ "mm_unregistered" suffix, .gives = "address spaces taken off khugepaged's list" }, \
	{ "pmd_split" suffix, .gives = "huge PMDs split" }, \
	{ "pmd_zapped" suffix, .gives = "huge PMDs zapped" }, \
	{ "pass_began" suffix, .gives = "when khugepaged's passes begin" }

#define COLLAPSE_DETACHED { "range_detached", .gives = "page tables as isolation saw them" }

static const struct hs_probe collapse_fentry[] = {
	{ "range_entered", "range_entered_single", REQUIRED, .gives = "page tables as the scan saw them" },
	COLLAPSE_DETACHED,
	COLLAPSE_FUNCTIONS(""),
	{ "file_entered", "file_entered_short", .gives = "the page cache as scans of files saw it" },
	{ "huge_page_allocated", "huge_folio_allocated", .gives = "huge pages asked for" },
	{ "range_swapped_in", .gives = "why a swap-in failed" },
	{ "setting_written", .gives = "settings of huge pages as they are written" },
	{ "setting_write_entered", .gives = "when writes of settings began" },
	COLLAPSE_TRACEPOINTS,
	END
};
static const struct hs_probe collapse_kprobe[] = {
	{ "range_entered_kprobe", REQUIRED, .gives = "page tables as the scan saw them" },
	COLLAPSE_DETACHED,
	COLLAPSE_FUNCTIONS("_kprobe"),
	{ "file_entered_kprobe", .gives = "the page cache as scans of files saw it" },
	COLLAPSE_TRACEPOINTS,
	END
};
static const struct hs_probe collapse_tracepoint[] = { COLLAPSE_TRACEPOINTS, END };

static const struct hs_rung collapse_rungs[] = {
	{ "fentry", collapse_fentry, .instead_of = "" },
	{ "kprobe", collapse_kprobe,
	  .instead_of = "whether huge pages could be had, why a swap-in failed, settings as they are written" },
	{ "tracepoint", collapse_tracepoint,
	  .instead_of = "page tables as the scan saw them, the daemon's position, settings as they are written" },
	{ .name = NULL },
};

static const struct hs_probe hotplug_fentry[] = {
	{ "block_online_left", REQUIRED, .gives = "results of blocks going online" },
	{ "block_online_entered", REQUIRED, .gives = "blocks before they go online" },
	{ "block_offline_left", REQUIRED, .gives = "results of blocks going offline" },
	{ "block_offline_entered", REQUIRED, .gives = "blocks before they go offline" },
	{ "zone_chosen", .gives = "zones chosen" },
	{ "range_isolated", .gives = "results of isolation" },
	{ "isolation_tested", .gives = "tests of isolation" },
	{ "any_chain_run", .gives = "MEM_PREPARE_ONLINE, MEM_FINISH_OFFLINE and the nodes' chain" },
	{ "chain_run", .gives = "runs of the memory notifier chain" },
	{ "page_refused", .gives = "pages that keep a block from going offline" },
	{ "device_written", .gives = "writes to files of memory blocks" },
	{ "device_write_entered", .gives = "how long writes took" },
	{ "parameter_written", .gives = "writes to parameters of memory_hotplug" },
	{ "parameter_write_entered", .gives = "how long writes to parameters took" },
	{ "device_read", .gives = "what files of memory blocks showed" },
	{ "parameter_read", .gives = "what parameters of memory_hotplug showed" },
	{ "static_group_registered", .gives = "new static groups" },
	{ "dynamic_group_registered", .gives = "new dynamic groups" },
	{ "group_unregistered", .gives = "groups that leave" },
	{ "blocks_created", .gives = "devices of blocks made" },
	{ "blocks_removed", .gives = "devices of blocks removed" },
	{ "add_left", .gives = "memory added" },
	{ "add_entered", .gives = "how long adding memory took" },
	{ "outer_add_left", .gives = "memory refused before it has a resource" },
	{ "outer_add_entered", .gives = "which of nested calls refused it" },
	{ "locked_add_left", .gives = "memory that other drivers were refused" },
	{ "locked_add_entered", .gives = "which of their nested calls refused it" },
	{ "driver_add_left", .gives = "memory that drivers manage and were refused" },
	{ "driver_add_entered", .gives = "which of the drivers' calls refused it" },
	{ "remove_left", .gives = "memory removed" },
	{ "remove_entered", .gives = "how long removing memory took" },
	{ "offline_remove_left", .gives = "memory that drivers take away" },
	{ "offline_remove_entered", .gives = "how long drivers took to take memory away" },
	{ "page_soft_offlined", .gives = "pages put out of service" },
	{ "page_soft_offline_entered", .gives = "counts of pages put out of service" },
	{ "page_failed", .gives = "poisoned pages" },
	{ "page_failure_entered", .gives = "counts of poisoned pages" },
	{ "page_unpoisoned", .gives = "pages back in service" },
	{ "page_unpoison_entered", .gives = "counts of pages back in service" },
	{ "read_block", .gives = "what blocks hold beside their files" },
	{ "read_zone", .gives = "early pages of zones" },
	{ "read_group", .gives = "groups that were there before" },
	END
};
static const struct hs_probe hotplug_tracepoint[] = {
	{ "notifier_run", REQUIRED, .gives = "runs of notifier chains" }, END
};
static const struct hs_probe no_probes[] = { END };

/* Uevents and block states come with every rung: collectors/memory_blocks.c. */
static const struct hs_rung hotplug_rungs[] = {
	{ "fentry", hotplug_fentry, .instead_of = "" },
	{ "tracepoint", hotplug_tracepoint,
	  .instead_of = "steps between a block's states, zones chosen, results of requests" },
	{ "polling", no_probes, .instead_of = "runs of notifier chains, steps between a block's states" },
	{ .name = NULL },
};

static const struct hs_probe svm_fentry[] = {
	{ "gpu_fault_began", REQUIRED, .gives = "GPU faults" },
	{ "gpu_fault_ended", REQUIRED, .gives = "ends of GPU faults" },
	{ "migration_began", "migration_began_kprobe", REQUIRED, .gives = "migrations" },
	{ "migration_ended", "migration_ended_kprobe", REQUIRED, .gives = "ends of migrations" },
	{ "queues_evicted", REQUIRED, .gives = "stops of queues" },
	{ "queues_restored", REQUIRED, .gives = "restarts of queues" },
	{ "gpu_unmapped", REQUIRED, .gives = "unmaps from GPUs" },
	{ "restore_put_off", .gives = "restarts that are put off" },
	{ "access_failed", .gives = "accesses that cannot be resolved" },
	{ "gpu_throttled", .gives = "throttling" },
	{ "gpu_reset", .gives = "resets" },
	{ "gpu_process", .gives = "processes that begin and end using a GPU" },
	{ "attributes_asked", .gives = "attributes of ranges" },
	{ "fault_served", .gives = "results of GPU faults" },
	{ "migrated_to_vram", .gives = "results of migrations to a GPU" },
	{ "migrated_to_ram", .gives = "results of migrations to system memory" },
	{ "range_invalidated", .gives = "invalidations that reach a range" },
	END
};
static const struct hs_probe svm_kprobe[] = {
	{ "gpu_fault_began_kprobe", REQUIRED, .gives = "GPU faults" },
	{ "gpu_fault_ended_kprobe", REQUIRED, .gives = "ends of GPU faults" },
	{ "migration_began_kprobe", REQUIRED, .gives = "migrations" },
	{ "migration_ended_kprobe", REQUIRED, .gives = "ends of migrations" },
	{ "queues_evicted_kprobe", REQUIRED, .gives = "stops of queues" },
	{ "queues_restored_kprobe", REQUIRED, .gives = "restarts of queues" },
	{ "gpu_unmapped_kprobe", REQUIRED, .gives = "unmaps from GPUs" },
	{ "restore_put_off_kprobe", .gives = "restarts that are put off" },
	{ "access_failed_kprobe", .gives = "accesses that cannot be resolved" },
	{ "gpu_throttled_kprobe", .gives = "throttling" },
	END
};

static const struct hs_rung svm_rungs[] = {
	{ "fentry", svm_fentry, "", hs_gpu_driver_check },
	{ "kprobe", svm_kprobe, "attributes of ranges, results of faults and migrations, resets", hs_gpu_driver_check },
	{ "smi", no_probes, "attributes of ranges, results of faults, what the driver drops when its queue is full",
	  hs_smi_stream_check },
	{ .name = NULL },
};

const struct hs_source_spec hs_sources[HS_NR_RING_SOURCES] = {
	[HS_RING_FAULT] = { "fault", HS_RING_FAULT, fault_rungs, .is_rare = false },
	[HS_RING_MM] = { "mm", HS_RING_MM, mm_rungs, .is_rare = false },
	[HS_RING_NOTIFIER] = { "notifier", HS_RING_NOTIFIER, notifier_rungs, .is_rare = false },
	[HS_RING_COLLAPSE] = { "collapse", HS_RING_COLLAPSE, collapse_rungs, .is_rare = false },
	[HS_RING_HOTPLUG] = { "hotplug", HS_RING_HOTPLUG, hotplug_rungs, .is_rare = false },
	[HS_RING_SVM] = { "svm", HS_RING_SVM, svm_rungs, .is_rare = true },
};

int hs_source_spec_find(const char *name)
{
	for (int i = 0; i < HS_NR_RING_SOURCES; i++)
		if (strcmp(hs_sources[i].name, name) == 0)
			return i;
	return -1;
}

const char *hs_ring_loss_name(enum hs_ring_loss cause)
{
	static const char *const names[HS_NR_RING_LOSSES] = { "ring_full", "contended", "no_memory", "compat" };

	return names[cause];
}
