// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses. A task faults in few places at a time: its heap, its stack, a library. Each of these is a region,
 * and an address is a region and the difference to the last address in it. Two runs of one program then give
 * the same bytes wherever they were loaded, which zstd finds.
 *
 * First stream, a byte per value: lower 3 bits n: the difference takes sizes[n] bytes; upper 5 bits: the region,
 * or 31: a new one. Second stream: zigzag differences, little endian. Third stream: first address of each new
 * region, zigzag difference to the new region before, LEB128. Regions count from 0 to 30 and then from 0 again,
 * and are forgotten at the end of each group.
 */
#include <errno.h>

#include "traces/codec.h"

enum {
	NR_REGIONS = 31,
	NEW_REGION = 31,
	REACH = 16 << 20,		/* bytes around a region's addresses that belong to it too */
};

static const uint8_t sizes[8] = { 0, 1, 2, 3, 4, 5, 6, 8 };

struct region {
	uint64_t low, high;		/* addresses seen */
	uint64_t last;
};

struct regions {
	struct region item[NR_REGIONS];
	unsigned int nr;		/* made in this group */
	unsigned int latest;		/* the one used last */
};

static inline bool contains(const struct region *region, uint64_t address)
{
	uint64_t low = region->low < REACH ? 0 : region->low - REACH;

	return address >= low && address - low <= region->high - low + REACH;
}

/* The region an address belongs to, the one used last first; or NEW_REGION. */
static unsigned int find_region(const struct regions *regions, uint64_t address)
{
	unsigned int nr = regions->nr < NR_REGIONS ? regions->nr : NR_REGIONS;

	if (nr && contains(&regions->item[regions->latest], address))
		return regions->latest;
	for (unsigned int i = 0; i < nr; i++)
		if (contains(&regions->item[i], address))
			return i;
	return NEW_REGION;
}

static unsigned int size_code(uint64_t difference)
{
	unsigned int code = 0;

	while (code < 7 && difference >> (8 * sizes[code]))
		code++;
	return code;
}

struct encoder {
	struct regions regions;
	uint8_t *control, *data, *bases;	/* where the next byte goes */
	uint64_t base;				/* of the region made last */
};

static void encode_address(struct encoder *encoder, uint64_t address)
{
	struct regions *regions = &encoder->regions;
	unsigned int number = find_region(regions, address), code;
	struct region *region;
	uint64_t difference;

	if (number == NEW_REGION) {
		*encoder->control++ = NEW_REGION << 3;
		encoder->bases = hs_varint_write(encoder->bases, hs_zigzag(address - encoder->base));
		encoder->base = address;
		regions->latest = regions->nr++ % NR_REGIONS;
		regions->item[regions->latest] = (struct region){ address, address, address };
		return;
	}
	region = &regions->item[number];
	difference = hs_zigzag(address - region->last);
	code = size_code(difference);
	*encoder->control++ = (uint8_t)(number << 3 | code);
	hs_store64(encoder->data, difference);
	encoder->data += sizes[code];
	region->last = address;
	region->low = address < region->low ? address : region->low;
	region->high = address > region->high ? address : region->high;
	regions->latest = number;
}

bool hs_encode_regions(const uint64_t *values, const struct hs_groups *groups, hs_buffer *streams)
{
	size_t nr = groups->nr ? groups->ends[groups->nr - 1] : 0, at = 0;
	struct encoder encoder = { 0 };

	if (!hs_vec_reserve(&streams[0], nr) || !hs_vec_reserve(&streams[1], 8 * nr + 8) ||
	    !hs_vec_reserve(&streams[2], HS_VARINT_BYTES * nr))
		return false;
	encoder.control = streams[0].items + streams[0].count;
	encoder.data = streams[1].items + streams[1].count;
	encoder.bases = streams[2].items + streams[2].count;
	for (size_t group = 0; group < groups->nr; group++) {
		encoder.regions.nr = 0;
		for (; at < groups->ends[group]; at++)
			encode_address(&encoder, values[at]);
	}
	streams[0].count = (size_t)(encoder.control - streams[0].items);
	streams[1].count = (size_t)(encoder.data - streams[1].items);
	streams[2].count = (size_t)(encoder.bases - streams[2].items);
	return true;
}

/* What the second stream's differences are masked with, by size code. */
static const uint64_t masks[8] = {
	0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, UINT64_MAX,
};

struct region_reader {
	const uint8_t *control, *data, *data_end;
	struct hs_stream bases;
	uint64_t last[32], base;
	unsigned int nr_regions;	/* of this group */
};

static bool begin_region(struct region_reader *reader, unsigned int *number)
{
	uint64_t coded;

	if (!hs_varint_read(&reader->bases.at, reader->bases.end, &coded))
		return false;
	reader->base += hs_unzigzag(coded);
	*number = reader->nr_regions++ % NR_REGIONS;
	reader->last[*number] = reader->base;
	return true;
}

/* Values of one group, or a part of them, whose data are known to be there. */
static inline bool read_some(struct region_reader *reader, char *to, size_t stride, size_t nr)
{
	const uint8_t *control = reader->control, *data = reader->data;

	for (size_t i = 0; i < nr; i++, to += stride) {
		unsigned int code = control[i] & 7, number = control[i] >> 3;

		if (__builtin_expect(number == NEW_REGION, 0) && !begin_region(reader, &number))
			return false;
		reader->last[number] += hs_unzigzag(hs_load64(data) & masks[code]);
		data += sizes[code];
		*(uint64_t *)(void *)to = reader->last[number];
	}
	reader->control += nr;
	reader->data = data;
	return true;
}

/* A group: as long as data are plenty, many values without looking; then one by one. */
static bool read_group(struct region_reader *reader, char *to, size_t stride, size_t nr)
{
	reader->nr_regions = 0;
	while (nr) {
		size_t left = (size_t)(reader->data_end - reader->data), some = left / sizes[7];

		if (!some) {
			if (left < sizes[*reader->control & 7])
				return false;
			some = 1;
		}
		some = some < nr ? some : nr;
		if (!read_some(reader, to, stride, some))
			return false;
		to += some * stride;
		nr -= some;
	}
	return true;
}

/* All values at once: those of a whole chunk. */
static bool read_regions(struct hs_decoder *decoder, void *field, size_t stride, size_t nr)
{
	struct region_reader reader = {
		.control = decoder->streams[0].at, .data = decoder->streams[1].at, .data_end = decoder->streams[1].end,
		.bases = decoder->streams[2],
	};
	char *to = field;
	size_t at = 0;

	for (size_t group = 0; group < decoder->groups.nr; group++) {
		size_t end = decoder->groups.ends[group];

		if (!read_group(&reader, to, stride, end - at))
			return false;
		to += (end - at) * stride;
		at = end;
	}
	return at == nr && reader.data == reader.data_end && reader.bases.at == reader.bases.end;
}

int hs_decoder_init_regions(struct hs_decoder *decoder, const struct hs_decoder_setup *setup)
{
	const struct hs_stream *control = &setup->streams[0];

	if (setup->nr_streams != 3 || setup->width != 8 || (size_t)(control->end - control->at) != setup->nr_values ||
	    !setup->groups.nr || setup->groups.ends[setup->groups.nr - 1] != setup->nr_values)
		return -EBADMSG;
	decoder->groups = setup->groups;
	decoder->read = read_regions;
	return 0;
}
