// SPDX-License-Identifier: GPL-2.0-only
#include "traces/legality.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap512.h"
#include "lib/hash_map.h"
#include "lib/vec.h"
#include "traces/column.h"

/* Numbers that stand for words: at most max, or 255 where the kernel may not say. */
struct allowed {
	unsigned int kind;
	const char *column;
	uint8_t max;
	bool may_be_unknown;
};

static const struct allowed allowed_values[] = {
	{ HS_KIND_snap_mm, "thp_disable", 1, true },
	{ HS_KIND_snap_mm, "has_limits", 1, false },
	{ HS_KIND_snap_mm, "may_lock", 1, false },
	{ HS_KIND_snap_pages, "huge", 1, false },
	{ HS_KIND_snap_block, "removable", 1, true },
	{ HS_KIND_mm_mlock, "op", 4, false },
	{ HS_KIND_mm_exit, "group_dead", 1, true },
	{ HS_KIND_fault_handled, "is_remote", 1, false },
	{ HS_KIND_fault_handled, "mapped_by", 2, false },
	{ HS_KIND_notifier_start, "is_blockable", 1, false },
	{ HS_KIND_notifier_young, "op", 2, false },
	{ HS_KIND_notifier_young, "is_young", 1, false },
	{ HS_KIND_notifier_subscribe, "op", 4, false },
	{ HS_KIND_collapse_isolate, "address_basis", 5, false },
	{ HS_KIND_collapse_isolate, "writable", 1, true },
	{ HS_KIND_collapse_huge_page, "address_basis", 5, false },
	{ HS_KIND_collapse_huge_page, "isolated", 1, false },
	{ HS_KIND_collapse_scan, "address_basis", 5, false },
	{ HS_KIND_collapse_scan, "is_khugepaged", 1, false },
	{ HS_KIND_collapse_scan, "writable", 1, true },
	{ HS_KIND_collapse_scan, "has_page", 1, false },
	{ HS_KIND_collapse_scan_file, "address_basis", 5, false },
	{ HS_KIND_collapse_scan_file, "is_khugepaged", 1, false },
	{ HS_KIND_collapse_file, "is_shmem", 1, false },
	{ HS_KIND_collapse_visit, "full_scan_finished", 1, false },
	{ HS_KIND_hotplug_operation, "op", 1, false },
	{ HS_KIND_hotplug_operation, "online_type", 3, false },
	{ HS_KIND_hotplug_zone, "online_type", 3, false },
	{ HS_KIND_hotplug_notify, "chain", 1, false },
	{ HS_KIND_hotplug_result, "op", 1, false },
	{ HS_KIND_hotplug_group, "op", 2, false },
	{ HS_KIND_hotplug_blocks, "op", 1, false },
	{ HS_KIND_hotplug_remove, "op", 1, false },
	{ HS_KIND_hotplug_poison, "op", 2, false },
	{ HS_KIND_hotplug_request, "is_capable", 1, true },
	{ HS_KIND_svm_migrate_start, "trigger", 3, false },
	{ HS_KIND_svm_migrate_end, "trigger", 3, false },
	{ HS_KIND_svm_fault_start, "is_write", 1, false },
	{ HS_KIND_svm_fault_end, "migrated", 1, false },
	{ HS_KIND_svm_evict, "trigger", 5, false },
	{ HS_KIND_svm_restore, "rescheduled", 1, false },
	{ HS_KIND_svm_unmap, "trigger", 2, false },
	{ HS_KIND_svm_process, "is_start", 1, false },
	{ HS_KIND_svm_reset, "is_done", 1, false },
	{ HS_KIND_svm_attributes, "op", 1, false },
	{ HS_KIND_svm_attributes, "xnack", 1, true },
	{ HS_KIND_svm_invalidate, "event", 7, false },
	{ HS_KIND_svm_migrate_result, "trigger", 3, false },
	{ HS_KIND_svm_fault_result, "is_write", 1, false },
	{ HS_KIND_replay_decision, "origin", 1, false },
	{ HS_KIND_replay_decision, "verdict", 3, false },
	{ HS_KIND_replay_decision, "basis", 2, false },
};

/* One thing to check in every row of a kind. */
struct check {
	enum hs_legality_rule rule;
	const struct hs_column_info *column;
	const struct hs_column_info *end;	/* RANGE: column is the start */
	const struct allowed *allowed;		/* VALUE */
};

struct hs_legality {
	const struct hs_header *header;
	HS_VEC(struct check) checks[HS_NR_KINDS];
	uint64_t last_time[HS_NR_KINDS];
	struct hs_hash_map tasks;	/* id to process id */
	struct hs_hash_map mms;		/* id to 1 alive, 0 ended */
	bool has_results;		/* the header names the kernel's results */
	bool has_losses;
	bool is_in_snapshot;
	struct hs_legality_problem problems[HS_NR_LEGALITY_RULES];
	const struct hs_run *run;	/* during hs_legality_check */
};

static const struct hs_column_info *find_column(const struct hs_kind_info *info, const char *name)
{
	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (strcmp(info->columns[i].name, name) == 0)
			return &info->columns[i];
	return NULL;
}

static bool add_check(struct hs_legality *legality, unsigned int kind, struct check check)
{
	return hs_vec_push(&legality->checks[kind], check);
}

/* What a column's unit asks for. A decision's ids are those of the trace it was made from. */
static bool plan_column(struct hs_legality *legality, unsigned int kind, const struct hs_column_info *column)
{
	bool has_ids = hs_kind_info(kind)->source != HS_SOURCE_DECISION;

	switch (column->unit) {
	case HS_UNIT_task:
		return !has_ids || add_check(legality, kind, (struct check){ HS_LEGALITY_TASK, column, NULL, NULL });
	case HS_UNIT_mm:
		return !has_ids || add_check(legality, kind, (struct check){ HS_LEGALITY_MM, column, NULL, NULL });
	case HS_UNIT_bitmap:
		return add_check(legality, kind, (struct check){ HS_LEGALITY_BITMAP, column, NULL, NULL });
	case HS_UNIT_result:
		return !has_ids || add_check(legality, kind, (struct check){ HS_LEGALITY_RESULT, column, NULL, NULL });
	default:
		return true;
	}
}

static bool plan_range(struct hs_legality *legality, unsigned int kind, const char *start, const char *end)
{
	const struct hs_column_info *from = find_column(hs_kind_info(kind), start);
	const struct hs_column_info *to = find_column(hs_kind_info(kind), end);

	return !from || !to || add_check(legality, kind, (struct check){ HS_LEGALITY_RANGE, from, to, NULL });
}

static bool plan_kind(struct hs_legality *legality, unsigned int kind)
{
	const struct hs_kind_info *info = hs_kind_info(kind);

	for (unsigned int i = 0; i < info->nr_columns; i++)
		if (!plan_column(legality, kind, &info->columns[i]))
			return false;
	for (size_t i = 0; i < sizeof(allowed_values) / sizeof(*allowed_values); i++) {
		const struct allowed *allowed = &allowed_values[i];
		const struct hs_column_info *column = find_column(info, allowed->column);

		if (allowed->kind == kind && column &&
		    !add_check(legality, kind, (struct check){ HS_LEGALITY_VALUE, column, NULL, allowed }))
			return false;
	}
	/* Of a listener to a whole address space start and end are 0. */
	if (kind == HS_KIND_notifier_subscribe)
		return true;
	return plan_range(legality, kind, "start", "end") && plan_range(legality, kind, "start_pfn", "end_pfn");
}

int hs_legality_create(const struct hs_header *header, struct hs_legality **out)
{
	struct hs_legality *legality = calloc(1, sizeof(*legality));

	for (unsigned int kind = 0; legality && kind < HS_NR_KINDS; kind++)
		if (!plan_kind(legality, kind)) {
			hs_legality_destroy(legality);
			legality = NULL;
		}
	if (!legality)
		return -ENOMEM;
	legality->header = header;
	hs_vec_for_each(name, &header->names)
		legality->has_results |= strcmp(name->table, "scan_result") == 0;
	*out = legality;
	return 0;
}

void hs_legality_destroy(struct hs_legality *legality)
{
	if (!legality)
		return;
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_vec_deinit(&legality->checks[kind]);
	hs_hash_map_deinit(&legality->tasks);
	hs_hash_map_deinit(&legality->mms);
	free(legality);
}

static void report(struct hs_legality *legality, enum hs_legality_rule rule, const struct hs_row *row,
		   const char *column)
{
	struct hs_legality_problem *problem = &legality->problems[rule];

	if (problem->count++ == 0)
		*problem = (struct hs_legality_problem){
			1, legality->run->kind, row->time, legality->run->chunk, column,
		};
}

static bool is_known_result(const struct hs_legality *legality, const struct hs_bytes *result)
{
	if (!legality->has_results)
		return true;
	hs_vec_for_each(name, &legality->header->names)
		if (strcmp(name->table, "scan_result") == 0 && strlen(name->name) == result->length &&
		    memcmp(name->name, result->data, result->length) == 0)
			return true;
	return false;
}

static bool is_introduced(const struct hs_legality *legality, const struct hs_hash_map *known, uint64_t id)
{
	return id == 0 || legality->has_losses || hs_hash_map_get(known, id);
}

static bool holds(const struct hs_legality *legality, const struct check *check, const void *row)
{
	uint64_t number = hs_type_is_bytes(check->column->type) ? 0 : hs_column_number(check->column, row);

	switch (check->rule) {
	case HS_LEGALITY_TASK:
		return is_introduced(legality, &legality->tasks, number);
	case HS_LEGALITY_MM:
		return is_introduced(legality, &legality->mms, number);
	case HS_LEGALITY_BITMAP:
		number = hs_column_bytes(check->column, row)->length;
		return number == 0 || number == HS_BITMAP512_BITS / 8;
	case HS_LEGALITY_RESULT:
		return is_known_result(legality, hs_column_bytes(check->column, row));
	case HS_LEGALITY_RANGE:
		return number < hs_column_number(check->end, row);
	case HS_LEGALITY_VALUE:
		return number <= check->allowed->max || (check->allowed->may_be_unknown && number == UINT8_MAX);
	default:
		return true;
	}
}

static int introduce_task(struct hs_legality *legality, const struct hs_meta_task *row)
{
	const uint64_t *known = hs_hash_map_get(&legality->tasks, row->row.task);

	if (known && *known != row->tgid)
		report(legality, HS_LEGALITY_TASK_REUSED, &row->row, "tgid");
	return hs_hash_map_put(&legality->tasks, row->row.task, row->tgid);
}

/* A snapshot after a rotation introduces again what lives: only a new id begins a life. */
static int introduce_mm(struct hs_legality *legality, const struct hs_row *row)
{
	return hs_hash_map_get(&legality->mms, row->mm) ? 0 : hs_hash_map_put(&legality->mms, row->mm, 1);
}

static void end_mm(struct hs_legality *legality, const struct hs_row *row)
{
	uint64_t *is_alive = hs_hash_map_get(&legality->mms, row->mm);

	if (is_alive)
		*is_alive = 0;
}

/*
 * Only what a task does to its own address space: daemons that hold a reference may still visit one whose
 * mappings are gone.
 */
static void check_alive(struct hs_legality *legality, unsigned int kind, const struct hs_row *row)
{
	bool is_own = kind == HS_KIND_fault_user || (kind >= HS_KIND_mm_mmap && kind <= HS_KIND_mm_mlock);
	const uint64_t *is_alive = is_own ? hs_hash_map_get(&legality->mms, row->mm) : NULL;

	if (is_alive && !*is_alive)
		report(legality, HS_LEGALITY_MM_ENDED, row, "mm");
}

static void check_snapshot(struct hs_legality *legality, unsigned int kind, const struct hs_row *row)
{
	if (legality->has_losses)
		return;
	if (kind == HS_KIND_snap_begin) {
		if (legality->is_in_snapshot)
			report(legality, HS_LEGALITY_SNAP_NESTED, row, NULL);
		legality->is_in_snapshot = true;
	} else if (!legality->is_in_snapshot) {
		report(legality, HS_LEGALITY_SNAP_OUTSIDE, row, NULL);
	} else if (kind == HS_KIND_snap_end) {
		legality->is_in_snapshot = false;
	}
}

static void check_loss(struct hs_legality *legality, const struct hs_meta_lost *lost)
{
	if (lost->first_time > lost->last_time)
		report(legality, HS_LEGALITY_LOSS, &lost->row, "first_time");
	legality->has_losses = true;
}

/* What changes the state that later rows are held against. */
static int follow(struct hs_legality *legality, const struct hs_event *event)
{
	if (event->kind >= HS_KIND_snap_begin && event->kind <= HS_KIND_snap_end)
		check_snapshot(legality, event->kind, event->row);
	switch (event->kind) {
	case HS_KIND_meta_task:
		return introduce_task(legality, event->meta_task);
	case HS_KIND_meta_mm:
		return introduce_mm(legality, event->row);
	case HS_KIND_mm_exit_mmap:
		end_mm(legality, event->row);
		return 0;
	case HS_KIND_meta_lost:
		check_loss(legality, event->meta_lost);
		return 0;
	default:
		check_alive(legality, event->kind, event->row);
		return 0;
	}
}

static int check_row(struct hs_legality *legality, const struct hs_event *event)
{
	if (event->row->time < legality->last_time[event->kind])
		report(legality, HS_LEGALITY_ORDER, event->row, "time");
	legality->last_time[event->kind] = event->row->time;
	if (follow(legality, event))
		return -ENOMEM;
	hs_vec_for_each(check, &legality->checks[event->kind])
		if (!holds(legality, check, event->row))
			report(legality, check->rule, event->row, check->column->name);
	return 0;
}

int hs_legality_check(struct hs_legality *legality, const struct hs_run *run)
{
	size_t row_bytes = hs_kind_info(run->kind)->row_bytes;
	int status = 0;

	legality->run = run;
	for (size_t i = 0; status == 0 && i < run->nr; i++) {
		struct hs_event event = { .kind = run->kind, .row = (const void *)((const char *)run->rows + i * row_bytes) };

		status = check_row(legality, &event);
	}
	legality->run = NULL;
	return status;
}

void hs_legality_finish(struct hs_legality *legality)
{
	if (legality->is_in_snapshot && !legality->has_losses && !legality->problems[HS_LEGALITY_SNAP_OPEN].count)
		legality->problems[HS_LEGALITY_SNAP_OPEN] = (struct hs_legality_problem){
			.count = 1, .kind = HS_KIND_snap_begin, .time = legality->last_time[HS_KIND_snap_begin],
		};
}

const struct hs_legality_problem *hs_legality_problem(const struct hs_legality *legality, enum hs_legality_rule rule)
{
	return &legality->problems[rule];
}

const char *hs_legality_text(enum hs_legality_rule rule)
{
	static const char *const texts[] = {
#define RULE(id, text) text,
#include "traces/legality.def"
#undef RULE
	};

	return texts[rule];
}
