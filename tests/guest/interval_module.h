/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_INTERVAL_MODULE_H
#define HS_INTERVAL_MODULE_H
/* What a program may ask of the test driver interval_module.c, by ioctl on its device. */
#include <linux/ioctl.h>
#include <linux/types.h>

struct hs_interval_request {
	__u64 start, length;	/* bytes of the caller's memory */
};

enum { HS_INTERVALS_PER_FILE = 64 };

#define HS_INTERVAL_DEVICE "hindsight-intervals"
/* Listens to a range from now on. */
#define HS_INTERVAL_INSERT _IOW('h', 1, struct hs_interval_request)
/* Stops to listen to the range that begins at start. */
#define HS_INTERVAL_REMOVE _IOW('h', 2, struct hs_interval_request)
/* Sleeps, deaf to signals, until somebody says LET_GO. */
#define HS_INTERVAL_HOLD _IO('h', 3)
#define HS_INTERVAL_LET_GO _IO('h', 4)

#endif
