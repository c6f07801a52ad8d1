/*
 * atomic.h: every memory order of the project, by the name of what it is for.
 *
 * Processes share the table and trust neither each other's progress nor each other's
 * values. So each word in it is an atomic of 32 or 64 bits, and only these functions
 * reach it. A `relaxed` store may stay invisible to other processes for a while. The
 * two pairs of functions that carry meaning are named below.
 */
#ifndef STICKYDNS_ATOMIC_H
#define STICKYDNS_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint64_t word64;
typedef _Atomic uint32_t word32;

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit words must be lock-free");
_Static_assert(sizeof(word64) == 8 && sizeof(word32) == 4, "atomics carry no lock");

/* A value that stands for itself alone: time stamps, counters, name bytes. */
static inline uint64_t get64(const word64 *w) { return atomic_load_explicit(w, memory_order_relaxed); }
static inline uint32_t get32(const word32 *w) { return atomic_load_explicit(w, memory_order_relaxed); }
static inline void put64(word64 *w, uint64_t v) { atomic_store_explicit(w, v, memory_order_relaxed); }
static inline void put32(word32 *w, uint32_t v) { atomic_store_explicit(w, v, memory_order_relaxed); }
static inline uint64_t add64(word64 *w, uint64_t n) { return atomic_fetch_add_explicit(w, n, memory_order_relaxed); }
static inline uint32_t add32(word32 *w, uint32_t n) { return atomic_fetch_add_explicit(w, n, memory_order_relaxed); }

/* Acquire: what the writer wrote before its publish64/cas64 of this word is seen after it. */
static inline uint64_t seen64(const word64 *w) { return atomic_load_explicit(w, memory_order_acquire); }
static inline uint32_t seen32(const word32 *w) { return atomic_load_explicit(w, memory_order_acquire); }

/* Release: pairs with seen64/seen32 of the same word. */
static inline void publish64(word64 *w, uint64_t v) { atomic_store_explicit(w, v, memory_order_release); }
static inline void publish32(word32 *w, uint32_t v) { atomic_store_explicit(w, v, memory_order_release); }

/* Release, for a count that others wait on: what was written before it is seen by who sees the new count with seen32. */
static inline uint32_t publish_add32(word32 *w, uint32_t n) { return atomic_fetch_add_explicit(w, n, memory_order_release); }

/* One word moves from `want` to `next`, or nothing happens. Pairs with seen64 of the same word. */
static inline bool cas64(word64 *w, uint64_t want, uint64_t next)
{
	return atomic_compare_exchange_strong_explicit(w, &want, next, memory_order_acq_rel,
						       memory_order_acquire);
}

static inline bool cas32(word32 *w, uint32_t want, uint32_t next)
{
	return atomic_compare_exchange_strong_explicit(w, &want, next, memory_order_acq_rel,
						       memory_order_acquire);
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"		/* gcc's TSan knows no fences; it sees the atomics all the same */
#endif

/*
 * Between reading the body of a record and reading its key word again: keeps the
 * body's loads before it. Pairs with the cas64 that retires or claims the record, and after_claim.
 */
static inline void before_recheck(void) { atomic_thread_fence(memory_order_acquire); }

/*
 * Between the cas64 that claims a record and the first store to its body: who sees such a store, then calls
 * before_recheck() and reads the key word, finds the claim there. Pairs with before_recheck.
 */
static inline void after_claim(void) { atomic_thread_fence(memory_order_release); }

/*
 * Between finding that a bank of settings is not in use and the first store to it: who sees such a store, then calls
 * before_recheck() and reads the count, finds the other bank there.
 */
static inline void before_reuse(void) { atomic_thread_fence(memory_order_release); }

/*
 * Stores for as long as `guard` is `want`, by a process that may be stopped anywhere: it stores only over what was there
 * while it was. So one that comes back late zeroes nothing of the next owner's. False: it was too late.
 */
static inline bool put64_while(const word64 *guard, uint64_t want, word64 *w, uint64_t v)
{
	const uint64_t old = get64(w);
	before_recheck();
	return get64(guard) == want && (old == v || cas64(w, old, v));
}

static inline bool put32_while(const word64 *guard, uint64_t want, word32 *w, uint32_t v)
{
	const uint32_t old = get32(w);
	before_recheck();
	return get64(guard) == want && (old == v || cas32(w, old, v));
}

/*
 * Between a store and a load that must not pass it: a writer of the journal sets
 * the futex word, then looks for followers; a follower leaves its lease, then
 * looks at the futex word. Each pairs with the other.
 */
static inline void store_before_look(void) { atomic_thread_fence(memory_order_seq_cst); }

#endif
