// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recorded mmu-notifier sections, some of which no event stands for (a file cut short, the OOM reaper, KSM), by the
 * numbered cases of the address-space specification: which rule explains each, and what it leaves of the state.
 */
#include "tests/unit/space_script.h"

enum { CALLER = 1, REAPER = 50, KSMD = 51 };

struct listened {
	struct hs_script script;
	char text[2048];	/* what was judged: "recorded/modelled reason" */
};

static void judge(struct listened *world, const struct hs_event *event)
{
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_decision recorded = { 0 }, modelled = { 0 };
	union hs_request_storage request;

	while (ops->ask_after(world->script.model, event, &request, &recorded) == 1) {
		size_t used = strlen(world->text);

		ops->decide(world->script.model, &request.request, &modelled);
		snprintf(world->text + used, sizeof(world->text) - used, "%s%s[%lld,%lld)%s%s %s", used ? "; " : "",
			 recorded.result, relative(request.request.subject), relative(request.request.subject_end),
			 strcmp(recorded.result, modelled.result) ? " but " : "",
			 strcmp(recorded.result, modelled.result) ? modelled.result : "", modelled.reason);
		recorded = modelled = (struct hs_decision){ 0 };
	}
}

static void tell(struct listened *world, unsigned int kind, void *row, uint32_t task)
{
	struct hs_event event = { .kind = kind, .row = row };
	struct hs_row *head = row;

	head->task = task;
	give(&world->script, kind, row);
	judge(world, &event);
}

/* A section of `task`, opened and closed. Pages. */
static void section(struct listened *world, uint32_t task, unsigned int event, long long from, long long to)
{
	struct hs_notifier_start start = {
		.start = HS_SCRIPT_BASE + (uint64_t)(from * 4096), .end = HS_SCRIPT_BASE + (uint64_t)(to * 4096),
		.event = (uint8_t)event, .is_blockable = task != REAPER,
	};
	struct hs_notifier_end end = { .start = start.start, .end = start.end, .event = start.event };

	tell(world, HS_KIND_notifier_start, &start, task);
	tell(world, HS_KIND_notifier_end, &end, task);
}

/* A call that opens no section: what was recorded before it is judged. */
static void settle(struct listened *world)
{
	tell(world, HS_KIND_mm_munmap, &(struct hs_mm_munmap){ .addr = HS_SCRIPT_BASE + (1ull << 30), .len = 4096 }, CALLER);
}

/* Its sections are recorded from here on. */
static void listen_to(struct listened *world, const char *variant, const char *before)
{
	*world = (struct listened){ .text = "" };
	script_init(&world->script, variant, "never");
	script_run(&world->script, before);
	tell(world, HS_KIND_notifier_subscribe, &(struct hs_notifier_subscribe){ .op = 0 }, CALLER);
	settle(world);
}

static void finish(struct listened *world, const char *judged)
{
	assert_string_equal(world->text, judged);
	script_deinit(&world->script);
}

enum { UNMAP, CLEAR };

/* T70: two passes over each mapping of a file that is cut to nothing. No event tells which pages went. */
static void test_T70_file_is_cut(void **state)
{
	struct listened world;

	(void)state;
	listen_to(&world, "6.18", "F 0 8 rw 0; w 0 2; r 4");
	section(&world, CALLER, CLEAR, 0, 8);
	section(&world, CALLER, CLEAR, 0, 8);
	settle(&world);
	assert_string_equal(script_plane(&world.script, "present"), "");
	assert_string_equal(script_plane(&world.script, "unknown"), "0-7");
	finish(&world, "CLEAR[0,8) no event: unmap_mapping_range; CLEAR[0,8) no event: unmap_mapping_range");
}

/* T72: shared and private mappings of a file, cut in the middle, pass by pass. */
static void test_T72_file_is_cut_in_all_mappings(void **state)
{
	struct listened world;

	(void)state;
	listen_to(&world, "6.12", "G 0 16 rw 0; w 0 16; F 1M 520 rw 4; w 1M 520");
	for (int pass = 0; pass < 2; pass++) {
		section(&world, CALLER, CLEAR, 4, 16);
		section(&world, CALLER, CLEAR, 512, 520);
	}
	settle(&world);
	assert_string_equal(script_plane(&world.script, "present"), "0-3");
	finish(&world, "CLEAR[4,16) no event: unmap_mapping_range; CLEAR[512,520) no event: unmap_mapping_range; "
		       "CLEAR[4,16) no event: unmap_mapping_range; CLEAR[512,520) no event: unmap_mapping_range");
}

/*
 * T77: the OOM reaper takes private mappings, and none may wait for it. Its sections are not of one kind always. The
 * last section of a thread of the kernel is judged when it opens the next one.
 */
static void test_T77_oom_reaper(void **state)
{
	struct listened world;

	(void)state;
	listen_to(&world, "6.12", "A 0 4 rw; w 0 4; S 8 12 rw; w 8 12; A 16 20 rw; w 16 20; A 24 28 rw");
	section(&world, REAPER, UNMAP, 0, 4);
	section(&world, REAPER, UNMAP, 16, 20);
	section(&world, REAPER, UNMAP, 24, 28);
	assert_string_equal(script_plane(&world.script, "present"), "8-11");
	assert_string_equal(script_vmas(&world.script), "[0,4)rw [8,12)rws [16,20)rw [24,28)rw");
	assert_int_equal(hs_mm_counters(script_mm(&world.script))->rss_anon, 0);
	finish(&world, "UNMAP[0,4) no event: __oom_reap_task_mm; UNMAP[16,20) no event: __oom_reap_task_mm");
	listen_to(&world, "7.2", "A -8 -4 rw; A 0 4 rw; w 0 4; S 8 12 rw; w 8 12; A 16 20 rw; w 16 20");
	section(&world, REAPER, CLEAR, 16, 20);
	section(&world, REAPER, CLEAR, 0, 4);
	section(&world, REAPER, CLEAR, -8, -4);
	assert_string_equal(script_plane(&world.script, "present"), "8-11");
	finish(&world, "CLEAR[16,20) no event: __oom_reap_task_mm; CLEAR[0,4) no event: __oom_reap_task_mm");
	/* A shared mapping is none of its business. */
	listen_to(&world, "6.12", "S 8 12 rw; w 8 12; A 16 20 rw");
	section(&world, REAPER, UNMAP, 8, 12);
	section(&world, REAPER, UNMAP, 16, 20);
	assert_string_equal(script_plane(&world.script, "present"), "8-11");
	finish(&world, "UNMAP[8,12) but no section fault: no rule of the model");
}

/* T78: KSM takes a page in two sections, and goes on to the next; a write takes it back by a copy. */
static void test_T78_ksm(void **state)
{
	struct hs_fault_user fault = { .address = HS_SCRIPT_BASE + 3 * 4096, .error_code = 7 };
	struct listened world;

	(void)state;
	listen_to(&world, "6.12", "A 0 8 rw; w 0 8; adv 0 8 12");
	section(&world, KSMD, CLEAR, 3, 4);
	section(&world, KSMD, CLEAR, 3, 4);
	section(&world, KSMD, CLEAR, 5, 6);
	settle(&world);
	assert_string_equal(script_plane(&world.script, "present"), "0-7");
	assert_string_equal(script_plane(&world.script, "exclusive"), "0-2 4-7");
	assert_string_equal(script_plane(&world.script, "writable"), "0-2 4-7");
	tell(&world, HS_KIND_fault_user, &fault, CALLER);
	section(&world, CALLER, CLEAR, 3, 4);
	settle(&world);
	assert_string_equal(script_plane(&world.script, "exclusive"), "0-7");
	finish(&world, "CLEAR[3,4) no event: try_to_merge_one_page; CLEAR[3,4) no event: try_to_merge_one_page; "
		       "CLEAR[3,4) fault: wp_page_copy");
}

/* T122: mremap takes KSM's pages back before it moves them; the mapping stays KSM's. */
static void test_T122_ksm_page_is_moved(void **state)
{
	struct hs_mm_mremap move = { .addr = HS_SCRIPT_BASE, .old_len = 8 * 4096, .new_len = 8 * 4096, .flags = 3,
				     .new_addr = HS_SCRIPT_BASE + 512 * 4096, .duration = 100,
				     .ret = (int64_t)HS_SCRIPT_BASE + 512 * 4096 };
	struct listened world;

	(void)state;
	listen_to(&world, "6.12", "A 0 8 rw; w 0 8; adv 0 8 12");
	section(&world, KSMD, CLEAR, 3, 4);
	section(&world, KSMD, CLEAR, 3, 4);
	section(&world, KSMD, CLEAR, 5, 6);
	settle(&world);
	*world.text = 0;
	world.script.time += 1000;
	section(&world, CALLER, CLEAR, 3, 4);
	section(&world, CALLER, UNMAP, 0, 8);
	section(&world, CALLER, UNMAP, 0, 8);
	tell(&world, HS_KIND_mm_mremap, &move, CALLER);
	assert_string_equal(script_plane(&world.script, "exclusive"), "512-519");
	assert_int_equal(hs_mm_vma_from(script_mm(&world.script), 0)->flags & HS_VMA_MG, HS_VMA_MG);
	finish(&world, "CLEAR[3,4) mremap: wp_page_copy; UNMAP[0,8) mremap: move_page_tables; "
		       "UNMAP[0,8) mremap: unmap_vmas");
}

/* MADV_REMOVE opens its sections itself, in the order of the places in the file, then of age. */
static void test_punched_by_advice(void **state)
{
	struct hs_mm_madvise remove = { .addr = HS_SCRIPT_BASE + 6 * 4096, .len = 3 * 4096, .advice = MADV_REMOVE,
					.duration = 100 };
	struct listened world;

	(void)state;
	listen_to(&world, "6.12", "F 1M 520 rw 4; G 1024 1040 rw 0; G 0 16 rw 0; w 0 16");
	world.script.time += 1000;
	section(&world, CALLER, CLEAR, 1030, 1033);
	section(&world, CALLER, CLEAR, 6, 9);
	section(&world, CALLER, CLEAR, 514, 517);
	tell(&world, HS_KIND_mm_madvise, &remove, CALLER);
	finish(&world, "CLEAR[1030,1033) madvise: unmap_mapping_range; CLEAR[6,9) madvise: unmap_mapping_range; "
		       "CLEAR[514,517) madvise: unmap_mapping_range");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T70_file_is_cut), cmocka_unit_test(test_T72_file_is_cut_in_all_mappings),
		cmocka_unit_test(test_T77_oom_reaper), cmocka_unit_test(test_T78_ksm),
		cmocka_unit_test(test_T122_ksm_page_is_moved), cmocka_unit_test(test_punched_by_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
