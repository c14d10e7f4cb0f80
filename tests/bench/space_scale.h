/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_SCALE_H
#define HS_SPACE_SCALE_H
/* Large address spaces for the bounds (tests/unit/test_space_scale.c) and the times (bench_space.c). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "replay/address_space/space_state.h"

struct scale {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_model *model;
	uint64_t time;
};

#define HS_SCALE_BASE (1ull << 40)

static inline void scale_fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline void scale_init(struct scale *scale)
{
	struct hs_model_setup setup = { .mode = HS_MODE_VALIDATE, .header = &scale->header, .policy = &scale->policy };
	struct hs_error err;

	*scale = (struct scale){ .time = 1 };
	if (hs_policy_init(&scale->policy, "scale") ||
	    hs_policy_set(&scale->policy, "address_space.thp_enabled", "never", HS_POLICY_USER, &err) ||
	    hs_model_find("address_space")->create(&setup, &scale->model, &err))
		scale_fail("no model");
}

static inline void scale_deinit(struct scale *scale)
{
	hs_model_find("address_space")->destroy(scale->model);
	hs_policy_deinit(&scale->policy);
}

static inline void scale_give(struct scale *scale, unsigned int kind, void *row, uint32_t mm)
{
	struct hs_event event = { .kind = kind };
	struct hs_row *head = row;

	head->time = scale->time++;
	head->mm = mm;
	event.row = row;
	hs_model_find("address_space")->observe(scale->model, &event);
}

static inline void scale_map(struct scale *scale, uint32_t mm, uint64_t bytes)
{
	struct hs_mm_mmap row = { .addr = HS_SCALE_BASE, .ret = (int64_t)HS_SCALE_BASE, .len = bytes, .fd = -1,
				  .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };

	scale_give(scale, HS_KIND_mm_mmap, &row, mm);
}

static inline void scale_unmap(struct scale *scale, uint32_t mm, uint64_t bytes)
{
	struct hs_mm_munmap row = { .addr = HS_SCALE_BASE, .len = bytes };

	scale_give(scale, HS_KIND_mm_munmap, &row, mm);
}

static inline void scale_touch(struct scale *scale, uint32_t mm, uint64_t page, bool is_write)
{
	struct hs_fault_user row = { .address = HS_SCALE_BASE + page * HS_PAGE_BYTES, .error_code = is_write ? 6 : 4 };

	scale_give(scale, HS_KIND_fault_user, &row, mm);
}

static inline void scale_fork(struct scale *scale, uint32_t mm, uint32_t child)
{
	struct hs_mm_fork row = { .child = child, .child_mm = child, .clone_flags = 17 };

	scale_give(scale, HS_KIND_mm_fork, &row, mm);
}

/* Page number i of an order in which neighbours are far apart: nr pages, each once (17179869143 is prime). */
static inline uint64_t scale_page(uint64_t i, uint64_t nr)
{
	return (uint64_t)((unsigned __int128)i * 17179869143u % nr);
}

static inline const struct hs_page_store *scale_pages(const struct scale *scale)
{
	return &hs_address_space_of(scale->model)->pages;
}

#endif
