/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_DECIDE_H
#define HS_SPACE_DECIDE_H
/* The decision points of the model: what a recorded call returned, and what it should have. */
#include "replay/address_space/space_state.h"

hs_kind_set hs_space_decision_kinds(void);
/* As the operations of the same names in replay/model.h. */
int hs_space_ask(struct hs_address_space *space, const struct hs_event *event, union hs_request_storage *request,
		 struct hs_decision *recorded);
/* As ask_after, at the time of an event: recorded sections of operations, one by one, beside the predicted ones. */
int hs_space_ask_section(struct hs_address_space *space, uint64_t time, union hs_request_storage *request,
			 struct hs_decision *recorded);
void hs_space_decide(const struct hs_address_space *space, const struct hs_request *request,
		     struct hs_decision *decision);

#endif
