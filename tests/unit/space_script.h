/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_SCRIPT_H
#define HS_SPACE_SCRIPT_H
/*
 * A small language for address_space tests: commands separated by ';', pages relative to a base that is
 * 1 GiB aligned ("M" behind a number: times 512).
 *
 *   A a b prot [noreserve|grows|populate|locked]   private anonymous memory at [a, b)
 *   S a b prot        shared anonymous memory        F a b prot off   private mapping of a file
 *   G a b prot off    shared mapping of the same file
 *   w a [b]           write faults on pages a..b-1   r a [b]   read faults
 *   un a b            munmap                         prot a b prot    mprotect
 *   adv a b N         madvise                        lock/lockf/unlock a b   mlock, mlock2(ONFAULT), munlock
 *   re a o n flags to mremap of o pages at a to n pages, result at `to`
 *   fork              mm 1 to mm 2                   mm N    later commands are of this mm
 *   exit              the mm ends                    fail E  the next command returned -E
 *   lockall N         mlockall with flags N
 *   limits            limits are known from here on, and infinite: before the first mapping
 *   lim as|data|memlock N      N pages beyond what is mapped now (as, data), or in all
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "replay/address_space/address_space.h"
#include "replay/model.h"

struct hs_script {
	struct hs_header header;
	struct hs_policy policy;
	struct hs_model *model;
	uint32_t mm;
	int64_t next_result;	/* 0, or of `fail` */
	uint64_t time;
};

#define HS_SCRIPT_BASE (64ull << 30)

/* variant: "6.1", …; thp: "never", "always", "madvise"; key: a further one of the policy, or NULL. */
static void script_init_with(struct hs_script *script, const char *variant, const char *thp, const char *key,
			     const char *text)
{
	struct hs_model_setup setup = { .mode = HS_MODE_VALIDATE, .header = &script->header, .policy = &script->policy };
	struct hs_error err;

	*script = (struct hs_script){ .mm = 1 };
	assert_int_equal(hs_policy_init(&script->policy, "test"), 0);
	assert_int_equal(hs_policy_set(&script->policy, "address_space.variant", variant, HS_POLICY_USER, &err), 0);
	assert_int_equal(hs_policy_set(&script->policy, "address_space.thp_enabled", thp, HS_POLICY_USER, &err), 0);
	if (key)
		assert_int_equal(hs_policy_set(&script->policy, key, text, HS_POLICY_USER, &err), 0);
	assert_int_equal(hs_model_find("address_space")->create(&setup, &script->model, &err), 0);
}

static void script_init(struct hs_script *script, const char *variant, const char *thp)
{
	script_init_with(script, variant, thp, NULL, NULL);
}

static void script_deinit(struct hs_script *script)
{
	hs_model_find("address_space")->destroy(script->model);
	hs_policy_deinit(&script->policy);
}

static const struct hs_mm *script_mm(const struct hs_script *script)
{
	return hs_address_space_mm(hs_address_space_of(script->model), script->mm);
}

static uint64_t page_at(const char *text)
{
	char *end;
	long long page = strtoll(text, &end, 10);

	if (*end == 'M')
		page *= 512;
	return HS_SCRIPT_BASE + (uint64_t)(page * 4096);
}

static uint32_t prot_of(const char *text)
{
	return (strchr(text, 'r') ? PROT_READ : 0) | (strchr(text, 'w') ? PROT_WRITE : 0) |
	       (strchr(text, 'x') ? PROT_EXEC : 0);
}

static void give(struct hs_script *script, unsigned int kind, void *row)
{
	const struct hs_model_ops *ops = hs_model_find("address_space");
	struct hs_event event = { .kind = kind };
	struct hs_row *head = row;
	struct hs_error err = { 0 };

	head->time = script->time++;
	head->mm = script->mm;
	event.row = row;
	ops->observe(script->model, &event);
	if (ops->check(script->model, &err))
		fail_msg("%s", err.text);
	script->next_result = 0;
}

static void give_mmap(struct hs_script *script, char **words, int nr, uint32_t flags)
{
	uint64_t start = page_at(words[1]);
	struct hs_mm_mmap row = { .addr = start, .ret = script->next_result ? script->next_result : (int64_t)start,
				  .len = page_at(words[2]) - start,
				  .prot = prot_of(words[3]), .flags = flags | MAP_FIXED, .fd = -1 };

	if (!(flags & MAP_ANONYMOUS)) {
		row.fd = 5;
		row.offset = page_at(words[4]) - HS_SCRIPT_BASE;
		nr = 4;
	}
	for (int i = 4; i < nr; i++)
		row.flags |= strcmp(words[i], "noreserve") == 0 ? MAP_NORESERVE : strcmp(words[i], "grows") == 0 ? MAP_GROWSDOWN :
			     strcmp(words[i], "populate") == 0 ? MAP_POPULATE : MAP_LOCKED;
	give(script, HS_KIND_mm_mmap, &row);
}

static void give_faults(struct hs_script *script, char **words, int nr, uint16_t code)
{
	uint64_t end = nr > 2 ? page_at(words[2]) : page_at(words[1]) + 4096;

	for (uint64_t at = page_at(words[1]); at < end; at += 4096) {
		struct hs_fault_user row = { .address = at + 8, .error_code = code | 4 };

		give(script, HS_KIND_fault_user, &row);
	}
}

static void give_range_call(struct hs_script *script, char **words, int nr)
{
	uint64_t start = page_at(words[1]), bytes = page_at(words[2]) - start;
	int64_t ret = script->next_result;

	if (strcmp(words[0], "un") == 0) {
		give(script, HS_KIND_mm_munmap, &(struct hs_mm_munmap){ .ret = ret, .addr = start, .len = bytes });
	} else if (strcmp(words[0], "prot") == 0) {
		give(script, HS_KIND_mm_mprotect, &(struct hs_mm_mprotect){
			.ret = ret, .addr = start, .len = bytes, .prot = nr > 3 ? prot_of(words[3]) : 0 });
	} else if (strcmp(words[0], "adv") == 0) {
		give(script, HS_KIND_mm_madvise, &(struct hs_mm_madvise){
			.ret = ret, .addr = start, .len = bytes, .advice = (uint32_t)atoi(words[3]) });
	} else {
		uint8_t op = strcmp(words[0], "lock") == 0 ? 0 : strcmp(words[0], "lockf") == 0 ? 1 : 2;

		give(script, HS_KIND_mm_mlock, &(struct hs_mm_mlock){
			.ret = ret, .op = op, .addr = start, .len = bytes, .flags = op == 1 });
	}
}

static void give_limits(struct hs_script *script)
{
	struct hs_snap_mm row = { .thp_disable = 255, .has_limits = 1, .limit_as = UINT64_MAX, .limit_data = UINT64_MAX,
				  .limit_stack = UINT64_MAX, .limit_memlock = UINT64_MAX };

	give(script, HS_KIND_snap_mm, &row);
	give(script, HS_KIND_snap_end, &(struct hs_snap_end){ .reason = { "start", 5 } });
}

static void give_limit(struct hs_script *script, char **words)
{
	uint64_t pages = strtoull(words[2], NULL, 10);
	struct hs_mm_limit row = { .resource = RLIMIT_MEMLOCK, .hard = UINT64_MAX };

	if (strcmp(words[1], "as") == 0) {
		row.resource = RLIMIT_AS;
		pages += hs_mm_counters(script_mm(script))->total_vm;
	} else if (strcmp(words[1], "data") == 0) {
		row.resource = RLIMIT_DATA;
		pages += hs_mm_counters(script_mm(script))->data_vm;
	}
	row.soft = pages * 4096;
	give(script, HS_KIND_mm_limit, &row);
}

static void run_command(struct hs_script *script, char **words, int nr)
{
	if (strcmp(words[0], "A") == 0)
		give_mmap(script, words, nr, MAP_PRIVATE | MAP_ANONYMOUS);
	else if (strcmp(words[0], "S") == 0)
		give_mmap(script, words, nr, MAP_SHARED | MAP_ANONYMOUS);
	else if (strcmp(words[0], "F") == 0)
		give_mmap(script, words, nr, MAP_PRIVATE);
	else if (strcmp(words[0], "G") == 0)
		give_mmap(script, words, nr, MAP_SHARED);
	else if (strcmp(words[0], "limits") == 0)
		give_limits(script);
	else if (strcmp(words[0], "lim") == 0)
		give_limit(script, words);
	else if (strcmp(words[0], "lockall") == 0)
		give(script, HS_KIND_mm_mlock, &(struct hs_mm_mlock){ .op = 3, .flags = (uint32_t)atoi(words[1]) });
	else if (strcmp(words[0], "w") == 0)
		give_faults(script, words, nr, 2);
	else if (strcmp(words[0], "r") == 0)
		give_faults(script, words, nr, 0);
	else if (strcmp(words[0], "re") == 0)
		give(script, HS_KIND_mm_mremap, &(struct hs_mm_mremap){
			.addr = page_at(words[1]), .old_len = page_at(words[2]) - HS_SCRIPT_BASE,
			.new_len = page_at(words[3]) - HS_SCRIPT_BASE, .flags = (uint32_t)atoi(words[4]),
			.new_addr = page_at(words[5]),
			.ret = script->next_result ? script->next_result : (int64_t)page_at(words[5]) });
	else if (strcmp(words[0], "fork") == 0)
		give(script, HS_KIND_mm_fork, &(struct hs_mm_fork){ .child = 9, .child_mm = 2, .clone_flags = 17 });
	else if (strcmp(words[0], "exit") == 0)
		give(script, HS_KIND_mm_exit_mmap, &(struct hs_mm_exit_mmap){ 0 });
	else if (strcmp(words[0], "mm") == 0)
		script->mm = (uint32_t)atoi(words[1]);
	else if (strcmp(words[0], "fail") == 0)
		script->next_result = -atoi(words[1]);
	else
		give_range_call(script, words, nr);
}

/* Runs commands, with check() after each; asserts on bad ones. */
static inline void script_run(struct hs_script *script, const char *commands)
{
	char *text = strdup(commands), *rest = text, *command;

	while ((command = strsep(&rest, ";"))) {
		char *words[8], *word, *left = command;
		int nr = 0;

		while ((word = strsep(&left, " ")) && nr < 8)
			if (*word)
				words[nr++] = word;
		if (nr)
			run_command(script, words, nr);
	}
	free(text);
}

static long long relative(uint64_t address)
{
	return (long long)(address - HS_SCRIPT_BASE) / 4096;
}

/* "[0,8)rw [8,9)r": of the current mm. A static buffer, overwritten by the next call. */
static inline const char *script_vmas(const struct hs_script *script)
{
	static char text[4096];
	size_t used = 0;

	text[0] = 0;
	for (const struct hs_vma *vma = hs_mm_vma_from(script_mm(script), 0); vma; vma = hs_vma_next(vma))
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s[%lld,%lld)%s%s%s%s%s", used ? " " : "",
					 relative(vma->node.start), relative(vma->node.end), vma->flags & HS_VMA_RD ? "r" : "",
					 vma->flags & HS_VMA_WR ? "w" : "", vma->flags & HS_VMA_EX ? "x" : "",
					 vma->flags & HS_VMA_SH ? "s" : "", vma->flags & HS_VMA_LO ? "L" : "");
	return text;
}

static const struct hs_bitmap512 *plane_by_name(const struct hs_slot *slot, const char *name)
{
	const struct {
		const char *name;
		const struct hs_bitmap512 *map;
	} planes[] = {
		{ "present", &slot->present }, { "zero", &slot->zero }, { "exclusive", &slot->exclusive },
		{ "writable", &slot->writable }, { "file", &slot->file }, { "unknown", &slot->unknown },
		{ "marker", &slot->marker }, { "dirty", &slot->dirty }, { "young", &slot->young },
	};

	for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++)
		if (strcmp(planes[i].name, name) == 0)
			return planes[i].map;
	fail_msg("no plane %s", name);
	return NULL;
}

/* "0-7 9-9": pages of the current mm in a plane. A static buffer, as above. */
static inline const char *script_plane(const struct hs_script *script, const char *plane)
{
	static char text[8192];
	const struct hs_mm *mm = script_mm(script);
	long long first = 0, last = -2;
	size_t used = 0;

	text[0] = 0;
	for (uint64_t at = hs_mm_next_slot(mm, 0, UINT64_MAX); at != UINT64_MAX;
	     at = hs_mm_next_slot(mm, at + HS_SLOT_BYTES, UINT64_MAX)) {
		struct hs_slot slot;

		hs_mm_get_slot(mm, at, &slot);
		for (unsigned int i = 0; i < 512; i++) {
			long long page = relative(at) + i;

			if (!hs_bitmap512_test(plane_by_name(&slot, plane), i))
				continue;
			if (page != last + 1) {
				if (last >= first)
					used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld-%lld ", first, last);
				first = page;
			}
			last = page;
		}
	}
	if (last >= first)
		snprintf(text + used, sizeof(text) - used, "%lld-%lld", first, last);
	return text;
}

#endif
