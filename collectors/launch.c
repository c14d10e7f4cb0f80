// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXEC_FAILED = 127 };

/* In the child: waits for the word, then becomes the command. */
static void become(char *const *argv, int go, int failure)
{
	sigset_t none;
	char word;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (read(go, &word, 1) != 1)
		_exit(EXEC_FAILED);
	execvp(argv[0], argv);
	error = errno;
	if (write(failure, &error, sizeof(error)) != sizeof(error))
		_exit(EXEC_FAILED);
	_exit(EXEC_FAILED);
}

int hs_launch_start(char *const *argv, struct hs_launch *launch, struct hs_error *err)
{
	int go[2], failure[2];

	if (pipe2(go, O_CLOEXEC))
		return hs_error_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(failure, O_CLOEXEC)) {
		int error = errno;

		close(go[0]);
		close(go[1]);
		return hs_error_set(err, -error, "cannot make a pipe: %s", strerror(error));
	}
	*launch = (struct hs_launch){ .pid = fork(), .go = go[1], .failure = failure[0] };
	if (launch->pid == 0) {
		close(go[1]);
		become(argv, go[0], failure[1]);
	}
	close(go[0]);
	close(failure[1]);
	if (launch->pid < 0) {
		int error = errno;

		hs_launch_abort(launch);
		return hs_error_set(err, -error, "cannot fork: %s", strerror(error));
	}
	return 0;
}

static bool is_exec_stop(int status)
{
	return WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}

/* Until it stands behind its exec or is gone; signals on the way are passed on. */
static void wait_for_exec(struct hs_launch *launch)
{
	int status;

	while (waitpid(launch->pid, &status, 0) == launch->pid) {
		if (!WIFSTOPPED(status)) {
			launch->is_traced = false;
			launch->pid = 0;
			return;
		}
		if (is_exec_stop(status))
			return;
		ptrace(PTRACE_CONT, launch->pid, 0, status >> 16 ? 0 : WSTOPSIG(status));
	}
}

int hs_launch_exec(struct hs_launch *launch, struct hs_error *err)
{
	int error = 0;

	launch->is_traced = ptrace(PTRACE_SEIZE, launch->pid, 0, PTRACE_O_TRACEEXEC) == 0;
	if (write(launch->go, "", 1) != 1)
		return hs_error_set(err, -errno, "cannot start the command: %s", strerror(errno));
	if (launch->is_traced)
		wait_for_exec(launch);
	/* Closed by a successful exec. */
	if (read(launch->failure, &error, sizeof(error)) != sizeof(error) || !error)
		return 0;
	hs_launch_abort(launch);
	return hs_error_set(err, -error, "cannot run the command: %s", strerror(error));
}

void hs_launch_run(struct hs_launch *launch)
{
	if (launch->is_traced)
		ptrace(PTRACE_DETACH, launch->pid, 0, 0);
	launch->is_traced = false;
}

void hs_launch_abort(struct hs_launch *launch)
{
	if (launch->pid > 0) {
		kill(launch->pid, SIGKILL);
		waitpid(launch->pid, NULL, 0);
	}
	launch->pid = 0;
	if (launch->go > 0)
		close(launch->go);
	if (launch->failure > 0)
		close(launch->failure);
	launch->go = launch->failure = 0;
}
