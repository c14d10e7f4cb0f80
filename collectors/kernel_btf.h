/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_KERNEL_BTF_H
#define HS_KERNEL_BTF_H
/* The type information of the running kernel and of its loaded modules. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct btf;
struct hs_kernel_btf;

/* -ENOENT: the kernel has none, or it cannot be read. Modules are looked into when first asked for. */
int hs_kernel_btf_open(struct hs_kernel_btf **out, struct hs_error *err);
void hs_kernel_btf_close(struct hs_kernel_btf *types);	/* accepts NULL */

/* Is there a type of this BTF_KIND_* and name, in the kernel or in a loaded module? */
bool hs_kernel_btf_has(struct hs_kernel_btf *types, const char *name, unsigned int kind);

/* Questions to the kernel proper: has a struct that member, a function that parameter, an enum that enumerator? */
bool hs_kernel_btf_has_member(const struct hs_kernel_btf *types, const char *type, const char *member);
bool hs_kernel_btf_has_parameter(const struct hs_kernel_btf *types, const char *function, const char *parameter);
bool hs_kernel_btf_has_enumerator(const struct hs_kernel_btf *types, const char *type, const char *enumerator);

/* Name of the enumerator with that value, NULL: none. */
const char *hs_kernel_btf_enumerator(const struct hs_kernel_btf *types, const char *type, int64_t value);

/* Arguments of a function of that name, or -1: there is none. */
int hs_kernel_btf_nr_arguments(struct hs_kernel_btf *types, const char *function);
/* Is its argument at that place, from 0 on, a pointer? */
bool hs_kernel_btf_takes_pointer(struct hs_kernel_btf *types, const char *function, unsigned int index);

#endif
