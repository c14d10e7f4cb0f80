/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_MODEL_H
#define HS_MODEL_H
/*
 * A model re-implements one part of the kernel's memory management as a state that events change and
 * rules that decide. It is a const table of operations on an opaque instance: no globals, no I/O, no
 * wall clock, no randomness; same trace and policy, same decisions.
 *
 * For each event the engine does, over all models that want its kind, each behind those it stands on:
 *   1. snap.tunable and meta.tunable are taken into the policies (a model that keeps numbers of its policy
 *      subscribes to both kinds and reads them anew in observe)
 *   2. whatif: advance(time of the event)
 *   3. ask and decide, on the state before the event
 *   4. adopt for the models that were asked, and observe
 *   5. validate: ask_after and decide, for decisions that the event completes rather than stands for
 * validate: ask also gives the recorded decision; the two are compared and the recorded one is adopted.
 * whatif: ask answers only for decisions that the event itself demands (a fault, a new block), not for
 * those that the model's own daemons take; the modelled one is adopted. What the daemons decide in
 * advance, they adopt themselves and report to the sink.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"
#include "replay/decision.h"
#include "replay/policy.h"
#include "traces/header.h"
#include "traces/kinds.h"

enum hs_mode { HS_MODE_VALIDATE, HS_MODE_WHATIF };

struct hs_model;	/* an instance; its layout is the model's own */

/* What a decision depends on. The model's own struct begins with this. */
struct hs_request {
	enum hs_point point;
	uint64_t time;
	uint32_t task, mm;
	uint64_t subject, subject_end;
};
enum { HS_REQUEST_BYTES = 2560 };
union hs_request_storage {
	struct hs_request request;
	unsigned char bytes[HS_REQUEST_BYTES];
	uint64_t align;
};

/* Where modelled decisions go. */
struct hs_sink {
	void (*decided)(void *context, const struct hs_decision *decision);
	void *context;
};

/* Everything an instance is made from; borrowed during create only, but for policy and bases. */
struct hs_model_setup {
	enum hs_mode mode;
	const struct hs_policy *policy;		/* outlives the instance */
	const struct hs_header *header;		/* outlives the instance */
	struct hs_model *const *bases;		/* instances of the models in stands_on, in that order */
};

/* A number by name, of a whole model or of one address space. Names are static. */
typedef void hs_add_number(void *context, const char *name, double value);
typedef void hs_add_mm_number(void *context, uint32_t mm, const char *name, double value);

/* An input of a decision as text; NULL where that side has none. The texts live during the call. */
typedef void hs_add_input(void *context, const char *name, const char *recorded, const char *seen);

/* One row of a series over time, made to be drawn. What the values mean is the series' own. */
enum { HS_HISTORY_VALUES = 4 };
struct hs_history_row {
	const char *series;			/* static: "blocks" */
	const char *label;			/* of the row, valid during the call */
	uint64_t time;				/* ns, trace clock */
	double values[HS_HISTORY_VALUES];
};
typedef void hs_history_sink(void *context, const struct hs_history_row *row);

struct hs_model_ops {
	const char *name;			/* "collapse" */
	const char *help;			/* one sentence */
	const char *const *stands_on;		/* names, NULL-terminated; those models see each event first */
	const struct hs_policy_key *keys;	/* terminated by key == NULL */
	hs_kind_set (*kinds)(void);		/* event kinds it wants */
	hs_kind_set (*decision_kinds)(void);	/* those of them that ask may answer; NULL: all, if there is an ask */
	/*
	 * True: an instance's state depends on the recorded events alone, so that one instance serves all
	 * policies of a pass that agree on this model's keys.
	 */
	bool is_shared;
	/* True: runs only where it is named, as what it answers is a question of its own, not about the record. */
	bool is_by_name;

	/* All or nothing; err says why. */
	int (*create)(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err);
	void (*destroy)(struct hs_model *model);	/* accepts NULL */

	/* Applies a fact. Contradictions are counted and reported through problems(), never fatal. */
	void (*observe)(struct hs_model *model, const struct hs_event *event);

	/*
	 * Does this event stand for a decision of the recorded kernel? If so: 1, the request the kernel had
	 * (before it decided, as far as known) in *request, and what it decided in *recorded, whose
	 * basis is that of the inputs. Called before observe for the same event. In whatif *recorded is
	 * not looked at. May be NULL.
	 */
	int (*ask)(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		   struct hs_decision *recorded);
	/*
	 * As ask, but behind observe, and again until it answers 0: decisions whose recorded side lies in several
	 * events, or whose modelled side follows from what observe made of this one. Nothing is adopted. validate
	 * only. May be NULL.
	 */
	int (*ask_after)(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
			 struct hs_decision *recorded);
	/* Pure: same request, same decision; the model is not changed. */
	void (*decide)(const struct hs_model *model, const struct hs_request *request, struct hs_decision *decision);
	/*
	 * The inputs of a request, for people, in the order in which the rules look at them: what the recorded
	 * kernel told and what the model sees. May be NULL.
	 */
	void (*describe)(const struct hs_model *model, const struct hs_request *request, hs_add_input *add,
			 void *context);
	/* Makes an outcome true. */
	void (*adopt)(struct hs_model *model, const struct hs_request *request, const struct hs_decision *decision);

	/* whatif: own daemons and retry clocks up to now (ns), inclusive. May be NULL. */
	void (*advance)(struct hs_model *model, uint64_t now, const struct hs_sink *sink);

	/*
	 * Kinds of which all events of the trace are shown before the first is observed, where the caller can look
	 * ahead: what they say of things that were so before. Both may be NULL.
	 */
	hs_kind_set (*foreseen)(enum hs_mode mode);
	void (*foresee)(struct hs_model *model, const struct hs_event *event);

	/* Events were lost in a span: widen what is known. May be NULL. */
	void (*lost)(struct hs_model *model, const struct hs_meta_lost *lost);

	/* Whole state as JSON text, stable order; equal states print equal bytes. */
	int (*dump)(const struct hs_model *model, FILE *out);
	/* Invariants: 0, or -EINVAL and the broken one. */
	int (*check)(const struct hs_model *model, struct hs_error *err);
	/* Summary numbers of a run ("huge_pages", "bloat_bytes", …), called after the last event. May be NULL. */
	void (*summarize)(const struct hs_model *model, hs_add_number *add, void *context);
	/* The same per address space, those that have ended included. May be NULL. */
	void (*summarize_mms)(const struct hs_model *model, hs_add_mm_number *add, void *context);
	/* How things stand now, for lines over time; asked some hundred times in a run. May be NULL. */
	void (*sample)(const struct hs_model *model, hs_add_number *add, void *context);
	/* The same per address space, as often; those at 0 may be left out. May be NULL. */
	void (*sample_mms)(const struct hs_model *model, hs_add_mm_number *add, void *context);
	/* The state over time, series by series in the order of their times; called after the last event. May be NULL. */
	void (*history)(const struct hs_model *model, hs_history_sink *add, void *context);
	/* Contradictory input met so far: count, and the first few as sentences. May be NULL. */
	uint64_t (*problems)(const struct hs_model *model, FILE *out);
};

/* The registry: all models, each after those it stands on; NULL-terminated. */
extern const struct hs_model_ops *const hs_models[];
const struct hs_model_ops *hs_model_find(const char *name);

#endif
