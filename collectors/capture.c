// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/schema.h"

struct hs_capture *hs_capture_create(uint64_t time, pid_t tgid)
{
	struct hs_capture *capture = calloc(1, sizeof(*capture));

	if (capture) {
		capture->time = time;
		capture->tgid = tgid;
	}
	return capture;
}

void hs_capture_destroy(struct hs_capture *capture)
{
	if (!capture)
		return;
	hs_arena_deinit(&capture->arena);
	hs_vec_deinit(&capture->rows);
	free(capture);
}

/* Replaces the texts of a copied row by copies. */
static int copy_texts(struct hs_capture *capture, const struct hs_kind_info *info, unsigned char *row)
{
	for (unsigned int i = 0; i < info->nr_columns; i++) {
		const struct hs_column_info *column = &info->columns[i];
		struct hs_bytes *bytes = (void *)(row + column->offset);

		if (column->type != HS_TYPE_str && column->type != HS_TYPE_blob)
			continue;
		bytes->data = hs_arena_copy(&capture->arena, bytes->data, bytes->length);
		if (!bytes->data)
			return -ENOMEM;
	}
	return 0;
}

int hs_capture_add(struct hs_capture *capture, enum hs_kind kind, const void *row)
{
	const struct hs_kind_info *info = hs_kind_info(kind);
	void *copy = hs_arena_copy(&capture->arena, row, info->row_bytes);

	if (!copy || copy_texts(capture, info, copy) || !hs_vec_push(&capture->rows, (struct hs_captured_row){ kind, copy }))
		return -ENOMEM;
	return 0;
}

void hs_capture_emit(const struct hs_capture *capture, struct hs_sink *sink, struct hs_identity *identity)
{
	uint32_t tid = (uint32_t)capture->tgid;
	uint32_t task = hs_identity_task(identity, capture->time, tid);
	uint32_t mm = hs_identity_mm(identity, capture->time, hs_identity_mm_of(identity, tid), tid);

	hs_vec_for_each(captured, &capture->rows) {
		void *row = hs_sink_row(sink, captured->kind, capture->time, task, mm);
		struct hs_row head = *(struct hs_row *)row;

		memcpy(row, captured->row, hs_kind_info(captured->kind)->row_bytes);
		*(struct hs_row *)row = head;
	}
}
