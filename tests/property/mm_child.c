// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/mm_child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
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

/* A process, and its open pagemap. */
struct seen_process {
	pid_t pid;
	int pagemap;
};

struct mm_child {
	struct seen_process self, forks[MAX_FORKS];
	size_t nr_forks;
	int requests, replies;		/* pipe ends of the parent */
};

struct reply {
	int64_t ret;
	uint64_t faults, soft;
};

/* --- in the child ------------------------------------------------------------------------------- */

/* Everything the child touches between operations lives here and on the top of its stack. */
static struct {
	int requests, replies;
	int files[MM_NR_FILES];
	uint64_t start_brk;
	sigjmp_buf after_fault;
	struct {
		pid_t pid;
		int requests, replies;
	} forks[MAX_FORKS];
	int nr_forks;
	int down[2], up[2];
	struct mm_op op;
	struct reply reply;
	struct rusage before, after;
	char statm[256];
	struct rlimit limit;
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

static struct reply access_and_count(const struct mm_op *op)
{
	struct reply reply = { 0 };

	syscall(SYS_getrusage, RUSAGE_SELF, &world.before);
	reply.ret = touch(op->addr, mm_op_is_write(op->code));
	syscall(SYS_getrusage, RUSAGE_SELF, &world.after);
	reply.faults = (uint64_t)(world.after.ru_minflt - world.before.ru_minflt + world.after.ru_majflt -
				  world.before.ru_majflt);
	return reply;
}

/* Has the process that was forked last make an access. */
static struct reply ask_fork(const struct mm_op *op)
{
	struct reply reply = { .ret = -ESRCH };
	int last = world.nr_forks - 1;

	if (last < 0)
		return reply;
	if (syscall(SYS_write, world.forks[last].requests, op, sizeof(*op)) < 0 ||
	    syscall(SYS_read, world.forks[last].replies, &reply, sizeof(reply)) != sizeof(reply))
		reply.ret = -EIO;
	return reply;
}

static int64_t end_fork(void)
{
	int last = world.nr_forks - 1;

	if (last < 0)
		return -ESRCH;
	syscall(SYS_kill, world.forks[last].pid, SIGKILL);
	syscall(SYS_wait4, world.forks[last].pid, NULL, 0, NULL);
	syscall(SYS_close, world.forks[last].requests);
	syscall(SYS_close, world.forks[last].replies);
	world.nr_forks = last;
	return 0;
}

/* What a forked process does: accesses, as they are asked for. */
static void serve_accesses(int requests, int replies)
{
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	/* The pipes stay the child's own, so that its death is seen. */
	syscall(SYS_close, world.requests);
	syscall(SYS_close, world.replies);
	while (syscall(SYS_read, requests, &world.op, sizeof(world.op)) == sizeof(world.op)) {
		world.reply = access_and_count(&world.op);
		if (syscall(SYS_write, replies, &world.reply, sizeof(world.reply)) < 0)
			break;
	}
	_exit(0);
}

static int64_t fork_and_serve(void)
{
	pid_t pid;

	if (world.nr_forks == MAX_FORKS || syscall(SYS_pipe2, world.down, O_CLOEXEC) ||
	    syscall(SYS_pipe2, world.up, O_CLOEXEC))
		return -EAGAIN;
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0)
		serve_accesses(world.down[0], world.up[1]);
	world.forks[world.nr_forks].pid = pid;
	world.forks[world.nr_forks].requests = world.down[1];
	world.forks[world.nr_forks].replies = world.up[0];
	world.nr_forks += pid > 0;
	/* It has begun, and touched what it needs of its own, before anybody looks. */
	if (pid > 0)
		(void)ask_fork(&(struct mm_op){ .code = MM_OP_CHILD_READ, .addr = 1 });
	return result_of(pid);
}

/* Field of /proc/self/statm, in bytes: 0 VmSize, 5 data and stack. */
static uint64_t used_bytes(int field)
{
	int fd = (int)syscall(SYS_open, "/proc/self/statm", O_RDONLY);
	char *at = world.statm;

	syscall(SYS_read, fd, world.statm, sizeof(world.statm) - 1);
	syscall(SYS_close, fd);
	for (; field > 0 && *at; at++)
		field -= *at == ' ';
	return strtoull(at, NULL, 10) * MM_PAGE;
}

static struct reply set_limit(const struct mm_op *op)
{
	uint64_t base = op->flags == RLIMIT_AS ? used_bytes(0) : op->flags == RLIMIT_DATA ? used_bytes(5) : 0;
	uint64_t soft = op->len == UINT64_MAX ? RLIM_INFINITY : base + op->len;
	struct reply reply = { .ret = result_of(syscall(SYS_prlimit64, 0, op->flags, NULL, &world.limit)) };

	if (reply.ret)
		return reply;
	world.limit.rlim_cur = soft < world.limit.rlim_max ? soft : world.limit.rlim_max;
	reply.soft = world.limit.rlim_cur;
	reply.ret = result_of(syscall(SYS_prlimit64, 0, op->flags, &world.limit, NULL));
	return reply;
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
	case MM_OP_FORK:
		return fork_and_serve();
	case MM_OP_CHILD_EXIT:
		return end_fork();
	default:
		return -ENOSYS;
	}
}

static void serve(void)
{
	for (;;) {
		if (syscall(SYS_read, world.requests, &world.op, sizeof(world.op)) != sizeof(world.op))
			break;
		if (mm_op_is_of_child(world.op.code))
			world.reply = ask_fork(&world.op);
		else if (mm_op_is_touch(world.op.code))
			world.reply = access_and_count(&world.op);
		else if (world.op.code == MM_OP_LIMIT)
			world.reply = set_limit(&world.op);
		else
			world.reply = (struct reply){ .ret = execute(&world.op) };
		if (syscall(SYS_write, world.replies, &world.reply, sizeof(world.reply)) < 0)
			break;
	}
	for (int i = 0; i < world.nr_forks; i++)
		kill(world.forks[i].pid, SIGKILL);
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
	world.reply = access_and_count(&(struct mm_op){ .code = MM_OP_READ, .addr = 1 });
	world.reply = set_limit(&(struct mm_op){ .flags = RLIMIT_AS, .len = UINT64_MAX });
}

/* Without CAP_IPC_LOCK RLIMIT_MEMLOCK is a limit. */
static void drop_privilege(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return;
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	syscall(SYS_capset, &header, data);
}

void mm_child_run(int requests, int replies, struct mm_nature nature)
{
	struct sigaction action = { .sa_handler = on_bad_access, .sa_flags = SA_NODEFER };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!nature.is_privileged)
		drop_privilege();
	if (!nature.has_huge_pages)
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
static void exec_child(int requests, int replies, struct mm_nature nature)
{
	char from[16], to[16];

	snprintf(from, sizeof(from), "%d", requests);
	snprintf(to, sizeof(to), "%d", replies);
	fcntl(requests, F_SETFD, 0);
	fcntl(replies, F_SETFD, 0);
	execl("/proc/self/exe", "mm_property", "--child", from, to, nature.has_huge_pages ? "1" : "0",
	      nature.is_privileged ? "1" : "0", NULL);
	_exit(1);
}

/* --- in the parent ------------------------------------------------------------------------------ */

static int open_of(const struct seen_process *process, const char *what, int *fd, struct hs_error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", process->pid, what);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? hs_error_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

int mm_child_start(struct mm_nature nature, struct mm_child **out, struct hs_error *err)
{
	struct mm_child *child = calloc(1, sizeof(*child));
	int down[2], up[2], status;
	struct mm_outcome outcome;

	if (!child)
		return hs_error_nomem(err);
	child->self.pagemap = -1;
	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC)) {
		free(child);
		return hs_error_set(err, -errno, "pipe: %s", strerror(errno));
	}
	child->self.pid = fork();
	if (child->self.pid == 0) {
		close(down[1]);
		close(up[0]);
		exec_child(down[0], up[1], nature);
	}
	close(down[0]);
	close(up[1]);
	child->requests = down[1];
	child->replies = up[0];
	status = child->self.pid < 0 ? hs_error_set(err, -errno, "fork: %s", strerror(errno)) : 0;
	/* A first request that does nothing: when it is answered, the child has its image and has warmed up. */
	if (!status)
		status = mm_child_execute(child, &(struct mm_op){ .code = MM_OP_MUNMAP, .addr = 1 }, &outcome, err);
	if (!status)
		status = open_of(&child->self, "pagemap", &child->self.pagemap, err);
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
	if (child->self.pagemap >= 0)
		close(child->self.pagemap);
	for (size_t i = 0; i < child->nr_forks; i++)
		close(child->forks[i].pagemap);
	if (child->self.pid > 0)
		waitpid(child->self.pid, NULL, 0);
	free(child);
}

size_t mm_child_nr_forks(const struct mm_child *child)
{
	return child->nr_forks;
}

static uint64_t pagemap_entry(const struct seen_process *process, uint64_t address)
{
	uint64_t entry = 0;

	if (pread(process->pagemap, &entry, sizeof(entry), (off_t)(address / MM_PAGE * sizeof(entry))) != sizeof(entry))
		return 0;
	return entry;
}

static int note_fork(struct mm_child *child, pid_t pid, struct hs_error *err)
{
	struct seen_process *process = &child->forks[child->nr_forks];
	int status;

	process->pid = pid;
	status = open_of(process, "pagemap", &process->pagemap, err);
	child->nr_forks += !status;
	return status;
}

int mm_child_execute(struct mm_child *child, const struct mm_op *op, struct mm_outcome *outcome,
		     struct hs_error *err)
{
	const struct seen_process *actor = &child->self;
	struct reply reply;

	*outcome = (struct mm_outcome){ .ret = 0 };
	if (mm_op_is_of_child(op->code) && child->nr_forks)
		actor = &child->forks[child->nr_forks - 1];
	if (mm_op_is_touch(op->code))
		outcome->was_present = pagemap_entry(actor, op->addr) >> 63;
	if (write(child->requests, op, sizeof(*op)) != sizeof(*op) ||
	    read(child->replies, &reply, sizeof(reply)) != sizeof(reply))
		return hs_error_set(err, -EIO, "the referee process died in %s", mm_op_name(op->code));
	outcome->ret = reply.ret;
	outcome->faults = reply.faults;
	outcome->soft = reply.soft;
	if (op->code == MM_OP_CHILD_EXIT && !reply.ret)
		close(child->forks[--child->nr_forks].pagemap);
	return op->code == MM_OP_FORK && reply.ret > 0 ? note_fork(child, (pid_t)reply.ret, err) : 0;
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

static int read_maps(const struct seen_process *process, bool with_flags, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	hs_auto_free char *line = NULL;
	size_t room = 0;
	int fd, status = open_of(process, with_flags ? "smaps" : "maps", &fd, err);

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
		{ "RssShmem:", &view->rss_shmem }, { "VmSwap:", &view->swap },     { "VmData:", &view->data_vm },
		{ "VmStk:", &view->stack_vm },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strncmp(line, fields[i].name, strlen(fields[i].name)) == 0)
			*fields[i].pages = strtoull(line + strlen(fields[i].name), NULL, 10) / 4;
	if (strncmp(line, "CapEff:", 7) == 0)
		view->may_lock = strtoull(line + 7, NULL, 16) >> CAP_IPC_LOCK & 1;
	/* Both are parts of exec_vm (task_mem). */
	if (strncmp(line, "VmExe:", 6) == 0 || strncmp(line, "VmLib:", 6) == 0)
		view->exec_vm += strtoull(line + 6, NULL, 10) / 4;
}

static void read_walked_line(const char *line, struct mm_view *view)
{
	const struct {
		const char *name;
		uint64_t *pages;
	} fields[] = {
		{ "Rss:", &view->walked_rss }, { "Anonymous:", &view->walked_anon }, { "AnonHugePages:", &view->huge_anon },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strncmp(line, fields[i].name, strlen(fields[i].name)) == 0)
			*fields[i].pages = strtoull(line + strlen(fields[i].name), NULL, 10) / 4;
}

static int read_walked(const struct seen_process *process, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	char line[256];
	int fd, status = open_of(process, "smaps_rollup", &fd, err);

	if (status)
		return status;
	file = fdopen(fd, "r");
	while (fgets(line, sizeof(line), file))
		read_walked_line(line, view);
	return 0;
}

static int read_status(const struct seen_process *process, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	char line[256];
	int fd, status = open_of(process, "status", &fd, err);

	if (status)
		return status;
	view->exec_vm = 0;
	file = fdopen(fd, "r");
	while (fgets(line, sizeof(line), file))
		read_status_line(line, view);
	return 0;
}

static int read_limits(const struct seen_process *process, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	const struct {
		const char *name;
		uint64_t *bytes;
	} limits[] = {
		{ "Max data size", &view->limit_data }, { "Max stack size", &view->limit_stack },
		{ "Max locked memory", &view->limit_memlock }, { "Max address space", &view->limit_as },
	};
	char line[256];
	int fd, status = open_of(process, "limits", &fd, err);

	if (status)
		return status;
	file = fdopen(fd, "r");
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
			if (strncmp(line, limits[i].name, strlen(limits[i].name)) == 0 &&
			    sscanf(line + strlen(limits[i].name), " %" SCNu64, limits[i].bytes) != 1)
				*limits[i].bytes = UINT64_MAX;
	return 0;
}

/* start_brk is field 47 of /proc/PID/stat, counted behind the command's closing parenthesis. */
static int read_break(const struct seen_process *process, struct mm_view *view, struct hs_error *err)
{
	hs_auto_file FILE *file = NULL;
	char text[1024] = "", *at;
	int fd, status = open_of(process, "stat", &fd, err);

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

static int read_pagemap(const struct seen_process *process, struct mm_view *view)
{
	size_t count = MM_ARENA_BYTES / MM_PAGE * 2;

	view->pagemap_start = MM_ARENA;
	hs_vec_clear(&view->pagemap);
	if (!hs_vec_reserve(&view->pagemap, count))
		return -ENOMEM;
	memset(view->pagemap.items, 0, count * sizeof(uint64_t));
	view->pagemap.count = count;
	if (pread(process->pagemap, view->pagemap.items, count * sizeof(uint64_t),
		  (off_t)(MM_ARENA / MM_PAGE * sizeof(uint64_t))) < 0)
		return -errno;
	return 0;
}

static struct mm_slot_pages *slot_of(struct mm_view *view, uint64_t address)
{
	uint64_t slot = address & ~(uint64_t)(MM_SLOT - 1);

	if (!view->slots.count || view->slots.items[view->slots.count - 1].address != slot)
		(void)hs_vec_push(&view->slots, (struct mm_slot_pages){ .address = slot });
	return &view->slots.items[view->slots.count - 1];
}

/* Before any fork a present anonymous page that is not exclusive is the zero page. */
static void note_page(struct mm_view *view, uint64_t address, uint64_t entry)
{
	struct mm_slot_pages *slot = slot_of(view, address);
	unsigned int page = (unsigned int)(address / MM_PAGE) % 512;
	uint64_t bit = 1ull << page % 64;
	bool is_file = entry >> 61 & 1, is_exclusive = entry >> 56 & 1;

	slot->present[page / 64] |= bit;
	if (is_file)
		slot->file[page / 64] |= bit;
	else if (!is_exclusive)
		slot->zero[page / 64] |= bit;
}

/* Pages of all mappings, in address order. */
static void read_own_pages(const struct seen_process *process, struct mm_view *view)
{
	enum { LARGE = 1 << 30, BATCH = 512 };
	uint64_t entries[BATCH];

	hs_vec_clear(&view->slots);
	view->has_all_pages = true;
	hs_vec_for_each(range, &view->ranges) {
		if (range->end - range->start > LARGE) {
			view->has_all_pages = false;
			continue;
		}
		for (uint64_t at = range->start; at < range->end; at += (uint64_t)BATCH * MM_PAGE) {
			uint64_t left = (range->end - at) / MM_PAGE, nr = left < BATCH ? left : BATCH;

			if (pread(process->pagemap, entries, nr * sizeof(*entries),
				  (off_t)(at / MM_PAGE * sizeof(*entries))) < 0)
				break;
			for (uint64_t i = 0; i < nr; i++)
				if (entries[i] >> 63)
					note_page(view, at + i * MM_PAGE, entries[i]);
		}
	}
}

/* An exclusive page behind a read is no zero page. */
bool mm_kernel_has_zero_page(void)
{
	struct seen_process self = { .pid = getpid() };
	volatile unsigned char *page = mmap(NULL, MM_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hs_error err = { 0 };
	bool is_exclusive;

	if (page == MAP_FAILED || open_of(&self, "pagemap", &self.pagemap, &err))
		return true;
	(void)*page;
	is_exclusive = pagemap_entry(&self, (uintptr_t)page) >> 56 & 1;
	close(self.pagemap);
	munmap((void *)page, MM_PAGE);
	return !is_exclusive;
}

static int look(const struct seen_process *process, bool with_flags, struct mm_view *view, struct hs_error *err)
{
	int status = read_maps(process, with_flags, view, err);

	if (!status)
		status = read_status(process, view, err);
	if (!status)
		status = read_walked(process, view, err);
	if (!status && with_flags)
		status = read_break(process, view, err);
	if (!status && with_flags)
		status = read_limits(process, view, err);
	if (!status && with_flags)
		read_own_pages(process, view);
	if (!status && read_pagemap(process, view))
		status = hs_error_set(err, -EIO, "/proc/PID/pagemap cannot be read");
	return status;
}

int mm_child_look(struct mm_child *child, bool with_flags, struct mm_view *view, struct hs_error *err)
{
	return look(&child->self, with_flags, view, err);
}

int mm_child_look_at_fork(struct mm_child *child, size_t nr, struct mm_view *view, struct hs_error *err)
{
	return look(&child->forks[nr], false, view, err);
}

void mm_view_deinit(struct mm_view *view)
{
	hs_vec_deinit(&view->ranges);
	hs_vec_deinit(&view->slots);
	hs_vec_deinit(&view->pagemap);
}
