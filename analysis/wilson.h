/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_WILSON_H
#define HS_WILSON_H
/* How sure a share of counted cases is. */
#include <stdint.h>

struct hs_interval {
	double low, high;
};

/*
 * Wilson's score interval at 95 % for `hits` of `total` (hits <= total), as shares from 0 to 1. It stays
 * inside [0, 1], and is not of width 0 when all or none hit. total 0: [0, 1], nothing is known.
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 */
struct hs_interval hs_wilson(uint64_t hits, uint64_t total);

/*
 * Sign test, two-sided: the probability that of `ups + downs` fair coin flips the split is at least as
 * uneven as ups : downs. 1 when both are 0.
 */
double hs_sign_test(uint64_t ups, uint64_t downs);

#endif
