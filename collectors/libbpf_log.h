/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LIBBPF_LOG_H
#define HS_LIBBPF_LOG_H
/*
 * What libbpf says while it works, kept instead of printed: the true reason of a failure and the verifier's log
 * are only there. libbpf's print hook has no argument, so there is one log per thread.
 */
#include <stdbool.h>
#include <stddef.h>

/* From now on libbpf's messages are kept. */
void hs_libbpf_log_start(void);
void hs_libbpf_log_clear(void);
/* What was said since the last clear, owned by the caller; NULL: nothing, or out of memory. */
char *hs_libbpf_log_take(void);
/* Name of the program that the last failed load stumbled over. */
bool hs_libbpf_log_culprit(char *name, size_t size);

#endif
