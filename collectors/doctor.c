// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collectors/fire.h"
#include "collectors/memory_blocks.h"
#include "collectors/probes.h"
#include "collectors/rings.h"
#include "collectors/smi_stream.h"
#include "lib/cleanup.h"

/* A process that waits, fires and reports. */
struct shooter {
	pid_t pid;
	int go;
};

static int start_shooter(const struct hs_fire *fire, struct shooter *shooter)
{
	int go[2];
	char word;

	if (pipe(go))
		return -errno;
	shooter->pid = fork();
	if (shooter->pid == 0) {
		close(go[1]);
		_exit(read(go[0], &word, 1) == 1 ? -fire->fire() & 0xff : 0);
	}
	close(go[0]);
	shooter->go = go[1];
	if (shooter->pid < 0)
		close(go[1]);
	return shooter->pid < 0 ? -errno : 0;
}

/* 0 or the -errno of the firing. */
static int shoot(const struct shooter *shooter)
{
	bool is_told = write(shooter->go, "", 1) == 1;
	int status;

	close(shooter->go);
	if (waitpid(shooter->pid, &status, 0) != shooter->pid || !is_told)
		return -EIO;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int count_records(struct hs_probes *probes, uint64_t ring_bytes, enum hs_record_type type, uint64_t *seen,
			 struct hs_error *err)
{
	unsigned int nr_cpus;
	size_t element_bytes;
	void *memory = hs_probes_rings(probes, &nr_cpus, &element_bytes);
	const struct hs_record *record;
	struct hs_rings *rings;
	int error = hs_rings_create(memory, nr_cpus, element_bytes, ring_bytes, &rings, err);

	if (error)
		return error;
	error = hs_rings_scan(rings, now_ns()) ? hs_error_nomem(err) : 0;
	hs_rings_finish(rings);
	while (!error && (record = hs_rings_next(rings, NULL)))
		*seen += record->type == type;
	hs_rings_destroy(rings);
	return error;
}

static void judge_shot(struct hs_diagnosis *diagnosis, const struct hs_fire *fire, int error)
{
	if (error) {
		diagnosis->finding = HS_FINDING_ATTACHED;
		snprintf(diagnosis->found, sizeof(diagnosis->found), "could not be fired (%s): %s", fire->what,
			 strerror(-error));
		snprintf(diagnosis->advice, sizeof(diagnosis->advice), "%s", fire->if_not);
	} else if (diagnosis->seen) {
		diagnosis->finding = HS_FINDING_WORKS;
		snprintf(diagnosis->found, sizeof(diagnosis->found), "%s; seen", fire->what);
	} else {
		snprintf(diagnosis->found, sizeof(diagnosis->found), "attached, but saw nothing (%s)", fire->what);
	}
}

/* Fires while the programs are attached; 0 or the -errno of the firing. */
static int shoot_attached(struct hs_probes *probes, const struct shooter *shooter, const struct hs_fire *fire,
			  struct hs_diagnosis *diagnosis)
{
	hs_auto_fd int counting = fire->program ? hs_probes_count_runs() : -1;
	int error;

	hs_probes_want(probes, shooter->pid);
	error = shoot(shooter);
	if (!error && fire->program && counting < 0)
		error = counting;
	if (fire->program)
		diagnosis->seen = hs_probes_runs(probes, fire->program);
	hs_probes_detach(probes);
	return error;
}

static int fire_once(struct hs_probes *probes, uint64_t ring_bytes, const struct hs_fire *fire,
		     struct hs_diagnosis *diagnosis, struct hs_error *err)
{
	struct shooter shooter = { 0 };
	int error = start_shooter(fire, &shooter);

	if (error)
		return hs_error_set(err, error, "cannot fork: %s", strerror(-error));
	error = shoot_attached(probes, &shooter, fire, diagnosis);
	if (!fire->program && count_records(probes, ring_bytes, fire->expected, &diagnosis->seen, err))
		return -ENOMEM;
	judge_shot(diagnosis, fire, error);
	return 0;
}

static void explain_lack(const struct hs_error *why, struct hs_diagnosis *diagnosis)
{
	snprintf(diagnosis->found, sizeof(diagnosis->found), "%s", why->text);
	snprintf(diagnosis->advice, sizeof(diagnosis->advice), "needs an AMD GPU, its driver and root");
}

/* Why the rung was not taken: what this host lacks, or its first required program that fails. */
static void explain_refusal(const struct hs_probes *probes, enum hs_ring_source source, const struct hs_rung *rung,
			    struct hs_diagnosis *diagnosis)
{
	const struct hs_error *lack = hs_probes_refusal(probes, source, rung);

	if (lack) {
		explain_lack(lack, diagnosis);
		return;
	}
	for (const struct hs_probe *probe = rung->probes; probe->program; probe++) {
		const struct hs_probe_verdict *verdict = hs_probes_verdict(probes, probe->program);

		if (!probe->is_required || !verdict || !verdict->was_tried || verdict->works)
			continue;
		snprintf(diagnosis->found, sizeof(diagnosis->found), "%s: %s", verdict->target, hs_probe_reason(verdict));
		snprintf(diagnosis->advice, sizeof(diagnosis->advice), "without it this rung gives no %s; the next rung is used",
			 probe->gives);
		diagnosis->log = verdict->log ? strdup(verdict->log) : NULL;
		return;
	}
}

/* What the rung gives less than it could, by the programs that are not required. */
static void note_missing(const struct hs_probes *probes, const struct hs_rung *rung, struct hs_diagnosis *diagnosis)
{
	for (const struct hs_probe *probe = rung->probes; probe->program; probe++) {
		const struct hs_probe_verdict *verdict = hs_probes_verdict(probes, probe->program);

		if (!verdict || !verdict->was_tried || verdict->works || probe->instead)
			continue;
		hs_text_add(&diagnosis->missing, "no ");
		hs_text_add(&diagnosis->missing, probe->gives);
		hs_text_add(&diagnosis->missing, ": ");
		hs_text_add(&diagnosis->missing, hs_probe_reason(verdict));
		hs_text_add(&diagnosis->missing, "\n");
	}
}

static int diagnose_polling(struct hs_diagnosis *diagnosis, struct hs_error *err)
{
	struct hs_memory_blocks *blocks;
	struct hs_capture *capture = hs_capture_create(now_ns(), 0);
	int error = capture ? hs_memory_blocks_create(&blocks, err) : hs_error_nomem(err);

	if (error) {
		hs_capture_destroy(capture);
		return error;
	}
	error = hs_memory_blocks_capture(blocks, now_ns(), &(struct hs_memory_tables){ 0 }, capture);
	diagnosis->seen = capture->rows.count;
	diagnosis->finding = !error && diagnosis->seen > 0 ? HS_FINDING_WORKS : HS_FINDING_FAILS;
	snprintf(diagnosis->found, sizeof(diagnosis->found), "%zu memory blocks are readable, uevents %s",
		 capture->rows.count, hs_memory_blocks_fd(blocks) >= 0 ? "are received" : "are not permitted");
	if (diagnosis->finding == HS_FINDING_FAILS)
		snprintf(diagnosis->advice, sizeof(diagnosis->advice), "needs a kernel with memory hotplug");
	hs_memory_blocks_destroy(blocks);
	hs_capture_destroy(capture);
	return error ? hs_error_nomem(err) : 0;
}

static const char no_firing[] = "nothing harmless makes a GPU's driver report";

static void judge_unfired(struct hs_diagnosis *diagnosis)
{
	diagnosis->finding = HS_FINDING_ATTACHED;
	snprintf(diagnosis->found, sizeof(diagnosis->found), "%s", no_firing);
}

static int diagnose_events(struct hs_diagnosis *diagnosis)
{
	struct hs_smi_stream *stream;
	struct hs_error why = { 0 };

	if (hs_smi_stream_check(NULL, &why) || hs_smi_stream_open(&stream, &why)) {
		explain_lack(&why, diagnosis);
		return 0;
	}
	diagnosis->finding = HS_FINDING_ATTACHED;
	snprintf(diagnosis->found, sizeof(diagnosis->found), "GPUs that give events: %zu; %s",
		 hs_smi_stream_nr_gpus(stream), no_firing);
	hs_smi_stream_close(stream);
	return 0;
}

static int diagnose_without_probes(enum hs_ring_source source, struct hs_diagnosis *diagnosis, struct hs_error *err)
{
	return source == HS_RING_SVM ? diagnose_events(diagnosis) : diagnose_polling(diagnosis, err);
}

static int diagnose_probes(enum hs_ring_source source, const struct hs_rung *rung, struct hs_diagnosis *diagnosis,
			   struct hs_error *err)
{
	struct hs_probes_options options = {
		.sources = 1u << source, .rung = rung->name, .only_this_rung = true, .ring_bytes = HS_RING_MIN_BYTES,
		.filter_by_tgid = true, .cgroup_fd = -1,
	};
	const struct hs_fire *fire = hs_fire_find(source, rung->name);
	struct hs_probes *probes;
	int error = hs_probes_open(&options, &probes, err);

	if (error)
		return error;
	if (!hs_probes_rung(probes, source))
		explain_refusal(probes, source, rung, diagnosis);
	else if (fire)
		error = fire_once(probes, options.ring_bytes, fire, diagnosis, err);
	else
		judge_unfired(diagnosis);
	if (!error && diagnosis->finding != HS_FINDING_FAILS)
		note_missing(probes, rung, diagnosis);
	hs_probes_close(probes);
	return error;
}

int hs_diagnose(unsigned int sources, hs_diagnosis_list *list, struct hs_error *err)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++)
		for (const struct hs_rung *rung = hs_sources[source].rungs; sources >> source & 1 && rung->name; rung++) {
			struct hs_diagnosis diagnosis = { .source = hs_sources[source].name, .rung = rung->name };
			int error = rung->probes->program
				? diagnose_probes((enum hs_ring_source)source, rung, &diagnosis, err)
				: diagnose_without_probes((enum hs_ring_source)source, &diagnosis, err);

			if (error)
				return error;
			if (!hs_vec_push(list, diagnosis))
				return hs_error_nomem(err);
		}
	return 0;
}

void hs_diagnose_deinit(hs_diagnosis_list *list)
{
	hs_vec_for_each(diagnosis, list) {
		hs_text_deinit(&diagnosis->missing);
		free(diagnosis->log);
	}
	hs_vec_deinit(list);
}
