// SPDX-License-Identifier: GPL-2.0-only
#include "lib/vec.h"

void *hs_vec_grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes)
{
	size_t room = *capacity ? *capacity : 8;
	void *grown;

	while (room < wanted) {
		if (room > SIZE_MAX / 2)
			return NULL;
		room *= 2;
	}
	grown = reallocarray(items, room, item_bytes);
	if (grown)
		*capacity = room;
	return grown;
}
