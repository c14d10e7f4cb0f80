/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RECORD_OPTIONS_H
#define HS_RECORD_OPTIONS_H
/* The command line of `record` as the recorder wants it. */
#include <stdint.h>
#include <sys/types.h>

#include "cli/command.h"
#include "collectors/recorder.h"
#include "lib/vec.h"

struct hs_record_request {
	struct hs_recorder_options options;	/* points into the rest */
	uint64_t duration_ns;			/* 0: no end */
	char *const *command;			/* NULL: none */
	HS_VEC(pid_t) pids;
	uint8_t *closed_cpus;
	char *command_line;
};

/* 0, or an exit status after a message. Ends with deinit in either case. */
int hs_record_request_init(struct hs_record_request *request, const struct hs_arguments *arguments);
void hs_record_request_deinit(struct hs_record_request *request);

#endif
