// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbered cases of the address-space specification that are about results: what a call returns, by the
 * mappings and limits before it. Recorded results are not looked at: each call is asked about, none is made true.
 */
#include "replay/address_space/space_state.h"
#include "tests/unit/space_script.h"

#define B HS_SCRIPT_BASE
#define P 4096ull
#define M (512 * P)
#define TOP 0x7ffffffff000ull

struct call {
	unsigned int kind;
	uint64_t a[5];		/* arguments: see ask_about */
};

struct refusal {
	unsigned int number;
	const char *variants, *before;
	struct call call;
	const char *result;	/* "" : nothing can be said */
};

#define ALL_OF_IT "6.1 6.12 6.18 7.2"
#define OLD "6.1 6.12"
#define NEW "6.18 7.2"
#define MMAP(a, len, prot, flags, fd) { HS_KIND_mm_mmap, { a, len, prot, flags, fd } }
#define MUNMAP(a, len) { HS_KIND_mm_munmap, { a, len } }
#define MPROTECT(a, len, prot) { HS_KIND_mm_mprotect, { a, len, prot } }
#define MADVISE(a, len, advice) { HS_KIND_mm_madvise, { a, len, advice } }
#define MLOCK(a, len) { HS_KIND_mm_mlock, { a, len, 0, 0 } }
#define MLOCKALL(flags) { HS_KIND_mm_mlock, { 0, 0, 3, flags } }
#define MREMAP(a, old, new, flags, to) { HS_KIND_mm_mremap, { a, old, new, flags, to } }
enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, FIXED_ANON = ANON | MAP_FIXED };

static const struct refusal refusals[] = {
	{ 11, ALL_OF_IT, "A 0 4 rw", MMAP(B + 2 * P, P, 3, ANON | MAP_FIXED_NOREPLACE, -1), "EEXIST" },
	{ 13, ALL_OF_IT, "A 0 4 rw; lim as 0", MMAP(B, 4 * P, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1), "OK" },
	{ 13, ALL_OF_IT, "A 0 4 rw; lim as 0", MMAP(B, 5 * P, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1), "ENOMEM" },
	/* With the page of know(), 0xb0000000 bytes of 0xc0000000: in bytes of 32 bits the sum would wrap. */
	{ 15, ALL_OF_IT, "A 0 720895 rw; lim as 65536", MMAP(B + (4ull << 30), 0x60000000, 3, FIXED_ANON, -1), "ENOMEM" },
	{ 15, ALL_OF_IT, "A 0 720895 rw; lim as 65536", MMAP(B + (4ull << 30), 0x10000000, 3, FIXED_ANON, -1), "OK" },
	{ 51, ALL_OF_IT, "lim memlock 2; lockall 2", MMAP(B, 4 * P, 3, FIXED_ANON, -1), "EAGAIN" },
	{ 51, ALL_OF_IT, "lim memlock 2; lockall 2", MMAP(B, 2 * P, 3, FIXED_ANON, -1), "OK" },
	{ 50, ALL_OF_IT, "A 0 8 rw; lim memlock 4; lock 0 4", MLOCK(B, 4 * P), "OK" },
	{ 50, ALL_OF_IT, "A 0 8 rw; lim memlock 4; lock 0 4", MLOCK(B + 4 * P, P), "ENOMEM" },
	/* The limit comes before the wrap. */
	{ 50, ALL_OF_IT, "A 0 8 rw; lim memlock 4", MLOCK(B, UINT64_MAX - B - P), "ENOMEM" },
	{ 50, ALL_OF_IT, "A 0 8 rw", MLOCK(B, UINT64_MAX - P), "EINVAL" },
	{ 102, ALL_OF_IT, "A 0 4 rw; S 1M 514 rw; lim as 0", MREMAP(B, 4 * P, 8 * P, 3, B + M), "ENOMEM" },
	{ 103, ALL_OF_IT, "A 0 4 rw; lim as 2", MREMAP(B, 4 * P, 6 * P, 0, 0), "OK" },
	{ 103, ALL_OF_IT, "A 0 4 rw; lim as 2; re 0 4 6 0 0", MREMAP(B, 6 * P, 7 * P, 1, 0), "ENOMEM" },
	{ 103, ALL_OF_IT, "A 0 4 rw; lim as 2; re 0 4 6 0 0", MREMAP(B, 6 * P, 6 * P, 3, B + M), "OK" },
	{ 103, ALL_OF_IT, "A 0 4 rw; lim as 2; re 0 4 6 0 0", MREMAP(B, 6 * P, 6 * P, 5, 0), "ENOMEM" },
	{ 107, ALL_OF_IT, "A 0 4 rw; lim memlock 4; lock 0 4", MREMAP(B, 4 * P, 5 * P, 0, 0), "EAGAIN" },
	{ 12, ALL_OF_IT, "A 0 4 rw", MUNMAP(B + 1, P), "EINVAL" },
	{ 12, ALL_OF_IT, "A 0 4 rw", MUNMAP(B, 0), "EINVAL" },
	{ 12, ALL_OF_IT, "A 0 4 rw", MUNMAP(B + 100 * P, P), "OK" },
	{ 12, ALL_OF_IT, "A 0 4 rw", MUNMAP(B, 1ull << 47), "EINVAL" },
	/* Whether low addresses are allowed hangs on a right and a setting that are not recorded. */
	{ 27, ALL_OF_IT, "", MMAP(0, P, 3, FIXED_ANON, -1), "" },
	{ 27, ALL_OF_IT, "", MMAP(0x1000, P, 3, ANON, -1), "OK" },
	{ 33, ALL_OF_IT, "A 0 4 -; S 4 8 rw; A 8 12 -; lim data 5", MPROTECT(B, 12 * P, 3), "ENOMEM" },
	{ 33, ALL_OF_IT, "A 0 4 -; S 4 8 rw; A 8 12 -; lim data 8", MPROTECT(B, 12 * P, 3), "OK" },
	{ 34, ALL_OF_IT, "A 0 4 rw; A 6 8 rw", MPROTECT(B, 8 * P, 1), "ENOMEM" },
	{ 34, ALL_OF_IT, "A 0 4 rw; A 6 8 rw", MPROTECT(B + 4 * P, 4 * P, 1), "ENOMEM" },
	{ 34, ALL_OF_IT, "A 0 4 rw; A 6 8 rw", MPROTECT(B + 6 * P, 4 * P, 1), "ENOMEM" },
	{ 39, ALL_OF_IT, "A 0 8 rw; S 10 12 rw", MADVISE(B, 12 * P, MADV_DONTNEED), "ENOMEM" },
	{ 40, ALL_OF_IT, "", MADVISE(B, 4 * P, MADV_DONTNEED), "ENOMEM" },
	{ 40, ALL_OF_IT, "", MADVISE(B, 0, 999), "EINVAL" },
	{ 40, ALL_OF_IT, "", MADVISE(B + 1, P, MADV_DONTNEED), "EINVAL" },
	{ 40, ALL_OF_IT, "", MADVISE(B, 0, MADV_DONTNEED), "OK" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, MADV_DONTNEED), "EINVAL" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, MADV_FREE), "EINVAL" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, 20), "EINVAL" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, 21), "EINVAL" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, MADV_REMOVE), "EINVAL" },
	{ 41, ALL_OF_IT, "A 0 4 rw; lock 0 4", MADVISE(B, 4 * P, 24), "OK" },
	{ 47, ALL_OF_IT, "A 0 4 -", MADVISE(B, 4 * P, 22), "EINVAL" },
	{ 47, ALL_OF_IT, "A 0 4 r", MADVISE(B, 4 * P, 23), "EINVAL" },
	{ 47, ALL_OF_IT, "A 0 4 r", MADVISE(B, 6 * P, 22), "ENOMEM" },
	{ 49, ALL_OF_IT, "A 0 4 rw; A 6 8 rw", MLOCK(B, 8 * P), "ENOMEM" },
	{ 52, ALL_OF_IT, "", MLOCKALL(4), "EINVAL" },
	{ 52, ALL_OF_IT, "", MLOCKALL(0), "EINVAL" },
	{ 80, ALL_OF_IT, "A 0 4 rw; A 4 5 r", MREMAP(B, 4 * P, 8 * P, 0, 0), "ENOMEM" },
	{ 80, ALL_OF_IT, "A 0 4 rw; A 4 5 r", MREMAP(B, 4 * P, 8 * P, 1, 0), "OK" },
	{ 90, OLD, "A 0 4 rw; A 6 8 rw", MREMAP(B, 10 * P, 10 * P, 3, B + M), "EFAULT" },
	{ 90, NEW, "A 0 4 rw; A 6 8 rw", MREMAP(B, 10 * P, 10 * P, 3, B + M), "OK" },
	{ 91, ALL_OF_IT, "A 2 6 rw", MREMAP(B, 6 * P, 6 * P, 3, B + M), "EFAULT" },
	{ 92, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 10 * P, 10 * P, 0, 0), "OK" },
	{ 92, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 10 * P, 12 * P, 1, 0), "EFAULT" },
	{ 92, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 10 * P, 2 * P, 0, 0), "OK" },
	{ 95, ALL_OF_IT, "S 0 4 rw", MREMAP(B, 0, 2 * P, 0, 0), "ENOMEM" },
	{ 96, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 0, 4 * P, 1, 0), "EINVAL" },
	{ 96, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 0, 4 * P, 3, B + M), "EINVAL" },
	/* The destination is freed first: found in guests. */
	{ 96, OLD, "A 0 8 rw", MREMAP(B + P, 0, 4 * P, 3, B + P), "EFAULT" },
	{ 96, NEW, "A 0 8 rw", MREMAP(B + P, 0, 4 * P, 3, B + P), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 4 * P, 8, 0), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 4 * P, 2, B + M), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 4 * P, 4, B + M), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 5 * P, 5, B + M), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B + 1, 4 * P, 4 * P, 1, 0), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 0, 1, 0), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 4 * P, 3, B + M + 1), "EINVAL" },
	{ 97, ALL_OF_IT, "A 0 8 rw", MREMAP(B, 4 * P, 4 * P, 3, B + 2 * P), "EINVAL" },
	{ 98, ALL_OF_IT, "A 0 8 rw", MREMAP(B + 100 * P, P, P, 0, 0), "EFAULT" },
	{ 98, ALL_OF_IT, "A 0 8 rw", MREMAP(B + 100 * P, P, 2 * P, 1, 0), "EFAULT" },
	{ 98, ALL_OF_IT, "A 0 8 rw", MREMAP(B + 100 * P, P, P, 3, B + M), "EFAULT" },
	{ 99, NEW, "A 0 8 rw", MREMAP(B, P, TOP + P, 1, 0), "EINVAL" },
	{ 100, NEW, "A 0 8 rw", MREMAP(B, P - 1, P, 5, 0), "OK" },
	{ 100, OLD, "A 0 8 rw", MREMAP(B, P - 1, P, 5, 0), "EINVAL" },
	{ 114, ALL_OF_IT, "A 0 4 rw", MREMAP(B, 2 * P, 6 * P, 0, 0), "ENOMEM" },
};

/* A mapping far away: its row of a snapshot makes the address space a known one. */
static void know(struct hs_script *script, uint64_t flags, uint64_t start, uint64_t end)
{
	struct hs_snap_vma row = { .start = start, .end = end, .prot = PROT_READ, .vm_flags = flags };

	give(script, HS_KIND_snap_vma, &row);
}

static const char *ask_about(struct hs_script *script, struct call call)
{
	const uint64_t *a = call.a;
	unsigned int kind = call.kind;
	struct hs_mm_mmap map = { .addr = a[0], .len = a[1], .prot = (uint32_t)a[2], .flags = (uint32_t)a[3],
				  .fd = (int)a[4] };
	struct hs_mm_munmap unmap = { .addr = a[0], .len = a[1] };
	struct hs_mm_mprotect protect = { .addr = a[0], .len = a[1], .prot = (uint32_t)a[2] };
	struct hs_mm_madvise advise = { .addr = a[0], .len = a[1], .advice = (uint32_t)a[2] };
	struct hs_mm_mlock lock = { .addr = a[0], .len = a[1], .op = (uint8_t)a[2], .flags = (uint32_t)a[3] };
	struct hs_mm_mremap remap = { .addr = a[0], .old_len = a[1], .new_len = a[2], .flags = (uint32_t)a[3],
				      .new_addr = a[4] };
	struct hs_row *row = kind == HS_KIND_mm_mmap ? &map.row : kind == HS_KIND_mm_munmap ? &unmap.row :
			     kind == HS_KIND_mm_mprotect ? &protect.row : kind == HS_KIND_mm_madvise ? &advise.row :
			     kind == HS_KIND_mm_mlock ? &lock.row : &remap.row;
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_decision recorded = { 0 }, decision = { 0 };
	struct hs_event event = { .kind = kind };
	union hs_request_storage request;

	row->mm = script->mm;
	event.row = row;
	assert_int_equal(ops->ask(script->model, &event, &request, &recorded), 1);
	ops->decide(script->model, &request.request, &decision);
	return strcmp(decision.result, HS_RESULT_UNKNOWN) == 0 ? "" : decision.result;
}

static bool run_refusal(const struct refusal *at, const char *variant)
{
	struct hs_script script;
	const char *result;
	bool is_good;

	script_init(&script, variant, "never");
	script_run(&script, "limits");
	know(&script, HS_VMA_RD | HS_VMA_MR, B - (1ull << 30), B - (1ull << 30) + P);
	script_run(&script, at->before);
	result = ask_about(&script, at->call);
	is_good = strcmp(result, at->result) == 0;
	if (!is_good)
		print_message("not ok T%u (%s, row %td): %s, wanted %s\n", at->number, variant, at - refusals, result,
			      at->result);
	script_deinit(&script);
	return is_good;
}

static void test_refusals(void **state)
{
	unsigned int nr = 0, nr_bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		char *variants = strdup(refusals[i].variants), *rest = variants, *variant;

		while ((variant = strsep(&rest, " "))) {
			nr++;
			nr_bad += !run_refusal(&refusals[i], variant);
		}
		free(variants);
	}
	print_message("%u of %u results as expected\n", nr - nr_bad, nr);
	assert_int_equal(nr_bad, 0);
}

/* 20 mappings are allowed; nr are there: [0,4), [4,5), [6,7), … and one far away. */
static void init_with_maps(struct hs_script *script, const char *variant, unsigned int nr)
{
	char command[32];

	script_init_with(script, variant, "never", "address_space.max_map_count", "20");
	know(script, HS_VMA_RD | HS_VMA_MR, B - (1ull << 30), B - (1ull << 30) + P);
	script_run(script, "A 0 4 rw");
	for (unsigned int i = 2; i < nr; i++) {
		snprintf(command, sizeof(command), "S %u %u r", 2 * i, 2 * i + 1);
		script_run(script, command);
	}
}

static const char *ask_with_maps(const char *variant, unsigned int nr, struct call call)
{
	struct hs_script script;
	static char result[16];

	init_with_maps(&script, variant, nr);
	snprintf(result, sizeof(result), "%s", ask_about(&script, call));
	script_deinit(&script);
	return result;
}

/* T25, T120: with 20 mappings allowed. 6.18's limits are those of older kernels: measured there. */
static void test_T25_T120_number_of_mappings(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
	const struct call middle = MUNMAP(B + P, P), fixed = MREMAP(B, 4 * P, 4 * P, 3, B + M);
	const struct call plain = MREMAP(B, 4 * P, 8 * P, 1, B + M), shrink = MREMAP(B, 4 * P, 2 * P, 0, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		const char *variant = variants[i];
		bool is_new = i == 3;

		assert_string_equal(ask_with_maps(variant, 19, middle), "OK");
		assert_string_equal(ask_with_maps(variant, 20, middle), "ENOMEM");
		assert_string_equal(ask_with_maps(variant, 14, fixed), "OK");
		assert_string_equal(ask_with_maps(variant, 15, fixed), is_new ? "OK" : "ENOMEM");
		assert_string_equal(ask_with_maps(variant, 16, fixed), is_new ? "OK" : "ENOMEM");
		assert_string_equal(ask_with_maps(variant, 17, fixed), "ENOMEM");
		assert_string_equal(ask_with_maps(variant, 16, plain), "OK");
		assert_string_equal(ask_with_maps(variant, 17, plain), "ENOMEM");
		assert_string_equal(ask_with_maps(variant, 17, shrink), is_new ? "ENOMEM" : "OK");
		assert_string_equal(ask_with_maps(variant, 20, (struct call)MMAP(B + M, P, 3, FIXED_ANON, -1)), "OK");
		assert_string_equal(ask_with_maps(variant, 21, (struct call)MMAP(B + M, P, 3, FIXED_ANON, -1)), "ENOMEM");
	}
}

/* New flags for a part cut it out, once or twice, each time below the limit: measured on 6.18. */
static void test_no_room_for_cuts(void **state)
{
	static const char *const variants[] = { "6.1", "6.12", "6.18", "7.2" };
	const struct {
		struct call call;
		const char *at_18, *at_19, *at_20;
	} calls[] = {
		{ MPROTECT(B + P, P, PROT_READ), "OK", "ENOMEM", "ENOMEM" },
		{ MPROTECT(B, P, PROT_READ), "OK", "OK", "ENOMEM" },
		{ MPROTECT(B + P, 3 * P, PROT_READ), "OK", "OK", "ENOMEM" },
		{ MPROTECT(B + P, P, PROT_READ | PROT_WRITE), "OK", "OK", "OK" },
		{ MPROTECT(B, 5 * P, PROT_READ), "OK", "OK", "OK" },
		{ MADVISE(B + P, P, MADV_DONTFORK), "OK", "EAGAIN", "EAGAIN" },
		{ MADVISE(B + P, P, MADV_DONTNEED), "OK", "OK", "OK" },
		{ MADVISE(B - P, 2 * P, MADV_DONTFORK), "ENOMEM", "ENOMEM", "EAGAIN" },
		{ MLOCK(B + P, P), "OK", "ENOMEM", "ENOMEM" },
		{ MLOCK(B, 4 * P), "OK", "OK", "OK" },
		{ MMAP(B + P, P, 3, FIXED_ANON, -1), "OK", "OK", "ENOMEM" },
		{ MMAP(B, P, 3, FIXED_ANON, -1), "OK", "OK", "OK" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		for (size_t j = 0; j < sizeof(calls) / sizeof(*calls); j++) {
			assert_string_equal(ask_with_maps(variants[i], 18, calls[j].call), calls[j].at_18);
			assert_string_equal(ask_with_maps(variants[i], 19, calls[j].call), calls[j].at_19);
			assert_string_equal(ask_with_maps(variants[i], 20, calls[j].call), calls[j].at_20);
		}
	}
}

static void assert_begins(const struct hs_script *script, const char *wanted)
{
	const char *text = strchr(script_vmas(script), ' ') + 1;	/* behind the one far away */

	if (strncmp(text, wanted, strlen(wanted)))
		fail_msg("%s, wanted %s", text, wanted);
}

/* The first of two cuts stays when there is no room for the second; a part that joins its neighbour needs none. */
static void test_stopped_between_cuts(void **state)
{
	static const char *const commands[] = { "fail 12; prot 1 2 r", "fail 11; adv 1 2 10", "fail 12; lock 1 2" };
	struct hs_script script;

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		init_with_maps(&script, "6.18", 19);
		script_run(&script, commands[i]);
		assert_begins(&script, "[0,1)rw [1,4)rw [4,5)rs");
		script_run(&script, commands[i]);
		assert_begins(&script, "[0,1)rw [1,4)rw [4,5)rs");
		script_deinit(&script);
	}
	init_with_maps(&script, "6.18", 19);
	script_run(&script, "prot 2 4 r");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + P, P, PROT_READ)), "OK");
	script_run(&script, "fail 12; prot 1 3 r; prot 1 2 r");
	assert_begins(&script, "[0,1)rw [1,4)r [4,5)rs");
	script_deinit(&script);
}

/* KSM's pages are the program's own again although its mapping could not be cut. */
static void test_stopped_behind_ksm(void **state)
{
	struct hs_script script;
	struct hs_mm *mm;

	(void)state;
	init_with_maps(&script, "6.12", 20);
	script_run(&script, "w 0 4; adv 0 4 12");
	mm = (struct hs_mm *)script_mm(&script);
	hs_mm_clear_planes(mm, B + P, B + 2 * P, HS_PLANE_BIT(EXCLUSIVE) | HS_PLANE_BIT(WRITABLE));
	assert_string_equal(script_plane(&script, "exclusive"), "0-0 2-3");
	script_run(&script, "fail 11; adv 1 2 13");
	assert_string_equal(script_plane(&script, "exclusive"), "0-3");
	assert_begins(&script, "[0,4)rw");
	script_deinit(&script);
}

/* A later mapping of the range finds no room: what lies before it has changed. Nobody foretells it. */
static void test_stopped_on_the_way(void **state)
{
	struct hs_script script;

	(void)state;
	init_with_maps(&script, "6.18", 19);
	script_run(&script, "un 6 7; S 5 8 r");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + 2 * P, 4 * P, 0)), "");
	script_run(&script, "fail 12; lock 2 6");
	assert_begins(&script, "[0,2)rw [2,4)rwL [4,5)rsL [5,8)rs [8,9)rs");
	script_run(&script, "unlock 2 5; fail 12; prot 2 6 -");
	assert_begins(&script, "[0,2)rw [2,4) [4,5)s [5,8)rs [8,9)rs");
	script_deinit(&script);
}

/* MAP_DROPPABLE has come with 6.11, and cannot be locked; mlockall passes it over. */
static void test_droppable(void **state)
{
	enum { DROPPABLE = 8 | MAP_ANONYMOUS | MAP_FIXED };
	struct hs_mm_mmap map = { .addr = B, .ret = (int64_t)B, .len = 4 * P, .prot = 3, .flags = DROPPABLE, .fd = -1 };
	struct hs_script script;

	(void)state;
	assert_string_equal(ask_with_maps("6.1", 3, (struct call)MMAP(B + M, P, 3, DROPPABLE, -1)), "EINVAL");
	assert_string_equal(ask_with_maps("6.12", 3, (struct call)MMAP(B + M, P, 3, DROPPABLE, -1)), "OK");
	assert_string_equal(ask_with_maps("6.12", 3, (struct call)MMAP(B + M, P, 3, DROPPABLE | MAP_LOCKED, -1)), "EINVAL");
	script_init(&script, "6.18", "never");
	script_run(&script, "A 100 101 rw; lockall 6");
	give(&script, HS_KIND_mm_mmap, &map);
	assert_string_equal(script_vmas(&script), "[0,4)rw [100,101)rw");
	assert_string_equal(script_plane(&script, "present"), "0-3");	/* not locked on fault: faulted in */
	assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, 0);
	script_deinit(&script);
}

/* PROT_GROWSDOWN begins where the stack does, and is refused elsewhere; nothing of x86 grows up. */
static void test_growing_protection(void **state)
{
	struct hs_mm_mprotect call = { .addr = B + 4 * P, .len = P, .prot = PROT_READ | PROT_GROWSDOWN };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	know(&script, HS_VMA_RD | HS_VMA_MR, B - (1ull << 30), B - (1ull << 30) + P);
	script_run(&script, "A 0 8 rw grows; A 100 108 rw");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + 102 * P, P, PROT_GROWSDOWN)), "EINVAL");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + 4 * P, P, PROT_GROWSUP)), "EINVAL");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + 4 * P, P, PROT_GROWSDOWN | PROT_READ)), "OK");
	give(&script, HS_KIND_mm_mprotect, &call);
	assert_string_equal(script_vmas(&script), "[-262144,-262143)r [0,5)r [5,8)rw [100,108)rw");
	script_deinit(&script);
}

/* Faulting in ends at a guard: with an error, after what comes before it. */
static void test_guards_end_populating(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	know(&script, HS_VMA_RD | HS_VMA_MR, B - (1ull << 30), B - (1ull << 30) + P);
	script_run(&script, "A 0 8 rw; adv 4 5 102");
	assert_string_equal(ask_about(&script, (struct call)MADVISE(B, 8 * P, 23)), "EFAULT");
	assert_string_equal(ask_about(&script, (struct call)MLOCK(B, 8 * P)), "ENOMEM");
	script_run(&script, "fail 14; adv 0 8 23");
	assert_string_equal(script_plane(&script, "present"), "0-3");
	script_run(&script, "fail 12; lock 0 8");
	assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, 8);
	script_deinit(&script);
}

/* T26: a sealed mapping refuses to go or to change; what lies before it has changed by then. */
static void test_T26_sealed(void **state)
{
	enum { RW = HS_VMA_RD | HS_VMA_WR | HS_VMA_MR | HS_VMA_MW | HS_VMA_ME | HS_VMA_AC };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.12", "never");
	know(&script, RW, B, B + 2 * P);
	know(&script, RW | HS_VMA_SL, B + 2 * P, B + 4 * P);
	know(&script, RW, B + 4 * P, B + 8 * P);
	assert_string_equal(ask_about(&script, (struct call)MUNMAP(B + P, 2 * P)), "EPERM");
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B + P, 2 * P, PROT_READ)), "EPERM");
	script_run(&script, "fail 1; prot 1 3 r");
	assert_string_equal(script_vmas(&script), "[0,1)rw [1,2)r [2,4)rw [4,8)rw");
	script_deinit(&script);
}

/* T37: a file that may not be written; T20: maps of one descriptor are one, of another they are not. */
static void test_T20_T37_files(void **state)
{
	struct hs_mm_mmap map = { .addr = B, .ret = (int64_t)B, .len = 4 * P, .prot = PROT_READ,
				  .flags = MAP_SHARED | MAP_FIXED, .fd = 5 };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	know(&script, HS_VMA_RD | HS_VMA_MR, B - (1ull << 30), B - (1ull << 30) + P);
	give(&script, HS_KIND_mm_mmap, &map);
	map.addr += 4 * P;
	map.ret += (int64_t)(4 * P);
	map.offset = 4 * P;
	give(&script, HS_KIND_mm_mmap, &map);
	assert_ptr_equal(hs_mm_vma_at(script_mm(&script), B), hs_mm_vma_at(script_mm(&script), B + 7 * P));
	map.addr += 4 * P;
	map.ret += (int64_t)(4 * P);
	map.offset = 8 * P;
	map.fd = 6;
	give(&script, HS_KIND_mm_mmap, &map);
	assert_ptr_not_equal(hs_mm_vma_at(script_mm(&script), B), hs_mm_vma_at(script_mm(&script), B + 8 * P));
	/* How the descriptor was opened is not recorded: read-only is taken, as an assumption. */
	assert_string_equal(ask_about(&script, (struct call)MPROTECT(B, P, PROT_READ | PROT_WRITE)), "EACCES");
	script_deinit(&script);
}

/* T76: pages of a PFN mapping cannot be faulted in again: fork copies them (a section, but no known page). */
static void test_T76_pfn_mapping(void **state)
{
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	know(&script, HS_VMA_RD | HS_VMA_WR | HS_VMA_MR | HS_VMA_MW | HS_VMA_PF | HS_VMA_IO, B, B + 4 * P);
	script_run(&script, "w 0 4; fork; mm 2");
	assert_string_equal(script_plane(&script, "present"), "");
	assert_int_equal(hs_mm_counters(script_mm(&script))->rss_anon, 0);
	script_deinit(&script);
}

/* T75: vfork shares the address space: nothing is copied, and there is no second one. */
static void test_T75_vfork(void **state)
{
	struct hs_mm_fork row = { .child = 9, .child_mm = 1, .clone_flags = 0x4100 };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 4 rw; w 0 4");
	give(&script, HS_KIND_mm_fork, &row);
	assert_string_equal(script_plane(&script, "writable"), "0-3");
	assert_null(hs_address_space_mm(hs_address_space_of(script.model), 2));
	script_deinit(&script);
}

static void move_heap(struct hs_script *script, uint64_t to)
{
	struct hs_mm_brk row = { .addr = to, .ret = (int64_t)to };

	give(script, HS_KIND_mm_brk, &row);
}

/* T21, T22: the heap grows and shrinks by pages; a refused call returns the old end. */
static void test_T21_T22_heap(void **state)
{
	struct hs_mm_brk refused = { .addr = B + 100 * P, .ret = (int64_t)(B + 3 * P + 8) };
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	move_heap(&script, B);
	move_heap(&script, B + 16 * P);
	script_run(&script, "w 0 16");
	move_heap(&script, B + 3 * P + 8);
	assert_string_equal(script_vmas(&script), "[0,4)rw");
	assert_string_equal(script_plane(&script, "present"), "0-3");
	give(&script, HS_KIND_mm_brk, &refused);
	assert_string_equal(script_vmas(&script), "[0,4)rw");
	script_deinit(&script);
}

/* T105: what DONTUNMAP of locked memory leaves counted; T121: moving raises no peak. */
static void test_T105_T121_counters(void **state)
{
	static const char *const variants[] = { "6.12", "6.18" };

	(void)state;
	for (uint64_t is_new = 0; is_new < 2; is_new++) {
		struct hs_script script;

		script_init(&script, variants[is_new], "never");
		script_run(&script, "A 0 4 rw; lock 0 4; re 0 4 8 0 0; re 0 8 8 7 1M");
		assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, is_new ? 16 : 8);
		script_run(&script, "un 1M 520");
		assert_int_equal(hs_mm_counters(script_mm(&script))->locked_vm, is_new ? 8 : 0);
		script_deinit(&script);
	}
	for (int i = 0; i < 2; i++) {
		struct hs_script script;
		uint64_t peak;

		script_init(&script, variants[i], "never");
		script_run(&script, "A 0 512M rw noreserve; un 0 1");
		peak = hs_mm_counters(script_mm(&script))->hiwater_vm;
		assert_int_equal(peak, 512 * 512);
		script_run(&script, "A 0 1 rw noreserve; re 0 512M 512M 3 1024M");
		assert_int_equal(hs_mm_counters(script_mm(&script))->hiwater_vm, peak);
		script_deinit(&script);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_T25_T120_number_of_mappings),
		cmocka_unit_test(test_no_room_for_cuts), cmocka_unit_test(test_stopped_between_cuts),
		cmocka_unit_test(test_stopped_behind_ksm), cmocka_unit_test(test_stopped_on_the_way),
		cmocka_unit_test(test_droppable),
		cmocka_unit_test(test_growing_protection),
		cmocka_unit_test(test_guards_end_populating), cmocka_unit_test(test_T26_sealed),
		cmocka_unit_test(test_T20_T37_files), cmocka_unit_test(test_T76_pfn_mapping),
		cmocka_unit_test(test_T75_vfork), cmocka_unit_test(test_T21_T22_heap),
		cmocka_unit_test(test_T105_T121_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
