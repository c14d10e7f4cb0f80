// SPDX-License-Identifier: GPL-2.0-only
#include "tests/property/mm_op.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 8
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static const char *const names[MM_NR_OPS] = {
	"mmap",	 "munmap",  "mremap",	"brk",	      "mprotect", "madvise", "mlock",
	"mlock2", "munlock", "mlockall", "munlockall", "read",	  "write",   "fork",
	"child_read", "child_write", "limit", "child_exit",
};

const char *mm_op_name(enum mm_op_code code)
{
	return names[code];
}

/* Locking everything would populate a sanitizer's shadow memory, terabytes of it. */
#ifdef __SANITIZE_ADDRESS__
enum { LOCK_ALL = 0 };
#else
enum { LOCK_ALL = 1 };
#endif

/* How often each operation is drawn, of the sum. */
static const unsigned int weights[MM_NR_OPS] = { 24, 12, 14, 4, 12, 14, 4, 2, 3, LOCK_ALL, 1, 10, 22, 2, 3, 5, 2, 1 };

static enum mm_op_code draw_code(struct hs_rng *rng)
{
	unsigned int sum = 0;
	uint64_t left;

	for (int i = 0; i < MM_NR_OPS; i++)
		sum += weights[i];
	left = hs_rng_below(rng, sum);
	for (int i = 0;; i++) {
		if (left < weights[i])
			return (enum mm_op_code)i;
		left -= weights[i];
	}
}

static int chance(struct hs_rng *rng, unsigned int percent)
{
	return hs_rng_below(rng, 100) < percent;
}

static uint64_t draw_address(struct hs_rng *rng)
{
	uint64_t pages = MM_ARENA_BYTES / MM_PAGE, address = MM_ARENA;

	if (chance(rng, 2))
		return hs_rng_next(rng);		/* nonsense */
	if (chance(rng, 35))
		address += hs_rng_below(rng, 8) * MM_SLOT;
	else
		address += hs_rng_below(rng, pages) * MM_PAGE;
	if (chance(rng, 50))
		address = MM_ARENA + hs_rng_below(rng, 32) * MM_PAGE;	/* a small area meets itself often */
	if (chance(rng, 2))
		address += 1 + hs_rng_below(rng, MM_PAGE - 1);
	return address;
}

static uint64_t draw_length(struct hs_rng *rng)
{
	switch (hs_rng_below(rng, 40)) {
	case 0:
		return 0;
	case 1:
		return hs_rng_next(rng);
	case 2:
		return 1 + hs_rng_below(rng, 3 * MM_PAGE);
	case 3 ... 7:
		return MM_SLOT * (1 + hs_rng_below(rng, 3));
	case 8 ... 12:
		return MM_PAGE * (1 + hs_rng_below(rng, 1500));
	default:
		return MM_PAGE * (1 + hs_rng_below(rng, 16));
	}
}

static uint32_t draw_prot(struct hs_rng *rng)
{
	static const uint32_t prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
		PROT_READ | PROT_EXEC,	PROT_WRITE,
	};

	return prots[hs_rng_below(rng, sizeof(prots) / sizeof(prots[0]))];
}

static void draw_mmap(struct mm_op *op, struct hs_rng *rng)
{
	static const uint32_t extras[] = {
		MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED, MAP_GROWSDOWN, MAP_STACK, MAP_NONBLOCK | MAP_POPULATE,
	};

	op->prot = draw_prot(rng);
	op->flags = chance(rng, 80) ? MAP_PRIVATE : MAP_SHARED;
	op->fd = -1;
	if (chance(rng, 75)) {
		op->flags |= MAP_ANONYMOUS;
	} else {
		op->fd = (int32_t)hs_rng_below(rng, MM_NR_FILES + 1) - 1;
		op->offset = hs_rng_below(rng, 64) * MM_PAGE;
	}
	if (op->flags == (MAP_PRIVATE | MAP_ANONYMOUS) && chance(rng, 3))
		op->flags = MAP_DROPPABLE | MAP_ANONYMOUS;
	if (chance(rng, 75))
		op->flags |= MAP_FIXED;
	else if (chance(rng, 40))
		op->flags |= MAP_FIXED_NOREPLACE;
	if (chance(rng, 15))
		op->flags |= extras[hs_rng_below(rng, sizeof(extras) / sizeof(extras[0]))];
}

static void draw_mremap(struct mm_op *op, struct hs_rng *rng)
{
	op->flags = (uint32_t)hs_rng_below(rng, 100) < 85 ? MREMAP_MAYMOVE : 0;
	if (chance(rng, 45)) {
		op->flags |= MREMAP_FIXED;
		op->new_addr = draw_address(rng);
	}
	if (chance(rng, 15))
		op->flags |= MREMAP_DONTUNMAP;
	if (chance(rng, 2))
		op->flags |= 8;
	op->new_len = chance(rng, 45) ? op->len : draw_length(rng);
}

static uint32_t draw_advice(struct hs_rng *rng)
{
	/*
	 * All but the poisoning of pages. MADV_PAGEOUT and MADV_COLLAPSE leave to
	 * chance what becomes of pages: few of them, so that most sequences stay exact.
	 */
	static const uint32_t advices[] = {
		0, 1, 2, 3, 4, 4, 4, 4, 4, 8, 8, 9, 9, 10, 11, 12, 13, 14, 14, 15, 16, 17, 18, 19, 20, 21, 22, 22, 23, 23, 24,
		25, 77, 102, 102, 102, 103, 103,
	};

	return advices[hs_rng_below(rng, sizeof(advices) / sizeof(advices[0]))];
}

/* Small ones, so that they are met; often none at all, so that the rest of the sequence can do something. */
static void draw_limit(struct mm_op *op, struct hs_rng *rng)
{
	static const uint32_t resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK };

	op->addr = 0;
	op->flags = resources[hs_rng_below(rng, sizeof(resources) / sizeof(resources[0]))];
	op->len = hs_rng_below(rng, 600) * MM_PAGE + (chance(rng, 20) ? 1 + hs_rng_below(rng, MM_PAGE) : 0);
	/* The child's own stack is not to meet it. */
	if (op->flags == RLIMIT_STACK)
		op->len = (1 + hs_rng_below(rng, 8)) << 20;
	if (chance(rng, 40))
		op->len = UINT64_MAX;
}

struct mm_op mm_op_random(struct hs_rng *rng)
{
	struct mm_op op = { .code = draw_code(rng), .fd = -1 };

	if (op.code == MM_OP_FORK || op.code == MM_OP_MUNLOCKALL || op.code == MM_OP_CHILD_EXIT)
		return op;
	op.addr = draw_address(rng);
	if (!mm_op_is_touch(op.code) && op.code != MM_OP_MLOCKALL)
		op.len = draw_length(rng);
	switch (op.code) {
	case MM_OP_MMAP:
		draw_mmap(&op, rng);
		break;
	case MM_OP_MREMAP:
		draw_mremap(&op, rng);
		break;
	case MM_OP_BRK:
		op.addr = (hs_rng_below(rng, 64) - 16) * (MM_PAGE / 2);
		op.len = 0;
		break;
	case MM_OP_MPROTECT:
		op.prot = chance(rng, 2) ? 0x80 : draw_prot(rng);
		if (chance(rng, 3))
			op.prot |= chance(rng, 80) ? PROT_GROWSDOWN : PROT_GROWSUP;
		break;
	case MM_OP_MADVISE:
		op.flags = draw_advice(rng);
		/* Holes do not stop it: it must not reach the child's own mappings above the arena. */
		op.len %= 2 * MM_ARENA_BYTES;
		break;
	case MM_OP_MLOCK2:
		op.flags = (uint32_t)hs_rng_below(rng, 3);
		break;
	case MM_OP_MLOCKALL:
		op.addr = 0;
		op.flags = (uint32_t)hs_rng_below(rng, 9);
		break;
	case MM_OP_LIMIT:
		draw_limit(&op, rng);
		break;
	default:
		break;
	}
	return op;
}

void mm_op_print(FILE *out, const struct mm_op *op)
{
	fprintf(out,
		"{\"op\":\"%s\",\"addr\":\"%#" PRIx64 "\",\"len\":\"%#" PRIx64 "\",\"new_len\":\"%#" PRIx64
		"\",\"new_addr\":\"%#" PRIx64 "\",\"offset\":\"%#" PRIx64 "\",\"prot\":%u,\"flags\":%u,\"fd\":%d}\n",
		names[op->code], op->addr, op->len, op->new_len, op->new_addr, op->offset, op->prot, op->flags, op->fd);
}

static uint64_t hex_field(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? strtoull(text, NULL, 16) : 0;
}

static long long int_field(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

int mm_op_parse(const char *line, struct mm_op *op)
{
	json_t *object = json_loads(line, 0, NULL);
	const char *name = json_string_value(json_object_get(object, "op"));
	int status = -EINVAL;

	for (int code = 0; name && code < MM_NR_OPS; code++)
		if (strcmp(names[code], name) == 0) {
			*op = (struct mm_op){
				.code = (enum mm_op_code)code,		  .addr = hex_field(object, "addr"),
				.len = hex_field(object, "len"),	  .new_len = hex_field(object, "new_len"),
				.new_addr = hex_field(object, "new_addr"), .offset = hex_field(object, "offset"),
				.prot = (uint32_t)int_field(object, "prot"),
				.flags = (uint32_t)int_field(object, "flags"),
				.fd = (int32_t)int_field(object, "fd"),
			};
			status = 0;
		}
	json_decref(object);
	return status;
}
