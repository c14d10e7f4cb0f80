// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/kernel_btf.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/vec.h"

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"

struct hs_kernel_btf {
	struct btf *kernel;
	HS_VEC(struct btf *) modules;
	bool has_modules;	/* they were looked for */
};

int hs_kernel_btf_open(struct hs_kernel_btf **out, struct hs_error *err)
{
	struct hs_kernel_btf *types = calloc(1, sizeof(*types));

	if (!types)
		return hs_error_nomem(err);
	types->kernel = btf__load_vmlinux_btf();
	if (!types->kernel) {
		int status = access(KERNEL_TYPES, R_OK) ? errno : EINVAL;

		free(types);
		return hs_error_set(err, -ENOENT,
				    "the kernel's type information (" KERNEL_TYPES ") cannot be read: %s; needed are sysfs and a "
				    "kernel built with CONFIG_DEBUG_INFO_BTF", strerror(status));
	}
	*out = types;
	return 0;
}

void hs_kernel_btf_close(struct hs_kernel_btf *types)
{
	if (!types)
		return;
	hs_vec_for_each(module, &types->modules)
		btf__free(*module);
	hs_vec_deinit(&types->modules);
	btf__free(types->kernel);
	free(types);
}

/* Module BTF objects can be listed by few: without the privilege there are none. */
static void load_modules(struct hs_kernel_btf *types)
{
	DIR *folder = opendir("/sys/kernel/btf");
	struct dirent *entry;

	types->has_modules = true;
	while (folder && (entry = readdir(folder))) {
		struct btf *module;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "vmlinux") == 0)
			continue;
		module = btf__load_module_btf(entry->d_name, types->kernel);
		if (module && !hs_vec_push(&types->modules, module))
			btf__free(module);
	}
	if (folder)
		closedir(folder);
}

/* The module's own types only: libbpf's search would begin with all of the kernel's again. */
static const struct btf_type *find_in_module(const struct btf *module, uint32_t first, const char *name,
					     unsigned int kind)
{
	for (uint32_t id = first; id < btf__type_cnt(module); id++) {
		const struct btf_type *type = btf__type_by_id(module, id);

		if (btf_kind(type) == kind && strcmp(btf__name_by_offset(module, type->name_off), name) == 0)
			return type;
	}
	return NULL;
}

/* Finds a type of this kind and name, in the kernel or in a module, and says where; NULL: there is none. */
static const struct btf_type *find_anywhere(struct hs_kernel_btf *types, const char *name, unsigned int kind,
					const struct btf **where)
{
	int id = btf__find_by_name_kind(types->kernel, name, kind);
	const struct btf_type *found = NULL;

	*where = types->kernel;
	if (id > 0)
		return btf__type_by_id(types->kernel, (uint32_t)id);
	if (!types->has_modules)
		load_modules(types);
	for (size_t i = 0; i < types->modules.count && !found; i++) {
		*where = types->modules.items[i];
		found = find_in_module(*where, btf__type_cnt(types->kernel), name, kind);
	}
	return found;
}

bool hs_kernel_btf_has(struct hs_kernel_btf *types, const char *name, unsigned int kind)
{
	const struct btf *where;

	return find_anywhere(types, name, kind, &where) != NULL;
}

static const struct btf_type *find_prototype(struct hs_kernel_btf *types, const char *function,
					     const struct btf **where)
{
	const struct btf_type *type = find_anywhere(types, function, BTF_KIND_FUNC, where);

	return type ? btf__type_by_id(*where, type->type) : NULL;
}

int hs_kernel_btf_nr_arguments(struct hs_kernel_btf *types, const char *function)
{
	const struct btf *where;
	const struct btf_type *prototype = find_prototype(types, function, &where);

	return prototype ? btf_vlen(prototype) : -1;
}

bool hs_kernel_btf_takes_pointer(struct hs_kernel_btf *types, const char *function, unsigned int index)
{
	const struct btf *where;
	const struct btf_type *prototype = find_prototype(types, function, &where);
	const struct btf_type *type;

	if (!prototype || index >= btf_vlen(prototype))
		return false;
	type = btf__type_by_id(where, btf_params(prototype)[index].type);
	return type && btf_is_ptr(type);
}

static const struct btf_type *find_type(const struct hs_kernel_btf *types, const char *name, unsigned int kind)
{
	int id = btf__find_by_name_kind(types->kernel, name, kind);

	return id > 0 ? btf__type_by_id(types->kernel, (uint32_t)id) : NULL;
}

static bool is_named(const struct hs_kernel_btf *types, uint32_t offset, const char *name)
{
	return strcmp(btf__name_by_offset(types->kernel, offset), name) == 0;
}

bool hs_kernel_btf_has_member(const struct hs_kernel_btf *types, const char *type, const char *member)
{
	const struct btf_type *found = find_type(types, type, BTF_KIND_STRUCT);

	for (int i = 0; found && i < btf_vlen(found); i++)
		if (is_named(types, btf_members(found)[i].name_off, member))
			return true;
	return false;
}

bool hs_kernel_btf_has_parameter(const struct hs_kernel_btf *types, const char *function, const char *parameter)
{
	const struct btf_type *found = find_type(types, function, BTF_KIND_FUNC);

	found = found ? btf__type_by_id(types->kernel, found->type) : NULL;
	for (int i = 0; found && i < btf_vlen(found); i++)
		if (is_named(types, btf_params(found)[i].name_off, parameter))
			return true;
	return false;
}

bool hs_kernel_btf_has_enumerator(const struct hs_kernel_btf *types, const char *type, const char *enumerator)
{
	const struct btf_type *found = find_type(types, type, BTF_KIND_ENUM);

	for (int i = 0; found && i < btf_vlen(found); i++)
		if (is_named(types, btf_enum(found)[i].name_off, enumerator))
			return true;
	return false;
}

const char *hs_kernel_btf_enumerator(const struct hs_kernel_btf *types, const char *type, int64_t value)
{
	const struct btf_type *found = find_type(types, type, BTF_KIND_ENUM);

	for (int i = 0; found && i < btf_vlen(found); i++)
		if (btf_enum(found)[i].val == value)
			return btf__name_by_offset(types->kernel, btf_enum(found)[i].name_off);
	return NULL;
}
