/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_ENGINE_H
#define HS_ENGINE_H
/*
 * Runs models over a stream of events: one decode, any number of policies. It reads no file: the caller
 * hands it runs of events (traces/reader.h) in order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"
#include "replay/losses.h"
#include "replay/model.h"
#include "traces/reader.h"

struct hs_engine;

/*
 * Verdicts: agree when both results have the same name; unknown when the time lies in a span in which
 * events of a source that the model (or one it stands on) wants were lost, or when the modelled result
 * is HS_RESULT_UNKNOWN; none in whatif.
 */

/* A decision with its counterpart; recorded is NULL in whatif. Borrowed during the call. */
struct hs_outcome {
	uint32_t policy;			/* index in the setup */
	const struct hs_decision *recorded;	/* NULL: none */
	const struct hs_decision *modelled;	/* NULL: none */
	enum hs_verdict verdict;		/* unknown inside a lost span */
	/* The model as it was before the event, and what it was asked (validate); NULL from a decision file. */
	const struct hs_model_ops *ops;
	const struct hs_model *model;
	const struct hs_request *request;
};

struct hs_engine_setup {
	enum hs_mode mode;
	const struct hs_header *header;
	const char *const *models;		/* names, NULL-terminated; what they stand on is added */
	const struct hs_model_ops *const *registry;	/* NULL: hs_models */
	const struct hs_policy *policies;	/* nr_policies; outlive the engine. Recorded tunables are taken into copies */
	size_t nr_policies;
	/*
	 * Losses of the whole trace, where the caller has looked ahead (a pass over meta.lost alone); borrowed
	 * during create. Then a span acts from its first event on, and meta.lost events in the runs are passed
	 * over. NULL: a span is only known, and acts, from its meta.lost event on.
	 */
	const struct hs_losses *losses;
	bool is_echo;				/* validate: repeat the recorded decisions; must agree to 100 % */
	void (*outcome)(void *context, const struct hs_outcome *outcome);
	void *context;
	bool check_each;				/* call check() after every event (slow; tests) */
};

int hs_engine_create(const struct hs_engine_setup *setup, struct hs_engine **out, struct hs_error *err);
void hs_engine_destroy(struct hs_engine *engine);

/* Kinds that some model wants: what to select in the reader. */
hs_kind_set hs_engine_kinds(const struct hs_engine *engine);

/*
 * Kinds that models want to see all of before the run begins; empty: none. The caller that can look ahead
 * hands them over in order, before the first hs_engine_run.
 */
hs_kind_set hs_engine_foreseen(const struct hs_engine *engine);
void hs_engine_foresee(struct hs_engine *engine, const struct hs_run *run);

/* 0; with check_each -EINVAL and the model, event and broken invariant. */
int hs_engine_run(struct hs_engine *engine, const struct hs_run *run, struct hs_error *err);
/* After the last event: daemons run to the end of the trace. */
int hs_engine_finish(struct hs_engine *engine, struct hs_error *err);

/* Instance of a model under a policy, borrowed; NULL if it does not run. For state, dump, summarize. */
struct hs_model *hs_engine_model(const struct hs_engine *engine, const char *name, uint32_t policy);
/* The policy as in force: recorded tunables taken in. */
const struct hs_policy *hs_engine_policy(const struct hs_engine *engine, uint32_t policy);

#endif
