/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KERNEL_TYPES_H
#define HS_KERNEL_TYPES_H
/*
 * The few kernel types that the programs look into, and of them the few fields. Offsets come from the running
 * kernel's BTF (CO-RE), so order and gaps mean nothing here. Differences between kernels: compat.bpf.h.
 */
/* Makes <bpf/bpf_tracing.h> name the registers as the kernel does. */
#define __VMLINUX_H__

#include <stdbool.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

/* What <bpf/bpf_helpers.h> expects to be there. */
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef s64 __s64;
typedef u16 __be16;
typedef u32 __be32;
typedef u32 __wsum;
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_CGROUP_ARRAY = 8, BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1 << 10, BPF_LOCAL_STORAGE_GET_F_CREATE = 1, BPF_ANY = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long di, si, dx, cx, r10, r8, r9, ip, sp;
#endif
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct thread_info {
	u32 status;
};

struct mm_struct;
struct cred;

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid, tgid;
	struct mm_struct *mm;
	u64 start_boottime;
	char comm[16];
	struct signal_struct *signal;
	const struct cred *cred;
};

struct linux_binprm {
	const char *filename;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct address_space_operations;

struct address_space {
	struct xarray i_pages;
	const struct address_space_operations *a_ops;
};

struct folio {
	unsigned long index;
	struct address_space *mapping;
	atomic_t _mapcount, _refcount;
};

struct page {
	unsigned long index;
	unsigned long compound_head;
	atomic_t _refcount;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct address_space *f_mapping;
};

typedef struct {
	u64 pgd;
} pgd_t;

struct mmu_notifier_subscriptions {
	unsigned long invalidate_seq;
};

struct mm_struct {
	pgd_t *pgd;
	struct mmu_notifier_subscriptions *notifier_subscriptions;
};

struct mmu_notifier {
	struct mm_struct *mm;
	unsigned int users;
};

struct anon_vma;

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	struct anon_vma *anon_vma;
};

struct collapse_control {
	bool is_khugepaged;
	u32 node_load[1];		/* one for each node that the kernel was built for */
};

/* An enum here and there: CO-RE of libbpf 1.1 does not match one with an int. */
enum mmu_notifier_event { MMU_NOTIFY_UNMAP };

struct mmu_notifier_range {
	struct mm_struct *mm;
	unsigned long start, end;
	unsigned int flags;
	enum mmu_notifier_event event;
};

struct interval_tree_node {
	unsigned long start, last;
};

struct mmu_interval_notifier {
	struct interval_tree_node interval_tree;
	struct mm_struct *mm;
};

typedef struct {
	s64 counter;
} atomic_long_t;

struct zone {
	const char *name;
	unsigned long zone_start_pfn, spanned_pages, present_pages, present_early_pages, cma_pages;
	atomic_long_t managed_pages;
};

struct pglist_data {
	struct zone node_zones[1];
};

struct mem_section {
	unsigned long section_mem_map;
};

/* s.max_pages and d.unit_pages are at the same place. */
struct memory_group {
	int nid;
	unsigned long present_kernel_pages, present_movable_pages;
	bool is_dynamic;
	struct {
		unsigned long max_pages;
	} s;
};

struct kobject {
	const char *name;
};

struct attribute {
	const char *name;
};

struct kernfs_node {
	const char *name;
};

struct kernfs_open_file {
	struct kernfs_node *kn;
};

struct device {
	u32 id;
};

struct memory_block {
	int nid;
	struct zone *zone;
	struct device dev;
	struct memory_group *group;
};

struct resource {
	u64 start, end;
	const char *name;
};

/* The amdgpu module's. */
struct kfd_node {
	unsigned int id;
	u32 reset_seq_num;
};

struct svm_range_list {
	u8 default_granularity;
};

struct kfd_process {
	struct mm_struct *mm;
	struct task_struct *lead_thread;
	struct svm_range_list svms;
	bool xnack_enabled;
};

struct kfd_process_device {
	struct kfd_node *dev;
	struct kfd_process *process;
};

struct svm_range {
	struct svm_range_list *svms;
	unsigned long start, last;
	struct mmu_interval_notifier notifier;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
