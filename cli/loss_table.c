// SPDX-License-Identifier: GPL-2.0-only
#include "cli/loss_table.h"

#include <errno.h>
#include <string.h>

#include "lib/printable.h"

static void copy_printable(char to[HS_LOSS_TEXT_BYTES], struct hs_bytes from)
{
	const char *text = from.data;
	size_t used = 0;

	for (size_t i = 0; i < from.length && used + 1 < HS_LOSS_TEXT_BYTES; i++)
		to[used++] = hs_printable_length(text + i, 1) ? text[i] : '?';
	to[used] = '\0';
}

static struct hs_loss *find(struct hs_loss_table *table, const struct hs_loss *wanted)
{
	hs_vec_for_each(loss, &table->losses)
		if (strcmp(loss->source, wanted->source) == 0 && strcmp(loss->cause, wanted->cause) == 0)
			return loss;
	return NULL;
}

int hs_loss_table_add(struct hs_loss_table *table, const struct hs_meta_lost *lost)
{
	struct hs_loss wanted = { .first_time = lost->first_time, .last_time = lost->last_time }, *loss;

	copy_printable(wanted.source, lost->source);
	copy_printable(wanted.cause, lost->cause);
	loss = find(table, &wanted);
	if (!loss && table->losses.count + 1 >= HS_MAX_LOSSES) {
		strcpy(wanted.source, "other");
		strcpy(wanted.cause, "other");
		loss = find(table, &wanted);
	}
	if (!loss) {
		if (!hs_vec_push(&table->losses, wanted))
			return -ENOMEM;
		loss = &table->losses.items[table->losses.count - 1];
	}
	loss->count += lost->count;
	loss->first_time = lost->first_time < loss->first_time ? lost->first_time : loss->first_time;
	loss->last_time = lost->last_time > loss->last_time ? lost->last_time : loss->last_time;
	return 0;
}

void hs_loss_table_deinit(struct hs_loss_table *table)
{
	hs_vec_deinit(&table->losses);
}
