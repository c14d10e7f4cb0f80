// SPDX-License-Identifier: GPL-2.0-only
#include "analysis/wilson.h"

#include <math.h>

/* The 97.5 % quantile of the normal distribution. */
static const double z95 = 1.959963984540054;

struct hs_interval hs_wilson(uint64_t hits, uint64_t total)
{
	double n = (double)total, share, centre, half, scale;

	if (!total)
		return (struct hs_interval){ 0, 1 };
	share = (double)hits / n;
	scale = 1 + z95 * z95 / n;
	centre = (share + z95 * z95 / (2 * n)) / scale;
	half = z95 / scale * sqrt(share * (1 - share) / n + z95 * z95 / (4 * n * n));
	/* At the ends the bound is exact; rounding must not move it inside. */
	return (struct hs_interval){
		hits == 0 ? 0 : fmax(0, centre - half), hits == total ? 1 : fmin(1, centre + half),
	};
}

double hs_sign_test(uint64_t ups, uint64_t downs)
{
	uint64_t n = ups + downs, fewer = ups < downs ? ups : downs;
	double tail = 0;

	for (uint64_t k = 0; k <= fewer; k++)
		tail += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
			    (double)n * M_LN2);
	return fmin(1, 2 * tail);
}
