/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SVM_INSTANCE_H
#define SVM_INSTANCE_H
/* An instance of the model: a scenario and the processes it applies to. */
#include "lib/hash_map.h"
#include "replay/model.h"
#include "replay/svm/svm_process.h"

/* What a recorded GPU fault had to decide on, taken when it began. */
struct svm_fault_inputs {
	bool is_known;		/* false: no fault of this process is open, or its GPU is not in the scenario */
	bool has_left;		/* a migration to system memory was seen since */
	bool has_failed;	/* one that could not be made was */
	bool needs_migration;
	uint32_t gpu;		/* index of the one that faults */
	uint32_t actual_loc;
	int64_t location;	/* best restore location */
};

/* What the rules say of a recorded event. */
struct svm_expectation {
	bool is_known;		/* false: reason says why not */
	const char *result, *reason;	/* static */
	enum hs_basis basis;
};

/* Pieces of the migration that a task is making. */
struct svm_pieces {
	uint32_t task;
	bool is_open;		/* one has begun */
	bool has_silent;	/* one had no end */
	int32_t error;		/* of the last one, 0 or negative */
};

/* An invalidation that reached a range, and what has come of it. Pages, both ends inclusive. */
struct svm_invalidation {
	uint32_t task;
	uint64_t time;
	uint8_t event;			/* as in notifier.start */
	uint64_t range_first, range_last;	/* the range */
	uint64_t first, last;		/* what of it is invalidated */
	struct svm_expectation expected;
	bool has_stopped, has_unmapped;	/* recorded */
};

struct svm_slot {
	struct svm_process *process;
	struct svm_fault_inputs fault;
	uint64_t brk;			/* page behind the heap's end, 0: unknown */
	bool sees_sections;		/* invalidation sections of its address space are recorded */
	bool is_recorded_stopped;	/* queues, as recorded */
	uint32_t nr_other_stops;	/* of the first GPU's queues, for other reasons than SVM's */
	bool is_stop_unknown;		/* events were lost: whether they are stopped is not known */
	struct svm_pieces pieces;
	bool has_invalidation, has_ended_invalidation;
	struct svm_invalidation invalidation, ended_invalidation;	/* under way; over, and not yet told */
};

struct hs_model {
	struct svm_scenario scenario;
	const struct hs_policy *policy;
	struct hs_address_space *space;
	enum hs_mode mode;
	bool is_active;			/* there are GPUs and somebody to use them */
	struct hs_hash_map tasks;	/* task id: a bit per region that it belongs to, 32 bits up one per device */
	struct hs_hash_map files;	/* mapped object → a bit per region whose pattern its name fits */
	struct hs_hash_map slots;	/* key of a process: index in list */
	HS_VEC(struct svm_slot) list;	/* process NULL: ended */
	svm_decision_list decisions;	/* waiting for advance */
	HS_VEC(size_t) order;		/* of decisions, while they are given out */
	struct svm_totals ended;	/* of processes that are gone */
	uint64_t ended_hazards[HS_SVM_NR_HAZARDS];
	uint64_t first_time, last_time;	/* ns: of the events that were seen */
	uint64_t nr_processes;
	uint64_t contradictions;	/* recorded events that cannot be */
	char first_contradiction[160];
	hs_kind_set recorded;		/* kinds of the driver's own events */
	bool nomem;
};

/* Counts a contradiction; the first one is kept as a sentence. */
void svm_contradict(struct hs_model *model, const struct hs_row *row, const char *what);

/* svm_recorded.c: validate, from the driver's own events */
void svm_add_recorded_kinds(hs_kind_set *kinds);
int svm_ask_recorded(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		     struct hs_decision *recorded);
/* What an event has shown to be over: as ask_after. */
int svm_ask_ended(struct hs_model *model, const struct hs_event *event, union hs_request_storage *request,
		  struct hs_decision *recorded);
void svm_decide_recorded(const struct hs_model *model, const struct hs_request *request,
			 struct hs_decision *decision);
void svm_observe_recorded(struct hs_model *model, const struct hs_event *event);

/* svm_events.c */
void svm_apply_event(struct hs_model *model, struct svm_slot *slot, const struct hs_event *event);
void svm_apply_foreign_fault(struct hs_model *model, const struct hs_event *event);
/* Devices of the scenario that a task's faults stand for, a bit each. */
uint32_t svm_devices_of(const struct hs_model *model, uint32_t task);

/* svm_summary.c */
int svm_dump(const struct hs_model *model, FILE *out);
void svm_summarize(const struct hs_model *model, void (*add)(void *context, const char *name, double value),
		   void *context);
uint64_t svm_problems(const struct hs_model *model, FILE *out);
void svm_keep_totals(struct hs_model *model, const struct svm_slot *slot);	/* of a process that ends */

/* The process of an event, by its address space, else by its task; made if `make` and the scenario has GPUs. */
struct svm_slot *svm_slot_of(struct hs_model *model, const struct hs_row *row, bool make);

#endif
