// SPDX-License-Identifier: GPL-2.0-only
/* Golden cases of the first khugepaged: maps a case's operations to calls of replay/collapse. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/golden.h"
#include "tests/golden/golden_collapse_v2010_world.h"

/* An operation under way; *ret stays NULL when there is nothing to return. */
struct operation {
	struct world *world;
	const json_t *json;
	uint32_t id;
	struct mm *mm;
	json_t *ret;
};

static struct hs_thp_vma *vma_of(struct operation *op)
{
	return world_find_vma(op->mm, world_number(op->json, "vma"));
}

static void log_enter(struct operation *op, enum hs_thp_enter entered, enum hs_thp_refusal why)
{
	const char *reason = entered == HS_THP_ENTER_REGISTERED ? "registered" :
			     entered == HS_THP_ENTER_ALREADY ? "already" :
			     entered == HS_THP_ENTER_NO_MEMORY ? "no_memory" : hs_thp_refusal_name(why);

	world_log(op->world, json_pack("{ss ss ss}", "d", "enter", "mm", op->mm->name, "r", reason));
	op->ret = json_integer(entered == HS_THP_ENTER_NO_MEMORY ? -ENOMEM : 0);
}

static int do_enter(struct operation *op)
{
	struct hs_thp_vma *vma = vma_of(op);
	enum hs_thp_refusal why;
	enum hs_thp_enter entered;

	if (!vma)
		return -1;
	entered = hs_khugepaged_enter_vma(&op->world->daemon, op->id, vma, &why);
	log_enter(op, entered, why);
	return 0;
}

static int do_enter_raw(struct operation *op)
{
	log_enter(op, hs_khugepaged_enter(&op->world->daemon, op->id), HS_THP_ALLOWED);
	return 0;
}

static int do_merge(struct operation *op)
{
	struct hs_thp_vma *vma = vma_of(op);
	enum hs_thp_refusal why;
	enum hs_thp_enter entered;

	if (!vma)
		return -1;
	entered = hs_khugepaged_enter_merge(&op->world->daemon, op->id, vma, &why);
	log_enter(op, entered, why);
	return 0;
}

static int do_fork(struct operation *op)
{
	struct world *world = op->world;
	const uint32_t parent = world_find_mm(world, golden_text(op->json, "parent", ""));
	const uint32_t child = world_add_mm(world, golden_text(op->json, "mm", ""));
	enum hs_thp_enter entered;

	if (!parent || !child)
		return -1;
	entered = hs_khugepaged_fork(&world->daemon, parent, child);
	world_log(world, json_pack("{ss ss ss}", "d", "fork", "mm", world_mm(world, child)->name, "r",
				   entered == HS_THP_ENTER_REGISTERED ? "registered" :
				   entered == HS_THP_ENTER_NO_MEMORY ? "no_memory" : "parent_unregistered"));
	if (entered == HS_THP_ENTER_NO_MEMORY) {
		world_mm(world, child)->users = 0;
		world_tear_down(world, world_mm(world, child));
	}
	op->ret = json_integer(entered == HS_THP_ENTER_NO_MEMORY ? -ENOMEM : 0);
	return 0;
}

static int do_exit(struct operation *op)
{
	static const char *const names[] = {
		[HS_THP_EXIT_UNREGISTERED] = "unregistered", [HS_THP_EXIT_UNLINKED] = "unlinked",
		[HS_THP_EXIT_LEFT_TO_DAEMON] = "left_to_daemon",
	};
	struct world *world = op->world;
	const char *reason = "users_left";
	bool waits = false;

	if (--op->mm->users == 0) {
		enum hs_thp_exit left = hs_khugepaged_exit(&world->daemon, op->id);

		reason = names[left];
		waits = left == HS_THP_EXIT_LEFT_TO_DAEMON && world->locked_mm == op->id;
		if (world->locked_mm != op->id)
			world_tear_down(world, op->mm);
	}
	world_log(world, json_pack("{ss ss ss si}", "d", "exit", "mm", op->mm->name, "r", reason, "waits", waits));
	return 0;
}

static int do_store(struct operation *op)
{
	const char *text = golden_text(op->json, "text", "");
	char file[64];
	int status;

	snprintf(file, sizeof(file), "khugepaged/%s", golden_text(op->json, "file", ""));
	status = hs_khugepaged_store(&op->world->daemon, file, text, strlen(text));
	if (status == -ENOENT)
		return -1;
	world_log(op->world, json_pack("{ss ss}", "d", "store", "r",
				       status == 0 ? "ok" : status == -ENOMEM ? "ENOMEM" : "EINVAL"));
	op->ret = json_integer(status ? status : (json_int_t)strlen(text));
	return 0;
}

/* Operations that are given a huge page silently where there is none. */
static void lend_page(struct world *world)
{
	world->daemon.has_page = true;
}

static void take_page_back(struct world *world)
{
	world->caller_has_page = world->daemon.has_page;
	world->daemon.has_page = false;
}

static int do_scan(struct operation *op)
{
	struct world *world = op->world;
	const uint64_t at = world_number(op->json, "at");
	struct hs_range_scan_outcome outcome;
	struct hs_thp_vma vma = { 0 };

	lend_page(world);
	world->locked_mm = op->id;
	world_ops.base.find_vma(world, op->id, at, &vma);
	hs_range_scan(&world->rules, &world->tunables, true, op->id, &vma, at, &world_ops.base, world, &outcome);
	world_ops.base.lock(world, op->id, HS_THP_UNLOCK);
	if (outcome.result == HS_SCAN_SUCCEED) {
		world->daemon.has_page = false;
		world->daemon.pages_collapsed++;
	}
	take_page_back(world);
	op->ret = json_integer(outcome.is_lock_dropped);
	return 0;
}

static int do_collapse(struct operation *op)
{
	struct world *world = op->world;
	const struct hs_attempt_request request = {
		.scan = { .rules = &world->rules, .tunables = &world->tunables, .is_khugepaged = true },
		.mm = op->id, .address = world_number(op->json, "at"), .order = hs_thp_pmd_order(&world->tunables),
	};
	struct hs_attempt_outcome outcome;

	lend_page(world);
	hs_collapse_attempt(&request, &world_ops.base, world, &outcome);
	world_ops.base.attempted(world, &request, &outcome);
	if (outcome.result == HS_SCAN_SUCCEED) {
		world->daemon.has_page = false;
		world->daemon.pages_collapsed++;
	}
	op->ret = json_integer(!world->daemon.has_page);
	take_page_back(world);
	return 0;
}

static int do_visit(struct operation *op)
{
	const long long budget = golden_int(op->json, "budget", 0);
	struct hs_khugepaged *daemon = &op->world->daemon;
	enum hs_collapse_result result;

	if (!daemon->first || budget < 1)
		return -1;
	lend_page(op->world);
	op->ret = json_integer((json_int_t)hs_khugepaged_visit(daemon, (uint64_t)budget, &result));
	take_page_back(op->world);
	return 0;
}

static int do_pass(struct operation *op)
{
	op->world->daemon.has_page = op->world->caller_has_page;
	hs_khugepaged_pass(&op->world->daemon);
	take_page_back(op->world);
	return 0;
}

static int do_start(struct operation *op)
{
	op->ret = json_integer(hs_khugepaged_start(&op->world->daemon));
	return 0;
}

static int do_run(struct operation *op)
{
	const long long passes = golden_int(op->json, "passes", json_object_get(op->json, "passes") ? -1 : 0);
	const char *cause = golden_text(op->json, "cause", "timeout");

	/* Either way it goes on where it stopped. */
	if (passes < 0 || (strcmp(cause, "timeout") != 0 && strcmp(cause, "wake") != 0))
		return -1;
	hs_khugepaged_run(&op->world->daemon, (uint64_t)passes);
	return 0;
}

static int do_mm(struct operation *op)
{
	return world_add_mm(op->world, golden_text(op->json, "mm", "")) ? 0 : -1;
}

/* A table that a collapse holds in its hands can neither go nor be replaced. */
static bool is_detached(const struct operation *op)
{
	return op->world->detached_mm == op->id;
}

static int do_map(struct operation *op)
{
	return world_add_vma(op->mm, world_number(op->json, "start"), world_number(op->json, "end"),
			     golden_text(op->json, "flags", ""));
}

static int do_unmap(struct operation *op)
{
	if (is_detached(op))
		return -1;
	world_remove_vma(op->world, op->mm, world_number(op->json, "start"));
	return 0;
}

static int do_resize(struct operation *op)
{
	struct hs_thp_vma *vma = vma_of(op);

	if (!vma)
		return -1;
	vma->start = world_number(op->json, "start");
	vma->end = world_number(op->json, "end");
	return 0;
}

static int do_flags(struct operation *op)
{
	struct hs_thp_vma *vma = vma_of(op);

	return vma ? world_vma_flags(golden_text(op->json, "flags", ""), &vma->flags) : -1;
}

static int do_range(struct operation *op)
{
	return is_detached(op) ? -1 :
	       world_set_range(op->world, op->mm, world_number(op->json, "at"), golden_text(op->json, "ptes", ""));
}

static int do_page(struct operation *op)
{
	struct range *range = world_find_range(op->mm, world_number(op->json, "at"));
	const long long i = golden_int(op->json, "i", -1);
	const char *to = golden_text(op->json, "to", "");

	if (!range || i < 0 || i >= op->world->nr || strlen(to) != 1 || !world_is_letter(*to))
		return -1;
	range->letters[i] = *to;
	return 0;
}

static int do_users(struct operation *op)
{
	op->mm->users += (int)golden_int(op->json, "add", 0);
	return 0;
}

static int do_script(struct operation *op)
{
	const int given = world_set_scripts(op->world, op->json);

	return given > 0 ? 0 : -1;
}

static int do_cursor(struct operation *op)
{
	struct hs_khugepaged *daemon = &op->world->daemon;

	daemon->cursor = op->mm ? hs_khugepaged_slot_of(daemon, op->id) : NULL;
	daemon->address = world_number(op->json, "at");
	if (!op->mm)
		return golden_text(op->json, "mm", NULL) ? -1 : 0;
	return daemon->cursor && world_has_number(op->json, "at") ? 0 : -1;
}

static const struct {
	const char *name;
	int (*run)(struct operation *op);
	bool needs_mm;
	const char *addresses, *texts, *number;		/* fields that it must have besides mm; space-separated */
} operations[] = {
	{ "enter", do_enter, true, "vma", "", NULL }, { "enter_raw", do_enter_raw, true, "", "", NULL },
	{ "merge", do_merge, true, "vma", "", NULL }, { "fork", do_fork, false, "", "parent mm", NULL },
	{ "exit", do_exit, true, "", "", NULL }, { "store", do_store, false, "", "file text", NULL },
	{ "scan", do_scan, true, "at", "", NULL }, { "collapse", do_collapse, true, "at", "", NULL },
	{ "visit", do_visit, false, "", "", "budget" }, { "pass", do_pass, false, "", "", NULL },
	{ "start", do_start, false, "", "", NULL }, { "run", do_run, false, "", "", NULL },
	{ "mm", do_mm, false, "", "mm", NULL }, { "map", do_map, true, "start end", "flags", NULL },
	{ "unmap", do_unmap, true, "start", "", NULL }, { "resize", do_resize, true, "vma start end", "", NULL },
	{ "flags", do_flags, true, "vma", "flags", NULL }, { "range", do_range, true, "at", "ptes", NULL },
	{ "page", do_page, true, "at", "to", "i" }, { "users", do_users, true, "", "", "add" },
	{ "script", do_script, false, "", "", NULL }, { "cursor", do_cursor, false, "", "", NULL },
};

static bool is_text(const json_t *object, const char *field)
{
	return golden_text(object, field, NULL) != NULL;
}

/* Whether each of the space-separated fields is there and of the right kind. */
static bool has_all(const json_t *object, const char *fields, bool (*has)(const json_t *object, const char *field))
{
	char name[16];
	int length;

	for (; sscanf(fields, "%15s%n", name, &length) == 1; fields += length) {
		if (!has(object, name))
			return false;
	}
	return true;
}

/* A field that is missing would read as 0 or as an empty text. */
static bool has_fields(size_t i, const json_t *json)
{
	return has_all(json, operations[i].addresses, world_has_number) &&
	       has_all(json, operations[i].texts, is_text) &&
	       (!operations[i].number || json_is_integer(json_object_get(json, operations[i].number)));
}

/* 0, or -1: not an operation of this form. */
static int run_operation(struct operation *op)
{
	const char *name = golden_text(op->json, "op", "");

	op->id = world_find_mm(op->world, golden_text(op->json, "mm", ""));
	op->mm = world_mm(op->world, op->id);
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		if (strcmp(operations[i].name, name) != 0)
			continue;
		if (!has_fields(i, op->json) || (operations[i].needs_mm && !op->mm))
			return -1;
		return operations[i].run(op);
	}
	return -1;
}

/* An event that strikes during an operation: only its log shows. */
static void strike(struct world *world, const json_t *json)
{
	struct operation op = { .world = world, .json = json };

	if (run_operation(&op))
		world_log(world, json_pack("{ss ss}", "d", "bad_event", "op", golden_text(json, "op", "")));
	json_decref(op.ret);
}

static bool check_state(struct world *world, struct golden_failure *failure, const char *what)
{
	if (hs_khugepaged_is_valid(&world->daemon))
		return true;
	golden_differ(failure, "%s: list, cursor and flags of the daemon disagree", what);
	return false;
}

static int compare(struct world *world, struct operation *op, const json_t *before, struct golden_failure *failure,
		   const char *what)
{
	json_t *after = world_state(world), *changes = world->has_ended ? NULL : world_state_changes(before, after);
	json_t *log = json_array_size(world->log) ? world->log : NULL;
	char where[96];
	int differs;

	snprintf(where, sizeof(where), "%s log", what);
	differs = golden_compare(failure, where, json_object_get(op->json, "log"), log);
	snprintf(where, sizeof(where), "%s ret", what);
	differs = differs || golden_compare(failure, where, json_object_get(op->json, "ret"),
					    world->has_ended ? NULL : op->ret);
	snprintf(where, sizeof(where), "%s state", what);
	differs = differs || golden_compare(failure, where, json_object_get(op->json, "state"), changes);
	json_decref(after);
	json_decref(changes);
	return differs;
}

static int run_one(struct world *world, const json_t *json, size_t number, struct golden_failure *failure)
{
	struct operation op = { .world = world, .json = json };
	json_t *before = world_state(world);
	char what[64];
	int failed = 0;

	snprintf(what, sizeof(what), "operation %zu (%.20s)", number, golden_text(json, "op", "?"));
	world->log = json_array();
	world->during = json_object_get(json, "during");
	memset(world->struck, 0, sizeof(world->struck));
	if (!world_events_are_known(world))
		failed = golden_differ(failure, "%s: an event with an unknown point, no number or no task", what);
	else if (run_operation(&op))
		failed = golden_differ(failure, "%s: cannot be run: unknown, a field or its subject is missing", what);
	else
		failed = compare(world, &op, before, failure, what) || !check_state(world, failure, what);
	json_decref(op.ret);
	json_decref(before);
	json_decref(world->log);
	return failed;
}

static int run_case(const json_t *one_case, struct golden_failure *failure)
{
	const char *variant = golden_text(one_case, "variant", "(none)");
	const json_t *ops = json_object_get(one_case, "ops"), *operation;
	struct world *world;
	size_t i;
	int failed = 0;

	if (strcmp(variant, "v2010") != 0)
		return golden_differ(failure, "variant %.20s: only v2010 is run here", variant);
	world = malloc(sizeof(*world));
	if (!world)
		return golden_differ(failure, "out of memory");
	if (world_init(world, one_case))
		failed = golden_differ(failure, "the setup cannot be read");
	world->strike = strike;
	json_array_foreach(ops, i, operation) {
		if (failed || world->has_ended)
			break;
		failed = run_one(world, operation, i, failure);
	}
	world_deinit(world);
	free(world);
	return failed;
}

int main(int argc, char **argv)
{
	return golden_main(argc, argv, run_case);
}
