/*
 * dns.h: DNS answers that a program reads itself, in the order of the pin.
 *
 * They come from res_query(3) and its relatives, and from port 53 with a resolver of the
 * program's own. The candidates are learnt from the answer. Its A or AAAA records are put in the
 * pin's order where they lie; an SRV record gets the best priority (targets.h). The message is
 * never resized. So a pin that is not in it cannot be put in front, except with `answer = only`,
 * which writes it into the records. What is no plain answer passes untouched. No locks, no
 * allocation; errno is kept.
 */
#ifndef STICKYDNS_DNS_H
#define STICKYDNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An answer of `len` bytes that libc got for the program. `name`: what the program
 * asked for, which is the key: with a search list the question has another.
 * NULL: the question's own.
 */
void dns_answer(uint8_t *msg, size_t len, const char *name);

/*
 * The program sent `len` bytes to a DNS server. If they are a query for a name that it wants, its answer may be learnt from.
 * `server`: a number that stands for the server or the connection; 0: it is not known, and nothing is done.
 */
void dns_sent(const void *msg, size_t len, uint64_t server);

/*
 * The program received `len` bytes from a DNS server. An answer that nobody asked for here, or asked another server
 * for, is left alone (RFC 5452 9.1).
 */
void dns_received(void *msg, size_t len, uint64_t server);

#endif
