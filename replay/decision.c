// SPDX-License-Identifier: GPL-2.0-only
#include "replay/decision.h"

#include <string.h>

const struct hs_point_info hs_points[HS_NR_POINTS] = {
#define POINT(id, point_name, function, ...) \
	[HS_POINT_##id] = { .name = point_name, .source = function, .cost_names = { __VA_ARGS__ } },
#include "replay/points.def"
#undef POINT
};

bool hs_cost_is_state(const char *name)
{
	return strncmp(name, "at_", 3) == 0;
}

const char *hs_result_of_call(int64_t ret)
{
	const char *name = ret < 0 && ret > -4096 ? strerrorname_np((int)-ret) : "OK";

	return name ? name : "errno";
}

const char *hs_basis_name(enum hs_basis basis)
{
	static const char *const names[HS_NR_BASES] = { "exact", "bounded", "assumed" };

	return names[basis];
}

const char *hs_verdict_name(enum hs_verdict verdict)
{
	static const char *const names[HS_NR_VERDICTS] = { "none", "agree", "disagree", "unknown" };

	return names[verdict];
}
