/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_INSTANCES_H
#define HS_INSTANCES_H
/* The engine's running models: which there are, whom they serve, and who wants which kind. */
#include "replay/engine.h"

struct hs_instance {
	const struct hs_model_ops *ops;
	struct hs_model *model;
	HS_VEC(uint32_t) policies;		/* that it serves, ascending */
	hs_kind_set kinds, asks;
	uint32_t sources;			/* that it or its bases want, a bit each */
	union hs_request_storage *request;	/* NULL: is never asked */
	bool is_asked;				/* for the event at hand */
	struct hs_decision pending;		/* to adopt, when asked */
};

struct hs_instance_list {
	struct hs_instance **items;
	size_t count, capacity;
};

struct hs_instances {
	HS_VEC(struct hs_instance) all;		/* bases first; fixed after create */
	struct hs_instance_list by_kind[HS_NR_KINDS];
	struct hs_instance_list advancing;	/* those with advance */
	hs_kind_set asks;			/* kinds that somebody may be asked about */
};

/* All instances that setup->models need. policies outlive them. On failure nothing is left but for deinit. */
int hs_instances_create(struct hs_instances *instances, const struct hs_engine_setup *setup,
			const struct hs_policy *policies, struct hs_error *err);
void hs_instances_deinit(struct hs_instances *instances);

/* NULL: the model does not run. */
struct hs_instance *hs_instances_find(const struct hs_instances *instances, const char *name, uint32_t policy);

#endif
