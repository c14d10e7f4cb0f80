// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source svm: what the amdgpu module reports to listeners, taken where it is reported, whether anybody listens or
 * not (drivers/gpu/drm/amd/amdkfd/kfd_smi_events.c); and, where the module was built with SVM, what its ranges are
 * asked and answer (kfd_svm.c, kfd_migrate.c). Most of it runs in worker threads: the process is an argument.
 */
#include "bpf/compat.bpf.h"
#include "bpf/ring.bpf.h"

enum { PAGE_SHIFT = 12 };

/* The process of an event: its leader's id, and its address space where the kernel gives it. */
struct gpu_process {
	u32 pid;
	u64 mm;
};

static __always_inline struct gpu_process process_of_task(const struct task_struct *task)
{
	struct gpu_process process = { (u32)BPF_CORE_READ(task, pid), (u64)BPF_CORE_READ(task, mm) };

	return process;
}

/* By the second argument of the functions that report. */
static __always_inline struct gpu_process process_by(u64 who)
{
	struct gpu_process process = { (u32)who, 0 };

	return svm_gives_task ? process_of_task((const struct task_struct *)who) : process;
}

static __always_inline struct gpu_process process_of(const struct kfd_process *kfd)
{
	struct gpu_process process = process_of_task(BPF_CORE_READ(kfd, lead_thread));

	process.mm = (u64)BPF_CORE_READ(kfd, mm);
	return process;
}

/* A range points to the list of its process, which is a part of it. */
static __always_inline struct gpu_process process_of_range(const struct svm_range *range)
{
	const void *list = BPF_CORE_READ(range, svms);

	return process_of(list - bpf_core_field_offset(struct kfd_process, svms));
}

/* In somebody else's context: with a cgroup, those of its processes that are marked. */
static __always_inline bool process_is_wanted(const struct gpu_process *process)
{
	return (!filter_by_tgid && !filter_by_cgroup) || tgid_is_marked(process->pid);
}

static __always_inline struct hs_record_svm *reserve_unasked(u64 mm)
{
	struct hs_record_svm *record = RESERVE(HS_RING_SVM, hs_record_svm);

	if (!record)
		return 0;
	__builtin_memset(&record->start, 0, sizeof(*record) - sizeof(record->head));
	record->head.mm = mm;
	record->worker = (u32)bpf_get_current_pid_tgid();
	return record;
}

static __always_inline struct hs_record_svm *reserve(const struct gpu_process *process)
{
	return process_is_wanted(process) ? reserve_unasked(process->mm) : 0;
}

static __always_inline int commit(struct hs_record_svm *record, u32 type, u16 small, u32 pid)
{
	COMMIT(record, type, small, pid);
	return 0;
}

/* One rule for a function, used by fentry and by kprobe. */
#define ON_ENTRY(name, function, ...) \
	SEC("?fentry/" #function) int BPF_PROG(name, __VA_ARGS__)
#define ON_KPROBE(name, function, ...) \
	SEC("?kprobe/" #function) int BPF_KPROBE(name, __VA_ARGS__)

/* --- GPU faults --- */

static __always_inline int emit_fault(u32 type, const void *gpu, u64 who, u64 page, u16 small)
{
	struct gpu_process process = process_by(who);
	struct hs_record_svm *record = reserve(&process);

	if (!record)
		return 0;
	record->start = page << PAGE_SHIFT;
	record->gpu = id_of_gpu(gpu);
	return commit(record, type, small, process.pid);
}

ON_ENTRY(gpu_fault_began, kfd_smi_event_page_fault_start, const void *gpu, u64 who, u64 page, bool is_write)
{
	return emit_fault(HS_RECORD_GPU_FAULT_BEGIN, gpu, who, page, is_write);
}

ON_KPROBE(gpu_fault_began_kprobe, kfd_smi_event_page_fault_start, const void *gpu, u64 who, u64 page, bool is_write)
{
	return emit_fault(HS_RECORD_GPU_FAULT_BEGIN, gpu, who, page, is_write);
}

ON_ENTRY(gpu_fault_ended, kfd_smi_event_page_fault_end, const void *gpu, u64 who, u64 page, bool is_migrated)
{
	return emit_fault(HS_RECORD_GPU_FAULT_END, gpu, who, page, is_migrated);
}

ON_KPROBE(gpu_fault_ended_kprobe, kfd_smi_event_page_fault_end, const void *gpu, u64 who, u64 page, bool is_migrated)
{
	return emit_fault(HS_RECORD_GPU_FAULT_END, gpu, who, page, is_migrated);
}

/* --- migrations: more arguments than registers --- */

struct migration {
	u64 start, end;		/* pages, end exclusive */
	u32 from, to, prefetch, preferred, trigger;
	s32 error;
};

static __always_inline int emit_migration(u32 type, u64 who, const struct migration *migration)
{
	struct gpu_process process = process_by(who);
	struct hs_record_svm *record = reserve(&process);

	if (!record)
		return 0;
	record->start = migration->start << PAGE_SHIFT;
	record->nr_pages = migration->end - migration->start;
	record->from = migration->from;
	record->to = migration->to;
	record->prefetch = migration->prefetch;
	record->preferred = migration->preferred;
	record->trigger = migration->trigger;
	record->ret = migration->error;
	return commit(record, type, 0, process.pid);
}

enum { NO_ERROR_SAID = 1 };	/* column error of svm.migrate_end */

ON_ENTRY(migration_began, kfd_smi_event_migration_start, const void *gpu, u64 who, u64 start, u64 end, u32 from,
	 u32 to, u32 prefetch, u32 preferred, u32 trigger)
{
	struct migration migration = { start, end, from, to, prefetch, preferred, trigger, 0 };

	return emit_migration(HS_RECORD_MIGRATION_BEGIN, who, &migration);
}

SEC("?fentry/kfd_smi_event_migration_end")
int migration_ended(u64 *args)
{
	struct migration migration = { args[2], args[3], (u32)args[4], (u32)args[5], 0, 0, (u32)args[6], NO_ERROR_SAID };

	if (svm_end_has_error)
		migration.error = (s32)args[7];
	return emit_migration(HS_RECORD_MIGRATION_END, args[1], &migration);
}

#if defined(__TARGET_ARCH_x86)
/* Before the function's first instruction; 0: the first argument that is not in a register, the seventh. */
static __always_inline u32 stack_argument(const struct pt_regs *regs, u32 index)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (const void *)(PT_REGS_SP(regs) + 8 * (1 + index)));
	return (u32)value;
}

static __always_inline struct migration migration_in(const struct pt_regs *regs)
{
	struct migration migration = {
		.start = PT_REGS_PARM3(regs), .end = PT_REGS_PARM4(regs), .from = (u32)PT_REGS_PARM5(regs),
		.to = (u32)regs->r9,
	};

	return migration;
}

SEC("?kprobe/kfd_smi_event_migration_start")
int migration_began_kprobe(struct pt_regs *regs)
{
	struct migration migration = migration_in(regs);

	migration.prefetch = stack_argument(regs, 0);
	migration.preferred = stack_argument(regs, 1);
	migration.trigger = stack_argument(regs, 2);
	return emit_migration(HS_RECORD_MIGRATION_BEGIN, PT_REGS_PARM2(regs), &migration);
}

SEC("?kprobe/kfd_smi_event_migration_end")
int migration_ended_kprobe(struct pt_regs *regs)
{
	struct migration migration = migration_in(regs);

	migration.trigger = stack_argument(regs, 0);
	migration.error = svm_end_has_error ? (s32)stack_argument(regs, 1) : NO_ERROR_SAID;
	return emit_migration(HS_RECORD_MIGRATION_END, PT_REGS_PARM2(regs), &migration);
}
#endif

/* --- queues --- */

static __always_inline int emit_queues(u32 type, const void *gpu, u64 who, u32 trigger)
{
	struct gpu_process process = process_by(who);
	struct hs_record_svm *record = reserve(&process);

	if (!record)
		return 0;
	record->gpu = id_of_gpu(gpu);
	record->trigger = trigger;
	return commit(record, type, 0, process.pid);
}

ON_ENTRY(queues_evicted, kfd_smi_event_queue_eviction, const void *gpu, u64 who, u32 trigger)
{
	return emit_queues(HS_RECORD_EVICT, gpu, who, trigger);
}

ON_KPROBE(queues_evicted_kprobe, kfd_smi_event_queue_eviction, const void *gpu, u64 who, u32 trigger)
{
	return emit_queues(HS_RECORD_EVICT, gpu, who, trigger);
}

ON_ENTRY(queues_restored, kfd_smi_event_queue_restore, const void *gpu, u64 who)
{
	return emit_queues(HS_RECORD_RESTORE, gpu, who, 0);
}

ON_KPROBE(queues_restored_kprobe, kfd_smi_event_queue_restore, const void *gpu, u64 who)
{
	return emit_queues(HS_RECORD_RESTORE, gpu, who, 0);
}

/* Given the address space alone, and about all GPUs of the process: its leader is not known here. */
static __always_inline int emit_put_off(struct mm_struct *mm)
{
	struct hs_record_svm *record = mm_is_wanted((u64)mm) ? reserve_unasked((u64)mm) : 0;

	return record ? commit(record, HS_RECORD_RESTORE, 1, 0) : 0;
}

ON_ENTRY(restore_put_off, kfd_smi_event_queue_restore_rescheduled, struct mm_struct *mm)
{
	return emit_put_off(mm);
}

ON_KPROBE(restore_put_off_kprobe, kfd_smi_event_queue_restore_rescheduled, struct mm_struct *mm)
{
	return emit_put_off(mm);
}

/* --- unmaps --- */

static __always_inline int emit_unmap(const void *gpu, u64 who, u64 first, u64 last, u32 trigger)
{
	struct gpu_process process = process_by(who);
	struct hs_record_svm *record = reserve(&process);

	if (!record)
		return 0;
	record->start = first << PAGE_SHIFT;
	record->nr_pages = last - first + 1;
	record->gpu = id_of_gpu(gpu);
	record->trigger = trigger;
	return commit(record, HS_RECORD_GPU_UNMAP, 0, process.pid);
}

ON_ENTRY(gpu_unmapped, kfd_smi_event_unmap_from_gpu, const void *gpu, u64 who, u64 first, u64 last, u32 trigger)
{
	return emit_unmap(gpu, who, first, last, trigger);
}

ON_KPROBE(gpu_unmapped_kprobe, kfd_smi_event_unmap_from_gpu, const void *gpu, u64 who, u64 first, u64 last,
	  u32 trigger)
{
	return emit_unmap(gpu, who, first, last, trigger);
}

/* --- the GPU itself: no filter by process, since none is named --- */

static __always_inline int emit_device(u32 type, const void *gpu, u16 small, u32 pasid, u64 mask)
{
	struct hs_record_svm *record = reserve_unasked(0);

	if (!record)
		return 0;
	record->gpu = id_of_gpu(gpu);
	record->pasid = pasid;
	record->outer_start = mask;
	record->trigger = type == HS_RECORD_RESET ? resets_of_gpu(gpu) : 0;
	return commit(record, type, small, 0);
}

ON_ENTRY(access_failed, kfd_smi_event_update_vmfault, const void *gpu, u16 pasid)
{
	return emit_device(HS_RECORD_VMFAULT, gpu, 0, pasid, 0);
}

ON_KPROBE(access_failed_kprobe, kfd_smi_event_update_vmfault, const void *gpu, u16 pasid)
{
	return emit_device(HS_RECORD_VMFAULT, gpu, 0, pasid, 0);
}

ON_ENTRY(gpu_throttled, kfd_smi_event_update_thermal_throttling, const void *gpu, u64 mask)
{
	return emit_device(HS_RECORD_THROTTLE, gpu, 0, 0, mask);
}

ON_KPROBE(gpu_throttled_kprobe, kfd_smi_event_update_thermal_throttling, const void *gpu, u64 mask)
{
	return emit_device(HS_RECORD_THROTTLE, gpu, 0, 0, mask);
}

/* At the exit, when the reset has its number. */
SEC("?fexit/kfd_smi_event_update_gpu_reset")
int BPF_PROG(gpu_reset, const void *gpu, bool is_done)
{
	return emit_device(HS_RECORD_RESET, gpu, is_done, 0, 0);
}

SEC("?fentry/kfd_smi_event_process")
int BPF_PROG(gpu_process, struct kfd_process_device *device, bool is_start)
{
	struct gpu_process process = process_of(BPF_CORE_READ(device, process));
	struct hs_record_svm *record = reserve(&process);

	if (!record)
		return 0;
	record->gpu = id_of_gpu(BPF_CORE_READ(device, dev));
	return commit(record, HS_RECORD_GPU_PROCESS, is_start, process.pid);
}

/* --- ranges: where the module was built with SVM --- */

SEC("?fexit/svm_ioctl")
int BPF_PROG(attributes_asked, struct kfd_process *kfd, u32 op, u64 start, u64 size, u32 nr, const void *attributes,
	     int ret)
{
	struct gpu_process process = process_of(kfd);
	struct hs_record_attributes *record;

	if (!process_is_wanted(&process))
		return 0;
	record = RESERVE(HS_RING_SVM, hs_record_attributes);
	if (!record)
		return 0;
	__builtin_memset(&record->start, 0, sizeof(*record) - sizeof(record->head));
	record->head.mm = process.mm;
	record->start = start;
	record->size = size;
	record->op = op;
	record->nr_attributes = nr;
	record->ret = ret;
	record->xnack = BPF_CORE_READ(kfd, xnack_enabled);
	record->granularity = granularity_of(kfd);
	nr = nr < HS_SVM_ATTRIBUTES ? nr : HS_SVM_ATTRIBUTES;
	bpf_probe_read_kernel(record->attributes, nr * sizeof(u64), attributes);
	COMMIT(record, HS_RECORD_ATTRIBUTES, 0, process.pid);
	return 0;
}

/* The process is known by its number in the GPU only: the recorder may know it. */
static __always_inline int emit_fault_result(u32 pasid, u64 page, bool is_write, void *context)
{
	struct hs_record_svm *record = reserve_unasked(0);
	u64 ret = 0;

	if (!record)
		return 0;
	bpf_get_func_ret(context, &ret);
	record->start = page << PAGE_SHIFT;
	record->ret = (s32)ret;
	record->pasid = pasid;
	return commit(record, HS_RECORD_FAULT_RESULT, is_write, 0);
}

SEC("?fexit/svm_range_restore_pages")
int fault_served(u64 *args)
{
	if (svm_fault_has_node)
		return emit_fault_result((u32)args[1], args[4], args[6] & 1, args);
	return emit_fault_result((u32)args[1], args[2], args[3] & 1, args);
}

static __always_inline int emit_migration_result(void *context, const struct svm_range *range, u32 to, u64 first,
						 u64 last, u32 trigger)
{
	struct gpu_process process = process_of_range(range);
	struct hs_record_svm *record = reserve(&process);
	u64 ret = 0;

	if (!record)
		return 0;
	bpf_get_func_ret(context, &ret);
	record->start = first << PAGE_SHIFT;
	record->nr_pages = last - first + 1;
	record->to = to;
	record->trigger = trigger;
	record->ret = (s32)ret;
	return commit(record, HS_RECORD_MIGRATION_RESULT, 0, process.pid);
}

SEC("?fexit/svm_migrate_to_vram")
int migrated_to_vram(u64 *args)
{
	const struct svm_range *range = (const void *)args[0];

	if (svm_migration_has_bounds)
		return emit_migration_result(args, range, (u32)args[1], args[2], args[3], (u32)args[5]);
	return emit_migration_result(args, range, (u32)args[1], BPF_CORE_READ(range, start), BPF_CORE_READ(range, last),
				     (u32)args[3]);
}

SEC("?fexit/svm_migrate_vram_to_ram")
int migrated_to_ram(u64 *args)
{
	const struct svm_range *range = (const void *)args[0];

	if (svm_migration_has_bounds)
		return emit_migration_result(args, range, 0, args[2], args[3], (u32)args[4]);
	return emit_migration_result(args, range, 0, BPF_CORE_READ(range, start), BPF_CORE_READ(range, last),
				     (u32)args[2]);
}

SEC("?fentry/svm_range_cpu_invalidate_pagetables")
int BPF_PROG(range_invalidated, struct mmu_interval_notifier *notifier, struct mmu_notifier_range *outer)
{
	struct svm_range *range = (void *)notifier - bpf_core_field_offset(struct svm_range, notifier);
	struct gpu_process process = process_of_range(range);
	struct hs_record_svm *record = reserve(&process);
	u64 start, end;

	if (!record)
		return 0;
	start = BPF_CORE_READ(range, start);
	record->start = start << PAGE_SHIFT;
	record->nr_pages = BPF_CORE_READ(range, last) - start + 1;
	start = BPF_CORE_READ(outer, start);
	end = BPF_CORE_READ(outer, end);
	record->outer_start = start;
	record->outer_pages = (end - start) >> PAGE_SHIFT;
	record->trigger = (u32)BPF_CORE_READ(outer, event);
	return commit(record, HS_RECORD_INVALIDATE, 0, process.pid);
}
