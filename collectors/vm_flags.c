// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/vm_flags.h"

#include <stddef.h>

#include "traces/kinds.h"

/* The same bits in 6.1, 6.12 and 6.18. */
static const struct {
	uint64_t kernel, ours;
} flags[] = {
	{ 0x1, HS_VMA_RD },	   { 0x2, HS_VMA_WR },	      { 0x4, HS_VMA_EX },	 { 0x8, HS_VMA_SH },
	{ 0x10, HS_VMA_MR },	   { 0x20, HS_VMA_MW },	      { 0x40, HS_VMA_ME },	 { 0x80, HS_VMA_MS },
	{ 0x100, HS_VMA_GD },	   { 0x200, HS_VMA_UM },      { 0x400, HS_VMA_PF },	 { 0x1000, HS_VMA_UW },
	{ 0x2000, HS_VMA_LO },	   { 0x4000, HS_VMA_IO },     { 0x8000, HS_VMA_SR },	 { 0x10000, HS_VMA_RR },
	{ 0x20000, HS_VMA_DC },	   { 0x40000, HS_VMA_DE },    { 0x80000, HS_VMA_LF },	 { 0x100000, HS_VMA_AC },
	{ 0x200000, HS_VMA_NR },   { 0x400000, HS_VMA_HT },   { 0x800000, HS_VMA_SF },	 { 0x2000000, HS_VMA_WF },
	{ 0x4000000, HS_VMA_DD },  { 0x8000000, HS_VMA_SD },  { 0x10000000, HS_VMA_MM }, { 0x20000000, HS_VMA_HG },
	{ 0x40000000, HS_VMA_NH }, { 0x80000000, HS_VMA_MG },
};

uint64_t hs_vm_flags_translate(uint64_t vm_flags)
{
	uint64_t ours = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (vm_flags & flags[i].kernel)
			ours |= flags[i].ours;
	return ours;
}
