// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/revalidate_known.h"

#include "replay/collapse/scan_rules.h"

/* The replayed address space as the rules see it. */
struct known_world {
	const struct hs_mm *mm;
	const struct hs_collapse_tunables *tunables;
	bool is_khugepaged;
	bool is_sure;		/* of all that was looked at */
};

static unsigned int mm_state(void *context, uint32_t id)
{
	const struct known_world *world = context;

	(void)id;
	return hs_thp_mm_state_of(world->mm);
}

/* What kind of file it is, and how its file system was mounted, is not recorded. */
static bool is_content_known(const struct known_world *world, const struct hs_vma *vma)
{
	if (vma->kind == HS_VMA_FILE || (vma->kind == HS_VMA_SHMEM && world->is_khugepaged))
		return false;
	return !vma->is_assumed;
}

static bool find_vma(void *context, uint32_t id, uint64_t address, struct hs_thp_vma *found)
{
	struct known_world *world = context;
	const struct hs_vma *vma = hs_mm_vma_from(world->mm, address);

	(void)id;
	if (!vma)
		return false;
	world->is_sure &= is_content_known(world, vma);
	*found = hs_thp_vma_of(vma, world->tunables);
	return true;
}

enum hs_collapse_result hs_revalidate_known(const struct hs_address_space *space,
					    const struct hs_attempt_request *request)
{
	static const struct hs_collapse_world_ops ops = { .mm_state = mm_state, .find_vma = find_vma };
	const struct hs_mm *mm = hs_address_space_mm(space, request->mm);
	struct known_world world = { mm, request->scan.tunables, request->scan.is_khugepaged, true };
	enum hs_collapse_result result;
	struct hs_thp_vma vma;
	struct hs_slot slot;

	if (hs_address_space_has_ended(space, request->mm))
		return HS_SCAN_ANY_PROCESS;
	if (!mm || !hs_mm_is_layout_known(mm) || !request->address || request->scan.rules->alloc_before_scan)
		return HS_NR_COLLAPSE_RESULTS;
	hs_mm_get_slot(mm, request->address, &slot);
	result = hs_collapse_revalidate(request, &ops, &world, &vma);
	if (result == HS_SCAN_SUCCEED && slot.basis == HS_BASIS_EXACT)
		result = hs_scan_pmd_result(request->scan.rules, hs_thp_pmd_of(slot.kind));
	return world.is_sure ? result : HS_NR_COLLAPSE_RESULTS;
}
