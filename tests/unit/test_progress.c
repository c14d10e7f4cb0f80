// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/progress.h"

static void check(const char *unit, uint64_t done, uint64_t total, uint64_t elapsed_ns, const char *expected)
{
	struct hs_progress progress = { .verb = "reading", .unit = unit, .total = total };
	char text[160];

	hs_progress_format(&progress, done, elapsed_ns, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_rate_and_time_left(void **state)
{
	(void)state;
	check("events", 1000000, 4000000, 2000000000,
	      "reading: 1,000,000 of 4,000,000 events (25 %), 500,000/s, 6 s left");
	check("events", 4000000, 4000000, 2000000000,
	      "reading: 4,000,000 of 4,000,000 events (100 %), 2,000,000/s, 0 s left");
	check("events", 1000, 1000000, 1000000000, "reading: 1,000 of 1,000,000 events (0 %), 1,000/s, 17 min left");
	check("events", 1, 36001, 1000000000, "reading: 1 of 36,001 events (0 %), 1/s, 10 h left");
	check("bytes", 1 << 20, 4 << 20, 1000000000, "reading: 1 MiB of 4 MiB (25 %), 1 MiB/s, 3 s left");
}

static void test_unknown_totals_have_no_share(void **state)
{
	(void)state;
	check("events", 5000, 0, 1000000000, "reading: 5,000 events, 5,000/s");
	check("events", 5000, 4000, 1000000000, "reading: 5,000 events, 5,000/s");
	check("events", 0, 4000, 1000000000, "reading: 0 events, 0/s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_and_time_left),
		cmocka_unit_test(test_unknown_totals_have_no_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
