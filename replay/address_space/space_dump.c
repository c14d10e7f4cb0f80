// SPDX-License-Identifier: GPL-2.0-only
/* The whole state as text, its invariants, and its contradictions. */
#include "replay/address_space/space_dump.h"

#include <errno.h>
#include <stdlib.h>

#include "traces/schema.h"

static const char *const kind_names[] = {
	[HS_SLOT_NONE] = "none", [HS_SLOT_TABLE] = "table", [HS_SLOT_HUGE_ANON] = "huge_anon",
	[HS_SLOT_HUGE_FILE] = "huge_file", [HS_SLOT_HUGE_ZERO] = "huge_zero", [HS_SLOT_MAYBE_HUGE] = "maybe_huge",
};

static const char *const plane_names[HS_NR_PLANES] = {
	"present", "swap", "marker", "zero", "file", "exclusive", "writable", "young", "dirty", "unknown",
};

static const char *const anon_vma_names[] = {
	[HS_ANON_VMA_NONE] = "none", [HS_ANON_VMA_OWN] = "own", [HS_ANON_VMA_INHERITED] = "inherited",
	[HS_ANON_VMA_UNKNOWN] = "unknown",
};

static const char *const vma_kind_names[] = {
	[HS_VMA_ANON] = "anon", [HS_VMA_FILE] = "file", [HS_VMA_SHMEM] = "shmem", [HS_VMA_SPECIAL] = "special",
	[HS_VMA_HUGETLB] = "hugetlb",
};

/* --- dump ---------------------------------------------------------------------------------------- */

static void dump_counters(const struct hs_mm_counters *c, FILE *out)
{
	fprintf(out, "\"total_vm\": %llu, \"data_vm\": %llu, \"exec_vm\": %llu, \"stack_vm\": %llu, \"locked_vm\": %llu, "
		"\"hiwater_vm\": %llu, \"hiwater_rss\": %llu, \"rss_anon\": %llu, \"rss_file\": %llu, \"rss_shmem\": %llu, "
		"\"swap\": %llu, \"start_brk\": \"0x%llx\", \"brk\": \"0x%llx\"",
		(unsigned long long)c->total_vm, (unsigned long long)c->data_vm, (unsigned long long)c->exec_vm,
		(unsigned long long)c->stack_vm, (unsigned long long)c->locked_vm, (unsigned long long)c->hiwater_vm,
		(unsigned long long)c->hiwater_rss, (unsigned long long)c->rss_anon, (unsigned long long)c->rss_file,
		(unsigned long long)c->rss_shmem, (unsigned long long)c->swap, (unsigned long long)c->start_brk,
		(unsigned long long)c->brk);
}

static void dump_vma(const struct hs_vma *vma, FILE *out)
{
	fprintf(out, "{\"start\": \"0x%llx\", \"end\": \"0x%llx\", \"kind\": \"%s\", \"flags\": \"0x%llx\", "
		"\"pgoff\": %llu, \"anon_vma\": \"%s\"%s}",
		(unsigned long long)vma->node.start, (unsigned long long)vma->node.end, vma_kind_names[vma->kind],
		(unsigned long long)vma->flags, (unsigned long long)vma->pgoff, anon_vma_names[vma->anon_vma],
		vma->is_assumed ? ", \"assumed\": true" : "");
}

/* Runs of pages as "3-7,9": shorter than 512 bits, and readable. */
static void dump_bits(const struct hs_bitmap512 *map, FILE *out)
{
	const char *separator = "";

	for (unsigned int i = 0; i < HS_BITMAP512_BITS; i++) {
		unsigned int end = i;

		if (!hs_bitmap512_test(map, i))
			continue;
		while (end + 1 < HS_BITMAP512_BITS && hs_bitmap512_test(map, end + 1))
			end++;
		fprintf(out, end > i ? "%s%u-%u" : "%s%u", separator, i, end);
		separator = ",";
		i = end;
	}
}

static void dump_slot(const struct hs_mm *mm, uint64_t address, FILE *out)
{
	const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, &mm->space->pages, address);
	struct hs_planes planes;

	hs_record_unpack(&mm->space->pages, record, &planes);
	fprintf(out, "{\"address\": \"0x%llx\", \"kind\": \"%s\"", (unsigned long long)address, kind_names[record->kind]);
	for (unsigned int i = 0; i < HS_NR_PLANES; i++) {
		if (hs_bitmap512_is_empty(&planes.plane[i]))
			continue;
		fprintf(out, ", \"%s\": \"", plane_names[i]);
		dump_bits(&planes.plane[i], out);
		fprintf(out, "\"");
	}
	fprintf(out, "}");
}

static void dump_mm(const struct hs_mm *mm, FILE *out)
{
	const char *separator = "\n   ";

	fprintf(out, "{\"mm\": %u, \"layout_known\": %s, \"thp_disable\": %u, \"def_flags\": \"0x%llx\",\n  ", mm->id,
		mm->has_layout ? "true" : "false", mm->thp_disable, (unsigned long long)mm->def_flags);
	dump_counters(&mm->counters, out);
	fprintf(out, ",\n  \"vmas\": [");
	hs_range_for_each(node, &mm->vmas) {
		fprintf(out, "%s", separator);
		dump_vma(hs_vma_of(node), out);
		separator = ",\n   ";
	}
	fprintf(out, "],\n  \"slots\": [");
	separator = "\n   ";
	for (uint64_t at = hs_mm_next_slot(mm, 0, UINT64_MAX); at != UINT64_MAX;
	     at = hs_mm_next_slot(mm, at + HS_SLOT_BYTES, UINT64_MAX)) {
		fprintf(out, "%s", separator);
		dump_slot(mm, at, out);
		separator = ",\n   ";
	}
	fprintf(out, "]}");
}

int hs_space_dump(const struct hs_address_space *space, FILE *out)
{
	const char *separator = "\n ";

	fprintf(out, "{\"model\": \"address_space\", \"mms\": [");
	for (const struct hs_mm *mm = space->first; mm; mm = mm->next) {
		fprintf(out, "%s", separator);
		dump_mm(mm, out);
		separator = ",\n ";
	}
	fprintf(out, "],\n \"unplaced_faults\": %llu, \"corrections\": %llu}\n", (unsigned long long)space->nr_unplaced,
		(unsigned long long)space->nr_corrections);
	return ferror(out) ? -EIO : 0;
}

/* --- check --------------------------------------------------------------------------------------- */

/* Sizes by class are the mappings'; of locked pages some kernels count more (dontunmap_keeps_source_whole). */
static int check_classes(const struct hs_mm *mm, struct hs_error *err)
{
	const struct hs_mm_counters *c = &mm->counters;
	struct hs_mm_counters sums = { 0 };

	hs_range_for_each(node, &mm->vmas)
		hs_vma_count(hs_vma_of(node), &sums, 1);
	if (sums.data_vm == c->data_vm && sums.exec_vm == c->exec_vm && sums.stack_vm == c->stack_vm &&
	    (sums.locked_vm == c->locked_vm ||
	     (sums.locked_vm < c->locked_vm && mm->space->variant.dontunmap_keeps_source_whole)))
		return 0;
	return hs_error_set(err, -EINVAL,
			    "mm %u: data, exec, stack, locked are %llu, %llu, %llu, %llu pages, mappings have %llu, %llu, "
			    "%llu, %llu", mm->id, (unsigned long long)c->data_vm, (unsigned long long)c->exec_vm,
			    (unsigned long long)c->stack_vm, (unsigned long long)c->locked_vm,
			    (unsigned long long)sums.data_vm, (unsigned long long)sums.exec_vm,
			    (unsigned long long)sums.stack_vm, (unsigned long long)sums.locked_vm);
}

static int check_vmas(const struct hs_mm *mm, struct hs_error *err)
{
	uint64_t end = 0, pages = 0;

	if (!hs_range_tree_is_valid(&mm->vmas))
		return hs_error_set(err, -EINVAL, "mm %u: the tree of mappings is broken", mm->id);
	hs_range_for_each(node, &mm->vmas) {
		if (node->start < end)
			return hs_error_set(err, -EINVAL, "mm %u: mappings overlap at 0x%llx", mm->id,
					    (unsigned long long)node->start);
		if ((node->start | node->end) % HS_PAGE_BYTES)
			return hs_error_set(err, -EINVAL, "mm %u: mapping at 0x%llx is not page aligned", mm->id,
					    (unsigned long long)node->start);
		end = node->end;
		pages += hs_vma_pages(hs_vma_of(node));
	}
	if (pages != mm->counters.total_vm)
		return hs_error_set(err, -EINVAL, "mm %u: total_vm is %llu, mappings have %llu pages", mm->id,
				    (unsigned long long)mm->counters.total_vm, (unsigned long long)pages);
	return check_classes(mm, err);
}

/* Is every page of the plane one that a mapping with these flags holds? */
static bool is_inside(const struct hs_mm *mm, uint64_t slot, const struct hs_bitmap512 *plane, uint64_t flags)
{
	const struct hs_vma *vma = hs_mm_first_overlap(mm, slot, slot + HS_SLOT_BYTES);
	unsigned int found = 0;

	for (; vma && vma->node.start < slot + HS_SLOT_BYTES; vma = hs_vma_next_in(vma)) {
		uint64_t from = vma->node.start > slot ? (vma->node.start - slot) >> HS_PAGE_SHIFT : 0;
		uint64_t to = vma->node.end - slot < HS_SLOT_BYTES ? (vma->node.end - slot) >> HS_PAGE_SHIFT :
			      HS_PAGES_PER_SLOT;

		if ((vma->flags & flags) == flags)
			found += hs_bitmap512_count_in(plane, (unsigned int)from, (unsigned int)to);
	}
	return found == hs_bitmap512_count(plane);
}

/* What is there, was there or may be there lies in mappings; what can be written, in those that may be written. */
static bool are_planes_mapped(const struct hs_mm *mm, uint64_t slot, const struct hs_planes *planes)
{
	return is_inside(mm, slot, &planes->plane[HS_PLANE_PRESENT], 0) &&
	       is_inside(mm, slot, &planes->plane[HS_PLANE_SWAP], 0) &&
	       is_inside(mm, slot, &planes->plane[HS_PLANE_MARKER], 0) &&
	       is_inside(mm, slot, &planes->plane[HS_PLANE_UNKNOWN], 0) &&
	       is_inside(mm, slot, &planes->plane[HS_PLANE_WRITABLE], HS_VMA_WR);
}

static int check_slots(const struct hs_mm *mm, struct hs_error *err)
{
	const struct hs_page_store *store = &mm->space->pages;

	for (uint64_t at = hs_mm_next_slot(mm, 0, UINT64_MAX); at != UINT64_MAX;
	     at = hs_mm_next_slot(mm, at + HS_SLOT_BYTES, UINT64_MAX)) {
		const struct hs_slot_record *record = hs_slot_table_find(&mm->slots, store, at);
		struct hs_planes planes;

		if (!hs_record_is_valid(store, record))
			return hs_error_set(err, -EINVAL, "mm %u: record of slot 0x%llx is broken", mm->id,
					    (unsigned long long)at);
		hs_record_unpack(store, record, &planes);
		if (!are_planes_mapped(mm, at, &planes))
			return hs_error_set(err, -EINVAL, "mm %u: slot 0x%llx has pages that no mapping allows", mm->id,
					    (unsigned long long)at);
	}
	return 0;
}

/* rss is the planes' where nothing was known before the trace. */
static int check_rss(const struct hs_mm *mm, struct hs_error *err)
{
	struct hs_page_sums sums = { 0 };
	uint64_t rss = mm->counters.rss_anon + mm->counters.rss_file + mm->counters.rss_shmem;

	if (mm->has_counters)
		return 0;
	hs_slot_table_sum(&mm->slots, &mm->space->pages, 0, ~(HS_PAGE_BYTES - 1), &sums);
	if (sums.present - sums.zero == rss)
		return 0;
	return hs_error_set(err, -EINVAL, "mm %u: resident %llu pages, planes hold %llu", mm->id, (unsigned long long)rss,
			    (unsigned long long)(sums.present - sums.zero));
}

int hs_space_check(const struct hs_address_space *space, struct hs_error *err)
{
	int error = 0;

	for (const struct hs_mm *mm = space->first; mm && !error; mm = mm->next) {
		error = check_vmas(mm, err);
		if (!error)
			error = check_slots(mm, err);
		if (!error)
			error = check_rss(mm, err);
	}
	return error;
}

/* --- contradictions ------------------------------------------------------------------------------ */

static const char *const problem_texts[HS_NR_PROBLEMS] = {
	[HS_PROBLEM_FAULT_OUTSIDE] = "a fault where nothing is mapped",
	[HS_PROBLEM_SYSCALL_OUTSIDE] = "a call succeeded where nothing, or something unfit, is mapped",
	[HS_PROBLEM_OVERLAP] = "something new lies over something that is still there",
	[HS_PROBLEM_BAD_RANGE] = "a range is empty, unaligned or beyond the address space",
	[HS_PROBLEM_DEAD_MM] = "the address space has ended",
	[HS_PROBLEM_TIME_BACK] = "time goes back",
	[HS_PROBLEM_NESTING] = "a notifier section ends that is not the one opened last",
	[HS_PROBLEM_MEMORY] = "out of memory: the change was left out",
};

uint64_t hs_space_problems(const struct hs_address_space *space, FILE *out)
{
	uint64_t nr = 0;

	for (int i = 0; i < HS_NR_PROBLEMS; i++)
		nr += space->problems[i];
	for (uint64_t i = 0; out && i < nr && i < HS_PROBLEM_SENTENCES; i++) {
		const struct hs_space_sentence *s = &space->sentences[i];

		fprintf(out, "address_space: %llu ns, %s, mm %u, 0x%llx: %s\n", (unsigned long long)s->time,
			hs_kind_info(s->kind)->name, s->mm, (unsigned long long)s->address, problem_texts[s->problem]);
	}
	return nr;
}
