// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/smi_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/vec.h"

/* <linux/kfd_ioctl.h>, which needs headers of libdrm. */
struct smi_events_args {
	uint32_t gpu;
	uint32_t fd;		/* out */
};
#define AMDKFD_IOC_SMI_EVENTS _IOWR('K', 0x1f, struct smi_events_args)

/* MAX_KFIFO_SIZE of kfd_smi_events.c: a read gives at most a whole queue. */
enum { SMALL_QUEUE = 1024, LARGE_QUEUE = 8192 };

static const char kfd_path[] = "/dev/kfd";
static const char gpu_ids[] = "/sys/class/kfd/kfd/topology/nodes/*/gpu_id";

/* A descriptor and the beginning of a line that a read has cut. */
struct source {
	int fd;			/* -1: at its end */
	size_t used;
	char text[2 * HS_KFD_SMI_LINE];
	bool is_skipping;	/* to the end of a line that does not fit */
};

typedef HS_VEC(int) fd_list;

struct hs_smi_stream {
	struct source *sources;
	size_t nr;
	int epoll;
	size_t queue;		/* bytes of a descriptor's queue, as far as was seen */
};

/* --- opening --- */

static bool is_superuser(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, sets) == 0 && sets[0].effective >> CAP_SYS_ADMIN & 1;
}

/* 0 is the CPU's node. */
static uint32_t read_gpu_id(const char *path)
{
	hs_auto_file FILE *file = fopen(path, "re");
	unsigned int id = 0;

	return file && fscanf(file, "%u", &id) == 1 ? id : 0;
}

static void close_fds(fd_list *fds)
{
	hs_vec_for_each(fd, fds)
		close(*fd);
	hs_vec_deinit(fds);
}

/* All events of all processes: bit 63 says so, where the kernel asks. */
static int ask_gpu(int kfd, uint32_t gpu, fd_list *fds, struct hs_error *err)
{
	struct smi_events_args args = { .gpu = gpu };
	uint64_t mask = UINT64_MAX;
	int fd;

	if (ioctl(kfd, AMDKFD_IOC_SMI_EVENTS, &args))
		return hs_error_set(err, -errno, "%s: GPU %u gives no events: %s", kfd_path, gpu, strerror(errno));
	fd = (int)args.fd;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!hs_vec_push(fds, fd)) {
		close(fd);
		return hs_error_nomem(err);
	}
	if (write(fd, &mask, sizeof(mask)) != sizeof(mask))
		return hs_error_set(err, -errno, "GPU %u does not let events be chosen: %s", gpu, strerror(errno));
	return 0;
}

static int ask_gpus(fd_list *fds, struct hs_error *err)
{
	hs_auto_fd int kfd = open(kfd_path, O_RDWR | O_CLOEXEC);
	glob_t found = { 0 };
	int error = 0;

	if (kfd < 0)
		return hs_error_set(err, -errno, "%s: %s", kfd_path, strerror(errno));
	if (glob(gpu_ids, 0, NULL, &found))
		found.gl_pathc = 0;
	for (size_t i = 0; i < found.gl_pathc && !error; i++) {
		uint32_t gpu = read_gpu_id(found.gl_pathv[i]);

		error = gpu ? ask_gpu(kfd, gpu, fds, err) : 0;
	}
	globfree(&found);
	if (!error && !fds->count)
		error = hs_error_set(err, -ENODEV, "%s: there is no GPU", kfd_path);
	return error;
}

int hs_smi_stream_check(struct hs_kernel_btf *types, struct hs_error *why)
{
	fd_list fds = { 0 };
	int error = ask_gpus(&fds, why);

	(void)types;
	close_fds(&fds);
	if (!error && !is_superuser())
		return hs_error_set(why, -EPERM, "%s: events of other processes need CAP_SYS_ADMIN", kfd_path);
	return error;
}

static int watch(struct hs_smi_stream *stream, int fd)
{
	struct source *source = &stream->sources[stream->nr++];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	source->fd = fd;
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) || epoll_ctl(stream->epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

int hs_smi_stream_adopt(const int *fds, size_t nr, struct hs_smi_stream **out, struct hs_error *err)
{
	struct hs_smi_stream *stream = calloc(1, sizeof(*stream));
	int error = 0;

	if (stream)
		stream->sources = calloc(nr, sizeof(*stream->sources));
	if (!stream || !stream->sources) {
		for (size_t i = 0; i < nr; i++)
			close(fds[i]);
		free(stream);
		return hs_error_nomem(err);
	}
	stream->queue = SMALL_QUEUE;
	stream->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < nr; i++) {
		int status = watch(stream, fds[i]);

		error = error ? error : status;
	}
	if (error) {
		hs_smi_stream_close(stream);
		return hs_error_set(err, error, "cannot wait for the driver's events: %s", strerror(-error));
	}
	*out = stream;
	return 0;
}

int hs_smi_stream_open(struct hs_smi_stream **out, struct hs_error *err)
{
	fd_list fds = { 0 };
	int error = ask_gpus(&fds, err);

	if (error)
		close_fds(&fds);
	else
		error = hs_smi_stream_adopt(fds.items, fds.count, out, err);
	if (!error)
		hs_vec_deinit(&fds);
	return error;
}

void hs_smi_stream_close(struct hs_smi_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < stream->nr; i++)
		hs_close_fd(&stream->sources[i].fd);
	hs_close_fd(&stream->epoll);
	free(stream->sources);
	free(stream);
}

size_t hs_smi_stream_nr_gpus(const struct hs_smi_stream *stream)
{
	return stream->nr;
}

int hs_smi_stream_fd(const struct hs_smi_stream *stream)
{
	return stream->epoll;
}

/* --- reading --- */

struct taker {
	hs_smi_take *take;
	void *context;
	struct hs_smi_stream_losses *losses;
};

static void end_line(struct source *source, const struct taker *taker)
{
	struct hs_kfd_smi_event event;

	source->text[source->used] = '\0';
	if (source->is_skipping || strlen(source->text) != source->used || hs_kfd_smi_parse(source->text, &event, NULL))
		taker->losses->unreadable++;
	else
		taker->take(taker->context, &event);
	source->used = 0;
	source->is_skipping = false;
}

static void add_bytes(struct source *source, const char *bytes, size_t length, const struct taker *taker)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			end_line(source, taker);
		else if (source->used < sizeof(source->text) - 1)
			source->text[source->used++] = bytes[i];
		else
			source->is_skipping = true;
	}
}

/* What is read first was waiting: was there room for another line beside it? */
static void judge_queue(struct hs_smi_stream *stream, size_t waiting, struct hs_smi_stream_losses *losses)
{
	if (waiting > stream->queue)
		stream->queue = LARGE_QUEUE;
	losses->full += waiting + HS_KFD_SMI_LINE > stream->queue;
}

static void read_source(struct hs_smi_stream *stream, struct source *source, const struct taker *taker)
{
	char bytes[LARGE_QUEUE];
	bool is_first = true;
	ssize_t got;

	while (source->fd >= 0 && (got = read(source->fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got < 0)
			break;
		if (is_first)
			judge_queue(stream, (size_t)got, taker->losses);
		is_first = false;
		add_bytes(source, bytes, (size_t)got, taker);
	}
	hs_close_fd(&source->fd);
	source->fd = -1;
}

void hs_smi_stream_read(struct hs_smi_stream *stream, hs_smi_take *take, void *context,
			struct hs_smi_stream_losses *losses)
{
	const struct taker taker = { take, context, losses };

	for (size_t i = 0; i < stream->nr; i++)
		read_source(stream, &stream->sources[i], &taker);
}
