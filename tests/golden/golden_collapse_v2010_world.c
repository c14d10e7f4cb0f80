// SPDX-License-Identifier: GPL-2.0-only
#include "tests/golden/golden_collapse_v2010_world.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/golden.h"

json_t *world_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	return json_string(text);
}

/* An address: "0x…", or a plain number. */
static bool read_number(const json_t *value, uint64_t *number)
{
	const char *text = json_string_value(value);
	char *end;

	*number = 0;
	if (json_is_integer(value))
		*number = (uint64_t)json_integer_value(value);
	if (!text)
		return json_is_integer(value);
	*number = strtoull(text, &end, 0);
	return *text && !*end;
}

bool world_has_number(const json_t *object, const char *field)
{
	uint64_t number;

	return read_number(json_object_get(object, field), &number);
}

uint64_t world_number(const json_t *object, const char *field)
{
	uint64_t number;

	read_number(json_object_get(object, field), &number);
	return number;
}

uint32_t world_find_mm(const struct world *world, const char *name)
{
	for (unsigned int i = 0; i < world->nr_mms; i++) {
		if (strcmp(world->mms[i].name, name) == 0)
			return i + 1;
	}
	return 0;
}

struct mm *world_mm(struct world *world, uint32_t id)
{
	return id ? &world->mms[id - 1] : NULL;
}

uint32_t world_add_mm(struct world *world, const char *name)
{
	uint32_t id = world_find_mm(world, name);
	struct mm *mm;

	if (!id && world->nr_mms < MAX_MMS && strlen(name) < MAX_NAME)
		id = ++world->nr_mms;
	mm = world_mm(world, id);
	if (!mm || mm->exists)
		return 0;
	strcpy(mm->name, name);
	mm->exists = mm->has_memory = true;
	mm->users = 1;
	return id;
}

int world_vma_flags(const char *letters, uint32_t *flags)
{
	if (letters[strspn(letters, "ahof")])
		return -1;
	*flags = HS_THP_VMA_WRITE;
	for (; *letters; letters++)
		*flags |= *letters == 'a' ? HS_THP_VMA_ANON_VMA : *letters == 'h' ? HS_THP_VMA_HUGEPAGE :
			  *letters == 'o' ? HS_THP_VMA_OPS : HS_THP_VMA_FILE;
	return 0;
}

int world_add_vma(struct mm *mm, uint64_t start, uint64_t end, const char *flags)
{
	struct hs_thp_vma vma = { .start = start, .end = end };
	size_t at;

	if (world_vma_flags(flags, &vma.flags) || !hs_vec_push(&mm->vmas, vma))
		return -1;
	for (at = mm->vmas.count - 1; at && mm->vmas.items[at - 1].start > start; at--)
		mm->vmas.items[at] = mm->vmas.items[at - 1];
	mm->vmas.items[at] = vma;
	return 0;
}

struct hs_thp_vma *world_find_vma(struct mm *mm, uint64_t start)
{
	hs_vec_for_each(vma, &mm->vmas) {
		if (vma->start == start)
			return vma;
	}
	return NULL;
}

struct range *world_find_range(struct mm *mm, uint64_t address)
{
	hs_vec_for_each(range, &mm->ranges) {
		if (range->address == address)
			return range;
	}
	return NULL;
}

void world_remove_vma(struct world *world, struct mm *mm, uint64_t start)
{
	const uint64_t bytes = (uint64_t)world->nr << HS_COLLAPSE_PAGE_SHIFT;
	struct hs_thp_vma *vma = world_find_vma(mm, start);
	uint64_t end;

	if (!vma)
		return;
	end = vma->end;
	memmove(vma, vma + 1, (size_t)(mm->vmas.items + mm->vmas.count - vma - 1) * sizeof(*vma));
	mm->vmas.count--;
	hs_vec_for_each(range, &mm->ranges) {
		if (range->address >= start && range->address + bytes <= end)
			range->pmd = HS_PMD_NONE;
	}
}

bool world_is_letter(char letter)
{
	return letter && strchr("nwrzpflucxytgqskb", tolower((unsigned char)letter));
}

static int parse_letters(struct range *range, unsigned int nr, const char *text)
{
	unsigned int filled = 0;

	while (*text) {
		char *end;
		unsigned long count;

		if (!world_is_letter(*text))
			return -1;
		count = strtoul(text + 1, &end, 10);
		if (end == text + 1 || count > nr - filled)
			return -1;
		memset(range->letters + filled, *text, count);
		filled += (unsigned int)count;
		text = end + strspn(end, " ");
	}
	range->pmd = HS_PMD_TABLE;
	return filled == nr ? 0 : -1;
}

static int parse_range(struct range *range, unsigned int nr, const char *text)
{
	static const struct {
		const char *word;
		enum hs_pmd_state pmd;
	} words[] = {
		{ "none", HS_PMD_NONE }, { "nopud", HS_PMD_UPPER_ABSENT }, { "nopgd", HS_PMD_UPPER_ABSENT },
		{ "huge", HS_PMD_HUGE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, text) == 0) {
			range->pmd = words[i].pmd;
			return 0;
		}
	}
	return parse_letters(range, nr, text);
}

int world_set_range(struct world *world, struct mm *mm, uint64_t address, const char *text)
{
	struct range fresh = { .address = address }, *range = world_find_range(mm, address);
	size_t at;

	if (!range) {
		if (!hs_vec_push(&mm->ranges, fresh))
			return -1;
		for (at = mm->ranges.count - 1; at && mm->ranges.items[at - 1].address > address; at--)
			mm->ranges.items[at] = mm->ranges.items[at - 1];
		range = &mm->ranges.items[at];
		*range = fresh;
	}
	return parse_range(range, world->nr, text);
}

int world_set_scripts(struct world *world, const json_t *object)
{
	static const char *const names[NR_SCRIPTS] = { "alloc", "slot_alloc", "charge", "thread_create" };
	int given = 0;

	for (int i = 0; i < NR_SCRIPTS; i++) {
		const char *answers = golden_text(object, names[i], NULL);

		if (!answers && !json_object_get(object, names[i]))
			continue;
		if (!answers || answers[strspn(answers, "01")])
			return -1;
		free(world->scripts[i].answers);
		world->scripts[i] = (struct script){ .answers = strdup(answers) };
		given++;
	}
	return given;
}

bool world_next_answer(struct world *world, enum script_kind kind)
{
	struct script *script = &world->scripts[kind];

	if (!script->answers || !script->answers[script->at])
		return true;
	return script->answers[script->at++] == '1';
}

int world_refs(struct world *world, const struct mm *mm)
{
	const uint32_t id = (uint32_t)(mm - world->mms) + 1;

	return (mm->has_memory ? 1 : 0) + (hs_khugepaged_slot_of(&world->daemon, id) ? 1 : 0);
}

static void free_if_unused(struct world *world, struct mm *mm)
{
	if (world_refs(world, mm) == 0) {
		mm->exists = false;
		hs_khugepaged_forget(&world->daemon, (uint32_t)(mm - world->mms) + 1);
	}
}

void world_tear_down(struct world *world, struct mm *mm)
{
	mm->has_memory = false;
	mm->rss_added = 0;
	hs_vec_clear(&mm->vmas);
	hs_vec_clear(&mm->ranges);
	free_if_unused(world, mm);
}

static int add_setup_mm(struct world *world, const char *name, const json_t *setup)
{
	const json_t *vma, *text;
	const char *address;
	size_t i;
	struct mm *mm = world_mm(world, world_add_mm(world, name));

	if (!mm)
		return -1;
	json_array_foreach(json_object_get(setup, "vmas"), i, vma) {
		const char *flags = json_string_value(json_array_get(vma, 2));
		uint64_t start, end;

		if (!read_number(json_array_get(vma, 0), &start) || !read_number(json_array_get(vma, 1), &end) ||
		    !flags || world_add_vma(mm, start, end, flags))
			return -1;
	}
	json_object_foreach(json_object_get(setup, "ranges"), address, text) {
		if (!json_is_string(text) ||
		    world_set_range(world, mm, strtoull(address, NULL, 0), json_string_value(text)))
			return -1;
	}
	return 0;
}

static int set_tunable(struct world *world, const char *name, const json_t *value)
{
	char file[64], text[32];

	snprintf(file, sizeof(file), "khugepaged/%s", name);
	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else if (json_is_integer(value) || json_is_boolean(value))
		snprintf(text, sizeof(text), "%lld", json_integer_value(value) + json_is_true(value));
	else
		return -1;
	return hs_collapse_tunables_store(&world->tunables, &world->rules, file, text, strlen(text));
}

int world_init(struct world *world, const json_t *one_case)
{
	const json_t *setup = json_object_get(one_case, "setup"), *value;
	const char *name;

	memset(world, 0, sizeof(*world));
	world->nr = (unsigned int)golden_int(one_case, "nr", 512);
	if (world->nr < 8 || world->nr > HS_BITMAP512_BITS || (world->nr & (world->nr - 1)))
		return -1;
	hs_collapse_rules_init(&world->rules, HS_VARIANT_V2010);
	hs_collapse_tunables_init(&world->tunables, world->nr);
	hs_khugepaged_init(&world->daemon, &world->rules, &world->tunables, &world_ops, world);
	world->daemon.slot_cache_missing = golden_int(setup, "slot_cache", 1) == 0;
	if (world_set_scripts(world, setup) < 0)
		return -1;
	json_object_foreach(json_object_get(setup, "tunables"), name, value) {
		if (set_tunable(world, name, value))
			return -1;
	}
	json_object_foreach(json_object_get(setup, "mms"), name, value) {
		if (add_setup_mm(world, name, value))
			return -1;
	}
	return 0;
}

void world_deinit(struct world *world)
{
	hs_khugepaged_deinit(&world->daemon);
	for (int i = 0; i < NR_SCRIPTS; i++)
		free(world->scripts[i].answers);
	for (unsigned int i = 0; i < world->nr_mms; i++) {
		hs_vec_deinit(&world->mms[i].vmas);
		hs_vec_deinit(&world->mms[i].ranges);
	}
}

/* --- what the daemon asks --- */

static unsigned int mm_state(void *context, uint32_t id)
{
	return world_mm(context, id)->users ? 0 : HS_THP_MM_EXITING;
}

static bool find_vma(void *context, uint32_t id, uint64_t address, struct hs_thp_vma *found)
{
	hs_vec_for_each(vma, &world_mm(context, id)->vmas) {
		if (vma->end > address) {
			*found = *vma;
			return true;
		}
	}
	return false;
}

static void set_planes(struct hs_pte_map *ptes, unsigned int i, char letter)
{
	static const struct {
		char letter;
		uint32_t planes;
	} kinds[] = {
#define BIT(name) (1u << HS_PTE_##name)
		{ 'n', BIT(NONE) }, { 'w', 0 }, { 'r', BIT(READ_ONLY) },
		{ 'z', BIT(ZERO) | BIT(READ_ONLY) | BIT(NO_PAGE) }, { 'p', BIT(NO_PAGE) }, { 'f', BIT(NOT_ANON) },
		{ 'l', BIT(LOCKED) }, { 'u', BIT(OFF_LRU) }, { 'c', BIT(EXTRA_REF) },
		{ 'x', BIT(OFF_LRU) | BIT(LOCKED) }, { 'y', BIT(LOCKED) | BIT(NOT_ANON) },
		{ 't', BIT(LOCKED) | BIT(EXTRA_REF) }, { 'g', BIT(OFF_LRU) | BIT(EXTRA_REF) },
		{ 'q', BIT(NOT_ANON) | BIT(EXTRA_REF) }, { 's', BIT(SWAP) }, { 'k', BIT(COMPOUND) },
		{ 'b', BIT(NOT_SWAP_BACKED) },
#undef BIT
	};
	const char lower = (char)tolower((unsigned char)letter);

	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
		if (kinds[kind].letter != lower)
			continue;
		for (unsigned int plane = 0; plane < HS_NR_PTE_PLANES; plane++) {
			if (kinds[kind].planes & 1u << plane)
				hs_bitmap512_set(&ptes->plane[plane], i);
		}
	}
	if (letter == lower && lower != 'n' && lower != 's')
		hs_bitmap512_set(&ptes->plane[HS_PTE_YOUNG], i);
}

static void read_range(void *context, uint32_t id, uint64_t address, struct hs_thp_range *range)
{
	struct world *world = context;
	const struct range *found = world_find_range(world_mm(world, id), address);

	*range = (struct hs_thp_range){ .pmd = found ? found->pmd : HS_PMD_NONE };
	if (range->pmd != HS_PMD_TABLE)
		return;
	memset(&world->ptes, 0, sizeof(world->ptes));
	for (unsigned int i = 0; i < world->nr; i++)
		set_planes(&world->ptes, i, found->letters[i]);
	range->ptes = &world->ptes;
}

static bool allocate(void *context, unsigned int order, bool may_wait)
{
	struct world *world = context;

	(void)order;
	(void)may_wait;
	return world_next_answer(world, SCRIPT_ALLOC);
}

static bool charge(void *context, uint32_t id)
{
	(void)id;
	return world_next_answer(context, SCRIPT_CHARGE);
}

static bool set_lock(void *context, uint32_t id, enum hs_thp_lock lock)
{
	struct world *world = context;
	struct mm *mm = world_mm(world, id);

	world->locked_mm = lock == HS_THP_UNLOCK ? 0 : id;
	/* An exit that had to wait for the lock. */
	if (lock == HS_THP_UNLOCK && mm->exists && !mm->users && mm->has_memory)
		world_tear_down(world, mm);
	return true;
}

static void collapsed(void *context, const struct hs_thp_collapsed *done)
{
	struct world *world = context;
	struct mm *mm = world_mm(world, done->mm);

	world_find_range(mm, done->address)->pmd = HS_PMD_HUGE;
	mm->rss_added += done->zeroed;
}

static bool allocate_slot(void *context)
{
	return world_next_answer(context, SCRIPT_SLOT);
}

static bool create_thread(void *context)
{
	return world_next_answer(context, SCRIPT_THREAD);
}

static void slot_freed(void *context, uint32_t id)
{
	free_if_unused(context, world_mm(context, id));
}

static const char *const point_names[HS_NR_THP_POINTS] = {
	"lock", "vma", "range", "unlocked", "detached", "end", "step", "alloc",
};

bool world_events_are_known(const struct world *world)
{
	const json_t *event;
	size_t i, known = 0;

	json_array_foreach(world->during, i, event) {
		for (int point = 0; point < HS_NR_THP_POINTS; point++)
			known += strcmp(golden_text(event, "point", ""), point_names[point]) == 0 &&
				 golden_int(event, "n", 0) > 0 && json_is_object(json_object_get(event, "do"));
	}
	return known == json_array_size(world->during);
}

static void at_point(void *context, enum hs_thp_point point)
{
	struct world *world = context;
	const unsigned int n = ++world->struck[point];
	const json_t *event;
	size_t i;

	world->detached_mm = point == HS_THP_AT_DETACHED ? world->locked_mm : 0;
	json_array_foreach(world->during, i, event) {
		if (strcmp(golden_text(event, "point", ""), point_names[point]) || golden_int(event, "n", 0) != n)
			continue;
		world_log(world, json_pack("{ss ss si}", "d", "event", "point", point_names[point], "n", (int)n));
		world->strike(world, json_object_get(event, "do"));
	}
	world->detached_mm = 0;
}

/* --- what it decides --- */

void world_log(struct world *world, json_t *entry)
{
	json_array_append_new(world->log, entry);
}

static const char *short_name(enum hs_collapse_result result)
{
	return hs_collapse_result_name(result) + sizeof("SCAN_") - 1;
}

static bool log_assertion(struct world *world, enum hs_thp_assertion assertion)
{
	if (assertion == HS_THP_NO_ASSERTION || assertion == HS_THP_NULL_VMA)
		return false;
	world_log(world, json_pack("{ss ss}", "d", "assert", "r", hs_thp_assertion_name(assertion)));
	world->has_ended = true;
	return true;
}

static void scanned(void *context, uint32_t id, uint64_t address, const struct hs_scan_outcome *outcome)
{
	struct world *world = context;
	json_t *entry;

	(void)id;
	if (log_assertion(world, outcome->assertion))
		return;
	entry = json_pack("{ss so ss}", "d", "scan", "at", world_hex(address), "r",
			  outcome->is_attempt ? "attempt" : short_name(outcome->result));
	if (outcome->has_table)
		json_object_update_new(entry, json_pack("{si si}", "i", (int)outcome->index, "none", (int)outcome->none));
	world_log(world, entry);
}

static void attempted(void *context, const struct hs_attempt_request *request,
		      const struct hs_attempt_outcome *outcome)
{
	struct world *world = context;
	const bool would_fault = outcome->assertion == HS_THP_NULL_VMA;
	json_t *entry;

	if (log_assertion(world, outcome->assertion))
		return;
	entry = json_pack("{ss so ss}", "d", "collapse", "at", world_hex(request->address), "r",
			  would_fault ? "would_fault" : short_name(outcome->result));
	if (outcome->step == HS_THP_STEP_NONE)
		json_object_update_new(entry, json_pack("{si si}", "copied", (int)outcome->copied,
							"zeroed", (int)outcome->zeroed));
	else
		json_object_set_new(entry, "step", json_string(hs_thp_step_name(outcome->step)));
	if (outcome->step == HS_THP_STEP_ISOLATE)
		json_object_update_new(entry, json_pack("{si si}", "i", (int)outcome->isolate.index,
							"none", (int)outcome->isolate.none));
	world_log(world, entry);
	world->has_ended |= would_fault;
}

static json_t *mm_name(struct world *world, uint32_t id)
{
	return id ? json_string(world_mm(world, id)->name) : json_null();
}

static json_t *record_entry(struct world *world, const struct hs_khugepaged_record *record)
{
	const long long number = (long long)record->number;

	switch (record->event) {
	case HS_KHUGEPAGED_WAKE_QUEUE:
		return json_pack("{ss ss si}", "d", "wake", "how", "queue", "waiting", record->flag);
	case HS_KHUGEPAGED_WAKE_TASK:
		return json_pack("{ss ss si}", "d", "wake", "how", "task", "ends_sleep", record->flag);
	case HS_KHUGEPAGED_ALLOC:
		return json_pack("{ss ss sI}", "d", "alloc", "r", record->flag ? "ok" : "fail", "wait", number);
	case HS_KHUGEPAGED_VISIT:
		return json_pack("{ss so so sI}", "d", "visit", "mm", mm_name(world, record->mm),
				 "at", world_hex(record->address), "budget", number);
	case HS_KHUGEPAGED_VMA:
		return json_pack("{ss so ss}", "d", "vma", "at", world_hex(record->address), "r", record->reason);
	case HS_KHUGEPAGED_LEAVE:
		return json_pack("{ss so ss so si sI}", "d", "leave", "mm", mm_name(world, record->mm),
				 "r", record->reason, "next", mm_name(world, record->next), "freed", record->flag,
				 "full", number);
	case HS_KHUGEPAGED_STAY:
		return json_pack("{ss so ss so}", "d", "stay", "mm", mm_name(world, record->mm),
				 "r", record->reason, "at", world_hex(record->address));
	case HS_KHUGEPAGED_PROGRESS:
		return json_pack("{ss sI}", "d", "progress", "n", number);
	case HS_KHUGEPAGED_PASS_END:
		return json_pack("{ss ss sI}", "d", "pass_end", "r", record->reason, "head", number);
	case HS_KHUGEPAGED_FREE_PAGE:
		return json_pack("{ss}", "d", "free_page");
	case HS_KHUGEPAGED_SLEEP:
		return json_pack("{ss ss sI}", "d", "sleep", "kind", record->reason, "ms", number);
	case HS_KHUGEPAGED_WAIT:
		return json_pack("{ss}", "d", "wait");
	case HS_KHUGEPAGED_PAUSE:
		return json_pack("{ss}", "d", "pause");
	case HS_KHUGEPAGED_THREAD:
		return json_pack("{ss ss}", "d", "thread", "r", record->reason);
	case HS_KHUGEPAGED_HALT:
		return json_pack("{ss ss}", "d", "assert", "r", record->reason);
	}
	return json_null();
}

static void record(void *context, const struct hs_khugepaged_record *told)
{
	struct world *world = context;

	/* What a scan or a collapse met is in the log already. */
	if (told->event == HS_KHUGEPAGED_HALT && world->has_ended)
		return;
	world->has_ended |= told->event == HS_KHUGEPAGED_HALT;
	world_log(world, record_entry(world, told));
}

const struct hs_khugepaged_ops world_ops = {
	.base = { .mm_state = mm_state, .find_vma = find_vma, .read_range = read_range, .allocate = allocate,
		  .charge = charge, .lock = set_lock, .collapsed = collapsed, .at = at_point, .scanned = scanned,
		  .attempted = attempted },
	.allocate_slot = allocate_slot, .create_thread = create_thread, .slot_freed = slot_freed, .record = record,
};
