/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KERNEL_NAMES_H
#define HS_KERNEL_NAMES_H
/* What only the running kernel knows: names of its results (from BTF), its symbols, its page-table bits. */
#include <stddef.h>
#include <stdint.h>

#include "collectors/pte_fold.h"
#include "lib/error.h"
#include "traces/header.h"

struct hs_kernel_names;

/* Never fails for lack of BTF or symbols: then there are no names. */
int hs_kernel_names_create(struct hs_kernel_names **out, struct hs_error *err);
void hs_kernel_names_destroy(struct hs_kernel_names *names);

/*
 * Enumerator of enum scan_result, "SCAN_SUCCEED"; "SCAN_UNNAMED" where the kernel
 * has no such. Lives as long as names.
 */
const char *hs_kernel_names_result(const struct hs_kernel_names *names, int64_t number);

/* Symbol that starts at address, or "". */
const char *hs_kernel_names_symbol(struct hs_kernel_names *names, uint64_t address);

/* "MEM_GOING_ONLINE", …: an action of the memory notifier chain; "" where the kernel has no such. */
const char *hs_kernel_names_memory_action(const struct hs_kernel_names *names, uint64_t action);

/* "NODE_ADDING_FIRST_MEMORY", …: an action of the nodes' chain, flags everywhere; "" for any other number. */
const char *hs_kernel_names_node_action(uint64_t action);

/* "reserved|slab": names of a page's flags, cut to size. */
void hs_kernel_names_page_flags(const struct hs_kernel_names *names, uint64_t flags, char *text, size_t size);

/* How its page-table entries are to be read. Lives as long as names. */
const struct hs_pte_facts *hs_kernel_names_pte_facts(const struct hs_kernel_names *names);

/* Address of a symbol, 0: there is none, or it may not be seen. */
uint64_t hs_kernel_symbol_address(const char *symbol);

/* Stores the table of results and the facts of the types in the header. 0 or -ENOMEM. */
int hs_kernel_names_describe(const struct hs_kernel_names *names, struct hs_header *header);

#endif
