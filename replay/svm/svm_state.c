// SPDX-License-Identifier: GPL-2.0-only
#include "replay/svm/svm_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *hs_svm_effect_name(enum hs_svm_effect_kind kind)
{
	static const char *const names[] = {
#define EFFECT(id, name, meaning) [HS_SVM_EFFECT_##id] = name,
#include "replay/svm/svm_effect.def"
#undef EFFECT
	};

	return names[kind];
}

const char *hs_svm_hazard_name(enum hs_svm_hazard hazard)
{
	static const char *const names[] = {
#define HAZARD(id, name, meaning) [HS_SVM_HAZARD_##id] = name,
#include "replay/svm/svm_hazards.def"
#undef HAZARD
	};

	return names[hazard];
}

const char *hs_svm_event_name(enum hs_svm_event event)
{
	static const char *const names[HS_SVM_NR_EVENTS] = {
		[HS_SVM_EVENT_UNMAP] = "unmap",
		[HS_SVM_EVENT_CLEAR] = "clear",
		[HS_SVM_EVENT_PROTECTION_VMA] = "protection_vma",
		[HS_SVM_EVENT_PROTECTION_PAGE] = "protection_page",
		[HS_SVM_EVENT_SOFT_DIRTY] = "soft_dirty",
		[HS_SVM_EVENT_RELEASE] = "release",
		[HS_SVM_EVENT_MIGRATE] = "migrate",
		[HS_SVM_EVENT_EXCLUSIVE] = "exclusive",
	};

	return names[event];
}

const char *hs_svm_trigger_name(enum hs_svm_trigger trigger)
{
	static const char *const names[] = {
		[HS_SVM_TRIGGER_PREFETCH] = "prefetch",
		[HS_SVM_TRIGGER_GPU_FAULT] = "pagefault_gpu",
		[HS_SVM_TRIGGER_CPU_FAULT] = "pagefault_cpu",
		[HS_SVM_TRIGGER_EVICTION] = "ttm_eviction",
		[HS_SVM_TRIGGER_NOTIFY] = "mmu_notify",
		[HS_SVM_TRIGGER_NOTIFY_MIGRATE] = "mmu_notify_migrate",
		[HS_SVM_TRIGGER_UNMAP] = "unmap_from_cpu",
	};

	return names[trigger];
}

const char *svm_op_name(enum svm_op op)
{
	static const char *const names[] = {
		[SVM_OP_NULL] = "null",
		[SVM_OP_UNMAP_RANGE] = "unmap",
		[SVM_OP_UPDATE_RANGE_NOTIFIER] = "update_notifier",
		[SVM_OP_UPDATE_RANGE_NOTIFIER_AND_MAP] = "update_notifier_and_map",
		[SVM_OP_ADD_RANGE] = "add",
		[SVM_OP_ADD_RANGE_AND_MAP] = "add_and_map",
	};

	return names[op];
}

void svm_emit(struct hs_svm *svm, const struct hs_svm_effect *effect)
{
	if (svm->host.effect)
		svm->host.effect(svm->host.context, effect);
}

void svm_hazard(struct hs_svm *svm, enum hs_svm_hazard hazard, uint64_t start, uint64_t last)
{
	svm->hazards[hazard]++;
	SVM_EMIT(svm, HAZARD, .hazard = hazard, .start = start, .last = last);
}

int svm_pass(struct hs_svm *svm, enum hs_svm_passage passage, uint64_t count, uint64_t *passed)
{
	uint64_t done = count;
	int rc = 0;

	if (svm->host.pass && count)
		rc = svm->host.pass(svm->host.context, passage, count, &done);
	if (passed)
		*passed = rc ? done : count;
	return rc;
}

int svm_gpu_by_id(const struct hs_svm *svm, uint32_t id)
{
	for (uint32_t gpu = 0; gpu < svm->nr_gpus; gpu++)
		if (svm->gpus[gpu].setup.id == id)
			return (int)gpu;
	return -1;
}

/* amdgpu_xgmi_same_hive(): an adapter is not linked to itself. */
bool svm_same_hive(const struct hs_svm *svm, uint32_t a, uint32_t b)
{
	const struct hs_svm_gpu_setup *left = &svm->gpus[a].setup, *right = &svm->gpus[b].setup;

	return left->device != right->device && left->hive && left->hive == right->hive;
}

/* svm_nodes_in_same_hive(): since partitions exist, those of one adapter are linked. */
bool svm_nodes_linked(const struct hs_svm *svm, uint32_t a, uint32_t b)
{
	return (svm->rules.node_unit && svm->gpus[a].setup.device == svm->gpus[b].setup.device) ||
	       svm_same_hive(svm, a, b);
}

/* SVM_ADEV_PGMAP_OWNER(): device pages belong to the hive, or to the adapter that is in none. */
uint64_t svm_page_owner(const struct hs_svm *svm, uint32_t gpu)
{
	const struct hs_svm_gpu_setup *setup = &svm->gpus[gpu].setup;

	return setup->hive ? (uint64_t)setup->hive << 32 : (uint64_t)setup->device + 1;
}

uint32_t hs_svm_default_granularity(const struct hs_svm_rules *rules, uint32_t tunable)
{
	enum { FIXED = 9, MOST = 0x1b };

	return rules->granularity_tunable ? (uint32_t)svm_min((uint8_t)tunable, MOST) : FIXED;
}

uint64_t hs_svm_max_range_pages(const struct hs_svm_gpu_setup *gpus, uint32_t nr_gpus)
{
	uint64_t least = 0;

	for (uint32_t i = 0; i < nr_gpus; i++) {
		uint64_t pages = svm_min(svm_max(gpus[i].vram_pages >> 5, 1u << 9), 1u << 18);

		pages = 1ull << (63 - __builtin_clzll(pages));
		least = least ? svm_min(least, pages) : pages;
	}
	return least;
}

static void init_lists(struct hs_svm *svm)
{
	hs_link_init(&svm->list);
	hs_link_init(&svm->deferred);
	hs_link_init(&svm->buffers_alive);
	hs_link_init(&svm->evicting);
	hs_link_init(&svm->releasing);
	svm->vmas.keeps_borders = true;
}

int hs_svm_create(const struct hs_svm_setup *setup, struct hs_svm **out)
{
	struct hs_svm *svm = calloc(1, sizeof(*svm));

	if (!svm)
		return -ENOMEM;
	init_lists(svm);
	svm->rules = *setup->rules;
	svm->host = setup->host;
	svm->nr_gpus = setup->nr_gpus;
	for (uint32_t gpu = 0; gpu < setup->nr_gpus; gpu++) {
		svm->gpus[gpu].setup = setup->gpus[gpu];
		svm->supported |= (uint64_t)setup->gpus[gpu].is_supported << gpu;
	}
	svm->xnack = setup->xnack;
	svm->makes_room = setup->makes_room;
	svm->default_granularity = (uint8_t)hs_svm_default_granularity(setup->rules, setup->granularity);
	svm->max_range_pages = setup->max_range_pages;
	svm->system_limit_pages = setup->system_limit_pages;
	svm->heap_start = setup->heap_start;
	svm->heap_end = setup->heap_end;
	svm->stack_page = setup->stack_page;
	svm->now = setup->time;
	svm->retry_window = setup->retry_window;
	*out = svm;
	return 0;
}

static void free_children(struct hs_svm *svm, struct svm_range *range)
{
	hs_list_for_each_safe(child, &range->children, struct svm_range, child) {
		hs_link_remove(&child->child);
		svm_range_free(svm, child, false);
	}
}

void hs_svm_destroy(struct hs_svm *svm)
{
	if (!svm)
		return;
	svm->host = (struct hs_svm_host){ 0 };
	hs_list_for_each_safe(range, &svm->list, struct svm_range, list) {
		free_children(svm, range);
		svm_range_unlink(svm, range);
		svm_range_free(svm, range, false);
	}
	hs_svm_runs_deinit(&svm->vmas);
	hs_svm_runs_deinit(&svm->pins);
	hs_svm_runs_deinit(&svm->shared);
	svm_pages_place(svm, 0, HS_SVM_NO_PAGE - 1, SVM_PAGE_NONE);
	hs_svm_runs_deinit(&svm->pages);
	svm_bo_forget_all(svm);
	hs_vec_deinit(&svm->buffers);
	free(svm);
}

bool hs_svm_failed(const struct hs_svm *svm)
{
	return svm->nomem;
}

void svm_enter(struct hs_svm *svm)
{
	svm->depth++;
}

/* Buffers whose last page went away are released by a worker of their own: here, when the outermost ends. */
void svm_leave(struct hs_svm *svm)
{
	if (--svm->depth == 0)
		svm_bo_release_pending(svm);
}

void hs_svm_settle(struct hs_svm *svm)
{
	svm_enter(svm);
	svm_leave(svm);
}
