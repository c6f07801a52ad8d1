/*
 * tick.h: the table's time.
 *
 * The host's CLOCK_MONOTONIC (now.h) in ticks of 1/16 s, as 32 bits: 8.5 years of uptime. Tick 0 is
 * "never". The table's header carries the boot id, since this clock starts anew
 * at each boot. The coarse clock is read (4 ms, no system call).
 */
#ifndef STICKYDNS_TICK_H
#define STICKYDNS_TICK_H

#include <stdint.h>

#include "policy/base/now.h"

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
