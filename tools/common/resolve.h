/*
 * resolve.h: asks DNS for many names at once, through c-ares in a loop of libuv: A and AAAA; for services, SRV.
 *
 * A resolver has a bounded number of names in flight. So thousands of them neither flood a server nor wait for each
 * other. It asks as libc does: with the search list, and over TCP after a truncated answer; services as they are
 * (RFC 2782). Everything ends: each question has a time limit.
 *
 * All of it runs in the loop's thread. While no name is in flight, it holds no socket and keeps no loop running.
 */
#ifndef STICKYDNS_RESOLVE_H
#define STICKYDNS_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "tools/common/reply.h"

struct resolver;

/*
 * What became of the name that was asked for as `id`: both families, or in reply[FAMILY_SRV] its SRV records, are
 * answered, or failed. Called once for each name, from the loop, in any order. The reply is the resolver's, until the
 * call returns. It may ask again, and forget; it may not free the resolver.
 */
typedef void resolved_fn(void *arg, size_t id, const struct reply reply[static FAMILIES]);

struct resolve_options {
	const struct endpoint *server;	/* to ask; NULL: those of resolv.conf */
	uint32_t timeout_ms;		/* for one question, all tries and servers of it together */
	size_t window;			/* names in flight */
	resolved_fn *done;
	void *arg;
};

/* A resolver in *out, the caller's until resolver_free(). NULL, or what is wrong. */
const char *resolver_make(uv_loop_t *loop, const struct resolve_options *o, struct resolver **out);

/* How many more names may be asked for now. */
size_t resolver_room(const struct resolver *r);

/* Ask for `name`, a canonical one. Only while there is room. */
void resolver_ask(struct resolver *r, const char *name, size_t id);

/*
 * Read resolv.conf again, and ask those servers from now on, from other ports; also for what is in flight. False: it stays as it
 * was.
 */
bool resolver_renew(struct resolver *r);

/* What is in flight is called back for no more. */
void resolver_forget(struct resolver *r);

/* The same, and give everything back; its memory as soon as the loop has run. NULL is fine. */
void resolver_free(struct resolver *r);

#endif
