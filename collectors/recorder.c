// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "collectors/capture.h"
#include "collectors/memory_blocks.h"
#include "collectors/rings.h"
#include "collectors/smi_stream.h"
#include "collectors/snapshot_host.h"
#include "collectors/snapshot_process.h"
#include "collectors/targets.h"
#include "collectors/translate.h"
#include "collectors/tunables.h"
#include "lib/cleanup.h"
#include "traces/writer.h"

/* Waiting times between steps, and what they aim at. */
enum { MIN_PATIENCE_MS = 1, MAX_PATIENCE_MS = 50 };
static const double high_fill = 0.125, low_fill = 0.03;

/* How often settings and block states are read again, and recursion misses asked for. */
static const uint64_t poll_ns = 1000000000;

/* What was seen longer ago is in the file, whatever happens to the recorder. */
static const uint64_t flush_ns = 1000000000;

struct hs_recorder {
	struct hs_recorder_options options;
	struct hs_probes *probes;
	struct hs_rings *rings;
	struct hs_kernel_names *names;
	struct hs_writer *writer;
	struct hs_sink *sink;
	struct hs_identity *identity;
	struct hs_translator *translator;
	struct hs_tunables *tunables;
	struct hs_memory_blocks *blocks;
	struct hs_smi_stream *gpu_events;	/* rung smi */
	struct hs_smi_stream_losses gpu_losses;	/* that were reported */
	uint64_t nr_gpu_events, gpu_unkept;	/* unkept: there was no memory for them */
	int wake_fd;			/* readable: blocks or gpu_events have something; -1: neither is there */
	int cgroup_fd;
	HS_VEC(struct hs_capture *) captures;	/* waiting, by time */
	size_t next_capture;
	HS_VEC(int) pidfds;		/* of options.tgids */
	pid_t launched;			/* its exec has been looked at while it stood still */
	int patience_ms;
	uint64_t start, cpu_start;
	uint64_t last_pass, last_poll, last_flush, last_checkpoint;
	double max_fill;
	/* Losses as of the last look. */
	uint64_t *lost;			/* [cpu][source][cause] */
	uint64_t misses[HS_NR_RING_SOURCES];
	uint64_t lost_total[HS_NR_RING_SOURCES];
	uint64_t lost_at_poll;		/* of the source that tells settings */
	uint64_t rows, bytes;		/* of the closed file; bytes 0: it is no file */
	bool is_ended;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- opening --- */

/* 16 MiB hold the faults of 0.4 s at 1 M/s; all rings together take at most a 32nd of the memory. */
static uint64_t choose_ring_bytes(void)
{
	uint64_t bytes = 16 << 20, memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	while (bytes > HS_RING_MIN_BYTES && bytes * (uint64_t)get_nprocs_conf() > memory / 32)
		bytes /= 2;
	return bytes;
}

static int open_cgroup(struct hs_recorder *recorder, struct hs_error *err)
{
	const char *path = recorder->options.cgroup;

	recorder->cgroup_fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (path && recorder->cgroup_fd < 0)
		return hs_error_set(err, -errno, "%s: cannot open this cgroup: %s; give its directory below the cgroup2 "
				    "mount", path, strerror(errno));
	return 0;
}

/* KVM's timekeeping listens on a chain that runs at each tick, which says nothing about memory. */
static const char ticking_callback[] = "pvclock_gtod_notify";

static int open_probes(struct hs_recorder *recorder, struct hs_error *err)
{
	struct hs_probes_options options = {
		.sources = recorder->options.sources, .rung = recorder->options.rung,
		.ring_bytes = recorder->options.ring_bytes, .filter_by_tgid = recorder->options.nr_tgids > 0,
		.cgroup_fd = recorder->cgroup_fd, .closed_cpus = recorder->options.closed_cpus,
	};
	unsigned int nr_cpus;
	size_t element_bytes;
	void *memory;
	int error;

	if (options.sources >> HS_RING_HOTPLUG & 1)
		options.skipped_callback = hs_kernel_symbol_address(ticking_callback);
	error = hs_probes_open(&options, &recorder->probes, err);
	if (error)
		return error;
	memory = hs_probes_rings(recorder->probes, &nr_cpus, &element_bytes);
	recorder->lost = calloc((size_t)nr_cpus * HS_NR_RING_SOURCES * HS_NR_RING_LOSSES, sizeof(uint64_t));
	if (!recorder->lost)
		return hs_error_nomem(err);
	return hs_rings_create(memory, nr_cpus, element_bytes, options.ring_bytes, &recorder->rings, err);
}

static int describe_rungs(const struct hs_recorder *recorder, struct hs_header *header)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++) {
		const struct hs_rung *rung = hs_probes_rung(recorder->probes, (enum hs_ring_source)source);
		bool is_wanted = recorder->options.sources >> source & 1;
		const char *detail = is_wanted ? hs_probes_detail(recorder->probes, (enum hs_ring_source)source)
					       : "not asked for";

		if (hs_header_add_rung(header, hs_sources[source].name, rung ? rung->name : "none", detail))
			return -ENOMEM;
	}
	return 0;
}

static int open_file(struct hs_recorder *recorder, struct hs_error *err)
{
	struct hs_writer_options options = { .time_step = recorder->options.time_step, .overwrite = true };
	struct hs_header header = { .time_step = options.time_step ? options.time_step : 1 };
	const char *command = recorder->options.command_line;
	int error;

	if (hs_describe_host(&header) || hs_kernel_names_describe(recorder->names, &header) ||
	    describe_rungs(recorder, &header) || (command && hs_header_set(&header.command, command)))
		error = hs_error_nomem(err);
	else
		error = hs_writer_create(recorder->options.path, &header, &options, &recorder->writer, err);
	hs_header_deinit(&header);
	return error;
}

static bool is_on_rung(const struct hs_recorder *recorder, enum hs_ring_source source, const char *name)
{
	const struct hs_rung *rung = hs_probes_rung(recorder->probes, source);

	return rung && strcmp(rung->name, name) == 0;
}

static bool are_settings_told(const struct hs_recorder *recorder)
{
	const struct hs_probe_verdict *verdict = hs_probes_verdict(recorder->probes, "setting_written");

	return is_on_rung(recorder, HS_RING_COLLAPSE, "fentry") && verdict && verdict->works;
}

static int wake_on(struct hs_recorder *recorder, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fd < 0)
		return 0;
	if (recorder->wake_fd < 0)
		recorder->wake_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_ctl(recorder->wake_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* What is read beside the rings, and worth a step when there is something. */
static int open_streams(struct hs_recorder *recorder, struct hs_error *err)
{
	int error = 0;

	if (recorder->options.sources >> HS_RING_HOTPLUG & 1)
		error = hs_memory_blocks_create(&recorder->blocks, err);
	if (!error && is_on_rung(recorder, HS_RING_SVM, "smi"))
		error = hs_smi_stream_open(&recorder->gpu_events, err);
	if (error)
		return error;
	if (recorder->blocks)
		error = wake_on(recorder, hs_memory_blocks_fd(recorder->blocks));
	if (!error && recorder->gpu_events)
		error = wake_on(recorder, hs_smi_stream_fd(recorder->gpu_events));
	return error ? hs_error_set(err, error, "cannot wait for events: %s", strerror(-error)) : 0;
}

static int open_parts(struct hs_recorder *recorder, struct hs_error *err)
{
	int error = open_cgroup(recorder, err);

	if (!error)
		error = hs_kernel_names_create(&recorder->names, err);
	if (!error)
		error = open_probes(recorder, err);
	if (!error)
		error = open_file(recorder, err);
	if (!error)
		error = hs_sink_create(recorder->writer, &recorder->sink, err);
	if (!error)
		error = hs_identity_create(recorder->sink, &recorder->identity, err);
	if (!error)
		error = hs_translator_create(recorder->sink, recorder->identity, recorder->names, &recorder->translator,
					     err);
	if (!error)
		error = hs_tunables_create(are_settings_told(recorder), &recorder->tunables, err);
	return error ? error : open_streams(recorder, err);
}

/* From here on their events are recorded. */
static int want_processes(struct hs_recorder *recorder, struct hs_error *err)
{
	for (size_t i = 0; i < recorder->options.nr_tgids; i++) {
		int fd = (int)syscall(SYS_pidfd_open, recorder->options.tgids[i], 0);

		if (!hs_vec_push(&recorder->pidfds, fd)) {
			hs_close_fd(&fd);
			return hs_error_nomem(err);
		}
		if (fd >= 0)
			hs_probes_want(recorder->probes, recorder->options.tgids[i]);
	}
	return 0;
}

/* A process may have ended too early for the probes to see it. */
static void forget_dead(struct hs_recorder *recorder)
{
	for (size_t i = 0; i < recorder->pidfds.count; i++) {
		int *fd = &recorder->pidfds.items[i];
		struct pollfd process = { .fd = *fd, .events = POLLIN };

		if (*fd < 0 || poll(&process, 1, 0) == 0)
			continue;
		/* Once: a child may get the same number later. */
		hs_probes_forget(recorder->probes, recorder->options.tgids[i]);
		hs_close_fd(fd);
		*fd = -1;
	}
}

static uint64_t cpu_ns(void)
{
	return now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int hs_recorder_open(const struct hs_recorder_options *options, struct hs_recorder **out, struct hs_error *err)
{
	struct hs_recorder *recorder = calloc(1, sizeof(*recorder));
	int error;

	if (!recorder)
		return hs_error_nomem(err);
	recorder->options = *options;
	recorder->cgroup_fd = recorder->wake_fd = -1;
	recorder->patience_ms = MIN_PATIENCE_MS;
	if (!recorder->options.ring_bytes)
		recorder->options.ring_bytes = choose_ring_bytes();
	error = open_parts(recorder, err);
	if (error) {
		hs_recorder_close(recorder);
		return error;
	}
	recorder->start = recorder->last_pass = recorder->last_flush = now_ns(CLOCK_BOOTTIME);
	recorder->cpu_start = cpu_ns();
	error = want_processes(recorder, err);
	if (error)
		hs_recorder_close(recorder);
	else
		*out = recorder;
	return error;
}

/* --- snapshots --- */

static struct hs_capture *new_capture(struct hs_recorder *recorder, pid_t tgid, struct hs_error *err)
{
	struct hs_capture *capture = hs_capture_create(now_ns(CLOCK_BOOTTIME), tgid);

	if (capture && hs_vec_push(&recorder->captures, capture))
		return capture;
	hs_capture_destroy(capture);
	hs_error_nomem(err);
	return NULL;
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

static int add_begin(struct hs_capture *capture, const char *reason)
{
	struct hs_snap_begin row = { .reason = text_of(reason) };

	return hs_capture_add(capture, HS_KIND_snap_begin, &row);
}

static int add_end(struct hs_capture *capture, const char *reason)
{
	struct hs_snap_end row = { .reason = text_of(reason) };

	return hs_capture_add(capture, HS_KIND_snap_end, &row);
}

/* A process that is gone or may not be looked at leaves nothing. */
static int take_process(struct hs_recorder *recorder, pid_t tgid, const char *reason, struct hs_error *err)
{
	struct hs_capture *capture = new_capture(recorder, tgid, err);
	int error = capture ? 0 : -ENOMEM;

	if (!error && reason)
		error = add_begin(capture, reason);
	if (!error)
		error = hs_snapshot_process(capture, tgid);
	if (!error && reason)
		error = add_end(capture, reason);
	if (error == -ENOMEM)
		return hs_error_nomem(err);
	if (error)
		hs_vec_clear(&capture->rows);
	return 0;
}

static int take_host(struct hs_recorder *recorder, struct hs_capture *capture)
{
	const struct hs_memory_tables tables = {
		.probes = recorder->blocks ? recorder->probes : NULL,
		.groups = hs_translator_hotplug(recorder->translator),
	};
	int error = hs_tunables_capture(recorder->tunables, capture->time, capture);

	/* Groups first: blocks name them. */
	if (!error)
		error = hs_memory_tables_capture_groups(&tables, capture);
	if (!error && recorder->blocks)
		error = hs_memory_blocks_capture(recorder->blocks, capture->time, &tables, capture);
	return error ? error : hs_snapshot_host(capture, &tables);
}

/* The processes that are recorded now. */
static int list_targets(const struct hs_recorder *recorder, hs_pid_list *pids)
{
	if (recorder->options.cgroup)
		return hs_targets_of_cgroup(recorder->options.cgroup, pids);
	if (recorder->options.nr_tgids == 0)
		return hs_targets_all(pids);
	return hs_probes_list_wanted(recorder->probes, pids);
}

static int take_targets(struct hs_recorder *recorder, pid_t but, struct hs_error *err)
{
	hs_pid_list pids = { 0 };
	int error = list_targets(recorder, &pids);

	if (error)
		error = hs_error_set(err, error, "cannot list the processes to record: %s", strerror(-error));
	hs_vec_for_each(pid, &pids)
		if (!error && *pid != but && *pid != getpid())
			error = take_process(recorder, *pid, NULL, err);
	hs_vec_deinit(&pids);
	return error;
}

static int take_snapshot(struct hs_recorder *recorder, pid_t but, const char *reason, struct hs_error *err)
{
	struct hs_capture *capture = new_capture(recorder, 0, err);
	int error;

	if (!capture)
		return -ENOMEM;
	if (add_begin(capture, reason) || take_host(recorder, capture))
		return hs_error_nomem(err);
	error = take_targets(recorder, but, err);
	if (error)
		return error;
	capture = new_capture(recorder, 0, err);
	if (!capture || add_end(capture, reason))
		return hs_error_nomem(err);
	return 0;
}

/* Without the iterator tasks become known by their first events. */
static int read_tasks(struct hs_recorder *recorder, struct hs_error *err)
{
	hs_auto_fd int fd = hs_probes_list_tasks(recorder->probes);
	struct hs_task_entry entries[64];
	ssize_t got;

	while (fd >= 0 && (got = read(fd, entries, sizeof(entries))) > 0)
		for (size_t i = 0; i < (size_t)got / sizeof(entries[0]); i++)
			if (hs_identity_add(recorder->identity, &entries[i]))
				return hs_error_nomem(err);
	return 0;
}

/* Marks who is in the cgroup, so that the list of tasks knows whose address spaces are wanted. */
static int want_cgroup(struct hs_recorder *recorder, struct hs_error *err)
{
	hs_pid_list pids = { 0 };
	int error = hs_targets_of_cgroup(recorder->options.cgroup, &pids);

	hs_vec_for_each(pid, &pids)
		hs_probes_want(recorder->probes, *pid);
	hs_vec_deinit(&pids);
	return error ? hs_error_set(err, error, "%s: cannot list its processes: %s", recorder->options.cgroup,
				    strerror(-error)) : 0;
}

int hs_recorder_begin(struct hs_recorder *recorder, pid_t but, struct hs_error *err)
{
	int error = recorder->options.cgroup ? want_cgroup(recorder, err) : 0;

	if (!error)
		error = read_tasks(recorder, err);
	if (!error)
		error = take_snapshot(recorder, but, "start", err);
	recorder->last_poll = recorder->last_checkpoint = now_ns(CLOCK_BOOTTIME);
	return error;
}

int hs_recorder_take_process(struct hs_recorder *recorder, pid_t tgid, struct hs_error *err)
{
	recorder->launched = tgid;
	return take_process(recorder, tgid, "exec", err);
}

/* --- the driver's own events --- */

/* Those that name no process are about the GPU itself. */
static bool is_gpu_event_wanted(const struct hs_recorder *recorder, pid_t pid)
{
	bool has_filter = recorder->options.nr_tgids || recorder->options.cgroup;

	return !has_filter || !pid || hs_probes_wants(recorder->probes, pid);
}

/* By time among the captures that wait; near the end, since it has just happened. */
static struct hs_capture *insert_capture(struct hs_recorder *recorder, uint64_t time, pid_t tgid)
{
	struct hs_capture *capture = hs_capture_create(time, tgid);
	size_t at = recorder->captures.count;

	if (!capture || !hs_vec_push(&recorder->captures, capture)) {
		hs_capture_destroy(capture);
		return NULL;
	}
	for (; at > recorder->next_capture && recorder->captures.items[at - 1]->time > time; at--)
		recorder->captures.items[at] = recorder->captures.items[at - 1];
	recorder->captures.items[at] = capture;
	return capture;
}

static void take_gpu_event(void *context, const struct hs_kfd_smi_event *event)
{
	struct hs_recorder *recorder = context;
	uint64_t time = event->row.time ? event->row.time : now_ns(CLOCK_BOOTTIME);
	struct hs_capture *capture;

	if (!is_gpu_event_wanted(recorder, event->pid))
		return;
	capture = insert_capture(recorder, time, event->pid);
	if (capture && hs_capture_add(capture, (enum hs_kind)event->kind, &event->row) == 0)
		recorder->nr_gpu_events++;
	else
		recorder->gpu_unkept++;
}

/* --- losses --- */

static void report_loss(struct hs_recorder *recorder, int source, uint32_t cpu, const char *cause, uint64_t count,
			uint64_t now)
{
	struct hs_meta_lost *row = hs_sink_row(recorder->sink, HS_KIND_meta_lost, recorder->last_pass, 0, 0);

	row->source = text_of(hs_sources[source].name);
	row->cpu = cpu;
	row->cause = text_of(cause);
	row->count = count;
	row->first_time = recorder->last_pass;
	row->last_time = now;
	recorder->lost_total[source] += count;
}

static void report_ring_losses(struct hs_recorder *recorder, uint64_t now)
{
	uint64_t *known = recorder->lost;

	for (uint32_t cpu = 0; cpu < hs_rings_nr_cpus(recorder->rings); cpu++)
		for (int source = 0; source < HS_NR_RING_SOURCES; source++)
			for (int cause = 0; cause < HS_NR_RING_LOSSES; cause++, known++) {
				uint64_t lost = hs_rings_lost(recorder->rings, cpu, (unsigned int)source,
							      (enum hs_ring_loss)cause);

				if (lost != *known)
					report_loss(recorder, source, cpu, hs_ring_loss_name((enum hs_ring_loss)cause),
						    lost - *known, now);
				*known = lost;
			}
}

/* Programs that did not run since they were running already: the kernel counts, without CPU and time. */
static void report_misses(struct hs_recorder *recorder, uint64_t now)
{
	for (int source = 0; source < HS_NR_RING_SOURCES; source++) {
		uint64_t misses = hs_probes_recursion_misses(recorder->probes, (enum hs_ring_source)source);

		if (misses != recorder->misses[source])
			report_loss(recorder, source, UINT32_MAX, "recursion", misses - recorder->misses[source], now);
		recorder->misses[source] = misses;
	}
}

/* A queue that was nearly full counts as one event lost: the driver does not say how many it dropped. */
static void report_gpu_losses(struct hs_recorder *recorder, const struct hs_smi_stream_losses *losses, uint64_t now)
{
	if (losses->unreadable != recorder->gpu_losses.unreadable)
		report_loss(recorder, HS_RING_SVM, UINT32_MAX, "unreadable",
			    losses->unreadable - recorder->gpu_losses.unreadable, now);
	if (losses->full != recorder->gpu_losses.full)
		report_loss(recorder, HS_RING_SVM, UINT32_MAX, "queue_full", losses->full - recorder->gpu_losses.full, now);
	if (recorder->gpu_unkept)
		report_loss(recorder, HS_RING_SVM, UINT32_MAX, "no_memory", recorder->gpu_unkept, now);
	recorder->gpu_losses = *losses;
	recorder->gpu_unkept = 0;
}

static void read_gpu_events(struct hs_recorder *recorder, uint64_t now)
{
	struct hs_smi_stream_losses losses = recorder->gpu_losses;

	if (!recorder->gpu_events)
		return;
	hs_smi_stream_read(recorder->gpu_events, take_gpu_event, recorder, &losses);
	report_gpu_losses(recorder, &losses, now);
}

/* --- the pass --- */

static void emit_captures(struct hs_recorder *recorder, uint64_t until)
{
	while (recorder->next_capture < recorder->captures.count &&
	       recorder->captures.items[recorder->next_capture]->time <= until)
		hs_capture_emit(recorder->captures.items[recorder->next_capture++], recorder->sink, recorder->identity);
}

/* After the flush nothing points into them any more. */
static void drop_captures(struct hs_recorder *recorder)
{
	size_t done = recorder->next_capture;

	for (size_t i = 0; i < done; i++)
		hs_capture_destroy(recorder->captures.items[i]);
	recorder->captures.count -= done;
	memmove(recorder->captures.items, recorder->captures.items + done,
		recorder->captures.count * sizeof(*recorder->captures.items));
	recorder->next_capture = 0;
}

/* Everything up to the watermark, in order of time. */
static int write_records(struct hs_recorder *recorder, uint64_t now, struct hs_error *err)
{
	const struct hs_record *record;
	int error;

	while ((record = hs_rings_next(recorder->rings, NULL))) {
		if (recorder->next_capture < recorder->captures.count)
			emit_captures(recorder, record->time);
		hs_translate(recorder->translator, record);
	}
	emit_captures(recorder, hs_rings_watermark(recorder->rings));
	hs_translator_settle(recorder->translator, hs_rings_watermark(recorder->rings));
	report_ring_losses(recorder, now);
	error = hs_sink_flush(recorder->sink, err);
	hs_rings_release(recorder->rings);
	drop_captures(recorder);
	recorder->last_pass = now;
	return error;
}

static void adapt_patience(struct hs_recorder *recorder)
{
	double fill = hs_rings_fill(recorder->rings);

	recorder->max_fill = fill > recorder->max_fill ? fill : recorder->max_fill;
	if (fill > high_fill && recorder->patience_ms > MIN_PATIENCE_MS)
		recorder->patience_ms /= 2;
	else if (fill < low_fill && recorder->patience_ms < MAX_PATIENCE_MS)
		recorder->patience_ms += recorder->patience_ms / 2 + 1;
	if (recorder->patience_ms > MAX_PATIENCE_MS)
		recorder->patience_ms = MAX_PATIENCE_MS;
}

/* The one whose exec was looked at while it stood still needs no second look. */
static int take_execs(struct hs_recorder *recorder, struct hs_error *err)
{
	pid_t tgid;
	int error = 0;

	while (!error && (tgid = hs_translator_next_exec(recorder->translator))) {
		if (tgid == recorder->launched)
			recorder->launched = 0;
		else
			error = take_process(recorder, tgid, "exec", err);
	}
	return error;
}

/* What was written since then may still be in the rings: the rows wait for their place in time. */
static int poll_tunables(struct hs_recorder *recorder, struct hs_error *err)
{
	const uint64_t lost = recorder->lost_total[HS_RING_COLLAPSE];
	struct hs_capture *capture = new_capture(recorder, 0, err);

	if (!capture)
		return -ENOMEM;
	if (hs_tunables_poll(recorder->tunables, capture->time, lost != recorder->lost_at_poll, capture))
		return hs_error_nomem(err);
	recorder->lost_at_poll = lost;
	return 0;
}

static int poll_host(struct hs_recorder *recorder, uint64_t now, struct hs_error *err)
{
	int error = 0;
	bool is_due = now - recorder->last_poll >= poll_ns;

	if (recorder->blocks && (hs_memory_blocks_take_uevents(recorder->blocks, recorder->sink) || is_due))
		hs_memory_blocks_poll(recorder->blocks, now, recorder->sink);
	if (is_due) {
		report_misses(recorder, now);
		error = poll_tunables(recorder, err);
		forget_dead(recorder);
		recorder->last_poll = now;
	}
	if (error || !recorder->options.checkpoint_ns ||
	    now - recorder->last_checkpoint < recorder->options.checkpoint_ns)
		return error;
	recorder->last_checkpoint = now;
	return take_snapshot(recorder, 0, "checkpoint", err);
}

static int flush_file(struct hs_recorder *recorder, uint64_t now, struct hs_error *err)
{
	if (now - recorder->last_flush < flush_ns)
		return 0;
	recorder->last_flush = now;
	return hs_writer_flush(recorder->writer, err);
}

int hs_recorder_step(struct hs_recorder *recorder, struct hs_error *err)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	int error;

	read_gpu_events(recorder, now);
	error = hs_rings_scan(recorder->rings, now);
	if (error)
		return hs_error_nomem(err);
	adapt_patience(recorder);
	error = write_records(recorder, now, err);
	if (!error)
		error = flush_file(recorder, now, err);
	if (!error)
		error = take_execs(recorder, err);
	return error ? error : poll_host(recorder, now, err);
}

int hs_recorder_patience(const struct hs_recorder *recorder)
{
	return recorder->patience_ms;
}

int hs_recorder_fd(const struct hs_recorder *recorder)
{
	return recorder->wake_fd;
}

bool hs_recorder_has_targets(const struct hs_recorder *recorder)
{
	return recorder->options.nr_tgids == 0 || hs_probes_want_any(recorder->probes);
}

/* --- the end --- */

/* The last word of the programs: all have returned when their links are gone and the rings are still. */
static int write_rest(struct hs_recorder *recorder, struct hs_error *err)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);

	read_gpu_events(recorder, now);
	if (hs_rings_scan(recorder->rings, now))
		return hs_error_nomem(err);
	hs_rings_finish(recorder->rings);
	report_misses(recorder, now);
	return write_records(recorder, now, err);
}

int hs_recorder_end(struct hs_recorder *recorder, struct hs_error *err)
{
	struct stat file;
	int error, close_error;

	hs_probes_detach(recorder->probes);
	error = write_rest(recorder, err);
	recorder->rows = hs_writer_events(recorder->writer);
	close_error = hs_writer_close(recorder->writer, error ? NULL : err);
	recorder->writer = NULL;
	recorder->is_ended = true;
	recorder->bytes = (uint64_t)(stat(recorder->options.path, &file) == 0 ? file.st_size : 0);
	return error ? error : close_error;
}

void hs_recorder_close(struct hs_recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->writer)
		hs_writer_abandon(recorder->writer);
	hs_vec_for_each(capture, &recorder->captures)
		hs_capture_destroy(*capture);
	hs_vec_deinit(&recorder->captures);
	hs_memory_blocks_destroy(recorder->blocks);
	hs_smi_stream_close(recorder->gpu_events);
	hs_close_fd(&recorder->wake_fd);
	hs_tunables_destroy(recorder->tunables);
	hs_translator_destroy(recorder->translator);
	hs_identity_destroy(recorder->identity);
	hs_sink_destroy(recorder->sink);
	hs_rings_destroy(recorder->rings);
	hs_probes_close(recorder->probes);
	hs_kernel_names_destroy(recorder->names);
	hs_vec_for_each(fd, &recorder->pidfds)
		hs_close_fd(fd);
	hs_vec_deinit(&recorder->pidfds);
	if (recorder->cgroup_fd >= 0)
		close(recorder->cgroup_fd);
	free(recorder->lost);
	free(recorder);
}

void hs_recorder_get_totals(const struct hs_recorder *recorder, struct hs_recorder_totals *totals)
{
	uint64_t rows = recorder->writer ? hs_writer_events(recorder->writer) : recorder->rows;

	*totals = (struct hs_recorder_totals){
		.rows = rows, .bytes = recorder->writer ? hs_writer_bytes(recorder->writer) : recorder->bytes,
		.cpu_ns = cpu_ns() - recorder->cpu_start, .elapsed_ns = now_ns(CLOCK_BOOTTIME) - recorder->start,
		.ring_bytes = recorder->options.ring_bytes, .fill = hs_rings_fill(recorder->rings),
		.max_fill = recorder->max_fill, .reserved = hs_rings_reserved(recorder->rings),
		.consumed = hs_rings_consumed(recorder->rings),
	};
	for (int i = 0; i < HS_NR_RING_SOURCES; i++) {
		struct hs_recorder_source_totals *source = &totals->sources[i];
		const struct hs_rung *rung = hs_probes_rung(recorder->probes, (enum hs_ring_source)i);

		source->is_wanted = recorder->options.sources >> i & 1;
		source->is_recorded = rung != NULL;
		source->rung = rung ? rung->name : NULL;
		source->detail = hs_probes_detail(recorder->probes, (enum hs_ring_source)i);
		source->written = hs_translator_rows(recorder->translator, (enum hs_ring_source)i);
		source->written += i == HS_RING_SVM ? recorder->nr_gpu_events : 0;
		source->lost = recorder->lost_total[i];
		totals->written += source->written;
		totals->lost += source->lost;
	}
	totals->seen = totals->written + totals->lost;
	totals->is_verified = recorder->is_ended && totals->reserved == totals->consumed &&
			      rows == hs_sink_total(recorder->sink);
}

const struct hs_probes *hs_recorder_probes(const struct hs_recorder *recorder)
{
	return recorder->probes;
}
