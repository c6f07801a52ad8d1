/*
 * dns.h: DNS answers that a program reads for itself, led by the pin.
 *
 * From res_query(3) and its kin, and from port 53 with a resolver of its own. The
 * candidates are learnt from the answer, and its A or AAAA records are put in the
 * pin's order where they lie, an SRV record gets the priority (targets.h); the message is never resized, so a pin that is not in
 * it cannot be put in front: with `answer = only` the records carry it all the same.
 * What is no plain answer of ours passes through untouched. No locks, no
 * allocation; errno is kept.
 */
#ifndef STICKYDNS_DNS_H
#define STICKYDNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/*
 * Can these bytes be a standard query of one question, without records but EDNS's
 * (RFC 1035 4.1.1)? Two comparisons.
 */
static inline bool dns_looks(const void *p, size_t len)
{
	const uint8_t *b = p;
	return len > 12 && (b[2] & 0xf8) == 0 && memcmp(b + 4, "\0\1\0\0\0\0", 6) == 0;
}

/*
 * An answer of `len` bytes that libc got for the program. `name`: what the program
 * asked for, which is the key: with a search list the question has another.
 * NULL: the question's own.
 */
void dns_answer(uint8_t *msg, size_t len, const char *name);

/* The program sent `len` bytes to a DNS server, of which `server` is a number (peer_key, or the socket's cookie): if they are a query of ours, its answer may teach. */
void dns_sent(const void *msg, size_t len, uint64_t server);

/*
 * The program received `len` bytes from a DNS server. An answer that nobody asked for here, or asked another server
 * for, is left alone (RFC 5452 9.1).
 */
void dns_received(void *msg, size_t len, uint64_t server);

#endif
