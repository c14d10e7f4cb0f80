// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm_property: the running kernel as referee of the address_space model.
 *
 *   mm_property [--seed N] [--sequences N] [--steps N] [--seconds N]    random sequences, as many as the time allows
 *   mm_property --case FILE [--huge] [--unprivileged]                   one case, JSON Lines as printed by a failure
 *
 * --huge: huge pages in every sequence; else in every fourth. --unprivileged: without CAP_IPC_LOCK; else in every
 * third. --set KEY=VALUE: of the model's policy, as another
 * variant's rules, which must be found to differ.
 *
 * Each sequence runs for real in a child process; after every step /proc's maps, pagemap and counters are
 * compared with the model's. A failing sequence is cut down to a smallest one and printed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "lib/cleanup.h"
#include "tests/property/mm_twin.h"

struct sequence {
	HS_VEC(struct mm_op) ops;
};

struct bench {
	struct hs_header header;
	struct hs_policy policy;
	struct mm_view view, fork_view;
	struct mm_nature nature;	/* in the sequence at hand */
	bool is_always_huge, is_never_privileged;
	HS_VEC(uint64_t) edges;		/* bounds of the child's own mappings, from before the first operation */
	uint64_t steps, predictions[HS_NR_BASES];
};

static void note_edges(struct bench *bench)
{
	hs_vec_clear(&bench->edges);
	hs_vec_for_each(range, &bench->view.ranges) {
		(void)hs_vec_push(&bench->edges, range->start);
		(void)hs_vec_push(&bench->edges, range->end);
	}
}

/*
 * The kernel placed new memory right beside the child's own. Whether the two become one mapping depends on
 * what no snapshot tells (the neighbour's anon_vma): there is nothing to compare from there on.
 */
static bool touches_own_memory(const struct bench *bench, const struct mm_op *op, const struct mm_outcome *outcome)
{
	uint64_t start = (uint64_t)outcome->ret, length = op->code == MM_OP_MMAP ? op->len : op->new_len;
	uint64_t end = start + (length + MM_PAGE - 1) / MM_PAGE * MM_PAGE;

	if ((op->code != MM_OP_MMAP && op->code != MM_OP_MREMAP) || outcome->ret < 0)
		return false;
	hs_vec_for_each(edge, &bench->edges)
		if (*edge == start || *edge == end)
			return true;
	return false;
}

static int compare_all(struct bench *bench, struct mm_child *child, struct mm_twin *twin, bool with_forks,
		       struct hs_error *err)
{
	int status = mm_twin_compare(twin, &bench->view, err);

	/* The forked change by their own accesses only: looking at them where they or their making are at stake will do. */
	for (size_t nr = 0; with_forks && nr < mm_child_nr_forks(child) && !status; nr++) {
		status = mm_child_look_at_fork(child, nr, &bench->fork_view, err);
		if (!status && mm_twin_compare_fork(twin, nr, &bench->fork_view, err)) {
			hs_error_prefix(err, "forked child %zu", nr);
			status = 1;
		}
	}
	return status;
}

/* 0: agreed; 1: differed at *at; negative: the test itself failed. */
static int run_steps(struct bench *bench, struct mm_child *child, struct mm_twin *twin,
		     const struct sequence *sequence,
		     size_t *at, struct hs_error *err)
{
	for (*at = 0; *at < sequence->ops.count; ++*at) {
		const struct mm_op *op = &sequence->ops.items[*at];
		struct mm_outcome outcome;
		int differs, status = mm_child_execute(child, op, &outcome, err);

		if (status)
			return status;
		if (touches_own_memory(bench, op, &outcome))
			return 0;
		differs = mm_twin_apply(twin, op, &outcome, err);
		status = mm_child_look(child, false, &bench->view, err);
		if (status)
			return status;
		bench->steps++;
		if (!differs)
			differs = compare_all(bench, child, twin,
					      op->code == MM_OP_FORK || mm_op_is_of_child(op->code) ||
						      *at + 1 == sequence->ops.count, err);
		if (differs < 0)
			return differs;
		if (differs) {
			hs_error_prefix(err, "%s gave %" PRId64, mm_op_name(op->code), outcome.ret);
			return 1;
		}
	}
	return 0;
}

/* What the host has done to pages unasked, ever: huge ones by khugepaged, those taken for want of memory. */
static uint64_t nr_unseen(void)
{
	hs_auto_file FILE *file = fopen("/proc/vmstat", "re");
	uint64_t nr, sum = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "thp_collapse_alloc %" SCNu64, &nr) == 1 ||
		    sscanf(line, "pgsteal_kswapd %" SCNu64, &nr) == 1 ||
		    sscanf(line, "pgsteal_direct %" SCNu64, &nr) == 1)
			sum += nr;
	return sum;
}

static int run_once(struct bench *bench, const struct sequence *sequence, size_t *at, struct hs_error *err)
{
	struct mm_child *child = NULL;
	struct mm_twin *twin = NULL;
	int status = mm_child_start(bench->nature, &child, err);

	if (!status)
		status = mm_child_look(child, true, &bench->view, err);
	note_edges(bench);
	if (!status)
		status = mm_twin_create(&bench->view, bench->nature, &bench->header, &bench->policy, &twin, err);
	if (!status) {
		status = run_steps(bench, child, twin, sequence, at, err);
		mm_twin_count(twin, bench->predictions);
	}
	mm_twin_destroy(twin);
	mm_child_end(child);
	return status;
}

/* A difference while the host did what no event shows to the model counts for nothing: once more. */
static int run_sequence(struct bench *bench, const struct sequence *sequence, size_t *at, struct hs_error *err)
{
	enum { TRIES = 20 };
	uint64_t before;
	int status = 1;

	for (int tried = 0; tried < TRIES && status == 1; tried++) {
		before = nr_unseen();
		status = run_once(bench, sequence, at, err);
		if (nr_unseen() == before)
			break;
	}
	return status;
}

/* Leaves operations out as long as what remains still fails. */
static void shrink(struct bench *bench, struct sequence *sequence, size_t failed_at, struct hs_error *err)
{
	sequence->ops.count = failed_at + 1;
	for (size_t width = sequence->ops.count; width; width /= 2)
		for (size_t from = 0; from + width <= sequence->ops.count;) {
			struct sequence shorter = { 0 };
			struct hs_error why = { 0 };
			size_t at;

			for (size_t i = 0; i < sequence->ops.count; i++)
				if (i < from || i >= from + width)
					(void)hs_vec_push(&shorter.ops, sequence->ops.items[i]);
			if (run_sequence(bench, &shorter, &at, &why) == 1) {
				shorter.ops.count = at + 1;
				hs_vec_deinit(&sequence->ops);
				*sequence = shorter;
				*err = why;
			} else {
				hs_vec_deinit(&shorter.ops);
				from += width;
			}
		}
}

static int report(struct bench *bench, struct sequence *sequence, size_t at, struct hs_error *err)
{
	shrink(bench, sequence, at, err);
	printf("%s\nsmallest case, for --case%s%s:\n", err->text, bench->nature.has_huge_pages ? " with --huge" : "",
	       bench->nature.is_privileged ? "" : " and --unprivileged");
	hs_vec_for_each(op, &sequence->ops)
		mm_op_print(stdout, op);
	return 1;
}

static int run_random(struct bench *bench, uint64_t seed, uint64_t nr_sequences, uint64_t nr_steps, time_t end)
{
	uint64_t i;
	int failed = 0;

	printf("seed %" PRIu64 ", up to %" PRIu64 " sequences of %" PRIu64 " steps\n", seed, nr_sequences, nr_steps);
	for (i = 0; i < nr_sequences && failed < 3 && time(NULL) < end; i++) {
		struct hs_rng rng = { .state = seed + i };
		struct sequence sequence = { 0 };
		struct hs_error err = { 0 };
		size_t at;
		int status;

		/* Every fourth with huge pages, where the host gives any. */
		bench->nature.has_huge_pages = bench->is_always_huge || (seed + i) % 4 == 3;
		bench->nature.is_privileged = !bench->is_never_privileged && (seed + i) % 3 != 1;
		for (uint64_t step = 0; step < nr_steps; step++)
			(void)hs_vec_push(&sequence.ops, mm_op_random(&rng));
		status = run_sequence(bench, &sequence, &at, &err);
		if (status == 1) {
			printf("sequence %" PRIu64 " (--seed %" PRIu64 " --sequences 1): ", i, seed + i);
			failed += report(bench, &sequence, at, &err);
		} else if (status < 0) {
			printf("%s\n", err.text);
			failed += 3;
		}
		hs_vec_deinit(&sequence.ops);
	}
	printf("%" PRIu64 " sequences, %" PRIu64 " steps compared; predicted results: %" PRIu64 " exact, %" PRIu64
	       " bounded, %" PRIu64 " assumed\n",
	       i, bench->steps, bench->predictions[0], bench->predictions[1], bench->predictions[2]);
	return failed != 0;
}

static int run_case(struct bench *bench, const char *path)
{
	hs_auto_file FILE *file = fopen(path, "r");
	hs_auto_free char *line = NULL;
	struct sequence sequence = { 0 };
	struct hs_error err = { 0 };
	size_t room = 0, at;
	struct mm_op op;
	int status;

	while (file && getline(&line, &room, file) > 0)
		if (mm_op_parse(line, &op) == 0)
			(void)hs_vec_push(&sequence.ops, op);
	if (!sequence.ops.count) {
		printf("%s: no operations in it\n", path);
		return 2;
	}
	bench->nature = (struct mm_nature){ bench->is_always_huge, !bench->is_never_privileged };
	status = run_sequence(bench, &sequence, &at, &err);
	if (status)
		printf("step %zu: %s\n", at, err.text);
	hs_vec_deinit(&sequence.ops);
	return status != 0;
}

static void take_tunable(struct bench *bench, const char *name)
{
	hs_auto_file FILE *file = NULL;
	char path[128], value[128];

	snprintf(path, sizeof(path), "/sys/kernel/mm/%s", name);
	file = fopen(path, "re");
	if (!file || !fgets(value, sizeof(value), file))
		return;
	value[strcspn(value, "\n")] = 0;
	hs_policy_take_tunable(&bench->policy, name, value, strlen(value));
}

/* What the recorder would have written about this host. */
static int describe_host(struct bench *bench)
{
	struct utsname name;
	struct hs_error err = { 0 };
	int status;

	uname(&name);
	bench->header.page_bytes = MM_PAGE;
	bench->header.huge_page_bytes = MM_SLOT;
	status = hs_header_set(&bench->header.kernel, name.release) || hs_header_set(&bench->header.arch, name.machine) ||
		 hs_header_add_rung(&bench->header, "collapse", "none", "only what madvise returns") ||
		 hs_policy_init(&bench->policy, "recorded");
	take_tunable(bench, "transparent_hugepage/enabled");
	take_tunable(bench, "transparent_hugepage/use_zero_page");
	if (!status && !mm_kernel_has_zero_page())
		status = hs_policy_set(&bench->policy, "address_space.zero_page", "0", HS_POLICY_USER, &err);
	return status;
}

static int set_key(struct bench *bench, char *assignment)
{
	char *equals = strchr(assignment, '=');
	struct hs_error err = { 0 };

	if (!equals)
		return -EINVAL;
	*equals = 0;
	return hs_policy_set(&bench->policy, assignment, equals + 1, HS_POLICY_USER, &err);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "sequences", required_argument, NULL, 'n' },
		{ "steps", required_argument, NULL, 'l' },
		{ "seconds", required_argument, NULL, 't' },
		{ "case", required_argument, NULL, 'c' },
		{ "huge", no_argument, NULL, 'h' },
		{ "unprivileged", no_argument, NULL, 'u' },
		{ "set", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t seed = 1, sequences = 100, steps = 40, seconds = 1u << 30;
	const char *path = NULL;
	struct bench bench = { 0 };
	int code, status;

	if (argc == 6 && strcmp(argv[1], "--child") == 0)
		mm_child_run(atoi(argv[2]), atoi(argv[3]),
			     (struct mm_nature){ atoi(argv[4]) != 0, atoi(argv[5]) != 0 });
	if (describe_host(&bench))
		return 2;
	while ((code = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (code) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			sequences = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			steps = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			path = optarg;
			break;
		case 'h':
			bench.is_always_huge = true;
			break;
		case 'u':
			bench.is_never_privileged = true;
			break;
		case 'k':
			if (set_key(&bench, optarg))
				return 2;
			break;
		default:
			return 2;
		}
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = path ? run_case(&bench, path) : run_random(&bench, seed, sequences, steps, time(NULL) + (time_t)seconds);
	mm_view_deinit(&bench.view);
	mm_view_deinit(&bench.fork_view);
	hs_vec_deinit(&bench.edges);
	hs_policy_deinit(&bench.policy);
	hs_header_deinit(&bench.header);
	return status;
}
