// SPDX-License-Identifier: GPL-2.0-only
/* The null model: looks at every event and decides nothing. It measures the engine alone. */
#include <errno.h>
#include <stdlib.h>

#include "replay/model.h"

struct hs_model {
	uint64_t nr_events;
};

static hs_kind_set null_kinds(void)
{
	hs_kind_set all = { { 0 } };

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_kind_set_add(&all, kind);
	return all;
}

static int null_create(const struct hs_model_setup *setup, struct hs_model **out, struct hs_error *err)
{
	struct hs_model *model = calloc(1, sizeof(*model));

	(void)setup;
	if (!model)
		return hs_error_nomem(err);
	*out = model;
	return 0;
}

static void null_destroy(struct hs_model *model)
{
	free(model);
}

static void null_observe(struct hs_model *model, const struct hs_event *event)
{
	(void)event;
	model->nr_events++;
}

static int null_dump(const struct hs_model *model, FILE *out)
{
	return fprintf(out, "{\"events\": %llu}\n", (unsigned long long)model->nr_events) < 0 ? -EIO : 0;
}

static int null_check(const struct hs_model *model, struct hs_error *err)
{
	(void)model;
	(void)err;
	return 0;
}

static void null_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
			   void *context)
{
	add(context, "events", (double)model->nr_events);
}

const struct hs_model_ops hs_null_model = {
	.name = "null",
	.is_by_name = true,
	.help = "counts events and decides nothing: the cost of the engine alone",
	.kinds = null_kinds,
	.create = null_create,
	.destroy = null_destroy,
	.observe = null_observe,
	.dump = null_dump,
	.check = null_check,
	.summarize = null_summarize,
};
