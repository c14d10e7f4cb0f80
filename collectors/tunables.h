/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TUNABLES_H
#define HS_TUNABLES_H
/*
 * The host's settings for memory management: every readable file below /sys/kernel/mm and /proc/sys/vm, the
 * parameters of memory_hotplug, and the files of /sys/devices/system/memory itself. Named by their paths below
 * these directories ("transparent_hugepage/enabled", "swappiness", "online_policy", "auto_online_blocks").
 * Counters and lists that live there too are left out.
 */
#include <stdbool.h>
#include <stdint.h>

#include "collectors/capture.h"

struct hs_tunables;

/* are_settings_told: probes record each write to a setting of huge pages (bpf/settings.bpf.c). */
int hs_tunables_create(bool are_settings_told, struct hs_tunables **out, struct hs_error *err);
void hs_tunables_destroy(struct hs_tunables *tunables);

/* Reads all again and adds a snap.tunable row for each. 0 or -ENOMEM. */
int hs_tunables_capture(struct hs_tunables *tunables, uint64_t now, struct hs_capture *capture);

/*
 * Reads again what nobody tells; what has a new value becomes a meta.tunable row. are_told_lost: some of what probes
 * tell was lost since the last time: those files are read too, and have a row whatever they say. 0 or -ENOMEM.
 */
int hs_tunables_poll(struct hs_tunables *tunables, uint64_t now, bool are_told_lost, struct hs_capture *capture);

#endif
