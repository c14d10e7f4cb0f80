/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_SPACE_SCRIPT_H
#define HS_SPACE_SCRIPT_H
/*
 * A small language for address_space tests: commands separated by ';', pages relative to a base that is
 * 1 GiB aligned ("M" behind a number: times 512).
 *
 *   A a b prot [noreserve|grows|populate|locked]   private anonymous memory at [a, b)
 *   S a b prot        shared anonymous memory        F a b prot off   private mapping of a file
 *   w a [b]           write faults on pages a..b-1   r a [b]   read faults
 *   un a b            munmap                         prot a b prot    mprotect
 *   adv a b N         madvise                        lock/lockf/unlock a b   mlock, mlock2(ONFAULT), munlock
 *   re a o n flags to mremap of o pages at a to n pages, result at `to`
 *   fork              mm 1 to mm 2                   mm N    later commands are of this mm
 *   exit              the mm ends                    fail E  the next command returned -E
 */
#include <stdint.h>

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

/* variant: "6.1", …; thp: "never", "always", "madvise". */
void hs_script_init(struct hs_script *script, const char *variant, const char *thp);
void hs_script_deinit(struct hs_script *script);
/* Runs commands, with check() after each; asserts on bad ones. */
void hs_script_run(struct hs_script *script, const char *commands);

/* "[0,8)rw [8,9)r" / "0-7,9" of the current mm. Static buffers, overwritten by the next call. */
const char *hs_script_vmas(const struct hs_script *script);
const char *hs_script_plane(const struct hs_script *script, const char *plane);
const struct hs_mm *hs_script_mm(const struct hs_script *script);

#endif
