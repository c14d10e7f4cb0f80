// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that nobody wrote, read as a trace and as JSON Lines. With -DHS_LIBFUZZER a libFuzzer target; else:
 *
 *   fuzz_reader                  mutations of made files for FUZZ_SECONDS (5), from FUZZ_SEED (1) on
 *   fuzz_reader FILE…            each file once
 *   fuzz_reader --make SEED OUT  writes an undamaged file of random rows
 *
 * The mutations know the format, so that they reach behind the check sums: parts get new ones, and sections are
 * changed before they are compressed.
 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tests/unit/random_rows.h"
#include "traces/chunk.h"
#include "traces/compress.h"
#include "traces/jsonl.h"
#include "traces/part.h"
#include "traces/reader.h"
#include "traces/writer.h"

static volatile uint64_t sink;

/* Touches every byte of an event. */
static void use_event(const struct hs_event *event)
{
	const struct hs_kind_info *info = hs_kind_info(event->kind);
	uint64_t sum = 0;

	for (unsigned int c = 0; c < info->nr_columns; c++) {
		const struct hs_bytes *text = hs_column_bytes(&info->columns[c], event->row);

		if (!hs_type_is_bytes(info->columns[c].type)) {
			sum += hs_column_number(&info->columns[c], event->row);
			continue;
		}
		for (uint32_t i = 0; i < text->length; i++)
			sum += ((const uint8_t *)text->data)[i];
	}
	sink += sum;
}

static void read_trace(const char *path)
{
	struct hs_reader *reader = NULL;
	struct hs_event event;
	uint64_t last = 0;

	if (hs_reader_open(path, &reader, NULL))
		return;
	while (hs_reader_next_event(reader, &event, NULL) > 0) {
		use_event(&event);
		assert(event.row->time >= last);
		last = event.row->time;
	}
	hs_reader_close(reader);
}

static void read_text(const uint8_t *bytes, size_t length)
{
	hs_auto_file FILE *in = length ? fmemopen((void *)(uintptr_t)bytes, length, "r") : NULL;
	struct hs_jsonl_reader *reader = NULL;
	struct hs_event event;

	if (!in || hs_jsonl_reader_open(in, "fuzz", &reader, NULL))
		return;
	while (hs_jsonl_reader_next(reader, &event, NULL) > 0)
		use_event(&event);
	hs_jsonl_reader_close(reader);
}

/* A file in memory with a path. */
static int make_memory_file(char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	assert(fd >= 0);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void read_bytes(const uint8_t *bytes, size_t length)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = make_memory_file(path);
	assert(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length);
	read_trace(path);
	read_text(bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	read_bytes(bytes, length);
	return 0;
}

#ifndef HS_LIBFUZZER
/* Rows of a few kinds, enough for every coding, in a few chunks. */
static void make_file(struct hs_rng *rng, const char *path)
{
	const struct hs_writer_options options = { .overwrite = true, .time_step = 1 + hs_rng_below(rng, 100) };
	struct hs_header header = { .page_bytes = 4096 };
	struct hs_writer *writer;

	assert(hs_writer_create(path, &header, &options, &writer, NULL) == 0);
	for (unsigned int k = 0; k < 4; k++) {
		unsigned int kind = (unsigned int)hs_rng_below(rng, HS_NR_KINDS);
		size_t nr = hs_rng_below(rng, 2) ? hs_rng_below(rng, 20) : hs_rng_below(rng, 600);
		hs_auto_free void *rows = random_rows(rng, kind, nr, hs_rng_next(rng) >> 20);

		/* The same kind may have been drawn before: its times must not go back. */
		if (hs_writer_add(writer, kind, rows, nr, NULL))
			continue;
		if (hs_rng_below(rng, 2))
			assert(hs_writer_flush(writer, NULL) == 0);
	}
	assert(hs_writer_close(writer, NULL) == 0);
}

static void load_fd(int fd, hs_buffer *file)
{
	off_t length = lseek(fd, 0, SEEK_END);

	assert(length > 0 && hs_vec_reserve(file, (size_t)length));
	assert(pread(fd, file->items, (size_t)length, 0) == length);
	file->count = (size_t)length;
}

static void change_bytes(struct hs_rng *rng, uint8_t *bytes, size_t length)
{
	static const uint8_t likely[] = { 0, 1, 0x7f, 0x80, 0xff };

	for (uint64_t left = length ? 1 + hs_rng_below(rng, 4) : 0; left; left--) {
		uint8_t *at = bytes + hs_rng_below(rng, length);

		*at = hs_rng_below(rng, 2) ? (uint8_t)(*at ^ 1 << hs_rng_below(rng, 8)) : likely[hs_rng_below(rng, 5)];
	}
}

/* Appends a frame with the contents of another one, changed. Returns its size; 0: it could not be read. */
static size_t change_frame(struct hs_rng *rng, const uint8_t *frame, size_t frame_bytes, size_t bytes, hs_buffer *out)
{
	struct hs_compressor *compressor = hs_compressor_create(1);
	struct hs_decompressor *decompressor = hs_decompressor_create();
	hs_auto_free uint8_t *contents = malloc(bytes + 1);
	size_t changed = 0;

	assert(compressor && decompressor && contents && hs_vec_reserve(out, hs_compress_bound(bytes)));
	if (hs_decompress_frame(decompressor, frame, frame_bytes, contents, bytes) == 0) {
		change_bytes(rng, contents, bytes);
		assert(hs_compress_frame(compressor, contents, bytes, out->items + out->count, &changed) == 0);
		out->count += changed;
	}
	hs_compressor_destroy(compressor);
	hs_decompressor_destroy(decompressor);
	return changed;
}

/* Copies a chunk with one of its frames changed. */
static void change_sections(struct hs_rng *rng, const uint8_t *part, hs_buffer *out)
{
	struct hs_section sections[HS_CHUNK_SECTIONS];
	const uint8_t *frame = part + hs_part_bytes(part);
	struct hs_chunk_head head;
	hs_buffer frames = { 0 };

	assert(hs_chunk_read_head(part, &head) == 0);
	for (unsigned int i = 0, end; i < head.nr_sections; i = end) {
		size_t bytes = 0, stored = hs_chunk_section(part, i).frame_bytes, changed;

		for (end = i; end < head.nr_sections; end++) {
			sections[end] = hs_chunk_section(part, end);
			if (end > i && sections[end].frame_bytes)
				break;
			bytes += sections[end].bytes;
		}
		changed = hs_rng_below(rng, 3) ? 0 : change_frame(rng, frame, stored, bytes, &frames);
		if (!changed)
			assert(hs_buffer_add(&frames, frame, changed = stored));
		sections[i].frame_bytes = (uint32_t)changed;
		frame += stored;
	}
	head.data_bytes = frames.count;
	assert(hs_chunk_write_head(out, &head, sections) && hs_buffer_add(out, frames.items, frames.count));
	hs_vec_deinit(&frames);
}

/* Copies the file part by part; some are changed and get a new check sum. */
static void change_parts(struct hs_rng *rng, const hs_buffer *file, hs_buffer *out)
{
	for (size_t at = 0, part_bytes, data; at < file->count; at += part_bytes + data) {
		const uint8_t *part = file->items + at;
		size_t start = out->count;
		struct hs_chunk_head head = { 0 };

		part_bytes = hs_part_bytes(part);
		if (hs_part_tag(part) == HS_TAG_CHUNK)
			assert(hs_chunk_read_head(part, &head) == 0);
		data = head.data_bytes;
		if (data && hs_rng_below(rng, 2)) {
			change_sections(rng, part, out);
			continue;
		}
		assert(hs_buffer_add(out, part, part_bytes + data));
		if (hs_rng_below(rng, 8) == 0) {
			change_bytes(rng, out->items + start + HS_PART_HEAD, part_bytes - HS_PART_HEAD);
			hs_store32(out->items + start + 8, hs_part_check_sum(out->items + start));
		}
	}
}

/* One file's events as text, changed. */
static void fuzz_text(struct hs_rng *rng, const char *path)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	struct hs_reader *reader;
	struct hs_event event;

	assert(out && hs_reader_open(path, &reader, NULL) == 0);
	assert(hs_jsonl_write_header(out, hs_reader_header(reader), NULL) == 0);
	for (int i = 0; i < 3 && hs_reader_next_event(reader, &event, NULL) > 0; i++)
		assert(hs_jsonl_write_event(out, &event, NULL) == 0);
	fclose(out);
	hs_reader_close(reader);
	for (int i = 0; i < 4; i++) {
		change_bytes(rng, (uint8_t *)text, length);
		read_text((const uint8_t *)text, length);
	}
	free(text);
}

static void fuzz_once(uint64_t seed)
{
	struct hs_rng rng = { seed };
	hs_buffer file = { 0 }, changed = { 0 };
	char path[64];
	int fd = make_memory_file(path);

	make_file(&rng, path);
	load_fd(fd, &file);
	for (int i = 0; i < 8; i++) {
		hs_vec_clear(&changed);
		change_parts(&rng, &file, &changed);
		if (hs_rng_below(&rng, 4) == 0)
			change_bytes(&rng, changed.items, changed.count);
		if (hs_rng_below(&rng, 4) == 0)
			changed.count = hs_rng_below(&rng, changed.count);
		read_bytes(changed.items, changed.count);
	}
	fuzz_text(&rng, path);
	hs_vec_deinit(&file);
	hs_vec_deinit(&changed);
	close(fd);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = setting("FUZZ_SEED", 1), first = seed;
	time_t end = time(NULL) + (time_t)setting("FUZZ_SECONDS", 5);

	if (argc == 4 && strcmp(argv[1], "--make") == 0) {
		make_file(&(struct hs_rng){ strtoull(argv[2], NULL, 0) }, argv[3]);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		read_trace(argv[i]);
	for (; argc == 1 && (seed == first || time(NULL) < end); seed++)
		fuzz_once(seed);
	printf("seed %" PRIu64 " to %" PRIu64 "\n", first, seed - 1);
	return 0;
}
#endif
