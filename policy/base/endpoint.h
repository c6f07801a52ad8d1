/*
 * endpoint.h: addresses, transports and ports, and their forms.
 *
 * An IPv4 address is kept in its IPv4-mapped IPv6 form (RFC 4291 2.5.5.2), so that
 * both are the same address. A scope id is kept for link-local unicast only
 * (RFC 4007). An SRV target has the form of an address, too (srv.h). No locks,
 * no allocation.
 */
#ifndef STICKYDNS_ENDPOINT_H
#define STICKYDNS_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What a name has a pin for. A service name has targets and no addresses: they take the first place. */
enum family { FAMILY_V4, FAMILY_V6, FAMILIES, FAMILY_SRV = FAMILY_V4 };

enum transport { TRANSPORT_ANY, TRANSPORT_TCP, TRANSPORT_UDP };

struct address {
	union {
		uint8_t bytes[16];	/* network order */
		uint64_t words[2];
	};
	uint64_t scope;			/* interface index of a link-local address, else 0; of a target: its mark and port */
};

#define ADDRESS_TARGET (UINT64_C(1) << 63)	/* in scope: an SRV target, whose port is below (srv.h) */

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };	/* RFC 3261 19.1.2 */

struct endpoint {
	struct address addr;
	uint16_t port;			/* host order; 0: any */
	uint8_t transport;		/* enum transport */
};

enum { ADDRESS_TEXT = 64 };		/* enough for address_format with a scope */

static inline bool address_equal(const struct address *a, const struct address *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] && a->scope == b->scope;
}

static inline bool address_is_target(const struct address *a) { return a->scope & ADDRESS_TARGET; }

static inline uint16_t target_port(const struct address *a) { return (uint16_t)a->scope; }

/* Is it a target on this host, whatever its port? */
static inline bool target_same_host(const struct address *a, const struct address *b)
{
	return address_is_target(a) && address_is_target(b) && a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

enum family address_family(const struct address *a);

/* From the 4 (AF_INET) or 16 (AF_INET6) bytes of an A or AAAA record; false for another family. */
bool address_from_bytes(int af, const void *bytes, struct address *out);

/* From a socket address of `len` bytes: address and port. False if it is neither AF_INET nor AF_INET6, or too short. */
bool endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct endpoint *out);

/*
 * Write `a` over the address part of a socket address whose family is already
 * set: AF_INET takes IPv4 only, AF_INET6 either (IPv4 as mapped). Port and flow
 * label stay. False if it does not fit.
 */
bool address_to_sockaddr(const struct address *a, struct sockaddr *sa);

/* The same with the port. Nothing is written if the address does not fit. */
void endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr *sa);

/* The 4 or 16 bytes that a hostent of family `af` carries; false if `a` has no such form, as a target has none. */
bool address_to_bytes(const struct address *a, int af, void *out);

/* Strict text form: inet_pton(3), with %scope for link-local IPv6. */
bool address_parse(const char *text, struct address *out);

/*
 * Can a server have it? Not the unspecified address, nor multicast (RFC 5771, RFC
 * 4291 2.7), nor 255.255.255.255, nor link-local IPv6 without a scope (RFC 4007 6).
 */
bool address_is_unicast(const struct address *a);

/* inet_ntop(3) form, IPv4 dotted, with %scope by number; "target:5060" of a target, whose host only the table knows. */
void address_format(const struct address *a, char out[static ADDRESS_TEXT]);

/* "tcp", "udp", or "any". */
const char *transport_text(unsigned transport);

#endif
