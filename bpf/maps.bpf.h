/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MAPS_BPF_H
#define HS_MAPS_BPF_H
/*
 * What the programs share; defined in maps.bpf.c, sized and filled in by collectors/ before the load. HS_SHARED
 * is `extern` for users.
 */
#ifndef HS_SHARED
#define HS_SHARED extern
/* What functions of the amdgpu module are given, by the module's BTF: see collectors/kernel_svm.h. */
HS_SHARED const volatile bool svm_gives_task;		/* the process as a task (7.2), else by its id */
HS_SHARED const volatile bool svm_end_has_error;	/* end of a migration: by 6.18 */
HS_SHARED const volatile bool svm_fault_has_node;	/* svm_range_restore_pages: by 6.12 */
HS_SHARED const volatile bool svm_migration_has_bounds;	/* svm_migrate_to_vram and back: by 6.12 */

#endif

struct hs_rings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(u32));
	__uint(value_size, HS_RING_DATA_AT + HS_RING_MIN_BYTES + HS_RING_MAX_RECORD);
	__uint(max_entries, 1);
};
HS_SHARED struct hs_rings_map rings SEC(".maps");

/*
 * Address spaces to record: key is the address of the mm_struct. Used when a filter is set. What has ended is kept
 * while somebody is still subscribed to it: its address is not used again before.
 */
enum { HS_MM_LIVES = 1, HS_MM_HAS_ENDED };
struct hs_mms_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u8);
	__uint(max_entries, 1 << 16);
};
HS_SHARED struct hs_mms_map wanted_mms SEC(".maps");

struct hs_cgroup_map {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
	__uint(max_entries, 1);
};
HS_SHARED struct hs_cgroup_map wanted_cgroup SEC(".maps");

/* One bit per process id. */
HS_SHARED hs_u64 wanted_tgids[HS_MAX_TGID / 64];

/* Constants of a run: the verifier knows them and drops what they switch off. */
HS_SHARED const volatile bool filter_by_tgid;
HS_SHARED const volatile bool filter_by_cgroup;
HS_SHARED const volatile hs_u32 own_tgid;		/* of the recorder: never recorded without a filter */
HS_SHARED const volatile hs_u32 ring_mask;		/* units in a ring - 1 */
HS_SHARED const volatile hs_u64 skipped_callback;	/* of a notifier chain: runs at each tick; 0: none */

/* What functions of the amdgpu module are given, by the module's BTF: see collectors/kernel_svm.h. */
HS_SHARED const volatile bool svm_gives_task;		/* the process as a task (7.2), else by its id */
HS_SHARED const volatile bool svm_end_has_error;	/* end of a migration: by 6.18 */
HS_SHARED const volatile bool svm_fault_has_node;	/* svm_range_restore_pages: by 6.12 */
HS_SHARED const volatile bool svm_migration_has_bounds;	/* svm_migrate_to_vram and back: by 6.12 */

#endif
