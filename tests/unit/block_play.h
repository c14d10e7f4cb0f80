/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BLOCK_PLAY_H
#define BLOCK_PLAY_H
/* Histories of memory blocks written by hand, event by event, through the engine; what comes out is counted. */
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
	struct hs_decision last[HS_NR_POINTS];	/* modelled */
};

struct play {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_engine *engine;
	struct tally tally;
	uint64_t now;
};

static inline void count_outcome(void *context, const struct hs_outcome *outcome)
{
	struct tally *tally = context;

	tally->nr[outcome->verdict]++;
	tally->of_point[outcome->modelled->point]++;
	tally->last[outcome->modelled->point] = *outcome->modelled;
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

static inline void feed(struct play *play, unsigned int kind, void *row)
{
	struct hs_run run = { .kind = kind, .nr = 1, .rows = row };
	struct hs_error err = { 0 };

	((struct hs_row *)row)->time = ++play->now * 1000000;
	((struct hs_row *)row)->task = 7;
	if (hs_engine_run(play->engine, &run, &err))
		fail_msg("%s", err.text);
}

/* A play in a mode; settings "key=value", NULL-terminated. */
static inline void begin(struct play *play, enum hs_mode mode, const char *variant, const char *rung,
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

static inline void end(struct play *play)
{
	hs_engine_destroy(play->engine);
	hs_policy_deinit(&play->policy);
	hs_header_deinit(&play->header);
}

static inline struct hs_model *model_of(struct play *play)
{
	return hs_engine_model(play->engine, "block", 0);
}

/* The machine of F0 as a snapshot. */
static inline void play_snapshot(struct play *play)
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

static inline void play_tunable(struct play *play, const char *name, const char *value)
{
	feed(play, HS_KIND_meta_tunable, &(struct hs_meta_tunable){ .name = TEXT(name), .value = TEXT(value) });
}

static inline void play_add(struct play *play, uint64_t first, uint64_t nr, uint64_t altmap, int32_t group,
			    int64_t ret)
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

static inline void play_notify(struct play *play, const struct step *step, const char *word, size_t length)
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

static inline void play_step(struct play *play, const struct step *step)
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

static inline void play_write(struct play *play, const char *file, const char *text, int64_t ret)
{
	feed(play, HS_KIND_hotplug_request, &(struct hs_hotplug_request){
		.file = TEXT(file), .text = TEXT(text), .is_capable = 1, .duration = 1000,
		.ret = ret ? ret : (int64_t)strlen(text) });
}

#endif
