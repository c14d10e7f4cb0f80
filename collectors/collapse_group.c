// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/collapse_group.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/page_facts.h"
#include "collectors/pte_fold.h"
#include "collectors/vm_flags.h"
#include "lib/vec.h"

static const uint64_t huge_bytes = 2 << 20, page_bytes = 4096, user_end = 1ull << 56;

/* A group that is not ended by then is never ended: its last event was lost. */
static const uint64_t patience_ns = 1000000000;

/* An isolation comes with the event that ends its attempt: later than others of its time, by at most this. */
static const uint64_t attempt_ns = 100000000;

struct place {
	uint64_t address;
	enum hs_address_basis basis;
};

/* A row on its way. Those with an address column wait for it while is_open. */
struct waiting {
	enum hs_kind kind;
	uint32_t tid;
	bool is_open;
	union {
		struct hs_row head;
		struct hs_collapse_swapin swapin;
		struct hs_collapse_isolate isolate;
		struct hs_collapse_huge_page attempt;
		struct hs_collapse_scan scan;
		struct hs_collapse_scan_file scan_file;
		struct hs_collapse_file file;
		struct hs_collapse_visit visit;
	} row;
	char name[HS_NAME_BYTES];
};

/* What a task was last seen to collapse. */
struct task {
	uint32_t tid;
	struct place place;		/* of the group that is not ended yet; basis unknown: none */
	uint64_t arg_start, arg_len;	/* of its last madvise */
	uint64_t after;			/* where the range before ended, of the same madvise */
};

struct hs_collapse_groups {
	struct hs_sink *sink;
	const struct hs_kernel_names *names;
	HS_VEC(struct waiting) rows;	/* by time */
	HS_VEC(struct task) tasks;	/* few: khugepaged and who calls madvise(MADV_COLLAPSE) */
};

int hs_collapse_groups_create(struct hs_sink *sink, const struct hs_kernel_names *names,
			      struct hs_collapse_groups **out, struct hs_error *err)
{
	struct hs_collapse_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return hs_error_nomem(err);
	groups->sink = sink;
	groups->names = names;
	*out = groups;
	return 0;
}

void hs_collapse_groups_destroy(struct hs_collapse_groups *groups)
{
	if (!groups)
		return;
	hs_vec_deinit(&groups->rows);
	hs_vec_deinit(&groups->tasks);
	free(groups);
}

static struct task *find_task(struct hs_collapse_groups *groups, uint32_t tid)
{
	hs_vec_for_each(task, &groups->tasks)
		if (task->tid == tid)
			return task;
	if (!hs_vec_push(&groups->tasks, (struct task){ .tid = tid }))
		return NULL;
	return &groups->tasks.items[groups->tasks.count - 1];
}

/* The 2 MiB range of a page by its offset: right for anonymous memory that was never moved by mremap. */
static struct place place_of_index(uint64_t index)
{
	uint64_t address = index * page_bytes & ~(huge_bytes - 1);

	if (index >= user_end / page_bytes || !address)
		return (struct place){ 0, HS_ADDRESS_UNKNOWN };
	return (struct place){ address, HS_ADDRESS_PAGE_INDEX };
}

/*
 * mm/khugepaged.c madvise_collapse walks the whole 2 MiB ranges of its argument upwards: with one there is no
 * choice; with more the page tells, if it lies among them; else it is the one behind the last.
 */
static struct place place_in_argument(const struct task *task, struct place by_page)
{
	uint64_t start = (task->arg_start + huge_bytes - 1) & ~(huge_bytes - 1);
	uint64_t end = (task->arg_start + task->arg_len) & ~(huge_bytes - 1);

	if (end == start + huge_bytes)
		return (struct place){ start, HS_ADDRESS_SYSCALL };
	if (by_page.address >= start && by_page.address < end)
		return by_page;
	if (task->after > start && task->after < end)
		return (struct place){ task->after, HS_ADDRESS_IN_ORDER };
	if (!task->after && start < end)
		return (struct place){ start, HS_ADDRESS_IN_ORDER };
	return (struct place){ 0, HS_ADDRESS_UNKNOWN };
}

static void note_argument(struct task *task, const struct hs_ring_origin *origin)
{
	if (task->arg_start != origin->arg_start || task->arg_len != origin->arg_len)
		task->after = 0;
	task->arg_start = origin->arg_start;
	task->arg_len = origin->arg_len;
}

static struct place find_place(struct task *task, const struct hs_ring_origin *origin, bool has_folio, uint64_t index)
{
	struct place by_page = has_folio ? place_of_index(index) : (struct place){ 0, HS_ADDRESS_UNKNOWN };

	note_argument(task, origin);
	return origin->arg_len ? place_in_argument(task, by_page) : by_page;
}

/* Adds a row at its place in time; isolations come with the later event that ended them. */
static struct waiting *add_row(struct hs_collapse_groups *groups, enum hs_kind kind, uint32_t tid, struct hs_row head)
{
	struct waiting row = { .kind = kind, .tid = tid };
	size_t at;

	row.row.head = head;
	if (!hs_vec_push(&groups->rows, row))
		return NULL;
	for (at = groups->rows.count - 1; at && groups->rows.items[at - 1].row.head.time > head.time; at--)
		groups->rows.items[at] = groups->rows.items[at - 1];
	groups->rows.items[at] = row;
	return &groups->rows.items[at];
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

static struct hs_bytes result_of(const struct hs_collapse_groups *groups, int32_t status)
{
	return text_of(hs_kernel_names_result(groups->names, status));
}

static unsigned int add_swapin(struct hs_collapse_groups *groups, const struct hs_record_collapse *record,
			       struct hs_row head)
{
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_swapin, record->head.tid, head);

	if (!waiting)
		return 0;
	waiting->row.swapin.swapped_in = record->none_or_zero;
	waiting->row.swapin.referenced = record->referenced;
	waiting->row.swapin.ret = record->status;
	waiting->row.swapin.order = record->order;
	return 1;
}

static unsigned int add_isolate(struct hs_collapse_groups *groups, struct task *task,
				const struct hs_record_attempt *record, struct hs_row head, uint64_t earliest)
{
	const struct hs_ring_isolate *isolate = &record->isolate;
	struct waiting *waiting;

	head.time = isolate->time > earliest ? isolate->time : earliest;
	waiting = add_row(groups, HS_KIND_collapse_isolate, record->head.tid, head);
	if (task->place.basis != HS_ADDRESS_ARGUMENT)
		task->place = find_place(task, &record->origin, isolate->has_folio, isolate->folio_index);
	if (!waiting)
		return 0;
	waiting->is_open = task->place.basis == HS_ADDRESS_UNKNOWN;
	waiting->row.isolate.address = task->place.address;
	waiting->row.isolate.address_basis = (uint8_t)task->place.basis;
	waiting->row.isolate.none_or_zero = isolate->none_or_zero;
	waiting->row.isolate.referenced = isolate->referenced;
	waiting->row.isolate.writable = isolate->writable;
	waiting->row.isolate.status = result_of(groups, isolate->status);
	waiting->row.isolate.order = isolate->order;
	waiting->row.isolate.origin = record->origin.is_daemon ? HS_COLLAPSE_BY_DAEMON : HS_COLLAPSE_BY_MADVISE;
	return 1;
}

static unsigned int add_attempt(struct hs_collapse_groups *groups, struct task *task,
				const struct hs_record_attempt *record, struct hs_row head, uint64_t earliest)
{
	unsigned int rows = record->isolate.time ? add_isolate(groups, task, record, head, earliest) : 0;
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_huge_page, record->head.tid, head);

	if (!record->isolate.time && task->place.basis != HS_ADDRESS_ARGUMENT)
		task->place = find_place(task, &record->origin, false, 0);
	if (!waiting)
		return rows;
	waiting->is_open = task->place.basis == HS_ADDRESS_UNKNOWN;
	waiting->row.attempt.address = task->place.address;
	waiting->row.attempt.address_basis = (uint8_t)task->place.basis;
	waiting->row.attempt.isolated = record->isolated;
	waiting->row.attempt.status = result_of(groups, record->status);
	waiting->row.attempt.order = record->order;
	return rows + 1;
}

static void set_place(struct waiting *waiting, struct place place)
{
	if (waiting->kind == HS_KIND_collapse_isolate) {
		waiting->row.isolate.address = place.address;
		waiting->row.isolate.address_basis = (uint8_t)place.basis;
	} else {
		waiting->row.attempt.address = place.address;
		waiting->row.attempt.address_basis = (uint8_t)place.basis;
	}
	waiting->is_open = false;
}

/* The last event of a range: what waited in this task was about the same one. */
static void end_group(struct hs_collapse_groups *groups, struct task *task, struct place place)
{
	hs_vec_for_each(waiting, &groups->rows)
		if (waiting->is_open && waiting->tid == task->tid)
			set_place(waiting, place);
	task->place = (struct place){ 0, HS_ADDRESS_UNKNOWN };
	task->after = place.address ? place.address + huge_bytes : 0;
}

/*
 * After a collapse the scan's folio is one of the freed small pages: what the isolation saw counts more. The
 * attempts of one scan may be about parts of the range (later kernels' smaller orders).
 */
static unsigned int add_scan(struct hs_collapse_groups *groups, struct task *task,
			     const struct hs_record_collapse *record, struct hs_row head)
{
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_scan, record->head.tid, head);
	struct place place = task->place;

	if (place.basis == HS_ADDRESS_UNKNOWN)
		place = find_place(task, &record->origin, record->origin.has_folio, record->origin.folio_index);
	place.address &= ~(huge_bytes - 1);
	end_group(groups, task, place);
	if (!waiting)
		return 0;
	waiting->row.scan.address = place.address;
	waiting->row.scan.address_basis = (uint8_t)place.basis;
	waiting->row.scan.is_khugepaged = record->origin.is_daemon;
	waiting->row.scan.none_or_zero = record->none_or_zero;
	waiting->row.scan.referenced = record->referenced;
	waiting->row.scan.unmapped = record->unmapped;
	waiting->row.scan.writable = record->writable;
	waiting->row.scan.has_page = record->origin.has_folio;
	waiting->row.scan.pmd_after = record->pmd_after;
	waiting->row.scan.status = result_of(groups, record->status);
	return 1;
}

static unsigned int add_file(struct hs_collapse_groups *groups, struct task *task,
			     const struct hs_record_collapse_file *record, struct hs_row head)
{
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_file, record->head.tid, head);

	note_argument(task, &record->origin);
	task->place = (struct place){ record->address, HS_ADDRESS_ARGUMENT };
	if (!waiting)
		return 0;
	waiting->row.file.address = record->address;
	waiting->row.file.index = record->index;
	waiting->row.file.is_shmem = (uint8_t)record->swap;
	waiting->row.file.nr = record->present;
	waiting->row.file.status = result_of(groups, record->status);
	memcpy(waiting->name, record->file, sizeof(waiting->name));
	return 1;
}

static unsigned int add_scan_file(struct hs_collapse_groups *groups, struct task *task,
				  const struct hs_record_collapse_file *record, struct hs_row head)
{
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_scan_file, record->head.tid, head);
	struct place place = task->place;

	if (place.basis == HS_ADDRESS_UNKNOWN)
		place = find_place(task, &record->origin, false, 0);
	end_group(groups, task, place);
	if (!waiting)
		return 0;
	waiting->row.scan_file.address = place.address;
	waiting->row.scan_file.address_basis = (uint8_t)place.basis;
	waiting->row.scan_file.is_khugepaged = record->origin.is_daemon;
	waiting->row.scan_file.present = record->present;
	waiting->row.scan_file.swap = record->swap;
	waiting->row.scan_file.status = result_of(groups, record->status);
	memcpy(waiting->name, record->file, sizeof(waiting->name));
	return 1;
}

static unsigned int add_visit(struct hs_collapse_groups *groups, const struct hs_record_collapse *record,
			      struct hs_row head)
{
	struct waiting *waiting = add_row(groups, HS_KIND_collapse_visit, record->head.tid, head);

	if (!waiting)
		return 0;
	waiting->row.visit.progress = record->unmapped;
	waiting->row.visit.full_scan_finished = (uint8_t)record->none_or_zero;
	return 1;
}

/* A bitmap as the trace stores it: empty text when no bit is set. */
static struct hs_bytes plane_of(const struct hs_collapse_groups *groups, const struct hs_bitmap512 *plane)
{
	if (hs_bitmap512_is_empty(plane))
		return (struct hs_bytes){ NULL, 0 };
	return hs_sink_text(groups->sink, (const char *)plane->word, sizeof(plane->word));
}

static struct hs_bytes nodes_of(const struct hs_collapse_groups *groups, const struct hs_bitmap512 *nodes,
				unsigned int count)
{
	if (!count)
		return (struct hs_bytes){ NULL, 0 };
	return hs_sink_text(groups->sink, (const char *)nodes, count * sizeof(*nodes));
}

static void add_pages(const struct hs_collapse_groups *groups, const struct hs_record_ptes *record,
		      struct hs_collapse_ptes *row)
{
	struct hs_page_planes planes;

	row->has_pages = hs_page_facts_fold(record, &planes);
	if (!row->has_pages)
		return;
	row->not_anon = plane_of(groups, &planes.not_anon);
	row->shared = plane_of(groups, &planes.shared);
	row->off_lru = plane_of(groups, &planes.off_lru);
	row->locked = plane_of(groups, &planes.locked);
	row->pinned = plane_of(groups, &planes.pinned);
	row->lazyfree = plane_of(groups, &planes.lazyfree);
	row->referenced = plane_of(groups, &planes.referenced);
	row->swap_cache = plane_of(groups, &planes.swap_cache);
	row->large = plane_of(groups, &planes.large);
	row->same_folio = plane_of(groups, &planes.same_folio);
	row->repeated = plane_of(groups, &planes.repeated);
	row->nodes = nodes_of(groups, planes.node, planes.nr_nodes);
}

/* The scan of a file begins. */
static unsigned int add_cache(struct hs_collapse_groups *groups, struct task *task,
			      const struct hs_record_cache *record, struct hs_row head)
{
	struct hs_collapse_cache *row = hs_sink_row(groups->sink, HS_KIND_collapse_cache, head.time, head.task, head.mm);
	struct hs_cache_planes planes;

	task->place = (struct place){ record->address, HS_ADDRESS_ARGUMENT };
	row->address = record->address;
	row->index = record->index;
	row->is_khugepaged = record->is_khugepaged;
	row->is_shmem = record->is_shmem;
	row->is_whole = hs_cache_facts_fold(record, &planes);
	row->huge = UINT16_MAX;
	if (!row->is_whole)
		return 1;
	row->present = plane_of(groups, &planes.present);
	row->swap = plane_of(groups, &planes.swap);
	row->large = plane_of(groups, &planes.large);
	if (planes.huge < HS_BITMAP512_BITS)
		row->huge = (uint16_t)planes.huge;
	row->huge_at_start = planes.huge_at_start;
	row->off_lru = plane_of(groups, &planes.off_lru);
	row->locked = plane_of(groups, &planes.locked);
	row->pinned = plane_of(groups, &planes.pinned);
	row->nodes = nodes_of(groups, planes.node, planes.nr_nodes);
	return 1;
}

static unsigned int add_register(struct hs_collapse_groups *groups, const struct hs_record *record,
				 struct hs_row head)
{
	struct hs_collapse_register *row = hs_sink_row(groups->sink, HS_KIND_collapse_register, head.time, head.task,
						       head.mm);

	row->op = (uint8_t)record->small;
	return 1;
}

static unsigned int add_pass(struct hs_collapse_groups *groups, struct hs_row head)
{
	hs_sink_row(groups->sink, HS_KIND_collapse_pass, head.time, head.task, 0);
	return 1;
}

static unsigned int add_huge_pmd(struct hs_collapse_groups *groups, const struct hs_record_range *record,
				 struct hs_row head)
{
	struct hs_collapse_huge_pmd *row = hs_sink_row(groups->sink, HS_KIND_collapse_huge_pmd, head.time, head.task,
						       head.mm);

	row->address = record->start;
	row->op = (uint8_t)record->head.small;
	return 1;
}

/* Asked for between the scan's entry and its other events: the range is known. */
static unsigned int add_alloc(struct hs_collapse_groups *groups, const struct task *task,
			      const struct hs_record_collapse *record, struct hs_row head)
{
	struct hs_collapse_alloc *row = hs_sink_row(groups->sink, HS_KIND_collapse_alloc, head.time, head.task, head.mm);

	row->address = task->place.address;
	row->address_basis = (uint8_t)task->place.basis;
	row->status = result_of(groups, record->status);
	return 1;
}

/* Comes right behind the event of the swap-in, whose row still waits. */
static void add_swapin_result(struct hs_collapse_groups *groups, const struct hs_record *record)
{
	for (size_t i = groups->rows.count; i-- > 0;) {
		struct waiting *waiting = &groups->rows.items[i];

		if (waiting->kind != HS_KIND_collapse_swapin || waiting->tid != record->tid)
			continue;
		waiting->row.swapin.result = result_of(groups, record->small);
		return;
	}
}

/* The scan begins: from here on this task's events are about this range. */
static unsigned int add_ptes(struct hs_collapse_groups *groups, struct task *task,
			     const struct hs_record_ptes *record,
			     struct hs_row head)
{
	struct hs_collapse_ptes *row = hs_sink_row(groups->sink, HS_KIND_collapse_ptes, head.time, head.task, head.mm);
	struct hs_pte_planes planes;

	task->place = (struct place){ record->address, HS_ADDRESS_ARGUMENT };
	row->address = record->address;
	row->moment = record->moment;
	row->is_khugepaged = record->is_khugepaged;
	row->pmd = record->level;
	row->vma_start = record->vma_start;
	row->vma_end = record->vma_end;
	row->vma_flags = hs_vm_flags_translate(record->vm_flags);
	row->has_anon_vma = record->has_anon_vma;
	row->has_notifiers = record->has_notifiers;
	if (record->level != HS_PMD_IS_TABLE)
		return 1;
	hs_pte_fold((const uint64_t *)record->entries, hs_kernel_names_pte_facts(groups->names), &planes);
	row->none = plane_of(groups, &planes.none);
	row->swap = plane_of(groups, &planes.swap);
	row->zero = plane_of(groups, &planes.zero);
	row->young = plane_of(groups, &planes.young);
	row->dirty = plane_of(groups, &planes.dirty);
	row->writable = plane_of(groups, &planes.writable);
	row->uffd_wp = plane_of(groups, &planes.uffd_wp);
	row->marker = plane_of(groups, &planes.marker);
	row->poisoned = plane_of(groups, &planes.poisoned);
	add_pages(groups, record, row);
	return 1;
}

unsigned int hs_collapse_groups_add(struct hs_collapse_groups *groups, const struct hs_record *record,
				    uint32_t task_id,
				    uint32_t mm, uint64_t earliest)
{
	struct hs_row head = { .time = record->time, .task = task_id, .mm = mm };
	const void *whole = record;
	struct task *task;

	/* Any task does these: none of them is to be remembered. */
	if (record->type == HS_RECORD_REGISTER)
		return add_register(groups, record, head);
	if (record->type == HS_RECORD_HUGE_PMD)
		return add_huge_pmd(groups, whole, head);
	if (record->type == HS_RECORD_PASS)
		return add_pass(groups, head);
	task = find_task(groups, record->tid);
	if (!task)
		return 0;
	switch (record->type) {
	case HS_RECORD_PTES:
		return add_ptes(groups, task, whole, head);
	case HS_RECORD_CACHE:
		return add_cache(groups, task, whole, head);
	case HS_RECORD_ALLOC:
		return add_alloc(groups, task, whole, head);
	case HS_RECORD_SWAPIN:
		return add_swapin(groups, whole, head);
	case HS_RECORD_SWAPIN_RESULT:
		add_swapin_result(groups, record);
		return 0;
	case HS_RECORD_ATTEMPT:
		return add_attempt(groups, task, whole, head, earliest);
	case HS_RECORD_SCAN:
		return add_scan(groups, task, whole, head);
	case HS_RECORD_COLLAPSE_FILE:
		return add_file(groups, task, whole, head);
	case HS_RECORD_SCAN_FILE:
		return add_scan_file(groups, task, whole, head);
	default:
		return add_visit(groups, whole, head);
	}
}

/* Copies into a row of the sink all but the head, which the sink has set. */
static void emit(const struct hs_collapse_groups *groups, const struct waiting *waiting)
{
	const struct hs_row *head = &waiting->row.head;
	struct hs_row *row = hs_sink_row(groups->sink, waiting->kind, head->time, head->task, head->mm);
	struct hs_bytes name = hs_sink_text(groups->sink, waiting->name, strnlen(waiting->name, HS_NAME_BYTES));
	uint64_t time = row->time;

	switch (waiting->kind) {
#define COPY(kind_name, member) \
	case HS_KIND_collapse_##kind_name: \
		*(struct hs_collapse_##kind_name *)(void *)row = waiting->row.member; \
		break
	COPY(swapin, swapin);
	COPY(isolate, isolate);
	COPY(huge_page, attempt);
	COPY(scan, scan);
	COPY(visit, visit);
	COPY(scan_file, scan_file);
	COPY(file, file);
#undef COPY
	default:
		break;
	}
	row->time = time;
	if (waiting->kind == HS_KIND_collapse_scan_file)
		((struct hs_collapse_scan_file *)(void *)row)->file = name;
	if (waiting->kind == HS_KIND_collapse_file)
		((struct hs_collapse_file *)(void *)row)->file = name;
}

static bool is_settled(const struct waiting *waiting, uint64_t watermark)
{
	uint64_t time = waiting->row.head.time, age = time < watermark ? watermark - time : 0;

	return age > (waiting->is_open ? patience_ns : attempt_ns);
}

void hs_collapse_groups_settle(struct hs_collapse_groups *groups, uint64_t watermark)
{
	size_t done = 0;

	while (done < groups->rows.count && is_settled(&groups->rows.items[done], watermark))
		emit(groups, &groups->rows.items[done++]);
	if (!done)
		return;
	groups->rows.count -= done;
	memmove(groups->rows.items, groups->rows.items + done, groups->rows.count * sizeof(*groups->rows.items));
}
