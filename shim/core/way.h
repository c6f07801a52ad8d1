/*
 * way.h: has this host a way to an address?
 *
 * It finds out as libc does when it sorts an answer (RFC 6724 6, rule 1): it connects a UDP
 * socket, which sends no packet. A pin to which there is no way stands aside for as long as that
 * lasts (order.h). It calls the kernel past libc's wrappers and their interposers: connect(2) is a
 * cancellation point there, and no program may see this socket. No locks, no allocation; safe in
 * signal handlers.
 */
#ifndef STICKYDNS_WAY_H
#define STICKYDNS_WAY_H

#include "policy/base/endpoint.h"

/* For lookups: errno is kept. That there was one is remembered for a quarter of a second. True if nobody can say. */
bool way_to(const struct address *a);

/* Is there none at this moment? Nothing remembered counts; errno is kept. */
bool way_missing(const struct address *a);

/* Is it an error that says that the host itself cannot send there? */
bool way_is_local(int error);

/*
 * Is the error of a send or connect to `a` the host's own trouble, and none of the server? EHOSTUNREACH is
 * where a route says so (ip-route(8): unreachable), and not where nobody answered.
 */
bool way_is_missing(int error, const struct address *a);

#endif
