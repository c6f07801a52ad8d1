/*
 * turn.h: whose turn it is: up to 32 things, each of which one thread at a time works at.
 *
 * Nobody waits: who comes second goes without. A child that was forked while another thread had
 * a turn lacks that thread. So a turn belongs to a process, and a turn of another process is
 * over. After vfork(2) parent and child are one.
 */
#ifndef STICKYDNS_TURN_H
#define STICKYDNS_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/core/session.h"

typedef _Atomic uint64_t turns;		/* process 32 | the bits that are taken 32; zeros: none */

/* Takes all of the bits, if none of them is taken. */
static inline bool turn_take(turns *t, uint32_t bits)
{
	const uint32_t me = (uint32_t)session_pid();
	uint64_t old = atomic_load_explicit(t, memory_order_relaxed), taken;
	do {
		taken = old >> 32 == me ? (uint32_t)old : 0;
		if (taken & bits)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(t, &old, (uint64_t)me << 32 | taken | bits, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

/* By who took them. */
static inline void turn_end(turns *t, uint32_t bits)
{
	atomic_fetch_and_explicit(t, ~(uint64_t)bits, memory_order_release);
}

#endif
