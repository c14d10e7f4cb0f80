/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_BLOCK_WHATIF_H
#define HS_BLOCK_WHATIF_H
/* What-if inside: block_whatif.c makes requests of events and grants them; block_unplug.c is how memory goes. */
#include "lib/hash_map.h"
#include "replay/block/block_model.h"

enum hs_wish_kind { WISH_ADD, WISH_REMOVE, WISH_ONLINE, WISH_OFFLINE };

/* A request of the record. */
struct hs_wish {
	enum hs_wish_kind kind;
	uint64_t time;
	uint32_t task;
	uint64_t start, end;		/* pages */
	struct hs_add_request add;
	enum hs_online_type type;
	struct hs_block_world world;	/* as recorded */
	int64_t ret;			/* recorded */
	int zone;			/* recorded, -1 unknown */
};

struct hs_whatif {
	HS_VEC(struct hs_wish) wishes;
	struct hs_hash_map wanted;	/* block id -> sections of it that were asked to be online */
	struct hs_hash_map groups;	/* recorded group id -> the model's, plus 1 */
	struct hs_hash_map instead;	/* recorded block -> the one that was unplugged in its place */
	struct hs_hash_map gone;	/* block removed in another one's place -> its group's id plus 1, 0: none */
	struct hs_hash_map reserved;	/* blocks that are to be removed in another one's place */
	struct hs_hash_map taken;	/* block that is offline -> the task that took it */
	struct hs_hash_map refused;	/* block that stayed -> the errno, positive */
	uint64_t nr_dropped, nr_failed_removals;
	uint64_t nr_assumed;		/* offlines whose outcome the record cannot tell */
};

/* Is the policy's key this word? */
bool hs_whatif_is(const struct hs_model *model, const char *key, const char *word);

void hs_whatif_emit(const struct hs_sink *sink, const struct hs_wish *wish, enum hs_point point, uint64_t subject,
		    const char *result, const char *reason, enum hs_basis basis);
void hs_whatif_emit_outcome(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			    bool is_offline, const struct hs_block *block, const struct hs_block_outcome *outcome,
			    enum hs_basis basis);
/* 0, 1 (it was online), or errno. */
int hs_whatif_online_one(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			 struct hs_block *block, enum hs_online_type type, const struct hs_block_world *world,
			 enum hs_basis basis);

/* block_unplug.c: a block is asked to go offline, in the policy's order perhaps another one; a range is removed. */
void hs_whatif_offline(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
		       struct hs_block *recorded);
/* The same of a block that the policy has removed before, in the place of another one. */
void hs_whatif_offline_gone(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish,
			    uint64_t recorded_id);
void hs_whatif_remove(struct hs_model *model, const struct hs_sink *sink, const struct hs_wish *wish);

#endif
