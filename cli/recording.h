/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_RECORDING_H
#define HS_RECORDING_H
/*
 * What the commands that need BPF do: record_run.c and doctor_run.c, or without_recording.c in an OFFLINE
 * build, which has the same command line but can only say so.
 */
#include "cli/command.h"

int hs_record_run(const struct hs_arguments *arguments);
int hs_doctor_run(const struct hs_arguments *arguments);

#endif
