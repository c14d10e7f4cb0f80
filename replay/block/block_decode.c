// SPDX-License-Identifier: GPL-2.0-only
/* The recorded kernel's flags from what its trace's header says. */
#include <string.h>

#include "replay/block/block_variant.h"

/* How many of the flags the header states a variant contradicts; *stated counts them. */
static unsigned int contradictions(const struct hs_header *header, const struct hs_block_variant *variant,
				   unsigned int *stated)
{
	unsigned int wrong = 0;
	const char *said;

	*stated = 0;
#define FLAG(field, attribute, text, meaning) \
	said = hs_header_attribute(header, attribute); \
	if (said) { \
		++*stated; \
		wrong += variant->field != !strcmp(said, text); \
	}
	HS_BLOCK_FLAGS(FLAG)
#undef FLAG
	return wrong;
}

static const struct hs_block_variant *nearest_variant(const struct hs_header *header, unsigned int *stated)
{
	const struct hs_block_variant *named = header->variant ? hs_block_variant_find(header->variant) : NULL;
	const struct hs_block_variant *best = hs_block_variant_at(0), *other;

	for (size_t i = 1; (other = hs_block_variant_at(i)); i++)
		if (contradictions(header, other, stated) < contradictions(header, best, stated))
			best = other;
	contradictions(header, best, stated);
	return named ? named : best;
}

void hs_block_variant_decode(const struct hs_header *header, struct hs_block_variant *out, unsigned int *nr_stated)
{
	const char *said;

	*out = *nearest_variant(header, nr_stated);
#define FLAG(field, attribute, text, meaning) \
	said = hs_header_attribute(header, attribute); \
	if (said) \
		out->field = !strcmp(said, text);
	HS_BLOCK_FLAGS(FLAG)
#undef FLAG
}
