// SPDX-License-Identifier: GPL-2.0-only
/*
 * What-if: secondary MMUs on the recorded address spaces. The sections are the recorded ones, or those that the
 * address_space model predicts; where the secondary MMUs' faults come from is the policy's scenario.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/notifier/notifier_state.h"
#include "replay/variant.h"

struct hs_model {
	struct hs_notifier notifier;
	struct hs_address_space *space;
	HS_VEC(struct hs_step) noted;		/* sections of the event at hand, in their order; times follow */
	bool is_whatif;
};

static const char *const stands_on[] = { "address_space", NULL };

static const struct hs_policy_key notifier_keys[] = {
	{ .key = "notifier.variant", .default_text = "auto", .words = HS_VARIANT_WORDS,
	  .help = "whose rule for faults of virtual machines" },
	{ .key = "notifier.mmus", .default_text = "both", .words = "both|hmm|kvm",
	  .help = "which secondary MMUs every address space has" },
	{ .key = "notifier.faults", .default_text = "cpu+dropped", .words = "cpu|cpu+dropped",
	  .help = "when they touch a page: after the CPU's fault on it, also when an invalidation has dropped it" },
	{ .key = "notifier.delay_ns", .default_text = "2000", .min = 0, .max = 1000000000,
	  .help = "from then to their fault" },
	{ .key = "notifier.fault_ns", .default_text = "5000", .min = 2, .max = 1000000000,
	  .help = "from reading the sequence number to the check; the page is looked up half-way" },
	{ .key = "notifier.section_ns", .default_text = "3000", .min = 1, .max = 1000000000,
	  .help = "how long predicted sections are open whose operation has no recorded duration" },
	{ .key = "notifier.window_ns", .default_text = "10000000", .min = 0, .max = 10000000000,
	  .help = "longest call whose sections are put where they belong" },
	{ .key = "notifier.interval_bytes", .default_text = "2097152", .min = 4096, .max = 1ull << 40,
	  .help = "HMM: an interval notifier each so many bytes, a power of two" },
	{ .key = "notifier.refault_limit", .default_text = "64", .min = 0, .max = 1000000,
	  .help = "dropped pages of one section that are touched again" },
	{ .key = "notifier.slots", .default_text = "all",
	  .help = "KVM: the host's addresses that are guest memory: 0xSTART-0xEND,… or all" },
	{ .key = NULL },
};

/* All that the address_space model sees: its sections come with any of them. */
static hs_kind_set notifier_kinds(void)
{
	hs_kind_set kinds = hs_model_find("address_space")->kinds();

	hs_kind_set_add(&kinds, HS_KIND_mm_exit_mmap);
	return kinds;
}

static enum hs_kvm_rule rule_of(enum hs_variant variant)
{
	if (variant == HS_VARIANT_V2010)
		return HS_KVM_BY_COUNT;
	return variant == HS_VARIANT_6_1 ? HS_KVM_BY_HVA : HS_KVM_BY_GFN;
}

static void read_scenario(const struct hs_model_setup *setup, struct hs_secondary_scenario *scenario)
{
	const struct hs_policy *policy = setup->policy;
	const char *mmus = hs_policy_text(policy, "notifier.mmus");

	*scenario = (struct hs_secondary_scenario){
		.has_mmu = { strcmp(mmus, "kvm") != 0, strcmp(mmus, "hmm") != 0 },
		.refaults = strcmp(hs_policy_text(policy, "notifier.faults"), "cpu") != 0,
		.delay_ns = hs_policy_number(policy, "notifier.delay_ns"),
		.fault_ns = hs_policy_number(policy, "notifier.fault_ns"),
		.section_ns = hs_policy_number(policy, "notifier.section_ns"),
		.window_ns = hs_policy_number(policy, "notifier.window_ns"),
		.interval_bytes = hs_policy_number(policy, "notifier.interval_bytes"),
		.refault_limit = hs_policy_number(policy, "notifier.refault_limit"),
		.kvm_rule = rule_of(hs_variant_resolve(hs_policy_text(policy, "notifier.variant"), setup->header, NULL)),
	};
}

/* --- sections of the event at hand ----------------------------------------------------------------- */

static void note(struct hs_model *model, uint32_t mm, const struct hs_section *section, enum hs_step_kind kind)
{
	struct hs_step step = {
		.mm = mm, .kind = (uint8_t)kind, .basis = (uint8_t)section->basis,
		.range = { section->start, section->end, (uint8_t)section->event, section->is_blockable },
	};

	if (model->is_whatif && !hs_vec_push(&model->noted, step))
		model->notifier.nr_left_out++;
}

static void note_open(void *context, uint32_t mm, const struct hs_section *section)
{
	note(context, mm, section, HS_STEP_OPEN);
}

static void note_close(void *context, uint32_t mm, const struct hs_section *section)
{
	note(context, mm, section, HS_STEP_CLOSE);
}

static const struct hs_address_space_watcher watcher = { .section_opens = note_open, .section_closes = note_close };

static uint64_t duration_of(const struct hs_event *event)
{
	switch (event->kind) {
#define TAKE(id) \
	case HS_KIND_##id: \
		return event->id->duration;
	TAKE(mm_mmap)
	TAKE(mm_munmap)
	TAKE(mm_mremap)
	TAKE(mm_brk)
	TAKE(mm_mprotect)
	TAKE(mm_madvise)
	TAKE(mm_mlock)
#undef TAKE
	default:
		return 0;
	}
}

/* Recorded steps happen at their event; predicted ones spread over the call, or follow an event without duration. */
static void place_noted(struct hs_model *model, const struct hs_event *event)
{
	uint64_t duration = duration_of(event), time = event->row->time, nr = model->noted.count;
	bool is_recorded = event->kind == HS_KIND_notifier_start || event->kind == HS_KIND_notifier_end;
	uint64_t span = is_recorded ? 0 : duration ? duration : model->notifier.scenario.section_ns * nr;
	uint64_t from = duration ? time - (duration < time ? duration : time) : time, at = 0;

	hs_vec_for_each(step, &model->noted) {
		step->time = from + span / (nr + 1) * ++at;
		hs_notifier_add(&model->notifier, *step);
	}
	hs_vec_clear(&model->noted);
}

/* --- operations ------------------------------------------------------------------------------------ */

static int check_policy(struct hs_model *model, const struct hs_policy *policy, struct hs_error *err)
{
	const char *slots = hs_policy_text(policy, "notifier.slots");
	uint64_t bytes = model->notifier.scenario.interval_bytes;

	if (bytes & (bytes - 1))
		return hs_error_set(err, -EINVAL, "notifier.interval_bytes = %llu: give a power of two",
				    (unsigned long long)bytes);
	if (!hs_notifier_parse_slots(&model->notifier, slots))
		return hs_error_set(err, -EINVAL, "notifier.slots = %s: give all, or 0xSTART-0xEND,… of whole pages that "
				    "do not overlap", slots);
	return 0;
}

static void notifier_destroy(struct hs_model *model)
{
	struct hs_notifier *notifier;

	if (!model)
		return;
	notifier = &model->notifier;
	if (model->space)
		hs_address_space_unwatch(model->space, model);
	while (notifier->first)
		hs_secondary_destroy(notifier, notifier->first);
	hs_hash_map_deinit(&notifier->secondaries);
	hs_vec_deinit(&notifier->slots);
	hs_vec_deinit(&notifier->faults);
	hs_vec_deinit(&notifier->free_faults);
	hs_timeline_deinit(&notifier->timeline);
	hs_vec_deinit(&model->noted);
	free(model);
}

static int notifier_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	struct hs_model *model = calloc(1, sizeof(*model));
	int error;

	if (!model)
		return hs_error_nomem(err);
	model->is_whatif = setup->mode == HS_MODE_WHATIF;
	read_scenario(setup, &model->notifier.scenario);
	error = check_policy(model, setup->policy, err);
	if (!error && hs_address_space_watch(hs_address_space_of(setup->bases[0]), &watcher, model))
		error = hs_error_nomem(err);
	if (error) {
		notifier_destroy(model);
		return error;
	}
	model->space = hs_address_space_of(setup->bases[0]);
	model->notifier.space = model->space;
	*out = model;
	return 0;
}

static void add_touch(struct hs_notifier *notifier, const struct hs_row *row, uint64_t address)
{
	hs_notifier_add(notifier, (struct hs_step){
		.time = row->time + notifier->scenario.delay_ns, .mm = row->mm, .kind = HS_STEP_TOUCH,
		.range.start = address & ~(HS_PAGE_BYTES - 1) });
}

static void notifier_observe(struct hs_model *model, const struct hs_event *event)
{
	if (!model->is_whatif)
		return;
	place_noted(model, event);
	if (event->kind == HS_KIND_fault_user)
		add_touch(&model->notifier, event->row, event->fault_user->address);
	else if (event->kind == HS_KIND_fault_kernel)
		add_touch(&model->notifier, event->row, event->fault_kernel->address);
	else if (event->kind == HS_KIND_mm_exit_mmap)
		hs_notifier_add(&model->notifier, (struct hs_step){ .time = event->row->time, .mm = event->row->mm,
								    .kind = HS_STEP_EXIT });
}

static struct hs_secondary_fault *fault_of(struct hs_notifier *notifier, const struct hs_step *step)
{
	struct hs_secondary_fault *fault = &notifier->faults.items[step->fault];

	return fault->is_used && fault->serial == step->serial ? fault : NULL;
}

static void take_fault_step(struct hs_notifier *notifier, const struct hs_step *step, const struct hs_sink *sink)
{
	struct hs_secondary_fault *fault = fault_of(notifier, step);
	struct hs_decision decision;

	if (!fault)
		return;		/* its address space has ended */
	if (step->kind == HS_STEP_BEGIN) {
		hs_secondary_begin(notifier, fault);
	} else if (step->kind == HS_STEP_LOOK) {
		hs_secondary_look(notifier, fault);
	} else {
		hs_secondary_check(notifier, fault, &decision);
		sink->decided(sink->context, &decision);
	}
}

static void take_step(struct hs_notifier *notifier, const struct hs_step *step, const struct hs_sink *sink)
{
	switch (step->kind) {
	case HS_STEP_OPEN:
		hs_secondary_open(notifier, step);
		break;
	case HS_STEP_CLOSE:
		hs_secondary_close(notifier, step);
		break;
	case HS_STEP_TOUCH:
		hs_secondary_touch(notifier, step->mm, step->range.start);
		break;
	case HS_STEP_EXIT:
		hs_secondary_exit(notifier, step->mm);
		break;
	default:
		take_fault_step(notifier, step, sink);
		break;
	}
}

static void notifier_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink)
{
	uint64_t window = model->notifier.scenario.window_ns;
	struct hs_step step;

	while (now > window && hs_timeline_take(&model->notifier.timeline, now - window, &step))
		take_step(&model->notifier, &step, sink);
}

static void notifier_lost(struct hs_model *model, const struct hs_meta_lost *lost)
{
	(void)lost;
	model->notifier.is_lossy = true;
}

static int notifier_dump(const struct hs_model *model, FILE *out)
{
	const struct hs_notifier *notifier = &model->notifier;
	const char *separator = "\n ";

	fprintf(out, "{\"model\": \"notifier\", \"mms\": [");
	for (const struct hs_secondary *at = notifier->first; at; at = at->next) {
		fprintf(out, "%s{\"mm\": %u, \"invalidate_seq\": %llu, \"active_ranges\": %llu, \"intervals\": %zu, "
			"\"kvm_invalidate_seq\": %llu, \"kvm_in_progress\": %llu, \"pages\": %zu}", separator, at->mm,
			(unsigned long long)at->subs.invalidate_seq, (unsigned long long)at->subs.active_ranges,
			at->subs.itree.count, (unsigned long long)at->kvm.invalidate_seq,
			(unsigned long long)at->kvm.in_progress, at->pages.count);
		separator = ",\n ";
	}
	fprintf(out, "],\n \"pending_steps\": %zu}\n", notifier->timeline.heap.count);
	return ferror(out) ? -EIO : 0;
}

static int notifier_check(const struct hs_model *model, struct hs_error *err)
{
	const struct hs_notifier *notifier = &model->notifier;

	if (notifier->nr_broken)
		return hs_error_set(err, -EINVAL, "%llu pages were mapped although a section had taken them",
				    (unsigned long long)notifier->nr_broken);
	for (const struct hs_secondary *at = notifier->first; at; at = at->next) {
		const char *broken = hs_mmu_broken_rule(&at->subs);

		if (broken)
			return hs_error_set(err, -EINVAL, "mm %u: %s", at->mm, broken);
		if (at->open.count != at->kvm.mn_active && notifier->scenario.has_mmu[HS_MMU_KVM])
			return hs_error_set(err, -EINVAL, "mm %u: %zu sections are open, the virtual machine counts %llu",
					    at->mm, at->open.count, (unsigned long long)at->kvm.mn_active);
	}
	return 0;
}

static void notifier_summarize(const struct hs_model *model,
			       void (*add)(void *context, const char *name, double value), void *context)
{
	const struct hs_notifier *notifier = &model->notifier;

	add(context, "sections", (double)notifier->nr_sections);
	add(context, "hmm_maps", (double)notifier->nr_maps[HS_MMU_HMM]);
	add(context, "hmm_retries", (double)notifier->nr_retries[HS_MMU_HMM]);
	add(context, "hmm_stale_if_ignored", (double)notifier->nr_stale[HS_MMU_HMM]);
	add(context, "hmm_needless_retries", (double)notifier->nr_needless[HS_MMU_HMM]);
	add(context, "hmm_waits", (double)notifier->nr_waits);
	add(context, "kvm_maps", (double)notifier->nr_maps[HS_MMU_KVM]);
	add(context, "kvm_retries", (double)notifier->nr_retries[HS_MMU_KVM]);
	add(context, "kvm_stale_if_ignored", (double)notifier->nr_stale[HS_MMU_KVM]);
	add(context, "kvm_needless_retries", (double)notifier->nr_needless[HS_MMU_KVM]);
	add(context, "unmatched_ends", (double)notifier->nr_unmatched);
	add(context, "pending_steps", (double)notifier->timeline.heap.count);
}

static uint64_t notifier_problems(const struct hs_model *model, FILE *out)
{
	const struct hs_notifier *notifier = &model->notifier;

	if (out && notifier->nr_left_out)
		fprintf(out, "notifier: out of memory: %llu steps were left out\n",
			(unsigned long long)notifier->nr_left_out);
	return notifier->nr_left_out;
}

const struct hs_model_ops hs_notifier_model = {
	.name = "notifier",
	.is_by_name = true,
	.help = "faults of secondary MMUs (HMM-like, KVM-like) against invalidations: which must be tried again (what-if)",
	.stands_on = stands_on,
	.keys = notifier_keys,
	.kinds = notifier_kinds,
	.create = notifier_create,
	.destroy = notifier_destroy,
	.observe = notifier_observe,
	.advance = notifier_advance,
	.lost = notifier_lost,
	.dump = notifier_dump,
	.check = notifier_check,
	.summarize = notifier_summarize,
	.problems = notifier_problems,
};
