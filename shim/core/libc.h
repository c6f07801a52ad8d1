/*
 * libc.h: the libc functions behind our hooks, which symbols.h lists.
 *
 * All are bound at once, by the constructor or by the first call before it, since
 * dlsym(3) must not be called in a signal handler.
 */
#ifndef STICKYDNS_REAL_H
#define STICKYDNS_REAL_H

#include <netdb.h>
#include <resolv.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "shim/core/export.h"
#include "shim/core/symbols.h"

struct real {
#define X(name, type, args) type(*name) args;
	REAL_SYMBOLS(X)
#undef X
};

extern HIDDEN struct real real_functions;
extern HIDDEN _Atomic bool real_bound;

/* Binds all of them. May be called by several threads at once; each writes the same. */
void real_bind(void);

/* The table of bound functions. */
static inline const struct real *real(void)
{
	if (__builtin_expect(!atomic_load_explicit(&real_bound, memory_order_acquire), 0))
		real_bind();
	return &real_functions;
}

#endif
