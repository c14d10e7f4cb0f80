// SPDX-License-Identifier: GPL-2.0-only
/*
 * Secondary faults against invalidation sections in every order: which must be tried again, which map, which
 * would have used a page that is gone. The referee knows no sequence numbers: it reads the answer off the order
 * of the steps, and keeps page versions to see what an entry would have pointed to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/notifier/hmm_mirror.h"
#include "replay/notifier/kvm_mirror.h"

#define PAGE 4096ull

/*
 * Pages 0-3: interval X, where the faults are; 4-7: interval Y; 0-7: the slots (0-3 and 4-7); 8-15: neither.
 * Faults are on pages 1 and 2.
 */
struct pages {
	unsigned int from, to;
};
static const struct pages kinds[] = { { 1, 2 }, { 3, 4 }, { 0, 1 }, { 5, 6 }, { 9, 10 }, { 2, 6 } };
enum { NR_KINDS = sizeof(kinds) / sizeof(*kinds), MAX_SECTIONS = 3, MAX_FAULTS = 2, MAX_STEPS = 16 };

/* A section's steps are START, CHANGE (the page tables), END; a fault's BEGIN, LOOK (up the page), CHECK. */
enum { FIRST, SECOND, THIRD, NR_PHASES };

struct order {
	unsigned int nr_sections, nr_faults, nr_steps;
	struct pages section[MAX_SECTIONS];
	unsigned int actor[MAX_STEPS];		/* sections first, then faults; each comes NR_PHASES times */
	int at[MAX_SECTIONS + MAX_FAULTS][NR_PHASES];	/* step of each phase */
};

static unsigned int page_of_fault(unsigned int fault)
{
	return 1 + fault;
}

static bool has_page(const struct pages *section, unsigned int page)
{
	return section->from <= page && page < section->to;
}

static bool meets(const struct pages *section, unsigned int from, unsigned int to)
{
	return section->from < to && from < section->to;
}

/* --- the referee --------------------------------------------------------------------------------- */

static bool is_open_at(const struct order *order, unsigned int section, int step)
{
	return order->at[section][FIRST] < step && step < order->at[section][THIRD];
}

/* Last step before `step` at which no section was open: since then some section always was. */
static int quiet_before(const struct order *order, int step, bool only_slots)
{
	for (int at = step; at > 0; at--) {
		bool is_quiet = true;

		for (unsigned int i = 0; i < order->nr_sections; i++)
			if (!only_slots || meets(&order->section[i], 0, 8))
				is_quiet &= !(order->at[i][FIRST] < at && at <= order->at[i][THIRD]);
		if (is_quiet)
			return at;
	}
	return 0;
}

/* Would read_begin sleep: has a section met interval X since the last quiet moment? */
static bool must_wait(const struct order *order, int step)
{
	int quiet = quiet_before(order, step, false);

	for (unsigned int i = 0; i < order->nr_sections; i++)
		if (meets(&order->section[i], 0, 4) && order->at[i][FIRST] >= quiet && order->at[i][FIRST] < step)
			return true;
	return false;
}

static bool hmm_should_retry(const struct order *order, unsigned int fault)
{
	const int *at = order->at[order->nr_sections + fault];

	for (unsigned int i = 0; i < order->nr_sections; i++)
		if (meets(&order->section[i], 0, 4) && at[FIRST] < order->at[i][FIRST] && order->at[i][FIRST] < at[THIRD])
			return true;
	return false;
}

static bool kvm_should_retry(const struct order *order, unsigned int fault, enum hs_kvm_rule rule)
{
	const int *at = order->at[order->nr_sections + fault];
	int quiet = quiet_before(order, at[THIRD], rule != HS_KVM_BY_COUNT);
	unsigned int from = 99, to = 0;
	bool is_any_open = false;

	for (unsigned int i = 0; i < order->nr_sections; i++) {
		const struct pages *section = &order->section[i];

		if (rule != HS_KVM_BY_COUNT && !meets(section, 0, 8))
			continue;
		if (at[FIRST] < order->at[i][THIRD] && order->at[i][THIRD] < at[THIRD])
			return true;
		is_any_open |= is_open_at(order, i, at[THIRD]);
		if (order->at[i][FIRST] >= quiet && order->at[i][FIRST] < at[THIRD]) {
			from = section->from < from ? section->from : from;
			to = section->to > to ? section->to : to;
		}
	}
	return is_any_open && (rule == HS_KVM_BY_COUNT || (from <= page_of_fault(fault) && page_of_fault(fault) < to));
}

/* Could the page looked up be gone, or be going: does a section of the page overlap [LOOK, CHECK]? */
static bool could_be_stale(const struct order *order, unsigned int fault)
{
	const int *at = order->at[order->nr_sections + fault];

	for (unsigned int i = 0; i < order->nr_sections; i++)
		if (has_page(&order->section[i], page_of_fault(fault)) && order->at[i][FIRST] < at[THIRD] &&
		    at[SECOND] < order->at[i][THIRD])
			return true;
	return false;
}

/* Is the page another one at CHECK, or will it be when what is open then has ended? */
static bool is_stale(const struct order *order, unsigned int fault)
{
	const int *at = order->at[order->nr_sections + fault];

	for (unsigned int i = 0; i < order->nr_sections; i++)
		if (has_page(&order->section[i], page_of_fault(fault)) && at[SECOND] < order->at[i][SECOND] &&
		    order->at[i][FIRST] < at[THIRD])
			return true;
	return false;
}

/* --- the models ---------------------------------------------------------------------------------- */

static const struct hs_memslot slots[] = { { 0, 4 * PAGE, 0 }, { 4 * PAGE, 8 * PAGE, 4 } };

struct world {
	struct hs_mmu_subscriptions subs;
	struct hs_hmm_mirror x, y;
	struct hs_kvm_mirror kvm[3];
	uint64_t hmm_seq[MAX_FAULTS], kvm_seq[MAX_FAULTS][3];
	bool waits;
};

static void setup(struct world *world)
{
	memset(world, 0, sizeof(*world));
	hs_mmu_subscriptions_init(&world->subs);
	hs_hmm_mirror_init(&world->x);
	hs_hmm_mirror_init(&world->y);
	hs_mmu_interval_insert(&world->subs, &world->x.interval, 0, 4 * PAGE, false);
	hs_mmu_interval_insert(&world->subs, &world->y.interval, 4 * PAGE, 4 * PAGE, false);
	for (int rule = 0; rule < 3; rule++) {
		hs_kvm_mirror_init(&world->kvm[rule], (enum hs_kvm_rule)rule, slots, 2);
		hs_mmu_register(&world->subs, &world->kvm[rule].listener, false);
	}
}

struct tally {
	uint64_t orders, maps, retries, stale, needless, waits;
};

static void judge(const struct order *order, struct world *world, unsigned int fault, struct tally *tally)
{
	bool must_retry = hs_hmm_must_retry(&world->x, world->hmm_seq[fault]) != NULL;
	bool stale = is_stale(order, fault);

	assert_true(!stale || could_be_stale(order, fault));
	if (!world->waits) {
		assert_int_equal(must_retry, hmm_should_retry(order, fault));
		assert_true(must_retry || !could_be_stale(order, fault));
		tally->maps += !must_retry;
		tally->retries += must_retry;
		tally->stale += must_retry && stale;
		tally->needless += must_retry && !could_be_stale(order, fault);
	}
	for (int rule = 0; rule < 3; rule++) {
		must_retry = hs_kvm_must_retry(&world->kvm[rule], page_of_fault(fault) * PAGE, world->kvm_seq[fault][rule]) != NULL;
		assert_int_equal(must_retry, kvm_should_retry(order, fault, (enum hs_kvm_rule)rule));
		assert_true(must_retry || !could_be_stale(order, fault));
		tally->maps += !must_retry;
		tally->retries += must_retry;
		tally->stale += must_retry && stale;
		tally->needless += must_retry && !could_be_stale(order, fault);
	}
}

static void take_fault_step(const struct order *order, struct world *world, unsigned int fault, int phase, int step,
			    struct tally *tally)
{
	if (phase == FIRST) {
		bool waits = !hs_hmm_fault_begin(&world->subs, &world->x, &world->hmm_seq[fault]);

		assert_int_equal(waits, must_wait(order, step));
		world->waits |= waits;
		tally->waits += waits;
		for (int rule = 0; rule < 3; rule++)
			world->kvm_seq[fault][rule] = hs_kvm_fault_begin(&world->kvm[rule]);
	} else if (phase == THIRD) {
		judge(order, world, fault, tally);
	}
}

static void take_section_step(const struct order *order, struct world *world, unsigned int section, int phase)
{
	const struct pages *pages = &order->section[section];
	struct hs_mmu_range range = { pages->from * PAGE, pages->to * PAGE, 1, true };

	if (phase == FIRST)
		assert_int_equal(hs_mmu_section_start(&world->subs, &range), 0);
	else if (phase == THIRD)
		hs_mmu_section_end(&world->subs, &range);
	if (hs_mmu_broken_rule(&world->subs))
		fail_msg("%s", hs_mmu_broken_rule(&world->subs));
}

static void play(const struct order *order, struct tally *tally)
{
	int phase[MAX_SECTIONS + MAX_FAULTS] = { 0 };
	struct world world;

	setup(&world);
	tally->orders++;
	for (unsigned int step = 0; step < order->nr_steps; step++) {
		unsigned int actor = order->actor[step];

		if (actor < order->nr_sections)
			take_section_step(order, &world, actor, phase[actor]);
		else
			take_fault_step(order, &world, actor - order->nr_sections, phase[actor], (int)step, tally);
		phase[actor]++;
	}
	assert_int_equal(world.subs.active_ranges, 0);
}

/* All orders of the actors' steps: each step is the next phase of an actor that is not done. */
static void enumerate(struct order *order, int *phase, struct tally *tally)
{
	unsigned int nr = order->nr_sections + order->nr_faults;

	if (order->nr_steps == nr * NR_PHASES) {
		play(order, tally);
		return;
	}
	for (unsigned int actor = 0; actor < nr; actor++) {
		if (phase[actor] == NR_PHASES)
			continue;
		order->at[actor][phase[actor]++] = (int)order->nr_steps;
		order->actor[order->nr_steps++] = actor;
		enumerate(order, phase, tally);
		order->nr_steps--;
		phase[actor]--;
	}
}

static void enumerate_kinds(struct order *order, unsigned int section, struct tally *tally)
{
	if (section == order->nr_sections) {
		int phase[MAX_SECTIONS + MAX_FAULTS] = { 0 };

		enumerate(order, phase, tally);
		return;
	}
	for (int kind = 0; kind < NR_KINDS; kind++) {
		order->section[section] = kinds[kind];
		enumerate_kinds(order, section + 1, tally);
	}
}

static void print_tally(const char *what, const struct tally *tally)
{
	print_message("%s: %llu orders; %llu map, %llu retry (%llu would have used a stale page, %llu needless), "
		      "%llu wait\n", what, (unsigned long long)tally->orders, (unsigned long long)tally->maps,
		      (unsigned long long)tally->retries, (unsigned long long)tally->stale,
		      (unsigned long long)tally->needless, (unsigned long long)tally->waits);
	assert_true(tally->maps && tally->retries && tally->stale && tally->needless && tally->waits);
}

static void test_two_sections_one_fault(void **state)
{
	struct order order = { .nr_sections = 2, .nr_faults = 1 };
	struct tally tally = { 0 };

	(void)state;
	enumerate_kinds(&order, 0, &tally);
	print_tally("two sections, one fault", &tally);
}

static void test_one_section_two_faults(void **state)
{
	struct order order = { .nr_sections = 1, .nr_faults = 2 };
	struct tally tally = { 0 };

	(void)state;
	enumerate_kinds(&order, 0, &tally);
	print_tally("one section, two faults", &tally);
}

/* Of three sections only a few combinations: a union with a hole, a nested one, one outside all slots. */
static void test_three_sections_one_fault(void **state)
{
	static const unsigned int chosen[][MAX_SECTIONS] = { { 2, 3, 4 } };
	struct tally tally = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(chosen) / sizeof(*chosen); i++) {
		struct order order = { .nr_sections = 3, .nr_faults = 1 };
		int phase[MAX_SECTIONS + MAX_FAULTS] = { 0 };

		for (int section = 0; section < MAX_SECTIONS; section++)
			order.section[section] = kinds[chosen[i][section]];
		enumerate(&order, phase, &tally);
	}
	assert_int_equal(tally.orders, 369600);
	assert_int_equal(tally.stale, 0);
	assert_true(tally.needless > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_sections_one_fault), cmocka_unit_test(test_one_section_two_faults),
		cmocka_unit_test(test_three_sections_one_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
