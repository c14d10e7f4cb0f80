/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_EVENT_H
#define HS_EVENT_H
/*
 * The ring between the BPF programs and the recorder: layout only. It may change with every build; what is
 * kept is the trace (traces/schema.def).
 *
 * One ring per CPU, all in one memory-mapped BPF array, one element each:
 *
 *   struct hs_ring | data: 2^n bytes | slack: room for one record
 *
 * Positions count units of 8 bytes and wrap at 2^32; a record at position p lies at data[p mod size] and may
 * reach into the slack, so that no record is ever split.
 *
 *   producer  moves head by compare-and-swap (safe against interrupts and preemption on the same CPU), takes
 *             the time, fills in the record, and stores its type last: type 0 means not yet complete. Taking
 *             the time after the reservation means that a reservation made after the consumer has read head
 *             has a later time than the consumer's clock showed before.
 *   consumer  reads whole records from tail to head, zeroes what it has read, then moves tail.
 */
#ifdef __bpf__
typedef unsigned char hs_u8;
typedef unsigned short hs_u16;
typedef unsigned int hs_u32;
typedef unsigned long long hs_u64;
typedef long long hs_s64;
typedef int hs_s32;
#else
#include <stdint.h>
typedef uint8_t hs_u8;
typedef uint16_t hs_u16;
typedef uint32_t hs_u32;
typedef uint64_t hs_u64;
typedef int64_t hs_s64;
typedef int32_t hs_s32;
#endif

enum {
	HS_RING_UNIT = 8,		/* bytes */
	HS_RING_MAX_RECORD = 8192,	/* bytes; also the slack behind the data */
	HS_RING_MAX_SOURCES = 8,
	HS_RING_DATA_AT = 4096,		/* where the data of an element starts */
	HS_RING_MIN_BYTES = 64 << 10,
	HS_RING_MAX_BYTES = 256 << 20,
	HS_COMM_BYTES = 16,
	HS_NAME_BYTES = 128,		/* file names are cut to this, terminator included */
	HS_MAX_TGID = 1 << 22,		/* PID_MAX_LIMIT of 64-bit kernels */
};

/* Why a record was not written; counted per source where it happens. */
enum hs_ring_loss {
	HS_LOSS_RING_FULL,
	HS_LOSS_CONTENDED,		/* interrupted too often while reserving */
	HS_LOSS_NO_MEMORY,		/* per-task state could not be allocated */
	HS_LOSS_COMPAT,			/* a 32-bit system call: its arguments are not decoded */
	HS_NR_RING_LOSSES
};

struct hs_ring {
	/* Producers: position (low 32 bits) and number of records (high 32 bits) move together. */
	hs_u64 head;
	hs_u64 pad0[7];
	/* Consumer. */
	hs_u32 tail;
	hs_u32 is_closed;		/* 1: this CPU is not recorded */
	hs_u64 pad1[7];
	/* Producers; only ever incremented. */
	hs_u64 lost[HS_RING_MAX_SOURCES][HS_NR_RING_LOSSES];
};

/* Sources as the ring knows them; index into hs_ring.lost. */
enum hs_ring_source {
	HS_RING_FAULT, HS_RING_MM, HS_RING_NOTIFIER, HS_RING_COLLAPSE, HS_RING_HOTPLUG, HS_RING_SVM,
	HS_NR_RING_SOURCES
};

enum hs_record_type {
	HS_RECORD_NONE,			/* not yet complete */
	HS_RECORD_FAULT_USER,		/* struct hs_record_fault, small = error code */
	HS_RECORD_FAULT_KERNEL,		/* the same, ip 0 */
	HS_RECORD_FAULT_HANDLED,	/* struct hs_record_handled */
	HS_RECORD_SYSCALL,		/* struct hs_record_syscall, small = number */
	HS_RECORD_FORK,			/* struct hs_record_fork */
	HS_RECORD_EXEC,			/* struct hs_record_exec */
	HS_RECORD_RENAME,		/* struct hs_record_rename */
	HS_RECORD_EXIT,			/* head only, small = 1: last task of its process */
	HS_RECORD_EXIT_MMAP,		/* head only */
	HS_RECORD_KVM_UNMAP,		/* struct hs_record_range */
	HS_RECORD_KVM_AGE,
	HS_RECORD_KVM_TEST_AGE,
	HS_RECORD_KVM_SET_SPTE,
	HS_RECORD_SECTION_START,	/* struct hs_record_section, as the three that follow */
	HS_RECORD_SECTION_END,
	HS_RECORD_SUBSCRIBE,
	HS_RECORD_YOUNG,
	HS_RECORD_NOTIFIER_RUN,		/* struct hs_record_range, start = address of the callback */
	/* struct hs_record_hotplug; the fields' meaning is in enum hs_hotplug_field */
	HS_RECORD_BLOCK_OPERATION,	/* small: 0 online, 1 offline */
	HS_RECORD_BLOCK_RESULT,		/* the same */
	HS_RECORD_ZONE,
	HS_RECORD_ISOLATE,
	HS_RECORD_TEST_ISOLATED,
	HS_RECORD_MEMORY_NOTIFY,	/* small: column chain of hotplug.notify */
	HS_RECORD_ADD_MEMORY,
	HS_RECORD_REMOVE_MEMORY,	/* small: column op of hotplug.remove */
	HS_RECORD_POISON,		/* small: column op of hotplug.poison */
	HS_RECORD_GROUP,		/* small: column op of hotplug.group */
	HS_RECORD_BLOCKS,		/* small: column op of hotplug.blocks */
	HS_RECORD_REFUSED_PAGE,
	HS_RECORD_WRITE,		/* struct hs_record_access */
	HS_RECORD_READ,
	HS_RECORD_SWAPIN,		/* struct hs_record_collapse */
	HS_RECORD_ATTEMPT,		/* struct hs_record_attempt: isolate, if there was one, and its end */
	HS_RECORD_SCAN,			/* struct hs_record_collapse */
	HS_RECORD_SCAN_FILE,		/* struct hs_record_collapse_file */
	HS_RECORD_COLLAPSE_FILE,
	HS_RECORD_VISIT,		/* struct hs_record_collapse */
	HS_RECORD_PTES,			/* struct hs_record_ptes */
	/* struct hs_record_svm; the head's tid is the GPU process's leader, 0 unknown */
	HS_RECORD_GPU_FAULT_BEGIN,	/* small: column is_write */
	HS_RECORD_GPU_FAULT_END,	/* small: column migrated */
	HS_RECORD_MIGRATION_BEGIN,
	HS_RECORD_MIGRATION_END,
	HS_RECORD_EVICT,
	HS_RECORD_RESTORE,		/* small: column rescheduled */
	HS_RECORD_GPU_UNMAP,
	HS_RECORD_VMFAULT,
	HS_RECORD_GPU_PROCESS,		/* small: column is_start */
	HS_RECORD_THROTTLE,
	HS_RECORD_RESET,		/* small: column is_done */
	HS_RECORD_FAULT_RESULT,		/* small: column is_write */
	HS_RECORD_MIGRATION_RESULT,
	HS_RECORD_INVALIDATE,
	HS_RECORD_ATTRIBUTES,		/* struct hs_record_attributes */
	HS_RECORD_REGISTER,		/* head only, small: column op of collapse.register */
	HS_RECORD_HUGE_PMD,		/* struct hs_record_range, small: column op of collapse.huge_pmd */
	HS_RECORD_ALLOC,		/* struct hs_record_collapse: status, and in none_or_zero the node or ~0 */
	HS_RECORD_SWAPIN_RESULT,	/* head only, small: result number of the swap-in that was just reported */
	HS_RECORD_CACHE,		/* struct hs_record_cache */
	HS_RECORD_SETTING,		/* struct hs_record_setting */
	HS_RECORD_PASS,			/* head only */
	HS_NR_RECORDS
};

/* First in every record. The first 8 bytes are stored last and together. */
struct hs_record {
	hs_u8 type;			/* enum hs_record_type */
	hs_u8 units;			/* size of the whole record in HS_RING_UNITs; 0: it is in small */
	hs_u16 small;			/* what fits: see the type */
	hs_u32 tid;			/* current thread */
	hs_u64 time;			/* ns, CLOCK_BOOTTIME */
	hs_u64 mm;			/* address of the mm_struct, 0: none; only ever a key, never stored */
};

struct hs_record_fault {
	struct hs_record head;
	hs_u64 address;
	hs_u64 ip;
};

/* Column mapped_by of fault.handled. */
enum hs_mapped_by { HS_MAPPED_UNKNOWN, HS_MAPPED_SMALL, HS_MAPPED_HUGE };

struct hs_record_handled {
	struct hs_record head;		/* mm is the faulting VMA's */
	hs_u64 address;
	hs_u64 entry_time;		/* 0: this is the entry, there is no result */
	hs_u64 vm_flags;		/* of the VMA, the kernel's own bits */
	hs_u32 flags;			/* FAULT_FLAG_* */
	hs_u32 result;			/* VM_FAULT_* */
	hs_u8 has_regs;			/* 0: taken by get_user_pages and the like */
	hs_u8 mapped_by;		/* enum hs_mapped_by */
	hs_u8 pad[6];
};

struct hs_record_syscall {
	struct hs_record head;
	hs_u64 entry_time;		/* 0: the entry was not seen */
	hs_s64 ret;
	hs_u64 args[6];
};

struct hs_record_fork {
	struct hs_record head;		/* of the parent */
	hs_u32 child, child_tgid;
	hs_u64 child_mm;
	hs_u64 clone_flags;
	hs_u64 start_time;
	char comm[HS_COMM_BYTES];
};

struct hs_record_exec {
	struct hs_record head;		/* mm is the new one */
	hs_u32 tgid, old_tid;
	char comm[HS_COMM_BYTES];
	char filename[HS_NAME_BYTES];
};

struct hs_record_rename {
	struct hs_record head;		/* tid is the renamed thread's */
	char comm[HS_COMM_BYTES];
};

struct hs_record_range {
	struct hs_record head;
	hs_u64 start, end;
};

/* Column op of notifier.subscribe. */
enum hs_subscription {
	HS_SUBSCRIPTION_REGISTER, HS_SUBSCRIPTION_UNREGISTER, HS_SUBSCRIPTION_INSERT, HS_SUBSCRIPTION_REMOVE,
	HS_SUBSCRIPTION_RELEASE
};

/* Column op of notifier.young. */
enum hs_young { HS_YOUNG_CLEAR_FLUSH, HS_YOUNG_CLEAR, HS_YOUNG_TEST };

struct hs_record_section {
	/* mm is the invalidated one; small: enum mmu_notifier_event, hs_subscription or hs_young */
	struct hs_record head;
	hs_u64 start, end;
	hs_u64 interval_seq;		/* as in notifier.start */
	hs_s32 ret;
	hs_u32 flags;			/* of the range */
};

/* Where a collapse was asked for: by the daemon, or by a system call whose arguments are here. */
struct hs_ring_origin {
	hs_u64 folio_index;		/* page offset of the folio that was looked at last */
	hs_u64 arg_start, arg_len;	/* of madvise(MADV_COLLAPSE); 0, 0: not from there */
	hs_u8 has_folio;
	hs_u8 is_daemon;
	hs_u8 pad[6];
};

struct hs_record_collapse {
	struct hs_record head;		/* mm is the scanned one */
	struct hs_ring_origin origin;
	hs_s32 status;
	hs_u32 none_or_zero;		/* swapin: pages read; visit: full_scan_finished */
	hs_u32 referenced;
	hs_u32 unmapped;		/* visit: progress */
	hs_u8 writable;			/* 255: the kernel does not say */
	hs_u8 order;
	hs_u8 pmd_after;		/* scan: enum hs_pmd_level + 1; 0: not read */
	hs_u8 pad[5];
};

struct hs_ring_isolate {
	hs_u64 time;			/* 0: no isolation happened */
	hs_u64 folio_index;
	hs_s32 status;
	hs_u32 none_or_zero;
	hs_u32 referenced;
	hs_u8 has_folio;
	hs_u8 writable;
	hs_u8 order;
	hs_u8 pad;
};

struct hs_record_attempt {
	struct hs_record head;
	struct hs_ring_origin origin;
	struct hs_ring_isolate isolate;
	hs_s32 status;
	hs_u8 isolated;
	hs_u8 order;
	hs_u8 pad[2];
};

struct hs_record_collapse_file {
	struct hs_record head;
	struct hs_ring_origin origin;
	hs_u64 address;			/* collapse_file: the range; scan_file: 0 */
	hs_u64 index;
	hs_s32 status;
	hs_u32 present;			/* collapse_file: number of pages */
	hs_u32 swap;			/* collapse_file: is_shmem */
	hs_u32 pad;
	char file[HS_NAME_BYTES];
};

/* How far the walk to a range's page table came: column pmd of collapse.ptes. */
enum hs_pmd_level { HS_PMD_IS_TABLE, HS_PMD_IS_UNREACHED, HS_PMD_IS_NONE, HS_PMD_IS_ABSENT,
	HS_PMD_IS_MIGRATION, HS_PMD_IS_HUGE };

enum { HS_PTES = 512 };

/*
 * What struct page says of the page that an entry maps, in one word; 0: the entry maps no page. Order and node
 * are the folio's; references are those beyond its mappings (swap cache included).
 */
enum hs_page_fact {
	HS_PAGE_IS_KNOWN = 1 << 0,
	HS_PAGE_LRU = 1 << 1, HS_PAGE_LOCKED = 1 << 2, HS_PAGE_ANON = 1 << 3, HS_PAGE_SWAP_CACHE = 1 << 4,
	HS_PAGE_REFERENCED = 1 << 5,	/* PG_referenced or PG_young */
	HS_PAGE_SWAP_BACKED = 1 << 6,
	HS_PAGE_SHARED = 1 << 7,	/* mapped more than once, by the running kernel's own measure */
	HS_PAGE_UNCOUNTED = 1 << 8,	/* mappings of this folio were not counted: references, SHARED say nothing */
	HS_PAGE_PRIVATE = 1 << 9,	/* PG_private or PG_private_2 */
	HS_PAGE_ORDER_SHIFT = 12, HS_PAGE_NODE_SHIFT = 16, HS_PAGE_REFS_SHIFT = 20,
	HS_PAGE_MAX_NODE = 15, HS_PAGE_MAX_REFS = 4095,		/* these or more, or fewer than none */
};

struct hs_record_ptes {
	struct hs_record head;		/* mm is the scanned one */
	hs_u64 address;
	hs_u64 vma_start, vma_end;
	hs_u64 vm_flags;		/* the kernel's own bits */
	hs_u8 level;			/* enum hs_pmd_level */
	hs_u8 moment;			/* as in collapse.ptes */
	hs_u8 is_khugepaged;		/* 255: unknown */
	hs_u8 has_anon_vma;
	hs_u8 has_pages;		/* 1: pages[] holds facts */
	hs_u8 has_notifiers;		/* a secondary MMU may have references of its own */
	hs_u8 pad[2];
	hs_u64 entries[HS_PTES];	/* raw; zero where there is no page table */
	hs_u32 pages[HS_PTES];		/* enum hs_page_fact */
};

/* Entries of the page cache are tagged pointers (include/linux/xarray.h); below 256 and internal: a sibling. */
enum { HS_CACHE_INTERNAL = 2, HS_CACHE_VALUE = 1, HS_CACHE_TAGS = 3, HS_CACHE_LAST_SIBLING = 255 };

struct hs_record_cache {
	struct hs_record head;		/* mm is the scanned one */
	hs_u64 address;
	hs_u64 index;			/* in the file, pages */
	hs_u8 is_khugepaged;
	hs_u8 is_shmem;
	hs_u8 is_whole;			/* 1: all entries were read */
	hs_u8 pad[5];
	hs_u64 entries[HS_PTES];	/* raw; 0: nothing cached */
	hs_u32 pages[HS_PTES];		/* enum hs_page_fact, at the first entry of a folio */
};

/* What hs_record_hotplug.field holds, by record; groups are kernel addresses, 0: none. */
enum hs_hotplug_field {
	HS_BLOCK_ID = 0, HS_BLOCK_ONLINE_TYPE, HS_BLOCK_STATE, HS_BLOCK_NODE, HS_BLOCK_GROUP, HS_BLOCK_ALTMAP_PAGES,
	HS_BLOCK_NR_HWPOISON, HS_BLOCK_CALLER,
	HS_ZONE_ONLINE_TYPE = 0, HS_ZONE_NODE, HS_ZONE_GROUP, HS_ZONE_START, HS_ZONE_NR_PAGES,
	HS_ISOLATE_START = 0, HS_ISOLATE_END, HS_ISOLATE_FIN,
	HS_NOTIFY_ACTION = 0, HS_NOTIFY_START, HS_NOTIFY_NR_PAGES, HS_NOTIFY_NODE, HS_NOTIFY_NODE_NORMAL,
	HS_NOTIFY_ALTMAP_START, HS_NOTIFY_ALTMAP_PAGES,
	HS_MEMORY_START = 0, HS_MEMORY_SIZE, HS_MEMORY_NODE, HS_MEMORY_FLAGS,
	HS_POISON_PFN = 0, HS_POISON_FLAGS, HS_POISON_COUNTED,
	HS_GROUP_NODE = 0, HS_GROUP_PAGES, HS_GROUP_ID, HS_GROUP_POINTER,
	HS_BLOCKS_START = 0, HS_BLOCKS_SIZE, HS_BLOCKS_NODE, HS_BLOCKS_GROUP, HS_BLOCKS_ALTMAP_PAGES,
	HS_REFUSED_PFN = 0, HS_REFUSED_FLAGS, HS_REFUSED_REFCOUNT,
	HS_NR_HOTPLUG_FIELDS = 8
};
enum { HS_HOTPLUG_NAME_BYTES = 32, HS_NODE_UNSAID = -2 };
enum { HS_GROUP_STATIC, HS_GROUP_DYNAMIC, HS_GROUP_UNREGISTER };	/* small of HS_RECORD_GROUP */
enum { HS_CALLER_OTHER, HS_CALLER_WRITE, HS_CALLER_ADD, HS_CALLER_OFFLINE_AND_REMOVE, HS_NR_CALLERS };
enum { HS_POISON_UNSAID, HS_POISON_IS_COUNTED, HS_POISON_IS_NOT_COUNTED };

struct hs_record_hotplug {
	struct hs_record head;
	hs_u64 entry_time;		/* of the function whose end this is, 0 unknown */
	hs_s64 ret;
	hs_u64 field[HS_NR_HOTPLUG_FIELDS];
	char name[HS_HOTPLUG_NAME_BYTES];	/* of the zone or the resource, or a reason */
};

/* A write to or a read of a file of sysfs has ended. */
struct hs_record_access {
	struct hs_record head;
	hs_u64 entry_time;
	hs_s64 ret;
	hs_u32 length;			/* of what was written or read; the text may be cut */
	hs_u32 is_capable;		/* 1: the writer has CAP_SYS_ADMIN */
	char folder[16];		/* "memory12", "memory", "memory_hotplug" */
	char file[32];
	char text[64];
};

/* A setting of huge pages was written: HS_SETTINGS_FOLDER/file, or HS_SETTINGS_FOLDER/folder/file. */
#define HS_SETTINGS_FOLDER "transparent_hugepage"
enum { HS_SETTING_NAME_BYTES = 32 };

struct hs_record_setting {
	struct hs_record head;
	hs_u64 entry_time;		/* 0 unknown; the new value holds from somewhere behind it on */
	char folder[HS_SETTING_NAME_BYTES];
	char file[HS_SETTING_NAME_BYTES];
	char text[32];			/* as written; no accepted value is longer */
};

/* What the programs that look into the kernel's tables are asked, and answer. */
enum hs_table_field {
	HS_TABLE_BLOCK_ONLINE_TYPE = 0, HS_TABLE_BLOCK_NODE, HS_TABLE_BLOCK_GROUP, HS_TABLE_BLOCK_ALTMAP_PAGES,
	HS_TABLE_BLOCK_NR_HWPOISON, HS_TABLE_BLOCK_NR_EARLY,
	HS_TABLE_ZONE_START = 0, HS_TABLE_ZONE_SPANNED, HS_TABLE_ZONE_PRESENT, HS_TABLE_ZONE_MANAGED, HS_TABLE_ZONE_CMA,
	HS_TABLE_ZONE_PRESENT_EARLY,
	HS_TABLE_GROUP_POINTER = 0, HS_TABLE_GROUP_NODE, HS_TABLE_GROUP_IS_DYNAMIC, HS_TABLE_GROUP_PAGES,
	HS_TABLE_GROUP_KERNEL, HS_TABLE_GROUP_MOVABLE,
	HS_NR_TABLE_FIELDS = 6
};

struct hs_table_entry {
	hs_u64 key, extent;		/* in */
	hs_u64 is_found;
	hs_u64 field[HS_NR_TABLE_FIELDS];
	char name[HS_HOTPLUG_NAME_BYTES];
};

/* What the columns of the same name mean in svm.*, where a record has them; else 0. */
struct hs_record_svm {
	struct hs_record head;
	hs_u64 start, nr_pages;		/* start: user address */
	hs_u64 outer_start, outer_pages;	/* invalidate: what is invalidated; throttle: reasons */
	hs_u32 gpu, from, to, prefetch, preferred, trigger;	/* trigger: also event, sequence */
	hs_s32 ret;
	hs_u32 pasid;
	hs_u32 worker;			/* current thread */
	hs_u32 pad;
};

enum { HS_SVM_ATTRIBUTES = 32 };

struct hs_record_attributes {
	struct hs_record head;
	hs_u64 start, size;
	hs_u32 op, nr_attributes;
	hs_s32 ret;
	hs_u8 xnack, granularity;	/* 255: the kernel does not say */
	hs_u8 pad[2];
	hs_u32 pasid, pad2;
	hs_u64 attributes[HS_SVM_ATTRIBUTES];
};

/* A line of the task iterator, for the recorder's start. */
struct hs_task_entry {
	hs_u32 tid, tgid;
	hs_u64 mm;
	hs_u64 start_time;
	char comm[HS_COMM_BYTES];
};

_Static_assert(sizeof(struct hs_ring) <= HS_RING_DATA_AT, "control page");
_Static_assert(sizeof(struct hs_record) == 24, "head of a record");
_Static_assert(sizeof(struct hs_record_fault) == 40, "the hot record");
_Static_assert(sizeof(struct hs_record_handled) == 64, "no hidden padding");
_Static_assert(sizeof(struct hs_record_syscall) == 88, "no hidden padding");
_Static_assert(sizeof(struct hs_record_fork) == 72, "no hidden padding");
_Static_assert(sizeof(struct hs_record_exec) == 176, "no hidden padding");
_Static_assert(sizeof(struct hs_record_rename) == 40, "no hidden padding");
_Static_assert(sizeof(struct hs_record_range) == 40, "no hidden padding");
_Static_assert(sizeof(struct hs_record_section) == 56, "no hidden padding");
_Static_assert(sizeof(struct hs_record_collapse) == 80, "no hidden padding");
_Static_assert(sizeof(struct hs_record_attempt) == 96, "no hidden padding");
_Static_assert(sizeof(struct hs_record_collapse_file) == 216, "no hidden padding");
_Static_assert(sizeof(struct hs_record_hotplug) == 136, "no hidden padding");
_Static_assert(sizeof(struct hs_record_access) == 160, "no hidden padding");
_Static_assert(sizeof(struct hs_record_setting) == 128, "no hidden padding");
_Static_assert(sizeof(struct hs_table_entry) == 104, "no hidden padding");
_Static_assert(sizeof(struct hs_record_ptes) == 6208, "no hidden padding");
_Static_assert(sizeof(struct hs_record_svm) == 96, "no hidden padding");
_Static_assert(sizeof(struct hs_record_attributes) == 320, "no hidden padding");
_Static_assert(sizeof(struct hs_record_cache) == 6192, "no hidden padding");
_Static_assert(sizeof(struct hs_record_ptes) <= HS_RING_MAX_RECORD, "slack");
_Static_assert(sizeof(struct hs_task_entry) == 40, "no hidden padding");

#endif
