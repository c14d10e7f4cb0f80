// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/kernel_names.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct hs_kernel_names {
	HS_VEC(struct name) results;
	HS_VEC(struct symbol) symbols;	/* text symbols, by address; read when first asked for */
	bool has_symbols;
	struct hs_pte_facts pte_facts;
	bool actions_are_flags;	/* memory_notify() takes 1 << n, not n */
};

/* Swap types from the highest down (include/linux/swap.h): markers, device memory, migration, hwpoison. */
enum { MARKER_TYPE = 31, DEVICE_TYPES = 4, MIGRATION_TYPES = 3 };

static int add_result(struct hs_kernel_names *names, int64_t number, const char *text)
{
	struct name name = { number, strdup(text) };

	return name.text && hs_vec_push(&names->results, name) ? 0 : -ENOMEM;
}

static bool has_enumerator(const struct btf *btf, const char *type_name, const char *name)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name) == 0)
			return true;
	return false;
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

static bool has_function(const struct btf *btf, const char *name)
{
	return btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* The function is there with CONFIG_MEMORY_FAILURE, the others with CONFIG_DEVICE_PRIVATE. */
static int32_t find_hwpoison_type(const struct btf *btf)
{
	const bool has_device = has_function(btf, "make_device_exclusive_range") ||
				has_function(btf, "make_device_exclusive");

	if (!has_function(btf, "memory_failure"))
		return -1;
	return MARKER_TYPE - (has_device ? DEVICE_TYPES : 0) - MIGRATION_TYPES - 1;
}

const struct hs_pte_facts *hs_kernel_names_pte_facts(const struct hs_kernel_names *names)
{
	return &names->pte_facts;
}

/* All that the types tell. */
static int read_types(struct hs_kernel_names *names)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "scan_result", BTF_KIND_ENUM) : -ENOENT, error = 0;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct btf_enum *values = type ? btf_enum(type) : NULL;

	for (int i = 0; type && !error && i < btf_vlen(type); i++)
		error = add_result(names, values[i].val, btf__name_by_offset(btf, values[i].name_off));
	/* The actions became an enum with 6.12 and lost it again by 6.18: asked of the types, not of the version. */
	names->actions_are_flags = !btf || !has_enumerator(btf, "memory_block_state", "MEM_ONLINE");
	/* Kernels with user shadow stacks keep the dirty bit of read-only entries elsewhere. */
	names->pte_facts.has_saved_dirty = has_function(btf, "shstk_alloc_thread_stack");
	names->pte_facts.marker_type = MARKER_TYPE;
	names->pte_facts.hwpoison_type = find_hwpoison_type(btf);
	btf__free(btf);
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
	return 0;
}
