/* reply-srv.h: the SRV records of a DNS answer, which c-ares gives without their TTL. */
#ifndef STICKYDNS_REPLY_SRV_H
#define STICKYDNS_REPLY_SRV_H

#include "tools/pinctl/resolve.h"

/*
 * Adds the SRV records of a whole message (RFC 1035 4.1) to `r`, with the least
 * TTL among them. A target that is no host name is passed over, as "." is, which
 * says that there is no such service (RFC 2782). False: malformed, or too many.
 */
bool reply_srv(const unsigned char *answer, int len, struct reply *r);

#endif
