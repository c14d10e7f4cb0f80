// SPDX-License-Identifier: GPL-2.0-only
#include "traces/kfd_smi.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SHIFT = 12, NO_ERROR_FIELD = 1 };

/* What is left of a line; bad is sticky, so that a grammar can be read without a test after each field. */
struct cursor {
	const char *at;
	int bad;
};

static void expect(struct cursor *cursor, const char *literal)
{
	size_t length = strlen(literal);

	if (strncmp(cursor->at, literal, length) == 0)
		cursor->at += length;
	else
		cursor->bad = 1;
}

static uint64_t number(struct cursor *cursor, int base)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	uint64_t value = 0;
	char *end;

	if (!*cursor->at || !strchr(digits, *cursor->at)) {
		cursor->bad = 1;
		return 0;
	}
	errno = 0;
	value = strtoull(cursor->at, &end, base);
	cursor->at = end;
	if (errno)
		cursor->bad = 1;
	return value;
}

static uint32_t number32(struct cursor *cursor, int base)
{
	uint64_t value = number(cursor, base);

	if (value > UINT32_MAX)
		cursor->bad = 1;
	return (uint32_t)value;
}

static int32_t signed_number(struct cursor *cursor)
{
	int negative = *cursor->at == '-';
	uint64_t value;

	cursor->at += negative;
	value = number(cursor, 10);
	if (value > INT32_MAX)
		cursor->bad = 1;
	return negative ? -(int32_t)value : (int32_t)value;
}

static int32_t hex_pid(struct cursor *cursor)
{
	uint32_t pid = number32(cursor, 16);

	if (pid > INT32_MAX)
		cursor->bad = 1;
	return (int32_t)pid;
}

/* One of two letters: 1 for the first, 0 for the second. */
static uint8_t either(struct cursor *cursor, char yes, char no)
{
	char letter = *cursor->at;

	if (letter != yes && letter != no) {
		cursor->bad = 1;
		return 0;
	}
	cursor->at++;
	return letter == yes;
}

static struct hs_bytes rest(struct cursor *cursor)
{
	struct hs_bytes text = { cursor->at, (uint32_t)strcspn(cursor->at, "\n") };

	cursor->at += text.length;
	return text;
}

static int at_end(const struct cursor *cursor)
{
	return cursor->at[strspn(cursor->at, " \n")] == '\0';
}

/* "NS -PID ": how all but the oldest kinds of line begin. */
static void read_head(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->row.time = number(cursor, 10);
	expect(cursor, " -");
	event->pid = signed_number(cursor);
	expect(cursor, " ");
}

/* "@START(PAGES)": both in pages and hexadecimal. */
static void read_range(struct cursor *cursor, uint64_t *start, uint64_t *nr_pages)
{
	expect(cursor, "@");
	*start = number(cursor, 16) << PAGE_SHIFT;
	expect(cursor, "(");
	*nr_pages = number(cursor, 16);
	expect(cursor, ")");
}

static void read_locations(struct cursor *cursor, uint32_t *from, uint32_t *to)
{
	expect(cursor, " ");
	*from = number32(cursor, 16);
	expect(cursor, "->");
	*to = number32(cursor, 16);
	expect(cursor, " ");
}

static void read_migrate_start(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	struct hs_svm_migrate_start *row = &event->migrate_start;

	event->kind = HS_KIND_svm_migrate_start;
	read_head(cursor, event);
	read_range(cursor, &row->start, &row->nr_pages);
	read_locations(cursor, &row->from, &row->to);
	row->prefetch = number32(cursor, 16);
	expect(cursor, ":");
	row->preferred = number32(cursor, 16);
	expect(cursor, " ");
	row->trigger = number32(cursor, 10);
}

static void read_migrate_end(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	struct hs_svm_migrate_end *row = &event->migrate_end;

	event->kind = HS_KIND_svm_migrate_end;
	read_head(cursor, event);
	read_range(cursor, &row->start, &row->nr_pages);
	read_locations(cursor, &row->from, &row->to);
	row->trigger = number32(cursor, 10);
	row->error = NO_ERROR_FIELD;
	event->until = HS_KFD_SMI_6_12;
	if (!cursor->bad && !at_end(cursor)) {
		expect(cursor, " ");
		row->error = signed_number(cursor);
		event->since = event->until = HS_KFD_SMI_6_18;
	}
}

static void read_fault(struct cursor *cursor, struct hs_kfd_smi_event *event, uint64_t *address, uint32_t *gpu)
{
	read_head(cursor, event);
	expect(cursor, "@");
	*address = number(cursor, 16) << PAGE_SHIFT;
	expect(cursor, "(");
	*gpu = number32(cursor, 16);
	expect(cursor, ") ");
}

static void read_fault_start(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_fault_start;
	read_fault(cursor, event, &event->fault_start.address, &event->fault_start.gpu);
	event->fault_start.is_write = either(cursor, 'W', 'R');
}

static void read_fault_end(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_fault_end;
	read_fault(cursor, event, &event->fault_end.address, &event->fault_end.gpu);
	event->fault_end.migrated = either(cursor, 'M', 'U');
}

static void read_evict(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_evict;
	read_head(cursor, event);
	event->evict.gpu = number32(cursor, 16);
	expect(cursor, " ");
	event->evict.trigger = number32(cursor, 10);
}

static void read_restore(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_restore;
	read_head(cursor, event);
	event->restore.gpu = number32(cursor, 16);
	if (cursor->bad || at_end(cursor)) {	/* 6.1 says nothing when it is done */
		event->until = HS_KFD_SMI_6_1;
		return;
	}
	expect(cursor, " ");
	event->restore.rescheduled = either(cursor, 'R', '0');
	event->since = event->restore.rescheduled ? HS_KFD_SMI_6_1 : HS_KFD_SMI_6_12;
}

static void read_unmap(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	struct hs_svm_unmap *row = &event->unmap;

	event->kind = HS_KIND_svm_unmap;
	read_head(cursor, event);
	read_range(cursor, &row->start, &row->nr_pages);
	expect(cursor, " ");
	row->gpu = number32(cursor, 16);
	expect(cursor, " ");
	row->trigger = number32(cursor, 10);
}

static void read_vmfault(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_vmfault;
	event->pid = hex_pid(cursor);
	expect(cursor, ":");
	event->vmfault.name = rest(cursor);
}

static void read_process(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_process;
	event->pid = hex_pid(cursor);
	expect(cursor, " ");
	event->process.name = rest(cursor);
	event->since = HS_KFD_SMI_6_18;
}

static void read_process_start(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	read_process(cursor, event);
	event->process.is_start = 1;
}

static void read_throttle(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_throttle;
	event->throttle.mask = number(cursor, 16);
	expect(cursor, ":");
	event->throttle.counter = number(cursor, 16);
}

static void read_reset(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	event->kind = HS_KIND_svm_reset;
	event->reset.sequence = number32(cursor, 16);
	if (*cursor->at == ' ') {	/* a cause follows, which may be empty */
		cursor->at++;
		event->reset.cause = rest(cursor);
		event->since = HS_KFD_SMI_6_12;
	}
}

static void read_reset_done(struct cursor *cursor, struct hs_kfd_smi_event *event)
{
	read_reset(cursor, event);
	event->reset.is_done = 1;
}

/* By event id: include/uapi/linux/kfd_ioctl.h, enum kfd_smi_event. */
static void (*const grammars[])(struct cursor *cursor, struct hs_kfd_smi_event *event) = {
	[0x1] = read_vmfault,	  [0x2] = read_throttle,  [0x3] = read_reset,	       [0x4] = read_reset_done,
	[0x5] = read_migrate_start, [0x6] = read_migrate_end, [0x7] = read_fault_start, [0x8] = read_fault_end,
	[0x9] = read_evict,	  [0xa] = read_restore,	  [0xb] = read_unmap,	       [0xc] = read_process_start,
	[0xd] = read_process,
};

int hs_kfd_smi_parse(const char *line, struct hs_kfd_smi_event *event, struct hs_error *err)
{
	struct cursor cursor = { .at = line };
	struct hs_kfd_smi_event parsed = { .until = HS_NR_KFD_SMI_FORMS - 1 };
	uint64_t id = number(&cursor, 16);

	expect(&cursor, " ");
	if (!cursor.bad && (id >= sizeof(grammars) / sizeof(grammars[0]) || !grammars[id]))
		return hs_error_set(err, -ENOENT,
				    "KFD SMI event %#" PRIx64 " is not known; report it with the kernel's version", id);
	if (!cursor.bad)
		grammars[id](&cursor, &parsed);
	if (cursor.bad || !at_end(&cursor))
		return hs_error_set(err, -EINVAL, "not a KFD SMI event line at column %zu: '%.*s'",
				    (size_t)(cursor.at - line) + 1, (int)strcspn(line, "\n"), line);
	*event = parsed;
	return 0;
}
