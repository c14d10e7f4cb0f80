// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of what is known: what each row is judged to be, and what the state is afterwards. */
#include "tests/unit/space_script.h"

#include "lib/bitmap512.h"

/* What the model says of a row, before it is taken in; NULL: it is not asked. */
static const char *see(struct hs_script *script, unsigned int kind, void *row, struct hs_decision *decision)
{
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_event event = { .kind = kind };
	union hs_request_storage request;
	struct hs_decision recorded = { 0 };
	const char *result = NULL;

	((struct hs_row *)row)->time = script->time;
	((struct hs_row *)row)->mm = script->mm;
	event.row = row;
	*decision = (struct hs_decision){ 0 };
	if (ops->ask(script->model, &event, &request, &recorded) == 1) {
		assert_string_equal(recorded.result, "MATCH");
		ops->decide(script->model, &request.request, decision);
		result = decision->result;
	}
	give(script, kind, row);
	return result;
}

static const char *see_mm(struct hs_script *script, uint64_t pages, uint64_t peak)
{
	struct hs_snap_mm row = { .total_vm = pages, .hiwater_vm = peak, .thp_disable = 255 };
	struct hs_decision decision;

	return see(script, HS_KIND_snap_mm, &row, &decision);
}

static const char *see_vma(struct hs_script *script, int from, int to, uint64_t flags)
{
	struct hs_snap_vma row = { .prot = PROT_READ | PROT_WRITE, .vm_flags = flags };
	struct hs_decision decision;

	row.start = HS_SCRIPT_BASE + (uint64_t)from * 4096;
	row.end = HS_SCRIPT_BASE + (uint64_t)to * 4096;
	return see(script, HS_KIND_snap_vma, &row, &decision);
}

static const char *see_pages(struct hs_script *script, unsigned int from, unsigned int to, bool is_huge,
			     struct hs_decision *decision)
{
	struct hs_bitmap512 map = { { 0 } };
	struct hs_snap_pages row = { .address = HS_SCRIPT_BASE, .huge = is_huge,
				     .present = { (const char *)(const void *)&map, sizeof(map) } };

	hs_bitmap512_set_in(&map, from, to);
	return see(script, HS_KIND_snap_pages, &row, decision);
}

static const char *see_end(struct hs_script *script, struct hs_decision *decision)
{
	struct hs_snap_end row = { .reason = { "checkpoint", 10 } };

	return see(script, HS_KIND_snap_end, &row, decision);
}

enum { RW = HS_VMA_RD | HS_VMA_WR | HS_VMA_MR | HS_VMA_MW | HS_VMA_ME | HS_VMA_AC };

/* An address space that is known from a first snapshot on, of one mapping. */
static void begin(struct hs_script *script, const char *thp)
{
	struct hs_decision decision;

	script_init(script, "6.18", thp);
	assert_null(see_mm(script, 8, 8));
	assert_null(see_vma(script, 0, 1024, RW));
	assert_null(see_end(script, &decision));
}

static void test_all_matches(void **state)
{
	struct hs_script script;
	struct hs_decision decision;

	(void)state;
	begin(&script, "never");
	script_run(&script, "w 3 9; un 600 1024");
	assert_string_equal(see_mm(&script, 600, 1024), "MATCH");
	assert_string_equal(see_vma(&script, 0, 600, RW), "MATCH");
	assert_string_equal(see_pages(&script, 3, 9, false, &decision), "MATCH");
	assert_int_equal(decision.basis, HS_BASIS_EXACT);
	assert_int_equal(decision.cost[0], 6);
	assert_string_equal(see_end(&script, &decision), "MATCH");
	assert_int_equal(decision.cost[0], 1);
	assert_string_equal(script_plane(&script, "present"), "3-8");
	assert_string_equal(script_plane(&script, "exclusive"), "3-8");	/* known from the events alone, kept */
	script_deinit(&script);
}

static void test_what_differs_is_named(void **state)
{
	struct hs_script script;
	struct hs_decision decision;

	(void)state;
	begin(&script, "never");
	script_run(&script, "w 3 9; A 1030 1036 rw");
	assert_string_equal(see_mm(&script, 1024, 1030), "TOTAL_VM");
	assert_string_equal(see_vma(&script, 0, 1000, RW), "RANGE");
	assert_string_equal(see_vma(&script, 1030, 1036, RW & ~HS_VMA_WR), "PROTECTION");
	assert_string_equal(see_pages(&script, 2, 9, false, &decision), "MISSING");
	assert_int_equal(decision.cost[1], 1);
	assert_string_equal(see_end(&script, &decision), "EXTRA_VMAS");
	assert_string_equal(script_vmas(&script), "[0,1000)rw [1030,1036)r");
	assert_string_equal(script_plane(&script, "present"), "2-8");
	script_deinit(&script);
}

static void test_pages_that_went(void **state)
{
	struct hs_script script;
	struct hs_decision decision;

	(void)state;
	begin(&script, "never");
	script_run(&script, "w 3 9; w 600 602");
	see_mm(&script, 1024, 1024);
	assert_string_equal(see_vma(&script, 0, 1024, RW | HS_VMA_NH), "FLAGS");
	assert_string_equal(see_pages(&script, 4, 9, false, &decision), "EXTRA");
	assert_int_equal(decision.cost[2], 1);
	assert_string_equal(see_end(&script, &decision), "EXTRA_PAGES");
	assert_int_equal(decision.cost[2], 2);
	assert_string_equal(script_plane(&script, "present"), "4-8");
	/* The page table of the second 2 MiB is still there, as far as known. */
	assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE + HS_SLOT_BYTES).kind, HS_SLOT_TABLE);
	script_deinit(&script);
}

/* A fault that may have got a huge page leaves the others unknown: both outcomes agree with it. */
static void test_unknown_pages_match_either_way(void **state)
{
	(void)state;
	for (int is_huge = 0; is_huge < 2; is_huge++) {
		struct hs_script script;
		struct hs_decision decision;

		begin(&script, "always");
		script_run(&script, "w 5");
		see_mm(&script, 1024, 1024);
		see_vma(&script, 0, 1024, RW);
		assert_string_equal(see_pages(&script, is_huge ? 0 : 5, is_huge ? 512 : 6, is_huge, &decision), "MATCH");
		assert_int_equal(decision.basis, HS_BASIS_BOUNDED);
		assert_int_equal(decision.cost[3], 511);
		see_end(&script, &decision);
		assert_string_equal(script_plane(&script, "unknown"), "");
		assert_int_equal(hs_mm_count_slot(script_mm(&script), HS_SCRIPT_BASE).kind,
				 is_huge ? HS_SLOT_HUGE_ANON : HS_SLOT_TABLE);
		script_deinit(&script);
	}
}

static void lose(struct hs_script *script, const char *source)
{
	struct hs_meta_lost lost = { .source = { source, strlen(source) }, .count = 1 };

	hs_model_find("address_space")->lost(script->model, &lost);
}

/* Lost faults: nothing is absent any more, so that no page is missing; known pages are still known. */
static void test_losses_weaken_and_a_checkpoint_heals(void **state)
{
	struct hs_script script;
	struct hs_decision decision;

	(void)state;
	begin(&script, "never");
	script_run(&script, "w 3 9");
	lose(&script, "fault");
	assert_string_equal(script_plane(&script, "present"), "3-8");
	see_mm(&script, 1024, 1024);
	see_vma(&script, 0, 1024, RW);
	assert_string_equal(see_pages(&script, 3, 100, false, &decision), "MATCH");
	assert_int_equal(decision.basis, HS_BASIS_BOUNDED);
	assert_int_equal(decision.cost[3], 506);
	see_end(&script, &decision);
	assert_string_equal(script_plane(&script, "unknown"), "");
	assert_string_equal(script_plane(&script, "present"), "3-99");
	script_deinit(&script);
}

/* Lost calls: every later decision stands on an assumption. */
static void test_lost_calls_make_decisions_assumed(void **state)
{
	struct hs_mm_munmap call = { .addr = HS_SCRIPT_BASE + 1, .len = 4096, .ret = -EINVAL };
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_event event = { .kind = HS_KIND_mm_munmap, .mm_munmap = &call };
	struct hs_decision recorded = { 0 }, decision = { 0 };
	union hs_request_storage request;
	struct hs_script script;
	struct hs_slot slot;

	(void)state;
	begin(&script, "never");
	script_run(&script, "w 3 9");
	call.row.mm = 1;
	for (int is_lossy = 0; is_lossy < 2; is_lossy++) {
		enum hs_basis expected = is_lossy ? HS_BASIS_ASSUMED : HS_BASIS_EXACT;

		if (is_lossy)
			lose(&script, "mm");
		assert_int_equal(ops->ask(script.model, &event, &request, &recorded), 1);
		ops->decide(script.model, &request.request, &decision);
		assert_string_equal(decision.result, "EINVAL");
		assert_int_equal(decision.basis, expected);
		hs_mm_get_slot(script_mm(&script), HS_SCRIPT_BASE, &slot);
		assert_int_equal(slot.basis, expected);
	}
	script_deinit(&script);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_matches), cmocka_unit_test(test_what_differs_is_named),
		cmocka_unit_test(test_pages_that_went), cmocka_unit_test(test_unknown_pages_match_either_way),
		cmocka_unit_test(test_losses_weaken_and_a_checkpoint_heals),
		cmocka_unit_test(test_lost_calls_make_decisions_assumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
