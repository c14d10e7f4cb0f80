// SPDX-License-Identifier: GPL-2.0-only
/* Golden cases of the SVM model: the setup, and operation after operation with its script. */
#include "tests/golden/golden_svm.h"

#include <stdlib.h>
#include <string.h>

static uint32_t vma_flags(const char *letters)
{
	uint32_t flags = 0;

	for (; *letters; letters++)
		flags |= *letters == 'r' ? HS_SVM_VMA_READ : *letters == 'w' ? HS_SVM_VMA_WRITE :
			 *letters == 'x' ? HS_SVM_VMA_EXEC : *letters == 'i' ? HS_SVM_VMA_IO :
			 *letters == 'p' ? HS_SVM_VMA_PFNMAP : *letters == 'm' ? HS_SVM_VMA_MIXEDMAP : 0;
	return flags;
}

static uint64_t at_index(const json_t *array, size_t index)
{
	return (uint64_t)json_integer_value(json_array_get(array, index));
}

/* Pages of an operation, or of an event in its script. */
static bool is_span(const json_t *object)
{
	uint64_t last = (uint64_t)golden_int(object, "last", 0);

	return (uint64_t)golden_int(object, "page", 0) < HS_SVM_NO_PAGE &&
	       (!json_object_get(object, "last") ||
		((uint64_t)golden_int(object, "start", 0) <= last && last < HS_SVM_NO_PAGE));
}

static bool has_spans(const json_t *op)
{
	const json_t *entry;
	size_t index;

	json_array_foreach(json_object_get(op, "script"), index, entry)
		if (!is_span(entry))
			return false;
	return is_span(op);
}

/* --- scripts: what fails or happens in between --- */

static const struct {
	const char *name;
	enum hs_svm_passage passage;
} points[] = {
	{ "get_pages_rc", HS_SVM_AT_WALK_RESULT }, { "get_pages", HS_SVM_AT_WALK_DONE },
	{ "lock_pd", HS_SVM_AT_LOCK_PD }, { "vm_validate", HS_SVM_AT_VM_VALIDATE },
	{ "dma_map", HS_SVM_AT_DMA_MAP }, { "vm_map", HS_SVM_AT_MAP }, { "vm_unmap", HS_SVM_AT_UNMAP },
	{ "validate_end", HS_SVM_AT_VALIDATE_END }, { "migrate_setup", HS_SVM_AT_MIGRATE_SETUP },
	{ "bo_new", HS_SVM_AT_BO_NEW }, { "copy", HS_SVM_AT_COPY }, { "sys_page", HS_SVM_AT_SYS_PAGE },
};

static bool is_point(const json_t *entry, enum hs_svm_passage passage)
{
	const char *name = golden_text(entry, "point", "");

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (points[i].passage == passage)
			return strcmp(points[i].name, name) == 0;
	return false;
}

static bool is_kind(const json_t *entry, const char *kind)
{
	return strcmp(golden_text(entry, "kind", ""), kind) == 0;
}

static void inject(struct golden_svm *run, const json_t *entry)
{
	const char *event = golden_text(entry, "event", "");
	uint64_t start = (uint64_t)golden_int(entry, "start", 0), last = (uint64_t)golden_int(entry, "last", 0);
	bool is_munmap = strcmp(event, "munmap") == 0;

	json_array_append_new(run->effects, json_pack("{s:s,s:s,s:I,s:I}", "e", "inject", "kind", event, "start",
						      (json_int_t)start, "last", (json_int_t)last));
	hs_svm_invalidate(run->svm, is_munmap ? HS_SVM_EVENT_UNMAP : golden_svm_event(event), start, last);
	if (is_munmap)
		hs_svm_zap(run->svm, start, last);
	json_array_append_new(run->effects, json_pack("{s:s}", "e", "inject_end"));
}

/* Passages [from, from + count) of a point, counted from 1: does one of them fail, and which? */
static int find_failure(const json_t *script, enum hs_svm_passage passage, uint64_t from, uint64_t count,
			uint64_t *passed)
{
	const json_t *entry;
	size_t index;
	int rc = 0;

	json_array_foreach(script, index, entry) {
		uint64_t nth = (uint64_t)golden_int(entry, "nth", 1);
		uint64_t end = nth + (uint64_t)golden_int(entry, "count", 1);
		uint64_t first = nth > from ? nth : from;

		if (!is_kind(entry, "fail") || !is_point(entry, passage) || first >= end ||
		    first >= from + count || (rc && first - from >= *passed))
			continue;
		rc = (int)golden_int(entry, "rc", 0);
		*passed = first - from;
	}
	return rc;
}

static void find_injections(struct golden_svm *run, enum hs_svm_passage passage, uint64_t from, uint64_t count)
{
	json_t *entry;
	size_t index;

	json_array_foreach(run->script, index, entry) {
		uint64_t nth = (uint64_t)golden_int(entry, "nth", 1);

		if (!is_kind(entry, "inject") || !is_point(entry, passage) || nth < from || nth >= from + count)
			continue;
		json_object_set_new(entry, "done", json_true());
		inject(run, entry);
	}
}

static int pass(void *context, enum hs_svm_passage passage, uint64_t count, uint64_t *passed)
{
	struct golden_svm *run = context;
	uint64_t from = run->passages[passage] + 1;
	int rc = find_failure(run->script, passage, from, count, passed);

	run->passages[passage] += rc ? *passed + 1 : count;
	find_injections(run, passage, from, rc ? *passed + 1 : count);
	return rc;
}

static void begin_script(struct golden_svm *run, const json_t *op)
{
	json_t *entry;
	size_t index;

	memset(run->passages, 0, sizeof(run->passages));
	run->script = json_object_get(op, "script");
	json_array_foreach(run->script, index, entry)
		if (is_kind(entry, "inject") && strcmp(golden_text(entry, "event", ""), "munmap") == 0)
			hs_svm_remove_vma(run->svm, (uint64_t)golden_int(entry, "start", 0),
					  (uint64_t)golden_int(entry, "last", 0));
}

/* An unmap whose point was not reached arrives now. */
static void end_script(struct golden_svm *run)
{
	json_t *entry;
	size_t index;

	json_array_foreach(run->script, index, entry)
		if (is_kind(entry, "inject") && strcmp(golden_text(entry, "event", ""), "munmap") == 0 &&
		    !json_object_get(entry, "done"))
			inject(run, entry);
	run->script = NULL;
}

/* --- setup --- */

static bool has_retry_cam(const json_t *setup, uint32_t device)
{
	const json_t *pairs = json_object_get(setup, "retry_cam"), *pair;
	size_t index;

	if (json_is_integer(json_array_get(pairs, 0)))
		return at_index(pairs, 0) == device && at_index(pairs, 1);
	json_array_foreach(pairs, index, pair)
		if (at_index(pair, 0) == device && at_index(pair, 1))
			return true;
	return false;
}

static uint32_t read_gpus(const json_t *setup, struct hs_svm_gpu_setup gpus[HS_SVM_MAX_GPUS])
{
	const json_t *gpu;
	size_t index;

	json_array_foreach(json_object_get(setup, "gpus"), index, gpu) {
		if (index == HS_SVM_MAX_GPUS)
			break;
		gpus[index] = (struct hs_svm_gpu_setup){
			.id = (uint32_t)golden_int(gpu, "id", 0),
			.device = (uint32_t)golden_int(gpu, "device", 0),
			.hive = (uint32_t)golden_int(gpu, "hive", 0),
			.vram_pages = (uint64_t)golden_int(gpu, "vram_bytes", 0) / 4096,
			.is_supported = golden_int(gpu, "svm", 0),
			.is_apu = golden_int(gpu, "apu", 0),
			.prefers_gtt = golden_int(gpu, "apu_prefer_gtt", 0),
		};
		gpus[index].has_retry_cam = has_retry_cam(setup, gpus[index].device);
	}
	return (uint32_t)index;
}

static void add_surroundings(struct hs_svm *svm, const json_t *setup)
{
	const json_t *item;
	size_t index;

	json_array_foreach(json_object_get(setup, "vmas"), index, item)
		hs_svm_add_vma(svm, at_index(item, 0), at_index(item, 1),
			       vma_flags(json_string_value(json_array_get(item, 2))));
	json_array_foreach(json_object_get(setup, "bos"), index, item)
		hs_svm_add_buffer(svm, (uint32_t)at_index(item, 0), at_index(item, 1), at_index(item, 2), false);
	json_array_foreach(json_object_get(setup, "userptrs"), index, item)
		hs_svm_add_buffer(svm, (uint32_t)at_index(item, 0), at_index(item, 1), at_index(item, 2), true);
}

static int create(struct golden_svm *run, const json_t *one_case, struct golden_failure *failure)
{
	const json_t *setup = json_object_get(one_case, "setup"), *heap = json_object_get(setup, "heap");
	const char *variant = golden_text(one_case, "variant", "");
	struct hs_svm_gpu_setup gpus[HS_SVM_MAX_GPUS];
	struct hs_svm_setup svm_setup = {
		.rules = hs_svm_variant_find(variant),
		.gpus = gpus,
		.nr_gpus = read_gpus(setup, gpus),
		.xnack = golden_int(setup, "xnack", 0),
		.granularity = (uint32_t)golden_int(setup, "default_granularity", 9),
		.max_range_pages = (uint64_t)golden_int(setup, "max_range_pages", 0),
		.system_limit_pages = (uint64_t)golden_int(setup, "sys_limit_pages", -1),
		.heap_start = at_index(heap, 0), .heap_end = at_index(heap, 1),
		.stack_page = (uint64_t)golden_int(setup, "stack_page", -1),
		.time = (uint64_t)golden_int(setup, "time_ns", 0),
		.retry_window = HS_SVM_RETRY_WINDOW,
		.host = { .effect = golden_svm_log, .pass = pass, .context = run },
	};

	if (!svm_setup.rules)
		return golden_differ(failure, "unknown variant '%s'", variant);
	for (uint32_t i = 0; i < svm_setup.nr_gpus; i++)
		if (gpus[i].device >= HS_SVM_MAX_GPUS)
			return golden_differ(failure, "no such device: %u", gpus[i].device);
	if (hs_svm_create(&svm_setup, &run->svm))
		return golden_differ(failure, "out of memory");
	add_surroundings(run->svm, setup);
	return 0;
}

/* --- operations --- */

enum { NO_RESULT = 1 << 20 };	/* the operation returns nothing */

struct arguments {
	uint64_t start, last, size, page;
	uint32_t gpu;
};

static uint32_t read_attrs(const json_t *op, struct hs_svm_attr *attrs, uint32_t room)
{
	const json_t *pair;
	size_t index;

	json_array_foreach(json_object_get(op, "attrs"), index, pair) {
		if (index == room)
			break;
		attrs[index].type = (uint32_t)at_index(pair, 0);
		attrs[index].value = (uint32_t)at_index(pair, 1);
	}
	return (uint32_t)index;
}

static int64_t run_ioctl(struct golden_svm *run, const json_t *op, uint32_t number, uint64_t start, uint64_t size)
{
	enum { ROOM = 256, GET = 1 };
	struct hs_svm_attr attrs[ROOM];
	uint32_t count = read_attrs(op, attrs, ROOM);
	int rc = hs_svm_ioctl(run->svm, number, start, size, attrs, count);

	if (rc || number != GET)
		return rc;
	run->attrs_out = json_array();
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(run->attrs_out, json_pack("[I,I]", (json_int_t)attrs[i].type,
								(json_int_t)attrs[i].value));
	return rc;
}

static int64_t op_set_attr(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	return run_ioctl(run, op, 0, at->start * 4096, at->size * 4096);
}

static int64_t op_get_attr(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	return run_ioctl(run, op, 1, at->start * 4096, at->size * 4096);
}

static int64_t op_ioctl(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)at;
	return run_ioctl(run, op, (uint32_t)golden_int(op, "ioctl_op", 0), (uint64_t)golden_int(op, "start_bytes", 0),
			 (uint64_t)golden_int(op, "size_bytes", 0));
}

static int64_t op_mmap(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	hs_svm_add_vma(run->svm, at->start, at->last, vma_flags(golden_text(op, "prot", "")));
	return NO_RESULT;
}

static int64_t op_munmap(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	hs_svm_munmap(run->svm, at->start, at->last);
	return NO_RESULT;
}

static int64_t op_mprotect(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	hs_svm_protect_vma(run->svm, at->start, at->last, vma_flags(golden_text(op, "prot", "")));
	hs_svm_invalidate(run->svm, HS_SVM_EVENT_PROTECTION_VMA, at->start, at->last);
	return NO_RESULT;
}

static int64_t op_dontneed(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	hs_svm_invalidate(run->svm, HS_SVM_EVENT_CLEAR, at->start, at->last);
	hs_svm_zap(run->svm, at->start, at->last);
	return NO_RESULT;
}

static int64_t op_notify(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	hs_svm_invalidate(run->svm, golden_svm_event(golden_text(op, "event", "")), at->start, at->last);
	return NO_RESULT;
}

static int64_t op_touch(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	hs_svm_touch(run->svm, at->start, at->last);
	return NO_RESULT;
}

static int64_t op_pin(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	const char *name = golden_text(op, "op", "");

	hs_svm_pin(run->svm, at->start, at->last, strcmp(name, "pin") == 0 ? HS_SVM_PINNED :
		   strcmp(name, "pinlate") == 0 ? HS_SVM_PINNED_LATE : HS_SVM_UNPINNED);
	return NO_RESULT;
}

static int64_t op_cpu_fault(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	enum { SIGBUS_RESULT = 2 };

	(void)op;
	return hs_svm_cpu_fault(run->svm, at->page) ? 0 : SIGBUS_RESULT;
}

static int64_t op_gpu_fault(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	return hs_svm_gpu_fault(run->svm, at->gpu, at->page, golden_int(op, "write", 0), (uint64_t)golden_int(op, "ts", 0));
}

static int64_t op_run_deferred(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op, (void)at;
	hs_svm_run_deferred(run->svm);
	return NO_RESULT;
}

static int64_t op_run_restore(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op, (void)at;
	hs_svm_run_restore(run->svm);
	return NO_RESULT;
}

static int64_t op_set_xnack(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)at;
	return hs_svm_set_xnack(run->svm, golden_int(op, "xnack", 0));
}

static int64_t op_evict_vram(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	return hs_svm_evict_buffer(run->svm, at->page);
}

static int64_t op_run_bo_evict(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op, (void)at;
	hs_svm_run_evictions(run->svm);
	return NO_RESULT;
}

static int64_t op_fault_ring(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	bool is_soft = strcmp(golden_text(op, "ring", ""), "soft") == 0;

	hs_svm_set_ring(run->svm, at->gpu, is_soft ? HS_SVM_RING_SOFT : HS_SVM_RING_IH1,
			golden_int(op, "pending", 0), (uint64_t)golden_int(op, "ts", 0));
	return NO_RESULT;
}

static int64_t op_vram_used(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)at;
	hs_svm_set_device_used(run->svm, (uint32_t)golden_int(op, "device", 0),
			       (uint64_t)golden_int(op, "pages", 0));
	return NO_RESULT;
}

static int64_t op_queue_ref(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	return hs_svm_set_queue_ref(run->svm, at->page, (uint32_t)golden_int(op, "count", 0));
}

static int64_t op_best_restore(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	return hs_svm_best_restore_at(run->svm, at->gpu, at->page);
}

static int64_t op_best_prefetch(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op;
	return hs_svm_best_prefetch_at(run->svm, at->page);
}

static int64_t op_advance(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)at;
	hs_svm_set_time(run->svm, (uint64_t)golden_int(op, "now", 0) + (uint64_t)golden_int(op, "ns", 0));
	return NO_RESULT;
}

static int64_t op_fini(struct golden_svm *run, const json_t *op, const struct arguments *at)
{
	(void)op, (void)at;
	hs_svm_fini(run->svm);
	return NO_RESULT;
}

static const struct {
	const char *name;
	int64_t (*run)(struct golden_svm *run, const json_t *op, const struct arguments *at);
} operations[] = {
	{ "set_attr", op_set_attr }, { "get_attr", op_get_attr }, { "ioctl", op_ioctl }, { "mmap", op_mmap },
	{ "munmap", op_munmap }, { "mprotect", op_mprotect }, { "dontneed", op_dontneed },
	{ "notify", op_notify }, { "touch", op_touch }, { "pin", op_pin }, { "pinlate", op_pin },
	{ "unpin", op_pin }, { "cpu_fault", op_cpu_fault }, { "gpu_fault", op_gpu_fault },
	{ "run_deferred", op_run_deferred }, { "run_restore", op_run_restore }, { "set_xnack", op_set_xnack },
	{ "evict_vram", op_evict_vram }, { "run_bo_evict", op_run_bo_evict }, { "fault_ring", op_fault_ring },
	{ "vram_used", op_vram_used }, { "queue_ref", op_queue_ref }, { "best_restore", op_best_restore },
	{ "best_prefetch", op_best_prefetch }, { "advance", op_advance }, { "fini", op_fini },
};

static int run_operation(struct golden_svm *run, const json_t *op, int64_t *result, struct golden_failure *failure)
{
	const char *name = golden_text(op, "op", "");
	struct arguments at = {
		.start = (uint64_t)golden_int(op, "start", 0), .last = (uint64_t)golden_int(op, "last", 0),
		.size = (uint64_t)golden_int(op, "size", 0), .page = (uint64_t)golden_int(op, "page", 0),
		.gpu = (uint32_t)golden_int(op, "gpu", 0),
	};

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operations[i].name, name) != 0)
			continue;
		if (at.gpu >= run->svm->nr_gpus && json_object_get(op, "gpu"))
			return golden_differ(failure, "no such GPU: %u of %u", at.gpu, run->svm->nr_gpus);
		if (!has_spans(op))
			return golden_differ(failure, "no such pages");
		if ((uint64_t)golden_int(op, "device", 0) >= HS_SVM_MAX_GPUS)
			return golden_differ(failure, "no such device: %lld", golden_int(op, "device", 0));
		begin_script(run, op);
		*result = operations[i].run(run, op, &at);
		end_script(run);
		hs_svm_settle(run->svm);
		return 0;
	}
	return golden_differ(failure, "unknown operation '%s'", name);
}

static int compare_result(const json_t *op, int64_t result, struct golden_failure *failure)
{
	json_t *got = result == NO_RESULT ? NULL : json_integer(result);
	int differs = golden_compare(failure, "ret", json_object_get(op, "ret"), got);

	json_decref(got);
	return differs;
}

static int compare_operation(struct golden_svm *run, const json_t *op, int64_t result,
			     struct golden_failure *failure)
{
	return golden_svm_compare_effects(run, op, failure) || compare_result(op, result, failure) ||
	       golden_compare(failure, "attrs_out", json_object_get(op, "attrs_out"), run->attrs_out) ||
	       golden_svm_compare_state(run, op, failure);
}

static int run_step(struct golden_svm *run, const json_t *op, size_t index, struct golden_failure *failure)
{
	struct golden_failure inner = { "" };
	int64_t result = NO_RESULT;
	int differs;

	run->effects = json_array();
	hs_svm_set_time(run->svm, (uint64_t)golden_int(op, "now", 0));
	differs = run_operation(run, op, &result, &inner) || compare_operation(run, op, result, &inner);
	json_decref(run->effects);
	json_decref(run->attrs_out);
	run->effects = run->attrs_out = NULL;
	return differs ? golden_differ(failure, "operation %zu (%s): %.3800s", index, golden_text(op, "op", ""),
				       inner.text) : 0;
}

static int run_case(const json_t *one_case, struct golden_failure *failure)
{
	struct golden_svm run = { .svm = NULL };
	const json_t *op;
	size_t index;
	int differs = create(&run, one_case, failure);

	if (!differs)
		differs = golden_svm_compare_setup(&run, json_object_get(one_case, "setup"), failure);
	json_array_foreach(json_object_get(one_case, "ops"), index, op)
		if (!differs)
			differs = run_step(&run, op, index, failure);
	hs_svm_destroy(run.svm);
	return differs;
}

int main(int argc, char **argv)
{
	return golden_main(argc, argv, run_case);
}
