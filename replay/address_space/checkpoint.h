/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CHECKPOINT_H
#define HS_CHECKPOINT_H
/*
 * A snapshot of an address space that is known already (record --checkpoint, a rotation) shows whether the state
 * that events have led to is the kernel's. Each of its rows is a decision: recorded MATCH, modelled MATCH or what
 * differs. Pages are compared with what was known before the snapshot, which is put aside at its first row.
 */
#include "replay/address_space/space_state.h"

/* As the model's operations, for rows of snapshots. 1: the row is of a mm whose mappings were known before it. */
int hs_checkpoint_ask(const struct hs_address_space *space, const struct hs_event *event,
		      union hs_request_storage *storage, struct hs_decision *recorded);
void hs_checkpoint_decide(const struct hs_address_space *space, const struct hs_request *common,
			  struct hs_decision *decision);

/* The pages known so far are put aside; rows fill the table anew. */
void hs_checkpoint_begin(struct hs_mm *mm);
/* A row of pages: the record that was put aside is taken over where it says the same, and more. */
bool hs_checkpoint_keep(struct hs_mm *mm, uint64_t slot, const struct hs_planes *planes, enum hs_slot_kind kind);
/* Page tables of slots that no row listed stay, empty. */
void hs_checkpoint_end(struct hs_mm *mm);

#endif
