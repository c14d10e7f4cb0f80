// SPDX-License-Identifier: GPL-2.0-only
#include "traces/vma_flags.h"

#include <stddef.h>

static const struct {
	char word[3];
	uint64_t flag;
} words[] = {
	{ "rd", HS_VMA_RD }, { "wr", HS_VMA_WR }, { "ex", HS_VMA_EX }, { "sh", HS_VMA_SH }, { "mr", HS_VMA_MR },
	{ "mw", HS_VMA_MW }, { "me", HS_VMA_ME }, { "ms", HS_VMA_MS }, { "gd", HS_VMA_GD }, { "pf", HS_VMA_PF },
	{ "lo", HS_VMA_LO }, { "io", HS_VMA_IO }, { "sr", HS_VMA_SR }, { "rr", HS_VMA_RR }, { "dc", HS_VMA_DC },
	{ "de", HS_VMA_DE }, { "ac", HS_VMA_AC }, { "nr", HS_VMA_NR }, { "ht", HS_VMA_HT }, { "wf", HS_VMA_WF },
	{ "dd", HS_VMA_DD }, { "sd", HS_VMA_SD }, { "mm", HS_VMA_MM }, { "hg", HS_VMA_HG }, { "nh", HS_VMA_NH },
	{ "mg", HS_VMA_MG }, { "um", HS_VMA_UM }, { "uw", HS_VMA_UW }, { "ui", HS_VMA_UI }, { "sf", HS_VMA_SF },
	{ "ss", HS_VMA_SS }, { "sl", HS_VMA_SL }, { "dp", HS_VMA_DP }, { "lf", HS_VMA_LF }, { "gu", HS_VMA_GU },
};

static uint64_t flag_of(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].word[0] == word[0] && words[i].word[1] == word[1])
			return words[i].flag;
	return 0;
}

uint64_t hs_vma_flags_parse(const char *text)
{
	uint64_t flags = 0;

	while (*text && *text != '\n') {
		if (*text == ' ') {
			text++;
			continue;
		}
		flags |= flag_of(text);
		while (*text && *text != ' ' && *text != '\n')
			text++;
	}
	return flags;
}
