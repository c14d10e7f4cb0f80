// SPDX-License-Identifier: GPL-2.0-only
#include "replay/address_space/upper_tables.h"

#include <string.h>

/* Index of the first number at or above `number`. */
static size_t lower_bound(const struct hs_upper_tables *upper, uint64_t number)
{
	size_t low = 0, high = upper->numbers.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (upper->numbers.items[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct hs_upper_tables *upper, size_t at, uint64_t number)
{
	return at < upper->numbers.count && upper->numbers.items[at] == number;
}

void hs_upper_deinit(struct hs_upper_tables *upper)
{
	hs_vec_deinit(&upper->numbers);
	upper->last = 0;
}

uint64_t hs_upper_bytes(const struct hs_upper_tables *upper)
{
	return upper->numbers.count * sizeof(*upper->numbers.items);
}

bool hs_upper_add(struct hs_upper_tables *upper, uint64_t address)
{
	uint64_t number = address >> HS_UPPER_SHIFT;
	size_t at;

	if (is_at(upper, upper->last, number))
		return true;
	at = lower_bound(upper, number);
	upper->last = at;
	if (is_at(upper, at, number))
		return true;
	if (!hs_vec_reserve(&upper->numbers, 1))
		return false;
	memmove(&upper->numbers.items[at + 1], &upper->numbers.items[at],
		(upper->numbers.count - at) * sizeof(*upper->numbers.items));
	upper->numbers.items[at] = number;
	upper->numbers.count++;
	return true;
}

void hs_upper_remove(struct hs_upper_tables *upper, uint64_t address)
{
	uint64_t number = address >> HS_UPPER_SHIFT;
	size_t at = lower_bound(upper, number);

	if (!is_at(upper, at, number))
		return;
	upper->numbers.count--;
	memmove(&upper->numbers.items[at], &upper->numbers.items[at + 1],
		(upper->numbers.count - at) * sizeof(*upper->numbers.items));
}

bool hs_upper_has(const struct hs_upper_tables *upper, uint64_t address)
{
	uint64_t number = address >> HS_UPPER_SHIFT;

	return is_at(upper, lower_bound(upper, number), number);
}

uint64_t hs_upper_next(const struct hs_upper_tables *upper, uint64_t from, uint64_t to)
{
	size_t at = lower_bound(upper, from >> HS_UPPER_SHIFT);

	if (at >= upper->numbers.count || upper->numbers.items[at] << HS_UPPER_SHIFT >= to)
		return UINT64_MAX;
	return upper->numbers.items[at] << HS_UPPER_SHIFT;
}
