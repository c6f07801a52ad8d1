/*
 * shared.h: memory without a name that a program and its children have in common.
 *
 * For what is in flight and where it was led: a child may hear what its parent asked.
 * Made by the constructor, before there are threads. It may be given back (locked.h);
 * then its pointers are NULL, as where there was no memory for it.
 */
#ifndef STICKYDNS_SHARED_H
#define STICKYDNS_SHARED_H

#include <stddef.h>

#include "shim/core/export.h"

/* Makes `size` bytes, zeros, and lets *slot, a pointer of any type, point to them; NULL stays: there is no memory. */
HIDDEN void shared_make(void *slot, size_t size);

/* How many bytes there are. */
HIDDEN size_t shared_size(void);

/* Gives all of it back. Nobody may be using it: the process has one thread, and that is in none of our calls. */
HIDDEN void shared_let_go(void);

/* Takes mlockall(2)'s lock off it. */
HIDDEN void shared_unlock(void);

#endif
