/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_FIRE_H
#define HS_FIRE_H
/*
 * Raises an event of each source on purpose, harmlessly: with memory, a virtual machine and a network namespace
 * of this process's own. Meant for a process that exits afterwards.
 */
#include "bpf/event.h"

struct hs_fire {
	const char *what;		/* "touches a fresh page" */
	enum hs_record_type expected;	/* what must be seen then; HS_RECORD_NONE: program must have run */
	int (*fire)(void);		/* 0 or -errno: could not be raised here */
	const char *if_not;		/* what to do when fire fails */
	const char *program;		/* of bpf/, where running leaves no record */
};

/* What raises an event for a rung of a source, or NULL: nothing harmless does. */
const struct hs_fire *hs_fire_find(enum hs_ring_source source, const char *rung);

#endif
