/* reply.h: what DNS said of one name; and the SRV records of an answer, which c-ares gives without their TTL. */
#ifndef STICKYDNS_REPLY_H
#define STICKYDNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/endpoint.h"
#include "policy/base/name.h"

enum {
	REPLY_MAX = 4096,		/* addresses of one family: as many as a message holds (RFC 1035 4.2.2) */
	REPLY_SRV_MAX = 256,		/* SRV records; a service with more is not understood */
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

/*
 * Adds the SRV records of a whole message (RFC 1035 4.1) to `r`, with the least
 * TTL among them. A target that is no host name is passed over, as "." is, which
 * says that there is no such service (RFC 2782). False: malformed, or too many.
 */
bool reply_srv(const unsigned char *answer, int len, struct reply *r);

#endif
