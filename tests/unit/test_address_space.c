// SPDX-License-Identifier: GPL-2.0-only
/* Mappings and pages beside the numbered cases of the specification, for which see test_space_cases. */
#include "tests/unit/space_script.h"

#include "lib/rng.h"

struct space_case {
	const char *name, *variant, *commands, *vmas, *present;
};

static const struct space_case cases[] = {
	{ "unaligned move of whole tables", "6.18", "A 0 2M rw; w 0 2M; re 0 2M 2M 3 3073", "[3073,4097)rw", "3073-4096" },
	{ "a mremap that fails has cut target and tail, 6.1", "6.1",
	  "A 0 4 rw; A 6 10 rw; A 100 108 rw; fail 14; re 0 10 5 3 100", "[0,4)rw [105,108)rw", "" },
	{ "a mremap that fails has cut nothing, 6.18", "6.18",
	  "A 0 4 rw; A 6 10 rw; A 100 108 rw; fail 14; re 0 10 5 3 100", "[0,4)rw [6,10)rw [100,108)rw", "" },
	{ "POPULATE_READ passes over a hole, 6.1", "6.1", "A 2 4 rw; fail 12; adv 0 4 22", "[2,4)rw", "2-3" },
	{ "POPULATE_READ stops at a hole, 6.12", "6.12", "A 2 4 rw; fail 12; adv 0 4 22", "[2,4)rw", "" },
	{ "guards do not part anon_vmas", "6.18", "A 0 8 r; prot 4 8 -; adv 0 8 102; prot 0 4 -", "[0,8)", "" },
	{ "guards in a file's mapping need no anon_vma", "6.18", "F 0 16 rw 0; adv 0 8 14; adv 0 16 102; adv 6 14 15",
	  "[0,6)rw [6,14)rw [14,16)rw", "" },
	{ "no guards on 6.12", "6.12", "A 0 4 rw; w 0 4; fail 22; adv 0 2 102", "[0,4)rw", "0-3" },
	{ "guards in anonymous memory do", "6.18", "A 0 16 rw; adv 0 8 14; adv 0 16 102; adv 6 14 15",
	  "[0,6)rw [6,8)rw [8,14)rw [14,16)rw", "" },
	{ "a descriptor that was open for writing was so for all its mappings", "6.18",
	  "G 0 4 rx 0; lock 2 3; prot 0 1 rw; unlock 2 3", "[0,1)rws [1,4)rxs", "2-2" },
	{ "a hole through a mapping that was taken as read-only", "6.18", "G 0 4 rx 0; r 0 4; adv 1 2 9; prot 0 4 rw",
	  "[0,4)rws", "0-0 2-3" },
	{ "a hole is punched before a later mapping refuses", "6.12", "S 0 4 rw; w 0 4; F 4 8 r 100; fail 13; adv 2 8 9",
	  "[0,4)rws [4,8)r", "0-1" },
	{ "an untouched source that is kept stands apart from its copy, 6.1", "6.1", "A 0 40 r; re 11 3 3 7 1",
	  "[0,1)r [1,4)r [4,40)r", "" },
	{ "an untouched source that is kept stands apart from its copy, 6.12", "6.12", "A 0 40 r; re 11 3 3 7 1",
	  "[0,4)r [4,40)r", "" },
	{ "KSM takes no shared memory", "6.18", "S 0 4 rw; adv 0 2 12", "[0,4)rws", "" },
	{ "a hole that may have been punched before the call was refused", "6.18",
	  "G 0 4 r 0; r 0 4; F 4 8 r 100; fail 13; adv 0 8 9", "[0,4)r [4,8)r", "" },
	{ "a second mapping of locked memory is faulted in, as far as the object goes", "6.18",
	  "S 0 8 r; lock 0 8; re 5 0 6 3 100", "[0,8)rsL [100,106)rsL", "0-7 100-102" },
	{ "a limit of data is met on the way of a mprotect", "6.18",
	  "limits; A 0 4 -; S 4 8 rw; A 8 12 -; lim data 5; fail 12; prot 0 12 rw", "[0,4)rw [4,8)rws [8,12)", "" },
	{ "a stack that cannot grow has its anon_vma all the same", "6.18",
	  "limits; A 0 8 r grows; lim as 0; r -1; re 2 2 2 3 8", "[0,2)r [4,8)r [8,10)r", "" },
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
	/* Faulting in tells nothing: to read, the pages are parts of a huge one or zero pages; to write, they are there. */
	script_init(&script, "6.18", "always");
	script_run(&script, "A 0 2M rw; w 5; adv 0 1M 22");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_MAYBE_HUGE);
	assert_string_equal(script_plane(&script, "unknown"), "0-4 6-511");
	script_run(&script, "adv 0 100 23");
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind, HS_SLOT_MAYBE_HUGE);
	assert_string_equal(script_plane(&script, "present"), "0-99");
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 100);
	script_run(&script, "prot 200 201 r; adv 0 1M 22");	/* split or not, by now */
	assert_string_equal(script_plane(&script, "unknown"), "100-511");
	script_deinit(&script);
}

/* zap_huge_pmd leaves no table: where a huge page may have been, the next fault may get one again. */
static void test_maybe_huge_is_dropped(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.12", "always");
	script_run(&script, "A 0 1M r; adv 0 1M 22");
	/* do_huge_pmd_anonymous_page asks for it before it looks at the access: fork copies what has one. */
	assert_int_equal(hs_mm_vma_at(script_mm(&script), HS_SCRIPT_BASE)->anon_vma, HS_ANON_VMA_OWN);
	script_run(&script, "adv 0 1M 4");
	assert_string_equal(script_plane(&script, "present"), "");
	script_run(&script, "r 5");
	assert_string_equal(script_plane(&script, "unknown"), "0-4 6-511");
	script_run(&script, "r 7; adv 0 1M 4; r 9");	/* by the second fault it was a table, and that stays */
	assert_string_equal(script_plane(&script, "unknown"), "");
	assert_string_equal(script_plane(&script, "present"), "9-9");
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

/* A model of a recording without a source of collapses. */
static void init_without_collapses(struct hs_script *script)
{
	struct hs_model_setup setup = { .mode = HS_MODE_VALIDATE, .header = &script->header, .policy = &script->policy };
	struct hs_error err;

	script_init(script, "6.18", "never");
	hs_model_find("address_space")->destroy(script->model);
	assert_int_equal(hs_header_add_rung(&script->header, "collapse", "none", "not asked for"), 0);
	assert_int_equal(hs_model_find("address_space")->create(&setup, &script->model, &err), 0);
}

static enum hs_slot_kind kind_of(const struct hs_script *script, uint64_t slot)
{
	return hs_mm_count_slot(script_mm(script), HS_SCRIPT_BASE + slot * HS_SLOT_BYTES).kind;
}

/* MADV_COLLAPSE tells by its result: all of it is huge, or any of it may be. */
static void test_collapse_by_advice(void **state)
{
	struct hs_script script;

	(void)state;
	init_without_collapses(&script);
	script_run(&script, "A 0 3M rw; w 5; w 600; adv 1 1100 25");
	assert_int_equal(kind_of(&script, 0), HS_SLOT_TABLE);	/* not whole in the range */
	assert_int_equal(kind_of(&script, 1), HS_SLOT_HUGE_ANON);
	assert_int_equal(kind_of(&script, 2), HS_SLOT_NONE);
	script_run(&script, "fail 22; adv 0 3M 25");
	assert_int_equal(kind_of(&script, 0), HS_SLOT_MAYBE_HUGE);
	assert_int_equal(kind_of(&script, 2), HS_SLOT_NONE);	/* without a page table nothing is collapsed */
	assert_string_equal(script_plane(&script, "unknown"), "0-4 6-511");
	script_run(&script, "w 7");
	assert_int_equal(kind_of(&script, 0), HS_SLOT_TABLE);
	hs_header_deinit(&script.header);
	script_deinit(&script);
}

/* Reclaim takes what it likes, but never the zero page; huge pages may be split for it. */
static void test_pageout(void **state)
{
	struct hs_collapse_huge_page huge = { .address = HS_SCRIPT_BASE + HS_SLOT_BYTES, .address_basis = 2, .isolated = 1,
					      .status = { "SCAN_SUCCEED", 12 } };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 8 rw; w 0 4; r 4; S 8 12 rw; w 8 12; A 1M 2M rw; w 600");
	give(&script, HS_KIND_collapse_huge_page, &huge);
	script_run(&script, "adv 0 8 21; adv 8 10 21; adv 1M 2M 21");
	assert_string_equal(script_plane(&script, "present"), "4-4 10-11");
	assert_string_equal(script_plane(&script, "unknown"), "0-3 8-9 512-1023");
	assert_int_equal(kind_of(&script, 1), HS_SLOT_MAYBE_HUGE);
	script_deinit(&script);
}

/* MADV_HWPOISON and MADV_SOFT_OFFLINE take pages away or replace them: nobody says which. */
static void test_injected_errors(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.12", "never");
	script_run(&script, "A 0 8 rw; w 0 8; adv 2 3 100; adv 5 6 101");
	assert_string_equal(script_plane(&script, "present"), "0-1 3-4 6-7");
	assert_string_equal(script_plane(&script, "unknown"), "2-2 5-5");
	script_deinit(&script);
}

/* What holds only zeros in a huge page becomes the zero page when it is split: a write that finds it tells. */
static void test_split_finds_zeros(void **state)
{
	struct hs_fault_user fault = { .address = HS_SCRIPT_BASE + 7 * 4096, .error_code = 7 };
	struct hs_collapse_huge_page huge = { .address = HS_SCRIPT_BASE, .address_basis = 2, .isolated = 1,
					      .status = { "SCAN_SUCCEED", 12 } };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.12", "never");
	script_run(&script, "A 0 1M rw; w 5");
	give(&script, HS_KIND_collapse_huge_page, &huge);
	script_run(&script, "adv 5 9 20");
	assert_int_equal(kind_of(&script, 0), HS_SLOT_TABLE);
	assert_string_equal(script_plane(&script, "unknown"), "0-511");
	give(&script, HS_KIND_fault_user, &fault);
	assert_string_equal(script_plane(&script, "exclusive"), "7-7");
	script_deinit(&script);
	script_init(&script, "6.1", "never");
	script_run(&script, "A 0 1M rw; w 5");
	give(&script, HS_KIND_collapse_huge_page, &huge);
	script_run(&script, "adv 5 9 20");
	assert_string_equal(script_plane(&script, "present"), "0-511");
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

/* --- laws that hold whatever was before ------------------------------------------------------------ */

/* A random state, the same for the same seed. */
static void make_state(struct hs_script *script, const char *variant, uint64_t seed)
{
	struct hs_rng rng = { seed };
	char command[64];

	script_init(script, variant, "never");
	script_run(script, "A 0 64 rw; w 3 9; S 64 96 rw; w 70 80; A 100 2000 rw; w 600 700");
	for (unsigned int i = 0; i < 40; i++) {
		random_command(&rng, command, sizeof(command));
		script_run(script, command);
	}
}

/* Mappings, counters and, but for empty page tables, pages. To be freed. */
static char *state_of(const struct hs_script *script)
{
	const struct hs_mm_counters *c = hs_mm_counters(script_mm(script));
	static const char *const planes[] = { "present", "zero", "file", "exclusive", "writable", "unknown", "marker" };
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	fprintf(out, "%s\n%llu %llu %llu %llu %llu\n", script_vmas(script), (unsigned long long)c->total_vm,
		(unsigned long long)c->data_vm, (unsigned long long)c->locked_vm, (unsigned long long)c->rss_anon,
		(unsigned long long)(c->rss_file + c->rss_shmem));
	for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++)
		fprintf(out, "%s %s\n", planes[i], script_plane(script, planes[i]));
	fclose(out);
	return text;
}

static char *state_after(const char *variant, uint64_t seed, const char *commands)
{
	struct hs_script script;
	char *state;

	make_state(&script, variant, seed);
	script_run(&script, commands);
	state = state_of(&script);
	script_deinit(&script);
	return state;
}

static void assert_same(const char *variant, uint64_t seed, const char *one_way, const char *the_other)
{
	char *first = state_after(variant, seed, one_way), *second = state_after(variant, seed, the_other);

	if (strcmp(first, second) != 0)
		print_message("%s, seed %llu: '%s' is not '%s'\n", variant, (unsigned long long)seed, one_way, the_other);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

/*
 * I10 to I14: what fails does nothing; to move memory there and back does nothing; a munmap is that of its parts;
 * what a child that ends at once leaves; mprotect twice is mprotect once.
 */
static void test_laws(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		const char *variant = variants[seed % 4];
		unsigned int from = (unsigned int)(seed * 37 % 1900), middle = from + 1 + (unsigned int)(seed % 200);
		unsigned int to = middle + 77;
		char one_way[128], the_other[128];

		snprintf(one_way, sizeof(one_way), "un %u %u", from, to);
		snprintf(the_other, sizeof(the_other), "un %u %u; un %u %u", from, middle, middle, to);
		assert_same(variant, seed, one_way, the_other);
		snprintf(one_way, sizeof(one_way), "prot %u %u r", from, to);
		snprintf(the_other, sizeof(the_other), "prot %u %u r; prot %u %u r", from, to, from, to);
		assert_same(variant, seed, one_way, the_other);
		snprintf(one_way, sizeof(one_way), "fail 22; un %u %u; fail 22; prot %u %u rw; fail 22; lock %u %u; fail 12; "
			 "re %u 3 4 0 0", from, to, from, to, from, to, from);
		assert_same(variant, seed, "", one_way);
		assert_same(variant, seed, "A 20000 20064 rw; w 20003 20009",
			    "A 20000 20064 rw; w 20003 20009; re 20002 20 20 3 30001; re 30001 20 20 3 20002");
		assert_same(variant, seed, "fork", "fork; mm 2; exit; mm 1");
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
		cmocka_unit_test(test_collapse_by_advice),
		cmocka_unit_test(test_pageout),
		cmocka_unit_test(test_injected_errors),
		cmocka_unit_test(test_split_finds_zeros),
		cmocka_unit_test(test_maybe_huge_is_dropped), cmocka_unit_test(test_losses_make_pages_unknown),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_random_commands_keep_the_invariants),
		cmocka_unit_test(test_laws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
