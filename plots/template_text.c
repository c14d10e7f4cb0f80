// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <string.h>

#include "plots/templates.h"

const char *hs_template_text(const char *name)
{
	const struct hs_template *template = hs_templates;

	while (template->name && strcmp(template->name, name) != 0)
		template++;
	assert(template->name);
	return template->text;
}
