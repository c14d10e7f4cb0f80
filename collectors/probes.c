// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/hs_probes.skel.h"
#include "collectors/gpu_driver.h"
#include "collectors/kernel_btf.h"
#include "collectors/kernel_names.h"
#include "collectors/libbpf_log.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "lib/vec.h"

struct choice {
	const struct hs_rung *rung;	/* NULL: none works */
	char *detail;			/* owned */
};

struct hs_probes {
	struct hs_probes_options options;
	struct hs_probes_bpf *bpf;
	struct hs_kernel_btf *types;
	HS_VEC(struct hs_probe_verdict) verdicts;	/* all programs of the object */
	HS_VEC(struct bpf_link *) links;
	struct choice choices[HS_NR_RING_SOURCES];
	struct hs_error refusals[HS_NR_RING_SOURCES][HS_MAX_RUNGS];	/* code 0: none */
	unsigned int nr_cpus;
	size_t element_bytes;
	void *rings;
};

static struct hs_probe_verdict *find_verdict(const struct hs_probes *probes, const char *program)
{
	hs_vec_for_each(verdict, &probes->verdicts)
		if (program && strcmp(verdict->program, program) == 0)
			return verdict;
	return NULL;
}

const char *hs_probe_reason(const struct hs_probe_verdict *verdict)
{
	return verdict->reason ? verdict->reason : "unknown";
}

static bool may_work(const struct hs_probes *probes, const char *program)
{
	const struct hs_probe_verdict *verdict = find_verdict(probes, program);

	return verdict && (!verdict->was_tried || verdict->works);
}

static void refuse(struct hs_probe_verdict *verdict, const char *format, ...)
{
	va_list args;

	verdict->was_tried = true;
	verdict->works = false;
	free(verdict->reason);
	va_start(args, format);
	if (vasprintf(&verdict->reason, format, args) < 0)
		verdict->reason = NULL;
	va_end(args);
	free(verdict->log);
	verdict->log = hs_libbpf_log_take();
}

/* The program to use for a probe, or NULL. */
static const char *usable_program(const struct hs_probes *probes, const struct hs_probe *probe)
{
	if (may_work(probes, probe->program))
		return probe->program;
	return may_work(probes, probe->instead) ? probe->instead : NULL;
}

const struct hs_error *hs_probes_refusal(const struct hs_probes *probes, enum hs_ring_source source,
					 const struct hs_rung *rung)
{
	const struct hs_error *refusal = &probes->refusals[source][rung - hs_sources[source].rungs];

	return refusal->code ? refusal : NULL;
}

/* What does not depend on programs is asked once. */
static void check_rungs(struct hs_probes *probes)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++)
		for (const struct hs_rung *rung = hs_sources[source].rungs; rung->name; rung++)
			if (rung->check && probes->options.sources >> source & 1)
				rung->check(probes->types, &probes->refusals[source][rung - hs_sources[source].rungs]);
}

static bool rung_may_work(const struct hs_probes *probes, enum hs_ring_source source, const struct hs_rung *rung)
{
	if (hs_probes_refusal(probes, source, rung))
		return false;
	for (const struct hs_probe *probe = rung->probes; probe->program; probe++)
		if (probe->is_required && !usable_program(probes, probe))
			return false;
	return true;
}

static bool has_rung(const struct hs_source_spec *source, const char *name)
{
	for (const struct hs_rung *rung = source->rungs; rung->name; rung++)
		if (strcmp(rung->name, name) == 0)
			return true;
	return false;
}

/* Where its ladder begins: at the one that was asked for, if it has it. */
static const struct hs_rung *first_rung(const struct hs_probes *probes, const struct hs_source_spec *source)
{
	const struct hs_rung *rung = source->rungs;
	const char *first = probes->options.rung;

	while (first && has_rung(source, first) && strcmp(rung->name, first) != 0)
		rung++;
	return rung;
}

/* Best rung of a source that nothing speaks against so far. */
static const struct hs_rung *best_rung(const struct hs_probes *probes, const struct hs_source_spec *source)
{
	bool is_only = probes->options.only_this_rung;

	if (is_only && !has_rung(source, probes->options.rung))
		return NULL;
	for (const struct hs_rung *rung = first_rung(probes, source); rung->name; rung++) {
		if (rung_may_work(probes, source->ring, rung))
			return rung;
		if (is_only)
			break;
	}
	return NULL;
}

static bool is_selected(const struct hs_probes *probes, int source, const struct hs_probe *probe)
{
	return probes->options.sources >> source & 1 || probe->is_identity;
}

/* Chooses rungs and switches their programs on. */
static void choose_rungs(struct hs_probes *probes)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++) {
		const struct hs_rung *rung = best_rung(probes, &hs_sources[source]);

		probes->choices[source].rung = rung;
		for (const struct hs_probe *probe = rung ? rung->probes : NULL; probe && probe->program; probe++) {
			const char *name = is_selected(probes, source, probe) ? usable_program(probes, probe) : NULL;

			if (name)
				bpf_program__set_autoload(bpf_object__find_program_by_name(probes->bpf->obj, name), true);
		}
	}
	bpf_program__set_autoload(probes->bpf->progs.list_tasks, may_work(probes, "list_tasks"));
}

/* Asks the running kernel's types whether the target exists: its absence would fail the whole load. */
static void check_target(const struct hs_probes *probes, struct hs_probe_verdict *verdict)
{
	const char *slash = strchr(verdict->target, '/');
	char type[128];

	if (!slash)
		return;
	if (strncmp(verdict->target, "tp_btf/", 7) == 0) {
		snprintf(type, sizeof(type), "btf_trace_%s", slash + 1);
		if (!hs_kernel_btf_has(probes->types, type, BTF_KIND_TYPEDEF))
			refuse(verdict, "this kernel has no tracepoint %s (no %s in its BTF)", slash + 1, type);
	} else if (strncmp(verdict->target, "fe", 2) == 0) {
		if (!hs_kernel_btf_has(probes->types, slash + 1, BTF_KIND_FUNC))
			refuse(verdict, "this kernel has no function %s in its BTF", slash + 1);
	}
}

static const char *target_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return *section == '?' ? section + 1 : section;
}

static bool is_named(const struct hs_rung *rung, const char *program, bool is_wanted)
{
	for (const struct hs_probe *probe = rung->probes; probe->program; probe++)
		if ((is_wanted || probe->is_identity) && (strcmp(probe->program, program) == 0 ||
							  (probe->instead && strcmp(probe->instead, program) == 0)))
			return true;
	return false;
}

/* Could a rung use the program? If not, it is known why, and its target need not be looked for. */
static bool is_in_question(const struct hs_probes *probes, const char *program)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++)
		for (const struct hs_rung *rung = hs_sources[source].rungs; rung->name; rung++)
			if (!hs_probes_refusal(probes, (enum hs_ring_source)source, rung) &&
			    is_named(rung, program, probes->options.sources >> source & 1))
				return true;
	return false;
}

static int list_programs(struct hs_probes *probes, struct hs_error *err)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, probes->bpf->obj) {
		struct hs_probe_verdict verdict = {
			.program = strdup(bpf_program__name(program)), .target = strdup(target_of(program)),
		};

		if (!verdict.program || !verdict.target || !hs_vec_push(&probes->verdicts, verdict))
			return hs_error_nomem(err);
		if (is_in_question(probes, verdict.program))
			check_target(probes, &probes->verdicts.items[probes->verdicts.count - 1]);
	}
	return 0;
}

static void configure_svm(struct hs_probes *probes)
{
	const struct hs_gpu_driver_facts facts = hs_gpu_driver_describe(probes->types);

	probes->bpf->rodata->svm_gives_task = facts.gives_task;
	probes->bpf->rodata->svm_end_has_error = facts.end_has_error;
	probes->bpf->rodata->svm_fault_has_node = facts.fault_has_node;
	probes->bpf->rodata->svm_migration_has_bounds = facts.migration_has_bounds;
}

/* Sizes and constants of the run; before the load. */
static int configure(struct hs_probes *probes, struct hs_error *err)
{
	struct hs_probes_bpf *bpf = probes->bpf;
	int nr_cpus = libbpf_num_possible_cpus();

	if (nr_cpus <= 0)
		return hs_error_set(err, -EIO, "cannot count the CPUs: %s", strerror(-nr_cpus));
	probes->nr_cpus = (unsigned int)nr_cpus;
	probes->element_bytes = HS_RING_DATA_AT + probes->options.ring_bytes + HS_RING_MAX_RECORD;
	bpf_map__set_max_entries(bpf->maps.rings, probes->nr_cpus);
	bpf_map__set_value_size(bpf->maps.rings, (uint32_t)probes->element_bytes);
	bpf->rodata->ring_mask = (uint32_t)(probes->options.ring_bytes / HS_RING_UNIT - 1);
	bpf->rodata->filter_by_tgid = probes->options.filter_by_tgid;
	bpf->rodata->filter_by_cgroup = probes->options.cgroup_fd >= 0;
	bpf->rodata->skipped_callback = probes->options.skipped_callback;
	bpf->rodata->own_tgid = (uint32_t)getpid();
	if (probes->options.sources >> HS_RING_HOTPLUG & 1)
		bpf->rodata->vmemmap_base_at = hs_kernel_symbol_address("vmemmap_base");
	bpf->rodata->create_has_node = hs_kernel_btf_has_parameter(probes->types, "create_memory_block_devices", "nid");
	if (probes->options.sources >> HS_RING_SVM & 1)
		configure_svm(probes);
	return 0;
}

static int open_object(struct hs_probes *probes, struct hs_error *err)
{
	hs_probes_bpf__destroy(probes->bpf);
	probes->bpf = hs_probes_bpf__open();
	if (!probes->bpf)
		return hs_error_set(err, -errno, "cannot open the built-in BPF object: %s", strerror(errno));
	return configure(probes, err);
}

/* The whole load failed: whose fault was it? False: nobody's in particular. */
static bool refuse_culprit(struct hs_probes *probes, int error)
{
	char culprit[64];
	struct hs_probe_verdict *verdict = hs_libbpf_log_culprit(culprit, sizeof(culprit))
		? find_verdict(probes, culprit) : NULL;

	if (!verdict || (verdict->was_tried && !verdict->works))
		return false;
	refuse(verdict, "the kernel refuses to load it: %s", strerror(-error));
	return true;
}

static int refuse_all(int error, struct hs_error *err)
{
	if (error == -EPERM || error == -EACCES)
		return hs_error_set(err, -EOPNOTSUPP, "no permission to load BPF programs; run as root, or give the binary "
				    "the capabilities: setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,"
				    "cap_syslog+ep ./hindsight");
	return hs_error_set(err, error, "cannot load the BPF object: %s; -v shows what the kernel said", strerror(-error));
}

static void drop_links(struct hs_probes *probes)
{
	hs_vec_for_each(link, &probes->links)
		bpf_link__destroy(*link);
	hs_vec_clear(&probes->links);
}

/* Programs that nothing in the kernel fires: the recorder calls them. */
static bool is_called(const struct hs_probe_verdict *verdict)
{
	return strncmp(verdict->target, "iter", 4) == 0 || strcmp(verdict->target, "syscall") == 0;
}

/* True if every program attached, or could be left out; false: choose anew. */
static bool attach_all(struct hs_probes *probes)
{
	struct bpf_program *program;
	bool is_complete = true;

	bpf_object__for_each_program(program, probes->bpf->obj) {
		struct hs_probe_verdict *verdict = find_verdict(probes, bpf_program__name(program));
		struct bpf_link *link;

		if (!bpf_program__autoload(program) || is_called(verdict))
			continue;
		hs_libbpf_log_clear();
		link = bpf_program__attach(program);
		if (!link || !hs_vec_push(&probes->links, link)) {
			refuse(verdict, "the kernel refuses to attach it: %s", strerror(errno == 524 ? ENOTSUP : errno));
			is_complete = false;
			continue;
		}
		verdict->was_tried = verdict->works = true;
	}
	return is_complete;
}

static void unmap_rings(struct hs_probes *probes)
{
	if (probes->rings)
		munmap(probes->rings, probes->nr_cpus * probes->element_bytes);
	probes->rings = NULL;
}

static int map_rings(struct hs_probes *probes, struct hs_error *err)
{
	size_t bytes = probes->nr_cpus * probes->element_bytes;
	void *rings;

	unmap_rings(probes);
	rings = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(probes->bpf->maps.rings), 0);

	if (rings == MAP_FAILED)
		return hs_error_set(err, -errno, "cannot map the rings (%zu bytes): %s; try a smaller -m", bytes,
				    strerror(errno));
	probes->rings = rings;
	return 0;
}

static void close_cpus(const struct hs_probes *probes)
{
	for (unsigned int cpu = 0; probes->options.closed_cpus && cpu < probes->nr_cpus; cpu++) {
		struct hs_ring *ring = (void *)((char *)probes->rings + cpu * probes->element_bytes);

		ring->is_closed = probes->options.closed_cpus[cpu];
	}
}

static int set_cgroup(struct hs_probes *probes, struct hs_error *err)
{
	uint32_t key = 0;
	int fd = probes->options.cgroup_fd;

	if (fd < 0 || bpf_map_update_elem(bpf_map__fd(probes->bpf->maps.wanted_cgroup), &key, &fd, BPF_ANY) == 0)
		return 0;
	return hs_error_set(err, -errno, "cannot filter by this cgroup: %s; it must be of version 2", strerror(errno));
}

/* What must be there before the first program runs. */
static int prepare_maps(struct hs_probes *probes, struct hs_error *err)
{
	int error = map_rings(probes, err);

	if (error)
		return error;
	close_cpus(probes);
	return set_cgroup(probes, err);
}

static int load_once(struct hs_probes *probes, bool *is_done, struct hs_error *err)
{
	int error = open_object(probes, err);

	if (error)
		return error;
	choose_rungs(probes);
	hs_libbpf_log_clear();
	error = bpf_object__load_skeleton(probes->bpf->skeleton);
	if (error)
		return refuse_culprit(probes, error) ? 0 : refuse_all(error, err);
	error = prepare_maps(probes, err);
	if (error)
		return error;
	*is_done = attach_all(probes);
	if (!*is_done)
		drop_links(probes);
	return 0;
}

static void add_reason(struct hs_text *text, const struct hs_probe *probe, const struct hs_probe_verdict *verdict)
{
	hs_text_add(text, text->used ? "; no " : "no ");
	hs_text_add(text, probe->gives);
	hs_text_add(text, ", ");
	hs_text_add(text, verdict->target);
	hs_text_add(text, ": ");
	hs_text_add(text, hs_probe_reason(verdict));
}

/* True if a rung before this one has the same program: what it lacks has been said. */
static bool is_in_earlier_rung(const struct hs_rung *rungs, const struct hs_rung *rung, const char *program)
{
	for (const struct hs_rung *earlier = rungs; earlier < rung; earlier++)
		for (const struct hs_probe *probe = earlier->probes; probe->program; probe++)
			if (strcmp(probe->program, program) == 0)
				return true;
	return false;
}

/* Why a rung was not, or not completely, used. */
static void describe_failures(const struct hs_probes *probes, const struct hs_rung *rungs, const struct hs_rung *rung,
			      struct hs_text *text)
{
	for (const struct hs_probe *probe = rung->probes; probe->program; probe++) {
		const struct hs_probe_verdict *verdict = find_verdict(probes, probe->program);

		if (verdict && verdict->was_tried && !verdict->works && !usable_program(probes, probe) &&
		    !is_in_earlier_rung(rungs, rung, probe->program))
			add_reason(text, probe, verdict);
	}
}

/* Rungs that lack the same say so once. */
static void describe_refusal(const struct hs_probes *probes, enum hs_ring_source source, const struct hs_rung *rung,
			     struct hs_text *text)
{
	const struct hs_rung *first = first_rung(probes, &hs_sources[source]);
	const struct hs_error *refusal = hs_probes_refusal(probes, source, rung);
	const struct hs_error *before = refusal && rung > first ? hs_probes_refusal(probes, source, rung - 1) : NULL;

	if (!refusal || (before && strcmp(before->text, refusal->text) == 0))
		return;
	if (text->used)
		hs_text_add(text, "; ");
	hs_text_add(text, refusal->text);
}

static void describe_choice(const struct hs_probes *probes, enum hs_ring_source source, struct choice *choice)
{
	const struct hs_rung *rungs = hs_sources[source].rungs;
	struct hs_text text = { 0 };

	for (const struct hs_rung *rung = first_rung(probes, &hs_sources[source]); rung->name; rung++) {
		describe_refusal(probes, source, rung, &text);
		describe_failures(probes, rungs, rung, &text);
		if (rung == choice->rung)
			break;
	}
	if (choice->rung && *choice->rung->instead_of) {
		hs_text_add(&text, text.used ? "; not recorded by this rung: " : "not recorded by this rung: ");
		hs_text_add(&text, choice->rung->instead_of);
	}
	choice->detail = text.is_short ? NULL : strndup(text.data ? text.data : "", text.used);
	hs_text_deinit(&text);
}

static int describe_choices(struct hs_probes *probes, struct hs_error *err)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++) {
		struct choice *choice = &probes->choices[source];

		describe_choice(probes, (enum hs_ring_source)source, choice);
		if (!choice->detail)
			return hs_error_nomem(err);
	}
	return 0;
}

static int open_probes(struct hs_probes *probes, struct hs_error *err)
{
	bool is_done = false;
	int error;

	error = hs_kernel_btf_open(&probes->types, err);
	if (error)
		return error;
	check_rungs(probes);
	error = open_object(probes, err);
	if (!error)
		error = list_programs(probes, err);
	/* Every round but the last finds at least one program that cannot be used. */
	while (!error && !is_done)
		error = load_once(probes, &is_done, err);
	return error ? error : describe_choices(probes, err);
}

int hs_probes_open(const struct hs_probes_options *options, struct hs_probes **out, struct hs_error *err)
{
	struct hs_probes *probes = calloc(1, sizeof(*probes));
	int error;

	if (!probes)
		return hs_error_nomem(err);
	probes->options = *options;
	hs_libbpf_log_start();
	error = open_probes(probes, err);
	if (error)
		hs_probes_close(probes);
	else
		*out = probes;
	return error;
}

void hs_probes_detach(struct hs_probes *probes)
{
	drop_links(probes);
}

void hs_probes_close(struct hs_probes *probes)
{
	if (!probes)
		return;
	drop_links(probes);
	hs_vec_deinit(&probes->links);
	unmap_rings(probes);
	hs_probes_bpf__destroy(probes->bpf);
	hs_kernel_btf_close(probes->types);
	hs_vec_for_each(verdict, &probes->verdicts) {
		free((char *)verdict->program);
		free((char *)verdict->target);
		free(verdict->reason);
		free(verdict->log);
	}
	hs_vec_deinit(&probes->verdicts);
	for (int source = 0; source < HS_NR_RING_SOURCES; source++)
		free(probes->choices[source].detail);
	free(probes);
}

const struct hs_rung *hs_probes_rung(const struct hs_probes *probes, enum hs_ring_source source)
{
	return probes->options.sources >> source & 1 ? probes->choices[source].rung : NULL;
}

const char *hs_probes_detail(const struct hs_probes *probes, enum hs_ring_source source)
{
	return probes->choices[source].detail;
}

const struct hs_probe_verdict *hs_probes_verdict(const struct hs_probes *probes, const char *program)
{
	return find_verdict(probes, program);
}

size_t hs_probes_nr_verdicts(const struct hs_probes *probes)
{
	return probes->verdicts.count;
}

const struct hs_probe_verdict *hs_probes_verdict_at(const struct hs_probes *probes, size_t index)
{
	return &probes->verdicts.items[index];
}

void *hs_probes_rings(const struct hs_probes *probes, unsigned int *nr_cpus, size_t *element_bytes)
{
	*nr_cpus = probes->nr_cpus;
	*element_bytes = probes->element_bytes;
	return probes->rings;
}

void hs_probes_want(struct hs_probes *probes, pid_t tgid)
{
	__atomic_fetch_or(&probes->bpf->bss->wanted_tgids[(uint32_t)tgid / 64 % (HS_MAX_TGID / 64)],
			  1ull << ((uint32_t)tgid % 64), __ATOMIC_RELAXED);
}

void hs_probes_forget(struct hs_probes *probes, pid_t tgid)
{
	__atomic_fetch_and(&probes->bpf->bss->wanted_tgids[(uint32_t)tgid / 64 % (HS_MAX_TGID / 64)],
			   ~(1ull << ((uint32_t)tgid % 64)), __ATOMIC_RELAXED);
}

bool hs_probes_wants(const struct hs_probes *probes, pid_t tgid)
{
	return probes->bpf->bss->wanted_tgids[(uint32_t)tgid / 64 % (HS_MAX_TGID / 64)] >> ((uint32_t)tgid % 64) & 1;
}

bool hs_probes_want_any(const struct hs_probes *probes)
{
	for (size_t i = 0; i < HS_MAX_TGID / 64; i++)
		if (probes->bpf->bss->wanted_tgids[i])
			return true;
	return false;
}

int hs_probes_list_wanted(const struct hs_probes *probes, hs_pid_list *pids)
{
	for (uint32_t tgid = 0; tgid < HS_MAX_TGID; tgid++) {
		uint64_t word = probes->bpf->bss->wanted_tgids[tgid / 64];

		if (!word)
			tgid |= 63;
		else if (word >> (tgid % 64) & 1 && !hs_vec_push(pids, (pid_t)tgid))
			return -ENOMEM;
	}
	return 0;
}

int hs_probes_list_tasks(struct hs_probes *probes)
{
	struct bpf_link *link = bpf_program__attach_iter(probes->bpf->progs.list_tasks, NULL);
	int fd;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	fd = fd < 0 ? -errno : fd;
	bpf_link__destroy(link);
	return fd;
}

int hs_probes_read_table(const struct hs_probes *probes, enum hs_table table, struct hs_table_entry *entry)
{
	const struct bpf_program *const programs[] = {
		[HS_TABLE_BLOCKS] = probes->bpf->progs.read_block, [HS_TABLE_ZONES] = probes->bpf->progs.read_zone,
		[HS_TABLE_GROUPS] = probes->bpf->progs.read_group,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = entry, .ctx_size_in = sizeof(*entry));
	int fd = bpf_program__fd(programs[table]);

	entry->is_found = 0;
	memset(entry->field, 0, sizeof(entry->field));
	memset(entry->name, 0, sizeof(entry->name));
	if (fd < 0 || bpf_prog_test_run_opts(fd, &options))
		return -ENOTSUP;
	return entry->is_found ? 0 : -ENOENT;
}

static struct bpf_prog_info info_of(const struct bpf_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t bytes = sizeof(info);
	int fd = program ? bpf_program__fd(program) : -1;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &bytes))
		return (struct bpf_prog_info){ 0 };
	return info;
}

int hs_probes_count_runs(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? -errno : fd;
}

uint64_t hs_probes_runs(const struct hs_probes *probes, const char *program)
{
	return info_of(bpf_object__find_program_by_name(probes->bpf->obj, program)).run_cnt;
}

uint64_t hs_probes_recursion_misses(const struct hs_probes *probes, enum hs_ring_source source)
{
	const struct hs_rung *rung = probes->choices[source].rung;
	uint64_t misses = 0;

	for (const struct hs_probe *probe = rung ? rung->probes : NULL; probe && probe->program; probe++) {
		const char *name = usable_program(probes, probe);
		const struct bpf_program *program = name ? bpf_object__find_program_by_name(probes->bpf->obj, name) : NULL;

		if (program && bpf_program__autoload(program))
			misses += info_of(program).recursion_misses;
	}
	return misses;
}
