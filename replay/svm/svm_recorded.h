/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_RECORDED_H
#define SVM_RECORDED_H
/* validate, inside: what a recorded event of the driver asks of the rules. */
#include "replay/svm/svm_instance.h"

struct svm_request {
	struct hs_request common;
	struct svm_fault_inputs fault;
	bool is_known, is_stopped, may_stop, has_access;
	bool is_determined;	/* by recorded inputs alone */
	bool is_leave, is_in_vram, is_in_granule;
	const char *recorded;	/* result that the rules allow, beside another one, by what is not recorded */
	bool has_expected;	/* the rest says nothing: */
	struct svm_expectation expected;
};

void svm_fill_request(struct svm_request *request, enum hs_point point, const struct hs_row *row, uint64_t start,
		      uint64_t pages);

/* svm_results.c: what functions of the driver returned, and what an invalidation led to. 1: asked. */
int svm_ask_attributes(const struct svm_slot *slot, const struct hs_svm_attributes *event,
		       struct svm_request *request, struct hs_decision *recorded);
int svm_ask_fault_result(const struct svm_slot *slot, const struct hs_svm_fault_result *event,
			 struct svm_request *request, struct hs_decision *recorded);
int svm_ask_migrate_result(const struct svm_slot *slot, const struct hs_svm_migrate_result *event,
			   struct svm_request *request, struct hs_decision *recorded);
/* The pieces of a migration, before its result. */
void svm_see_piece_begin(struct svm_slot *slot, uint32_t task);
void svm_see_piece_end(struct svm_slot *slot, uint32_t task, int32_t error);
/* An invalidation reached a range: what follows of it. Any event of the driver may be what follows, or end it. */
void svm_see_invalidate(struct svm_slot *slot, const struct hs_svm_invalidate *event);
void svm_follow_invalidation(struct svm_slot *slot, const struct hs_event *event);
/* An invalidation that is over, if there is one. */
int svm_ask_invalidation(struct svm_slot *slot, struct svm_request *request, struct hs_decision *recorded);

#endif
