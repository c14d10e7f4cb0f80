/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GOLDEN_SVM_H
#define GOLDEN_SVM_H
/* A case of the SVM model while it runs; effects and state as the JSON of the golden cases. */
#include "replay/svm/svm_state.h"
#include "tests/golden/golden.h"

struct golden_svm {
	struct hs_svm *svm;
	json_t *effects;		/* of this operation */
	json_t *attrs_out;		/* of a successful get, or NULL */
	json_t *script;			/* borrowed; NULL: none */
	uint64_t passages[HS_SVM_NR_PASSAGES];
};

/* golden_svm_effects.c */
enum hs_svm_event golden_svm_event(const char *name);
void golden_svm_log(void *context, const struct hs_svm_effect *effect);
int golden_svm_compare_effects(const struct golden_svm *run, const json_t *op, struct golden_failure *failure);

/* golden_svm_state.c */
int golden_svm_compare_setup(const struct golden_svm *run, const json_t *setup, struct golden_failure *failure);
int golden_svm_compare_state(const struct golden_svm *run, const json_t *op, struct golden_failure *failure);

#endif
