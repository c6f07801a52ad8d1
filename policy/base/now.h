/*
 * now.h: now by the kernel's clocks, in nanoseconds. clock_gettime(2).
 *
 * The table's times are of all programs, so none may be of a clock that only one
 * program has: libfaketime stands before clock_gettime for libraries too, and a time
 * namespace (time_namespaces(7)) has a monotonic clock of its own. now_start() finds
 * libc's own clock_gettime, and what to take off.
 */
#ifndef STICKYDNS_NOW_H
#define STICKYDNS_NOW_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

/* Written once, by now_start(). */
extern int (*now_clock)(clockid_t clock, struct timespec *ts);
extern int64_t now_offset_ns;		/* of this time namespace's monotonic clocks from the host's */

/* Once, at the start, before any time is taken; without it the process's own clock_gettime stands. errno may change. */
void now_start(void);

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;
	now_clock(clock, &ts);
	const uint64_t ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
	return clock == CLOCK_REALTIME ? ns : ns - (uint64_t)now_offset_ns;
}

#endif
