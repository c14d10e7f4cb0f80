/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TRANSLATE_HOTPLUG_H
#define HS_TRANSLATE_HOTPLUG_H
/* Records of hotplug (struct hs_record_hotplug and _write) as rows of the hotplug kinds. */
#include "bpf/event.h"
#include "collectors/kernel_names.h"
#include "collectors/sink.h"

struct hs_hotplug_translator;

/* sink and names are borrowed. NULL: out of memory. */
struct hs_hotplug_translator *hs_hotplug_translator_create(struct hs_sink *sink, const struct hs_kernel_names *names);
void hs_hotplug_translator_destroy(struct hs_hotplug_translator *translator);	/* accepts NULL */

/* The kernel's group at this address has that id, from now on. 0 or -ENOMEM. */
int hs_hotplug_translator_add_group(struct hs_hotplug_translator *translator, uint64_t address, int32_t id);
/* -1 for address 0, -2 for one that is not known. */
int32_t hs_hotplug_translator_group(const struct hs_hotplug_translator *translator, uint64_t address);

/*
 * task is the id of the record's task. Rows made: 1, or 0 for a write that only met a busy lock, or an access to no
 * file of ours.
 */
unsigned int hs_hotplug_translate(struct hs_hotplug_translator *translator, const struct hs_record *record,
				  uint32_t task);

#endif
