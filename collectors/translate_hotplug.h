/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TRANSLATE_HOTPLUG_H
#define HS_TRANSLATE_HOTPLUG_H
/* Records of hotplug steps (struct hs_record_hotplug) as rows of the hotplug kinds. */
#include "bpf/event.h"
#include "collectors/kernel_names.h"
#include "collectors/sink.h"

/* task is the id of the record's task. Rows made: 1. */
unsigned int hs_translate_hotplug(struct hs_sink *sink, const struct hs_kernel_names *names,
				  const struct hs_record_hotplug *record, uint32_t task);

#endif
