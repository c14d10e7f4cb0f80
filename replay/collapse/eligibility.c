// SPDX-License-Identifier: GPL-2.0-only
#include "replay/collapse/eligibility.h"

#include "replay/collapse/scan_rules.h"

enum { LOWEST_ORDER = 2 };

const char *hs_thp_refusal_name(enum hs_thp_refusal refusal)
{
	static const char *const names[HS_NR_THP_REFUSALS] = {
		"allowed", "mode", "kind", "no_range", "no_anon_vma", "no_mm", "disabled", "dax", "special", "shmem",
		"file", "temporary_stack",
	};

	return names[refusal];
}

struct order_masks {
	uint16_t always, inherit, madvise;
};

static void add_order(struct order_masks *masks, unsigned int order, uint64_t mode)
{
	uint16_t bit = (uint16_t)(1u << order);

	if (mode == HS_THP_SIZE_ALWAYS)
		masks->always |= bit;
	else if (mode == HS_THP_SIZE_INHERIT)
		masks->inherit |= bit;
	else if (mode == HS_THP_SIZE_MADVISE)
		masks->madvise |= bit;
}

/* Per-size switches; with huge pages of fewer than 512 pages the highest switch is the PMD's. */
static struct order_masks masks_of(const struct hs_collapse_tunables *tunables)
{
	const uint64_t modes[] = {
		tunables->anon_order2, tunables->anon_order3, tunables->anon_order4, tunables->anon_order5,
		tunables->anon_order6, tunables->anon_order7, tunables->anon_order8,
	};
	const unsigned int pmd_order = hs_thp_pmd_order(tunables);
	struct order_masks masks = { 0 };

	for (unsigned int order = LOWEST_ORDER; order < pmd_order; order++)
		add_order(&masks, order, modes[order - LOWEST_ORDER]);
	add_order(&masks, pmd_order, tunables->anon_order9);
	return masks;
}

/* shmem_hpage_pmd_enabled, with the PMD size's own switch left at "inherit". */
static bool is_shmem_on(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables)
{
	return rules->shmem_switch && tunables->shmem_enabled != HS_THP_SHMEM_NEVER &&
	       tunables->shmem_enabled != HS_THP_SHMEM_DENY;
}

bool hs_thp_is_on(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables)
{
	const bool global = tunables->enabled != HS_THP_NEVER;
	struct order_masks masks;
	uint16_t orders;

	if (rules->daemon_mode)
		return tunables->khugepaged_enabled != HS_THP_NEVER;
	if (!rules->anon_orders)
		return global;
	if (is_shmem_on(rules, tunables) || (rules->file_collapse && global))
		return true;
	masks = masks_of(tunables);
	orders = masks.always | masks.madvise | (global ? masks.inherit : 0);
	return orders & (rules->sub_pmd_orders ? UINT16_MAX : 1u << hs_thp_pmd_order(tunables));
}

uint16_t hs_thp_enabled_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			       const struct hs_thp_vma *vma)
{
	const bool advised = vma->flags & HS_THP_VMA_HUGEPAGE;
	const bool global = tunables->enabled == HS_THP_ALWAYS || (tunables->enabled == HS_THP_MADVISE && advised);
	struct order_masks masks;

	if (!rules->anon_orders)
		return global ? (uint16_t)(1u << hs_thp_pmd_order(tunables)) : 0;
	masks = masks_of(tunables);
	return masks.always | (advised ? masks.madvise : 0) | (global ? masks.inherit : 0);
}

bool hs_thp_is_aligned_in_file(const struct hs_thp_vma *vma, unsigned int order)
{
	return hs_thp_is_anon(vma) ||
	       !(((vma->start >> HS_COLLAPSE_PAGE_SHIFT) - vma->pgoff) & ((1u << order) - 1));
}

/* transhuge_vma_suitable: the last aligned block of that order lies inside, and file offsets agree. */
static bool has_block(const struct hs_thp_vma *vma, unsigned int order)
{
	const uint64_t bytes = 1ull << (order + HS_COLLAPSE_PAGE_SHIFT);
	/* A mapping below the first block wraps around and passes, as in the kernel. */
	const uint64_t at = (vma->end - bytes) & ~(bytes - 1);

	return hs_thp_is_aligned_in_file(vma, order) && at >= vma->start && at + bytes <= vma->end;
}

static bool has_enabled_block(const struct hs_thp_vma *vma, uint16_t orders)
{
	for (unsigned int order = LOWEST_ORDER; order < 16; order++) {
		if ((orders & 1u << order) && has_block(vma, order))
			return true;
	}
	return false;
}

uint16_t hs_thp_collapse_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
				const struct hs_thp_vma *vma, enum hs_thp_purpose purpose)
{
	const uint16_t pmd = (uint16_t)(1u << hs_thp_pmd_order(tunables));

	if (purpose == HS_THP_FOR_MADVISE || !hs_thp_is_anon(vma))
		return pmd;
	return hs_thp_enabled_orders(rules, tunables, vma) & (rules->sub_pmd_orders ? (uint16_t)~0u : pmd);
}

static bool is_disabled(const struct hs_collapse_rules *rules, const struct hs_thp_vma *vma, unsigned int mm_state,
			enum hs_thp_purpose purpose)
{
	if ((vma->flags & HS_THP_VMA_NOHUGEPAGE) || (mm_state & HS_THP_MM_DISABLED))
		return true;
	if (!(mm_state & HS_THP_MM_EXCEPT_ADVISED))
		return false;
	if (!rules->except_advised)
		return true;
	return purpose != HS_THP_FOR_MADVISE && !(vma->flags & HS_THP_VMA_HUGEPAGE);
}

uint16_t hs_thp_fault_orders(const struct hs_collapse_rules *rules, const struct hs_collapse_tunables *tunables,
			     const struct hs_thp_vma *vma, unsigned int mm_state)
{
	if ((vma->flags & (HS_THP_VMA_NO_MM | HS_THP_VMA_TEMP_STACK)) ||
	    is_disabled(rules, vma, mm_state, HS_THP_FOR_FAULT))
		return 0;
	return hs_thp_enabled_orders(rules, tunables, vma);
}

static bool file_allowed(const struct hs_collapse_rules *rules, const struct hs_thp_vma *vma,
			 enum hs_thp_purpose purpose)
{
	if (purpose == HS_THP_FOR_FAULT)
		return rules->anon_orders && (vma->flags & HS_THP_VMA_HUGE_FAULT);
	if (!(vma->flags & HS_THP_VMA_FILE_OK))
		return false;
	/* Since 6.12 the mapping need not be executable. */
	return rules->compound_files || (vma->flags & HS_THP_VMA_FILE_EXEC);
}

/* shmem_is_huge (6.1), shmem_huge_global_enabled (6.12): "deny" forbids even what is asked for. */
static bool shmem_allowed(const struct hs_collapse_tunables *tunables, const struct hs_thp_vma *vma,
			  enum hs_thp_purpose purpose)
{
	if (purpose == HS_THP_FOR_MADVISE)
		return tunables->shmem_enabled != HS_THP_SHMEM_DENY;
	return vma->flags & HS_THP_VMA_SHMEM_OK;
}

/* The tests behind the shape of the mapping: who it belongs to and what the global mode says. */
static enum hs_thp_refusal check_content(const struct hs_collapse_rules *rules,
					 const struct hs_collapse_tunables *tunables, const struct hs_thp_vma *vma,
					 enum hs_thp_purpose purpose)
{
	const bool is_anon = hs_thp_is_anon(vma);

	if ((vma->flags & HS_THP_VMA_SHMEM) && purpose != HS_THP_FOR_FAULT)
		return shmem_allowed(tunables, vma, purpose) ? HS_THP_ALLOWED : HS_THP_REFUSED_SHMEM;
	if (purpose != HS_THP_FOR_MADVISE && (!rules->anon_orders || !is_anon)) {
		if (tunables->enabled == HS_THP_NEVER ||
		    (tunables->enabled == HS_THP_MADVISE && !(vma->flags & HS_THP_VMA_HUGEPAGE)))
			return HS_THP_REFUSED_MODE;
	}
	if (!is_anon)
		return file_allowed(rules, vma, purpose) ? HS_THP_ALLOWED : HS_THP_REFUSED_FILE;
	if (vma->flags & HS_THP_VMA_TEMP_STACK)
		return HS_THP_REFUSED_TEMP_STACK;
	if (purpose != HS_THP_FOR_FAULT && !(vma->flags & HS_THP_VMA_ANON_VMA))
		return HS_THP_REFUSED_NO_ANON_VMA;
	return HS_THP_ALLOWED;
}

enum hs_thp_refusal hs_thp_vma_allowed(const struct hs_collapse_rules *rules,
				       const struct hs_collapse_tunables *tunables, const struct hs_thp_vma *vma,
				       unsigned int mm_state, enum hs_thp_purpose purpose)
{
	const uint16_t pmd = (uint16_t)(1u << hs_thp_pmd_order(tunables));
	uint16_t orders = hs_thp_collapse_orders(rules, tunables, vma, purpose);

	if (purpose == HS_THP_FOR_FAULT && hs_thp_is_anon(vma))
		orders = hs_thp_enabled_orders(rules, tunables, vma) & pmd;
	if (rules->anon_orders && !orders)
		return HS_THP_REFUSED_MODE;
	if (vma->flags & HS_THP_VMA_NO_MM)
		return HS_THP_REFUSED_NO_MM;
	if (is_disabled(rules, vma, mm_state, purpose))
		return HS_THP_REFUSED_DISABLED;
	if (vma->flags & HS_THP_VMA_DAX)
		return purpose == HS_THP_FOR_FAULT ? HS_THP_ALLOWED : HS_THP_REFUSED_DAX;
	if ((vma->flags & HS_THP_VMA_SPECIAL) && (purpose != HS_THP_FOR_FAULT || rules->fault_tests_special))
		return HS_THP_REFUSED_SPECIAL;
	if (purpose != HS_THP_FOR_FAULT && !has_enabled_block(vma, rules->anon_orders ? orders : pmd))
		return HS_THP_REFUSED_NO_RANGE;
	return check_content(rules, tunables, vma, purpose);
}

enum hs_thp_refusal hs_thp_first_daemon_check(const struct hs_collapse_tunables *tunables,
					      const struct hs_thp_vma *vma)
{
	if (!(vma->flags & HS_THP_VMA_HUGEPAGE) && tunables->khugepaged_enabled != HS_THP_ALWAYS)
		return HS_THP_REFUSED_MODE;
	if (!(vma->flags & HS_THP_VMA_ANON_VMA) || (vma->flags & (HS_THP_VMA_OPS | HS_THP_VMA_FILE)))
		return HS_THP_REFUSED_KIND;
	return HS_THP_ALLOWED;
}
