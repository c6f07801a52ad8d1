/*
 * resolve.h: asks DNS for many names at once, through c-ares: A and AAAA; for services, SRV.
 *
 * It asks for a bounded number of names at a time. So thousands of them neither flood a
 * server nor wait for each other. It asks as libc does: with the search list, and over TCP
 * after a truncated answer; services as they are (RFC 2782). Everything ends: each question
 * has a time limit. A server that never says anything is given up after a first window of
 * names.
 */
#ifndef STICKYDNS_RESOLVE_H
#define STICKYDNS_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/common/reply.h"

enum { RESOLVE_WINDOW = 32 };		/* names in flight */

/* What became of name number `i`; both families, or its SRV records, are answered, or failed. Called once for each, in any order. */
typedef void resolved_fn(void *arg, size_t i, const struct reply reply[static FAMILIES]);

struct resolve_options {
	const struct endpoint *server;	/* to ask; NULL: those of resolv.conf. Port 0: 53 */
	uint32_t timeout_ms;		/* for one question, all tries and servers of it together */
};

/*
 * Ask for all of `names`. `*asked`: how many were; fewer than `n` when nothing
 * answered at all, in which case those after it were not called back for. NULL,
 * or what is wrong.
 */
const char *resolve(char *const *names, size_t n, const struct resolve_options *o, resolved_fn *done, void *arg,
		    size_t *asked);

/* Does /etc/hosts (which libc asks before DNS) have the name? */
bool resolve_in_hosts(const char *name);

#endif
