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

#include "policy/base/endpoint.h"
#include "policy/base/name.h"

enum {
	REPLY_MAX = 4096,		/* addresses of one family: as many as a message holds (RFC 1035 4.2.2) */
	REPLY_SRV_MAX = 256,		/* SRV records; a service with more is not understood */
	RESOLVE_WINDOW = 32,		/* names in flight */
};

enum reply_status {
	REPLY_RECORDS,
	REPLY_EMPTY,			/* NOERROR, and no record of this family */
	REPLY_NO_NAME,			/* NXDOMAIN */
	REPLY_FAILED,			/* no answer, or none that says anything: SERVFAIL, REFUSED, time-out */
};

/* An SRV record (RFC 2782). */
struct reply_srv {
	struct name host;		/* a canonical name that is no service */
	uint16_t priority, weight, port;
};

struct reply {
	enum reply_status status;
	const char *why;		/* REPLY_FAILED: for people */
	uint32_t ttl;			/* the least one of the records', seconds */
	size_t n;
	union {
		struct address addr[REPLY_MAX];
		struct reply_srv srv[REPLY_SRV_MAX];	/* of a service, in reply[FAMILY_SRV]; the other one is empty */
	};
};

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
