/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SMI_STREAM_H
#define HS_SMI_STREAM_H
/*
 * Live KFD SMI events: the text that the amdgpu driver writes into a descriptor per GPU (ioctl AMDKFD_IOC_SMI_EVENTS
 * of /dev/kfd), read as it comes. The driver drops lines silently when a descriptor's queue is full, so that it must
 * be read at once.
 */
#include <stddef.h>
#include <stdint.h>

#include "collectors/kernel_btf.h"
#include "lib/error.h"
#include "traces/kfd_smi.h"

struct hs_smi_stream;

/* As struct hs_rung's check: 0, or -errno with why there are no such descriptors for all processes here. */
int hs_smi_stream_check(struct hs_kernel_btf *types, struct hs_error *why);

/* Asks every GPU for its events. -errno as above. */
int hs_smi_stream_open(struct hs_smi_stream **out, struct hs_error *err);
/* Reads these descriptors, which become the stream's own and non-blocking. 0, -errno (they are closed then, too). */
int hs_smi_stream_adopt(const int *fds, size_t nr, struct hs_smi_stream **out, struct hs_error *err);
void hs_smi_stream_close(struct hs_smi_stream *stream);	/* accepts NULL */

size_t hs_smi_stream_nr_gpus(const struct hs_smi_stream *stream);
/* Becomes readable when there is something to read. */
int hs_smi_stream_fd(const struct hs_smi_stream *stream);

struct hs_smi_stream_losses {
	uint64_t unreadable;	/* lines that are no events of a known kind */
	uint64_t full;		/* times that a queue was so full that a line may have been dropped */
};

typedef void hs_smi_take(void *context, const struct hs_kfd_smi_event *event);

/*
 * Hands out all events that are there, valid until take returns; their times are what the line says, 0: nothing. Adds
 * to losses. The end of a descriptor is none of an error: it is not read any more.
 */
void hs_smi_stream_read(struct hs_smi_stream *stream, hs_smi_take *take, void *context,
			struct hs_smi_stream_losses *losses);

#endif
