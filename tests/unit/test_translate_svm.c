// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a probe records of an event gives the row that the driver's line about it gives (records and lines by hand,
 * after the arguments and formats of kfd_smi_events.c), and what only probes record.
 */
#include "tests/unit/sink_file.h"

#include "collectors/translate_svm.h"
#include "traces/kfd_smi.h"

enum { TASK = 3, MM = 4, TIME = 100 };
#define PAGE(number) ((number) * 4096ull)

static const struct {
	struct hs_record_svm record;
	const char *line;
} pairs[] = {
	{ { .head = { .type = HS_RECORD_GPU_FAULT_BEGIN, .small = 1 }, .start = PAGE(0x10), .gpu = 0xabc },
	  "7 100 -7 @10(abc) W\n" },
	{ { .head = { .type = HS_RECORD_GPU_FAULT_END, .small = 1 }, .start = PAGE(0x10), .gpu = 0xabc },
	  "8 100 -7 @10(abc) M\n" },
	{ { .head = { .type = HS_RECORD_MIGRATION_BEGIN }, .start = PAGE(0x200), .nr_pages = 0x200, .to = 0xabc,
	    .prefetch = UINT32_MAX, .preferred = 0xabc, .trigger = 1 }, "5 100 -7 @200(200) 0->abc ffffffff:abc 1\n" },
	{ { .head = { .type = HS_RECORD_MIGRATION_END }, .start = PAGE(0x200), .nr_pages = 0x200, .from = 0xabc,
	    .trigger = 2, .ret = -12 }, "6 100 -7 @200(200) abc->0 2 -12\n" },
	{ { .head = { .type = HS_RECORD_MIGRATION_END }, .start = PAGE(0x200), .nr_pages = 0x200, .from = 0xabc,
	    .trigger = 2, .ret = 1 }, "6 100 -7 @200(200) abc->0 2\n" },
	{ { .head = { .type = HS_RECORD_EVICT }, .gpu = 0xabc, .trigger = 3 }, "9 100 -7 abc 3\n" },
	{ { .head = { .type = HS_RECORD_RESTORE }, .gpu = 0xabc }, "a 100 -7 abc 0\n" },
	{ { .head = { .type = HS_RECORD_RESTORE, .small = 1 }, .gpu = 0xabc }, "a 100 -7 abc R\n" },
	{ { .head = { .type = HS_RECORD_GPU_UNMAP }, .start = PAGE(0x20), .nr_pages = 8, .gpu = 0xabc, .trigger = 2 },
	  "b 100 -7 @20(8) abc 2\n" },
	{ { .head = { .type = HS_RECORD_RESET, .small = 1 }, .trigger = 5 }, "4 5\n" },
	{ { .head = { .type = HS_RECORD_THROTTLE }, .outer_start = 0x8000 }, "2 8000:0\n" },
};

static void check_pair(const struct hs_record_svm *record, const char *line)
{
	struct hs_record_svm timed = *record;
	struct hs_kfd_smi_event said;
	unsigned char row[sizeof(said)];
	struct sink_file file;
	size_t bytes;

	print_message("%s", line);
	assert_int_equal(hs_kfd_smi_parse(line, &said, NULL), 0);
	said.row = (struct hs_row){ TIME, TASK, MM };
	timed.head.time = TIME;
	sink_file_init(&file);
	hs_translate_svm(file.sink, &timed.head, TASK, MM);
	sink_file_finish(&file);
	assert_int_equal(sink_file_read(&file, (enum hs_kind)said.kind, row, 1), 1);
	bytes = hs_kind_info(said.kind)->row_bytes;
	if (said.kind == HS_KIND_svm_reset)	/* its text is empty in both, but not at the same place */
		bytes = offsetof(struct hs_svm_reset, cause);
	assert_memory_equal(row, &said.row, bytes);
	sink_file_remove(&file);
}

static void test_probes_and_lines_give_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		check_pair(&pairs[i].record, pairs[i].line);
}

static void test_what_only_probes_see(void **state)
{
	struct hs_record_svm invalidate = {
		.head = { .type = HS_RECORD_INVALIDATE, .time = TIME }, .start = PAGE(0x200), .nr_pages = 0x200,
		.outer_start = PAGE(0x100), .outer_pages = 0x180, .trigger = 6,
	};
	struct hs_record_svm moved = {
		.head = { .type = HS_RECORD_MIGRATION_RESULT, .time = TIME }, .start = PAGE(0x200), .nr_pages = 0x200,
		.to = 0xabc, .trigger = 1, .ret = -28,
	};
	struct hs_svm_invalidate row;
	struct hs_svm_migrate_result result;
	struct sink_file file;

	(void)state;
	sink_file_init(&file);
	hs_translate_svm(file.sink, &invalidate.head, TASK, MM);
	hs_translate_svm(file.sink, &moved.head, TASK, MM);
	sink_file_finish(&file);
	assert_int_equal(sink_file_read(&file, HS_KIND_svm_invalidate, &row, 1), 1);
	assert_int_equal(row.start, PAGE(0x200));
	assert_int_equal(row.outer_start, PAGE(0x100));
	assert_int_equal(row.outer_pages, 0x180);
	assert_int_equal(row.event, 6);
	assert_int_equal(sink_file_read(&file, HS_KIND_svm_migrate_result, &result, 1), 1);
	assert_int_equal(result.ret, -28);
	assert_int_equal(result.to, 0xabc);
	sink_file_remove(&file);
}

/* More attributes than a record holds are counted, and the first ones kept. */
static void test_attributes(void **state)
{
	struct hs_record_attributes record = {
		.head = { .type = HS_RECORD_ATTRIBUTES, .time = TIME }, .start = PAGE(0x200), .size = PAGE(0x200),
		.nr_attributes = HS_SVM_ATTRIBUTES + 1, .xnack = 1, .granularity = 9, .attributes = { 0xabc00000002 },
	};
	struct hs_svm_attributes row;
	struct sink_file file;

	(void)state;
	sink_file_init(&file);
	hs_translate_svm(file.sink, &record.head, TASK, MM);
	sink_file_finish(&file);
	assert_int_equal(sink_file_read(&file, HS_KIND_svm_attributes, &row, 1), 1);
	assert_int_equal(row.nr_attributes, HS_SVM_ATTRIBUTES + 1);
	assert_int_equal(row.attributes.length, HS_SVM_ATTRIBUTES * 8);
	assert_int_equal(row.size, PAGE(0x200));
	assert_int_equal(row.granularity, 9);
	sink_file_remove(&file);
}

static uint32_t find(struct hs_gpu_processes *processes, unsigned int type, uint32_t worker, uint32_t tid,
		     uint32_t pasid)
{
	struct hs_record_svm record = {
		.head = { .type = (hs_u8)type, .tid = tid }, .worker = worker, .pasid = pasid,
	};

	return hs_gpu_processes_find(processes, &record.head);
}

/* Worker 1 serves a fault of process 70 with pasid 8; from then on the number tells, whoever serves. */
static void test_whose_fault_it_was(void **state)
{
	struct hs_gpu_processes processes = { .serving = { 0 } };

	(void)state;
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 1, 0, 8), 0);
	assert_int_equal(find(&processes, HS_RECORD_GPU_FAULT_BEGIN, 1, 70, 0), 70);
	assert_int_equal(find(&processes, HS_RECORD_GPU_FAULT_END, 1, 70, 0), 70);
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 2, 0, 9), 0);
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 1, 0, 8), 70);
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 2, 0, 8), 70);
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 1, 0, 9), 0);
	/* The number's next owner. */
	assert_int_equal(find(&processes, HS_RECORD_GPU_FAULT_BEGIN, 2, 71, 0), 71);
	assert_int_equal(find(&processes, HS_RECORD_FAULT_RESULT, 2, 0, 8), 71);
	hs_gpu_processes_deinit(&processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes_and_lines_give_the_same), cmocka_unit_test(test_what_only_probes_see),
		cmocka_unit_test(test_attributes), cmocka_unit_test(test_whose_fault_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
