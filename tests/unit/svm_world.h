/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_WORLD_H
#define SVM_WORLD_H
/* The svm model in an engine under one policy, fed event by event; its decisions and verdicts are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/engine.h"

struct world {
	struct hs_header header;
	struct hs_policy policy;	/* the test's to initialize, before start_world */
	struct hs_engine *engine;
	uint64_t now;			/* ns: of the last event */
	bool skips_pieces;		/* pieces that move, decisions beside the one that moves them, are not kept */
	HS_VEC(struct hs_decision) decisions;
	uint64_t agree, disagree, unknown;
};

static inline void take_outcome(void *context, const struct hs_outcome *outcome)
{
	struct world *world = context;

	world->agree += outcome->verdict == HS_VERDICT_AGREE;
	world->disagree += outcome->verdict == HS_VERDICT_DISAGREE;
	world->unknown += outcome->verdict == HS_VERDICT_UNKNOWN;
	if (world->skips_pieces && outcome->verdict == HS_VERDICT_NONE &&
	    outcome->modelled->point == HS_POINT_SVM_MIGRATE)
		return;
	assert_true(hs_vec_push(&world->decisions, *outcome->modelled));
}

static inline void init_world(struct world *world)
{
	memset(world, 0, sizeof(*world));
	assert_int_equal(hs_header_set(&world->header.variant, "6.12"), 0);
}

static inline void start_world(struct world *world, enum hs_mode mode)
{
	static const char *const models[] = { "svm", NULL };
	const struct hs_engine_setup setup = {
		.mode = mode, .models = models, .header = &world->header, .policies = &world->policy, .nr_policies = 1,
		.outcome = take_outcome, .context = world, .check_each = true,
	};
	struct hs_error err = { 0 };

	if (hs_engine_create(&setup, &world->engine, &err))
		fail_msg("%s", err.text);
}

/* All but the policy. */
static inline void stop_world(struct world *world)
{
	hs_engine_destroy(world->engine);
	hs_header_deinit(&world->header);
	hs_vec_deinit(&world->decisions);
}

static inline void run_row(struct world *world, unsigned int kind, void *row, uint64_t after)
{
	struct hs_run run = { .kind = kind, .nr = 1, .rows = row };
	struct hs_error err = { 0 };

	world->now += after;
	((struct hs_row *)row)->time = world->now;
	if (hs_engine_run(world->engine, &run, &err))
		fail_msg("%s", err.text);
}

struct wanted_number {
	const char *name;
	double value;
};

static inline void take_number(void *context, const char *name, double value)
{
	struct wanted_number *wanted = context;

	if (strcmp(name, wanted->name) == 0)
		wanted->value = value;
}

/* Of the summary; -1: there is none. */
static inline double number(const struct world *world, const char *name)
{
	struct wanted_number wanted = { name, -1 };

	hs_model_find("svm")->summarize(hs_engine_model(world->engine, "svm", 0), take_number, &wanted);
	return wanted.value;
}

#endif
