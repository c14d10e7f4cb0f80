/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BLOCK_FIXTURE_H
#define BLOCK_FIXTURE_H
/*
 * Fixture F0: x86-64, 4 KiB pages, 128 MiB blocks; node 0 with DMA [1, 4096), DMA32 [4096, 1048576), NORMAL
 * [1048576, 2097152); blocks 0-63 there since boot and online, block 0 spans DMA and DMA32; hot-added memory
 * starts at block 64. Expected values in the tests that use it were derived by hand from docs/models/block.md.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/block/block_boot.h"
#include "replay/block/block_device.h"
#include "replay/block/block_effect.h"
#include "replay/block/block_group.h"
#include "replay/block/block_memory.h"
#include "replay/block/block_outcome.h"
#include "replay/block/block_sysfs.h"
#include "replay/block/block_zone.h"

enum { F0_PAGES = 32768, F0_BOOT_BLOCKS = 64, F0_FIRST_NEW = 64 };
#define F0_BLOCK_BYTES (128ull << 20)

static const struct hs_block_world f0_free_world;

static inline struct hs_zone *f0_zone(struct hs_hotplug *hotplug, int32_t nid, enum hs_zone_index index)
{
	return &hs_node_find(hotplug, nid)->zones[index];
}

/* Boot memory [start, end) in a zone. */
static inline void f0_boot_memory(struct hs_hotplug *hotplug, int32_t nid, enum hs_zone_index index, uint64_t start,
				  uint64_t end)
{
	struct hs_zone *zone = f0_zone(hotplug, nid, index);

	hs_zone_grow(hotplug, zone, start, end - start);
	zone->present += end - start;
	zone->present_early += end - start;
	zone->managed += end - start;
	assert_int_equal(hs_page_ranges_set(&hotplug->online, start, end, zone), 0);
	assert_int_equal(hs_page_ranges_set(&hotplug->ram, start, end, "System RAM"), 0);
	assert_int_equal(hs_page_ranges_set(&hotplug->early, start / F0_PAGES * F0_PAGES,
					    (end + F0_PAGES - 1) / F0_PAGES * F0_PAGES, &hotplug->early), 0);
	hs_node_update_counts(hs_node_find(hotplug, nid));
}

/* An empty machine of a variant with nodes 0 and 1. */
static inline void f0_init_empty(struct hs_hotplug *hotplug, const char *variant)
{
	assert_non_null(hs_block_variant_find(variant));
	hs_hotplug_init(hotplug, hs_block_variant_find(variant));
	hotplug->knows_ram = true;
	for (int32_t nid = 0; nid < 2; nid++)
		assert_non_null(hs_node_add(hotplug, nid));
	hs_node_find(hotplug, 0)->is_online = true;
}

static inline void f0_init(struct hs_hotplug *hotplug, const char *variant)
{
	static const struct hs_boot_region region = { 0, F0_BOOT_BLOCKS * F0_PAGES, 0 };

	f0_init_empty(hotplug, variant);
	f0_boot_memory(hotplug, 0, HS_ZONE_DMA, 1, 4096);
	f0_boot_memory(hotplug, 0, HS_ZONE_DMA32, 4096, 1048576);
	f0_boot_memory(hotplug, 0, HS_ZONE_NORMAL, 1048576, 2097152);
	assert_int_equal(hs_block_boot_create(hotplug, &region, 1), 0);
	hs_block_boot_add_nids(hotplug, &region, 1);
}

/* A hot-added block, offline. */
static inline struct hs_block *f0_add(struct hs_hotplug *hotplug, uint64_t id, int32_t nid, uint64_t altmap,
				      struct hs_block_group *group)
{
	struct hs_block *block;

	assert_int_equal(hs_block_create(hotplug, id, false, nid, altmap, group, &block), 0);
	assert_int_equal(hs_page_ranges_set(&hotplug->ram, id * hs_block_pages(hotplug),
					    (id + 1) * hs_block_pages(hotplug), "System RAM"), 0);
	return block;
}

static inline struct hs_block *f0_block(struct hs_hotplug *hotplug, uint64_t id)
{
	struct hs_block *block = hs_block_find(hotplug, id);

	assert_non_null(block);
	return block;
}

/* Onlines with a type; the device must have been offline and the result 0. Zone it went to. */
static inline enum hs_zone_index f0_online(struct hs_hotplug *hotplug, struct hs_block *block,
					   enum hs_online_type type)
{
	struct hs_block_outcome outcome;

	block->online_type = type;
	assert_int_equal(hs_block_device_online(hotplug, block, &f0_free_world, NULL, &outcome), 0);
	return block->zone->index;
}

static inline void f0_offline(struct hs_hotplug *hotplug, struct hs_block *block)
{
	struct hs_block_outcome outcome;

	assert_int_equal(hs_block_device_offline(hotplug, block, &f0_free_world, NULL, &outcome), 0);
}

static inline void f0_assert_span(const struct hs_zone *zone, uint64_t start, uint64_t end)
{
	assert_int_equal(zone->start, start);
	assert_int_equal(hs_zone_end(zone), end);
}

static inline void f0_assert_sequence(const struct hs_block_outcome *outcome, const char *expected)
{
	char text[HS_SEQUENCE_TEXT];

	assert_string_equal(hs_block_sequence(outcome, text), expected);
}

static const char *const f0_variants[] = { "6.1", "6.12", "6.18", "7.2" };
#define f0_for_each_variant(name) \
	for (const char *const *at_ = f0_variants, *name = *at_; at_ < f0_variants + 4 && ((name = *at_), 1); at_++)

#endif
