// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block model inside the engine, on histories written by hand after the recorded sequences of 6.1 and
 * 6.12: validate agrees with them and notices each kind of change.
 */
#include "tests/unit/block_play.h"

static void assert_all_agree(const struct play *play)
{
	const struct hs_decision *pair = play->tally.last_disagreement;

	if (play->tally.nr[HS_VERDICT_DISAGREE] || play->tally.nr[HS_VERDICT_UNKNOWN])
		fail_msg("%u disagree, %u unknown; last at %llu: %s, recorded %s, modelled %s (%s)",
			 play->tally.nr[HS_VERDICT_DISAGREE], play->tally.nr[HS_VERDICT_UNKNOWN],
			 (unsigned long long)pair[0].time, hs_points[pair[0].point].name, pair[0].result, pair[1].result,
			 pair[1].reason);
	assert_true(play->tally.nr[HS_VERDICT_AGREE] > 0);
}

/* A morning on 6.12: plugged, onlined every way, refused every way, unplugged. */
static const struct step steps_612[] = {
	{ 64, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable" },
	{ 66, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable\n" },
	{ 65, 0, 0, "Movable", 0, "P Gn On", 0, 512, 1, 0, false, NULL },
	{ 67, 0, 2, "Normal", -ENOMEM, "P Gn! Cn F", -ENOMEM, 512, 1, 0, false, "online_kernel" },
	{ 67, 0, 1, "Normal", -EBUSY, "P!", -EBUSY, 512, 1, 0, false, "online" },
	{ 67, 0, 1, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, "online" },
	{ 67, 1, 0, "Normal", -EBUSY, "", 0, 512, 1, -EBUSY, false, "offline" },
	{ 66, 1, 0, "Movable", -EPERM, "Gf! Cf", -EPERM, 512, 1, 0, false, "offline" },
	{ 66, 1, 0, "Movable", -EINTR, "Gf Cf", 0, 512, 1, 0, false, "offline" },
	{ 66, 1, 0, "Movable", 0, "Gf Of F", 0, 512, 1, 0, false, "offline" },
	{ 65, 1, 0, "Movable", 0, "Gf Of F", 0, 512, 1, 0, false, "offline" },
};

static void play_morning(struct play *play, const struct step *steps, size_t nr)
{
	play_snapshot(play);
	feed(play, HS_KIND_hotplug_group, &(struct hs_hotplug_group){ .pages = 4 * F0_PAGES, .group = -1, .ret = 0 });
	play_tunable(play, "memory_hotplug/parameters/memmap_on_memory", "Y");
	play_add(play, 64, 4, 512, 0, 0);
	play_add(play, 64, 4, 0, -1, -EEXIST);
	for (size_t i = 0; i < nr; i++)
		play_step(play, &steps[i]);
	play_write(play, "memory64/state", "online", -EINVAL);
	play_write(play, "memory64/online", "1", 0);
	play_write(play, "memory64/state", "off", -EINVAL);
	play_write(play, "auto_online_blocks", "online_kernel", 0);
	play_write(play, "auto_online_blocks", "auto", -EINVAL);
	feed(play, HS_KIND_hotplug_remove, &(struct hs_hotplug_remove){
		.start = 64 * F0_BLOCK_BYTES, .size = 4 * F0_BLOCK_BYTES, .ret = -EBUSY });
	feed(play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 65, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	feed(play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("online"), .valid_zones = TEXT("Movable") });
}

static void test_validate(void **state)
{
	size_t nr = sizeof(steps_612) / sizeof(*steps_612);
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_morning(&play, steps_612, nr);
	assert_all_agree(&play);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ONLINE], 6);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_OFFLINE], 5);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_NOTIFY], 27);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 6);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ADD], 2);
	/* What was polled is a decision only where nothing ran since the block's own change. */
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 1);
	/* Only the signal is no consequence of what was seen before: the cancel, and the errno. */
	assert_int_equal(play.tally.nr[HS_VERDICT_AGREE] - play.tally.nr_exact, 2);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* As fentry sees 6.12: no calls of the outer actions, no creation of blocks, ids of groups unknown. */
static void test_validate_inlined(void **state)
{
	struct hs_hotplug_zone zone = { .online_type = 3, .start_pfn = 65 * F0_PAGES, .nr_pages = F0_PAGES,
					.zone = TEXT("Movable"), .group = -2 };
	static const struct step steps[] = {
		{ 64, 0, 3, "Movable", 0, "Gn On", 0, 0, 0, 0, false, NULL },
		{ 64, 1, 0, "Movable", 0, "Gf Of", 0, 0, 0, 0, false, NULL },
	};
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	/* Going online inside the add, before the uevent is read; then the add ends. */
	play_step(&play, &steps[0]);
	feed(&play, HS_KIND_hotplug_uevent, &(struct hs_hotplug_uevent){
		.action = TEXT("add"), .device = TEXT("memory64") });
	feed(&play, HS_KIND_hotplug_add, &(struct hs_hotplug_add){
		.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .duration = 10 * 1000000,
		.resource = TEXT("System RAM") });
	play_step(&play, &steps[1]);
	/* Read while block 65 goes online: which answer was given depends on when. */
	feed(&play, HS_KIND_hotplug_operation, &(struct hs_hotplug_operation){
		.block = 65, .online_type = 3, .state = TEXT("offline"), .group = -2 });
	feed(&play, HS_KIND_hotplug_zone, &zone);
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Movable Normal") });
	assert_all_agree(&play);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_NOTIFY], 4);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 2);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ADD], 1);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 0);
	assert_int_equal(play.tally.nr[HS_VERDICT_AGREE], play.tally.nr_exact);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* Each change of one step must be noticed. */
static void test_mutations(void **state)
{
	static const struct {
		size_t at;
		struct step step;
	} mutations[] = {
		{ 0, { 64, 0, 3, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, "online_movable" } },
		{ 2, { 65, 0, 0, "Normal", 0, "P Gn On", 0, 512, 1, 0, false, NULL } },
		{ 1, { 66, 0, 3, "Movable", 0, "Gn On", 0, 512, 1, 0, false, "online_movable" } },
		{ 0, { 64, 0, 3, "Movable", 0, "P Gn On", 0, 512, 1, 0, true, "online_movable" } },
		{ 3, { 67, 0, 2, "Normal", -ENOMEM, "P Gn! F", -ENOMEM, 512, 1, 0, false, "online_kernel" } },
		{ 3, { 67, 0, 2, "Normal", -EBUSY, "P Gn! Cn F", -ENOMEM, 512, 1, 0, false, "online_kernel" } },
		{ 6, { 67, 1, 0, "Normal", -EBUSY, "Gf Cf", 0, 512, 1, -EBUSY, false, "offline" } },
		{ 6, { 67, 1, 0, "Normal", -EINVAL, "", 0, 512, 1, -EBUSY, false, "offline" } },
		{ 9, { 66, 1, 0, "Movable", 0, "Gf Of", 0, 512, 1, 0, true, "offline" } },
	};
	struct step steps[sizeof(steps_612) / sizeof(*steps_612)];

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
		struct play play;

		memcpy(steps, steps_612, sizeof(steps));
		steps[mutations[i].at] = mutations[i].step;
		begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
		play_morning(&play, steps, sizeof(steps) / sizeof(*steps));
		if (!play.tally.nr[HS_VERDICT_DISAGREE])
			fail_msg("mutation %zu was not noticed", i);
		end(&play);
	}
}

/* The same words on 6.1: no PREPARE and FINISH; a word that was refused stays with the block (T12). */
static void test_validate_61(void **state)
{
	static const struct step steps[] = {
		{ 64, 0, 1, "Normal", 0, "Gn On", 0, 0, 0, 0, false, "online" },
		{ 33, 1, 3, "Normal", 0, "Gf Of", 0, 0, 0, 0, false, "offline" },
		{ 33, 0, 3, "Movable", 0, "Gn On", 0, 0, 0, 0, false, NULL },
	};
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.1", "kprobe", NULL);
	play_snapshot(&play);
	play_add(&play, 64, 1, 0, -1, 0);
	play_step(&play, &steps[0]);
	play_write(&play, "memory33/state", "online_movable", -EINVAL);
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 33)->online_type, HS_ONLINE_MOVABLE);
	play_step(&play, &steps[1]);
	play_step(&play, &steps[2]);
	assert_all_agree(&play);
	end(&play);
}

static void play_uevent(struct play *play, const char *action, const char *device)
{
	feed(play, HS_KIND_hotplug_uevent, &(struct hs_hotplug_uevent){ .action = TEXT(action), .device = TEXT(device) });
}

/* Polling alone: zones are judged, and said to be bounded or assumed. */
static void test_polling(void **state)
{
	struct play play;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "polling", NULL);
	play_snapshot(&play);
	play_uevent(&play, "add", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	play_uevent(&play, "online", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("online"), .valid_zones = TEXT("Normal") });
	assert_int_equal(f0_block(&model_of(&play)->hotplug, 64)->zone->index, HS_ZONE_NORMAL);
	play_uevent(&play, "offline", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	play_uevent(&play, "remove", "memory64");
	assert_all_agree(&play);
	assert_int_equal(play.tally.nr_exact, 0);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_ZONE], 1);
	assert_int_equal(play.tally.of_point[HS_POINT_BLOCK_VALID_ZONES], 2);
	assert_int_equal(model_of(&play)->hotplug.blocks.count, F0_BOOT_BLOCKS);
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* The uevent of a block is sent before the call that makes it ends: both tell of one block, with its group. */
static void test_uevent_before_creation(void **state)
{
	struct play play;
	struct hs_block *block;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	feed(&play, HS_KIND_hotplug_group, &(struct hs_hotplug_group){
		.node = 1, .pages = 2 * F0_PAGES, .group = -1, .ret = 0 });
	play_uevent(&play, "add", "memory64");
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){
		.block = 64, .node = 1, .state = TEXT("offline"), .valid_zones = TEXT("Normal Movable") });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 64 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = 1, .group = 0, .altmap_pages = 512 });
	assert_int_equal(model_of(&play)->nr_problems, 0);
	block = f0_block(&model_of(&play)->hotplug, 64);
	assert_int_equal(block->altmap, 512);
	assert_non_null(block->group);
	play_uevent(&play, "add", "memory65");
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 65 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .node = 1, .group = 0 });
	assert_int_equal(model_of(&play)->nr_problems, 0);
	end(&play);
}

/* Contradictory input is counted, told with its time, and leaves a state that can be used. */
static void test_bad_input(void **state)
{
	struct play play;
	struct hs_model *model;
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	begin(&play, HS_MODE_VALIDATE, "6.12", "fentry", NULL);
	play_snapshot(&play);
	model = model_of(&play);
	play_step(&play, &(struct step){ 200, 1, 0, "Normal", 0, "Gf Of F", 0, 0, 0, 0, false, NULL });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){ .start = 4096, .size = F0_BLOCK_BYTES });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 40 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
	feed(&play, HS_KIND_hotplug_notify, &(struct hs_hotplug_notify){ .action = TEXT("MEM_WHAT") });
	feed(&play, HS_KIND_hotplug_block, &(struct hs_hotplug_block){ .block = 34, .state = TEXT("maybe") });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 41 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES });
	feed(&play, HS_KIND_hotplug_blocks, &(struct hs_hotplug_blocks){
		.start = 9999 * F0_BLOCK_BYTES, .size = F0_BLOCK_BYTES, .op = 1 });
	play_add(&play, 1ull << 40, 1, 0, -1, -E2BIG);
	assert_true(model->nr_problems >= 6);
	out = open_memstream(&text, &size);
	assert_int_equal(hs_block_model.problems(model, out), model->nr_problems);
	fclose(out);
	assert_non_null(strstr(text, " ns: "));
	assert_non_null(strstr(text, "block 40 is removed while it is online"));
	assert_non_null(strstr(text, "block 34 has an unknown state"));
	assert_non_null(strstr(text, "block 41 is added and was there already"));
	assert_non_null(strstr(text, "block 9999 is removed and was never added"));
	free(text);
	end(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validate), cmocka_unit_test(test_validate_inlined),
		cmocka_unit_test(test_mutations), cmocka_unit_test(test_validate_61),
		cmocka_unit_test(test_polling), cmocka_unit_test(test_uevent_before_creation),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests_name("block_model", tests, NULL, NULL);
}
