/*
 * clock.h: the kernel's clocks, and the table's time, which is made of one of them. clock_gettime(2).
 *
 * All programs share the table's times, so none may come from a clock that only one program has.
 * libfaketime stands before clock_gettime for libraries too, and a time namespace
 * (time_namespaces(7)) has a monotonic clock of its own. now_start() finds libc's own
 * clock_gettime, and the offset to take off.
 *
 * A time has one of these forms; its name tells which:
 *
 *	_ns	nanoseconds of a clock
 *	_ms	milliseconds of CLOCK_MONOTONIC
 *	tick	1/16 s of the host's CLOCK_MONOTONIC, 32 bits: 8.5 years of uptime. Tick 0 is "never"
 *	_s	seconds: a length of time, or of uptime (tick / TICKS_PER_S)
 *
 * The table's header carries the boot id, since ticks start anew at each boot. Ticks are read from
 * the coarse clock (4 ms, no system call).
 */
#ifndef STICKYDNS_CLOCK_H
#define STICKYDNS_CLOCK_H

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

/* Milliseconds of CLOCK_MONOTONIC_COARSE (4 ms, no system call). */
static inline uint64_t now_ms(void) { return now_ns(CLOCK_MONOTONIC_COARSE) / NS_PER_MS; }

/* ---- the table's time ---- */

enum { TICKS_PER_S = 16 };

static inline uint32_t tick_of(uint32_t seconds) { return seconds * TICKS_PER_S; }

/* The tick of a time of CLOCK_MONOTONIC, in nanoseconds. */
static inline uint32_t tick_at(uint64_t ns) { return (uint32_t)(ns / (NS_PER_S / TICKS_PER_S)); }

/* Now, in ticks; never 0. */
static inline uint32_t tick_now(void)
{
	const uint32_t t = tick_at(now_ns(CLOCK_MONOTONIC_COARSE));
	return t ? t : 1;
}

/* Ticks from `then` to `now`; 0 when `then` lies ahead (another CPU's clock, a torn word). */
static inline uint32_t tick_since(uint32_t now, uint32_t then)
{
	return now > then ? now - then : 0;
}

/* `then`, or 0 if it lies further ahead than clocks of CPUs differ: such a time cannot be, and is not believed. */
static inline uint32_t tick_believed(uint32_t now, uint32_t then)
{
	return then <= now + TICKS_PER_S ? then : 0;
}

/* True when `then` is a time and at most `seconds` ago. */
static inline int tick_within(uint32_t now, uint32_t then, uint32_t seconds)
{
	return tick_believed(now, then) != 0 && tick_since(now, then) <= tick_of(seconds);
}

#endif
