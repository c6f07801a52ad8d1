/*
 * target.h: SRV targets, kept as addresses.
 *
 * A service name (_sip._udp.example.com, RFC 2782) leads to targets: a host and a port.
 * Each target has an address record of its own. Its bytes are two hashes of the host's
 * name, and its scope is a mark and the port. So candidates, pins, health and the index
 * are the same for both. A target fails when an endpoint of its host failed and no other
 * address of that host is healthy.
 *
 * A target finds its host by the host's name record. That record does not give way while a
 * service leads to it (names.h), and is forgotten only in part (pins_drop). No locks, no
 * allocation.
 */
#ifndef STICKYDNS_TARGET_H
#define STICKYDNS_TARGET_H

#include "policy/table/host.h"

static inline uint16_t target_port(const struct address *a) { return (uint16_t)a->scope; }

/* Is it a target on this host, whatever its port? */
static inline bool target_same_host(const struct address *a, const struct address *b)
{
	return address_is_target(a) && address_is_target(b) && a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

/* The host's record and name. False: no target, or the table has forgotten the host. */
bool target_host(const struct table *t, const struct address *a, struct name_ref *out, struct name *host);

/*
 * Remembers that a service leads to the host on this port. One of another domain (not `own`) changes nothing while a
 * service leads to the port that is noted.
 */
void target_note(struct table *t, struct name_ref ref, const struct name *host, uint16_t port, bool own);

/*
 * An address as address_format() gives it, a target as "sbc1.example.com:5060", or
 * "?:5060" if its host was forgotten. What another process put into the table is
 * made harmless: what is not printable ASCII, or is a space, becomes '?'.
 */
enum { TARGET_TEXT = NAME_BYTES + 8 };
void target_format(const struct table *t, const struct address *a, char out[static TARGET_TEXT]);

/* Is the host inside the service's own domain (bailiwick, RFC 9499)? _sip._udp.example.com speaks for sbc1.example.com. */
bool target_in_domain(const struct name *service, const struct name *host);

/* What a service name says of its transport (RFC 2782: the second label): TRANSPORT_ANY for one unknown here. */
uint8_t service_transport(const struct name *service);

/*
 * Another SIP service of the same domain (RFC 3263 4.1): number i, from 0, into
 * *out. False: there are no more; *out is the service itself for one of them.
 */
bool service_sibling(const struct name *service, unsigned i, struct name *out);

#endif
