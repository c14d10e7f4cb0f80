// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/memory_blocks.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collectors/text_file.h"
#include "lib/vec.h"

#define ROOT "/sys/devices/system/memory"

struct block {
	uint32_t id;
	char state[32];
	char valid_zones[64];
	int32_t node;
	bool was_seen;
};

struct hs_memory_blocks {
	HS_VEC(struct block) blocks;	/* by id */
	uint64_t last_read;
	uint64_t block_bytes;
	bool has_nodes;			/* the kernel knows NUMA nodes */
	int fd;
};

static int open_uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void read_file(uint32_t id, const char *name, char *text, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), ROOT "/memory%u/%s", id, name);
	if (hs_text_file_read(path, text, size) < 0)
		*text = '\0';
}

/* The block's directory has a link nodeN to its node. */
static int32_t read_node(uint32_t id)
{
	char path[64];
	int32_t node = -1;
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), ROOT "/memory%u", id);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (sscanf(entry->d_name, "node%d", &node) == 1)
			break;
	if (directory)
		closedir(directory);
	return node;
}

/*
 * A new block has a directory before it has a node, and valid_zones asks for the zones of that node without a look
 * whether there is one (drivers/base/memory.c valid_zones_show; 6.1 and 6.12 oops). The link to the node is made
 * after the node is set: only then the file is read. Without NUMA there is one node, and no link.
 */
static void read_zones(const struct hs_memory_blocks *blocks, struct block *block)
{
	block->node = read_node(block->id);
	block->valid_zones[0] = '\0';
	if (block->node >= 0 || !blocks->has_nodes)
		read_file(block->id, "valid_zones", block->valid_zones, sizeof(block->valid_zones));
}

static void read_block(const struct hs_memory_blocks *blocks, struct block *block)
{
	read_file(block->id, "state", block->state, sizeof(block->state));
	read_zones(blocks, block);
}

static struct block *find_block(struct hs_memory_blocks *blocks, uint32_t id)
{
	hs_vec_for_each(block, &blocks->blocks)
		if (block->id == id)
			return block;
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	return (*(const uint32_t *)a > *(const uint32_t *)b) - (*(const uint32_t *)a < *(const uint32_t *)b);
}

typedef HS_VEC(uint32_t) id_list;

static void list_ids(id_list *ids)
{
	DIR *directory = opendir(ROOT);
	struct dirent *entry;
	uint32_t id;
	char rest;

	while (directory && (entry = readdir(directory)))
		if (sscanf(entry->d_name, "memory%u%c", &id, &rest) == 1 && !hs_vec_push(ids, id))
			break;
	if (directory)
		closedir(directory);
	if (ids->count)
		qsort(ids->items, ids->count, sizeof(*ids->items), compare_ids);
}

int hs_memory_blocks_create(struct hs_memory_blocks **out, struct hs_error *err)
{
	struct hs_memory_blocks *blocks = calloc(1, sizeof(*blocks));
	id_list ids = { 0 };

	if (!blocks)
		return hs_error_nomem(err);
	blocks->fd = open_uevents();
	blocks->has_nodes = access("/sys/devices/system/node", F_OK) == 0;
	blocks->block_bytes = (uint64_t)hs_text_file_number(ROOT "/block_size_bytes", 16, 0);
	list_ids(&ids);
	hs_vec_for_each(id, &ids) {
		struct block block = { .id = *id };

		read_block(blocks, &block);
		if (!hs_vec_push(&blocks->blocks, block))
			break;
	}
	hs_vec_deinit(&ids);
	*out = blocks;
	return 0;
}

void hs_memory_blocks_destroy(struct hs_memory_blocks *blocks)
{
	if (!blocks)
		return;
	if (blocks->fd >= 0)
		close(blocks->fd);
	hs_vec_deinit(&blocks->blocks);
	free(blocks);
}

int hs_memory_blocks_ask_zones(void)
{
	struct hs_error err;
	struct hs_memory_blocks *blocks;
	int error = hs_memory_blocks_create(&blocks, &err);

	if (error)
		return error;
	error = -ENODEV;
	hs_vec_for_each(block, &blocks->blocks)
		if (strcmp(block->state, "offline") == 0 && *block->valid_zones)
			error = 0;
	hs_memory_blocks_destroy(blocks);
	return error;
}

int hs_memory_blocks_fd(const struct hs_memory_blocks *blocks)
{
	return blocks->fd;
}

static uint64_t boottime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct hs_bytes text_of(const char *text)
{
	return (struct hs_bytes){ text, (uint32_t)strlen(text) };
}

int hs_memory_blocks_capture(struct hs_memory_blocks *blocks, uint64_t now, const struct hs_memory_tables *tables,
			     struct hs_capture *capture)
{
	blocks->last_read = now;
	hs_vec_for_each(block, &blocks->blocks) {
		char removable[8], phys_index[32], zone[HS_HOTPLUG_NAME_BYTES];
		struct hs_snap_block row = { .block = block->id, .nr_pages = blocks->block_bytes / 4096 };

		read_block(blocks, block);
		read_file(block->id, "removable", removable, sizeof(removable));
		read_file(block->id, "phys_index", phys_index, sizeof(phys_index));
		row.phys_index = strtoull(phys_index, NULL, 16) * row.nr_pages;
		row.state = text_of(block->state);
		row.valid_zones = text_of(block->valid_zones);
		row.node = block->node;
		row.removable = *removable ? *removable == '1' : 255;
		hs_memory_tables_fill_block(tables, &row, zone);
		if (hs_capture_add(capture, HS_KIND_snap_block, &row))
			return -ENOMEM;
	}
	return 0;
}

static const char *field_of(const char *message, size_t length, const char *key)
{
	size_t key_length = strlen(key);

	for (const char *at = message; at < message + length; at += strlen(at) + 1)
		if (strncmp(at, key, key_length) == 0 && at[key_length] == '=')
			return at + key_length + 1;
	return NULL;
}

unsigned int hs_memory_blocks_take_uevents(struct hs_memory_blocks *blocks, struct hs_sink *sink)
{
	char message[4096];
	unsigned int taken = 0;
	ssize_t length;

	while (blocks->fd >= 0 && (length = recv(blocks->fd, message, sizeof(message) - 1, 0)) > 0) {
		const char *subsystem, *action, *path, *device;
		struct hs_hotplug_uevent *row;

		message[length] = '\0';
		subsystem = field_of(message, (size_t)length, "SUBSYSTEM");
		action = field_of(message, (size_t)length, "ACTION");
		path = field_of(message, (size_t)length, "DEVPATH");
		if (!subsystem || !action || !path || (strcmp(subsystem, "memory") && strcmp(subsystem, "node")))
			continue;
		device = strrchr(path, '/') + 1;
		row = hs_sink_row(sink, HS_KIND_hotplug_uevent, boottime_ns(), 0, 0);
		row->action = hs_sink_text(sink, action, strlen(action));
		row->device = hs_sink_text(sink, device, strlen(device));
		taken++;
	}
	return taken;
}

/* The time is that of the end of reading: what was read was so at that time or shortly before, and never later. */
static void report(const struct hs_memory_blocks *blocks, const struct block *block, struct hs_sink *sink)
{
	struct hs_hotplug_block *row = hs_sink_row(sink, HS_KIND_hotplug_block, boottime_ns(), 0, 0);

	row->block = block->id;
	row->state = hs_sink_text(sink, block->state, strlen(block->state));
	row->valid_zones = hs_sink_text(sink, block->valid_zones, strlen(block->valid_zones));
	row->node = block->node;
	row->since = blocks->last_read;
}

/* A block that is listed: new, changed, or as it was. One whose state cannot be read any more is gone. */
static void poll_block(struct hs_memory_blocks *blocks, uint32_t id, struct hs_sink *sink)
{
	struct block *block = find_block(blocks, id);
	char state[sizeof(block->state)];
	bool is_new;

	read_file(id, "state", state, sizeof(state));
	if (!*state)
		return;
	if (!block) {
		if (!hs_vec_push(&blocks->blocks, (struct block){ .id = id, .node = -1 }))
			return;
		block = &blocks->blocks.items[blocks->blocks.count - 1];
	}
	block->was_seen = true;
	is_new = strcmp(block->state, state) != 0;
	if (!is_new && (block->node >= 0 || !blocks->has_nodes))
		return;
	strcpy(block->state, state);
	read_zones(blocks, block);
	if (is_new || block->node >= 0)
		report(blocks, block, sink);
}

void hs_memory_blocks_poll(struct hs_memory_blocks *blocks, uint64_t now, struct hs_sink *sink)
{
	id_list ids = { 0 };

	list_ids(&ids);
	hs_vec_for_each(block, &blocks->blocks)
		block->was_seen = false;
	hs_vec_for_each(id, &ids)
		poll_block(blocks, *id, sink);
	hs_vec_for_each(block, &blocks->blocks) {
		if (block->was_seen || strcmp(block->state, "absent") == 0)
			continue;
		*block = (struct block){ .id = block->id, .state = "absent", .node = -1 };
		report(blocks, block, sink);
	}
	hs_vec_deinit(&ids);
	blocks->last_read = now;
}
