/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_VEC_H
#define HS_VEC_H
/*
 * A growable array of any type: HS_VEC(struct thing) list = { 0 };
 * `items` moves when the array grows: pointers into it live until the next push or reserve.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define HS_VEC(type) \
	struct { \
		type *items; \
		size_t count; \
		size_t capacity; \
	}

/* Room for at least wanted items; returns the (moved) array, or NULL with the old one intact. */
void *hs_vec_grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes);

/* Room for n more items. False: out of memory, nothing changed. */
#define hs_vec_reserve(vec, n) \
	((vec)->count + (n) <= (vec)->capacity || \
	 __extension__({ void *grown_ = hs_vec_grow((vec)->items, &(vec)->capacity, (vec)->count + (n), \
						    sizeof(*(vec)->items)); \
			 if (grown_) \
				 (vec)->items = grown_; \
			 grown_ != NULL; }))

/* Appends one item. False: out of memory, nothing changed. */
#define hs_vec_push(vec, ...) (hs_vec_reserve(vec, 1) && ((vec)->items[(vec)->count++] = (__VA_ARGS__), true))

#define hs_vec_clear(vec) ((void)((vec)->count = 0))

#define hs_vec_deinit(vec) \
	do { \
		free((vec)->items); \
		(vec)->items = NULL; \
		(vec)->count = (vec)->capacity = 0; \
	} while (0)

/* The list may be const: `+ 0` takes the const off the pointer, not off what it points to. */
#define hs_vec_for_each(item, vec) \
	for (__typeof__((vec)->items + 0) item = (vec)->items; item && item < (vec)->items + (vec)->count; item++)

#endif
