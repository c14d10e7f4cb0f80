// SPDX-License-Identifier: GPL-2.0-only
/* Golden cases of the block model: operations of a case mapped to calls, results to JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/block/block_advice.h"
#include "replay/block/block_effect.h"
#include "replay/block/block_group.h"
#include "replay/block/block_sysfs.h"
#include "replay/block/block_zone.h"
#include "tests/golden/golden.h"

#define MOST_PAGES (1ull << 40)	/* physical addresses have 52 bits */

/* A case under way: the machine, and what an operation has to say beside its ret. */
struct run {
	struct hs_hotplug hotplug;
	json_t *log;
};

/* "nid:zone" into its parts; false: no such text. */
static bool split_zone(const char *text, int32_t *nid, int *index)
{
	char *name;
	long number = strtol(text, &name, 10);

	if (*name != ':')
		return false;
	*nid = (int32_t)number;
	*index = hs_zone_find(name + 1, strlen(name + 1));
	return *index >= 0;
}

static json_t *zone_json(const struct hs_zone *zone)
{
	return zone ? json_sprintf("%d:%s", zone->nid, hs_zone_name(zone->index)) : json_string("none");
}

static uint64_t array_number(const json_t *array, size_t index)
{
	return (uint64_t)json_integer_value(json_array_get(array, index));
}

/* --- setup ----------------------------------------------------------------------------------------- */

static int set_up_settings(struct run *run, const json_t *setup)
{
	struct hs_hotplug *hotplug = &run->hotplug;
	const char *policy = golden_text(setup, "policy", "contig-zones");
	uint64_t section_bytes = hotplug->geometry.section_pages * hotplug->geometry.page_bytes;

	hotplug->settings.auto_movable_ratio = (uint32_t)golden_int(setup, "ratio", 301);
	hotplug->settings.auto_movable_numa_aware = golden_int(setup, "numa_aware", 1) != 0;
	hotplug->settings.movable_node = golden_int(setup, "movable_node", 0) != 0;
	return hs_block_parse_policy(policy, strlen(policy), &hotplug->settings.online_policy) ||
	       hs_hotplug_set_block_bytes(hotplug, section_bytes * (uint64_t)golden_int(setup, "block_sections", 1));
}

static int set_up_zones(struct run *run, const json_t *setup)
{
	const json_t *value;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(setup, "nodes"), i, value)
		if (!hs_node_add(&run->hotplug, (int32_t)json_integer_value(value)))
			return -EINVAL;
	json_object_foreach((json_t *)json_object_get(setup, "zones"), name, value) {
		struct hs_node *node;
		struct hs_zone *zone;
		int32_t nid;
		int index;

		if (!split_zone(name, &nid, &index) || !(node = hs_node_find(&run->hotplug, nid)))
			return -EINVAL;
		zone = &node->zones[index];
		zone->start = array_number(value, 0);
		zone->spanned = array_number(value, 1);
		zone->present = zone->managed = array_number(value, 2);
		zone->present_early = array_number(value, 3);
		zone->cma = array_number(value, 4);
		hs_node_update_span(node);
		hs_node_update_counts(node);
	}
	return 0;
}

static struct hs_zone *find_zone(struct run *run, int32_t nid, const char *name)
{
	struct hs_node *node = hs_node_find(&run->hotplug, nid);
	int index = name ? hs_zone_find(name, strlen(name)) : -1;

	return node && index >= 0 ? &node->zones[index] : NULL;
}

static int set_up_memory(struct run *run, const json_t *setup)
{
	uint64_t section = run->hotplug.geometry.section_pages;
	const json_t *value;
	size_t i;

	json_array_foreach(json_object_get(setup, "memory"), i, value) {
		uint64_t start = array_number(value, 0), end = start + array_number(value, 1);
		struct hs_zone *zone = find_zone(run, (int32_t)array_number(value, 2),
						 json_string_value(json_array_get(value, 3)));

		if (!zone || start >= end || end > MOST_PAGES || hs_page_ranges_set(&run->hotplug.online, start, end, zone))
			return -EINVAL;
		if (array_number(value, 4) &&
		    hs_page_ranges_set(&run->hotplug.early, start / section * section,
				       (end + section - 1) / section * section, &run->hotplug.early))
			return -ENOMEM;
	}
	return 0;
}

static struct hs_block_group *find_group(struct run *run, const json_t *object, const char *field)
{
	const json_t *mgid = json_object_get(object, field);

	return json_is_integer(mgid) ? hs_block_group_find(&run->hotplug, json_integer_value(mgid)) : NULL;
}

static int register_group(struct run *run, const json_t *op)
{
	return hs_block_group_register(&run->hotplug, !strcmp(golden_text(op, "kind", ""), "dynamic"),
				       (int32_t)golden_int(op, "nid", HS_NO_NODE), (uint64_t)golden_int(op, "pages", 0));
}

static int set_up_groups(struct run *run, const json_t *setup)
{
	const json_t *value;
	size_t i;

	json_array_foreach(json_object_get(setup, "groups"), i, value) {
		struct hs_block_group *group = hs_block_group_find(&run->hotplug, register_group(run, value));

		if (!group)
			return -EINVAL;
		group->present_kernel = (uint64_t)golden_int(value, "kernel", 0);
		group->present_movable = (uint64_t)golden_int(value, "movable", 0);
	}
	return 0;
}

static int create_block(struct run *run, uint64_t id, const json_t *from, bool is_online, struct hs_block **block)
{
	return id >= MOST_PAGES / hs_block_pages(&run->hotplug) ? -EINVAL :
	       hs_block_create(&run->hotplug, id, is_online, (int32_t)golden_int(from, "nid", HS_NO_NODE), 0,
			       find_group(run, from, "group"), block);
}

static int set_up_blocks(struct run *run, const json_t *setup)
{
	const json_t *value;
	size_t i;

	json_array_foreach(json_object_get(setup, "blocks"), i, value) {
		bool is_online = !strcmp(golden_text(value, "state", ""), "online");
		struct hs_block *block;
		int ret = create_block(run, (uint64_t)golden_int(value, "id", 0), value, is_online, &block);

		if (ret)
			return ret;
		block->zone = is_online ? find_zone(run, block->nid, golden_text(value, "zone", NULL)) : NULL;
	}
	return 0;
}

/* --- operations ------------------------------------------------------------------------------------- */

static void log_ratio(struct run *run, const struct hs_ratio_test *test)
{
	static const char *const results[] = { "no_kernel_memory", "fits", "exceeds" };
	json_t *entry = json_pack("{s:s, s:i, s:I, s:I, s:I, s:s}", "d", "ratio", "nid", test->nid,
				  "want", (json_int_t)test->want, "kernel_early", (json_int_t)test->kernel_early,
				  "required", (json_int_t)test->required, "r", results[test->result]);

	if (test->result != HS_RATIO_NO_KERNEL_MEMORY) {
		json_object_set_new(entry, "kernel", json_integer((json_int_t)test->kernel));
		json_object_set_new(entry, "movable", json_integer((json_int_t)test->movable));
		json_object_set_new(entry, "limit", json_integer((json_int_t)test->limit));
	}
	json_array_append_new(run->log, entry);
}

static const struct hs_zone *choose_zone(struct run *run, const struct hs_zone_request *request)
{
	struct hs_zone_choice choice;

	hs_zone_choose(&run->hotplug, request, &choice);
	for (unsigned int i = 0; i < choice.nr_tests; i++)
		log_ratio(run, &choice.tests[i]);
	json_array_append_new(run->log, json_pack("{s:s, s:s, s:i, s:s}", "d", "zone", "r",
						  hs_zone_name(choice.zone->index), "nid", choice.zone->nid, "why",
						  hs_zone_why_name(choice.why)));
	return choice.zone;
}

static enum hs_online_type online_type(const json_t *op)
{
	const char *word = golden_text(op, "type", "");
	int type = hs_block_parse_online_type(word, strlen(word));

	return type < 0 ? HS_ONLINE : (enum hs_online_type)type;
}

static json_t *op_zone_for(struct run *run, const json_t *op)
{
	struct hs_zone_request request = {
		.type = online_type(op), .group = find_group(run, op, "group"),
		.node = hs_node_find(&run->hotplug, (int32_t)golden_int(op, "nid", HS_NO_NODE)),
		.pfn = (uint64_t)golden_int(op, "pfn", 0), .nr = (uint64_t)golden_int(op, "nr", 0),
	};

	return request.node ? zone_json(choose_zone(run, &request)) : NULL;
}

static json_t *op_can(struct run *run, const json_t *op)
{
	struct hs_ratio_test test;
	bool can = hs_zone_can_online_movable(&run->hotplug, (int32_t)golden_int(op, "nid", HS_NO_NODE),
					      find_group(run, op, "group"), (uint64_t)golden_int(op, "want", 0), &test);

	log_ratio(run, &test);
	return json_integer(can);
}

static struct hs_block *find_block(struct run *run, const json_t *op)
{
	return hs_block_find(&run->hotplug, (uint64_t)golden_int(op, "block", -1));
}

static json_t *op_add(struct run *run, const json_t *op)
{
	uint64_t id = (uint64_t)golden_int(op, "block", 0), pages = hs_block_pages(&run->hotplug);

	if (create_block(run, id, op, false, NULL) ||
	    hs_page_ranges_clear(&run->hotplug.early, id * pages, (id + 1) * pages))
		return json_string("failed");
	return NULL;
}

static json_t *op_remove(struct run *run, const json_t *op)
{
	struct hs_block *block = find_block(run, op);

	if (!block)
		return json_string("no such block");
	hs_block_remove(&run->hotplug, block);
	return NULL;
}

static json_t *op_online(struct run *run, const json_t *op)
{
	struct hs_block *block = find_block(run, op);
	struct hs_zone_request request = {
		.type = online_type(op), .nr = hs_block_pages(&run->hotplug),
	};
	const struct hs_zone *zone;

	if (!block)
		return json_string("no such block");
	request.node = hs_node_find(&run->hotplug, block->nid);
	if (!request.node)
		return json_string("no such node");
	request.group = block->group;
	request.pfn = hs_block_start(&run->hotplug, block);
	zone = choose_zone(run, &request);
	if (hs_block_effect_online(&run->hotplug, block, find_zone(run, zone->nid, hs_zone_name(zone->index))))
		return json_string("out of memory");
	hs_block_set_status(&run->hotplug, block, HS_BLOCK_ONLINE);
	return zone_json(zone);
}

static json_t *op_offline(struct run *run, const json_t *op)
{
	struct hs_block *block = find_block(run, op);

	if (!block || !block->zone || hs_block_effect_offline(&run->hotplug, block))
		return json_string("no such online block");
	hs_block_set_status(&run->hotplug, block, HS_BLOCK_OFFLINE);
	return NULL;
}

static json_t *op_valid_zones(struct run *run, const json_t *op)
{
	struct hs_block *block = find_block(run, op);

	return block ? json_string(hs_block_valid_zones(&run->hotplug, block)) : NULL;
}

static json_t *op_early_zone(struct run *run, const json_t *op)
{
	return zone_json(hs_zone_for_early_block(&run->hotplug, (uint64_t)golden_int(op, "block", 0),
						 (int32_t)golden_int(op, "nid", 0)));
}

static json_t *op_register(struct run *run, const json_t *op)
{
	return json_integer(register_group(run, op));
}

static json_t *op_unregister(struct run *run, const json_t *op)
{
	return json_integer(hs_block_group_unregister(&run->hotplug, golden_int(op, "mgid", -1)));
}

static json_t *op_find(struct run *run, const json_t *op)
{
	return json_integer(hs_block_group_find(&run->hotplug, golden_int(op, "mgid", -1)) != NULL);
}

/* A visitor that logs, and answers `answer` at the id `stop`. */
struct visitor {
	json_t *log;
	long long stop;
	int answer;
};

static int visit_group(const struct hs_block_group *group, void *context)
{
	struct visitor *visitor = context;

	json_array_append_new(visitor->log, json_pack("{s:s, s:i}", "d", "group", "mgid", group->mgid));
	return group->mgid == visitor->stop ? visitor->answer : 0;
}

static json_t *op_walk_groups(struct run *run, const json_t *op)
{
	struct visitor visitor = { run->log, golden_int(op, "stop", -1), 7 };

	return json_integer(hs_block_group_walk_dynamic(&run->hotplug, (int32_t)golden_int(op, "nid", HS_NO_NODE),
							find_group(run, op, "excluded"), visit_group, &visitor));
}

static int visit_block(struct hs_block *block, void *context)
{
	struct visitor *visitor = context;

	json_array_append_new(visitor->log,
			      json_pack("{s:s, s:I}", "d", "block", "id", (json_int_t)hs_block_id(block)));
	return (long long)hs_block_id(block) == visitor->stop ? visitor->answer : 0;
}

static json_t *op_walk_blocks(struct run *run, const json_t *op)
{
	struct visitor visitor = { run->log, golden_int(op, "stop", -1), 5 };

	return json_integer(hs_block_walk(&run->hotplug, (uint64_t)golden_int(op, "start", 0),
					  (uint64_t)golden_int(op, "size", 0), visit_block, &visitor));
}

static json_t *op_block_id(struct run *run, const json_t *op)
{
	const char *of = golden_text(op, "of", "");
	uint64_t value = (uint64_t)golden_int(op, "value", 0);

	if (!strcmp(of, "section"))
		value = hs_section_to_block(&run->hotplug, value);
	else if (!strcmp(of, "pfn"))
		value = hs_pfn_to_block(&run->hotplug, value);
	else
		value = hs_phys_to_block(&run->hotplug, value);
	return json_integer((json_int_t)value);
}

static json_t *op_online_word(struct run *run, const json_t *op)
{
	const json_t *text = json_object_get(op, "text");

	(void)run;
	return json_integer(hs_block_parse_online_type(json_string_value(text), json_string_length(text)));
}

static json_t *op_set_policy(struct run *run, const json_t *op)
{
	const json_t *text = json_object_get(op, "text");

	return json_integer(hs_block_parse_policy(json_string_value(text), json_string_length(text),
						  &run->hotplug.settings.online_policy));
}

static json_t *op_set_ratio(struct run *run, const json_t *op)
{
	run->hotplug.settings.auto_movable_ratio = (uint32_t)golden_int(op, "value", 0);
	return NULL;
}

static json_t *op_set_numa_aware(struct run *run, const json_t *op)
{
	run->hotplug.settings.auto_movable_numa_aware = golden_int(op, "value", 0) != 0;
	return NULL;
}

static json_t *op_advise(struct run *run, const json_t *op)
{
	return json_integer(hs_block_advise_size(&run->hotplug, (uint64_t)golden_int(op, "size", 0)));
}

static json_t *op_advised(struct run *run, const json_t *op)
{
	(void)op;
	return json_integer((json_int_t)hs_block_advised_size(&run->hotplug));
}

static const struct {
	const char *name;
	json_t *(*run)(struct run *run, const json_t *op);
} operations[] = {
	{ "zone_for", op_zone_for }, { "can", op_can }, { "add", op_add }, { "remove", op_remove },
	{ "online", op_online }, { "offline", op_offline }, { "valid_zones", op_valid_zones },
	{ "early_zone", op_early_zone }, { "register", op_register }, { "unregister", op_unregister },
	{ "find", op_find }, { "walk_groups", op_walk_groups }, { "walk_blocks", op_walk_blocks },
	{ "block_id", op_block_id }, { "online_word", op_online_word }, { "set_policy", op_set_policy },
	{ "set_ratio", op_set_ratio }, { "set_numa_aware", op_set_numa_aware }, { "advise", op_advise },
	{ "advised", op_advised },
};

/* --- state ------------------------------------------------------------------------------------------ */

/* Everything a case reports changes of: {"zones": …, "nodes": …, "groups": …, "policy": …}. */
static json_t *state_json(const struct hs_hotplug *hotplug)
{
	json_t *zones = json_object(), *nodes = json_object(), *groups = json_object();

	for (int32_t nid = 0; nid < hotplug->nr_nodes; nid++) {
		const struct hs_node *node = hotplug->nodes[nid];
		char key[40];

		if (!node)
			continue;
		snprintf(key, sizeof(key), "%d", nid);
		json_object_set_new(nodes, key, json_pack("[I, I, I]", (json_int_t)node->start,
							  (json_int_t)node->spanned, (json_int_t)node->present));
		for (int i = 0; i < HS_NR_ZONES; i++) {
			const struct hs_zone *zone = &node->zones[i];

			snprintf(key, sizeof(key), "%d:%s", nid, hs_zone_name(zone->index));
			json_object_set_new(zones, key, json_pack("[I, I, I, I]", (json_int_t)zone->start,
								  (json_int_t)zone->spanned, (json_int_t)zone->present,
								  (json_int_t)zone->present_early));
		}
	}
	hs_vec_for_each(group, &hotplug->groups) {
		char key[24];

		snprintf(key, sizeof(key), "%zu", (size_t)(group - hotplug->groups.items));
		json_object_set_new(groups, key, !*group ? json_null() :
				    json_pack("{s:I, s:I, s:I}", "kernel", (json_int_t)(*group)->present_kernel,
					      "movable", (json_int_t)(*group)->present_movable,
					      "blocks", (json_int_t)(*group)->nr_blocks));
	}
	return json_pack("{s:o, s:o, s:o, s:s}", "zones", zones, "nodes", nodes, "groups", groups, "policy",
			 hs_block_policy_name(hotplug->settings.online_policy));
}

/* What is new in `after`, as new values; NULL when nothing is. */
static json_t *state_changes(const json_t *before, const json_t *after)
{
	json_t *changes = json_object();
	const char *part, *key;
	const json_t *value, *item;

	json_object_foreach((json_t *)after, part, value) {
		json_t *old = json_object_get(before, part), *changed = json_object();

		if (json_is_string(value) && !json_equal(old, value))
			json_object_set(changes, part, (json_t *)value);
		json_object_foreach((json_t *)value, key, item)
			if (!json_equal(json_object_get(old, key), item))
				json_object_set(changed, key, (json_t *)item);
		if (json_object_size(changed))
			json_object_set(changes, part, changed);
		json_decref(changed);
	}
	if (json_object_size(changes))
		return changes;
	json_decref(changes);
	return NULL;
}

/* --- one case --------------------------------------------------------------------------------------- */

static int run_operation(struct run *run, const json_t *op, size_t number, struct golden_failure *failure)
{
	const char *name = golden_text(op, "op", "");
	char what[80];
	int differs;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		json_t *before, *after, *changes, *ret;

		if (strcmp(operations[i].name, name))
			continue;
		run->log = json_array();
		before = state_json(&run->hotplug);
		ret = operations[i].run(run, op);
		after = state_json(&run->hotplug);
		changes = state_changes(before, after);
		snprintf(what, sizeof(what), "operation %zu (%.30s)", number, name);
		differs = golden_compare(failure, what, json_object_get(op, "ret"), ret) ||
			  golden_compare(failure, what, json_object_get(op, "log"),
					 json_array_size(run->log) ? run->log : NULL) ||
			  golden_compare(failure, what, json_object_get(op, "state"), changes);
		json_decref(before);
		json_decref(after);
		json_decref(changes);
		json_decref(ret);
		json_decref(run->log);
		return differs;
	}
	return golden_differ(failure, "operation %zu: no such operation: %.100s", number, name);
}

static int run_case(const json_t *one_case, struct golden_failure *failure)
{
	const struct hs_block_variant *variant = hs_block_variant_find(golden_text(one_case, "variant", ""));
	const json_t *setup = json_object_get(one_case, "setup"), *op;
	struct run run = { 0 };
	size_t i;
	int failed = 0;

	if (!variant)
		return golden_differ(failure, "no such variant: %.40s", golden_text(one_case, "variant", "(none)"));
	hs_hotplug_init(&run.hotplug, variant);
	if (set_up_settings(&run, setup) || set_up_zones(&run, setup) || set_up_memory(&run, setup) ||
	    set_up_groups(&run, setup) || set_up_blocks(&run, setup))
		failed = golden_differ(failure, "the setup cannot be taken");
	json_array_foreach(json_object_get(one_case, "ops"), i, op) {
		if (failed)
			break;
		failed = run_operation(&run, op, i, failure);
	}
	hs_hotplug_deinit(&run.hotplug);
	return failed;
}

int main(int argc, char **argv)
{
	return golden_main(argc, argv, run_case);
}
