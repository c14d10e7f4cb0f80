// SPDX-License-Identifier: GPL-2.0-only
/* Mappings and pages by the numbered cases of the address-space specification (T…), where it has one. */
#include "tests/unit/space_script.h"

#include "lib/rng.h"

struct space_case {
	const char *name, *variant, *commands, *vmas, *present;
};

static const struct space_case cases[] = {
	{ "T1 munmap in the middle", "6.18", "A 0 8 rw; un 3 4", "[0,3)rw [4,8)rw", "" },
	{ "T8 MAP_FIXED over the middle merges both sides", "6.18", "A 0 8 rw; w 0 8; A 2 4 rw", "[0,8)rw", "0-1 4-7" },
	{ "T9 MAP_FIXED of another kind replaces all", "6.18", "A 0 8 rw; w 0 8; S -4 16 r", "[-4,16)rs", "" },
	{ "T16 dropped charge lets read-only maps merge", "6.12", "A 0 4 rw; A 4 8 r; prot 0 4 r", "[0,8)r", "" },
	{ "T16 on 6.1 the charge stays", "6.1", "A 0 4 rw; A 4 8 r; prot 0 4 r", "[0,4)r [4,8)r", "" },
	{ "T17 a touched range keeps its charge", "6.18", "A 0 4 rw; A 4 8 r; w 0; prot 0 4 r", "[0,4)r [4,8)r", "0-0" },
	{ "T18 touched next to untouched, 6.12", "6.12", "A 0 8 rw noreserve; prot 0 4 r; w 4; prot 4 8 r",
	  "[0,4)r [4,8)r", "4-4" },
	{ "T18 touched next to untouched, 6.18", "6.18", "A 0 8 rw noreserve; prot 0 4 r; w 4; prot 4 8 r",
	  "[0,8)r", "4-4" },
	{ "T19 untouched next to touched", "6.1", "A 0 8 rw noreserve; prot 4 8 r; w 0; prot 4 8 rw", "[0,8)rw", "0-0" },
	{ "T23 stack growth", "6.18", "A 0 4 rw grows; w -1; w -10", "[-10,4)rw", "-10--10 -1--1" },
	{ "T24 the guard gap stops growth", "6.18", "A -300 -299 rw; A 0 4 rw grows; w -43; w -44",
	  "[-300,-299)rw [-43,4)rw",
	  "-43--43" },
	{ "T28 populate", "6.18", "A 0 8 rw populate; A 1M 520 r populate", "[0,8)rw [512,520)r", "0-7 512-519" },
	{ "T34 a hole ends mprotect", "6.18", "A 0 4 rw; A 6 8 rw; fail 12; prot 0 8 r", "[0,4)r [6,8)rw", "" },
	{ "T34 nothing before the hole", "6.18", "A 0 4 rw; A 6 8 rw; fail 12; prot 4 8 r", "[0,4)rw [6,8)rw", "" },
	{ "T39 DONTNEED passes over holes", "6.18", "A 0 8 rw; w 0 8; S 10 12 rw; w 10 12; fail 12; adv 0 12 4",
	  "[0,8)rw [10,12)rws", "" },
	{ "T41 DONTNEED of locked memory is refused", "6.18", "A 0 4 rw; w 0 4; lock 0 4; fail 22; adv 0 4 4",
	  "[0,4)rwL", "0-3" },
	{ "T46 DONTFORK splits", "6.18", "A 0 8 rw; adv 0 2 10", "[0,2)rw [2,8)rw", "" },
	{ "T48 mlock populates", "6.18", "A 0 8 rw; w 0 2; lock 1 4", "[0,1)rw [1,4)rwL [4,8)rw", "0-3" },
	{ "T48 munlock merges again", "6.18", "A 0 8 rw; w 0 2; lock 1 4; unlock 1 4", "[0,8)rw", "0-3" },
	{ "T49 mlock up to the hole", "6.18", "A 0 4 rw; A 6 8 rw; fail 12; lock 0 8", "[0,4)rwL [6,8)rw", "" },
	{ "T79 mremap grows in place", "6.18", "A 0 4 rw; w 0 4; re 0 4 8 0 0", "[0,8)rw", "0-3" },
	{ "T80 mremap moves and grows", "6.18", "A 0 4 rw; w 0 4; A 4 5 r; re 0 4 8 1 100",
	  "[4,5)r [100,108)rw", "100-103" },
	{ "T86 DONTUNMAP", "6.18", "A 0 4 rw; w 0 4; re 0 4 4 5 100", "[0,4)rw [100,104)rw", "100-103" },
	{ "T88 mremap shrinks", "6.18", "A 0 8 rw; w 0 8; re 0 8 3 0 0", "[0,3)rw", "0-2" },
	{ "T89 shrink and move over other memory", "6.18", "A 0 8 rw; w 0 8; S 1M 520 rw; re 0 8 3 3 1M",
	  "[512,515)rw [515,520)rws", "512-514" },
	{ "T93 old length 0 duplicates", "6.18", "S 0 4 rw; w 0 4; re 0 0 4 1 100", "[0,4)rws [100,104)rws", "0-3" },
	{ "T108 untouched memory moved next to untouched", "6.18", "A 0 4 rw; A 1M 516 rw; re 1M 4 4 3 4", "[0,8)rw", "" },
	{ "T109 touched memory keeps its page index", "6.18", "A 0 4 rw; A 1M 516 rw; w 1M; re 1M 4 4 3 4",
	  "[0,4)rw [4,8)rw", "4-4" },
	{ "T110 there and back", "6.18", "A 0 8 rw; w 0 8; re 2 2 2 3 1M; re 1M 2 2 3 2", "[0,8)rw", "0-7" },
	{ "T111 DONTUNMAP may merge with its source", "6.18", "A 0 4 rw; re 0 4 4 7 4", "[0,8)rw", "" },
	{ "T111 it may not, 6.12", "6.12", "A 0 4 rw; re 0 4 4 7 4", "[0,4)rw [4,8)rw", "" },
	{ "T113 growth fuses with the next", "6.18", "A 0 4 rw; A 8 12 rw; re 0 4 8 0 0", "[0,12)rw", "" },
	{ "unaligned move of whole tables", "6.18", "A 0 2M rw; w 0 2M; re 0 2M 2M 3 3073", "[3073,4097)rw", "3073-4096" },
	{ "T85 unaligned move", "6.12", "A 5 1005 rw; w 5 1005; re 5 1000 1000 3 4102", "[4102,5102)rw", "4102-5101" },
	{ "a mremap that fails has cut target and tail, 6.1", "6.1",
	  "A 0 4 rw; A 6 10 rw; A 100 108 rw; fail 14; re 0 10 5 3 100", "[0,4)rw [105,108)rw", "" },
	{ "a mremap that fails has cut nothing, 6.18", "6.18",
	  "A 0 4 rw; A 6 10 rw; A 100 108 rw; fail 14; re 0 10 5 3 100", "[0,4)rw [6,10)rw [100,108)rw", "" },
	{ "POPULATE_READ passes over a hole, 6.1", "6.1", "A 2 4 rw; fail 12; adv 0 4 22", "[2,4)rw", "2-3" },
	{ "POPULATE_READ stops at a hole, 6.12", "6.12", "A 2 4 rw; fail 12; adv 0 4 22", "[2,4)rw", "" },
	{ "file pages", "6.18", "F 0 8 r 0; r 0 2; F 8 16 r 8; r 9", "[0,16)r", "0-1 9-9" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_script script;

		print_message("%s (%s)\n", cases[i].name, cases[i].variant);
		script_init(&script, cases[i].variant, "never");
		script_run(&script, cases[i].commands);
		assert_string_equal(script_vmas(&script), cases[i].vmas);
		assert_string_equal(script_plane(&script, "present"), cases[i].present);
		script_deinit(&script);
	}
}

/* T53-55: the zero page counts for nothing until it is written. */
static void test_zero_pages(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 4 rw; r 0 2");
	assert_string_equal(script_plane(&script, "zero"), "0-1");
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 0);
	script_run(&script, "w 0; w 0");
	assert_string_equal(script_plane(&script, "zero"), "1-1");
	assert_string_equal(script_plane(&script, "writable"), "0-0");
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 1);
	script_deinit(&script);
}

/* T63-66: what a child gets, and that records are shared until written. */
static void test_fork(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 8 rw; w 0 2; lock 0 2; S 1M 516 rw; w 1M 516; A 2M 1028 rw; w 2M 1028; adv 2M 1028 10;"
			       "A 3M 1540 r; r 3M; A 4M 2052 rw; w 4M; adv 4M 2052 18; fork; mm 2");
	assert_string_equal(script_vmas(&script), "[0,2)rw [2,8)rw [512,516)rws [1536,1540)r [2048,2052)rw");
	assert_string_equal(script_plane(&script, "present"), "0-1");
	assert_string_equal(script_plane(&script, "writable"), "");
	assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, 0);
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 2);
	script_run(&script, "w 0; mm 1");
	assert_string_equal(script_plane(&script, "exclusive"), "1024-1027 2048-2048");
	script_run(&script, "w 1; mm 2");
	assert_string_equal(script_plane(&script, "exclusive"), "0-0");
	script_run(&script, "exit; mm 1");
	assert_string_equal(script_plane(&script, "present"), "0-1 512-515 1024-1027 1536-1536 2048-2048");
	script_deinit(&script);
}

/* T56: a fault that may get a huge page leaves the rest unknown; a second fault tells. */
static void test_maybe_huge(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "always");
	script_run(&script, "A 0 2M rw; w 5");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_MAYBE_HUGE);
	assert_string_equal(script_plane(&script, "unknown"), "0-4 6-511");
	script_run(&script, "w 7");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_TABLE);
	assert_string_equal(script_plane(&script, "unknown"), "");
	assert_string_equal(script_plane(&script, "present"), "5-5 7-7");
	script_deinit(&script);
}

static void test_collapse_makes_huge_and_zap_splits(void **state)
{
	struct hs_collapse_huge_page row = { .address = HS_SCRIPT_BASE, .address_basis = 2, .isolated = 1,
					     .status = { "SCAN_SUCCEED", 12 } };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 2M rw; w 5");
	give(&script, HS_KIND_collapse_huge_page, &row);
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_HUGE_ANON);
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 512);
	script_run(&script, "adv 7 8 4");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_TABLE);
	assert_string_equal(script_plane(&script, "present"), "0-6 8-511");
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 511);
	script_deinit(&script);
}

static void test_losses_make_pages_unknown(void **state)
{
	const struct hs_meta_lost lost = { .source = { "fault", 5 }, .count = 1 };
	struct hs_script script;
	struct hs_slot slot;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 8 rw; w 0");
	hs_mm_get_slot(script_mm(&script), HS_SCRIPT_BASE, &slot);
	assert_true(hs_bitmap512_is_empty(&slot.unknown));
	hs_model_find("address_space")->lost(script.model, &lost);
	assert_string_equal(script_plane(&script, "unknown"), "1-7");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).unknown, 7);
	script_run(&script, "A 4 8 r");	/* made after the loss: known again */
	assert_string_equal(script_plane(&script, "unknown"), "1-3");
	script_deinit(&script);
}

/* T105: on new kernels the lock count of a stripped source is never taken back. */
static void test_locked_dontunmap(void **state)
{
	static const struct {
		const char *variant;
		uint64_t locked;
	} expected[] = { { "6.18", 8 }, { "6.12", 4 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct hs_script script;

		script_init(&script, expected[i].variant, "never");
		script_run(&script, "A 0 4 rw; lock 0 4; re 0 4 4 7 1M");
		assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, expected[i].locked);
		script_run(&script, "un 1M 516");
		assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, expected[i].locked - 4);
		script_deinit(&script);
	}
}

/* Nonsense is counted, and leaves a valid state (check() runs after each event). */
static void test_contradictions(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 4 rw; un 100 200; re 50 4 8 0 50; re 50 4 4 1 70; prot 40 50 r; exit; w 0; un 0 4");
	assert_int_equal(hs_model_find("address_space")->problems(script.model, NULL), 4);
	script_deinit(&script);
}

static void random_command(struct hs_rng *rng, char *text, size_t size)
{
	static const char *const forms[] = {
		"A %d %d rw", "A %d %d r", "S %d %d rw", "F %d %d rw 3", "w %d %d", "r %d %d", "un %d %d", "prot %d %d r",
		"prot %d %d rw", "prot %d %d -", "adv %d %d 4", "adv %d %d 14", "adv %d %d 8", "adv %d %d 102", "adv %d %d 103",
		"adv %d %d 21", "adv %d %d 10", "lock %d %d", "unlock %d %d", "lockf %d %d", "w %d %d", "w %d %d",
	};
	int from = (int)hs_rng_below(rng, 2000), pages = 1 + (int)hs_rng_below(rng, hs_rng_below(rng, 4) ? 20 : 1200);
	int other = (int)hs_rng_below(rng, 4000), grown = 1 + (int)hs_rng_below(rng, 700);
	size_t form = hs_rng_below(rng, sizeof(forms) / sizeof(*forms) + 4);

	if (form < sizeof(forms) / sizeof(*forms))
		snprintf(text, size, forms[form], from, from + pages);
	else if (form % 4 == 0)
		snprintf(text, size, "re %d %d %d 3 %d", from, pages, grown, from + 5000 + other);
	else if (form % 4 == 1)
		snprintf(text, size, "re %d %d %d 1 %d", from, pages, pages, from + 5000 + 512 * (other % 9));
	else if (form % 4 == 2)
		snprintf(text, size, "re %d %d %d 7 %d", from, pages, pages, from + 6000);
	else
		snprintf(text, size, "re %d %d %d 0 %d", from, pages, grown, from);
}

static void test_random_commands_keep_the_invariants(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
	struct hs_rng rng = { 23 };

	(void)state;
	print_message("seed 23\n");
	for (unsigned int round = 0; round < 24; round++) {
		struct hs_script script;
		char command[64];

		script_init(&script, variants[round % 4], round & 4 ? "always" : "never");
		for (unsigned int i = 0; i < 60; i++) {
			if (i == 30)
				script_run(&script, "fork");
			if (i >= 30)
				script.mm = 1 + (uint32_t)hs_rng_below(&rng, 2);
			random_command(&rng, command, sizeof(command));
			print_message("%u: mm %u: %s\n", round, script.mm, command);
			script_run(&script, command);
		}
		script_deinit(&script);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_zero_pages),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_maybe_huge),
		cmocka_unit_test(test_collapse_makes_huge_and_zap_splits),
		cmocka_unit_test(test_losses_make_pages_unknown),
		cmocka_unit_test(test_locked_dontunmap),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_random_commands_keep_the_invariants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
