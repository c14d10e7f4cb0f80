// SPDX-License-Identifier: GPL-2.0-only
/*
 * shared_ring COMMAND…: runs a command while its page faults, and all others, go into one shared BPF ring
 * buffer, which is drained every DRAIN_MS milliseconds. What it took is reported on standard error. Exits as
 * the command does; 77: the program cannot be loaded or attached here.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "shared_ring.skel.h"
#include "tests/bench/shared_ring.h"

enum { DRAIN_MS = 10, CANNOT_RUN = 77 };

struct taken {
	uint64_t nr;
	uint64_t addresses;	/* xor of all, so that records are looked at */
};

static int take_fault(void *context, void *data, size_t bytes)
{
	struct taken *taken = context;

	(void)bytes;
	taken->nr++;
	taken->addresses ^= ((const struct shared_fault *)data)->address;
	return 0;
}

/* Exit status of a command that ran while the ring was drained. */
static int run_command(char **command, struct ring_buffer *ring)
{
	const struct timespec pause = { .tv_nsec = DRAIN_MS * 1000000 };
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, WNOHANG) == 0) {
		nanosleep(&pause, NULL);
		ring_buffer__consume(ring);
	}
	ring_buffer__consume(ring);
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct shared_ring_bpf *bpf = shared_ring_bpf__open();
	struct ring_buffer *ring = NULL;
	struct taken taken = { 0 };
	int status = CANNOT_RUN;

	if (argc < 2) {
		fprintf(stderr, "usage: shared_ring COMMAND…\n");
		return 2;
	}
	if (bpf) {
		bpf->rodata->loader_tgid = (uint32_t)getpid();
		if (!shared_ring_bpf__load(bpf) && !shared_ring_bpf__attach(bpf))
			ring = ring_buffer__new(bpf_map__fd(bpf->maps.faults), take_fault, &taken, NULL);
	}
	if (ring) {
		status = run_command(argv + 1, ring);
		fprintf(stderr, "%llu faults, %llu lost (%llx)\n", (unsigned long long)taken.nr,
			(unsigned long long)bpf->bss->nr_lost, (unsigned long long)taken.addresses);
	}
	ring_buffer__free(ring);
	shared_ring_bpf__destroy(bpf);
	return status;
}
