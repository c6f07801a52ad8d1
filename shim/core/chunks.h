/*
 * chunks.h: arrays of which most programs use only the beginning.
 *
 * mlockall(2) counts all that is mapped, so an array that may grow large lies in chunks. The
 * first is part of the library. Another is mapped when something is first kept there, and
 * stays. That takes mmap(2), once a chunk. A sealed program that forbids mmap ends, so
 * stickydns(7) says where it is needed. No locks; errno is kept.
 */
#ifndef STICKYDNS_CHUNKS_H
#define STICKYDNS_CHUNKS_H

#include <stdatomic.h>
#include <stddef.h>

#include "shim/core/export.h"

typedef _Atomic(void *) chunk;		/* NULL: not made yet */

static inline void *chunk_at(chunk *c) { return atomic_load_explicit(c, memory_order_acquire); }

/* The chunk, of `size` bytes, zeros at first; NULL: there is no memory for it. */
HIDDEN void *chunk_make(chunk *c, size_t size);

static inline void *chunk_made(chunk *c, size_t size)
{
	void *p = chunk_at(c);
	return p ? p : chunk_make(c, size);
}

#endif
