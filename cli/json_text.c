// SPDX-License-Identifier: GPL-2.0-only
#include "cli/json_text.h"

#include <string.h>

#include "cli/command.h"
#include "lib/text.h"

json_t *hs_json_text(const char *data, size_t length)
{
	struct hs_text escaped = { 0 };
	json_t *string = memchr(length ? data : "", '\0', length) ? NULL : json_stringn(length ? data : "", length);

	if (string)
		return string;
	hs_text_add_printable(&escaped, data, length);
	if (!escaped.is_short)
		string = json_stringn(escaped.data, escaped.used);
	hs_text_deinit(&escaped);
	return string;
}

int hs_json_print(json_t *root)
{
	if (!root)
		return hs_fail_nomem();
	/* A failed write is found when standard output is finished. */
	json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
	putchar('\n');
	json_decref(root);
	return HS_EXIT_OK;
}
