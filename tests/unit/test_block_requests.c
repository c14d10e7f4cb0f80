// SPDX-License-Identifier: GPL-2.0-only
/* Records of writes and reads as rows: what the recorder makes of a busy lock, and of files that are not ours. */
#include "tests/unit/sink_file.h"

#include "collectors/translate_hotplug.h"

enum { RESTART = -513, TID = 42, TASK = 1 };

static struct hs_record_access access_of(uint32_t type, const char *folder, const char *file, int64_t ret,
					  uint64_t end)
{
	struct hs_record_access access = {
		.head = { .type = (uint8_t)type, .tid = TID, .time = end }, .entry_time = end - 10, .ret = ret,
		.length = 6,
	};

	snprintf(access.folder, sizeof(access.folder), "%s", folder);
	snprintf(access.file, sizeof(access.file), "%s", file);
	snprintf(access.text, sizeof(access.text), "online");
	return access;
}

static unsigned int translate(struct hs_hotplug_translator *translator, const struct hs_record_access *access)
{
	return hs_hotplug_translate(translator, &access->head, TASK);
}

/* T11: device_hotplug_lock busy twice, then free: the kernel has the write made again; it is one request. */
static void test_busy_lock(void **state)
{
	struct hs_record_access busy = access_of(HS_RECORD_WRITE, "memory64", "state", RESTART, 1000);
	struct hs_record_access again = access_of(HS_RECORD_WRITE, "memory64", "state", RESTART, 2000);
	struct hs_record_access done = access_of(HS_RECORD_WRITE, "memory64", "state", 6, 3000);
	struct hs_hotplug_translator *translator;
	struct hs_hotplug_request rows[2];
	struct sink_file file;

	(void)state;
	sink_file_init(&file);
	translator = hs_hotplug_translator_create(file.sink, NULL);
	assert_non_null(translator);
	assert_int_equal(translate(translator, &busy), 0);
	assert_int_equal(translate(translator, &again), 0);
	assert_int_equal(translate(translator, &done), 1);
	hs_hotplug_translator_destroy(translator);
	sink_file_finish(&file);
	assert_int_equal(sink_file_read(&file, HS_KIND_hotplug_request, rows, 2), 1);
	assert_int_equal(rows[0].retries, 2);
	assert_int_equal(rows[0].ret, 6);
	assert_int_equal(rows[0].duration, 3000 - 990);
	sink_file_remove(&file);
}

static void test_other_files(void **state)
{
	struct hs_record_access other = access_of(HS_RECORD_WRITE, "memory64", "uevent", 6, 1000);
	struct hs_record_access ours = access_of(HS_RECORD_READ, "memory_hotplug", "online_policy", 6, 2000);
	struct hs_hotplug_translator *translator;
	struct hs_hotplug_read rows[2];
	struct sink_file file;

	(void)state;
	sink_file_init(&file);
	translator = hs_hotplug_translator_create(file.sink, NULL);
	assert_non_null(translator);
	assert_int_equal(translate(translator, &other), 0);
	assert_int_equal(translate(translator, &ours), 1);
	assert_int_equal(hs_hotplug_translator_group(translator, 0), -1);
	assert_int_equal(hs_hotplug_translator_group(translator, 4096), -2);
	assert_int_equal(hs_hotplug_translator_add_group(translator, 4096, 3), 0);
	assert_int_equal(hs_hotplug_translator_group(translator, 4096), 3);
	hs_hotplug_translator_destroy(translator);
	sink_file_finish(&file);
	assert_int_equal(sink_file_read(&file, HS_KIND_hotplug_read, rows, 2), 1);
	sink_file_remove(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_busy_lock), cmocka_unit_test(test_other_files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
