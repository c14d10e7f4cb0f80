// SPDX-License-Identifier: GPL-2.0-only
/* The core of mmu notifiers and its two users, by the numbered cases of the address-space specification (T…). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "replay/notifier/hmm_mirror.h"
#include "replay/notifier/kvm_mirror.h"

#define PAGE 4096ull

struct core {
	struct hs_mmu_subscriptions subs;
	struct hs_hmm_mirror x, y;
	unsigned int nr_zaps, nr_releases;
};

static void count_zap(void *context, uint64_t start, uint64_t end)
{
	struct core *core = context;

	assert_true(start < end);
	core->nr_zaps++;
}

static void setup(struct core *core)
{
	*core = (struct core){ .nr_zaps = 0 };
	hs_mmu_subscriptions_init(&core->subs);
	hs_hmm_mirror_init(&core->x);
	hs_hmm_mirror_init(&core->y);
	core->x.zap = core->y.zap = count_zap;
	core->x.context = core->y.context = core;
}

static void check(const struct core *core)
{
	const char *broken = hs_mmu_broken_rule(&core->subs);

	if (broken)
		fail_msg("%s", broken);
}

static struct hs_mmu_range pages(uint64_t from, uint64_t to)
{
	return (struct hs_mmu_range){ from * PAGE, to * PAGE, 1, true };
}

static int start_at(struct core *core, uint64_t from, uint64_t to)
{
	struct hs_mmu_range section = pages(from, to);
	int error = hs_mmu_section_start(&core->subs, &section);

	check(core);
	return error;
}

static void end_at(struct core *core, uint64_t from, uint64_t to)
{
	struct hs_mmu_range section = pages(from, to);

	hs_mmu_section_end(&core->subs, &section);
	check(core);
}

static void insert(struct core *core, struct hs_hmm_mirror *hmm, uint64_t from, uint64_t to)
{
	assert_int_equal(hs_mmu_interval_insert(&core->subs, &hmm->interval, from * PAGE, (to - from) * PAGE, false), 0);
	check(core);
}

/* One interval, of the first four pages. */
static void setup_interval(struct core *core)
{
	setup(core);
	insert(core, &core->x, 0, 4);
}

static void assert_state(const struct core *core, uint64_t seq, uint64_t active)
{
	assert_int_equal(core->subs.invalidate_seq, seq);
	assert_int_equal(core->subs.active_ranges, active);
}

/* Beside the interval, over its last page, and both at once: what the core counts behind each start and end. */
struct section_step {
	bool is_end;
	uint64_t from, to;		/* pages */
	uint64_t seq, active;
};

static void run_sections(const struct section_step *steps, size_t nr, unsigned int nr_zaps)
{
	struct core core;

	setup_interval(&core);
	for (size_t i = 0; i < nr; i++) {
		if (steps[i].is_end)
			end_at(&core, steps[i].from, steps[i].to);
		else
			start_at(&core, steps[i].from, steps[i].to);
		assert_state(&core, steps[i].seq, steps[i].active);
	}
	assert_int_equal(core.nr_zaps, nr_zaps);
	assert_int_equal(core.x.interval.invalidate_seq, nr_zaps ? 3 : 1);
}

static void test_T127_section_that_misses(void **state)
{
	static const struct section_step steps[] = { { false, 8, 9, 2, 1 }, { true, 8, 9, 2, 0 } };

	(void)state;
	run_sections(steps, 2, 0);
}

static void test_T128_section_that_hits(void **state)
{
	static const struct section_step steps[] = { { false, 3, 5, 3, 1 }, { true, 3, 5, 4, 0 } };

	(void)state;
	run_sections(steps, 2, 1);
}

static void test_T129_two_sections(void **state)
{
	static const struct section_step steps[] = { { false, 0, 1, 3, 1 }, { false, 8, 9, 3, 2 }, { true, 8, 9, 3, 1 },
						     { true, 0, 1, 4, 0 } };

	(void)state;
	run_sections(steps, 4, 1);
}

static void test_T130_insert_while_a_miss_is_open(void **state)
{
	struct core core;
	uint64_t seq;

	(void)state;
	setup(&core);
	insert(&core, &core.y, 0, 4);
	start_at(&core, 8, 9);
	insert(&core, &core.x, 16, 20);
	assert_state(&core, 3, 1);
	assert_int_equal(core.x.interval.invalidate_seq, 3);
	assert_false(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
	end_at(&core, 8, 9);
	assert_state(&core, 4, 0);
	assert_true(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
}

static void test_T131_insert_is_deferred(void **state)
{
	struct core core;

	(void)state;
	setup_interval(&core);
	start_at(&core, 0, 1);
	insert(&core, &core.y, 8, 12);
	assert_int_equal(core.y.interval.invalidate_seq, 3);
	assert_false(core.y.interval.is_in_tree);
	end_at(&core, 0, 1);
	assert_true(core.y.interval.is_in_tree);
}

static void test_T132_deferred_insert_is_cancelled(void **state)
{
	struct core core;

	(void)state;
	setup_interval(&core);
	start_at(&core, 0, 1);
	insert(&core, &core.y, 8, 12);
	assert_false(hs_mmu_interval_remove(&core.subs, &core.y.interval));
	end_at(&core, 0, 1);
	assert_false(core.y.interval.is_in_tree);
	assert_int_equal(core.subs.itree.count, 1);
}

static void test_T133_remove_is_deferred(void **state)
{
	struct core core;

	(void)state;
	setup_interval(&core);
	start_at(&core, 0, 1);
	assert_true(hs_mmu_interval_remove(&core.subs, &core.x.interval));
	assert_true(core.x.interval.is_in_tree);
	end_at(&core, 0, 1);
	assert_state(&core, 4, 0);
	assert_false(core.x.interval.is_in_tree);
}

static void test_T134_idle_insert(void **state)
{
	struct core core;
	uint64_t seq;

	(void)state;
	setup(&core);
	insert(&core, &core.y, 0, 4);
	start_at(&core, 0, 1);
	end_at(&core, 0, 1);
	insert(&core, &core.x, 0, 4);
	assert_int_equal(core.x.interval.invalidate_seq, 3);
	assert_true(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
}

static bool must_retry_after(uint64_t from, uint64_t to)
{
	struct core core;
	uint64_t seq;

	setup_interval(&core);
	assert_true(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
	start_at(&core, from, to);
	end_at(&core, from, to);
	return hs_hmm_must_retry(&core.x, seq) != NULL;
}

static void test_T135_hit_since_read_begin(void **state)
{
	(void)state;
	assert_true(must_retry_after(3, 5));
}

static void test_T136_miss_since_read_begin(void **state)
{
	(void)state;
	assert_false(must_retry_after(8, 9));
}

static int count_start(struct hs_mmu_listener *listener, const struct hs_mmu_range *section)
{
	(void)listener;
	(void)section;
	fail_msg("the list is called");
	return 0;
}

static const struct hs_mmu_listener_ops never_called = { .start = count_start };

static void test_T137_refusal_where_none_may_sleep(void **state)
{
	struct hs_mmu_listener listener = { .ops = &never_called };
	struct hs_mmu_range section = pages(0, 8);
	struct core core;

	(void)state;
	setup_interval(&core);
	insert(&core, &core.y, 4, 8);
	core.y.refuses_to_sleep = true;
	assert_int_equal(hs_mmu_register(&core.subs, &listener, false), 0);
	section.is_blockable = false;
	assert_int_equal(hs_mmu_section_start(&core.subs, &section), -EAGAIN);
	check(&core);
	assert_state(&core, 4, 0);
	assert_int_equal(core.subs.nr_warnings, 0);
}

static bool refuse(struct hs_mmu_interval *interval, const struct hs_mmu_range *section, uint64_t seq)
{
	(void)section;
	hs_mmu_interval_set_seq(interval, seq);
	return false;
}

static void test_T138_refusal_of_a_section_that_may_sleep(void **state)
{
	static const struct hs_mmu_interval_ops refusing = { .invalidate = refuse };
	struct core core;

	(void)state;
	setup(&core);
	core.x.interval.ops = &refusing;
	insert(&core, &core.x, 0, 4);
	assert_int_equal(start_at(&core, 0, 1), 0);
	assert_int_equal(core.subs.nr_warnings, 1);
	assert_state(&core, 3, 1);
	end_at(&core, 0, 1);
	assert_state(&core, 4, 0);
}

static void test_T139_bad_inserts(void **state)
{
	struct core core;

	(void)state;
	setup(&core);
	assert_int_equal(hs_mmu_interval_insert(&core.subs, &core.x.interval, 0, 0, false), -EOVERFLOW);
	assert_int_equal(hs_mmu_interval_insert(&core.subs, &core.x.interval, PAGE, UINT64_MAX, false), -EOVERFLOW);
	hs_mmu_release(&core.subs);
	assert_int_equal(hs_mmu_interval_insert(&core.subs, &core.x.interval, 0, PAGE, false), -EINVAL);
	assert_int_equal(core.subs.itree.count, 0);
}

static void test_T140_signal(void **state)
{
	struct hs_mmu_listener listener = { .ops = &never_called };
	struct core core;

	(void)state;
	setup(&core);
	assert_int_equal(hs_mmu_register(&core.subs, &listener, true), -EINTR);
	assert_null(core.subs.list);
	assert_int_equal(hs_mmu_interval_insert(&core.subs, &core.x.interval, 0, PAGE, true), -EINTR);
	assert_false(core.subs.has_itree);
}

static const struct hs_memslot one_slot[] = { { 0, 512 * PAGE, 0 } };

static void test_T141_exit(void **state)
{
	struct hs_mmu_range all = { 0, UINT64_MAX, HS_MMU_EVENT_UNMAP, true };
	struct hs_kvm_mirror kvm;
	struct core core;

	(void)state;
	setup(&core);
	hs_kvm_mirror_init(&kvm, HS_KVM_BY_GFN, one_slot, 1);
	kvm.zap = count_zap;
	kvm.context = &core;
	assert_int_equal(hs_mmu_register(&core.subs, &kvm.listener, false), 0);
	insert(&core, &core.x, 0, 4);
	hs_mmu_release(&core.subs);
	check(&core);
	assert_int_equal(core.nr_zaps, 2);	/* RELEASE to the interval, release of the virtual machine */
	assert_null(core.subs.list);
	assert_int_equal(hs_mmu_section_start(&core.subs, &all), 0);
	hs_mmu_section_end(&core.subs, &all);
	assert_int_equal(core.nr_zaps, 3);	/* the interval alone */
	assert_int_equal(kvm.mn_active, 0);
	assert_int_equal(core.x.interval.invalidate_seq, 5);
}

/* --- a virtual machine --------------------------------------------------------------------------- */

static void attach(struct core *core, struct hs_kvm_mirror *kvm, enum hs_kvm_rule rule)
{
	setup(core);
	hs_kvm_mirror_init(kvm, rule, one_slot, 1);
	assert_int_equal(hs_mmu_register(&core->subs, &kvm->listener, false), 0);
}

/* A fault at page 5 that began before a section: does it come again inside and behind it? One behind it does not. */
struct machine_case {
	enum hs_kvm_rule rule;
	uint64_t page;		/* the section's only one */
	bool inside, behind;
};

static void run_machine(const struct machine_case *one)
{
	struct hs_kvm_mirror kvm;
	struct core core;
	uint64_t seq;

	attach(&core, &kvm, one->rule);
	seq = hs_kvm_fault_begin(&kvm);
	start_at(&core, one->page, one->page + 1);
	assert_int_equal(kvm.mn_active, 1);
	assert_int_equal(hs_kvm_must_retry(&kvm, 5 * PAGE, seq) != NULL, one->inside);
	end_at(&core, one->page, one->page + 1);
	assert_int_equal(kvm.mn_active, 0);
	assert_int_equal(hs_kvm_must_retry(&kvm, 5 * PAGE, seq) != NULL, one->behind);
	assert_null(hs_kvm_must_retry(&kvm, 5 * PAGE, hs_kvm_fault_begin(&kvm)));
}

static void test_T142_section_outside_all_slots(void **state)
{
	(void)state;
	run_machine(&(struct machine_case){ HS_KVM_BY_GFN, 1000, false, false });
}

static void test_T143_section_that_has_ended(void **state)
{
	(void)state;
	run_machine(&(struct machine_case){ HS_KVM_BY_GFN, 100, false, true });
}

static void test_T145_any_open_section(void **state)
{
	(void)state;
	run_machine(&(struct machine_case){ HS_KVM_BY_COUNT, 1000, true, true });
}

static void assert_union(enum hs_kvm_rule rule)
{
	struct hs_kvm_mirror kvm;
	struct core core;
	uint64_t seq;

	attach(&core, &kvm, rule);
	seq = hs_kvm_fault_begin(&kvm);
	start_at(&core, 0, 1);
	start_at(&core, 100, 101);
	assert_non_null(hs_kvm_must_retry(&kvm, 50 * PAGE, seq));
	assert_null(hs_kvm_must_retry(&kvm, 200 * PAGE, seq));
	end_at(&core, 0, 1);
	assert_non_null(hs_kvm_must_retry(&kvm, 50 * PAGE, hs_kvm_fault_begin(&kvm)));
	end_at(&core, 100, 101);
	assert_non_null(hs_kvm_must_retry(&kvm, 50 * PAGE, seq));
	assert_null(hs_kvm_must_retry(&kvm, 50 * PAGE, hs_kvm_fault_begin(&kvm)));
}

static void test_T144_union_of_open_sections(void **state)
{
	(void)state;
	assert_union(HS_KVM_BY_HVA);
	assert_union(HS_KVM_BY_GFN);
}

/* The host copies a page that the guest has read-only: its entry goes at the start, none is made inside. */
static void test_T146_copied_page(void **state)
{
	struct hs_kvm_mirror kvm;
	struct core core;
	uint64_t seq;

	(void)state;
	attach(&core, &kvm, HS_KVM_BY_GFN);
	kvm.zap = count_zap;
	kvm.context = &core;
	start_at(&core, 5, 6);
	assert_int_equal(core.nr_zaps, 1);
	seq = hs_kvm_fault_begin(&kvm);
	assert_non_null(hs_kvm_must_retry(&kvm, 5 * PAGE, seq));
	assert_null(hs_kvm_must_retry(&kvm, 6 * PAGE, seq));
	end_at(&core, 5, 6);
	assert_null(hs_kvm_must_retry(&kvm, 5 * PAGE, hs_kvm_fault_begin(&kvm)));
}

static void test_T147_other_interval_hit(void **state)
{
	struct core core;
	uint64_t seq;

	(void)state;
	setup_interval(&core);
	insert(&core, &core.y, 8, 12);
	assert_true(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
	start_at(&core, 8, 9);
	assert_null(hs_hmm_must_retry(&core.x, seq));
	end_at(&core, 8, 9);
	assert_null(hs_hmm_must_retry(&core.x, seq));
	assert_true(hs_hmm_fault_begin(&core.subs, &core.x, &seq));
}

static void test_T148_two_machines(void **state)
{
	struct hs_kvm_mirror first, second;
	struct core core;

	(void)state;
	attach(&core, &first, HS_KVM_BY_GFN);
	hs_kvm_mirror_init(&second, HS_KVM_BY_GFN, one_slot, 1);
	assert_int_equal(hs_mmu_register(&core.subs, &second.listener, false), 0);
	first.zap = second.zap = count_zap;
	first.context = second.context = &core;
	start_at(&core, 3, 4);
	assert_int_equal(core.nr_zaps, 2);
	assert_int_equal(first.in_progress + second.in_progress, 2);
	end_at(&core, 3, 4);
	assert_int_equal(first.invalidate_seq + second.invalidate_seq, 2);
	hs_mmu_unregister(&core.subs, &first.listener);
	assert_ptr_equal(core.subs.list, &second.listener);
}

static void test_T149_slots_change_waits(void **state)
{
	struct hs_kvm_mirror kvm;
	struct core core;

	(void)state;
	attach(&core, &kvm, HS_KVM_BY_GFN);
	start_at(&core, 1000, 1001);
	assert_false(hs_kvm_may_change_slots(&kvm));
	end_at(&core, 1000, 1001);
	assert_true(hs_kvm_may_change_slots(&kvm));
}

/* Guest pages far apart whose host addresses are neighbours: the union of guest pages is wider. */
static void test_union_of_guest_pages(void **state)
{
	static const struct hs_memslot slots[] = { { 0, 8 * PAGE, 0 }, { 16 * PAGE, 24 * PAGE, 500 },
						   { 8 * PAGE, 16 * PAGE, 1000 } };
	struct hs_kvm_mirror kvm;
	struct core core;
	uint64_t seq;

	(void)state;
	setup(&core);
	hs_kvm_mirror_init(&kvm, HS_KVM_BY_GFN, slots, 3);
	assert_int_equal(hs_mmu_register(&core.subs, &kvm.listener, false), 0);
	seq = hs_kvm_fault_begin(&kvm);
	start_at(&core, 7, 9);			/* guest pages 7 and 1000 */
	assert_non_null(hs_kvm_must_retry(&kvm, 20 * PAGE, seq));
	assert_null(hs_kvm_must_retry(&kvm, 6 * PAGE, seq));
	kvm.rule = HS_KVM_BY_HVA;
	kvm.range_start = 7 * PAGE;
	kvm.range_end = 9 * PAGE;
	assert_null(hs_kvm_must_retry(&kvm, 20 * PAGE, seq));
	end_at(&core, 7, 9);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T127_section_that_misses), cmocka_unit_test(test_T128_section_that_hits),
		cmocka_unit_test(test_T129_two_sections), cmocka_unit_test(test_T130_insert_while_a_miss_is_open),
		cmocka_unit_test(test_T131_insert_is_deferred), cmocka_unit_test(test_T132_deferred_insert_is_cancelled),
		cmocka_unit_test(test_T133_remove_is_deferred), cmocka_unit_test(test_T134_idle_insert),
		cmocka_unit_test(test_T135_hit_since_read_begin), cmocka_unit_test(test_T136_miss_since_read_begin),
		cmocka_unit_test(test_T137_refusal_where_none_may_sleep),
		cmocka_unit_test(test_T138_refusal_of_a_section_that_may_sleep),
		cmocka_unit_test(test_T139_bad_inserts),
		cmocka_unit_test(test_T140_signal), cmocka_unit_test(test_T141_exit),
		cmocka_unit_test(test_T142_section_outside_all_slots), cmocka_unit_test(test_T143_section_that_has_ended),
		cmocka_unit_test(test_T144_union_of_open_sections), cmocka_unit_test(test_T145_any_open_section),
		cmocka_unit_test(test_T146_copied_page),
		cmocka_unit_test(test_T147_other_interval_hit), cmocka_unit_test(test_T148_two_machines),
		cmocka_unit_test(test_T149_slots_change_waits), cmocka_unit_test(test_union_of_guest_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
