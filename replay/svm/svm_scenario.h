/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_SCENARIO_H
#define SVM_SCENARIO_H
/*
 * What a trace of a host without an AMD GPU cannot tell, as declared by the user: GPUs, which processes use
 * them, which of their memory is registered with which attributes, and when the GPUs touch it. It comes from a
 * scenario file (svm_scenario_file.c) or, for one region and one device, from the keys of a policy; what the
 * keys set wins. Without GPUs or a process nothing is replayed.
 */
#include "replay/policy.h"
#include "replay/svm/svm.h"
#include "traces/header.h"
#include "traces/kinds.h"

enum svm_select { SVM_SELECT_NONE, SVM_SELECT_COMM, SVM_SELECT_PID, SVM_SELECT_MM };

enum {
	SVM_SCENARIO_ATTRS = 32, SVM_SCENARIO_TEXT = 64, SVM_SCENARIO_REGIONS = 32, SVM_SCENARIO_DEVICES = 32,
	SVM_SCENARIO_CALLS = 64,
};

/* Tasks or an address space. */
struct svm_selector {
	enum svm_select kind;
	uint64_t number;		/* process id, address-space id */
	char text[SVM_SCENARIO_TEXT];	/* pattern of fnmatch on the command name */
};

struct svm_attr_list {
	struct hs_svm_attr items[SVM_SCENARIO_ATTRS];
	uint32_t count;
};

/* Memory that is registered when its mapping appears. */
struct svm_region {
	char name[SVM_SCENARIO_TEXT];
	unsigned int line;		/* in the file; 0: from keys */
	struct svm_selector process;
	bool is_none;			/* the process uses the GPUs, but registers nothing */
	uint64_t start, last;		/* pages: mappings that lie wholly inside count */
	uint64_t least;			/* pages */
	char file[SVM_SCENARIO_TEXT];	/* pattern of fnmatch on the mapping's name; "": private anonymous memory */
	uint64_t from, until;		/* ns since the start of the trace; registered at `from`, not after `until` */
	struct svm_attr_list attrs;
};

/* When a GPU touches memory. */
enum svm_device_rule {
	SVM_DEVICE_NONE,
	SVM_DEVICE_FOLLOW,	/* each registered page that a CPU fault touched, again after a delay */
	SVM_DEVICE_THREADS,	/* faults of matching threads are the GPU's */
	SVM_DEVICE_PROCESS,	/* faults of another process are the GPU's, at a distance */
	SVM_DEVICE_SWEEP,	/* passes over all registered pages */
	SVM_DEVICE_PATTERN,	/* listed accesses */
	SVM_DEVICE_TRACE,	/* faults of a process of another trace, at a distance */
};

/* One line of a pattern: which GPU touches what when. */
struct svm_pattern_touch {
	uint64_t time;		/* ns since the start of the trace */
	uint64_t page, nr_pages;
	uint32_t gpu;
	bool write;
};

/* Where a device's accesses were recorded, and how its clock becomes the trace's. */
struct svm_other_trace {
	bool is_by_boot, is_by_start;	/* asked for; neither: by boot if both were recorded in one boot of a host */
	bool is_guess;			/* both starts are taken for one moment */
	uint64_t start, boot_wall;	/* ns: as in its header */
};

struct svm_device {
	unsigned int line;
	uint32_t gpu;			/* index */
	enum svm_device_rule rule;
	uint64_t time;			/* ns: delay or period */
	struct svm_selector who;	/* threads, or the other process */
	uint64_t offset;		/* pages, modulo 2^64 */
	uint64_t stride, count;		/* of a sweep; count 0: all pages */
	bool is_random;
	uint64_t seed;
	HS_VEC(struct svm_pattern_touch) pattern;	/* by time */
	struct svm_other_trace trace;
};

/* A later call that sets attributes on what a region has registered by then. */
struct svm_attr_call {
	uint64_t time;			/* ns since the start of the trace */
	uint32_t region;		/* index; UINT32_MAX: all */
	struct svm_attr_list attrs;
	unsigned int line;
};

/* The user's own measured rates; 0: not given. */
struct svm_rates {
	double bytes_in_per_ns, bytes_out_per_ns;	/* that is GB/s */
	double ns_per_fault, ns_per_map, ns_per_flush, ns_per_stop;
};

struct svm_scenario {
	struct hs_svm_rules rules;
	bool variant_is_guess;
	struct hs_svm_gpu_setup gpus[HS_SVM_MAX_GPUS];
	char gpu_names[HS_SVM_MAX_GPUS][SVM_SCENARIO_TEXT];
	uint32_t nr_gpus;
	bool xnack;
	uint32_t granularity;
	uint64_t max_range_pages, system_limit_pages;
	uint64_t restore_tick;		/* ns: the worker's timer goes off at multiples of it; 0: at once */
	uint64_t restore_delay, retry_window, deferred_delay, retry_delay, ping_pong_window;	/* ns */
	uint64_t start_time;		/* ns: of the trace */
	uint64_t boot_wall;		/* ns since 1970: when its host booted; 0: unknown */

	struct svm_region regions[SVM_SCENARIO_REGIONS];
	uint32_t nr_regions;
	struct svm_device devices[SVM_SCENARIO_DEVICES];
	uint32_t nr_devices;
	struct svm_attr_call calls[SVM_SCENARIO_CALLS];
	uint32_t nr_calls;
	struct svm_rates rates;
	bool has_rates;
};

extern const struct hs_policy_key svm_scenario_keys[];

/*
 * The scenario of a policy; header may be NULL (then the variant is the default one). 0, -EINVAL with a sentence
 * naming the key, or the file and line, and what it may hold, or -ENOMEM. Release with svm_scenario_deinit.
 */
int svm_scenario_read(const struct hs_policy *policy, const struct hs_header *header, struct svm_scenario *scenario,
		      struct hs_error *err);
void svm_scenario_deinit(struct svm_scenario *scenario);

/* svm_scenario_file.c: adds what the policy's scenario file declares. */
int svm_scenario_read_file(const struct hs_policy *policy, struct svm_scenario *scenario, struct hs_error *err);

/* When the restore worker runs that is scheduled now; ns. schedule_delayed_work counts whole jiffies. */
uint64_t svm_restore_time(const struct svm_scenario *scenario, uint64_t now);

/* svm_scenario_words.c: values that files and keys share. False: not understood. Text may be cut in place. */
char *svm_next_item(char **list, const char *separators);	/* NULL at the end; empty items are skipped */
char *svm_cut_value(char *item, char separator);		/* the value, its name cut off; NULL: there is none */
bool svm_copy_text(char to[SVM_SCENARIO_TEXT], const char *from);
bool svm_find_gpu(const struct svm_scenario *scenario, const char *name, uint32_t *index);
bool svm_is_gpu_field(const char *name);
bool svm_read_gpu_field(struct hs_svm_gpu_setup *gpu, const char *name, const char *value);
void svm_init_gpu(struct hs_svm_gpu_setup *gpu, uint32_t index);
bool svm_read_attrs(const struct svm_scenario *scenario, struct svm_attr_list *attrs, char *list);
bool svm_read_selector(struct svm_selector *selector, const char *text);
/* By name or process id. */
bool svm_selects_task(const struct svm_selector *selector, const struct hs_meta_task *task);
void svm_init_region(struct svm_region *region);
bool svm_read_select(struct svm_region *region, char *list);

#define SVM_WANTED_ATTRS "access|in_place|none:GPU, preferred:GPU|ram|undef, prefetch:GPU|ram, gran:N, " \
	"flags:N|+NAME, clear_flags:N (of GPUs that are declared)"
#define SVM_WANTED_PROCESS "comm:PATTERN, pid:N or mm:N"
#define SVM_WANTED_SELECT "anon or file=PATTERN, min=BYTES, addr=START-END, or none"
#define SVM_GPU_FIELDS "vram, id, hive, device, kind, gc, coherent"
#define SVM_WANTED_GPU "vram=BYTES, id=N, hive=N, device=N, kind=dgpu|apu|apu_gtt, gc=N.N.N or coherent=on|off"

#endif
