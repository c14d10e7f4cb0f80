// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/names.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

void hs_names_deinit(struct hs_names *names)
{
	hs_vec_for_each(text, &names->list)
		free(*text);
	hs_vec_deinit(&names->list);
	hs_hash_map_deinit(&names->numbers);
}

/* FNV-1a. */
static uint64_t hash_text(const unsigned char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ text[i]) * 0x100000001b3ull;
	return hash;
}

static bool is_same(const char *known, const void *text, size_t length)
{
	return strlen(known) == length && (!length || memcmp(known, text, length) == 0);
}

static int add_name(struct hs_names *names, uint64_t key, const void *text, size_t length)
{
	char *copy = strndup(text, length);

	if (!copy || !hs_vec_push(&names->list, copy)) {
		free(copy);
		return -ENOMEM;
	}
	if (hs_hash_map_put(&names->numbers, key, names->list.count - 1)) {
		free(names->list.items[--names->list.count]);
		return -ENOMEM;
	}
	return (int)names->list.count - 1;
}

/* A zero byte would cut the copy: the name ends there for everyone. */
static size_t length_of(const void *text, size_t length)
{
	return length ? strnlen(text, length) : 0;
}

/* Number of the text or -ENOENT; *key is then where it would go. */
static int look_up(const struct hs_names *names, const void *text, size_t length, uint64_t *key)
{
	const uint64_t *number;

	*key = hash_text(text, length);
	while ((number = hs_hash_map_get(&names->numbers, *key))) {
		if (is_same(names->list.items[*number], text, length))
			return (int)*number;
		++*key;
	}
	return -ENOENT;
}

int hs_names_find(const struct hs_names *names, const void *text, size_t length)
{
	uint64_t key;

	return look_up(names, text, length_of(text, length), &key);
}

int hs_names_intern(struct hs_names *names, const void *text, size_t length)
{
	const size_t kept = length_of(text, length);
	uint64_t key;
	const int number = look_up(names, text, kept, &key);

	return number >= 0 ? number : add_name(names, key, kept ? text : "", kept);
}

const char *hs_names_text(const struct hs_names *names, int number)
{
	return names->list.items[number];
}
