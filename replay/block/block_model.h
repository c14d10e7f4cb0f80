/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_MODEL_H
#define HS_BLOCK_MODEL_H
/*
 * The adapter's own parts: an instance, its requests, what its files do for each other. Nobody outside
 * replay/block/ and its tests includes this.
 */
#include "lib/hash_map.h"
#include "replay/block/block_memory.h"
#include "replay/block/block_history.h"
#include "replay/model.h"

enum { HS_MAX_PROBLEMS = 16, HS_PROBLEM_TEXT = 200 };

/* One event of a trace makes or removes no more blocks than 128 TiB in the smallest size have. */
enum { HS_MAX_BLOCKS_AT_ONCE = 1 << 20 };

/* Rows of a snapshot until its end; texts are copied into numbers at once. */
struct hs_staged_block {
	uint64_t id;
	enum hs_block_status status;
	int zone;			/* -1: none or unknown */
	int32_t nid, mgid;
	bool is_deep;
	uint32_t nr_early;		/* sections there since boot, and 1; 0 unknown */
	enum hs_online_type online_type;
	uint64_t altmap, nr_hwpoison;
};
struct hs_staged_zone {
	int32_t nid;
	int index;
	bool is_deep;
	uint64_t start, spanned, present, managed, cma, present_early;
};
struct hs_staged_group {
	int32_t mgid, nid;
	bool is_dynamic;
	uint64_t pages, kernel, movable;
};
struct hs_staging {
	HS_VEC(struct hs_staged_block) blocks;
	HS_VEC(struct hs_staged_zone) zones;
	HS_VEC(struct hs_staged_group) groups;
	HS_VEC(struct hs_snap_node) nodes;
	HS_VEC(struct hs_snap_resource) resources;	/* name is not kept */
	uint64_t block_pages;
};

/* The operation under way: between hotplug.operation and hotplug.result. */
struct hs_pending {
	bool is_active;
	uint64_t id, time;
	uint32_t task;
	uint8_t op;			/* 0 online, 1 offline */
	enum hs_online_type type;
	struct hs_block_world world;	/* what was heard so far */
	int zone;			/* recorded choice, -1 none */
	unsigned int nr_notified;
	bool is_emptied;		/* test_pages_isolated said that all is free */
};

/* What the last finished operation was: for the write that asked for it. */
struct hs_last_result {
	bool is_known;
	uint64_t id, time;
	uint32_t task;
	uint8_t op;
	int64_t ret;
};

/* What the last look at a page by soft_offline_page or memory_failure came to: for the write that asked for it. */
struct hs_last_poison {
	bool is_known;
	uint64_t time;
	uint32_t task;
	int64_t ret;
};

struct hs_whatif;

struct hs_model {
	enum hs_mode mode;
	const struct hs_policy *policy;
	const struct hs_header *header;
	struct hs_hotplug hotplug;
	struct hs_staging staging;
	bool has_state;			/* a snapshot was taken in */
	bool is_in_snapshot;
	bool is_deep;			/* the hotplug source saw inside the kernel (fentry, kprobe) */
	bool knows_early, knows_groups;
	bool hears_devices;		/* an uevent or a poll told of a block that was made or removed */
	bool sees_devices;		/* the making and removing of blocks is recorded: uevents and polls are late */
	bool sees_outer_actions;	/* MEM_PREPARE_ONLINE and MEM_FINISH_OFFLINE are recorded */
	uint64_t step_time;		/* when an operation last began or ended */
	bool has_lost;			/* events were lost: nothing is exact any more */
	uint64_t recorded_block_pages;
	enum hs_online_type recorded_auto_online;	/* whatever the policy says */
	struct hs_pending pending;
	struct hs_last_result last;
	struct hs_last_poison last_poison;
	struct hs_hash_map poisoned;	/* pfn -> 1: pages known to be poisoned */
	uint64_t created_start, created_end;	/* bytes: blocks made since the last add ended */
	uint32_t created_task;
	struct hs_block_metrics metrics;
	struct hs_block_history history;
	struct hs_whatif *whatif;	/* NULL in validate */
	uint64_t now;
	uint64_t nr_problems;
	char problems[HS_MAX_PROBLEMS][HS_PROBLEM_TEXT];
};

enum hs_block_file {
	HS_FILE_OTHER, HS_FILE_STATE, HS_FILE_ONLINE, HS_FILE_AUTO_ONLINE, HS_FILE_PROBE, HS_FILE_SOFT_OFFLINE,
	HS_FILE_HARD_OFFLINE, HS_FILE_POLICY, HS_FILE_RATIO, HS_FILE_NUMA_AWARE, HS_FILE_MEMMAP, HS_FILE_VALID_ZONES,
	HS_FILE_REMOVABLE, HS_FILE_PHYS_INDEX, HS_FILE_BLOCK_SIZE, HS_NR_BLOCK_FILES
};
/* By the last part of the path; *id of the block where the file is one's. block_show.c */
enum hs_block_file hs_block_file_of(const struct hs_bytes *path, uint64_t *id);
bool hs_block_file_is_of_block(enum hs_block_file file);
enum { HS_NODE_UNSAID = -2 };

/* What a request to decide carries; which fields count depends on the point. */
struct hs_block_request {
	struct hs_request common;
	uint64_t id;			/* block */
	enum hs_online_type type;
	enum hs_block_status status;	/* of the block, before */
	struct hs_block_world world;
	bool is_underivable;		/* the recorded errno itself had to serve as an input */
	struct hs_add_request add;	/* add; start and size of remove */
	struct {
		uint8_t op;
		int32_t nid, mgid;
		uint64_t pages;
	} group;
	uint64_t pfn, nr;		/* zone, notify */
	int32_t nid, mgid;
	int32_t nid_normal;		/* notify: as recorded with nid; HS_NODE_UNSAID: the kernel does not say */
	uint64_t altmap_pfn, altmap_nr;
	unsigned int index;		/* notify: how many came before in this operation */
	uint8_t op;			/* 0 online, 1 offline; add or remove: kind */
	int file;			/* request: enum hs_block_file */
	bool lacks_capability;
	char text[80];
	uint32_t length;
	int inner_result;		/* errno of the operation inside a write or removal, 0 */
	int64_t ret;			/* recorded */
	int zone;			/* recorded, -1 none */
};
_Static_assert(sizeof(struct hs_block_request) <= HS_REQUEST_BYTES, "a request fits its storage");

/* Counts contradictory input and keeps the first sentences; time is its position. */
void hs_block_problem(struct hs_model *model, uint64_t time, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Something may have changed: metrics and history go on to this time. */
void hs_block_tick(struct hs_model *model, uint64_t now);

/* block_knobs.c: settings from the policy, and from a tunable by the last part of its name. */
extern const struct hs_policy_key hs_block_keys[];
void hs_block_read_policy(struct hs_model *model);
/* A write that was taken: to a setting's file it is the setting's new value. */
void hs_block_take_request(struct hs_model *model, const struct hs_hotplug_request *row);
void hs_block_take_tunable(struct hs_model *model, const struct hs_bytes *name, const struct hs_bytes *value);

/* block_snapshot.c */
void hs_block_stage(struct hs_model *model, const struct hs_event *event);
void hs_block_take_snapshot(struct hs_model *model, uint64_t time);
void hs_staging_deinit(struct hs_staging *staging);

/* block_follow.c: facts, in validate. */
void hs_block_follow(struct hs_model *model, const struct hs_event *event);
/* Number of memoryN; false for another device, or a number no block has. */
bool hs_block_number(const struct hs_bytes *name, const char *prefix, uint64_t *number);
int hs_block_status_find(const struct hs_bytes *text);
/* Zone by the text of valid_zones of an online block; -1: none or several. */
int hs_block_zone_of_text(const struct hs_bytes *text);
/* Static name of a resource. */
const char *hs_block_resource_name(const struct hs_bytes *name);

/* block_ask.c, block_decide.c, block_adopt.c */
int hs_block_ask(struct hs_model *model, const struct hs_event *event, union hs_request_storage *storage,
		 struct hs_decision *recorded);
void hs_block_decide(const struct hs_model *model, const struct hs_request *request, struct hs_decision *decision);
void hs_block_adopt(struct hs_model *model, const struct hs_request *request, const struct hs_decision *decision);
/* block_show.c: BLOCK_SHOW and BLOCK_POISON. */
void hs_block_decide_show(const struct hs_model *model, const struct hs_block_request *request,
			  struct hs_decision *decision);
void hs_block_decide_poison(const struct hs_model *model, const struct hs_block_request *request,
			    struct hs_decision *decision);
/* Costs of block.online and block.offline, with the node as it is now. */
void hs_block_set_costs(const struct hs_hotplug *hotplug, const struct hs_block *block,
			const struct hs_block_outcome *outcome, struct hs_decision *decision);
/* "0", "-EBUSY", …: static. */
const char *hs_block_result_name(int64_t result);
/*
 * What soft_offline_page, memory_failure or unpoison_memory refuse a page for before they look at its condition;
 * HS_CHECK_NONE: nothing, HS_CHECK_POISONED: it is poisoned already. mm/memory-failure.c
 */
enum hs_block_check hs_block_refuses_page(const struct hs_model *model, const struct hs_block_request *request);
/* The static text of what a file showed; "other text" for one the kernel never shows there. */
const char *hs_block_shown_name(enum hs_block_file file, const char *text, size_t length);


/* block_whatif.c: requests of the trace under another policy. */
int hs_whatif_create(struct hs_model *model, struct hs_error *err);
void hs_whatif_destroy(struct hs_whatif *whatif);
void hs_whatif_observe(struct hs_model *model, const struct hs_event *event);
void hs_whatif_advance(struct hs_model *model, uint64_t now, const struct hs_sink *sink);
void hs_whatif_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
			 void *context);

extern const struct hs_model_ops hs_block_model;

/* block_dump.c */
int hs_block_dump(const struct hs_model *model, FILE *out);

#endif
