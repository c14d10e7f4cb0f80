// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of each kind in each kernel's form. The forms are those of the format strings in
 * drivers/gpu/drm/amd/amdkfd/kfd_smi_events.c (6.1) and KFD_EVENT_FMT_* (6.12, 6.18).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "traces/kfd_smi.h"

static struct hs_kfd_smi_event parse(const char *line)
{
	struct hs_kfd_smi_event event = { .kind = ~0u };
	struct hs_error err = { 0 };

	if (hs_kfd_smi_parse(line, &event, &err))
		fail_msg("'%s': %s", line, err.text);
	return event;
}

static void test_migrations(void **state)
{
	struct hs_kfd_smi_event e = parse("5 1234567 -4711 @7f0000200(200) 0->1a2b ffffffff:0 1\n");

	(void)state;
	assert_int_equal(e.kind, HS_KIND_svm_migrate_start);
	assert_int_equal(e.row.time, 1234567);
	assert_int_equal(e.pid, 4711);
	assert_int_equal(e.migrate_start.start, 0x7f0000200000);
	assert_int_equal(e.migrate_start.nr_pages, 0x200);
	assert_int_equal(e.migrate_start.from, 0);
	assert_int_equal(e.migrate_start.to, 0x1a2b);
	assert_int_equal(e.migrate_start.prefetch, UINT32_MAX);
	assert_int_equal(e.migrate_start.preferred, 0);
	assert_int_equal(e.migrate_start.trigger, 1);

	e = parse("6 1234999 -4711 @7f0000200(200) 1a2b->0 2\n");
	assert_int_equal(e.kind, HS_KIND_svm_migrate_end);
	assert_int_equal(e.migrate_end.trigger, 2);
	assert_int_equal(e.migrate_end.error, 1);
	assert_int_equal(parse("6 1 -1 @1(1) 0->1 2 0\n").migrate_end.error, 0);
	assert_int_equal(parse("6 1 -1 @1(1) 0->1 2 -12\n").migrate_end.error, -ENOMEM);
}

static void test_faults(void **state)
{
	struct hs_kfd_smi_event e = parse("7 99 -23 @10(abc) W\n");

	(void)state;
	assert_int_equal(e.kind, HS_KIND_svm_fault_start);
	assert_int_equal(e.fault_start.address, 0x10000);
	assert_int_equal(e.fault_start.gpu, 0xabc);
	assert_int_equal(e.fault_start.is_write, 1);
	assert_int_equal(parse("7 99 -23 @10(abc) R").fault_start.is_write, 0);
	assert_int_equal(parse("8 99 -23 @10(abc) M\n").fault_end.migrated, 1);
	assert_int_equal(parse("8 99 -23 @10(abc) U\n").fault_end.migrated, 0);
}

static void test_queues_and_unmap(void **state)
{
	struct hs_kfd_smi_event e = parse("9 5 -7 1f 3\n");

	(void)state;
	assert_int_equal(e.kind, HS_KIND_svm_evict);
	assert_int_equal(e.evict.gpu, 0x1f);
	assert_int_equal(e.evict.trigger, 3);
	assert_int_equal(parse("a 5 -7 1f\n").restore.rescheduled, 0);
	assert_int_equal(parse("a 5 -7 1f R\n").restore.rescheduled, 1);
	assert_int_equal(parse("a 5 -7 1f 0\n").restore.rescheduled, 0);
	e = parse("b 5 -7 @20(8) 1f 2\n");
	assert_int_equal(e.kind, HS_KIND_svm_unmap);
	assert_int_equal(e.unmap.start, 0x20000);
	assert_int_equal(e.unmap.nr_pages, 8);
	assert_int_equal(e.unmap.trigger, 2);
}

static void test_lines_without_a_time(void **state)
{
	struct hs_kfd_smi_event e = parse("1 3e8:python3 <x>\n");

	(void)state;
	assert_int_equal(e.pid, 1000);
	assert_int_equal(e.vmfault.name.length, strlen("python3 <x>"));
	assert_memory_equal(e.vmfault.name.data, "python3 <x>", e.vmfault.name.length);
	e = parse("2 8000:1c\n");
	assert_int_equal(e.throttle.mask, 0x8000);
	assert_int_equal(e.throttle.counter, 0x1c);
	assert_int_equal(parse("3 2\n").reset.cause.length, 0);
	e = parse("4 2 ring gfx timeout\n");
	assert_int_equal(e.reset.is_done, 1);
	assert_memory_equal(e.reset.cause.data, "ring gfx timeout", 16);
	assert_int_equal(parse("c 3e8 app\n").process.is_start, 1);
	assert_int_equal(parse("d 3e8 app\n").process.is_start, 0);
}

static void test_forms_tell_since_when(void **state)
{
	static const struct { const char *line; int since, until; } forms[] = {
		{ "9 5 -7 1f 3\n", HS_KFD_SMI_6_1, HS_KFD_SMI_6_18 }, { "a 5 -7 1f\n", HS_KFD_SMI_6_1, HS_KFD_SMI_6_1 },
		{ "a 5 -7 1f R\n", HS_KFD_SMI_6_1, HS_KFD_SMI_6_18 }, { "a 5 -7 1f 0\n", HS_KFD_SMI_6_12, HS_KFD_SMI_6_18 },
		{ "6 1 -1 @1(1) 0->1 2\n", HS_KFD_SMI_6_1, HS_KFD_SMI_6_12 },
		{ "6 1 -1 @1(1) 0->1 2 0\n", HS_KFD_SMI_6_18, HS_KFD_SMI_6_18 },
		{ "3 2\n", HS_KFD_SMI_6_1, HS_KFD_SMI_6_18 }, { "3 2 \n", HS_KFD_SMI_6_12, HS_KFD_SMI_6_18 },
		{ "c 3e8 app\n", HS_KFD_SMI_6_18, HS_KFD_SMI_6_18 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct hs_kfd_smi_event event = parse(forms[i].line);

		print_message("%s", forms[i].line);
		assert_int_equal(event.since, forms[i].since);
		assert_int_equal(event.until, forms[i].until);
	}
}

static void test_bad_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"", "\n", "5", "5 ", "x 1", "5 1 -2 @3(4) 5->6 7:8", "5 1 2 @3(4) 5->6 7:8 9\n", "7 1 -2 @3(4) X\n",
		"6 1 -2 @3(4) 5->6 7 8 9\n", "9 1 -2 100000000 1\n", "a 1 -2 3 Q\n",
		"5 99999999999999999999999 -2 @3(4) 5->6 7:8 9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct hs_kfd_smi_event event = { .kind = 4711 };
		struct hs_error err = { 0 };

		print_message("'%s'\n", lines[i]);
		assert_int_equal(hs_kfd_smi_parse(lines[i], &event, &err), -EINVAL);
		assert_int_equal(event.kind, 4711);
		assert_true(err.text[0]);
	}
	struct hs_kfd_smi_event event;

	assert_int_equal(hs_kfd_smi_parse("e 1 2\n", &event, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_migrations), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_queues_and_unmap), cmocka_unit_test(test_lines_without_a_time),
		cmocka_unit_test(test_forms_tell_since_when), cmocka_unit_test(test_bad_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
