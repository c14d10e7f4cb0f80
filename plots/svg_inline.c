// SPDX-License-Identifier: GPL-2.0-only
#include "plots/svg_inline.h"

#include <stdbool.h>
#include <string.h>

/* Length of what introduces an id or a reference here, 0: nothing does. */
static size_t introduces_id(const char *at)
{
	static const char *const starts[] = { " id=\"", " id='", "href=\"#", "href='#", "url(#" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(at, starts[i], strlen(starts[i])) == 0)
			return strlen(starts[i]);
	return 0;
}

void hs_svg_inline(const char *svg, const char *prefix, FILE *out)
{
	const char *at = strstr(svg, "<svg");
	bool is_tag = false;

	while (at && *at) {
		size_t length = is_tag ? introduces_id(at) : 0;

		is_tag = *at == '<' || (is_tag && *at != '>');
		fwrite(at, 1, length ? length : 1, out);
		if (length)
			fprintf(out, "%s-", prefix);
		at += length ? length : 1;
	}
}
