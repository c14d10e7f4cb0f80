// SPDX-License-Identifier: GPL-2.0-only
/* Changing mappings in place: mprotect, madvise, mlock, prctl. mm/mprotect.c, mm/madvise.c, mm/mlock.c. */
#include <errno.h>
#include <sys/mman.h>

#include "replay/address_space/space_state.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

enum { ACCESS = HS_VMA_RD | HS_VMA_WR | HS_VMA_EX };

/* Gives [start, end), which lies in vma, other flags; returns the mapping that holds it then. */
static struct hs_vma *set_range_flags(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end,
				      uint64_t flags)
{
	if (vma->flags == flags)
		return vma;
	if (!hs_mm_split_range(mm, start, end))
		return vma;
	vma = hs_mm_find_vma(mm, start);
	hs_mm_set_flags(mm, vma, flags);
	vma = hs_mm_merge_vma(mm, vma);
	hs_space_tell_layout(mm, start, end);
	return vma;
}

/*
 * Does a call that failed end here, at max_map_count? The first of two cuts may have been made, and stays
 * (split_vma). A call that did not fail met no limit, whatever ours is.
 */
static bool ends_at_limit(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end, uint64_t flags,
			  int64_t ret)
{
	unsigned int cuts = ret ? hs_mm_cuts_for_flags(mm, vma, start, end, flags) : 0;

	if (hs_mm_has_room_for_cuts(mm, cuts))
		return false;
	if (cuts == 2 && hs_mm_has_room_for_cuts(mm, 1) && hs_mm_split_vma(mm, vma, start))
		hs_space_tell_layout(mm, start, end);
	return true;
}

/* Clip of a mapping to [start, end). */
static uint64_t clip_start(const struct hs_vma *vma, uint64_t start)
{
	return vma->node.start > start ? vma->node.start : start;
}

static uint64_t clip_end(const struct hs_vma *vma, uint64_t end)
{
	return vma->node.end < end ? vma->node.end : end;
}

/* The mapping above `at`, as far as it begins before end. */
static struct hs_vma *next_behind(struct hs_mm *mm, uint64_t at, uint64_t end)
{
	return at < end ? hs_mm_first_overlap(mm, at, end) : NULL;
}

/* --- mprotect ------------------------------------------------------------------------------------ */

uint64_t hs_protected_flags(const struct hs_mm *mm, const struct hs_vma *vma, uint32_t prot)
{
	uint64_t flags = (vma->flags & ~(uint64_t)ACCESS) | hs_flags_of_prot(prot);
	bool is_charged = vma->flags & (HS_VMA_AC | HS_VMA_WR | HS_VMA_HT | HS_VMA_SH | HS_VMA_NR);

	if (flags & HS_VMA_WR && !is_charged)
		flags |= HS_VMA_AC;
	if (mm->space->variant.mprotect_drops_account && !(flags & HS_VMA_WR) && hs_vma_is_private_anon(vma) &&
	    vma->anon_vma == HS_ANON_VMA_NONE)
		flags &= ~(uint64_t)HS_VMA_AC;
	return flags;
}

static bool may_protect(const struct hs_vma *vma, uint32_t prot)
{
	return !(hs_flags_of_prot(prot) & ~(vma->flags >> 4 & ACCESS)) && !(vma->flags & HS_VMA_SL);
}

enum { SHARED = HS_VMA_SH | HS_VMA_MW };

static bool is_taken_as_read_only(const struct hs_vma *vma, uint64_t file)
{
	return vma->is_assumed && vma->file == file && vma->flags & HS_VMA_MS && !(vma->flags & SHARED);
}

/*
 * Walked over without -EACCES (to the end, or to a hole) by a call that needs it: the descriptor of a mapping that
 * was taken as read-only was open for writing, for all that were made of it.
 */
static void learn_mode(struct hs_mm *mm, const struct hs_vma *vma, int64_t ret, bool needs_write)
{
	if ((ret && ret != -ENOMEM) || !needs_write || !is_taken_as_read_only(vma, vma->file))
		return;
	hs_range_for_each(node, &mm->vmas)
		if (is_taken_as_read_only(hs_vma_of(node), vma->file))
			hs_mm_set_flags(mm, hs_vma_of(node), hs_vma_of(node)->flags | SHARED);
}

/* Does anything known end the walk: a hole, a mapping that refuses, a limit? Else it ended at once, why is unseen. */
static bool meets_obstacle(const struct hs_mm *mm, const struct hs_mm_mprotect *call, uint64_t at, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, at, end);
	unsigned int cuts = 0;
	uint64_t grown = 0;

	for (; vma && vma->node.start <= at && at < end; vma = hs_vma_next_in(vma)) {
		uint64_t until = clip_end(vma, end), flags = hs_protected_flags(mm, vma, call->prot);

		cuts += hs_mm_cuts_for_flags(mm, vma, at, until, flags);
		if (!may_protect(vma, call->prot) ||
		    !hs_mm_may_protect(mm, vma->flags, flags, (until - at) >> HS_PAGE_SHIFT, &grown) ||
		    !hs_mm_has_room_for_cuts(mm, cuts))
			return true;
		at = vma->node.end;
	}
	return at < end;
}

void hs_apply_mprotect(struct hs_mm *mm, const struct hs_mm_mprotect *call)
{
	uint64_t at = call->addr, end = call->addr + hs_page_up(call->len);
	struct hs_vma *vma = next_behind(mm, at, end);

	/* Errors that come before the first mapping is changed. */
	if (call->ret && call->ret != -ENOMEM && call->ret != -EACCES && call->ret != -EPERM)
		return;
	if (at % HS_PAGE_BYTES || end <= at || !vma)
		return;
	if (call->prot & PROT_GROWSDOWN)
		at = vma->node.start;
	if (call->ret && !meets_obstacle(mm, call, at, end))
		return;
	/* A hole or a refusal ends the walk; what lies before it is changed. */
	for (; vma && vma->node.start <= at; vma = next_behind(mm, at, end)) {
		uint64_t until = clip_end(vma, end), old, new, none = 0;

		learn_mode(mm, vma, call->ret, call->prot & PROT_WRITE);
		if (!may_protect(vma, call->prot))
			break;
		old = vma->flags;
		new = hs_protected_flags(mm, vma, call->prot);
		if (new != old && !hs_mm_may_protect(mm, old, new, (until - at) >> HS_PAGE_SHIFT, &none))
			break;
		if (ends_at_limit(mm, vma, at, until, new, call->ret))
			break;
		vma = set_range_flags(mm, vma, at, until, new);
		if (vma->flags != old)
			hs_section_protect(mm, at, until);
		if (old & HS_VMA_WR && !(vma->flags & HS_VMA_WR))
			hs_mm_clear_planes(mm, at, until, HS_PLANE_BIT(WRITABLE));
		else if ((old & (HS_VMA_WR | HS_VMA_SH | HS_VMA_LO)) == HS_VMA_LO && vma->flags & HS_VMA_WR)
			hs_mm_populate(mm, at, until, HS_POPULATE_MM);
		at = until;
	}
	if (!call->ret && at < end)
		hs_space_problem(mm->space, HS_PROBLEM_SYSCALL_OUTSIDE, mm->id, at);
}

/* --- madvise ------------------------------------------------------------------------------------- */

struct advised_flags {
	uint32_t advice;
	uint64_t set, clear;
};

static const struct advised_flags advised[] = {
	{ MADV_NORMAL, 0, HS_VMA_RR | HS_VMA_SR },
	{ MADV_RANDOM, HS_VMA_RR, HS_VMA_SR },
	{ MADV_SEQUENTIAL, HS_VMA_SR, HS_VMA_RR },
	{ MADV_DONTFORK, HS_VMA_DC, 0 },
	{ MADV_DOFORK, 0, HS_VMA_DC },
	{ MADV_MERGEABLE, HS_VMA_MG, 0 },
	{ MADV_UNMERGEABLE, 0, HS_VMA_MG },
	{ MADV_HUGEPAGE, HS_VMA_HG, HS_VMA_NH },
	{ MADV_NOHUGEPAGE, HS_VMA_NH, HS_VMA_HG },
	{ MADV_DONTDUMP, HS_VMA_DD, 0 },
	{ MADV_DODUMP, 0, HS_VMA_DD },
	{ MADV_WIPEONFORK, HS_VMA_WF, 0 },
	{ MADV_KEEPONFORK, 0, HS_VMA_WF },
};

static const struct advised_flags *flags_of_advice(uint32_t advice)
{
	for (size_t i = 0; i < sizeof(advised) / sizeof(*advised); i++)
		if (advised[i].advice == advice)
			return &advised[i];
	return NULL;
}

static bool is_special(const struct hs_vma *vma)
{
	return vma->flags & (HS_VMA_IO | HS_VMA_DE | HS_VMA_PF | HS_VMA_MM);
}

/* The walk ends with an error here (madvise_vma_behavior); what lies before has been done. */
bool hs_advice_is_refused(const struct hs_vma *vma, uint32_t advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		return vma->flags & (HS_VMA_LO | HS_VMA_PF);
	case MADV_DONTNEED_LOCKED:
		return vma->flags & HS_VMA_PF;
	case MADV_FREE:
		return !hs_vma_is_private_anon(vma) || vma->flags & (HS_VMA_LO | HS_VMA_PF);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->flags & (HS_VMA_LO | HS_VMA_PF | HS_VMA_HT);
	case MADV_REMOVE:
		return vma->flags & HS_VMA_LO || hs_vma_is_private_anon(vma) ||
		       (vma->flags & (HS_VMA_SH | HS_VMA_MW)) != (HS_VMA_SH | HS_VMA_MW);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return vma->flags & (HS_VMA_IO | HS_VMA_PF) ||
		       !(vma->flags & (advice == MADV_POPULATE_WRITE ? HS_VMA_WR : HS_VMA_RD));
	case MADV_DOFORK:
		return vma->flags & HS_VMA_IO;
	case MADV_WIPEONFORK:
		return !hs_vma_is_private_anon(vma);
	case MADV_KEEPONFORK:
		return vma->flags & HS_VMA_DP;
	case MADV_DODUMP:
		return is_special(vma) || vma->flags & HS_VMA_DP;
	case MADV_GUARD_INSTALL:
		return is_special(vma) || vma->flags & (HS_VMA_HT | HS_VMA_LO);
	default:
		return false;
	}
}

/* A walk that meets a page gives up, and the whole range is zapped. */
static void note_guarded_pages(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	struct hs_page_sums sums = { 0 };

	hs_slot_table_sum(&mm->slots, &mm->space->pages, start, end, &sums);
	if (sums.present + sums.swap)
		hs_section_note(mm, HS_SECTION_CLEAR, start, end, HS_RULE_ZAP_RANGE, HS_BASIS_EXACT);
}

static void install_guards(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end)
{
	if (hs_vma_is_private_anon(vma))
		hs_mm_prepare_anon_vma(mm, vma);
	if (mm->space->variant.merge_unites_sticky)
		hs_mm_set_flags(mm, vma, vma->flags | HS_VMA_GU);
	note_guarded_pages(mm, start, end);
	hs_mm_set_markers(mm, start, end, true);
}

static bool suits_ksm(const struct hs_vma *vma)
{
	return !is_special(vma) && !(vma->flags & (HS_VMA_SH | HS_VMA_MS | HS_VMA_HT | HS_VMA_DP));
}

uint64_t hs_advised_flags(const struct hs_vma *vma, uint32_t advice)
{
	const struct advised_flags *flags = flags_of_advice(advice);

	if (!flags || (advice == MADV_MERGEABLE && !suits_ksm(vma)))	/* ksm_madvise is silent there */
		return vma->flags;
	return (vma->flags | flags->set) & ~flags->clear;
}

static void advise_vma(struct hs_mm *mm, struct hs_vma *vma, uint64_t start, uint64_t end,
		       const struct hs_mm_madvise *call)
{
	uint32_t advice = call->advice;
	bool keeps_tables = !mm->space->variant.dontneed_frees_tables;

	if (flags_of_advice(advice)) {
		set_range_flags(mm, vma, start, end, hs_advised_flags(vma, advice));
		return;
	}
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		hs_section_open(mm, HS_SECTION_CLEAR, start, end, HS_RULE_ZAP_RANGE, HS_BASIS_EXACT);
		hs_mm_split_edges(mm, start, end);
		hs_section_close(mm);
		hs_mm_zap_pages(mm, start, end,
				HS_DROP_KEEPS_MARKERS | (keeps_tables ? HS_DROP_KEEPS_TABLES : HS_DROP_ALL));
		break;
	case MADV_REMOVE:
		hs_apply_punch(mm, vma, start, end);
		break;
	case MADV_COLLAPSE:
		hs_learn_collapse(mm, vma, start, end, !call->ret);
		break;
	case MADV_FREE:
		hs_mm_note_rss(mm);
		hs_section_open(mm, HS_SECTION_CLEAR, start, end, HS_RULE_FREE_PAGES, HS_BASIS_EXACT);
		hs_mm_split_folios(mm, start, end);
		hs_section_close(mm);
		hs_mm_clear_planes(mm, start, end, HS_PLANE_BIT(DIRTY) | HS_PLANE_BIT(YOUNG));
		break;
	case MADV_COLD:
		hs_mm_split_folios(mm, start, end);
		hs_mm_clear_planes(mm, start, end, HS_PLANE_BIT(YOUNG));
		break;
	case MADV_PAGEOUT:
		hs_mm_split_folios(mm, start, end);
		hs_section_reclaim(mm, start, end);
		hs_mm_make_unknown(mm, start, end);
		break;
	case MADV_HWPOISON:
	case MADV_SOFT_OFFLINE:		/* memory-failure.c tells no caller what became of a page */
		hs_mm_make_unknown(mm, start, end);
		break;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		hs_mm_populate(mm, start, end, advice == MADV_POPULATE_WRITE ? HS_POPULATE_WRITE : HS_POPULATE_READ);
		break;
	case MADV_GUARD_INSTALL:
		install_guards(mm, vma, start, end);
		break;
	case MADV_GUARD_REMOVE:
		hs_mm_set_markers(mm, start, end, false);
		break;
	default:
		break;
	}
}

static bool is_populate(uint32_t advice)
{
	return advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
}

/* Other errors refuse the call as a whole: unknown advice, no right. */
static bool may_be_partial(int64_t ret)
{
	return ret == -ENOMEM || ret == -EINVAL || ret == -EAGAIN || ret == -EFAULT || ret == -EBUSY;
}

/* Faulting in ends with an error in [start, end) of the mapping. */
static bool ends_populating(const struct hs_mm *mm, const struct hs_vma *vma, uint64_t start, uint64_t end)
{
	return hs_vma_is_behind_object(vma, end - HS_PAGE_BYTES) || hs_mm_first_guard(mm, start, end) < end;
}

/* By this mapping, or by one behind it. */
static bool is_refused_from(const struct hs_vma *vma, uint64_t end, uint32_t advice)
{
	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma))
		if (hs_advice_is_refused(vma, advice))
			return true;
	return false;
}

/* MADV_REMOVE was refused, by this mapping or a later one: then its hole is in this one, which may be written. */
static bool may_have_punched(const struct hs_mm *mm, const struct hs_vma *vma, const struct hs_mm_madvise *call,
			     uint64_t from, uint64_t end)
{
	return call->advice == MADV_REMOVE && call->ret == -EACCES && is_taken_as_read_only(vma, vma->file) &&
	       from < end && is_refused_from(hs_mm_first_overlap(mm, from, end), end, call->advice);
}

void hs_apply_madvise(struct hs_mm *mm, const struct hs_mm_madvise *call)
{
	uint64_t at = call->addr, end = call->addr + hs_page_up(call->len);
	bool stops_at_hole = is_populate(call->advice) && mm->space->variant.populate_stops_at_hole;
	struct hs_vma *vma = next_behind(mm, at, end);

	if (at % HS_PAGE_BYTES || end <= at || !hs_advice_is_known(mm, call->advice))
		return;
	/* madvise_remove says EACCES, behind the holes in the mappings before. */
	if (call->ret && !may_be_partial(call->ret) &&
	    (call->ret != -EACCES || !is_refused_from(vma, end, call->advice)))
		return;
	for (; vma; vma = next_behind(mm, at, end)) {
		uint64_t until = clip_end(vma, end);

		learn_mode(mm, vma, call->ret, call->advice == MADV_REMOVE);
		if (may_have_punched(mm, vma, call, until, end))
			hs_doubt_punch(mm, vma, clip_start(vma, at), until);
		if (hs_advice_is_refused(vma, call->advice) || (stops_at_hole && vma->node.start > at))
			break;
		/* ksm_madvise takes its pages back before the mapping is cut (madvise_vma_behavior). */
		if (call->advice == MADV_UNMERGEABLE && vma->flags & HS_VMA_MG)
			hs_mm_break_ksm(mm, clip_start(vma, at), until);
		if (ends_at_limit(mm, vma, clip_start(vma, at), until, hs_advised_flags(vma, call->advice), call->ret))
			break;
		advise_vma(mm, vma, clip_start(vma, at), until, call);
		if (is_populate(call->advice) && ends_populating(mm, vma, clip_start(vma, at), until))
			break;
		at = until;
	}
	if (!call->ret && vma && hs_advice_is_refused(vma, call->advice))
		hs_space_problem(mm->space, HS_PROBLEM_SYSCALL_OUTSIDE, mm->id, at);
}

/* --- mlock --------------------------------------------------------------------------------------- */

enum lock_op { OP_MLOCK, OP_MLOCK2, OP_MUNLOCK, OP_MLOCKALL, OP_MUNLOCKALL };

uint64_t hs_lock_flags_of(bool is_on_fault)
{
	return HS_VMA_LO | (is_on_fault ? HS_VMA_LF : 0);
}

uint64_t hs_locked_flags(const struct hs_vma *vma, uint64_t lock_flags)
{
	if (!hs_vma_supports_mlock(vma))	/* passed over in silence (mlock_fixup) */
		return vma->flags;
	return (vma->flags & ~(uint64_t)(HS_VMA_LO | HS_VMA_LF)) | lock_flags;
}

/* Of a call that returned ret. False: it ended at max_map_count. */
static bool lock_range(struct hs_mm *mm, uint64_t start, uint64_t end, uint64_t lock_flags, int64_t ret)
{
	uint64_t at = start;
	struct hs_vma *vma = next_behind(mm, at, end);

	for (; vma && vma->node.start <= at; vma = next_behind(mm, at, end)) {
		uint64_t until = clip_end(vma, end), flags = hs_locked_flags(vma, lock_flags);

		if (ends_at_limit(mm, vma, at, until, flags, ret))
			return false;
		set_range_flags(mm, vma, at, until, flags);
		at = until;
	}
	return true;
}

/* Whole mappings, holes or not (apply_mlockall_flags). */
static void lock_mappings(struct hs_mm *mm, uint64_t lock_flags)
{
	struct hs_vma *vma = next_behind(mm, 0, UINT64_MAX);

	while (vma) {
		uint64_t start = vma->node.start, end = vma->node.end;

		set_range_flags(mm, vma, start, end, hs_locked_flags(vma, lock_flags));
		vma = next_behind(mm, end, UINT64_MAX);
	}
}

static void lock_all(struct hs_mm *mm, uint32_t flags)
{
	bool is_on_fault = flags & MCL_ONFAULT;

	mm->def_flags &= ~(HS_VMA_LO | HS_VMA_LF);
	if (flags & MCL_FUTURE)
		mm->def_flags |= hs_lock_flags_of(is_on_fault);
	if (!(flags & MCL_CURRENT))
		return;
	lock_mappings(mm, hs_lock_flags_of(is_on_fault));
	hs_mm_populate(mm, 0, UINT64_MAX, HS_POPULATE_MM);
}

/* End of what is mapped without a hole from start on. */
static uint64_t mapped_until(struct hs_mm *mm, uint64_t start, uint64_t end)
{
	const struct hs_vma *vma = hs_mm_find_vma(mm, start);
	uint64_t at = start;

	for (; vma && vma->node.start <= at && at < end; vma = hs_vma_next_in(vma))
		at = clip_end(vma, end);
	return at;
}

/* Start of the first mapping that cannot be faulted in: there __mm_populate ends with an error. */
static uint64_t populated_until(struct hs_mm *mm, uint64_t start, uint64_t end, bool is_on_fault)
{
	const struct hs_vma *vma = next_behind(mm, start, end);

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma)) {
		if (is_on_fault && hs_vma_supports_mlock(vma))
			continue;
		if (!(vma->flags & (ACCESS | HS_VMA_IO | HS_VMA_PF)))
			return clip_start(vma, start);
		/* A SIGBUS or SIGSEGV on the way: what comes before it is populated. */
		if (ends_populating(mm, vma, clip_start(vma, start), clip_end(vma, end)))
			return clip_end(vma, end) - HS_PAGE_BYTES;
	}
	return end;
}

/* Does max_map_count allow the cuts that the range needs? */
static bool has_room(const struct hs_mm *mm, uint64_t start, uint64_t end, bool is_on_fault)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, start, end);
	unsigned int cuts = 0;

	for (; vma && vma->node.start < end; vma = hs_vma_next_in(vma)) {
		uint64_t flags = hs_locked_flags(vma, hs_lock_flags_of(is_on_fault));

		cuts += hs_mm_cuts_for_flags(mm, vma, clip_start(vma, start), clip_end(vma, end), flags);
	}
	return hs_mm_has_room_for_cuts(mm, cuts);
}

/*
 * do_mlock. ENOMEM has three meanings: a hole (what lies before it is locked, nothing populated), a mapping
 * that cannot be populated (all is locked, what lies before it populated), the limit (nothing is done). And a fourth:
 * no room for another mapping (what lies before it is locked, nothing populated).
 */
static void lock_and_populate(struct hs_mm *mm, const struct hs_mm_mlock *call, uint64_t start, uint64_t end)
{
	bool is_on_fault = call->op == OP_MLOCK2 && call->flags & MLOCK_ONFAULT;
	uint64_t mapped = mapped_until(mm, start, end), populated = populated_until(mm, start, end, is_on_fault);

	if (call->ret && (hs_mlock_exceeds(mm, start, end - start) ||
			  (mapped == end && populated == end && has_room(mm, start, end, is_on_fault))))
		return;
	if (lock_range(mm, start, mapped, hs_lock_flags_of(is_on_fault), call->ret) && mapped == end)
		hs_mm_populate(mm, start, populated, HS_POPULATE_MM);
}

void hs_apply_mlock(struct hs_mm *mm, const struct hs_mm_mlock *call)
{
	uint64_t start = hs_page_down(call->addr);
	uint64_t end = start + hs_page_up(call->len + (call->addr - start));
	bool is_partial = call->ret == -ENOMEM && call->op <= OP_MUNLOCK;

	if (call->ret && !is_partial)
		return;
	switch (call->op) {
	case OP_MLOCK:
	case OP_MLOCK2:
		lock_and_populate(mm, call, start, end);
		break;
	case OP_MUNLOCK:
		lock_range(mm, start, end, 0, call->ret);
		break;
	case OP_MLOCKALL:
		lock_all(mm, call->flags);
		break;
	case OP_MUNLOCKALL:
		mm->def_flags &= ~(HS_VMA_LO | HS_VMA_LF);
		lock_mappings(mm, 0);
		break;
	default:
		hs_space_problem(mm->space, HS_PROBLEM_BAD_RANGE, mm->id, call->addr);
		break;
	}
}

/* PR_SET_THP_DISABLE; arg3 PR_THP_DISABLE_EXCEPT_ADVISED (6.18). */
void hs_apply_prctl(struct hs_mm *mm, const struct hs_mm_prctl *call)
{
	enum { EXCEPT_ADVISED = 2 };

	if (call->ret)
		return;
	mm->thp_disable = !call->arg2 ? 0 : call->arg3 & EXCEPT_ADVISED ? 2 : 1;
	hs_space_tell_layout(mm, 0, UINT64_MAX);
}
