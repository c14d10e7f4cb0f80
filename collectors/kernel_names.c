// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/kernel_names.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/kernel_btf.h"
#include "collectors/libbpf_log.h"
#include "lib/cleanup.h"
#include "lib/vec.h"

struct name {
	int64_t number;
	char *text;
};

struct symbol {
	uint64_t address;
	char *text;
};

enum { NR_PAGE_FLAGS = 32 };

struct hs_kernel_names {
	HS_VEC(struct name) results;
	HS_VEC(struct symbol) symbols;	/* text symbols, by address; read when first asked for */
	bool has_symbols;
	struct hs_pte_facts pte_facts;
	bool actions_are_flags;	/* memory_notify() takes 1 << n, not n */
	char *page_flags[NR_PAGE_FLAGS];	/* without PG_; NULL: no such flag */
	unsigned int facts;	/* bit per entry of `facts` that holds */
	bool has_types;
};

/* What the types say about rules that differ between kernels; the header carries it. */
static const struct fact {
	const char *attribute, *if_so, *if_not;
	unsigned int kind;	/* BTF_KIND_FUNC: has parameter; _ENUM: enumerator; _STRUCT: member; 0: just exists */
	const char *type, *part;
} facts[] = {
	{ "memory_notify.values", "enum", "flags", BTF_KIND_ENUM, "memory_block_state", "MEM_ONLINE" },
	{ "memory_notify.altmap", "yes", "no", BTF_KIND_STRUCT, "memory_notify", "altmap_nr_pages" },
	{ "memory_notify.status_change_nid", "yes", "no", BTF_KIND_STRUCT, "memory_notify", "status_change_nid" },
	{ "node_notify", "yes", "no", BTF_KIND_STRUCT, "node_notify", "nid" },
	{ "memory_block.altmap", "yes", "no", BTF_KIND_STRUCT, "memory_block", "altmap" },
	{ "memory_block.nr_hwpoison", "yes", "no", BTF_KIND_STRUCT, "memory_block", "nr_hwpoison" },
	{ "create_memory_block_devices.nid", "yes", "no", BTF_KIND_FUNC, "create_memory_block_devices", "nid" },
	{ "memory_block_advise_max_size", "yes", "no", BTF_KIND_FUNC, "memory_block_advise_max_size", "size" },
};
enum { NR_FACTS = sizeof(facts) / sizeof(facts[0]) };

/* Swap types from the highest down (include/linux/swap.h): markers, device memory, migration, hwpoison. */
enum { MARKER_TYPE = 31, DEVICE_TYPES = 4, MIGRATION_TYPES = 3 };

static int add_result(struct hs_kernel_names *names, int64_t number, const char *text)
{
	struct name name = { number, strdup(text) };

	return name.text && hs_vec_push(&names->results, name) ? 0 : -ENOMEM;
}

/* include/linux/memory.h; the order is that of the flags and, since 6.12, of the enum. */
const char *hs_kernel_names_memory_action(const struct hs_kernel_names *names, uint64_t action)
{
	static const char *const actions[] = {
		"MEM_ONLINE", "MEM_GOING_OFFLINE", "MEM_OFFLINE", "MEM_GOING_ONLINE", "MEM_CANCEL_ONLINE",
		"MEM_CANCEL_OFFLINE", "MEM_PREPARE_ONLINE", "MEM_FINISH_OFFLINE",
	};
	uint64_t index = action;

	if (names->actions_are_flags)
		index = action && !(action & (action - 1)) ? (uint64_t)__builtin_ctzll(action) : UINT64_MAX;
	return index < sizeof(actions) / sizeof(actions[0]) ? actions[index] : "";
}

/* The function is there with CONFIG_MEMORY_FAILURE, the others with CONFIG_DEVICE_PRIVATE. */
static int32_t find_hwpoison_type(struct hs_kernel_btf *types)
{
	const bool has_device = hs_kernel_btf_has(types, "make_device_exclusive_range", BTF_KIND_FUNC) ||
				hs_kernel_btf_has(types, "make_device_exclusive", BTF_KIND_FUNC);

	if (!hs_kernel_btf_has(types, "memory_failure", BTF_KIND_FUNC))
		return -1;
	return MARKER_TYPE - (has_device ? DEVICE_TYPES : 0) - MIGRATION_TYPES - 1;
}

const struct hs_pte_facts *hs_kernel_names_pte_facts(const struct hs_kernel_names *names)
{
	return &names->pte_facts;
}

/* include/linux/node.h */
const char *hs_kernel_names_node_action(uint64_t action)
{
	static const char *const actions[] = {
		"NODE_ADDING_FIRST_MEMORY", "NODE_ADDED_FIRST_MEMORY", "NODE_CANCEL_ADDING_FIRST_MEMORY",
		"NODE_REMOVING_LAST_MEMORY", "NODE_REMOVED_LAST_MEMORY", "NODE_CANCEL_REMOVING_LAST_MEMORY",
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (action == 1ull << i)
			return actions[i];
	return "";
}

void hs_kernel_names_page_flags(const struct hs_kernel_names *names, uint64_t flags, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < NR_PAGE_FLAGS; i++)
		if (names->page_flags[i] && flags >> i & 1 && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "|" : "", names->page_flags[i]);
}

static bool fact_holds(const struct hs_kernel_btf *types, const struct fact *fact)
{
	switch (fact->kind) {
	case BTF_KIND_ENUM: return hs_kernel_btf_has_enumerator(types, fact->type, fact->part);
	case BTF_KIND_FUNC: return hs_kernel_btf_has_parameter(types, fact->type, fact->part);
	default: return hs_kernel_btf_has_member(types, fact->type, fact->part);
	}
}

/* The enumerators from PG_locked to __NR_PAGEFLAGS; later ones are other names of the same flags. */
static int read_page_flags(struct hs_kernel_names *names, const struct hs_kernel_btf *types)
{
	for (int i = 0; i < NR_PAGE_FLAGS; i++) {
		const char *name = hs_kernel_btf_enumerator(types, "pageflags", i);

		if (!name || strncmp(name, "PG_", 3))
			break;
		names->page_flags[i] = strdup(name + 3);
		if (!names->page_flags[i])
			return -ENOMEM;
	}
	return 0;
}

static int read_results(struct hs_kernel_names *names, const struct hs_kernel_btf *types)
{
	const char *name;
	int error = 0;

	for (int64_t i = 0; !error && (name = hs_kernel_btf_enumerator(types, "scan_result", i)); i++)
		error = add_result(names, i, name);
	return error;
}

/* All that the types tell. */
static int read_types(struct hs_kernel_names *names)
{
	struct hs_kernel_btf *types = NULL;
	struct hs_error ignored;
	int error = 0;

	names->actions_are_flags = true;
	names->pte_facts.marker_type = MARKER_TYPE;
	names->pte_facts.hwpoison_type = -1;
	if (hs_kernel_btf_open(&types, &ignored))
		return 0;
	names->has_types = true;
	for (int i = 0; i < NR_FACTS; i++)
		names->facts |= (unsigned int)fact_holds(types, &facts[i]) << i;
	/* The actions became an enum with 6.12 and lost it again by 6.18: asked of the types, not of the version. */
	names->actions_are_flags = !(names->facts & 1);
	/* Kernels with user shadow stacks keep the dirty bit of read-only entries elsewhere. */
	names->pte_facts.has_saved_dirty = hs_kernel_btf_has(types, "shstk_alloc_thread_stack", BTF_KIND_FUNC);
	names->pte_facts.hwpoison_type = find_hwpoison_type(types);
	error = read_results(names, types);
	if (!error)
		error = read_page_flags(names, types);
	hs_kernel_btf_close(types);
	return error;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

/* "ffffffff81000000 T name [module]"; addresses are 0 for those who may not see them. */
static bool parse_symbol(char *line, struct symbol *symbol)
{
	char *type;

	symbol->address = strtoull(line, &type, 16);
	if (!symbol->address || *type != ' ' || !strchr("tT", type[1]))
		return false;
	symbol->text = type + 3;
	symbol->text[strcspn(symbol->text, " \t\n")] = '\0';
	return true;
}

static void read_symbols(struct hs_kernel_names *names)
{
	hs_auto_file FILE *file = fopen("/proc/kallsyms", "re");
	struct symbol symbol;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (!parse_symbol(line, &symbol))
			continue;
		symbol.text = strdup(symbol.text);
		if (!symbol.text || !hs_vec_push(&names->symbols, symbol))
			break;
	}
	if (names->symbols.count)
		qsort(names->symbols.items, names->symbols.count, sizeof(struct symbol), compare_symbols);
}

int hs_kernel_names_create(struct hs_kernel_names **out, struct hs_error *err)
{
	struct hs_kernel_names *names = calloc(1, sizeof(*names));

	hs_libbpf_log_start();
	if (!names)
		return hs_error_nomem(err);
	if (read_types(names)) {
		hs_kernel_names_destroy(names);
		return hs_error_nomem(err);
	}
	*out = names;
	return 0;
}

void hs_kernel_names_destroy(struct hs_kernel_names *names)
{
	if (!names)
		return;
	hs_vec_for_each(name, &names->results)
		free(name->text);
	hs_vec_for_each(symbol, &names->symbols)
		free(symbol->text);
	hs_vec_deinit(&names->results);
	hs_vec_deinit(&names->symbols);
	for (int i = 0; i < NR_PAGE_FLAGS; i++)
		free(names->page_flags[i]);
	free(names);
}

const char *hs_kernel_names_result(const struct hs_kernel_names *names, int64_t number)
{
	hs_vec_for_each(name, &names->results)
		if (name->number == number)
			return name->text;
	return "SCAN_UNNAMED";
}

const char *hs_kernel_names_symbol(struct hs_kernel_names *names, uint64_t address)
{
	struct symbol key = { .address = address };
	const struct symbol *found = NULL;

	if (!names->has_symbols)
		read_symbols(names);
	names->has_symbols = true;
	if (names->symbols.count)
		found = bsearch(&key, names->symbols.items, names->symbols.count, sizeof(key), compare_symbols);
	return found ? found->text : "";
}

uint64_t hs_kernel_symbol_address(const char *symbol)
{
	hs_auto_file FILE *file = fopen("/proc/kallsyms", "re");
	size_t length = strlen(symbol);
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, symbol);

		/* "address T name", and maybe a module. */
		if (at && at > line && at[-1] == ' ' && strchr(" \t\n", at[length]))
			return strtoull(line, NULL, 16);
	}
	return 0;
}

int hs_kernel_names_describe(const struct hs_kernel_names *names, struct hs_header *header)
{
	hs_vec_for_each(name, &names->results)
		if (hs_header_add_name(header, "scan_result", name->number, name->text))
			return -ENOMEM;
	for (int i = 0; i < NR_FACTS && names->has_types; i++)
		if (hs_header_add_attribute(header, facts[i].attribute,
					    names->facts >> i & 1 ? facts[i].if_so : facts[i].if_not))
			return -ENOMEM;
	return 0;
}
