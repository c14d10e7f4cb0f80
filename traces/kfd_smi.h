/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KFD_SMI_H
#define HS_KFD_SMI_H
/*
 * Lines of the amdgpu driver's SMI event descriptor (kfd_smi_events.c, KFD_EVENT_FMT_* of kfd_ioctl.h)
 * as rows of the svm.* kinds: "ID FIELDS\n", ID in hexadecimal. Every kernel's form of a line is accepted:
 * MIGRATE_END with or without an error, QUEUE_RESTORE with or without its flag, GPU resets with or
 * without a cause.
 *
 * Not done here: who the process is (pid is the number in the line), and a time for the lines that carry
 * none (VMFAULT, PROCESS, THERMAL, GPU resets have time 0).
 */
#include "lib/error.h"
#include "traces/kinds.h"

/* Since when a form of line is printed; a later kernel prints the same until another form replaces it. */
enum hs_kfd_smi_form { HS_KFD_SMI_6_1, HS_KFD_SMI_6_12, HS_KFD_SMI_6_18, HS_NR_KFD_SMI_FORMS };

struct hs_kfd_smi_event {
	unsigned int kind;	/* HS_KIND_svm_* */
	int32_t pid;		/* as printed, 0: the line names none */
	uint8_t since, until;	/* enum hs_kfd_smi_form: kernels that print such a line */
	union {
		struct hs_row row;
		struct hs_svm_vmfault vmfault;
		struct hs_svm_migrate_start migrate_start;
		struct hs_svm_migrate_end migrate_end;
		struct hs_svm_fault_start fault_start;
		struct hs_svm_fault_end fault_end;
		struct hs_svm_evict evict;
		struct hs_svm_restore restore;
		struct hs_svm_unmap unmap;
		struct hs_svm_process process;
		struct hs_svm_throttle throttle;
		struct hs_svm_reset reset;
	};
};

/* Longest line of any kernel with its newline (KFD_SMI_EVENT_MSG_SIZE). */
enum { HS_KFD_SMI_LINE = 96 };

/*
 * Parses one line (a trailing newline is fine). Text fields point into the line. 0; -EINVAL not a line
 * of this form; -ENOENT an event id this build does not know.
 */
int hs_kfd_smi_parse(const char *line, struct hs_kfd_smi_event *event, struct hs_error *err);

#endif
