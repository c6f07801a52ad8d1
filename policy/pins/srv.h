/*
 * srv.h: SRV targets, kept as addresses.
 *
 * A service name (_sip._udp.example.com, RFC 2782) leads to targets: a host and a port.
 * Each target has an address record of its own. Its bytes are two hashes of the host's
 * name, and its scope is a mark and the port. So candidates, pins, health and the index
 * are the same for both. A target fails when an endpoint of its host failed and no other
 * address of that host is healthy.
 *
 * A target finds its host by the host's name record. That record does not give way while a
 * service leads to it (insert.c), and is forgotten only in part (pins_drop). No locks, no
 * allocation.
 */
#ifndef STICKYDNS_PINS_SRV_H
#define STICKYDNS_PINS_SRV_H

#include "policy/pins/answer.h"
#include "policy/table/addresses.h"
#include "policy/table/names.h"

/* The POOL_MAX best of the records, by priority, else in their order. Returns how many. */
size_t service_best(const struct srv_record *records, size_t n, struct srv_record best[static POOL_MAX]);

/* The host's record and name. False: no target, or the table has forgotten the host. */
bool target_host(const struct table *t, const struct address *a, struct name_ref *out, struct name *host);

/*
 * Remembers that a service leads to the host on this port. `own`: the service is of the host's domain. A service of
 * another domain changes nothing while some service leads to the port that is noted.
 */
void target_note(struct table *t, struct name_ref ref, const struct name *host, uint16_t port, bool own);

/*
 * An address as address_format() gives it; a target as "sbc1.example.com:5060", or "?:5060" if its host was forgotten.
 * Characters that are not printable ASCII, and spaces, become '?': another process may have written them.
 */
enum { TARGET_TEXT = NAME_BYTES + 8 };
void target_format(const struct table *t, const struct address *a, char out[static TARGET_TEXT]);

/* Is the host inside the service's own domain (bailiwick, RFC 9499)? _sip._udp.example.com speaks for sbc1.example.com. */
bool target_in_domain(const struct name *service, const struct name *host);

/* What a service name says of its transport (RFC 2782: the second label): TRANSPORT_ANY for one unknown here. */
uint8_t service_transport(const struct name *service);

/*
 * The SIP services of the same domain (RFC 3263 4.1): number i, from 0, into *out. The service itself is one of them.
 * False: there are no more.
 */
bool service_sibling(const struct name *service, unsigned i, struct name *out);

/*
 * Does a service lead to the host, on the port that its record has noted (words.h; 0: none ever did), or on those
 * of SIP? One load in a table without targets.
 */
bool host_is_led_to(const struct table *t, const struct name *host, uint16_t port);

/*
 * A port on which a service leads to the host; 0: none does. The record notes one port only. If no service leads to that
 * one any more, this is a walk over all addresses.
 */
uint16_t host_led_port(const struct table *t, const struct name *host, uint16_t noted);

#endif
