/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_HOTPLUG_STATE_BPF_H
#define HS_HOTPLUG_STATE_BPF_H
/* What the programs of hotplug keep about a task, and how they write records. Defined in hotplug.bpf.c. */
#include "bpf/compat.bpf.h"
#include "bpf/ring.bpf.h"

#ifndef HS_HOTPLUG_SHARED
#define HS_HOTPLUG_SHARED extern
#endif

/* Functions of a task that have been entered and not left. */
enum step { STEP_BLOCK, STEP_ADD, STEP_REMOVE, STEP_OFFLINE_AND_REMOVE, STEP_WRITE, STEP_POISON, NR_STEPS };

struct hotplug_state {
	u64 entered[NR_STEPS];	/* time, 0: not entered */
	s64 nr_poisoned;	/* num_poisoned_pages when STEP_POISON began */
	u64 add_start, add_size;	/* of STEP_ADD's resource, bytes */
	const char *add_name;
	bool has_seen_chain;	/* the run of the memory chain inside memory_notify was recorded */
	bool has_reported_add;	/* the inner one of nested calls that add memory was recorded */
};

struct hs_hotplug_states_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct hotplug_state);
};
HS_HOTPLUG_SHARED struct hs_hotplug_states_map hotplug_states SEC(".maps");

static __always_inline struct hotplug_state *hotplug_state_of(u64 flags)
{
	return bpf_task_storage_get(&hotplug_states, bpf_get_current_task_btf(), 0, flags);
}

static __always_inline struct hotplug_state *hotplug_enter(enum step step)
{
	struct hotplug_state *state = hotplug_state_of(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (state)
		state->entered[step] = bpf_ktime_get_boot_ns();
	return state;
}

static __always_inline u64 hotplug_leave(enum step step)
{
	struct hotplug_state *state = hotplug_state_of(0);
	u64 entered = state ? state->entered[step] : 0;

	if (state)
		state->entered[step] = 0;
	return entered;
}

static __always_inline bool hotplug_is_in(const struct hotplug_state *state, enum step step)
{
	return state && state->entered[step];
}

static __always_inline struct hs_record_hotplug *hotplug_reserve(void)
{
	struct hs_record_hotplug *record = RESERVE(HS_RING_HOTPLUG, hs_record_hotplug);

	if (!record)
		return 0;
	record->head.mm = 0;
	record->entry_time = 0;
	record->ret = 0;
	__builtin_memset(record->field, 0, sizeof(record->field));
	record->name[0] = 0;
	return record;
}

static __always_inline void hotplug_commit(struct hs_record_hotplug *record, u32 type, u16 small)
{
	COMMIT(record, type, small, (u32)bpf_get_current_pid_tgid());
}

#endif
