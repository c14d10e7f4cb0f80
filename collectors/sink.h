/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SINK_H
#define HS_SINK_H
/*
 * Rows on their way to the trace file: gathered by kind, handed to the writer in batches. Errors stick: rows
 * may be asked for without looking, hs_sink_flush says whether all went well.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "traces/kinds.h"
#include "traces/writer.h"

struct hs_sink;

/* writer is borrowed and may be exchanged (rotation); call hs_sink_flush before. */
int hs_sink_create(struct hs_writer *writer, struct hs_sink **out, struct hs_error *err);
void hs_sink_set_writer(struct hs_sink *sink, struct hs_writer *writer);
void hs_sink_destroy(struct hs_sink *sink);

/*
 * A new row, zero but for its head, to be filled in before the next call. Texts and blobs that it points to
 * must live until the flush. A time before the kind's last one is raised to it. Never NULL.
 */
void *hs_sink_row(struct hs_sink *sink, enum hs_kind kind, uint64_t time, uint32_t task, uint32_t mm);

/* A copy of text (length bytes) that lives until the flush. */
struct hs_bytes hs_sink_text(struct hs_sink *sink, const void *text, size_t length);

/* Hands everything to the writer. */
int hs_sink_flush(struct hs_sink *sink, struct hs_error *err);

/* Rows so far that the writer has taken. */
uint64_t hs_sink_total(const struct hs_sink *sink);
/* Rows whose time had to be raised. */
uint64_t hs_sink_late(const struct hs_sink *sink);

#endif
