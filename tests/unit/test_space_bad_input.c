// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that contradict each other and themselves: every kind that the address_space model takes, its columns
 * drawn without regard to sense. The state stays valid after each, what cannot be is counted and said with its
 * position, and the same events give the same state.
 */
#include "tests/unit/space_script.h"

#include "lib/rng.h"
#include "traces/schema.h"

enum { NR_MMS = 5, NR_TASKS = 4, ARENA_PAGES = 3000, EVENTS = 400, ROW_BYTES = 512 };

struct garbage {
	struct hs_rng rng;
	uint64_t time;
	unsigned char blob[64];
	unsigned int kinds[HS_NR_KINDS];
	size_t nr_kinds;
};

static bool chance(struct garbage *garbage, unsigned int percent)
{
	return hs_rng_below(&garbage->rng, 100) < percent;
}

static uint64_t draw_address(struct garbage *garbage)
{
	static const uint64_t odd[] = {
		0, 1, 4095, 1ull << 57, (1ull << 57) - 4096, 1ull << 63, UINT64_MAX, UINT64_MAX - 4095,
	};

	if (chance(garbage, 5))
		return odd[hs_rng_below(&garbage->rng, sizeof(odd) / sizeof(*odd))];
	return HS_SCRIPT_BASE + hs_rng_below(&garbage->rng, ARENA_PAGES) * 4096 + (chance(garbage, 5) ? 17 : 0);
}

static uint64_t draw_length(struct garbage *garbage)
{
	static const uint64_t odd[] = { 0, 1, 4097, 1ull << 57, UINT64_MAX - 4095, UINT64_MAX };

	if (chance(garbage, 5))
		return odd[hs_rng_below(&garbage->rng, sizeof(odd) / sizeof(*odd))];
	return (1 + hs_rng_below(&garbage->rng, chance(garbage, 25) ? 1600 : 16)) * 4096;
}

/* Results: mostly success, which of a call that makes a mapping is an address. */
static uint64_t draw_result(struct garbage *garbage)
{
	static const int errors[] = { EPERM, EINTR, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EINVAL, EOVERFLOW };

	if (chance(garbage, 25))
		return (uint64_t)-(int64_t)errors[hs_rng_below(&garbage->rng, sizeof(errors) / sizeof(*errors))];
	return chance(garbage, 50) ? draw_address(garbage) : 0;
}

static uint64_t draw_number(struct garbage *garbage, const struct hs_column_info *column)
{
	switch (column->unit) {
	case HS_UNIT_ns:
		return chance(garbage, 90) ? hs_rng_below(&garbage->rng, 100) : hs_rng_next(&garbage->rng);
	case HS_UNIT_task:
		return hs_rng_below(&garbage->rng, NR_TASKS);
	case HS_UNIT_mm:
		return hs_rng_below(&garbage->rng, NR_MMS + 1);
	case HS_UNIT_addr:
		return draw_address(garbage);
	case HS_UNIT_bytes:
		return draw_length(garbage);
	case HS_UNIT_errno:
		return draw_result(garbage);
	case HS_UNIT_hex:
		return hs_rng_below(&garbage->rng, 64) | (chance(garbage, 50) ? 1ull << hs_rng_below(&garbage->rng, 36) : 0);
	default:
		return column->type == HS_TYPE_i64 ? draw_result(garbage) : hs_rng_below(&garbage->rng, 30);
	}
}

static struct hs_bytes draw_bytes(struct garbage *garbage, bool is_text)
{
	static const char *const texts[] = {
		"", "[heap]", "[stack]", "[vdso]", "/memfd:x", "SCAN_SUCCEED", "SCAN_FAIL", "fault",
	};
	const char *text = texts[hs_rng_below(&garbage->rng, sizeof(texts) / sizeof(*texts))];

	if (is_text)
		return (struct hs_bytes){ text, (uint32_t)strlen(text) };
	for (size_t i = 0; i < sizeof(garbage->blob); i++)
		garbage->blob[i] = (unsigned char)hs_rng_next(&garbage->rng);
	return (struct hs_bytes){ (const char *)garbage->blob, chance(garbage, 80) ? 64 : chance(garbage, 50) ? 0 : 7 };
}

static void fill_column(struct garbage *garbage, const struct hs_column_info *column, unsigned char *row)
{
	static const size_t sizes[HS_NR_TYPES] = { [HS_TYPE_u8] = 1, [HS_TYPE_u16] = 2, [HS_TYPE_u32] = 4, [HS_TYPE_u64] = 8,
						   [HS_TYPE_i32] = 4, [HS_TYPE_i64] = 8 };

	if (sizes[column->type]) {
		uint64_t number = draw_number(garbage, column);

		memcpy(row + column->offset, &number, sizes[column->type]);	/* little endian */
	} else {
		struct hs_bytes bytes = draw_bytes(garbage, column->type == HS_TYPE_str);

		memcpy(row + column->offset, &bytes, sizeof(bytes));
	}
}

static unsigned int draw_event(struct garbage *garbage, unsigned char *row)
{
	unsigned int kind = garbage->kinds[hs_rng_below(&garbage->rng, garbage->nr_kinds)];
	const struct hs_kind_info *info = hs_kind_info(kind);
	struct hs_row *head = (struct hs_row *)(void *)row;

	if (chance(garbage, 40))	/* something is to be there to be contradicted */
		kind = chance(garbage, 50) ? HS_KIND_mm_mmap : HS_KIND_fault_user;
	info = hs_kind_info(kind);
	assert_true(info->row_bytes <= ROW_BYTES);
	for (unsigned int i = 0; i < info->nr_columns; i++)
		fill_column(garbage, &info->columns[i], row);
	garbage->time += 10;
	head->time = chance(garbage, 97) ? garbage->time : garbage->time - hs_rng_below(&garbage->rng, 1000);
	return kind;
}

/* As the engine does: the calls that are decisions are asked about first. */
static void give_garbage(struct hs_model *model, const struct hs_event *event)
{
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_decision recorded = { 0 }, modelled = { 0 };
	union hs_request_storage request;
	struct hs_error err = { 0 };

	if (ops->ask(model, event, &request, &recorded) == 1) {
		ops->decide(model, &request.request, &modelled);
		assert_non_null(modelled.result);
	}
	ops->observe(model, event);
	while (ops->ask_after(model, event, &request, &recorded) == 1)
		ops->decide(model, &request.request, &modelled);
	if (ops->check(model, &err))
		fail_msg("%s: %s", hs_kind_info(event->kind)->name, err.text);
}

/* The state at the end and the problems met, as text to be freed. */
static char *run_garbage(uint64_t seed, const char *variant, uint64_t *nr_problems)
{
	const struct hs_model_ops *ops = hs_model_find("address_space");
	const hs_kind_set kinds = ops->kinds();
	const struct hs_meta_lost lost = { .source = { "fault", 5 }, .count = 1 };
	struct garbage garbage = { .rng = { seed }, .time = 1000000 };
	struct hs_script script;
	char *text = NULL;
	size_t length = 0;
	FILE *out;

	for (unsigned int kind = 0; kind < HS_NR_KINDS; kind++)
		if (hs_kind_set_has(&kinds, kind))
			garbage.kinds[garbage.nr_kinds++] = kind;
	script_init(&script, variant, seed % 2 ? "always" : "never");
	for (unsigned int i = 0; i < EVENTS; i++) {
		_Alignas(struct hs_row) unsigned char row[ROW_BYTES] = { 0 };
		struct hs_event event = { .kind = draw_event(&garbage, row) };

		event.row = (const struct hs_row *)(const void *)row;
		give_garbage(script.model, &event);
		if (i % 150 == 149)
			ops->lost(script.model, &lost);
	}
	out = open_memstream(&text, &length);
	*nr_problems += ops->problems(script.model, out);
	assert_int_equal(ops->dump(script.model, out), 0);
	fclose(out);
	script_deinit(&script);
	return text;
}

static void test_garbage(void **state)
{
	static const char *const variants[] = { "v2010", "6.1", "6.12", "6.18", "7.2" };
	uint64_t nr_problems = 0, again = 0;

	(void)state;
	print_message("seeds 1 to 40\n");
	for (uint64_t seed = 1; seed <= 40; seed++) {
		char *first = run_garbage(seed, variants[seed % 5], &nr_problems);
		char *second = run_garbage(seed, variants[seed % 5], &again);

		assert_string_equal(first, second);
		free(first);
		free(second);
	}
	assert_int_equal(nr_problems, again);
	print_message("%llu contradictions in %u events\n", (unsigned long long)nr_problems, 40 * EVENTS);
	assert_true(nr_problems > 1000);
}

/* Each contradiction is said with its time, kind, address space and address; so are the first sixteen. */
static void test_positions(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct hs_script script;

	(void)state;
	script_init(&script, "6.18", "never");
	script_run(&script, "A 0 4 rw; re 50 4 4 1 70; re 3 4 8 0 3; fork; exit");
	script.time = 2;
	script_run(&script, "w 0; mm 2; A 0 4 r");
	assert_int_equal(hs_model_find("address_space")->problems(script.model, out), 5);
	fclose(out);
	assert_string_equal(text,
		"address_space: 1 ns, mm.mremap, mm 1, 0x1000032000: a call succeeded where nothing, or something unfit, is "
		"mapped\n"
		"address_space: 2 ns, mm.mremap, mm 1, 0x1000003000: a call succeeded where nothing, or something unfit, is "
		"mapped\n"
		"address_space: 4 ns, fault.user, mm 1, 0x0: time goes back\n"
		"address_space: 4 ns, fault.user, mm 1, 0x0: the address space has ended\n"
		"address_space: 4 ns, mm.mmap, mm 2, 0x0: time goes back\n");
	free(text);
	script_deinit(&script);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage), cmocka_unit_test(test_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
