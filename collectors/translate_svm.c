// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/translate_svm.h"

struct context {
	struct hs_sink *sink;
	const struct hs_record_svm *record;
	uint32_t task, mm;
};

static void *row_of(const struct context *context, enum hs_kind kind)
{
	return hs_sink_row(context->sink, kind, context->record->head.time, context->task, context->mm);
}

static void add_fault_start(const struct context *context)
{
	struct hs_svm_fault_start *row = row_of(context, HS_KIND_svm_fault_start);

	row->address = context->record->start;
	row->gpu = context->record->gpu;
	row->is_write = (uint8_t)context->record->head.small;
}

static void add_fault_end(const struct context *context)
{
	struct hs_svm_fault_end *row = row_of(context, HS_KIND_svm_fault_end);

	row->address = context->record->start;
	row->gpu = context->record->gpu;
	row->migrated = (uint8_t)context->record->head.small;
}

static void add_migrate_start(const struct context *context)
{
	const struct hs_record_svm *record = context->record;
	struct hs_svm_migrate_start *row = row_of(context, HS_KIND_svm_migrate_start);

	row->start = record->start;
	row->nr_pages = record->nr_pages;
	row->from = record->from;
	row->to = record->to;
	row->prefetch = record->prefetch;
	row->preferred = record->preferred;
	row->trigger = record->trigger;
}

static void add_migrate_end(const struct context *context)
{
	const struct hs_record_svm *record = context->record;
	struct hs_svm_migrate_end *row = row_of(context, HS_KIND_svm_migrate_end);

	row->start = record->start;
	row->nr_pages = record->nr_pages;
	row->from = record->from;
	row->to = record->to;
	row->trigger = record->trigger;
	row->error = record->ret;
}

static void add_evict(const struct context *context)
{
	struct hs_svm_evict *row = row_of(context, HS_KIND_svm_evict);

	row->gpu = context->record->gpu;
	row->trigger = context->record->trigger;
}

static void add_restore(const struct context *context)
{
	struct hs_svm_restore *row = row_of(context, HS_KIND_svm_restore);

	row->gpu = context->record->gpu;
	row->rescheduled = (uint8_t)context->record->head.small;
}

static void add_unmap(const struct context *context)
{
	struct hs_svm_unmap *row = row_of(context, HS_KIND_svm_unmap);

	row->start = context->record->start;
	row->nr_pages = context->record->nr_pages;
	row->gpu = context->record->gpu;
	row->trigger = context->record->trigger;
}

static void add_vmfault(const struct context *context)
{
	struct hs_svm_vmfault *row = row_of(context, HS_KIND_svm_vmfault);

	row->gpu = context->record->gpu;
	row->pasid = context->record->pasid;
}

static void add_process(const struct context *context)
{
	struct hs_svm_process *row = row_of(context, HS_KIND_svm_process);

	row->is_start = (uint8_t)context->record->head.small;
}

static void add_throttle(const struct context *context)
{
	struct hs_svm_throttle *row = row_of(context, HS_KIND_svm_throttle);

	row->mask = context->record->outer_start;
}

static void add_reset(const struct context *context)
{
	struct hs_svm_reset *row = row_of(context, HS_KIND_svm_reset);

	row->is_done = (uint8_t)context->record->head.small;
	row->sequence = context->record->trigger;
}

static void add_fault_result(const struct context *context)
{
	struct hs_svm_fault_result *row = row_of(context, HS_KIND_svm_fault_result);

	row->address = context->record->start;
	row->is_write = (uint8_t)context->record->head.small;
	row->pasid = context->record->pasid;
	row->ret = context->record->ret;
}

static void add_migrate_result(const struct context *context)
{
	const struct hs_record_svm *record = context->record;
	struct hs_svm_migrate_result *row = row_of(context, HS_KIND_svm_migrate_result);

	row->start = record->start;
	row->nr_pages = record->nr_pages;
	row->to = record->to;
	row->trigger = record->trigger;
	row->ret = record->ret;
}

static void add_invalidate(const struct context *context)
{
	const struct hs_record_svm *record = context->record;
	struct hs_svm_invalidate *row = row_of(context, HS_KIND_svm_invalidate);

	row->start = record->start;
	row->nr_pages = record->nr_pages;
	row->outer_start = record->outer_start;
	row->outer_pages = record->outer_pages;
	row->event = (uint8_t)record->trigger;
}

static void add_attributes(const struct context *context)
{
	const struct hs_record_attributes *record = (const void *)context->record;
	uint32_t kept = record->nr_attributes < HS_SVM_ATTRIBUTES ? record->nr_attributes : HS_SVM_ATTRIBUTES;
	struct hs_svm_attributes *row = row_of(context, HS_KIND_svm_attributes);

	row->op = (uint8_t)record->op;
	row->start = record->start;
	row->size = record->size;
	row->nr_attributes = record->nr_attributes;
	row->attributes = hs_sink_text(context->sink, record->attributes, kept * sizeof(record->attributes[0]));
	row->xnack = record->xnack;
	row->granularity = record->granularity;
	row->ret = record->ret;
}

static void (*const adders[HS_NR_RECORDS])(const struct context *context) = {
	[HS_RECORD_GPU_FAULT_BEGIN] = add_fault_start, [HS_RECORD_GPU_FAULT_END] = add_fault_end,
	[HS_RECORD_MIGRATION_BEGIN] = add_migrate_start, [HS_RECORD_MIGRATION_END] = add_migrate_end,
	[HS_RECORD_EVICT] = add_evict, [HS_RECORD_RESTORE] = add_restore, [HS_RECORD_GPU_UNMAP] = add_unmap,
	[HS_RECORD_VMFAULT] = add_vmfault, [HS_RECORD_GPU_PROCESS] = add_process, [HS_RECORD_THROTTLE] = add_throttle,
	[HS_RECORD_RESET] = add_reset, [HS_RECORD_FAULT_RESULT] = add_fault_result,
	[HS_RECORD_MIGRATION_RESULT] = add_migrate_result, [HS_RECORD_INVALIDATE] = add_invalidate,
	[HS_RECORD_ATTRIBUTES] = add_attributes,
};

void hs_translate_svm(struct hs_sink *sink, const struct hs_record *record, uint32_t task, uint32_t mm)
{
	const struct context context = { sink, (const void *)record, task, mm };

	adders[record->type](&context);
}

void hs_gpu_processes_deinit(struct hs_gpu_processes *processes)
{
	hs_hash_map_deinit(&processes->serving);
	hs_hash_map_deinit(&processes->by_pasid);
}

/* What there is no memory for is not known. */
uint32_t hs_gpu_processes_find(struct hs_gpu_processes *processes, const struct hs_record *record)
{
	const struct hs_record_svm *svm = (const void *)record;
	uint64_t leader;
	const uint64_t *known;

	if (record->type == HS_RECORD_GPU_FAULT_BEGIN)
		hs_hash_map_put(&processes->serving, svm->worker, record->tid);
	if (record->type != HS_RECORD_FAULT_RESULT)
		return record->tid;
	if (hs_hash_map_remove(&processes->serving, svm->worker, &leader))
		hs_hash_map_put(&processes->by_pasid, svm->pasid, leader);
	known = hs_hash_map_get(&processes->by_pasid, svm->pasid);
	return known ? (uint32_t)*known : 0;
}
