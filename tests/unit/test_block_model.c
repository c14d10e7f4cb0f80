// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block model inside the engine, on histories written by hand after the recorded sequences of 6.1 and
 * 6.12: validate agrees with them and notices each kind of change; whatif answers other policies.
 */
#include <stdlib.h>

#include "replay/block/block_model.h"
#include "replay/engine.h"
#include "tests/unit/block_fixture.h"

#define TEXT(s) { (s), (uint32_t)strlen(s) }
#define GIB (1ull << 30)

struct tally {
	unsigned int nr[HS_NR_VERDICTS];
	unsigned int of_point[HS_NR_POINTS];
	unsigned int nr_exact;
	unsigned int movable, kernel;	/* zones chosen in whatif */
	struct hs_decision last_disagreement[2];
};

struct play {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_engine *engine;
	struct tally tally;
	uint64_t now;
};

static void count_outcome(void *context, const struct hs_outcome *outcome)
{
	struct tally *tally = context;

	tally->nr[outcome->verdict]++;
	tally->of_point[outcome->modelled->point]++;
	if (outcome->recorded && outcome->recorded->basis == HS_BASIS_EXACT)
		tally->nr_exact++;
	if (outcome->verdict == HS_VERDICT_DISAGREE) {
		tally->last_disagreement[0] = *outcome->recorded;
		tally->last_disagreement[1] = *outcome->modelled;
	}
	if (!outcome->recorded && outcome->modelled->point == HS_POINT_BLOCK_ZONE) {
		tally->movable += !strcmp(outcome->modelled->result, "Movable");
		tally->kernel += strcmp(outcome->modelled->result, "Movable") != 0;
	}
}

static void feed(struct play *play, unsigned int kind, void *row)
{
	struct hs_run run = { .kind = kind, .nr = 1, .rows = row };
	struct hs_error err = { 0 };

	((struct hs_row *)row)->time = ++play->now * 1000000;
	((struct hs_row *)row)->task = 7;
	if (hs_engine_run(play->engine, &run, &err))
		fail_msg("%s", err.text);
}

/* A play in a mode; settings "key=value", NULL-terminated. */
static void begin(struct play *play, enum hs_mode mode, const char *variant, const char *rung,
		  const char *const *settings)
{
	static const char *const models[] = { "block", NULL };
	struct hs_engine_setup setup = {
		.mode = mode, .header = &play->header, .models = models, .policies = &play->policy, .nr_policies = 1,
		.outcome = count_outcome, .context = &play->tally, .check_each = 1,
	};
	struct hs_error err = { 0 };

	memset(play, 0, sizeof(*play));
	assert_int_equal(hs_header_set(&play->header.variant, variant), 0);
	assert_int_equal(hs_header_add_rung(&play->header, "hotplug", rung, ""), 0);
	play->header.page_bytes = 4096;
	play->header.block_bytes = F0_BLOCK_BYTES;
	assert_int_equal(hs_policy_init(&play->policy, "test"), 0);
	for (; settings && *settings; settings += 2)
		if (hs_policy_set(&play->policy, settings[0], settings[1], HS_POLICY_USER, &err))
			fail_msg("%s", err.text);
	if (hs_engine_create(&setup, &play->engine, &err))
		fail_msg("%s", err.text);
}

static void end(struct play *play)
{
	hs_engine_destroy(play->engine);
	hs_policy_deinit(&play->policy);
	hs_header_deinit(&play->header);
}

static struct hs_model *model_of(struct play *play)
{
	return hs_engine_model(play->engine, "block", 0);
}

/* The machine of F0 as a snapshot. */
static void play_snapshot(struct play *play)
{
	static const struct {
		const char *name;
		uint64_t start, pages;
	} zones[] = { { "DMA", 1, 4095 }, { "DMA32", 4096, 1044480 }, { "Normal", 1048576, 1048576 }, { "Movable", 0, 0 } };

	for (uint32_t id = 0; id < F0_BOOT_BLOCKS; id++) {
		struct hs_snap_block row = {
			.block = id, .phys_index = id * F0_PAGES, .nr_pages = F0_PAGES, .state = TEXT("online"),
			.valid_zones = TEXT(id == 0 ? "none" : id < 32 ? "DMA32" : "Normal"), .removable = 1,
			.is_deep = 1, .group = -1,
		};

		feed(play, HS_KIND_snap_block, &row);
	}
	for (int i = 0; i < 4; i++) {
		struct hs_snap_zone row = {
			.zone = TEXT(zones[i].name), .start_pfn = zones[i].start, .spanned = zones[i].pages,
			.present = zones[i].pages, .managed = zones[i].pages, .is_deep = 1, .present_early = zones[i].pages,
		};

		feed(play, HS_KIND_snap_zone, &row);
	}
	for (int32_t nid = 0; nid < 2; nid++) {
		struct hs_snap_node row = { .node = nid, .is_online = nid == 0 };

		feed(play, HS_KIND_snap_node, &row);
	}
	feed(play, HS_KIND_snap_resource, &(struct hs_snap_resource){
		.start = 4096, .end = 8 * GIB, .name = TEXT("System RAM") });
	feed(play, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = TEXT("start") });
	assert_int_equal(model_of(play)->hotplug.blocks.count, F0_BOOT_BLOCKS);
	assert_int_equal(model_of(play)->nr_problems, 0);
}

static void play_tunable(struct play *play, const char *name, const char *value)
{
	feed(play, HS_KIND_meta_tunable, &(struct hs_meta_tunable){ .name = TEXT(name), .value = TEXT(value) });
}

static void play_add(struct play *play, uint64_t first, uint64_t nr, uint64_t altmap, int32_t group, int64_t ret)
{
	struct hs_hotplug_blocks blocks = {
		.start = first * F0_BLOCK_BYTES, .size = nr * F0_BLOCK_BYTES, .node = -1, .group = group,
		.altmap_pages = altmap,
	};
	struct hs_hotplug_add add = {
		.start = blocks.start, .size = blocks.size, .node = group >= 0 ? group : 0,
		.flags = (group >= 0 ? 4 : 0) | (altmap ? 2 : 0), .resource = TEXT("System RAM"), .ret = ret,
	};

	if (!ret)
		feed(play, HS_KIND_hotplug_blocks, &blocks);
	feed(play, HS_KIND_hotplug_add, &add);
}

/* One operation on one block, as fentry sees it. */
struct step {
	uint32_t block;
	uint8_t op;			/* 0 online, 1 offline */
	uint8_t type;
	const char *zone;		/* chosen or left; NULL: none was chosen */
	int64_t ret;
	const char *actions;		/* "P Gn On"; ! behind the vetoed one */
	int veto;			/* its errno */
	uint64_t altmap;
	int32_t group;			/* + 1 */
	int64_t isolate;
	bool is_shifted;		/* ranges one page off: no kernel does this */
	const char *write;		/* the word that asked for it, NULL: nobody wrote */
};

static const struct {
	const char *letters;
	enum hs_block_action action;
} letters[] = {
	{ "P", HS_MEM_PREPARE_ONLINE }, { "Gn", HS_MEM_GOING_ONLINE }, { "On", HS_MEM_ONLINE },
	{ "Cn", HS_MEM_CANCEL_ONLINE }, { "F", HS_MEM_FINISH_OFFLINE }, { "Gf", HS_MEM_GOING_OFFLINE },
	{ "Of", HS_MEM_OFFLINE }, { "Cf", HS_MEM_CANCEL_OFFLINE },
};

static void play_notify(struct play *play, const struct step *step, const char *word, size_t length)
{
	uint64_t start = (uint64_t)step->block * F0_PAGES;
	bool is_veto = word[length - 1] == '!';

	length -= is_veto;
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
		bool has_altmap = letters[i].action == HS_MEM_PREPARE_ONLINE || letters[i].action == HS_MEM_FINISH_OFFLINE;
		struct hs_hotplug_notify row = {
			.action = TEXT(hs_block_action_name(letters[i].action)),
			.start_pfn = start + step->altmap + step->is_shifted, .nr_pages = F0_PAGES - step->altmap,
			/* T95: other actions leave garbage here. */
			.altmap_start_pfn = has_altmap ? start : 0xdead, .altmap_nr_pages = has_altmap ? step->altmap : 0xdead,
			.node = -2, .node_normal = -2, .value = is_veto ? hs_notify_from_errno(step->veto) : HS_NOTIFY_OK,
		};

		if (strlen(letters[i].letters) == length && !memcmp(letters[i].letters, word, length))
			feed(play, HS_KIND_hotplug_notify, &row);
	}
}

static void play_step(struct play *play, const struct step *step)
{
	uint64_t start = (uint64_t)step->block * F0_PAGES;
	uint64_t began = play->now;
	char file[40];

	feed(play, HS_KIND_hotplug_operation, &(struct hs_hotplug_operation){
		.block = step->block, .op = step->op, .online_type = step->type, .altmap_pages = step->altmap,
		.state = TEXT(step->op ? "online" : "offline"), .zone = TEXT(step->op && step->zone ? step->zone : ""),
		.group = step->group - 1 });
	if (!step->op && step->zone)
		feed(play, HS_KIND_hotplug_zone, &(struct hs_hotplug_zone){
			.online_type = step->type ? step->type : 1, .start_pfn = start, .nr_pages = F0_PAGES,
			.zone = TEXT(step->zone), .group = step->group - 1 });
	if (step->op)
		feed(play, HS_KIND_hotplug_isolate, &(struct hs_hotplug_isolate){
			.start_pfn = start + step->altmap, .end_pfn = start + F0_PAGES, .ret = step->isolate });
	for (const char *word = step->actions; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");

		play_notify(play, step, word, length);
		word += length;
	}
	feed(play, HS_KIND_hotplug_result, &(struct hs_hotplug_result){
		.block = step->block, .op = step->op, .ret = step->ret,
		.zone = TEXT(!step->ret && !step->op ? step->zone : "") });
	if (!step->write)
		return;
	snprintf(file, sizeof(file), "memory%u/state", step->block);
	feed(play, HS_KIND_hotplug_request, &(struct hs_hotplug_request){
		.file = TEXT(file), .text = TEXT(step->write), .is_capable = 1, .duration = (play->now - began) * 1000000,
		.ret = step->ret ? step->ret : (int64_t)strlen(step->write) });
}

static void play_write(struct play *play, const char *file, const char *text, int64_t ret)
{
	feed(play, HS_KIND_hotplug_request, &(struct hs_hotplug_request){
		.file = TEXT(file), .text = TEXT(text), .is_capable = 1, .duration = 1000,
		.ret = ret ? ret : (int64_t)strlen(text) });
}

static void assert_all_agree(const struct play *play)
{
	const struct hs_decision *pair = play->tally.last_disagreement;

	if (play->tally.nr[HS_VERDICT_DISAGREE] || play->tally.nr[HS_VERDICT_UNKNOWN])
		fail_msg("%u disagree, %u unknown; last at %llu: %s, recorded %s, modelled %s (%s)",
			 play->tally.nr[HS_VERDICT_DISAGREE], play->tally.nr[HS_VERDICT_UNKNOWN],
			 (unsigned long long)pair[0].time, hs_points[pair[0].point].name, pair[0].result, pair[1].result,
			 pair[1].reason);
	assert_true(play->tally.nr[HS_VERDICT_AGREE] > 0);
}

/* A morning on 6.12: plugged, onlined every way, refused every way, unplugged. */
static const struct step steps_612[] = {
	{ 64, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable" },
	{ 66, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable\n" },
	{ 65, 0, 0, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, NULL },
	{ 67, 0, 2, "Normal", -ENOMEM, "P Gn! Cn F", -ENOMEM, 512, 1, 0, false, "online_kernel" },
	{ 67, 0, 1, "Normal", -EBUSY, "P!", -EBUSY, 512, 1, 0, false, "online" },
	{ 67, 0, 1, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, "online" },
	{ 67, 1, 0, "Normal", -EBUSY, "", 0, 512, 1, -EBUSY, false, "offline" },
	{ 66, 1, 0, "Movable", -EPERM, "Gf! Cf", -EPERM, 512, 1, 0, false, "offline" },
	{ 66, 1, 0, "Movable", -EINTR, "Gf Cf", 0, 512, 1, 0, false, "offline" },
	{ 66, 1, 0, "Movable", 0, "Gf Of F", 0, 512, 1, 0, false, "offline" },
	{ 65, 1, 0, "Movable", 0, "Gf Of F", 0, 512, 1, 0, false, "offline" },
};

static void play_morning(struct play *play, const struct step *steps, size_t nr)
{
	play_snapshot(play);
	feed(play, HS_KIND_hotplug_group, &(struct hs_hotplug_group){ .pages = 4 * F0_PAGES, .group = -1, .ret = 0 });
	play_tunable(play, "memory_hotplug/parameters/memmap_on_memory", "Y");
	play_add(play, 64, 4, 512, 0, 0);
	play_add(play, 64, 4, 0, -1, -EEXIST);
	for (size_t i = 0; i < nr; i++)
		play_step(play, &steps[i]);
	play_write(play, "memory64/state", "online", -EINVAL);
	play_write(play, "memory64/online", "1", 0);
	play_write(play, "memory64/state", "off", -EINVAL);
	play_write(play, "auto_online_blocks", "online_kernel", 0);
	play_write(play, "auto_online_blocks", "auto", -EINVAL);
	feed(play, HS_KIND_hotplug_remove, &(struct hs_hotplug_remove){
		.start = 64 * F0_BLOCK_BYTES, .size = 4 * F0_BLOCK_BYTES, .ret = -EBUSY });
	feed(play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 65, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	feed(play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("online"), .valid_zones = TEXT("Movable") });
}

static void test_validate(void **state)
{
	size_t nr = sizeof(steps_612) / sizeof(*steps_612);
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_morning(&play, steps_612, nr);
	assert_all_agree(&play);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ONLINE], 6);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_OFFLINE], 5);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_NOTIFY], 27);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 6);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ADD], 2);
	/* What was polled is a decision only where nothing ran since the block's own change. */
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 1);
	/* Only the signal is no consequence of what was seen before: the cancel, and the errno. */
	assert_int_equal(play.tally.nr[HS_VERDICT_AGREE] - play.tally.nr_exact, 2);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* As fentry sees 6.12: no calls of the outer actions, no creation of blocks, ids of groups unknown. */
static void test_validate_inlined(void **state)
{
	struct hs_hotplug_zone zone = { .online_type = 3, .start_pfn = 65 * F0_PAGES, .nr_pages = F0_PAGES,
					.zone = TEXT("Movable"), .group = -2 };
	static const struct step steps[] = {
		{ 64, 0, 3, "Movable", 0, "Gn On", 0, 0, 0, 0, false, NULL },
		{ 64, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL },
	};
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	/* Going online inside the add, before the uevent is read; then the add ends. */
	play_step(&play, &steps[0]);
	feed(&play, HS_KIND_hotplug_uevent, &(struct hs_hotplug_uevent){
		.action = TEXT("add"), .device = TEXT("memory64") });
	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .duration = 10 * 1000000,
		.resource = TEXT("System RAM") });
	play_step(&play, &steps[1]);
	/* Read while block 65 goes online: which answer was given depends on when. */
	feed(&play, HS_KIND_hotplug_operation, &(struct hs_hotplug_operation){
		.block = 65, .online_type = 3, .state = TEXT("offline"), .group = -2 });
	feed(&play, HS_KIND_hotplug_zone, &zone);
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Movable Normal") });
	assert_all_agree(&play);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_NOTIFY], 4);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 2);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ADD], 1);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 0);
	assert_int_equal(play.tally.nr[HS_VERDICT_AGREE], play.tally.nr_exact);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* Each change of one step must be noticed. */
static void test_mutations(void **state)
{
	static const struct {
		size_t at;
		struct step step;
	} mutations[] = {
		{ 0, { 64, 0, 3, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable" } },
		{ 2, { 65, 0, 0, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, NULL } },
		{ 1, { 66, 0, 3, "Movable", 0, "Gn On", 0, 512, 1, 0, false, "online_movable" } },
		{ 0, { 64, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, true, "online_movable" } },
		{ 3, { 67, 0, 2, "Normal", -ENOMEM, "P Gn! F", -ENOMEM, 512, 1, 0, false, "online_kernel" } },
		{ 3, { 67, 0, 2, "Normal", -EBUSY, "P Gn! Cn F", -ENOMEM, 512, 1, 0, false, "online_kernel" } },
		{ 6, { 67, 1, 0, "Normal", -EBUSY, "Gf Cf", 0, 512, 1, -EBUSY, false, "offline" } },
		{ 6, { 67, 1, 0, "Normal", -EINVAL, "", 0, 512, 1, -EBUSY, false, "offline" } },
		{ 9, { 66, 1, 0, "Movable", 0, "Gf Of", 0, 512, 1, 0, true, "offline" } },
	};
	struct step steps[sizeof(steps_612) / sizeof(*steps_612)];

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
		struct play play;

		memcpy(steps, steps_612, sizeof(steps));
		steps[mutations[i].at] = mutations[i].step;
		begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
		play_morning(&play, steps, sizeof(steps) / sizeof(*steps));
		if (!play.tally.nr[HS_VERDICT_DISAGREE])
			fail_msg("mutation %zu was not noticed", i);
		end(&play);
	}
}

/* The same words on 6.1: no PREPARE and FINISH; a word that was refused stays with the block (T12). */
static void test_validate_61(void **state)
{
	static const struct step steps[] = {
		{ 64, 0, 1, "Normal", 0, "Gn On", 0, 0, 0, 0, false, "online" },
		{ 33, 1, 3, "Normal", 0, "Gf Of", 0, 0, 0, 0, false, "offline" },
		{ 33, 0, 3, "Movable", 0, "Gn On", 0, 0, 0, 0, false, NULL },
	};
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.1", "kprobe", NULL);
	play_snapshot(&play);
	play_add(&play, 64, 1, 0, -1, 0);
	play_step(&play, &steps[0]);
	play_write(&play, "memory33/state", "online_movable", -EINVAL);
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 33)->online_type, HS_ONLINE_MOVABLE);
	play_step(&play, &steps[1]);
	play_step(&play, &steps[2]);
	assert_all_agree(&play);
	end(&play);
}

static void play_uevent(struct play *play, const char *action, const char *device)
{
	feed(play, HS_KIND_hotplug_uevent, &(struct hs_hotplug_uevent){ .action = TEXT(action), .device = TEXT(device) });
}

/* Polling alone: zones are judged, and said to be bounded or assumed. */
static void test_polling(void **state)
{
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "polling", NULL);
	play_snapshot(&play);
	play_uevent(&play, "add", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	play_uevent(&play, "online", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("online"), .valid_zones = TEXT("Normal") });
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 64)->zone->index, HS_ZONE_NORMAL);
	play_uevent(&play, "offline", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	play_uevent(&play, "remove", "memory64");
	assert_all_agree(&play);
	assert_int_equal(play.tally.nr_exact, 0);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 1);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 2);
	assert_int_equal(model_of(&play)->hotplug.blocks.count, F0_BOOT_BLOCKS);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* The uevent of a block is sent before the call that makes it ends: both tell of one block, with its group. */
static void test_uevent_before_creation(void **state)
{
	struct play play;
	struct hs_block *block;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	feed(&play, HS_KIND_hotplug_group, &(struct hs_hotplug_group){
		.node = 1, .pages = 2 * F0_PAGES, .group = -1, .ret = 0 });
	play_uevent(&play, "add", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .node = 1, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = 1, .group = 0, .altmap_pages = 512 });
	assert_int_equal(model_of(&play)->nr_problems, 0);
	block = f0_block(&model_of(&play)->hotplug, 64);
	assert_int_equal(block->altmap, 512);
	assert_non_null(block->group);
	play_uevent(&play, "add", "memory65");
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 65 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = 1, .group = 0 });
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* Contradictory input is counted, told with its time, and leaves a state that can be used. */
static void test_bad_input(void **state)
{
	struct play play;
	struct hs_model *model;
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	model = model_of(&play);
	play_step(&play, &(struct step){ 200, 1, 0, "Normal", 0, "Gf Of F", 0, 0, 0, 0, false, NULL });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){ .start = 4096, .size = F0_BLOCK_BYTES });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 40 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
	feed(&play, HS_KIND_hotplug_notify, &(struct hs_hotplug_notify){ .action = TEXT("MEM_WHAT") });
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){ .block = 34, .state = TEXT("maybe") });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 41 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 9999 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
	play_add(&play, 1ull << 40, 1, 0, -1, -E2BIG);
	assert_true(model->nr_problems >= 6);
	out = open_memstream(&text, &size);
	assert_int_equal(hs_block_model.problems(model, out), model->nr_problems);
	fclose(out);
	assert_non_null(strstr(text, " ns: "));
	assert_non_null(strstr(text, "block 40 is removed while it is online"));
	assert_non_null(strstr(text, "block 34 has an unknown state"));
	assert_non_null(strstr(text, "block 41 is added and was there already"));
	assert_non_null(strstr(text, "block 9999 is removed and was never added"));
	free(text);
	end(&play);
}

/* --- whatif ----------------------------------------------------------------------------------------- */

struct summary {
	const char *wanted;
	double value;
};

static void pick(void *context, const char *name, double value)
{
	struct summary *summary = context;

	if (!strcmp(summary->wanted, name))
		summary->value = value;
}

static double number_of(struct play *play, const char *name)
{
	struct summary summary = { name, -1 };

	hs_block_model.summarize(model_of(play), pick, &summary);
	return summary.value;
}

/* 24 blocks are plugged one by one and onlined by a writer as "online"; then four are unplugged. */
static void play_day(struct play *play)
{
	play_snapshot(play);
	for (uint32_t id = 64; id < 88; id++) {
		play_add(play, id, 1, 0, -1, 0);
		play_step(play, &(struct step){ id, 0, 1, "Normal", 0, "P Gn On", 0, 0, 0, 0, false, "online" });
	}
	for (uint32_t id = 87; id > 83; id--)
		play_step(play, &(struct step){ id, 1, 0, "Normal", -EBUSY, "", 0, 0, 0, -EBUSY, false, "offline" });
	assert_int_equal(hs_engine_finish(play->engine, NULL), 0);
}

static void test_whatif(void **state)
{
	static const struct {
		const char *settings[9];
		unsigned int movable, kernel;
		double blocks, offlines, assumed;
	} cases[] = {
		{ { NULL }, 0, 24, 88, 0, 0 },
		{ { "block.online_policy", "auto-movable", NULL }, 24, 0, 88, 4, 4 },
		{ { "block.auto_online_blocks", "online_movable", NULL }, 24, 0, 88, 4, 4 },
		{ { "block.auto_online_blocks", "online_kernel", "block.online_policy", "auto-movable", NULL }, 0, 24, 88, 0, 0 },
		{ { "block.online_policy", "auto-movable", "block.auto_movable_ratio", "10", NULL }, 6, 18, 88, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct play play;

		begin(&play, HS_MODE_WHATIF, "6.12", "fentry", cases[i].settings);
		play_day(&play);
		assert_int_equal(play.tally.movable, cases[i].movable);
		assert_int_equal(play.tally.kernel, cases[i].kernel);
		assert_true(number_of(&play, "blocks") == cases[i].blocks);
		assert_true(number_of(&play, "offlines") == cases[i].offlines);
		assert_true(number_of(&play, "assumed_offlines") == cases[i].assumed);
		assert_true(number_of(&play, "failed: failure to isolate range") == (cases[i].offlines ? -1 : 4));
		assert_int_equal(model_of(&play)->nr_problems, 0);
		end(&play);
	}
}

/* Three blocks in three zones; the record unplugs the middle one, the policies another. */
static void test_unplug_order(void **state)
{
	static const struct {
		const char *order;
		uint64_t gone;
	} cases[] = { { "recorded", 65 }, { "highest", 66 }, { "lowest", 64 }, { "movable", 64 } };
	static const char *const zones[] = { "Movable", "Movable", "Normal" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *settings[] = { "block.unplug_order", cases[i].order, "block.kernel_offline", "recorded", NULL };
		struct play play;

		begin(&play, HS_MODE_WHATIF, "6.1", "fentry", settings);
		play_snapshot(&play);
		for (uint32_t id = 64; id < 67; id++) {
			play_add(&play, id, 1, 0, -1, 0);
			play_step(&play, &(struct step){ id, 0, id == 66 ? 2 : 3, zones[id - 64], 0, "Gn On", 0, 0, 0, 0, false, NULL });
		}
		if (i == 3)	/* movable: the highest MOVABLE one first, which is 65, then 64 */
			play_step(&play, &(struct step){ 65, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
		play_step(&play, &(struct step){ i == 3 ? 64 : 65, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL });
		feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
			.start = (i == 3 ? 64 : 65) * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
		assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
		assert_null(hs_block_find(&model_of(&play)->hotplug, cases[i].gone));
		assert_int_equal(model_of(&play)->hotplug.blocks.count, F0_BOOT_BLOCKS + 2);
		assert_int_equal(model_of(&play)->nr_problems, 0);
		end(&play);
	}
}

/* T96 and its like: the same memory in blocks of 2 GiB. */
static void test_recut(void **state)
{
	static const char *const settings[] = { "block.block_bytes", "2147483648", NULL };
	struct play play;

	(void)state;
	begin(&play, HS_MODE_WHATIF, "6.12", "fentry", settings);
	for (uint32_t id = 0; id < F0_BOOT_BLOCKS; id++)
		feed(&play, HS_KIND_snap_block, &(struct hs_snap_block){
			.block = id, .nr_pages = F0_PAGES, .state = TEXT("online"), .is_deep = 1, .group = -1,
			.valid_zones = TEXT(id == 0 ? "none" : id < 32 ? "DMA32" : "Normal") });
	feed(&play, HS_KIND_snap_zone, &(struct hs_snap_zone){
		.zone = TEXT("Normal"), .start_pfn = 1048576, .spanned = 1048576, .present = 1048576, .managed = 1048576 });
	feed(&play, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = TEXT("start") });
	assert_int_equal(model_of(&play)->hotplug.blocks.count, 4);

	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 8 * GIB, .size = GIB, .resource = TEXT("System RAM") });
	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 11 * GIB, .size = 4 * GIB, .resource = TEXT("System RAM (kmem)") });
	for (uint32_t id = 96; id < 112; id++)
		feed(&play, HS_KIND_hotplug_result, &(struct hs_hotplug_result){ .block = id, .zone = TEXT("Normal") });
	assert_int_equal(hs_engine_finish(play.engine, NULL), 0);
	assert_true(number_of(&play, "rejected_adds") == 1);
	assert_true(number_of(&play, "lost_bytes") == 3.0 * GIB);
	assert_true(number_of(&play, "blocks") == 5);
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 6)->status, HS_BLOCK_ONLINE);
	assert_true(number_of(&play, "onlines") == 1);
	end(&play);
}

/* A recut to the recorded size changes nothing. */
static void test_recut_identity(void **state)
{
	static const char *const same[] = { "block.block_bytes", "134217728", NULL };
	char *text[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct play play;
		size_t size;
		FILE *out;

		begin(&play, HS_MODE_WHATIF, "6.12", "fentry", i ? same : NULL);
		play_day(&play);
		out = open_memstream(&text[i], &size);
		assert_int_equal(hs_block_model.dump(model_of(&play), out), 0);
		fclose(out);
		end(&play);
	}
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validate), cmocka_unit_test(test_validate_inlined),
		cmocka_unit_test(test_mutations), cmocka_unit_test(test_validate_61),
		cmocka_unit_test(test_polling), cmocka_unit_test(test_uevent_before_creation),
		cmocka_unit_test(test_bad_input), cmocka_unit_test(test_whatif),
		cmocka_unit_test(test_recut), cmocka_unit_test(test_unplug_order),
		cmocka_unit_test(test_recut_identity),
	};

	return cmocka_run_group_tests_name("block_model", tests, NULL, NULL);
}
