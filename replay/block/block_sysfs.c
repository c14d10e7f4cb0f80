// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_sysfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "replay/block/block_zone.h"

static const char *const online_words[HS_NR_ONLINE_TYPES] = {
	"offline", "online", "online_kernel", "online_movable",
};
static const char *const policy_words[HS_NR_ONLINE_POLICIES] = { "contig-zones", "auto-movable" };

/* sysfs_streq: equal but for one trailing newline. */
static bool is_word(const char *word, const char *text, size_t length)
{
	size_t seen = strnlen(text, length);

	if (seen && text[seen - 1] == '\n')
		seen--;
	return strlen(word) == seen && !memcmp(word, text, seen);
}

/* Index of the word, or -EINVAL. sysfs_match_string */
static int find_word(const char *const *words, int nr, const char *text, size_t length)
{
	for (int i = 0; i < nr; i++)
		if (is_word(words[i], text, length))
			return i;
	return -EINVAL;
}

int hs_block_parse_online_type(const char *text, size_t length)
{
	return find_word(online_words, HS_NR_ONLINE_TYPES, text, length);
}

const char *hs_block_online_type_name(enum hs_online_type type)
{
	return online_words[type];
}

int hs_block_parse_policy(const char *text, size_t length, enum hs_online_policy *policy)
{
	int found = find_word(policy_words, HS_NR_ONLINE_POLICIES, text, length);

	if (found < 0)
		return found;
	*policy = (enum hs_online_policy)found;
	return 0;
}

const char *hs_block_policy_name(enum hs_online_policy policy)
{
	return policy_words[policy];
}

int hs_block_parse_bool(const struct hs_block_variant *variant, const char *text, size_t length, bool *value)
{
	size_t seen = strnlen(text, length);
	char first = seen ? text[0] : 0, second = seen > 1 ? text[1] : 0;
	bool has_more = variant->has_bool_enable_words;

	if ((first == 'o' || first == 'O') && second)
		first = strchr("nN", second) ? 'y' : strchr("fF", second) ? 'n' : 0;
	if (first && (strchr("yYtT1", first) || (has_more && strchr("eE", first))))
		*value = true;
	else if (first && (strchr("nNfF0", first) || (has_more && strchr("dD", first))))
		*value = false;
	else
		return -EINVAL;
	return 0;
}

int hs_block_parse_memmap_mode(const struct hs_block_variant *variant, const char *text, size_t length,
			       enum hs_memmap_mode *mode)
{
	bool enabled;

	/* set_memmap_mode in mm/memory_hotplug.c: any other spelling is a bool that begins with f. */
	if (variant->has_memmap_force && (is_word("force", text, length) || is_word("FORCE", text, length))) {
		*mode = HS_MEMMAP_FORCE;
		return 0;
	}
	if (hs_block_parse_bool(variant, text, length, &enabled))
		return -EINVAL;
	*mode = enabled ? HS_MEMMAP_ON : HS_MEMMAP_OFF;
	return 0;
}

const char *hs_block_memmap_mode_name(enum hs_memmap_mode mode)
{
	return mode == HS_MEMMAP_FORCE ? "force" : mode == HS_MEMMAP_ON ? "Y" : "N";
}

static int digit_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	letter |= 0x20;
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 16;
}

/* _parse_integer_fixup_radix */
static unsigned int take_base(const char **text, size_t *length)
{
	if (*length == 0 || (*text)[0] != '0')
		return 10;
	if (*length > 2 && ((*text)[1] | 0x20) == 'x' && digit_of((*text)[2]) < 16) {
		*text += 2;
		*length -= 2;
		return 16;
	}
	return 8;
}

int hs_block_parse_number(const char *text, size_t length, uint64_t *value)
{
	uint64_t number = 0;
	unsigned int base;
	size_t digits = 0;
	bool overflows = false;

	length = strnlen(text, length);
	if (length && text[0] == '+') {
		text++;
		length--;
	}
	base = take_base(&text, &length);
	for (; digits < length && (unsigned int)digit_of(text[digits]) < base; digits++)
		overflows |= __builtin_mul_overflow(number, base, &number) ||
			     __builtin_add_overflow(number, (uint64_t)digit_of(text[digits]), &number);
	if (overflows)
		return -ERANGE;
	if (!digits || (digits < length && (text[digits] != '\n' || digits + 1 < length)))
		return -EINVAL;
	*value = number;
	return 0;
}

int hs_block_parse_ratio(const char *text, size_t length, uint32_t *ratio)
{
	uint64_t number;
	int ret = hs_block_parse_number(text, length, &number);

	if (ret)
		return ret;
	if (number > UINT32_MAX)
		return -ERANGE;
	*ratio = (uint32_t)number;
	return 0;
}

const char *hs_block_status_name(enum hs_block_status status)
{
	static const char *const names[] = { "online", "going-offline", "offline" };

	return names[status];
}

/* Every list valid_zones can show: the default zone, a kernel zone, Movable; by index in this order. */
static const char *list_zones(enum hs_zone_index first, enum hs_zone_index kernel)
{
	static const char *const lists[HS_ZONE_MOVABLE][2] = {
		{ "DMA Movable", "Movable DMA" },
		{ "DMA32 Movable", "Movable DMA32" },
		{ "Normal Movable", "Movable Normal" },
	};
	static const char *const both[HS_ZONE_MOVABLE][HS_ZONE_MOVABLE] = {
		{ NULL, "DMA DMA32 Movable", "DMA Normal Movable" },
		{ "DMA32 DMA Movable", NULL, "DMA32 Normal Movable" },
		{ "Normal DMA Movable", "Normal DMA32 Movable", NULL },
	};

	if (first == HS_ZONE_MOVABLE)
		return lists[kernel][1];
	return first == kernel ? lists[kernel][0] : both[first][kernel];
}

const char *hs_block_zone_list_find(const char *text, size_t length)
{
	if (is_word("none", text, length))
		return "none";
	for (int i = 0; i < HS_NR_ZONES; i++)
		if (is_word(hs_zone_name((enum hs_zone_index)i), text, length))
			return hs_zone_name((enum hs_zone_index)i);
	for (int first = 0; first <= HS_ZONE_MOVABLE; first++)
		for (int kernel = 0; kernel <= HS_ZONE_NORMAL; kernel++) {
			const char *list = list_zones((enum hs_zone_index)first, (enum hs_zone_index)kernel);

			if (is_word(list, text, length))
				return list;
		}
	return "other text";
}

const char *hs_block_zone_list(const struct hs_hotplug *hotplug, const struct hs_node *node,
			       const struct hs_block_group *group, uint64_t pfn, uint64_t nr)
{
	struct hs_zone_request request = { .type = HS_ONLINE, .node = node, .group = group, .pfn = pfn, .nr = nr };
	struct hs_zone_choice first, kernel;

	hs_zone_choose(hotplug, &request, &first);
	request.type = HS_ONLINE_KERNEL;
	hs_zone_choose(hotplug, &request, &kernel);
	return list_zones(first.zone->index, kernel.zone->index);
}

const char *hs_block_removable(const struct hs_hotplug *hotplug)
{
	return hotplug->settings.has_hotremove ? "1" : "0";
}

const char *hs_block_valid_zones(const struct hs_hotplug *hotplug, const struct hs_block *block)
{
	const struct hs_node *node = hs_node_find(hotplug, block->nid);

	if (block->status == HS_BLOCK_ONLINE)
		return block->zone ? hs_zone_name(block->zone->index) : "none";
	if (!node)
		return "none";
	return hs_block_zone_list(hotplug, node, block->group, hs_block_start(hotplug, block),
				  hs_block_pages(hotplug));
}

const char *hs_block_phys_index(const struct hs_block *block, char buffer[HS_BLOCK_TEXT])
{
	snprintf(buffer, HS_BLOCK_TEXT, "%08llx", (unsigned long long)hs_block_id(block));
	return buffer;
}

const char *hs_block_size_text(const struct hs_hotplug *hotplug, char buffer[HS_BLOCK_TEXT])
{
	snprintf(buffer, HS_BLOCK_TEXT, "%llx", (unsigned long long)hs_block_bytes(hotplug));
	return buffer;
}
