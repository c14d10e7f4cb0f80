// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the trace codec on a real stream of page faults, for tests/bench/codec.bench:
 *
 *   bench_codec import OUT.hst [TIME_STEP] < text     text: perf script -F pid,tid,time,trace --ns
 *   bench_codec decode FILE.hst [COLUMN,…]            events and CPU seconds of decoding, as "events seconds"
 *   bench_codec encode FILE.hst OUT.hst               the same of writing its page faults again, from memory
 *   bench_codec columns FILE.hst                      stored bytes per event, by column
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/hash_map.h"
#include "traces/chunk.h"
#include "traces/index.h"
#include "traces/reader.h"
#include "traces/schema.h"
#include "traces/writer.h"

static int fail(const struct hs_error *err)
{
	fprintf(stderr, "bench_codec: %s\n", err->text);
	return 1;
}

/* Small ids in order of appearance, as a recorder gives them. */
static uint32_t id_of(struct hs_hash_map *ids, uint64_t number)
{
	const uint64_t *known = hs_hash_map_get(ids, number);
	uint64_t next = ids->count + 1;

	if (known)
		return (uint32_t)*known;
	return hs_hash_map_put(ids, number, next) ? 0 : (uint32_t)next;
}

static bool parse_fault(const char *line, struct hs_hash_map *tasks, struct hs_hash_map *mms,
			struct hs_fault_user *row)
{
	uint64_t seconds, ns, address, ip;
	unsigned int pid, tid, error_code;

	if (sscanf(line, " %u/%u %" SCNu64 ".%" SCNu64 ": address=%" SCNx64 " ip=%" SCNx64 " error_code=%x", &pid, &tid,
		   &seconds, &ns, &address, &ip, &error_code) != 7)
		return false;
	*row = (struct hs_fault_user){
		.row = { .time = seconds * 1000000000 + ns, .task = id_of(tasks, tid), .mm = id_of(mms, pid) },
		.address = address, .ip = ip, .error_code = (uint16_t)error_code,
	};
	return true;
}

static int import(const char *path, uint64_t time_step)
{
	const struct hs_writer_options options = { .time_step = time_step, .overwrite = true };
	struct hs_hash_map tasks = { 0 }, mms = { 0 };
	const struct hs_header header = { 0 };
	struct hs_error err = { 0 };
	struct hs_writer *writer;
	char line[512];
	int status = hs_writer_create(path, &header, &options, &writer, &err);

	if (status)
		return fail(&err);
	while (!status && fgets(line, sizeof(line), stdin)) {
		struct hs_fault_user row;

		if (!parse_fault(line, &tasks, &mms, &row)) {
			fprintf(stderr, "bench_codec: not a page fault: %s", line);
			status = -EINVAL;
		} else {
			status = hs_writer_add(writer, HS_KIND_fault_user, &row, 1, &err);
		}
	}
	if (status)
		hs_writer_abandon(writer);
	else
		status = hs_writer_close(writer, &err);
	hs_hash_map_deinit(&tasks);
	hs_hash_map_deinit(&mms);
	return status ? fail(&err) : 0;
}

/* "time,address" as a mask; 0: an unknown name. */
static uint64_t parse_columns(char *names)
{
	const struct hs_kind_info *info = hs_kind_info(HS_KIND_fault_user);
	uint64_t mask = 0;

	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		unsigned int i = 0;

		while (i < info->nr_columns && strcmp(info->columns[i].name, name) != 0)
			i++;
		if (i == info->nr_columns)
			return 0;
		mask |= 1ull << i;
	}
	return mask;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int decode(const char *path, char *columns)
{
	uint64_t mask = columns ? parse_columns(columns) : UINT64_MAX, nr_events = 0, nr_lost = 0;
	struct hs_reader *reader;
	struct hs_error err = { 0 };
	struct hs_run run;
	double start;
	int status;

	if (!mask) {
		fprintf(stderr, "bench_codec: unknown column\n");
		return 1;
	}
	if (hs_reader_open(path, &reader, &err))
		return fail(&err);
	hs_reader_select_columns(reader, HS_KIND_fault_user, mask);
	start = cpu_seconds();
	while ((status = hs_reader_next(reader, &run, &err)) > 0) {
		nr_events += run.nr;
		nr_lost += run.kind == HS_KIND_meta_lost;
	}
	if (!status && !nr_lost)
		printf("%" PRIu64 " %.6f\n", nr_events, cpu_seconds() - start);
	hs_reader_close(reader);
	return status ? fail(&err) : nr_lost != 0;
}

typedef HS_VEC(struct hs_fault_user) fault_list;

static int load_faults(const char *path, fault_list *faults, struct hs_error *err)
{
	struct hs_reader *reader;
	struct hs_run run;
	int status = hs_reader_open(path, &reader, err);

	if (status)
		return status;
	while ((status = hs_reader_next(reader, &run, err)) > 0)
		for (size_t i = 0; i < run.nr && run.kind == HS_KIND_fault_user; i++)
			if (!hs_vec_push(faults, ((const struct hs_fault_user *)run.rows)[i]))
				return hs_error_nomem(err);
	hs_reader_close(reader);
	return status;
}

static int encode(const char *path, const char *out)
{
	const struct hs_writer_options options = { .overwrite = true };
	const struct hs_header header = { 0 };
	struct hs_writer *writer;
	fault_list faults = { 0 };
	struct hs_error err = { 0 };
	double start;
	int status;

	if (load_faults(path, &faults, &err))
		return fail(&err);
	start = cpu_seconds();
	status = hs_writer_create(out, &header, &options, &writer, &err);
	if (status)
		return fail(&err);
	status = hs_writer_add(writer, HS_KIND_fault_user, faults.items, faults.count, &err);
	if (status)
		hs_writer_abandon(writer);
	else
		status = hs_writer_close(writer, &err);
	if (!status)
		printf("%zu %.6f\n", faults.count, cpu_seconds() - start);
	hs_vec_deinit(&faults);
	return status ? fail(&err) : 0;
}

/* Compressed bytes of fault.user by column; the last one stands for the chunks' heads. */
static int print_columns(const char *path)
{
	const struct hs_kind_info *info = hs_kind_info(HS_KIND_fault_user);
	uint64_t bytes[64] = { 0 }, coded[64] = { 0 }, nr_rows = 0, heads = 0;
	struct hs_index index = { 0 };
	struct hs_input input;
	struct hs_error err = { 0 };
	uint8_t *part;

	if (hs_input_open(path, &input, &err) || hs_part_read(&input, 0, &part, &err) < 0 ||
	    hs_index_read(&input, hs_part_bytes(part), &index, &err))
		return fail(&err);
	free(part);
	for (size_t i = 0; i < index.entries.count; i++) {
		struct hs_chunk_head head;

		if (index.entries.items[i].kind != HS_KIND_fault_user ||
		    hs_part_read(&input, index.entries.items[i].offset, &part, &err) < 1 || hs_chunk_read_head(part, &head))
			return fail(&err);
		nr_rows += head.nr_rows;
		heads += hs_part_bytes(part);
		for (unsigned int s = 0; s < head.nr_sections; s++) {
			bytes[hs_chunk_section(part, s).column] += hs_chunk_section(part, s).frame_bytes;
			coded[hs_chunk_section(part, s).column] += hs_chunk_section(part, s).bytes;
		}
		free(part);
	}
	for (unsigned int c = 0; c < info->nr_columns; c++)
		printf("%-12s %7.4f bytes/event, %7.4f before compression\n", info->columns[c].name,
		       (double)bytes[c] / (double)nr_rows, (double)coded[c] / (double)nr_rows);
	printf("%-12s %7.4f bytes/event\n", "heads", (double)heads / (double)nr_rows);
	hs_index_deinit(&index);
	hs_input_close(&input);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "import") == 0)
		return import(argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	if (argc >= 3 && strcmp(argv[1], "decode") == 0)
		return decode(argv[2], argc > 3 ? argv[3] : NULL);
	if (argc == 4 && strcmp(argv[1], "encode") == 0)
		return encode(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "columns") == 0)
		return print_columns(argv[2]);
	fprintf(stderr, "usage: bench_codec import OUT.hst [TIME_STEP] | decode FILE.hst [COLUMN,…] | "
		"encode FILE.hst OUT.hst | columns FILE.hst\n");
	return 2;
}
