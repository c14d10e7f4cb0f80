// SPDX-License-Identifier: GPL-2.0-only
#include "replay/instances.h"

#include <errno.h>
#include <string.h>

#include "traces/schema.h"

enum { MAX_BASES = 8 };

static bool serves(const struct hs_instance *instance, uint32_t policy)
{
	hs_vec_for_each(served, &instance->policies)
		if (*served == policy)
			return true;
	return false;
}

struct hs_instance *hs_instances_find(const struct hs_instances *instances, const char *name, uint32_t policy)
{
	hs_vec_for_each(instance, &instances->all)
		if (strcmp(instance->ops->name, name) == 0 && serves(instance, policy))
			return instance;
	return NULL;
}

static const struct hs_model_ops *find_ops(const struct hs_model_ops *const *registry, const char *name)
{
	for (; *registry; registry++)
		if (strcmp((*registry)->name, name) == 0)
			return *registry;
	return NULL;
}

static bool is_wanted(const struct hs_model_ops *const *registry, const struct hs_model_ops *ops,
		      const char *const *names)
{
	for (; *names; names++) {
		const struct hs_model_ops *wanted = find_ops(registry, *names);

		if (wanted == ops || (wanted && wanted->stands_on && is_wanted(registry, ops, wanted->stands_on)))
			return true;
	}
	return false;
}

static int check_names(const struct hs_model_ops *const *registry, const char *const *names, struct hs_error *err)
{
	if (!names || !names[0])
		return hs_error_set(err, -EINVAL, "no model to replay with; name at least one");
	for (; *names; names++)
		if (!find_ops(registry, *names))
			return hs_error_set(err, -ENOENT, "model '%s' is unknown; see 'hindsight replay --help'", *names);
	return 0;
}

/* Whatever tunables the trace holds, these policies will always agree on the model's keys. */
static bool agree_on_keys(const struct hs_model_ops *ops, const struct hs_policy *a, const struct hs_policy *b)
{
	for (const struct hs_policy_key *key = ops->keys; key && key->key; key++)
		if (strcmp(hs_policy_text(a, key->key), hs_policy_text(b, key->key)) != 0 ||
		    (hs_policy_origin(a, key->key) == HS_POLICY_USER) != (hs_policy_origin(b, key->key) == HS_POLICY_USER))
			return false;
	return true;
}

static bool have_same_bases(const struct hs_instances *instances, const struct hs_model_ops *ops, uint32_t a,
			    uint32_t b)
{
	for (const char *const *base = ops->stands_on; base && *base; base++)
		if (hs_instances_find(instances, *base, a) != hs_instances_find(instances, *base, b))
			return false;
	return true;
}

static struct hs_instance *find_shareable(const struct hs_instances *instances, const struct hs_model_ops *ops,
					  const struct hs_policy *policies, uint32_t policy)
{
	if (!ops->is_shared)
		return NULL;
	hs_vec_for_each(instance, &instances->all) {
		if (instance->ops != ops)
			continue;
		uint32_t first = instance->policies.items[0];

		if (agree_on_keys(ops, &policies[first], &policies[policy]) &&
		    have_same_bases(instances, ops, first, policy))
			return instance;
	}
	return NULL;
}

static uint32_t sources_of_kinds(const hs_kind_set *kinds)
{
	uint32_t sources = 0;

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(kinds, kind) && hs_kind_info(kind)->source != HS_SOURCE_META)
			sources |= 1u << hs_kind_info(kind)->source;
	return sources;
}

static int create_model(const struct hs_instances *instances, struct hs_instance *instance,
			const struct hs_engine_setup *setup, const struct hs_policy *policies, uint32_t policy,
			struct hs_error *err)
{
	struct hs_model *bases[MAX_BASES] = { NULL };
	struct hs_model_setup model_setup = {
		.mode = setup->mode, .policy = &policies[policy], .header = setup->header, .bases = bases,
	};
	size_t nr = 0;

	for (const char *const *base = instance->ops->stands_on; base && *base && nr < MAX_BASES; base++) {
		struct hs_instance *found = hs_instances_find(instances, *base, policy);

		instance->sources |= found->sources;
		bases[nr++] = found->model;
	}
	return instance->ops->create(&model_setup, &instance->model, err);
}

static int fill_instance(struct hs_instance *instance, const struct hs_model_ops *ops, uint32_t policy,
			 struct hs_error *err)
{
	instance->ops = ops;
	instance->kinds = ops->kinds();
	instance->sources = sources_of_kinds(&instance->kinds);
	if (!hs_vec_push(&instance->policies, policy))
		return hs_error_nomem(err);
	if (!ops->ask)
		return 0;
	instance->asks = ops->decision_kinds ? ops->decision_kinds() : instance->kinds;
	instance->request = calloc(1, sizeof(*instance->request));
	return instance->request ? 0 : hs_error_nomem(err);
}

static int add_instance(struct hs_instances *instances, const struct hs_model_ops *ops,
			const struct hs_engine_setup *setup, const struct hs_policy *policies, uint32_t policy,
			struct hs_error *err)
{
	struct hs_instance *instance = find_shareable(instances, ops, policies, policy);
	int error;

	if (instance)
		return hs_vec_push(&instance->policies, policy) ? 0 : hs_error_nomem(err);
	if (!hs_vec_push(&instances->all, (struct hs_instance){ 0 }))
		return hs_error_nomem(err);
	instance = &instances->all.items[instances->all.count - 1];
	error = fill_instance(instance, ops, policy, err);
	return error ? error : create_model(instances, instance, setup, policies, policy, err);
}

static bool list_push(struct hs_instance_list *list, struct hs_instance *instance)
{
	return hs_vec_push(list, instance);
}

/* Who wants what. Instances do not move any more. */
static int index_instances(struct hs_instances *instances, struct hs_error *err)
{
	hs_vec_for_each(instance, &instances->all) {
		if (instance->ops->advance && !list_push(&instances->advancing, instance))
			return hs_error_nomem(err);
		for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++) {
			if (!hs_kind_set_has(&instance->kinds, kind))
				continue;
			if (!list_push(&instances->by_kind[kind], instance))
				return hs_error_nomem(err);
			if (hs_kind_set_has(&instance->asks, kind))
				hs_kind_set_add(&instances->asks, kind);
		}
	}
	return 0;
}

int hs_instances_create(struct hs_instances *instances, const struct hs_engine_setup *setup,
			const struct hs_policy *policies, struct hs_error *err)
{
	const struct hs_model_ops *const *registry = setup->registry ? setup->registry : hs_models;
	int error = check_names(registry, setup->models, err);

	for (size_t i = 0; registry[i] && !error; i++) {
		if (!is_wanted(registry, registry[i], setup->models))
			continue;
		for (uint32_t policy = 0; policy < setup->nr_policies && !error; policy++)
			error = add_instance(instances, registry[i], setup, policies, policy, err);
	}
	return error ? error : index_instances(instances, err);
}

void hs_instances_deinit(struct hs_instances *instances)
{
	for (size_t i = instances->all.count; i-- > 0;) {
		struct hs_instance *instance = &instances->all.items[i];

		instance->ops->destroy(instance->model);
		free(instance->request);
		hs_vec_deinit(&instance->policies);
	}
	hs_vec_deinit(&instances->all);
	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		hs_vec_deinit(&instances->by_kind[kind]);
	hs_vec_deinit(&instances->advancing);
}
