/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_DICTIONARY_H
#define HS_DICTIONARY_H
/* The distinct texts of one column of one chunk, in the form they take in the file. */
#include "lib/hash_map.h"
#include "traces/bytes.h"
#include "traces/kinds.h"

struct hs_dictionary {
	hs_buffer coded;		/* for each entry its length as a varint and its bytes */
	HS_VEC(uint32_t) offsets;	/* of each entry's bytes in coded */
	struct hs_hash_map by_hash;	/* hash to number; of two texts with one hash only the newer is found */
};

/* All zero is a valid empty dictionary. clear keeps the memory. */
void hs_dictionary_clear(struct hs_dictionary *dictionary);
void hs_dictionary_deinit(struct hs_dictionary *dictionary);

/* Number of the text, which is added if it is new. False: out of memory. */
bool hs_dictionary_add(struct hs_dictionary *dictionary, const struct hs_bytes *text, uint64_t *number);

#endif
