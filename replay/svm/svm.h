/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SVM_H
#define HS_SVM_H
/*
 * The shared-virtual-memory ranges of amdkfd for one process: what the kernel decides when attributes are
 * set, pages are invalidated, GPUs or CPUs fault, workers run. The state holds its own surroundings (VMAs,
 * where each page is, GPUs, buffers), which the caller keeps up to date.
 *
 * Addresses and lengths are numbers of 4 KiB pages and bounds are inclusive, as in amdkfd; times are ns.
 * Locations are GPU ids, 0 = system memory. Functions that return int give what the kernel returns: 0 or
 * a negative errno. Memory that cannot be had is remembered (hs_svm_failed) and makes the state unusable.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/svm/svm_rules.h"
#include "replay/svm/svm_runs.h"

#define HS_SVM_UNDEFINED UINT32_MAX	/* a location that was not set */
#define HS_SVM_NO_PAGE UINT64_MAX

enum { HS_SVM_MAX_GPUS = 64 };

enum hs_svm_attr_type {
	HS_SVM_PREFERRED_LOC,
	HS_SVM_PREFETCH_LOC,
	HS_SVM_ACCESS,
	HS_SVM_ACCESS_IN_PLACE,
	HS_SVM_NO_ACCESS,
	HS_SVM_SET_FLAGS,
	HS_SVM_CLR_FLAGS,
	HS_SVM_GRANULARITY,
};

/* As in struct kfd_ioctl_svm_attribute. */
struct hs_svm_attr {
	uint32_t type;
	uint32_t value;
};

enum {
	HS_SVM_FLAG_HOST_ACCESS = 0x1,
	HS_SVM_FLAG_COHERENT = 0x2,
	HS_SVM_FLAG_GPU_RO = 0x8,
	HS_SVM_FLAG_GPU_EXEC = 0x10,
	HS_SVM_FLAG_ALWAYS_MAPPED = 0x40,
};

/* Permissions and kinds of a VMA. */
enum {
	HS_SVM_VMA_READ = 0x1,
	HS_SVM_VMA_WRITE = 0x2,
	HS_SVM_VMA_EXEC = 0x4,
	HS_SVM_VMA_IO = 0x10,
	HS_SVM_VMA_PFNMAP = 0x20,
	HS_SVM_VMA_MIXEDMAP = 0x40,
	HS_SVM_VMA_FILE = 0x100,	/* a file's or shared memory: its pages are refused behind the copy */
	HS_SVM_VMA_HUGETLB = 0x200,
};

/* The reasons of an invalidation, as in enum mmu_notifier_event. */
enum hs_svm_event {
	HS_SVM_EVENT_UNMAP,
	HS_SVM_EVENT_CLEAR,
	HS_SVM_EVENT_PROTECTION_VMA,
	HS_SVM_EVENT_PROTECTION_PAGE,
	HS_SVM_EVENT_SOFT_DIRTY,
	HS_SVM_EVENT_RELEASE,
	HS_SVM_EVENT_MIGRATE,
	HS_SVM_EVENT_EXCLUSIVE,
	HS_SVM_NR_EVENTS
};
const char *hs_svm_event_name(enum hs_svm_event event);

enum hs_svm_trigger {
	HS_SVM_TRIGGER_PREFETCH,
	HS_SVM_TRIGGER_GPU_FAULT,
	HS_SVM_TRIGGER_CPU_FAULT,
	HS_SVM_TRIGGER_EVICTION,
	HS_SVM_TRIGGER_NOTIFY,
	HS_SVM_TRIGGER_NOTIFY_MIGRATE,
	HS_SVM_TRIGGER_UNMAP,
};
const char *hs_svm_trigger_name(enum hs_svm_trigger trigger);

enum hs_svm_effect_kind {
#define EFFECT(id, name, meaning) HS_SVM_EFFECT_##id,
#include "replay/svm/svm_effect.def"
#undef EFFECT
	HS_SVM_NR_EFFECTS
};
const char *hs_svm_effect_name(enum hs_svm_effect_kind kind);

enum hs_svm_hazard {
#define HAZARD(id, name, meaning) HS_SVM_HAZARD_##id,
#include "replay/svm/svm_hazards.def"
#undef HAZARD
	HS_SVM_NR_HAZARDS
};
const char *hs_svm_hazard_name(enum hs_svm_hazard hazard);

/* One event of an operation; which fields count depends on the kind (svm_effect.def), others are 0. */
struct hs_svm_effect {
	enum hs_svm_effect_kind kind;
	uint32_t gpu;			/* index */
	uint32_t device;		/* adapter */
	uint64_t gpus;			/* bit per index */
	uint64_t start, last;
	uint64_t pages, holes;
	uint64_t copied_pages;		/* of pages: those with contents to copy */
	uint64_t copy_runs;		/* submissions to the copy engine */
	uint32_t from, to;		/* locations */
	uint32_t prefetch_loc, preferred_loc;
	enum hs_svm_trigger trigger;
	enum hs_svm_event event;
	enum hs_svm_hazard hazard;
	int rc;
	bool has_rc, to_vram, vram, readonly, write, exec, flush, queued, migrated;
	const struct hs_svm_span *spans;
	size_t nr_spans;
	const char *where;		/* kernel function */
};

/* Where the surroundings can refuse, or events can come in between. */
enum hs_svm_passage {
	HS_SVM_AT_LOCK_PD,		/* page-table reservation of one GPU */
	HS_SVM_AT_VM_VALIDATE,
	HS_SVM_AT_WALK_RESULT,		/* result of a page walk */
	HS_SVM_AT_WALK_DONE,		/* behind it, before the sequence check; result ignored */
	HS_SVM_AT_DMA_MAP,		/* one page of system memory */
	HS_SVM_AT_MAP,			/* one run on one GPU */
	HS_SVM_AT_UNMAP,		/* one clear on one GPU */
	HS_SVM_AT_VALIDATE_END,		/* page tables released; result ignored */
	HS_SVM_AT_MIGRATE_SETUP,
	HS_SVM_AT_BO_NEW,
	HS_SVM_AT_COPY,			/* one submission */
	HS_SVM_AT_SYS_PAGE,		/* one system page for a page coming back */
	HS_SVM_NR_PASSAGES
};

/* What the surroundings do to an operation; all may be NULL. */
struct hs_svm_host {
	void (*effect)(void *context, const struct hs_svm_effect *effect);
	/*
	 * `count` passages of one kind come next. Returns 0 if all succeed, else the errno of the first that
	 * fails, with the number of those before it in *passed. May invalidate through hs_svm_invalidate.
	 */
	int (*pass)(void *context, enum hs_svm_passage passage, uint64_t count, uint64_t *passed);
	void *context;
};

struct hs_svm_gpu_setup {
	uint32_t id;		/* not 0, not HS_SVM_UNDEFINED */
	uint32_t device;	/* adapter: equal for partitions of one; below HS_SVM_MAX_GPUS */
	uint32_t hive;		/* 0: none; equal: linked by XGMI */
	uint64_t vram_pages;	/* of the adapter */
	bool is_supported;	/* takes part in SVM */
	bool is_apu;
	bool prefers_gtt;	/* APU whose carve-out is smaller than its GTT */
	bool has_retry_cam;	/* hardware filter for repeated faults */
	bool is_coherent;	/* the CPU reaches its VRAM without a fault (connected_to_cpu) */
	bool lacks_retry;	/* its faults cannot be served: XNACK stays off; for who declares it, decides nothing here */
};

struct hs_svm_setup {
	const struct hs_svm_rules *rules;
	const struct hs_svm_gpu_setup *gpus;
	uint32_t nr_gpus;		/* at most HS_SVM_MAX_GPUS */
	bool xnack;
	uint32_t granularity;		/* the tunable: log2 of pages; see hs_svm_default_granularity */
	uint64_t max_range_pages;	/* power of two; 0: no limit */
	uint64_t system_limit_pages;	/* UINT64_MAX: none */
	uint64_t heap_start, heap_end;	/* [start, end), start_brk and brk; 0 and 0: none */
	uint64_t stack_page;		/* HS_SVM_NO_PAGE: none */
	uint64_t time;			/* ns */
	uint64_t retry_window;		/* ns; the kernel's is HS_SVM_RETRY_WINDOW */
	bool makes_room;		/* VRAM is finite: a new buffer pushes out the oldest ones, or there is none */
	struct hs_svm_host host;
};
#define HS_SVM_RETRY_WINDOW 2000000u	/* AMDGPU_SVM_RANGE_RETRY_FAULT_PENDING, kfd_svm.c */

struct hs_svm;

/* Copies all it needs. 0 or -ENOMEM. */
int hs_svm_create(const struct hs_svm_setup *setup, struct hs_svm **out);
void hs_svm_destroy(struct hs_svm *svm);
bool hs_svm_failed(const struct hs_svm *svm);

/* The default granularity that a value of the tunable gives: kfd_svm.c svm_range_list_init. */
uint32_t hs_svm_default_granularity(const struct hs_svm_rules *rules, uint32_t tunable);
/* Longest range of the given GPUs: kfd_svm.c svm_range_set_max_pages. 0 without a GPU. */
uint64_t hs_svm_max_range_pages(const struct hs_svm_gpu_setup *gpus, uint32_t nr_gpus);

/* --- surroundings --- */
void hs_svm_set_time(struct hs_svm *svm, uint64_t time);
/* A new VMA (what was there is replaced), nothing else. */
void hs_svm_add_vma(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t flags);
void hs_svm_remove_vma(struct hs_svm *svm, uint64_t start, uint64_t last);
/* Permissions of the VMAs in [start, last] change; they are cut at the bounds, never joined. */
void hs_svm_protect_vma(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t flags);
/* Absent pages with a VMA appear in system memory. */
void hs_svm_touch(struct hs_svm *svm, uint64_t start, uint64_t last);
/* Pages go away, wherever they are. */
void hs_svm_zap(struct hs_svm *svm, uint64_t start, uint64_t last);
enum hs_svm_pin { HS_SVM_UNPINNED, HS_SVM_PINNED, HS_SVM_PINNED_LATE };
/* Pages that cannot be collected for migration, or that are refused after they were copied. */
void hs_svm_pin(struct hs_svm *svm, uint64_t start, uint64_t last, enum hs_svm_pin pin);
/* Pages in system memory are shared by a fork (or no longer): a walk that may write copies them first. */
void hs_svm_share(struct hs_svm *svm, uint64_t start, uint64_t last, bool is_shared);
/* A GPU virtual range used by a buffer; a userptr buffer's CPU range. */
void hs_svm_add_buffer(struct hs_svm *svm, uint32_t gpu, uint64_t start, uint64_t last, bool is_userptr);
/* VRAM of an adapter that others hold. */
void hs_svm_set_device_used(struct hs_svm *svm, uint32_t device, uint64_t pages);
enum hs_svm_ring { HS_SVM_RING_IH1, HS_SVM_RING_SOFT };
/* A fault ring has entries up to time stamp ts, or is empty. */
void hs_svm_set_ring(struct hs_svm *svm, uint32_t gpu, enum hs_svm_ring ring, bool pending, uint64_t ts);
/* References of queues on the range that holds page. -ENOENT: no range. */
int hs_svm_set_queue_ref(struct hs_svm *svm, uint64_t page, uint32_t count);

/* --- operations --- */
/* The ioctl with its raw arguments (bytes): op 0 sets, 1 gets (attributes are overwritten). */
int hs_svm_ioctl(struct hs_svm *svm, uint32_t op, uint64_t start, uint64_t size, struct hs_svm_attr *attrs,
		 uint32_t nr_attrs);
void hs_svm_invalidate(struct hs_svm *svm, enum hs_svm_event event, uint64_t start, uint64_t last);
/* The CPU unmaps [start, last]: VMAs, invalidation, pages. Nothing happens where there is no VMA. */
void hs_svm_munmap(struct hs_svm *svm, uint64_t start, uint64_t last);
/* A retry fault of a GPU; ts is the interrupt's time stamp. */
int hs_svm_gpu_fault(struct hs_svm *svm, uint32_t gpu, uint64_t page, bool write, uint64_t ts);
/* A CPU access: false means SIGBUS. */
bool hs_svm_cpu_fault(struct hs_svm *svm, uint64_t page);
enum hs_svm_toucher {
	HS_SVM_BY_PROCESS,
	HS_SVM_BY_WALK,		/* the page walk of a mapping itself (faulting_task) */
	HS_SVM_BY_CHILD,	/* a forked child, on the pages of its parent */
	HS_SVM_BY_ORPHAN,	/* the same, and the parent is gone */
};
bool hs_svm_cpu_fault_by(struct hs_svm *svm, uint64_t page, enum hs_svm_toucher toucher);
/* The workers, if they are pending. */
void hs_svm_run_deferred(struct hs_svm *svm);
void hs_svm_run_restore(struct hs_svm *svm);
/* The memory manager wants the buffer of the range that holds page. -EPERM: it has none. */
int hs_svm_evict_buffer(struct hs_svm *svm, uint64_t page);
/* The eviction workers that are pending run. */
void hs_svm_run_evictions(struct hs_svm *svm);
/* Mode switch, behind the checks of the ioctl. */
int hs_svm_set_xnack(struct hs_svm *svm, bool xnack);
/* The ioctl as it arrives, with what is checked before hs_svm_ioctl's own arguments. */
struct hs_svm_call {
	uint32_t op;			/* 0 sets, 1 gets */
	uint64_t start, size;		/* bytes */
	struct hs_svm_attr *attrs;
	uint32_t nr_attrs;
	uint64_t attr_bytes;		/* that the caller handed over */
	bool is_secondary;		/* from a secondary context of the process */
};
int hs_svm_call(struct hs_svm *svm, const struct hs_svm_call *call);
/* The ioctl that asks for (mode < 0) or sets the XNACK mode: the mode, 0, or an errno. */
int hs_svm_xnack_call(struct hs_svm *svm, int mode, bool has_queues, bool is_possible);
/* May a buffer be allocated there? Pages; a buffer of VRAM may be without an address (va HS_SVM_NO_PAGE). */
struct hs_svm_alloc {
	uint64_t va, pages;
	bool is_userptr;
	uint64_t cpu;			/* of a userptr buffer: its first page for the CPU */
};
int hs_svm_check_alloc(struct hs_svm *svm, const struct hs_svm_alloc *alloc);

/* Checkpoint and restore: one object per range, in the order of the list. */
struct hs_svm_saved {
	uint64_t start, pages;
	struct hs_svm_attr attrs[4 + HS_SVM_MAX_GPUS];
};
uint64_t hs_svm_saved_bytes(const struct hs_svm *svm);	/* of one object, as the driver writes it */
/* Up to `room` objects; their number, or an errno. */
int64_t hs_svm_checkpoint(struct hs_svm *svm, struct hs_svm_saved *saved, uint64_t room);
/* Does an object at this offset lie within what was handed over? 0 or -EINVAL; advances the offset. */
int hs_svm_restore_object(const struct hs_svm *svm, uint64_t *offset, uint64_t size);
/* Sets the attributes of all objects; the first error ends it. */
int hs_svm_resume(struct hs_svm *svm, const struct hs_svm_saved *saved, uint64_t count);

/* Tear-down of the process's SVM state; the surroundings stay. */
void hs_svm_fini(struct hs_svm *svm);
/* Marks the end of an operation of several calls: buffers whose last page is gone are released. */
void hs_svm_settle(struct hs_svm *svm);

/* --- a recorded kernel's decisions, made true without deciding again --- */
/* What of [start, last] has no range yet becomes one with default attributes. */
void hs_svm_follow_range(struct hs_svm *svm, uint64_t start, uint64_t last);
/* Pages move to a location (GPU id, 0: system memory); -ENODEV: no such GPU. */
int hs_svm_follow_migration(struct hs_svm *svm, uint64_t start, uint64_t last, uint32_t location);
/* The granule of a page is mapped on a GPU. */
void hs_svm_follow_mapping(struct hs_svm *svm, uint32_t gpu, uint64_t page);

/* NULL, or the invariant that is broken, in words. */
const char *hs_svm_check(const struct hs_svm *svm);

/* --- single rules, for tests and tables: a location, -1 no access, -2 no range --- */
int64_t hs_svm_best_restore_at(const struct hs_svm *svm, uint32_t gpu, uint64_t page);
int64_t hs_svm_best_prefetch_at(const struct hs_svm *svm, uint64_t page);

#endif
