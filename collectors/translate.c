// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/translate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "collectors/collapse_group.h"
#include "collectors/translate_hotplug.h"
#include "collectors/translate_svm.h"
#include "collectors/vm_flags.h"
#include "lib/vec.h"

enum { RANGE_BLOCKABLE = 1 };	/* MMU_NOTIFIER_RANGE_BLOCKABLE */

struct hs_translator {
	struct hs_sink *sink;
	struct hs_identity *identity;
	struct hs_kernel_names *names;
	struct hs_collapse_groups *groups;
	struct hs_hotplug_translator *hotplug;
	struct hs_gpu_processes gpu_processes;
	uint64_t rows[HS_NR_RING_SOURCES];
	HS_VEC(pid_t) execs;
};

int hs_translator_create(struct hs_sink *sink, struct hs_identity *identity, struct hs_kernel_names *names,
			 struct hs_translator **out, struct hs_error *err)
{
	struct hs_translator *translator = calloc(1, sizeof(*translator));
	int error;

	if (!translator)
		return hs_error_nomem(err);
	translator->sink = sink;
	translator->identity = identity;
	translator->names = names;
	translator->hotplug = hs_hotplug_translator_create(sink, names);
	error = translator->hotplug ? hs_collapse_groups_create(sink, names, &translator->groups, err) :
		hs_error_nomem(err);
	if (error)
		hs_translator_destroy(translator);
	else
		*out = translator;
	return error;
}

void hs_translator_destroy(struct hs_translator *translator)
{
	if (!translator)
		return;
	hs_collapse_groups_destroy(translator->groups);
	hs_hotplug_translator_destroy(translator->hotplug);
	hs_gpu_processes_deinit(&translator->gpu_processes);
	hs_vec_deinit(&translator->execs);
	free(translator);
}

static uint32_t task_of(struct hs_translator *translator, const struct hs_record *record)
{
	return hs_identity_task(translator->identity, record->time, record->tid);
}

static uint32_t mm_of(struct hs_translator *translator, const struct hs_record *record)
{
	return hs_identity_mm(translator->identity, record->time, record->mm, record->tid);
}

static void *row_of(struct hs_translator *translator, enum hs_kind kind, const struct hs_record *record)
{
	uint32_t task = task_of(translator, record), mm = mm_of(translator, record);

	return hs_sink_row(translator->sink, kind, record->time, task, mm);
}

/* For an address space that need not be the task's own. */
static void *foreign_row_of(struct hs_translator *translator, enum hs_kind kind, const struct hs_record *record)
{
	uint32_t task = task_of(translator, record);
	uint32_t mm = hs_identity_mm(translator->identity, record->time, record->mm, 0);

	return hs_sink_row(translator->sink, kind, record->time, task, mm);
}

static struct hs_bytes text_of(struct hs_translator *translator, const char *text, size_t size)
{
	return hs_sink_text(translator->sink, text, strnlen(text, size));
}

static void add_fault_user(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_fault *fault = (const void *)record;
	struct hs_fault_user *row = row_of(translator, HS_KIND_fault_user, record);

	row->address = fault->address;
	row->ip = fault->ip;
	row->error_code = record->small;
}

static void add_fault_kernel(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_fault *fault = (const void *)record;
	struct hs_fault_kernel *row = row_of(translator, HS_KIND_fault_kernel, record);

	row->address = fault->address;
	row->error_code = record->small;
}

static void add_fault_handled(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_handled *fault = (const void *)record;
	struct hs_fault_handled *row = row_of(translator, HS_KIND_fault_handled, record);

	row->address = fault->address;
	row->flags = fault->flags;
	row->result = fault->entry_time ? (int64_t)fault->result : -1;
	row->is_remote = !fault->has_regs;
	row->duration = fault->entry_time ? record->time - fault->entry_time : 0;
	row->vma_flags = hs_vm_flags_translate(fault->vm_flags);
	row->mapped_by = fault->mapped_by;
}

/* One function per system call; all rows that have them begin alike. */
#define SYSCALL_ROW(name) \
	struct hs_mm_##name *row = row_of(translator, HS_KIND_mm_##name, &call->head); \
	row->ret = call->ret
#define SYSCALL_DURATION() row->duration = call->entry_time ? call->head.time - call->entry_time : 0

static void add_mmap(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(mmap);
	SYSCALL_DURATION();
	row->addr = call->args[0];
	row->len = call->args[1];
	row->prot = (uint32_t)call->args[2];
	row->flags = (uint32_t)call->args[3];
	row->fd = (int32_t)call->args[4];
	row->offset = call->args[5];
}

static void add_munmap(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(munmap);
	SYSCALL_DURATION();
	row->addr = call->args[0];
	row->len = call->args[1];
}

static void add_mremap(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(mremap);
	SYSCALL_DURATION();
	row->addr = call->args[0];
	row->old_len = call->args[1];
	row->new_len = call->args[2];
	row->flags = (uint32_t)call->args[3];
	row->new_addr = call->args[4];
}

static void add_brk(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(brk);
	SYSCALL_DURATION();
	row->addr = call->args[0];
}

static void add_mprotect(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(mprotect);
	SYSCALL_DURATION();
	row->addr = call->args[0];
	row->len = call->args[1];
	row->prot = (uint32_t)call->args[2];
}

static void add_madvise(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(madvise);
	SYSCALL_DURATION();
	row->addr = call->args[0];
	row->len = call->args[1];
	row->advice = (uint32_t)call->args[2];
}

static void add_process_madvise(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(process_madvise);
	SYSCALL_DURATION();
	row->pidfd = (int32_t)call->args[0];
	row->nr_ranges = call->args[2];
	row->advice = (uint32_t)call->args[3];
}

enum { MLOCK, MLOCK2, MUNLOCK, MLOCKALL, MUNLOCKALL };	/* column op of mm.mlock */

static void add_lock(struct hs_translator *translator, const struct hs_record_syscall *call, uint8_t op)
{
	SYSCALL_ROW(mlock);
	SYSCALL_DURATION();
	row->op = op;
	if (op == MLOCKALL)
		row->flags = (uint32_t)call->args[0];
	if (op > MUNLOCK)
		return;
	row->addr = call->args[0];
	row->len = call->args[1];
	row->flags = op == MLOCK2 ? (uint32_t)call->args[2] : 0;
}

static void add_prctl(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(prctl);
	row->arg2 = call->args[1];
	row->arg3 = call->args[2];
}

static void add_limit(struct hs_translator *translator, const struct hs_record_syscall *call)
{
	SYSCALL_ROW(limit);
	row->resource = (uint32_t)call->args[0];
	row->soft = call->args[1];
	row->hard = call->args[2];
}

static void add_syscall(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_syscall *call = (const void *)record;

	switch (record->small) {
	case SYS_mmap: add_mmap(translator, call); break;
	case SYS_munmap: add_munmap(translator, call); break;
	case SYS_mremap: add_mremap(translator, call); break;
	case SYS_brk: add_brk(translator, call); break;
	case SYS_mprotect:
	case SYS_pkey_mprotect: add_mprotect(translator, call); break;
	case SYS_madvise: add_madvise(translator, call); break;
	case SYS_process_madvise: add_process_madvise(translator, call); break;
	case SYS_mlock: add_lock(translator, call, MLOCK); break;
	case SYS_mlock2: add_lock(translator, call, MLOCK2); break;
	case SYS_munlock: add_lock(translator, call, MUNLOCK); break;
	case SYS_mlockall: add_lock(translator, call, MLOCKALL); break;
	case SYS_munlockall: add_lock(translator, call, MUNLOCKALL); break;
	case SYS_prctl: add_prctl(translator, call); break;
	case SYS_setrlimit:
	case SYS_prlimit64: add_limit(translator, call); break;
	}
}

static void add_fork(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_fork *fork = (const void *)record;
	struct hs_task_entry child = {
		.tid = fork->child, .tgid = fork->child_tgid, .mm = fork->child_mm, .start_time = fork->start_time,
	};
	uint32_t task, mm;
	struct hs_mm_fork *row;

	memcpy(child.comm, fork->comm, sizeof(child.comm));
	hs_identity_fork(translator->identity, &child);
	task = hs_identity_task(translator->identity, record->time, fork->child);
	mm = hs_identity_mm(translator->identity, record->time, fork->child_mm, fork->child);
	row = row_of(translator, HS_KIND_mm_fork, record);
	row->child = task;
	row->child_mm = mm;
	row->clone_flags = fork->clone_flags;
}

static void add_exec(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_exec *exec = (const void *)record;
	uint64_t old = hs_identity_exec(translator->identity, record->time, record->tid, exec->old_tid, record->mm,
					exec->comm);
	uint32_t old_mm = hs_identity_mm(translator->identity, record->time, old, 0);
	struct hs_mm_exec *row = row_of(translator, HS_KIND_mm_exec, record);

	row->old_mm = old_mm;
	row->filename = text_of(translator, exec->filename, sizeof(exec->filename));
	hs_vec_push(&translator->execs, (pid_t)exec->tgid);
}

static void add_rename(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_rename *rename = (const void *)record;

	hs_identity_rename(translator->identity, record->time, record->tid, rename->comm);
}

static void add_exit(struct hs_translator *translator, const struct hs_record *record)
{
	uint32_t task = task_of(translator, record);
	/* The task has let go of its address space before (exit_mm). */
	struct hs_mm_exit *row = hs_sink_row(translator->sink, HS_KIND_mm_exit, record->time, task, 0);

	row->group_dead = (uint8_t)record->small;
}

static void add_exit_mmap(struct hs_translator *translator, const struct hs_record *record)
{
	row_of(translator, HS_KIND_mm_exit_mmap, record);
	hs_identity_forget_mm(translator->identity, record->mm);
}

static void add_kvm_unmap(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_range *range = (const void *)record;
	struct hs_notifier_kvm_unmap *row = row_of(translator, HS_KIND_notifier_kvm_unmap, record);

	row->start = range->start;
	row->end = range->end;
}

static void add_kvm_age(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_range *range = (const void *)record;
	struct hs_notifier_kvm_age *row = row_of(translator, HS_KIND_notifier_kvm_age, record);

	row->start = range->start;
	row->end = range->end;
}

static void add_kvm_test_age(struct hs_translator *translator, const struct hs_record *record)
{
	struct hs_notifier_kvm_test_age *row = row_of(translator, HS_KIND_notifier_kvm_test_age, record);

	row->address = ((const struct hs_record_range *)(const void *)record)->start;
}

static void add_kvm_set_spte(struct hs_translator *translator, const struct hs_record *record)
{
	struct hs_notifier_kvm_set_spte *row = row_of(translator, HS_KIND_notifier_kvm_set_spte, record);

	row->address = ((const struct hs_record_range *)(const void *)record)->start;
}

static void add_section_start(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_section *section = (const void *)record;
	struct hs_notifier_start *row = foreign_row_of(translator, HS_KIND_notifier_start, record);

	row->start = section->start;
	row->end = section->end;
	row->event = (uint8_t)record->small;
	row->is_blockable = section->flags & RANGE_BLOCKABLE;
	row->ret = section->ret;
	row->flags = section->flags;
	row->interval_seq = section->interval_seq;
}

static void add_section_end(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_section *section = (const void *)record;
	struct hs_notifier_end *row = foreign_row_of(translator, HS_KIND_notifier_end, record);

	row->start = section->start;
	row->end = section->end;
	row->event = (uint8_t)record->small;
}

static void add_young(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_section *section = (const void *)record;
	struct hs_notifier_young *row = foreign_row_of(translator, HS_KIND_notifier_young, record);

	row->op = (uint8_t)record->small;
	row->start = section->start;
	row->end = section->end;
	row->is_young = (uint8_t)section->ret;
}

static void add_subscribe(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_section *section = (const void *)record;
	uint32_t task = task_of(translator, record);
	/* Who listens may leave when the address space has ended: a file that is closed at exit. */
	uint32_t mm = hs_identity_past_mm(translator->identity, record->time, record->mm);
	struct hs_notifier_subscribe *row = hs_sink_row(translator->sink, HS_KIND_notifier_subscribe, record->time,
							task, mm);

	row->op = (uint8_t)record->small;
	row->start = section->start;
	row->end = section->end;
	row->ret = section->ret;
}

static void add_notifier_run(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_range *range = (const void *)record;
	struct hs_hotplug_notifier_run *row = row_of(translator, HS_KIND_hotplug_notifier_run, record);
	const char *symbol = hs_kernel_names_symbol(translator->names, range->start);

	row->callback = text_of(translator, symbol, strlen(symbol));
}

static void add_hotplug(struct hs_translator *translator, const struct hs_record *record)
{
	uint32_t task = task_of(translator, record);

	translator->rows[HS_RING_HOTPLUG] += hs_hotplug_translate(translator->hotplug, record, task);
}

static void add_collapse(struct hs_translator *translator, const struct hs_record *record)
{
	uint64_t known = hs_identity_introductions(translator->identity);
	uint32_t task = task_of(translator, record);
	/* The daemon only visits: it owns nothing, and its visit may outlast the address space. */
	uint32_t mm = hs_identity_past_mm(translator->identity, record->time, record->mm);
	/* An isolation may be the first that is seen of its task, but not be earlier than its introduction. */
	uint64_t earliest = hs_identity_introductions(translator->identity) != known ? record->time : 0;

	translator->rows[HS_RING_COLLAPSE] += hs_collapse_groups_add(translator->groups, record, task, mm, earliest);
}

/* The writer is not named: it need not be one of those that are recorded. */
static void add_setting(struct hs_translator *translator, const struct hs_record *record)
{
	const struct hs_record_setting *setting = (const void *)record;
	struct hs_meta_tunable *row = hs_sink_row(translator->sink, HS_KIND_meta_tunable, record->time, 0, 0);
	const size_t length = strnlen(setting->text, sizeof(setting->text));
	const bool is_top = strcmp(setting->folder, HS_SETTINGS_FOLDER) == 0;
	char name[sizeof(HS_SETTINGS_FOLDER) + sizeof(setting->folder) + sizeof(setting->file) + 2];

	snprintf(name, sizeof(name), "%s/%s%s%s", HS_SETTINGS_FOLDER, is_top ? "" : setting->folder, is_top ? "" : "/",
		 setting->file);
	row->name = text_of(translator, name, strlen(name));
	row->value = text_of(translator, setting->text, length && setting->text[length - 1] == '\n' ? length - 1 : length);
	row->since = setting->entry_time;
}

static void add_svm(struct hs_translator *translator, const struct hs_record *record)
{
	uint32_t tid = hs_gpu_processes_find(&translator->gpu_processes, record);
	uint64_t mm = record->mm ? record->mm : hs_identity_mm_of(translator->identity, tid);
	uint32_t task = hs_identity_task(translator->identity, record->time, tid);

	hs_translate_svm(translator->sink, record, task, hs_identity_mm(translator->identity, record->time, mm, tid));
}

struct handler {
	void (*add)(struct hs_translator *translator, const struct hs_record *record);
	enum hs_ring_source source;
	unsigned int rows;		/* made of each record; 0: counted by add */
};

static const struct handler handlers[HS_NR_RECORDS] = {
	[HS_RECORD_FAULT_USER] = { add_fault_user, HS_RING_FAULT, 1 },
	[HS_RECORD_FAULT_KERNEL] = { add_fault_kernel, HS_RING_FAULT, 1 },
	[HS_RECORD_FAULT_HANDLED] = { add_fault_handled, HS_RING_FAULT, 1 },
	[HS_RECORD_SYSCALL] = { add_syscall, HS_RING_MM, 1 },
	[HS_RECORD_FORK] = { add_fork, HS_RING_MM, 1 },
	[HS_RECORD_EXEC] = { add_exec, HS_RING_MM, 1 },
	[HS_RECORD_RENAME] = { add_rename, HS_RING_MM, 0 },
	[HS_RECORD_EXIT] = { add_exit, HS_RING_MM, 1 },
	[HS_RECORD_EXIT_MMAP] = { add_exit_mmap, HS_RING_MM, 1 },
	[HS_RECORD_KVM_UNMAP] = { add_kvm_unmap, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_KVM_AGE] = { add_kvm_age, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_KVM_TEST_AGE] = { add_kvm_test_age, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_KVM_SET_SPTE] = { add_kvm_set_spte, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_SECTION_START] = { add_section_start, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_SECTION_END] = { add_section_end, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_SUBSCRIBE] = { add_subscribe, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_YOUNG] = { add_young, HS_RING_NOTIFIER, 1 },
	[HS_RECORD_NOTIFIER_RUN] = { add_notifier_run, HS_RING_HOTPLUG, 1 },
	[HS_RECORD_BLOCK_OPERATION] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_BLOCK_RESULT] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_ZONE] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_ISOLATE] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_TEST_ISOLATED] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_MEMORY_NOTIFY] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_ADD_MEMORY] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_REMOVE_MEMORY] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_POISON] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_GROUP] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_BLOCKS] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_REFUSED_PAGE] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_WRITE] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_READ] = { add_hotplug, HS_RING_HOTPLUG, 0 },
	[HS_RECORD_SWAPIN] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_ATTEMPT] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_SCAN] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_SCAN_FILE] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_COLLAPSE_FILE] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_PTES] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_VISIT] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_GPU_FAULT_BEGIN ... HS_RECORD_ATTRIBUTES] = { add_svm, HS_RING_SVM, 1 },
	[HS_RECORD_REGISTER] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_HUGE_PMD] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_ALLOC] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_SWAPIN_RESULT] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_CACHE] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_PASS] = { add_collapse, HS_RING_COLLAPSE, 0 },
	[HS_RECORD_SETTING] = { add_setting, HS_RING_COLLAPSE, 1 },
};

void hs_translate(struct hs_translator *translator, const struct hs_record *record)
{
	const struct handler *handler = record->type < HS_NR_RECORDS ? &handlers[record->type] : NULL;

	if (!handler || !handler->add)
		return;
	handler->add(translator, record);
	translator->rows[handler->source] += handler->rows;
}

void hs_translator_settle(struct hs_translator *translator, uint64_t watermark)
{
	hs_collapse_groups_settle(translator->groups, watermark);
}

pid_t hs_translator_next_exec(struct hs_translator *translator)
{
	return translator->execs.count ? translator->execs.items[--translator->execs.count] : 0;
}

struct hs_hotplug_translator *hs_translator_hotplug(const struct hs_translator *translator)
{
	return translator->hotplug;
}

uint64_t hs_translator_rows(const struct hs_translator *translator, enum hs_ring_source source)
{
	return translator->rows[source];
}
