// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/whatif_mms.h"

void hs_whatif_mms_deinit(struct hs_whatif_mms *mms)
{
	hs_vec_deinit(&mms->list);
	hs_hash_map_deinit(&mms->index);
}

struct hs_whatif_mm *hs_whatif_mms_get(struct hs_whatif_mms *mms, uint32_t mm)
{
	const uint64_t *index = hs_hash_map_get(&mms->index, mm);
	const struct hs_whatif_mm fresh = { .mm = mm };

	if (index)
		return &mms->list.items[*index];
	if (!hs_vec_push(&mms->list, fresh))
		return NULL;
	if (hs_hash_map_put(&mms->index, mm, mms->list.count - 1)) {
		mms->list.count--;
		return NULL;
	}
	return &mms->list.items[mms->list.count - 1];
}
