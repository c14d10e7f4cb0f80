// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/space_variant.h"

struct hs_space_variant hs_space_variant_of(enum hs_variant variant)
{
	bool since_6_12 = variant >= HS_VARIANT_6_12, since_6_18 = variant >= HS_VARIANT_6_18;

	return (struct hs_space_variant){
		.mprotect_drops_account = since_6_12,
		.merge_by_fork_chain = since_6_18,
		.merge_unites_sticky = since_6_18,
		.map_stack_is_nohuge = since_6_12,
		.mremap_counts_maps_first = variant >= HS_VARIANT_7_2,
		.moves_by_extents = variant == HS_VARIANT_V2010,
		.mremap_checks_first = since_6_18,
		.has_droppable = since_6_12,
		.has_guards = since_6_18,
		.dontneed_frees_tables = since_6_18,
		.huge_zero_write_is_huge = since_6_18,
		.dontunmap_keeps_source_whole = since_6_18,
		.dontunmap_merges_with_source = since_6_18,
		.dontunmap_merges_with_others = since_6_12,
		.populate_stops_at_hole = since_6_12,
		.protects_by_mapping = variant == HS_VARIANT_V2010,
		.protects_by_gib = !since_6_12,
		.moves_realign = since_6_12,
		.mmap_splits_before_limits = since_6_12,
		.reaps_by_clear = variant >= HS_VARIANT_7_2,
		.splits_to_zero_pages = since_6_12,
		.splits_before_unmap = !since_6_18,
		.reuses_pages_of_folios = since_6_18,
	};
}
