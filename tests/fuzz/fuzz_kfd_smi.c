// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that nobody wrote, read as KFD SMI lines and imported: what comes out is a legal stream of events. With
 * -DHS_LIBFUZZER a libFuzzer target; else:
 *
 *   fuzz_kfd_smi         mutations of lines of every kernel for FUZZ_SECONDS (2), from FUZZ_SEED (1) on
 *   fuzz_kfd_smi FILE…   each file once
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/rng.h"
#include "traces/import_kfd_smi.h"
#include "traces/kfd_smi.h"

static volatile uint64_t sink;

static void use_text(const struct hs_bytes *text)
{
	for (uint32_t i = 0; i < text->length; i++)
		sink += ((const uint8_t *)text->data)[i];
}

static void use_event(const struct hs_event *event)
{
	switch (event->kind) {
	case HS_KIND_meta_task: use_text(&event->meta_task->comm); break;
	case HS_KIND_meta_lost: assert(event->meta_lost->count && event->meta_lost->last_time >= event->row->time); break;
	case HS_KIND_svm_vmfault: use_text(&event->svm_vmfault->name); break;
	case HS_KIND_svm_process: use_text(&event->svm_process->name); break;
	case HS_KIND_svm_reset: use_text(&event->svm_reset->cause); break;
	}
}

/* Times do not go back within a kind, tasks are introduced at or before their first event. */
static void read_bytes(const uint8_t *bytes, size_t length)
{
	hs_auto_file FILE *in = length ? fmemopen((void *)(uintptr_t)bytes, length, "r") : NULL;
	const struct hs_smi_options options = { .kernel = NULL };
	uint64_t last[HS_NR_KINDS] = { 0 };
	struct hs_smi_reader *reader = NULL;
	struct hs_smi_totals totals;
	struct hs_event event;
	uint64_t events = 0;
	uint32_t nr_tasks = 0;

	if (!in || hs_smi_reader_open(in, "fuzz", &options, &reader, NULL))
		return;
	while (hs_smi_reader_next(reader, &event)) {
		assert(event.row->time >= last[event.kind] && event.kind < HS_NR_KINDS);
		last[event.kind] = event.row->time;
		nr_tasks = event.kind == HS_KIND_meta_task && event.row->task > nr_tasks ? event.row->task : nr_tasks;
		assert(event.row->task <= nr_tasks);
		events += event.kind != HS_KIND_meta_task && event.kind != HS_KIND_meta_lost;
		use_event(&event);
	}
	hs_smi_reader_totals(reader, &totals);
	assert(events + totals.refused == totals.lines);
	hs_smi_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	read_bytes(bytes, length);
	return 0;
}

#ifndef HS_LIBFUZZER
static const char *const seeds[] = {
	"9 1000000000 -4711 1a2b 1\n", "a 1000900000 -4711 1a2b R\n", "a 1001900000 -4711 1a2b\n",
	"a 1001900000 -4711 1a2b 0\n", "7 1100000000 -4711 @7f0000203(1a2b) R\n",
	"5 1100020000 -4711 @7f0000200(200) 0->1a2b ffffffff:ffffffff 1\n",
	"6 1100120000 -4711 @7f0000200(200) 0->1a2b 1\n", "6 1100120000 -4711 @7f0000200(200) 0->1a2b 1 -12\n",
	"8 1100150000 -4711 @7f0000203(1a2b) M\n", "b 1200010000 -4711 @7f0000200(200) 1a2b 1\n", "1 1267:trainer\n",
	"2 8000:1c\n", "3 2\n", "4 2 \n", "3 2 ring gfx timeout\n", "c 1267 trainer\n", "d 1267 trainer\n", "# note\n", "\n",
};

static void change_bytes(struct hs_rng *rng, char *bytes, size_t length)
{
	static const char likely[] = " \n-:@()>0fRMx\0";

	for (uint64_t left = hs_rng_below(rng, 4); left; left--)
		bytes[hs_rng_below(rng, length)] = hs_rng_below(rng, 4) ? likely[hs_rng_below(rng, sizeof(likely))]
			: (char)hs_rng_next(rng);
}

static void fuzz_once(uint64_t seed)
{
	struct hs_rng rng = { seed };
	char text[4096];
	size_t length = 0;

	for (uint64_t lines = 1 + hs_rng_below(&rng, 30); lines; lines--) {
		const char *line = seeds[hs_rng_below(&rng, sizeof(seeds) / sizeof(seeds[0]))];
		size_t bytes = strlen(line);

		memcpy(text + length, line, bytes);
		if (hs_rng_below(&rng, 2))
			change_bytes(&rng, text + length, bytes);
		length += bytes;
	}
	read_bytes((const uint8_t *)text, hs_rng_below(&rng, 4) ? length : hs_rng_below(&rng, length));
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void read_file(const char *path)
{
	hs_auto_file FILE *in = fopen(path, "re");
	static uint8_t bytes[1 << 20];

	assert(in);
	read_bytes(bytes, fread(bytes, 1, sizeof(bytes), in));
}

int main(int argc, char **argv)
{
	uint64_t seed = setting("FUZZ_SEED", 1), first = seed;
	time_t end = time(NULL) + (time_t)setting("FUZZ_SECONDS", 2);

	for (int i = 1; i < argc; i++)
		read_file(argv[i]);
	for (; argc == 1 && (seed == first || time(NULL) < end); seed++)
		fuzz_once(seed);
	printf("seed %" PRIu64 " to %" PRIu64 "\n", first, seed - 1);
	return 0;
}
#endif
