/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_SCENARIO_H
#define SVM_SCENARIO_H
/*
 * What a trace of a host without an AMD GPU cannot tell, as declared by the user through the keys of a
 * policy: GPUs, which process uses them, which of its memory is registered with which attributes, and when
 * the GPU touches it. Without GPUs or a process nothing is replayed.
 */
#include "replay/policy.h"
#include "replay/svm/svm.h"
#include "traces/header.h"

enum svm_select { SVM_SELECT_NONE, SVM_SELECT_COMM, SVM_SELECT_PID, SVM_SELECT_MM };

/* When the GPU touches registered memory. */
enum svm_device_rule {
	SVM_DEVICE_NONE,
	SVM_DEVICE_FOLLOW,	/* each page that a CPU fault touched, again after a delay */
	SVM_DEVICE_THREADS,	/* faults of threads with a matching name are the GPU's */
	SVM_DEVICE_SWEEP,	/* all registered pages, in order, once per period */
};

enum { SVM_SCENARIO_ATTRS = 32, SVM_SCENARIO_TEXT = 64 };

struct svm_scenario {
	struct hs_svm_rules rules;
	bool variant_is_guess;
	struct hs_svm_gpu_setup gpus[HS_SVM_MAX_GPUS];
	char gpu_names[HS_SVM_MAX_GPUS][SVM_SCENARIO_TEXT];
	uint32_t nr_gpus;
	bool xnack;
	uint32_t granularity;
	uint64_t max_range_pages, system_limit_pages;
	uint64_t restore_delay, retry_window, deferred_delay, retry_delay;	/* ns */

	enum svm_select select;
	uint64_t select_number;
	char select_text[SVM_SCENARIO_TEXT];	/* pattern of fnmatch */

	uint64_t region_start, region_last;	/* pages */
	uint64_t region_least;			/* pages */
	struct hs_svm_attr attrs[SVM_SCENARIO_ATTRS];
	uint32_t nr_attrs;

	enum svm_device_rule rule;
	uint64_t rule_time;			/* ns: delay or period */
	char rule_text[SVM_SCENARIO_TEXT];
	uint32_t device;			/* index of the GPU that touches */
};

extern const struct hs_policy_key svm_scenario_keys[];

/* 0 or -EINVAL, the sentence naming the key and what it may hold. */
int svm_scenario_read(const struct hs_policy *policy, const struct hs_header *header, struct svm_scenario *scenario,
		      struct hs_error *err);

#endif
