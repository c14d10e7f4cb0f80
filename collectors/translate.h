/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TRANSLATE_H
#define HS_TRANSLATE_H
/* Ring records become trace rows: ids for tids and mm addresses, names for numbers. Records come in time order. */
#include <stdint.h>
#include <sys/types.h>

#include "bpf/event.h"
#include "collectors/identity.h"
#include "collectors/kernel_names.h"
#include "collectors/sink.h"
#include "collectors/translate_hotplug.h"

struct hs_translator;

/* All are borrowed. */
int hs_translator_create(struct hs_sink *sink, struct hs_identity *identity, struct hs_kernel_names *names,
			 struct hs_translator **out, struct hs_error *err);
void hs_translator_destroy(struct hs_translator *translator);

void hs_translate(struct hs_translator *translator, const struct hs_record *record);

/* The pass is over, everything up to watermark has been translated: writes what waited for its end. */
void hs_translator_settle(struct hs_translator *translator, uint64_t watermark);

/* A process that has executed a file since the last call, or 0. */
pid_t hs_translator_next_exec(struct hs_translator *translator);

/* The part that knows the kernel's memory groups; owned by translator. */
struct hs_hotplug_translator *hs_translator_hotplug(const struct hs_translator *translator);

/* Rows made from records, by ring source: what was seen and not lost. */
uint64_t hs_translator_rows(const struct hs_translator *translator, enum hs_ring_source source);

#endif
