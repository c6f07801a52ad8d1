/*
 * sip-hop.h: is the next hop of a SIP request written as a number?
 *
 * The next hop is the topmost Route's URI, else the Request-URI (RFC 3261 8.1.2, 16.12).
 * Of a URI its maddr counts, else its host (RFC 3263 4). A sender that writes an address
 * there means that very server: a health check, a message between the nodes of a cluster,
 * a redirection to a given node.
 *
 * Pure, as sip-message.h is: no I/O, no allocation, no locks, errno untouched. It reads
 * nothing outside the bytes given, in time linear in them.
 */
#ifndef STICKYDNS_HOP_H
#define STICKYDNS_HOP_H

#include "policy/base/endpoint.h"

/*
 * The address and port of the next hop of the request that starts at [p, p + len). A port
 * that is not written is 0. False: it is written as a name, or not known: a response, a
 * header without its end, a URI of another scheme.
 */
bool hop_number(const char *p, size_t len, struct endpoint *out);

/* Is that `to`, of any transport? A port that is not written stands for 5060 and 5061 (RFC 3261 19.1.2). */
bool hop_is(const char *p, size_t len, const struct endpoint *to);

#endif
