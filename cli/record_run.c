// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight record`: the loop around the recorder, the command it starts, and what is said at the end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/record_options.h"
#include "cli/record_report.h"
#include "cli/recording.h"
#include "collectors/launch.h"
#include "lib/cleanup.h"

enum { EXIT_RECORDER_FAILED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

struct run {
	const struct hs_arguments *arguments;
	struct hs_record_request request;
	struct hs_recorder *recorder;
	struct hs_launch launch;
	int signals;			/* signalfd */
	uint64_t start_ns;
	bool is_over;
	int command_status;		/* of the command once it has ended; -1: it has not */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* With a command, what is not the command's status is 125: the way of env, timeout, nohup. */
static int failed(const struct run *run, int status)
{
	return run->request.command ? EXIT_RECORDER_FAILED : status;
}

static int fail(const struct run *run, const struct hs_error *err)
{
	return failed(run, hs_fail(err->code == -EOPNOTSUPP ? HS_EXIT_CANNOT_RUN : HS_EXIT_FAILED, err));
}

static int catch_signals(struct run *run)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? hs_failf(failed(run, HS_EXIT_FAILED), "cannot catch signals: %s", strerror(errno)) : 0;
}

/* flags: WNOHANG, or 0 to wait for the command's end. */
static void reap(struct run *run, int flags)
{
	int status;

	if (run->launch.pid <= 0 || waitpid(run->launch.pid, &status, flags) != run->launch.pid)
		return;
	run->command_status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
	run->launch.pid = 0;
	run->is_over = true;
}

/*
 * The terminal sends ^C to the command too; a signal meant for the recorder alone is passed on, as the
 * command's end is then the recording's.
 */
static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(run, WNOHANG);
			continue;
		}
		if (run->launch.pid > 0 && info.ssi_code <= 0)
			kill(run->launch.pid, (int)info.ssi_signo);
		run->is_over = true;
	}
}

/* Milliseconds until the next step. */
static int patience(const struct run *run)
{
	uint64_t elapsed = now_ns() - run->start_ns, left;
	int wanted = hs_recorder_patience(run->recorder);

	if (!run->request.duration_ns)
		return wanted;
	left = run->request.duration_ns > elapsed ? (run->request.duration_ns - elapsed) / 1000000 : 0;
	return left < (uint64_t)wanted ? (int)left : wanted;
}

static bool is_time_up(const struct run *run)
{
	return run->request.duration_ns && now_ns() - run->start_ns >= run->request.duration_ns;
}

static int loop(struct run *run, struct hs_error *err)
{
	struct hs_record_progress progress;
	int error = 0;

	hs_record_progress_start(&progress, run->arguments);
	while (!run->is_over && !error) {
		struct pollfd wait[] = {
			{ .fd = run->signals, .events = POLLIN }, { .fd = hs_recorder_fd(run->recorder), .events = POLLIN },
		};

		poll(wait, 2, patience(run));
		take_signals(run);
		error = hs_recorder_step(run->recorder, err);
		hs_record_progress_update(&progress, run->recorder);
		run->is_over |= is_time_up(run) || !hs_recorder_has_targets(run->recorder);
	}
	hs_record_progress_end(&progress);
	/* The programs see a process exit a little before its parent can. */
	if (!hs_recorder_has_targets(run->recorder))
		reap(run, 0);
	return error;
}

/* 126 or 127 by why it could not be run. */
static int fail_command(struct run *run, const struct hs_error *err)
{
	struct hs_error full = *err;

	hs_error_prefix(&full, "%s", run->request.command[0]);
	return hs_fail(err->code == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, &full);
}

static int start_command(struct run *run, struct hs_error *err)
{
	int error;

	if (!run->request.command)
		return 0;
	error = hs_launch_exec(&run->launch, err);
	if (error)
		return fail_command(run, err);
	if (run->launch.pid <= 0)
		return hs_failf(EXIT_RECORDER_FAILED, "%s ended before it could be recorded", run->request.command[0]);
	if (run->launch.is_traced)
		error = hs_recorder_take_process(run->recorder, run->launch.pid, err);
	hs_launch_run(&run->launch);
	return error ? fail(run, err) : 0;
}

static int record(struct run *run)
{
	struct hs_error err = { 0 };
	int status;

	if (hs_recorder_begin(run->recorder, run->launch.pid, &err))
		return fail(run, &err);
	status = start_command(run, &err);
	if (status)
		return status;
	run->start_ns = now_ns();
	if (loop(run, &err)) {
		if (run->launch.pid > 0)
			kill(run->launch.pid, SIGTERM);
		return fail(run, &err);
	}
	if (hs_recorder_end(run->recorder, &err))
		return fail(run, &err);
	hs_record_report(run->arguments, run->request.options.path, run->recorder);
	return run->command_status >= 0 ? run->command_status : HS_EXIT_OK;
}

/* The command exists before the probes do: they can ask for its process id. */
static int open_all(struct run *run)
{
	struct hs_error err = { 0 };

	if (run->request.command) {
		if (hs_launch_start(run->request.command, &run->launch, &err))
			return fail(run, &err);
		if (!hs_has_option(run->arguments, "all-cpus") && !hs_vec_push(&run->request.pids, run->launch.pid))
			return hs_fail_nomem();
	}
	run->request.options.tgids = run->request.pids.items;
	run->request.options.nr_tgids = run->request.pids.count;
	if (hs_recorder_open(&run->request.options, &run->recorder, &err))
		return fail(run, &err);
	hs_record_report_rungs(run->arguments, run->recorder);
	return 0;
}

int hs_record_run(const struct hs_arguments *arguments)
{
	struct run run = { .arguments = arguments, .signals = -1, .command_status = -1 };
	int status = hs_record_request_init(&run.request, arguments);

	if (!status)
		status = catch_signals(&run);
	if (!status)
		status = open_all(&run);
	if (!status)
		status = record(&run);
	/* A command that still runs after ^C or --duration goes on by itself; one that never ran goes. */
	if (run.launch.pid > 0 && !run.start_ns)
		hs_launch_abort(&run.launch);
	hs_recorder_close(run.recorder);
	hs_close_fd(&run.signals);
	hs_record_request_deinit(&run.request);
	return status;
}
