/*
 * host.h: the hosts that services lead to, as address records: hashes of the host's name, and a port.
 *
 * The table of names asks here before a host's record gives way. Without that record the
 * target would have no name (target.h). No locks, no allocation.
 */
#ifndef STICKYDNS_HOST_H
#define STICKYDNS_HOST_H

#include "policy/table/addresses.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };	/* RFC 3261 19.1.2 */

/* The target host:port as table `t` knows it. */
struct address host_target(const struct table *t, const struct name *host, uint16_t port);

/*
 * Does a service lead to the host, on the port that its record has noted (words.h; 0: none ever did), or on those
 * of SIP? One load in a table without targets.
 */
bool host_is_led_to(const struct table *t, const struct name *host, uint16_t port);

/*
 * A port on which a service leads to the host, 0: none does. Also one that the record has not noted, as of two services
 * on unusual ports: then, and if one was noted at all, a walk over all addresses.
 */
uint16_t host_led_port(const struct table *t, const struct name *host, uint16_t noted);

#endif
