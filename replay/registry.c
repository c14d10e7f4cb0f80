// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "replay/model.h"

#define MODEL(id) extern const struct hs_model_ops hs_##id##_model;
#include "replay/models.def"
#undef MODEL

const struct hs_model_ops *const hs_models[] = {
#define MODEL(id) &hs_##id##_model,
#include "replay/models.def"
#undef MODEL
	NULL,
};

const struct hs_model_ops *hs_model_find(const char *name)
{
	for (size_t i = 0; hs_models[i]; i++)
		if (strcmp(hs_models[i]->name, name) == 0)
			return hs_models[i];
	return NULL;
}
