// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/mm_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "traces/vma_flags.h"

/* Files are larger than what a sequence maps of them: no access lies behind their end. */
enum { FILE_BYTES = 256 << 20, MAX_FORKS = 32 };

struct mm_child {
	pid_t pid;
	int requests, replies;		/* pipe ends of the parent */
	int pagemap;
};

struct reply {
	int64_t ret;
	uint64_t faults;
};

/* --- in the child ------------------------------------------------------------------------------- */

/* Everything the child touches between operations lives here and on the top of its stack. */
static struct {
	int requests, replies;
	int files[MM_NR_FILES];
	uint64_t start_brk;
	sigjmp_buf after_fault;
	pid_t forks[MAX_FORKS];
	int nr_forks;
	struct mm_op op;
	struct reply reply;
	struct rusage before, after;
} world;

static void on_bad_access(int signo)
{
	(void)signo;
	siglongjmp(world.after_fault, 1);
}

static int64_t result_of(long ret)
{
	return ret == -1 ? -errno : ret;
}

static int64_t touch(uint64_t address, int is_write)
{
	volatile unsigned char *byte = (volatile unsigned char *)(uintptr_t)address;

	if (sigsetjmp(world.after_fault, 0))
		return -EFAULT;
	if (is_write)
		*byte = 1;
	else
		(void)*byte;
	return 0;
}

static int64_t fork_and_wait(void)
{
	pid_t pid;

	if (world.nr_forks == MAX_FORKS)
		return -EAGAIN;
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0) {
		/* The pipes stay the child's own, so that its death is seen. */
		syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
		syscall(SYS_close, world.requests);
		syscall(SYS_close, world.replies);
		for (;;)
			syscall(SYS_pause);
	}
	if (pid > 0)
		world.forks[world.nr_forks++] = pid;
	return result_of(pid);
}

static int64_t execute(const struct mm_op *op)
{
	int fd = op->fd >= 0 && op->fd < MM_NR_FILES ? world.files[op->fd] : op->fd;

	switch (op->code) {
	case MM_OP_MMAP:
		return result_of(syscall(SYS_mmap, op->addr, op->len, op->prot, op->flags, fd, op->offset));
	case MM_OP_MUNMAP:
		return result_of(syscall(SYS_munmap, op->addr, op->len));
	case MM_OP_MREMAP:
		return result_of(syscall(SYS_mremap, op->addr, op->len, op->new_len, op->flags, op->new_addr));
	case MM_OP_BRK:
		return syscall(SYS_brk, world.start_brk + op->addr);
	case MM_OP_MPROTECT:
		return result_of(syscall(SYS_mprotect, op->addr, op->len, op->prot));
	case MM_OP_MADVISE:
		return result_of(syscall(SYS_madvise, op->addr, op->len, op->flags));
	case MM_OP_MLOCK:
		return result_of(syscall(SYS_mlock, op->addr, op->len));
	case MM_OP_MLOCK2:
		return result_of(syscall(SYS_mlock2, op->addr, op->len, op->flags));
	case MM_OP_MUNLOCK:
		return result_of(syscall(SYS_munlock, op->addr, op->len));
	case MM_OP_MLOCKALL:
		return result_of(syscall(SYS_mlockall, op->flags));
	case MM_OP_MUNLOCKALL:
		return result_of(syscall(SYS_munlockall));
	case MM_OP_READ:
	case MM_OP_WRITE:
		return touch(op->addr, op->code == MM_OP_WRITE);
	case MM_OP_FORK:
		return fork_and_wait();
	default:
		return -ENOSYS;
	}
}

static void serve(void)
{
	for (;;) {
		if (syscall(SYS_read, world.requests, &world.op, sizeof(world.op)) != sizeof(world.op))
			break;
		syscall(SYS_getrusage, RUSAGE_SELF, &world.before);
		world.reply.ret = execute(&world.op);
		syscall(SYS_getrusage, RUSAGE_SELF, &world.after);
		world.reply.faults = (uint64_t)(world.after.ru_minflt - world.before.ru_minflt +
						world.after.ru_majflt - world.before.ru_majflt);
		if (syscall(SYS_write, world.replies, &world.reply, sizeof(world.reply)) < 0)
			break;
	}
	for (int i = 0; i < world.nr_forks; i++)
		kill(world.forks[i], SIGKILL);
	_exit(0);
}

/* The child's own pages are touched and its lazily bound calls made before anybody looks. */
static void warm_up(void)
{
	struct mm_op nothing = { .code = MM_OP_MUNMAP, .addr = 1 };
	volatile char stack[8 * MM_PAGE];

	for (size_t i = 0; i < sizeof(stack); i += MM_PAGE)
		stack[i] = 1;
	for (int code = 0; code < MM_OP_FORK; code++) {
		nothing.code = (enum mm_op_code)code;
		if (code != MM_OP_BRK && code != MM_OP_MLOCKALL && code != MM_OP_MUNLOCKALL)
			execute(&nothing);
	}
	syscall(SYS_getrusage, RUSAGE_SELF, &world.before);
	syscall(SYS_getrusage, RUSAGE_SELF, &world.after);
}

void mm_child_run(int requests, int replies)
{
	struct sigaction action = { .sa_handler = on_bad_access, .sa_flags = SA_NODEFER };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* khugepaged would change pages between two looks. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	world.requests = requests;
	world.replies = replies;
	for (int i = 0; i < MM_NR_FILES; i++) {
		world.files[i] = memfd_create("referee", MFD_CLOEXEC);
		if (world.files[i] < 0 || ftruncate(world.files[i], FILE_BYTES))
			_exit(1);
	}
	world.start_brk = (uint64_t)syscall(SYS_brk, 0);
	warm_up();
	serve();
}

/* A fresh image: what comes through fork merges otherwise, and nobody can see it from outside. */
static void exec_child(int requests, int replies)
{
	char from[16], to[16];

	snprintf(from, sizeof(from), "%d", requests);
	snprintf(to, sizeof(to), "%d", replies);
	fcntl(requests, F_SETFD, 0);
	fcntl(replies, F_SETFD, 0);
	execl("/proc/self/exe", "mm_property", "--child", from, to, NULL);
	_exit(1);
}

/* --- in the parent ------------------------------------------------------------------------------ */

static int open_of(const struct mm_child *child, const char *what, int *fd, struct hs_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", child->pid, what);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? hs_error_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

int mm_child_start(struct mm_child **out, struct hs_error *err)
{
	struct mm_child *child = calloc(1, sizeof(*child));
	int down[2], up[2], status;
	struct mm_outcome outcome;

	if (!child)
		return hs_error_nomem(err);
	child->pagemap = -1;
	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC)) {
		free(child);
		return hs_error_set(err, -errno, "pipe: %s", strerror(errno));
	}
	child->pid = fork();
	if (child->pid == 0) {
		close(down[1]);
		close(up[0]);
		exec_child(down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	child->requests = down[1];
	child->replies = up[0];
	status = child->pid < 0 ? hs_error_set(err, -errno, "fork: %s", strerror(errno)) : 0;
	/* A first request that does nothing: when it is answered, the child has its image and has warmed up. */
	if (!status)
		status = mm_child_execute(child, &(struct mm_op){ .code = MM_OP_MUNMAP, .addr = 1 }, &outcome, err);
	if (!status)
		status = open_of(child, "pagemap", &child->pagemap, err);
	if (status) {
		mm_child_end(child);
		return status;
	}
	*out = child;
	return 0;
}

void mm_child_end(struct mm_child *child)
{
	if (!child)
		return;
	close(child->requests);
	close(child->replies);
	if (child->pagemap >= 0)
		close(child->pagemap);
	if (child->pid > 0)
		waitpid(child->pid, NULL, 0);
	free(child);
}

pid_t mm_child_pid(const struct mm_child *child)
{
	return child->pid;
}

static uint64_t pagemap_entry(const struct mm_child *child, uint64_t address)
{
	uint64_t entry = 0;

	if (pread(child->pagemap, &entry, sizeof(entry), (off_t)(address / MM_PAGE * sizeof(entry))) != sizeof(entry))
		return 0;
	return entry;
}

int mm_child_execute(struct mm_child *child, const struct mm_op *op, struct mm_outcome *outcome,
		     struct hs_error *err)
{
	struct reply reply;

	*outcome = (struct mm_outcome){ .ret = 0 };
	if (op->code == MM_OP_READ || op->code == MM_OP_WRITE)
		outcome->was_present = pagemap_entry(child, op->addr) >> 63;
	if (write(child->requests, op, sizeof(*op)) != sizeof(*op) ||
	    read(child->replies, &reply, sizeof(reply)) != sizeof(reply))
		return hs_error_set(err, -EIO, "the referee process died in %s", mm_op_name(op->code));
	outcome->ret = reply.ret;
	outcome->faults = reply.faults;
	return 0;
}

static void read_map_line(const char *line, struct mm_view *view)
{
	char perms[5], name[64] = "";
	unsigned int major, minor;
	struct mm_range range = { .start = 0 };

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %63s", &range.start, &range.end,
		   perms, &range.offset, &major, &minor, &range.inode, name) < 7)
		return;
	range.prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) |
		     (perms[2] == 'x' ? PROT_EXEC : 0);
	range.is_shared = perms[3] == 's';
	range.device = major << 20 | minor;
	memcpy(range.name, name, sizeof(name));
	(void)hs_vec_push(&view->ranges, range);
}

static int read_maps(const struct mm_child *child, bool with_flags, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	hs_auto_free char *line = NULL;
	size_t room = 0;
	int fd, status = open_of(child, with_flags ? "smaps" : "maps", &fd, err);

	if (status)
		return status;
	file = fdopen(fd, "r");
	hs_vec_clear(&view->ranges);
	while (getline(&line, &room, file) > 0) {
		if (strncmp(line, "VmFlags:", 8) == 0 && view->ranges.count)
			view->ranges.items[view->ranges.count - 1].vm_flags = hs_vma_flags_parse(line + 8);
		else
			read_map_line(line, view);
	}
	return 0;
}

static void read_status_line(const char *line, struct mm_view *view)
{
	const struct {
		const char *name;
		uint64_t *pages;
	} fields[] = {
		{ "VmSize:", &view->total_vm },	 { "VmLck:", &view->locked_vm },   { "VmPeak:", &view->hiwater_vm },
		{ "VmHWM:", &view->hiwater_rss }, { "RssAnon:", &view->rss_anon },  { "RssFile:", &view->rss_file },
		{ "RssShmem:", &view->rss_shmem }, { "VmSwap:", &view->swap },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strncmp(line, fields[i].name, strlen(fields[i].name)) == 0)
			*fields[i].pages = strtoull(line + strlen(fields[i].name), NULL, 10) / 4;
}

static int read_status(const struct mm_child *child, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	char line[256];
	int fd, status = open_of(child, "status", &fd, err);

	if (status)
		return status;
	file = fdopen(fd, "r");
	while (fgets(line, sizeof(line), file))
		read_status_line(line, view);
	return 0;
}

/* start_brk is field 47 of /proc/PID/stat, counted behind the command's closing parenthesis. */
static int read_break(const struct mm_child *child, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	char text[1024] = "", *at;
	int fd, status = open_of(child, "stat", &fd, err);

	if (status)
		return status;
	file = fdopen(fd, "r");
	if (!fgets(text, sizeof(text), file) || !(at = strrchr(text, ')')))
		return hs_error_set(err, -EIO, "/proc/PID/stat cannot be read");
	for (int field = 2; field < 47 && at; field++)
		at = strchr(at + 1, ' ');
	view->start_brk = view->brk = at ? strtoull(at, NULL, 10) : 0;
	hs_vec_for_each(range, &view->ranges)
		if (strcmp(range->name, "[heap]") == 0)
			view->brk = range->end;
	return 0;
}

static int read_pagemap(const struct mm_child *child, struct mm_view *view)
{
	size_t count = MM_ARENA_BYTES / MM_PAGE * 2;

	view->pagemap_start = MM_ARENA;
	hs_vec_clear(&view->pagemap);
	if (!hs_vec_reserve(&view->pagemap, count))
		return -ENOMEM;
	memset(view->pagemap.items, 0, count * sizeof(uint64_t));
	view->pagemap.count = count;
	if (pread(child->pagemap, view->pagemap.items, count * sizeof(uint64_t),
		  (off_t)(MM_ARENA / MM_PAGE * sizeof(uint64_t))) < 0)
		return -errno;
	return 0;
}

int mm_child_look(struct mm_child *child, bool with_flags, struct mm_view *view, struct hs_error *err)
{
	int status = read_maps(child, with_flags, view, err);

	if (!status)
		status = read_status(child, view, err);
	if (!status && with_flags)
		status = read_break(child, view, err);
	if (!status && read_pagemap(child, view))
		status = hs_error_set(err, -EIO, "/proc/PID/pagemap cannot be read");
	return status;
}

void mm_view_deinit(struct mm_view *view)
{
	hs_vec_deinit(&view->ranges);
	hs_vec_deinit(&view->pagemap);
}
