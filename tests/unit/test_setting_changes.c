// SPDX-License-Identifier: GPL-2.0-only
/* Which scans meet the change of a setting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/collapse/setting_changes.h"

#define THP "transparent_hugepage/"

static void add(struct hs_setting_changes *changes, const char *name, uint64_t since, uint64_t time)
{
	const struct hs_meta_tunable change = {
		.row = { .time = time }, .name = { name, (uint32_t)strlen(name) }, .since = since,
	};

	hs_setting_changes_add(changes, &change);
}

static void test_spans(void **state)
{
	struct hs_setting_changes changes = { 0 };

	(void)state;
	assert_false(hs_setting_changes_meet(&changes, 0, UINT64_MAX));
	add(&changes, THP "khugepaged/max_ptes_none", 100, 110);
	add(&changes, THP "enabled", 500, 2000);
	assert_false(hs_setting_changes_meet(&changes, 50, 100));	/* the write had not begun */
	assert_true(hs_setting_changes_meet(&changes, 50, 101));
	assert_true(hs_setting_changes_meet(&changes, 105, 106));
	assert_true(hs_setting_changes_meet(&changes, 50, 400));	/* the scan lies around it */
	assert_true(hs_setting_changes_meet(&changes, 110, 400));
	assert_false(hs_setting_changes_meet(&changes, 111, 400));
	assert_true(hs_setting_changes_meet(&changes, 600, 700));
	assert_false(hs_setting_changes_meet(&changes, 2001, 3000));
	hs_setting_changes_deinit(&changes);
}

/* Since when is not known: from the beginning on. */
static void test_unknown_beginning(void **state)
{
	struct hs_setting_changes changes = { 0 };

	(void)state;
	add(&changes, THP "khugepaged/max_ptes_swap", 0, 1000);
	assert_true(hs_setting_changes_meet(&changes, 1, 2));
	hs_setting_changes_deinit(&changes);
}

static void test_names(void **state)
{
	static const char *const deciding[] = {
		THP "enabled", THP "shmem_enabled", THP "hugepages-64kB/enabled", THP "khugepaged/max_ptes_none",
		THP "khugepaged/max_ptes_swap", THP "khugepaged/max_ptes_shared",
	};
	static const char *const others[] = {
		THP "khugepaged/full_scans", THP "khugepaged/pages_to_scan", THP "khugepaged/scan_sleep_millisecs",
		THP "defrag", "ksm/run", "enabled", "swappiness",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(deciding) / sizeof(*deciding); i++) {
		struct hs_setting_changes changes = { 0 };

		add(&changes, deciding[i], 10, 20);
		assert_true(hs_setting_changes_meet(&changes, 15, 16));
		hs_setting_changes_deinit(&changes);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct hs_setting_changes changes = { 0 };

		add(&changes, others[i], 10, 20);
		assert_false(hs_setting_changes_meet(&changes, 15, 16));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans), cmocka_unit_test(test_unknown_beginning), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
