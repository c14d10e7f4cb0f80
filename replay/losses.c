// SPDX-License-Identifier: GPL-2.0-only
#include "replay/losses.h"

#include <string.h>

#include "traces/schema.h"

void hs_losses_init(struct hs_losses *losses)
{
	*losses = (struct hs_losses){ .next_start = UINT64_MAX };
}

static void free_texts(struct hs_lost_span *loss)
{
	free((void *)loss->row.source.data);
	free((void *)loss->row.cause.data);
}

void hs_losses_deinit(struct hs_losses *losses)
{
	hs_vec_for_each(loss, &losses->spans)
		free_texts(loss);
	hs_vec_deinit(&losses->spans);
}

static int copy_text(struct hs_bytes *to, const struct hs_bytes *from)
{
	char *copy = malloc(from->length + 1);

	if (!copy)
		return -1;
	if (from->length)
		memcpy(copy, from->data, from->length);
	copy[from->length] = 0;
	*to = (struct hs_bytes){ copy, from->length };
	return 0;
}

static uint32_t sources_of(const char *name)
{
	int source = hs_source_find(name);

	return source < 0 || source == HS_SOURCE_META ? HS_ALL_SOURCES : 1u << source;
}

static void find_next(struct hs_losses *losses)
{
	losses->next_start = losses->nr_told < losses->spans.count ?
			     losses->spans.items[losses->nr_told].row.first_time : UINT64_MAX;
}

/* A span that begins before ones already told is told late, but told. */
static void insert(struct hs_losses *losses, const struct hs_lost_span *loss)
{
	size_t at = losses->spans.count++;

	for (; at > losses->nr_told && losses->spans.items[at - 1].row.first_time > loss->row.first_time; at--)
		losses->spans.items[at] = losses->spans.items[at - 1];
	losses->spans.items[at] = *loss;
	find_next(losses);
}

int hs_losses_add(struct hs_losses *losses, const struct hs_meta_lost *lost, struct hs_error *err)
{
	struct hs_lost_span loss = { .row = *lost };

	loss.row.source.data = loss.row.cause.data = NULL;
	if (!hs_vec_reserve(&losses->spans, 1) || copy_text(&loss.row.source, &lost->source) ||
	    copy_text(&loss.row.cause, &lost->cause)) {
		free_texts(&loss);
		return hs_error_nomem(err);
	}
	loss.sources = sources_of(loss.row.source.data);
	insert(losses, &loss);
	return 0;
}

bool hs_losses_cover(const struct hs_losses *losses, uint64_t time, uint32_t sources)
{
	hs_vec_for_each(loss, &losses->spans)
		if (loss->sources & sources && time >= loss->row.first_time && time <= loss->row.last_time)
			return true;
	return false;
}

const struct hs_lost_span *hs_losses_due(struct hs_losses *losses, uint64_t now)
{
	const struct hs_lost_span *loss;

	if (losses->next_start > now)
		return NULL;
	loss = &losses->spans.items[losses->nr_told++];
	find_next(losses);
	return loss;
}
